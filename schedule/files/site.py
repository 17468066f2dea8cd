"""Site files: TOML into a :class:`~schedule.sites.Site`."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from schedule.errors import InvalidInput, Problem, nearest_names
from schedule.files.picture import read_picture
from schedule.files.protocol import find_named
from schedule.files.structure import NAME, parse_toml, structure
from schedule.files.text import read_text
from schedule.saying import words
from schedule.sites import WEEK, HolidayCalendar, Site, holiday_names
from schedule.study.protocol import Kind

FOLDER = Path(__file__).parent.parent / "sites_example"
YEARS_OF_HOLIDAYS = range(2020, 2036)

_FOR_CONTACTS = "name infusion, clinic or virtual"
_KEYS = frozenset(field.name for field in fields(Site) if field.init)


def site_names() -> list[str]:
    """Return the names of the example sites that come with dayzero."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find_site(name_or_file: str) -> Path:
    """Return the path of a site named or of a file. Raises UnknownName with the nearest names."""
    return find_named(name_or_file, FOLDER, kind=words("site"), known=site_names())


def read_site(path: Path) -> Site:
    """Read and check a site file, and its logo. Raises InvalidInput with all that is wrong in them."""
    return accept_site(read_text(path), file=str(path), folder=path.parent)


def accept_site(text: str, *, file: str, folder: Path | None) -> Site:
    """Check the text of a site file, and its logo, which lies in the folder; where there is none it has no logo.

    Raises InvalidInput with all that is wrong in them.
    """
    site = structure(parse_toml(text, file=file), Site, file=file)
    problems = [*_check(site)]
    logo = ""
    if site.logo and folder is None:
        problems.append(
            ("logo", words("a text alone has no picture"), words("leave it out, or use 'dayzero clinic site FILE'"))
        )
    elif site.logo and folder:
        try:
            logo = read_picture(site.logo, folder)
        except ValueError as error:
            wrong, remedy = str(error).split("; ")
            problems.append(("logo", f"{site.logo!a} {wrong}", remedy))
    if problems:
        raise InvalidInput(
            Problem(file=file, place=place, wrong=wrong, remedy=remedy) for place, wrong, remedy in problems
        )
    return replace(site, logo=logo)


def parse_site(text: str, *, logo: str, file: str) -> Site:
    """Build a site from the text of a file that was checked when it was read, and from its logo as it was then.

    Raises InvalidInput where the text is no site file at all.
    """
    return replace(structure(parse_toml(text, file=file), Site, file=file), logo=logo)


def _check(site: Site) -> Iterator[tuple[str, str, str]]:
    if not NAME.fullmatch(site.id):
        yield "id", "is no name", "use up to 32 of the letters A-Z, digits, - and _"
    if not site.open:
        yield "open", "no weekday is open", 'write hours, such as monday = "08:00-16:30"'
    try:
        ZoneInfo(site.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        remedy = nearest_names(site.time_zone, available_timezones(), or_else="write an IANA name: America/New_York")
        yield "time_zone", f"there is no time zone {site.time_zone!a}", remedy
    if site.contact.call_link and not site.contact.call_link.startswith("https://"):
        yield "contact.call_link", "is no https link", "write the whole link, from https:// on"
    yield from _check_examples(site)
    for index, closure in enumerate(site.closures):
        if Kind.MILESTONE in closure.kinds:
            yield f"closures[{index}].kinds", "a milestone needs no clinic", _FOR_CONTACTS
        if closure.last < closure.first:
            yield f"closures[{index}].last", f"{closure.last} is before {closure.first}", "swap the two days"
    yield from _check_arrivals(site)
    yield from _check_openings(site)
    yield from _check_capacity(site)
    if Kind.MILESTONE in site.preparation:
        yield "preparation.milestone", "nobody prepares for a milestone", _FOR_CONTACTS
    if site.holidays:
        yield from _check_holidays(site.holidays)


def _check_examples(site: Site) -> Iterator[tuple[str, str, str]]:
    for index, name in enumerate(site.examples):
        if name not in _KEYS:
            yield f"examples[{index}]", f"there is no key {name!a}", nearest_names(name, _KEYS, or_else="name a key")


def _check_arrivals(site: Site) -> Iterator[tuple[str, str, str]]:
    if Kind.MILESTONE in site.arrival:
        yield "arrival.milestone", "nobody arrives for a milestone", "delete it"
    days = [(weekday.value, hours) for weekday, hours in site.open.items()]
    days += [(one.day.isoformat(), one.hours) for one in site.openings]
    for kind, arrival in site.arrival.items():
        for day, hours in days:
            if not hours.opens <= arrival < hours.closes:
                yield (
                    f"arrival.{kind.value}",
                    f"{arrival:%H:%M} is outside the hours of {day}, {hours.opens:%H:%M}-{hours.closes:%H:%M}",
                    "correct the time or the hours",
                )
                break


def _check_openings(site: Site) -> Iterator[tuple[str, str, str]]:
    seen: set[date] = set()
    for index, one in enumerate(site.openings):
        if one.day in seen:
            yield f"openings[{index}].day", f"{one.day} is there twice", "delete one of them"
        seen.add(one.day)
        for number, closure in enumerate(site.closures):
            if closure.first <= one.day <= closure.last:
                wrong = f"{one.day} is closed by closures[{number}]"
                yield f"openings[{index}].day", wrong, "shorten the closure, or delete the opening"


def _check_capacity(site: Site) -> Iterator[tuple[str, str, str]]:
    if Kind.MILESTONE in site.capacity:
        yield "capacity.milestone", "a milestone needs no clinic", _FOR_CONTACTS
    for kind, slots in site.capacity.items():
        unsaid = [day.value for day, most in zip(WEEK, slots.week, strict=True) if most is None and day in site.open]
        if unsaid:
            wrong = f"nothing is said of {', '.join(unsaid)}"
            yield f"capacity.{kind.value}", wrong, "name every weekday with hours; 0 is none"
    for index, one in enumerate(site.capacity_on):
        if one.kind is Kind.MILESTONE:
            yield f"capacity_on[{index}].kind", "a milestone needs no clinic", _FOR_CONTACTS
        if one.last < one.first:
            yield f"capacity_on[{index}].last", f"{one.last} is before {one.first}", "swap the two days"
    for (first, one), (second, other) in combinations(enumerate(site.capacity_on), 2):
        if one.kind is other.kind and one.first <= other.last and other.first <= one.last:
            yield f"capacity_on[{second}]", f"shares days with capacity_on[{first}]", "give each day one number"


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
    for name in calendar.only or ():
        if name not in known:
            remedy = nearest_names(name, known, or_else="write a name of the holidays package")
            yield "holidays.only", f"there is no holiday {name!a}", remedy
