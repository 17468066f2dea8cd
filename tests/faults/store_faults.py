"""What goes wrong with machines, done to the clinic's store on purpose: ``make faults``, or a small run in the tests.

Prints a table of what was done, how often, and whether all held; exit code 1 when something did not.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from select import select
from typing import Any

import postgresql
from power import Left, lose_power, record
from stores import MORNING, fill, moved, project, unguarded, write

from clinic.memory import audit, settings
from clinic.memory.chain import COLUMNS, START, link, text_of
from clinic.memory.store import Store, create_store, open_store
from schedule.desk.writing import Output, write_outputs
from schedule.errors import StoreUnavailable

SEED = 20261127
SYNCHRONOUS = {"OFF": 0, "FULL": 2, "EXTRA": 3}
POWER_WRITES = 40
ALL_HELD = "all held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One kind of fault: how often in a small run and in a full one."""

    name: str
    small: int
    full: int
    run: Callable[[int, Path, Random], "Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a campaign found."""

    held: bool
    said: str


class Skipped(Exception):
    """This machine has not what the fault needs."""


# What must hold after each fault


def broken(store: Store, acknowledged: Mapping[int, str], *, grouped: int = 2) -> list[str]:
    """Return what is wrong: an acknowledged record that is gone, half a group, a damaged file or chain, a stale row."""
    rows = {row[0]: row for row in store.rows()}
    lost = [seq for seq, hashed in acknowledged.items() if seq not in rows or rows[seq][16] != hashed]
    halves = [group for group, size in Counter(row[1] for row in rows.values()).items() if size != grouped]
    wrong = ["an acknowledged record is gone"] if lost else []
    wrong += ["a group is not whole"] if halves else []
    if store.address.file and store.ask("PRAGMA integrity_check") != [("ok",)]:
        wrong.append("the file is damaged")
    if not audit.verify(store).good:
        wrong.append("the chain is broken")
    if any(True for _ in store.differences(project)):
        wrong.append("rows are not those of a replay")
    return wrong


def two(number: int) -> tuple[Any, Any]:
    day = f"2026-06-{number % 28 + 1:02}"
    return moved("M3", day, reason="snow"), moved("M4", day, reason="snow")


# Kills


def write_until_killed(url: str, code: str, pipe: int) -> None:
    """Write groups of two, and say each by its seq and hash when it was acknowledged."""
    store = open_store(url)
    number = 0
    while True:
        number += 1
        done = write(store, code, *two(number))
        os.write(pipe, b"".join(f"{one.seq} {one.hash}\n".encode() for one in done))


def forked(work: Callable[[int], None]) -> tuple[int, int]:
    """Do the work in a process of its own; return its id and what it says."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            work(writing)
        finally:
            os._exit(1)
    os.close(writing)
    return child, reading


def said_by(pipe: int) -> dict[int, str]:
    with os.fdopen(pipe, encoding="ascii") as lines:
        pairs = [line.split() for line in lines if line.endswith("\n")]
    return {int(pair[0]): pair[1] for pair in pairs}


def kills(new_url: Callable[[], str], writers: int, count: int, rng: Random) -> Outcome:
    """Kill writers at any moment, mostly after the first of them has recorded something, until so many were killed."""
    faults: Counter[str] = Counter()
    killed = acknowledged = 0
    rounds = 0
    while killed < count:
        if rounds % 40 == 0:
            store = create_store(new_url())
            kept: dict[int, str] = {}
        rounds += 1
        store.close()
        url = said_url(store)
        children = [forked(partial(write_until_killed, url, f"P-{one:03}")) for one in range(writers)]
        if rng.random() < 0.8:
            select([pipe for _, pipe in children], [], [], 10)
        time.sleep(rng.uniform(0, 0.05 if writers == 1 else 0.3))
        for child, _ in rng.sample(children, writers):
            os.kill(child, signal.SIGKILL)
            time.sleep(rng.uniform(0, 0.01) if writers > 1 else 0)
        for child, _ in children:
            os.waitpid(child, 0)
        killed += writers
        for _, pipe in children:
            new = said_by(pipe)
            acknowledged += len(new)
            kept |= new
        faults.update(broken(store, kept))
    said = f"{killed} killed, {acknowledged} records acknowledged, {in_words(faults) or 'nothing lost'}"
    return Outcome(held=not faults and acknowledged > 0, said=said)


def said_url(store: Store) -> str:
    if store.address.file:
        return str(store.address.file)
    return (
        f"postgresql://postgres@/{store.connection.settings_dict['NAME']}?host={store.connection.settings_dict['HOST']}"
    )


def files_in(folder: Path) -> Callable[[], str]:
    numbers = iter(range(10_000))
    return lambda: str(folder / f"store{next(numbers)}.sqlite3")


def kills_of_one(count: int, folder: Path, rng: Random) -> Outcome:
    return kills(files_in(folder), 1, count, rng)


def kills_of_eight(count: int, folder: Path, rng: Random) -> Outcome:
    return kills(files_in(folder), 8, count, rng)


def kills_on_a_server(count: int, _: Path, rng: Random) -> Outcome:
    if not postgresql.binaries():
        raise Skipped("needs PostgreSQL")
    with postgresql.cluster(careful=True) as cluster:
        try:
            return kills(cluster.new_database, 8, count, rng)
        finally:
            close_all()


def close_all() -> None:
    from django.db import connections  # noqa: PLC0415 - Django is set up when the first store is opened

    connections.close_all()


# Power loss


def write_some(url: str, count: int, synchronous: str) -> None:
    """Write groups of two, and say each in the file ``acks`` when it was acknowledged: the writer that is watched."""
    settings.PRAGMAS["synchronous"] = SYNCHRONOUS[synchronous]
    store = open_store(url)
    acks = os.open(Path(url).with_name("acks"), os.O_WRONLY | os.O_CREAT)
    for number in range(count):
        done = write(store, f"P-{number % 5:03}", *two(number))
        os.write(acks, b"".join(f"{one.seq} {one.hash}\n".encode() for one in done))


def power_losses(synchronous: str, count: int, folder: Path, rng: Random) -> Counter[str]:
    """Watch a writer, then lose the power at any moment of it, so many times; return what was wrong after."""
    if not shutil.which("strace"):
        raise Skipped("needs strace")
    writing = folder / f"power-{synchronous}"
    writing.mkdir()
    file = writing / "clinic.sqlite3"
    made = create_store(str(file))
    fill(made, 5, 0)
    made.close()
    before = {file.name: file.read_bytes()}
    command = [__file__, "--write-some", str(file), str(POWER_WRITES), synchronous]
    steps = record(writing, [file.name], command, {"PYTHONPATH": os.pathsep.join(sys.path)})
    memory = Path("/dev/shm")  # noqa: S108 - only a faster place
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as place:
        after = Path(place) / "clinic.sqlite3"
        faults: Counter[str] = Counter()
        for _ in range(count):
            left = lose_power(before, steps, rng.randrange(len(steps) + 1), rng)
            faults.update(state_after(left, after) or [ALL_HELD])
    return faults


def state_after(left: Left, file: Path) -> list[str]:
    """Lay what is left on a disk and open it, as on the next morning; return what is wrong."""
    for path in file.parent.iterdir():
        path.unlink()
    for name, data in left.files.items():
        if name != "acks":
            (file.parent / name).write_bytes(data)
    acknowledged = dict(line.split() for one in left.acknowledged for line in one.decode().splitlines())
    try:
        store = open_store(str(file))
        return broken(store, {int(seq): hashed for seq, hashed in acknowledged.items()})
    except Exception as error:  # noqa: BLE001 - a damaged file can show itself in any way
        return [f"cannot be read ({type(error).__name__})"]
    finally:
        close_all()


def power_loss(count: int, folder: Path, rng: Random) -> Outcome:
    faults = power_losses("EXTRA", count, folder, rng)
    return Outcome(held=faults[ALL_HELD] == count, said=in_words(faults))


def power_loss_off(count: int, folder: Path, rng: Random) -> Outcome:
    """The control: the same without forcing anything to the disk must lose records, or the test sees nothing."""
    faults = power_losses("OFF", count, folder, rng)
    return Outcome(held=faults[ALL_HELD] < count, said=f"must fail: {in_words(faults)}")


def power_loss_full(count: int, folder: Path, rng: Random) -> Outcome:
    """What synchronous=FULL would do: the folder is not forced to the disk after the commit."""
    faults = power_losses("FULL", count, folder, rng)
    return Outcome(held=faults[ALL_HELD] < count, said=f"must fail: {in_words(faults)}")


def in_words(faults: Counter[str]) -> str:
    return ", ".join(f"{count:,} x {fault}" for fault, count in faults.most_common())


# Disks


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a small disk in memory."""
    place = folder / "disk"
    place.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        raise Skipped("needs root, to mount a small disk")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=False)
    if done.returncode:
        raise Skipped("may not mount a small disk here")
    try:
        yield place
    finally:
        close_all()
        subprocess.run(["umount", place], check=True)


