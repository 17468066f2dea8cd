"""Days for everybody without a solver, soon and not far from the best: participants bargain for the scarce days.

Everybody takes the best days at the prices of the day. Where more come than there is room for, the day becomes dearer
for all, and those who are on it choose again, until nobody is one too many. Then each chooses once more, at no price,
among the days that the others leave free. It is the idea by which wires are routed on chips (L. McMurchie and
C. Ebeling, PathFinder, 1995).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import ceil

from schedule.planning.optimising.alone import NEVER, Alone
from schedule.planning.optimising.candidates import FREE, Asked, Case
from schedule.planning.optimising.eliminating import Costs
from schedule.planning.optimising.narrowing import Slot

PATIENCE = 40
"""Rounds without fewer too many after which nobody is expected to find a way any more."""
SLOW = 4
"""Rounds after which crowded days become dearer twice as fast as at first."""
MOST = 40
"""Rounds up to which the toll on a day that is just now full grows."""
Toll = Callable[[Slot, int], int]
"""What a slot costs besides, by how many would then be too many."""


def bargain(
    people: Sequence[Alone], asked: Asked, start: Sequence[Sequence[int]] | None = None
) -> Iterator[list[Sequence[int]]]:
    """Yield the days of everybody, within all limits, and then better ones as long as somebody finds some.

    Begins with days that are within all limits, where there are some. Yields nothing where no way was found, which
    proves nothing.
    """
    fair = _Fair(people, asked)
    if start:
        fair.begin(start)
    if start or fair.settle():
        yield list(fair.days)
        while fair.improve():
            yield list(fair.days)


class _Fair:
    """Who is where, and what the days cost."""

    def __init__(self, people: Sequence[Alone], asked: Asked) -> None:
        self._left = asked.limits.left
        self._overbook = asked.limits.overbook
        self._people = people
        self._used: Counter[Slot] = Counter()
        self._price: Counter[Slot] = Counter()
        weights = [one.weight / asked.unit for person in people for one in person.case.visits if one.weight]
        self._day = ceil(sum(weights) / len(weights)) if weights else 1
        """What a day off target costs on average: the measure of all prices."""
        self.days: list[Sequence[int]] = [()] * len(self._people)
        self._total: int | None = None

    def begin(self, days: Sequence[Sequence[int]]) -> None:
        """Give everybody these days."""
        self.days = list(days)
        self._used.update(slot for one in range(len(days)) for slot in self._slots(one))

    def settle(self) -> bool:
        """Let all choose, and those on crowded days again, until there is room for everybody."""
        order = sorted(range(len(self._people)), key=lambda one: min(days[0] for days in self._people[one].case.days))
        waiting = order
        least, number, last_fall = FREE, 0, 0
        while number <= last_fall + PATIENCE:
            toll = partial(self._toll, self._day * min(number + 1, MOST) // 2)
            if any(self._choose(one, toll) is None for one in waiting):
                return False
            crowded = {slot: used - self._left[slot] for slot, used in self._used.items() if used > self._left[slot]}
            if not crowded:
                return True
            if (too_many := sum(crowded.values())) < least:
                least, last_fall = too_many, number
            for slot, over in crowded.items():
                self._price[slot] += self._day * over * (SLOW + number) // (2 * SLOW) + 1
            waiting = [one for one in order if any(slot in crowded for slot in self._slots(one))]
            number += 1
        return self._overbook is not None

    def _toll(self, now: int, slot: Slot, over: int) -> int:
        """Return the price of a slot; ``now`` besides for each by whom it is just now too many."""
        return self._price[slot] + now * over

    def improve(self) -> bool:
        """Let each choose among what the others leave free; tell whether it is cheaper than the last time."""
        before, self._total = self._total, 0
        full = NEVER if self._overbook is None else self._overbook
        for one in range(len(self._people)):
            self._total += self._choose(one, lambda _, over: full if over else 0, is_shared=False) or 0
        return before is None or self._total < before

    def _choose(self, one: int, toll: Toll, *, is_shared: bool = True) -> int | None:
        """Give somebody the best days where days cost this besides; return what they cost, None without any.

        Where the days of others are shared, they may be too many with them, but not too many by themselves.
        """
        person = self._people[one]
        self._used.subtract(self._slots(one))
        others = Counter[Slot]() if is_shared else self._used
        costs = [self._costs(person.case, visit, own, toll) for visit, own in enumerate(person.costs)]
        best = person.best(costs, lambda *slot: self._room(slot) - others[slot])
        if best:
            self.days[one] = best.days
        self._used.update(self._slots(one))
        return best.cost if best else None

    def _costs(self, case: Case, visit: int, own: Costs, toll: Toll) -> Costs:
        """Return what the days of a visit cost, with their tolls."""
        if case.visits[visit].fixed:
            return own
        costs = list(own)
        for resource in case.visits[visit].uses:
            for at, day in enumerate(case.days[visit]):
                room = self._left.get((resource, day))
                if room is not None:
                    slot = resource, day
                    costs[at] += toll(slot, max(0, self._used[slot] + 1 - room))
        return costs

    def _room(self, slot: Slot) -> int:
        return FREE if self._overbook is not None else self._left.get(slot, FREE)

    def _slots(self, one: int) -> Iterator[Slot]:
        """Yield what somebody uses."""
        if self.days[one]:
            case = self._people[one].case
            for visit, day in zip(case.visits, self.days[one], strict=True):
                if visit.fixed is None:
                    yield from ((resource, day) for resource in visit.uses if (resource, day) in self._left)
