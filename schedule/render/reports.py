"""The clinic's lists as a table for the terminal, as JSON, as CSV and as a spreadsheet. A row is never a formula."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from schedule.participant.state import Audience, Lateness
from schedule.render.language import N_, Language
from schedule.render.record import STANDINGS
from schedule.render.sentences import SHORT_KINDS, STATUSES
from schedule.render.tables import in_columns, spreadsheet_cell, wrapped
from schedule.report_rows import AgendaRow, DeviationRow, DueRow, OverdueRow, ParticipantRow, Row, TellRow

LISTS: dict[type[Row], str] = {
    AgendaRow: N_("Agenda"),
    DueRow: N_("Due"),
    OverdueRow: N_("Overdue"),
    DeviationRow: N_("Deviations"),
    TellRow: N_("To tell"),
    ParticipantRow: N_("Participants"),
}
"""The lists there are, by what a row of them is."""
HEADINGS = {
    "site": N_("Site"), "day": N_("Day"), "start": N_("Start"), "end": N_("End"), "participant": N_("Participant"),
    "code": N_("Visit"), "kind": N_("Kind"), "status": N_("Status"), "earliest": N_("Earliest"),
    "latest": N_("Latest"), "slack": N_("Slack"), "to_rebook": N_("To rebook"), "days_left": N_("Days left"),
    "lateness": N_("What to do"), "days": N_("Days late"), "attempts": N_("Attempts"),
    "days_outside": N_("Days outside"), "too_close_to": N_("Too close to"), "days_apart": N_("Days apart"),
    "reason": N_("Reason"), "audience": N_("Tell whom"), "since": N_("Since (UTC)"), "next_visit": N_("Next visit"),
    "next_day": N_("Next day"), "to_tell": N_("To tell"), "overdue": N_("Overdue"),
}  # fmt: skip
LATENESS = {Lateness.OVERDUE: N_("call the participant"), Lateness.TO_RECORD: N_("record it as missed")}
AUDIENCES = {Audience.PARTICIPANT: N_("the participant"), Audience.PHARMACY: N_("the pharmacy")}
WORDS: dict[Any, str] = {**STATUSES, **SHORT_KINDS, **STANDINGS, **LATENESS, **AUDIENCES}
SOME_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - when every spreadsheet says that it was made: same rows, same bytes


def report_table(rows: Sequence[Row], of: type[Row], speaks: Language, *, width: int) -> str:
    """Return the list as lines of at most ``width`` columns: a table, or two lines a row where a table has no room."""
    if not rows:
        return speaks.say("{list}: nothing", list=speaks.say(LISTS[of]))
    heads = [*_headings(of, speaks)]
    shown = [report_cells(row, speaks) for row in rows]
    table = in_columns(heads, shown, width)
    return "\n".join(table or [line for row in shown for line in _stacked(row, _names(of), heads, speaks, width)])


SPEAKS_FOR_ITSELF = {"site", "participant", "code", "kind", "status", "lateness", "audience"}


def _stacked(
    row: Sequence[str], names: Sequence[str], heads: Sequence[str], speaks: Language, width: int
) -> Iterator[str]:
    """Yield a row as a line of what speaks for itself, and one of what needs its heading."""
    cells = [*zip(names, heads, row, strict=True)]
    yield from wrapped("  ".join(cell for name, _, cell in cells if cell and name in SPEAKS_FOR_ITSELF), width)
    headed = [
        speaks.say("{about}: {said}", about=head, said=cell)
        for name, head, cell in cells
        if cell and name not in SPEAKS_FOR_ITSELF
    ]
    yield from wrapped("; ".join(headed), width, indent="    ")


def report_heads(of: type[Row], speaks: Language) -> list[tuple[str, str]]:
    """Return the list's columns for a page: the name and the heading of each."""
    return [*zip(_names(of), _headings(of, speaks), strict=True)]


def report_cells(row: Row, speaks: Language) -> list[str]:
    """Return what a page shows of a row, a text for each column."""
    return [_show(value, speaks) for value in _values(row)]


def report_file(rows: Iterable[Row], of: type[Row], kind: str, speaks: Language) -> bytes:
    """Return the list as a file of a kind: json, csv or xlsx."""
    if kind == "xlsx":
        return report_xlsx(rows, of, speaks)
    return report_csv(rows, of) if kind == "csv" else report_json(tuple(rows)).encode() + b"\n"


def report_json(rows: Sequence[Row]) -> str:
    """Return the list as JSON: days are ISO, times local without a zone, instants in UTC."""
    return json.dumps([*map(_record, rows)], ensure_ascii=False, indent=2)


def report_csv(rows: Iterable[Row], of: type[Row]) -> bytes:
    """Return the list as CSV, headed by the names of the JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_names(of))
    writer.writerows([spreadsheet_cell(_plain(value)) for value in _values(row)] for row in rows)
    return text.getvalue().encode()


def report_xlsx(rows: Iterable[Row], of: type[Row], speaks: Language) -> bytes:
    """Return the list as a spreadsheet. Rows are written as they come and are not held; same rows, same bytes."""
    import xlsxwriter  # noqa: PLC0415 - few lists become spreadsheets

    data = io.BytesIO()
    title = speaks.say(LISTS[of])
    with xlsxwriter.Workbook(data, {"constant_memory": True}) as book:
        book.set_properties({"title": title, "created": SOME_DAY})
        day, time = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(_names(of)) - 1, 16)
        bold = book.add_format({"bold": True})
        for column, heading in enumerate(_headings(of, speaks)):
            sheet.write_string(0, column, heading, bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(_values(row)):
                if isinstance(value, datetime):
                    utc = value.astimezone(UTC) if value.tzinfo else value
                    sheet.write_datetime(number, column, utc.replace(tzinfo=None), time)
                elif isinstance(value, date):
                    sheet.write_datetime(number, column, value, day)
                elif isinstance(value, int) and not isinstance(value, bool):
                    sheet.write_number(number, column, value)
                elif value not in (None, ""):
                    sheet.write_string(number, column, _show(value, speaks))
    return data.getvalue()


def _names(of: type[Row]) -> list[str]:
    return [field.name for field in fields(of)]


def _headings(of: type[Row], speaks: Language) -> Iterator[str]:
    return (speaks.say(HEADINGS[name]) for name in _names(of))


def _values(row: Row) -> list[Any]:
    return [getattr(row, name) for name in _names(type(row))]


def _record(row: Row) -> dict[str, Any]:
    return {name: _plain(value) for name, value in zip(_names(type(row)), _values(row), strict=True)}


def _plain(value: object) -> object:
    """Return a value for programs."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if value.tzinfo else f"{value:%Y-%m-%dT%H:%M}"
    return value.isoformat() if isinstance(value, date) else value


def _show(value: object, speaks: Language) -> str:
    """Return a value for reading; nothing for what is not known, and for no."""
    if value is None or value is False:
        return ""
    if value is True:
        return speaks.say("yes")
    if isinstance(value, Enum):
        return speaks.say(WORDS[value])
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if value.tzinfo else f"{value:%H:%M}"
    return speaks.iso_day(value) if isinstance(value, date) else str(value)