def told_in_a_line(store: Store, number: int) -> tuple[str, dict[int, str]]:
    """Write until it is refused; return what was said, and what was acknowledged before."""
    acknowledged: dict[int, str] = {}
    for one in range(2000):
        try:
            done = write(store, f"P-{(number + one) % 5:03}", *two(one))
        except StoreUnavailable as error:
            return str(error), acknowledged
        acknowledged |= {record.seq: record.hash for record in done}
    return "never refused", acknowledged


def disk_full(count: int, folder: Path, rng: Random) -> Outcome:
    faults: Counter[str] = Counter()
    written = 0
    with small_disk(folder, "3m") as disk:
        file, filler = disk / "clinic.sqlite3", disk / "filler"
        for number in range(count):
            if number % 20 == 0:
                close_all()
                file.unlink(missing_ok=True)
                store, kept = create_store(str(file)), dict[int, str]()
            filler.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - rng.randrange(60_000))))
            said, acknowledged = told_in_a_line(store, number)
            filler.unlink()
            kept |= acknowledged
            if "No space left on device" not in said or "\n" in said:
                faults[said] += 1
            faults.update(broken(store, kept))
            kept |= {one.seq: one.hash for one in write(store, "P-000", *two(number))}
            written += len(acknowledged) + 2
    return Outcome(held=not faults, said=in_words(faults) or f"a line each; {written} records acknowledged, none lost")


