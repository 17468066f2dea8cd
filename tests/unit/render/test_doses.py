"""The rows of the dose log: a week at most, one dose each."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from schedule.planning.taper import PlannedTaperStep
from schedule.render.doses import DoseRow, dose_rows
from schedule.study.protocol import Text

SAID = Text(en="example", es="ejemplo")
FIRST = date(2026, 6, 17)


def step(day_from: int, day_to: int | None, dose: str, *, dated: bool = True) -> PlannedTaperStep:
    return PlannedTaperStep(
        day_from=day_from,
        day_to=day_to,
        date_from=FIRST + timedelta(days=day_from - 1) if dated else None,
        date_to=None,
        dose_mg=Decimal(dose),
        instruction=SAID,
    )


def row(day: int, days: int, first: str | None, dose: str) -> DoseRow:
    return DoseRow(day=day, days=days, first_date=first and date.fromisoformat(first), dose_mg=Decimal(dose))  # type: ignore[arg-type]


def test_a_step_of_ten_days_has_a_row_of_a_week_and_one_of_three_days() -> None:
    found = dose_rows([step(1, 10, "3"), step(11, None, "2")])

    assert found[:3] == (row(1, 7, "2026-06-17", "3"), row(8, 3, "2026-06-24", "3"), row(11, 7, "2026-06-27", "2"))


def test_the_last_dose_has_four_weeks() -> None:
    assert [(one.day, one.days) for one in dose_rows([step(1, None, "1")])] == [(1, 7), (8, 7), (15, 7), (22, 7)]


def test_without_a_date_there_are_only_numbers() -> None:
    assert dose_rows([step(1, 7, "7.5", dated=False)]) == (row(1, 7, None, "7.5"),)


def test_a_dose_of_nothing_has_no_rows_to_cross_out() -> None:
    assert dose_rows([step(1, 7, "5"), step(8, None, "0")]) == (row(1, 7, "2026-06-17", "5"),)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_every_day_of_a_closed_step_stands_in_one_row_of_its_dose(lengths: list[int]) -> None:
    steps, day = [], 1
    for number, length in enumerate(lengths):
        steps.append(step(day, day + length - 1, str(number + 1)))
        day += length

    found = {number: one.dose_mg for one in dose_rows(steps) for number in range(one.day, one.day + one.days)}

    assert list(found) == list(range(1, day))
    assert all(found[number] == one.dose_mg for one in steps for number in range(one.day_from, one.day_to or 0))
    assert all(1 <= one.days <= 7 for one in dose_rows(steps))
