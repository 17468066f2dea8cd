"""What staff should know about a schedule although nothing is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from zoneinfo import ZoneInfo

from schedule.planning.placing import PlacedStep, TooClose
from schedule.sites import Closed, Site, why_closed
from schedule.study.protocol import Basis, Kind, Protocol, Text, VisitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedOnClosedDay:
    """A visit was given on a day on which the site is closed."""

    visit: Text
    day: date
    why: Closed


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedOutsideWindow:
    """A visit was given outside its window: a deviation."""

    visit: Text
    day: date
    earliest: date
    latest: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedTooClose:
    """A visit was given closer to another of its kind than the protocol allows."""

    visit: Text
    day: date
    other: Text
    why: TooClose


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperStartsHigh:
    """The first dose of the taper is above the highest that the protocol knows of."""

    dose_mg: Decimal
    highest_mg: Decimal
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperDatesWait:
    """The taper was prescribed with dates, but they are not told before the visit it counts from was given."""

    visit: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperPrescribedEarly:
    """The taper was prescribed for dates that begin before it may start now: they are not told."""

    first_day: date
    may_start: date


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsAfterCompletion:
    """The last visit may fall after the registered end of the study."""

    visit: VisitCode
    day: date
    completion: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotBePlaced:
    """No day in the windows of these visits is open."""

    visits: tuple[VisitCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLeavesBlank:
    """The site file does not say this: labelled blank lines are printed."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteHasExamples:
    """The site file says that these values are only examples."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteHasNoHolidays:
    """No public holiday closes the site, says its file by saying nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotConfirmed:
    """Nobody has confirmed the assumptions for this version of the protocol, on or before the day of the schedule."""

    version: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsAfterClosing:
    """A visit that starts at its usual time ends after the site has closed."""

    visits: tuple[VisitCode, ...]


AboutDays = (
    FixedOnClosedDay
    | FixedOutsideWindow
    | FixedTooClose
    | EndsAfterCompletion
    | CannotBePlaced
    | TaperStartsHigh
    | TaperDatesWait
    | TaperPrescribedEarly
)
AboutSite = SiteLeavesBlank | SiteHasExamples | SiteHasNoHolidays | NotConfirmed | EndsAfterClosing
Notice = AboutDays | AboutSite


_ANY_DAY = date(2001, 1, 1)


def notice(protocol: Protocol, placed: Sequence[PlacedStep], site: Site | None, as_of: datetime) -> tuple[Notice, ...]:
    """Return what staff should know, the most urgent first."""
    return (*_about_days(protocol, placed, site), *(about_site(protocol, site, as_of) if site else ()))


def _about_days(protocol: Protocol, placed: Sequence[PlacedStep], site: Site | None) -> Iterator[AboutDays]:
    if unplaced := tuple(one.step.code for one in placed if one.planned is None):
        yield CannotBePlaced(visits=unplaced)
    for one in placed:
        if one.actual and one.planned:
            visit = one.step.name
            if not one.earliest <= one.planned <= one.latest:
                yield FixedOutsideWindow(visit=visit, day=one.planned, earliest=one.earliest, latest=one.latest)
            if site and (why := why_closed(site, one.planned, one.step.kind)):
                yield FixedOnClosedDay(visit=visit, day=one.planned, why=why)
    yield from _fixed_too_close(protocol, placed)
    contacts = [one for one in placed if one.step.kind is not Kind.MILESTONE]
    last = max(contacts, key=lambda one: one.planned or one.target)
    day = last.planned or last.target
    if protocol.study.completion and day > protocol.study.completion:
        yield EndsAfterCompletion(visit=last.step.code, day=day, completion=protocol.study.completion)


def _fixed_too_close(protocol: Protocol, placed: Sequence[PlacedStep]) -> Iterator[FixedTooClose]:
    """Yield each visit that was given too close to another; what is planned keeps its distance by itself."""
    if not any(one.actual for one in placed):
        return
    for rule in protocol.spacing:
        kept_apart = [one for one in placed if one.step.kind is rule.kind]
        for pair in combinations(kept_apart, 2):
            other, fixed = sorted(pair, key=lambda one: one.actual)
            if not (fixed.actual and fixed.planned and other.planned):
                continue
            apart = abs((fixed.planned - other.planned).days)
            if apart < rule.at_least:
                why = TooClose(
                    to=other.step.code, on=other.planned, days_apart=apart, at_least=rule.at_least, basis=rule.basis
                )
                yield FixedTooClose(visit=fixed.step.name, day=fixed.planned, other=other.step.name, why=why)


def about_site(protocol: Protocol, site: Site, as_of: datetime) -> Iterator[AboutSite]:
    """Yield what is the same for every participant of the site."""
    if not is_confirmed(protocol, site, as_of):
        yield NotConfirmed(version=protocol.study.version, day=_day_at(site, as_of))
    keys = ("address", "phone", "phone_24h", "emergency", "call_link", "investigator", "ethics_board")
    if blank := tuple(f"contact.{key}" for key in keys if not getattr(site.contact, key)):
        yield SiteLeavesBlank(keys=blank)
    if site.examples:
        yield SiteHasExamples(keys=site.examples)
    if site.holidays is None:
        yield SiteHasNoHolidays()
    late = tuple(visit.code for visit in protocol.visits if _ends_late(site, visit.kind, visit.length))
    if late:
        yield EndsAfterClosing(visits=late)


def is_confirmed(protocol: Protocol, site: Site | None, as_of: datetime) -> bool:
    """Tell whether the site has confirmed this very version by then: only then papers are not samples."""
    if site is None or site.confirmed is None:
        return False
    is_this_version = site.confirmed.protocol_version == protocol.study.version
    return is_this_version and site.confirmed.on <= _day_at(site, as_of)


def _day_at(site: Site, instant: datetime) -> date:
    return instant.astimezone(ZoneInfo(site.time_zone)).date()


def _ends_late(site: Site, kind: Kind, length: timedelta) -> bool:
    arrival = site.arrival.get(kind)
    if arrival is None:
        return False
    leaves = datetime.combine(_ANY_DAY, arrival) + length
    return any(leaves > datetime.combine(_ANY_DAY, hours.closes) for hours in site.open.values())
