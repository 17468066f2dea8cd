"""Records of participants to test with: commands as they were given, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from builders import example_site, registered_protocol

from schedule.desk.plan import Plan
from schedule.desk.record import make_record
from schedule.participant.commands import (
    AddUnscheduled,
    Book,
    Command,
    Confirm,
    Enroll,
    HoldInfusions,
    Move,
    RecordDone,
    RecordMissed,
)
from schedule.participant.deciding import decide
from schedule.participant.evolving import evolve
from schedule.participant.replanning import Rules
from schedule.participant.state import Given, Participant, ParticipantId, Scope
from schedule.sites import Site
from schedule.study.protocol import Protocol, VisitCode

ENROLLED = "2026-03-02"


def code(text: str) -> VisitCode:
    return VisitCode(text)


def instant(day: str) -> datetime:
    """Return the instant at which everything of a day is done: 16:00 in UTC, noon or eleven in New York."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=16)


def enroll(participant: str = "P-001", **changes: Any) -> Enroll:
    facts: dict[str, Any] = {"randomized": date(2026, 3, 2), "steroids": True} | changes
    return Enroll(participant=ParticipantId(participant), **facts)


def book(visit: str, day: str) -> Book:
    return Book(code=code(visit), day=date.fromisoformat(day))


def move(visit: str, day: str, reason: str = "snow", deviation: str = "") -> Move:
    return Move(code=code(visit), day=date.fromisoformat(day), reason=reason, deviation=deviation)


def done(visit: str, day: str, given: Given | None = None, deviation: str = "") -> RecordDone:
    return RecordDone(code=code(visit), day=date.fromisoformat(day), given=given, deviation=deviation)


def missed(visit: str, reason: str = "ill") -> RecordMissed:
    return RecordMissed(code=code(visit), reason=reason)


Told = tuple[str, Command]
"""A day, and what was commanded on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A state, and the rules on the day as of which it is looked at."""

    state: Participant
    rules: Rules
    as_of: datetime

    @property
    def plan(self) -> Plan:
        return make_record(self.state, self.rules, as_of=self.as_of, enrolled=instant(ENROLLED))


def a_record(
    *told: Told,
    as_of: str | None = None,
    first: Enroll | None = None,
    site: Site | None = None,
    protocol: Protocol | None = None,
) -> Kept:
    """Return what these commands lead to, after an enrollment on 2 March 2026, as of the last day or a later one."""
    site, protocol = site or example_site("gainesville"), protocol or registered_protocol()
    state: Participant | None = None
    steps: Sequence[Told] = [(ENROLLED, first or enroll()), *told]
    for day, command in steps:
        rules = Rules(protocol=protocol, site=site, today=date.fromisoformat(day))
        for event in decide(state, command, rules):
            state = evolve(state, event, instant(day))
    assert state is not None
    last = as_of or steps[-1][0]
    return Kept(
        state=state,
        rules=Rules(protocol=protocol, site=site, today=date.fromisoformat(last)),
        as_of=instant(last),
    )


FOUR_MONTHS: tuple[Told, ...] = (
    ("2026-03-02", book("D0", "2026-03-04")),
    ("2026-03-03", Confirm(code=code("D0"))),
    ("2026-03-04", done("D0", "2026-03-04", Given.YES)),
    ("2026-03-05", book("M1", "2026-04-03")),
    ("2026-04-01", move("M1", "2026-04-14", "snow", "the roads were closed")),
    ("2026-04-14", done("M1", "2026-04-14", deviation="the roads were closed")),
    ("2026-05-20", missed("M2", "not reached")),
    ("2026-05-20", book("M3", "2026-06-04")),
    ("2026-06-05", done("M3", "2026-06-05", Given.YES)),
    ("2026-06-06", book("M4", "2026-07-07")),
    (
        "2026-06-20",
        AddUnscheduled(day=date(2026, 6, 19), reason="a rash"),
    ),
    ("2026-06-22", HoldInfusions(scope=Scope.PARTICIPANT, reason="a laboratory value")),
)
"""A late Day 0, a deviation, a missed call, infusion 2 on another day than booked, an extra visit, a hold."""
