"""The days of tiny protocols against a judge that tries every choice, and the reasons that are given for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from builders import a_site, closed, other_protocol
from hypothesis import given, settings
from hypothesis import strategies as st

from schedule.planning.placing import (
    AnchorDay,
    Away,
    Kept,
    PlacedStep,
    Settled,
    StaysPlanned,
    TooClose,
    WorseForOthers,
    place_steps,
)
from schedule.sites import Closed, Site, Weekday
from schedule.study.offsets import Offset
from schedule.study.protocol import RANDOMIZATION, Kind, Protocol, Visit, VisitCode, Window

START = date(2026, 3, 2)
KINDS = (Kind.INFUSION, Kind.INFUSION, Kind.CLINIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiny:
    """All that decides the days of one participant."""

    protocol: Protocol
    site: Site
    away: tuple[Away, ...]
    settled: dict[VisitCode, Settled]
    kept: dict[VisitCode, Kept]
    absent: frozenset[VisitCode]

    @property
    def least(self) -> int:
        return self.protocol.spacing[0].at_least

    def place(self) -> dict[VisitCode, PlacedStep]:
        placed = place_steps(
            self.protocol,
            randomized=START,
            steroids=True,
            site=self.site,
            settled=self.settled,
            kept=self.kept,
            absent=self.absent,
            away=self.away,
        )
        return {one.step.code: one for one in placed}


@st.composite
def tinies(draw: st.DrawFn) -> Tiny:
    """Draw up to five visits in three weeks, with closed days here and there."""
    codes = [RANDOMIZATION]
    straight = {RANDOMIZATION: START}
    visits: list[Visit] = []
    for number in range(draw(st.integers(2, 5))):
        code = VisitCode(f"V{number}")
        visit = replace(
            other_protocol().visits[0],
            code=code,
            kind=draw(st.sampled_from(KINDS)),
            anchor=draw(st.sampled_from(codes)),
            offset=Offset(days=draw(st.integers(1, 6))),
            window=Window(before=draw(st.integers(0, 2)), after=draw(st.integers(0, 2))),
        )
        visits.append(visit)
        codes.append(code)
        straight[code] = straight[visit.anchor] + timedelta(days=visit.offset.in_days)
    rule = replace(other_protocol().spacing[0], at_least=draw(st.integers(2, 7)))
    days = st.integers(0, 25).map(lambda number: START + timedelta(days=number))
    about = st.integers(-4, 4).map(lambda number: timedelta(days=number))
    kinds = st.sampled_from([(), (Kind.INFUSION,), (Kind.CLINIC,)])
    closures = [closed(day, day, *draw(kinds)) for day in draw(st.lists(days, max_size=12))]
    settled = {
        code: Settled(
            day=straight[code] + draw(about), is_a=draw(st.sampled_from([AnchorDay.BOOKED, AnchorDay.ACTUAL]))
        )
        for code in draw(st.lists(st.sampled_from(codes[1:]), max_size=2))
    }
    free = sorted(set(codes[1:]) - settled.keys())
    absent = frozenset(draw(st.lists(st.sampled_from(free), max_size=1))) if free else frozenset()
    return Tiny(
        protocol=replace(other_protocol(), visits=tuple(visits), milestones=(), spacing=(rule,)),
        site=a_site(weekdays=tuple(Weekday)[: draw(st.integers(4, 7))], closures=closures),
        away=tuple(Away(first=day, last=day) for day in draw(st.lists(days, max_size=2))),
        settled=settled,
        kept={
            code: Kept(target=target, day=target + draw(about))
            for code in draw(st.sets(st.sampled_from(codes[1:]), max_size=2))
            for target in [straight[code] + draw(about)]
        },
        absent=absent,
    )


def is_open(tiny: Tiny, day: date, kind: Kind) -> bool:
    """Judge anew, from the site's own words, whether a visit of this kind can happen."""
    return (
        tuple(Weekday)[day.weekday()] in tiny.site.open
        and not any(one.first == day and kind in one.kinds for one in tiny.site.closures)
        and not any(one.first == day for one in tiny.away)
    )


