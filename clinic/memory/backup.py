"""A copy of all records elsewhere, and a store made again from it."""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clinic.memory.audit import Chain, lines, verify
from clinic.memory.chain import COLUMNS, START, Row, body_text
from clinic.memory.records import Head
from clinic.memory.settings import address_of
from clinic.memory.store import Project, Store, create_store, open_store
from schedule.desk.writing import PRIVATE, Output, cannot_write, write_outputs
from schedule.errors import InvalidInput, Problem, Refused
from schedule.saying import Said, words

NOT_COPIED = ("access_", "auth_", "axes_", "django_session")
"""How the tables begin that the web server keeps beside the records."""
SQLITE_START = b"SQLite format 3\0"


def backup(store: Store, out: Path) -> Head:
    """Write a copy of the store while others go on writing; return the end of the chain in it.

    Of SQLite it is a database file, of PostgreSQL all records as JSON lines with their head as the last.
    Raises Refused where a file is already, and StoreUnavailable.
    """
    if out.exists():
        problem = Problem(file=str(out), place="", wrong=words("is there already"), remedy=words("choose another name"))
        raise Refused([problem])
    return _copy_file(store, out) if store.address.file else _write_lines(store, out)


def restore(file: Path, url: str | None, project: Project) -> Head:
    """Make an empty store the one that was copied, all of it or nothing; what is read from it is made anew.

    Any copy can be restored into any engine. Raises Refused when the store has records, InvalidInput for a file that
    is no copy or is damaged, and StoreUnavailable.
    """
    wanted, rows = _open_lines(file) if not _is_sqlite(file) else _open_file(file)
    place = address_of(url).file
    is_new = place is not None and not place.exists()
    store = create_store(url)
    if store.head().count:
        problem = Problem(
            file=store.address.shown,
            place="",
            wrong=words("has records already"),
            remedy=words("restore into a new file or database: nothing is ever overwritten"),
        )
        raise Refused([problem])
    try:
        with store.locked():
            store.insert(_checked(file, rows))
            _check_whole(store, file, wanted)
            store.rebuild(project)
    except BaseException:
        if place and is_new:
            store.close()
            place.unlink(missing_ok=True)
        raise
    return store.head()


def _check_whole(store: Store, file: Path, wanted: Head) -> None:
    verdict = verify(store)
    if not verdict.good or (verdict.head.count, verdict.head.hash) != (wanted.count, wanted.hash):
        raise _damaged(file, verdict.findings[0].wrong if verdict.findings else words("its end is another"))


def _copy_file(store: Store, out: Path) -> Head:
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=".", suffix=".part")
        os.close(handle)
    except OSError as error:
        raise cannot_write(out.parent, error) from error
    temporary = Path(name)
    try:
        with closing(sqlite3.connect(temporary)) as copy:
            store.connection.ensure_connection()
            store.connection.connection.backup(copy)
            _forget_accounts(copy)
            count, hashed = copy.execute(
                "SELECT coalesce(max(seq), 0), coalesce((SELECT hash FROM clinic_record ORDER BY seq DESC LIMIT 1), ?)"
                " FROM clinic_record",
                [START],
            ).fetchone()
        temporary.chmod(PRIVATE)
        _sync(temporary)
        temporary.replace(out)
        _sync(out.parent)
    except (OSError, sqlite3.Error) as error:
        raise cannot_write(out.parent, error if isinstance(error, OSError) else OSError(str(error))) from error
    finally:
        temporary.unlink(missing_ok=True)
    return Head(count=count, hash=hashed)


def _forget_accounts(copy: sqlite3.Connection) -> None:
    """Take accounts, sessions and one-time links out: whoever has a copy cannot sign in with it."""
    copy.execute("PRAGMA secure_delete=ON")
    tables = [name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in tables:
        if name.startswith(NOT_COPIED):
            copy.execute(f'DELETE FROM "{name}"')  # noqa: S608 - a name of our own tables
    copy.commit()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(slots=True)
class _End:
    count: int = 0
    hash: str = START


def _write_lines(store: Store, out: Path) -> Head:
    end = _End()

    def all_lines() -> Iterator[bytes]:
        for line in lines(store):
            end.count += 1
            end.hash = line[9:73].decode()
            yield line
        yield json.dumps({"count": end.count, "head": end.hash}).encode() + b"\n"

    write_outputs([Output(path=out, data=all_lines(), mode=PRIVATE)])
    return Head(count=end.count, hash=end.hash)


def _is_sqlite(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(SQLITE_START)) == SQLITE_START
    except OSError as error:
        problem = Problem(
            file=str(file),
            place="",
            wrong=words("cannot be read ({why})", why=error.strerror),
            remedy=words("name a copy of the store"),
        )
        raise InvalidInput([problem]) from error


def _open_file(file: Path) -> tuple[Head, Iterator[Row]]:
    copy = open_store(str(file))
    return copy.head(), copy.rows()


def _open_lines(file: Path) -> tuple[Head, Iterator[Row]]:
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - 200))
        last = opened.read().splitlines()[-1:]
    try:
        end = json.loads(last[0])
        return Head(count=end["count"], hash=end["head"]), _rows_of_lines(file)
    except (ValueError, LookupError, TypeError) as error:
        raise _damaged(file, words("it does not end as a copy does")) from error


def _rows_of_lines(file: Path) -> Iterator[Row]:
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            try:
                values: dict[str, Any] = json.loads(line)
                if "head" in values:
                    return
                record = values["record"]
                record |= {"body": body_text(record["body"]), "previous": values["previous"], "hash": values["hash"]}
                row = tuple(record[name] for name in COLUMNS)
            except (ValueError, LookupError, TypeError) as error:
                raise _damaged(file, words("line {number} is no record", number=number)) from error
            yield row


def _checked(file: Path, rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows as long as each continues the chain."""
    chain = Chain()
    for row in rows:
        for wrong in chain.follow(row):
            raise _damaged(file, words("record {number} {wrong}", number=chain.count, wrong=wrong))
        yield row


def _damaged(file: Path, why: Said) -> InvalidInput:
    problem = Problem(
        file=str(file),
        place="",
        wrong=words("is no whole copy of a store ({why})", why=why),
        remedy=words("restore an older copy"),
    )
    return InvalidInput([problem])
