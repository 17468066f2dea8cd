"""What the clinic's memory costs, beside a bare Django and a bare SQL scan, in one run on each engine.

A process is measured by its CPU time; work in a store by wall time, since a server works in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import click
from postgresql import binaries, cluster

from bench import (
    BYTES_OF_MAXRSS,
    GROWTH_LIMIT_MB,
    MEGABYTE,
    SITE,
    Pair,
    Row,
    child_seconds,
    make_row,
    tell,
    write_table,
)  # fmt: skip
from clinic.desk.codec import write_event
from clinic.desk.reports import agenda, overdue
from clinic.desk.rulebook import Rulebook, adopt_protocol, set_site
from clinic.desk.work import PARTICIPANTS, projector, rows_of
from clinic.memory.audit import verify
from clinic.memory.records import Batch, Entry, Rows, Signature
from clinic.memory.store import Store, create_store
from schedule.files.protocol import find_protocol
from schedule.files.site import find_site, read_site
from schedule.files.text import read_text
from schedule.participant import commands as ask
from schedule.participant.deciding import after_events, decide
from schedule.participant.events import Event
from schedule.participant.replanning import Rules
from schedule.participant.state import Given, Participant, ParticipantId
from schedule.study.protocol import Kind

CHANGE_LIMIT = 2
SCAN_LIMIT = 5
EVENTS = 60
"""Of each participant."""
IN_A_GROUP = 50
ROUNDS = 3
TODAY = date(2026, 3, 2)
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SIGNATURE = Signature(
    at=AT, actor="bench", role="coordinator", account="bench", protocol_version="-", tzdata_version="-", program="-"
)

BARE = """
import django
from django.conf import settings
database = {"ENGINE": "django.db.backends.sqlite3", "NAME": "bare.sqlite3"}
settings.configure(DATABASES={"default": database}, INSTALLED_APPS=[], USE_TZ=True)
django.setup()
from django.db import connection, models
class Row(models.Model):
    text = models.TextField()
    class Meta:
        app_label = "bare"
if "bare_row" not in connection.introspection.table_names():
    with connection.schema_editor() as editor:
        editor.create_model(Row)
