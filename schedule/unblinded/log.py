"""The pharmacy's own log: who opened what, when and why, never what was found. A line has a hash of the one before."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any

from schedule.desk.writing import PRIVATE, Output, cannot_write
from schedule.errors import InvalidInput, Problem
from schedule.unblinded.records import canonical

LOG = "pharmacy-log.jsonl"
START = "0" * 64
"""The hash before the first line."""


class Act(Enum):
    """What was done."""

    OPENED = "opened"
    """The pharmacist looked at a participant's cohort."""
    SHEETS = "sheets"
    """The pharmacist's sheets were made."""
    EMERGENCY = "emergency"
    """The emergency key opened an envelope."""
    ACCIDENTAL = "accidental"
    """Somebody learned the cohort by accident; nothing was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be remembered."""

    act: Act
    study: str
    site: str
    participant: str
    at: datetime
    """In UTC."""
    who: str
    """Role or initials."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the log: its number, its hash, and its bytes."""

    number: int
    hash: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How many whole lines a log has, and the hash of the last one."""

    lines: int
    hash: str


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one run at a time add to what lies in the folder. Raises StoreUnavailable."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def add_entries(path: Path, entries: Sequence[Entry]) -> tuple[Output, list[Line]]:
    """Return the log with these entries added, to be written as a whole, and their lines.

    A damaged log is added to all the same: nobody is kept from an envelope in an emergency, and :func:`verify_log`
    finds the damage ever after. Raises InvalidInput where the log cannot be read.
    """
    before = _read(path)
    if before and not before.endswith(b"\n"):
        before += b"\n"
    head = _head(before)
    lines: list[Line] = []
    for entry in entries:
        line = _line(entry, head.lines + 1, head.hash)
        head = Head(lines=line.number, hash=line.hash)
        lines.append(line)
    return Output(path=path, data=b"".join([before, *(line.data for line in lines)]), mode=PRIVATE), lines


def verify_log(path: Path) -> Head:
    """Return the head of the log. Raises InvalidInput with every line that was altered, removed or moved."""
    data = _read(path)
    problems = [
        Problem(file=str(path), place=place, wrong=wrong, remedy="keep the file as it is, and tell the sponsor")
        for place, wrong in _check(data)
    ]
    if problems:
        raise InvalidInput(problems)
    return _head(data)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.exists() else b""
    except OSError as error:
        wrong = f"it cannot be read ({error.strerror})"
        raise InvalidInput([Problem(file=str(path), place="", wrong=wrong, remedy="check its permissions")]) from error


def _line(entry: Entry, number: int, previous: str) -> Line:
    body = asdict(entry) | {
        "act": entry.act.value,
        "at": f"{entry.at:%Y-%m-%dT%H:%M:%SZ}",
        "seq": number,
        "previous": previous,
    }
    own = _hash(body)
    return Line(number=number, hash=own, data=canonical(body | {"hash": own}) + b"\n")


def _hash(body: dict[str, Any]) -> str:
    """Return the hash of a line, which holds that of the line before it."""
    return sha256(canonical(body)).hexdigest()


def _parse(line: bytes) -> dict[str, Any]:
    """Return a line's record; an empty one where the line is damaged."""
    try:
        record = json.loads(line)
        is_canonical = canonical(record) == line
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) and is_canonical else {}


def _head(data: bytes) -> Head:
    lines = data.splitlines()
    if not lines:
        return Head(lines=0, hash=START)
    own = _parse(lines[-1]).get("hash")
    return Head(lines=len(lines), hash=own if isinstance(own, str) else sha256(lines[-1]).hexdigest())


def _check(data: bytes) -> Iterator[tuple[str, str]]:
    if data and not data.endswith(b"\n"):
        yield "its end", "the last line is not whole"
    previous = START
    for number, line in enumerate(data.splitlines(), 1):
        record = _parse(line)
        place = f"line {number}"
        own = record.pop("hash", None)
        if own != _hash(record):
            yield place, "it was altered or is damaged"
        elif record.get("previous") != previous or record.get("seq") != number:
            yield place, "it does not follow the line before it: a line was altered, removed or moved"
        previous = own if isinstance(own, str) else sha256(line).hexdigest()
