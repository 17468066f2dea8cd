"""Small clinics of any kind: what the planner proposes can be recorded; it overbooks nothing, and moves what it may."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from builders import closed, example_site, registered_protocol
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from clinic.desk.optimising import Arranged, Question, Search, answer, arrange
from clinic.desk.proposing import Proposal
from clinic.desk.replanning import Replanned, replan
from clinic.desk.work import Everybody, Known
from schedule.desk.optimising import Setting
from schedule.errors import Refused
from schedule.participant import commands as ask
from schedule.participant.commands import Command
from schedule.participant.deciding import after_events, decide
from schedule.participant.due import to_rebook
from schedule.participant.replanning import Rules
from schedule.participant.state import Participant, ParticipantId, Preference, Status
from schedule.participant.whole_site import Member, problem_of, promised, unbooked, unfit
from schedule.planning.optimising.problem import Dates, Problem
from schedule.sites import WEEK, Site, SiteId, Slots, limit_on
from schedule.study.protocol import Kind, VisitCode

FIRST = date(2026, 5, 11)
"""A Monday; everybody was infused in the first days of March, and M3 comes in June."""
UNTIL = FIRST + timedelta(weeks=8)
NOW = datetime(2026, 5, 10, 16, tzinfo=UTC)
PROTOCOL = registered_protocol()
SEARCH = Search(setting=Setting(max_gap=0, is_stopped=lambda: False), seconds=None, jobs=1, tell=lambda *_: None)
KINDS = (Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL)
DAY = timedelta(days=1)
IN_JUNE = st.integers(0, 40).map(lambda days: date(2026, 5, 25) + timedelta(days=days))


@dataclass(frozen=True, kw_only=True)
class Clinic:
    """Participants of one site, some of whose visits are booked already."""

    site: Site
    known: tuple[Known, ...]

    @property
    def members(self) -> list[Member]:
        return [Member(state=one.enrolled, rules=one.rules) for one in self.known]

    @property
    def everybody(self) -> Everybody:
        return Everybody(site=self.site.id, known=self.known)

    @property
    def book(self) -> Any:
        """What the desk asks of a rulebook."""
        at_site = SimpleNamespace(site=self.site, records=1, today=lambda _: FIRST - timedelta(days=1))
        return SimpleNamespace(study=(), site=lambda _: at_site, newest_version=lambda: PROTOCOL.study.version)

    def with_site(self, site: Site) -> "Clinic":
        rules = {one.code: replace(one.rules, site=site) for one in self.known}
        return Clinic(site=site, known=tuple(replace(one, rules=rules[one.code]) for one in self.known))

    def after(self, arranged: Arranged) -> "Clinic":
        states = {one.known.code: one.after for one in arranged.proposal.drafts}
        known = tuple(replace(one, state=states.get(one.code, one.state)) for one in self.known)
        return Clinic(site=self.site, known=known)


@st.composite
def participants(draw: st.DrawFn, number: int, site: Site) -> Known:
    code = ParticipantId(f"P-{number:03}")
    day0 = date(2026, 3, 2) + draw(st.integers(0, 4)) * DAY
    rules = Rules(protocol=PROTOCOL, site=site, today=FIRST - timedelta(days=1))
    enrolled = ask.Enroll(participant=code, randomized=day0, steroids=draw(st.booleans()), day0=day0)
    state = after_events(None, decide(None, enrolled, rules), NOW)
    wish = Preference(weekdays=tuple(one for one in WEEK[:5] if draw(st.integers(0, 3)) == 0))
    away = draw(IN_JUNE)
    commands: tuple[Command, ...] = (
        *(ask.RecordMissed(code=VisitCode(visit), reason="ill") for visit in ("M1", "M2")),
        *([ask.Prefer(preference=wish)] if wish.weekdays else []),
        ask.SetAway(first=away, last=away + timedelta(days=draw(st.integers(0, 6)))),
    )
    for command in commands:
        state = after_events(state, decide(state, command, rules), NOW)
    return Known(code=code, state=state, records=1, rules=rules)


@st.composite
def clinics(draw: st.DrawFn) -> Clinic:
    shut = sorted(draw(st.lists(IN_JUNE, max_size=2)))
    site = replace(
        example_site("gainesville"),
        closures=tuple(
            closed(day, day + timedelta(days=1), *draw(st.sampled_from([KINDS, KINDS[:1]]))) for day in shut
        ),
        capacity={kind: Slots(week=(draw(st.integers(1, 2)),) * 7) for kind in KINDS if draw(st.booleans())},
    )
    known = tuple(draw(participants(number, site)) for number in range(1, draw(st.integers(2, 5))))
    for number, one in enumerate(known):
        if draw(st.booleans()):
            known = (*known[:number], book_m3(one, draw(IN_JUNE)), *known[number + 1 :])
    return Clinic(site=site, known=known)


@st.composite
def crowds(draw: st.DrawFn) -> Clinic:
    """Clinics with one chair, and participants who can come on a few days of June's first week only."""
    site = replace(example_site("gainesville"), capacity={Kind.INFUSION: Slots(week=(1,) * 7)})
    known = []
    for number in range(1, draw(st.integers(3, 6))):
        first = date(2026, 6, 1) + draw(st.integers(0, 4)) * DAY
        last = first + draw(st.integers(0, 3)) * DAY
        one = draw(participants(number, site))
        for away in (ask.SetAway(first=FIRST, last=first - DAY), ask.SetAway(first=last + DAY, last=UNTIL)):
            if draw(st.integers(0, 7)):
                one = replace(one, state=after_events(one.state, decide(one.state, away, one.rules), NOW))
        known.append(book_m3(one, first + draw(st.integers(0, 3)) * DAY) if draw(st.booleans()) else one)
    return Clinic(site=site, known=tuple(known))


