"""A participant's record as it grows: commands are decided on a day, and their events are kept with an instant."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from builders import example_site, registered_protocol

from schedule.errors import Problem, Refused
from schedule.participant import commands as ask
from schedule.participant.commands import Command
from schedule.participant.deciding import decide
from schedule.participant.events import Event
from schedule.participant.evolving import evolve
from schedule.participant.replanning import Rules
from schedule.participant.state import Audience, Given, Participant, ParticipantId, VisitState
from schedule.sites import Site
from schedule.study.protocol import Protocol, VisitCode

P001 = ParticipantId("P-001")
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


def on(day: str) -> date:
    """Return the date."""
    return date.fromisoformat(day)


def rules_on(today: str, *, protocol: Protocol | None = None, site: Site | None = None) -> Rules:
    """Return what a decision of that day depends on, in Gainesville unless told otherwise."""
    return Rules(protocol=protocol or registered_protocol(), site=site or example_site("gainesville"), today=on(today))


@dataclass
class Story:
    """One participant. ``today`` moves on with each command that says a later day."""

    rules: Rules
    log: list[tuple[Event, datetime]] = field(default_factory=list)
    known: Participant | None = None
    groups: int = 0

    @property
    def state(self) -> Participant:
        assert self.known is not None
        return self.known

    def __getitem__(self, code: str) -> VisitState:
        return self.state.visits[VisitCode(code)]

    def day(self, today: str) -> "Story":
        """Let this day come."""
        self.rules = replace(self.rules, today=on(today))
        return self

    def do(self, command: Command) -> tuple[Event, ...]:
        """Decide a command and record its events, all at one instant, an hour after those before."""
        events = decide(self.known, command, self.rules)
        self.groups += 1
        at = MIDNIGHT + timedelta(hours=self.groups)
        for event in events:
            self.log.append((event, at))
            self.known = evolve(self.known, event, at)
        return events

    def refuses(self, command: Command) -> tuple[str, ...]:
        """Return the sentences with which a command is refused; nothing is recorded."""
        return tuple(map(str, self.problems(command)))

    def problems(self, command: Command) -> tuple[Problem, ...]:
        before = self.known
        with pytest.raises(Refused) as refused:
            decide(self.known, command, self.rules)
        assert self.known == before
        assert refused.value.problems
        return refused.value.problems

    def book(self, code: str, day: str, at: str | None = None, *, deviation: str = "") -> tuple[Event, ...]:
        return self.do(book(code, day, at, deviation=deviation))

    def move(self, code: str, day: str, at: str | None = None, *, deviation: str = "") -> tuple[Event, ...]:
        return self.do(move(code, day, at, deviation=deviation))

    def done(self, code: str, day: str, given: str | None = None, *, deviation: str = "") -> tuple[Event, ...]:
        return self.do(done(code, day, given, deviation=deviation))

    def miss(self, code: str, reason: str = "did not come") -> tuple[Event, ...]:
        return self.do(ask.RecordMissed(code=VisitCode(code), reason=reason))

    def cancel(self, code: str, reason: str = "not needed") -> tuple[Event, ...]:
        return self.do(ask.Cancel(code=VisitCode(code), reason=reason))

    def told(self, audience: Audience, *codes: str) -> tuple[Event, ...]:
        return self.do(told(audience, *codes))

    def waiting(self, audience: Audience) -> set[str]:
        """Return the visits that this audience has to be told of."""
        return {visit.code for visit in self.state.visits.values() if audience in visit.to_tell}

    def dates(self, code: str) -> tuple[str, str, str]:
        """Return the target and the window of a visit, to compare with what a calendar says."""
        dates = self[code].dates
        return str(dates.target), str(dates.earliest), str(dates.latest)

    def planned(self, code: str) -> str:
        """Return the day of a visit."""
        return str(self[code].dates.day)


def enroll(*, randomized: str = "2026-03-02", steroids: bool | None = True, day0: str | None = None) -> ask.Enroll:
    return ask.Enroll(participant=P001, randomized=on(randomized), steroids=steroids, day0=on(day0) if day0 else None)


def a_story(
    today: str = "2026-03-02",
    *,
    steroids: bool = True,
    day0: str | None = None,
    protocol: Protocol | None = None,
    site: Site | None = None,
) -> Story:
    """Return a participant who was randomized on Monday, 2 March 2026, as things stand on a day."""
    story = Story(rules=rules_on(today, protocol=protocol, site=site))
    story.do(enroll(steroids=steroids, day0=day0))
    return story


def book(code: str, day: str, at: str | None = None, *, deviation: str = "") -> ask.Book:
    return ask.Book(code=VisitCode(code), day=on(day), at=time.fromisoformat(at) if at else None, deviation=deviation)


def move(code: str, day: str, at: str | None = None, *, deviation: str = "", reason: str = "asked") -> ask.Move:
    return ask.Move(
        code=VisitCode(code),
        day=on(day),
        at=time.fromisoformat(at) if at else None,
        reason=reason,
        deviation=deviation,
    )


def done(code: str, day: str, given: str | None = None, *, deviation: str = "") -> ask.RecordDone:
    return ask.RecordDone(code=VisitCode(code), day=on(day), given=Given(given) if given else None, deviation=deviation)


def told(audience: Audience, *codes: str) -> ask.RecordTold:
    return ask.RecordTold(audience=audience, codes=tuple(map(VisitCode, codes)), who="coordinator", how="phone")
