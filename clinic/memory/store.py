"""The store: records are appended, never changed, and what is read from them is kept beside them."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any, TypeVar

from clinic.memory.chain import COLUMNS, Row, body_text, link, text_of
from clinic.memory.records import Batch, Difference, Entry, Head, Projected, Record, Signature
from clinic.memory.settings import Address, address_of, connect
from clinic.memory.trouble import Busy, told
from schedule.errors import InvalidInput, Problem, StoreConflict, StoreUnavailable
from schedule.saying import Said, words

T = TypeVar("T")

SYSTEM = "system"
"""The subject of what dayzero itself records: clock changes."""
BACK = timedelta(minutes=2)
"""Writers wait for each other at most half a minute: only what is earlier by more is a clock that was set back."""
FORWARD = timedelta(days=400)
ATTEMPTS = 2
CHUNK = 2000
"""Records read at a time: memory stays flat, and no reader keeps a writer waiting."""
PEOPLE = 100
"""Subjects whose rows are made at a time: a participant has some 25."""

_LIST = ", ".join(f'"{name}"' for name in COLUMNS)
_INSERT = f"INSERT INTO clinic_record ({_LIST}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"  # noqa: S608
_UNKEPT = re.compile("[\0\ud800-\udfff]")
_INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"


Project = Callable[[Sequence[Record]], Projected | None]
"""Replays the records of one subject; nothing for a subject that has no rows."""


def open_store(url: str | None = None) -> "Store":
    """Return the store at this address: as said, else as $DAYZERO_DB says, else in the working folder.

    Raises Unreadable, and StoreUnavailable when it is not there, or not of this version.
    """
    address = address_of(url)
    if address.file and not address.file.is_file():
        raise _not_there(address, words("there is no store of dayzero"))
    store = Store(address=address, alias=connect(address))
    found, wanted = store.migrations(), known_migrations()
    if found < wanted:
        wrong = words("was made by an older version of dayzero") if found else words("is no store of dayzero")
        raise _not_there(address, wrong)
    if found > wanted:
        problem = Problem(
            file=address.shown,
            place="",
            wrong=words("was made by a newer version of dayzero"),
            remedy=words("update dayzero"),
        )
        raise StoreUnavailable([problem])
    return store


def create_store(url: str | None = None) -> "Store":
    """Make the store, or bring it to this version; again does no harm.

    Raises Unreadable, and StoreUnavailable where something lies there already that is not dayzero's.
    """
    from clinic.memory.making import make

    address = address_of(url)
    make(address)
    return open_store(url)


def known_migrations() -> frozenset[str]:
    """Return the names of this version's migrations, without importing them."""
    from pathlib import Path

    return frozenset(path.stem for path in (Path(__file__).parent.parent / "migrations").glob("0*.py"))


