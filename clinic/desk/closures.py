"""Days on which a site is closed by what was recorded, beside those in its file."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from clinic.memory.records import Entry, Record
from schedule.sites import Closure
from schedule.study.protocol import Text

CLOSED, REOPENED = "site_closed", "site_reopened"
DAY = timedelta(days=1)


def closing(first: date, last: date, reason: str, *, closed: bool) -> Entry:
    """Return what records that a site is closed on these days, both included, or that it is not any more."""
    body = {"first": first.isoformat(), "last": last.isoformat()}
    return Entry(kind=CLOSED if closed else REOPENED, version=1, body=body, reason=reason)


def after(closures: tuple[Closure, ...], changes: Iterable[Record | Entry]) -> tuple[Closure, ...]:
    """Return the closures that there are after these changes, the oldest first."""
    for one in changes:
        if one.kind in (CLOSED, REOPENED):
            first, last = date.fromisoformat(one.body["first"]), date.fromisoformat(one.body["last"])
            if one.kind == CLOSED:
                closures = (*closures, Closure(first=first, last=last, reason=Text(en=one.reason, es=one.reason)))
            else:
                closures = tuple(left for closure in closures for left in _without(closure, first, last))
    return closures


def _without(closure: Closure, first: date, last: date) -> Iterator[Closure]:
    """Yield what is left of a closure when these days are open again: nothing, all of it, or one part or two."""
    if closure.last < first or closure.first > last:
        yield closure
        return
    if closure.first < first:
        yield replace(closure, last=first - DAY)
    if closure.last > last:
        yield replace(closure, first=last + DAY)
