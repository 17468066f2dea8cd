"""What a store needs, and what it has."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from clinic.memory.audit import key_beside
from clinic.memory.settings import PRAGMAS, pragmas
from clinic.memory.store import Store, open_store
from schedule.doctor import Finding
from schedule.errors import StoreUnavailable

ROOM_MB = 100
"""Less room than this is told, or less than another copy of the file needs."""
SOUND_WAL = (3, 51, 3)
"""Before it SQLite can damage a file in WAL mode; dayzero uses another mode."""
_TRIES = {
    "change": "UPDATE clinic_record SET reason = 'x'",
    "delete": "DELETE FROM clinic_record",
    "skip": (
        'INSERT INTO clinic_record SELECT seq + 2, "group", subject, number + 2, kind, version, body, reason, at,'
        " actor, role, account, protocol_version, tzdata_version, program, previous, hash FROM clinic_record"
        " ORDER BY seq DESC LIMIT 1"
    ),
}
"""What no trigger may let through."""
_PROBE = (
    'INSERT INTO clinic_record (seq, "group", subject, number, kind, version, body, reason, at, actor, role, account,'
    " protocol_version, tzdata_version, program, previous, hash) VALUES"
    " (%s, 1, 'a probe', 1, '', 1, '{}', '', '', '', '', '', '', '', '', %s, '')"
)


def examine(url: str | None = None) -> tuple[Finding, ...]:
    """Look at everything that a store needs, and change nothing."""
    findings: list[Finding] = []
    try:
        findings.extend(_findings(open_store(url)))
    except StoreUnavailable as error:
        (problem,) = error.problems
        found = f"{problem.file} {problem.wrong}"
        findings.append(Finding(subject="store", found=found, good=False, remedy=problem.remedy))
    return tuple(findings)


def _findings(store: Store) -> Iterator[Finding]:
    head = store.head()
    yield Finding(subject="store", found=f"{store.address.shown}: {head.count} records, head {head.hash}", good=True)
    yield from _engine_of_server(store) if store.address.file is None else _engine_of_file(store)
    yield _triggers(store)
    if store.address.file:
        yield _room(store.address.file)
        yield _modes(store, store.address.file)


def _engine_of_file(store: Store) -> Iterator[Finding]:
    import sqlite3

    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < SOUND_WAL:
        version += " (never set the file to WAL mode: before 3.51.3 two writers can damage it)"
    yield Finding(subject="SQLite", found=version, good=True)
    found = pragmas(store.connection)
    said = ", ".join(f"{name}={value}" for name, value in found.items())
    good = found == PRAGMAS
    yield Finding(subject="settings", found=said, good=good, remedy="" if good else "close other programs that use it")
    problems = [one for (one,) in store.ask("PRAGMA integrity_check(5)") if one != "ok"]
    yield Finding(
        subject="file",
        found="; ".join(problems) or "sound",
        good=not problems,
        remedy="keep the file as it is, and restore the last backup: dayzero clinic restore" if problems else "",
    )


def _engine_of_server(store: Store) -> Iterator[Finding]:
    found = {name: store.ask(f"SHOW {name}")[0][0] for name in ("server_version", "fsync", "full_page_writes")}
    good = found["fsync"] == found["full_page_writes"] == "on"
    remedy = "" if good else "turn fsync and full_page_writes on: records can be lost with the power"
    said = ", ".join(f"{name}={value}" for name, value in found.items())
    yield Finding(subject="PostgreSQL", found=said, good=good, remedy=remedy)


def _triggers(store: Store) -> Finding:
    """Try what must be refused, each in a transaction that is never kept."""
    let_through = [name for name, sql in _TRIES.items() if not _refuses(store, sql)]
    return Finding(
        subject="triggers",
        found=f"the database would {' and '.join(let_through)} records" if let_through else "refuse changes",
        good=not let_through,
        remedy="look with 'dayzero audit verify', then restore the last backup" if let_through else "",
    )


def _refuses(store: Store, sql: str) -> bool:
    from django.db import IntegrityError, transaction

    with store.locked():
        head = store.head()
        with store.connection.cursor() as cursor:
            cursor.execute(_PROBE, [head.count + 1, head.hash])
            try:
                cursor.execute(sql)
            except IntegrityError:
                return True
            finally:
                transaction.set_rollback(True, using=store.alias)
    return False


def _room(file: Path) -> Finding:
    free = shutil.disk_usage(file.parent).free
    good = free > max(ROOM_MB * 1_000_000, 2 * file.stat().st_size)
    return Finding(
        subject="room on the disk",
        found=f"{free // 1_000_000} MB",
        good=good,
        remedy="" if good else "make room before the disk is full",
    )


def _modes(store: Store, file: Path) -> Finding:
    files = [one for one in (file, key_beside(store)) if one.exists()]
    open_to_others = [one.name for one in files if stat.S_IMODE(one.stat().st_mode) & 0o077]
    return Finding(
        subject="who may read",
        found=f"others may read {', '.join(open_to_others)}" if open_to_others else "only the file's owner",
        good=not open_to_others,
        remedy=f"chmod 600 {' '.join(open_to_others)}" if open_to_others else "",
    )
