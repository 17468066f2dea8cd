"""From a protocol, a randomization date and a site's calendar to a target, a window and a day for every visit."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from types import MappingProxyType

from schedule.sites import Closed, Site
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
    """Those that count from it; where there are none, the others of its kind."""


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
class Asked:
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
    asked = Asked(
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
    from schedule.planning.seeking import Seeking  # noqa: PLC0415 - a plan without a site does not pay for it

    return tuple(_place(asked, Seeking(asked, site, away).pick))


def _place(asked: Asked, pick: Pick) -> Iterator[PlacedStep]:
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
