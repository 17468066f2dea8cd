"""What the pages look for, a part at a time: participants by what is open of them, records by who, what and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from clinic.desk.reports import DUE_DAYS, OPEN, Sites, at, todays
from clinic.desk.rulebook import Rulebook
from clinic.memory.audit import line_of
from clinic.memory.chain import COLUMNS
from clinic.memory.records import Record
from clinic.memory.store import CHUNK, Store, instant_text, record_of
from schedule.participant.state import Standing, Status


class Mark(Enum):
    """What somebody can look for in the list of participants."""

    DUE = "due"
    """A window is open in the next days."""
    OVERDUE = "overdue"
    DEVIATION = "deviation"
    TAPERING = "tapering"
    """The day on which the taper begins has come; nothing tells when somebody has finished it."""
    HELD = "held"
    """An infusion, or the taper, is on hold."""
    REBOOK = "to-rebook"


SHOWN_MARKS = (Mark.TAPERING, Mark.HELD, Mark.REBOOK)
"""What a list says of each participant besides what it counts."""


def find_participants(
    book: Rulebook, sites: Sites, text: str, mark: Mark | None, now: datetime, *, skip: int, most: int
) -> tuple[list[str], int]:
    """Return the codes that hold the text and have the mark, by site and code: some of them, and how many there are."""
    from clinic.memory.trouble import told
    from clinic.models import Participant

    found = Participant.objects.using(book.store.alias).filter(**at(sites), code__icontains=text)
    if mark:
        found = found.filter(code__in=_marked(book, mark, now).values("participant_id"))
        if mark is Mark.TAPERING:
            found = found.filter(status=Standing.ACTIVE.value)
    with told(book.store.address.shown):
        codes = found.order_by("site", "code").values_list("code", flat=True)[skip : skip + most]
        return list(codes), found.count()


def has_anybody(book: Rulebook, sites: Sites) -> bool:
    """Tell whether anybody was ever enrolled at these sites."""
    from clinic.memory.trouble import told
    from clinic.models import Participant

    with told(book.store.address.shown):
        return bool(Participant.objects.using(book.store.alias).filter(**at(sites)).exists())


def marks_of(book: Rulebook, codes: Sequence[str], now: datetime) -> dict[str, list[Mark]]:
    """Return what else stands beside each participant in a list."""
    from clinic.memory.trouble import told

    marks: dict[str, list[Mark]] = {code: [] for code in codes}
    with told(book.store.address.shown):
        parts = [_with_mark(_marked(book, mark, now).filter(participant_id__in=codes), mark) for mark in SHOWN_MARKS]
        for code, mark in parts[0].union(*parts[1:]):
            marks[code].append(Mark(mark))
    return {code: sorted(found, key=SHOWN_MARKS.index) for code, found in marks.items()}


def _with_mark(visits: Any, mark: Mark) -> Any:
    from django.db.models import Value

    return visits.annotate(mark=Value(mark.value)).values_list("participant_id", "mark")


def _marked(book: Rulebook, mark: Mark, now: datetime) -> Any:
    """Return the visits for which a participant has a mark."""
    from django.db.models import Q

    from clinic.models import Visit

    days: dict[date, list[str]] = {}
    for site, today in todays(book, now).items():
        days.setdefault(today, []).append(site)
    fits = Q(pk__in=[])
    for today, sites in days.items():
        fits |= Q(site__in=sites) & _fits(book, mark, today)
    return Visit.objects.using(book.store.alias).filter(fits)


def _fits(book: Rulebook, mark: Mark, today: date) -> Any:
    from django.db.models import Q

    match mark:
        case Mark.OVERDUE:
            return Q(closed=False, overdue_from__lte=today)
        case Mark.DUE:
            last = today + timedelta(days=DUE_DAYS - 1)
            on_time = Q(overdue_from__isnull=True) | Q(overdue_from__gt=today)
            return Q(status__in=OPEN, earliest__lte=last, latest__gte=today) & on_time
        case Mark.DEVIATION:
            return Q(deviation__isnull=False)
        case Mark.HELD:
            return Q(status=Status.HELD.value)
        case Mark.REBOOK:
            return Q(to_rebook=True, planned__gte=today)
        case Mark.TAPERING:
            tapers = {taper.code for one in book.versions if (taper := book.protocol(one).taper)}
            return Q(code__in=tapers, status__in=(*OPEN, Status.DONE.value), planned__lte=today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which records somebody looks for."""

    sites: Sites
    """Whose records they may see: of these sites, of their participants, and of the study. None for all there are."""
    participant: str = ""
    kind: str = ""
    by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """The first instant that is not in it."""


def newest_records(store: Store, sought: Sought, *, before: int | None, most: int) -> list[Record]:
    """Return the records that fit, the newest first, all of them older than the record ``before``."""
    where, values = _where(sought)
    if before is not None:
        where, values = f"{where} AND seq < %s", [*values, before]
    return [record_of(row) for row in store.ask(f"{_SELECT} WHERE {where} ORDER BY seq DESC LIMIT {most:d}", values)]


def record_lines(store: Store, sought: Sought) -> Iterator[bytes]:
    """Yield the records that fit as lines of the audit's export, in their order."""
    where, values = _where(sought)
    sql = f"{_SELECT} WHERE {where} AND seq > %s ORDER BY seq LIMIT {CHUNK}"
    after = 0
    while rows := store.ask(sql, [*values, after]):
        yield from map(line_of, rows)
        after = rows[-1][0]


def kinds_of_records(store: Store, sought: Sought) -> tuple[str, ...]:
    """Return the kinds of the records that somebody may see."""
    where, values = _where(Sought(sites=sought.sites))
    sql = f"SELECT DISTINCT kind FROM clinic_record WHERE {where}"  # noqa: S608 - marks in the places of values
    return tuple(sorted(kind for (kind,) in store.ask(sql, values)))


_NAMES = ", ".join(map('"{}"'.format, COLUMNS))
_SELECT = f"SELECT {_NAMES} FROM clinic_record"  # noqa: S608 - names of columns


def _where(sought: Sought) -> tuple[str, list[object]]:
    parts: list[tuple[str, list[object]]] = [("seq > 0", [])]
    if sought.sites is not None:
        parts.append(_of_sites(sought.sites))
    if sought.participant:
        subjects = [f"participant/{sought.participant}", f"links/participant/{sought.participant}"]
        parts.append(("subject IN (%s, %s)", [*subjects]))
    plain = {"kind = %s": sought.kind, "actor = %s": sought.by}
    times = {"at >= %s": sought.since, "at < %s": sought.until}
    parts += [(part, [value]) for part, value in plain.items() if value]
    parts += [(part, [instant_text(value)]) for part, value in times.items() if value]
    return " AND ".join(part for part, _ in parts), [value for _, values in parts for value in values]


def _of_sites(sites: tuple[str, ...]) -> tuple[str, list[object]]:
    """Return what is true of records of these sites, of their participants, of their links, and of the study."""
    subjects = ["study", *(f"{kind}/{site}" for kind in ("site", "links/site", "links/pharmacy") for site in sites)]
    codes = f"code FROM clinic_participant WHERE site IN ({_places(sites)})"
    participants = " OR ".join(
        f"subject IN (SELECT '{kind}/' || {codes})" for kind in ("participant", "links/participant")
    )
    return f"(subject IN ({_places(subjects)}) OR {participants})", [*subjects, *sites, *sites]


def _places(values: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(values)) or "NULL"
