"""What a link serves: the same bytes until a record it is made from, the site's day, or dayzero itself changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from zoneinfo import ZoneInfo

from clinic.feeds.keeping import Kept
from clinic.feeds.links import Found, State, Whose, zone_of
from clinic.rulebook import SITES, STUDY, Rulebook
from clinic.store import Store
from clinic.work import PARTICIPANTS, Known, find
from schedule.desk.gathering import gather
from schedule.record_views import view_record
from schedule.render import ics
from schedule.render.language import Language, language
from schedule.study.protocol import Kind, Text
from schedule.views import ParticipantSchedule, StaffSchedule, view_for_participant

MOST_BYTES = 64 << 20
"""Of calendars that are kept, and as much of the events that they are put together from."""
MOST_SITES = 10_000


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
_parts: Kept[_Part] = Kept(MOST_BYTES, lambda one: len(one.events))
_zones: Kept[ZoneInfo] = Kept(MOST_SITES, lambda _: 1)


def open_link(store: Store, found: Found | None, now: datetime) -> Opened | None:
    """Return what a link serves now; None where it serves nothing, for whatever reason."""
    if found is None:
        return None
    zone = _zones.get((found.site, found.heads[1]), lambda: zone_of(Rulebook(store), found.site))
    today = now.astimezone(zone).date()
    state = found.state(today, zone)
    if state not in (State.WORKS, State.REPLACED):
        return None
    replaced = found.link.hash if state is State.REPLACED else ""
    key = (found.owner, found.link.lang, today, replaced, *found.heads)
    calendar = _calendars.get(key, lambda: _Maker(store, found, today, zone).make(state))
    return Opened(found=found, today=today, state=state, calendar=calendar)


def begin_of(today: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which a day begins, in UTC: calendars are made as of then, whenever they are asked for."""
    return datetime.combine(today, time(), zone).astimezone(UTC)


class _Maker:
    """Makes one calendar, of one day."""

    def __init__(self, store: Store, found: Found, today: date, zone: ZoneInfo) -> None:
        self._store, self._found, self._today, self._zone = store, found, today, zone
        self._book = Rulebook(store)
        self._speaks = language(found.link.lang)
        self._begin = begin_of(today, zone)

    def make(self, state: State) -> Calendar:
        if state is State.REPLACED:
            return self._replaced()
        return self._own() if self._found.owner.whose is Whose.PARTICIPANT else self._gathered()

    def _replaced(self) -> Calendar:
        link, last = self._found.link, self._found.told_until(self._zone)
        if link.ended is None or last is None:
            raise ValueError(link)
        first = link.ended.astimezone(self._zone).date()
        since = link.ended.replace(microsecond=0)
        data = ics.replaced_calendar(link.hash, since=since, first=first, last=last, speaks=self._speaks)
        return _calendar(data, max(link.ended, self._begin), phone=self._phone())

    def _own(self) -> Calendar:
        staff, known = self._read(self._found.owner.name)
        schedule = view_for_participant(staff, known.rules.protocol)
        return _calendar(
            ics.participant_calendar(schedule, self._speaks),
            self._modified(PARTICIPANTS + known.code),
            coming=_coming(schedule, self._today),
            phone=self._phone(),
        )

    def _gathered(self) -> Calendar:
        site, whose = self._found.site, self._found.owner.whose
        rows = self._store.ask(_PEOPLE, [site])
        parts = [self._part(code, head, whose) for code, head in sorted((code, head) for code, head in rows)]
        known = self._book.site(site)
        study = self._book.protocol(known.protocol_version).study.id
        pieces = gather(
            _name(whose, study, known.site.name, self._speaks),
            (part.events for part in parts),
            zones=dict.fromkeys(part.zone for part in parts if part.zone),
            sample=any(part.sample for part in parts),
            speaks=self._speaks,
        )
        return _calendar(b"".join(pieces), max([self._modified(), *(part.modified for part in parts)]))

    def _part(self, code: str, head: str, whose: Whose) -> _Part:
        key = (code, head, *self._found.heads[:2], whose, self._speaks.code, self._today)
        return _parts.get(key, lambda: self._make_part(code, whose))

    def _make_part(self, code: str, whose: Whose) -> _Part:
        staff, known = self._read(code)
        events = ics.coordinator_events if whose is Whose.SITE else ics.infusion_events
        made = b"".join(events(staff, self._speaks))
        modified = self._modified(PARTICIPANTS + known.code)
        return _Part(events=made, zone=ics.zone_needed(staff) if made else None, sample=staff.sample, modified=modified)

    def _read(self, code: str) -> tuple[StaffSchedule, Known]:
        known = find(self._book, code, self._begin)
        enrolled = (known.since or self._begin).replace(microsecond=0)
        return view_record(known.enrolled, known.rules, as_of=self._begin, enrolled=enrolled), known

    def _modified(self, *subjects: str) -> datetime:
        """Return when these, the site or the study changed last, or when the day began: it never goes back."""
        all_ = [STUDY, SITES + self._found.site, *subjects]
        places = ", ".join(["%s"] * len(all_))
        ((latest,),) = self._store.ask(f"SELECT max(at) FROM clinic_record WHERE subject IN ({places})", all_)  # noqa: S608
        return max(datetime.fromisoformat(latest), self._begin)

    def _phone(self) -> str:
        return self._book.site(self._found.site).site.contact.phone


_PEOPLE = (
    "SELECT p.code, (SELECT hash FROM clinic_record WHERE subject = 'participant/' || p.code"
    " ORDER BY number DESC LIMIT 1) FROM clinic_participant p WHERE p.site = %s"
)


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
