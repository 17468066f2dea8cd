"""How many visits a site's participants have on a day, where it counts against what the day can hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from clinic.desk.work import Draft, Known
from clinic.memory.store import Store
from schedule.errors import Problem, StoreConflict
from schedule.participant.consequences import BEYOND, OFFERED, Alternative, alternatives
from schedule.participant.events import Booked, Moved, Overbooked
from schedule.participant.judging import own_visits
from schedule.saying import words
from schedule.sites import SiteId, limit_on
from schedule.study.protocol import Kind, VisitCode

LATER = timedelta(days=60)
"""How much later than now what follows a visit could be."""
TAKE_A_SLOT = ("booked", "confirmed", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A slot that is to be taken on a day that has a limit, and what stands in no record of whoever takes it."""

    site: SiteId
    participant: str
    day: date
    kind: Kind
    others: int
    """Visits of this kind that others had on that day when it was decided."""
    room: int
    """One is left as long as others have fewer."""
    overbooks: bool


def taken(store: Store, site: SiteId, first: date, last: date, *, besides: str = "") -> Mapping[tuple[date, Kind], int]:
    """Count the visits of a site's participants that take a slot, by day and kind; not those of one of them."""
    from django.db.models import Count

    from clinic.memory.trouble import told
    from clinic.models import Visit

    with told(store.address.shown):
        rows = (
            Visit.objects.using(store.alias)
            .filter(site=site, planned__range=(first, last), status__in=TAKE_A_SLOT)
            .exclude(participant_id=besides)
            .values_list("planned", "kind")
            .annotate(Count("code"))
        )
        return {(day, Kind(kind)): count for day, kind, count in rows}


def with_taken(store: Store, known: Known, first: date, last: date) -> Known:
    """Return a participant with rules that know what the others of the site have on these days."""
    site = known.rules.site
    if not (site.capacity or site.capacity_on):
        return known
    found = taken(store, site.id, first, last, besides=known.code)
    return replace(known, rules=replace(known.rules, taken=found))


def other_days(store: Store, known: Known, code: VisitCode, *, most: int | None = OFFERED) -> tuple[Alternative, ...]:
    """Return the days that are open to a participant for a visit, the best first: all of them where ``most`` is None.

    Days on which no slot is left are none of them, and no days for what follows either.
    """
    state = known.enrolled
    first = state.visits[code].dates.earliest - timedelta(days=BEYOND)
    last = max(known.rules.today, *(one.dates.latest for one in state.visits.values()))
    counted = with_taken(store, known, first, last + LATER)
    return alternatives(counted.enrolled, code, counted.rules, most=most)


def slots_of(one: Draft) -> tuple[Slot, ...]:
    """Return the slots that a draft takes, of days that have a limit."""
    known, overbooked = one.known, {event.code for event in one.events if isinstance(event, Overbooked)}
    found = []
    for event in one.events:
        if not isinstance(event, Booked | Moved):
            continue
        visit, day = one.after.visits[event.code], event.slot.day
        before = known.enrolled.visits.get(event.code)
        limit = limit_on(known.rules.site, day, visit.kind)
        if limit is None or (before and before.is_promised and before.dates.day == day):
            continue
        found.append(
            Slot(
                site=known.rules.site.id,
                participant=known.code,
                day=day,
                kind=visit.kind,
                others=known.rules.taken.get((day, visit.kind), 0),
                room=limit - own_visits(one.after, visit, day),
                overbooks=event.code in overbooked,
            )
        )
    return tuple(found)


def check_slots(store: Store, slots: Iterable[Slot]) -> None:
    """Raise StoreConflict where others have taken the slot meanwhile. Nobody may write from here to recording."""
    for one in slots:
        found = taken(store, one.site, one.day, one.day, besides=one.participant).get((one.day, one.kind), 0)
        if found != one.others if one.overbooks else found >= one.room:
            wrong = words("slots of {day} were taken or given back meanwhile", day=one.day)
            remedy = words("nothing of yours was recorded; look at the days that are open now")
            raise StoreConflict([Problem(place=f"participant/{one.participant}", wrong=wrong, remedy=remedy)])
