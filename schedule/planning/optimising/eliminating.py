"""The cheapest choice of days, exactly, by eliminating one visit after the other.

A visit that is tied to one other leaves behind what its best day costs for each day of the other; one that is tied to
two leaves a table. Where all are tied to more, the days of one are tried in turn.
"""

from collections.abc import Sequence
from operator import add

Costs = list[int]
Tables = dict[int, dict[int, list[Costs]]]
"""For each visit, and each that it is tied to, what each pair of their days costs."""


def eliminate(alone: Sequence[Costs], tables: Tables, never: int) -> tuple[int, dict[int, int]]:
    """Return the least cost, and the index of each visit's day; no days where the least is ``never`` or more."""
    return _eliminate(list(alone), tables, set(tables), never)


def put(tables: Tables, one: int, other: int, rows: list[Costs]) -> None:
    """Add the costs of pairs to those that are known, seen from both sides."""
    known = tables[one].get(other)
    if known:
        rows = [list(map(add, row, more)) for row, more in zip(known, rows, strict=True)]
    tables[one][other] = rows
    tables[other][one] = [list(column) for column in zip(*rows, strict=True)]


def _eliminate(alone: list[Costs], tables: Tables, left: set[int], never: int) -> tuple[int, dict[int, int]]:
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
            more, tail = _try_each(alone, tables, remaining, never)
            total += more
            break
        remaining.remove(visit)
        gone.append((visit, tied))
        total += _leave(alone, tables, visit, tied)
        for one in tied:
            del tables[one][visit]
    if total >= never:
        return never, {}
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
    put(tables, one, other, rows)
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


def _try_each(alone: list[Costs], tables: Tables, left: set[int], never: int) -> tuple[int, dict[int, int]]:
    """Try every day of the visit that is tied to most."""
    visit = max(left, key=lambda one: (len(tables[one]), -one))
    others = {one: {key: rows for key, rows in tied.items() if key != visit} for one, tied in tables.items()}
    best: tuple[int, dict[int, int]] = (never, {})
    for index, own in enumerate(alone[visit]):
        if own >= never:
            continue
        costs = list(alone)
        for one, rows in tables[visit].items():
            costs[one] = list(map(add, costs[one], rows[index]))
        cost, chosen = _eliminate(costs, others, left - {visit}, never)
        if cost + own < best[0]:
            best = (cost + own, {**chosen, visit: index})
    return best
