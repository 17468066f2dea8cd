"""What the clinic follows: the protocols that it adopted, its sites, and the holds that concern more than one person.

Files are kept in the records as they were read: a schedule of today can be explained in ten years.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from clinic.desk import closures
from clinic.desk.closures import Differences
from clinic.desk.codec import check_version
from clinic.memory.records import Batch, Entry, Record
from clinic.memory.store import Store
from schedule.errors import InvalidInput, Problem, Refused, UnknownName, nearest_names
from schedule.files.protocol import accept_protocol, parse_protocol, read_protocol
from schedule.files.site import parse_site, read_site
from schedule.files.structure import NAME
from schedule.files.text import read_text
from schedule.files.values import shorten
from schedule.participant.replanning import Rules
from schedule.participant.state import Scope
from schedule.saying import words
from schedule.sites import NotedHolidays, Site, SiteId, note_holidays
from schedule.study.protocol import Protocol

STUDY = "study"
SITES, SITES_END = "site/", "site0"
"""Before and behind every site's subject, in alphabetical order."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSite:
    """A site as its records tell: its calendar, the protocol it follows, and whether it holds infusions."""

    filed: Site
    """As its file says."""
    recorded: Differences
    """What was recorded of its days here."""
    site: Site
    """With both."""
    protocol_version: str
    held: bool
    text: str
    """Its file."""
    records: int

    def today(self, now: datetime) -> date:
        """Return what day it is at the site."""
        return now.astimezone(ZoneInfo(self.site.time_zone)).date()

    def after(self, change: Entry) -> "KnownSite":
        """Return the site as it is after something was recorded of its days."""
        found = self.recorded.after([change])
        return replace(self, recorded=found, site=found.of(self.filed))


class Kept(Generic[T]):
    """What was read last, by the hash of the record that it ends with: what a hash stands for never changes.

    All threads of a process share it; of a number of things, the oldest is forgotten.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: dict[str, T] = {}

    def get(self, hashed: str | None) -> T | None:
        """Return what was kept by this hash; None where nothing is, or where there is no hash."""
        return self._kept.get(hashed) if hashed else None

    def keep(self, hashed: str, value: T) -> T:
        """Keep a value, and return it."""
        with self._lock:
            self._kept[hashed] = value
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
        return value


STUDIES = Kept[tuple[Record, ...]](8)
KNOWN_SITES = Kept[KnownSite](256)
LAST_HASHES = """
    SELECT one.subject, one.hash FROM clinic_record one JOIN (
        SELECT subject, max(number) AS number FROM clinic_record
        WHERE subject = %s OR (subject >= %s AND subject < %s) GROUP BY subject
    ) ended ON one.subject = ended.subject AND one.number = ended.number
