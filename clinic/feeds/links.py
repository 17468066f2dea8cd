"""Links to calendars: drawn, looked up, listed, replaced and ended. Only a token's hash is ever kept."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from clinic.desk import link_records
from clinic.desk.link_records import after, read_links
from clinic.desk.proposing import Proposal
from clinic.desk.rulebook import Rulebook
from clinic.memory.records import Batch, Entry, LinkRow
from clinic.memory.store import Store
from schedule.errors import Problem, Refused
from schedule.saying import words

KEPT_DAYS = 30
"""So long after the last visit's window a participant's link still serves, and a replaced one says that it was."""
ID_LETTERS = 8
"""The beginning of a link's hash by which people and logs name it."""


class Whose(Enum):
    """Whose calendar a link leads to."""

    PARTICIPANT = "participant"
    SITE = "site"
    """All participants of a site, for its coordinators."""
    PHARMACY = "pharmacy"
    """The days of infusions at a site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A calendar that has links."""

    whose: Whose
    name: str
    """The participant's code, or the site's id."""

    @property
    def subject(self) -> str:
        """Where its links are recorded."""
        return f"{link_records.LINKS}{self.whose.value}/{self.name}"


class State(Enum):
    """What somebody gets who asks by a link."""

    WORKS = "works"
    REPLACED = "replaced"
    """One event that says so, for some time."""
    ENDED = "ended"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A link with all that its calendar depends on."""

    link: LinkRow
    site: str
    last_window: date | None
    """The last day of the participant's last window; None for a calendar of a site."""
    fetched: date | None
    """The last day on which somebody asked by it."""
    heads: tuple[str, ...] = ()
    """The hashes of the last records that its calendar is made from: the same ones, the same calendar."""

    @property
    def id(self) -> str:
        """Return what people call it."""
        return self.link.hash[:ID_LETTERS]

    @property
    def owner(self) -> Owner:
        """Whose calendar it leads to."""
        return Owner(whose=Whose(self.link.kind), name=self.link.owner)

    @property
    def last_day(self) -> date | None:
        """The last day on which it serves the calendar; None where there is no end."""
        if self.link.expires or self.last_window is None:
            return self.link.expires
        return self.last_window + timedelta(days=KEPT_DAYS)

    def told_until(self, zone: ZoneInfo) -> date | None:
        """Return the last day on which it says that it was replaced; None where it was not."""
        if not (self.link.ended and self.link.replaced):
            return None
        return self.link.ended.astimezone(zone).date() + timedelta(days=KEPT_DAYS)

    def state(self, today: date, zone: ZoneInfo) -> State:
        """Return what it serves on a day at the site."""
        if self.link.ended:
            told_until = self.told_until(zone)
            return State.REPLACED if told_until and today <= told_until else State.ENDED
        return State.EXPIRED if self.last_day and today > self.last_day else State.WORKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A new link: what is to be recorded of it, and the token, which is told this one time."""

    proposal: Proposal
    token: str


def hash_of(token: str) -> str:
    """Return what is kept of a token; of anything else too, which then is no link's."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


_LINK = "l.kind, l.owner, l.hash, l.label, l.lang, l.created, l.expires, l.ended, l.replaced"
_SITE_AT = len(_LINK.split(","))
"""Where a row has the site; there is none while a participant's lists are being made anew."""
_LAST_WINDOW = "(SELECT max(latest) FROM clinic_visit WHERE l.kind = 'participant' AND participant_id = l.owner)"
_FROM = (
    "FROM clinic_link l LEFT JOIN clinic_linkfetched f ON f.hash = l.hash"
    " LEFT JOIN clinic_participant p ON l.kind = 'participant' AND p.code = l.owner"
)
_SITE = "CASE l.kind WHEN 'participant' THEN p.site ELSE l.owner END"


def head_of(subject: str) -> str:
    """Return the SQL of the hash of a subject's last record; the subject is SQL too."""
    return f"(SELECT hash FROM clinic_record WHERE subject = {subject} ORDER BY number DESC LIMIT 1)"  # noqa: S608


_HEAD_OF_OWNER = head_of("'participant/' || l.owner")
_HEAD_OF_ALL = "(SELECT hash FROM clinic_record ORDER BY seq DESC LIMIT 1)"
_HEAD_OF_OWNER = head_of("'participant/' || l.owner")
_HEAD_OF_ALL = "(SELECT hash FROM clinic_record ORDER BY seq DESC LIMIT 1)"
_HEADS = ", ".join(
    [
        head_of("'study'"),
        head_of(f"'site/' || {_SITE}"),
        f"CASE l.kind WHEN 'participant' THEN {_HEAD_OF_OWNER} ELSE {_HEAD_OF_ALL} END",
    ]
)
_LOOK_UP = f"SELECT {_LINK}, {_SITE}, {_LAST_WINDOW}, f.day, {_HEADS} {_FROM} WHERE l.hash = %s"
_LISTED = f"SELECT {_LINK}, {_SITE}, {_LAST_WINDOW}, f.day {_FROM}"


