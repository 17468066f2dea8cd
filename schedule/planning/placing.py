"""From a protocol, a randomization date and a site's calendar to a target, a window and a day for every visit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from functools import cache, partial
from itertools import combinations, takewhile
from types import MappingProxyType

from schedule.sites import Closed, Site, why_closed
from schedule.study.offsets import Offset
from schedule.study.protocol import RANDOMIZATION, Basis, Kind, Protocol, Step, VisitCode


class AnchorDay(Enum):
    """Which day of the anchor an offset was counted from: the actual one if known, else planned, else target."""

    RANDOMIZED = "randomized"
    ACTUAL = "actual"
    PLANNED = "planned"
    TARGET = "target"
    BOOKED = "booked"
    """The day on which it is booked, whatever its window is now."""
    NOT_GIVEN = "not_given"
    """Its target, because it was missed or cancelled, or its dose was not given."""
    UNPLACED = "unplaced"
    """Its target, because no day fits the anchor itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsFrom:
    """Why a target is the day it is."""

    anchor: VisitCode
    anchor_day: date
    anchor_is: AnchorDay
    anchor_target: date
    offset: Offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """The participant cannot come on these days, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TooClose:
    """A spacing rule forbids the day."""

    to: VisitCode
    on: date
    days_apart: int
    at_least: int
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class WorseForOthers:
    """The day is free, but with it other visits would be farther from their targets or without a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRefused:
    """A day in the window that was not taken, and why."""

    day: date
    why: Closed | TooClose | Away | WorseForOthers


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A visit whose day is not looked for: it is taken as it is, and what counts from the visit counts from it."""

    day: date
    """The day it was given or is booked on; its target where nothing was given."""
    is_a: AnchorDay
    target: date | None = None
    """The target it had when it was closed; None where it still counts from its anchor."""

    @property
    def takes_place(self) -> bool:
        """Whether the visit happens, or has happened, on that day."""
        return self.is_a is not AnchorDay.NOT_GIVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStep:
    """A visit or milestone with its dates. The window belongs to the target, wherever the visit is planned."""

    step: Step
    counts: CountsFrom
    target: date
    earliest: date
    latest: date
    planned: date | None
    actual: bool = False
    refused: tuple[DayRefused, ...] = ()

    @property
    def slack_days(self) -> int | None:
        """Calendar days from the planned day to the latest allowed one; None when no day fits."""
        return None if self.planned is None else (self.latest - self.planned).days

    @property
    def counts_from_known_day(self) -> bool:
        """Whether the day that it counts from has come: the randomization, or an anchor's actual day."""
        return self.counts.anchor_is in (AnchorDay.RANDOMIZED, AnchorDay.ACTUAL)


