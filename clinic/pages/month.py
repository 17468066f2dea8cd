"""A site's month as a calendar: who comes on which day, and when it is closed."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.http import HttpResponse

from clinic.desk import reports
from clinic.pages.agenda import closed_on
from clinic.pages.asking import asked_for, one_site, today_at
from clinic.pages.frame import Asked
from schedule.errors import InvalidInput, Problem
from schedule.files.values import read_date, shorten
from schedule.render.language import SHORT_WEEKDAYS, Language
from schedule.render.sentences import STATUSES
from schedule.report_rows import AgendaRow
from schedule.saying import words
from schedule.sites import Opening, opening_on

MOST_A_DAY = 6
"""Visits that a day of the month shows; the rest is in its week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDay:
    """A day of the month."""

    day: date
    closed: tuple[str, ...]
    """Why, where it is closed."""
    opened: str
    """When and why, where it is open after all or at other hours; else nothing."""
    rows: tuple[AgendaRow, ...]
    count: int
    """Of all visits, also those that are not shown."""


def month(asked: Asked) -> HttpResponse:
    """Show a site's month: this one, or that which is named."""
    site = one_site(asked)
    first = _month_asked(asked) or today_at(asked, [site] if site else []).replace(day=1)
    length = monthrange(first.year, first.month)[1]
    days = _days(asked, site, first, length) if site else []
    return asked.page(
        "month.html",
        site=site,
        first=first,
        weekdays=[asked.speaks.say(one) for one in SHORT_WEEKDAYS],
        statuses=STATUSES,
        before=first - timedelta(days=1),
        after=first + timedelta(days=length),
        days=days,
        count=sum(one.count for one in days),
        today=today_at(asked, [site] if site else []),
    )


def _month_asked(asked: Asked) -> date | None:
    text = asked_for(asked, "month")
    if not text:
        return None
    try:
        return read_date(f"{text}-01")
    except ValueError as error:
        wrong = words("{value} is no month", value=shorten(text))
        raise InvalidInput([Problem(place="month", wrong=wrong, remedy=words("write it as 2026-09"))]) from error


def _days(asked: Asked, site: str, first: date, length: int) -> list[MonthDay]:
    last = first.replace(day=length)
    rows = reports.agenda(asked.clinic.book, (site,), first, last, asked.clinic.now)
    by_day = {day: tuple(found) for day, found in groupby(rows, lambda row: row.day)}
    known = asked.clinic.book.site(site).site
    found = []
    for number in range(length):
        day = first + timedelta(days=number)
        on_it = by_day.get(day, ())
        closed = tuple(closed_on(known, day, asked.speaks))
        opened = _say_opening(opening_on(known, day), asked.speaks)
        found.append(MonthDay(day=day, closed=closed, opened=opened, rows=on_it[:MOST_A_DAY], count=len(on_it)))
    return found


def _say_opening(one: Opening | None, speaks: Language) -> str:
    if one is None:
        return ""
    hours = f"{one.hours.opens:%H:%M}-{one.hours.closes:%H:%M}"
    return speaks.say("open {hours} ({reason})", hours=hours, reason=speaks.text(one.reason))
