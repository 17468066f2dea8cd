"""What the visits of one participant cost by the days that they can have, each with all that count from it.

Anchors make a tree: for each day from which a visit can count, it is found what it costs with all that follow it, the
last visits first. Days are ordinals.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import add
from typing import Any, NamedTuple

from schedule.sites import ShutDays
from schedule.study.offsets import DaysAfter
from schedule.study.protocol import Window

Place = int
"""Where a visit stands among those that are wanted."""
UNEVEN = 3
"""Days by which months can pull days apart: 28 February and 1 March lie one apart, and four a month later."""


class Wanted(NamedTuple):
    """A visit that is looking for a day, or one that says how good a day of its anchor is."""

    counts_from: Place | None
    """An earlier one among the wanted; None where it counts from ``known``."""
    known: int
    """The day that it counts from, where that is known."""
    after: DaysAfter
    """The target, for each day that it can count from."""
    window: Window
    shut: ShutDays[Any]
    """What stands against a day."""
    is_visit: bool = True
    """False for what is simply on its target, whatever day that is."""
    kept: tuple[int, int] | None = None
    """A target, and the day that it should keep as long as it has that target."""
    promised: int | None = None
    """The day that it has whatever its window is: none is looked for."""
    after_anchor: int = 0
    """The least days from its anchor, where that has a day."""

    @property
    def seeks(self) -> bool:
        """Whether a day is looked for."""
        return self.is_visit and self.promised is None

    def days(self, target: int) -> Iterator[int]:
        """Yield the days of its window: the one to keep, then the others, the nearest first."""
        window = self.window
        if self.kept and self.kept[0] == target and -window.before <= self.kept[1] - target <= window.after:
            yield self.kept[1]
        for off in window.outwards:
            yield target + off

    def leaves(self, target: int, day: int) -> bool:
        """Tell whether it would have another day than the one to keep."""
        return self.kept is not None and self.kept[0] == target and self.kept[1] != day


class Apart(NamedTuple):
    """Visits between any two of which there are at least so many days."""

    least: int
    places: Sequence[Place]


class Option(NamedTuple):
    """A day of a visit; for one without a day, the target that others count from."""

    day: int
    is_day: bool


def settled(one: Wanted, target: int) -> Option:
    """Return the only option of a visit that looks for no day."""
    return Option(target, is_day=False) if one.promised is None else Option(one.promised, is_day=True)


class Prices:
    """What a choice costs, as one number: what is more important in its higher digits."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        count = len(wanted)
        farthest = max((max(one.window.before, one.window.after) for one in wanted), default=0)
        digits = count.bit_length()
        self.outside = 1 << (count * farthest).bit_length()
        """A promised visit that ends up outside its window. Less is days off target alone."""
        self.left = self.outside << digits
        """A visit that leaves the day which it has."""
        which = self.left << digits
        self.without = [(which << count) + (which << place) for place in range(count)][::-1]
        """A visit without a day, by its place."""
        self.never = which << count + digits + 1
        """More than any choice."""


