"""What is recorded of links to calendars, and how their records are read. The token itself stands nowhere."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from clinic.desk.codec import check_version, damaged
from clinic.memory.records import Entry, LinkRow, LinkRows, Record
from schedule.saying import words

LINKS = "links/"
CREATED, ROTATED, REVOKED = "link_created", "link_rotated", "link_revoked"
KINDS = dict.fromkeys((CREATED, ROTATED, REVOKED), 1)
"""All of version 1."""


def created(hash_: str, *, label: str, lang: str, expires: date | None) -> Entry:
    """Return what records a new link."""
    return Entry(kind=CREATED, version=1, body=_describe(hash_, label, lang, expires))


def rotated(old: LinkRow, hash_: str, *, reason: str, compromised: bool) -> Entry:
    """Return what records that another link stands in the place of one."""
    body = _describe(hash_, old.label, old.lang, old.expires)
    return Entry(
        kind=ROTATED, version=1, body={**body, "replaced": old.hash, "compromised": compromised}, reason=reason
    )


def revoked(old: LinkRow, *, reason: str) -> Entry:
    """Return what records that a link serves nothing any more."""
    return Entry(kind=REVOKED, version=1, body={"hash": old.hash}, reason=reason)


def _describe(hash_: str, label: str, lang: str, expires: date | None) -> dict[str, Any]:
    return {"hash": hash_, "label": label, "lang": lang, "expires": expires.isoformat() if expires else None}


def read_links(subject: str, records: Iterable[Record]) -> LinkRows:
    """Replay the records of one calendar's links. Raises UnknownEvent and DamagedRecord."""
    _, kind, owner = subject.split("/")
    rows = LinkRows(kind=kind, owner=owner, links=())
    for one in records:
        rows = after(rows, one, one.at)
    return rows


def after(rows: LinkRows, one: Entry | Record, at: datetime) -> LinkRows:
    """Return the links as they stand after one more record. Raises UnknownEvent and DamagedRecord."""
    check_version(one.kind, one.version, KINDS)
    links, body = {link.hash: link for link in rows.links}, one.body
    try:
        if one.kind == REVOKED:
            links[body["hash"]] = replace(links[body["hash"]], ended=at, replaced=False)
        else:
            if one.kind == ROTATED:
                old = links[body["replaced"]]
                links[old.hash] = replace(old, ended=at, replaced=not body["compromised"])
            links[body["hash"]] = _read(rows, body, at)
    except (KeyError, ValueError, TypeError) as error:
        raise damaged(words("a record of {subject}", subject=rows.subject)) from error
    return replace(rows, links=tuple(links.values()))


def _read(rows: LinkRows, body: Mapping[str, Any], at: datetime) -> LinkRow:
    return LinkRow(
        kind=rows.kind,
        owner=rows.owner,
        hash=body["hash"],
        label=body["label"],
        lang=body["lang"],
        created=at,
        expires=date.fromisoformat(body["expires"]) if body["expires"] else None,
        ended=None,
        replaced=False,
    )
