"""The best days for one participant, exactly: fewest visits without one, then nearest to the targets in all.

Of two choices that leave as many visits without a day, that which gives the earlier visits theirs is better; of two
that are as near, that which is nearer for the earlier visits. So no two are equally good, and where each visit on its
own nearest day is as near as can be, that is the choice.

Visits on which nothing depends go with what they count from; the others are eliminated one after the other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from schedule.planning.optimising.candidates import shift
from schedule.planning.optimising.eliminating import Costs, Tables, eliminate, put
from schedule.study.offsets import Offset
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
    most: int | None,
) -> tuple[date | None, ...]:
    """Return the day of each that is wanted; None for a visit that gets none.

    ``apart`` holds the least days between two visits. ``most`` is how far from the targets, in all, a choice is that
    is known to give every visit a day; None where none is known.
    """
    return _Search(wanted=wanted, is_open=is_open, apart=apart, most=most).run()


@dataclass(frozen=True, slots=True)
class _Option:
    """A day of a visit; for one without a day, the target that others count from."""

    day: int
    is_day: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Costs are whole numbers of many digits: visits without a day, which they are, days off target, whose they are."""

    visits: int
    deciding: int
    width: int
    """Bits that the days of all visits need."""

    @property
    def _whose(self) -> int:
        return self.width * self.deciding

    def without_day(self, place: Place) -> int:
        """Return what it costs that a visit gets no day; an earlier visit costs more."""
        which = self._whose + self.width
        return (1 << which + self.visits) + (1 << which + self.visits - 1 - place)

    def off_target(self, off: int, rank: int | None) -> int:
        """Return what a day so far after the target costs; ``rank`` is the visit's among those that decide."""
        cost = abs(off) << self._whose
        return cost if rank is None else cost + (2 * abs(off) + (off > 0) << self._whose - self.width * (rank + 1))

    @property
    def never(self) -> int:
        """Return more than any choice costs."""
        return 1 << self._whose + self.width + 2 * self.visits + 1


