"""What a link serves: a participant's calendar, a site's, and its pharmacy's, and what is kept of them."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from clinics import with_participant
from feeds import NOON, P001, PHARMACY, SITE, Feeds, feeds_of, instant, queries

from clinic.desk.rulebook import Rulebook
from clinic.desk.work import find
from clinic.feeds.keeping import Kept
from clinic.feeds.links import Owner, Whose
from schedule.desk.record import make_record
from schedule.files.site import find_site
from schedule.render import ics
from schedule.render.language import Language, language
from schedule.views import StaffSchedule

MORNING_AFTER = "2026-03-03T17:00:00Z"


@pytest.fixture
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feeds]:
    made = with_participant(tmp_path, monkeypatch)
    made.must("enroll P-002 --site gainesville --randomized 2026-03-02 --no-steroids --lang es --day0 2026-03-02")
    with feeds_of(made) as opened:
        yield opened


# What a calendar is


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_participants_calendar_is_the_one_that_publish_writes(feeds: Feeds, lang: str) -> None:
    feeds.do("book P-001 M1 2026-04-01 10:00", "2026-03-02")
    token = feeds.link(lang=lang)
    feeds.do(f"publish P-001 --out papers --only ics --lang {lang}", "2026-03-02")

    assert feeds.ask(token).body == (feeds.clinic.folder / "papers" / "P-001" / "participant.ics").read_bytes()


@pytest.mark.parametrize("owner", [P001, SITE, PHARMACY], ids=lambda one: one.whose.value)
@pytest.mark.parametrize("lang", ["en", "es"])
def test_parsers_that_nobody_here_wrote_read_it_without_an_error(feeds: Feeds, owner: Owner, lang: str) -> None:
    feeds.do("book P-001 M1 2026-04-01 10:00", "2026-03-02")
    data = feeds.ask(feeds.link(owner, lang=lang)).body
    calendar = icalendar.Calendar.from_ical(data)
    events = calendar.walk("VEVENT")

    assert calendar.errors == []
    assert all(component.errors == [] for component in calendar.walk())
    others = vobject.readOne(data.decode()).vevent_list
    assert [str(one.uid.value) for one in others] == [str(one["UID"]) for one in events]
    assert len({str(one["UID"]) for one in events}) == len(events) > 3
    assert max(map(len, data.split(b"\r\n"))) <= 75
    assert "METHOD" not in calendar


def test_a_sites_calendar_has_the_events_of_all_its_participants_forstaff(feeds: Feeds) -> None:
    feeds.do("enroll P-003 --site miami --randomized 2026-03-02 --no-steroids", "2026-03-02")
    feeds.do("book P-002 M1 2026-04-01 10:00", "2026-03-02")
    calendar = feeds.calendar(feeds.link(SITE))
    titles = [str(event["SUMMARY"]) for event in calendar.walk("VEVENT")]
    (booked,) = (event for event in calendar.walk("VEVENT") if str(event["SUMMARY"]) == "P-002 M1")

    assert str(calendar["NAME"]).startswith("SAMPLE - RES001-DMPM-02: ")
    assert {title.split()[0] for title in titles} == {"P-001", "P-002"}
    assert {"P-001 D0", "P-001 M3 (to be confirmed)", "P-001 TAPER: call the participant"} <= set(titles)
    assert booked["DTSTART"].dt == datetime(2026, 4, 1, 10, tzinfo=ZoneInfo("America/New_York"))
    assert len(calendar.walk("VTIMEZONE")) == 1
    for code in ("P-001", "P-002"):
        own = ics.coordinator_calendar(staff(feeds, code), language("en"))
        assert blocks(own) <= blocks(feeds.ask(feeds.link(SITE)).body)


def test_a_pharmacys_calendar_has_the_days_of_infusions_and_nothing_else(feeds: Feeds) -> None:
    token = feeds.link(PHARMACY)
    titles = feeds.titles(token)

    months = ("M3", "M6", "M7", "M10", "M13")
    for code in ("P-001", "P-002"):
        of_this = [title for title in titles if title.startswith(code)]
        assert of_this == [f"{code} D0", *(f"{code} {month} (to be confirmed)" for month in months)]
    assert len(titles) == 12
    own = ics.infusion_calendar(staff(feeds, "P-002"), language("en"))
    assert blocks(own) <= blocks(feeds.ask(token).body)


def test_a_site_without_anybody_has_an_empty_calendar(feeds: Feeds) -> None:
    feeds.do("clinic site miami --reason new", "2026-03-02")
    for whose in (Whose.SITE, Whose.PHARMACY):
        assert feeds.titles(feeds.link(Owner(whose=whose, name="miami"))) == []


def staff(feeds: Feeds, code: str) -> StaffSchedule:
    """Return what staff see of a participant at noon of the day of enrollment."""
    at = instant(NOON)
    known = find(Rulebook(feeds.store), code, at)
    return make_record(known.enrolled, known.rules, as_of=at, enrolled=at).staff


def blocks(data: bytes) -> set[bytes]:
    """Return the events of a calendar, each as its bytes."""
    return {part.split(b"END:VEVENT")[0] for part in data.split(b"BEGIN:VEVENT")[1:]}


# What becomes of it


def test_a_move_is_there_at_once_under_the_same_uid_with_a_higher_sequence(feeds: Feeds) -> None:
    feeds.do("book P-001 M1 2026-04-01 10:00", "2026-03-02")
    token = feeds.link()
    before = _at_hour(feeds, token, NOON)
    feeds.do("move P-001 M1 2026-04-03 11:00 --reason storm", "2026-03-03")
    after = _at_hour(feeds, token, MORNING_AFTER)

    zone = ZoneInfo("America/New_York")
    assert before["DTSTART"].dt == datetime(2026, 4, 1, 10, tzinfo=zone)
    assert after["DTSTART"].dt == datetime(2026, 4, 3, 11, tzinfo=zone)
    assert (after["UID"], after["SEQUENCE"]) == (before["UID"], before["SEQUENCE"] + 1)


def _at_hour(feeds: Feeds, token: str, at: str) -> Any:
    """Return the one event that has an hour."""
    (event,) = (one for one in feeds.calendar(token, at).walk("VEVENT") if isinstance(one["DTSTART"].dt, datetime))
    return event


def test_who_leaves_has_cancelled_visits_for_thirty_days_and_then_an_empty_calendar(feeds: Feeds) -> None:
    token = feeds.link()
    feeds.do("withdraw P-001 2026-03-04 --reason moved", "2026-03-04")
    cancelled = feeds.titles(token, "2026-04-03T17:00:00Z")

    assert "CANCELLED: Study visit" in cancelled
    assert feeds.titles(token, "2026-04-04T17:00:00Z") == []
    assert feeds.ask(token, "2028-05-16T17:00:00Z").status == 200


def test_after_a_death_the_calendar_is_empty_at_once(feeds: Feeds) -> None:
    token = feeds.link()
    feeds.do("died P-001 2026-03-04 --reason reported", "2026-03-04")

    assert feeds.titles(token, "2026-03-04T17:00:00Z") == []


def test_a_site_that_changed_its_file_is_seen_at_once(feeds: Feeds) -> None:
    token, site = feeds.link(), feeds.link(SITE)
    before = feeds.ask(token).body, feeds.ask(site).body
    file = feeds.clinic.folder / "site.toml"
    text = find_site("gainesville").read_text("utf-8")
    file.write_text(text.replace("Gainesville", "Gainsville"), "utf-8")
    feeds.do("clinic site site.toml --reason 'another name'", "2026-03-02")
    after = feeds.ask(token).body, feeds.ask(site).body

    assert b"Gainsville" not in b"".join(before).replace(b"\r\n ", b"")
    assert all(b"Gainsville" in one.replace(b"\r\n ", b"") for one in after)


# What is kept


def test_a_sites_calendar_renders_only_the_participant_who_changed(
    feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = feeds.link(SITE, lang="es")
    feeds.ask(token)
    feeds.do("book P-002 M1 2026-04-01 10:00", "2026-03-02")
    rendered: list[str] = []
    real = ics.coordinator_events

    def note(schedule: StaffSchedule, speaks: Language) -> list[bytes]:
        rendered.append(schedule.participant)
        return real(schedule, speaks)

    monkeypatch.setattr(ics, "coordinator_events", note)
    assert "P-002 M1" in feeds.titles(token)

    assert rendered == ["P-002"]


def test_a_record_of_somebody_else_leaves_a_participants_calendar_as_it_is(feeds: Feeds) -> None:
    token = feeds.link()
    first = feeds.ask(token)
    feeds.do("book P-002 M1 2026-04-01 10:00", "2026-03-02")
    with queries(feeds.store) as asked:
        assert feeds.ask(token) == first

    assert len(asked) == 2


def test_what_is_kept_is_bounded_by_its_bytes_and_the_oldest_goes() -> None:
    kept: Kept[bytes] = Kept(10, len)
    made: list[int] = []

    def make(number: int) -> bytes:
        made.append(number)
        return b"1234"

    for number in (1, 2, 1, 3, 1, 2):
        kept.get(number, lambda: make(number))  # noqa: B023 - called at once

    assert made == [1, 2, 3, 2]
    assert len(kept) == 2
    assert kept.get("large", lambda: b"12345678901") == b"12345678901"
    assert len(kept) == 0


def test_midnight_at_the_site_ends_what_was_kept(feeds: Feeds) -> None:
    """In the middle of March that is four in the morning UTC."""
    token = feeds.link(at=NOON)
    before = feeds.ask(token, "2026-03-15T03:59:59Z").headers["Last-Modified"]
    after = feeds.ask(token, "2026-03-15T04:00:00Z").headers["Last-Modified"]

    assert (before, after) == ("Sat, 14 Mar 2026 04:00:00 GMT", "Sun, 15 Mar 2026 04:00:00 GMT")
