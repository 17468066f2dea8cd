"""Days on which a site is closed, and why: literal days, read off a calendar."""

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from builders import ALL_DAY, a_site, closed

from schedule.sites import (
    ClosedWeekday,
    ClosureClosed,
    HolidayCalendar,
    HolidayClosed,
    Hours,
    Limit,
    NoSlots,
    NoSuchTime,
    Opening,
    Slots,
    Weekday,
    check_exists,
    holiday_names,
    hours_on,
    limit_on,
    why_closed,
)
from schedule.study.protocol import Kind, Text

FEDERAL = HolidayCalendar(country="US")


@pytest.mark.parametrize(
    ("day", "weekday"),
    [("2026-09-05", Weekday.SATURDAY), ("2026-09-06", Weekday.SUNDAY), ("2028-02-27", Weekday.SUNDAY)],
)
def test_a_weekday_without_hours_is_closed(day: str, weekday: Weekday) -> None:
    assert why_closed(a_site(), date.fromisoformat(day), Kind.CLINIC) == ClosedWeekday(weekday=weekday)


@pytest.mark.parametrize("day", ["2026-09-04", "2026-09-07", "2028-02-29"])
def test_a_weekday_with_hours_is_open_even_on_a_holiday_that_the_site_does_not_name(day: str) -> None:
    assert why_closed(a_site(), date.fromisoformat(day), Kind.CLINIC) is None


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2026-01-01", "New Year's Day"),
        ("2026-01-19", "Martin Luther King Jr. Day"),
        ("2026-02-16", "Washington's Birthday"),
        ("2026-05-25", "Memorial Day"),
        ("2026-06-19", "Juneteenth National Independence Day"),
        ("2026-07-03", "Independence Day (observed)"),
        ("2026-09-07", "Labor Day"),
        ("2026-10-12", "Columbus Day"),
        ("2026-11-11", "Veterans Day"),
        ("2026-11-26", "Thanksgiving Day"),
        ("2026-12-25", "Christmas Day"),
        ("2027-07-05", "Independence Day (observed)"),
        ("2027-12-31", "New Year's Day (observed)"),
    ],
)
def test_a_federal_holiday_closes_a_site_that_keeps_them(day: str, name: str) -> None:
    site = a_site(holidays=FEDERAL)

    assert why_closed(site, date.fromisoformat(day), Kind.INFUSION) == HolidayClosed(name=name)


@pytest.mark.parametrize("day", ["2026-07-02", "2026-07-06", "2026-11-27", "2026-12-24", "2027-07-02"])
def test_the_days_beside_a_holiday_are_open(day: str) -> None:
    assert why_closed(a_site(holidays=FEDERAL), date.fromisoformat(day), Kind.INFUSION) is None


def test_only_the_holidays_named_close_the_site() -> None:
    site = a_site(holidays=HolidayCalendar(country="US", only=("Christmas Day",)))

    assert why_closed(site, date(2026, 12, 25), Kind.CLINIC) == HolidayClosed(name="Christmas Day")
    assert why_closed(site, date(2026, 11, 26), Kind.CLINIC) is None


def test_a_state_adds_its_own_holidays() -> None:
    good_friday = date(2026, 4, 3)

    assert why_closed(a_site(holidays=FEDERAL), good_friday, Kind.CLINIC) is None
    connecticut = a_site(holidays=HolidayCalendar(country="US", subdivision="CT"))
    assert why_closed(connecticut, good_friday, Kind.CLINIC) == HolidayClosed(name="Good Friday")


@pytest.mark.parametrize(
    ("day", "is_closed"),
    [("2026-08-31", False), ("2026-09-01", True), ("2026-09-02", True), ("2026-09-03", True), ("2026-09-04", False)],
)
def test_both_ends_of_a_closure_are_closed(day: str, is_closed: bool) -> None:
    site = a_site(closures=[closed(date(2026, 9, 1), date(2026, 9, 3))])

    why = why_closed(site, date.fromisoformat(day), Kind.CLINIC)

    assert why == (ClosureClosed(reason=Text(en="hurricane", es="huracán")) if is_closed else None)


@pytest.mark.parametrize(("kind", "is_open"), [(Kind.INFUSION, False), (Kind.CLINIC, False), (Kind.VIRTUAL, True)])
def test_calls_go_on_while_the_clinic_is_closed_for_other_kinds(kind: Kind, is_open: bool) -> None:
    site = a_site(closures=[closed(date(2026, 9, 1), date(2026, 9, 3), Kind.INFUSION, Kind.CLINIC)])

    assert (why_closed(site, date(2026, 9, 2), kind) is None) == is_open


def test_the_names_of_holidays_are_those_of_the_country() -> None:
    names = holiday_names(FEDERAL, range(2026, 2028))

    assert {"Labor Day", "Thanksgiving Day", "Independence Day (observed)"} <= names
    assert "Good Friday" not in names


