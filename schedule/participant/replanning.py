"""The dates of what is outstanding, from what is known now. What is booked keeps its day; what is closed keeps all."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from schedule.participant.events import NewVisit, Planned, Redated, Replanned
from schedule.participant.state import Dates, Participant, Status, VisitState
from schedule.planning.placing import AnchorDay, Kept, PlacedStep, Settled, place_steps
from schedule.sites import Site
from schedule.study.protocol import Kind, Protocol, Step, VisitCode, concerns_steroids


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a decision depends on beside the record: the protocol, the site's calendar, and what day it is there."""

    protocol: Protocol
    site: Site
    today: date
    taken: Mapping[tuple[date, Kind], int] = field(default_factory=dict)
    """Visits that the site's other participants have on a day, by kind, where they count against its capacity."""

    @property
    def steps(self) -> Mapping[VisitCode, Step]:
        """The protocol's visits and milestones by code."""
        return {step.code: step for step in self.protocol.in_anchor_order}


def place_again(state: Participant, rules: Rules) -> Mapping[VisitCode, PlacedStep]:
    """Place what the participant has anew: what counts from an infusion counts from the day it was given."""
    return _place(state, rules, absent=rules.steps.keys() - state.visits.keys())


def _place(state: Participant, rules: Rules, *, absent: Collection[VisitCode]) -> Mapping[VisitCode, PlacedStep]:
    settled = dict(_settled(state))
    anchors = {code: anchor for code, anchor in _anchors(state, rules).items() if anchor in rules.steps}
    placed = place_steps(
        rules.protocol,
        randomized=state.randomized,
        steroids=bool(state.steroids),
        site=rules.site,
        settled=settled,
        kept=dict(_kept(state, rules, settled, anchors)),
        absent=absent,
        away=state.away,
        anchors=anchors,
    )
    return {one.step.code: one for one in placed}


def _kept(
    state: Participant,
    rules: Rules,
    settled: Mapping[VisitCode, Settled],
    anchors: Mapping[VisitCode, VisitCode],
) -> Iterator[tuple[VisitCode, Kept]]:
    """Yield what keeps its planned day though nobody was promised it: it is past, or a promise counts from it.

    Else a day that has gone by would become another one, and a booking would move the window that it was made for.
    """
    under_promises: set[VisitCode] = set()
    for code, known in settled.items():
        step = rules.steps.get(code) if known.is_a is AnchorDay.BOOKED else None
        while step and (anchor := anchors.get(step.code, step.anchor)) not in settled:
            under_promises.add(anchor)
            step = rules.steps.get(anchor)
    for visit in state.outstanding:
        day = visit.dates.day
        if day and visit.code not in settled and (day < rules.today or visit.code in under_promises):
            yield visit.code, Kept(target=visit.dates.target, day=day)


def _anchors(state: Participant, rules: Rules) -> Mapping[VisitCode, VisitCode]:
    """Return what counts from another visit than the protocol says; after a stop, what an amendment adds does too."""
    if state.stopped_after is None:
        return state.anchors
    final = _final_infusion(rules)
    added = {step.code: state.stopped_after for step in rules.steps.values() if step.anchor == final}
    return {**added, **state.anchors}


def _final_infusion(rules: Rules) -> VisitCode:
    return [step.code for step in rules.steps.values() if step.kind is Kind.INFUSION][-1]


def _settled(state: Participant) -> Iterator[tuple[VisitCode, Settled]]:
    for visit in state.visits.values():
        day, target = visit.dates.day, visit.dates.target
        if visit.is_promised and day and not (visit.kind is Kind.INFUSION and state.holds):
            yield visit.code, Settled(day=day, is_a=AnchorDay.BOOKED)
        elif visit.actual and (visit.kind is not Kind.INFUSION or visit.took_a_dose):
            yield visit.code, Settled(day=visit.actual, is_a=AnchorDay.ACTUAL, target=target)
        elif visit.is_closed:
            yield visit.code, Settled(day=target, is_a=AnchorDay.NOT_GIVEN, target=target)


def follow(state: Participant, rules: Rules, *, revised: frozenset[VisitCode] = frozenset()) -> tuple[Replanned, ...]:
    """Return what changes for outstanding visits, as one event, or nothing.

    Those in ``revised`` have a new revision already.
    """
    placed = place_again(state, rules)
    changes = tuple(
        Redated(
            code=visit.code,
            old=visit.dates,
            new=dates,
            old_status=visit.status,
            new_status=status,
            revises=visit.code not in revised,
        )
        for visit in state.outstanding
        if visit.code in placed
        for dates, status in [_wished(state, visit, placed[visit.code])]
        if (dates.told(visit.kind), status) != (visit.dates.told(visit.kind), visit.status)
    )
    return (Replanned(changes=changes),) if changes else ()


def _wished(state: Participant, visit: VisitState, placed: PlacedStep) -> tuple[Dates, Status]:
    dates = dates_of(placed)
    if must_wait(state, placed):
        return dates, Status.HELD
    return dates, Status.PLANNED if visit.status is Status.HELD else visit.status


def must_wait(state: Participant, placed: PlacedStep) -> bool:
    """Tell whether nobody may act on it: an infusion on hold, or a taper whose infusion is, or was not fully given."""
    if placed.step.kind is Kind.INFUSION:
        return bool(state.holds)
    if not concerns_steroids(placed.step):
        return False
    anchor = state.visits.get(placed.counts.anchor)
    if state.taper_held or anchor is None:
        return state.taper_held
    return not anchor.was_fully_given if anchor.is_closed else bool(state.holds) and anchor.kind is Kind.INFUSION


def dates_of(placed: PlacedStep) -> Dates:
    """Return a placed step's dates."""
    return Dates(
        counts=placed.counts,
        target=placed.target,
        earliest=placed.earliest,
        latest=placed.latest,
        day=placed.planned,
    )


def plan_new(state: Participant, rules: Rules, *, since: date | None = None) -> tuple[Planned, ...]:
    """Return the steps that the participant does not have yet, as one event, or nothing.

    Those whose window ended before ``since`` are left out: nobody could come any more.
    """
    missing = rules.steps.keys() - state.visits.keys()
    absent = {code for code in missing if state.stopped_after and _falls_away(state, rules.steps[code], rules)}
    placed = _place(state, rules, absent=absent)
    while since and (over := {code for code in missing & placed.keys() if placed[code].latest < since}):
        absent |= over
        placed = _place(state, rules, absent=absent)
    new = tuple(
        NewVisit(
            code=one.step.code, name=one.step.name, kind=one.step.kind, length=one.step.length, dates=dates_of(one)
        )
        for one in placed.values()
        if one.step.code in missing
    )
    return (Planned(visits=new),) if new else ()


def _falls_away(state: Participant, step: Step, rules: Rules) -> bool:
    """Tell whether a step is not planned once infusions were stopped: no infusion, and what counts from none given.

    What the last dose has of its own at the same distance is not planned twice.
    """
    if step.kind is Kind.INFUSION:
        return True
    if step.anchor == _final_infusion(rules):
        own = {one.offset for one in rules.steps.values() if one.anchor == state.stopped_after}
        return step.offset in own
    infusion, known = rules.steps.get(step.anchor), state.visits.get(step.anchor)
    return infusion is not None and infusion.kind is Kind.INFUSION and (known is None or known.stopped)
