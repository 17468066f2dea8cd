"""New days where something has changed, tier by tier: for a site's participants, and what is left to a person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from types import MappingProxyType

from clinic.desk.optimising import WEEKS_AHEAD, Search
from schedule.desk.optimising import Answer, optimise
from schedule.desk.solver import Highs
from schedule.participant.whole_site import KINDS, Member, must_move, problem_of, promised, unbooked, unfit
from schedule.planning.optimising.choosing import Chosen
from schedule.planning.optimising.counting import days_outside, overbooked
from schedule.planning.optimising.problem import Dates, Key, Problem
from schedule.planning.optimising.tiers import choose_by_tiers, tally

OUTSIDE_DAYS = (10, 40)
"""How far outside its window a day is looked for: first near it, then further."""
SOFT = Fraction(1)
"""That windows and limits are soft; what they cost is the tiers' own matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Where a visit could be that is left to a person."""

    day: date
    use: str
    has_slot: bool
    """Whether the day has a slot for it that nobody else may be given."""


NOBODY: Mapping[Key, Left] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rearranged:
    """The days that are to be recorded, and what a person has to decide."""

    problem: Problem
    dates: Dates = field(default_factory=dict)
    left: Mapping[Key, date | None] = field(default_factory=dict)
    """What nothing is left for in its window and in the slots, with the nearest day, where there is one."""
    refusal: Answer | None = None
    """Why not everybody has a day; None where everybody has."""
    hit: frozenset[Key] = frozenset()
    """What did not fit where it was."""
    due: frozenset[Key] = frozenset()
    """What is due, not booked, and finds room beside all others."""


def rearrange(members: Sequence[Member], today: date, search: Search) -> Rearranged:
    """Return days for what does not fit any more, in the room that what is due and not booked leaves."""
    begin = today + timedelta(days=1)
    hit = unfit(members, today)
    finder = _Finder(
        members=members,
        begin=begin,
        search=search,
        hit=hit,
        due=unbooked(members, begin, begin + WEEKS_AHEAD),
        others=promised(members, begin, date.max) - hit,
        least=must_move(members, today),
    )
    return finder.find()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finder:
    members: Sequence[Member]
    begin: date
    search: Search
    hit: frozenset[Key]
    due: frozenset[Key]
    others: frozenset[Key]
    """What was promised and fits."""
    least: int
    """Appointments that have to move whatever the days are."""

    def find(self) -> Rearranged:
        """Let the others stay; else let as few of them move as can be; else leave some to a person."""
        if not (self.hit or self.due):
            return Rearranged(problem=self._problem(frozenset()))
        alone = self._problem(self.hit | self.due)
        stay = self._choose(alone)
        if stay.dates is not None and tally(alone, stay.dates).moved <= self.least:
            return self._told(alone, stay.dates)
        whole = self._problem(self.hit | self.due | self.others)
        found = self._choose(whole)
        if found.dates is not None and not self._is_as_good(alone, stay.dates, tally(whole, found.dates).moved):
            return self._told(whole, found.dates)
        return self._told(alone, stay.dates) if stay.dates is not None else self._leave(whole)

    def _is_as_good(self, alone: Problem, dates: Dates | None, moved: int) -> bool:
        return dates is not None and tally(alone, dates).moved <= moved

    def _leave(self, whole: Problem) -> Rearranged:
        """Leave to a person what has no day in its window and in the slots, and say why."""
        refusal = optimise(whole, self.search.setting, seconds=None, jobs=1, tell=self.search.tell)
        for most in OUTSIDE_DAYS:
            if loose := self._loosen(most):
                return replace(loose, refusal=refusal)
        left = dict.fromkeys(sorted(self.hit | self._without_room()))
        return Rearranged(problem=self._problem(frozenset()), left=left, refusal=refusal, hit=self.hit)

    def _problem(self, chosen: frozenset[Key]) -> Problem:
        return problem_of(self.members, chosen, self.begin)

    def _choose(self, problem: Problem) -> Chosen:
        return choose_by_tiers(problem, Highs(is_stopped=self.search.setting.is_stopped))

    def _told(self, problem: Problem, dates: Dates, left: Mapping[Key, Left] = NOBODY) -> Rearranged:
        """Return the days to record: of what is due only where others make room, or have to go without.

        Whoever of the participants had no room without that is booked, and whoever has the last slot of a day.
        """
        due = {one.key: one for one in problem.visits if one.key in self.due}
        full = {(one.use, one.day) for one in left.values() if not one.has_slot}
        lucky = {key for key, one in due.items() if full.intersection((use, dates[key]) for use in one.uses)}
        others = (one for one in problem.visits if one.key in self.others)
        if any(dates[one.key] not in (one.fixed, one.communicated) for one in others):
            lucky |= self._without_room()
        people = {participant for participant, _ in lucky}
        waiting = {key for key in due if key[0] not in people}
        return Rearranged(
            problem=problem,
            dates={key: day for key, day in dates.items() if key not in waiting},
            left={key: one.day for key, one in left.items()},
            hit=self.hit,
            due=frozenset(waiting - left.keys()),
        )

    def _without_room(self) -> frozenset[Key]:
        """Return what is due and has no day in its window and in the slots where all others stay."""
        chosen = self.hit | self.due
        problem = _soften(self._problem(chosen), OUTSIDE_DAYS[0])
        found = self._choose(problem)
        if found.dates is None:
            return self.due
        return self.due & _misfits(problem, found.dates, chosen, self.others).keys()

    def _loosen(self, most: int) -> Rearranged | None:
        """Let visits be outside their windows and slots be overbooked, and leave those to a person.

        All others have their days. What fits where it is, is never given up for what does not.
        """
        chosen, left = self.hit | self.due | self.others, dict[Key, Left]()
        while True:
            problem = _soften(_reserve(self._problem(chosen), left), most)
            found = self._choose(problem)
            if found.dates is None:
                return None
            misfits = _misfits(problem, found.dates, chosen, self.others)
            if not misfits:
                return self._told(problem, found.dates, left)
            if not misfits.keys() <= chosen:
                return None
            if kept := misfits.keys() & self.others:
                chosen -= kept
                continue
            left |= misfits
            chosen &= {one.key for one in problem.visits if found.dates[one.key] != one.communicated}
            chosen -= left.keys()


