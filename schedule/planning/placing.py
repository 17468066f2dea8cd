"""From a protocol, a randomization date and a site's calendar to a target, a window and a day for every visit."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from schedule.sites import Closed, ShutDays, Site
from schedule.study.offsets import Offset
from schedule.study.protocol import RANDOMIZATION, Basis, Kind, Protocol, Step, VisitCode

if TYPE_CHECKING:
    from schedule.planning.searching import Apart, Wanted


class AnchorDay(Enum):
    """Which day of the anchor an offset was counted from: the actual one if known, else planned, else target."""

    RANDOMIZED = "randomized"
    ACTUAL = "actual"
    PLANNED = "planned"
    TARGET = "target"
    BOOKED = "booked"
    """The day on which it is booked, whatever its window is now."""
    NOT_GIVEN = "not_given"
    """Its target, because it was missed or cancelled, its dose was not given, or the participant does not have it."""
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

    visits: tuple[VisitCode, ...] = ()
    """None where another would only leave the day that it should keep, or a promised one its window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaysPlanned:
    """The day is free, but the visit keeps the one that was planned before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRefused:
    """A day in the window that was not taken, and why."""

    day: date
    why: Closed | TooClose | Away | WorseForOthers | StaysPlanned


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The day that a visit keeps where it can, as long as its target stays what it was."""

    target: date
    day: date


NOTHING_SETTLED: Mapping[VisitCode, Settled] = MappingProxyType({})
NOTHING_KEPT: Mapping[VisitCode, Kept] = MappingProxyType({})
NO_OTHER_ANCHORS: Mapping[VisitCode, VisitCode] = MappingProxyType({})


Picked = tuple[date | None, tuple[DayRefused, ...]]
"""A day, and the nearer ones that were refused; no day and every refused day, when none fits."""
Pick = Callable[[Step, date], Picked]
"""Picks a day for a visit with this target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What days are looked for."""

    protocol: Protocol
    steps: tuple[Step, ...]
    randomized: date
    settled: Mapping[VisitCode, Settled]
    kept: Mapping[VisitCode, Kept]
    absent: Collection[VisitCode]
    anchors: Mapping[VisitCode, VisitCode]

    def anchor_of(self, step: Step) -> VisitCode:
        """Return what a step counts from."""
        return self.anchors.get(step.code, step.anchor)

    def seeks(self, step: Step) -> bool:
        """Tell whether a day is looked for: it is not known, and not simply the target."""
        return step.code not in self.settled and step.kind is not Kind.MILESTONE and step.code not in self.absent


def place_steps(
    protocol: Protocol,
    *,
    randomized: date,
    steroids: bool,
    site: Site | None = None,
    settled: Mapping[VisitCode, Settled] = NOTHING_SETTLED,
    kept: Mapping[VisitCode, Kept] = NOTHING_KEPT,
    absent: Collection[VisitCode] = (),
    away: Sequence[Away] = (),
    anchors: Mapping[VisitCode, VisitCode] = NO_OTHER_ANCHORS,
) -> tuple[PlacedStep, ...]:
    """Return every step that concerns the participant, anchors first.

    Without a site each visit is planned on its target; with one, on an open day inside the window that keeps the
    protocol's spacing and on which the participant is not ``away``, such that as many visits as possible have a day
    and their days are, in all, as near to the targets as can be (:mod:`schedule.planning.best_days`). ``settled``
    visits are taken as they are, and those ``kept`` keep their day where they can. What is ``absent`` is left out;
    what counts from it counts from its target. ``anchors`` holds those that count from another
    visit than the protocol says; it must come before them.
    """
    asked = _Asked(
        protocol=protocol,
        steps=protocol.in_anchor_order if steroids else protocol.in_order_off_steroids,
        randomized=randomized,
        settled=settled,
        kept=kept,
        absent=absent,
        anchors=anchors,
    )
    if site is None:
        return tuple(_place(asked, lambda _, target: (target, ())))
    return tuple(_place(asked, _Seeking(asked, site, away).pick))


def _place(asked: _Asked, pick: Pick) -> Iterator[PlacedStep]:
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
        if step.code in asked.absent:
            days[step.code] = (target, AnchorDay.NOT_GIVEN, target)
            continue
        earliest, latest = step.window.around(target)
        planned: date | None = target
        refused: tuple[DayRefused, ...] = ()
        known = asked.settled.get(step.code)
        if known:
            planned = known.day
            days[step.code] = (planned, known.is_a, known.target or target)
        elif asked.seeks(step):
            planned, refused = pick(step, target)
            kind_of_day = AnchorDay.PLANNED if planned else AnchorDay.UNPLACED
            days[step.code] = (planned or target, kind_of_day, target)
        else:
            days[step.code] = (target, AnchorDay.TARGET, target)
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


def why_away(away: Sequence[Away], day: date) -> Away | None:
    """Return the absence that the day falls into, or None."""
    return next((one for one in away if one.first <= day <= one.last), None)


