"""The neutral JSON of planning problems and answers: all that is wrong with a problem at once, with its key path."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from schedule.errors import InvalidInput, Misread, Problem, Unreadable, nearest_names
from schedule.files.text import forbidden_character, read_text
from schedule.files.values import is_participant, read_date
from schedule.planning.optimising.conflicts import (
    AnchorAsked,
    DayAway,
    DayLimited,
    DayShut,
    Element,
    FixedAsked,
    RuleAsked,
    WeekdayShut,
    WindowAsked,
)
from schedule.planning.optimising.counting import beyond, overbooked
from schedule.planning.optimising.problem import Anchor, Costs, Dates, Person, Place, Rule, Wanted
from schedule.planning.optimising.problem import Problem as Asked
from schedule.planning.optimising.repairing import (
    Available,
    Grant,
    LooserRule,
    MoreSlots,
    Opened,
    WiderAnchor,
    WiderWindow,
)
from schedule.study.offsets import Offset

LARGEST = 200_000_000
"""Bytes of the largest problem. 40,000 participants with 23 visits have some 150 million."""
MOST_DAYS = 40_000
"""Days in any number of days."""
MOST_SLOTS = 1_000_000
LARGEST_COST = 1_000_000_000
LONGEST_NAME = 64

Json = dict[str, Any]
Where = tuple[str | int, ...]


def read_problem(path: Path) -> Asked:
    """Read a problem. Raises Unreadable where it is no JSON, and InvalidInput with everything that is wrong in it."""
    try:
        text = read_text(path, largest=LARGEST)
    except InvalidInput as error:
        raise Unreadable(error.problems) from error
    return parse_problem(text, file=str(path))


def parse_problem(text: str, *, file: str) -> Asked:
    """Read the text of a problem, as :func:`read_problem` does."""
    try:
        found = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:
        wrong = f"it is not JSON: {error}" if isinstance(error, json.JSONDecodeError) else "it is not JSON"
        raise Unreadable([Problem(file=file, place="", wrong=wrong, remedy="mend it, or write it anew")]) from error
    reading = _Reading(file)
    problem = reading.problem(found)
    if reading.found or problem is None:
        raise InvalidInput(reading.found)
    return problem


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


class _Bad(Exception):
    """A value does not fit; it has been noted."""


@lru_cache(maxsize=65536)
def _day(text: str) -> date:
    return read_date(text)


class _Reading:
    """Reads values, and notes what is wrong with them."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.found: list[Problem] = []

    def _bad(self, at: Where, wrong: str, remedy: str) -> _Bad:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).lstrip(".")
        self.found.append(Problem(file=self._file, place=place, wrong=wrong, remedy=remedy))
        return _Bad()

    def _try(self, read: Callable[..., Any], *given: Any, or_else: Any = None, **named: Any) -> Any:
        """Return what is read, or something else where it does not fit, so that the rest is read as well."""
        try:
            return read(*given, **named)
        except _Bad:
            return or_else

    def _table(self, value: Any, at: Where, keys: Collection[str] | None = None, needed: Collection[str] = ()) -> Json:
        if not isinstance(value, dict):
            raise self._bad(at, f"is {_shown(value)}, not an object", "write it between braces: { ... }")
        if keys is not None and not value.keys() <= set(keys):
            for name in sorted(value.keys() - set(keys)):
                self._bad((*at, name), "unknown key", nearest_names(name, keys, or_else="correct it or delete it"))
        missing = [name for name in needed if name not in value]
        for name in missing:
            self._bad((*at, name), "is missing", "write it")
        if missing:
            raise _Bad
        return value

    def _list(self, value: Any, at: Where) -> list[Any]:
        if not isinstance(value, list):
            raise self._bad(at, f"is {_shown(value)}, not a list", "write it between brackets: [ ... ]")
        return value

    def _name(self, value: Any, at: Where) -> str:
        is_text = isinstance(value, str) and 0 < len(value) <= LONGEST_NAME
        if not is_text or forbidden_character(value):
            raise self._bad(at, f"is {_shown(value)}, not a name", f"write up to {LONGEST_NAME} characters")
        return str(value)

    def _day(self, value: Any, at: Where) -> date:
        try:
            return _day(value)
        except Misread as error:
            raise self._bad(at, f"{_shown(value)} {error.wrong}", error.remedy) from None
        except TypeError:
            raise self._bad(at, f"is {_shown(value)}, not a date", "write 2026-03-02") from None

    def _days(self, value: Any, at: Where) -> frozenset[date]:
        days: set[date] = set()
        for index, one in enumerate(self._list(value, at)):
            here = (*at, index)
            if isinstance(one, list) and len(one) == 2:
                first, last = (self._try(self._day, end, (*here, side)) for side, end in enumerate(one))
                if first and last and first > last:
                    self._try(self._refuse, here, "ends before it begins", "write the first day first")
                elif first and last:
                    days.update(first + timedelta(days=number) for number in range((last - first).days + 1))
            elif day := self._try(self._day, one, here):
                days.add(day)
        return frozenset(days)

    def _refuse(self, at: Where, wrong: str, remedy: str) -> None:
        raise self._bad(at, wrong, remedy)

    def _whole(self, value: Any, at: Where, lowest: int, highest: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise self._bad(at, f"is {_shown(value)}", f"write a whole number from {lowest:,} to {highest:,}")
        return value

    def _cost(self, value: Any, at: Where) -> Fraction:
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= LARGEST_COST or Decimal(value).as_tuple().exponent < -6:  # type: ignore[operator]
            raise self._bad(
                at, f"is {_shown(value)}", f"write a number from 0 to {LARGEST_COST:,}, with at most 6 decimals"
            )
        return Fraction(value)

    def _weekdays(self, value: Any, at: Where) -> frozenset[int]:
        days = [self._try(self._whole, one, (*at, index), 0, 6) for index, one in enumerate(self._list(value, at))]
        return frozenset(day for day in days if day is not None)

    def problem(self, value: Any) -> Asked | None:
        """Return the problem; None where something that all else needs is missing."""
        keys = ("sites", "participants", "visits", "rules", "same_day", "costs")
        try:
            table = self._table(value, (), keys, needed=("sites", "visits"))
            sites = self._table(table["sites"], ("sites",))
            listed = self._list(table["visits"], ("visits",))
            if not sites:
                raise self._bad(("sites",), "is empty", "write at least one site")
        except _Bad:
            return None
        places = {name: self._try(self._place, one, ("sites", name), or_else=Place()) for name, one in sites.items()}
        people = self._try(self._people, table.get("participants", {}), list(places), or_else={})
        visits = [self._try(self._visit, one, ("visits", index)) for index, one in enumerate(listed)]
        if len(places) == 1:
            (only,) = places
            for one in visits:
                if one and one.participant not in people:
                    people[one.participant] = Person(site=only)
        rules = self._try(self._rules, table.get("rules", []), or_else=[])
        problem = Asked(
            sites=places,
            participants=people,
            visits=tuple(one for one in visits if one),
            rules=tuple(rules),
            is_one_a_day=self._try(self._same_day, table.get("same_day", "allow")) == "forbid",
            costs=self._try(self._costs, table.get("costs", {}), or_else=Costs()),
        )
        self._check_names(problem, visits)
        return problem

    def _same_day(self, value: Any) -> str:
        if value not in ("allow", "forbid"):
            raise self._bad(("same_day",), f"is {_shown(value)}", "write allow or forbid")
        return str(value)

    def _place(self, value: Any, at: Where) -> Place:
        keys = ("closed_weekdays", "holidays", "closures", "capacity", "capacity_on")
        table = self._table(value, at, keys)
        closed = [self._try(self._days, table.get(key, []), (*at, key), or_else=()) for key in ("holidays", "closures")]
        capacity: dict[str, tuple[int, ...]] = {}
        limits = self._try(self._table, table.get("capacity", {}), (*at, "capacity"), or_else={})
        for name, limit in limits.items():
            found = self._try(self._week, limit, (*at, "capacity", name))
            if found:
                capacity[name] = found
        special: dict[date, dict[str, int]] = {}
        days = self._try(self._table, table.get("capacity_on", {}), (*at, "capacity_on"), or_else={})
        for text, limits in days.items():
            here = (*at, "capacity_on", text)
            day, on_day = self._try(self._day, text, here), self._try(self._table, limits, here, or_else={})
            numbers = {
                name: self._try(self._whole, limit, (*here, name), 0, MOST_SLOTS, or_else=0)
                for name, limit in on_day.items()
            }
            if day:
                special[day] = numbers
        weekdays = self._try(
            self._weekdays, table.get("closed_weekdays", []), (*at, "closed_weekdays"), or_else=frozenset()
        )
        return Place(
            closed_weekdays=weekdays, closed=frozenset().union(*closed), capacity=capacity, capacity_on=special
        )

    def _week(self, value: Any, at: Where) -> tuple[int, ...]:
        if not isinstance(value, list):
            return (self._whole(value, at, 0, MOST_SLOTS),) * 7
        if len(value) != 7:
            raise self._bad(at, f"has {len(value)} numbers", "write one number, or seven, Monday first")
        return tuple(self._whole(one, (*at, index), 0, MOST_SLOTS) for index, one in enumerate(value))

    def _people(self, value: Any, sites: list[str]) -> dict[str, Person]:
        people = {}
        for name, one in self._table(value, ("participants",)).items():
            at = ("participants", name)
            self._try(self._participant, name, at)
            person = self._try(self._person, one, at, sites)
            people[name] = person or Person(site=sites[0])
        return people

    def _person(self, value: Any, at: Where, sites: list[str]) -> Person:
        table = self._table(value, at, ("site", "unavailable", "preferred_weekdays"))
        site = table.get("site", sites[0] if len(sites) == 1 else None)
        if site not in sites:
            here = (*at, "site")
            raise self._bad(here, f"{_shown(site)} is no site", nearest_names(str(site), sites, or_else="name a site"))
        weekdays = table.get("preferred_weekdays")
        return Person(
            site=site,
            unavailable=self._try(self._days, table.get("unavailable", []), (*at, "unavailable"), or_else=frozenset()),
            preferred_weekdays=None
            if weekdays is None
            else self._try(self._weekdays, weekdays, (*at, "preferred_weekdays")),
        )

    def _participant(self, value: Any, at: Where) -> str:
        if not isinstance(value, str) or not is_participant(value):
            raise self._bad(at, f"{_shown(value)} is not a participant code", "write a code such as P-001")
        return value

    def _visit(self, value: Any, at: Where) -> Wanted:
        table = self._table(value, at, VISIT_KEYS, needed=("participant", "visit"))
        before = len(self.found)
        days = {
            key: self._try(self._day, table[key], (*at, key))
            for key in ("target", "lower", "upper", "fixed", "communicated", "date")
            if table.get(key) is not None
        }
        days.pop("date", None)
        anchor = table.get("anchor")
        wanted = Wanted(
            participant=self._try(self._participant, table["participant"], (*at, "participant"), or_else=""),
            visit=self._try(self._name, table["visit"], (*at, "visit"), or_else=""),
            uses=self._try(self._uses, table, at, or_else=frozenset()),
            weight=self._try(self._cost, table.get("weight", 1), (*at, "weight"), or_else=Fraction(1)),
            anchor=None if anchor is None else self._try(self._anchor, anchor, (*at, "anchor")),
            **days,
        )
        if wanted.lower and wanted.upper and wanted.lower > wanted.upper:
            self._bad(at, "has a window that ends before it begins", "write the first day as lower")
        if len(self.found) > before:
            raise _Bad
        if not (wanted.fixed or wanted.anchor or (wanted.lower and wanted.upper)):
            raise self._bad(at, "has no window", "write lower and upper, or an anchor, or a fixed day")
        return wanted

    def _uses(self, table: Json, at: Where) -> frozenset[str]:
        kind = table.get("kind")
        if kind is not None:
            self._name(kind, (*at, "kind"))
        if table.get("uses") is None:
            return frozenset([] if kind is None else [kind])
        listed = self._list(table["uses"], (*at, "uses"))
        return frozenset(self._name(one, (*at, "uses", index)) for index, one in enumerate(listed))

    def _anchor(self, value: Any, at: Where) -> Anchor:
        keys = ("visit", "offset", "lower", "upper")
        table = self._table(value, at, keys, needed=keys)
        visit = self._try(self._name, table["visit"], (*at, "visit"))
        offset = self._try(self._offset, table["offset"], (*at, "offset"))
        lower, upper = (
            self._try(self._whole, table[key], (*at, key), -MOST_DAYS, MOST_DAYS) for key in ("lower", "upper")
        )
        if lower is not None and upper is not None and lower > upper:
            raise self._bad(at, "has a window that ends before it begins", "write the first day as lower")
        if None in (visit, offset, lower, upper):
            raise _Bad
        return Anchor(visit=visit, offset=offset, lower=lower, upper=upper)

    def _offset(self, value: Any, at: Where) -> int | Offset:
        if not isinstance(value, str):
            return self._whole(value, at, -MOST_DAYS, MOST_DAYS)
        try:
            offset = Offset.parse(value)
        except ValueError:
            offset = None
        if offset is None or offset.years > 100 or offset.months > 1200 or offset.in_days > MOST_DAYS:
            raise self._bad(at, f"is {_shown(value)}", "write days, or a duration such as P1M")
        return offset.in_days if not (offset.years or offset.months) else offset

    def _rules(self, value: Any) -> list[Rule]:
        found = [
            self._try(self._rule, one, ("rules", index)) for index, one in enumerate(self._list(value, ("rules",)))
        ]
        return [one for one in found if one]

    def _rule(self, value: Any, at: Where) -> Rule:
        table = self._table(value, at, ("from", "to", "min", "max", "participant"), needed=("from", "to"))
        ends = [
            None
            if table.get(key) is None
            else self._try(self._whole, table[key], (*at, key), -MOST_DAYS, MOST_DAYS, or_else=0)
            for key in ("min", "max")
        ]
        if table["from"] == table["to"]:
            raise self._bad(at, "is about one visit only", "name two visits")
        whose = table.get("participant")
        return Rule(
            first=self._name(table["from"], (*at, "from")),
            then=self._name(table["to"], (*at, "to")),
            least=ends[0],
            most=ends[1],
            participant=None if whose is None else self._participant(whose, (*at, "participant")),
        )

    def _costs(self, value: Any) -> Costs:
        table = self._table(value, ("costs",), ("nonpreferred", "move", "overbook", "outside", "outside_days"))
        costs = {
            key: self._try(self._cost, table[key], ("costs", key))
            for key in ("nonpreferred", "move", "overbook", "outside")
            if table.get(key) is not None
        }
        days = self._try(self._whole, table.get("outside_days") or 0, ("costs", "outside_days"), 0, MOST_DAYS)
        return Costs(**costs, outside_days=days)

    def _check_names(self, problem: Asked, visits: Sequence[Wanted | None]) -> None:
        """Note visits of unknown participants, visits that stand there twice, and anchors and rules that lead nowhere.

        Where a visit could not be read, nobody knows what leads to it.
        """
        known: dict[tuple[str, str], Wanted] = {}
        for index, one in enumerate(visits):
            if one is None:
                continue
            if one.participant not in problem.participants:
                self._bad(("visits", index, "participant"), "is not among the participants", "list the participant")
            if one.key in known:
                self._bad(("visits", index), f"{one.participant} has a visit {one.visit} already", "delete one")
            known[one.key] = one
        if not all(visits):
            return
        self._check_anchors(problem, known)

    def _check_anchors(self, problem: Asked, known: Mapping[tuple[str, str], Wanted]) -> None:
        for index, one in enumerate(problem.visits):
            if one.anchor and (one.participant, one.anchor.visit) not in known:
                self._bad(("visits", index, "anchor", "visit"), "is no visit of the participant", "name a visit")
            elif _is_circle(one, known):
                self._bad(("visits", index, "anchor"), "leads back to the visit itself", "anchor one of them elsewhere")
        for index, rule in enumerate(problem.rules):
            ends = {(rule.participant, rule.first), (rule.participant, rule.then)}
            if rule.participant is not None and not ends <= known.keys():
                self._bad(("rules", index), "names visits that the participant does not have", "correct the names")


VISIT_KEYS = (
    "participant", "visit", "kind", "uses", "weight", "target", "lower", "upper", "anchor", "fixed", "communicated",
    "date",
)  # fmt: skip


def _is_circle(wanted: Wanted, known: Mapping[tuple[str, str], Wanted]) -> bool:
    at: Wanted | None = wanted
    for _ in range(len(known) + 1):
        if at is None or at.anchor is None or at.fixed:
            return False
        at = known.get((at.participant, at.anchor.visit))
        if at is not None and at.key == wanted.key:
            return True
    return False


def _shown(value: object) -> str:
    shown = json.dumps(value, default=str)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."


def write_plan(problem: Asked, dates: Dates, *, cost: Fraction, bound: Fraction, gap: float) -> bytes:
    """Return a plan as JSON, a visit a line, in the order of the problem; with what is broken of soft limits."""
    visits = ",\n  ".join(
        json.dumps({"participant": one.participant, "visit": one.visit, "date": dates[one.key].isoformat()})
        for one in problem.visits
    )
    record: Json = {"cost": _number(cost), "bound": _number(bound), "gap": round(gap, 9)}
    if problem.costs.outside is not None:
        record["outside"] = len(beyond(problem, dates))
    if problem.costs.overbook is not None:
        record["overbooked"] = sum(overbooked(problem, dates).values())
    figures = json.dumps(record)[1:-1]
    return f'{{{figures}, "visits": [\n  {visits}\n]}}\n'.encode()


def _number(amount: Fraction) -> int | float:
    return amount.numerator if amount.denominator == 1 else float(amount)


def write_conflict(core: Sequence[Element], repair: Sequence[Grant], because: Sequence[str]) -> bytes:
    """Return why there is no plan as JSON: elements, what to grant, and sentences."""
    record = {
        "core": core_records(core),
        "repair": [_grant_record(one) for one in repair],
        "because": list(because),
    }
    return (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode()


def core_records(core: Iterable[Element]) -> list[Json]:
    """Return elements as the format lists them: the days of one site, participant or resource together."""
    found = list(core)
    records: list[Json] = []
    for one in found:
        match one:
            case WindowAsked() | AnchorAsked() | FixedAsked():
                records.append({"type": _TYPES[type(one)], "participant": one.participant, "visit": one.visit})
            case RuleAsked():
                records.append({"type": "rule", "participant": one.participant, "from": one.first, "to": one.then})
            case _:
                pass
    for site, days in groupby(sorted(one for one in found if isinstance(one, WeekdayShut)), lambda one: one.site):
        records.append({"type": "closed", "site": site, "weekdays": [one.weekday for one in days]})
    for site, shut in groupby(sorted(one for one in found if isinstance(one, DayShut)), lambda one: one.site):
        records.append({"type": "closed", "site": site, "dates": [one.day.isoformat() for one in shut]})
    for name, away in groupby(sorted(one for one in found if isinstance(one, DayAway)), lambda one: one.participant):
        records.append({"type": "unavailable", "participant": name, "dates": [one.day.isoformat() for one in away]})
    limits = sorted(one for one in found if isinstance(one, DayLimited))
    for (site, resource), limited in groupby(limits, lambda one: (one.site, one.resource)):
        dates = [one.day.isoformat() for one in limited]
        records.append({"type": "capacity", "site": site, "resource": resource, "dates": dates})
    return records


_TYPES: Mapping[type, str] = {WindowAsked: "window", AnchorAsked: "anchor", FixedAsked: "fixed"}


def _grant_record(grant: Grant) -> Json:
    match grant:
        case WiderWindow(participant=name, visit=visit, lower=lower, upper=upper):
            ends = {"lower": lower and lower.isoformat(), "upper": upper and upper.isoformat()}
            return {"type": "window", "participant": name, "visit": visit, **{k: v for k, v in ends.items() if v}}
        case WiderAnchor(participant=name, visit=visit, lower=least, upper=most):
            return {"type": "anchor", "participant": name, "visit": visit, "lower": least, "upper": most}
        case Opened(site=site, day=day):
            return {"type": "open", "site": site, "date": day.isoformat()}
        case MoreSlots(site=site, resource=resource, day=day, extra=extra):
            return {"type": "capacity", "site": site, "resource": resource, "date": day.isoformat(), "extra": extra}
        case Available(participant=name, day=day):
            return {"type": "available", "participant": name, "date": day.isoformat()}
        case LooserRule(participant=name, first=first, then=then, least=at_least, most=at_most):
            return {"type": "rule", "participant": name, "from": first, "to": then, "min": at_least, "max": at_most}


def write_problem(problem: Asked) -> bytes:
    """Return a problem as JSON, a visit a line. What it opens besides its weekdays is not written: there is none."""
    costs = problem.costs
    soft = {"overbook": costs.overbook, "outside": costs.outside}
    record: Json = {
        "sites": {name: _place_record(place) for name, place in problem.sites.items()},
        "participants": {name: _person_record(person) for name, person in problem.participants.items()},
        "rules": [_rule_record(one) for one in problem.rules],
        "same_day": "forbid" if problem.is_one_a_day else "allow",
        "costs": {
            "nonpreferred": _number(costs.nonpreferred),
            "move": _number(costs.move),
            **{name: _number(cost) for name, cost in soft.items() if cost is not None},
            **({"outside_days": costs.outside_days} if costs.outside is not None else {}),
        },
    }
    visits = ",\n  ".join(json.dumps(_wanted_record(one)) for one in problem.visits)
    return f'{json.dumps(record, ensure_ascii=False)[:-1]}, "visits": [\n  {visits}\n]}}\n'.encode()


def _place_record(place: Place) -> Json:
    return {
        "closed_weekdays": sorted(place.closed_weekdays),
        "closures": [day.isoformat() for day in sorted(place.closed)],
        "capacity": {name: list(week) for name, week in place.capacity.items()},
        "capacity_on": {day.isoformat(): dict(limits) for day, limits in sorted(place.capacity_on.items())},
    }


def _person_record(person: Person) -> Json:
    liked = {} if person.preferred_weekdays is None else {"preferred_weekdays": sorted(person.preferred_weekdays)}
    return {"site": person.site, "unavailable": [day.isoformat() for day in sorted(person.unavailable)], **liked}


def _rule_record(rule: Rule) -> Json:
    record = {"from": rule.first, "to": rule.then, "min": rule.least, "max": rule.most, "participant": rule.participant}
    return {name: value for name, value in record.items() if value is not None}


def _wanted_record(wanted: Wanted) -> Json:
    days = {name: getattr(wanted, name) for name in ("target", "lower", "upper", "fixed", "communicated")}
    record: Json = {"participant": wanted.participant, "visit": wanted.visit, "uses": sorted(wanted.uses)}
    if wanted.weight != 1:
        record["weight"] = _number(wanted.weight)
    if anchor := wanted.anchor:
        offset = anchor.offset if isinstance(anchor.offset, int) else str(anchor.offset)
        record["anchor"] = {"visit": anchor.visit, "offset": offset, "lower": anchor.lower, "upper": anchor.upper}
    return {**record, **{name: day.isoformat() for name, day in days.items() if day}}
