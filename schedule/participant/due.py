"""What should have happened by now, and what should happen next."""

from collections.abc import Iterator
from datetime import date

from schedule.participant.judging import judge
from schedule.participant.replanning import Rules
from schedule.participant.state import Late, Lateness, Participant, Status, ToRebook, VisitState
from schedule.study.protocol import Kind


def late_visits(state: Participant, today: date) -> Iterator[Late]:
    """Yield what is past its window and not closed, in the order of the windows."""
    done = [visit.dates.target for visit in state.visits.values() if visit.actual and _is_planned_contact(visit)]
    last_done = max(done, default=None)
    late = [visit for visit in state.outstanding if is_late(state, visit, today)]
    for visit in sorted(late, key=lambda one: (one.dates.latest, one.code)):
        was_passed = last_done is not None and last_done > visit.dates.target and visit.kind is not Kind.MILESTONE
        yield Late(
            code=visit.code,
            lateness=Lateness.TO_RECORD if was_passed else Lateness.OVERDUE,
            latest=visit.dates.latest,
            days=(today - visit.dates.latest).days,
        )


def _is_planned_contact(visit: VisitState) -> bool:
    return visit.kind is not Kind.MILESTONE and not visit.unscheduled


def is_late(state: Participant, visit: VisitState, today: date) -> bool:
    """Tell whether an outstanding visit's window has ended."""
    last = last_day(state, visit)
    return last is not None and last < today


def last_day(state: Participant, visit: VisitState) -> date | None:
    """Return the day after which an outstanding visit is late: its window's last, or that of a booking outside it.

    None for what is held, and for what counts from an infusion that is held: nobody is to come for it yet, unless it
    was promised. None for a task too whose visit is not recorded: nobody is to do it before.
    """
    anchor = state.visits.get(visit.dates.counts.anchor)
    waits = anchor is not None and (
        anchor.status is Status.HELD or (visit.kind is Kind.MILESTONE and not anchor.is_closed)
    )
    if visit.status is Status.HELD or (waits and not visit.is_promised):
        return None
    return max(visit.dates.latest, visit.dates.day) if visit.is_promised and visit.dates.day else visit.dates.latest


def to_rebook(state: Participant, rules: Rules) -> Iterator[ToRebook]:
    """Yield the visits whose day is outside their window now, too close to another, or cannot be had.

    Of those that nobody has booked only the unscheduled: the others are planned anew. A day that was taken with a
    deviation stays: somebody has answered for it.
    """
    for visit in state.outstanding:
        day = visit.dates.day
        if (
            not (visit.is_promised or visit.unscheduled)
            or day is None
            or day < rules.today
            or visit.kind is Kind.MILESTONE
        ):
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
