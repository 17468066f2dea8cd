"""The audit in words, whether it is as it was written, and as lines that anybody can check."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from clinic.desk.searching import Sought, kinds_of_records, newest_records, record_lines
from clinic.desk.telling import happened, say_subject, sentence
from clinic.memory.audit import Verdict, verify
from clinic.memory.records import Record
from clinic.pages.asking import again, asked_for, day_asked, number_asked, one_of
from clinic.pages.frame import Asked
from schedule.render.language import Language

SIZE = 50
LONGEST = 64
PER_SECOND = 40_000
"""Records that are verified in a second on an ordinary machine."""
LONG_SECONDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A record in words."""

    record: Record
    whom: str
    said: str


def audit(asked: Asked) -> HttpResponseBase:
    """List the records that are looked for, the newest first; verify all; give them as a file."""
    if asked.request.method == "POST":
        return _page(asked, verdict=verify(asked.clinic.store))
    if one_of(asked, "as", ["jsonl"]):
        named = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
        lines = record_lines(asked.clinic.store, _sought(asked))
        return StreamingHttpResponse(lines, content_type="application/jsonl", headers=named)
    return _page(asked)


def _sought(asked: Asked) -> Sought:
    since, until = day_asked(asked, "since"), day_asked(asked, "until")
    return Sought(
        sites=None if asked.account.is_administrator else asked.sites,
        participant=asked_for(asked, "participant")[:LONGEST],
        kind=asked_for(asked, "kind")[:LONGEST],
        by=asked_for(asked, "by")[:LONGEST],
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _line(record: Record, speaks: Language) -> Line:
    return Line(record=record, whom=say_subject(record.subject, speaks), said=sentence(record, speaks))


def _page(asked: Asked, *, verdict: Verdict | None = None) -> HttpResponse:
    store, sought = asked.clinic.store, _sought(asked)
    found = newest_records(store, sought, before=number_asked(asked, "before"), most=SIZE + 1)
    kinds: Sequence[str] = kinds_of_records(store, sought)
    seconds = store.head().count // PER_SECOND
    return asked.page(
        "audit.html",
        lines=[_line(one, asked.speaks) for one in found[:SIZE]],
        next=found[SIZE - 1].seq if len(found) > SIZE else None,
        again=lambda **other: again(asked, **other),
        sought=sought,
        since=asked_for(asked, "since"),
        until=asked_for(asked, "until"),
        kinds=sorted(((one, happened(one, asked.speaks)) for one in kinds), key=lambda one: one[1]),
        verdict=verdict,
        seconds=seconds if seconds > LONG_SECONDS else 0,
    )
