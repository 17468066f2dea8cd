"""The calendar by hand with which the scripted year is checked: a check that sees nothing would be worse than none."""

from datetime import date
from typing import Any

from year_days import least_to_move, limit, open_days, taken

THURSDAY = date(2026, 10, 8)
FRIDAY = date(2026, 10, 9)
"""The day before, and the day on which it is known that Miami is closed from 12 to 23 October."""


def row(code: str, what: str, window: tuple[str, str]) -> dict[str, Any]:
    visit, kind, day = what.split()
    return {"participant": code, "code": visit, "site": "miami", "kind": kind, "day": day, "status": "booked",
            "earliest": window[0], "latest": window[1]}  # fmt: skip


ROWS = [
    row("P-020", "M7 infusion 2026-10-12", ("2026-10-08", "2026-10-18")),
    row("P-020", "M8 clinic 2026-11-12", ("2026-11-05", "2026-11-19")),
    row("P-032", "M6 infusion 2026-10-23", ("2026-10-21", "2026-10-31")),
    row("P-032", "M7 infusion 2026-11-19", ("2026-11-19", "2026-11-29")),
    row("P-036", "M5 virtual 2026-10-28", ("2026-10-20", "2026-10-30")),
]


def test_a_day_holds_what_the_file_says_and_less_once_something_is_known() -> None:
    assert limit("gainesville", "2026-11-05", "infusion", date(2026, 11, 3)) == 2
    assert limit("gainesville", "2026-11-05", "infusion", date(2026, 11, 4)) == 1
    assert limit("miami", "2026-10-12", "clinic", THURSDAY) == 2
    assert limit("miami", "2026-10-12", "clinic", FRIDAY) == 0
    assert limit("gainesville", "2026-10-12", "clinic", THURSDAY) == 0
    assert (limit("miami", "2026-09-03", "infusion", FRIDAY), limit("miami", "2026-09-03", "clinic", FRIDAY)) == (0, 2)
    assert limit("miami", "2026-10-10", "virtual", THURSDAY) == 0


def test_what_stands_on_closed_days_has_to_move_and_what_counts_from_it() -> None:
    assert least_to_move(ROWS, "miami", THURSDAY, {}) == 0
    # P-032 M6 can be from 26 to 30 October: M7 from 23 November on at the earliest. P-020 M7 has no day at all.
    assert least_to_move(ROWS, "miami", FRIDAY, {}) == 3
    late = row("P-030", "M5 virtual 2026-10-29", ("2026-10-18", "2026-10-28"))
    assert least_to_move([late], "miami", FRIDAY, {}) == 1
    assert least_to_move([late], "miami", FRIDAY, {("P-030", "M5"): "2026-10-29"}) == 0
    assert least_to_move(ROWS, "gainesville", FRIDAY, {}) == 0


def test_of_two_on_one_chair_one_has_to_move() -> None:
    other = row("P-034", "M6 infusion 2026-11-19", ("2026-11-16", "2026-11-26"))
    assert taken([*ROWS, other])["miami", "2026-11-19", "infusion"] == 2
    assert least_to_move([*ROWS, other], "miami", THURSDAY, {}) == 1


def test_the_days_that_are_left_in_a_window() -> None:
    first, last = ROWS[0], ROWS[2]
    assert list(open_days(first, ROWS, FRIDAY)) == []
    assert list(open_days(first, ROWS, THURSDAY)) == ["2026-10-09", "2026-10-12", "2026-10-13", "2026-10-14",
                                                      "2026-10-15", "2026-10-16"]  # fmt: skip
    # 26 to 30 October; M7 on 19 November keeps the 30th away, and somebody else has the 27th.
    other = row("P-034", "M6 infusion 2026-10-27", ("2026-10-25", "2026-11-04"))
    assert list(open_days(last, [*ROWS, other], FRIDAY)) == ["2026-10-26", "2026-10-28", "2026-10-29"]
