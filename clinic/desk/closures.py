"""Days on which a site is not as its file says, by what was recorded: closed, open after all, with other capacity."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any, TypeVar

from clinic.memory.records import Entry, Record
from schedule.sites import Closure, Hours, Limit, Opening, Site
from schedule.study.protocol import Kind, Text

CLOSED, REOPENED, OPENED, LIMITED = "site_closed", "site_reopened", "site_opened", "capacity_set"
DAY = timedelta(days=1)
EVERY_KIND = (Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL)
Days = TypeVar("Days", Closure, Limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What was recorded of a site's days, the oldest first."""

    closures: tuple[Closure, ...] = ()
    openings: tuple[Opening, ...] = ()
    limits: tuple[Limit, ...] = ()

    def after(self, changes: Iterable[Record | Entry]) -> "Differences":
        """Return what there is after these changes; of two that say something of a day, the later holds."""
        found = self
        for one in changes:
            if one.kind in _CHANGES:
                found = _CHANGES[one.kind](found, one)
        return found

    def of(self, filed: Site) -> Site:
        """Return the site with them: a day that was opened here is not closed by its file."""
        closures, opened = filed.closures, {one.day for one in self.openings}
        for day in opened:
            closures = _without(closures, day, day)
        return replace(
            filed,
            closures=(*closures, *self.closures),
            openings=(*(one for one in filed.openings if one.day not in opened), *self.openings),
            capacity_on=(*filed.capacity_on, *self.limits),
        )


def closing(first: date, last: date, reason: str, kinds: tuple[Kind, ...] = EVERY_KIND) -> Entry:
    """Return what records that a site is closed on these days, both included, for all kinds of visit or for some."""
    return _of_kinds(CLOSED, first, last, reason, kinds)


def reopening(first: date, last: date, reason: str, kinds: tuple[Kind, ...] = EVERY_KIND) -> Entry:
    """Return what records that a site is not closed any more on these days, for all kinds of visit or for some."""
    return _of_kinds(REOPENED, first, last, reason, kinds)


def _of_kinds(change: str, first: date, last: date, reason: str, kinds: tuple[Kind, ...]) -> Entry:
    body: dict[str, Any] = _body(first, last)
    if set(kinds) == set(EVERY_KIND):
        return Entry(kind=change, version=1, body=body, reason=reason)
    return Entry(kind=change, version=2, body={**body, "kinds": [one.value for one in kinds]}, reason=reason)


def opening(day: date, hours: Hours, reason: str) -> Entry:
    """Return what records that a site is open on a day after all."""
    body = {"day": day.isoformat(), "opens": f"{hours.opens:%H:%M}", "closes": f"{hours.closes:%H:%M}"}
    return Entry(kind=OPENED, version=1, body=body, reason=reason)


def limiting(first: date, last: date, kind: Kind, limit: int | None, reason: str) -> Entry:
    """Return what records how many visits of a kind these days can hold; None is as many as the site's file says."""
    body = {**_body(first, last), "kind": kind.value, "limit": limit}
    return Entry(kind=LIMITED, version=1, body=body, reason=reason)


def _body(first: date, last: date) -> dict[str, Any]:
    return {"first": first.isoformat(), "last": last.isoformat()}


def _days(one: Record | Entry) -> tuple[date, date]:
    return date.fromisoformat(one.body["first"]), date.fromisoformat(one.body["last"])


def _words(one: Record | Entry) -> Text:
    return Text(en=one.reason, es=one.reason)


def _kinds(one: Record | Entry) -> tuple[Kind, ...]:
    return tuple(Kind(kind) for kind in one.body["kinds"]) if one.version > 1 else EVERY_KIND


def _closed(found: Differences, one: Record | Entry) -> Differences:
    first, last = _days(one)
    kinds = _kinds(one)
    closure = Closure(first=first, last=last, reason=_words(one), kinds=kinds)
    openings = found.openings
    if kinds == EVERY_KIND:
        openings = tuple(other for other in openings if not first <= other.day <= last)
    return replace(found, closures=(*found.closures, closure), openings=openings)


def _reopened(found: Differences, one: Record | Entry) -> Differences:
    (first, last), kinds = _days(one), _kinds(one)
    left = (part for closure in found.closures for part in _still_closed(closure, first, last, kinds))
    return replace(found, closures=tuple(left))


def _still_closed(one: Closure, first: date, last: date, kinds: tuple[Kind, ...]) -> Iterator[Closure]:
    """Yield what is left of a closure that ends on these days for some kinds of visit."""
    yield from _left_of(one, first, last)
    kept = tuple(kind for kind in one.kinds if kind not in kinds)
    if kept and first <= one.last and one.first <= last:
        yield replace(one, first=max(first, one.first), last=min(last, one.last), kinds=kept)


def _opened(found: Differences, one: Record | Entry) -> Differences:
    day = date.fromisoformat(one.body["day"])
    hours = Hours(opens=time.fromisoformat(one.body["opens"]), closes=time.fromisoformat(one.body["closes"]))
    others = (other for other in found.openings if other.day != day)
    made = Opening(day=day, hours=hours, reason=_words(one))
    return replace(found, closures=_without(found.closures, day, day), openings=(*others, made))


def _limited(found: Differences, one: Record | Entry) -> Differences:
    (first, last), kind, limit = _days(one), Kind(one.body["kind"]), one.body["limit"]
    others = tuple(other for other in found.limits if other.kind is not kind)
    same = _without(tuple(other for other in found.limits if other.kind is kind), first, last)
    made = () if limit is None else (Limit(first=first, last=last, kind=kind, limit=limit, reason=_words(one)),)
    return replace(found, limits=(*others, *same, *made))


_CHANGES: dict[str, Callable[[Differences, Record | Entry], Differences]] = {
    CLOSED: _closed,
    REOPENED: _reopened,
    OPENED: _opened,
    LIMITED: _limited,
}


def _without(days: tuple[Days, ...], first: date, last: date) -> tuple[Days, ...]:
    """Return what is left of them when these days are taken out."""
    return tuple(left for one in days for left in _left_of(one, first, last))


def _left_of(one: Days, first: date, last: date) -> Iterator[Days]:
    """Yield what is left: nothing, all of it, or one part or two."""
    if one.last < first or one.first > last:
        yield one
        return
    if one.first < first:
        yield replace(one, last=first - DAY)
    if one.last > last:
        yield replace(one, first=last + DAY)
