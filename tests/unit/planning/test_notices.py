"""What staff are told although nothing is wrong."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from builders import ALL_DAY, NO_LATER_DAY_0, a_site, closed, example_site, place, registered_protocol

from schedule.planning.notices import (
    CannotBePlaced,
    EndsAfterClosing,
    EndsAfterCompletion,
    FixedOnClosedDay,
    FixedOutsideWindow,
    FixedTooClose,
    NotConfirmed,
    Notice,
    SiteHasExamples,
    SiteHasNoHolidays,
    SiteLeavesBlank,
    is_confirmed,
    notice,
)
from schedule.planning.placing import TooClose
from schedule.sites import ClosedWeekday, Confirmation, Contact, HolidayCalendar, Hours, Site, Weekday
from schedule.study.protocol import Basis, Kind, Label, Text, VisitCode

MONTH_3 = Text(en="Month 3", es="Mes 3")
DAY_0 = registered_protocol().visits[0].name
VERSION = registered_protocol().study.version
AS_OF = datetime(2026, 3, 2, 5, tzinfo=UTC)


def confirmed_site(version: str = VERSION, **changes: object) -> Site:
    """Return a site that has said everything: staff hear nothing of it."""
    contact = Contact(
        address="1 Main St", phone="555-0100", phone_24h="555-0101", emergency="555-0102", call_link="https://example.org/call",
        investigator="A. Doe, MD", ethics_board="Board, 555-0102",
    )  # fmt: skip
    told = Confirmation(by=Label("coordinator"), on=date(2026, 1, 6), protocol_version=Label(version))
    site = replace(a_site(holidays=HolidayCalendar(country="US")), contact=contact, confirmed=told)
    return replace(site, **changes)  # type: ignore[arg-type]


def told(
    day: str, site: Site | None = None, *, day0: str | None = None, month3: str | None = None
) -> tuple[Notice, ...]:
    placed = place(day, site=site, day0=day0, month3=month3)
    return notice(registered_protocol(), tuple(placed.values()), site, AS_OF)


@pytest.mark.parametrize("site", [None, confirmed_site()], ids=["no site", "a site that says all"])
def test_where_nothing_is_amiss_nothing_is_told(site: Site | None) -> None:
    assert told("2026-03-02", site) == ()


def test_a_last_visit_on_the_registered_completion_is_in_time() -> None:
    assert told("2027-07-31") == ()


def test_a_last_visit_after_the_registered_completion_is_told() -> None:
    expected = EndsAfterCompletion(
        visit=registered_protocol().visits[-1].code, day=date(2029, 9, 1), completion=date(2029, 8, 31)
    )

    assert told("2027-08-01") == (expected,)


def test_the_planned_day_of_the_last_visit_counts() -> None:
    site = confirmed_site(
        open=dict.fromkeys(Weekday, ALL_DAY), holidays=HolidayCalendar(country="US", only=("Christmas Day",)),
        closures=(closed(date(2029, 8, 17), date(2029, 8, 31)),),
    )  # fmt: skip

    (late,) = told("2027-07-31", site)

    assert isinstance(late, EndsAfterCompletion)
    assert (late.visit, late.day) == ("M25", date(2029, 9, 1))


def test_day_0_on_a_closed_day_is_told() -> None:
    saturday = ClosedWeekday(weekday=Weekday.SATURDAY)

    assert told("2026-03-02", confirmed_site(), day0="2026-03-07") == (
        FixedOnClosedDay(visit=DAY_0, day=date(2026, 3, 7), why=saturday),
    )


@pytest.mark.parametrize("day0", ["2026-03-02", "2026-03-16"])
def test_day_0_inside_its_window_is_not_told(day0: str) -> None:
    assert told("2026-03-02", day0=day0) == ()


def test_day_0_after_its_window_is_told() -> None:
    assert told("2026-03-02", day0="2026-03-17") == (
        FixedOutsideWindow(visit=DAY_0, day=date(2026, 3, 17), earliest=date(2026, 3, 2), latest=date(2026, 3, 16)),
    )


def test_an_infusion_on_a_closed_day_is_told() -> None:
    saturday = ClosedWeekday(weekday=Weekday.SATURDAY)

    assert told("2026-03-02", confirmed_site(), month3="2026-06-06") == (
        FixedOnClosedDay(visit=MONTH_3, day=date(2026, 6, 6), why=saturday),
    )


@pytest.mark.parametrize("month3", ["2026-05-30", "2026-06-09"])
def test_an_infusion_inside_its_window_is_not_told(month3: str) -> None:
    assert told("2026-03-02", month3=month3) == ()


@pytest.mark.parametrize("month3", ["2026-05-29", "2026-06-10"])
def test_an_infusion_outside_its_window_is_told(month3: str) -> None:
    assert told("2026-03-02", month3=month3) == (
        FixedOutsideWindow(
            visit=MONTH_3, day=date.fromisoformat(month3), earliest=date(2026, 5, 30), latest=date(2026, 6, 9)
        ),
    )


def too_close(day: date, to: str, name: Text, on: date, apart: int) -> FixedTooClose:
    why = TooClose(to=VisitCode(to), on=on, days_apart=apart, at_least=21, basis=Basis.ASSUMED)
    return FixedTooClose(visit=MONTH_3, day=day, other=name, why=why)


def test_an_infusion_too_soon_after_day_0_is_told() -> None:
    day = date(2026, 3, 29)  # 20 days after 9 March

    for day0 in ("2026-03-09", None):
        (_, told_of) = told("2026-03-09", day0=day0, month3="2026-03-29")
        assert told_of == too_close(day, "D0", DAY_0, date(2026, 3, 9), 20)


def test_an_infusion_too_soon_before_one_that_is_not_given_yet_is_told() -> None:
    (_, told_of) = told("2026-03-02", month3="2026-08-13")

    assert told_of == too_close(date(2026, 8, 13), "M6", Text(en="Month 6", es="Mes 6"), date(2026, 9, 2), 20)


def test_infusions_that_keep_their_distance_are_not_told() -> None:
    for month3 in ("2026-03-30", "2026-08-19"):  # 21 days after 9 March, 21 before 9 September
        assert not [one for one in told("2026-03-09", month3=month3) if isinstance(one, FixedTooClose)]


def test_all_visits_without_a_day_are_told() -> None:
    site = confirmed_site(
        closures=(NO_LATER_DAY_0, closed(date(2026, 5, 30), date(2026, 7, 9), Kind.INFUSION, Kind.CLINIC))
    )

    assert [one.visits for one in told("2026-03-02", site) if isinstance(one, CannotBePlaced)] == [("M3", "M4")]


def test_the_example_sites_are_told_to_be_examples() -> None:
    examples = SiteHasExamples(keys=("open", "arrival"))
    unconfirmed = NotConfirmed(version=VERSION, day=date(2026, 3, 2))
    unknown = ["contact.address", "contact.phone", "contact.phone_24h", "contact.emergency", "contact.call_link"]

    assert told("2026-03-02", example_site("gainesville")) == (
        unconfirmed,
        SiteLeavesBlank(keys=(*unknown, "contact.ethics_board")),
        examples,
    )
    assert told("2026-03-02", example_site("miami")) == (
        unconfirmed,
        SiteLeavesBlank(keys=(*unknown, "contact.investigator", "contact.ethics_board")),
        examples,
        SiteHasNoHolidays(),
    )


def test_a_confirmation_of_another_version_does_not_count() -> None:
    site = confirmed_site(version="an older one")

    assert told("2026-03-02", site) == (NotConfirmed(version=VERSION, day=date(2026, 3, 2)),)
    assert not is_confirmed(registered_protocol(), site, AS_OF)
    assert is_confirmed(registered_protocol(), confirmed_site(), AS_OF)


def test_a_confirmation_does_not_count_before_its_day_at_the_site() -> None:
    site = confirmed_site()

    assert not is_confirmed(registered_protocol(), site, datetime(2026, 1, 6, 4, 59, tzinfo=UTC))
    assert is_confirmed(registered_protocol(), site, datetime(2026, 1, 6, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        (time(16, 30), ()),  # 9:00 and 7 h 30: on the minute
        (time(16, 29), ("D0", "M7")),
        (time(13, 59), ("D0", "M3", "M6", "M7", "M10", "M13")),
    ],
)
def test_visits_that_end_after_the_clinic_closes_are_told(closes: time, expected: tuple[str, ...]) -> None:
    site = confirmed_site(open={weekday: Hours(opens=time(8, 0), closes=closes) for weekday in Weekday})

    late = [one.visits for one in told("2026-03-02", site) if isinstance(one, EndsAfterClosing)]

    assert late == ([expected] if expected else [])
