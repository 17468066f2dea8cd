"""From a request to a plan, and from a plan to the bytes of its files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from schedule.errors import Problem, Refused
from schedule.participant.state import ParticipantId
from schedule.planning.booking import book
from schedule.planning.burden import weigh
from schedule.planning.notices import Notice, notice
from schedule.planning.placing import AnchorDay, Kept, PlacedStep, Settled, place_steps
from schedule.render.editions import page_editions
from schedule.render.language import language
from schedule.render.pages import PLAIN, Style
from schedule.render.tables import schedule_csv, schedule_json
from schedule.sites import Site
from schedule.study.protocol import RANDOMIZATION, Protocol, VisitCode
from schedule.views import (
    ParticipantSchedule,
    StaffSchedule,
    view_for_participant,
    view_for_staff,
)

if TYPE_CHECKING:
    from schedule.planning.taper import PlannedTaperStep, TaperPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a coordinator asks for one participant."""

    participant: ParticipantId
    randomized: date
    steroids: bool | None
    as_of: datetime
    day0: date | None = None
    infusion2_given: date | None = None
    """The day on which the visit that the taper counts from was given."""
    taper: "TaperPlan | None" = None
    """The taper as prescribed, in place of the protocol's own steps."""
    booked: bool = False
    wording: str = ""
    """A digest of the site's own templates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The schedule as staff see it, and as the participant does."""

    staff: StaffSchedule
    participant: ParticipantSchedule

    @property
    def is_complete(self) -> bool:
        """Whether every visit that is to take place has a day."""
        return all(visit.planned or visit.is_off or visit.is_held for visit in self.staff.visits)

    def with_link(self, link: str | None) -> "Plan":
        """Return the plan whose packet tells how to subscribe under this https address."""
        return replace(self, participant=replace(self.participant, link=link))


def make_plan(request: Request, protocol: Protocol, site: Site | None) -> Plan:
    """Compute the schedule. Raises Refused, with all problems, where the request contradicts a rule."""
    _check_request(request, protocol, site)
    placed = _place(request, protocol, site)
    taper, taper_notices = _plan_taper(request, protocol, placed)
    staff = view_for_staff(
        protocol,
        placed,
        participant=request.participant,
        randomized=request.randomized,
        steroids=request.steroids,
        site=site,
        booked=book(placed, site) if request.booked and site else {},
        burden=weigh(placed),
        notices=(*taper_notices, *notice(protocol, placed, site, request.as_of)),
        taper=taper,
        as_of=request.as_of,
        wording=request.wording,
    )
    participant = view_for_participant(staff, protocol)
    return Plan(staff=staff, participant=participant)


def _place(request: Request, protocol: Protocol, site: Site | None) -> Sequence[PlacedStep]:
    """Place every step. Where infusion 2 was given, what was planned before it stays as it was: it is past."""
    place = partial(place_steps, protocol, randomized=request.randomized, steroids=bool(request.steroids), site=site)
    given = _given_days(request, protocol)
    if not (request.infusion2_given and protocol.taper):
        return place(settled=given)
    before = place(settled={code: one for code, one in given.items() if code != protocol.taper.anchor})
    kept = {
        one.step.code: Kept(target=one.target, day=one.planned)
        for one in before
        if one.planned and one.planned < request.infusion2_given
    }
    return place(settled=given, kept=kept)


def _given_days(request: Request, protocol: Protocol) -> Mapping[VisitCode, Settled]:
    given = {}
    if request.day0:
        given[protocol.study.day0] = Settled(day=request.day0, is_a=AnchorDay.ACTUAL)
    if request.infusion2_given and protocol.taper:
        given[protocol.taper.anchor] = Settled(day=request.infusion2_given, is_a=AnchorDay.ACTUAL)
    return given


def _plan_taper(
    request: Request, protocol: Protocol, placed: Sequence[PlacedStep]
) -> "tuple[tuple[PlannedTaperStep, ...], tuple[Notice, ...]]":
    """Return the steps of the taper and what staff should know of them; none where nobody gives any."""
    milestone = protocol.taper
    if not request.steroids or milestone is None or not (request.taper or milestone.steps):
        return (), ()
    from schedule.planning.taper import notice_taper, own_plan, plan_taper  # noqa: PLC0415 - most plans have no steps

    plan = request.taper or own_plan(milestone)
    (taper,) = [one for one in placed if one.step.code == milestone.code]
    return plan_taper(taper, plan, placed), tuple(notice_taper(milestone, plan, taper, placed))


