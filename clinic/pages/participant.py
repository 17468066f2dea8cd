"""One participant: where they stand, what is to be done, all visits with their windows, and what can be done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.http import HttpResponse

from clinic.access.roles import Right
from clinic.commands.reading import plan_of
from clinic.desk.work import PARTICIPANTS, Known
from clinic.pages.actions import Action, offered
from clinic.pages.frame import Asked
from clinic.pages.picture import Bar, contacts, window_bar, year_rows
from schedule.participant.state import Audience, Scope, Status
from schedule.render.consequences import say_preference
from schedule.render.language import N_, Language
from schedule.render.record import STANDINGS
from schedule.render.reports import AUDIENCES
from schedule.render.sentences import SHORT_GIVEN, STATUSES, Names, because, names_of, say_marks, unplaced_reasons
from schedule.study.protocol import Kind
from schedule.views import StaffSchedule, StaffVisitView

OPEN = (Status.PLANNED, Status.BOOKED, Status.CONFIRMED)
HOLDS = {
    Scope.PARTICIPANT: N_("infusions on hold for this participant"),
    Scope.SITE: N_("infusions on hold at the site"),
    Scope.STUDY: N_("infusions on hold in the study"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A visit in the table."""

    visit: StaffVisitView
    bar: Bar | None
    """None for what has no window."""
    status: str
    given: str
    marks: tuple[str, ...]
    because: tuple[str, ...]
    to_tell: str
    """Who has not yet heard of its last change."""
    actions: tuple[Action, ...]


def show(asked: Asked, code: str) -> HttpResponse:
    """Show the participant."""
    known = asked.find(code)
    staff = plan_of(asked.clinic, known).staff
    today = known.rules.today
    rows = _rows(asked, known, staff)
    return asked.page(
        "participant.html",
        known=known,
        state=known.enrolled,
        staff=staff,
        today=today,
        standing=asked.speaks.say(STANDINGS[known.enrolled.standing]),
        likes=say_preference(known.enrolled.preference, asked.speaks),
        holds=[asked.speaks.say(HOLDS[one]) for one in Scope if one in known.enrolled.holds],
        coming=_next_visit(staff, today),
        first_infusion=_first_infusion(known, staff, asked.speaks),
        to_do=tuple(_to_do(staff, today, asked.speaks)),
        rows=rows,
        to_tell=_to_tell(rows),
        years=year_rows(tuple(contacts(staff.visits)), today),
        actions=offered(known) if asked.may(Right.CHANGE) else (),
        recorded=_recorded(asked, known),
        Kind=Kind,
        Status=Status,
    )


def _next_visit(staff: StaffSchedule, today: date) -> StaffVisitView | None:
    days = [one for one in contacts(staff.visits) if one.status in OPEN and one.planned and one.planned >= today]
    return days[0] if days else None


def _first_infusion(known: Known, staff: StaffSchedule, speaks: Language) -> str:
    """Return the day on which it was given; what it is planned for, or became of it, where it was not."""
    visit = known.enrolled.visits.get(known.rules.protocol.study.day0)
    if visit is None or visit.took_a_dose:
        return speaks.iso_day(staff.day0)
    if visit.is_open and staff.day0:
        return speaks.say("planned for {day}", day=speaks.iso_day(staff.day0))
    return speaks.say("not given") if visit.actual else speaks.say(STATUSES[visit.status])


def _to_do(staff: StaffSchedule, today: date, speaks: Language) -> Iterator[tuple[str, str]]:
    """Yield what somebody should do about a visit today, with its code."""
    for visit in staff.visits:
        has_passed = visit.status in OPEN and visit.planned is not None and visit.planned < today
        if has_passed and not visit.late and visit.kind is not Kind.MILESTONE:
            yield (
                visit.code,
                speaks.say("its day was {day}: record what happened", day=speaks.iso_day(visit.planned)),
            )
        for said in say_marks(visit, speaks):
            yield visit.code, said
        if visit.status is Status.PLANNED and visit.planned is None:
            yield visit.code, speaks.say("NO DAY FITS")


def _to_tell(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return the visits of whose last change somebody has not yet heard, by who that is."""
    codes: dict[str, list[str]] = {}
    for one in rows:
        if one.to_tell:
            codes.setdefault(one.to_tell, []).append(one.visit.code)
    return codes


def _rows(asked: Asked, known: Known, staff: StaffSchedule) -> Sequence[Row]:
    names = names_of(staff)
    may_change = asked.may(Right.CHANGE)
    return [_row(asked.speaks, known, visit, names, may_change=may_change) for visit in staff.visits]


def _row(speaks: Language, known: Known, visit: StaffVisitView, names: Names, *, may_change: bool) -> Row:
    state = known.enrolled.visits[visit.code]
    has_window = visit.kind is not Kind.MILESTONE and not visit.unscheduled
    return Row(
        visit=visit,
        bar=window_bar(visit, known.rules.today) if has_window else None,
        status=speaks.say(STATUSES[state.status]),
        given=speaks.say(SHORT_GIVEN[visit.given]) if visit.given else "",
        marks=tuple(say_marks(visit, speaks)),
        because=(*because(visit, names, speaks), *unplaced_reasons(visit, names, speaks)),
        to_tell=", ".join(speaks.say(AUDIENCES[one]) for one in Audience if one in state.to_tell),
        actions=offered(known, state) if may_change else (),
    )


def _recorded(asked: Asked, known: Known) -> int | None:
    """Return the number in the audit that has just been recorded, as the address says it; None for any other."""
    said = asked.request.GET.get("recorded", "")
    if not (said.isascii() and said.isdigit() and len(said) < 16):
        return None
    sql = 'SELECT count(*) FROM clinic_record WHERE "group" = %s AND subject = %s'
    return int(said) if asked.clinic.store.ask(sql, [int(said), PARTICIPANTS + known.code])[0][0] else None
