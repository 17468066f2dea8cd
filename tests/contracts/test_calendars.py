"""Every calendar is read back by parsers that nobody here wrote, and says what ICAL.md asks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from builders import SITE_FILE, a_site, dayzero, edited, example_site, registered_protocol

from schedule.desk.plan import Plan, Request, make_plan, render_files
from schedule.participant.state import ParticipantId
from schedule.render.ics import infusion_calendar
from schedule.render.language import language
from schedule.sites import Contact, Site
from schedule.study.protocol import Kind
from schedule.unblinded.sheets_folder import render_sheets

NEW_YORK = ZoneInfo("America/New_York")


def make(*, booked: bool = False, site: Site | None = None) -> Plan:
    request = Request(
        participant=ParticipantId("P-001"),
        randomized=date(2026, 3, 2),
        steroids=True,
        as_of=datetime(2026, 3, 2, 5, tzinfo=UTC),
        booked=booked,
    )
    return make_plan(request, registered_protocol(), site)


@lru_cache(maxsize=16)
def calendars(*, booked: bool, lang: str = "en") -> dict[str, bytes]:
    plan = make(booked=booked, site=example_site("gainesville"))
    files = render_files(plan, ["ics"], lang=lang, staff_lang=lang)
    return files | {"pharmacy.ics": infusions(plan, lang)}


def infusions(plan: Plan, lang: str) -> bytes:
    return infusion_calendar(plan.staff, language(lang))


def read(data: bytes) -> Any:
    return icalendar.Calendar.from_ical(data)


def events(data: bytes) -> list[Any]:
    return list(read(data).walk("VEVENT"))


NAMES = ["participant.ics", "coordinator.ics", "pharmacy.ics"]
both_ways = pytest.mark.parametrize("booked", [False, True])
each_calendar = pytest.mark.parametrize("name", NAMES)
each_language = pytest.mark.parametrize("lang", ["en", "es"])


@each_calendar
@both_ways
@each_language
def test_icalendar_reads_back_the_same_bytes_of_text(name: str, booked: bool, lang: str) -> None:
    data = calendars(booked=booked, lang=lang)[name]

    calendar = read(data)

    assert calendar.errors == []
    assert all(component.errors == [] for component in calendar.walk())
    assert read(calendar.to_ical()) == calendar


@each_calendar
@both_ways
def test_vobject_reads_the_same_days_and_times(name: str, booked: bool) -> None:
    data = calendars(booked=booked)[name]

    calendar = vobject.readOne(data.decode())

    assert [str(event.uid.value) for event in calendar.vevent_list] == [str(event["UID"]) for event in events(data)]
    for other, ours in zip(calendar.vevent_list, events(data), strict=True):
        start = other.dtstart.value
        assert (start.astimezone(UTC) if isinstance(start, datetime) else start) == (
            ours.start.astimezone(UTC) if isinstance(ours.start, datetime) else ours.start
        )


@each_calendar
@both_ways
@each_language
def test_lines_are_folded_at_75_octets_and_end_with_crlf(name: str, booked: bool, lang: str) -> None:
    data = calendars(booked=booked, lang=lang)[name]

    lines = data.split(b"\r\n")

    assert lines.pop() == b""
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    data.decode("utf-8")
    for line in lines:
        line.decode("utf-8")


@pytest.mark.parametrize(
    ("code", "local", "utc"),
    [
        ("D0", datetime(2026, 3, 2, 8), datetime(2026, 3, 2, 13)),
        ("M5", datetime(2026, 8, 3, 10), datetime(2026, 8, 3, 14)),
        ("M4", datetime(2026, 7, 2, 9), datetime(2026, 7, 2, 13)),
        ("M8", datetime(2026, 11, 2, 9), datetime(2026, 11, 2, 14)),
    ],
)
def test_booked_times_are_right_in_march_july_and_november(code: str, local: datetime, utc: datetime) -> None:
    booked = {str(event["SUMMARY"]): event for event in events(calendars(booked=True)["coordinator.ics"])}

    start = booked[f"P-001 {code}"].start

    assert isinstance(start, datetime)
    assert start.replace(tzinfo=None) == local
    assert start.astimezone(UTC) == utc.replace(tzinfo=UTC)


def test_the_time_zone_is_constant_with_one_yearly_rule_for_each_half_of_the_year() -> None:
    zone = read(calendars(booked=True)["participant.ics"]).walk("VTIMEZONE")[0]

    rules = {half.name: (half["DTSTART"].dt, half["RRULE"].to_ical().decode()) for half in zone.subcomponents}

    assert rules == {
        "STANDARD": (datetime(2007, 11, 4, 2), "FREQ=YEARLY;BYDAY=1SU;BYMONTH=11"),
        "DAYLIGHT": (datetime(2007, 3, 11, 2), "FREQ=YEARLY;BYDAY=2SU;BYMONTH=3"),
    }


def test_what_is_not_booked_is_all_day_tentative_transparent_and_silent() -> None:
    for event in events(calendars(booked=False)["participant.ics"]):
        assert type(event.start) is date
        assert (event.end - event.start).days == 1
        assert (event["STATUS"], event["TRANSP"]) == ("TENTATIVE", "TRANSPARENT")
        assert str(event["SUMMARY"]) == "Study visit (to be confirmed)"
        assert event.subcomponents == []


def test_what_is_booked_is_timed_confirmed_and_has_one_alarm_the_day_before() -> None:
    for event in events(calendars(booked=True)["participant.ics"]):
        assert (event["STATUS"], event["TRANSP"]) == ("CONFIRMED", "OPAQUE")
        assert event["DTSTART"].params["TZID"] == "America/New_York"
        (alarm,) = event.subcomponents
        assert (alarm["ACTION"], alarm["TRIGGER"].to_ical(), alarm["DESCRIPTION"]) == (
            "DISPLAY",
            b"-P1D",
            "Study visit",
        )


@both_ways
@each_language
def test_the_participant_s_calendar_is_discreet(booked: bool, lang: str) -> None:
    text = calendars(booked=booked, lang=lang)["participant.ics"].replace(b"\r\n ", b"").decode().lower()

    for word in ("p-001", "ulsc", "placebo", "steroid", "esteroide", "taper", "cohort", "dermat", "infusi", "myosit"):
        assert word not in text


def test_the_participant_has_23_visits_and_no_taper_date() -> None:
    starts = [event.start for event in events(calendars(booked=False)["participant.ics"])]

    assert len(starts) == 23
    assert date(2026, 6, 16) not in starts


def test_the_coordinator_has_the_taper_as_an_event_and_as_a_task() -> None:
    (task,) = read(calendars(booked=False)["coordinator.ics"]).walk("VTODO")
    event = next(
        event for event in events(calendars(booked=False)["coordinator.ics"]) if event.start == date(2026, 6, 16)
    )

    assert str(task["SUMMARY"]) == "P-001 TAPER: call the participant"
    assert task["DUE"].dt == date(2026, 6, 16)
    assert str(event["SUMMARY"]) == "P-001 TAPER: call the participant"
    assert task["UID"] != event["UID"]


def test_the_coordinator_reads_window_slack_procedures_and_reason() -> None:
    (event,) = [one for one in events(calendars(booked=False)["coordinator.ics"]) if " M6" in str(one["SUMMARY"])]

    description = str(event["DESCRIPTION"])

    assert "Window: Sun 30 August 2026 to Wed 9 September 2026 (assumed)" in description
    assert "Slack: 7 days" in description
    assert "Procedures (assumed): Vital signs, Blood tests, Infusion" in description
    assert "2 March + 6 months = Wed 2 September" in description


def test_the_pharmacy_s_calendar_names_no_product() -> None:
    infusion_days = events(calendars(booked=False)["pharmacy.ics"])

    assert [str(event["SUMMARY"]) for event in infusion_days] == [
        f"P-001 {code} (to be confirmed)" for code in ("D0", "M3", "M6", "M7", "M10", "M13")
    ]
    assert b"ULSC" not in calendars(booked=False)["pharmacy.ics"]


@pytest.mark.parametrize("cohort", ["1", "2"])
def test_the_pharmacy_s_calendar_is_the_same_for_both_cohorts(cohort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schedule.unblinded.sheets_folder.write_pdf", lambda _: b"")
    plan = make(site=example_site("gainesville"))

    files, _ = render_sheets(plan, registered_protocol(), cohort, lang="en")

    assert files["pharmacy.ics"] == infusions(plan, "en")


def test_uids_are_unique_permanent_and_opaque() -> None:
    uids = [str(event["UID"]) for name in NAMES for event in events(calendars(booked=False)[name])]
    again = [str(event["UID"]) for name in NAMES for event in events(calendars(booked=True)[name])]

    assert len(set(uids)) == len(uids)
    assert again == uids
    assert uids[0] == "49a73c92-fafd-5d20-aa19-8be1ecd66da4"


def test_stamps_come_from_the_stored_instant() -> None:
    for event in events(calendars(booked=True)["participant.ics"]):
        stamps = {event[name].dt for name in ("DTSTAMP", "CREATED", "LAST-MODIFIED")}
        assert stamps == {datetime(2026, 3, 2, 5, tzinfo=UTC)}
        assert event["SEQUENCE"] == 0


def with_contact() -> Site:
    site = a_site(arrival=dict.fromkeys((Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL), time(9, 0)))
    contact = Contact(
        address="1 Test Street; Room 2, East", phone="555-0100", call_link="https://example.org/call?a=1,2"
    )
    return replace(site, contact=contact)


def by_kind(plan: Plan) -> Iterator[tuple[Kind, Any]]:
    data = render_files(plan, ["ics"], lang="en", staff_lang="en")["participant.ics"]
    return zip([visit.kind for visit in plan.participant.visits], events(data), strict=True)


def test_a_call_has_its_link_three_times_and_no_address_and_a_visit_has_its_address() -> None:
    for kind, event in by_kind(make(booked=True, site=with_contact())):
        if kind is Kind.VIRTUAL:
            assert str(event["CONFERENCE"]) == str(event["URL"]) == "https://example.org/call?a=1,2"
            assert event["CONFERENCE"].params["VALUE"] == "URI"
            assert "https://example.org/call?a=1,2" in str(event["DESCRIPTION"])
            assert "LOCATION" not in event
        else:
            assert str(event["LOCATION"]) == "Test clinic, 1 Test Street; Room 2, East"
            assert "URL" not in event
        assert "Questions? Call 555-0100." in str(event["DESCRIPTION"])


@each_calendar
@each_language
def test_a_sample_says_so_in_the_calendar_s_name(name: str, lang: str) -> None:
    calendar = read(calendars(booked=False, lang=lang)[name])

    assert str(calendar["X-WR-CALNAME"]).startswith({"en": "SAMPLE - ", "es": "MUESTRA - "}[lang])
    assert calendar["NAME"] == calendar["X-WR-CALNAME"]
    assert "METHOD" not in calendar
    assert (calendar["REFRESH-INTERVAL"].params["VALUE"], calendar["X-PUBLISHED-TTL"]) == ("DURATION", "PT6H")


ROSTER = """participant,randomized,day0,site,steroids,lang
P-001,2026-03-02,2026-03-05,gainesville,yes,en
P-002,2026-03-09,,miami,no,es
P-003,2026-03-16,,east.toml,yes,en
P-004,3/16/2026,,miami,yes,en
"""


@pytest.fixture(scope="module", params=["1", "2"], ids="-j {}".format)
def gathered(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Write a roster of three good rows, booked; two sites share a time zone."""
    folder = tmp_path_factory.mktemp("roster")
    (folder / "roster.csv").write_text(ROSTER)
    edited(SITE_FILE, folder, ('"America/New_York"', '"America/Chicago"')).rename(folder / "east.toml")
    options = ("--out", "clinic", "--as-of", "2026-03-02", "--only", "ics", "--booked", "-j", request.param)
    assert dayzero("batch", "roster.csv", *options, cwd=folder).code == 1
    return folder / "clinic"


