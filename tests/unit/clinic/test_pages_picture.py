"""Where visits stand in the pictures."""

from datetime import date, timedelta

from clinic.pages.picture import window_bar, year_rows
from schedule.planning.placing import AnchorDay, CountsFrom
from schedule.study.offsets import Offset
from schedule.study.protocol import Basis, Kind, Text, VisitCode
from schedule.views import StaffVisitView


def _visit(code: str, earliest: str, planned: str | None, latest: str, target: str) -> StaffVisitView:
    counts = CountsFrom(
        anchor=VisitCode("D0"), anchor_day=date(2026, 3, 2), anchor_is=AnchorDay.ACTUAL,
        anchor_target=date(2026, 3, 2), offset=Offset(months=1),
    )  # fmt: skip
    return StaffVisitView(
        code=VisitCode(code), name=Text(en=code, es=code), kind=Kind.CLINIC, length=timedelta(hours=1),
        earliest=date.fromisoformat(earliest), latest=date.fromisoformat(latest), target=date.fromisoformat(target),
        planned=date.fromisoformat(planned) if planned else None, start=None, end=None, procedures=(), preparation=(),
        slack_days=None, offset_basis=Basis.REGISTERED, anchor_basis=Basis.REGISTERED, window_basis=Basis.REGISTERED,
        length_basis=Basis.REGISTERED, procedures_basis=Basis.REGISTERED, assessed=(), counts=counts, fixed=False,
        refused=(), task=None, is_taper=False,
    )  # fmt: skip


def test_year_has_a_row_and_a_day_its_place_in_it() -> None:
    visits = [
        _visit("M1", "2026-03-26", "2026-04-02", "2026-04-09", "2026-04-02"),
        _visit("M2", "2028-12-28", "2028-12-30", "2029-01-04", "2028-12-30"),
    ]

    rows = year_rows(visits, date(2026, 7, 2))

    assert [one.year for one in rows] == [2026, 2027, 2028, 2029]
    (first,) = rows[0].marks
    assert (first.first, first.x, first.last, first.lane) == (265, 287, 309, 0)  # days 84, 91 and 98 of 365
    assert (rows[0].today, rows[1].today) == (574, None)  # day 182 of 365
    assert rows[1].marks == ()
    assert [one.x for row in rows[2:] for one in row.marks] == [1145, None]  # day 364 of 366
    assert [one.is_at_end for row in rows[2:] for one in row.marks] == [True, False]


def test_marks_that_would_cover_each_other_stand_in_lanes() -> None:
    visits = [
        _visit("A", "2026-03-01", "2026-03-02", "2026-03-10", "2026-03-02"),
        _visit("B", "2026-03-08", "2026-03-09", "2026-03-20", "2026-03-09"),
        _visit("C", "2026-05-01", None, "2026-05-05", "2026-05-02"),
    ]

    (row,) = year_rows(visits, date(2025, 1, 1))

    assert [(one.visit.code, one.lane) for one in row.marks] == [("A", 0), ("B", 1), ("C", 0)]
    assert row.height == 68
    assert row.marks[2].x is None


def test_code_that_stands_left_of_its_mark_covers_no_other() -> None:
    visits = [
        _visit("M9", "2026-11-29", "2026-12-02", "2026-12-09", "2026-12-02"),
        _visit("M10", "2026-12-29", "2026-12-31", "2027-01-08", "2027-01-02"),
    ]

    (row, _) = year_rows(visits, date(2025, 1, 1))

    assert [(one.visit.code, one.is_at_end, one.lane) for one in row.marks] == [("M9", False, 0), ("M10", True, 1)]


def test_bar_has_room_for_a_day_outside_the_window() -> None:
    visit = _visit("M1", "2026-04-01", "2026-04-11", "2026-04-06", "2026-04-03")

    bar = window_bar(visit, date(2026, 4, 12))

    assert 8 < bar.first < bar.target < bar.last < (bar.day or 0) < (bar.today or 0) < 152
    assert window_bar(visit, date(2026, 6, 1)).today is None
