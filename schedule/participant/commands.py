"""What can be asked for. Everything that changes a participant's record is one of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from schedule.participant.state import (
    Audience,
    Given,
    ParticipantId,
    Preference,
    PrescribedTaper,
    Scope,
    Standing,
    Status,
    Where,
)
from schedule.study.protocol import Kind, VisitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Enroll:
    """Begin a participant's record, on the day of randomization or later."""

    participant: ParticipantId
    randomized: date
    steroids: bool | None
    lang: str = "en"
    day0: date | None = None
    """The day the first infusion was given, where it already was."""
    deviation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Promise a visit for a day, at the site's usual time where none is said."""

    code: VisitCode
    day: date
    at: time | None = None
    deviation: str = ""
    """Why the day is taken although it is outside the window or too close to another infusion."""
    overbook: str = ""
    """Why the day is taken although the site has no slot left on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Give a visit another day or time."""

    code: VisitCode
    day: date
    at: time | None = None
    reason: str
    deviation: str = ""
    overbook: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """The participant says that they come."""

    code: VisitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDone:
    """Record that a visit took place; for an infusion, whether the dose was given."""

    code: VisitCode
    day: date
    given: Given | None = None
    where: Where = Where.HERE
    deviation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMissed:
    """Record that a visit did not take place and will not."""

    code: VisitCode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Take a visit off the schedule for good."""

    code: VisitCode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUnscheduled:
    """Record a visit that the protocol does not plan, past or to come."""

    day: date
    kind: Kind = Kind.CLINIC
    at: time | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAway:
    """Say on which days the participant cannot come."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAway:
    """Take back what :class:`SetAway` said, with the same days."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefer:
    """Say when the participant likes to come, in the place of what was said before; nothing takes it back."""

    preference: Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTaper:
    """Let the taper wait: a flare, a rescue dose."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeTaper:
    """Let the taper go on."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrescribeTaper:
    """Record the steps of the taper."""

    taper: PrescribedTaper
    places: Mapping[str, tuple[str, ...]]
    """Where days and doses stand in the file, for messages: ``days`` and ``doses``."""
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopInfusions:
    """Give no infusion any more, and keep the follow-up."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldInfusions:
    """Let infusions wait."""

    scope: Scope
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeInfusions:
    """Lift a hold."""

    scope: Scope
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndParticipation:
    """The participant withdraws, dies, or is taken off the study."""

    standing: Standing
    day: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinstate:
    """Take back the end of the participation; of those who take part, that infusions were stopped."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectVisit:
    """Say what really happened at a visit; what is None stays as it was recorded."""

    code: VisitCode
    status: Status | None = None
    """``planned`` opens a closed visit again; ``done`` and ``missed`` change one into the other."""
    day: date | None = None
    given: Given | None = None
    where: Where | None = None
    deviation: str = ""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectParticipant:
    """Say what is really true of the participant; what is None stays as it was recorded."""

    randomized: date | None = None
    steroids: bool | None = None
    lang: str | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """Follow the protocol that the rules hold now, in the place of the one before."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replan:
    """Let outstanding visits follow the site's calendar as it is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAttempt:
    """Note a try to reach the participant that came to nothing."""

    code: VisitCode
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTold:
    """Note who has heard of the last changes; of all visits where no codes are given."""

    audience: Audience
    codes: tuple[VisitCode, ...] = ()
    who: str
    how: str
    pages: str = ""


Command = (
    Enroll
    | Book
    | Move
    | Confirm
    | RecordDone
    | RecordMissed
    | Cancel
    | AddUnscheduled
    | SetAway
    | RemoveAway
    | Prefer
    | HoldTaper
    | ResumeTaper
    | PrescribeTaper
    | StopInfusions
    | HoldInfusions
    | ResumeInfusions
    | EndParticipation
    | Reinstate
    | CorrectVisit
    | CorrectParticipant
    | Amend
    | Replan
    | LogAttempt
    | RecordTold
)
