"""Plans, costs, conflicts and repairs checked by brute force, from the words of the neutral format alone.

Nothing of dayzero is used here. Problems are as JSON gives them; they must be tiny.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
Days = dict[tuple[str, str], date]
FAR = timedelta(days=75)
"""How far a visit may go of which nothing is asked; the problems of the tests are smaller."""


def day(text: str) -> date:
    return date.fromisoformat(text)


def all_days(listed: list[Any]) -> set[date]:
    found = set()
    for one in listed:
        first, last = (one, one) if isinstance(one, str) else one
        found |= {day(first) + timedelta(n) for n in range((day(last) - day(first)).days + 1)}
    return found


def add(start: date, offset: int | str) -> date:
    if isinstance(offset, int):
        return start + timedelta(offset)
    number, unit = int(offset[1:-1]), offset[-1]
    if unit in "DW":
        return start + timedelta(number * (7 if unit == "W" else 1))
    months = start.year * 12 + start.month - 1 + number * (12 if unit == "Y" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def site_of(problem: Json, participant: str) -> Any:
    people = problem.get("participants", {})
    return people.get(participant, {}).get("site") or next(iter(problem["sites"]))


def limit(site: Json, resource: str, when: date) -> Any:
    special = site.get("capacity_on", {}).get(when.isoformat(), {})
    if resource in special:
        return special[resource]
    usual = site.get("capacity", {}).get(resource)
    return usual[when.weekday()] if isinstance(usual, list) else usual


def uses(visit: Json) -> Any:
    return visit.get("uses", [visit["kind"]] if visit.get("kind") else [])


def is_open(site: Json, when: date) -> bool:
    if when.isoformat() in site.get("opened", []):
        return True
    closed = all_days(site.get("holidays", [])) | all_days(site.get("closures", []))
    return when.weekday() not in site.get("closed_weekdays", []) and when not in closed


def key(visit: Json) -> tuple[str, str]:
    return visit["participant"], visit["visit"]


def outside(visit: Json, days: Days) -> int:
    """By how many days a visit is outside its windows."""
    when, found = days[key(visit)], [0]
    if "lower" in visit:
        found.append((day(visit["lower"]) - when).days)
    if "upper" in visit:
        found.append((when - day(visit["upper"])).days)
    if anchor := visit.get("anchor"):
        off = (when - add(days[visit["participant"], anchor["visit"]], anchor["offset"])).days
        found += [anchor["lower"] - off, off - anchor["upper"]]
    return max(found)


def wrong(problem: Json, days: Days, *, same_day: bool = True) -> list[str]:
    """Everything that is wrong with the days that are known; those of other visits may be missing."""
    return [
        *_wrong_visits(problem, days),
        *_wrong_rules(problem, days, same_day=same_day),
        *_wrong_limits(problem, days),
    ]


def _wrong_visits(problem: Json, days: Days) -> Iterator[str]:
    costs = problem.get("costs", {})
    allowed = costs.get("outside_days", 0) if costs.get("outside") is not None else 0
    for visit in problem["visits"]:
        if key(visit) not in days:
            continue
        when, name = days[key(visit)], visit["participant"]
        if "fixed" in visit:
            if when != day(visit["fixed"]):
                yield f"{key(visit)} left its fixed day"
            continue
        if not is_open(problem["sites"][site_of(problem, name)], when):
            yield f"{key(visit)} on a closed day"
        if when in all_days(problem.get("participants", {}).get(name, {}).get("unavailable", [])):
            yield f"{key(visit)} while away"
        anchor = visit.get("anchor")
        if (not anchor or (name, anchor["visit"]) in days) and outside(visit, days) > allowed:
            yield f"{key(visit)} outside its window"


def _wrong_rules(problem: Json, days: Days, *, same_day: bool) -> Iterator[str]:
    for name in dict.fromkeys(name for name, _ in days):
        for rule in problem.get("rules", []):
            ends = (name, rule["from"]), (name, rule["to"])
            if rule.get("participant", name) != name or not all(end in days for end in ends):
                continue
            apart = (days[ends[1]] - days[ends[0]]).days
            if rule.get("min") is not None and apart < rule["min"]:
                yield f"{name}: {rule} has {apart}"
            if rule.get("max") is not None and apart > rule["max"]:
                yield f"{name}: {rule} has {apart}"
        mine = [when for (owner, _), when in days.items() if owner == name]
        if same_day and problem.get("same_day") == "forbid" and len(set(mine)) < len(mine):
            yield f"{name}: two visits on a day"


def _wrong_limits(problem: Json, days: Days) -> Iterator[str]:
    for (site, resource, when), count in _used(problem, days).items():
        most = limit(problem["sites"][site], resource, when)
        is_soft = problem.get("costs", {}).get("overbook") is not None and most != 0
        if most is not None and count > most and not is_soft:
            yield f"{site}: {count} of {resource} on {when}"


def _used(problem: Json, days: Days) -> Counter[tuple[str, str, date]]:
    return Counter(
        (site_of(problem, visit["participant"]), resource, days[key(visit)])
        for visit in problem["visits"]
        if key(visit) in days
        for resource in set(uses(visit))
    )


def cost(problem: Json, days: Days) -> Fraction:
    costs = {name: Fraction(str(value)) for name, value in problem.get("costs", {}).items() if value is not None}
    total = Fraction(0)
    for visit in problem["visits"]:
        if "fixed" in visit:
            continue
        when, name, target = days[key(visit)], visit["participant"], visit.get("target")
        aim = day(target) if target else None
        if anchor := visit.get("anchor"):
            aim = add(days[name, anchor["visit"]], anchor["offset"])
        total += Fraction(str(visit.get("weight", 1))) * abs((when - aim).days) if aim else 0
        preferred = problem.get("participants", {}).get(name, {}).get("preferred_weekdays")
        total += costs.get("nonpreferred", 0) if preferred is not None and when.weekday() not in preferred else 0
        total += costs.get("move", 0) if visit.get("communicated", str(when)) != str(when) else 0
        total += costs["outside"] if "outside" in costs and outside(visit, days) else 0
    for (site, resource, when), count in _used(problem, days).items():
        most = limit(problem["sites"][site], resource, when)
        total += costs.get("overbook", 0) * max(0, count - most) if most is not None else 0
    return total


def plans(problem: Json, *, same_day: bool = True) -> Iterator[Days]:
    """Every valid plan, by trying all days."""
    span = _span(problem)
    alone = {
        key(visit): [when for when in span if "fixed" in visit or _can_come(problem, visit, when)]
        for visit in problem["visits"]
    }
    yield from _extend(problem, list(problem["visits"]), {}, alone, same_day=same_day)


def _can_come(problem: Json, visit: Json, when: date) -> bool:
    name = visit["participant"]
    away = all_days(problem.get("participants", {}).get(name, {}).get("unavailable", []))
    return is_open(problem["sites"][site_of(problem, name)], when) and when not in away


def _span(problem: Json) -> list[date]:
    """The days that visits may be on of which nothing is asked."""
    listed = problem.get("span") or [
        visit[name] for visit in problem["visits"] for name in ("lower", "upper", "fixed", "target") if name in visit
    ]
    first, last = day(min(listed)) - FAR, day(max(listed)) + FAR
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def _extend(
    problem: Json, left: list[Json], days: Days, alone: dict[tuple[str, str], list[date]], *, same_day: bool
) -> Iterator[Days]:
    """Try all days of the visit that has fewest."""
    if not left:
        yield dict(days)
        return
    ready = [
        (_in_reach(problem, one, days, alone[key(one)]), one)
        for one in left
        if "anchor" not in one or (one["participant"], one["anchor"]["visit"]) in days
    ]
    found, visit = min(ready, key=lambda one: len(one[0]))
    rest = [one for one in left if one is not visit]
    for when in found:
        days[key(visit)] = when
        if not [*_wrong_rules(problem, days, same_day=same_day), *_wrong_limits(problem, days)]:
            yield from _extend(problem, rest, days, alone, same_day=same_day)
        del days[key(visit)]


def _in_reach(problem: Json, visit: Json, days: Days, alone: list[date]) -> list[date]:
    if "fixed" in visit:
        return [day(visit["fixed"])]
    costs, name = problem.get("costs", {}), visit["participant"]
    more = timedelta(days=costs.get("outside_days", 0) if costs.get("outside") is not None else 0)
    first, last = date.min, date.max
    if "lower" in visit:
        first = day(visit["lower"]) - more
    if "upper" in visit:
        last = day(visit["upper"]) + more
    if anchor := visit.get("anchor"):
        aim = add(days[name, anchor["visit"]], anchor["offset"])
        first = max(first, aim + timedelta(anchor["lower"]) - more)
        last = min(last, aim + timedelta(anchor["upper"]) + more)
    return [when for when in alone if first <= when <= last]


def least_cost(problem: Json) -> Fraction | None:
    """The cost of the best plan; None where there is none."""
    return min((cost(problem, one) for one in plans(problem)), default=None)


def has_plan(problem: Json, *, same_day: bool = True) -> bool:
    return next(plans(problem, same_day=same_day), None) is not None


def only(problem: Json, core: list[Json]) -> Json:
    """The problem that asks what is listed and nothing else."""
    kept = deepcopy(problem)
    span = _span(problem)
    kept["span"] = [str(span[0] + FAR), str(span[-1] - FAR)]
    kept["sites"] = {name: {} for name in problem["sites"]}
    for person in kept.get("participants", {}).values():
        person.pop("unavailable", None)
    kept["rules"], visits = [], []
    for visit in kept["visits"]:
        who = {"participant": visit["participant"], "visit": visit["visit"]}
        for wanted, names in (("window", ("lower", "upper")), ("anchor", ("anchor",)), ("fixed", ("fixed",))):
            exempt = "fixed" in visit and wanted != "fixed"
            if exempt or {"type": wanted, **who} not in core:
                for name in names:
                    visit.pop(name, None)
        visits.append(visit)
    for one in core:
        _ask(kept, problem, one)
    tied = {(visit["participant"], visit["anchor"]["visit"]) for visit in visits if "anchor" in visit}
    tied |= {(rule["participant"], rule[end]) for rule in kept["rules"] for end in ("from", "to")}
    asked = ("lower", "upper", "anchor", "fixed")
    kept["visits"] = [one for one in visits if key(one) in tied or any(name in one for name in asked)]
    return kept


def _ask(kept: Json, problem: Json, element: Json) -> None:
    if element["type"] == "rule":
        ends = {"from": element["from"], "to": element["to"]}
        kept["rules"] += [
            {**rule, "participant": element["participant"]}
            for rule in problem.get("rules", [])
            if ends.items() <= rule.items()
            and rule.get("participant", element["participant"]) == element["participant"]
        ]
    if element["type"] == "closed":
        site, calendar = kept["sites"][element["site"]], problem["sites"][element["site"]]
        assert all(not is_open(calendar, day(one)) for one in element.get("dates", []))
        assert set(element.get("weekdays", [])) <= set(calendar.get("closed_weekdays", []))
        site.setdefault("closures", []).extend(element.get("dates", []))
        site.setdefault("closed_weekdays", []).extend(element.get("weekdays", []))
    if element["type"] == "unavailable":
        away = all_days(problem["participants"][element["participant"]]["unavailable"])
        listed = element.get("dates", sorted(str(one) for one in away))
        assert all(day(one) in away for one in listed)
        kept["participants"][element["participant"]].setdefault("unavailable", []).extend(listed)
    if element["type"] == "capacity":
        special = kept["sites"][element["site"]].setdefault("capacity_on", {})
        for one in element["dates"]:
            most = limit(problem["sites"][element["site"]], element["resource"], day(one))
            assert most is not None
            special.setdefault(one, {})[element["resource"]] = most


def wrong_core(problem: Json, core: list[Json], *, same_day: bool = False) -> list[str]:
    """What is wrong with a claimed conflict."""
    found = [] if not core or not has_plan(only(problem, core), same_day=same_day) else ["it can be satisfied"]
    for one in core:
        others = [other for other in core if other is not one]
        if others and not has_plan(only(problem, others), same_day=same_day):
            found.append(f"it does not need {one}")
    return found if core else ["it is empty"]


def granted(problem: Json, repair: list[Json]) -> Json:
    """The problem with a whole repair granted."""
    better = deepcopy(problem)
    for one in repair:
        _grant(better, one)
    return better


def _grant(problem: Json, one: Json) -> None:
    kind = one["type"]
    if kind in ("window", "anchor"):
        (visit,) = [each for each in problem["visits"] if key(each) == key(one)]
        bounds = {name: one[name] for name in ("lower", "upper") if name in one}
        if kind == "window":
            assert all(bounds["lower"] <= visit[name] <= bounds["upper"] for name in ("lower", "upper"))
            visit.update(bounds)
        else:
            assert bounds["lower"] <= visit["anchor"]["lower"] <= visit["anchor"]["upper"] <= bounds["upper"]
            visit["anchor"].update(bounds)
    elif kind == "open":
        assert not is_open(problem["sites"][one["site"]], day(one["date"]))
        problem["sites"][one["site"]].setdefault("opened", []).append(one["date"])
    elif kind == "capacity":
        site = problem["sites"][one["site"]]
        most = limit(site, one["resource"], day(one["date"]))
        assert most is not None
        site.setdefault("capacity_on", {}).setdefault(one["date"], {})[one["resource"]] = most + one["extra"]
    elif kind == "available":
        person = problem["participants"][one["participant"]]
        person["unavailable"] = [str(each) for each in all_days(person["unavailable"]) if str(each) != one["date"]]
    else:
        _loosen(problem, one)


def _loosen(problem: Json, one: Json) -> None:
    assert one["type"] == "rule"
    rules = []
    for rule in problem["rules"]:
        same = (rule["from"], rule["to"]) == (one["from"], one["to"])
        if not same or rule.get("participant", one["participant"]) != one["participant"]:
            rules.append(rule)
            continue
        if "participant" not in rule:
            everybody = dict.fromkeys(visit["participant"] for visit in problem["visits"])
            rules += [{**rule, "participant": name} for name in everybody if name != one["participant"]]
        rules.append({**rule, "participant": one["participant"], "min": one["min"], "max": one["max"]})
    problem["rules"] = rules
