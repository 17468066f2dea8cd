"""Stores to test with: a small trial of moved visits, and how its records are read."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from clinic.memory.records import Batch, Entry, ParticipantRow, Record, Rows, Signature, VisitRow
from clinic.memory.store import Store, open_store
from schedule.errors import StoreConflict

MORNING = Signature(
    at=datetime(2026, 3, 2, 14, 5, 6, 7, tzinfo=UTC),
    actor="a.coordinator",
    role="coordinator",
    account="clinic-pc",
    protocol_version="2.0",
    tzdata_version="2026.1",
    program="0.1.0",
)
TRIGGERS = ("clinic_record_unchanged", "clinic_record_undeleted", "clinic_record_continued")


def at(text: str) -> Signature:
    """Return a signature of this instant."""
    return replace(MORNING, at=datetime.fromisoformat(text))


def moved(visit: str, day: str, *, reason: str = "") -> Entry:
    return Entry(kind="moved", version=1, body={"visit": visit, "old": None, "new": day}, reason=reason)


def rows_of(code: str, bodies: Sequence[Mapping[str, Any]]) -> Rows:
    """Return what is read from these bodies of a participant's records."""
    days = {body["visit"]: date.fromisoformat(body["new"]) for body in bodies}
    participant = ParticipantRow(
        code=code, site="gainesville", status="enrolled", lang="es", steroids=None, randomized=date(2026, 3, 2),
        day0=None, protocol_version="2.0", records=len(bodies), to_tell=0,
    )  # fmt: skip
    visits = tuple(
        VisitRow(
            participant=code, code=visit, kind="infusion", status="booked", name_en="Infusion", name_es="Infusión",
            target=day, earliest=day, latest=day, planned=day,
            start=datetime(day.year, day.month, day.day, 9), end=None, time_zone="America/New_York", actual=None,
            given=None, sequence=len(bodies), deviation=None, to_rebook=False, to_tell="participant,pharmacy",
            overdue_from=None, closed=False,
        )
        for visit, day in sorted(days.items())
    )  # fmt: skip
    return Rows(participant=participant, visits=visits)


def project(records: Sequence[Record]) -> Rows | None:
    """Replay the records of a subject."""
    room, _, code = records[0].subject.partition("/")
    return rows_of(code, [record.body for record in records]) if room == "participant" else None


def batch_of(store: Store, code: str, *entries: Entry) -> Batch:
    """Return these entries as somebody would write them who has looked at the participant now."""
    subject = f"participant/{code}"
    seen = [record.body for record in store.records(subject)]
    rows = rows_of(code, [*seen, *(entry.body for entry in entries)])
    return Batch(subject=subject, expected=len(seen), entries=entries, rows=rows)


def write(store: Store, code: str, *entries: Entry, signed: Signature = MORNING) -> tuple[Record, ...]:
    return store.append([batch_of(store, code, *entries)], signed)


def fill(store: Store, participants: int, each: int) -> None:
    """Move visits about, a record at a time."""
    for number in range(each):
        for one in range(participants):
            write(store, f"P-{one:03}", moved(f"M{number % 5}", f"2026-06-{number % 28 + 1:02}", reason="snow"))


def write_many(url: str, code: str, count: int) -> int:
    """Write so many records of one participant, in a process of its own; return how many were acknowledged."""
    store = open_store(url)
    done = sum(len(write(store, code, moved("M3", "2026-06-03"))) for _ in range(count))
    store.close()
    return done


def write_once(url: str, number: int) -> str:
    """Write the first records of one and the same participant, in a process of its own; return whether that went."""
    store = open_store(url)
    entries = (moved("M3", f"2026-06-{number + 1:02}"),)
    batch = Batch(subject="participant/P-001", expected=0, entries=entries, rows=rows_of("P-001", [entries[0].body]))
    try:
        store.append([batch], MORNING)
    except StoreConflict:
        return "conflict"
    finally:
        store.close()
    return "recorded"


@contextmanager
def unguarded(store: Store) -> Iterator[Any]:
    """Take the triggers away, as somebody with a database tool would, and undo everything at the end."""
    from django.db import transaction  # noqa: PLC0415 - where there is no store yet, Django is not set up

    with store.locked(), store.connection.cursor() as cursor:
        if store.connection.vendor == "sqlite":
            for name in TRIGGERS:
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            cursor.execute("ALTER TABLE clinic_record DISABLE TRIGGER USER")
        try:
            yield cursor
        finally:
            transaction.set_rollback(True, using=store.alias)
