"""A participant as the clinic knows them: what is planned, what happened, and what still has to be told.

No field here could hold a cohort.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import NewType

from schedule.planning.placing import AnchorDay, Away, CountsFrom
from schedule.sites import WEEK, Closed, SiteId, Weekday
from schedule.study.protocol import Kind, TaperStep, Text, VisitCode

ParticipantId = NewType("ParticipantId", str)


class Status(Enum):
    """What has become of a visit."""

    PLANNED = "planned"
    """It has a day, or none fits; nobody has promised it."""
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    """Booked, and the participant has said that they come."""
    DONE = "done"
    MISSED = "missed"
    CANCELLED = "cancelled"
    HELD = "held"
    """It waits until somebody says otherwise: nobody comes until the clinic calls."""


CLOSED = frozenset({Status.DONE, Status.MISSED, Status.CANCELLED})
"""What has one of these never moves again."""
PROMISED = frozenset({Status.BOOKED, Status.CONFIRMED})


class Given(Enum):
    """Whether the dose was given: attendance is not a dose."""

    YES = "yes"
    NO = "no"
    PARTIAL = "partial"


class Where(Enum):
    """Where a visit took place."""

    HERE = "here"
    REMOTE = "remote"
    OTHER_SITE = "other-site"


class Standing(Enum):
    """Where a participant stands in the study."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    DIED = "died"
    TERMINATED = "terminated"
    """Ended early by the study or the site."""


class Scope(Enum):
    """Whom a hold of infusions concerns."""

    PARTICIPANT = "participant"
    SITE = "site"
    STUDY = "study"


