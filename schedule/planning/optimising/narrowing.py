"""Which days are looked at: those about the days that somebody would choose, and more only where that could pay.

Most days of a window are in nobody's way and in nobody's plan. The linear program of the days that are looked at gives
each slot a price. At these prices everybody's best days of all are found exactly: what they cost, less what the slots
are worth, is a bound for every plan (J. L. Lagrange's), and whoever would rather be on other days has these looked at
too. Where nobody would, the program without them has the value of the program with all.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from schedule.planning.optimising.alone import NEVER, Alone, no_limit
from schedule.planning.optimising.candidates import Case, Limits
from schedule.planning.optimising.eliminating import Costs

Slot = tuple[str, int]
"""A resource and a day."""
ROUNDING = 1e-6
"""What days may be cheaper by without being so."""


class Narrow:
    """The days that are looked at: of each visit, all from one to another."""

    def __init__(self, cases: Sequence[Case]) -> None:
        """Begin with all days."""
        self._cases = cases
        self.ends = [[(0, len(days)) for days in case.days] for case in cases]
        """By case and visit: the place of the first day, and of the first that is not looked at any more."""

    @classmethod
    def about(cls, cases: Sequence[Case], plans: Sequence[Sequence[Sequence[int]]]) -> "Narrow":
        """Begin with the days about those of some plans."""
        narrow = cls(cases)
        narrow.ends = [[(len(days), 0) for days in case.days] for case in cases]
        for plan in plans:
            for number, days in enumerate(plan):
                narrow.widen(number, days)
        return narrow

    @property
    def is_whole(self) -> bool:
        """Whether all days are looked at."""
        return all(
            end == (0, len(days))
            for case, ends in zip(self._cases, self.ends, strict=True)
            for days, end in zip(case.days, ends, strict=True)
        )

    def over(self, cases: Sequence[Case]) -> "Narrow":
        """Return the same days of cases that have other costs."""
        narrow = Narrow(cases)
        narrow.take_over(self)
        return narrow

    def take_over(self, other: "Narrow") -> None:
        """Look at the days that another looks at, of cases that may have other costs."""
        self.ends = [list(ends) for ends in other.ends]

    def widen(self, number: int, chosen: Sequence[int]) -> None:
        """Look at these days of a case too, and at the next on either side."""
        ends = self.ends[number]
        for visit, day in enumerate(chosen):
            days = self._cases[number].days[visit]
            at = bisect_left(days, day)
            low, high = ends[visit]
            ends[visit] = min(low, max(0, at - 1)), max(high, min(len(days), at + 2))

    def holds(self, number: int, chosen: Sequence[int]) -> bool:
        """Tell whether all of these days of a case are looked at."""
        days = self._cases[number].days
        return all(
            days[visit][low] <= day <= days[visit][high - 1]
            for (visit, day), (low, high) in zip(enumerate(chosen), self.ends[number], strict=True)
        )

    def cases(self) -> tuple[Case, ...]:
        """Return the cases with no other days."""
        return tuple(
            replace(
                case,
                days=tuple(days[low:high] for days, (low, high) in zip(case.days, ends, strict=True)),
                costs=tuple(costs[low:high] for costs, (low, high) in zip(case.costs, ends, strict=True)),
            )
            for case, ends in zip(self._cases, self.ends, strict=True)
        )

    def forbid_others(self, number: int, costs: Sequence[Costs]) -> list[Costs]:
        """Return what the days of a case cost where the others are impossible."""
        return [
            [NEVER] * low + own[low:high] + [NEVER] * (len(own) - high)
            for own, (low, high) in zip(costs, self.ends[number], strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """What everybody's best days cost at some prices, less what the slots are worth: a bound, in units."""

    bound: float
    is_wider: bool
    """Whether somebody would rather be on a day that was not looked at."""


def price(people: Sequence[Alone], narrow: Narrow, prices: Mapping[Slot, float], limits: Limits) -> Priced:
    """Let everybody choose at these prices of slots, in units, and look at the days they choose from now on."""
    dear: dict[str, dict[int, float]] = {}
    for (resource, day), amount in prices.items():
        dear.setdefault(resource, {})[day] = amount
    bound = limits.spent - sum(amount * max(0, limits.left[slot]) for slot, amount in prices.items())
    is_wider = False
    for number, person in enumerate(people):
        costs = [_with_prices(person, visit, own, dear) for visit, own in enumerate(person.costs)]
        best = person.best(costs, no_limit)
        assert best  # noqa: S101 - everybody has days alone
        bound += best.cost
        if not narrow.holds(number, best.days):
            so_far = person.best(narrow.forbid_others(number, costs), no_limit)
            if so_far is None or best.cost < so_far.cost - ROUNDING:
                narrow.widen(number, best.days)
                is_wider = True
    return Priced(bound=bound, is_wider=is_wider)


def _with_prices(person: Alone, visit: int, own: Costs, dear: Mapping[str, Mapping[int, float]]) -> Costs:
    wanted = person.case.visits[visit]
    known = [dear[one] for one in sorted(wanted.uses) if one in dear] if wanted.fixed is None else []
    if not known:
        return own
    days = person.case.days[visit]
    dearer = [cost + sum(prices.get(day, 0) for prices in known) for cost, day in zip(own, days, strict=True)]
    return cast("Costs", dearer)
