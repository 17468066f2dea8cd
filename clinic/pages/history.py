"""What was recorded of a participant, in words, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpResponse

from clinic.desk.telling import sentence
from clinic.desk.work import PARTICIPANTS
from clinic.memory.records import Record
from clinic.pages.frame import Asked
from schedule.render.language import Language

A_PAGE = 50
"""Records on one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A record as people read it."""

    number: int
    """In the audit, of its group."""
    at: datetime
    """At the site."""
    who: str
    role: str
    what: str
    """And in brackets why."""


def lines_of(records: Sequence[Record], speaks: Language, zone: str) -> tuple[Line, ...]:
    """Return records in words, in their order."""
    return tuple(_line(one, speaks, ZoneInfo(zone)) for one in records)


def _line(one: Record, speaks: Language, zone: ZoneInfo) -> Line:
    return Line(
        number=one.group,
        at=one.at.astimezone(zone),
        who=one.actor,
        role=one.role,
        what=sentence(one, speaks),
    )


def show(asked: Asked, code: str) -> HttpResponse:
    """Show the history of a participant, page by page."""
    known = asked.find(code)
    page = asked.request.GET.get("page", "1")
    number = max(int(page), 1) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    last = known.records - (number - 1) * A_PAGE
    records = [
        one for one in asked.clinic.store.records(PARTICIPANTS + known.code) if last - A_PAGE < one.number <= last
    ]
    return asked.page(
        "history.html",
        known=known,
        lines=lines_of(records[::-1], asked.speaks, known.rules.site.time_zone),
        number=number,
        has_more=last > A_PAGE,
    )
