"""Tiny planning problems, drawn by Hypothesis or written by hand, as JSON has them."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
FIRST = date(2026, 1, 28)
"""A Wednesday; a month later the month's end clips."""


def day(number: int) -> str:
    return (FIRST + timedelta(number)).isoformat()


@st.composite
def problems(draw: st.DrawFn) -> Json:
    """At most three participants with three visits each, within some days."""
    sites = {name: draw(_sites()) for name in draw(st.sampled_from([["S1"], ["S1"], ["S1", "S2"]]))}
    people, visits = {}, []
    for name in ["P1", "P2", "P3"][: draw(st.integers(1, 3))]:
        person: Json = {"site": draw(st.sampled_from(sorted(sites)))}
        if draw(st.booleans()):
            person["unavailable"] = draw(st.lists(st.integers(0, 9).map(day), max_size=2))
        if draw(st.booleans()):
            person["preferred_weekdays"] = draw(st.lists(st.integers(0, 6), max_size=3))
        people[name] = person
        visits += draw(_visits(name))
    problem: Json = {"sites": sites, "participants": people, "visits": visits}
    problem["rules"] = draw(st.lists(_rules(people), max_size=2))
    problem["same_day"] = draw(st.sampled_from(["allow", "forbid"]))
    problem["costs"] = draw(_costs())
    return problem


@st.composite
def _sites(draw: st.DrawFn) -> Json:
    site: Json = {"closed_weekdays": draw(st.lists(st.integers(0, 6), max_size=2, unique=True))}
    site["holidays"] = draw(st.lists(st.integers(0, 9).map(day), max_size=1))
    site["closures"] = draw(st.lists(st.integers(0, 8).map(lambda number: [day(number), day(number + 1)]), max_size=1))
    limits = st.integers(1, 3) | st.lists(st.integers(0, 3), min_size=7, max_size=7)
    site["capacity"] = draw(st.dictionaries(st.sampled_from(["r", "s"]), limits, max_size=2))
    special = st.dictionaries(st.sampled_from(["r", "s"]), st.integers(0, 2), max_size=1)
    site["capacity_on"] = draw(st.dictionaries(st.integers(0, 9).map(day), special, max_size=1))
    return site


@st.composite
def _visits(draw: st.DrawFn, name: str) -> list[Json]:
    start = draw(st.integers(0, 5))
    first: Json = {"participant": name, "visit": "A", "uses": ["r"], "target": day(start + 1)}
    first |= {"lower": day(start), "upper": day(start + draw(st.integers(1, 4)))}
    visits = [first]
    for code in ["B", "C"][: draw(st.integers(0, 2))]:
        anchor = draw(st.sampled_from([one["visit"] for one in visits]))
        lower = draw(st.integers(-2, 0))
        one: Json = {"participant": name, "visit": code, "uses": draw(st.sampled_from([["r"], ["s"], ["r", "s"], []]))}
        one["anchor"] = {
            "visit": anchor,
            "offset": draw(st.sampled_from([0, 2, "P1M", "P1W", -1])),
            "lower": lower,
            "upper": lower + draw(st.integers(1, 4)),
        }
        visits.append(one)
    for one in visits:
        if draw(st.integers(0, 4)) == 0:
            one["weight"] = draw(st.sampled_from([0.5, 3, 10]))
        if draw(st.integers(0, 5)) == 0:
            one["communicated"] = day(draw(st.integers(0, 9)))
        if draw(st.integers(0, 7)) == 0:
            one["fixed"] = day(draw(st.integers(0, 9)))
    return visits


@st.composite
def _rules(draw: st.DrawFn, people: Json) -> Json:
    pairs = [("A", "B"), ("B", "C"), ("A", "C")]
    rule: Json = dict(zip(("from", "to"), draw(st.sampled_from(pairs)), strict=True))
    rule["min"] = draw(st.none() | st.integers(-1, 3))
    rule["max"] = draw(st.none() | st.integers(1, 5))
    return rule


@st.composite
def _costs(draw: st.DrawFn) -> Json:
    costs: Json = {"nonpreferred": draw(st.sampled_from([0, 0.5])), "move": draw(st.sampled_from([0, 3]))}
    if draw(st.integers(0, 3)) == 0:
        costs["overbook"] = draw(st.sampled_from([4, 100]))
    if draw(st.integers(0, 3)) == 0:
        costs |= {"outside": draw(st.sampled_from([2.5, 50])), "outside_days": draw(st.integers(0, 2))}
    return costs