def _check_request(request: Request, protocol: Protocol, site: Site | None) -> None:
    problems = [*_check_infusion2(request, protocol, site), *_check_taper(request, protocol)]
    if request.day0 and request.day0 < request.randomized:
        problems.append(
            Problem(
                place="--day0",
                wrong=f"{request.day0} is before the randomization on {request.randomized}",
                remedy="check both dates: Day 0 is the day of randomization or later",
            )
        )
    if request.booked and site is None:
        problems.append(
            Problem(
                place="--booked",
                wrong="without a site there are no times to book",
                remedy="add --site with a file that gives arrival times",
            )
        )
    if protocol.asks_about_steroids and request.steroids is None:
        problems.append(
            Problem(
                place="--steroids",
                wrong="the protocol has dates only for those on steroids",
                remedy="say --steroids or --no-steroids",
            )
        )
    if problems:
        raise Refused(problems)


def _check_infusion2(request: Request, protocol: Protocol, site: Site | None) -> Iterator[Problem]:
    given = request.infusion2_given
    if given is None:
        return
    place = "--infusion2-given"
    if protocol.taper is None or protocol.taper.anchor == RANDOMIZATION:
        yield Problem(place=place, wrong="no taper of the protocol counts from a visit", remedy="leave it out")
        return
    if protocol.taper.anchor == protocol.study.day0:
        wrong = f"the taper counts from {protocol.study.day0}, the visit of Day 0"
        yield Problem(place=place, wrong=wrong, remedy="say --day0 instead")
        return
    start, name = (request.day0, "Day 0") if request.day0 else (request.randomized, "the randomization")
    if given <= start:
        yield Problem(place=place, wrong=f"{given} is not after {name} on {start}", remedy="check both dates")
    today = request.as_of.astimezone(ZoneInfo(site.time_zone) if site else UTC).date()
    if given > today:
        yield Problem(
            place=place,
            wrong=f"{given} is after the day of this schedule, {today}",
            remedy="say it once the infusion was given; --as-of says the day of the schedule",
        )


def _check_taper(request: Request, protocol: Protocol) -> Iterator[Problem]:
    if request.taper is None:
        return
    if protocol.taper is None:
        yield Problem(place="--taper", wrong="the protocol has no taper", remedy="leave it out")
    elif request.steroids is False:
        yield Problem(
            place="--taper", wrong="the participant takes no steroids", remedy="leave it out, or say --steroids"
        )


PAPERS = ("html", "pdf")


def render_possible(
    plan: Plan,
    kinds: Sequence[str],
    *,
    lang: str,
    staff_lang: str,
    style: Style = PLAIN,
    only: VisitCode | None = None,
) -> tuple[dict[str, bytes], str]:
    """Return the files of :func:`render_files`, without the PDF where it cannot be made, and what is missing for it."""
    from schedule.render.pdf import PdfUnavailable  # noqa: PLC0415

    render = partial(render_files, plan, lang=lang, staff_lang=staff_lang, style=style, only=only)
    try:
        return render(kinds), ""
    except PdfUnavailable as error:
        return render([kind for kind in kinds if kind != "pdf"]), str(error)


def render_files(
    plan: Plan,
    kinds: Sequence[str],
    *,
    lang: str,
    staff_lang: str,
    style: Style = PLAIN,
    only: VisitCode | None = None,
) -> dict[str, bytes]:
    """Return the participant's folder as names and bytes, or the papers of one visit; ``schedule.json`` comes last.

    Raises PdfUnavailable (from ``schedule.render.pdf``) when ``pdf`` is asked for and cannot be made.
    """
    speaks, staff_speaks = language(lang), language(staff_lang)
    files: dict[str, bytes] = {}
    if "ics" in kinds:
        from schedule.render.ics import coordinator_calendar, participant_calendar  # noqa: PLC0415

        files["participant.ics"] = participant_calendar(plan.participant, speaks)
        files["coordinator.ics"] = coordinator_calendar(plan.staff, staff_speaks)
    if any(kind in kinds for kind in PAPERS):
        from schedule.render.packet import packet_html  # noqa: PLC0415
        from schedule.render.worksheets import worksheets_html  # noqa: PLC0415

        of_visit = f"-{only}" if only else ""
        files |= print_paper(f"packet{of_visit}", packet_html(plan.participant, speaks, style, only=only), kinds)
        sheets = worksheets_html(plan.staff, staff_speaks, style, only=only)
        files |= print_paper(f"worksheets{of_visit}", sheets, kinds)
    if "csv" in kinds:
        files["schedule.csv"] = schedule_csv(plan.staff, staff_speaks)
    if "json" in kinds:
        files["schedule.json"] = schedule_json(plan.staff, staff_speaks, page_editions(plan.participant))
    return files


def print_paper(name: str, page: str, kinds: Sequence[str], *, spell_out: bool = False) -> dict[str, bytes]:
    """Return a page as the kinds of paper that are wanted, by file name; ``spell_out`` as for a PDF.

    Raises PdfUnavailable.
    """
    files = {f"{name}.html": page.encode()} if "html" in kinds else {}
    if "pdf" in kinds:
        from schedule.render.pdf import write_pdf  # noqa: PLC0415

        files[f"{name}.pdf"] = write_pdf(page, spell_out=spell_out)
    return files
