"""What should have happened by now, and what should happen next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum

from schedule.participant.judging import judge
from schedule.participant.replanning import Rules
from schedule.participant.state import Participant, Status, VisitState
from schedule.planning.placing import Away
from schedule.sites import Closed
from schedule.study.protocol import Kind, VisitCode


class Lateness(Enum):
    """How late a visit is that nobody has closed."""

    OVERDUE = "overdue"
    """Its window has ended, and no later visit was done: the participant should be called."""
    TO_RECORD = "to_record"
    """A later visit was done since: it was missed, and that is to be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A visit whose window has ended."""

    code: VisitCode
    lateness: Lateness
    latest: date
    days: int
    """Days since its window ended."""


def late_visits(state: Participant, today: date) -> Iterator[Late]:
    """Yield what is past its window and not closed, in the order of the windows."""
    done = [visit.dates.target for visit in state.visits.values() if visit.actual and not visit.unscheduled]
    last_done = max(done, default=None)
    late = [visit for visit in state.outstanding if is_late(visit, today)]
    for visit in sorted(late, key=lambda one: (one.dates.latest, one.code)):
        was_passed = last_done is not None and last_done > visit.dates.target
        yield Late(
            code=visit.code,
            lateness=Lateness.TO_RECORD if was_passed else Lateness.OVERDUE,
            latest=visit.dates.latest,
            days=(today - visit.dates.latest).days,
        )


def is_late(visit: VisitState, today: date) -> bool:
    """Tell whether a visit's window has ended; a booking outside the window counts until its own day."""
    last = max(visit.dates.latest, visit.dates.day) if visit.is_promised and visit.dates.day else visit.dates.latest
    return visit.status is not Status.HELD and last < today


@dataclass(frozen=True, slots=True, kw_only=True)
class ToRebook:
    """A promised day that does not fit any more."""

    code: VisitCode
    day: date
    outside: bool
    too_close_to: VisitCode | None
    closed: Closed | Away | None


def to_rebook(state: Participant, rules: Rules) -> Iterator[ToRebook]:
    """Yield the promised visits whose day is outside their window now, too close to another, or cannot be had.

    A day that was taken with a deviation stays: somebody has answered for it.
    """
    for visit in state.outstanding:
        day = visit.dates.day
        if not visit.is_promised or day is None or day < rules.today or visit.kind is Kind.MILESTONE:
            continue
        judged = judge(state, visit, day, rules)
        answered = visit.deviation is not None and visit.deviation.day == day and _same_window(visit)
        if judged.closed or (judged.deviates and not answered):
            yield ToRebook(
                code=visit.code,
                day=day,
                outside=judged.outside,
                too_close_to=judged.too_close.to if judged.too_close else None,
                closed=judged.closed,
            )


def _same_window(visit: VisitState) -> bool:
    answered = visit.deviation
    return answered is not None and (answered.earliest, answered.latest) == (visit.dates.earliest, visit.dates.latest)
