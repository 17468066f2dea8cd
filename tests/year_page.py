"""Writes docs/planner-year.md: what each disruption of the scripted year moved, and how much of it had to be."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from builders import REPOSITORY
from clinic_year import Replanned, Year
from year_days import least_to_move

PAGE = REPOSITORY / "docs" / "planner-year.md"
HEAD = """# A year with the planner

`PYTHONPATH=tests .venv/bin/python tests/year_page.py` writes this page. Forty participants at two sites: Gainesville
can hold 2 infusions, 2 clinic visits and 3 calls a day, Miami 1, 2 and 2. Days are chosen by `dayzero optimise` and
`dayzero replan`; who does not come, and what has no day left, is for a person. `tests/e2e/test_clinic_year.py` lives
through it too, and checks with a calendar of its own, week by week, that no day holds more than it can, that nobody is
outside a window in which a day was left, and the numbers below. "Had to" counts what could not stay: it stood on a
closed day, outside its window, on a day with too many, or counts from one of these and would be outside its window on
whatever day that one is. No plan moves fewer.
"""


def report(year: Year) -> str:
    """Return the document: what each disruption, and each Monday, moved."""
    said = (line for one in year.replanned if one.what or one.appointments or one.decided for line in tell(one))
    return "\n".join([HEAD, *said])


def tell(one: Replanned) -> Iterator[str]:
    """Yield the lines of one disruption."""
    what = one.what or "Monday, what does not fit any more"
    yield f"## {one.before.day}, {one.site}: {what}\n"
    moved = [each for each in one.appointments if each["old"]]
    least = least_to_move(one.before.rows, one.site, one.before.day, one.before.answered)
    yield f"Moved: {len(moved)}. For a person: {len(one.decided)}. Had to: {least}.\n"
    if one.appointments:
        yield "| participant | visit | was | is | why |\n|---|---|---|---|---|"
    for each in one.appointments:
        old = (each["old"] or "not booked").replace("T", " ")
        new = f"{each['day']} {each['time']}"
        yield f"| {each['participant']} | {each['code']} | {old} | {new} | {each['why'] or 'new'} |"
    if one.appointments:
        yield ""
    if one.decided:
        yield "No day is left in the window of these; a person decides, and answers for a deviation:\n"
        rows = {(row["participant"], row["code"]): row for row in one.before.rows}
        for (code, visit), day in one.decided.items():
            row = rows[code, visit]
            yield f"* {code} {visit}: {row['day']}, window {row['earliest']} to {row['latest']}; now {day}"
        yield "\nWhat `dayzero` said of it:\n"
        yield from (f"* {sentence}" for sentence in one.because)
        yield ""


def main() -> None:
    """Live through the year, and write the page."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as name:
        year = Year(folder=Path(name), patch=patch)
        year.open()
        for _ in year.live():
            pass
        PAGE.write_text(report(year), "utf-8")


if __name__ == "__main__":
    main()