class Search:
    """What the visits cost, each with all that follow it, for the days that their anchors can have."""

    def __init__(self, wanted: Sequence[Wanted], known: Sequence[Option]) -> None:
        self.wanted = wanted
        self.prices = Prices(wanted)
        cost = sum(self.cost(place, self.target(place, known), one) for place, one in enumerate(known))
        self.could_be_better = cost > 0
        self._most = cost if cost < self.prices.outside else None
        """The days off target in all of a choice that is known; None where it has more against it."""
        self.followers: list[list[Place]] = [[] for _ in wanted]
        for place, one in enumerate(wanted):
            if one.counts_from is not None:
                self.followers[one.counts_from].append(place)
        self.reach: list[range] = []
        """The days that a visit can have, or count as its own, by place."""
        self._after: list[tuple[list[int], list[int]]] = []
        """What those that count from a visit cost: where it has no day, and where it has one."""

    def target(self, place: Place, options: Sequence[Option]) -> int:
        """Return the target of a visit when those before it have these options."""
        return self.target_after(place, self._anchor(place, options))

    def _anchor(self, place: Place, options: Sequence[Option]) -> Option | None:
        anchor = self.wanted[place].counts_from
        return None if anchor is None else options[anchor]

    def target_after(self, place: Place, anchor: Option | None) -> int:
        """Return the target of a visit that counts from this; from what is known where that is None."""
        one = self.wanted[place]
        return one.after[anchor.day if anchor else one.known]

    def off(self, place: Place, options: Sequence[Option]) -> int | None:
        """Return how far a visit is from its target; None where it has no day."""
        option = options[place]
        return abs(option.day - self.target(place, options)) if option.is_day else None

    def cost(self, place: Place, target: int, option: Option) -> int:
        """Return what an option costs by itself."""
        one = self.wanted[place]
        if not one.is_visit:
            return 0
        if not option.is_day:
            return self.prices.without[place]
        off = option.day - target
        if one.promised is not None and not -one.window.before <= off <= one.window.after:
            return self.prices.outside
        return abs(off) + self.prices.left * one.leaves(target, option.day)

    def solve(self) -> None:
        """Find out what everything costs, the last first."""
        self.reach = self._find_reach()
        self._after = [(nothing, nothing) for nothing in ([0] * len(days) for days in self.reach)]
        for place in range(len(self.wanted))[::-1]:
            anchor = self.wanted[place].counts_from
            if anchor is None:
                continue
            without, with_day = self._after[anchor]
            costs = self._costs(place, self.reach[anchor], 0)
            least = self._least_that_matters(place, self.reach[anchor])
            if not least and without is with_day:
                both = list(map(add, without, costs))
                self._after[anchor] = both, both
            else:
                tied = self._costs(place, self.reach[anchor], least) if least else costs
                self._after[anchor] = list(map(add, without, costs)), list(map(add, with_day, tied))

    def _find_reach(self) -> list[range]:
        """Return the days that each visit can have, or count as its own, in any choice that is not too dear."""
        found: list[range] = []
        straight: list[tuple[int, int]] = []
        for one in self.wanted:
            after = one.after
            days = range(one.known, one.known + 1) if one.counts_from is None else found[one.counts_from]
            middle, months = (one.known, 0) if one.counts_from is None else straight[one.counts_from]
            middle, months = after[middle], months + after.is_uneven
            straight.append((middle, months))
            before, later = (one.window.before, one.window.after) if one.seeks else (0, 0)
            first, last = after[days[0]] - before, after[days[-1]] + later
            if self._most is not None:
                far = self._most + UNEVEN * months
                first, last = max(first, middle - far), min(last, middle + far)
            found.append(range(first, last + 1))
        return found

    def _least_that_matters(self, place: Place, anchor_days: range) -> int:
        """Return how far a visit must be from its anchor; 0 where no day of its window is too near."""
        one = self.wanted[place]
        if not one.after_anchor or all(
            one.after[day] - one.window.before - day >= one.after_anchor for day in anchor_days
        ):
            return 0
        return one.after_anchor

    def _costs(self, place: Place, anchor_days: range, least: int) -> list[int]:
        """Return what a visit costs with all that follow, for each day of its anchor from which it must be so far."""
        one = self.wanted[place]
        targets = [one.after[day] for day in anchor_days]
        if one.promised is not None:
            return [self.cost(place, target, settled(one, target)) for target in targets]
        if not one.is_visit:
            first, following = self.reach[place].start, self._after[place][0]
            return [following[target - first] for target in targets]
        if self.followers[place] or one.kept is not None or least:
            return self._of_days(place, anchor_days, targets, least)
        distances, without = one.shut.distances(one.window), self.prices.without[place]
        return [without if (far := distances[target]) is None else far for target in targets]

    def _of_days(self, place: Place, anchor_days: range, targets: Sequence[int], least: int) -> list[int]:
        """Return what a visit costs with all that follow, for each of its targets, whichever day is best then."""
        one, start, never = self.wanted[place], self.reach[place].start, self.prices.never
        window, shut, kept_at = one.window, one.shut, one.kept[0] if one.kept else None
        own = [never if shut[day] else cost for day, cost in enumerate(self._after[place][1], start)]
        far = [abs(off) for off in range(-window.before, window.after + 1)]
        costs = []
        for anchor_day, target in zip(anchor_days, targets, strict=True):
            first, last = max(target - window.before, start), target + window.after
            from_target = first - target + window.before
            found: Iterable[int] = map(add, own[first - start : last + 1 - start], far[from_target:])
            if kept_at == target:
                found = (cost + self.prices.left * one.leaves(target, day) for day, cost in enumerate(found, first))
            if least:
                near = slice(max(anchor_day - least + 1 - first, 0), max(anchor_day + least - first, 0))
                there = list(found)
                del there[near]
                found = there
            best = min(found, default=never)
            costs.append(best if best < self.prices.without[place] else min(best, self._without(place, target)))
        return costs

    def _without(self, place: Place, target: int) -> int:
        """Return what it costs with all that follow when a visit has no day; at least, where that is too dear."""
        reach = self.reach[place]
        return self.prices.without[place] + (self._after[place][0][target - reach.start] if target in reach else 0)

    def complete(self, chosen: Mapping[Place, Option]) -> list[Option]:
        """Return the best option of each visit beside what is chosen; of spacing, only that from the anchor counts."""
        options: list[Option] = []
        for place in range(len(self.wanted)):
            options.append(chosen.get(place) or self.choose(place, self._anchor(place, options)))
        return options

    def follow(self, options: Sequence[Option], place: Place, option: Option) -> list[Option]:
        """Return the options where one is replaced, and all that count from it have their best."""
        others, changed = list(options), {place}
        others[place] = option
        for number in range(place + 1, len(others)):
            if self.wanted[number].counts_from in changed:
                changed.add(number)
                others[number] = self.choose(number, self._anchor(number, others))
        return others

    def choose(self, place: Place, anchor: Option | None) -> Option:
        """Return the first of the best options of a visit that counts from this."""
        one, target = self.wanted[place], self.target_after(place, anchor)
        if not one.seeks:
            return settled(one, target)
        least = one.after_anchor if anchor and anchor.is_day else 0
        shut, reach, following = one.shut, self.reach[place], self._after[place][1]
        nothing_follows = not (self.followers[place] or one.kept)
        best, found = self._without(place, target), Option(target, is_day=False)
        for off in one.window.outwards:
            day, far = target + off, abs(off)
            if far >= best:
                break
            if day not in reach or shut[day] or (anchor and abs(day - anchor.day) < least):
                continue
            if nothing_follows:
                return Option(day, is_day=True)
            cost = far + following[day - reach.start] + self.prices.left * one.leaves(target, day)
            if cost < best:
                best, found = cost, Option(day, is_day=True)
        return found
