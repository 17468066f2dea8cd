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

from schedule.errors import InvalidInput, Misread, Problem, nearest_names
from schedule.files.structure import LARGEST_DECIMAL, LONGEST_TEXT
from schedule.files.text import forbidden_character, read_text
from schedule.files.values import read_date
from schedule.planning.taper import TaperPlan
from schedule.saying import words
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
        place = _place(row, column)
        self.problems.append((row, Problem(file=self.file, place=place, wrong=wrong, remedy=remedy)))

    def read(self, row: _Row, column: str, reader: Callable[[str], T]) -> T | None:
        """Read a cell; where it cannot be read, keep the problem and return None."""
        text = row.cells.get(column, "")
        try:
            return reader(text)
        except Misread as error:
            shown = ascii(text if len(text) <= 40 else text[:37] + "...")
            wrong = words("{value} {wrong}", value=shown, wrong=error.wrong) if text else words("is empty")
            self.tell(row.number, column, wrong, error.remedy)
            return None

    def stop(self) -> None:
        """Raise InvalidInput if anything is wrong, in the order of the rows."""
        if self.problems:
            raise InvalidInput(problem for _, problem in sorted(self.problems, key=lambda one: one[0]))


def _place(row: int, column: str) -> str:
    """Return where a problem stands; no row stands for the whole file."""
    if not row:
        return column
    if not column:
        return words("row {number}", number=row)
    return words("row {number}, {column}", number=row, column=column)


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
        day_places=tuple(_place(row.number, "from") for row in rows),
        dose_places=tuple(_place(row.number, "dose_mg") for row in rows),
    )


def _read_rows(text: str, found: _Found) -> list[_Row]:
    """Return the rows that are not blank, without the header."""
    header = ",".join(COLUMNS)
    if not text.strip():
        remedy = words("write {header} into the first row, and then a row for each step", header=header)
        found.tell(0, "", words("is empty"), remedy)
        return []
    first_line = text.splitlines()[0]
    separator = max(SEPARATORS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        names, *lines = ([cell.strip() for cell in line] for line in reader)
    except csv.Error as error:
        place, wrong = words("line {number}", number=reader.line_num), words("is no CSV ({error})", error=str(error))
        found.tell(0, place, wrong, words("close its quotation marks, or save it anew"))
        return []
    names = [name.lower() for name in names]
    if not {*names} & {*COLUMNS}:
        remedy = words("write {header} into the first row", header=header)
        found.tell(1, "", words("does not name the columns"), remedy)
        return []
    _check_header(names, found)
    rows = [_Row(number=number, cells=dict(zip(names, line, strict=False))) for number, line in _not_blank(lines)]
    for number, line in _not_blank(lines):
        if any(line[len(names) :]):
            wrong = words("has {count} cells, and the first row {wanted}", count=len(line), wanted=len(names))
            remedy = words(
                'put a text that holds "{separator}" between quotation marks; write 7.5, not 7,5', separator=separator
            )
            found.tell(number, "", wrong, remedy)
    if not rows:
        found.tell(0, "", words("has no step"), words("write a row for each step below the first row"))
    if len(rows) > MOST_STEPS:
        found.problems.clear()
        remedy = words("a taper has at most {most}; is it the right file?", most=MOST_STEPS)
        found.tell(0, "", words("has {count:,} steps", count=len(rows)), remedy)
    return rows


def _not_blank(lines: Sequence[list[str]]) -> list[tuple[int, list[str]]]:
    return [(number, line) for number, line in enumerate(lines, start=2) if any(line)]


def _check_header(names: Sequence[str], found: _Found) -> None:
    known = (*COLUMNS, MAY_RISE)
    for column in COLUMNS:
        if column not in names:
            remedy = words("write {header} into the first row", header=",".join(COLUMNS))
            found.tell(1, column, words("is missing"), remedy)
    for place, name in enumerate(names):
        if name and name not in known:
            wrong = words("there is no column {name!a}", name=name[:40])
            found.tell(1, "", wrong, nearest_names(name, known, or_else=words("delete the column")))
        elif name in names[:place] and name:
            found.tell(1, name, words("stands there twice"), words("delete one of the two columns"))


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
            wrong = (
                words("is a date, but row {number} has the number of a day", number=known[0].row.number)
                if start.is_date
                else words("is the number of a day, but row {number} has a date", number=known[0].row.number)
            )
            remedy = words("write dates in all rows, or numbers of days in all rows")
            found.tell(start.row.number, "from", wrong, remedy)
    if starts[0] and not starts[0].is_date and starts[0].ordinal != 1:
        found.tell(
            starts[0].row.number,
            "from",
            words("is day {number}, and no step says what is taken from day 1 on", number=starts[0].ordinal),
            words("write 1 in the first step: the first day of the taper"),
        )
    for before, start in pairwise(start for start in known if start.is_date == known[0].is_date):
        if start.ordinal <= before.ordinal:
            wrong = words(
                "{day} is not later than {before} in row {number}",
                day=start.row.cells["from"],
                before=before.row.cells["from"],
                number=before.row.number,
            )
            found.tell(start.row.number, "from", wrong, words("put the steps in the order of their days"))


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
    """Read ``2026-06-16`` or the number of a day, from 1. Raises Misread."""
    if not _DAY_NUMBER.fullmatch(text):
        try:
            return read_date(text)
        except Misread as error:
            if "is not a date" not in error.wrong:
                raise
            remedy = words("write a date such as 2026-06-16, or 1 for the taper's first day")
            raise Misread(words("is no day"), remedy) from None
    if int(text) == 0:
        raise Misread(words("is before the taper's first day"), words("write 1 for the first day"))
    return int(text)


def read_dose(text: str) -> Decimal:
    """Read milligrams a day, ``20`` or ``7.5``. Raises Misread."""
    if found := _WITH_UNIT.fullmatch(text):
        number = found[1].replace(",", ".")
        raise Misread(words("has a unit"), words("write the number alone: {number}", number=number))
    if _DECIMAL_COMMA.fullmatch(text):
        raise Misread(words("has a decimal comma"), words("write {number}", number=text.replace(",", ".")))
    if text.startswith(("-", "\N{MINUS SIGN}")):
        raise Misread(words("is negative"), words("write the milligrams a day, 0 or more"))
    if _MANY_DECIMALS.fullmatch(text):
        raise Misread(words("has more than 2 decimals"), words("write at most 2, such as 7.25"))
    if not _DOSE.fullmatch(text):
        raise Misread(words("is not a number"), words("write the milligrams a day, such as 20 or 7.5"))
    if Decimal(text) > LARGEST_DECIMAL:
        raise Misread(words("is more than {most:,} mg a day", most=LARGEST_DECIMAL), words("check the number"))
    return Decimal(text)


def _read_instruction(text: str) -> str:
    if not text:
        raise Misread(words("is empty"), words("write what the participant reads, in both languages"))
    if character := forbidden_character(text):
        wrong = words("holds the control character {character}", character=character)
        raise Misread(wrong, words("delete it and write the text on one line"))
    if len(text) > LONGEST_TEXT:
        wrong = words("has {count:,} characters", count=len(text))
        raise Misread(wrong, words("write at most {most:,}", most=LONGEST_TEXT))
    return text


def _read_yes(text: str) -> bool:
    answers = {"yes": True, "no": False, "": False}
    if text.lower() not in answers:
        raise Misread(words("is neither yes nor no"), words("write yes where the dose may rise, else no"))
    return answers[text.lower()]
