"""Times on and around the nights on which the clock changes, read back by a parser that nobody here wrote."""

import io
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from builders import a_plan, a_site, other_protocol, with_visit
from dateutil.tz import tzical
from hypothesis import example, given
from hypothesis import strategies as st

from schedule.desk.plan import Plan, render_files
from schedule.errors import Refused
from schedule.sites import Weekday
from schedule.study.protocol import Kind

NIGHTS = [
    ("America/New_York", "2026-03-08"), ("America/New_York", "2026-11-01"), ("America/New_York", "2027-03-14"),
    ("America/New_York", "2027-11-07"), ("America/New_York", "2028-03-12"), ("America/New_York", "2028-11-05"),
    ("America/Los_Angeles", "2026-03-08"), ("America/Los_Angeles", "2026-11-01"),
    ("America/St_Johns", "2026-03-08"), ("America/St_Johns", "2026-11-01"),
    ("Europe/Madrid", "2026-03-29"), ("Europe/Madrid", "2026-10-25"), ("Europe/London", "2027-03-28"),
    ("Australia/Sydney", "2026-04-05"), ("Australia/Sydney", "2026-10-04"),
    ("America/Phoenix", "2026-03-08"), ("Asia/Kolkata", "2026-11-01"),
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A first infusion near a change of the clock."""

    zone: str
    day: date
    arrival: time
    length: timedelta


@st.composite
def nights(draw: st.DrawFn) -> Night:
    zone, change = draw(st.sampled_from(NIGHTS))
    minute = draw(st.one_of(st.integers(0, 4 * 60), st.integers(0, 24 * 60 - 1)))
    return Night(
        zone=zone,
        day=date.fromisoformat(change) + timedelta(days=draw(st.integers(-1, 1))),
        arrival=time(minute // 60, minute % 60),
        length=timedelta(minutes=draw(st.integers(1, 12 * 60))),
    )


def night(zone: str, start: str, minutes: int) -> Night:
    at = datetime.fromisoformat(start)
    return Night(zone=zone, day=at.date(), arrival=at.time(), length=timedelta(minutes=minutes))


def book(one: Night) -> Plan:
    arrival = dict.fromkeys((Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL), one.arrival)
    site = a_site(weekdays=tuple(Weekday), arrival=arrival, time_zone=one.zone)
    protocol = with_visit(other_protocol(), "W0", length=one.length)
    return a_plan(site=site, protocol=protocol, randomized=one.day, steroids=None, booked=True)


@lru_cache(maxsize=512)
def instants(zone: str, day: date) -> dict[datetime, list[datetime]]:
    """Let the clock run through the day and its neighbours: which instants show each local time?"""
    shown: dict[datetime, list[datetime]] = {}
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for minute in range(-12 * 60, 36 * 60):
        instant = start + timedelta(minutes=minute)
        shown.setdefault(instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None), []).append(instant)
    return shown


def starts(plan: Plan, one: Night) -> list[list[datetime]]:
    """Return, for each planned day, the instants at which the clock shows the arrival time."""
    days = [visit.planned for visit in plan.staff.visits if visit.planned]
    return [instants(one.zone, day).get(datetime.combine(day, one.arrival), []) for day in days]


def unbooked(one: Night) -> Plan:
    site = a_site(weekdays=tuple(Weekday), time_zone=one.zone)
    return a_plan(site=site, protocol=other_protocol(), randomized=one.day, steroids=None)


def read(calendar: str, name: str) -> list[datetime]:
    """Read the times of all events as instants, with the rules that the file itself gives for its zone."""
    events = calendar.partition("BEGIN:VEVENT")[2]
    rules = tzical(io.StringIO(calendar)).get()
    assert rules is not None
    return [
        datetime.fromisoformat(local).replace(tzinfo=UTC if utc else rules).astimezone(UTC)
        for local, utc in re.findall(rf"\r\n{name}(?:;TZID=\S+)?:(\d{{8}}T\d{{6}})(Z?)", events)
    ]


@given(nights())
@example(night("America/New_York", "2026-11-01T01:30", 30))
@example(night("America/New_York", "2026-11-01T00:30", 90))
@example(night("America/New_York", "2026-10-31T18:30", 450))
@example(night("America/New_York", "2026-03-08T01:59", 30))
@example(night("America/New_York", "2026-03-08T03:00", 30))
@example(night("America/New_York", "2026-03-08T02:30", 30))
def test_every_time_of_a_calendar_is_the_instant_that_the_local_clock_shows(one: Night) -> None:
    expected = starts(unbooked(one), one)
    if not all(expected):
        with pytest.raises(Refused, match=f"the clock jumps over {one.arrival:%H:%M} in {one.zone}"):
            book(one)
        return

    files = render_files(book(one), ["ics"], lang="en", staff_lang="en")

    for calendar in (data.decode() for data in files.values()):
        began, ended = read(calendar, "DTSTART"), read(calendar, "DTEND")
        assert began == [instant[0] for instant in expected]
        assert ended[0] - began[0] == one.length


@pytest.mark.parametrize(
    ("zone", "start", "line"),
    [
        ("America/New_York", "2026-11-01T01:30", "DTSTART:20261101T053000Z"),
        ("America/New_York", "2026-11-01T01:00", "DTSTART:20261101T050000Z"),
        ("America/New_York", "2026-11-01T02:00", "DTSTART;TZID=America/New_York:20261101T020000"),
        ("America/New_York", "2026-11-01T00:59", "DTSTART;TZID=America/New_York:20261101T005900"),
        ("America/New_York", "2026-07-01T01:30", "DTSTART;TZID=America/New_York:20260701T013000"),
        ("Europe/Madrid", "2026-10-25T02:30", "DTSTART:20261025T003000Z"),
        ("America/Phoenix", "2026-11-01T01:30", "DTSTART;TZID=America/Phoenix:20261101T013000"),
    ],
)
def test_only_a_time_that_the_clock_shows_twice_is_written_in_utc(zone: str, start: str, line: str) -> None:
    files = render_files(book(night(zone, start, 60)), ["ics"], lang="en", staff_lang="en")

    for calendar in files.values():
        assert calendar.decode().partition("BEGIN:VEVENT")[2].count(f"\r\n{line}\r\n") == 1


@pytest.mark.parametrize("start", ["2026-03-08T02:00", "2026-03-08T02:59", "2027-03-14T02:30", "2028-03-12T02:01"])
def test_a_start_in_the_gap_is_refused_with_what_to_do(start: str) -> None:
    with pytest.raises(Refused, match="write another time, or book W0 by hand"):
        book(night("America/New_York", start, 60))


def test_an_end_in_the_second_of_two_hours_is_written_in_utc() -> None:
    files = render_files(book(night("America/New_York", "2026-11-01T00:30", 90)), ["ics"], lang="en", staff_lang="en")

    assert "\r\nDTEND:20261101T060000Z\r\n" in files["participant.ics"].decode()