def book_m3(known: Known, day: date) -> Known:
    """Book M3 on a day, where that is no deviation and the clinic is open; slots are not looked at."""
    rules = replace(known.rules, site=replace(known.rules.site, capacity={}))
    try:
        events = decide(known.state, ask.Book(code=VisitCode("M3"), day=day), rules)
    except Refused:
        return known
    return replace(known, state=after_events(known.state, events, NOW))


def question(clinic: Clinic, *, movable: bool) -> Question:
    chosen = unbooked(clinic.members, FIRST, UNTIL)
    if movable:
        chosen |= promised(clinic.members, FIRST, UNTIL)
    problem = problem_of(clinic.members, chosen, FIRST)
    rules = {one.code: one.rules for one in clinic.known}
    return Question(everybody=clinic.everybody, rules=rules, problem=problem)


def slots(clinic: Clinic) -> Counter[tuple[date, Kind]]:
    """Count what is promised or done, by day and kind."""
    return Counter(
        (visit.dates.day, visit.kind)
        for one in clinic.known
        for visit in one.enrolled.visits.values()
        if visit.dates.day and visit.status in (Status.BOOKED, Status.CONFIRMED, Status.DONE)
    )


def overbooked(clinic: Clinic) -> Counter[tuple[date, Kind]]:
    """By how many each day has more than it can hold."""
    limits = {key: limit_on(clinic.site, *key) for key in slots(clinic)}
    return Counter({key: count - limit for key, count in slots(clinic).items()
                    if (limit := limits[key]) is not None and count > limit})  # fmt: skip


def booked(state: Participant) -> dict[VisitCode, date | None]:
    return {visit.code: visit.dates.day for visit in state.visits.values() if visit.is_promised}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(clinic=clinics(), movable=st.booleans())
def test_what_is_proposed_can_be_booked(clinic: Clinic, movable: bool) -> None:
    asked = question(clinic, movable=movable)
    found = answer(asked, SEARCH)
    if found.troubles:
        event("impossible")
        assert found.repair
        return
    event("possible")
    arranged = arrange(clinic.book, asked, found.dates, reason="anew", now=NOW)
    after = clinic.after(arranged)

    assert overbooked(after) - overbooked(clinic) == Counter()
    for before, one in zip(clinic.known, after.known, strict=True):
        was, now = booked(before.enrolled), booked(one.enrolled)
        assert movable or was.items() <= now.items()
        assert {code for participant, code in found.dates if participant == one.code} <= {*now, "D0"}
        assert not any(visit.deviation for visit in one.enrolled.visits.values())
        assert {two.code for two in to_rebook(one.enrolled, one.rules)} <= {
            two.code for two in to_rebook(before.enrolled, before.rules)
        }
    assert answer(question(clinic, movable=movable), SEARCH).dates == found.dates


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    clinic=clinics() | crowds(),
    pick=st.integers(0, 20),
    length=st.integers(1, 14),
    kinds=st.sampled_from([KINDS, KINDS[:1]]),
)
def test_a_closure_moves_the_least(clinic: Clinic, pick: int, length: int, kinds: tuple[Kind, ...]) -> None:
    asked = question(clinic, movable=True)
    found = answer(asked, SEARCH)
    if not found.troubles:
        clinic = clinic.after(arrange(clinic.book, asked, found.dates, reason="anew", now=NOW))
    days = sorted({day for one in clinic.known for day in booked(one.enrolled).values() if day}) or [FIRST]
    first = days[pick % len(days)]
    shut = closed(first, first + timedelta(days=length - 1), *kinds)
    shut_clinic = clinic.with_site(replace(clinic.site, closures=(*clinic.site.closures, shut)))

    done = moved_by(shut_clinic)
    after = shut_clinic.after(done.arranged)
    undecided = {(one.participant, one.code) for one in done.undecided}
    event(f"undecided: {bool(undecided)}; refused: {done.refusal is not None}")

    assert not undecided or done.refusal is not None
    crowd = {(one.code, code) for one in after.known for code in crowded(after, one)} if undecided else set()
    assert unfit(after.members, FIRST) <= undecided | crowd
    assert overbooked(after) - overbooked(shut_clinic) == Counter()
    assert {one.timed.wish.code for one in done.arranged.appointments} <= {*PROTOCOL_CODES}
    all_decided(after, done)
    if not undecided:
        moved = sum(one.old is not None for one in done.arranged.appointments)
        assert moved == least_moves(shut_clinic)
        event(f"moved: {moved}; booked: {moved < len(done.arranged.appointments)}")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(clinic=crowds())