def look_up(store: Store, token: str) -> Found | None:
    """Return the link of a token; None for whatever else somebody sends. It is one query, however it ends."""
    rows = store.ask(_LOOK_UP, [hash_of(token)])
    return _found(rows[0]) if rows and rows[0][_SITE_AT] else None


def _found(row: Sequence[Any]) -> Found:
    kind, owner, hashed, label, lang, created, expires, ended, replaced, site, last_window, fetched, *heads = row
    return Found(
        link=LinkRow(
            kind=kind,
            owner=owner,
            hash=hashed,
            label=label,
            lang=lang,
            created=created.replace(tzinfo=UTC),
            expires=_day(expires),
            ended=ended.replace(tzinfo=UTC) if ended else None,
            replaced=bool(replaced),
        ),
        site=site,
        last_window=_day(last_window),
        fetched=_day(fetched),
        heads=tuple(heads),
    )


def _day(value: date | str | None) -> date | None:
    """Return the day of a column; of what is computed SQLite gives a text."""
    return date.fromisoformat(str(value)) if value else None


def links(
    store: Store,
    *,
    owner: Owner | None = None,
    site: str | None = None,
    id_: str | None = None,
    of_sites: bool = False,
) -> tuple[Found, ...]:
    """Return links, also those that have ended, by owner and age: all, or those that fit what is said.

    ``of_sites`` leaves out those of participants.
    """
    wanted: list[tuple[str, str]] = []
    if owner:
        wanted += [("l.kind = %s", owner.whose.value), ("l.owner = %s", owner.name)]
    if site:
        wanted.append((f"{_SITE} = %s", site))
    if id_:
        wanted.append(("l.hash LIKE %s", f"{id_}%"))
    if of_sites:
        wanted.append(("l.kind <> %s", Whose.PARTICIPANT.value))
    where = f" WHERE {' AND '.join(sql for sql, _ in wanted)}" if wanted else ""
    rows = store.ask(f"{_LISTED}{where} ORDER BY l.kind, l.owner, l.created, l.hash", [value for _, value in wanted])
    return tuple(_found(row) for row in rows if row[_SITE_AT])


def zone_of(book: Rulebook, site: str) -> ZoneInfo:
    """Return a site's time zone. Raises UnknownName."""
    return ZoneInfo(book.site(site).site.time_zone)


def create(book: Rulebook, owner: Owner, *, label: str, lang: str, expires: date | None, at: datetime) -> Drawn:
    """Draw a new link to a calendar. Nothing is saved."""
    token = draw()
    entry = link_records.created(hash_of(token), label=label, lang=lang, expires=expires)
    return Drawn(proposal=_propose(book, owner, entry, at), token=token)


def rotate(book: Rulebook, found: Found, *, reason: str, compromised: bool, at: datetime) -> Drawn:
    """Draw a link in the place of one, with its label, language and end. Nothing is saved.

    Whoever has the old one is told to call; nobody is, and it ends at once, where it is compromised. Raises Refused
    where the link has ended or expired.
    """
    _check_not_ended(found)
    zone = zone_of(book, found.site)
    if found.state(at.astimezone(zone).date(), zone) is State.EXPIRED:
        wrong = words("this link worked until {day}", day=found.last_day)
        remedy = words("make a new one: dayzero link create")
        raise Refused([Problem(place=found.id, wrong=wrong, remedy=remedy)])
    token = draw()
    entry = link_records.rotated(found.link, hash_of(token), reason=reason, compromised=compromised)
    return Drawn(proposal=_propose(book, found.owner, entry, at), token=token)


def revoke(book: Rulebook, found: Found, *, reason: str, at: datetime) -> Proposal:
    """Return what records that a link ends at once. Raises Refused where it has ended."""
    if not found.link.replaced:
        _check_not_ended(found)
    return _propose(book, found.owner, link_records.revoked(found.link, reason=reason), at)


def _check_not_ended(found: Found) -> None:
    if found.link.ended:
        wrong = words("this link was replaced or revoked before")
        remedy = words("dayzero link list shows those that work; dayzero link create makes a new one")
        raise Refused([Problem(place=found.id, wrong=wrong, remedy=remedy)])


def draw() -> str:
    """Return a new token, which nobody can guess."""
    return f"dz_{secrets.token_urlsafe(32)}"


def _propose(book: Rulebook, owner: Owner, entry: Entry, at: datetime) -> Proposal:
    records = tuple(book.store.records(owner.subject))
    rows = after(read_links(owner.subject, records), entry, at)
    batch = Batch(subject=owner.subject, expected=len(records), entries=(entry,), rows=rows)
    return Proposal(drafts=(), before=(batch,), protocol_version=book.newest_version())


def note_fetched(store: Store, found: Found, today: date) -> None:
    """Keep the day on which somebody asked by a link, unless it is known already.

    Raises StoreUnavailable.
    """
    if found.fetched and found.fetched >= today:
        return
    store.write(
        "INSERT INTO clinic_linkfetched (hash, day) VALUES (%s, %s)"
        " ON CONFLICT (hash) DO UPDATE SET day = excluded.day",
        [found.link.hash, today.isoformat()],
    )
