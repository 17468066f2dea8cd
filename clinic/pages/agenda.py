"""Who comes today and in a week, who must hear of what, and what is late."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, islice

from django.http import HttpResponse

from clinic.desk import reports
from clinic.desk.searching import has_anybody
from clinic.pages.asking import asked_for, day_asked, sites_asked, today_at
from clinic.pages.frame import Asked
from schedule.participant.state import Audience
from schedule.render.language import Language
from schedule.render.reports import AUDIENCES, LATENESS
from schedule.render.sentences import SHORT_KINDS, STATUSES, say_closed
from schedule.report_rows import AgendaRow, OverdueRow, TellRow
from schedule.sites import Closed, ClosedWeekday, Site, why_closed
from schedule.study.protocol import Kind, Text

MOST_VISITS = 150
"""On a page; who has more chooses a site."""
MOST_BESIDE = 12
MOST_ROWS_TO_TELL = 2000
"""Enough for those that stand beside the visits; after a hold of the study there may be many more."""
CONTACTS = (Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A visit of the agenda, and what it is called."""

    row: AgendaRow
    name: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day: where it is closed and why, and who comes."""

    day: date
    closed: tuple[tuple[str, str], ...]
    """Sites with a reason."""
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTell:
    """What somebody must hear of one participant."""

    participant: str
    audience: Audience
    rows: tuple[TellRow, ...]

    @property
    def size(self) -> int:
        """How many changes there are."""
        return len(self.rows)


def today(asked: Asked) -> HttpResponse:
    """Show who comes today."""
    sites = sites_asked(asked)
    days = [asked.clinic.today(one) for one in sites] or [asked.clinic.now.date()]
    return _page(asked, sites, min(days), max(days), is_week=False)


def week(asked: Asked) -> HttpResponse:
    """Show who comes in seven days, from today or from the day that is named."""
    sites = sites_asked(asked)
    first = day_asked(asked, "from") or today_at(asked, sites)
    return _page(asked, sites, first, first + timedelta(days=reports.AGENDA_DAYS - 1), is_week=True)


def _page(asked: Asked, sites: Sequence[str], first: date, last: date, *, is_week: bool) -> HttpResponse:
    book, now, own = asked.clinic.book, asked.clinic.now, tuple(sites)
    found = reports.named_agenda(book, own, first, last, now)
    lines = sorted((Line(row=row, name=name) for row, name in found), key=_place)
    to_tell = list(tell_groups(islice(reports.to_tell(book, own, None), MOST_ROWS_TO_TELL)))
    overdue: list[OverdueRow] = list(reports.overdue(book, own, now))
    to_record = list(reports.unrecorded(book, own, now))
    return asked.page(
        "agenda.html",
        is_week=is_week,
        days=list(_days(asked, own, first, last, lines[:MOST_VISITS])),
        more=len(lines) - len(lines[:MOST_VISITS]),
        first=first,
        week_before=first - timedelta(days=reports.AGENDA_DAYS),
        week_after=first + timedelta(days=reports.AGENDA_DAYS),
        site=asked_for(asked, "site"),
        many_sites=len(own) > 1,
        has_anybody=bool(lines) or has_anybody(book, own),
        to_tell=to_tell[:MOST_BESIDE],
        to_tell_count=reports.count_to_tell(book, own),
        to_record=to_record[:MOST_BESIDE],
        to_record_more=len(to_record[MOST_BESIDE:]),
        overdue=overdue[:MOST_BESIDE],
        overdue_count=len(overdue),
        statuses=STATUSES,
        audiences=AUDIENCES,
        lateness=LATENESS,
    )


def _place(line: Line) -> tuple[date, str, bool, datetime | None, str]:
    """Return where a visit stands: what has no hour comes after what has one."""
    row = line.row
    return row.day, row.site, row.start is None, row.start, row.participant


def _days(asked: Asked, sites: Sequence[str], first: date, last: date, lines: Iterable[Line]) -> Iterator[Day]:
    by_day = {day: tuple(found) for day, found in groupby(lines, lambda line: line.row.day)}
    known = [asked.clinic.book.site(one).site for one in sites]
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        closed = tuple(say_closed_at(known, day, asked.speaks))
        yield Day(day=day, closed=closed, lines=by_day.get(day, ()))


def say_closed_at(sites: Sequence[Site], day: date, speaks: Language) -> Iterator[tuple[str, str]]:
    """Yield where it is closed on a day, and why; of many sites not that they never open on this weekday."""
    found: dict[str, list[str]] = {}
    for site in sites:
        for said in closed_on(site, day, speaks, weekdays=len(sites) == 1):
            found.setdefault(said, []).append(site.id)
    for said, where in found.items():
        yield ", ".join(where), said


def closed_on(site: Site, day: date, speaks: Language, *, weekdays: bool = True) -> Iterator[str]:
    """Yield why a site is closed on a day; with the kinds of visit where it is not closed for all."""
    reasons: dict[Closed, list[Kind]] = {}
    for kind in CONTACTS:
        if why := why_closed(site, day, kind):
            reasons.setdefault(why, []).append(kind)
    for why, kinds in reasons.items():
        if isinstance(why, ClosedWeekday) and not weekdays:
            continue
        said = say_closed(why, speaks)
        names = ", ".join(speaks.say(SHORT_KINDS[kind]) for kind in kinds)
        yield said if len(kinds) == len(CONTACTS) else speaks.say("{about}: {said}", about=names, said=said)


def tell_groups(rows: Iterable[TellRow]) -> Iterator[ToTell]:
    """Yield what is to be told by whom it concerns, in the order of the oldest change of each."""
    groups: dict[tuple[str, Audience], list[TellRow]] = {}
    for row in rows:
        groups.setdefault((row.participant, row.audience), []).append(row)
    for (participant, audience), found in groups.items():
        yield ToTell(participant=participant, audience=audience, rows=tuple(found))
