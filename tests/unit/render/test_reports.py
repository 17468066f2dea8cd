"""The clinic's lists in every form, and a spreadsheet before a reader that nobody here wrote."""

import csv
import io
import json
from dataclasses import replace
from datetime import date, datetime

import openpyxl
import pytest
from records import FOUR_MONTHS, a_record

from schedule.participant.state import Audience, Lateness, Standing, Status
from schedule.render.language import language
from schedule.render.reports import LISTS, report_csv, report_json, report_table, report_xlsx
from schedule.report_rows import (
    AgendaRow,
    DeviationRow,
    DueRow,
    OverdueRow,
    ParticipantRow,
    Row,
    TellRow,
    agenda_rows,
    deviation_rows,
    due_rows,
    overdue_rows,
    participant_row,
    tell_rows,
)

KEPT = a_record(*FOUR_MONTHS, as_of="2026-07-20")
STATE, RULES = KEPT.state, KEPT.rules
ROWS: dict[type[Row], tuple[Row, ...]] = {
    AgendaRow: tuple(agenda_rows(STATE, RULES, first=date(2026, 6, 19), last=date(2026, 8, 5))),
    DueRow: tuple(due_rows(STATE, RULES, first=date(2026, 7, 20), last=date(2026, 8, 20))),
    OverdueRow: tuple(overdue_rows(STATE, RULES.today)),
    DeviationRow: tuple(deviation_rows(STATE)),
    TellRow: tuple(tell_rows(STATE)),
    ParticipantRow: (participant_row(STATE, RULES.today),),
}
each_list = pytest.mark.parametrize("of", ROWS, ids=lambda of: of.__name__)


def test_the_agenda_holds_what_stands_on_the_days_that_were_asked_for() -> None:
    rows = [row for row in ROWS[AgendaRow] if isinstance(row, AgendaRow)]

    assert [(row.code, row.day, row.status) for row in rows] == [
        ("TAPER", date(2026, 6, 19), Status.PLANNED), ("U1", date(2026, 6, 19), Status.DONE),
        ("M4", date(2026, 7, 7), Status.BOOKED), ("M5", date(2026, 8, 5), Status.PLANNED),
    ]  # fmt: skip
    assert [row.slack for row in rows] == [0, None, 5, 7]
    assert rows[2].start == datetime(2026, 7, 7, 9)


def test_due_is_what_is_open_and_not_late_and_overdue_what_is() -> None:
    due = [row for row in ROWS[DueRow] if isinstance(row, DueRow)]
    overdue = [row for row in ROWS[OverdueRow] if isinstance(row, OverdueRow)]

    assert [(row.code, row.days_left) for row in due] == [("M5", 23)]
    assert [(row.code, row.lateness, row.days) for row in overdue] == [
        ("TAPER", Lateness.OVERDUE, 31), ("M4", Lateness.OVERDUE, 8),
    ]  # fmt: skip


def test_a_deviation_tells_how_far_outside_and_why() -> None:
    (row,) = [row for row in ROWS[DeviationRow] if isinstance(row, DeviationRow)]

    assert (row.code, row.day, row.days_outside, row.reason) == ("M1", date(2026, 4, 14), 3, "the roads were closed")


def test_what_is_to_be_told_names_the_audience_and_a_held_visit_no_day() -> None:
    rows = [row for row in ROWS[TellRow] if isinstance(row, TellRow)]

    held = [(row.audience, row.day, row.start) for row in rows if row.code == "M6"]
    assert held == [(Audience.PARTICIPANT, None, None), (Audience.PHARMACY, None, None)]


def test_a_participant_s_row_counts_what_is_open() -> None:
    (row,) = [row for row in ROWS[ParticipantRow] if isinstance(row, ParticipantRow)]

    assert (row.status, row.next_visit, row.next_day) == (Standing.ACTIVE, "M5", date(2026, 8, 5))
    assert (row.overdue, row.to_tell) == (2, len(ROWS[TellRow]))


@each_list
@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("width", [160, 40])
def test_a_table_has_a_line_for_every_row_and_no_enum_or_none_in_it(of: type[Row], lang: str, width: int) -> None:
    text = report_table(ROWS[of], of, language(lang), width=width)

    assert len(text.splitlines()) >= len(ROWS[of])
    assert max(map(len, text.splitlines())) <= width
    assert "None" not in text
    assert "Status." not in text


def test_a_narrow_terminal_still_says_what_a_date_means() -> None:
    lines = report_table(ROWS[DueRow], DueRow, language("en"), width=90).splitlines()

    assert lines[0].startswith("gainesville  P-001  ")
    assert lines[1] == "    Day: Wed 2026-08-05; Earliest: Sun 2026-08-02; Latest: Wed 2026-08-12; Days left: 23"


@each_list
def test_an_empty_list_says_so_and_its_csv_still_has_its_headings(of: type[Row]) -> None:
    assert report_table((), of, language("en"), width=80) == f"{LISTS[of]}: nothing"
    assert report_csv((), of).count(b"\r\n") == 1
    assert report_json(()) == "[]"


@each_list
def test_json_and_csv_hold_the_same(of: type[Row]) -> None:
    records = json.loads(report_json(ROWS[of]))
    rows = list(csv.DictReader(io.StringIO(report_csv(ROWS[of], of).decode(), newline="")))

    assert [{key: "" if value is None else str(value).lower() for key, value in one.items()} for one in records] == [
        {key: value.lower() for key, value in one.items()} for one in rows
    ]


@each_list
@pytest.mark.parametrize("lang", ["en", "es"])
def test_another_program_reads_the_spreadsheet_with_dates_as_dates(of: type[Row], lang: str) -> None:
    data = report_xlsx(ROWS[of], of, language(lang))

    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet.max_row == 1 + len(ROWS[of])
    assert sheet.title == language(lang).say(LISTS[of])
    first = ROWS[of][0]
    if isinstance(first, AgendaRow):
        assert sheet["B2"].value == datetime(2026, 6, 19)
        assert sheet["B2"].is_date
    assert data == report_xlsx(ROWS[of], of, language(lang))


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "https://example.org", "007"])
def test_a_reason_is_never_run_as_a_formula_or_made_into_something_else(words: str) -> None:
    (row,) = (replace(row, reason=words) for row in ROWS[DeviationRow] if isinstance(row, DeviationRow))

    cell = openpyxl.load_workbook(io.BytesIO(report_xlsx([row], DeviationRow, language("en")))).active["K2"]
    (line,) = csv.DictReader(io.StringIO(report_csv([row], DeviationRow).decode(), newline=""))

    assert (cell.value, cell.data_type, cell.hyperlink) == (words, "s", None)
    assert not line["reason"].startswith(("=", "+", "-", "@", "\t"))
