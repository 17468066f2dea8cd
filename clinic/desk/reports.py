"""The clinic's lists, read from what is kept beside the records: the same rows as a replay would give."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from clinic.desk.rulebook import Rulebook
from clinic.memory.store import Store
from schedule.participant.state import Audience, Lateness, ParticipantId, Standing, Status
from schedule.report_rows import (
    AgendaRow,
    DeviationRow,
    DueRow,
    OfflineSheet,
    OverdueRow,
    ParticipantRow,
    Row,
    TellRow,
)
from schedule.sites import SiteId
from schedule.study.protocol import Kind, Text, VisitCode
from schedule.views import view_site

OPEN = ("planned", "booked", "confirmed")
Sites = tuple[str, ...] | None
"""The sites that a list is of; None for all."""
DUE_DAYS, AGENDA_DAYS = 14, 7
"""So many days from today are asked of where nobody says which."""


def at(sites: Sites) -> dict[str, Any]:
    """Return what asks the tables for these sites only."""
    return {} if sites is None else {"site__in": sites}


def _visits(store: Store, sites: Sites, *order: str, **where: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of visits that fit, with the values that the lists need."""
    from clinic.memory.trouble import told
    from clinic.models import Visit

    with told(store.address.shown):
        yield from (
            Visit.objects.using(store.alias).filter(**at(sites), **where).order_by(*order).values().iterator(2000)
        )


def _who(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "site": SiteId(row["site"]),
        "participant": ParticipantId(row["participant_id"]),
        "code": VisitCode(row["code"]),
        "status": Status(row["status"]),
    }


def agenda(book: Rulebook, sites: Sites, first: date, last: date, now: datetime) -> Iterator[AgendaRow]:
    """Yield the visits that stand between two days, both included, by day and hour."""
    return (row for row, _ in named_agenda(book, sites, first, last, now))


def named_agenda(
    book: Rulebook, sites: Sites, first: date, last: date, now: datetime, **where: Any
) -> Iterator[tuple[AgendaRow, Text]]:
    """Yield the agenda with what each visit is called."""
    today = todays(book, now)
    standing = (*OPEN, "done")
    order = ("planned", "site", "start", "participant_id", "code")
    for row in _visits(book.store, sites, *order, planned__range=(first, last), status__in=standing, **where):
        yield _on_its_day(row, today[row["site"]]), Text(en=row["name_en"], es=row["name_es"])


def _on_its_day(row: Mapping[str, Any], today: date) -> AgendaRow:
    return AgendaRow(
        **_who(row),
        day=row["planned"],
        start=row["start"],
        end=row["end"],
        kind=Kind(row["kind"]),
        earliest=row["earliest"],
        latest=row["latest"],
        slack=(row["latest"] - row["planned"]).days if row["status"] in OPEN else None,
        to_rebook=row["to_rebook"] and row["planned"] >= today,
    )


def unrecorded(book: Rulebook, sites: Sites, now: datetime) -> Iterator[AgendaRow]:
    """Yield the open visits whose day has passed and that are not overdue, the longest ago first: no tasks."""
    today = todays(book, now)
    order = ("planned", "site", "participant_id", "code")
    latest_day = max(today.values(), default=date.min)
    for row in _visits(book.store, sites, *order, closed=False, planned__lt=latest_day, status__in=OPEN):
        at_site = today[row["site"]]
        is_late = row["overdue_from"] is not None and row["overdue_from"] <= at_site
        if row["planned"] < at_site and not is_late and row["kind"] != Kind.MILESTONE.value:
            yield _on_its_day(row, at_site)


def due(book: Rulebook, sites: Sites, first: date, last: date, now: datetime) -> Iterator[DueRow]:
    """Yield the open visits whose windows touch these days and have not ended, the first to end first."""
    today = todays(book, now)
    order = ("latest", "site", "participant_id", "code")
    for row in _visits(book.store, sites, *order, status__in=OPEN, earliest__lte=last, latest__gte=first):
        at_site = today[row["site"]]
        if row["overdue_from"] is None or row["overdue_from"] > at_site:
            yield DueRow(
                **_who(row),
                kind=Kind(row["kind"]),
                day=row["planned"],
                start=row["start"],
                earliest=row["earliest"],
                latest=row["latest"],
                days_left=(row["latest"] - at_site).days,
                to_rebook=row["to_rebook"] and row["planned"] >= at_site,
            )


def overdue(book: Rulebook, sites: Sites, now: datetime, **where: Any) -> Iterator[OverdueRow]:
    """Yield what is past its window and not closed, the longest ago first."""
    today = todays(book, now)
    order = ("latest", "site", "participant_id", "code")
    latest_day = max(today.values(), default=date.min)
    for row in _visits(book.store, sites, *order, closed=False, overdue_from__lte=latest_day, **where):
        at_site = today[row["site"]]
        if row["overdue_from"] <= at_site:
            yield OverdueRow(
                **_who(row),
                kind=Kind(row["kind"]),
                lateness=Lateness.TO_RECORD if row["passed"] else Lateness.OVERDUE,
                latest=row["latest"],
                days=(at_site - row["latest"]).days,
                attempts=row["attempts"],
            )