def _not_there(address: Address, wrong: Said) -> StoreUnavailable:
    problem = Problem(
        file=address.shown,
        place="",
        wrong=wrong,
        remedy=words("make it with 'dayzero clinic init', or say with --db where it lies"),
    )
    return StoreUnavailable([problem])


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A store that is open. Its methods raise StoreUnavailable when the database cannot be read or written."""

    address: Address
    alias: str
    """By which Django's models know it: ``Visit.objects.using(store.alias)``."""

    @property
    def connection(self) -> Any:
        """Return Django's connection of this thread."""
        from django.db import connections

        return connections[self.alias]

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        self.connection.close()

    def migrations(self) -> frozenset[str]:
        """Return which migrations the database has seen; nothing where it is not dayzero's."""
        with self._telling():
            if "django_migrations" not in self.connection.introspection.table_names():
                return frozenset()
            return frozenset(name for (name,) in self.ask("SELECT name FROM django_migrations WHERE app = 'clinic'"))

    def ask(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return what the database answers."""
        with self._telling(), self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def write(self, sql: str, values: Sequence[object] = ()) -> None:
        """Change what is beside the records and not read from them."""
        with self._telling(), self.connection.cursor() as cursor:
            cursor.execute(sql, values)

    def head(self) -> Head:
        """Return the end of the chain."""
        rows = self.ask("SELECT seq, hash, at FROM clinic_record ORDER BY seq DESC LIMIT 1")
        return Head(count=rows[0][0], hash=rows[0][1], at=_instant(rows[0][2])) if rows else Head()

    def newest(self) -> str:
        """Return the hash of the last record; nothing where there is none. It is other whenever anything is."""
        rows = self.ask("SELECT hash FROM clinic_record ORDER BY seq DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def count(self, subject: str) -> int:
        """Return how many records the subject has."""
        rows = self.ask("SELECT max(number) FROM clinic_record WHERE subject = %s", [subject])
        return rows[0][0] or 0

    def subjects(self) -> tuple[str, ...]:
        """Return all subjects, in alphabetical order."""
        return tuple(sorted(one for (one,) in self.ask("SELECT DISTINCT subject FROM clinic_record")))

    def records(self, subject: str) -> Iterator[Record]:
        """Yield the subject's records in their order."""
        return map(record_of, self._chunks("subject = %s AND number > %s", ["number"], [subject], 0))

    def all_records(self, after: int = 0) -> Iterator[Record]:
        """Yield all records after this seq in their order; memory stays flat."""
        return map(record_of, self.rows(after))

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield all records after this seq as they are stored."""
        return self._chunks("seq > %s", ["seq"], [], after)

    def append(self, batches: Sequence[Batch], signature: Signature) -> tuple[Record, ...]:
        """Append one group, and put what is read from it in place, in one transaction.

        Raises StoreConflict when a subject has other records than its writer has seen, InvalidInput for a text that
        no database keeps, and StoreUnavailable; nothing is recorded then.
        """
        _check_texts(batches, signature)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._append(batches, signature)
            except Busy:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError

    def insert(self, rows: Iterable[Row]) -> None:
        """Take records over as they were stored elsewhere: they must continue the chain."""
        with self._telling(), self.connection.cursor() as cursor:
            for some in _in_chunks(rows):
                cursor.executemany(_INSERT, some)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold a transaction in which nobody else writes: all of it is stored, or nothing."""
        from django.db import transaction

        with self._telling(), transaction.atomic(using=self.alias):
            if self.connection.vendor == "postgresql":
                with self.connection.cursor() as cursor:
                    cursor.execute("LOCK TABLE clinic_record IN SHARE ROW EXCLUSIVE MODE")
            yield

    def rebuild(self, project: Project) -> Mapping[str, int]:
        """Replace everything that is read from the records by a replay; return of how many subjects, by their rooms."""
        from clinic.memory import projections

        with self.locked():
            projections.clear(self.alias)
            count: Counter[str] = Counter()
            for some in _in_chunks(self._replayed(project), PEOPLE):
                projections.insert(self.alias, some)
                count.update(rows.subject.partition("/")[0] for rows in some)
            return count

    def differences(self, project: Project) -> Iterator[Difference]:
        """Yield the subjects whose kept rows are not what a replay gives.

        What looks different may only be what others are writing: it is looked at again when nobody does.
        """
        if any(True for _ in self._differing(project)):
            with self.locked():
                found = tuple(self._differing(project))
            yield from found

    def _differing(self, project: Project) -> Iterator[Difference]:
        from clinic.memory import projections

        seen: set[str] = set()
        with self._telling():
            for some in _in_chunks(self._replayed(project), PEOPLE):
                wanted = [rows.subject for rows in some]
                seen.update(wanted)
                yield from projections.compare(some, projections.read(self.alias, wanted))
            for subject in sorted(projections.subjects(self.alias) - seen):
                yield Difference(subject=subject, fields=("left over",))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            with told(self.address.shown):
                yield
        except StoreUnavailable:
            if not self.connection.in_atomic_block:
                self.close()
            raise

    def _replayed(self, project: Project) -> Iterator[Projected]:
        ordered = map(record_of, self._chunks("(subject, number) > (%s, %s)", ["subject", "number"], [], "", 0))
        for _, records in groupby(ordered, lambda one: one.subject):
            if rows := project(tuple(records)):
                yield rows

    def _append(self, batches: Sequence[Batch], signature: Signature) -> tuple[Record, ...]:
        from clinic.memory import projections

        with self.locked():
            head = self.head()
            counts = {batch.subject: self.count(batch.subject) for batch in batches}
            if stale := [batch for batch in batches if batch.expected != counts[batch.subject]]:
                raise StoreConflict(self._conflict(batch, counts[batch.subject]) for batch in stale)
            entries = [(batch.subject, entry) for batch in batches for entry in batch.entries]
            if entries and (change := _clock_change(head, signature.at)):
                entries.insert(0, (SYSTEM, change))
                counts[SYSTEM] = self.count(SYSTEM)
            rows = _chained(entries, counts, signature, head)
            with self.connection.cursor() as cursor:
                cursor.executemany(_INSERT, rows)
            for batch in batches:
                if batch.rows:
                    projections.replace(self.alias, batch.rows)
        return tuple(map(record_of, rows))

    def _conflict(self, batch: Batch, count: int) -> Problem:
        if count < batch.expected:
            wrong = words(
                "has only {count} records where {expected} were seen: an older store is back in its place",
                count=count,
                expected=batch.expected,
            )
        else:
            kind, actor, at = self.ask(
                "SELECT kind, actor, at FROM clinic_record WHERE subject = %s AND number = %s", [batch.subject, count]
            )[0]
            more = count - batch.expected - 1
            wrong = words(
                "was changed meanwhile by {actor} ({kind}, {at:%Y-%m-%d %H:%M:%S} UTC)",
                actor=actor,
                kind=kind,
                at=_instant(at),
            )
            if more == 1:
                wrong = words("{changed} and 1 more change before that", changed=wrong)
            elif more:
                wrong = words("{changed} and {more} more changes before that", changed=wrong, more=more)
        return Problem(
            place=batch.subject,
            wrong=wrong,
            remedy=words(
                "nothing of yours was recorded; look at it again, then repeat the command if it is still right"
            ),
        )

    def _chunks(self, where: str, by: Sequence[str], values: Sequence[object], *start: object) -> Iterator[Row]:
        """Yield rows in order, a chunk at a time, each beginning where the last has ended."""
        places = [COLUMNS.index(name) for name in by]
        sql = f"SELECT {_LIST} FROM clinic_record WHERE {where} ORDER BY {', '.join(by)} LIMIT {CHUNK}"  # noqa: S608
        while True:
            rows = self.ask(sql, [*values, *start])
            yield from rows
            if len(rows) < CHUNK:
                return
            start = tuple(rows[-1][place] for place in places)


def record_of(row: Row) -> Record:
    """Return the record that is stored so."""
    values = dict(zip(COLUMNS, row, strict=True))
    return Record(**values | {"body": json.loads(values["body"]), "at": _instant(values["at"])})


def instant_text(at: datetime) -> str:
    """Return the instant as it is stored. Raises ValueError when it is not UTC."""
    if at.utcoffset() != timedelta(0):
        raise ValueError(f"{at} is not UTC")
    return f"{at:{_INSTANT}}"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _chained(
    entries: Sequence[tuple[str, Entry]], counts: dict[str, int], signature: Signature, head: Head
) -> list[Row]:
    """Return the entries as they are stored after this head, of subjects that have so many records already."""
    rows: list[Row] = []
    previous, group = head.hash, head.count + 1
    at = instant_text(signature.at)
    for seq, (subject, entry) in enumerate(entries, start=group):
        counts[subject] += 1
        row = (
            seq, group, subject, counts[subject], entry.kind, entry.version, body_text(entry.body), entry.reason,
            at, signature.actor, signature.role, signature.account,
            signature.protocol_version, signature.tzdata_version, signature.program,
        )  # fmt: skip
        hashed = link(previous, text_of(row))
        rows.append((*row, previous, hashed))
        previous = hashed
    return rows


def _clock_change(head: Head, at: datetime) -> Entry | None:
    if head.at is None or -BACK <= at - head.at <= FORWARD:
        return None
    return Entry(kind="clock", version=1, body={"old": instant_text(head.at), "new": instant_text(at)})


def _check_texts(batches: Sequence[Batch], signature: Signature) -> None:
    """Raise InvalidInput for characters that a database does not keep, or not as they are."""
    texts = [(name, getattr(signature, name)) for name in Signature.__dataclass_fields__ if name != "at"]
    for batch in batches:
        texts.append(("subject", batch.subject))
        for entry in batch.entries:
            texts += [(f"{entry.kind}, reason", entry.reason), *((entry.kind, one) for one in _texts_in(entry.body))]
    bad = dict.fromkeys(place for place, text in texts if _UNKEPT.search(text))
    if bad:
        raise InvalidInput(
            Problem(
                place=place,
                wrong=words("has characters that cannot be stored"),
                remedy=words("type it again, not pasted"),
            )
            for place in bad
        )


def _texts_in(value: object) -> Iterator[str]:
    """Yield every text in a value of JSON, the names of its keys too."""
    match value:
        case str():
            yield value
        case Mapping():
            for name, inner in value.items():
                yield from (name, *_texts_in(inner))
        case list() | tuple():
            for inner in value:
                yield from _texts_in(inner)


def _in_chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
