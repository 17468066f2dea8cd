"""The best days for one participant alone, exactly, by eliminating one visit after the other.

A visit that is tied to one other leaves behind what its best day costs for each day of the other; one that is tied to
two leaves a table. Where all are tied to more, the days of one are tried in turn. Anchors make a tree, so that this is
rare, and the whole takes about a millisecond.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import add

from schedule.planning.optimising.candidates import Case, Limits, Link, shift, tidy

NEVER = 1 << 60
"""What a day costs that is impossible."""
Costs = list[int]
Tables = dict[int, dict[int, list[Costs]]]
"""For each visit, and each that it is tied to, what each pair of their days costs."""


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
    cost, chosen = _eliminate(alone, tables, set(tables))
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
    _put(tables, link.first, link.then, rows)


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


def _put(tables: Tables, one: int, other: int, rows: list[Costs]) -> None:
    """Add the costs of pairs to those that are known, seen from both sides."""
    known = tables[one].get(other)
    if known:
        rows = [list(map(add, row, more)) for row, more in zip(known, rows, strict=True)]
    tables[one][other] = rows
    tables[other][one] = [list(column) for column in zip(*rows, strict=True)]


def _eliminate(alone: list[Costs], tables: Tables, left: set[int]) -> tuple[int, dict[int, int]]:
    """Return the least cost of the visits that are left, and the index of the day of each."""
    alone, tables = list(alone), {one: dict(tied) for one, tied in tables.items()}
    gone: list[tuple[int, list[int]]] = []
    total = 0
    remaining = set(left)
    tail: dict[int, int] = {}
    while remaining:
        visit = min(remaining, key=lambda one: (len(tables[one]), one))
        tied = sorted(tables[visit])
        if len(tied) > 2:
            more, tail = _try_each(alone, tables, remaining)
            total += more
            break
        remaining.remove(visit)
        gone.append((visit, tied))
        total += _leave(alone, tables, visit, tied)
        for one in tied:
            del tables[one][visit]
    if total >= NEVER:
        return NEVER, {}
    return total, _trace(alone, tables, gone, tail)


def _leave(alone: list[Costs], tables: Tables, visit: int, tied: list[int]) -> int:
    """Put the cost of a visit's best day on those that it is tied to; return what stays where it is tied to none."""
    own = alone[visit]
    if not tied:
        return min(own)
    if len(tied) == 1:
        rows = tables[tied[0]][visit]
        alone[tied[0]] = [cost + min(map(add, row, own)) for cost, row in zip(alone[tied[0]], rows, strict=True)]
        return 0
    one, other = tied
    others = tables[other][visit]
    rows = []
    for row in tables[one][visit]:
        so_far = list(map(add, row, own))
        rows.append([min(map(add, so_far, more)) for more in others])
    _put(tables, one, other, rows)
    return 0


def _trace(
    alone: list[Costs], tables: Tables, gone: Sequence[tuple[int, list[int]]], chosen: dict[int, int]
) -> dict[int, int]:
    """Choose days in the reverse order, each the first of the best for what is chosen already."""
    for visit, tied in reversed(gone):
        costs = alone[visit]
        for one in tied:
            costs = [cost + row[chosen[one]] for cost, row in zip(costs, tables[visit][one], strict=True)]
        chosen[visit] = costs.index(min(costs))
    return chosen


def _try_each(alone: list[Costs], tables: Tables, left: set[int]) -> tuple[int, dict[int, int]]:
    """Try every day of the visit that is tied to most."""
    visit = max(left, key=lambda one: (len(tables[one]), -one))
    others = {one: {key: rows for key, rows in tied.items() if key != visit} for one, tied in tables.items()}
    best: tuple[int, dict[int, int]] = (NEVER, {})
    for index, own in enumerate(alone[visit]):
        if own >= NEVER:
            continue
        costs = list(alone)
        for one, rows in tables[visit].items():
            costs[one] = list(map(add, costs[one], rows[index]))
        cost, chosen = _eliminate(costs, others, left - {visit})
        if cost + own < best[0]:
            best = (cost + own, {**chosen, visit: index})
    return best
