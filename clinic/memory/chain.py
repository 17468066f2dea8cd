"""The chain: each record's hash covers the record and the hash before it.

``hash = SHA-256(previous + text)``: the previous hash as 64 lower-case hexadecimal digits, then the record as RFC 8785
JSON in UTF-8. The columns are the record: the text is put together from them, so that no column can be changed without
the hash telling.
"""

import hashlib
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring as quote
from typing import Any

COLUMNS = (
    "seq", "group", "subject", "number", "kind", "version", "body", "reason", "at", "actor", "role", "account",
    "protocol_version", "tzdata_version", "program", "previous", "hash",
)  # fmt: skip
"""A record as it is stored; the last two are not in its text."""

START = "0" * 64
"""What stands for the hash before the first record."""

Row = Sequence[Any]
"""The values of one record, in the order of COLUMNS."""


def body_text(body: Mapping[str, Any]) -> str:
    """Return the body as RFC 8785 JSON. Raises ValueError when something in it is no value of JSON."""
    import rfc8785

    return rfc8785.dumps(dict(body)).decode()


def text_of(row: Row) -> str:
    """Return the record's RFC 8785 JSON: its keys in order, no space.

    Raises TypeError or ValueError when a value is not of its column's type: SQLite would keep any.
    """
    (seq, group, subject, number, kind, version, body, reason, at, actor, role, account,
     protocol_version, tzdata_version, program) = row[:15]  # fmt: skip
    return (
        f'{{"account":{quote(account)},"actor":{quote(actor)},"at":{quote(at)},"body":{body},"group":{group:d},'
        f'"kind":{quote(kind)},"number":{number:d},"program":{quote(program)},'
        f'"protocol_version":{quote(protocol_version)},"reason":{quote(reason)},"role":{quote(role)},"seq":{seq:d},'
        f'"subject":{quote(subject)},"tzdata_version":{quote(tzdata_version)},"version":{version:d}}}'
    )


def link(previous: str, text: str) -> str:
    """Return the hash of a record that follows the one with this hash."""
    return hashlib.sha256((previous + text).encode()).hexdigest()
