"""Days for everybody at a site, from the clinic's memory: what is asked of the planner, and what would be recorded."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from clinic.desk.proposing import Proposal, everybody_at, together
from clinic.desk.rulebook import Rulebook
from clinic.desk.work import Draft, Everybody, Known, draft
from clinic.memory.records import Batch
from schedule.desk.optimising import Answer, Setting, optimise
from schedule.participant import commands as ask
from schedule.participant.commands import Command
from schedule.participant.daytimes import (
    Appointment,
    Timed,
    Wish,
    appointment_of,
    choose_times,
    in_order,
    liked_time,
    taken_by,
)
from schedule.participant.replanning import Rules
from schedule.participant.state import Status
from schedule.participant.whole_site import Member, problem_of, promised, too_late, unbooked
from schedule.planning.optimising.choosing import Chosen
from schedule.planning.optimising.problem import Dates, Key, Problem
from schedule.sites import Site
from schedule.study.protocol import Kind, VisitCode

WEEKS_AHEAD = timedelta(weeks=8)
"""How far ahead days are chosen where nobody says: what comes later counts from days that are not known yet."""
Tell = Callable[[int, int, Chosen | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How long and how well to search."""

    setting: Setting
    seconds: float | None
    jobs: int
    tell: Tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the planner, and of whom it was made."""

    everybody: Everybody
    rules: Mapping[str, Rules]
    """By participant: the rules that hold from now on."""
    problem: Problem
    late: tuple[Key, ...] = ()
    """Visits whose window ends before the first day: the planner cannot help."""
    aside: tuple[Key, ...] = ()
    """Visits whose window follows a day that is chosen, but not directly: they are for another time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """What an answer would record, and the appointments in it by day."""

    proposal: Proposal
    appointments: tuple[Appointment, ...]


def ask_for_days(
    book: Rulebook, site: str | None, *, first: date | None, until: date | None, movable: bool, now: datetime
) -> Question:
    """Return the question for what is not booked at a site, or at all: by default from tomorrow, for eight weeks.

    Where ``movable`` is said, what was promised for these days may move too. Raises UnknownName.
    """
    if site:
        book.site(site)
    everybody = everybody_at(book, site, now)
    rules = {one.code: one.rules for one in everybody.known}
    problems, late, aside = [], list[Key](), list[Key]()
    for members in _by_site(everybody.known, rules):
        begin = max(first or date.min, members[0].rules.today + timedelta(days=1))
        end = until or begin + WEEKS_AHEAD
        chosen = unbooked(members, begin, end) | (promised(members, begin, end) if movable else frozenset())
        problem = problem_of(members, chosen, begin)
        problems.append(problem)
        late += too_late(members, begin)
        aside += sorted(chosen - {one.key for one in problem.visits})
    return Question(everybody=everybody, rules=rules, problem=_merged(problems), late=tuple(late), aside=tuple(aside))


def _by_site(known: Iterable[Known], rules: Mapping[str, Rules]) -> list[list[Member]]:
    found: dict[str, list[Member]] = {}
    for one in known:
        found.setdefault(one.enrolled.site, []).append(Member(state=one.enrolled, rules=rules[one.code]))
    return [found[site] for site in sorted(found)]


def _merged(problems: Sequence[Problem]) -> Problem:
    """Return problems of sites, which share nothing, as one."""
    return Problem(
        sites={name: place for one in problems for name, place in one.sites.items()},
        participants={name: person for one in problems for name, person in one.participants.items()},
        visits=tuple(visit for one in problems for visit in one.visits),
        rules=tuple(rule for one in problems for rule in one.rules),
        costs=problems[0].costs if problems else Problem(sites={}, participants={}, visits=()).costs,
    )


def answer(question: Question, search: Search) -> Answer:
    """Return the best days, or why there are none."""
    return optimise(question.problem, search.setting, seconds=search.seconds, jobs=search.jobs, tell=search.tell)


