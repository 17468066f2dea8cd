"""Somebody subscribes to a participant's calendar on the real server; what they see follows what the clinic does."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from serving import serving
from subscribers import Pair, Storage, by_uid, events_in, fetched, khal_lists, put_calendar, radicale
from timed import Timed, links_in

SUMMER = ("2026-03-01", "2026-06-30")
NEW = "Copying (uploading) item"


@dataclass(slots=True)
class Subscribed:
    """A participant who subscribed on their first day, and the clinic that changes their visits."""

    clinic: Timed
    feed: str
    pair: Pair
    events: Path
    base: str

    def sync(self) -> list[str]:
        return self.pair.sync()

    def shown(self, zone: str = "America/New_York") -> list[str]:
        return khal_lists(self.events, zone, *SUMMER)


@pytest.fixture
def subscribed(tmp_path: Path) -> Iterator[Subscribed]:
    clinic = Timed(tmp_path)
    clinic.at("2026-03-02T12:00:00+00:00")
    for line in (
        "clinic init --site gainesville",
        "enroll P-001 --site gainesville --randomized 2026-03-02 --steroids --yes",
        "book P-001 D0 2026-03-02 08:00 --yes",
        "book P-001 M1 2026-04-02 09:00 --yes",
        "unscheduled P-001 2026-03-20 14:00 --reason check --yes",
    ):
        clinic.must(*line.split())
    with serving(tmp_path, env=clinic.env) as server:
        feed = new_link(clinic.must("link", "create", "P-001", "--label", "phone", "--base", server.base_url, "--yes"))
        events = tmp_path / "events"
        pair = subscribe(feed, events, tmp_path / "phone")
        yield Subscribed(clinic=clinic, feed=feed, pair=pair, events=events, base=server.base_url)
        assert "/f/dz_" not in server.logged()


def new_link(told: str) -> str:
    """Return the address of a calendar, which is told once."""
    (feed,) = [one for one in links_in(told) if "/f/" in one]
    return feed


def subscribe(feed: str, events: Path, folder: Path) -> Pair:
    pair = Pair(
        folder=folder,
        ours=Storage(type="http", where=feed),
        theirs=Storage(type="filesystem", where=str(events)),
    )
    pair.join()
    return pair


def test_what_the_clinic_changes_arrives_once_and_at_the_right_time(subscribed: Subscribed) -> None:
    clinic = subscribed.clinic
    first = subscribed.sync()
    assert len(first) == 24
    assert all(line.startswith(NEW) for line in first)
    assert subscribed.sync() == []
    assert subscribed.shown() == [
        "2026-03-02 08:00 15:30 Study visit CONFIRMED",
        "2026-03-20 14:00 16:30 Study visit CONFIRMED",
        "2026-04-02 09:00 11:30 Study visit CONFIRMED",
        "2026-05-01 Study visit (to be confirmed) TENTATIVE",
        "2026-06-02 Study visit (to be confirmed) TENTATIVE",
    ]
    assert subscribed.shown("Europe/Madrid") == [
        "2026-03-02 14:00 21:30 Study visit CONFIRMED",
        "2026-03-20 19:00 21:30 Study visit CONFIRMED",  # five hours: only New York has summer time by then
        "2026-04-02 15:00 17:30 Study visit CONFIRMED",
        "2026-05-01 Study visit (to be confirmed) TENTATIVE",
        "2026-06-02 Study visit (to be confirmed) TENTATIVE",
    ]

    clinic.at("2026-03-10T12:00:00+00:00")
    clinic.must(*["move", "P-001", "M1", "2026-04-01", "10:00", "--reason", "travel", "--yes"])

    assert changed(subscribed.sync()) == ["Copying", "Deleting"]
    assert subscribed.shown()[2:4] == [
        "2026-04-01 10:00 12:30 Study visit CONFIRMED",
        "2026-05-01 Study visit (to be confirmed) TENTATIVE",
    ]
    assert len(events_in(subscribed.events)) == 24

    clinic.must(*["cancel", "P-001", "M2", "--reason", "away", "--yes"])

    assert changed(subscribed.sync()) == ["Copying", "Deleting"]
    assert subscribed.shown()[2:4] == [
        "2026-04-01 10:00 12:30 Study visit CONFIRMED",
        "2026-05-01 CANCELLED: Study visit CANCELLED",
    ]
    assert len(events_in(subscribed.events)) == 24


def changed(done: list[str]) -> list[str]:
    """Return what vdirsyncer did, sorted. A feed's event that changed is a new one to it, in the place of the old."""
    return sorted(line.split()[0] for line in done)


def test_a_replaced_link_says_so_and_somebody_who_left_sees_it(subscribed: Subscribed, tmp_path: Path) -> None:
    clinic = subscribed.clinic
    subscribed.sync()
    clinic.at("2026-03-10T12:00:00+00:00")
    rotated = new_link(
        clinic.must(*["link", "rotate", "P-001", "--reason", "lost", "--yes", "--base"], subscribed.base)
    )
    fresh = subscribe(rotated, tmp_path / "fresh-events", tmp_path / "fresh-phone")
    fresh.sync()
    subscribed.sync()

    assert subscribed.shown() == ["2026-03-10 This calendar has a new link: call the clinic CONFIRMED"]
    assert len(events_in(tmp_path / "fresh-events")) == 24

    clinic.at("2026-03-12T12:00:00+00:00")
    clinic.must(*["withdraw", "P-001", "2026-03-12", "--reason", "moved", "--yes"])
    fresh.sync()

    assert khal_lists(tmp_path / "fresh-events", "America/New_York", *SUMMER) == [
        "2026-03-02 08:00 15:30 CANCELLED: Study visit CANCELLED",
        "2026-03-20 14:00 16:30 CANCELLED: Study visit CANCELLED",
        "2026-04-02 09:00 11:30 CANCELLED: Study visit CANCELLED",
        "2026-05-01 CANCELLED: Study visit CANCELLED",
        "2026-06-02 CANCELLED: Study visit CANCELLED",
    ]
    assert not any(one.walk("VALARM") for one in events_in(tmp_path / "fresh-events").values())

    clinic.at("2026-04-12T12:00:00+00:00")

    assert "completely emptied" in fresh.refused()
    assert changed(fresh.sync("--force-delete")) == ["Deleting"] * 24
    assert events_in(tmp_path / "fresh-events") == {}


def test_another_calendar_keeps_what_it_is_given(subscribed: Subscribed, tmp_path: Path) -> None:
    given = fetched(subscribed.feed)
    with radicale(tmp_path / "radicale") as account:
        put_calendar(account, given)
        back = Pair(
            folder=tmp_path / "back",
            ours=Storage(type="caldav", where=account),
            theirs=Storage(type="filesystem", where=str(tmp_path / "back-events")),
        )
        back.join()
        back.sync()
        assert events_in(tmp_path / "back-events") == by_uid(given)
        assert sum(len(one.walk("VALARM")) for one in events_in(tmp_path / "back-events").values()) == 3

        subscribed.clinic.at("2026-03-10T12:00:00+00:00")
        subscribed.clinic.must(*["move", "P-001", "M1", "2026-04-01", "10:00", "--reason", "travel", "--yes"])
        put_calendar(account, moved := fetched(subscribed.feed))

        assert [line.split()[:2] for line in back.sync()] == [["Copying", "(updating)"]]
        assert events_in(tmp_path / "back-events") == by_uid(moved)
        assert by_uid(given).keys() == by_uid(moved).keys()
