"""From what happened to a participant to what staff may see: dates as recorded, reasons as the protocol gives them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from schedule.participant.due import late_visits, to_rebook
from schedule.participant.events import Done, Event
from schedule.participant.replanning import Rules, place_again
from schedule.participant.state import Late, Participant, ParticipantId, Status, ToRebook, VisitState
from schedule.planning.burden import weigh
from schedule.planning.notices import Notice, is_confirmed
from schedule.planning.placing import PlacedStep
from schedule.study.protocol import Basis, Kind, Milestone, VisitCode
from schedule.views import (
    StaffSchedule,
    StaffVisitView,
    WaitingTask,
    prepare,
    view_site,
    view_step,
)

if TYPE_CHECKING:
    from schedule.planning.taper import PlannedTaperStep


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """A record of the audit as a monitor reads it."""

    at: datetime
    """In UTC."""
    who: str
    role: str
    kind: str
    """What happened, by the name of its event: ``moved``, ``visit_corrected``, ``told``."""
    visits: tuple[VisitCode, ...]
    """The visits that it concerns by name; none where it concerns the participant."""
    old: str
    new: str
    reason: str


CORRECTIONS = frozenset({"visit_corrected", "participant_corrected"})
HANDED_OVER = frozenset({"told"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Binder:
    """What a monitor looks at for one participant."""

    schedule: StaffSchedule
    promised: Mapping[VisitCode, date]
    """The day that each visit had before it took place."""
    lines: tuple[AuditLine, ...]
    """All records of the participant, in their order."""
    head: str
    """The hash of the last record of the audit: it stands for all before it."""
    count: int
    """How many records the audit holds, of all participants."""

    @property
    def corrections(self) -> tuple[AuditLine, ...]:
        """What was recorded wrongly, and put right."""
        return tuple(line for line in self.lines if line.kind in CORRECTIONS)

    @property
    def handed_over(self) -> tuple[AuditLine, ...]:
        """Who was told of what, with which pages."""
        return tuple(line for line in self.lines if line.kind in HANDED_OVER)


def promised_days(events: Iterable[Event]) -> dict[VisitCode, date]:
    """Return the day that each visit had before it took place, where it had one."""
    return {event.code: event.planned for event in events if isinstance(event, Done) and event.planned}


_OFF = frozenset({Status.MISSED, Status.CANCELLED})


def view_record(
    state: Participant,
    rules: Rules,
    *,
    as_of: datetime,
    enrolled: datetime,
    notices: tuple[Notice, ...] = (),
    wording: str = "",
) -> StaffSchedule:
    """Gather what staff may see of a record, in the order of the days.

    ``as_of`` and ``enrolled`` are instants in UTC. What is outstanding is explained by the protocol's own words, what
    is closed is as it was recorded.
    """
    protocol, site = rules.protocol, rules.site
    placed = place_again(state, rules)
    views = {visit.code: view for visit, view in _view_visits(state, rules, placed)}
    shown = [visit for visit in state.in_order if not _waits(visit)]
    takes_place = [placed[visit.code] for visit in shown if visit.code in placed and visit.status not in _OFF]
    taper = date_taper(state, rules)
    day0 = state.visits.get(protocol.study.day0)
    return StaffSchedule(
        participant=ParticipantId(state.id),
        study=protocol.study.id,
        registry=protocol.study.registry_id,
        protocol_version=protocol.study.version,
        randomized=state.randomized,
        day0=views[day0.code].planned if day0 and not views[day0.code].is_off else None,
        site=view_site(site),
        steroids=state.steroids,
        as_of=as_of,
        sample=not is_confirmed(protocol, site, as_of),
        wording=wording,
        checks=site.checks,
        burden=weigh(takes_place),
        notices=notices,
        taper_starts=taper[0].date_from if taper else taper_day(state, rules),
        taper=taper,
        visits=tuple(_hide_day(views[visit.code]) for visit in shown),
        created=enrolled,
        standing=state.standing,
        standing_since=state.standing_since,
        waiting=tuple(_wait(visit, rules) for visit in state.in_order if _waits(visit)),
        taken_back=tuple(views[visit.code] for visit in shown if views[visit.code].is_off or views[visit.code].is_held),
    )


def _waits(visit: VisitState) -> bool:
    """Tell whether it is a milestone without any date."""
    return visit.kind is Kind.MILESTONE and visit.status is Status.HELD


def _wait(visit: VisitState, rules: Rules) -> WaitingTask:
    step = rules.steps.get(visit.code)
    return WaitingTask(
        code=visit.code,
        name=visit.name,
        task=step.task if isinstance(step, Milestone) else None,
        revision=visit.revision,
        changed=visit.changed,
        reason=visit.reason,
    )


def _hide_day(view: StaffVisitView) -> StaffVisitView:
    """Return what is held without a day: nobody comes until the clinic calls."""
    return replace(view, planned=None, start=None, end=None, slack_days=None) if view.is_held else view


def _view_visits(
    state: Participant, rules: Rules, placed: Mapping[VisitCode, PlacedStep]
) -> Iterator[tuple[VisitState, StaffVisitView]]:
    preparations = {one.id: one.text for one in rules.protocol.preparations}
    procedures = {one.id: one for one in rules.protocol.procedures}
    late = {one.code: one for one in late_visits(state, rules.today)}
    rebook = {one.code: one for one in to_rebook(state, rules)}
    for visit in state.visits.values():
        one = placed.get(visit.code)
        if one is None:
            described = _view_unplanned(visit, rules)
        else:
            described = view_step(one, procedures, prepare(one.step, preparations, rules.site), None)
        yield visit, _as_recorded(described, visit, one, late.get(visit.code), rebook.get(visit.code))


def _as_recorded(
    described: StaffVisitView,
    visit: VisitState,
    placed: PlacedStep | None,
    late: Late | None,
    rebook: ToRebook | None,
) -> StaffVisitView:
    """Return the protocol's words with the record's dates; a reason for a day is kept only for that very day."""
    dates = visit.dates
    explained = (
        visit.status is Status.PLANNED and placed and (placed.target, placed.planned) == (dates.target, dates.day)
    )
    return replace(
        described,
        name=visit.name,
        kind=visit.kind,
        length=visit.length,
        counts=dates.counts,
        target=dates.target,
        earliest=dates.earliest,
        latest=dates.latest,
        planned=dates.day,
        start=visit.start,
        end=visit.end,
        slack_days=(dates.latest - dates.day).days if dates.day and not visit.is_closed else None,
        fixed=False,
        refused=described.refused if explained else (),
        status=visit.status,
        revision=visit.revision,
        changed=visit.changed,
        unscheduled=visit.unscheduled,
        given=visit.given,
        where=visit.where,
        deviation=visit.deviation,
        reason=visit.reason,
        to_rebook=rebook,
        late=late,
    )


def _view_unplanned(visit: VisitState, rules: Rules) -> StaffVisitView:
    """Return a visit that the protocol does not know, or not any more: nothing is prescribed for it."""
    approved = rules.site.preparation.get(visit.kind)
    return StaffVisitView(
        code=visit.code,
        name=visit.name,
        kind=visit.kind,
        target=visit.dates.target,
        earliest=visit.dates.earliest,
        latest=visit.dates.latest,
        planned=visit.dates.day,
        start=visit.start,
        end=visit.end,
        length=visit.length,
        slack_days=None,
        offset_basis=Basis.REGISTERED,
        anchor_basis=Basis.REGISTERED,
        window_basis=Basis.REGISTERED,
        length_basis=Basis.ASSUMED,
        procedures_basis=Basis.ASSUMED,
        procedures=(),
        assessed=(),
        preparation=approved or (),
        counts=visit.dates.counts,
        fixed=False,
        refused=(),
        task=None,
        is_taper=False,
    )


def taper_day(state: Participant, rules: Rules) -> date | None:
    """Return the day from which lower doses may be taken: none before the infusion it counts from was fully given.

    None, too, while the taper is held, and where it was missed or cancelled.
    """
    milestone = rules.protocol.taper
    visit = state.visits.get(milestone.code) if milestone and state.steroids else None
    if visit is None or visit.status in {Status.HELD, *_OFF}:
        return None
    anchor = state.visits.get(visit.dates.counts.anchor)
    return visit.dates.day if anchor and anchor.was_fully_given else None


def date_taper(state: Participant, rules: Rules) -> "tuple[PlannedTaperStep, ...]":
    """Return the steps as prescribed, else as the protocol gives them; without dates while nobody knows the first day.

    There are none while the taper is held, and where it was missed or cancelled.
    """
    milestone = rules.protocol.taper
    visit = state.visits.get(milestone.code) if milestone and state.steroids else None
    if visit is None or milestone is None or visit.status in {Status.HELD, *_OFF}:
        return ()
    steps = state.taper.steps if state.taper else milestone.steps
    if not steps:
        return ()
    from schedule.planning.taper import date_steps  # noqa: PLC0415 - most participants have no steps

    prescribed = state.taper.first_day if state.taper else None
    start = taper_day(state, rules)
    if start and prescribed:
        start = prescribed if prescribed >= visit.dates.target else None
    return date_steps(steps, start)
