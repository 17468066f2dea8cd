"""Whether the records are as they were written, who did what, and checkpoints that leave the machine."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from clinic.memory.chain import COLUMNS, START, Row, link, text_of
from clinic.memory.records import Head, Record
from clinic.memory.store import Store, instant_text, record_of
from schedule.desk.writing import PRIVATE, Output, cannot_write, write_outputs
from schedule.errors import InvalidInput, Problem, Refused, StoreUnavailable, Unreadable
from schedule.render.tables import spreadsheet_cell
from schedule.saying import Said, words

SHOWN = 20
"""Findings that are told; the rest is counted."""
STEP = 10_000
"""Records between two calls of progress."""
PURPOSE = "dayzero checkpoint"

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it was written."""

    seq: int
    wrong: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What somebody signed: so many records there were, and this was the hash of the last."""

    count: int
    head: str
    at: str
    public_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What looking at all records found."""

    head: Head
    checkpoints: int
    findings: tuple[Finding, ...]
    """The first of them."""
    more: int = 0
    """How many findings there are besides."""

    @property
    def good(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.findings


def verify(store: Store, checkpoints: Iterable[Checkpoint] = (), progress: Progress | None = None) -> Verdict:
    """Look at every record: altered, removed, put in another place, or cut off after a checkpoint."""
    due: dict[int, list[Checkpoint]] = {}
    for one in checkpoints:
        due.setdefault(one.count, []).append(one)
    signed = sum(map(len, due.values()))
    due.pop(0, None)
    findings: list[Finding] = []
    more, chain = 0, Chain()
    for row in store.rows():
        for wrong in chain.follow(row):
            if len(findings) < SHOWN:
                findings.append(Finding(seq=chain.count, wrong=wrong))
            else:
                more += 1
        if chain.count in due:
            findings += _against(due.pop(chain.count), chain)
        if progress and chain.count % STEP == 0:
            progress(chain.count)
    findings += [finding for count in sorted(due) for finding in _against(due[count], chain)]
    head = Head(count=chain.count, hash=chain.previous, at=None)
    return Verdict(head=head, checkpoints=signed, findings=tuple(findings), more=more)


class Chain:
    """What the records so far lead one to expect of the next."""

    def __init__(self) -> None:
        self.count = 0
        self.previous = START
        self.group = 0
        self.numbers: dict[Any, int] = {}

    def follow(self, row: Row) -> Iterator[Said]:
        """Go on to the next record; yield what is wrong with it."""
        seq, group, subject, number, previous, hashed = row[0], row[1], row[2], row[3], row[15], row[16]
        self.count += 1
        try:
            if link(previous, text_of(row)) != hashed:
                yield words("was altered: its hash is another")
        except (TypeError, ValueError):
            yield words("was altered: it holds what was never written so")
        if previous != self.previous:
            yield words("does not follow the record before it: one was altered, removed or put elsewhere")
        if seq != self.count:
            yield words("stands where record {number} should: records are missing", number=self.count)
            self.count = seq if isinstance(seq, int) and seq > self.count else self.count
        if group not in (seq, self.group):
            yield words("belongs to a group that is not there")
        expected = self.numbers.get(subject, 0) + 1
        if number != expected:
            facts = {"number": number, "subject": subject, "expected": expected}
            yield words("is number {number} of {subject}, and should be number {expected}", **facts)
        self.numbers[subject] = number if isinstance(number, int) else expected
        self.previous, self.group = hashed, group


def _against(checkpoints: Sequence[Checkpoint], chain: Chain) -> Iterator[Finding]:
    for one in checkpoints:
        if chain.count < one.count:
            wrong = words(
                "is the last, but there were {count} at {at}: the end was cut off", count=one.count, at=one.at
            )
        elif chain.count == one.count and chain.previous != one.head:
            wrong = words("is not the one that was there at {at}: the records before it were written anew", at=one.at)
        elif chain.count > one.count:
            wrong = words("stands where the record signed at {at} is missing", at=one.at)
        else:
            continue
        yield Finding(seq=chain.count, wrong=wrong)


def log(
    store: Store,
    *,
    subject: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    kind: str | None = None,
    actor: str | None = None,
) -> Iterator[Record]:
    """Yield the records that fit all that is said, in their order; ``until`` itself is not in it."""
    wanted = {"subject": subject, "kind": kind, "actor": actor}
    places = {COLUMNS.index(name): value for name, value in wanted.items() if value is not None}
    first = instant_text(since) if since else ""
    last = instant_text(until) if until else "~"
    at = COLUMNS.index("at")
    for row in store.rows():
        if first <= row[at] < last and all(row[place] == value for place, value in places.items()):
            yield record_of(row)


def lines(store: Store) -> Iterator[bytes]:
    """Return the records as JSON lines: the record as it was hashed, the hash before it, and its own.

    ``SHA-256(previous + record)``, the record as it stands in the line, is the hash.
    """
    return map(line_of, store.rows())


def line_of(row: Row) -> bytes:
    """Return a record as a line of the export."""
    return f'{{"hash":"{row[16]}","previous":"{row[15]}","record":{text_of(row)}}}\n'.encode()


def table(store: Store) -> Iterator[bytes]:
    """Yield the records as CSV, a line each under a heading; no text in it is run as a formula."""
    yield _csv_line(COLUMNS)
    for row in store.rows():
        yield _csv_line([spreadsheet_cell(value) for value in row])


def export(store: Store, out: Path) -> int:
    """Write all records as CSV or as JSON lines, as the file's name ends; return how many.

    Raises Unreadable for another ending, and StoreUnavailable.
    """
    writers: Mapping[str, Callable[[Store], Iterator[bytes]]] = {".csv": table, ".jsonl": lines}
    if out.suffix not in writers:
        wrong = words("{name!a} ends otherwise", name=out.name)
        raise Unreadable([Problem(place="FILE", wrong=wrong, remedy=words("let it end in .csv or .jsonl"))])
    count = 0

    def counted() -> Iterator[bytes]:
        nonlocal count
        for line in writers[out.suffix](store):
            count += 1
            yield line

    write_outputs([Output(path=out, data=counted(), mode=PRIVATE)])
    return count - (out.suffix == ".csv")


def _csv_line(values: Sequence[object]) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue().encode()


def key_beside(store: Store) -> Path:
    """Return where the key of checkpoints usually lies: beside the database, else in the working folder."""
    file = store.address.file
    return file.with_name(file.name + ".checkpoint-key") if file else Path("dayzero.checkpoint-key")


def pin_beside(store: Store) -> Path:
    """Return where the public key of the first checkpoints that were looked at is remembered."""
    return key_beside(store).with_suffix(".checkpoint-pin")


def checkpoint(store: Store, key_file: Path, out_file: Path, *, at: datetime) -> Checkpoint:
    """Sign how many records there are now, and append it to a file that then leaves the machine.

    The key is made at first use. Raises Refused when the file's last checkpoint does not hold in this store: its end
    was cut, or it is another store; InvalidInput for a file that is not one of checkpoints; StoreUnavailable.
    """
    before = read_checkpoints(out_file) if out_file.exists() else ()
    head = store.head()
    if before:
        _check_continues(store, head, before[-1], out_file)
    key = _signing_key(key_file)
    public_key = bytes(key.verify_key).hex()
    if before and before[-1].public_key != public_key:
        problem = Problem(
            file=str(out_file),
            place="",
            wrong=words("was signed by another key"),
            remedy=words("choose a new file for this key"),
        )
        raise Refused([problem])
    made = Checkpoint(count=head.count, head=head.hash, at=instant_text(at), public_key=public_key)
    signature = key.sign(_signed_text(made)).signature.hex()
    line = {"at": made.at, "count": made.count, "head": made.head, "public_key": public_key, "signature": signature}
    _append_line(out_file, json.dumps(line, sort_keys=True))
    return made


def read_checkpoints(file: Path, pin_file: Path | None = None) -> tuple[Checkpoint, ...]:
    """Return the checkpoints of a file whose signatures hold, all by one key.

    With a pin file that key must be the one in it; where there is no such file yet, the key is written into it.
    Raises InvalidInput, Refused for another key than the pinned one, and Unreadable.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        wrong, remedy = words("cannot be read"), words("name a file of checkpoints")
        raise Unreadable([Problem(file=str(file), place="", wrong=wrong, remedy=remedy)]) from error
    read = [_read_line(line) for line in text.splitlines()]
    bad = [number for number, one in enumerate(read, start=1) if one is None]
    found = tuple(one for one in read if one)
    if bad or not found or len({one.public_key for one in found}) > 1:
        problem = Problem(
            file=str(file),
            place=words("line {number}", number=bad[0]) if bad else "",
            wrong=words("is no checkpoint whose signature holds")
            if bad or not found
            else words("was signed by more than one key"),
            remedy=words("take the file from where it was kept, as it was written"),
        )
        raise InvalidInput([problem])
    if pin_file:
        _check_pin(pin_file, found[0].public_key)
    return found


def _read_line(line: str) -> Checkpoint | None:
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    try:
        values = json.loads(line)
        signature = bytes.fromhex(values.pop("signature"))
        read = Checkpoint(**values)
        VerifyKey(bytes.fromhex(read.public_key)).verify(_signed_text(read), signature)
    except (ValueError, TypeError, KeyError, AttributeError, BadSignatureError):
        return None
    return read


def _signed_text(one: Checkpoint) -> bytes:
    return f"{PURPOSE}\n{one.count:d}\n{one.head}\n{one.at}\n{one.public_key}\n".encode()


def _check_pin(pin_file: Path, public_key: str) -> None:
    if not pin_file.exists():
        write_outputs([Output(path=pin_file, data=f"{public_key}\n".encode(), mode=PRIVATE)])
    elif pin_file.read_text("utf-8").strip() != public_key:
        problem = Problem(
            file=str(pin_file),
            place="",
            wrong=words("holds another key than the one that signed these checkpoints"),
            remedy=words(
                "take the checkpoints of this store; only if its key was replaced on purpose, delete this file"
            ),
        )
        raise Refused([problem])


def _check_continues(store: Store, head: Head, last: Checkpoint, out_file: Path) -> None:
    row = next(iter(store.rows(after=last.count - 1)), None) if last.count else None
    held = last.count == 0 or (row is not None and row[0] == last.count and row[16] == last.head)
    if not held:
        problem = Problem(
            file=str(out_file),
            place="",
            wrong=words(
                "tells of {told} records that are not so in this store, which has {count}",
                told=last.count,
                count=head.count,
            ),
            remedy=words(
                "keep both as they are, and look with 'dayzero audit verify'; another store needs another file"
            ),
        )
        raise Refused([problem])


def _signing_key(key_file: Path) -> Any:
    from nacl.signing import SigningKey

    if not key_file.exists():
        write_outputs([Output(path=key_file, data=f"{bytes(SigningKey.generate()).hex()}\n".encode(), mode=PRIVATE)])
    try:
        return SigningKey(bytes.fromhex(key_file.read_text("utf-8").strip()))
    except (OSError, ValueError) as error:
        problem = Problem(
            file=str(key_file),
            place="",
            wrong=words("is no key of checkpoints"),
            remedy=words("restore it, or name another file"),
        )
        raise StoreUnavailable([problem]) from error


def _append_line(file: Path, line: str) -> None:
    """Append a line by writing the whole file anew beside it: a file half written would lose the checkpoints before."""
    try:
        before = file.read_bytes() if file.exists() else b""
    except OSError as error:
        raise cannot_write(file.parent, error) from error
    write_outputs([Output(path=file, data=before + line.encode() + b"\n")])
