"""What is appended, what is stored, and what is read from it: plain records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from clinic.memory.chain import START


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something to append."""

    kind: str
    version: int
    """Of this kind's body."""
    body: Mapping[str, Any]
    """Values of JSON only: the old and the new."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who, when and with what: the same for a whole group."""

    at: datetime
    """UTC."""
    actor: str
    role: str
    account: str
    """The system's account; nobody has proved to be the actor."""
    protocol_version: str
    tzdata_version: str
    program: str
    """dayzero's version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantRow:
    """How a participant stands after all records."""

    code: str
    site: str
    status: str
    lang: str
    steroids: bool | None
    randomized: date
    day0: date | None
    protocol_version: str
    records: int
    to_tell: int
    """Open things to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRow:
    """How a visit stands after all records; its times are local."""

    participant: str
    code: str
    kind: str
    status: str
    name_en: str
    name_es: str
    target: date
    earliest: date
    latest: date
    planned: date | None
    start: datetime | None
    end: datetime | None
    time_zone: str | None
    actual: date | None
    given: str | None
    sequence: int
    """The number of its revisions."""
    deviation: str | None
    to_rebook: bool
    to_tell: str
    """Audiences, with commas between."""
    overdue_from: date | None
    closed: bool
    passed: bool = False
    """Whether a later visit was done: it was missed then, if nobody has closed it."""
    attempts: int = 0
    """How often somebody tried to reach the participant for it."""
    reason: str = ""
    """Why it is what it is now."""
    changed: datetime | None = None
    """When it last changed (UTC)."""
    deviation_day: date | None = None
    deviation_earliest: date | None = None
    deviation_latest: date | None = None
    too_close_to: str | None = None
    days_apart: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All that is read from one participant's records."""

    participant: ParticipantRow
    visits: tuple[VisitRow, ...]

    @property
    def subject(self) -> str:
        """Whose records they are read from."""
        return f"participant/{self.participant.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A link to a calendar, as it stands after all records. Whoever has the link itself is not told by it."""

    kind: str
    """Whose calendar it is: a ``participant``'s, a ``site``'s, or that of a site's ``pharmacy``."""
    owner: str
    """The participant's code, or the site's id."""
    hash: str
    """SHA-256 of the token, in hexadecimal digits: the token itself is kept nowhere."""
    label: str
    lang: str
    created: datetime
    """UTC."""
    expires: date | None
    """The last day on which it serves, where one was said."""
    ended: datetime | None
    """When it was revoked or replaced (UTC)."""
    replaced: bool
    """Whether it tells for some time that it was replaced, instead of being unknown at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRows:
    """All links to one calendar, in the order in which they were made."""

    kind: str
    owner: str
    links: tuple[LinkRow, ...]

    @property
    def subject(self) -> str:
        """Whose records they are read from."""
        return f"links/{self.kind}/{self.owner}"


Projected = Rows | LinkRows
"""What is read from the records of one subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one subject gets in a group."""

    subject: str
    """``participant/P-001``, ``site/gainesville``, ``study``, ``links/participant/P-001``."""
    expected: int
    """How many records of the subject the writer has seen."""
    entries: tuple[Entry, ...]
    rows: Projected | None = None
    """How the subject stands after these entries; nothing for a subject of which nothing is kept beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is stored, and never changed."""

    seq: int
    """Without a gap over the whole store, from 1."""
    group: int
    """The seq of its group's first record."""
    subject: str
    number: int
    """Within the subject, from 1."""
    kind: str
    version: int
    body: Mapping[str, Any]
    reason: str
    at: datetime
    actor: str
    role: str
    account: str
    protocol_version: str
    tzdata_version: str
    program: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the chain: how many records there are, and the hash and the instant of the last."""

    count: int = 0
    hash: str = START
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A subject whose kept rows are not what a replay of the records gives."""

    subject: str
    fields: tuple[str, ...]
    """``day0``, or ``M3.planned``; ``missing`` and ``left over`` where all of it is."""
