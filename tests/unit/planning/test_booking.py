"""Appointments: local times, also on the nights on which the clock changes."""

from datetime import date, datetime, time

import pytest
from builders import NO_LATER_DAY_0, a_site, closed, example_site, place

from schedule.errors import Refused
from schedule.planning.booking import Appointment, book
from schedule.sites import Site, Weekday
from schedule.study.protocol import Kind

EVERY_DAY = tuple(Weekday)


def booked(day: str, site: Site) -> dict[str, Appointment]:
    return {str(code): one for code, one in book(tuple(place(day, site=site).values()), site).items()}


@pytest.mark.parametrize(
    ("code", "start", "end"),
    [
        ("D0", "2026-03-02T08:00", "2026-03-02T15:30"),
        ("M1", "2026-04-02T09:00", "2026-04-02T11:30"),
        ("M2", "2026-05-01T10:00", "2026-05-01T10:30"),
        ("M3", "2026-06-02T08:00", "2026-06-02T13:00"),
        ("M8", "2026-11-02T09:00", "2026-11-02T11:30"),
    ],
)
def test_a_visit_starts_at_the_time_for_its_kind_and_lasts_its_length(code: str, start: str, end: str) -> None:
    appointment = booked("2026-03-02", example_site("gainesville"))[code]

    assert appointment == Appointment(start=datetime.fromisoformat(start), end=datetime.fromisoformat(end))


def test_milestones_visits_without_a_day_and_what_counts_from_them_are_not_booked() -> None:
    site = a_site(closures=[NO_LATER_DAY_0, closed(date(2026, 5, 30), date(2026, 6, 9))])

    appointments = booked("2026-03-02", site)

    assert len(appointments) == 20
    assert not {"TAPER", "M3", "M4", "M5"} & set(appointments)


@pytest.mark.parametrize(
    ("day", "arrival", "end"),
    [
        ("2026-03-07", "23:00", "2026-03-08T07:30"),  # an hour is lost that night
        ("2026-10-31", "23:00", "2026-11-01T05:30"),  # an hour is won
        ("2026-10-31", "17:30", "2026-11-01T01:00"),  # before the hour comes twice
        ("2026-10-31", "18:30", "2026-11-01T01:00"),  # in the second of the two hours
        ("2026-06-06", "23:00", "2026-06-07T06:30"),
    ],
)
def test_a_visit_over_a_clock_change_lasts_what_it_lasts(day: str, arrival: str, end: str) -> None:
    site = a_site(weekdays=EVERY_DAY, arrival=dict.fromkeys(Kind, time.fromisoformat(arrival)))

    day0 = booked(day, site)["D0"]

    assert day0 == Appointment(start=datetime.fromisoformat(f"{day}T{arrival}"), end=datetime.fromisoformat(end))


def test_an_arrival_that_the_clock_jumps_over_is_refused() -> None:
    site = a_site(weekdays=EVERY_DAY, arrival=dict.fromkeys(Kind, time(2, 30)))

    with pytest.raises(Refused) as told:
        booked("2026-03-08", site)

    problem = told.value.problems[0]
    assert problem.place.startswith("arrival.infusion")
    assert problem.wrong == "on 2026-03-08 the clock jumps over 02:30 in America/New_York"
    assert "book D0 by hand" in problem.remedy


def test_the_hour_that_comes_twice_can_be_booked() -> None:
    site = a_site(weekdays=EVERY_DAY, arrival=dict.fromkeys(Kind, time(1, 30)))

    assert booked("2026-11-01", site)["D0"].start == datetime.fromisoformat("2026-11-01T01:30")


def test_all_that_hinders_booking_is_told_at_once_and_each_only_once() -> None:
    site = a_site(weekdays=EVERY_DAY, arrival={Kind.INFUSION: time(2, 30)})

    with pytest.raises(Refused) as told:
        booked("2026-03-08", site)

    keys = [problem.place.split()[0] for problem in told.value.problems]
    assert keys == ["arrival.infusion", "arrival.clinic", "arrival.virtual"]