def _soften(problem: Problem, most: int) -> Problem:
    return replace(problem, costs=replace(problem.costs, overbook=SOFT, outside=SOFT, outside_days=most))


def _reserve(problem: Problem, left: Mapping[Key, Left]) -> Problem:
    """Take the slots that were found for what is left to a person from all others."""
    ((name, place),) = problem.sites.items()
    limits = {day: dict(each) for day, each in place.capacity_on.items()}
    fixed = Counter((one.fixed, use) for one in problem.visits for use in one.uses)
    for one in left.values():
        limit = limits.get(one.day, {}).get(one.use)
        if one.has_slot and limit is not None and limit > fixed[one.day, one.use]:
            limits[one.day][one.use] = limit - 1
    return replace(problem, sites={name: replace(place, capacity_on=limits)})


def _misfits(problem: Problem, dates: Dates, chosen: frozenset[Key], others: frozenset[Key]) -> dict[Key, Left]:
    """Return what is outside its window, and who has to give way on days that hold too much: who came there last.

    Where a visit is outside that stays, because its window moves with another's day, it is that other.
    """
    over = {(use, day): count for (_, use, day), count in overbooked(problem, dates).items()}
    visits = {one.key: one for one in problem.visits if one.fixed is None}
    outside = {key for key, one in visits.items() if days_outside(one, dates)}
    found = dict[Key, Left]()
    for key in sorted(outside):
        one = visits[key]
        if key not in chosen and one.anchor:
            one = visits[one.participant, one.anchor.visit]
        day, kind = dates[one.key], next(kind.value for kind in KINDS if kind.value in one.uses)
        found[one.key] = Left(day=day, use=kind, has_slot=day != one.communicated and (kind, day) not in over)
    for (use, day), count in over.items():
        there = [key for key in visits.keys() & chosen if use in visits[key].uses and dates[key] == day]
        there.sort(key=lambda key: (key not in outside, key in others, visits[key].communicated == dates[key], key))
        found |= {key: Left(day=day, use=use, has_slot=False) for key in there[:count]}
    return found
