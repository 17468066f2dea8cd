"""What a link serves: the same bytes until a record it is made from, the site's day, or dayzero itself changes."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from zoneinfo import ZoneInfo

from clinic.desk.rulebook import SITES, STUDY, Rulebook
from clinic.desk.work import PARTICIPANTS, Known, find
from clinic.feeds.keeping import Kept
from clinic.feeds.links import Found, Owner, State, Whose, hash_of, head_of, look_up, note_fetched, zone_of
from clinic.memory.store import Store
from schedule.desk.gathering import gather
from schedule.errors import StoreUnavailable
from schedule.record_views import view_record
from schedule.render import ics
from schedule.render.language import Language, language
from schedule.study.protocol import Kind, Text
from schedule.views import ParticipantSchedule, StaffSchedule, view_for_participant

MOST_BYTES = 64 << 20
"""Of calendars that are kept, and as much of the events that they are put together from."""
MOST_SITES = 10_000
QUARTER = 15 * 60
"""Seconds. No zone's midnight falls between two of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """The participant's next visit, as discreet as their calendar."""

    title: Text
    day: date
    start: datetime | None
    """Local; None where it is not booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A calendar as it is served."""

    data: bytes
    modified: datetime
    """UTC: the last change of what it is made from, or the midnight at the site that began its day."""
    zipped: bytes
    tag: str
    """A digest of the data."""
    coming: Coming | None = None
    phone: str = ""
    """The clinic's, where one is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One participant's events on their way into the calendar of a site."""

    events: bytes
    zone: str | None
    sample: bool
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A link that serves something on this day."""

    found: Found
    today: date
    """At the site."""
    state: State
    calendar: Calendar


_calendars: Kept[Calendar] = Kept(MOST_BYTES, lambda one: len(one.data) + len(one.zipped))
_opened: Kept[Opened] = Kept(MOST_BYTES, lambda one: len(one.calendar.data) + len(one.calendar.zipped))
_parts: Kept[_Part] = Kept(MOST_BYTES, lambda one: len(one.events))
_zones: Kept[ZoneInfo] = Kept(MOST_SITES, lambda _: 1)