"""


@lru_cache(maxsize=16)
def _parsed(text: str, name: str) -> Protocol:
    return parse_protocol(text, file=name)


@dataclass(slots=True)
class Rulebook:
    """Reads the rules from a store, each once."""

    store: Store
    _sites: dict[str, KnownSite] = field(default_factory=dict)
    _study: tuple[Record, ...] | None = None
    _ends: dict[str, str] | None = None

    @property
    def study(self) -> tuple[Record, ...]:
        """The records of the study as a whole."""
        if self._study is None:
            self._study = STUDIES.get(self._find_ends().get(STUDY)) or self._read_study()
        return self._study

    def _read_study(self) -> tuple[Record, ...]:
        records = _checked(self.store.records(STUDY))
        return STUDIES.keep(records[-1].hash, records) if records else ()

    def _find_ends(self) -> dict[str, str]:
        """Return the hash of the last record of the study and of each site, by subject; asked once."""
        if self._ends is None:
            self._ends = {row[0]: row[1] for row in self.store.ask(LAST_HASHES, [STUDY, SITES, SITES_END])}
        return self._ends

    @property
    def study_held(self) -> bool:
        """Whether infusions are on hold for the whole study."""
        return _held(self.study)

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of the protocol, in the order in which they were adopted."""
        return tuple(one.body["version"] for one in self.study if one.kind == "protocol_adopted")

    def newest_version(self) -> str:
        """Return the version that was adopted last. Raises UnknownName where none was."""
        if not self.versions:
            wrong, remedy = words("no protocol was adopted yet"), words("dayzero clinic init adopts one")
            raise UnknownName([Problem(place="", wrong=wrong, remedy=remedy)])
        return self.versions[-1]

    def protocol(self, version: str) -> Protocol:
        """Return a protocol that was adopted. Raises UnknownName."""
        texts = {one.body["version"]: one.body["text"] for one in self.study if one.kind == "protocol_adopted"}
        if version not in texts:
            wrong = words("no protocol of version {version!a} was adopted", version=version)
            remedy = words("dayzero clinic init, or dayzero amend")
            raise UnknownName([Problem(place="", wrong=wrong, remedy=remedy)])
        return _parsed(texts[version], f"protocol {version}")

    def site(self, id_: str) -> KnownSite:
        """Return a site. Raises UnknownName with the nearest ones."""
        if id_ not in self._sites:
            self._sites[id_] = KNOWN_SITES.get(self._find_ends().get(SITES + id_)) or self._read_site(id_)
        return self._sites[id_]

    def _read_site(self, id_: str) -> KnownSite:
        records = _checked(self.store.records(SITES + id_)) if NAME.fullmatch(id_) else ()
        if not records:
            or_else = words("add it: dayzero clinic site FILE --reason ...")
            remedy = nearest_names(id_, self.site_ids(), or_else=or_else)
            wrong = words("the clinic has no site {site}", site=shorten(id_))
            raise UnknownName([Problem(place="--site", wrong=wrong, remedy=remedy)])
        return KNOWN_SITES.keep(records[-1].hash, _read_known(records))

    def remember(self, site: Site, version: str, text: str) -> None:
        """Take a site, its protocol and its file as known before they are recorded."""
        self._sites[site.id] = KnownSite(
            filed=site, recorded=Differences(), site=site, protocol_version=version, held=False, text=text, records=0
        )

    def knows_site(self, id_: str) -> bool:
        """Tell whether the site was added."""
        return id_ in self._sites or SITES + id_ in self._find_ends()

    def site_ids(self) -> tuple[str, ...]:
        """Return all sites, in alphabetical order."""
        return tuple(sorted(one.removeprefix(SITES) for one in self._find_ends() if one != STUDY))

    def rules(self, site: str, version: str, now: datetime) -> Rules:
        """Return what a decision for a participant of the site depends on."""
        known = self.site(site)
        return Rules(protocol=self.protocol(version), site=known.site, today=known.today(now))

    def holds(self, site: str) -> frozenset[Scope]:
        """Return who holds infusions for everybody at the site."""
        held = {Scope.SITE: self.site(site).held, Scope.STUDY: self.study_held}
        return frozenset(scope for scope, is_held in held.items() if is_held)


KINDS = {
    "protocol_adopted": 1, "site_set": 1, "protocol_followed": 1, "infusions_held": 1, "infusions_resumed": 1,
    closures.CLOSED: 2, closures.REOPENED: 2, closures.OPENED: 1, closures.LIMITED: 1,
}  # fmt: skip
"""What is recorded of sites and of the study, and the newest version of each."""


def _checked(records: Iterable[Record]) -> tuple[Record, ...]:
    """Return the records. Raises UnknownEvent where a newer dayzero wrote one."""
    found = tuple(records)
    for one in found:
        check_version(one.kind, one.version, KINDS)
    return found


def _read_known(records: Sequence[Record]) -> KnownSite:
    last = [one for one in records if one.kind == "site_set"][-1]
    follows = [one for one in records if one.kind == "protocol_followed"][-1]
    site = parse_site(last.body["text"], logo=last.body["logo"], file=records[0].subject)
    if site.holidays and (noted := last.body["holidays"]):
        days = {date.fromisoformat(day): name for day, name in noted["days"].items()}
        calendar = site.holidays.with_noted(NotedHolidays(years=range(noted["from"], noted["to"] + 1), days=days))
        site = replace(site, holidays=calendar)
    recorded = Differences().after(records)
    return KnownSite(
        filed=site,
        recorded=recorded,
        site=recorded.of(site),
        protocol_version=follows.body["new"],
        held=_held(records),
        text=last.body["text"],
        records=len(records),
    )


def _held(records: Sequence[Record]) -> bool:
    kinds = [one.kind for one in records if one.kind in ("infusions_held", "infusions_resumed")]
    return bool(kinds) and kinds[-1] == "infusions_held"


def adopt_protocol(book: Rulebook, path: Path, reason: str) -> tuple[Protocol, tuple[Batch, ...]]:
    """Return a protocol file's protocol, and what records that it was adopted: see ``adopt_protocol_text``."""
    return adopt_protocol_text(book, read_text(path), reason, file=str(path))


