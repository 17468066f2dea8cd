"""What changed between two schedules of one participant, and which printed pages that makes stale."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import NewType
from zoneinfo import ZoneInfo

from schedule.errors import Problem, Refused
from schedule.study.protocol import Kind, Label, VisitCode, WallTime

PageCode = NewType("PageCode", str)
"""What stands in the corner of a printed page: ``M3-1`` in every language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVisit:
    """A visit or milestone as ``schedule.json`` keeps it."""

    code: VisitCode
    name: Label
    """In the language in which the file was written."""
    kind: Kind
    earliest: date | None
    """None for a milestone on hold."""
    latest: date | None
    planned: date | None
    start: WallTime | None
    end: WallTime | None
    time_zone: Label | None
    status: Label | None = field(default=None, repr=False)
    """What has become of it; None in a plan, of which nothing is recorded."""

    @property
    def window(self) -> tuple[date, date] | None:
        """The first and the last day on which it is on time."""
        return (self.earliest, self.latest) if self.earliest and self.latest else None

    @property
    def is_off(self) -> bool:
        """Whether it did not take place, or will not."""
        return self.status in ("missed", "cancelled")

    @property
    def is_held(self) -> bool:
        """Whether nobody comes until the clinic calls."""
        return self.status == "held"

    @property
    def hours(self) -> tuple[str, str, str] | None:
        """From when to when, and in which zone; None while it has no time."""
        if self.start is None or self.end is None:
            return None
        return f"{self.start:%H:%M}", f"{self.end:%H:%M}", self.time_zone or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDose:
    """A step of the taper as ``schedule.json`` keeps it."""

    day: int
    """The number of its first day."""
    dose_mg: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSchedule:
    """A schedule as ``schedule.json`` keeps it: what a comparison needs of it."""

    participant: Label
    protocol: Label
    protocol_version: Label
    randomized: date
    day0: date | None
    site: Label | None
    as_of: datetime
    """In UTC."""
    visits: tuple[KeptVisit, ...]
    pages: Mapping[PageCode, Label]
    """For each page of the packet, in its order, a short hash of what the page depends on."""
    steroids: bool | None = None
    taper: tuple[KeptDose, ...] = ()
    sample: bool = True
    """Whether its pages say SAMPLE; files of an older dayzero do not tell, and count as not confirmed."""

    @property
    def time_zone(self) -> str | None:
        """The site's zone, where there is a site."""
        return next((visit.time_zone for visit in self.visits if visit.time_zone), None)

    @property
    def valid_as_of(self) -> date:
        """The day at the site as of which it is valid."""
        return self.as_of.astimezone(ZoneInfo(self.time_zone or "UTC")).date()


class Fact(Enum):
    """Something that holds for the whole schedule."""

    RANDOMIZED = "randomized"
    DAY0 = "day0"
    SITE = "site"
    PROTOCOL_VERSION = "protocol_version"
    STEROIDS = "steroids"
    TAPER = "taper"


