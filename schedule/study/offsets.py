"""Durations in calendar units, written in ISO 8601 (``P3M``, ``P14D``, ``PT7H30M``)."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from dateutil.relativedelta import relativedelta

_CALENDAR = re.compile(r"P(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?", re.ASCII)
"""At most some 2,000 years: added to any day that we read, it is still in Python's calendar."""
_CLOCK = re.compile(r"PT(?:([0-9]{1,2})H)?(?:([0-9]{1,3})M)?", re.ASCII)


class DaysAfter(dict[int, int]):
    """The ordinals of the days this far after others, as :meth:`Offset.after` finds them: searches ask it often."""

    def __init__(self, delta: relativedelta) -> None:
        super().__init__()
        self._delta = delta
        self.is_uneven = bool(delta.years or delta.months)
        """Whether the distance is not the same number of days everywhere in the calendar."""

    def __missing__(self, day: int) -> int:
        found = self[day] = (date.fromordinal(day) + self._delta).toordinal()
        return found


days_after = lru_cache(maxsize=1024)(DaysAfter)
"""One for all offsets that are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """A distance in calendar units. A month is a calendar month: 31 January + 1 month is the last of February."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    ordinals: DaysAfter = field(init=False, repr=False, compare=False)
    """The days this far after others."""
    _delta: relativedelta = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        delta = relativedelta(years=self.years, months=self.months, weeks=self.weeks, days=self.days)
        object.__setattr__(self, "_delta", delta)
        object.__setattr__(self, "ordinals", days_after(delta))

    @classmethod
    def parse(cls, text: str) -> "Offset":
        """Read ``P3M``, ``P2W``, ``P14D``, ``P1Y6M``. Raises ValueError on anything else, ``P`` alone included."""
        found = _CALENDAR.fullmatch(text)
        if not found or not any(found.groups()):
            raise ValueError(text)
        years, months, weeks, days = (int(part or 0) for part in found.groups())
        return cls(years=years, months=months, weeks=weeks, days=days)

    def after(self, day: date) -> date:
        """Return the day this far after ``day``, in one step; a day that does not exist becomes the month's last."""
        return day + self._delta

    def before(self, day: date) -> date:
        """Return the day this far before ``day``, in one step; a day that does not exist becomes the month's last."""
        return day - self._delta

    @property
    def in_days(self) -> int:
        """How many days it is, where it has neither months nor years, which differ in length."""
        return self.weeks * 7 + self.days

    def is_clipped_after(self, day: date) -> bool:
        """Tell whether the month's end cut the sum short (31 January + 1 month)."""
        plain_days = timedelta(weeks=self.weeks, days=self.days)
        return (self.after(day) - plain_days).day != day.day and bool(self.years or self.months)

    def __str__(self) -> str:
        parts = ((self.years, "Y"), (self.months, "M"), (self.weeks, "W"), (self.days, "D"))
        return "P" + ("".join(f"{count}{unit}" for count, unit in parts if count) or "0D")


def parse_length(text: str) -> timedelta:
    """Read a length of time on the clock, ``PT2H30M``. Raises ValueError on anything else, or none at all."""
    found = _CLOCK.fullmatch(text)
    if not found or not any(found.groups()):
        raise ValueError(text)
    hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(hours=hours, minutes=minutes)


def write_length(length: timedelta) -> str:
    """Write a length of time as ISO 8601, the reverse of :func:`parse_length`."""
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    return "PT" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes or not hours else "")