NOTHING_SETTLED: Mapping[VisitCode, Settled] = MappingProxyType({})
NO_OTHER_ANCHORS: Mapping[VisitCode, VisitCode] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What days are looked for."""

    protocol: Protocol
    steps: tuple[Step, ...]
    randomized: date
    site: Site | None
    settled: Mapping[VisitCode, Settled]
    anchors: Mapping[VisitCode, VisitCode]
    why_closed: Callable[[Kind, date], Closed | Away | None]
    """Says why nobody can come on a day, whatever else is planned."""

    def anchor_of(self, step: Step) -> VisitCode:
        """Return what a step counts from."""
        return self.anchors.get(step.code, step.anchor)

    def seeks(self, step: Step) -> bool:
        """Tell whether a day is looked for: it is not known, and not simply the target."""
        return self.site is not None and step.code not in self.settled and step.kind is not Kind.MILESTONE


Picked = tuple[date | None, tuple[DayRefused, ...]]
"""A day, and those before it that were refused; no day and every refused day, when none fits."""
Pick = Callable[[Step, Iterator[date]], Picked]
"""Picks a day for a visit, out of those of its window by their distance from the target."""


def place_steps(
    protocol: Protocol,
    *,
    randomized: date,
    steroids: bool,
    site: Site | None = None,
    settled: Mapping[VisitCode, Settled] = NOTHING_SETTLED,
    away: Sequence[Away] = (),
    anchors: Mapping[VisitCode, VisitCode] = NO_OTHER_ANCHORS,
) -> tuple[PlacedStep, ...]:
    """Return every step that concerns the participant, anchors first.

    Without a site each visit is planned on its target; with one, on an open day inside the window that keeps the
    protocol's spacing and on which the participant is not ``away``, such that as many visits as possible have a day
    and their days are, in all, as near to the targets as can be (:mod:`schedule.planning.best_days`). ``settled``
    visits are taken as they are. ``anchors`` holds those that count from another visit than the protocol says; it
    must come before them.
    """
    asked = _Asked(
        protocol=protocol,
        steps=protocol.in_anchor_order if steroids else protocol.in_order_off_steroids,
        randomized=randomized,
        site=site,
        settled=settled,
        anchors=anchors,
        why_closed=cache(partial(_why_closed, site, away)),
    )
    spacing = _Spacing(asked)
    nearest = tuple(_place(asked, lambda step, days: _first_free(step, days, asked, spacing), spacing.take))
    if site is None or _cannot_be_better(asked, nearest):
        return nearest
    best = _best_days(asked)
    if all(one.planned == best.get(one.step.code, one.planned) for one in nearest):
        return nearest
    return tuple(_place_on(asked, best))


def _place(asked: _Asked, pick: Pick, take: Callable[[Step, date], None]) -> Iterator[PlacedStep]:
    """Yield every step with its dates, each counted from the day of the one before it."""
    days = {RANDOMIZATION: (asked.randomized, AnchorDay.RANDOMIZED, asked.randomized)}
    for step in asked.steps:
        anchor = asked.anchor_of(step)
        anchor_day, anchor_is, anchor_target = days[anchor]
        counts = CountsFrom(
            anchor=anchor,
            anchor_day=anchor_day,
            anchor_is=anchor_is,
            anchor_target=anchor_target,
            offset=step.offset,
        )
        target = step.offset.after(anchor_day)
        earliest, latest = step.window.around(target)
        planned: date | None = target
        refused: tuple[DayRefused, ...] = ()
        known = asked.settled.get(step.code)
        if known:
            planned = known.day
            days[step.code] = (planned, known.is_a, known.target or target)
        elif asked.seeks(step):
            planned, refused = pick(step, _outwards(target, earliest, latest))
            kind_of_day = AnchorDay.PLANNED if planned else AnchorDay.UNPLACED
            days[step.code] = (planned or target, kind_of_day, target)
        else:
            days[step.code] = (target, AnchorDay.TARGET, target)
        if planned and not known:
            take(step, planned)
        yield PlacedStep(
            step=step,
            counts=counts,
            target=target,
            earliest=earliest,
            latest=latest,
            planned=planned,
            actual=known is not None and known.is_a is AnchorDay.ACTUAL,
            refused=refused,
        )


class _Spacing:
    """The days already taken by the kinds of visit that are kept apart.

    No visit makes way for one that counts from it: that one's window would move with its own day.
    """

    def __init__(self, asked: _Asked) -> None:
        self._rules = {rule.kind: rule for rule in asked.protocol.spacing}
        self._anchors = {step.code: asked.anchor_of(step) for step in asked.protocol.in_anchor_order}
        self._taken: dict[Kind, dict[VisitCode, date]] = {kind: {} for kind in self._rules}
        if asked.settled:
            for visit in asked.protocol.visits:
                if (known := asked.settled.get(visit.code)) and known.takes_place:
                    self.take(visit, known.day)

    def take(self, step: Step, day: date) -> None:
        """Remember the day of a visit, where its kind is kept apart."""
        if step.kind in self._taken:
            self._taken[step.kind][step.code] = day

    def why_too_close(self, step: Step, day: date) -> TooClose | None:
        """Return the rule that forbids the day, or None."""
        rule = self._rules.get(step.kind)
        if rule is None:
            return None
        for code, other in self._taken[step.kind].items():
            apart = abs((day - other).days)
            if apart < rule.at_least and code != step.code and not self._counts_from(code, step.code):
                return TooClose(to=code, on=other, days_apart=apart, at_least=rule.at_least, basis=rule.basis)
        return None

    def _counts_from(self, code: VisitCode, other: VisitCode) -> bool:
        """Tell whether a visit counts from another one, directly or by way of others."""
        while (anchor := self._anchors.get(code)) is not None:
            if anchor == other:
                return True
            code = anchor
        return False


def _why_closed(site: Site | None, away: Sequence[Away], kind: Kind, day: date) -> Closed | Away | None:
    return (why_closed(site, day, kind) if site else None) or why_away(away, day)


def why_away(away: Sequence[Away], day: date) -> Away | None:
    """Return the absence that the day falls into, or None."""
    return next((one for one in away if one.first <= day <= one.last), None)


def _first_free(step: Step, days: Iterator[date], asked: _Asked, spacing: _Spacing) -> Picked:
    refused: list[DayRefused] = []
    for day in days:
        why = asked.why_closed(step.kind, day) or spacing.why_too_close(step, day)
        if why is None:
            return day, tuple(refused)
        refused.append(DayRefused(day=day, why=why))
    return None, tuple(sorted(refused, key=lambda one: one.day))


def _cannot_be_better(asked: _Asked, placed: Sequence[PlacedStep]) -> bool:
    """Tell whether no visit could be nearer to its target, whatever days the others had."""
    for one in placed:
        if not asked.seeks(one.step) or one.planned == one.target:
            continue
        counts_from_known = one.counts.anchor == RANDOMIZATION or one.counts.anchor in asked.settled
        is_alone = not any(isinstance(refused.why, TooClose) for refused in one.refused)
        if one.planned is None or not (counts_from_known and is_alone):
            return False
    return True


def _best_days(asked: _Asked) -> Mapping[VisitCode, date | None]:
    """Return the best day of every visit that seeks one."""
    from schedule.planning.best_days import Wanted, best_days  # noqa: PLC0415 - most plans never need it

    spacing = _Spacing(asked)
    steps = [step for step in asked.steps if step.code not in asked.settled]
    places = {step.code: place for place, step in enumerate(steps)}
    known = {RANDOMIZATION: asked.randomized, **{code: one.day for code, one in asked.settled.items()}}
    wanted = [
        Wanted(
            counts_from=known[anchor] if (anchor := asked.anchor_of(step)) in known else places[anchor],
            offset=step.offset,
            window=step.window,
            is_milestone=step.kind is Kind.MILESTONE,
        )
        for step in steps
    ]
    best = best_days(
        wanted,
        is_open=lambda place, day: (
            not (asked.why_closed(steps[place].kind, day) or spacing.why_too_close(steps[place], day))
        ),
        apart={
            (places[one.code], places[other.code]): rule.at_least
            for rule in asked.protocol.spacing
            for one, other in combinations([step for step in steps if step.kind is rule.kind], 2)
        },
    )
    return {step.code: day for step, day in zip(steps, best, strict=True) if asked.seeks(step)}


def _place_on(asked: _Asked, best: Mapping[VisitCode, date | None]) -> Iterator[PlacedStep]:
    """Place every step anew, those that seek a day on these."""
    spacing = _Spacing(asked)
    for step in asked.steps:
        if day := best.get(step.code):
            spacing.take(step, day)

    def pick(step: Step, days: Iterator[date]) -> Picked:
        chosen = best[step.code]
        refused = tuple(
            DayRefused(
                day=day,
                why=asked.why_closed(step.kind, day) or spacing.why_too_close(step, day) or WorseForOthers(),
            )
            for day in takewhile(lambda day: day != chosen, days)
        )
        return chosen, refused if chosen else tuple(sorted(refused, key=lambda one: one.day))

    return _place(asked, pick, spacing.take)


def _outwards(target: date, earliest: date, latest: date) -> Iterator[date]:
    """Yield the days of the window by their distance from the target, the earlier of two first."""
    one_day = timedelta(days=1)
    before, after = target, target + one_day
    while before >= earliest or after <= latest:
        if before >= earliest and (target - before <= after - target or after > latest):
            yield before
            before -= one_day
        else:
            yield after
            after += one_day
