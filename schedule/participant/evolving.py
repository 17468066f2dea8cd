"""From one state to the next: what an event means. Nothing here asks whether it should have happened."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from schedule.participant.events import (
    Amended,
    Attempted,
    AwayRemoved,
    AwaySet,
    Booked,
    Cancelled,
    Confirmed,
    Done,
    Enrolled,
    Event,
    InfusionsHeld,
    InfusionsResumed,
    InfusionsStopped,
    Missed,
    Moved,
    NewVisit,
    Overbooked,
    ParticipantCorrected,
    ParticipationEnded,
    Planned,
    Preferred,
    Redated,
    Reinstated,
    Replanned,
    Slot,
    TaperHeld,
    TaperPrescribed,
    TaperResumed,
    Told,
    UnscheduledAdded,
    VisitCorrected,
)
from schedule.participant.state import (
    Attempt,
    Audience,
    Participant,
    Preference,
    Standing,
    Status,
    VisitState,
    Where,
)
from schedule.planning.placing import Away
from schedule.study.protocol import Kind, VisitCode

NOBODY: frozenset[Audience] = frozenset()
BOTH = frozenset(Audience)
HEARD_BY_COMING = frozenset({Status.DONE, Status.MISSED})
"""A participant need not be told of a change any more when the visit is over."""


class NoSuchParticipant(ValueError):
    """An event tells of a participant whose enrollment was never recorded."""


def replay(events: Iterable[tuple[Event, datetime]]) -> Participant | None:
    """Return the state after these events and their instants (UTC); None where there are none."""
    state: Participant | None = None
    for event, at in events:
        state = evolve(state, event, at)
    return state


def evolve(  # noqa: C901, PLR0911, PLR0912 - one line for each event, and mypy sees to it that none is missing
    state: Participant | None, event: Event, at: datetime
) -> Participant:
    """Return the state after an event that was recorded at this instant (UTC)."""
    if isinstance(event, Enrolled):
        return Participant(
            id=event.participant,
            site=event.site,
            randomized=event.randomized,
            steroids=event.steroids,
            lang=event.lang,
            protocol_version=event.protocol_version,
        )
    if state is None:
        raise NoSuchParticipant(type(event).__name__)
    match event:
        case (
            Planned()
            | Replanned()
            | Booked()
            | Moved()
            | Confirmed()
            | Done()
            | Missed()
            | Cancelled()
            | UnscheduledAdded()
            | VisitCorrected()
            | Attempted()
            | Told()
        ):
            return _with_visits(state, _visits_after(state, event, at))
        case AwaySet(first=first, last=last):
            return replace(state, away=(*state.away, Away(first=first, last=last)))
        case AwayRemoved(first=first, last=last):
            gone = Away(first=first, last=last)
            return replace(state, away=tuple(one for one in state.away if one != gone))
        case Preferred(new_weekdays=weekdays, new_not_before=not_before, new_not_after=not_after):
            wish = Preference(weekdays=weekdays, not_before=not_before, not_after=not_after)
            return replace(state, preference=wish)
        case Overbooked(code=code, day=day):
            return _with_visits(state, {code: replace(state.visits[code], overbooked=day)})
        case TaperHeld(reason=reason):
            return replace(state, taper_held=True, why_taper_held=reason)
        case TaperResumed():
            return replace(state, taper_held=False)
        case TaperPrescribed(taper=taper):
            return replace(state, taper=taper)
        case InfusionsHeld(scope=scope, reason=reason):
            return replace(state, holds=state.holds | {scope}, why_held=reason)
        case InfusionsResumed(scope=scope):
            return replace(state, holds=state.holds - {scope})
        case InfusionsStopped():
            anchors = {**state.anchors, **dict.fromkeys(event.counts_from_last, event.last_given)}
            stopped = replace(state, stopped_after=event.last_given, anchors=anchors)
            return _cancel(stopped, event.cancelled, at, event.reason, stopped=True)
        case ParticipationEnded():
            ended = replace(state, standing=event.standing, standing_since=event.day)
            ended = _cancel(ended, event.cancelled, at, event.reason, ended=True)
            return _without_messages(ended) if event.standing is Standing.DIED else ended
        case Reinstated():
            active = replace(state, standing=Standing.ACTIVE, standing_since=None)
            if state.standing is Standing.ACTIVE:
                active = replace(active, stopped_after=None, anchors={})
            return _with_visits(active, {code: _reopen(active.visits[code], at) for code in event.reopened})
        case ParticipantCorrected():
            return replace(state, randomized=event.new_randomized, steroids=event.new_steroids, lang=event.new_lang)
        case Amended():
            described = {
                one.code: _revise(state.visits[one.code], at, name=one.name, kind=one.kind, length=one.length)
                for one in event.described
            }
            amended = replace(_with_visits(state, described), protocol_version=event.new_version)
            return _cancel(amended, event.removed, at, event.reason)
        case _:
            assert_never(event)


def _with_visits(state: Participant, changed: Mapping[VisitCode, VisitState]) -> Participant:
    return replace(state, visits={**state.visits, **changed})


def _visits_after(state: Participant, event: Event, at: datetime) -> dict[VisitCode, VisitState]:  # noqa: C901, PLR0911, PLR0912
    """Return the visits that the event changes."""
    visits = state.visits
    match event:
        case Planned(visits=new):
            return {one.code: _new_visit(one, at) for one in new}
        case Replanned(changes=changes):
            return {one.code: _redate(state, visits[one.code], one, at) for one in changes}
        case Booked(code=code, slot=slot, deviation=deviation):
            return {code: _take_slot(visits[code], at, slot, deviation=deviation)}
        case Moved(code=code, slot=slot, deviation=deviation, reason=reason):
            return {code: _take_slot(visits[code], at, slot, deviation=deviation, reason=reason)}
        case Confirmed(code=code):
            return {code: _revise(visits[code], at, status=Status.CONFIRMED)}
        case Done(code=code, day=day):
            return {
                code: _revise(
                    visits[code], at, status=Status.DONE, **_on(visits[code], day), given=event.given,
                    where=event.where, deviation=event.deviation,
                )
            }  # fmt: skip
        case Missed(code=code, reason=reason):
            return {code: _revise(visits[code], at, status=Status.MISSED, reason=reason)}
        case Cancelled(code=code, reason=reason):
            return {code: _revise(visits[code], at, status=Status.CANCELLED, reason=reason)}
        case UnscheduledAdded(visit=new, reason=reason):
            return {new.code: replace(_new_visit(new, at), unscheduled=True, reason=reason)}
        case VisitCorrected(code=code):
            return {code: _correct(visits[code], event, at)}
        case Attempted(code=code, note=note):
            tried = (*visits[code].attempts, Attempt(at=at, note=note))
            return {code: replace(visits[code], attempts=tried)}
        case Told(audience=audience, codes=codes):
            return {code: replace(visits[code], to_tell=visits[code].to_tell - {audience}) for code in codes}
        case _:
            raise TypeError(type(event).__name__)


def _new_visit(new: NewVisit, at: datetime) -> VisitState:
    return VisitState(code=new.code, name=new.name, kind=new.kind, length=new.length, dates=new.dates, changed=at)


def _redate(state: Participant, visit: VisitState, change: Redated, at: datetime) -> VisitState:
    reason = visit.reason
    if change.old_status is not change.new_status:
        reason = _why_it_waits(state, visit) if change.new_status is Status.HELD else ""
    after = _revise(visit, at, dates=change.new, status=change.new_status, reason=reason)
    return after if change.revises else replace(after, revision=visit.revision)


def _why_it_waits(state: Participant, visit: VisitState) -> str:
    if visit.kind is Kind.INFUSION:
        return state.why_held
    return state.why_taper_held if state.taper_held else ""


def _take_slot(visit: VisitState, at: datetime, slot: Slot, **changes: Any) -> VisitState:
    dates = replace(visit.dates, day=slot.day)
    return _revise(visit, at, status=Status.BOOKED, dates=dates, start=slot.start, end=slot.end, **changes)


def _on(visit: VisitState, day: Any) -> dict[str, Any]:
    """Return what changes when a visit took place on a day: its time is only known if it was booked for that day."""
    dates = replace(visit.dates, day=day)
    return {"dates": dates} if visit.dates.day == day else {"dates": dates, "start": None, "end": None}


def _correct(visit: VisitState, event: VisitCorrected, at: datetime) -> VisitState:
    if event.new_status is Status.PLANNED:
        return replace(_reopen(visit, at), reason=event.reason)
    return _revise(
        visit, at, status=event.new_status, **_on(visit, event.new_day), given=event.new_given, where=event.new_where,
        deviation=event.deviation, reason=event.reason, ended=False, stopped=False,
    )  # fmt: skip


def _reopen(visit: VisitState, at: datetime) -> VisitState:
    return _revise(
        visit, at, status=Status.PLANNED, start=None, end=None, given=None, where=Where.HERE, ended=False,
        stopped=False, reason="",
    )  # fmt: skip


def _cancel(state: Participant, codes: Iterable[VisitCode], at: datetime, reason: str, **why: bool) -> Participant:
    return _with_visits(
        state, {code: _revise(state.visits[code], at, status=Status.CANCELLED, reason=reason, **why) for code in codes}
    )


def _without_messages(state: Participant) -> Participant:
    """Nobody calls or writes any more; the pharmacy still hears that infusions were cancelled."""
    silent = {
        visit.code: replace(visit, to_tell=visit.to_tell - {Audience.PARTICIPANT}) for visit in state.visits.values()
    }
    return _with_visits(state, silent)


def _revise(before: VisitState, at: datetime, **changes: Any) -> VisitState:
    """Change a visit; count it, and note who must hear of it, if anybody can see the change.

    Who has not heard of a hold need not hear of its end, unless it took back a promise.
    """
    after = replace(before, **changes)
    if after.status is Status.HELD:
        lost = before.lost_promise or before.is_promised
        after = replace(after, start=None, end=None, lost_promise=lost)
    unheard = NOBODY
    if before.status is Status.HELD and after.status is Status.PLANNED:
        unheard = NOBODY if before.lost_promise else before.to_tell
        after = replace(after, lost_promise=False)
    if not after.is_promised and after.status is not Status.DONE:
        after = replace(after, deviation=None)
    if _seen(after) == _seen(before):
        return after
    to_tell = (before.to_tell | _must_hear(before, after)) - (
        {Audience.PARTICIPANT} if after.status in HEARD_BY_COMING else NOBODY
    )
    return replace(after, revision=before.revision + 1, changed=at, to_tell=to_tell - unheard)


def _seen(visit: VisitState) -> tuple[object, ...]:
    return visit.status, visit.kind, visit.where, visit.start, visit.end, visit.dates.told(visit.kind)


def _must_hear(before: VisitState, after: VisitState) -> frozenset[Audience]:
    """Return who must be told: of each promise that is made, changed or taken back, and of each infusion that waits."""
    slot_before, slot_after = ((one.dates.day, one.start, one.kind) for one in (before, after))
    promised = after.is_promised and not (before.is_promised and slot_before == slot_after)
    brought_back = before.status is Status.CANCELLED and after.status is Status.PLANNED and before.start is not None
    taken_back = before.is_promised and after.status in (Status.CANCELLED, Status.HELD, Status.PLANNED)
    waits_or_waited = Status.HELD in (before.status, after.status) and before.status is not after.status
    infusion_off = after.kind is Kind.INFUSION and after.status is Status.CANCELLED
    if not (promised or taken_back or brought_back or waits_or_waited or infusion_off):
        return NOBODY
    return BOTH if after.kind is Kind.INFUSION else frozenset({Audience.PARTICIPANT})
