"""Rosters: a spreadsheet saved as CSV into rows of participants, read line by line, twice, and never held as a whole.

First it is surveyed: its delimiter and columns, how many rows there are, which sites they name, who stands in it twice.
Then its rows are read one after another, each with everything that is wrong in it.
"""

import csv
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TypeVar

from schedule.errors import InvalidInput, Problem, Unreadable, nearest_names
from schedule.files.text import forbidden_character
from schedule.files.values import read_date, read_participant
from schedule.participant.state import ParticipantId

T = TypeVar("T")

COLUMNS = ("participant", "randomized", "day0", "site", "steroids", "lang")
SEALED = "cohort"
"""The column that only the pharmacist's roster has. What stands in it is passed on unread."""
COORDINATOR_CALENDAR = "coordinator.ics"
"""What lies beside the participants' folders: none of them may have its name."""
DELIMITERS = (",", ";", "\t")
LONGEST_LINE = 10_000
"""Characters of the longest line that is read: memory depends on it, and not on the number of lines."""
_SHOWN = 40

_STEROIDS = {"yes": True, "sí": True, "si": True, "no": False}
_LANGUAGES = ("en", "es")
_OTHER_FILES = {
    b"PK\x03\x04": "it is a spreadsheet's own file",
    b"\xd0\xcf\x11\xe0": "it is a spreadsheet's own file",
    b"\xff\xfe": "it is UTF-16",
    b"\xfe\xff": "it is UTF-16",
}
_MANGLED = re.compile(
    r"[0-9]{1,2}[./ -][0-9]{1,2}[./ -](?:[0-9]{2}|[0-9]{4})(?: .*)?"
    r"|[0-9]{1,2}[./ -][^\W\d_]{3,}\.?[./ -][0-9]{2,4}"
    r"|[0-9]{5}"
)
"""How spreadsheets rewrite dates: 3/2/2026, 2-Mar-26, or the number of a day."""
_BYTE = re.compile("[\udc80-\udcff]")
"""What stands for a byte that is not UTF-8."""

Check = Callable[[str], tuple[str, str] | None]
"""Looks at a cell: None, or what is wrong with it and what to write instead. The cell is shown before the words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What rows are read against."""

    asks_about_steroids: bool
    needs_site: bool = False
    """Whether days are booked: a row without a site has no times."""
    sealed: bool = False
    """Whether it is the pharmacist's roster: it has cohorts, and what is wrong is told without showing a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """What a survey finds."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    rows: int
    """How many rows stand below the header, blank ones not counted."""
    sites: tuple[str, ...]
    """What is written in the column of sites, each once, in the order of the rows."""
    twice: Mapping[str, tuple[int, int]]
    """Participants who stand in more than one row, in small letters, and their first two rows."""
    stamp: tuple[int, ...]
    """What changes when the file does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRow:
    """A row in which nothing is wrong. Its number is the spreadsheet's: the header is row 1."""

    number: int
    participant: ParticipantId
    randomized: date
    day0: date | None
    site: str
    """As it is written; empty where no site is named."""
    steroids: bool | None
    lang: str
    sealed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that cannot be used, and everything that is wrong with it."""

    number: int
    problems: tuple[Problem, ...]


def survey(path: Path, terms: Terms) -> Roster:
    """Read the whole roster for what must be known before its first row is used.

    Raises Unreadable, with all problems of the header, where no row can be read, and InvalidInput where there is none.
    """
    with _opened(path) as file:
        stamp = _stamp(file)
        delimiter, columns = _read_header(file, path, terms)
        first: dict[str, int] = {}
        twice: dict[str, tuple[int, int]] = {}
        sites: dict[str, None] = {}
        rows = 0
        for number, cells in _records(file, path, delimiter):
            rows += 1
            if cells is None or len(cells) < len(columns):
                continue
            named = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
            code = named["participant"].lower()
            if code in first:
                twice.setdefault(code, (first[code], number))
            elif code:
                first[code] = number
            site = named.get("site")
            if site and not forbidden_character(site):
                sites[site] = None
    if not rows:
        problem = Problem(
            file=str(path), place="", wrong="there is no participant below the header", remedy="write a row for each"
        )
        raise InvalidInput([problem])
    return Roster(
        path=path, delimiter=delimiter, columns=columns, rows=rows, sites=tuple(sites), twice=twice, stamp=stamp
    )


def read_rows(roster: Roster, terms: Terms, checks: Mapping[str, Check]) -> Iterator[RosterRow | BadRow]:
    """Yield the rows of a surveyed roster; ``checks`` looks at columns whose meaning others know.

    Raises InvalidInput when the file is no longer the one that was surveyed.
    """
    with _opened(roster.path) as file:
        file.readline()
        for number, cells in _records(file, roster.path, roster.delimiter):
            if _stamp(file) != roster.stamp:
                wrong, remedy = "it was changed while it was read", "run the command again"
                raise InvalidInput([Problem(file=str(roster.path), place="", wrong=wrong, remedy=remedy)])
            yield _read_row(_Row(number, roster, terms), cells, checks)


@contextmanager
def _opened(path: Path) -> Iterator[TextIOWrapper]:
    """Open the roster; a byte that is not UTF-8 is kept for the row that holds it to be told."""
    try:
        if path.is_dir():
            raise _unreadable(path, "it is a folder", "name a file in it")
        if not path.exists():
            raise _unreadable(path, "there is no such file", "check the name and the folder")
        if not path.is_file():
            raise _unreadable(path, "it is no ordinary file", "save the roster as a file: it is read twice")
        raw: BinaryIO = path.open("rb")
    except OSError as error:
        raise _unreadable(path, f"it cannot be read ({error.strerror})", "check its permissions") from error
    with raw:
        begins = raw.read(4)
        raw.seek(0)
        for other, what in _OTHER_FILES.items():
            if begins.startswith(other):
                raise _unreadable(path, what, "save it as CSV UTF-8")
        yield TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _stamp(file: TextIOWrapper) -> tuple[int, ...]:
    now = os.fstat(file.fileno())
    return now.st_ino, now.st_size, now.st_mtime_ns


def _unreadable(path: Path, wrong: str, remedy: str, *, place: str = "") -> Unreadable:
    return Unreadable([Problem(file=str(path), place=place, wrong=wrong, remedy=remedy)])


def _lines(file: TextIOWrapper, path: Path, *, first: int = 1) -> Iterator[str]:
    number = first
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            wrong = f"it has more than {LONGEST_LINE:,} characters"
            raise _unreadable(path, wrong, "is it the right file?", place=f"line {number}")
        yield line
        number += 1


def _records(file: TextIOWrapper, path: Path, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Yield the rows below the header that are not blank, with their numbers; None where quotation marks are amiss."""
    reader = csv.reader(_lines(file, path, first=2), delimiter=delimiter, strict=True)
    number = 1
    while True:
        number += 1
        lines = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if reader.line_num - lines > 1:
                wrong, remedy = "a quotation mark is opened and not closed", "close or delete it: it hides rows below"
                raise _unreadable(path, wrong, remedy, place=f"row {number}") from error
            yield number, None
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells


def _read_header(file: TextIOWrapper, path: Path, terms: Terms) -> tuple[str, tuple[str, ...]]:
    """Return the delimiter, the one that gives the most known columns, and the columns."""
    line = next(_lines(file, path), "")
    found = {delimiter: _header_cells(line, delimiter) for delimiter in DELIMITERS}
    known = {*COLUMNS, SEALED}
    delimiter = max(DELIMITERS, key=lambda one: len(known & set(found[one])))
    if not known & set(found[delimiter]):
        names = ",".join((*COLUMNS, SEALED) if terms.sealed else COLUMNS)
        raise _unreadable(path, "it names none of the columns", f"write {names} there", place="row 1")
    columns = tuple(found[delimiter])
    if problems := tuple(_check_columns(columns, terms)):
        raise Unreadable(
            Problem(file=str(path), place="row 1", wrong=wrong, remedy=remedy) for wrong, remedy in problems
        )
    return delimiter, columns


def _header_cells(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _check_columns(columns: tuple[str, ...], terms: Terms) -> Iterator[tuple[str, str]]:
    known = (*COLUMNS, SEALED) if terms.sealed else COLUMNS
    needed = ["participant", "randomized"]
    needed += ["steroids"] if terms.asks_about_steroids else []
    needed += [SEALED] if terms.sealed else []
    for column in needed:
        if column not in columns:
            yield f"there is no column {column}", "add it; a cell may not be blank there"
    for place, column in enumerate(columns, start=1):
        if column == SEALED and not terms.sealed:
            yield (
                f"there is a column {SEALED}",
                "delete it: masked people read this roster; the unblinded pharmacist alone, with a roster of "
                "their own, adds --pharmacy-out",
            )
        elif not column:
            yield f"column {place} has no name", "name it, or delete it"
        elif column not in known:
            remedy = nearest_names(column, set(known) - set(columns), or_else="delete the column")
            yield f"there is no such column as {_cut(column)}", remedy
        elif column in columns[: place - 1]:
            yield f"the column {column} stands twice", "delete one of the two"


def _cut(text: str) -> str:
    shown = ascii(text)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "..."


class _Row:
    """One row while it is read: its cells by column, and what is wrong with them."""

    def __init__(self, number: int, roster: Roster, terms: Terms) -> None:
        self.number = number
        self.roster = roster
        self.terms = terms
        self.cells: dict[str, str] = {}
        self.problems: list[Problem] = []

    def tell(self, wrong: str, remedy: str, *, column: str = "", cell: str = "") -> None:
        """Remember what is wrong; the cell is shown, but never one of a roster that has cohorts."""
        shown = f"{_cut(cell)} " if cell and not self.terms.sealed else ""
        place = f"row {self.number}, {column}" if column else f"row {self.number}"
        problem = Problem(file=str(self.roster.path), place=place, wrong=shown + wrong, remedy=remedy)
        self.problems.append(problem)

    def read(self, column: str, reader: Callable[[str], T]) -> T | None:
        """Return what the reader makes of the column's cell, without the blanks around it."""
        cell = self.cells.get(column, "")
        if byte := _BYTE.search(cell):
            value = ord(byte.group()) - 0xDC00
            self.tell(f"is not UTF-8 (byte 0x{value:02x})", "save the roster as CSV UTF-8", column=column)
            return None
        if character := forbidden_character(cell):
            self.tell(f"holds the control character {character}", "delete it", column=column)
            return None
        cell = cell.strip()
        try:
            return reader(cell)
        except ValueError as error:
            wrong, _, remedy = str(error).partition("; ")
            self.tell(wrong, remedy, column=column, cell=cell)
            return None


def _read_row(row: _Row, cells: list[str] | None, checks: Mapping[str, Check]) -> RosterRow | BadRow:
    columns = row.roster.columns
    if cells is None:
        row.tell("a quotation mark stands where none can", "write a cell between two of them, or without any")
    elif any(cell.strip() for cell in cells[len(columns) :]):
        remedy = "a cell that holds the delimiter stands between quotation marks"
        row.tell(f"it has {len(cells)} cells, but the header names {len(columns)}", remedy)
    elif len(cells) < len(columns):
        remedy = "leave a cell blank, but do not leave it out"
        row.tell(f"it has {len(cells)} cells, but the header names {len(columns)}", remedy)
    else:
        row.cells = dict(zip(columns, cells, strict=False))
        read = _read_cells(row, checks)
        if read:
            return read
    return BadRow(number=row.number, problems=tuple(row.problems))


def _read_cells(row: _Row, checks: Mapping[str, Check]) -> RosterRow | None:
    terms = row.terms
    participant = row.read("participant", _read_code)
    if participant and (rows := row.roster.twice.get(participant.lower())):
        other = rows[1] if rows[0] == row.number else rows[0]
        wrong = f"the same participant stands in row {other}; capital letters make no difference on some disks"
        row.tell(wrong, "keep one of the two", column="participant")
    randomized = row.read("randomized", _read_day)
    day0 = row.read("day0", lambda cell: _read_day(cell) if cell else None)
    if randomized and day0 and day0 < randomized:
        remedy = "check both dates: Day 0 is the day of randomization or later"
        row.tell(f"is before the randomization on {randomized}", remedy, column="day0", cell=str(day0))
    site = row.read("site", lambda cell: _checked(cell, checks.get("site")) if cell else _no_site(terms))
    steroids = row.read("steroids", lambda cell: _read_steroids(cell, terms))
    lang = row.read("lang", _read_lang)
    sealed = row.read(SEALED, lambda cell: _read_sealed(cell, checks.get(SEALED))) if terms.sealed else ""
    if row.problems or not participant or not randomized:
        return None
    return RosterRow(
        number=row.number,
        participant=participant,
        randomized=randomized,
        day0=day0,
        site=site or "",
        steroids=steroids,
        lang=lang or "en",
        sealed=sealed or "",
    )


def _read_code(cell: str) -> ParticipantId:
    if not cell:
        raise ValueError("is blank; write the participant's code, such as P-001")
    if cell.lower() == COORDINATOR_CALENDAR:
        raise ValueError("is the name of a file that lies beside the participants' folders; use another code")
    return read_participant(cell)


def _read_day(cell: str) -> date:
    if not cell:
        raise ValueError("is blank; write the day, such as 2026-03-02")
    if _MANGLED.fullmatch(cell):
        raise ValueError(
            "is a date as a spreadsheet writes it, and can be read in more than one way; write 2026-03-02 for "
            "2 March 2026, in a column that is formatted as text"
        )
    return read_date(cell)


def _read_steroids(cell: str, terms: Terms) -> bool | None:
    known = _STEROIDS.get(cell.lower())
    if cell and known is None:
        raise ValueError("is neither yes nor no; write yes or no")
    if not terms.asks_about_steroids:
        return None
    if known is None:
        raise ValueError("is blank; write yes or no: the protocol has dates only for those on them")
    return known


def _read_lang(cell: str) -> str:
    if cell and cell.lower() not in _LANGUAGES:
        raise ValueError("is no language that the papers are in; write en or es, or leave it blank for en")
    return cell.lower() or "en"


def _no_site(terms: Terms) -> str:
    if terms.needs_site:
        raise ValueError("is blank, and without a site there are no times to book; name a site")
    return ""


def _read_sealed(cell: str, check: Check | None) -> str:
    if not cell:
        raise ValueError("is blank; write the cohort")
    return _checked(cell, check)


def _checked(cell: str, check: Check | None) -> str:
    if check and (found := check(cell)):
        raise ValueError("; ".join(found))
    return cell