def adopt_protocol_text(book: Rulebook, text: str, reason: str, *, file: str) -> tuple[Protocol, tuple[Batch, ...]]:
    """Return the protocol of a file's text, and what records that it was adopted, unless its version was before.

    Raises InvalidInput with all that is wrong in it, and Refused where a version that is known has another text now.
    """
    protocol = accept_protocol(text, file=file)
    version = protocol.study.version
    known = {one.body["version"]: one.body["text"] for one in book.study if one.kind == "protocol_adopted"}
    if version in known:
        if known[version] != text:
            wrong = words("version {version} was adopted with another text", version=version)
            remedy = words("give the changed file a new version")
            raise Refused([Problem(file=file, place="study.version", wrong=wrong, remedy=remedy)])
        return protocol, ()
    entry = Entry(kind="protocol_adopted", version=1, body={"version": version, "text": text}, reason=reason)
    return protocol, (Batch(subject=STUDY, expected=len(book.study), entries=(entry,)),)


YEARS_BEFORE, YEARS_AFTER = 2, 12
"""Around the year in which a site is recorded: its holidays are noted with it, as they are known then."""


def _note_holidays(site: Site, year: int) -> dict[str, Any] | None:
    if site.holidays is None:
        return None
    years = range(year - YEARS_BEFORE, year + YEARS_AFTER + 1)
    noted = note_holidays(site.holidays, years)
    days = {day.isoformat(): name for day, name in noted.days.items()}
    return {"from": years.start, "to": years.stop - 1, "days": days}


def set_site(
    book: Rulebook, site: Site, text: str, reason: str, *, follows: str, year: int
) -> tuple[Site, tuple[Batch, ...]]:
    """Return a site, and what records it with its file and the holidays around this year; nothing where it is known.

    What was recorded of its days here, not in the file, stays. A new site follows the protocol of the version
    ``follows``.
    """
    body = {"text": text, "logo": site.logo, "holidays": _note_holidays(site, year)}
    entries = [Entry(kind="site_set", version=1, body=body, reason=reason)]
    records = tuple(book.store.records(SITES + site.id))
    if records:
        last = [one for one in records if one.kind == "site_set"][-1]
        if dict(last.body) == body:
            return site, ()
    else:
        entries.append(follow_protocol(None, follows, reason))
    return Differences().after(records).of(site), (
        Batch(subject=SITES + site.id, expected=len(records), entries=tuple(entries)),
    )


def check_files(protocol: Path, sites: Iterable[Path]) -> None:
    """Read a protocol and sites before anything is made. Raises InvalidInput with all that is wrong in all of them."""
    problems: list[Problem] = []
    for read, path in ((read_protocol, protocol), *((read_site, site) for site in sites)):
        try:
            read(path)
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)


def add_site(book: Rulebook, path: Path, *, follows: str, year: int) -> tuple[SiteId, tuple[Batch, ...]]:
    """Return the id of a site file's site, and what records the site where it is new.

    Raises InvalidInput with all that is wrong in the file, and Refused where the clinic knows the site by another file.
    """
    site, text = read_site(path), read_text(path)
    site, batches = set_site(book, site, text, "", follows=follows, year=year)
    if not book.knows_site(site.id):
        book.remember(site, follows, text)
        return site.id, batches
    known = book.site(site.id)
    if (known.text, known.site.logo) != (text, site.logo):
        wrong = words("the clinic has a site {site} with another file", site=site.id)
        remedy = words(
            "--site {site} means that one; dayzero clinic site {file} --reason ... changes it",
            site=site.id,
            file=str(path),
        )
        raise Refused([Problem(file=str(path), place="", wrong=wrong, remedy=remedy)])
    return site.id, ()


def follow_protocol(old: str | None, new: str, reason: str) -> Entry:
    """Return what records that a site follows another version from now on."""
    return Entry(kind="protocol_followed", version=1, body={"old": old, "new": new}, reason=reason)


def hold_for_all(book: Rulebook, site: SiteId | None, reason: str, *, held: bool) -> Batch:
    """Return what records that infusions are on hold, or not any more, at a site or in the whole study."""
    kind = "infusions_held" if held else "infusions_resumed"
    body = {"scope": (Scope.SITE if site else Scope.STUDY).value}
    subject, expected = (SITES + site, book.site(site).records) if site else (STUDY, len(book.study))
    return Batch(subject=subject, expected=expected, entries=(Entry(kind=kind, version=1, body=body, reason=reason),))
