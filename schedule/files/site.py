"""Site files: TOML into a :class:`~schedule.sites.Site`."""

import re
from collections.abc import Iterator, Mapping
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cattrs import Converter

from schedule.errors import InvalidInput, Problem, nearest_names
from schedule.files.protocol import find_named
from schedule.files.structure import Unfit, Unfits, make_converter, read_toml, structure
from schedule.sites import HolidayCalendar, Hours, Site, Weekday, holiday_names
from schedule.study.protocol import Kind

FOLDER = Path(__file__).parent.parent / "sites_example"
YEARS_OF_HOLIDAYS = range(2020, 2036)

_HOURS = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})", re.ASCII)
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", re.ASCII)
_WEEKDAYS = {weekday.name.lower(): weekday for weekday in Weekday}
_ARRIVALS = {kind.value: kind for kind in (Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL)}


def site_names() -> list[str]:
    """Return the names of the example sites that come with dayzero."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find_site(name_or_file: str) -> Path:
    """Return the path of a site named or of a file. Raises UnknownName with the nearest names."""
    return find_named(name_or_file, FOLDER, kind="site", known=site_names())


def read_site(path: Path) -> Site:
    """Read and check a site file. Raises InvalidInput with all that is wrong in it."""
    site = structure(_converter(), read_toml(path), Site, file=str(path))
    if problems := tuple(_check(site)):
        raise InvalidInput(
            Problem(file=str(path), place=place, wrong=wrong, remedy=remedy) for place, wrong, remedy in problems
        )
    return site


def _check(site: Site) -> Iterator[tuple[str, str, str]]:
    if not _FILE_NAME.fullmatch(site.id):
        yield "id", "is no name", "use up to 32 of the letters A-Z, digits, - and _"
    if not site.name.strip():
        yield "name", "is empty", "write what the site is called"
    if not site.open:
        yield "open", "no weekday is open", 'write hours, such as monday = "08:00-16:30"'
    try:
        ZoneInfo(site.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        remedy = nearest_names(site.time_zone, available_timezones(), or_else="write an IANA name: America/New_York")
        yield "time_zone", f"there is no time zone {site.time_zone!a}", remedy
    if site.contact.call_link and not site.contact.call_link.startswith("https://"):
        yield "contact.call_link", "is no https link", "write the whole link, from https:// on"
    for index, closure in enumerate(site.closures):
        if closure.last < closure.first:
            yield f"closures[{index}].last", f"{closure.last} is before {closure.first}", "swap the two days"
    yield from _check_arrivals(site)
    if site.holidays:
        yield from _check_holidays(site.holidays)


def _check_arrivals(site: Site) -> Iterator[tuple[str, str, str]]:
    for kind, arrival in site.arrival.items():
        for weekday, hours in site.open.items():
            if not hours.opens <= arrival < hours.closes:
                yield (
                    f"arrival.{kind.value}",
                    f"{arrival:%H:%M} is outside the hours of {weekday.name.lower()}, "
                    f"{hours.opens:%H:%M}-{hours.closes:%H:%M}",
                    "correct the time or the hours",
                )
                break


def _check_holidays(calendar: HolidayCalendar) -> Iterator[tuple[str, str, str]]:
    try:
        known = holiday_names(calendar, YEARS_OF_HOLIDAYS)
    except NotImplementedError:
        where = calendar.country + (f", {calendar.subdivision}" if calendar.subdivision else "")
        yield (
            "holidays",
            f"no holidays are known for {where!a}",
            'write ISO 3166 codes, such as country = "US"',
        )
        return
    for name in calendar.only:
        if name not in known:
            remedy = nearest_names(name, known, or_else="write a name of the holidays package")
            yield "holidays.only", f"there is no holiday {name!a}", remedy


@lru_cache(maxsize=1)
def _converter() -> Converter:
    converter = make_converter()
    read_clock = converter.get_structure_hook(time)
    opening = Mapping[Weekday, Hours]
    arriving = Mapping[Kind, time]
    converter.register_structure_hook_func(
        lambda type_: type_ == opening,
        lambda value, _: _by_key(value, _WEEKDAYS, lambda text: _hours(text, read_clock)),
    )
    converter.register_structure_hook_func(
        lambda type_: type_ == arriving,
        lambda value, _: _by_key(value, _ARRIVALS, lambda text: read_clock(text, time)),
    )
    return converter


def _by_key(value: Any, keys: Mapping[str, Any], read: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise Unfit("is not a table", f"write a table with some of {', '.join(keys)}")
    unfit: list[Unfit] = []
    built: dict[Any, Any] = {}
    for name, text in value.items():
        if name not in keys:
            unfit.append(Unfit("unknown key", nearest_names(name, keys, or_else="correct it"), at=(name,)))
            continue
        try:
            built[keys[name]] = read(text)
        except Unfit as error:
            unfit.append(Unfit(error.wrong, error.remedy, at=(name,)))
    if unfit:
        raise Unfits(unfit)
    return {key: built[key] for key in keys.values() if key in built}


def _hours(text: Any, read_clock: Any) -> Hours:
    found = _HOURS.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise Unfit("is not opening hours", 'write them as "08:00-16:30"')
    opens, closes = (read_clock(part, time) for part in found.groups())
    if closes <= opens:
        raise Unfit("closes before it opens", 'write them as "08:00-16:30"')
    return Hours(opens=opens, closes=closes)
