"""Where things stand in the pictures of a participant: a row of months for each year, and a bar for each window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from schedule.study.protocol import Kind
from schedule.views import StaffVisitView

YEAR_WIDTH = 1152
"""Of a row of twelve months, in the picture's own units."""
LANE_HEIGHT = 34
"""Between marks that would cover each other."""
LABEL_WIDTH = 48
"""What a code takes beside its mark."""
MARK_WIDTH = 9
"""From the middle of a mark to its end."""
GAP = 5
BESIDE = MARK_WIDTH + GAP + LABEL_WIDTH
"""What a code takes, from the middle of its mark."""
BAR_WIDTH = 160
BAR_MARGIN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A visit on its day, and the part of its window that lies in the row."""

    visit: StaffVisitView
    x: int | None
    """None where its day lies in another row, or it has none."""
    first: int
    last: int
    lane: int

    @property
    def is_at_end(self) -> bool:
        """Whether its code has no room on the right."""
        return max(self.last, self.x or 0) + LABEL_WIDTH > YEAR_WIDTH

    @property
    def label(self) -> int:
        """Where its code begins, or ends: beside the mark and the window."""
        if self.is_at_end:
            return min(self.first, (self.x or YEAR_WIDTH) - MARK_WIDTH) - GAP
        return max(self.last, (self.x or 0) + MARK_WIDTH) + GAP

    @property
    def y(self) -> int:
        """The middle of the mark, from the top of its row."""
        return self.lane * LANE_HEIGHT + LANE_HEIGHT // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class YearRow:
    """A calendar year of the picture."""

    year: int
    months: tuple[tuple[date, int], ...]
    """The first day of each month, and where it stands."""
    marks: tuple[Mark, ...]
    today: int | None
    lanes: int

    @property
    def height(self) -> int:
        """Of all lanes."""
        return self.lanes * LANE_HEIGHT


def year_rows(visits: Sequence[StaffVisitView], today: date) -> tuple[YearRow, ...]:
    """Return a row for every year from the first window to the last."""
    if not visits:
        return ()
    first = min(_first(visit) for visit in visits)
    last = max(_last(visit) for visit in visits)
    return tuple(_row(year, visits, today) for year in range(first.year, last.year + 1))


def _first(visit: StaffVisitView) -> date:
    return min(visit.earliest, visit.planned or visit.earliest)


def _last(visit: StaffVisitView) -> date:
    return max(visit.latest, visit.planned or visit.latest)


def _row(year: int, visits: Sequence[StaffVisitView], today: date) -> YearRow:
    start, end = date(year, 1, 1), date(year, 12, 31)
    marks: list[Mark] = []
    taken: list[int] = []
    for visit in sorted(visits, key=_first):
        if _last(visit) < start or _first(visit) > end:
            continue
        left, right = _place(max(_first(visit), start)), _place(min(_last(visit), end))
        is_at_end = right + LABEL_WIDTH > YEAR_WIDTH
        lane = _free_lane(taken, left - BESIDE if is_at_end else left)
        taken[lane : lane + 1] = [right + BESIDE]
        day = visit.planned
        marks.append(
            Mark(
                visit=visit,
                x=_place(day) if day and day.year == year else None,
                first=_place(min(max(visit.earliest, start), end)),
                last=_place(max(min(visit.latest, end), start)),
                lane=lane,
            )
        )
    return YearRow(
        year=year,
        months=tuple((one, _place(one)) for one in (date(year, month, 1) for month in range(1, 13))),
        marks=tuple(marks),
        today=_place(today) if today.year == year else None,
        lanes=max(len(taken), 1),
    )


def _free_lane(taken: Sequence[int], x: int) -> int:
    return next((lane for lane, until in enumerate(taken) if until <= x), len(taken))


def _place(day: date) -> int:
    """Return where a day stands in the row of its year."""
    start, end = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return YEAR_WIDTH * (day - start).days // (end - start).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A visit's window, with its target, its day and today, from left to right."""

    first: int
    last: int
    target: int
    day: int | None
    today: int | None
    """None where it is not near the window."""


def window_bar(visit: StaffVisitView, today: date) -> Bar:
    """Return the places on a bar that is wide enough for the window, its target and its day."""
    start, end = min(_first(visit), visit.target), max(_last(visit), visit.target)
    room = max((end - start).days // 5, 2)
    start, end = start - timedelta(days=room), end + timedelta(days=room)

    def place(day: date) -> int:
        return BAR_MARGIN + (BAR_WIDTH - 2 * BAR_MARGIN) * (day - start).days // (end - start).days

    return Bar(
        first=place(visit.earliest),
        last=place(visit.latest),
        target=place(visit.target),
        day=place(visit.planned) if visit.planned else None,
        today=place(today) if start <= today <= end else None,
    )


def contacts(visits: Sequence[StaffVisitView]) -> Iterator[StaffVisitView]:
    """Yield those for which the participant comes, or is called."""
    return (visit for visit in visits if visit.kind is not Kind.MILESTONE)