Days = Mapping[VisitCode, date | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is against the day of one visit."""

    without: bool = False
    left: bool = False
    outside: bool = False
    off: int = 0
    later: bool | None = None
    """Of a visit that looks for a day: whether it is after the target."""


Rank = tuple[int, list[bool], int, int, int, list[tuple[int, bool]]]
"""How good a choice is: visits without a day, which, days left, promises outside, days off target, these of each."""


def rank(parts: Sequence[Part]) -> Rank:
    without = [one.without for one in parts]
    return (
        sum(without),
        without,
        sum(one.left for one in parts),
        sum(one.outside for one in parts),
        sum(one.off for one in parts),
        [(one.off, one.later) for one in parts if one.later is not None],
    )


def choices(tiny: Tiny, visits: Sequence[Visit], days: dict[VisitCode, date | None]) -> Iterator[tuple[Rank, Days]]:
    """Yield every choice that is allowed, with how good it is: less is better."""
    yield from _choose(tiny, visits, days, {RANDOMIZATION: START}, ())


def _choose(
    tiny: Tiny, visits: Sequence[Visit], days: Days, counted: Mapping[VisitCode, date], so_far: tuple[Part, ...]
) -> Iterator[tuple[Rank, Days]]:
    if not visits:
        yield rank(so_far), days
        return
    visit, *others = visits
    target = counted[visit.anchor] + timedelta(days=visit.offset.in_days)
    if visit.code in tiny.absent:
        yield from _choose(tiny, others, days, {**counted, visit.code: target}, so_far)
        return
    if visit.code in tiny.settled:
        known = tiny.settled[visit.code]
        parts = (*so_far, promise(tiny, visit, known, target))
        yield from _choose(tiny, others, {**days, visit.code: known.day}, {**counted, visit.code: known.day}, parts)
        return
    none = Part(without=True, later=False)
    yield from _choose(tiny, others, {**days, visit.code: None}, {**counted, visit.code: target}, (*so_far, none))
    for off in range(-visit.window.before, visit.window.after + 1):
        day = target + timedelta(days=off)
        if is_open(tiny, day, visit.kind) and not clashes(tiny, visit, day, days):
            kept = tiny.kept.get(visit.code)
            left = kept is not None and kept.target == target and kept.day != day
            part = Part(left=left, off=abs(off), later=off > 0)
            yield from _choose(tiny, others, {**days, visit.code: day}, {**counted, visit.code: day}, (*so_far, part))


def promise(tiny: Tiny, visit: Visit, known: Settled, target: date) -> Part:
    """Return what is against the day of a visit that was promised while the day of its anchor is looked for."""
    anchor = visit.anchor
    if known.is_a is not AnchorDay.BOOKED or anchor == RANDOMIZATION or anchor in tiny.settled:
        return Part()
    off = (known.day - target).days
    outside = not -visit.window.before <= off <= visit.window.after
    return Part(outside=outside, off=0 if outside else abs(off))


def clashes(tiny: Tiny, visit: Visit, day: date, days: Days) -> bool:
    """Tell whether an infusion is too close to one that has its day, unless that one counts from it."""
    by_code = {one.code: one for one in tiny.protocol.visits}
    held = {**{code: one.day for code, one in tiny.settled.items()}, **days}
    return visit.kind is Kind.INFUSION and any(
        other is not None
        and by_code[code].kind is Kind.INFUSION
        and code != visit.code
        and abs((day - other).days) < tiny.least
        and visit.code not in anchors_of(by_code, code)
        for code, other in held.items()
    )


def anchors_of(by_code: Mapping[VisitCode, Visit], code: VisitCode) -> Iterator[VisitCode]:
    while (code := by_code[code].anchor) != RANDOMIZATION:
        yield code


def in_order(tiny: Tiny) -> list[Visit]:
    return [step for step in tiny.protocol.in_anchor_order if isinstance(step, Visit)]


@settings(max_examples=300)
@given(tinies())
def test_no_choice_is_better_than_the_days_that_are_planned(tiny: Tiny) -> None:
    _, days = min(choices(tiny, in_order(tiny), {}), key=lambda one: one[0])

    assert {code: one.planned for code, one in tiny.place().items()} == days


@settings(max_examples=150)
@given(tinies())
def test_each_day_nearer_to_the_target_was_refused_for_a_reason_that_is_true(tiny: Tiny) -> None:
    placed = tiny.place()
    for one in placed.values():
        if one.step.code in tiny.settled:
            assert one.refused == ()
            continue
        window = [one.earliest + timedelta(days=n) for n in range((one.latest - one.earliest).days + 1)]
        by_distance = sorted(window, key=lambda day: (abs((day - one.target).days), day))
        nearer = by_distance[: by_distance.index(one.planned)] if one.planned else window
        assert [refused.day for refused in one.refused] == nearer
        for refused in one.refused:
            if isinstance(refused.why, Closed | Away):
                assert not is_open(tiny, refused.day, one.step.kind)
            elif isinstance(refused.why, TooClose):
                why = refused.why
                assert why.to != one.step.code
                assert placed[why.to].planned == why.on
                assert abs((refused.day - why.on).days) == why.days_apart < tiny.least
            else:
                assert isinstance(refused.why, WorseForOthers | StaysPlanned)
                assert is_open(tiny, refused.day, one.step.kind)
                if isinstance(refused.why, WorseForOthers):
                    assert refused.why.visits or tiny.kept or tiny.settled
                else:
                    assert one.step.code in tiny.kept
                assert is_worse_with(tiny, one.step.code, refused.day)


def is_worse_with(tiny: Tiny, code: VisitCode, day: date) -> bool:
    """Tell whether every choice with the visit on this day is worse than the best."""
    every = list(choices(tiny, in_order(tiny), {}))
    with_day = [rank for rank, days in every if days[code] == day]
    return not with_day or min(with_day) > min(rank for rank, _ in every)
