"""Closed records: all that a blinded reader may see. No field here could hold a participant's cohort."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from schedule.participant import state
from schedule.planning.booking import Appointment
from schedule.planning.burden import Burden
from schedule.planning.notices import Notice, is_confirmed
from schedule.planning.placing import CountsFrom, DayRefused, PlacedStep
from schedule.sites import Contact, Site
from schedule.study.offsets import Offset
from schedule.study.protocol import (
    Basis,
    Kind,
    Milestone,
    Procedure,
    Protocol,
    Step,
    Text,
    VisitCode,
    Words,
    concerns_steroids,
)

if TYPE_CHECKING:
    from schedule.planning.taper import PlannedTaperStep

ParticipantId = state.ParticipantId


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """What papers and calendars say about the site."""

    id: str
    name: str
    city: str
    time_zone: str
    event_title: Text
    contact: Contact
    logo: str
    """A picture as a ``data:`` address, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitView:
    """A visit as participants and staff see it."""

    code: VisitCode
    name: Text
    kind: Kind
    earliest: date
    latest: date
    planned: date | None
    start: datetime | None
    end: datetime | None
    length: timedelta
    procedures: tuple[Text, ...]
    preparation: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffVisitView(VisitView):
    """A visit or milestone with all that staff may know of it."""

    target: date
    slack_days: int | None
    offset_basis: Basis
    anchor_basis: Basis
    window_basis: Basis
    length_basis: Basis
    procedures_basis: Basis
    assessed: tuple[Text, ...]
    """Those of its procedures that a masked assessor does."""
    counts: CountsFrom
    fixed: bool
    refused: tuple[DayRefused, ...]
    task: Text | None
    is_taper: bool
    """Whether it is the day on which those on steroids begin to take less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecautionView:
    """What the participant keeps to, and until which day at least if the last visit is on its planned one."""

    title: Text
    text: Text
    lasts: Offset
    last_visit: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantSchedule:
    """What the participant's papers, calendar and feed are made from: no milestone, no reason, no basis."""

    participant: ParticipantId
    study: str
    registry: str
    protocol_version: str
    site: SiteView | None
    steroids: bool | None
    as_of: datetime
    sample: bool
    burden: Burden
    words: Words
    keeps_dose_log: bool
    until_taper: Text | None
    """What the log of doses says while the doses and their dates are not known."""
    taper_starts: date | None
    """The first day of the taper, once the visit that it counts from was given."""
    taper: "tuple[PlannedTaperStep, ...]"
    """The steps of the taper, where anybody gave them; without dates until it is known when it starts."""
    precautions: tuple[PrecautionView, ...]
    link: str | None
    """The https address of the participant's feed, where one is known."""
    wording: str
    """A digest of the site's own templates; nothing where dayzero's are used."""
    visits: tuple[VisitView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSchedule:
    """What the coordinator's table, files and calendar are made from."""

    participant: ParticipantId
    study: str
    registry: str
    protocol_version: str
    randomized: date
    day0: date | None
    site: SiteView | None
    steroids: bool | None
    as_of: datetime
    sample: bool
    wording: str
    """A digest of the site's own templates; nothing where dayzero's are used."""
    checks: tuple[Text, ...]
    """The site's own items on the worksheet of each visit."""
    burden: Burden
    notices: tuple[Notice, ...]
    taper_starts: date | None
    taper: "tuple[PlannedTaperStep, ...]"
    visits: tuple[StaffVisitView, ...]


def view_for_staff(
    protocol: Protocol,
    placed: Sequence[PlacedStep],
    *,
    participant: ParticipantId,
    randomized: date,
    steroids: bool | None,
    site: Site | None,
    booked: Mapping[VisitCode, Appointment],
    burden: Burden,
    notices: tuple[Notice, ...],
    taper: "tuple[PlannedTaperStep, ...]",
    as_of: datetime,
    wording: str = "",
) -> StaffSchedule:
    """Gather what staff may see, in the order of the days."""
    procedures = {procedure.id: procedure for procedure in protocol.procedures}
    preparations = {preparation.id: preparation.text for preparation in protocol.preparations}
    day0 = {one.step.code: one.planned for one in placed}[protocol.study.day0]
    in_order = sorted(placed, key=lambda one: one.planned or one.target)
    return StaffSchedule(
        participant=participant,
        study=protocol.study.id,
        registry=protocol.study.registry_id,
        protocol_version=protocol.study.version,
        randomized=randomized,
        day0=day0,
        site=_view_site(site) if site else None,
        steroids=steroids,
        as_of=as_of,
        sample=not is_confirmed(protocol, site, as_of),
        wording=wording,
        checks=site.checks if site else (),
        burden=burden,
        notices=notices,
        taper_starts=taper[0].date_from if taper else _taper_starts(placed, protocol),
        taper=taper,
        visits=tuple(
            _view_step(one, procedures, _prepare(one.step, preparations, site), booked.get(one.step.code))
            for one in in_order
        ),
    )


def view_for_participant(staff: StaffSchedule, protocol: Protocol) -> ParticipantSchedule:
    """Keep only what the participant is told: contacts, and no date that depends on an infusion not yet given."""
    tapers = {one.code: one for one in protocol.milestones if concerns_steroids(one)}
    doses_have_dates = bool(staff.taper and staff.taper_starts)
    return ParticipantSchedule(
        participant=staff.participant,
        study=staff.study,
        registry=staff.registry,
        protocol_version=staff.protocol_version,
        site=staff.site,
        steroids=staff.steroids,
        as_of=staff.as_of,
        sample=staff.sample,
        burden=staff.burden,
        words=protocol.words,
        keeps_dose_log=any(visit.code in tapers for visit in staff.visits),
        until_taper=None if doses_have_dates else next((taper.until_then for taper in tapers.values()), None),
        taper_starts=staff.taper_starts,
        taper=staff.taper,
        precautions=_precautions(protocol, staff),
        link=None,
        wording=staff.wording,
        visits=tuple(_without_reasons(visit) for visit in staff.visits if visit.kind is not Kind.MILESTONE),
    )


def _precautions(protocol: Protocol, staff: StaffSchedule) -> tuple[PrecautionView, ...]:
    last = max(visit.planned or visit.target for visit in staff.visits if visit.kind is not Kind.MILESTONE)
    return tuple(
        PrecautionView(title=one.title, text=one.text, lasts=one.lasts, last_visit=last, until=one.lasts.after(last))
        for one in protocol.precautions
    )


def _taper_starts(placed: Sequence[PlacedStep], protocol: Protocol) -> date | None:
    tapers = [one for one in placed if protocol.taper and one.step.code == protocol.taper.code]
    return next((one.planned for one in tapers if one.counts_from_known_day), None)


def _view_site(site: Site) -> SiteView:
    return SiteView(
        id=site.id,
        name=site.name,
        city=site.city,
        time_zone=site.time_zone,
        event_title=site.event_title,
        contact=site.contact,
        logo=site.logo,
    )


def _prepare(step: Step, preparations: Mapping[str, Text], site: Site | None) -> tuple[Text, ...]:
    """Return the site's approved texts for this kind of visit, else the protocol's."""
    approved = site.preparation.get(step.kind) if site else None
    return approved if approved is not None else tuple(preparations[id_] for id_ in step.preparation)


def _view_step(
    one: PlacedStep,
    procedures: Mapping[str, Procedure],
    preparation: tuple[Text, ...],
    appointment: Appointment | None,
) -> StaffVisitView:
    step = one.step
    return StaffVisitView(
        code=step.code,
        name=step.name,
        kind=step.kind,
        target=one.target,
        earliest=one.earliest,
        latest=one.latest,
        planned=one.planned,
        start=appointment.start if appointment else None,
        end=appointment.end if appointment else None,
        length=step.length,
        slack_days=one.slack_days,
        offset_basis=step.offset_basis,
        anchor_basis=step.anchor_basis,
        window_basis=step.window_basis,
        length_basis=step.length_basis,
        procedures_basis=step.procedures_basis,
        procedures=tuple(procedures[id_].name for id_ in step.procedures),
        assessed=tuple(procedures[id_].name for id_ in step.procedures if procedures[id_].assessor),
        preparation=preparation,
        counts=one.counts,
        fixed=one.actual,
        refused=one.refused,
        task=step.task if isinstance(step, Milestone) else None,
        is_taper=concerns_steroids(step),
    )


def _without_reasons(visit: StaffVisitView) -> VisitView:
    return VisitView(
        code=visit.code,
        name=visit.name,
        kind=visit.kind,
        earliest=visit.earliest,
        latest=visit.latest,
        planned=visit.planned,
        start=visit.start,
        end=visit.end,
        length=visit.length,
        procedures=visit.procedures,
        preparation=visit.preparation,
    )
