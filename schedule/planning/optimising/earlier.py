"""Of two days that cost the same the earlier, where there is room: the solver takes either."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from schedule.planning.optimising.candidates import FREE, Asked, Case, Limits, Link, shift


def take_earlier(asked: Asked, chosen: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
    """Return the days of each participant, with single visits on earlier days where that costs the same."""
    taken = Counter(
        (resource, day)
        for number, days in chosen.items()
        for visit, day in zip(asked.cases[number].visits, days, strict=True)
        if visit.fixed is None
        for resource in visit.uses
    )
    found = {number: list(chosen[number]) for number in sorted(chosen)}
    before = None
    while found != before:
        before = found
        found = {number: _move(asked.cases[number], [*days], asked.limits, taken) for number, days in found.items()}
    return found


def _move(case: Case, days: list[int], limits: Limits, taken: Counter[tuple[str, int]]) -> list[int]:
    ties: dict[int, list[Link]] = {}
    for link in case.links:
        ties.setdefault(link.first, []).append(link)
        ties.setdefault(link.then, []).append(link)
    for number in _late(case, days, ties):
        uses, now = case.visits[number].uses, days[number]
        here = _cost(case, days, number, ties)
        for day in case.days[number][: bisect_left(case.days[number], now)]:
            if any(taken[resource, day] >= limits.left.get((resource, day), FREE) for resource in uses):
                continue
            if case.is_one_a_day and day in days:
                continue
            days[number] = day
            if _cost(case, days, number, ties) == here:
                taken.subtract((resource, now) for resource in uses)
                taken.update((resource, day) for resource in uses)
                break
            days[number] = now
    return days


def _late(case: Case, days: Sequence[int], ties: Mapping[int, Sequence[Link]]) -> Iterator[int]:
    """Yield the visits that are later than they would like best: no other is as well off on an earlier day."""
    for number, (own, costs) in enumerate(zip(case.days, case.costs, strict=True)):
        if len(own) < 2:
            continue
        at = bisect_left(own, days[number])
        is_late = any(
            link.weight and link.then == number and days[number] > shift(link.offset, days[link.first])
            for link in ties.get(number, ())
        )
        if is_late or (costs[at] and min(costs[:at], default=costs[at] + 1) <= costs[at]):
            yield number


def _cost(case: Case, days: Sequence[int], number: int, ties: Mapping[int, Sequence[Link]]) -> int | None:
    """Return what a visit's day costs itself and those that are tied to it; None where they may not be so."""
    total = case.costs[number][bisect_left(case.days[number], days[number])]
    for link in ties.get(number, ()):
        off = days[link.then] - shift(link.offset, days[link.first])
        if (link.least is not None and off < link.least) or (link.most is not None and off > link.most):
            return None
        total += link.weight * abs(off)
    return total
