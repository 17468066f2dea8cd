"""Closed records: all that a blinded reader may see. No field here could hold a participant's cohort."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from schedule.participant.state import Deviation, Given, Late, ParticipantId, Standing, Status, ToRebook, Where
from schedule.planning.booking import Appointment
from schedule.planning.burden import Burden
from schedule.planning.notices import Notice, is_confirmed
from schedule.planning.placing import AnchorDay, CountsFrom, DayRefused, PlacedStep
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
    status: Status | None = field(default=None, repr=False)
    """What has become of it; None in a plan, of which nothing is recorded. Pages say it by its days and words: it is
    no part of what makes two editions of a page differ, and neither are the two below."""
    revision: int = field(default=0, repr=False)
    """How often its time, place or status changed."""
    changed: datetime | None = field(default=None, repr=False)
    """When it last did (UTC); None in a plan."""

    @property
    def is_off(self) -> bool:
        """Whether it did not take place, or will not."""
        return self.status in (Status.MISSED, Status.CANCELLED)

    @property
    def is_held(self) -> bool:
        """Whether nobody comes until the clinic calls."""
        return self.status is Status.HELD

    @property
    def is_done(self) -> bool:
        """Whether it took place."""
        return self.status is Status.DONE


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
    unscheduled: bool = False
    given: Given | None = None
    where: Where = Where.HERE
    deviation: Deviation | None = None
    reason: str = ""
    """Why it was moved, missed, cancelled or held."""
    to_rebook: ToRebook | None = None
    """Why its promised day does not fit any more."""
    late: Late | None = None
    """Since when it should have been closed."""

    @property
    def actual(self) -> date | None:
        """The day on which it took place."""
        return self.planned if self.is_done else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingTask:
    """A milestone on hold. It has no date, and nobody acts on it."""

    code: VisitCode
    name: Text
    task: Text | None
    revision: int
    changed: datetime
    reason: str


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
    created: datetime | None = None
    """When the participant was enrolled (UTC); None in a plan."""
    taken_back: tuple[VisitView, ...] = ()
    """What calendars take back, with the day and time that they last showed."""
    reminder: VisitView | None = None
    """The first day of the taper, for the calendar, once the infusion before it was given."""
    calendar_is_empty: bool = False
    """Whether the calendar shows nothing any more: the participant died, or left the study some time ago."""
    awaits_taper: bool = True
    """Whether somebody still calls about lower doses: not after that call, and not where it was taken back."""


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
    """Of a record also what was missed or cancelled."""
    created: datetime | None = None
    """When the participant was enrolled (UTC); None in a plan."""
    standing: Standing | None = None
    """Where the participant stands; None in a plan."""
    standing_since: date | None = None
    waiting: tuple[WaitingTask, ...] = ()
    taken_back: tuple[StaffVisitView, ...] = ()
    """What calendars take back, with the day and time that they last showed."""


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
        site=view_site(site) if site else None,
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
            view_step(one, procedures, prepare(one.step, preparations, site), booked.get(one.step.code))
            for one in in_order
        ),
    )


def view_for_participant(staff: StaffSchedule, protocol: Protocol) -> ParticipantSchedule:
    """Keep only what the participant is told: contacts, and no date that depends on an infusion not yet given."""
    tapers = {one.code: one for one in protocol.milestones if concerns_steroids(one)}
    known = {visit.code for visit in staff.visits} | {one.code for one in staff.waiting}
    reminders = [visit for visit in staff.visits if staff.standing and visit.is_taper and not visit.is_off]
    doses_have_dates = bool(staff.taper and staff.taper_starts)
    awaits_taper = not any(visit.is_taper and (visit.is_done or visit.is_off) for visit in staff.visits)
    until_then = next((taper.until_then for taper in tapers.values()), None)
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
        keeps_dose_log=staff.steroids is not False and not known.isdisjoint(tapers),
        until_taper=None if doses_have_dates or not awaits_taper else until_then,
        awaits_taper=awaits_taper,
        taper_starts=staff.taper_starts,
        taper=staff.taper,
        precautions=_precautions(protocol, staff),
        link=None,
        wording=staff.wording,
        visits=tuple(without_reasons(visit) for visit in staff.visits if _is_told(visit)),
        created=staff.created,
        taken_back=tuple(without_reasons(visit) for visit in staff.taken_back if _was_shown(visit)),
        reminder=next((_remind(visit, staff.taper_starts) for visit in reminders if staff.taper_starts), None),
        calendar_is_empty=_calendar_is_empty(staff),
    )


def _is_told(visit: StaffVisitView) -> bool:
    return visit.kind is not Kind.MILESTONE and not visit.is_off


def _was_shown(visit: StaffVisitView) -> bool:
    return visit.kind is not Kind.MILESTONE or (visit.is_taper and visit.counts.anchor_is is AnchorDay.ACTUAL)


def _remind(visit: StaffVisitView, day: date) -> VisitView:
    return replace(without_reasons(visit), planned=day)


KEPT_AFTER_LEAVING = timedelta(days=30)
"""For how long the calendar of one who left still says what is cancelled: a phone that has seen it forgets it."""


def _calendar_is_empty(staff: StaffSchedule) -> bool:
    """Tell whether nothing is shown: at once after a death; after a while where somebody left, whenever it was said."""
    if staff.standing in (None, Standing.ACTIVE):
        return False
    if staff.standing is Standing.DIED or staff.standing_since is None:
        return True
    said = [day_at(staff.site, visit.changed) for visit in staff.taken_back if visit.changed]
    return day_at(staff.site, staff.as_of) > max([staff.standing_since, *said]) + KEPT_AFTER_LEAVING


def day_at(site: SiteView | None, instant: datetime) -> date:
    """Return what day it is at the site; in UTC without one."""
    return instant.astimezone(ZoneInfo(site.time_zone) if site else UTC).date()


def _precautions(protocol: Protocol, staff: StaffSchedule) -> tuple[PrecautionView, ...]:
    days = (visit.planned or visit.target for visit in staff.visits if _is_told(visit))
    last = max(days, default=staff.randomized)
    return tuple(
        PrecautionView(title=one.title, text=one.text, lasts=one.lasts, last_visit=last, until=one.lasts.after(last))
        for one in protocol.precautions
    )


def _taper_starts(placed: Sequence[PlacedStep], protocol: Protocol) -> date | None:
    tapers = [one for one in placed if protocol.taper and one.step.code == protocol.taper.code]
    return next((one.planned for one in tapers if one.counts_from_known_day), None)


def view_site(site: Site) -> SiteView:
    """Return what papers and calendars say about the site."""
    return SiteView(
        id=site.id,
        name=site.name,
        city=site.city,
        time_zone=site.time_zone,
        event_title=site.event_title,
        contact=site.contact,
        logo=site.logo,
    )


def prepare(step: Step, preparations: Mapping[str, Text], site: Site | None) -> tuple[Text, ...]:
    """Return the site's approved texts for this kind of visit, else the protocol's."""
    approved = site.preparation.get(step.kind) if site else None
    return approved if approved is not None else tuple(preparations[id_] for id_ in step.preparation)


def view_step(
    one: PlacedStep,
    procedures: Mapping[str, Procedure],
    preparation: tuple[Text, ...],
    appointment: Appointment | None,
) -> StaffVisitView:
    """Return a placed step in the protocol's words, with its appointment where it has one."""
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


def without_reasons(visit: StaffVisitView) -> VisitView:
    """Return what a participant may know of a visit."""
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
        status=visit.status,
        revision=visit.revision,
        changed=visit.changed,
    )
