"""Taper plans: CSV, as a doctor or a spreadsheet writes it, into a :class:`~schedule.planning.taper.TaperPlan`."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from schedule.errors import InvalidInput, Problem, nearest_names
from schedule.files.structure import LARGEST_DECIMAL, LONGEST_TEXT
from schedule.files.text import forbidden_character, read_text
from schedule.files.values import read_date
from schedule.planning.taper import TaperPlan
from schedule.study.offsets import Offset
from schedule.study.protocol import TaperStep, Text

T = TypeVar("T")

COLUMNS = ("from", "dose_mg", "instruction_en", "instruction_es")
MAY_RISE = "allow_increase"
"""The column that may be left out."""
SEPARATORS = (",", ";", "\t")
MOST_STEPS = 200

_DAY_NUMBER = re.compile(r"[0-9]{1,4}", re.ASCII)
_DOSE = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,2})?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}", re.ASCII)
_MANY_DECIMALS = re.compile(r"[0-9]+\.[0-9]{3,}", re.ASCII)
_WITH_UNIT = re.compile(r"([0-9]+(?:[.,][0-9]+)?)\s*mg\b.*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row by its number, as spreadsheets count them, and its cells by the names of their columns."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """The first day of a step: a date as its ordinal, or the number of a day."""

    row: _Row
    is_date: bool
    ordinal: int


@dataclass(slots=True, kw_only=True)
class _Found:
    """All that is wrong with a file, each with its row."""

    file: str
    problems: list[tuple[int, Problem]] = field(default_factory=list)

    def tell(self, row: int, column: str, wrong: str, remedy: str) -> None:
        place = ", ".join(part for part in (f"row {row}" if row else "", column) if part)
        self.problems.append((row, Problem(file=self.file, place=place, wrong=wrong, remedy=remedy)))

    def read(self, row: _Row, column: str, reader: Callable[[str], T]) -> T | None:
        """Read a cell; where it cannot be read, keep the problem and return None."""
        text = row.cells.get(column, "")
        try:
            return reader(text)
        except ValueError as error:
            wrong, _, remedy = str(error).partition("; ")
            shown = ascii(text if len(text) <= 40 else text[:37] + "...")
            self.tell(row.number, column, f"{shown} {wrong}" if text else "is empty", remedy)
            return None

    def stop(self) -> None:
        """Raise InvalidInput if anything is wrong, in the order of the rows."""
        if self.problems:
            raise InvalidInput(problem for _, problem in sorted(self.problems, key=lambda one: one[0]))


def read_taper(path: Path) -> TaperPlan:
    """Read and check a taper plan from its file, as :func:`parse_taper` does."""
    return parse_taper(read_text(path), file=str(path))


def parse_taper(text: str, *, file: str) -> TaperPlan:
    """Read and check a taper plan. Raises InvalidInput with all that is wrong in it, by row and column.

    The first row names the columns; commas, semicolons or tabs part them. ``from`` is a date in every row, or the
    number of a day in every row: day 1 is the first day of the taper.
    """
    found = _Found(file=file)
    rows = _read_rows(text, found)
    found.stop()
    starts = [_read_start(row, found) for row in rows]
    _check_order(starts, found)
    known = [start for start in starts if start]
    steps = [_read_step(row, start.ordinal - known[0].ordinal if start else 0, found)
             for row, start in zip(rows, starts, strict=True)]  # fmt: skip
    found.stop()
    return TaperPlan(
        file=file,
        first_day=date.fromordinal(known[0].ordinal) if known[0].is_date else None,
        steps=tuple(step for step in steps if step),
        day_places=tuple(f"row {row.number}, from" for row in rows),
        dose_places=tuple(f"row {row.number}, dose_mg" for row in rows),
    )


def _read_rows(text: str, found: _Found) -> list[_Row]:
    """Return the rows that are not blank, without the header."""
    header = ",".join(COLUMNS)
    if not text.strip():
        found.tell(0, "", "is empty", f"write {header} into the first row, and then a row for each step")
        return []
    first_line = text.splitlines()[0]
    separator = max(SEPARATORS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        names, *lines = ([cell.strip() for cell in line] for line in reader)
    except csv.Error as error:
        found.tell(0, f"line {reader.line_num}", f"is no CSV ({error})", "close its quotation marks, or save it anew")
        return []
    names = [name.lower() for name in names]
    if not {*names} & {*COLUMNS}:
        found.tell(1, "", "does not name the columns", f"write {header} into the first row")
        return []
    _check_header(names, found)
    rows = [_Row(number=number, cells=dict(zip(names, line, strict=False))) for number, line in _not_blank(lines)]
    for number, line in _not_blank(lines):
        if any(line[len(names) :]):
            remedy = f'put a text that holds "{separator}" between quotation marks; write 7.5, not 7,5'
            found.tell(number, "", f"has {len(line)} cells, and the first row {len(names)}", remedy)
    if not rows:
        found.tell(0, "", "has no step", "write a row for each step below the first row")
    if len(rows) > MOST_STEPS:
        found.problems.clear()
        found.tell(0, "", f"has {len(rows):,} steps", f"a taper has at most {MOST_STEPS}; is it the right file?")
    return rows


def _not_blank(lines: Sequence[list[str]]) -> list[tuple[int, list[str]]]:
    return [(number, line) for number, line in enumerate(lines, start=2) if any(line)]


def _check_header(names: Sequence[str], found: _Found) -> None:
    known = (*COLUMNS, MAY_RISE)
    for column in COLUMNS:
        if column not in names:
            found.tell(1, column, "is missing", f"write {','.join(COLUMNS)} into the first row")
    for place, name in enumerate(names):
        if name and name not in known:
            remedy = nearest_names(name, known, or_else="delete the column")
            found.tell(1, "", f"there is no column {name[:40]!a}", remedy)
        elif name in names[:place] and name:
            found.tell(1, name, "stands there twice", "delete one of the two columns")


def _read_start(row: _Row, found: _Found) -> _Start | None:
    start = found.read(row, "from", read_start)
    if start is None:
        return None
    if isinstance(start, date):
        return _Start(row=row, is_date=True, ordinal=start.toordinal())
    return _Start(row=row, is_date=False, ordinal=start)


def _check_order(starts: Sequence[_Start | None], found: _Found) -> None:
    known = [start for start in starts if start]
    for start in known[1:]:
        if start.is_date != known[0].is_date:
            kinds = ("a date", "the number of a day") if start.is_date else ("the number of a day", "a date")
            wrong = f"is {kinds[0]}, but row {known[0].row.number} has {kinds[1]}"
            found.tell(start.row.number, "from", wrong, "write dates in all rows, or numbers of days in all rows")
    if starts[0] and not starts[0].is_date and starts[0].ordinal != 1:
        found.tell(
            starts[0].row.number,
            "from",
            f"is day {starts[0].ordinal}, and no step says what is taken from day 1 on",
            "write 1 in the first step: the first day of the taper",
        )
    for before, start in pairwise(start for start in known if start.is_date == known[0].is_date):
        if start.ordinal <= before.ordinal:
            days = (start.row.cells["from"], before.row.cells["from"])
            wrong = f"{days[0]} is not later than {days[1]} in row {before.row.number}"
            found.tell(start.row.number, "from", wrong, "put the steps in the order of their days")


def _read_step(row: _Row, days: int, found: _Found) -> TaperStep | None:
    dose = found.read(row, "dose_mg", read_dose)
    en = found.read(row, "instruction_en", _read_instruction)
    es = found.read(row, "instruction_es", _read_instruction)
    may_rise = found.read(row, MAY_RISE, _read_yes)
    if dose is None or en is None or es is None or may_rise is None:
        return None
    instruction = Text(en=en, es=es)
    return TaperStep(starts=Offset(days=days), dose_mg=dose, instruction=instruction, allow_increase=may_rise)


def read_start(text: str) -> date | int:
    """Read ``2026-06-16`` or the number of a day, from 1. Raises ValueError."""
    if not _DAY_NUMBER.fullmatch(text):
        try:
            return read_date(text)
        except ValueError as error:
            if "is not a date" not in str(error):
                raise
            raise ValueError("is no day; write a date such as 2026-06-16, or 1 for the taper's first day") from None
    if int(text) == 0:
        raise ValueError("is before the taper's first day; write 1 for the first day")
    return int(text)


def read_dose(text: str) -> Decimal:
    """Read milligrams a day, ``20`` or ``7.5``. Raises ValueError."""
    if found := _WITH_UNIT.fullmatch(text):
        raise ValueError(f"has a unit; write the number alone: {found[1].replace(',', '.')}")
    if _DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"has a decimal comma; write {text.replace(',', '.')}")
    if text.startswith(("-", "\N{MINUS SIGN}")):
        raise ValueError("is negative; write the milligrams a day, 0 or more")
    if _MANY_DECIMALS.fullmatch(text):
        raise ValueError("has more than 2 decimals; write at most 2, such as 7.25")
    if not _DOSE.fullmatch(text):
        raise ValueError("is not a number; write the milligrams a day, such as 20 or 7.5")
    if Decimal(text) > LARGEST_DECIMAL:
        raise ValueError(f"is more than {LARGEST_DECIMAL:,} mg a day; check the number")
    return Decimal(text)


def _read_instruction(text: str) -> str:
    if not text:
        raise ValueError("is empty; write what the participant reads, in both languages")
    if character := forbidden_character(text):
        raise ValueError(f"holds the control character {character}; delete it and write the text on one line")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"has {len(text):,} characters; write at most {LONGEST_TEXT:,}")
    return text


def _read_yes(text: str) -> bool:
    answers = {"yes": True, "no": False, "": False}
    if text.lower() not in answers:
        raise ValueError("is neither yes nor no; write yes where the dose may rise, else no")
    return answers[text.lower()]
