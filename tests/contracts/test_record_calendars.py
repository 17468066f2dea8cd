"""Calendars of records, read by parsers that nobody here wrote: what is taken back, and what stays as it was."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import pytest
import vobject
from builders import a_plan, example_site
from hypothesis import given
from hypothesis import strategies as st
from records import FOUR_MONTHS, LEFT, Told, a_record, book, code, done, instant, missed

from schedule.desk.plan import Plan, render_files
from schedule.participant.commands import Cancel, EndParticipation, HoldInfusions, HoldTaper, ResumeInfusions
from schedule.participant.state import Given, ParticipantId, Scope, Standing
from schedule.render.ics import coordinator_calendar, infusion_calendar, participant_calendar, visit_uid
from schedule.render.language import language

NAMES = ["participant.ics", "coordinator.ics", "pharmacy.ics"]
NO_EVENTS: list[Any] = []


def calendars(plan: Plan, lang: str = "en") -> dict[str, bytes]:
    speaks = language(lang)
    return {
        "participant.ics": participant_calendar(plan.participant, speaks),
        "coordinator.ics": coordinator_calendar(plan.staff, speaks),
        "pharmacy.ics": infusion_calendar(plan.staff, speaks),
    }


def of_participant(*told: Told, as_of: str | None = None, lang: str = "en") -> dict[str, Any]:
    """Return the events of the participant's calendar by the code of their visit."""
    plan = a_record(*told, as_of=as_of).plan
    return events(calendars(plan, lang)["participant.ics"], plan, "participant")


def events(data: bytes, plan: Plan, audience: str) -> dict[str, Any]:
    staff = plan.staff
    codes = [*(visit.code for visit in staff.visits), *(task.code for task in staff.waiting)]
    uids = {str(visit_uid(staff.study, staff.participant, one, audience)): str(one) for one in codes}
    return {uids[str(event["UID"])]: event for event in icalendar.Calendar.from_ical(data).walk("VEVENT")}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("told", [FOUR_MONTHS, LEFT], ids=["on hold", "left"])
def test_two_parsers_read_them_without_an_error(name: str, lang: str, told: tuple[Told, ...]) -> None:
    data = calendars(a_record(*told).plan, lang)[name]

    calendar = icalendar.Calendar.from_ical(data)

    assert calendar.errors == []
    assert all(component.errors == [] for component in calendar.walk())
    others = vobject.readOne(data.decode()).vevent_list
    assert [str(one.uid.value) for one in others] == [str(event["UID"]) for event in calendar.walk("VEVENT")]
    assert max(map(len, data.split(b"\r\n"))) <= 75


def test_every_event_has_the_uid_that_plan_gave_it() -> None:
    planned = a_plan(site=example_site("gainesville"))

    for name, data in render_files(planned, ["ics"], lang="en", staff_lang="en").items():
        uids = {str(event["UID"]) for event in icalendar.Calendar.from_ical(data).walk("VEVENT")}
        recorded = icalendar.Calendar.from_ical(calendars(a_record().plan)[name]).walk("VEVENT")
        assert {str(event["UID"]) for event in recorded} == uids


def test_stamps_are_those_of_the_last_change_and_of_the_enrollment() -> None:
    found = of_participant(*FOUR_MONTHS)

    assert (found["M1"]["SEQUENCE"], found["M1"]["DTSTAMP"].dt) == (4, datetime(2026, 4, 14, 16, tzinfo=UTC))
    assert found["M1"]["LAST-MODIFIED"].dt == found["M1"]["DTSTAMP"].dt
    assert {event["CREATED"].dt for event in found.values()} == {instant("2026-03-02")}


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_missed_visit_is_cancelled_without_alarm_where_it_was(lang: str) -> None:
    told: tuple[Told, ...] = (("2026-03-02", book("M2", "2026-05-01")), ("2026-05-13", missed("M2")))

    event = of_participant(*told, lang=lang)["M2"]

    word = {"en": "CANCELLED: Study visit", "es": "CANCELADA: Visita del estudio"}[lang]
    assert (event["STATUS"], str(event["SUMMARY"]), event.subcomponents) == ("CANCELLED", word, [])
    assert event.start.replace(tzinfo=None) == datetime(2026, 5, 1, 10)
    assert event["SEQUENCE"] == 2


