"""Synthetic sites for the planner, always the same: 23 visits a participant, as in the registered trial."""

import random
from datetime import date, timedelta
from typing import Any

Json = dict[str, Any]
FIRST = date(2026, 3, 2)
INFUSIONS = (0, 3, 6, 7, 10, 13)
CLINIC = (1, 2, 4, 8, 11, 14, 16, 19, 25)
VIRTUAL = (1, 2, 5, 9, 12, 15, 18, 22)


def synthetic(people: int, sites: int, seed: int = 6) -> Json:
    """Return a problem whose participants arrive as fast as the sites' slots just allow."""
    draw = random.Random(seed)  # noqa: S311 - the same sites every time
    each = people // sites
    problem: Json = {"sites": {}, "participants": {}, "visits": [], "rules": [], "costs": {"nonpreferred": 0.5}}
    for number in range(sites):
        name = f"S{number + 1}"
        holidays = {FIRST + timedelta(draw.randrange(1200)) for _ in range(30)}
        problem["sites"][name] = {
            "closed_weekdays": [5, 6],
            "holidays": sorted(map(str, holidays)),
            "capacity": {"infusion": 2, "in_person": [4, 4, 4, 4, 3, 0, 0], "virtual": 3},
        }
        for _ in range(each):
            _enroll(problem, name, each, draw)
    gaps = (("I0", "I3", 77), ("I3", "I6", 77), ("I6", "I7", 21), ("I7", "I10", 77), ("I10", "I13", 77))
    problem["rules"] = [{"from": one, "to": other, "min": least, "max": None} for one, other, least in gaps]
    return problem


def _enroll(problem: Json, site: str, each: int, draw: random.Random) -> None:
    name = f"P-{len(problem['participants']) + 1:05}"
    start = FIRST + timedelta(draw.randrange(int(each * 3.2)))
    away = start + timedelta(draw.randrange(700))
    problem["participants"][name] = {
        "site": site,
        "unavailable": [[str(away), str(away + timedelta(draw.randrange(3)))]],
        "preferred_weekdays": sorted(draw.sample(range(5), 3)),
    }
    first = {"participant": name, "visit": "I0", "kind": "infusion", "uses": ["infusion", "in_person"], "weight": 10}
    first |= {"target": str(start), "lower": str(start), "upper": str(start + timedelta(9))}
    problem["visits"].append(first)
    for code, months, uses, width, weight in (
        *(("I", month, ["infusion", "in_person"], 7, 10) for month in INFUSIONS[1:]),
        *(("C", month, ["in_person"], 7, 2) for month in CLINIC),
        *(("V", month, ["virtual"], 5, 1) for month in VIRTUAL),
    ):
        anchor = {"visit": "I0", "offset": f"P{months}M", "lower": -width, "upper": width}
        visit = {"participant": name, "visit": f"{code}{months}", "uses": uses, "weight": weight, "anchor": anchor}
        problem["visits"].append(visit)