def read_only(count: int, folder: Path, _rng: Random) -> Outcome:
    faults: Counter[str] = Counter()
    with small_disk(folder, "3m") as disk:
        store = create_store(str(disk / "clinic.sqlite3"))
        kept: dict[int, str] = {}
        for number in range(count):
            kept |= {one.seq: one.hash for one in write(store, "P-000", *two(number))}
            store.close()
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            said, _ = told_in_a_line(store, number)
            if "cannot be written (Read-only file system)" not in said or "\n" in said:
                faults[said] += 1
            faults.update(broken(store, kept))
            store.close()
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    return Outcome(held=not faults, said=in_words(faults) or "a line each, nothing lost, and all can be read")


# Files


def file_kills(count: int, folder: Path, rng: Random) -> Outcome:
    """Kill a process that replaces two files again and again: each must be of one piece."""
    names = ("participant.ics", "schedule.json")
    write_outputs(contents(folder, names, 0))
    halves, seen = 0, set()
    for number in range(count):
        child, pipe = forked(partial(replace_forever, folder, names, number))
        if rng.random() < 0.8:
            select([pipe], [], [], 10)
        time.sleep(rng.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(pipe)
        for name in names:
            data = (folder / name).read_bytes()
            versions = set(data.decode().split())
            seen |= versions
            halves += len(versions) != 1 or not data.endswith(b"\n")
    return Outcome(held=not halves and len(seen) > count // 4, said=f"{halves} halves; {len(seen)} versions were seen")


def contents(folder: Path, names: tuple[str, ...], version: int) -> list[Output]:
    return [Output(path=folder / name, data=f"{version}\n".encode() * 40_000) for name in names]


def replace_forever(folder: Path, names: tuple[str, ...], number: int, pipe: int) -> None:
    version = number * 1_000_000
    while True:
        version += 1
        write_outputs(contents(folder, names, version))
        os.write(pipe, b".")


# Clocks


def clock_steps(count: int, folder: Path, _: Random) -> Outcome:
    """Set the clock back ten days, forward five years, and by turns; what is little or usual is no step."""
    store = create_store(str(folder / "clock.sqlite3"))
    write(store, "P-000", *two(0), signed=replace(MORNING, at=datetime(2026, 3, 2, 9, tzinfo=UTC)))
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    wrong = 0
    for number in range(count):
        step = timedelta(days=-10) if number % 2 == 0 else timedelta(days=365 * 5)
        earlier, now = now, now + step
        done = write(store, "P-000", *two(number), signed=replace(MORNING, at=now))
        bodies = {one.kind: one.body for one in done}
        instants = {"old": f"{earlier:%Y-%m-%dT%H:%M:%S.%f}Z", "new": f"{now:%Y-%m-%dT%H:%M:%S.%f}Z"}
        now += timedelta(seconds=1)
        usual = write(store, "P-000", *two(number), signed=replace(MORNING, at=now))
        wrong += bodies.get("clock") != instants or len(done) != 3 or len(usual) != 2
    order = [one.seq for one in store.all_records()] == list(range(1, store.head().count + 1))
    held = not wrong and order and audit.verify(store).good and not list(store.differences(project))
    return Outcome(held=held, said=f"{count - wrong} of {count} recorded; order is that of the sequence")


# Tampering


def tamperings(count: int, folder: Path, rng: Random) -> Outcome:
    """Change the records with the triggers taken away, in any way; each must be found."""
    store = create_store(str(folder / "tampered.sqlite3"))
    for number in range(30):
        write(store, f"P-{number % 3:03}", *two(number))
    signed = [audit.checkpoint(store, folder / "key", folder / "signed.jsonl", at=MORNING.at)]
    found: Counter[str] = Counter()
    for _ in range(count):
        with unguarded(store) as cursor:
            way = rng.choice(WAYS)
            way(store, cursor, rng)
            found[f"{way.__name__} {'found' if not audit.verify(store, signed).good else 'MISSED'}"] += 1
    missed = sum(n for name, n in found.items() if "MISSED" in name)
    held = not missed and audit.verify(store, signed).good
    return Outcome(held=held, said=", ".join(f"{n} {name}" for name, n in sorted(found.items())))


def altered(store: Store, cursor: Any, rng: Random) -> None:
    row = rng.choice(list(store.rows()))
    place = rng.randrange(len(COLUMNS))
    cursor.execute(f'UPDATE clinic_record SET "{COLUMNS[place]}" = %s WHERE seq = %s', [other(row[place], rng), row[0]])  # noqa: S608


def other(value: Any, rng: Random) -> Any:
    """Return another value that is not far away."""
    if isinstance(value, int):
        return value + rng.choice([-1, 1, 1000]) * 1000
    at = rng.randrange(len(value) + 1)
    return rng.choice([value[:at] + "0" + value[at:], value[: at - 1] + value[at:] if at else value + " ", value + "x"])


def removed(store: Store, cursor: Any, rng: Random) -> None:
    first = rng.randint(1, store.head().count - 1)
    cursor.execute("DELETE FROM clinic_record WHERE seq BETWEEN %s AND %s", [first, first + rng.randrange(5)])


def cut(store: Store, cursor: Any, rng: Random) -> None:
    cursor.execute("DELETE FROM clinic_record WHERE seq > %s", [rng.randrange(store.head().count)])


def swapped(store: Store, cursor: Any, rng: Random) -> None:
    one, two_ = rng.sample(range(1, store.head().count + 1), 2)
    for old, new in ((one, -1), (two_, one), (-1, two_)):
        cursor.execute("UPDATE clinic_record SET seq = %s WHERE seq = %s", [new, old])


def inserted(store: Store, cursor: Any, rng: Random) -> None:
    """Put a record that never was among the others, the later ones a place further on."""
    at = rng.randint(1, store.head().count)
    cursor.execute("UPDATE clinic_record SET seq = -seq - 1 WHERE seq >= %s", [at])
    cursor.execute("UPDATE clinic_record SET seq = -seq WHERE seq < 0")
    source = next(iter(store.rows()))
    forged = [at, at, "participant/P-009", 1, *source[4:]]
    forged[16] = link(forged[15], text_of(forged))
    cursor.execute(f"INSERT INTO clinic_record VALUES ({', '.join(['%s'] * len(COLUMNS))})", forged)  # noqa: S608


def rewritten(store: Store, cursor: Any, rng: Random) -> None:
    """Change a record and make every hash after it anew, as who knows the program would."""
    rows = [list(row) for row in store.rows()]
    chosen = rng.randrange(len(rows))
    rows[chosen][7] += " (corrected)"
    previous = START
    for row in rows:
        row[15], row[16] = previous, link(previous, text_of(row))
        previous = row[16]
        cursor.execute(
            "UPDATE clinic_record SET reason = %s, previous = %s, hash = %s WHERE seq = %s", [row[7], *row[15:], row[0]]
        )


WAYS = (altered, altered, altered, removed, cut, swapped, inserted, rewritten)

CAMPAIGNS = (
    Campaign(name="kill -9, 1 writer", small=15, full=1000, run=kills_of_one),
    Campaign(name="kill -9, 8 writers", small=16, full=800, run=kills_of_eight),
    Campaign(name="kill -9, 8 writers, PostgreSQL", small=16, full=800, run=kills_on_a_server),
    Campaign(name="power loss, as dayzero sets SQLite (synchronous=EXTRA)", small=60, full=5000, run=power_loss),
    Campaign(name="control: synchronous=OFF", small=60, full=1000, run=power_loss_off),
    Campaign(name="control: synchronous=FULL", small=200, full=5000, run=power_loss_full),
    Campaign(name="disk full", small=8, full=200, run=disk_full),
    Campaign(name="read-only folder", small=2, full=10, run=read_only),
    Campaign(name="kill -9 while files are written", small=15, full=500, run=file_kills),
    Campaign(name="clock back ten days, forward five years", small=12, full=12, run=clock_steps),
    Campaign(name="tampering with the triggers taken away", small=40, full=1000, run=tamperings),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the full counts; takes some minutes")
    parser.add_argument("--write-some", nargs=3, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.write_some:
        url, count, synchronous = said.write_some
        write_some(url, int(count), synchronous)
        return
    print("| fault | n | held | what was found | s |\n|---|---|---|---|---|")
    results = []
    for campaign in CAMPAIGNS:
        count = campaign.full if said.full else campaign.small
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome = campaign.run(count, Path(folder), Random(SEED))
                held = "yes" if outcome.held else "NO"
            except Skipped as why:
                outcome, held = Outcome(held=True, said=f"not run: {why}"), "-"
            close_all()
        results.append(outcome.held)
        seconds = time.monotonic() - started
        print(f"| {campaign.name} | {count:,} | {held} | {outcome.said} | {seconds:.0f} |", flush=True)
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
