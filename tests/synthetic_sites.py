"""Synthetic sites for the planner, always the same: 23 visits a participant, as in the registered trial."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Json = dict[str, Any]
FIRST = date(2026, 3, 2)
INFUSIONS = (0, 3, 6, 7, 10, 13)
CLINIC = (1, 2, 4, 8, 11, 14, 16, 19, 25)
VIRTUAL = (1, 2, 5, 9, 12, 15, 18, 22)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The slots that a site has, and by how many days its visits may be off their target."""

    infusion: int
    in_person: int
    virtual: int
    visit_days: int
    virtual_days: int


CROWDED = Room(infusion=2, in_person=4, virtual=3, visit_days=7, virtual_days=5)
"""Sites whose limits bind on most days once 60 participants come."""
SMALL = Room(infusion=3, in_person=5, virtual=4, visit_days=2, virtual_days=1)
LARGE = Room(infusion=6, in_person=10, virtual=8, visit_days=2, virtual_days=1)
"""With 20 to 40 participants at a SMALL site and 100 at a LARGE one, limits bind on some days only."""


def synthetic(people: int, sites: int, seed: int = 6, room: Room = CROWDED) -> Json:
    """Return a problem whose participants arrive fast; above 60 at a CROWDED site there may be no plan."""
    draw = random.Random(seed)  # noqa: S311 - the same sites every time
    each = people // sites
    problem: Json = {"sites": {}, "participants": {}, "visits": [], "rules": [], "costs": {"nonpreferred": 0.5}}
    for number in range(sites):
        name = f"S{number + 1}"
        holidays = {FIRST + timedelta(draw.randrange(1200)) for _ in range(30)}
        problem["sites"][name] = {
            "closed_weekdays": [5, 6],
            "holidays": sorted(map(str, holidays)),
            "capacity": {
                "infusion": room.infusion,
                "in_person": [*[room.in_person] * 4, room.in_person - 1, 0, 0],
                "virtual": room.virtual,
            },
        }
        for _ in range(each):
            _enroll(problem, name, each, draw, room)
    gaps = (("I0", "I3", 77), ("I3", "I6", 77), ("I6", "I7", 21), ("I7", "I10", 77), ("I10", "I13", 77))
    problem["rules"] = [{"from": one, "to": other, "min": least, "max": None} for one, other, least in gaps]
    return problem


def _enroll(problem: Json, site: str, each: int, draw: random.Random, room: Room) -> None:
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
        *(("I", month, ["infusion", "in_person"], room.visit_days, 10) for month in INFUSIONS[1:]),
        *(("C", month, ["in_person"], room.visit_days, 2) for month in CLINIC),
        *(("V", month, ["virtual"], room.virtual_days, 1) for month in VIRTUAL),
    ):
        anchor = {"visit": "I0", "offset": f"P{months}M", "lower": -width, "upper": width}
        visit = {"participant": name, "visit": f"{code}{months}", "uses": uses, "weight": weight, "anchor": anchor}
        problem["visits"].append(visit)
