"""A year in which the planner chooses all days: nothing overbooked, and nothing outside its window that need not be."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import example_site
from planner_year import DISRUPTIONS, LIMITS, PlannerYear, live, report

from schedule.sites import why_closed
from schedule.study.protocol import Kind

SHUT = {
    **dict.fromkeys([date(2026, 4, 20), date(2026, 4, 21)], None),
    **dict.fromkeys([date(2026, 7, 13) + timedelta(days=number) for number in range(5)], None),
    **dict.fromkeys([date(2026, 9, 3), date(2026, 9, 4)], "infusion"),
    **dict.fromkeys([date(2026, 10, 12) + timedelta(days=number) for number in range(12)], None),
}
"""Days on which the site was closed, for a kind of visit or for all."""


@dataclass(frozen=True, kw_only=True)
class Lived:
    """What is left of the year."""

    year: PlannerYear
    rows: list[tuple[str, str, str, str, str]]
    """Participant, visit, kind, day and status."""
    deviations: list[dict[str, Any]]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    folder: Path = tmp_path_factory.mktemp("planner")
    year = live(folder)
    with closing(sqlite3.connect(folder / "clinic.sqlite3")) as store:
        rows = store.execute("SELECT participant_id, code, kind, planned, status FROM clinic_visit").fetchall()
    return Lived(year=year, rows=rows, deviations=year.read("deviations"))


def test_no_day_holds_more_than_it_can(lived: Lived) -> None:
    taken: dict[tuple[str, str], int] = {}
    for _, _, kind, day, status in lived.rows:
        if status in ("booked", "confirmed", "done") and kind in LIMITS:
            taken[day, kind] = taken.get((day, kind), 0) + 1
    assert len(taken) > 100
    assert max(taken.values()) > 1
    nurse_ill = ("2026-05-18", "2026-06-05")
    for (day, kind), count in taken.items():
        limit = 1 if kind == "infusion" and nurse_ill[0] <= day <= nurse_ill[1] else LIMITS[kind]
        assert count <= limit, (day, kind)


def test_each_monday_had_a_plan(lived: Lived) -> None:
    assert lived.year.without_plan == []


def test_nothing_is_outside_its_window_that_need_not_be(lived: Lived) -> None:
    undecided = {one[:2]: one[2:] for moved in lived.year.moved for one in moved.undecided}
    outside = {(one["participant"], one["code"]) for one in lived.deviations}
    assert outside <= undecided.keys() | set(lived.year.late)
    assert undecided
    kinds = {(code, visit): kind for code, visit, kind, _, _ in lived.rows}
    told = {one[:2]: moved.day for moved in lived.year.moved for one in moved.undecided}
    for key, (first, last) in undecided.items():
        assert open_days(told[key], date.fromisoformat(first), date.fromisoformat(last), kinds[key]) == [], key


def open_days(today: date, first: date, last: date, kind: str) -> list[date]:
    """Return the days of a window on which the site is open, from tomorrow on."""
    site = example_site("gainesville")
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [
        day for day in days
        if day > today and why_closed(site, day, Kind(kind)) is None
        and not (day in SHUT and SHUT[day] in (None, kind))
    ]  # fmt: skip


def test_every_disruption_is_told(lived: Lived) -> None:
    told = report(lived.year)
    assert all(f"{day}: {what}" in told for day, (what, _) in DISRUPTIONS.items())
    assert "the clinic is closed (hurricane)" in told
    assert len(lived.year.late) == 2