def arrange(
    book: Rulebook,
    question: Question,
    dates: Dates,
    *,
    reason: str,
    now: datetime,
    before: Iterable[Batch] = (),
) -> Arranged:
    """Return what gives visits their new days, as one group: a conflict where anybody's record has changed meanwhile.

    ``before`` is what goes before, after which all are planned anew. ``reason`` is why promised days move.
    """
    before = tuple(before)
    known = {one.code: one for one in question.everybody.known}
    changed = {key: day for key, day in dates.items() if _is_new(known[key[0]], key[1], day)}
    timed = _timed(known, question.rules, changed)
    full = _taken_after(known.values(), changed)
    drafts = {}
    for code, one in known.items():
        commands = [_command(one, each, reason) for each in timed if each.wish.participant == code]
        if commands or (before and any(not visit.is_closed for visit in one.enrolled.visits.values())):
            drafts[code] = _draft(one, commands, _besides(full, one, changed, question.rules[code]), now)
    proposal = together(
        book, drafts.values(), before, protocol_version=book.newest_version(), everybody=question.everybody
    )
    return Arranged(
        proposal=replace(proposal, slots=()),
        appointments=tuple(
            appointment_of(known[name].enrolled, drafts[name].after, one)
            for one in timed
            for name in [one.wish.participant]
        ),
    )


def _is_new(known: Known, code: str, day: date) -> bool:
    visit = known.enrolled.visits[VisitCode(code)]
    return not visit.is_closed and not (visit.is_promised and visit.dates.day == day)


def _timed(known: Mapping[str, Known], rules: Mapping[str, Rules], changed: Dates) -> list[Timed]:
    """Return the times of visits that have a new day, site by site, by day."""
    sites: dict[str, Site] = {one.enrolled.site: rules[code].site for code, one in known.items()}
    found = list[Timed]()
    for name, site in sorted(sites.items()):
        wishes = [_wish(known[key[0]], VisitCode(key[1]), day, site) for key, day in changed.items()
                  if known[key[0]].enrolled.site == name]  # fmt: skip
        moving = {(one.participant, known[one.participant].enrolled.visits[one.code].start) for one in wishes}
        there = (taken for one in known.values() if one.enrolled.site == name for taken in taken_by(one.enrolled))
        found += choose_times(site, wishes, (one for one in there if (one.participant, one.start) not in moving))
    return found


def _wish(known: Known, code: VisitCode, day: date, site: Site) -> Wish:
    visit = known.enrolled.visits[code]
    return Wish(
        participant=known.code,
        code=code,
        kind=visit.kind,
        length=visit.length,
        day=day,
        liked=liked_time(known.enrolled, visit, site),
    )


def _slots(known: Known, changed: Dates) -> Iterator[tuple[date, Kind]]:
    """Yield the slots that a participant has once the days are changed."""
    for visit in known.enrolled.visits.values():
        day = changed.get((known.code, visit.code))
        if day is None and (visit.is_promised or visit.status is Status.DONE):
            day = visit.dates.day
        if day:
            yield day, visit.kind


def _taken_after(known: Iterable[Known], changed: Dates) -> Mapping[str, Counter[tuple[date, Kind]]]:
    found: dict[str, Counter[tuple[date, Kind]]] = {}
    for one in known:
        found.setdefault(one.enrolled.site, Counter()).update(_slots(one, changed))
    return found


def _besides(full: Mapping[str, Counter[tuple[date, Kind]]], known: Known, changed: Dates, rules: Rules) -> Rules:
    """Return rules that know what all others at the site have once the days are changed."""
    return replace(rules, taken=full[known.enrolled.site] - Counter(_slots(known, changed)))


def _command(known: Known, one: Timed, reason: str) -> ask.Book | ask.Move:
    visit = known.enrolled.visits[one.wish.code]
    if visit.is_promised:
        return ask.Move(code=visit.code, day=one.wish.day, at=one.at, reason=reason)
    return ask.Book(code=visit.code, day=one.wish.day, at=one.at)


def _draft(known: Known, commands: Sequence[ask.Book | ask.Move], rules: Rules, now: datetime) -> Draft:
    ordered: tuple[Command, ...] = in_order(known.enrolled, commands, rules, now)
    return draft(known, *(ordered or (ask.Replan(),)), at=now, under=rules)
