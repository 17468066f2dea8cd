"""Links: which day they end on, what a replaced one says, and that nothing but a hash is kept."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from clinics import with_participant
from feeds import NOON, P001, PHARMACY, SITE, Feeds, feeds_of, instant, queries

from clinic.desk.link_records import created, read_links, revoked, rotated
from clinic.desk.rulebook import Rulebook
from clinic.desk.work import projector
from clinic.feeds import links
from clinic.feeds.links import State, hash_of
from clinic.feeds.serving import NOT_FOUND
from clinic.memory.records import LinkRow, Record
from schedule.errors import Refused, StoreConflict, StoreUnavailable

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feeds]:
    with feeds_of(with_participant(tmp_path, monkeypatch)) as made:
        yield made


# Tokens


def test_a_token_is_forty_three_letters_that_nobody_guesses(feeds: Feeds) -> None:
    tokens = {feeds.link() for _ in range(20)}

    assert len(tokens) == 20
    assert all(re.fullmatch(r"dz_[A-Za-z0-9_-]{43}", one) for one in tokens)


def test_only_the_hash_is_kept_anywhere(feeds: Feeds) -> None:
    token = feeds.link(label="phone")
    feeds.ask(token)
    with sqlite3.connect(feeds.clinic.db) as direct:
        kept = "\n".join(direct.iterdump())
    direct.close()

    assert hash_of(token) in kept
    assert token not in kept
    assert token[3:] not in kept
    assert token.encode() not in feeds.clinic.db.read_bytes()


def test_the_hash_is_sha256_in_hexadecimal() -> None:
    assert hash_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# The end


@pytest.mark.parametrize(("day", "state"), [("2028-05-16", State.WORKS), ("2028-05-17", State.EXPIRED)])
def test_a_participants_link_works_until_thirty_days_after_the_last_window(
    feeds: Feeds, day: str, state: State
) -> None:
    found = feeds.found(feeds.link())

    assert found.last_window == date(2028, 4, 16)
    assert found.state(date.fromisoformat(day), NEW_YORK) is state


def test_a_cancelled_visit_counts_for_the_end(feeds: Feeds) -> None:
    token = feeds.link()
    feeds.do("withdraw P-001 2026-03-04 --reason moved", "2026-03-04")

    assert feeds.found(token).last_window == date(2028, 4, 16)


def test_a_link_ends_on_the_day_that_was_said(feeds: Feeds) -> None:
    token = feeds.link(expires="2026-04-01")

    assert feeds.ask(token, "2026-04-02T03:59:59Z").status == 200
    assert feeds.ask(token, "2026-04-02T04:00:00Z") == NOT_FOUND


def test_a_sites_link_has_no_end_unless_one_is_said(feeds: Feeds) -> None:
    assert feeds.found(feeds.link(SITE)).state(date(2056, 1, 1), NEW_YORK) is State.WORKS
    assert feeds.found(feeds.link(PHARMACY, expires="2026-04-01")).state(date(2026, 4, 2), NEW_YORK) is State.EXPIRED


# Replaced and revoked


def test_a_replaced_link_says_for_thirty_days_that_it_was_and_whom_to_call(feeds: Feeds) -> None:
    old = feeds.link(lang="es", label="phone", expires="2027-01-01")
    new = feeds.rotate(old, at="2026-03-10T03:00:00Z")
    (event,) = feeds.calendar(old, "2026-03-20T17:00:00Z").walk("VEVENT")

    assert str(event["SUMMARY"]) == "Este calendario tiene un enlace nuevo: llame a la clínica"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2026, 3, 9), date(2026, 4, 9))
    assert event["DTSTAMP"].dt == instant("2026-03-10T03:00:00Z")
    assert feeds.ask(old, "2026-04-09T03:59:00Z").body == feeds.ask(old, "2026-03-10T03:00:00Z").body
    assert feeds.ask(old, "2026-04-09T04:00:00Z") == NOT_FOUND
    row = feeds.found(new).link
    assert (row.label, row.lang, row.expires, row.ended) == ("phone", "es", date(2027, 1, 1), None)
    assert "Visita del estudio" in " ".join(feeds.titles(new))


def test_a_compromised_link_ends_at_once(feeds: Feeds) -> None:
    old = feeds.link()
    feeds.rotate(old, at="2026-03-10T15:00:00Z", compromised=True)

    assert feeds.ask(old, "2026-03-10T15:00:00Z") == NOT_FOUND


def test_a_revoked_link_ends_at_once_also_while_it_says_that_it_was_replaced(feeds: Feeds) -> None:
    first, second = feeds.link(), feeds.link()
    feeds.revoke(first, at="2026-03-10T15:00:00Z")
    feeds.rotate(second, at="2026-03-10T15:00:00Z")
    feeds.revoke(second, at="2026-03-10T15:00:01Z")

    assert feeds.ask(first, "2026-03-10T15:00:00Z") == NOT_FOUND
    assert feeds.ask(second, "2026-03-10T15:00:01Z") == NOT_FOUND


def test_what_has_ended_cannot_be_replaced_or_revoked_again(feeds: Feeds) -> None:
    token = feeds.link(expires="2026-04-01")
    with pytest.raises(Refused, match="this link worked until 2026-04-01"):
        feeds.rotate(token, at="2026-04-02T15:00:00Z")
    feeds.revoke(token, at="2026-04-02T15:00:00Z")

    with pytest.raises(Refused, match="was replaced or revoked before"):
        feeds.revoke(token, at="2026-04-02T16:00:00Z")
    with pytest.raises(Refused, match="was replaced or revoked before"):
        feeds.rotate(token, at="2026-04-02T16:00:00Z")


def test_of_two_who_replace_a_link_at_once_one_is_told(feeds: Feeds) -> None:
    found = feeds.found(feeds.link())
    book = Rulebook(feeds.store)
    mine = links.rotate(book, found, reason="lost", compromised=False, at=instant(NOON))
    feeds.record(links.revoke(book, found, reason="left", at=instant(NOON)), NOON)

    with pytest.raises(StoreConflict, match="links/participant/P-001: was changed meanwhile"):
        feeds.record(mine.proposal, NOON)


# What is listed


def test_links_are_listed_by_owner_and_by_site(feeds: Feeds) -> None:
    phone, office = feeds.link(label="phone"), feeds.link(SITE, at="2026-03-03T17:00:00Z", label="office")
    feeds.ask(phone, "2026-03-05T17:00:00Z")
    every = links.links(feeds.store)

    assert [(one.owner, one.link.label, one.fetched) for one in every] == [
        (P001, "phone", date(2026, 3, 5)), (SITE, "office", None),
    ]  # fmt: skip
    assert links.links(feeds.store, owner=P001) == every[:1]
    assert links.links(feeds.store, site="gainesville") == every
    assert links.links(feeds.store, site="miami") == ()
    assert links.links(feeds.store, id_=hash_of(office)[:8]) == every[1:]


def test_the_day_of_asking_is_written_one_time_a_day(feeds: Feeds) -> None:
    token = feeds.link()
    with queries(feeds.store) as asked:
        feeds.ask(token, "2026-03-05T17:00:00Z")
        feeds.ask(token, "2026-03-05T18:00:00Z", method="HEAD")
        feeds.ask(token, "2026-03-06T04:00:00Z")
        feeds.ask(token, "2026-03-06T17:00:00Z")
    written = [sql for sql in asked if "clinic_linkfetched (" in sql]

    assert len(written) == 2
    assert feeds.found(token).fetched == date(2026, 3, 6)


def test_a_calendar_is_served_also_where_the_day_cannot_be_written(
    feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreUnavailable([])

    monkeypatch.setattr("clinic.feeds.bodies.note_fetched", fail)

    assert feeds.ask(feeds.link()).status == 200


# Records


def test_links_are_kept_beside_the_records_as_a_replay_gives_them(feeds: Feeds) -> None:
    project = projector(Rulebook(feeds.store))
    token = feeds.link(label="phone", expires="2026-04-01")
    feeds.link(SITE)
    feeds.rotate(token, at="2026-03-10T15:00:00.000007Z")
    assert list(feeds.store.differences(project)) == []

    with feeds.store.connection.cursor() as cursor:
        cursor.execute("UPDATE clinic_link SET expires = NULL WHERE hash = %s", [hash_of(token)])
        cursor.execute("DELETE FROM clinic_link WHERE kind = 'site'")
    found = {one.subject: one.fields for one in feeds.store.differences(project)}

    assert found == {
        "links/participant/P-001": (f"{hash_of(token)}.expires",),
        "links/site/gainesville": ("missing",),
    }
    assert feeds.store.rebuild(project) == {"participant": 1, "links": 2}
    assert list(feeds.store.differences(project)) == []


def test_records_say_how_a_link_is_and_why_it_ended(feeds: Feeds) -> None:
    token = feeds.link(label="phone", expires="2027-01-01")
    new = feeds.rotate(token, at="2026-03-10T15:00:00Z")
    feeds.revoke(new, at="2026-03-11T15:00:00Z")
    records = list(feeds.store.records("links/participant/P-001"))

    assert [(one.kind, one.version, one.reason, dict(one.body)) for one in records] == [
        ("link_created", 1, "", {"hash": hash_of(token), "label": "phone", "lang": "en", "expires": "2027-01-01"}),
        (
            "link_rotated", 1, "lost",
            {"hash": hash_of(new), "label": "phone", "lang": "en", "expires": "2027-01-01",
             "replaced": hash_of(token), "compromised": False},
        ),
        ("link_revoked", 1, "left", {"hash": hash_of(new)}),
    ]  # fmt: skip


def test_a_record_of_links_that_does_not_fit_is_told_as_damaged() -> None:
    row = LinkRow(
        kind="participant", owner="P-001", hash="ab", label="", lang="en", created=instant(NOON), expires=None,
        ended=None, replaced=False,
    )  # fmt: skip
    for entry in (rotated(row, "cd", reason="x", compromised=False), revoked(row, reason="x")):
        with pytest.raises(StoreUnavailable, match="cannot be read"):
            read_links("links/participant/P-001", [_record(entry)])
    newer = replace(_record(created("ab", label="", lang="en", expires=None)), version=2)
    with pytest.raises(StoreUnavailable, match="written by a newer dayzero"):
        read_links("links/participant/P-001", [newer])


def _record(entry: object) -> Record:
    values = {name: getattr(entry, name) for name in ("kind", "version", "body", "reason")}
    return Record(
        seq=1, group=1, subject="links/participant/P-001", number=1, at=instant(NOON), actor="", role="", account="",
        protocol_version="", tzdata_version="", program="", previous="", hash="", **values,
    )  # fmt: skip
