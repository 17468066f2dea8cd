"""The log of doses: the days of a taper's steps, in rows of a week at most."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from schedule.planning.taper import PlannedTaperStep

WEEK = 7
OPEN_WEEKS = 4
"""Rows for the last dose, which has no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseRow:
    """Days in a row of one dose: their first number, how many they are, and their first date where it is known."""

    day: int
    days: int
    first_date: date | None
    dose_mg: Decimal


def dose_rows(steps: Sequence[PlannedTaperStep]) -> tuple[DoseRow, ...]:
    """Return the rows of the log, no row with two doses; a dose of nothing needs none."""
    return tuple(row for step in steps if step.dose_mg for row in _rows_of(step))


def _rows_of(step: PlannedTaperStep) -> Iterator[DoseRow]:
    end = step.day_to or step.day_from + WEEK * OPEN_WEEKS - 1
    for day in range(step.day_from, end + 1, WEEK):
        yield DoseRow(
            day=day,
            days=min(WEEK, end - day + 1),
            first_date=step.date_from and step.date_from + timedelta(days=day - step.day_from),
            dose_mg=step.dose_mg,
        )