class Audience(Enum):
    """Who must hear of a change."""

    PARTICIPANT = "participant"
    PHARMACY = "pharmacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The target of a visit, its window and its day. A window belongs to its target, not to the day."""

    counts: CountsFrom
    target: date
    earliest: date
    latest: date
    day: date | None
    """The day it is planned, booked, held or given on; None where no day fits."""

    def told(self, kind: Kind) -> tuple[object, ...]:
        """Return what is told of the dates of such a step: also whether the infusion that it counts from was not given.

        Of a task also whether the day that it counts from has come.
        """
        is_certain = self.counts.anchor_is in (AnchorDay.RANDOMIZED, AnchorDay.ACTUAL)
        certain = is_certain if kind is Kind.MILESTONE else None
        was_not_given = self.counts.anchor_is is AnchorDay.NOT_GIVEN
        return self.target, self.earliest, self.latest, self.day, self.counts.anchor, certain, was_not_given


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A day outside its window, too close to another infusion, or during a hold, that somebody answered for."""

    reason: str
    day: date
    earliest: date
    latest: date
    too_close_to: VisitCode | None = None
    days_apart: int | None = None
    at_least: int | None = None

    @property
    def days_outside(self) -> int:
        """Days before (negative) or after the window; 0 inside it."""
        return min(0, (self.day - self.earliest).days) or max(0, (self.day - self.latest).days)

    @property
    def is_of_a_hold(self) -> bool:
        """Whether nothing was wrong with the day but that the visit was held."""
        return self.days_outside == 0 and self.too_close_to is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try to reach the participant that came to nothing."""

    at: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitState:
    """A visit or milestone of one participant. Its name and length are those it had when it was planned."""

    code: VisitCode
    name: Text
    kind: Kind
    length: timedelta
    dates: Dates
    status: Status = Status.PLANNED
    start: datetime | None = None
    """Local wall time, where it is booked; the zone is the site's."""
    end: datetime | None = None
    given: Given | None = None
    where: Where = Where.HERE
    reason: str = ""
    """Why it was moved, missed, cancelled or held."""
    deviation: Deviation | None = None
    overbooked: date | None = None
    """The day that somebody answered for although the site had no slot left on it."""
    attempts: tuple[Attempt, ...] = ()
    unscheduled: bool = False
    lost_promise: bool = False
    """Whether a hold took back the time that was promised."""
    ended: bool = False
    """Whether it was cancelled because the participation ended: reinstating opens it again."""
    stopped: bool = False
    """Whether it was cancelled because infusions were stopped: taking the stop back opens it again."""
    revision: int = 0
    """How often its time, window, place or status changed: SEQUENCE in calendars."""
    changed: datetime
    """When it last did (UTC)."""
    to_tell: frozenset[Audience] = frozenset()
    """Who has not yet heard of its last change."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.status in CLOSED

    @property
    def is_promised(self) -> bool:
        """Whether it is booked, confirmed or not."""
        return self.status in PROMISED

    @property
    def is_open(self) -> bool:
        """Whether it can be booked, moved or done."""
        return self.status is Status.PLANNED or self.is_promised

    @property
    def overbooks(self) -> bool:
        """Whether it is on a day that somebody answered for although no slot was left."""
        return self.overbooked is not None and self.overbooked == self.dates.day

    @property
    def actual(self) -> date | None:
        """The day on which it took place."""
        return self.dates.day if self.status is Status.DONE else None

    @property
    def took_a_dose(self) -> bool:
        """Whether at least a part of an infusion was given."""
        return self.given in (Given.YES, Given.PARTIAL)

    @property
    def was_fully_given(self) -> bool:
        """Whether an infusion was given whole."""
        return self.status is Status.DONE and self.given is Given.YES


class Lateness(Enum):
    """How late a visit is that nobody has closed."""

    OVERDUE = "overdue"
    """Its window has ended, and no later visit was done: the participant should be called."""
    TO_RECORD = "to_record"
    """A later visit was done since: it was missed, and that is to be recorded. A task stays overdue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A visit whose window has ended."""

    code: VisitCode
    lateness: Lateness
    latest: date
    days: int
    """Days since its window ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToRebook:
    """A promised day that does not fit any more."""

    code: VisitCode
    day: date
    outside: bool
    too_close_to: VisitCode | None
    closed: Closed | Away | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """When a participant likes to come. It orders what is offered, and forbids nothing."""

    weekdays: tuple[Weekday, ...] = ()
    """In the order of the week; none where any of them will do."""
    not_before: time | None = None
    """The earliest arrival that suits them: who travels far."""
    not_after: time | None = None

    def likes(self, day: date) -> bool:
        """Tell whether the day has one of the weekdays that were named."""
        return WEEK[day.weekday()] in self.weekdays

    def nearest_time(self, usual: time) -> time:
        """Return the time nearest to the usual one that suits them."""
        if self.not_before and usual < self.not_before:
            return self.not_before
        return self.not_after if self.not_after and usual > self.not_after else usual


@dataclass(frozen=True, slots=True, kw_only=True)
class PrescribedTaper:
    """The taper as prescribed for this participant; dated only where it was prescribed with dates."""

    first_day: date | None
    steps: tuple[TaperStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Everything that was recorded of one participant."""

    id: ParticipantId
    site: SiteId
    randomized: date
    steroids: bool | None
    lang: str
    protocol_version: str
    standing: Standing = Standing.ACTIVE
    standing_since: date | None = None
    holds: frozenset[Scope] = frozenset()
    """Who holds the infusions."""
    why_held: str = ""
    """Why infusions were held last."""
    taper_held: bool = False
    why_taper_held: str = ""
    taper: PrescribedTaper | None = None
    stopped_after: VisitCode | None = None
    """The last infusion that was given, once infusions were stopped for good."""
    anchors: Mapping[VisitCode, VisitCode] = field(default_factory=dict)
    """Visits that count from another one than the protocol says."""
    away: tuple[Away, ...] = ()
    preference: Preference = Preference()
    visits: Mapping[VisitCode, VisitState] = field(default_factory=dict)
    """In the order in which they were added."""

    @property
    def outstanding(self) -> Iterator[VisitState]:
        """What is not closed."""
        return (visit for visit in self.visits.values() if not visit.is_closed)

    @property
    def in_order(self) -> list[VisitState]:
        """All visits by day, and by code on the same day."""
        return sorted(self.visits.values(), key=lambda visit: (visit.dates.day or visit.dates.target, visit.code))
