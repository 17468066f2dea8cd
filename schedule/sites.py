"""A clinic site: when it is open, when people arrive, how it is reached.

The keys of a site file are the fields of these types.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache, partial
from typing import Any, Generic, NewType, TypeVar
from zoneinfo import ZoneInfo

from schedule.study.protocol import IN_PERSON, Kind, Label, Text, Window

SiteId = NewType("SiteId", str)
Why = TypeVar("Why")


class Weekday(Enum):
    """The days of the week, in the order in which Python numbers them."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEK = tuple(Weekday)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Opening hours of one weekday, local time."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayCalendar:
    """Which public holidays close the site, by their names in the `holidays` package."""

    country: str
    """ISO 3166 code: `US` has the federal holidays."""
    subdivision: str | None = None
    """A state or province, where its own holidays close the site too: `FL`."""
    only: tuple[str, ...] | None = None
    """The names of the holidays that close the site; all of them when left out."""
    _noted: "NotedHolidays | None" = field(init=False, repr=False, compare=False, default=None)

    def with_noted(self, noted: "NotedHolidays") -> "HolidayCalendar":
        """Return the calendar with the days of some years as they were looked up before."""
        calendar = replace(self)
        object.__setattr__(calendar, "_noted", noted)
        return calendar

    def on(self, day: date) -> str | None:
        """Return the name of the holiday that closes the site on this day, or None."""
        if self._noted and day.year in self._noted.years:
            return self._noted.days.get(day)
        return _look_up(self, day)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedHolidays:
    """The holidays of some years, as they were known on some day."""

    years: range
    days: Mapping[date, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Days on which the site is closed for a reason of its own."""

    first: date
    """The first closed day."""
    last: date
    """The last closed day."""
    reason: Text
    """Why, for staff."""
    kinds: tuple[Kind, ...] = (Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL)
    """The kinds of visit that cannot happen; all when left out. Calls may go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A day on which the site is open after all, whatever its weekday, and though it is a holiday."""

    day: date
    """The day."""
    hours: Hours
    """Its opening hours."""
    reason: Text
    """Why, for staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How many visits of a kind a day can hold, Monday first; None where there is no limit."""

    week: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Days that can hold another number of visits than usual."""

    first: date
    """The first day."""
    last: date
    """The last day."""
    kind: Kind
    """The kind of visit."""
    limit: int
    """How many of them a day can hold; 0 is none."""
    reason: Text
    """Why, for staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How the site is reached. What is left empty prints as a labelled blank line."""

    address: str = ""
    """Where to come: street, building, room."""
    phone: str = ""
    """The study team's number."""
    phone_24h: str = ""
    """The number that answers at night."""
    emergency: str = ""
    """The number of the emergency services."""
    call_link: str = ""
    """The https link of video visits."""
    investigator: str = ""
    """The principal investigator."""
    ethics_board: str = ""
    """Who answers questions about participants' rights, and their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Who confirmed the assumptions and texts. Without it every participant page says SAMPLE."""

    by: Label
    """Role or initials of who confirmed."""
    on: date
    """The day."""
    protocol_version: Label
    """The `study.version` that was confirmed."""


STUDY_VISIT = Text(en="Study visit", es="Visita del estudio")
"""What a phone shows where a site gives no words of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A whole site file."""

    id: SiteId
    """A short name for files and tables."""
    name: Label
    """What the site is called."""
    city: str = ""
    """Town and state."""
    time_zone: str
    """IANA name: `America/New_York`."""
    event_title: Text = STUDY_VISIT
    """What a participant's phone shows for each visit: discreet."""
    open: Mapping[Weekday, Hours]
    """Opening hours by weekday, `monday = "08:00-16:30"`; a weekday left out is closed."""
    holidays: HolidayCalendar | None = None
    """Public holidays on which the site is closed."""
    closures: tuple[Closure, ...] = ()
    """Other closed days."""
    openings: tuple[Opening, ...] = ()
    """Days on which the site is open after all: a Saturday, a holiday."""
    capacity: Mapping[Kind, Slots] = field(default_factory=dict)
    """How many visits of a kind a day can hold: `infusion = 2`, `clinic = { monday = 6, friday = 0 }`; else any."""
    capacity_on: tuple[Limit, ...] = ()
    """Days that can hold another number of visits."""
    arrival: Mapping[Kind, time]
    """When participants arrive, or are called, by kind of visit."""
    contact: Contact = Contact()
    """How the site is reached."""
    logo: str = ""
    """A PNG or JPEG picture for the cover, named from this file's folder; nothing is fetched."""
    preparation: Mapping[Kind, tuple[Text, ...]] = field(default_factory=dict)
    """The site's approved texts on how to prepare, by kind of visit, in the place of the protocol's."""
    checks: tuple[Text, ...] = ()
    """The site's own items on the worksheet of each visit."""
    confirmed: Confirmation | None = None
    """Who confirmed the assumptions."""
    examples: tuple[str, ...] = ()
    """Keys whose values are examples, not the site's own: staff are warned."""
    _shut: "dict[Kind, ShutDays[Closed]]" = field(init=False, repr=False, compare=False, default_factory=dict)

    def shut_days(self, kind: Kind) -> "ShutDays[Closed]":
        """Return what :func:`why_closed` says of each day."""
        if kind not in self._shut:
            self._shut[kind] = ShutDays(partial(why_closed, self, kind=kind))
        return self._shut[kind]


OBSERVED = " (observed)"
"""How the `holidays` package ends the name of a holiday on the day that stands for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedWeekday:
    """The site never opens on this weekday."""

    weekday: Weekday


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayClosed:
    """A public holiday closes the site."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureClosed:
    """The site's own closure."""

    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSlots:
    """The day can hold no visit of this kind at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TooShort:
    """The special opening of the day is shorter than the visit."""

    hours: Hours


Closed = ClosedWeekday | HolidayClosed | ClosureClosed | NoSlots | TooShort


def why_closed(site: Site, day: date, kind: Kind) -> Closed | None:
    """Return why no visit of this kind can happen on this day, or None when it can."""
    if opening_on(site, day) is None:
        weekday = WEEK[day.weekday()]
        if weekday not in site.open:
            return ClosedWeekday(weekday=weekday)
        if site.holidays and (name := site.holidays.on(day)):
            return HolidayClosed(name=name)
    for closure in site.closures:
        if closure.first <= day <= closure.last and kind in closure.kinds:
            return ClosureClosed(reason=closure.reason)
    return NoSlots() if limit_on(site, day, kind) == 0 else None


class ShutDays(dict[int, Why | None], Generic[Why]):
    """What stands against a day, by its ordinal, or None; each is looked at once, since searches ask often."""

    def __init__(self, why: Callable[[date], Why | None]) -> None:
        super().__init__()
        self._why = why
        self._distances: dict[tuple[int, int], Distances] = {}

    def __missing__(self, day: int) -> Why | None:
        found = self[day] = self._why(date.fromordinal(day))
        return found

    def distances(self, window: Window) -> "Distances":
        """Return how far the nearest open day is from any target with such a window."""
        key = window.before, window.after
        if key not in self._distances:
            self._distances[key] = Distances(self, window)
        return self._distances[key]


class Distances(dict[int, int | None]):
    """How far the nearest open day of a window is from its target, by the target's ordinal; None where none is open."""

    def __init__(self, shut: ShutDays[Any], window: Window) -> None:
        super().__init__()
        self._shut, self._window = shut, window

    def __missing__(self, target: int) -> int | None:
        open_days = (abs(off) for off in self._window.outwards if not self._shut[target + off])
        found = self[target] = next(open_days, None)
        return found


def opening_on(site: Site, day: date) -> Opening | None:
    """Return the special opening of a day, where there is one."""
    return next((one for one in site.openings if one.day == day), None)


def why_short(site: Site, day: date, kind: Kind, length: timedelta) -> TooShort | None:
    """Return that a visit is longer than the special opening of a day; None where there is none, and for calls.

    On usual days a visit may go on after the site closes: whoever works there knows.
    """
    opening = opening_on(site, day)
    if opening is None or kind not in IN_PERSON or not is_short(opening, length):
        return None
    return TooShort(hours=opening.hours)


def is_short(opening: Opening, length: timedelta) -> bool:
    """Tell whether a visit lasts longer than a special opening."""
    opens, closes = (datetime.combine(opening.day, end) for end in (opening.hours.opens, opening.hours.closes))
    return closes - opens < length


def hours_on(site: Site, day: date) -> Hours | None:
    """Return the hours of a special opening, or of the weekday; None where it has none. Does not look at closures."""
    opening = opening_on(site, day)
    return opening.hours if opening else site.open.get(WEEK[day.weekday()])


def limit_on(site: Site, day: date, kind: Kind) -> int | None:
    """Return how many visits of this kind the day can hold, as it was said last; None where there is no limit."""
    for one in reversed(site.capacity_on):
        if one.first <= day <= one.last and one.kind is kind:
            return one.limit
    usual = site.capacity.get(kind)
    return usual.week[day.weekday()] if usual else None


def note_holidays(calendar: HolidayCalendar, years: range) -> NotedHolidays:
    """Look up all days of these years on which the calendar closes a site."""
    first = date(years.start, 1, 1)
    days = (first + timedelta(days=number) for number in range((date(years.stop, 1, 1) - first).days))
    return NotedHolidays(years=years, days={day: name for day in days if (name := _look_up(calendar, day))})


@lru_cache(maxsize=4096)
def _look_up(calendar: HolidayCalendar, day: date) -> str | None:
    """Return the names of the holidays. Whoever closes on a holiday closes on the day it is observed too."""
    names = [
        name
        for name in _holidays(calendar).get_list(day)
        if calendar.only is None or name.removesuffix(OBSERVED) in calendar.only or name in calendar.only
    ]
    return "; ".join(names) or None


@lru_cache(maxsize=32)
def _holidays(calendar: HolidayCalendar) -> Any:
    import holidays  # noqa: PLC0415 - 150 ms that a plan without a site does not pay

    return holidays.country_holidays(calendar.country, subdiv=calendar.subdivision, language="en_US")


def holiday_names(calendar: HolidayCalendar, years: range) -> frozenset[str]:
    """Return the names of the calendar's holidays in these years. Raises NotImplementedError for an unknown country."""
    found = _holidays(HolidayCalendar(country=calendar.country, subdivision=calendar.subdivision))
    for year in years:
        found.get(date(year, 1, 1))
    return frozenset(name for names in found.values() for name in names.split("; "))


class NoSuchTime(ValueError):
    """The clock jumps over this local time (the night daylight saving begins)."""


def check_exists(start: datetime, zone: ZoneInfo) -> None:
    """Raise NoSuchTime when the clock jumps over this naive local time."""
    local = start.replace(tzinfo=zone)
    if local.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) != start:
        raise NoSuchTime(f"{start} does not exist in {zone.key}")