def open_link(store: Store, token: str, now: datetime, newest: str | None = None) -> Opened | None:
    """Return what a link serves now; None where it serves nothing, for whatever reason.

    Within a quarter of an hour in which nothing at all was recorded it is what it was: midnight, which ends a day at
    its site, is nowhere in between. ``newest`` is the hash of the last record, where it has just been looked up.
    """
    key = (store.address.shown, hash_of(token), newest or store.newest(), int(now.timestamp()) // QUARTER)
    if opened := _opened.find(key):
        return opened
    if opened := _open(store, token, now):
        _opened.keep(key, opened)
        _note(store, opened)
    return opened


def _note(store: Store, opened: Opened) -> None:
    """Keep the day of asking; where it cannot be written now, the calendar is served all the same."""
    with contextlib.suppress(StoreUnavailable):
        note_fetched(store, opened.found, opened.today)


def _open(store: Store, token: str, now: datetime) -> Opened | None:
    found = look_up(store, token)
    if found is None:
        return None
    zone = _zones.get((found.site, found.heads[1]), lambda: zone_of(Rulebook(store), found.site))
    today = now.astimezone(zone).date()
    state = found.state(today, zone)
    if state not in (State.WORKS, State.REPLACED):
        return None

    def make() -> Calendar:
        maker = Maker(Rulebook(store), found.site, language(found.link.lang), today)
        return maker.replaced(found) if state is State.REPLACED else maker.calendar_of(found.owner)

    replaced = found.link.hash if state is State.REPLACED else ""
    key = (found.owner, found.link.lang, today, replaced, *found.heads)
    return Opened(found=found, today=today, state=state, calendar=_calendars.get(key, make))


class Maker:
    """Makes the calendars of a site and of its participants, in one language and of one day.

    They are as of the beginning of the day at the site, whenever they are asked for.
    """

    def __init__(self, book: Rulebook, site: str, speaks: Language, today: date) -> None:
        self._book, self._site, self._speaks, self._today = book, site, speaks, today
        self._zone = zone_of(book, site)
        self._begin = datetime.combine(today, time(), self._zone).astimezone(UTC)

    def calendar_of(self, owner: Owner) -> Calendar:
        """Return a participant's calendar, or one of the site. Raises UnknownName."""
        return self._own(owner.name) if owner.whose is Whose.PARTICIPANT else self._gathered(owner.whose)

    def replaced(self, found: Found) -> Calendar:
        """Return what a link serves in whose place there is another. Raises ValueError where there is none."""
        link, last = found.link, found.told_until(self._zone)
        if link.ended is None or last is None:
            raise ValueError(link)
        first = link.ended.astimezone(self._zone).date()
        since = link.ended.replace(microsecond=0)
        data = ics.replaced_calendar(link.hash, since=since, first=first, last=last, speaks=self._speaks)
        return _calendar(data, max(link.ended, self._begin), phone=self._phone())

    def _own(self, code: str) -> Calendar:
        staff, known = self._read(code)
        schedule = view_for_participant(staff, known.rules.protocol)
        return _calendar(
            ics.participant_calendar(schedule, self._speaks),
            self._modified(PARTICIPANTS + code),
            coming=_coming(schedule, self._today),
            phone=self._phone(),
        )

    def _gathered(self, whose: Whose) -> Calendar:
        known = self._book.site(self._site)
        study = self._book.protocol(known.protocol_version).study.id
        heads = self._book.store.ask(_HEADS, [SITES + self._site])[0]
        people = sorted((code, head) for code, head in self._book.store.ask(_PEOPLE, [self._site]))
        parts = [self._part(code, (head, *heads), whose) for code, head in people]
        pieces = gather(
            _name(whose, study, known.site.name, self._speaks),
            (part.events for part in parts),
            zones=dict.fromkeys(part.zone for part in parts if part.zone),
            sample=any(part.sample for part in parts),
            speaks=self._speaks,
        )
        return _calendar(b"".join(pieces), max([self._modified(), *(part.modified for part in parts)]))

    def _part(self, code: str, heads: tuple[str, ...], whose: Whose) -> _Part:
        key = (code, whose, self._speaks.code, self._today, *heads)
        return _parts.get(key, lambda: self._make_part(code, whose))

    def _make_part(self, code: str, whose: Whose) -> _Part:
        staff, _ = self._read(code)
        events = ics.coordinator_events if whose is Whose.SITE else ics.infusion_events
        made = b"".join(events(staff, self._speaks))
        zone, modified = ics.zone_needed(staff) if made else None, self._modified(PARTICIPANTS + code)
        return _Part(events=made, zone=zone, sample=staff.sample, modified=modified)

    def _read(self, code: str) -> tuple[StaffSchedule, Known]:
        known = find(self._book, code, self._begin)
        enrolled = (known.since or self._begin).replace(microsecond=0)
        return view_record(known.enrolled, known.rules, as_of=self._begin, enrolled=enrolled), known

    def _modified(self, *subjects: str) -> datetime:
        """Return when these, the site or the study changed last, or when the day began: it never goes back."""
        every = [STUDY, SITES + self._site, *subjects]
        places = ", ".join(["%s"] * len(every))
        sql = f"SELECT max(at) FROM clinic_record WHERE subject IN ({places})"  # noqa: S608
        ((latest,),) = self._book.store.ask(sql, every)
        return max(datetime.fromisoformat(latest), self._begin)

    def _phone(self) -> str:
        return self._book.site(self._site).site.contact.phone


_STUDY = "'study'"
_HEADS = f"SELECT {head_of(_STUDY)}, {head_of('%s')}"
_HEAD_OF_PERSON = head_of("'participant/' || p.code")
_PEOPLE = f"SELECT p.code, {_HEAD_OF_PERSON} FROM clinic_participant p WHERE p.site = %s"  # noqa: S608


def _calendar(data: bytes, modified: datetime, *, coming: Coming | None = None, phone: str = "") -> Calendar:
    from gzip import compress

    tag = sha256(data).hexdigest()[:32]
    zipped = compress(data, mtime=0)
    return Calendar(data=data, modified=modified, zipped=zipped, tag=tag, coming=coming, phone=phone)


def _name(whose: Whose, study: str, site: str, speaks: Language) -> str:
    if whose is Whose.PHARMACY:
        return speaks.say("{study}: {site}, pharmacy", study=study, site=site)
    return speaks.say("{study}: {site}", study=study, site=site)


def _coming(schedule: ParticipantSchedule, today: date) -> Coming | None:
    """Return the first visit from today on that stands."""
    ahead = [] if schedule.calendar_is_empty else list(_ahead(schedule, today))
    return min(ahead, key=lambda one: (one.day, one.start is None, one.start), default=None)


def _ahead(schedule: ParticipantSchedule, today: date) -> Iterator[Coming]:
    for visit in schedule.visits:
        stands = not (visit.is_off or visit.is_held or visit.is_done or visit.kind is Kind.MILESTONE)
        if stands and visit.planned and visit.planned >= today and schedule.site:
            yield Coming(title=schedule.site.event_title, day=visit.planned, start=visit.start)
