"""From a protocol, a randomization date and a site's calendar to a target, a window and a day for every visit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
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
class DayRefused:
    """A day in the window that could not be taken, and why."""

    day: date
    why: Closed | TooClose | Away


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

    Without a site each visit is planned on its target; with one, on the open day nearest to the target inside
    the window (of two equally near, the earlier) that keeps the protocol's spacing and on which the participant is
    not ``away``. ``settled`` visits are taken as they are. ``anchors`` holds those that count from another visit than
    the protocol says; it must come before them.
    """
    spacing = _Spacing(protocol, settled, anchors)
    days = {RANDOMIZATION: (randomized, AnchorDay.RANDOMIZED, randomized)}
    placed: list[PlacedStep] = []
    for step in protocol.in_anchor_order if steroids else protocol.in_order_off_steroids:
        anchor = anchors.get(step.code, step.anchor)
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
        known = settled.get(step.code)
        if known:
            planned = known.day
            days[step.code] = (planned, known.is_a, known.target or target)
        elif site is None or step.kind is Kind.MILESTONE:
            days[step.code] = (target, AnchorDay.TARGET, target)
        else:
            days_in_window = _outwards(target, earliest, latest)
            planned, refused = _first_free(step, days_in_window, site=site, spacing=spacing, away=away)
            kind_of_day = AnchorDay.PLANNED if planned else AnchorDay.UNPLACED
            days[step.code] = (planned or target, kind_of_day, target)
        if planned and not known:
            spacing.take(step, planned)
        placed.append(
            PlacedStep(
                step=step,
                counts=counts,
                target=target,
                earliest=earliest,
                latest=latest,
                planned=planned,
                actual=known is not None and known.is_a is AnchorDay.ACTUAL,
                refused=refused,
            )
        )
    return tuple(placed)


class _Spacing:
    """The days already taken by the kinds of visit that are kept apart.

    No visit makes way for one that counts from it: that one's window would move with its own day.
    """

    def __init__(
        self, protocol: Protocol, settled: Mapping[VisitCode, Settled], anchors: Mapping[VisitCode, VisitCode]
    ) -> None:
        self._rules = {rule.kind: rule for rule in protocol.spacing}
        self._anchors = {step.code: anchors.get(step.code, step.anchor) for step in protocol.in_anchor_order}
        self._taken: dict[Kind, dict[VisitCode, date]] = {kind: {} for kind in self._rules}
        if settled:
            for visit in protocol.visits:
                if (known := settled.get(visit.code)) and known.takes_place:
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
            if apart < rule.at_least and not self._counts_from(code, step.code):
                return TooClose(to=code, on=other, days_apart=apart, at_least=rule.at_least, basis=rule.basis)
        return None

    def _counts_from(self, code: VisitCode, other: VisitCode) -> bool:
        """Tell whether a visit counts from another one, directly or by way of others."""
        while (anchor := self._anchors.get(code)) is not None:
            if anchor == other:
                return True
            code = anchor
        return False


def why_away(away: Sequence[Away], day: date) -> Away | None:
    """Return the absence that the day falls into, or None."""
    return next((one for one in away if one.first <= day <= one.last), None)


def _first_free(
    step: Step, days: Iterator[date], *, site: Site, spacing: _Spacing, away: Sequence[Away]
) -> tuple[date | None, tuple[DayRefused, ...]]:
    """Return the day and those before it that were refused; no day and every refused day, when none fits."""
    refused: list[DayRefused] = []
    for day in days:
        why = why_closed(site, day, step.kind) or why_away(away, day) or spacing.why_too_close(step, day)
        if why is None:
            return day, tuple(refused)
        refused.append(DayRefused(day=day, why=why))
    return None, tuple(sorted(refused, key=lambda one: one.day))


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