def test_a_cancelled_visit_is_retired_thirty_days_after_its_day() -> None:
    told = ("2026-03-10", Cancel(code=code("M1"), reason="a wish"))

    assert "M1" in of_participant(told, as_of="2026-05-02")
    assert "M1" not in of_participant(told, as_of="2026-05-03")


def test_a_held_infusion_says_do_not_come_and_comes_back_when_the_hold_is_lifted() -> None:
    held = of_participant(*FOUR_MONTHS)["M6"]
    resumed = ("2026-07-01", ResumeInfusions(scope=Scope.PARTICIPANT, reason="normal again"))
    back = of_participant(*FOUR_MONTHS, resumed)["M6"]

    assert (held["STATUS"], str(held["SUMMARY"])) == ("CANCELLED", "CANCELLED: Study visit")
    assert str(held["DESCRIPTION"]) == "Do not come until we call you."
    assert (back["STATUS"], back["UID"]) == ("TENTATIVE", held["UID"])
    assert back["SEQUENCE"] > held["SEQUENCE"]


def test_a_visit_that_took_place_on_another_day_is_sure_and_has_no_time() -> None:
    event = of_participant(*FOUR_MONTHS)["M3"]

    assert (event.start, event["STATUS"], str(event["SUMMARY"])) == (date(2026, 6, 5), "CONFIRMED", "Study visit")
    assert "not booked" not in str(event["DESCRIPTION"])


GIVEN_TWICE: tuple[Told, ...] = (
    ("2026-03-02", done("D0", "2026-03-02", Given.YES)),
    ("2026-06-03", done("M3", "2026-06-03", Given.YES)),
)


def test_the_participant_is_reminded_of_the_taper_only_after_infusion_2_was_given() -> None:
    assert "TAPER" not in of_participant(GIVEN_TWICE[0])

    event = of_participant(*GIVEN_TWICE)["TAPER"]

    assert (event.start, (event.end - event.start).days) == (date(2026, 6, 17), 1)
    assert (str(event["SUMMARY"]), event["STATUS"], event["TRANSP"]) == ("Study reminder", "CONFIRMED", "TRANSPARENT")
    assert str(event["DESCRIPTION"]) == "See page T-1 of your packet."
    assert event.subcomponents == []


@pytest.mark.parametrize("how", [Given.NO, Given.PARTIAL])
def test_nobody_is_reminded_of_a_taper_whose_infusion_was_not_fully_given(how: Given) -> None:
    told = ("2026-06-03", done("M3", "2026-06-03", how))

    assert "TAPER" not in of_participant(GIVEN_TWICE[0], told)


def test_a_held_taper_has_no_date_in_any_calendar() -> None:
    plan = a_record(*GIVEN_TWICE, ("2026-06-10", HoldTaper(reason="a flare"))).plan
    data = calendars(plan)

    assert "TAPER" not in events(data["participant.ics"], plan, "participant")
    assert "TAPER" not in events(data["coordinator.ics"], plan, "coordinator")
    (task,) = icalendar.Calendar.from_ical(data["coordinator.ics"]).walk("VTODO")
    assert (str(task["SUMMARY"]), task["STATUS"]) == ("P-001 TAPER: ON HOLD", "CANCELLED")
    assert "DUE" not in task
    assert not any(b"20260617" in one for one in data.values())


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("told", [FOUR_MONTHS, LEFT, GIVEN_TWICE], ids=["on hold", "left", "taper"])
def test_the_participant_s_calendar_stays_discreet(lang: str, told: tuple[Told, ...]) -> None:
    data = calendars(a_record(*told).plan, lang)["participant.ics"]
    text = data.replace(b"\r\n ", b"").decode().lower()

    for word in ("p-001", "ulsc", "placebo", "steroid", "esteroide", "taper", "cohort", "dermat", "infusi", "dose",
                 "dosis", "hold", "espera", "rash", "snow", "laboratory", "moves away", "withdr"):  # fmt: skip
        assert word not in text


