"""The best days for one participant alone, exactly: anchors make a tree, and the whole takes about a millisecond."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from schedule.planning.optimising.candidates import Case, Limits, Link, shift, tidy
from schedule.planning.optimising.eliminating import Costs, Tables, eliminate, put

NEVER = 1 << 60
"""What a day costs that is impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The days of one participant, in the order of the visits, and what they cost."""

    days: tuple[int, ...]
    cost: int


def best_alone(case: Case, limits: Limits) -> Best | None:
    """Return the cheapest days; None when there are none."""
    best: Best | None = None
    waiting = [tidy(case)]
    while waiting:
        tried = waiting.pop()
        found = _without_clashes(tried) if tried.is_possible else None
        if found is None or (best and found.cost >= best.cost):
            continue
        clash = _clash(tried, found.days, limits)
        if clash is None:
            best = found
        else:
            waiting += [tidy(_without(tried, visit, found.days[visit])) for visit in clash]
    return best


def _without(case: Case, visit: int, day: int) -> Case:
    days, costs = list(case.days), list(case.costs)
    at = case.days[visit].index(day)
    days[visit] = [*days[visit][:at], *days[visit][at + 1 :]]
    costs[visit] = [*costs[visit][:at], *costs[visit][at + 1 :]]
    return replace(case, days=tuple(days), costs=tuple(costs))


def _clash(case: Case, days: Sequence[int], limits: Limits) -> list[int] | None:
    """Return visits that cannot all stay on their day, for want of room or because one a day is allowed."""
    by_day: dict[int, list[int]] = {}
    for number, day in enumerate(days):
        if case.visits[number].fixed is None:
            by_day.setdefault(day, []).append(number)
    for day, visits in by_day.items():
        if len(visits) < 2:
            continue
        if case.is_one_a_day:
            return visits
        for resource in sorted({resource for number in visits for resource in case.visits[number].uses}):
            users = [number for number in visits if resource in case.visits[number].uses]
            if len(users) > limits.left.get((resource, day), len(users)):
                return users
    return None


def _without_clashes(case: Case) -> Best | None:
    tables: Tables = {number: {} for number in range(len(case.days))}
    for link in case.links:
        _tie(tables, case, link)
    alone = [_own_costs(case, number) for number in range(len(case.days))]
    cost, chosen = eliminate(alone, tables, NEVER)
    if cost >= NEVER:
        return None
    return Best(days=tuple(case.days[number][chosen[number]] for number in range(len(case.days))), cost=cost)


def _own_costs(case: Case, number: int) -> Costs:
    """Return what the days of a visit cost, with the toll where no link can take it."""
    costs, outside = list(case.costs[number]), case.outside[number]
    if outside and not any(link.then == number and _pays_all(link) for link in case.links):
        costs = [cost + case.toll * (day in outside) for cost, day in zip(costs, case.days[number], strict=True)]
    return costs


def _tie(tables: Tables, case: Case, link: Link) -> None:
    days, outside = case.days[link.then], case.outside[link.then]
    toll = case.toll if link.toll is None else link.toll
    rows = []
    for first in case.days[link.first]:
        target = shift(link.offset, first)
        rows.append([_pair_cost(link, day - target, toll, own=day in outside and _pays_all(link)) for day in days])
    put(tables, link.first, link.then, rows)


def _pays_all(link: Link) -> bool:
    """Tell whether the second visit pays once for this link and for its own window."""
    return link.slack > 0 and link.toll is None


def _pair_cost(link: Link, off: int, toll: int, *, own: bool) -> int:
    cost = link.weight * abs(off)
    below = 0 if link.least is None else link.least - off
    above = 0 if link.most is None else off - link.most
    beyond = max(below, above)
    if beyond > link.slack:
        return NEVER
    return cost + toll if beyond > 0 or own else cost
