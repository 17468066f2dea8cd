"""The timeline picture: a box for each calendar month, with what happens in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from schedule.study.protocol import Kind
from schedule.views import VisitView


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A visit in its month's box."""

    code: str
    kind: Kind
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBox:
    """A month of the picture; ``column``, ``row`` and ``picture`` count from 0, rows across pictures."""

    first: date
    column: int
    row: int
    picture: int
    marks: tuple[Mark, ...]


def month_boxes(visits: Sequence[VisitView], *, columns: int, rows: int) -> tuple[MonthBox, ...]:
    """Return a box for every month from the first visit to the last, row by row; ``rows`` fit into one picture.

    Visits without a day are left out.
    """
    marks = [Mark(code=visit.code, kind=visit.kind, day=visit.planned) for visit in visits if visit.planned]
    if not marks:
        return ()
    by_month: dict[tuple[int, int], list[Mark]] = {}
    for mark in marks:
        by_month.setdefault((mark.day.year, mark.day.month), []).append(mark)
    start = min(by_month)[0] * 12 + min(by_month)[1] - 1
    end = max(by_month)[0] * 12 + max(by_month)[1] - 1
    return tuple(
        MonthBox(
            first=date(month // 12, month % 12 + 1, 1),
            column=(month - start) % columns,
            row=(month - start) // columns,
            picture=(month - start) // columns // rows,
            marks=tuple(sorted(by_month.get((month // 12, month % 12 + 1), []), key=lambda mark: mark.day)),
        )
        for month in range(start, end + 1)
    )