def test_the_calendar_of_a_roster_holds_the_events_and_tasks_of_all_it_wrote_in_their_order(gathered: Path) -> None:
    together = read((gathered / "coordinator.ics").read_bytes())
    alone = [read((gathered / name / "coordinator.ics").read_bytes()) for name in ("P-001", "P-002", "P-003")]

    assert (len(together.walk("VEVENT")), len(together.walk("VTODO"))) == (24 + 23 + 24, 2)
    assert together.walk("VEVENT") == [event for one in alone for event in one.walk("VEVENT")]
    assert together.walk("VTODO") == [task for one in alone for task in one.walk("VTODO")]
    uids = [str(one["UID"]) for kind in ("VEVENT", "VTODO") for one in together.walk(kind)]
    assert len(set(uids)) == 73


def test_the_calendar_of_a_roster_is_one_calendar_with_each_zone_once(gathered: Path) -> None:
    data = (gathered / "coordinator.ics").read_bytes()

    calendar = read(data)

    assert data.count(b"BEGIN:VCALENDAR\r\n") == 1
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["America/New_York", "America/Chicago"]
    assert str(calendar["X-WR-CALNAME"]) == "SAMPLE - RES001-DMPM-02: all participants"
    assert calendar.errors == []
    assert all(component.errors == [] for component in calendar.walk())
    assert len(vobject.readOne(data.decode()).vevent_list) == 71
    assert max(map(len, data.split(b"\r\n"))) <= 75
    assert data.endswith(b"END:VEVENT\r\nEND:VCALENDAR\r\n")
