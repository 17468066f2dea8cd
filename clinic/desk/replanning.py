"""When something changes: new days for what does not fit any more, with as few others moved as possible."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from clinic.desk.optimising import Arranged, Question, Search, answer, arrange
from clinic.desk.proposing import Proposal, everybody_at
from clinic.desk.rulebook import SITES, Rulebook
from clinic.desk.work import Everybody
from clinic.memory.records import Batch
from schedule.desk.optimising import Answer
from schedule.desk.solver import Highs
from schedule.participant.due import to_rebook
from schedule.participant.replanning import Rules
from schedule.participant.state import ToRebook
from schedule.participant.whole_site import Member, problem_of, promised, unfit
from schedule.planning.optimising.choosing import choose_days
from schedule.planning.optimising.counting import days_outside
from schedule.planning.optimising.problem import Dates, Key, Problem

OUTSIDE = Fraction(1000)
"""What a visit outside its window costs where nothing else is left: more than any number of moves."""
OUTSIDE_DAYS = 10
NOBODY = Everybody(site=None, known=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A visit that nothing in its window is left for: a person decides. ``day`` is the nearest that would be free."""

    participant: str
    code: str
    day: date | None
    days_outside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """What would move, and what a person has to decide."""

    arranged: Arranged
    unfit: frozenset[Key]
    """What did not fit where it was."""
    why: tuple[tuple[str, ToRebook], ...]
    """Why, by participant; of those that are on a day that holds too much, nothing."""
    undecided: tuple[Undecided, ...]
    refusal: Answer | None
    """Why not everybody has a day in their window; None where everybody has."""


def replan(
    book: Rulebook, site: str, change: Proposal | None, *, reason: str, search: Search, now: datetime
) -> Replanned:
    """Return what gives everything at a site a day again, after a change of its calendar where there is one.

    First only what does not fit is given other days; where that cannot be, whatever was promised may move; where that
    cannot be either, what has no day in its window is left for a person to decide. Raises UnknownName.
    """
    everybody = change.everybody if change and change.everybody else everybody_at(book, site, now)
    rules = _rules_after(book, site, everybody, change)
    members = [Member(state=one.enrolled, rules=rules[one.code]) for one in everybody.known]
    today = book.site(site).today(now)
    hit = unfit(members, today) if members else frozenset[Key]()
    found = _Finder(members, hit, today + timedelta(days=1), search).find()
    question = Question(everybody=everybody, rules=rules, problem=found.problem)
    before: tuple[Batch, ...] = change.before if change else ()
    return Replanned(
        arranged=arrange(book, question, found.dates, reason=reason, now=now, before=before),
        unfit=hit,
        why=tuple(_why(members, hit)),
        undecided=found.undecided,
        refusal=found.refusal,
    )


def _rules_after(book: Rulebook, site: str, everybody: Everybody, change: Proposal | None) -> dict[str, Rules]:
    """Return the rules that hold once the site is changed."""
    known = book.site(site)
    for batch in change.before if change else ():
        if batch.subject == SITES + site:
            for entry in batch.entries:
                known = known.after(entry)
    return {one.code: replace(one.rules, site=known.site) for one in everybody.known}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    dates: Dates
    problem: Problem
    undecided: tuple[Undecided, ...] = ()
    refusal: Answer | None = None


@dataclass(slots=True)
class _Finder:
    """Looks for days for what does not fit, at a price that grows."""

    members: Sequence[Member]
    hit: frozenset[Key]
    begin: date
    search: Search

    def find(self) -> _Found:
        """Move what does not fit alone; else whatever was promised; else leave some to a person."""
        alone = self._problem(self.hit)
        if not self.hit:
            return _Found(dates={}, problem=alone)
        if (dates := self._choose(alone)) is not None:
            return _Found(dates=dates, problem=alone)
        every = self.hit | promised(self.members, self.begin, date.max)
        whole = self._problem(every)
        found = answer(Question(everybody=NOBODY, rules={}, problem=whole), self.search)
        if not found.troubles:
            return _Found(dates=found.dates, problem=whole)
        return self._loosen(every, whole, found)

    def _problem(self, chosen: frozenset[Key]) -> Problem:
        return problem_of(self.members, chosen, self.begin)

    def _choose(self, problem: Problem) -> Dates | None:
        return choose_days(problem, Highs(is_stopped=self.search.setting.is_stopped), max_gap=0).dates

    def _loosen(self, every: frozenset[Key], whole: Problem, refusal: Answer) -> _Found:
        """Let visits be outside their windows, and leave those to a person; the others have their day all the same."""
        soft = replace(whole, costs=replace(whole.costs, outside=OUTSIDE, outside_days=OUTSIDE_DAYS))
        loose = self._choose(soft) or {}
        outside = {one.key: days_outside(one, loose) for one in whole.visits if one.fixed is None} if loose else {}
        left = frozenset(key for key, days in outside.items() if days) & self.hit or self.hit
        rest = self._problem(every - left)
        dates = self._choose(rest)
        if dates is None:
            left, rest, dates = self.hit, self._problem(frozenset()), {}
        undecided = tuple(
            Undecided(participant=key[0], code=key[1], day=loose.get(key), days_outside=outside.get(key, 0))
            for key in sorted(left)
        )
        return _Found(dates=dates, problem=rest, undecided=undecided, refusal=refusal)


def _why(members: Iterable[Member], hit: frozenset[Key]) -> Iterator[tuple[str, ToRebook]]:
    for member in members:
        for one in to_rebook(member.state, member.rules):
            if (member.state.id, one.code) in hit:
                yield member.state.id, one