def deviations(book: Rulebook, sites: Sites, first: date, last: date) -> Iterator[DeviationRow]:
    """Yield the protocol deviations of these days, both included, in their order."""
    between = {"deviation_day__gte": first, "deviation_day__lte": last}
    order = ("deviation_day", "site", "participant_id", "code")
    for row in _visits(book.store, sites, *order, deviation__isnull=False, **between):
        day, earliest, latest = row["deviation_day"], row["deviation_earliest"], row["deviation_latest"]
        yield DeviationRow(
            **_who(row),
            day=day,
            earliest=earliest,
            latest=latest,
            days_outside=min(0, (day - earliest).days) or max(0, (day - latest).days),
            too_close_to=VisitCode(row["too_close_to"]) if row["too_close_to"] else None,
            days_apart=row["days_apart"],
            reason=row["deviation"],
        )


def to_tell(book: Rulebook, sites: Sites, audience: Audience | None) -> Iterator[TellRow]:
    """Yield who has not heard of which change, the oldest change first, then in the order of the windows."""
    for row in _visits(book.store, sites, "changed", "participant_id", "earliest", "code", to_tell__gt=""):
        stands = row["status"] in (*OPEN, "done")
        for one in map(Audience, row["to_tell"].split(",")):
            if audience in (None, one):
                yield TellRow(
                    **_who(row),
                    audience=one,
                    day=row["planned"] if stands else None,
                    start=row["start"] if stands and row["planned"] else None,
                    reason=row["reason"],
                    since=row["changed"],
                )


def count_to_tell(book: Rulebook, sites: Sites) -> int:
    """Return how many changes somebody has not heard of."""
    from django.db.models import Sum

    from clinic.memory.trouble import told
    from clinic.models import Participant

    with told(book.store.address.shown):
        found = Participant.objects.using(book.store.alias).filter(**at(sites)).aggregate(all=Sum("to_tell"))
    return found["all"] or 0


def everybody(
    book: Rulebook, sites: Sites, now: datetime, codes: Collection[str] | None = None
) -> Iterator[ParticipantRow]:
    """Yield all participants, or those of these codes, with their next visit, by site and code."""
    from clinic.models import Participant

    today = todays(book, now)
    among = {} if codes is None else {"participant_id__in": codes}
    late: dict[str, int] = {}
    for one in overdue(book, sites, now, **among):
        late[one.participant] = late.get(one.participant, 0) + 1
    following: dict[str, tuple[VisitCode, date]] = {}
    for row in _visits(book.store, sites, "planned", "code", status__in=OPEN, planned__isnull=False, **among):
        if row["kind"] != Kind.MILESTONE.value and row["planned"] >= today[row["site"]]:
            following.setdefault(row["participant_id"], (VisitCode(row["code"]), row["planned"]))
    asked = Participant.objects.using(book.store.alias).filter(**at(sites)).order_by("site", "code")
    for one in asked if codes is None else asked.filter(code__in=codes):
        code, day = following.get(one.code, (None, None))
        yield ParticipantRow(
            site=SiteId(one.site),
            participant=ParticipantId(one.code),
            status=Standing(one.status),
            next_visit=code,
            next_day=day,
            to_tell=one.to_tell,
            overdue=late.get(one.code, 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows of a list."""

    sites: Sites
    first: date | None = None
    last: date | None = None
    audience: Audience | None = None


LISTS: Mapping[str, type[Row]] = {
    "agenda": AgendaRow,
    "due": DueRow,
    "overdue": OverdueRow,
    "deviations": DeviationRow,
    "tell": TellRow,
    "list": ParticipantRow,
}
"""The lists by the names of their commands."""


def usual_days(name: str, wanted: Wanted, today: date) -> Wanted:
    """Return what is wanted of a list, with the days that are meant where they are not said."""
    if name not in ("agenda", "due"):
        return wanted
    first = wanted.first or today
    count = AGENDA_DAYS if name == "agenda" else DUE_DAYS
    return replace(wanted, first=first, last=wanted.last or first + timedelta(days=count - 1))


def rows_of(book: Rulebook, name: str, wanted: Wanted, now: datetime) -> Iterator[Row]:
    """Yield the rows of a list by its name; agenda and due must be told which days."""
    sites, first, last = wanted.sites, wanted.first or date.min, wanted.last or date.max
    made: Mapping[str, Callable[[], Iterator[Row]]] = {
        "agenda": lambda: agenda(book, sites, first, last, now),
        "due": lambda: due(book, sites, first, last, now),
        "overdue": lambda: overdue(book, sites, now),
        "deviations": lambda: deviations(book, sites, first, last),
        "tell": lambda: to_tell(book, sites, wanted.audience),
        "list": lambda: everybody(book, sites, now),
    }
    return made[name]()


def todays(book: Rulebook, now: datetime) -> dict[str, date]:
    """Return what day it is at each site."""
    return {id_: book.site(id_).today(now) for id_ in book.site_ids()}


def offline_sheet(book: Rulebook, site: str, now: datetime, days: Sequence[date]) -> OfflineSheet:
    """Return what a site needs on paper: these days, and what is open from before. Raises UnknownName."""
    known = book.site(site)
    sheet = OfflineSheet(
        site=view_site(known.site),
        study=book.protocol(known.protocol_version).study.id,
        protocol_version=known.protocol_version,
        as_of=now,
        first=days[0],
        last=days[-1],
        agenda=tuple(agenda(book, (site,), days[0], days[-1], now)),
        overdue=tuple(overdue(book, (site,), now)),
        to_tell=(),
    )
    return replace(sheet, to_tell=tuple(to_tell(book, (site,), None)))