def leave(standing: Standing) -> tuple[Told, ...]:
    ended = EndParticipation(standing=standing, day=date(2026, 6, 18), reason="moves away")
    return (*FOUR_MONTHS[:10], ("2026-06-20", ended))


@pytest.mark.parametrize("standing", [Standing.WITHDRAWN, Standing.TERMINATED])
def test_one_who_left_sees_cancelled_events_without_alarms_and_then_an_empty_calendar(standing: Standing) -> None:
    found = of_participant(*leave(standing))

    cancelled = [event for event in found.values() if event["STATUS"] == "CANCELLED"]
    assert len(cancelled) == 20
    assert not any(event.subcomponents for event in cancelled)
    assert of_participant(*leave(standing), as_of="2026-07-20")
    assert of_participant(*leave(standing), as_of="2026-07-21") == {}


def test_after_a_death_the_participant_s_calendar_is_empty_at_once_and_the_clinic_s_is_not() -> None:
    plan = a_record(*leave(Standing.DIED)).plan
    data = calendars(plan)

    assert icalendar.Calendar.from_ical(data["participant.ics"]).walk("VEVENT") == NO_EVENTS
    assert events(data["coordinator.ics"], plan, "coordinator")["M4"]["STATUS"] == "CANCELLED"
    assert events(data["pharmacy.ics"], plan, "pharmacy")["M6"]["STATUS"] == "CANCELLED"


def test_the_coordinator_reads_why_and_what_became_of_it() -> None:
    plan = a_record(*FOUR_MONTHS).plan
    found = events(calendars(plan)["coordinator.ics"], plan, "coordinator")

    assert "it took place on Tue 14 April 2026" in str(found["M1"]["DESCRIPTION"])
    assert "deviation: 3 days after its window (the roads were closed)" in str(found["M1"]["DESCRIPTION"])
    assert str(found["M6"]["SUMMARY"]) == "CANCELLED: P-001 M6"
    assert "it is on hold" in str(found["M6"]["DESCRIPTION"])


def test_the_pharmacist_s_calendar_takes_back_what_is_on_hold() -> None:
    plan = a_record(*FOUR_MONTHS).plan
    found = events(calendars(plan)["pharmacy.ics"], plan, "pharmacy")

    assert {name: str(event["STATUS"]) for name, event in found.items()} == {
        "D0": "CONFIRMED", "M3": "CONFIRMED", "M6": "CANCELLED", "M7": "CANCELLED", "M10": "CANCELLED",
        "M13": "CANCELLED",
    }  # fmt: skip


def pieces(data: bytes) -> dict[bytes, bytes]:
    """Return the bytes of each event by its UID's line."""
    found = data.split(b"BEGIN:VEVENT\r\n")[1:]
    return {one.split(b"\r\n", 1)[0]: one.split(b"END:VEVENT")[0] for one in found}


HOLD = HoldInfusions(scope=Scope.SITE, reason="an inspection")
LONG: tuple[Told, ...] = (*FOUR_MONTHS, ("2026-06-23", HOLD), ("2026-07-07", done("M4", "2026-07-07")))


@given(st.integers(0, len(LONG) - 1), st.integers(0, 40), st.sampled_from(NAMES))
def test_what_did_not_change_is_the_same_bytes_and_what_did_counts_up(steps: int, days: int, name: str) -> None:
    """Between two publishes there may be a command, and days may pass."""
    last = date.fromisoformat(LONG[steps][0])
    before = a_record(*LONG[:steps])
    after = a_record(*LONG[: steps + 1], as_of=str(last + timedelta(days=days)))
    revisions = [{one.code: one.revision for one in kept.state.visits.values()} for kept in (before, after)]
    old, new = (pieces(calendars(kept.plan)[name]) for kept in (before, after))
    audience = name.removesuffix(".ics")

    for visit, revision in revisions[1].items():
        line = f"UID:{visit_uid('RES001-DMPM-02', ParticipantId('P-001'), visit, audience)}".encode()
        if line in old and line in new:
            assert (old[line] == new[line]) is (revisions[0][visit] == revision)
