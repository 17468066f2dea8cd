"""What a planning problem is: places with limits, participants, the visits that want a day, and what a day costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from math import gcd

from schedule.study.offsets import Offset

Key = tuple[str, str]
"""A participant and a visit."""
Dates = Mapping[Key, date]
"""The chosen day of every visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """When a site is open, and how much it can do on a day."""

    closed_weekdays: frozenset[int] = frozenset()
    """0 is Monday."""
    closed: frozenset[date] = frozenset()
    """Holidays and closures."""
    opened: frozenset[date] = frozenset()
    """Days on which it opens although their weekday is closed."""
    capacity: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The limit of each resource, Monday first. What is not here has no limit."""
    capacity_on: Mapping[date, Mapping[str, int]] = field(default_factory=dict)
    """Limits of single days."""

    def is_open(self, day: date) -> bool:
        """Tell whether any visit can happen."""
        return day in self.opened or (day.weekday() not in self.closed_weekdays and day not in self.closed)

    def limit(self, resource: str, day: date) -> int | None:
        """Return how many visits can use the resource on this day; None for any number."""
        weekly = self.capacity.get(resource)
        usual = None if weekly is None else weekly[day.weekday()]
        return self.capacity_on.get(day, {}).get(resource, usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A participant, as far as days go."""

    site: str
    unavailable: frozenset[date] = frozenset()
    preferred_weekdays: frozenset[int] | None = None
    """None where any weekday is as good as another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The visit that a target counts from, and the window around the target."""

    visit: str
    offset: int | Offset
    """Days, or calendar units."""
    lower: int
    """Days from the target to the first allowed day: -7."""
    upper: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A visit that wants a day."""

    participant: str
    visit: str
    uses: frozenset[str] = frozenset()
    """The resources of which it takes one each."""
    weight: Fraction = Fraction(1)
    """What a day off target costs."""
    target: date | None = None
    """Where it has an anchor, the anchor's day and the offset say the target instead."""
    lower: date | None = None
    upper: date | None = None
    anchor: Anchor | None = None
    fixed: date | None = None
    """Done or locked: no window, calendar or absence holds for it, but limits and rules count it."""
    communicated: date | None = None

    @property
    def key(self) -> Key:
        """Participant and visit."""
        return self.participant, self.visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How many days lie between two visits: ``least <= then - first <= most``."""

    first: str
    then: str
    least: int | None = None
    most: int | None = None
    participant: str | None = None
    """For whom; None for everybody who has both visits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a day costs besides its distance from the target. None for a limit that is hard."""

    nonpreferred: Fraction = Fraction(0)
    move: Fraction = Fraction(0)
    """Another day than was communicated."""
    overbook: Fraction | None = None
    """Each visit above a day's limit, where that is not 0."""
    outside: Fraction | None = None
    """A day outside the visit's window, or its anchored window, or both."""
    outside_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A whole problem. Its visits are those of the answer, in the same order."""

    sites: Mapping[str, Place]
    participants: Mapping[str, Person]
    visits: tuple[Wanted, ...]
    rules: tuple[Rule, ...] = ()
    is_one_a_day: bool = False
    """Whether a participant has at most one visit a day."""
    costs: Costs = Costs()

    @property
    def unit(self) -> Fraction:
        """The largest amount of which every cost is a multiple."""
        costs = self.costs
        amounts = {one.weight for one in self.visits}
        amounts |= {costs.nonpreferred, costs.move, costs.overbook or Fraction(0), costs.outside or Fraction(0)}
        below = 1
        for one in amounts:
            below = below * one.denominator // gcd(below, one.denominator)
        return Fraction(gcd(*(int(one * below) for one in amounts)) or 1, below)

    def by_site(self) -> dict[str, "Problem"]:
        """Return the part of the problem that each site is asked. Sites share nothing."""
        visits: dict[str, list[Wanted]] = {name: [] for name in self.sites}
        for one in self.visits:
            visits[self.participants[one.participant].site].append(one)
        people: dict[str, dict[str, Person]] = {name: {} for name in self.sites}
        for name, person in self.participants.items():
            people[person.site][name] = person
        rules: dict[str, list[Rule]] = {name: [] for name in self.sites}
        for rule in self.rules:
            whose = self.sites if rule.participant is None else [self.participants[rule.participant].site]
            for name in whose:
                rules[name].append(rule)
        return {
            name: replace(
                self,
                sites={name: place},
                participants=people[name],
                visits=tuple(visits[name]),
                rules=tuple(rules[name]),
            )
            for name, place in self.sites.items()
        }

    def by_participant(self) -> list["Theirs"]:
        """Return the visits of each participant who has any, and the rules that bind them."""
        visits: dict[str, list[Wanted]] = {}
        for one in self.visits:
            visits.setdefault(one.participant, []).append(one)
        rules: dict[str | None, list[Rule]] = {}
        for rule in self.rules:
            rules.setdefault(rule.participant, []).append(rule)
        found = []
        for name, theirs in visits.items():
            codes = {one.visit for one in theirs}
            binding = [
                one for one in (*rules.get(None, ()), *rules.get(name, ())) if one.first in codes and one.then in codes
            ]
            found.append(Theirs(person=self.participants[name], visits=tuple(theirs), rules=tuple(binding)))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """What a problem asks for one participant."""

    person: Person
    visits: tuple[Wanted, ...]
    rules: tuple[Rule, ...]


def after(offset: int | Offset, day: date) -> date:
    """Return the day this far after another."""
    return date.fromordinal(day.toordinal() + offset) if isinstance(offset, int) else offset.after(day)
