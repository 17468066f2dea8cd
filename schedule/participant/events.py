"""What can have happened. An event is a fact in the past: it is never changed, only followed by another one."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from schedule.participant.state import (
    Audience,
    Dates,
    Deviation,
    Given,
    ParticipantId,
    PrescribedTaper,
    Scope,
    Standing,
    Status,
    Where,
)
from schedule.sites import SiteId, Weekday
from schedule.study.protocol import Kind, Text, VisitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A participant was enrolled."""

    participant: ParticipantId
    site: SiteId
    randomized: date
    steroids: bool | None
    lang: str
    protocol_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVisit:
    """A visit or milestone that was not there before."""

    code: VisitCode
    name: Text
    kind: Kind
    length: timedelta
    dates: Dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Visits were added, with their dates."""

    visits: tuple[NewVisit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redated:
    """What a visit's dates and status were, and are."""

    code: VisitCode
    old: Dates
    new: Dates
    old_status: Status
    new_status: Status
    revises: bool = True
    """Whether it is a revision of its own: not where another event of the same command is one already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """Dates of outstanding visits followed from something else. What is booked keeps its day, what is closed all."""

    changes: tuple[Redated, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A day, and the local time from which and until which."""

    day: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A visit was promised for a time."""

    code: VisitCode
    slot: Slot
    deviation: Deviation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A visit was given another time. Its window stayed where it was."""

    code: VisitCode
    old_day: date | None
    old_start: datetime | None
    slot: Slot
    reason: str
    deviation: Deviation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overbooked:
    """A day was taken on which the site had no slot left: somebody answers for it. It is no protocol deviation."""

    code: VisitCode
    day: date
    taken: int
    """Visits of the kind that others, or the participant, had on that day."""
    limit: int
    """How many the day can hold."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The participant said that they come."""

    code: VisitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A visit took place. ``given`` says for an infusion whether the dose was given."""

    code: VisitCode
    day: date
    planned: date | None
    """The day that it had before."""
    given: Given | None
    where: Where
    deviation: Deviation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A visit did not take place, and will not."""

    code: VisitCode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """A visit will not take place."""

    code: VisitCode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnscheduledAdded:
    """A visit that the protocol does not plan."""

    visit: NewVisit
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaySet:
    """The participant cannot come on these days, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AwayRemoved:
    """The participant can come on these days after all."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """When the participant likes to come, and what was said of it before."""

    old_weekdays: tuple[Weekday, ...]
    new_weekdays: tuple[Weekday, ...]
    old_not_before: time | None
    new_not_before: time | None
    old_not_after: time | None
    new_not_after: time | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperHeld:
    """The taper waits: nobody lowers a dose until the study doctor says so."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperResumed:
    """The taper goes on."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperPrescribed:
    """The steps of the taper were prescribed, in the place of those before."""

    taper: PrescribedTaper


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionsStopped:
    """No infusion will be given any more; the long follow-up counts from the last one that was."""

    last_given: VisitCode
    cancelled: tuple[VisitCode, ...]
    counts_from_last: tuple[VisitCode, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionsHeld:
    """Infusions wait: do not come until the clinic calls."""

    scope: Scope
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionsResumed:
    """A hold was lifted. Others may remain."""

    scope: Scope
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipationEnded:
    """The participant withdrew or died, or was taken off the study: what is outstanding is cancelled."""

    standing: Standing
    day: date
    cancelled: tuple[VisitCode, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinstated:
    """The participation goes on, or infusions do: what their end had cancelled is planned again."""

    reopened: tuple[VisitCode, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCorrected:
    """What was recorded of a visit was wrong. The record of it stays; this is what holds."""

    code: VisitCode
    old_status: Status
    new_status: Status
    old_day: date | None
    new_day: date | None
    old_given: Given | None
    new_given: Given | None
    old_where: Where
    new_where: Where
    deviation: Deviation | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantCorrected:
    """What was recorded of the participant was wrong."""

    old_randomized: date
    new_randomized: date
    old_steroids: bool | None
    new_steroids: bool | None
    old_lang: str
    new_lang: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a visit is called, how it happens and how long it takes."""

    code: VisitCode
    name: Text
    kind: Kind
    length: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """Another version of the protocol holds from now on."""

    old_version: str
    new_version: str
    described: tuple[Described, ...]
    """Outstanding visits that it describes otherwise."""
    removed: tuple[VisitCode, ...]
    """Outstanding visits that it does not know any more: they are cancelled."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """A try to reach the participant came to nothing."""

    code: VisitCode
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Somebody heard of the changes of these visits: who, how, and with which pages in hand."""

    audience: Audience
    codes: tuple[VisitCode, ...]
    who: str
    """A role or initials, never a name."""
    how: str
    pages: str
    """Codes and versions of the pages that were handed over."""


Event = (
    Enrolled
    | Planned
    | Replanned
    | Booked
    | Moved
    | Overbooked
    | Confirmed
    | Done
    | Missed
    | Cancelled
    | UnscheduledAdded
    | AwaySet
    | AwayRemoved
    | Preferred
    | TaperHeld
    | TaperResumed
    | TaperPrescribed
    | InfusionsStopped
    | InfusionsHeld
    | InfusionsResumed
    | ParticipationEnded
    | Reinstated
    | VisitCorrected
    | ParticipantCorrected
    | Amended
    | Attempted
    | Told
)
