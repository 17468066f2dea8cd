"""One constant VTIMEZONE a zone, made of one yearly rule for each half of the year."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from schedule.errors import Problem, Refused

FIRST_YEAR = 2007
"""Year of each DTSTART: the first of the present American rules."""
CHECKED_YEARS = range(2026, 2038)

_NAME = r"<[^>]+>|[A-Za-z]+"
_OFFSET = r"[+-]?[0-9]{1,2}(?::[0-9]{2})?"
_RULE = r"M([0-9]{1,2})\.([1-5])\.([0-6])(?:/([0-9]{1,2}))?"
_POSIX = re.compile(rf"({_NAME})({_OFFSET})(?:({_NAME})({_OFFSET})?,{_RULE},{_RULE})?")
_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A yearly change of the clock: from one offset to another on the nth weekday of a month."""

    month: int
    week: int
    weekday: int
    hour: int
    before: timedelta
    after: timedelta
    name: str

    def in_year(self, year: int) -> datetime:
        """Return the wall time, before the change, at which it happens."""
        first = date(year, self.month, 1)
        to_weekday = (self.weekday - (first.weekday() + 1)) % 7
        day = first + timedelta(days=to_weekday + 7 * (self.week - 1))
        while day.month != self.month:
            day -= timedelta(days=7)
        return datetime.combine(day, datetime.min.time()) + timedelta(hours=self.hour)


@lru_cache(maxsize=64)
def vtimezone(zone: str) -> bytes:
    """Return the zone's VTIMEZONE. Raises Refused, naming the zone, where one pair of yearly rules cannot say it."""
    match = _POSIX.fullmatch(_posix_rule(zone))
    if not match:
        raise _refused(zone)
    changes = _changes(match)
    if not _agrees(zone, changes):
        raise _refused(zone)
    lines = ["BEGIN:VTIMEZONE", f"TZID:{zone}"]
    for change in changes:
        lines += _component(change, summer=change.after > change.before)
    return "".join(f"{line}\r\n" for line in [*lines, "END:VTIMEZONE"]).encode()


def _refused(zone: str) -> Refused:
    problem = Problem(
        place=f"time zone {zone}",
        wrong="its clock changes cannot be written as one yearly rule, and calendars would show wrong times",
        remedy="use a zone with the same clock, or plan without --booked",
    )
    return Refused([problem])


def _posix_rule(zone: str) -> str:
    """Return the rule for future years that the zone's data ends with."""
    data = files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()
    return data.rsplit(b"\n", 2)[1].decode("ascii")


def _changes(match: re.Match[str]) -> tuple[_Change, ...]:
    standard = -_read_offset(match[2])
    if match[3] is None:
        once = _Change(month=1, week=1, weekday=1, hour=0, before=standard, after=standard, name=match[1].strip("<>"))
        return (once,)
    summer = -_read_offset(match[4]) if match[4] else standard + timedelta(hours=1)
    to_summer = [int(part) for part in match.group(5, 6, 7)]
    to_standard = [int(part) for part in match.group(9, 10, 11)]
    return (
        _Change(
            month=to_standard[0], week=to_standard[1], weekday=to_standard[2], hour=int(match[12] or 2),
            before=summer, after=standard, name=match[1].strip("<>"),
        ),
        _Change(
            month=to_summer[0], week=to_summer[1], weekday=to_summer[2], hour=int(match[8] or 2),
            before=standard, after=summer, name=match[3].strip("<>"),
        ),
    )  # fmt: skip


def _read_offset(text: str) -> timedelta:
    hours, _, minutes = text.lstrip("+-").partition(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return -offset if text.startswith("-") else offset


def _agrees(zone: str, changes: tuple[_Change, ...]) -> bool:
    """Tell whether the rules give the zone's own offsets in the years of schedules, and around each change."""
    if any(change.hour > 23 for change in changes):
        return False
    info = ZoneInfo(zone)
    for year in CHECKED_YEARS:
        ruled = sorted((change.in_year(year) - change.before, change.after) for change in changes)
        moments = [datetime(year, month, day, 12) for month in range(1, 13) for day in (1, 15)]  # noqa: DTZ001 - UTC
        if len(changes) > 1:
            moments += [at + timedelta(minutes=minutes) for at, _ in ruled for minutes in (-1, 1)]
        for moment in moments:
            expected = next((after for at, after in reversed(ruled) if at <= moment), ruled[-1][1])
            if moment.replace(tzinfo=UTC).astimezone(info).replace(tzinfo=None) - moment != expected:
                return False
    return True


def _component(change: _Change, *, summer: bool) -> list[str]:
    kind = "DAYLIGHT" if summer else "STANDARD"
    week = -1 if change.week == 5 else change.week
    yearly = f"RRULE:FREQ=YEARLY;BYMONTH={change.month};BYDAY={week}{_DAYS[change.weekday]}"
    return [
        f"BEGIN:{kind}",
        f"DTSTART:{change.in_year(FIRST_YEAR):%Y%m%dT%H%M%S}",
        *([yearly] if change.before != change.after else []),
        f"TZOFFSETFROM:{_write_offset(change.before)}",
        f"TZOFFSETTO:{_write_offset(change.after)}",
        f"TZNAME:{change.name}",
        f"END:{kind}",
    ]


def _write_offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
