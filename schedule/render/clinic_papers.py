"""Papers of the clinic: the days to come for when nothing else works, and a participant's binder for the monitor."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from schedule.participant.state import Deviation
from schedule.record_views import AuditLine, Binder
from schedule.render.editions import as_of_day, edition_of
from schedule.render.language import Language
from schedule.render.pages import PLAIN, Style, render_page
from schedule.render.record import STANDINGS
from schedule.render.reports import AUDIENCES, LATENESS
from schedule.render.sentences import SHORT_GIVEN, SHORT_KINDS, STATUSES, say_deviation
from schedule.report_rows import AgendaRow, OfflineSheet, OverdueRow, TellRow
from schedule.study.protocol import Kind
from schedule.views import StaffVisitView, day_at

OFFLINE, BINDER = "OFF-0", "BD-0"
"""Codes of the pages: no page of a packet ends in 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperDay:
    """A day of the offline sheet, and a row of words for each visit on it."""

    day: date
    rows: tuple[tuple[str, ...], ...]


def offline_html(sheet: OfflineSheet, speaks: Language, style: Style = PLAIN) -> str:
    """Return the next days of a site on paper, with what is overdue and who must be told; never in large print."""
    days = [sheet.first + timedelta(days=number) for number in range((sheet.last - sheet.first).days + 1)]
    return render_page(
        "packet",
        "offline.html",
        speaks,
        replace(style, large=False),
        sheet=sheet,
        days=[PaperDay(day=day, rows=tuple(_agenda_rows(sheet, day, speaks))) for day in days],
        overdue=[_overdue_row(row, speaks) for row in sheet.overdue],
        to_tell=[_tell_row(row, speaks) for row in sheet.to_tell],
        page=OFFLINE,
        editions={OFFLINE: edition_of(sheet)},
        as_of_day=day_at(sheet.site, sheet.as_of),
        protocol_version=sheet.protocol_version,
    )


def _agenda_rows(sheet: OfflineSheet, day: date, speaks: Language) -> Iterator[tuple[str, ...]]:
    on_the_day = [row for row in sheet.agenda if row.day == day]
    for row in sorted(on_the_day, key=lambda one: (one.start is None, one.start, one.participant, one.code)):
        yield (
            _say_hours(row),
            row.participant,
            _say_visit(row, speaks),
            _say_window(row, speaks),
            _say_status(row, speaks),
        )


def _say_hours(row: AgendaRow) -> str:
    return f"{row.start:%H:%M}-{row.end:%H:%M}" if row.start and row.end else ""


def _say_visit(row: AgendaRow | OverdueRow, speaks: Language) -> str:
    return speaks.say("{code}, {kind}", code=row.code, kind=speaks.say(SHORT_KINDS[row.kind]))


def _say_window(row: AgendaRow, speaks: Language) -> str:
    return "" if row.kind is Kind.MILESTONE else speaks.short_span(row.earliest, row.latest)


def _say_status(row: AgendaRow, speaks: Language) -> str:
    status = speaks.say(STATUSES[row.status])
    return speaks.say("{status}: TO REBOOK", status=status) if row.to_rebook else status


def _overdue_row(row: OverdueRow, speaks: Language) -> tuple[str, ...]:
    return (
        row.participant,
        _say_visit(row, speaks),
        speaks.say(LATENESS[row.lateness]),
        speaks.table_day(row.latest),
        str(row.days),
        str(row.attempts),
    )


def _tell_row(row: TellRow, speaks: Language) -> tuple[str, ...]:
    status = speaks.say(STATUSES[row.status])
    day = speaks.table_day(row.day) if row.day else ""
    return (
        row.participant,
        row.code,
        speaks.say(AUDIENCES[row.audience]),
        " ".join(part for part in (status, day, f"{row.start:%H:%M}" if row.start else "") if part),
        _say_instant(row.since),
    )


def _say_instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def binder_html(binder: Binder, speaks: Language, style: Style = PLAIN) -> str:
    """Return what a monitor looks at: planned against actual, deviations, corrections, pages handed over, the audit."""
    schedule = binder.schedule
    deviations = [(visit, visit.deviation) for visit in schedule.visits if visit.deviation]
    left = speaks.say(STANDINGS[schedule.standing]) if schedule.standing and schedule.standing_since else ""
    return render_page(
        "packet",
        "binder.html",
        speaks,
        replace(style, large=False),
        binder=binder,
        schedule=schedule,
        left=left,
        visits=[_visit_row(visit, binder, speaks) for visit in schedule.visits],
        waiting=schedule.waiting,
        deviations=[_deviation_row(visit, one, speaks) for visit, one in deviations],
        corrections=[_audit_row(line) for line in binder.corrections],
        handed_over=[_audit_row(line) for line in binder.handed_over],
        page=BINDER,
        editions={BINDER: edition_of(schedule, sorted(binder.promised.items()), binder.lines, binder.head)},
        as_of_day=as_of_day(schedule),
        protocol_version=schedule.protocol_version,
    )


def _visit_row(visit: StaffVisitView, binder: Binder, speaks: Language) -> tuple[str, ...]:
    promised = binder.promised.get(visit.code) if visit.is_done else visit.planned
    is_dated = visit.kind is not Kind.MILESTONE and not visit.unscheduled
    return (
        visit.code,
        speaks.iso_day(visit.target) if is_dated else "",
        f"{visit.earliest} - {visit.latest}" if is_dated else "",
        speaks.iso_day(promised) if promised and not visit.is_off else "",
        speaks.iso_day(visit.actual) if visit.actual else "",
        speaks.say(STATUSES[visit.status]) if visit.status else "",
        speaks.say(SHORT_GIVEN[visit.given]) if visit.given else "",
    )


def _deviation_row(visit: StaffVisitView, one: Deviation, speaks: Language) -> tuple[str, ...]:
    return visit.code, speaks.iso_day(one.day), f"{one.earliest} - {one.latest}", say_deviation(one, speaks)


def _audit_row(line: AuditLine) -> tuple[str, ...]:
    who = f"{line.who} ({line.role})" if line.role else line.who
    return _say_instant(line.at), who, ", ".join(line.visits), line.old, line.new, line.reason
