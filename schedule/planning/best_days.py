"""The best days for one participant, exactly: fewest visits without one, then nearest to the targets in all.

Of two choices that leave as many visits without a day, that which gives the earlier visits theirs is better; of two
that are as near, that which is nearer for the earlier visits. So no two are equally good, and where each visit on its
own nearest day is as near as can be, that is the choice.

Anchors make a tree: first each visit chooses for itself and for those that count from it. Only where visits that are
kept apart then come too close are they weighed against each other, by eliminating one after the other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from schedule.planning.optimising.eliminating import Costs, Tables, eliminate, put
from schedule.study.offsets import Offset, ordinal_after
from schedule.study.protocol import Window

Place = int
"""Where a visit stands among those that are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A visit that is looking for a day, or a milestone, which is on its target."""

    counts_from: Place | date
    """An earlier one among the wanted, or a day that is known."""
    offset: Offset
    window: Window
    is_milestone: bool


def best_days(
    wanted: Sequence[Wanted],
    *,
    is_open: Callable[[Place, date], bool],
    apart: Mapping[tuple[Place, Place], int],
) -> tuple[date | None, ...]:
    """Return the day of each that is wanted; None for a visit that gets none.

    ``apart`` holds the least days between two visits, the earlier of the wanted first.
    """
    search = _Search(wanted, is_open)
    options = search.by_anchors({})
    if any(_too_close(options[one], options[other], least) for (one, other), least in apart.items()):
        options = search.by_anchors(_weigh(search, apart))
    return tuple(date.fromordinal(one.day) if one.is_day else None for one in options)


class _Option(NamedTuple):
    """A day of a visit; for one without a day, the target that others count from."""

    day: int
    is_day: bool


def _too_close(one: _Option, other: _Option, least: int) -> bool:
    return one.is_day and other.is_day and abs(one.day - other.day) < least


class _Search:
    """What one search has found out. Days are ordinals.

    Costs are whole numbers of many digits: visits without a day, which they are, days off target, whose they are.
    """

    def __init__(self, wanted: Sequence[Wanted], is_open: Callable[[Place, date], bool]) -> None:
        self.wanted = wanted
        self.following: list[list[Place]] = [[] for _ in wanted]
        for place, one in enumerate(wanted):
            if isinstance(one.counts_from, int):
                self.following[one.counts_from].append(place)
        farthest = max((max(one.window.before, one.window.after) for one in wanted), default=0)
        width = (len(wanted) * (2 * farthest + 1)).bit_length()
        which = width * (len(wanted) + 1)
        self.never = 1 << which + 2 * len(wanted) + 1
        """More than any choice costs."""
        self._without_day = [(1 << which + len(wanted)) + (1 << which + place) for place in range(len(wanted))][::-1]
        self._prices = [
            _prices(one.window, width * len(wanted), width * after)
            for after, one in zip(range(len(wanted))[::-1], wanted, strict=True)
        ]
        self._is_open = is_open
        self._open_days: list[dict[int, bool]] = [{} for _ in wanted]
        self._best: list[dict[int, tuple[int, _Option]]] = [{} for _ in wanted]

    def by_anchors(self, chosen: Mapping[Place, _Option]) -> list[_Option]:
        """Return what is best for each and all that follow it, beside what is chosen; spacing is not looked at."""
        options: list[_Option] = []
        for place, one in enumerate(self.wanted):
            day = options[one.counts_from].day if isinstance(one.counts_from, int) else one.counts_from.toordinal()
            options.append(chosen.get(place) or self.best(place, day)[1])
        return options

    def best(self, place: Place, anchor_day: int) -> tuple[int, _Option]:
        """Return what a visit and all that follow cost when it counts from this day, and what it then has."""
        known = self._best[place].get(anchor_day)
        if known:
            return known
        best = self.never, _Option(anchor_day, is_day=False)
        for option, own in self.options(place, anchor_day):
            if own >= best[0]:
                break
            whole = own
            for follower in self.following[place]:
                whole += self.best(follower, option.day)[0]
            if whole < best[0]:
                best = whole, option
        self._best[place][anchor_day] = best
        return best

    def options(self, place: Place, anchor_day: int) -> Iterator[tuple[_Option, int]]:
        """Yield what a visit can have when it counts from this day, with what that costs by itself, least first."""
        one = self.wanted[place]
        target = ordinal_after(one.offset, anchor_day)
        days = self._open_days[place]
        for off, cost in self._prices[place]:
            day = target + off
            is_open = days.get(day)
            if is_open is None:
                is_open = days[day] = one.is_milestone or self._is_open(place, date.fromordinal(day))
            if is_open:
                yield _Option(day, is_day=True), cost
        yield _Option(target, is_day=False), self._without_day[place]


@lru_cache(maxsize=1024)
def _prices(window: Window, all_days: int, mine: int) -> tuple[tuple[int, int], ...]:
    """Return the days of a window after its target with what they cost, least first."""
    offs = range(-window.before, window.after + 1)
    costs = {off: (abs(off) << all_days) + (2 * abs(off) + (off > 0) << mine) for off in offs}
    return tuple(sorted(costs.items(), key=lambda priced: priced[1]))


def _weigh(search: _Search, apart: Mapping[tuple[Place, Place], int]) -> Mapping[Place, _Option]:
    """Return the best options of all visits on which another depends."""
    tied = {one.counts_from for one in search.wanted} | {place for pair in apart for place in pair}
    deciding = [place for place in range(len(search.wanted)) if place in tied]
    ranks = {place: rank for rank, place in enumerate(deciding)}
    options: list[list[_Option]] = []
    alone: list[Costs] = []
    tables: Tables = {rank: {} for rank in range(len(deciding))}
    for place, rank in ranks.items():
        anchor = search.wanted[place].counts_from
        days = [one.day for one in options[ranks[anchor]]] if isinstance(anchor, int) else [anchor.toordinal()]
        rows = [dict(search.options(place, day)) for day in days]
        options.append(list(dict.fromkeys(option for row in rows for option in row)))
        costs = [[row.get(option, search.never) for option in options[rank]] for row in rows]
        followers = [one for one in search.following[place] if one not in ranks]
        after = [sum(search.best(one, option.day)[0] for one in followers) for option in options[rank]]
        if isinstance(anchor, int):
            put(tables, ranks[anchor], rank, costs)
            alone.append(after)
        else:
            alone.append([own + later for own, later in zip(costs[0], after, strict=True)])
    for (one, other), least in apart.items():
        pair = ranks[one], ranks[other]
        if _can_clash(options[pair[0]], options[pair[1]], least):
            never = search.never
            put(tables, *pair, [[never * _too_close(a, b, least) for b in options[pair[1]]] for a in options[pair[0]]])
    _, chosen = eliminate(alone, tables, search.never)
    return {place: options[rank][chosen[rank]] for place, rank in ranks.items()}


def _can_clash(some: Sequence[_Option], others: Sequence[_Option], least: int) -> bool:
    days, other_days = ([one.day for one in options] for options in (some, others))
    return min(other_days) - max(days) < least and min(days) - max(other_days) < least