class _Seeking:
    """The best days at a site, and why nearer ones were not taken."""

    def __init__(self, asked: _Asked, site: Site, away: Sequence[Away]) -> None:
        from schedule.planning.best_days import best_days  # noqa: PLC0415 - a plan without a site does not pay for it

        self._asked, self._site, self._away = asked, site, away
        anchors = {step.code: asked.anchor_of(step) for step in asked.protocol.in_anchor_order}
        self._settled, self._taken = _Spacing(asked, anchors), _Spacing(asked, anchors)
        known = {RANDOMIZATION: asked.randomized, **{code: one.day for code, one in asked.settled.items()}}
        self._known = {code: day.toordinal() for code, day in known.items()}
        self._sought = {step.code for step in asked.steps if asked.seeks(step)}
        self._kinds = {kind: self._of_kind(kind) for kind in Kind}
        self._steps = self._weighed()
        self._places = {step.code: place for place, step in enumerate(self._steps)}
        self._found = best_days(self._wanted(), self._rivals())
        self._days: dict[VisitCode, date] = {}
        for step, one in zip(self._steps, self._found.options, strict=True):
            if one.is_day and step.code in self._sought:
                self._days[step.code] = date.fromordinal(one.day)
                self._taken.take(step, self._days[step.code])

    def pick(self, step: Step, target: date) -> Picked:
        """Return the day of a visit with this target, and what stands against nearer ones."""
        chosen = self._days.get(step.code)
        if chosen == target:
            return chosen, ()
        start = target.toordinal()
        refused: list[DayRefused] = []
        for off in step.window.outwards:
            day = date.fromordinal(start + off)
            if day == chosen:
                return chosen, tuple(refused)
            refused.append(DayRefused(day=day, why=self._why_not(step, day)))
        return None, tuple(sorted(refused, key=lambda one: one.day))

    def _why_not(self, step: Step, day: date) -> Closed | Away | TooClose | WorseForOthers | StaysPlanned:
        if why := self._why_closed(step.kind, day) or self._taken.why_too_close(step, day):
            return why
        worse = self._found.worse_with(self._places[step.code], day.toordinal())
        visits = tuple(self._steps[place].code for place in worse)
        return StaysPlanned() if step.code in self._asked.kept and not visits else WorseForOthers(visits=visits)

    def _why_closed(self, kind: Kind, day: date) -> Closed | Away | None:
        return self._site.shut_days(kind)[day.toordinal()] or why_away(self._away, day)

    def _weighed(self) -> list[Step]:
        """Return the steps that look for a day or tell how good that of their anchor is, and all these count from."""
        asked, needed, found = self._asked, set(), []
        for step in reversed(asked.steps):
            known, anchor = asked.settled.get(step.code), asked.anchor_of(step)
            if known:
                counts = known.is_a is AnchorDay.BOOKED and anchor not in asked.settled
            else:
                counts = step.code in needed or step.code in self._sought
            if counts and (known is None or anchor != RANDOMIZATION):
                found.append(step)
                needed.add(anchor)
        return found[::-1]

    def _of_kind(self, kind: Kind) -> tuple[int, ShutDays[Any] | None]:
        """Return how far visits of a kind are kept apart, and what stands against days, if it does for all of them."""
        rule, is_for_all = self._settled.rules.get(kind), not (self._away or self._settled.keeps_away(kind))
        return rule.at_least if rule else 0, self._site.shut_days(kind) if is_for_all else None

    def _wanted(self) -> "Sequence[Wanted]":
        from schedule.planning.searching import Wanted  # noqa: PLC0415

        found = []
        for step in self._steps:
            asked, anchor, code = self._asked, self._asked.anchor_of(step), step.code
            known = asked.settled.get(code)
            kept = None if known else asked.kept.get(code)
            least, shut = self._kinds[step.kind]
            place = None if anchor in self._known else self._places[anchor]
            is_tied = place is not None and self._steps[place].kind is step.kind and anchor in self._sought
            one = Wanted(
                counts_from=place,
                known=self._known.get(anchor, 0),
                after=step.offset.ordinals,
                window=step.window,
                shut=self._shut(step) if shut is None else shut,
                is_visit=known is not None or code in self._sought,
                kept=(kept.target.toordinal(), kept.day.toordinal()) if kept else None,
                promised=known.day.toordinal() if known else None,
                after_anchor=least if is_tied else 0,
            )
            found.append(one)
        return found

    def _shut(self, step: Step) -> ShutDays[Any]:
        """Return what stands against a day, whatever day the others have that are looking for one."""
        return ShutDays(lambda day: self._why_closed(step.kind, day) or self._settled.why_too_close(step, day))

    def _rivals(self) -> "Sequence[Apart]":
        """Return the visits that are kept apart and look for a day."""
        from schedule.planning.searching import Apart  # noqa: PLC0415

        found = []
        for rule in self._asked.protocol.spacing:
            steps = (step for step in self._steps if step.kind is rule.kind and step.code in self._sought)
            found.append(Apart(least=rule.at_least, places=[self._places[step.code] for step in steps]))
        return found


class _Spacing:
    """The days already taken by the kinds of visit that are kept apart.

    No visit makes way for one that counts from it: that one's window would move with its own day.
    """

    def __init__(self, asked: _Asked, anchors: Mapping[VisitCode, VisitCode]) -> None:
        self.rules = {rule.kind: rule for rule in asked.protocol.spacing}
        self._anchors = anchors
        self._taken: dict[Kind, dict[VisitCode, date]] = {kind: {} for kind in self.rules}
        if asked.settled:
            for visit in asked.protocol.visits:
                if (known := asked.settled.get(visit.code)) and known.takes_place:
                    self.take(visit, known.day)

    def keeps_away(self, kind: Kind) -> bool:
        """Tell whether visits of this kind have their days already."""
        return bool(self._taken.get(kind))

    def take(self, step: Step, day: date) -> None:
        """Remember the day of a visit, where its kind is kept apart."""
        if step.kind in self._taken:
            self._taken[step.kind][step.code] = day

    def why_too_close(self, step: Step, day: date) -> TooClose | None:
        """Return the rule that forbids the day, or None."""
        rule = self.rules.get(step.kind)
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