FactValue = date | str | bool | tuple[KeptDose, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChange:
    """A fact that is another one now; None where it is not known."""

    fact: Fact
    old: FactValue
    new: FactValue


class Change(Enum):
    """In what way a visit is not what it was."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    UNPLACED = "unplaced"
    """It had a day, and no day fits it now."""
    PLACED = "placed"
    """No day fitted it, and it has one now."""
    TIME = "time"
    WINDOW = "window"
    KIND = "kind"
    HELD = "held"
    """Nobody comes until the clinic calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChange:
    """A visit that changed: in which ways, what it was, and what it is."""

    changes: tuple[Change, ...]
    old: KeptVisit | None
    """None for a visit that was added."""
    new: KeptVisit | None
    """None for a visit that was removed."""

    @property
    def visit(self) -> KeptVisit:
        """The visit as it is now, or was last."""
        visit = self.new or self.old
        assert visit is not None  # noqa: S101 - one of both is always there
        return visit


@dataclass(frozen=True, slots=True, kw_only=True)
class StalePages:
    """What to do with a packet that was printed from the old schedule. Codes stand in the order of the packet."""

    replace: tuple[PageCode, ...]
    """Pages to print: what they depend on changed, or they are new."""
    new: tuple[PageCode, ...]
    """Those of them for which there is no page to throw away."""
    take_out: tuple[PageCode, ...]
    """Pages that are no longer part of the packet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two schedules of one participant, and how they differ. Visits stand in the order of their days."""

    old: KeptSchedule
    new: KeptSchedule
    facts: tuple[FactChange, ...]
    visits: tuple[VisitChange, ...]
    pages: StalePages

    @property
    def is_same(self) -> bool:
        """Whether nothing changed but the day on which the schedule was made."""
        return not (self.facts or self.visits or self.pages.replace or self.pages.take_out)

    @property
    def concerns_packet(self) -> bool:
        """Whether there is anything to tell the participant, or a page of the packet to replace or take out."""
        return bool(self.facts or self.contacts or self.pages.replace or self.pages.take_out)

    @property
    def looks_swapped(self) -> bool:
        """Whether the new schedule is valid as of an earlier instant than the old one."""
        return self.new.as_of < self.old.as_of

    @property
    def contacts(self) -> tuple[VisitChange, ...]:
        """What a participant may be told: no milestone, whose date depends on an infusion that may not be given."""
        return tuple(one for one in self.visits if one.visit.kind is not Kind.MILESTONE)


def compare(old: KeptSchedule, new: KeptSchedule) -> Comparison:
    """Tell what changed. Raises Refused, with all problems, for schedules of two participants or studies."""
    if problems := tuple(_check_same(old, new)):
        raise Refused(problems)
    replace = tuple(code for code, version in new.pages.items() if old.pages.get(code) != version)
    return Comparison(
        old=old,
        new=new,
        facts=tuple(_compare_facts(old, new)),
        visits=tuple(sorted(_compare_visits(old, new), key=_day_of)),
        pages=StalePages(
            replace=replace,
            new=tuple(code for code in replace if code not in old.pages),
            take_out=tuple(code for code in old.pages if code not in new.pages),
        ),
    )


def _check_same(old: KeptSchedule, new: KeptSchedule) -> Iterator[Problem]:
    names = (("participant", old.participant, new.participant), ("protocol", old.protocol, new.protocol))
    for key, was, is_now in names:
        if was != is_now:
            yield Problem(
                place=key,
                wrong=f"{was!a} in the old schedule, but {is_now!a} in the new one",
                remedy="compare two schedules of one participant in one study",
            )


def _compare_facts(old: KeptSchedule, new: KeptSchedule) -> Iterator[FactChange]:
    facts = (
        (Fact.RANDOMIZED, old.randomized, new.randomized),
        (Fact.DAY0, old.day0, new.day0),
        (Fact.SITE, old.site, new.site),
        (Fact.PROTOCOL_VERSION, old.protocol_version, new.protocol_version),
        (Fact.STEROIDS, old.steroids, new.steroids),
        (Fact.TAPER, old.taper, new.taper),
    )
    for fact, was, is_now in facts:
        if was != is_now:
            yield FactChange(fact=fact, old=was, new=is_now)


def _compare_visits(old: KeptSchedule, new: KeptSchedule) -> Iterator[VisitChange]:
    was = {visit.code: visit for visit in old.visits if not visit.is_off}
    is_now = {visit.code: visit for visit in new.visits if not visit.is_off}
    for code in {**is_now, **was}:
        before, after = was.get(code), is_now.get(code)
        if before is None or after is None:
            yield VisitChange(changes=(Change.REMOVED if before else Change.ADDED,), old=before, new=after)
        elif changes := tuple(_compare_visit(before, after)):
            yield VisitChange(changes=changes, old=before, new=after)


def _compare_visit(old: KeptVisit, new: KeptVisit) -> Iterator[Change]:
    if new.is_held:
        if not old.is_held:
            yield Change.HELD
        return
    if old.planned and new.planned and old.planned != new.planned:
        yield Change.MOVED
    elif old.planned and not new.planned:
        yield Change.UNPLACED
    elif new.planned and not old.planned:
        yield Change.PLACED
    if old.hours != new.hours and new.planned and new.status != "done":
        yield Change.TIME
    if old.window != new.window and Kind.MILESTONE not in (old.kind, new.kind):
        yield Change.WINDOW
    if old.kind is not new.kind:
        yield Change.KIND


def _day_of(change: VisitChange) -> date:
    known = (day for end in (change.new, change.old) if end for day in (end.planned, end.earliest))
    return next((day for day in known if day), date.max)