@dataclass(slots=True, kw_only=True)
class _Search:
    """One search, and what it has found out. Days are ordinals."""

    wanted: Sequence[Wanted]
    is_open: Callable[[Place, date], bool]
    apart: Mapping[tuple[Place, Place], int]
    most: int | None
    ranks: dict[Place, int] = field(init=False)
    """Those on which another depends, in their order."""
    followers: dict[Place, list[Place]] = field(init=False)
    """For each of these, the visits that count from it and on which none depends."""
    scale: _Scale = field(init=False)
    open_days: dict[tuple[Place, int], bool] = field(init=False, default_factory=dict)
    nearest: dict[tuple[Place, int], int | None] = field(init=False, default_factory=dict)
    """For visits that follow, their day by the day that they count from."""

    def __post_init__(self) -> None:
        tied = {one.counts_from for one in self.wanted} | {place for pair in self.apart for place in pair}
        self.ranks = {place: rank for rank, place in enumerate(one for one in range(len(self.wanted)) if one in tied)}
        self.followers = {place: [] for place in self.ranks}
        for place, one in enumerate(self.wanted):
            if place not in tied and isinstance(one.counts_from, int):
                self.followers[one.counts_from].append(place)
        farthest = max(max(one.window.before, one.window.after) for one in self.wanted)
        width = (len(self.wanted) * (2 * farthest + 1)).bit_length()
        self.scale = _Scale(visits=len(self.wanted), deciding=len(self.ranks), width=width)

    def run(self) -> tuple[date | None, ...]:
        """Return the best days."""
        options: list[list[_Option]] = []
        off: dict[Place, Mapping[_Option, int]] = {}
        for place in self.ranks:
            off[place] = self._options(place, off)
            options.append(list(off[place]))
        tables: Tables = {rank: {} for rank in range(len(options))}
        for place, rank in self.ranks.items():
            anchor = self.wanted[place].counts_from
            if isinstance(anchor, int):
                first = self.ranks[anchor]
                rows = [self._row(place, one.day, options[rank]) for one in options[first]]
                put(tables, first, rank, rows)
        for (one, other), least in self.apart.items():
            first, rank = self.ranks[one], self.ranks[other]
            if self._can_clash(options[first], options[rank], least):
                rows = [[self._too_close(a, b, least) for b in options[rank]] for a in options[first]]
                put(tables, first, rank, rows)
        alone = [self._alone(place, options[rank]) for place, rank in self.ranks.items()]
        _, chosen = eliminate(alone, tables, self.scale.never)
        return tuple(self._told({place: options[rank][chosen[rank]] for place, rank in self.ranks.items()}))

    def _options(self, place: Place, off_before: Mapping[Place, Mapping[_Option, int]]) -> Mapping[_Option, int]:
        """Return what a visit can have, and how far off target it, its anchors and its followers then are at least."""
        one = self.wanted[place]
        if isinstance(one.counts_from, int):
            anchors = {option.day: off for option, off in off_before[one.counts_from].items()}
        else:
            anchors = {one.counts_from.toordinal(): 0}
        found: dict[_Option, int] = {}
        for anchor_day, before in anchors.items():
            target = shift(one.offset, anchor_day)
            if self.most is None and not one.is_milestone:
                found[_Option(target, is_day=False)] = 0
            for day in range(target - one.window.before, target + one.window.after + 1):
                off, option = before + abs(day - target), _Option(day, is_day=True)
                if self._is_near(off) and off < found.get(option, off + 1) and self._can_have(place, day):
                    found[option] = off
        whole = {option: off + self._off_after(place, option.day) for option, off in found.items()}
        return {option: off for option, off in whole.items() if self._is_near(off)}

    def _is_near(self, off: int) -> bool:
        return self.most is None or off <= self.most

    def _can_have(self, place: Place, day: int) -> bool:
        known = self.open_days.get((place, day))
        if known is None:
            is_open = self.wanted[place].is_milestone or self.is_open(place, date.fromordinal(day))
            known = self.open_days[place, day] = is_open
        return known

    def _off_after(self, place: Place, day: int) -> int:
        """Return how far off target a visit's followers are; more than allowed, where one has no day."""
        off = 0
        for follower in self.followers[place]:
            found = self._nearest_from(follower, day)
            off += (self.most or 0) + 1 if found is None else abs(found - shift(self.wanted[follower].offset, day))
        return off

    def _nearest_from(self, place: Place, anchor_day: int) -> int | None:
        """Return the open day that is nearest to the target, the earlier of two."""
        if (place, anchor_day) not in self.nearest:
            one = self.wanted[place]
            target = shift(one.offset, anchor_day)
            days = range(target - one.window.before, target + one.window.after + 1)
            by_distance = sorted(days, key=lambda day: (abs(day - target), day))
            self.nearest[place, anchor_day] = next((day for day in by_distance if self._can_have(place, day)), None)
        return self.nearest[place, anchor_day]

    def _row(self, place: Place, anchor_day: int, options: Sequence[_Option]) -> Costs:
        """Return what each option of a visit costs when it counts from this day."""
        one, rank = self.wanted[place], self.ranks[place]
        target = shift(one.offset, anchor_day)
        costs = []
        for option in options:
            off = option.day - target
            if not option.is_day:
                costs.append(self.scale.never if off else self.scale.without_day(place))
            elif -one.window.before <= off <= one.window.after:
                costs.append(self.scale.off_target(off, rank))
            else:
                costs.append(self.scale.never)
        return costs

    def _can_clash(self, some: Sequence[_Option], others: Sequence[_Option], least: int) -> bool:
        days, other_days = ([one.day for one in options] for options in (some, others))
        return min(other_days) - max(days) < least and min(days) - max(other_days) < least

    def _too_close(self, one: _Option, other: _Option, least: int) -> int:
        both = one.is_day and other.is_day
        return self.scale.never if both and abs(one.day - other.day) < least else 0

    def _alone(self, place: Place, options: Sequence[_Option]) -> Costs:
        """Return what each option costs by itself, with what it leaves to its followers."""
        anchor = self.wanted[place].counts_from
        own = [0] * len(options) if isinstance(anchor, int) else self._row(place, anchor.toordinal(), options)
        return [cost + self._cost_after(place, option.day) for cost, option in zip(own, options, strict=True)]

    def _cost_after(self, place: Place, day: int) -> int:
        cost = 0
        for follower in self.followers[place]:
            found = self._nearest_from(follower, day)
            if found is None:
                cost += self.scale.without_day(follower)
            else:
                cost += self.scale.off_target(found - shift(self.wanted[follower].offset, day), None)
        return cost

    def _told(self, chosen: Mapping[Place, _Option]) -> Iterator[date | None]:
        for place, one in enumerate(self.wanted):
            if place in chosen:
                day = chosen[place].day if chosen[place].is_day else None
            elif isinstance(one.counts_from, int):
                day = self._nearest_from(place, chosen[one.counts_from].day)
            else:
                day = self._nearest_from(place, one.counts_from.toordinal())
            yield date.fromordinal(day) if day is not None else None
