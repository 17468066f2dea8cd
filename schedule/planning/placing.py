"""From a protocol, a randomization date and a site's calendar to a target, a window and a day for every visit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from schedule.sites import Closed, Site, why_closed
from schedule.study.offsets import Offset
from schedule.study.protocol import RANDOMIZATION, Basis, Kind, Protocol, Step, VisitCode


class AnchorDay(Enum):
    """Which day of the anchor an offset was counted from: the actual one if known, else planned, else target."""

    RANDOMIZED = "randomized"
    ACTUAL = "actual"
    PLANNED = "planned"
    TARGET = "target"
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
    why: Closed | TooClose


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


def place_steps(
    protocol: Protocol,
    *,
    randomized: date,
    steroids: bool,
    site: Site | None = None,
    actual: Mapping[VisitCode, date] | None = None,
) -> tuple[PlacedStep, ...]:
    """Return every step that concerns the participant, anchors first.

    Without a site each visit is planned on its target; with one, on the open day nearest to the target inside
    the window (of two equally near, the earlier) that keeps the protocol's spacing. ``actual`` holds the days
    on which visits really happened: they are taken as they are.
    """
    actual = actual or {}
    spacing = _Spacing(protocol, actual)
    days = {RANDOMIZATION: (randomized, AnchorDay.RANDOMIZED, randomized)}
    placed: list[PlacedStep] = []
    for step in protocol.in_anchor_order if steroids else protocol.in_order_off_steroids:
        anchor_day, anchor_is, anchor_target = days[step.anchor]
        counts = CountsFrom(
            anchor=step.anchor,
            anchor_day=anchor_day,
            anchor_is=anchor_is,
            anchor_target=anchor_target,
            offset=step.offset,
        )
        target = step.offset.after(anchor_day)
        earliest, latest = step.window.around(target)
        planned: date | None = target
        refused: tuple[DayRefused, ...] = ()
        happened = step.code in actual
        if happened:
            planned = actual[step.code]
            days[step.code] = (planned, AnchorDay.ACTUAL, target)
        elif site is None or step.kind is Kind.MILESTONE:
            days[step.code] = (target, AnchorDay.TARGET, target)
        else:
            planned, refused = _nearest_day(step, target, (earliest, latest), site, spacing)
            kind_of_day = AnchorDay.PLANNED if planned else AnchorDay.UNPLACED
            days[step.code] = (planned or target, kind_of_day, target)
        if planned:
            spacing.take(step, planned)
        placed.append(
            PlacedStep(
                step=step,
                counts=counts,
                target=target,
                earliest=earliest,
                latest=latest,
                planned=planned,
                actual=happened,
                refused=refused,
            )
        )
    return tuple(placed)


class _Spacing:
    """The days already taken by the kinds of visit that are kept apart."""

    def __init__(self, protocol: Protocol, actual: Mapping[VisitCode, date]) -> None:
        self._rules = {rule.kind: rule for rule in protocol.spacing}
        self._taken: dict[Kind, dict[VisitCode, date]] = {kind: {} for kind in self._rules}
        if actual:
            for visit in protocol.visits:
                if visit.code in actual:
                    self.take(visit, actual[visit.code])

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
            if apart < rule.at_least:
                return TooClose(to=code, on=other, days_apart=apart, at_least=rule.at_least, basis=rule.basis)
        return None


def _nearest_day(
    step: Step, target: date, window: tuple[date, date], site: Site, spacing: _Spacing
) -> tuple[date | None, tuple[DayRefused, ...]]:
    """Return the day and the nearer days that were refused; no day and every refused day, when none fits."""
    refused: list[DayRefused] = []
    for day in _outwards(target, *window):
        why = why_closed(site, day, step.kind) or spacing.why_too_close(step, day)
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
