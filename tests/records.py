"""Records of participants to test with: commands as they were given, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from builders import example_site, registered_protocol

from schedule.desk.plan import Plan
from schedule.desk.record import make_record
from schedule.participant.commands import (
    AddUnscheduled,
    Book,
    Command,
    Confirm,
    EndParticipation,
    Enroll,
    HoldInfusions,
    Move,
    RecordDone,
    RecordMissed,
)
from schedule.participant.deciding import decide
from schedule.participant.evolving import evolve
from schedule.participant.replanning import Rules
from schedule.participant.state import Given, Participant, ParticipantId, Scope, Standing
from schedule.record_views import AuditLine, Binder
from schedule.report_rows import OfflineSheet, agenda_rows, overdue_rows, tell_rows
from schedule.sites import Site
from schedule.study.protocol import Protocol, VisitCode
from schedule.views import view_site

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


LEFT: tuple[Told, ...] = (
    *FOUR_MONTHS[:10],
    ("2026-06-20", EndParticipation(standing=Standing.WITHDRAWN, day=date(2026, 6, 18), reason="moves away")),
)
"""Four months, and then a participant who withdrew before anything was on hold."""


def a_binder(*told: Told) -> Binder:
    """Return the binder of this record, with a correction and pages that were handed over."""
    kept = a_record(*told)
    lines = (
        AuditLine(at=instant("2026-03-05"), who="AB", role="coordinator", kind="told", visits=(code("D0"),),
                  old="", new="participant, by phone; pages C-1 0a1b2c3d", reason=""),
        AuditLine(at=instant("2026-06-06"), who="AB", role="coordinator", kind="visit_corrected", visits=(code("M3"),),
                  old="2026-06-04", new="2026-06-05", reason="the wrong day was typed"),
        AuditLine(at=instant("2026-06-07"), who="CD", role="", kind="moved", visits=(code("M4"),), old="", new="",
                  reason="snow"),
    )  # fmt: skip
    promised = {code("D0"): date(2026, 3, 4), code("M1"): date(2026, 4, 14), code("M3"): date(2026, 6, 4)}
    return Binder(schedule=kept.plan.staff, promised=promised, lines=lines, head="5f" * 32, count=2100)


def an_offline_sheet(*told: Told, as_of: str = "2026-06-23") -> OfflineSheet:
    """Return the sheet of a site with this one participant, for fourteen days."""
    kept = a_record(*told, as_of=as_of)
    first = kept.rules.today
    last = first + timedelta(days=13)
    return OfflineSheet(
        site=view_site(kept.rules.site),
        study=kept.rules.protocol.study.id,
        protocol_version=kept.state.protocol_version,
        as_of=kept.as_of,
        first=first,
        last=last,
        agenda=tuple(agenda_rows(kept.state, kept.rules, first=first, last=last)),
        overdue=tuple(overdue_rows(kept.state, first)),
        to_tell=tuple(tell_rows(kept.state)),
    )
