"""When something changes: new days for what does not fit any more, with as few others moved as possible."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from clinic.desk.optimising import Arranged, Question, Search, arrange
from clinic.desk.proposing import Proposal, everybody_at
from clinic.desk.rearranging import Rearranged, rearrange
from clinic.desk.rulebook import SITES, Rulebook
from clinic.desk.work import Everybody
from clinic.memory.records import Batch
from schedule.desk.optimising import Answer
from schedule.errors import Refused
from schedule.participant import commands as ask
from schedule.participant.deciding import after_events, decide
from schedule.participant.due import to_rebook
from schedule.participant.judging import judge, why_crowded
from schedule.participant.replanning import Rules
from schedule.participant.state import Participant, ParticipantId, ToRebook
from schedule.participant.whole_site import Member, taking_slots
from schedule.planning.optimising.problem import Key, Problem
from schedule.study.protocol import VisitCode

EMPTY = Problem(sites={}, participants={}, visits=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A visit that no day is left for, in its window and in the slots: a person decides."""

    participant: str
    code: str
    is_promised: bool
    """Whether it stays on a day that does not fit any more; else nobody has booked it."""
    day: date | None
    """The day on which least is broken, where there is one."""
    days_outside: int = 0
    deviates: bool = False
    """Whether taking the day is a protocol deviation."""
    overbooks: bool = False
    """Whether no slot is left on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """What would move, and what a person has to decide."""

    arranged: Arranged
    unfit: frozenset[Key]
    """What did not fit where it was."""
    why: tuple[tuple[str, ToRebook], ...]
    """Why, by participant; of those that are on a day that holds too much, nothing."""
    follows: Mapping[Key, VisitCode]
    """Of what fitted: what counts from a visit that moves, and may not stay behind; by what it counts from."""
    undecided: tuple[Undecided, ...]
    refusal: Answer | None
    """Why not everybody has a day in their window; None where everybody has."""
    due: int
    """How many visits are due and not booked, and find room beside all others."""


def replan(
    book: Rulebook, site: str, change: Proposal | None, *, reason: str, search: Search, now: datetime
) -> Replanned:
    """Return what gives everything at a site a day again, after a change of its calendar where there is one.

    First only what does not fit is given other days; where that cannot be, or what is due and not booked finds no room,
    whatever was promised may move, as few as can be; where that cannot be either, what has no day in its window and in
    the slots is left for a person to decide. Raises UnknownName.
    """
    everybody = change.everybody if change and change.everybody else everybody_at(book, site, now)
    rules = _rules_after(book, site, everybody, change)
    members = [Member(state=one.enrolled, rules=rules[one.code]) for one in everybody.known]
    found = rearrange(members, book.site(site).today(now), search) if members else Rearranged(problem=EMPTY)
    question = Question(everybody=everybody, rules=rules, problem=found.problem)
    before: tuple[Batch, ...] = change.before if change else ()
    arranged = arrange(book, question, found.dates, reason=reason, now=now, before=before)
    after = {one.known.code: one.after for one in arranged.proposal.drafts}
    moved = [replace(one, state=after.get(one.state.id, one.state)) for one in members]
    return Replanned(
        arranged=arranged,
        unfit=found.hit,
        why=tuple(_why(members, found.hit)),
        follows=dict(_follows(arranged, after)),
        undecided=tuple(_undecided(found.left, moved, now)),
        refusal=found.refusal,
        due=len(found.due),
    )


def _rules_after(book: Rulebook, site: str, everybody: Everybody, change: Proposal | None) -> dict[str, Rules]:
    """Return the rules that hold once the site is changed."""
    known = book.site(site)
    for batch in change.before if change else ():
        if batch.subject == SITES + site:
            for entry in batch.entries:
                known = known.after(entry)
    return {one.code: replace(one.rules, site=known.site) for one in everybody.known}


def _undecided(left: Mapping[Key, date | None], members: Iterable[Member], now: datetime) -> Iterator[Undecided]:
    """Yield what a person has to decide, by day; what they have to answer for holds once those before are decided."""
    there = {one.state.id: one for one in members}
    for (participant, code), day in sorted(left.items(), key=lambda one: (one[1] or date.max, one[0])):
        others = (one for one in there.values() if one.state.id != participant)
        taken = Counter((on, visit.kind) for _, visit, on in taking_slots(others))
        member = there[ParticipantId(participant)]
        rules = replace(member.rules, taken=taken)
        found = _judged(member.state, VisitCode(code), day, rules)
        yield found
        there[member.state.id] = replace(member, state=_once_decided(member.state, found, rules, now))


def _judged(state: Participant, code: VisitCode, day: date | None, rules: Rules) -> Undecided:
    visit = state.visits[code]
    plain = Undecided(participant=state.id, code=code, is_promised=visit.is_promised, day=day)
    if day is None:
        return plain
    judged, dates = judge(state, visit, day, rules), visit.dates
    return replace(
        plain,
        days_outside=max(0, (dates.earliest - day).days, (day - dates.latest).days),
        deviates=judged.deviates,
        overbooks=bool(judged.full or why_crowded(state, visit, day, rules)),
    )


def _once_decided(state: Participant, one: Undecided, rules: Rules, now: datetime) -> Participant:
    """Return the participant with the day taken, where it can be."""
    if one.day is None:
        return state
    code, why = VisitCode(one.code), "asked"
    deviation, overbook = why * one.deviates, why * one.overbooks
    command = (
        ask.Move(code=code, day=one.day, reason=why, deviation=deviation, overbook=overbook)
        if one.is_promised
        else ask.Book(code=code, day=one.day, deviation=deviation, overbook=overbook)
    )
    try:
        return after_events(state, decide(state, command, rules), now)
    except Refused:
        return state


def _follows(arranged: Arranged, after: Mapping[str, Participant]) -> Iterator[tuple[Key, VisitCode]]:
    """Yield the appointments whose old day is outside their window once all have moved, and what they count from."""
    for one in arranged.appointments:
        wish = one.timed.wish
        dates = after[wish.participant].visits[wish.code].dates
        if one.old and not dates.earliest <= one.old.date() <= dates.latest:
            yield (wish.participant, wish.code), dates.counts.anchor


def _why(members: Iterable[Member], hit: frozenset[Key]) -> Iterator[tuple[str, ToRebook]]:
    for member in members:
        for one in to_rebook(member.state, member.rules):
            if (member.state.id, one.code) in hit:
                yield member.state.id, one
