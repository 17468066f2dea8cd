"""The list of allocations: a CSV file with the columns participant and cohort. What stands in a cell is never shown."""

import csv
from collections.abc import Collection, Iterator
from io import StringIO
from pathlib import Path

from schedule.errors import InvalidInput, Problem, UnknownName
from schedule.files.text import forbidden_character, read_text
from schedule.files.values import read_participant
from schedule.participant.state import ParticipantId
from schedule.study.protocol import Protocol
from schedule.unblinded.allocation import Allocation, allocate
from schedule.unblinded.envelopes import room_for_code

COLUMNS = ("participant", "cohort")
DELIMITERS = (",", ";", "\t")


class SealingList:
    """Allocations on their way into envelopes: checked one by one, whether read from a file or typed."""

    def __init__(self, protocol: Protocol, sealed: Collection[str]) -> None:
        self.allocations: list[Allocation] = []
        self._protocol = protocol
        self._room = room_for_code(protocol)
        self._sealed = {code.lower() for code in sealed}
        self._listed: set[str] = set()

    def read_code(self, typed: str) -> ParticipantId:
        """Return the code of a participant who gets an envelope. Raises ValueError with what to write instead."""
        participant = read_participant(typed)
        if len(participant) > self._room:
            raise ValueError(
                f"has {len(participant)} characters, and an envelope of this study has room for {self._room}; "
                "use the short code of the participant"
            )
        if participant.lower() in self._sealed:
            raise ValueError(
                "has an envelope already, which is never replaced; take the row out (dayzero pharmacy open shows "
                "what was sealed)"
            )
        if participant.lower() in self._listed:
            raise ValueError("stands in the list already; keep one row for each participant")
        return participant

    def read_cohort(self, participant: ParticipantId, typed: str) -> Allocation:
        """Return the allocation. Raises ValueError, without repeating what was typed."""
        try:
            return allocate(self._protocol, participant, typed)
        except UnknownName as error:
            (problem,) = error.problems
            raise ValueError(f"{problem.wrong}; {problem.remedy}") from None

    def add(self, allocation: Allocation) -> None:
        """Put an allocation on the list."""
        self._listed.add(allocation.participant.lower())
        self.allocations.append(allocation)


def read_allocations(path: Path, listed: SealingList) -> None:
    """Put the rows of a file on the list. Raises InvalidInput, with the row and column of all that is wrong."""
    problems = [
        Problem(file=str(path), place=place, wrong=wrong, remedy=remedy)
        for place, wrong, remedy in _read_rows(read_text(path), listed)
    ]
    if not problems and not listed.allocations:
        wrong = "there is no participant below the header"
        problems = [Problem(file=str(path), place="", wrong=wrong, remedy="write a row for each")]
    if problems:
        raise InvalidInput(problems)


def _read_rows(text: str, listed: SealingList) -> Iterator[tuple[str, str, str]]:
    """Yield where something is wrong, what, and what to write instead."""
    header = text.partition("\n")[0].strip().lower()
    delimiter = next((one for one in DELIMITERS if one in header), ",")
    columns = [name.strip().strip('"') for name in header.split(delimiter)]
    if sorted(columns) != sorted(COLUMNS):
        yield "row 1", "it does not name the columns participant and cohort", "write participant,cohort there"
        return
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield f"row {number}", "a quotation mark stands where none can", "delete it; the rows below were not read"
            return
        if number > 1 and any(cell.strip() for cell in cells):
            for column, wrong in _read_row(cells, columns, listed):
                wrong, _, remedy = wrong.partition("; ")  # noqa: PLW2901
                yield f"row {number}{column}", wrong, remedy


def _read_row(cells: list[str], columns: list[str], listed: SealingList) -> Iterator[tuple[str, str]]:
    while len(cells) > len(columns) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(columns):
        yield "", f"it has {len(cells)} cells, but the header names {len(columns)}; write both, and no other"
        return
    named = dict(zip(columns, cells, strict=True))
    found: dict[str, str] = {}
    for column in COLUMNS:
        if character := forbidden_character(named[column]):
            found[column] = f"holds the control character {character}; delete it"
    participant = ParticipantId("")
    if "participant" not in found:
        try:
            participant = listed.read_code(named["participant"].strip())
        except ValueError as error:
            found["participant"] = str(error)
    if "cohort" not in found:
        try:
            allocation = listed.read_cohort(participant, named["cohort"])
        except ValueError as error:
            found["cohort"] = str(error)
    yield from ((f", {column}", wrong) for column, wrong in found.items())
    if not found:
        listed.add(allocation)