Row.objects.create(text="one row")
"""
"""A Django with one table that writes one row: the plainest program with a memory."""


def measure_change(rounds: int) -> Iterator[Row]:
    """Measure commands that record one change as whole processes."""
    dayzero = str(Path(sys.executable).with_name("dayzero"))
    bare = [sys.executable, "-c", BARE]
    today = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        child_seconds([dayzero, "clinic", "init", "--site", SITE], folder)
        child_seconds([dayzero, "enroll", "P-001", "--site", SITE, "--randomized", str(today), "--steroids"], folder)
        shown = subprocess.run(
            [dayzero, "book", "P-001", "M25", "--format", "json"], cwd=folder, check=True, capture_output=True
        )
        open_day = str(json.loads(shown.stdout)[0]["day"])
        changes: dict[str, Callable[[int], list[str]]] = {
            "a try to call, recorded": lambda number: ["attempt", "P-001", "M25", "--note", f"try {number}"],
            "a visit moved": lambda number: [
                "move", "P-001", "M25", open_day, f"{9 + number % 2:02}:00", "--reason", "x",
            ],
        }  # fmt: skip
        for what, arguments in changes.items():
            pairs = []
            for done in range(-1, rounds):
                tell(f"{what}: {max(done, 0)} of {rounds}")
                plain = child_seconds(bare, folder)
                pairs.append(Pair(plain=plain, ours=child_seconds([dayzero, *arguments(done)], folder)))
            yield make_row(what, pairs[1:], limit=CHANGE_LIMIT, each="a bare Django's row")


def a_history(rules: Rules) -> tuple[Participant, tuple[Event, ...]]:
    """Return sixty events of a participant who comes to everything, and the state after them."""
    state: Participant | None = None
    events: list[Event] = []

    def do(command: ask.Command, today: date) -> Participant:
        decided = decide(state, command, replace(rules, today=today))
        events.extend(decided)
        return after_events(state, decided, AT)

    state = do(ask.Enroll(participant=ParticipantId("P-0"), randomized=TODAY, steroids=True), TODAY)
    while len(events) < EVENTS:
        visit = next(one for one in state.in_order if one.is_open and one.kind is not Kind.MILESTONE)
        day = visit.dates.day or visit.dates.target
        given = Given.YES if visit.kind is Kind.INFUSION else None
        state = do(ask.Book(code=visit.code, day=day), day)
        state = do(ask.LogAttempt(code=visit.code), day)
        state = do(ask.RecordDone(code=visit.code, day=day, given=given), day)
    history = tuple(events[:EVENTS])
    return after_events(None, history, AT), history


def fill(store: Store, people: int) -> None:
    """Record the same history for as many participants."""
    book = Rulebook(store)
    protocol, adopted = adopt_protocol(book, find_protocol("res001-dmpm-02"), "")
    _, added = set_site(
        book,
        read_site(find_site(SITE)),
        read_text(find_site(SITE)),
        "",
        follows=protocol.study.version,
        year=TODAY.year,
    )
    store.append([*adopted, *added], SIGNATURE)
    rules = Rulebook(store).rules(SITE, protocol.study.version, AT)
    state, events = a_history(rules)
    entries = [Entry(kind=kind, version=version, body=body) for kind, version, body in map(write_event, events)]
    rows = rows_of(state, rules, records=EVENTS)
    for first in range(0, people, IN_A_GROUP):
        tell(f"filling {store.address.shown}: {first} of {people}")
        store.append(
            [_batch(f"P-{number:05}", entries, rows) for number in range(first, first + IN_A_GROUP)], SIGNATURE
        )


def _batch(code: str, entries: Sequence[Entry], rows: Rows) -> Batch:
    enrolled = replace(entries[0], body={**entries[0].body, "participant": code})
    mine = Rows(
        participant=replace(rows.participant, code=code),
        visits=tuple(replace(visit, participant=code) for visit in rows.visits),
    )
    return Batch(subject=PARTICIPANTS + code, expected=0, entries=(enrolled, *entries[1:]), rows=mine)


def scan(store: Store, table: str) -> int:
    """Read every row of a table and do nothing with it."""
    count = 0
    with store.connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")  # noqa: S608
        while rows := cursor.fetchmany(2000):
            count += len(rows)
    return count


def wall_seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_store(store: Store, people: int) -> Iterator[Row]:
    """Measure lists, the check of the chain and a replay in a store against scans of the rows that they read."""
    engine = "PostgreSQL" if store.address.file is None else "SQLite"
    fill(store, people)
    book = Rulebook(store)
    days = (date(2026, 11, 2), date(2026, 11, 8))
    works: dict[str, tuple[Callable[[], object], str]] = {
        "agenda of a week": (lambda: list(agenda(book, None, *days, NOW)), "clinic_visit"),
        "overdue list": (lambda: list(overdue(book, None, NOW)), "clinic_visit"),
        "audit verify": (lambda: verify(store), "clinic_record"),
        "replay of all records": (lambda: store.rebuild(projector(book)), "clinic_record"),
    }
    for what, (work, table) in works.items():
        pairs = []
        for done in range(ROUNDS):
            tell(f"{what}, {engine}: {done}")
            scanned = wall_seconds(lambda table=table: scan(store, table))  # type: ignore[misc]
            pairs.append(Pair(ours=wall_seconds(work), plain=scanned))
        name = f"{what}, {people * EVENTS:,} records, {engine}"
        yield make_row(name, pairs, limit=SCAN_LIMIT, each=f"a scan of {table}")


def measure_memory(people: int) -> Iterator[Row]:
    """Measure the peak of memory of a check and a replay in a process of their own, and of a tenth of the records."""
    code = (
        "import resource, sys; from clinic.memory.store import open_store; from clinic.memory.audit import verify;"
        "from clinic.desk.rulebook import Rulebook; from clinic.desk.work import projector;"
        "store = open_store(sys.argv[1]); verify(store); store.rebuild(projector(Rulebook(store)));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        for count in (people // 10, people):
            store = create_store(f"{name}/{count}.sqlite3")
            fill(store, count)
            store.close()
            tell(f"memory of {count} participants")
            done = subprocess.run(
                [sys.executable, "-c", code, f"{name}/{count}.sqlite3"], check=True, capture_output=True, text=True
            )
            peaks.append(int(done.stdout) * BYTES_OF_MAXRSS / MEGABYTE)
    yield Row(
        what=f"memory of verify and replay from {people // 10 * EVENTS:,} to {people * EVENTS:,} records",
        limit=GROWTH_LIMIT_MB,
        measured=peaks[1] - peaks[0],
        unit="MB",
        means=f"peak {peaks[1]:.0f} MB, {peaks[0]:.0f} MB with a tenth",
    )


def measure_clinic(people: int, rounds: int) -> Iterator[Row]:
    """Measure commands, and a store of each engine that this machine has."""
    yield from measure_change(rounds)
    with tempfile.TemporaryDirectory() as name:
        yield from measure_store(create_store(f"{name}/bench.sqlite3"), people)
    if binaries():
        with cluster(careful=True) as server:
            yield from measure_store(create_store(server.new_database()), people)
    yield from measure_memory(people)


@click.command()
@click.option("--quick", is_flag=True, help="A tenth of the participants and a quarter of the rounds, for a look.")
def main(*, quick: bool) -> None:
    """Measure what the clinic's memory costs; exit 1 when a limit is exceeded."""
    people, rounds = (500, 5) if quick else (5_000, 21)
    rows = [*measure_clinic(people, rounds)]
    tell("")
    print(write_table(rows))
    sys.exit(any(row.is_missed for row in rows))


if __name__ == "__main__":
    main()
