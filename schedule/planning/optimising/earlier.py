"""Of two days that cost the same the earlier, where there is room: the solver takes either."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from schedule.planning.optimising.candidates import FREE, Asked, Case, Limits, Link, shift


def take_earlier(asked: Asked, chosen: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
    """Return the days of each participant, with single visits on earlier days where that costs the same."""
    found = {number: list(chosen[number]) for number in sorted(chosen)}
    taken = Counter(
        (resource, day)
        for number, days in found.items()
        for visit, day in zip(asked.cases[number].visits, days, strict=True)
        if visit.fixed is None
        for resource in visit.uses
    )
    is_moved = True
    while is_moved:
        is_moved = False
        for number, days in found.items():
            is_moved |= _move(asked.cases[number], days, asked.limits, taken)
    return found


def _move(case: Case, days: list[int], limits: Limits, taken: Counter[tuple[str, int]]) -> bool:
    """Give visits earlier days; tell whether any has one."""
    before = list(days)
    for number in _late(case, days):
        uses, now = case.visits[number].uses, days[number]
        ties = [link for link in case.links if number in (link.first, link.then)]
        here = _cost(case, days, number, ties)
        for day in case.days[number][: bisect_left(case.days[number], now)]:
            is_full = any(taken[resource, day] >= limits.left.get((resource, day), FREE) for resource in uses)
            if is_full or (case.is_one_a_day and day in days):
                continue
            days[number] = day
            if _cost(case, days, number, ties) == here:
                taken.subtract((resource, now) for resource in uses)
                taken.update((resource, day) for resource in uses)
                break
            days[number] = now
    return days != before


def _late(case: Case, days: Sequence[int]) -> list[int]:
    """Return the visits that are later than they would like best: no other is as well off on an earlier day."""
    found = {link.then for link in case.links if link.weight and days[link.then] > shift(link.offset, days[link.first])}
    for number, (own, costs) in enumerate(zip(case.days, case.costs, strict=True)):
        if own[0] < days[number]:
            at = bisect_left(own, days[number])
            if costs[at] and min(costs[:at]) <= costs[at]:
                found.add(number)
    return sorted(found)


def _cost(case: Case, days: Sequence[int], number: int, ties: Sequence[Link]) -> int | None:
    """Return what a visit's day costs itself and those that are tied to it; None where they may not be so."""
    total = case.costs[number][bisect_left(case.days[number], days[number])]
    for link in ties:
        off = days[link.then] - shift(link.offset, days[link.first])
        if (link.least is not None and off < link.least) or (link.most is not None and off > link.most):
            return None
        total += link.weight * abs(off)
    return total
