"""The clinic's blinded export: a ``schedule.json``, and the schedule that the pharmacist's sheets are made from.

Names come from the protocol in both languages; days, times and what became of an infusion come from the export.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from schedule.desk.plan import Plan, Request, make_plan
from schedule.errors import InvalidInput, Problem
from schedule.files.schedule_file import parse_as
from schedule.files.text import read_text
from schedule.participant.state import ParticipantId, Status
from schedule.planning.changes import KeptSchedule, KeptVisit
from schedule.render.language import N_, language
from schedule.sites import STUDY_VISIT, Contact, Site
from schedule.study.protocol import Kind, Protocol, Text, VisitCode
from schedule.views import SiteView, StaffVisitView

EXPORT = "schedule.json"
FRESH = "ask the clinic for a fresh export"


_WHY = {
    Status.CANCELLED.value: N_("this infusion is cancelled"),
    Status.HELD.value: N_("this infusion is on hold until the clinic calls"),
    Status.MISSED.value: N_("this infusion was missed"),
    Status.DONE.value: N_("this infusion is over"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedVisit(KeptVisit):
    """A visit of an export. A plan without memory does not tell what became of it."""

    target: date
    actual: date | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(KeptSchedule):
    """A participant's schedule as the clinic exports it."""

    visits: tuple[ExportedVisit, ...]

    @property
    def infusions(self) -> tuple[ExportedVisit, ...]:
        """The visits for which something is prepared."""
        return tuple(visit for visit in self.visits if visit.kind is Kind.INFUSION)


def read_export(path: Path) -> Export:
    """Read a ``schedule.json``. Raises InvalidInput with all that is wrong in it."""
    return parse_as(Export, read_text(path), file=str(path))


def find_exports(path: Path, participant: str | None = None) -> tuple[Path, ...]:
    """Return the exports that are meant: a file itself, or those in a folder and in the participants' folders there.

    Where one participant is named who has a folder there, that one is meant. Raises InvalidInput where there is none.
    """
    if not path.is_dir():
        return (path,)
    found = tuple(sorted([*path.glob(EXPORT), *path.glob(f"*/{EXPORT}")]))
    if participant:
        found = tuple(one for one in found if one.parent.name == participant) or found[:1]
    if not found:
        problem = Problem(
            file=str(path),
            place="",
            wrong=f"there is no {EXPORT} in it",
            remedy="name the clinic's export, or its file",
        )
        raise InvalidInput([problem])
    return found


def check_export(export: Export, protocol: Protocol, site: str, *, file: Path) -> Iterator[Problem]:
    """Yield why the sheets cannot be made from this export: another study, version or site, or other infusions."""
    facts = (
        ("protocol", export.protocol, protocol.study.id, "name the study's own file with --protocol"),
        ("protocol_version", export.protocol_version, protocol.study.version, f"{FRESH}, or name the other --protocol"),
        ("site", export.site or site, site, "use the export and the keys of one site"),
    )
    for key, told, known, remedy in facts:
        if told != known:
            yield Problem(file=str(file), place=key, wrong=f"it is {told!a}, but here it is {known!a}", remedy=remedy)
    if export.protocol != protocol.study.id:
        return
    for visit in export.infusions:
        if visit.status not in (None, *(one.value for one in Status)):
            wrong = f"the status of {visit.code} is {visit.status!a}, which no visit has"
            yield Problem(file=str(file), place="visits", wrong=wrong, remedy=FRESH)
    planned = {visit.code for visit in protocol.visits if visit.kind is Kind.INFUSION}
    told_of = {visit.code for visit in export.infusions}
    for code in sorted(planned ^ told_of):
        wrong = f"the infusion {code} is not in {'it' if code in planned else 'the protocol'}"
        yield Problem(file=str(file), place="visits", wrong=wrong, remedy=FRESH)


def plan_from(export: Export, protocol: Protocol, site: Site | None, *, site_id: str) -> Plan:
    """Return the participant's schedule with the days, times and windows of the export. Raises Refused."""
    request = Request(
        participant=ParticipantId(export.participant),
        randomized=export.randomized,
        steroids=bool(export.steroids) if protocol.asks_about_steroids else None,
        day0=export.day0 if export.day0 and export.day0 >= export.randomized else None,
        as_of=export.as_of,
    )
    made = make_plan(request, protocol, site)
    told = {visit.code: visit for visit in export.infusions}
    visits = tuple(_as_told(visit, told[visit.code]) for visit in made.staff.visits if visit.code in told)
    in_order = tuple(sorted(visits, key=lambda visit: visit.planned or visit.target))
    where = made.staff.site or _unnamed_site(site_id, export.time_zone)
    return replace(made, staff=replace(made.staff, site=where, sample=export.sample, notices=(), visits=in_order))


def why_stopped(export: Export) -> Mapping[VisitCode, Text]:
    """Tell for which infusions nothing is prepared, and why."""
    return {
        visit.code: Text(en=language("en").say(_WHY[visit.status]), es=language("es").say(_WHY[visit.status]))
        for visit in export.infusions
        if visit.status in _WHY
    }


def _as_told(visit: StaffVisitView, told: ExportedVisit) -> StaffVisitView:
    return replace(
        visit,
        target=told.target,
        earliest=told.earliest or visit.earliest,
        latest=told.latest or visit.latest,
        planned=told.actual or told.planned,
        start=None if told.actual and told.actual != told.planned else told.start,
        end=None if told.actual and told.actual != told.planned else told.end,
        status=Status(told.status) if told.status else None,
        revision=told.sequence or 0,
    )


def _unnamed_site(site_id: str, time_zone: str | None) -> SiteView | None:
    """Return a site that the papers leave blank, for the time zone of the export's hours."""
    if time_zone is None:
        return None
    return SiteView(
        id=site_id, name="", city="", time_zone=time_zone, event_title=STUDY_VISIT, contact=Contact(), logo=""
    )
