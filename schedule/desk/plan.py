"""From a request to a plan, and from a plan to the bytes of its files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from schedule.errors import Problem, Refused
from schedule.planning.booking import book
from schedule.planning.burden import weigh
from schedule.planning.notices import notice
from schedule.planning.placing import place_steps
from schedule.render.language import language
from schedule.render.tables import schedule_csv, schedule_json
from schedule.sites import Site
from schedule.study.protocol import Protocol
from schedule.views import (
    ParticipantId,
    ParticipantSchedule,
    StaffSchedule,
    view_for_participant,
    view_for_staff,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a coordinator asks for one participant."""

    participant: ParticipantId
    randomized: date
    steroids: bool | None
    as_of: datetime
    day0: date | None = None
    booked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The schedule as staff see it, and as the participant does."""

    staff: StaffSchedule
    participant: ParticipantSchedule

    @property
    def is_complete(self) -> bool:
        """Whether every visit has a day."""
        return all(visit.planned for visit in self.staff.visits)


def make_plan(request: Request, protocol: Protocol, site: Site | None) -> Plan:
    """Compute the schedule. Raises Refused, with all problems, where the request contradicts a rule."""
    _check_request(request, protocol, site)
    placed = place_steps(
        protocol,
        randomized=request.randomized,
        steroids=bool(request.steroids),
        site=site,
        actual={protocol.study.day0: request.day0} if request.day0 else None,
    )
    staff = view_for_staff(
        protocol,
        placed,
        participant=request.participant,
        randomized=request.randomized,
        steroids=request.steroids,
        site=site,
        booked=book(placed, site) if request.booked and site else {},
        burden=weigh(placed),
        notices=notice(protocol, placed, site, request.as_of),
        as_of=request.as_of,
    )
    return Plan(staff=staff, participant=view_for_participant(staff, protocol))


def _check_request(request: Request, protocol: Protocol, site: Site | None) -> None:
    problems = []
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


def render_possible(plan: Plan, kinds: Sequence[str], *, lang: str, staff_lang: str) -> tuple[dict[str, bytes], str]:
    """Return the files of :func:`render_files`, without the PDF where it cannot be made, and what is missing for it."""
    from schedule.render.pdf import PdfUnavailable  # noqa: PLC0415

    try:
        return render_files(plan, kinds, lang=lang, staff_lang=staff_lang), ""
    except PdfUnavailable as error:
        others = [kind for kind in kinds if kind != "pdf"]
        return render_files(plan, others, lang=lang, staff_lang=staff_lang), str(error)


def render_files(plan: Plan, kinds: Sequence[str], *, lang: str, staff_lang: str) -> dict[str, bytes]:
    """Return the participant's folder as names and bytes; ``schedule.json`` comes last.

    Raises PdfUnavailable (from ``schedule.render.pdf``) when ``pdf`` is asked for and cannot be made.
    """
    speaks, staff_speaks = language(lang), language(staff_lang)
    files: dict[str, bytes] = {}
    if "ics" in kinds:
        from schedule.render.ics import coordinator_calendar, participant_calendar  # noqa: PLC0415

        files["participant.ics"] = participant_calendar(plan.participant, speaks)
        files["coordinator.ics"] = coordinator_calendar(plan.staff, staff_speaks)
    if "html" in kinds or "pdf" in kinds:
        from schedule.render.packet import packet_html  # noqa: PLC0415

        page = packet_html(plan.participant, speaks)
        if "html" in kinds:
            files["packet.html"] = page.encode()
        if "pdf" in kinds:
            from schedule.render.pdf import write_pdf  # noqa: PLC0415

            files["packet.pdf"] = write_pdf(page)
    if "csv" in kinds:
        files["schedule.csv"] = schedule_csv(plan.staff, staff_speaks)
    if "json" in kinds:
        files["schedule.json"] = schedule_json(plan.staff, staff_speaks)
    return files
