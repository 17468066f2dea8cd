"""Visits of one participant that are kept apart, weighed against each other with all that count from them.

Here the costs themselves have to tell apart what is as near in all: each visit has digits of its own below the others.
"""

from collections.abc import Mapping, Sequence

from schedule.planning.optimising.eliminating import Costs, Tables, eliminate, put
from schedule.planning.searching import Apart, Option, Place, Search, settled


def weigh(search: Search, apart: Sequence[Apart]) -> Mapping[Place, Option]:
    """Return the best options of all visits on which another depends."""
    weighing = _Weighing(search, apart)
    alone, tables = weighing.tree()
    for one in apart:
        weighing.keep_apart(one, tables)
    _, chosen = eliminate(alone, tables, weighing.never)
    return {place: weighing.options[place][chosen[rank]] for place, rank in weighing.ranks.items()}


class _Weighing:
    """The options of the visits on which another depends, and what they cost."""

    def __init__(self, search: Search, apart: Sequence[Apart]) -> None:
        self._search = search
        wanted = search.wanted
        tied = {place for one in apart for place in one.places}
        deciding = [place for place in range(len(wanted)) if place in tied or search.followers[place]]
        self.ranks = {place: rank for rank, place in enumerate(deciding)}
        self.options: dict[Place, list[Option]] = {}
        farthest = max(max(one.window.before, one.window.after) for one in wanted)
        self._width = (2 * farthest + 1).bit_length()
        self.never = search.prices.never << self._width * len(wanted)

    def tree(self) -> tuple[list[Costs], Tables]:
        """Return what the options cost by themselves, and beside those of their anchors."""
        alone: list[Costs] = []
        tables: Tables = {rank: {} for rank in self.ranks.values()}
        for place, rank in self.ranks.items():
            anchor = self._search.wanted[place].counts_from
            rows = [self._beside(place, one) for one in (self.options[anchor] if anchor is not None else [None])]
            options = self.options[place] = list(dict.fromkeys(option for row in rows for option in row))
            costs = [[row.get(option, self.never) for option in options] for row in rows]
            after = [self._hanging(place, option) for option in options]
            if anchor is None:
                alone.append([own + later for own, later in zip(costs[0], after, strict=True)])
            else:
                put(tables, self.ranks[anchor], rank, costs)
                alone.append(after)
        return alone, tables

    def _beside(self, place: Place, anchor: Option | None) -> dict[Option, int]:
        """Return what a visit can have beside an option of its anchor, with what that costs."""
        one, reach = self._search.wanted[place], self._search.reach[place]
        target = self._search.target_after(place, anchor)
        if not one.seeks:
            option = settled(one, target)
            return {option: self._price(place, target, option)}
        around = (target + off for off in one.window.outwards)
        days = [Option(day, is_day=True) for day in around if day in reach and not one.shut[day]]
        return {option: self._price(place, target, option) for option in (*days, Option(target, is_day=False))}

    def _price(self, place: Place, target: int, option: Option) -> int:
        count, off = len(self._search.wanted), option.day - target
        mine = 2 * abs(off) + (off > 0) if self._search.wanted[place].seeks else 0
        own = self._search.cost(place, target, option) << self._width * count
        return own + (mine << self._width * (count - 1 - place))

    def _hanging(self, place: Place, option: Option) -> int:
        """Return what those that count from a visit cost, where no other depends on them."""
        total = 0
        for follower in self._search.followers[place]:
            if follower not in self.ranks:
                target = self._search.target_after(follower, option)
                total += self._price(follower, target, self._search.choose(follower, option))
        return total

    def keep_apart(self, apart: Apart, tables: Tables) -> None:
        """Forbid what is too close."""
        for number, place in enumerate(apart.places):
            for other in apart.places[number + 1 :]:
                some, others = self.options[place], self.options[other]
                if _can_clash(some, others, apart.least):
                    never = [[self.never * _too_close(one, two, apart.least) for two in others] for one in some]
                    put(tables, self.ranks[place], self.ranks[other], never)


def _too_close(one: Option, other: Option, least: int) -> bool:
    return one.is_day and other.is_day and abs(one.day - other.day) < least


def _can_clash(some: Sequence[Option], others: Sequence[Option], least: int) -> bool:
    days, other_days = ([one.day for one in options] for options in (some, others))
    return min(other_days) - max(days) < least and min(days) - max(other_days) < least