def test_an_unknown_country_has_no_holidays() -> None:
    with pytest.raises(NotImplementedError):
        holiday_names(HolidayCalendar(country="ZZ"), range(2026, 2027))


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("America/New_York", "2026-03-08T02:00"),
        ("America/New_York", "2026-03-08T02:59"),
        ("America/New_York", "2027-03-14T02:30"),
        ("America/New_York", "2028-03-12T02:30"),
        ("Europe/Madrid", "2026-03-29T02:30"),
    ],
)
def test_a_time_that_the_clock_jumps_over_does_not_exist(zone: str, local: str) -> None:
    with pytest.raises(NoSuchTime, match=zone):
        check_exists(datetime.fromisoformat(local), ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("America/New_York", "2026-03-08T01:59"),
        ("America/New_York", "2026-03-08T03:00"),
        ("America/New_York", "2026-03-29T02:30"),
        ("America/New_York", "2026-11-01T01:30"),
        ("America/Phoenix", "2026-03-08T02:30"),
        ("Europe/Madrid", "2026-03-08T02:30"),
    ],
)
def test_any_other_time_exists(zone: str, local: str) -> None:
    check_exists(datetime.fromisoformat(local), ZoneInfo(zone))


def test_who_closes_on_a_holiday_closes_on_the_day_it_is_observed() -> None:
    site = a_site(holidays=HolidayCalendar(country="US", only=("Independence Day",)))

    assert why_closed(site, date(2026, 7, 3), Kind.CLINIC) == HolidayClosed(name="Independence Day (observed)")
    assert why_closed(site, date(2026, 9, 7), Kind.CLINIC) is None


STORM = Text(en="after the storm", es="después de la tormenta")
MORNING = Hours(opens=time(8), closes=time(12))
INFUSION_WEEK = Slots(week=(2, 2, 0, 2, 1, None, None))


def opening(day: str) -> Opening:
    return Opening(day=date.fromisoformat(day), hours=MORNING, reason=STORM)


def test_a_special_opening_opens_a_saturday_and_a_holiday_with_its_own_hours() -> None:
    site = replace(a_site(holidays=FEDERAL), openings=(opening("2026-09-05"), opening("2026-09-07")))

    assert why_closed(site, date(2026, 9, 5), Kind.CLINIC) is None
    assert hours_on(site, date(2026, 9, 5)) == MORNING
    assert why_closed(site, date(2026, 9, 7), Kind.INFUSION) is None  # Labor Day
    assert why_closed(site, date(2026, 9, 6), Kind.CLINIC) == ClosedWeekday(weekday=Weekday.SUNDAY)
    assert hours_on(site, date(2026, 9, 6)) is None
    assert hours_on(site, date(2026, 9, 8)) == ALL_DAY


def test_a_closure_of_a_kind_holds_on_a_special_opening_too() -> None:
    no_infusions = closed(date(2026, 9, 5), date(2026, 9, 5), Kind.INFUSION)
    site = replace(a_site(closures=[no_infusions]), openings=(opening("2026-09-05"),))

    assert isinstance(why_closed(site, date(2026, 9, 5), Kind.INFUSION), ClosureClosed)
    assert why_closed(site, date(2026, 9, 5), Kind.VIRTUAL) is None


@pytest.mark.parametrize(
    ("day", "limit"),
    [("2026-09-08", 2), ("2026-09-09", 0), ("2026-09-11", 1), ("2026-09-12", None), ("2026-09-15", 5)],
)
def test_a_day_can_hold_what_its_weekday_says_unless_something_is_said_of_the_day(day: str, limit: int | None) -> None:
    one = Limit(first=date(2026, 9, 14), last=date(2026, 9, 15), kind=Kind.INFUSION, limit=5, reason=STORM)
    site = replace(a_site(), capacity={Kind.INFUSION: INFUSION_WEEK}, capacity_on=(one,))

    assert limit_on(site, date.fromisoformat(day), Kind.INFUSION) == limit
    assert limit_on(site, date.fromisoformat(day), Kind.CLINIC) is None


def test_of_two_that_say_something_of_a_day_the_later_holds() -> None:
    days = [Limit(first=date(2026, 9, 14), last=date(2026, 9, 14), kind=Kind.CLINIC, limit=most, reason=STORM)
            for most in (5, 3)]  # fmt: skip
    assert limit_on(replace(a_site(), capacity_on=tuple(days)), date(2026, 9, 14), Kind.CLINIC) == 3


def test_a_day_that_can_hold_none_is_closed_to_that_kind_only() -> None:
    site = replace(a_site(), capacity={Kind.INFUSION: INFUSION_WEEK})

    assert why_closed(site, date(2026, 9, 9), Kind.INFUSION) == NoSlots()
    assert why_closed(site, date(2026, 9, 9), Kind.CLINIC) is None
    assert why_closed(site, date(2026, 9, 8), Kind.INFUSION) is None