def test_who_is_due_has_room_or_is_left_to_a_person(clinic: Clinic) -> None:
    done = moved_by(clinic)
    after = clinic.after(done.arranged)
    undecided = {(one.participant, one.code) for one in done.undecided}
    new = [one for one in done.arranged.appointments if one.old is None]
    moved = [one for one in done.arranged.appointments if one.old]
    event(f"undecided {bool(undecided)}, moved {bool(moved)}, booked {bool(new)}")

    assert overbooked(after) - overbooked(clinic) == Counter()
    assert moved or undecided or not new, "others made room or go without, or it was left to optimise"
    assert not {(one.timed.wish.participant, one.timed.wish.code) for one in new + moved} & undecided
    if not undecided:
        assert len(moved) == least_moves(clinic)
        assert not answer(question(after, movable=False), SEARCH).troubles
    else:
        after = all_decided(after, done)
    assert unfit(after.members, FIRST) <= {(one.code, code) for one in after.known for code in crowded(after, one)}


def all_decided(clinic: Clinic, done: Replanned) -> Clinic:
    """Return the clinic once a person has typed all commands that were told, none of which is refused."""
    for one in done.undecided:
        assert one.day
        known = next(each for each in clinic.known if each.code == one.participant)
        others = slots(replace(clinic, known=tuple(each for each in clinic.known if each is not known)))
        rules = replace(known.rules, taken=others)
        deviation, overbook = "asked" * one.deviates, "asked" * one.overbooks
        code = VisitCode(one.code)
        command: Command = (
            ask.Move(code=code, day=one.day, reason="asked", deviation=deviation, overbook=overbook)
            if one.is_promised
            else ask.Book(code=code, day=one.day, deviation=deviation, overbook=overbook)
        )
        decided = replace(known, state=after_events(known.state, decide(known.state, command, rules), NOW))
        clinic = replace(clinic, known=tuple(decided if each is known else each for each in clinic.known))
    return clinic


PROTOCOL_CODES = {visit.code for visit in PROTOCOL.visits}


def moved_by(clinic: Clinic) -> Replanned:
    change = Proposal(drafts=(), protocol_version="", everybody=clinic.everybody)
    return replan(clinic.book, SiteId(clinic.site.id), change, reason="storm", search=SEARCH, now=NOW)


def crowded(clinic: Clinic, one: Known) -> set[VisitCode]:
    """Return the visits of a participant on days that hold too much."""
    over = overbooked(clinic)
    return {visit.code for visit in one.enrolled.visits.values() if (visit.dates.day, visit.kind) in over}


def least_moves(clinic: Clinic) -> int:
    """Return the fewest appointments that have to move so that all that is due has room, whatever the days are."""
    members = clinic.members
    every = unfit(members, FIRST) | promised(members, FIRST, date.max) | unbooked(members, FIRST, UNTIL)
    problem = problem_of(members, every, FIRST)
    dear = replace(problem, costs=replace(problem.costs, move=Fraction(100_000)))
    return changed(dear, answer(Question(everybody=clinic.everybody, rules={}, problem=dear), SEARCH).dates)


def changed(problem: Problem, dates: Dates) -> int:
    return sum(one.communicated not in (None, dates[one.key]) for one in problem.visits)
