"""The best days for one participant alone, exactly: anchors make a tree, and the whole takes about a millisecond."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from schedule.planning.optimising.candidates import FREE, Case, Limits, Link, shift, tidy
from schedule.planning.optimising.eliminating import Costs, Tables, eliminate, put

NEVER = 1 << 60
"""What a day costs that is impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The days of one participant, in the order of the visits, and what they cost."""

    days: tuple[int, ...]
    cost: int


Room = Callable[[str, int], int]
"""How many of one's own visits find room with a resource on a day."""


def no_limit(_resource: str, _day: int) -> int:
    """Return that there is room for all."""
    return FREE


def best_alone(case: Case, limits: Limits) -> Best | None:
    """Return the cheapest days; None when there are none."""
    case = tidy(case)
    if not case.is_possible:
        return None
    alone = Alone(case)
    return alone.best(alone.costs, lambda resource, day: limits.left.get((resource, day), FREE))


class Alone:
    """A participant who is asked again and again, at other costs: what each pair of their days costs is known once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.costs: Sequence[Costs] = [_own_costs(case, number) for number in range(len(case.days))]
        """What each day of each visit costs by itself."""
        self._tables: Tables = {number: {} for number in range(len(case.days))}
        for link in case.links:
            _tie(self._tables, case, link)

    def best(self, costs: Sequence[Costs], room: Room) -> Best | None:
        """Return the days that are cheapest at these costs; None when there are none."""
        best: Best | None = None
        waiting = [costs]
        while waiting:
            tried = waiting.pop()
            cost, chosen = eliminate(tried, self._tables, NEVER)
            if cost >= NEVER or (best and cost >= best.cost):
                continue
            days = tuple(own[chosen[number]] for number, own in enumerate(self.case.days))
            clash = self._clash(days, room)
            if clash:
                fewer = (_without(tried, visit, chosen[visit]) for visit in clash)
                waiting += [one for one in fewer if not self.case.is_one_a_day or self._has_days(one)]
            else:
                best = Best(days=days, cost=cost)
        return best

    def _has_days(self, costs: Sequence[Costs]) -> bool:
        """Tell whether each visit can have a day of its own, were it not for what ties them: a perfect matching."""
        holder: dict[int, int] = {}

        def seat(visit: int, seen: set[int]) -> bool:
            for at, day in enumerate(self.case.days[visit]):
                if costs[visit][at] < NEVER and day not in seen:
                    seen.add(day)
                    if day not in holder or seat(holder[day], seen):
                        holder[day] = visit
                        return True
            return False

        return all(seat(visit, set()) for visit in range(len(costs)))

    def _clash(self, days: Sequence[int], room: Room) -> list[int]:
        """Return visits that cannot all stay on their day, for want of room or because one a day is allowed."""
        if len(set(days)) == len(days):
            return []
        by_day: dict[int, list[int]] = {}
        for number, day in enumerate(days):
            if self.case.visits[number].fixed is None:
                by_day.setdefault(day, []).append(number)
        for day, visits in by_day.items():
            if len(visits) < 2:
                continue
            if self.case.is_one_a_day:
                return visits
            for resource in sorted({resource for number in visits for resource in self.case.visits[number].uses}):
                users = [number for number in visits if resource in self.case.visits[number].uses]
                if len(users) > max(1, room(resource, day)):
                    return users
        return []


def _without(costs: Sequence[Costs], visit: int, at: int) -> Sequence[Costs]:
    """Return the costs with one day of one visit forbidden."""
    own = costs[visit]
    return [*costs[:visit], [*own[:at], NEVER, *own[at + 1 :]], *costs[visit + 1 :]]


def _own_costs(case: Case, number: int) -> Costs:
    """Return what the days of a visit cost, with the toll where no link can take it."""
    costs, outside = list(case.costs[number]), case.outside[number]
    if outside and not any(link.then == number and _pays_all(link) for link in case.links):
        costs = [cost + case.toll * (day in outside) for cost, day in zip(costs, case.days[number], strict=True)]
    return costs


def _tie(tables: Tables, case: Case, link: Link) -> None:
    days, outside = case.days[link.then], case.outside[link.then]
    toll = case.toll if link.toll is None else link.toll
    price = cache(partial(_pair_cost, link, toll))
    owed = [toll * (_pays_all(link) and day in outside) for day in days]
    rows = []
    for first in case.days[link.first]:
        target = shift(link.offset, first)
        rows.append(list(map(price, [day - target for day in days], owed)))
    put(tables, link.first, link.then, rows)


def _pays_all(link: Link) -> bool:
    """Tell whether the second visit pays once for this link and for its own window."""
    return link.slack > 0 and link.toll is None


def _pair_cost(link: Link, toll: int, off: int, owed: int) -> int:
    """Return what this many days off cost; the toll is paid once, for the link's bounds or because it is owed."""
    cost = link.weight * abs(off)
    below = 0 if link.least is None else link.least - off
    above = 0 if link.most is None else off - link.most
    beyond = max(below, above)
    if beyond > link.slack:
        return NEVER
    return cost + (toll if beyond > 0 else owed)
