"""Targets, windows and planned days: literal days, read off a calendar."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from time import process_time

import pytest
from builders import NO_LATER_DAY_0, a_site, closed, example_site, other_protocol, place, registered_protocol

from schedule.planning.placing import (
    AnchorDay,
    Away,
    DayRefused,
    Kept,
    PlacedStep,
    Settled,
    StaysPlanned,
    TooClose,
    WorseForOthers,
    place_steps,
    why_away,
)
from schedule.sites import ClosedWeekday, ClosureClosed, HolidayCalendar, HolidayClosed, Limit, NoSlots, Slots, Weekday
from schedule.study.offsets import Offset
from schedule.study.protocol import RANDOMIZATION, Basis, Kind, Text, VisitCode, Window

EVERY_DAY = tuple(Weekday)


@pytest.mark.parametrize(
    ("code", "target", "earliest", "latest"),
    [
        ("D0", "2026-03-02", "2026-03-02", "2026-03-16"),
        ("M1", "2026-04-02", "2026-03-26", "2026-04-09"),
        ("M2", "2026-05-02", "2026-04-29", "2026-05-09"),
        ("M3", "2026-06-02", "2026-05-30", "2026-06-09"),
        ("TAPER", "2026-06-16", "2026-06-16", "2026-06-16"),
        ("M7", "2026-10-02", "2026-09-29", "2026-10-09"),
        ("M10", "2027-01-02", "2026-12-30", "2027-01-09"),
        ("M14", "2027-05-02", "2027-04-25", "2027-05-09"),
        ("M16", "2027-07-02", "2027-06-18", "2027-07-16"),
        ("M24", "2028-03-02", "2028-02-28", "2028-03-09"),
        ("M25", "2028-04-02", "2028-03-19", "2028-04-16"),
    ],
)
def test_without_a_site_each_visit_is_planned_on_its_target(code: str, target: str, earliest: str, latest: str) -> None:
    visit = place("2026-03-02")[code]

    assert [visit.target, visit.planned, visit.earliest, visit.latest] == [
        date.fromisoformat(day) for day in (target, target, earliest, latest)
    ]


@pytest.mark.parametrize(
    ("code", "anchor"),
    [("D0", "randomization"), ("M3", "D0"), ("M4", "M3"), ("M7", "M6"), ("M8", "M7"), ("M16", "M13"), ("TAPER", "M3")],
)
def test_each_visit_says_what_it_counts_from(code: str, anchor: str) -> None:
    assert place("2026-03-02")[code].counts.anchor == anchor


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-03-03", "2026-09-03"),  # a Thursday
        ("2026-03-05", "2026-09-04"),  # a Saturday: Friday is one day off, Monday two
        ("2026-03-06", "2026-09-07"),  # a Sunday: Monday is one day off, Friday two
    ],
)
def test_the_nearest_open_day_is_planned(day: str, expected: str) -> None:
    assert place(day, site=a_site())["M6"].planned == date.fromisoformat(expected)


def test_of_two_days_equally_near_the_earlier_is_planned() -> None:
    veterans_day = place("2026-08-11", site=a_site(holidays=HolidayCalendar(country="US")))["M3"]

    assert veterans_day.target == date(2026, 11, 11)
    assert veterans_day.planned == date(2026, 11, 10)
    assert veterans_day.refused == (DayRefused(day=date(2026, 11, 11), why=HolidayClosed(name="Veterans Day")),)


def test_the_day_of_randomization_is_never_anticipated() -> None:
    day0 = place("2026-03-07", site=a_site())["D0"]

    assert (day0.target, day0.planned) == (date(2026, 3, 7), date(2026, 3, 9))


def test_the_last_day_of_a_window_is_allowed() -> None:
    site = a_site(weekdays=EVERY_DAY, closures=[closed(date(2026, 5, 1), date(2026, 6, 8))])

    month3 = place("2026-03-02", site=site)["M3"]

    assert (month3.planned, month3.slack_days) == (date(2026, 6, 9), 0)


def test_the_first_day_of_a_window_is_allowed() -> None:
    site = a_site(weekdays=EVERY_DAY, closures=[closed(date(2026, 5, 31), date(2026, 7, 1))])

    month3 = place("2026-03-02", site=site)["M3"]

    assert (month3.planned, month3.slack_days) == (date(2026, 5, 30), 10)


def test_the_window_belongs_to_the_target_and_does_not_move() -> None:
    month6 = place("2026-03-05", site=a_site())["M6"]

    assert (month6.target, month6.planned) == (date(2026, 9, 5), date(2026, 9, 4))
    assert (month6.earliest, month6.latest) == (date(2026, 9, 2), date(2026, 9, 12))
    assert month6.slack_days == 8
    assert month6.refused == (DayRefused(day=date(2026, 9, 5), why=ClosedWeekday(weekday=Weekday.SATURDAY)),)


def test_what_depends_on_a_visit_counts_from_its_planned_day() -> None:
    placed = place("2026-03-05", site=a_site())

    assert placed["M7"].target == date(2026, 10, 4)  # infusion 3 on 4 September, not on the 5th
    assert placed["M7"].planned == date(2026, 10, 5)
    assert placed["M8"].target == date(2026, 11, 5)
    assert placed["M8"].counts.anchor_day == date(2026, 10, 5)
    assert placed["M8"].counts.anchor_is is AnchorDay.PLANNED
    assert placed["M10"].target == date(2027, 1, 5)  # counts from Day 0: it does not follow M7


def test_day_0_given_later_moves_all_that_counts_from_it_and_not_its_own_window() -> None:
    placed = place("2026-03-02", day0="2026-03-09")

    assert placed["D0"].target == date(2026, 3, 2)
    assert (placed["D0"].planned, placed["D0"].slack_days) == (date(2026, 3, 9), 7)
    assert (placed["D0"].earliest, placed["D0"].latest) == (date(2026, 3, 2), date(2026, 3, 16))
    assert placed["M1"].target == date(2026, 4, 9)
    assert placed["M1"].counts.anchor_is is AnchorDay.ACTUAL
    assert placed["M25"].target == date(2028, 4, 9)
    assert placed["TAPER"].target == date(2026, 6, 23)


def test_a_fixed_day_0_is_not_moved_from_a_closed_day() -> None:
    day0 = place("2026-03-02", day0="2026-03-07", site=a_site())["D0"]

    assert (day0.planned, day0.actual, day0.refused) == (date(2026, 3, 7), True, ())


def test_a_milestone_ignores_the_calendar_and_counts_from_the_planned_day() -> None:
    taper = place("2026-03-05", site=example_site("gainesville"))["TAPER"]

    juneteenth = date(2026, 6, 19)
    assert (taper.target, taper.earliest, taper.latest, taper.planned) == (juneteenth,) * 4
    assert taper.refused == ()


def test_a_milestone_follows_the_infusion_that_was_moved() -> None:
    placed = place("2026-03-06", site=a_site())  # infusion 2: Saturday 6 June, planned on Friday the 5th

    assert placed["M3"].planned == date(2026, 6, 5)
    assert placed["TAPER"].planned == date(2026, 6, 19)


def test_those_off_steroids_have_no_taper_and_otherwise_the_same_days() -> None:
    off, on = place("2026-03-02", steroids=False), place("2026-03-02")

    assert set(on) - set(off) == {"TAPER"}
    assert all(off[code].target == on[code].target for code in off)


def test_a_window_without_an_open_day_is_told_day_by_day() -> None:
    site = a_site(closures=[NO_LATER_DAY_0, closed(date(2026, 5, 30), date(2026, 6, 9))])

    month3 = place("2026-03-02", site=site)["M3"]

    hurricane = ClosureClosed(reason=Text(en="hurricane", es="huracán"))
    saturday, sunday = ClosedWeekday(weekday=Weekday.SATURDAY), ClosedWeekday(weekday=Weekday.SUNDAY)
    assert (month3.planned, month3.slack_days) == (None, None)
    assert month3.refused == (
        DayRefused(day=date(2026, 5, 30), why=saturday),
        DayRefused(day=date(2026, 5, 31), why=sunday),
        DayRefused(day=date(2026, 6, 1), why=hurricane),
        DayRefused(day=date(2026, 6, 2), why=hurricane),
        DayRefused(day=date(2026, 6, 3), why=hurricane),
        DayRefused(day=date(2026, 6, 4), why=hurricane),
        DayRefused(day=date(2026, 6, 5), why=hurricane),
        DayRefused(day=date(2026, 6, 6), why=saturday),
        DayRefused(day=date(2026, 6, 7), why=sunday),
        DayRefused(day=date(2026, 6, 8), why=hurricane),
        DayRefused(day=date(2026, 6, 9), why=hurricane),
    )


def test_what_depends_on_a_visit_without_a_day_counts_from_its_target() -> None:
    site = a_site(closures=[NO_LATER_DAY_0, closed(date(2026, 5, 30), date(2026, 6, 9))])

    placed = place("2026-03-02", site=site)

    assert placed["M4"].target == date(2026, 7, 2)
    assert placed["M4"].counts.anchor_is is AnchorDay.UNPLACED
    assert placed["TAPER"].planned == date(2026, 6, 16)


def test_a_closure_of_the_infusion_room_leaves_calls_where_they_are() -> None:
    site = a_site(closures=[closed(date(2026, 3, 4), date(2026, 12, 31), Kind.INFUSION)])

    placed = place("2026-03-03", site=site)

    assert [code for code, one in placed.items() if one.planned is None] == ["M3", "M6", "M7"]
    assert placed["M9"].planned == date(2026, 12, 3)


def test_an_open_day_too_close_to_another_infusion_is_passed_over() -> None:
    protocol = replace(other_protocol(), spacing=(replace(other_protocol().spacing[0], at_least=28),))
    site = a_site(weekdays=EVERY_DAY, closures=[closed(date(2026, 3, 30), date(2026, 3, 30))])

    week4 = place("2026-03-02", site=site, protocol=protocol)["W4"]

    too_close = TooClose(
        to=protocol.study.day0, on=date(2026, 3, 2), days_apart=27, at_least=28, basis=Basis.REGISTERED
    )
    assert week4.planned == date(2026, 3, 31)
    assert [one.day for one in week4.refused] == [date(2026, 3, 30), date(2026, 3, 29)]
    assert week4.refused[1].why == too_close


def test_the_distance_is_kept_from_the_planned_day_and_not_from_the_target() -> None:
    protocol = replace(other_protocol(), spacing=(replace(other_protocol().spacing[0], at_least=29),))
    site = a_site(weekdays=EVERY_DAY, closures=[closed(date(2026, 3, 2), date(2026, 3, 2))])

    placed = place("2026-03-02", site=site, protocol=protocol)

    assert placed["W0"].planned == date(2026, 3, 3)
    assert placed["W4"].target == date(2026, 3, 31)  # 28 days after 3 March
    assert placed["W4"].planned == date(2026, 4, 1)


def test_visits_of_other_kinds_are_not_kept_apart() -> None:
    protocol = replace(other_protocol(), spacing=(replace(other_protocol().spacing[0], at_least=30),))

    placed = place("2026-03-02", site=a_site(weekdays=EVERY_DAY), protocol=protocol)

    assert placed["W4"].planned == date(2026, 4, 1)
    assert placed["W8"].planned == date(2026, 4, 29)  # 28 days after Week 4


# Days that are best for all visits together


def two_infusions(*closures: date, at_least: int) -> list[PlacedStep]:
    """Place A, wanted on 12 March, and B, on 22 March, each two days before or after, so many days apart."""
    first = replace(
        other_protocol().visits[0],
        code=VisitCode("A"),
        anchor=RANDOMIZATION,
        offset=Offset(days=10),
        window=Window(before=2, after=2),
    )
    second = replace(first, code=VisitCode("B"), offset=Offset(days=20))
    rule = replace(other_protocol().spacing[0], at_least=at_least)
    protocol = replace(other_protocol(), visits=(first, second), spacing=(rule,))
    site = a_site(weekdays=EVERY_DAY, closures=[closed(day, day) for day in closures])
    return list(place("2026-03-02", site=site, protocol=protocol).values())


def test_a_visit_leaves_its_nearest_day_to_give_another_one() -> None:
    first, second = two_infusions(date(2026, 3, 24), at_least=12)

    assert (first.planned, second.planned) == (date(2026, 3, 11), date(2026, 3, 23))


def test_the_days_off_target_of_all_are_fewest() -> None:
    first, second = two_infusions(date(2026, 3, 23), at_least=11)

    assert (first.planned, second.planned) == (date(2026, 3, 11), date(2026, 3, 22))  # not the 12th and the 24th
    assert first.refused == (
        DayRefused(
            day=date(2026, 3, 12),
            why=TooClose(to=VisitCode("B"), on=date(2026, 3, 22), days_apart=10, at_least=11, basis=Basis.REGISTERED),
        ),
    )


def test_of_choices_that_are_as_near_the_earlier_visit_is_on_its_target() -> None:
    first, second = two_infusions(at_least=12)

    assert (first.planned, second.planned) == (date(2026, 3, 12), date(2026, 3, 24))  # not the 11th and the 23rd


def test_where_only_one_of_two_can_have_a_day_it_is_the_earlier() -> None:
    first, second = two_infusions(at_least=15)

    assert (first.planned, second.planned) == (date(2026, 3, 12), None)


def test_an_anchor_leaves_its_nearest_day_where_those_that_count_from_it_are_nearer_then() -> None:
    placed = place("2026-03-02", site=example_site("gainesville"))

    month10 = placed["M10"]
    assert (month10.target, month10.planned) == (date(2027, 1, 2), date(2027, 1, 4))  # as near as 31 December
    assert month10.refused[-1] == DayRefused(
        day=date(2026, 12, 31), why=WorseForOthers(visits=(VisitCode("M11"), VisitCode("M12")))
    )
    assert [(placed[code].target, placed[code].planned) for code in ("M11", "M12")] == [
        (date(2027, 2, 4), date(2027, 2, 4)),  # from 31 December, a Sunday
        (date(2027, 3, 4), date(2027, 3, 4)),  # from 31 December, a Sunday
    ]


def test_a_visit_whose_target_would_move_off_its_day_is_named_too() -> None:
    placed = place("2026-11-25", site=example_site("gainesville"), steroids=False)

    assert placed["M13"].planned == date(2027, 12, 22)
    assert [(str(one.day), one.why.visits) for one in placed["M13"].refused if isinstance(one.why, WorseForOthers)] == [
        ("2027-12-23", ("M22", "M24", "M25")),  # due on a Saturday, Thanksgiving Day and a Saturday
        ("2027-12-27", ("M15", "M18", "M21")),  # due on a Sunday, a Saturday and a Sunday
    ]


def test_a_visit_that_would_come_too_close_to_another_is_named() -> None:
    """From 11 March B would be due on the 21st, six days after D."""
    clinic = replace(other_protocol().visits[0], kind=Kind.CLINIC, window=Window(before=1, after=1))
    infusion = replace(clinic, kind=Kind.INFUSION, window=Window(before=0, after=0))
    visits = (
        replace(clinic, code=VisitCode("A"), anchor=RANDOMIZATION, offset=Offset(days=10)),
        replace(infusion, code=VisitCode("D"), anchor=RANDOMIZATION, offset=Offset(days=13)),
        replace(infusion, code=VisitCode("B"), anchor=VisitCode("A"), offset=Offset(days=10)),
    )
    site = a_site(weekdays=EVERY_DAY, closures=[closed(date(2026, 3, 12), date(2026, 3, 12))])
    spacing = (replace(other_protocol().spacing[0], at_least=7),)

    placed = place("2026-03-02", site=site, protocol=replace(other_protocol(), visits=visits, spacing=spacing))

    assert [str(placed[code].planned) for code in "ADB"] == ["2026-03-13", "2026-03-15", "2026-03-23"]
    assert placed["A"].refused[-1] == DayRefused(day=date(2026, 3, 11), why=WorseForOthers(visits=(VisitCode("B"),)))


def test_an_anchor_leaves_its_target_where_what_counts_from_it_would_have_no_day() -> None:
    site = a_site(weekdays=EVERY_DAY, closures=[closed(date(2026, 5, 30), date(2026, 6, 9))])

    placed = place("2026-03-02", site=site)

    assert placed["D0"].planned == date(2026, 3, 3)
    assert placed["D0"].refused == (DayRefused(day=date(2026, 3, 2), why=WorseForOthers(visits=(VisitCode("M3"),))),)
    assert placed["M3"].planned == date(2026, 6, 10)


def test_a_month_can_pull_two_days_apart() -> None:
    """From 28 February B would be due on 28 March, which is closed as for C; from 1 March both are due on 1 April."""
    clinic = replace(other_protocol().visits[0], kind=Kind.CLINIC, window=Window(before=1, after=1))
    month, two_days = Offset(months=1), Offset(days=2)
    a = replace(clinic, code=VisitCode("A"), anchor=RANDOMIZATION, offset=Offset(), window=Window(before=0, after=1))
    b = replace(clinic, code=VisitCode("B"), anchor=VisitCode("A"), offset=month)
    c = replace(clinic, code=VisitCode("C"), anchor=VisitCode("A"), offset=month)
    d = replace(clinic, code=VisitCode("D"), anchor=VisitCode("B"), offset=two_days)
    site = a_site(weekdays=EVERY_DAY, closures=[closed(date(2026, 3, 28), date(2026, 3, 28))])

    placed = place("2026-02-28", site=site, protocol=replace(other_protocol(), visits=(a, b, c, d), spacing=()))

    assert [str(placed[code].planned) for code in "ABCD"] == ["2026-03-01", "2026-04-01", "2026-04-01", "2026-04-03"]


def test_a_long_chain_of_visits_is_planned_at_once() -> None:
    """Ten years of weeks in which each visit counts from the one before it, and a holiday moves all that follow."""
    weekly = replace(
        other_protocol().visits[0], kind=Kind.CLINIC, offset=Offset(days=7), window=Window(before=3, after=3)
    )
    codes = [RANDOMIZATION, *(VisitCode(f"W{number}") for number in range(1, 521))]
    visits = tuple(replace(weekly, code=code, anchor=anchor) for anchor, code in pairwise(codes))
    began = process_time()

    placed = place("2026-03-02", site=example_site("gainesville"), protocol=replace(other_protocol(), visits=visits))

    assert process_time() - began < 1
    assert (str(placed["W1"].planned), str(placed["W12"].planned)) == ("2026-03-09", "2026-05-26")  # Memorial Day
    assert all(one.planned for one in placed.values())


def test_a_day_that_can_hold_no_visit_of_the_kind_is_not_chosen() -> None:
    day, why = date(2026, 6, 2), Text(en="x", es="x")
    june2 = Limit(first=day, last=day, kind=Kind.INFUSION, limit=0, reason=why)
    site = replace(a_site(), capacity_on=(june2,), capacity={Kind.CLINIC: Slots(week=(2, 2, 2, 0, 2, 2, 2))})

    placed = place("2026-03-02", site=site)

    assert placed["M3"].planned == date(2026, 6, 3)
    assert placed["M3"].refused == (
        DayRefused(day=date(2026, 6, 2), why=NoSlots()),
        DayRefused(day=date(2026, 6, 1), why=WorseForOthers(visits=(VisitCode("M5"),))),  # due on 1 August, a Saturday
    )
    assert (placed["M1"].target, placed["M1"].planned) == (date(2026, 4, 2), date(2026, 4, 1))  # never on a Thursday


def test_a_closure_of_some_kinds_leaves_the_others_their_days() -> None:
    site = a_site(closures=[NO_LATER_DAY_0, closed(date(2026, 4, 1), date(2026, 6, 2), Kind.INFUSION)])

    placed = place("2026-03-02", site=site)

    assert placed["M1"].planned == date(2026, 4, 2)
    assert placed["M3"].planned == date(2026, 6, 3)


# What a participant's record adds: settled visits, absences, other anchors


def settle(code: str, **known: object) -> dict[VisitCode, Settled]:
    settled = Settled(**{"is_a": AnchorDay.BOOKED, **known})  # type: ignore[arg-type]
    return {VisitCode(code): settled}


def place_settled(settled: dict[VisitCode, Settled], **changes: object) -> dict[str, PlacedStep]:
    """Place every step of a participant on steroids who was randomized on 2 March 2026."""
    options = {"site": a_site(), "settled": settled, "steroids": True, **changes}
    placed = place_steps(registered_protocol(), randomized=date(2026, 3, 2), **options)  # type: ignore[arg-type]
    return {one.step.code: one for one in placed}


GIVEN_AT_ONCE = settle("D0", day=date(2026, 3, 2), is_a=AnchorDay.ACTUAL)


def test_a_booked_day_is_taken_as_it_is_and_what_follows_counts_from_it() -> None:
    saturday_after_the_window = settle("M3", day=date(2026, 6, 13))
    placed = place_settled({**GIVEN_AT_ONCE, **saturday_after_the_window})

    month3, month4 = placed["M3"], placed["M4"]
    assert (month3.planned, month3.actual, month3.refused) == (date(2026, 6, 13), False, ())
    assert (month3.earliest, month3.latest) == (date(2026, 5, 30), date(2026, 6, 9))
    assert (month4.target, month4.counts.anchor_is) == (date(2026, 7, 13), AnchorDay.BOOKED)


def test_what_follows_an_infusion_that_was_not_given_counts_from_the_target_that_it_had() -> None:
    known = settle("M3", day=date(2026, 6, 5), target=date(2026, 6, 3), is_a=AnchorDay.NOT_GIVEN)
    placed = place_settled({**known, **settle("D0", day=date(2026, 3, 9), is_a=AnchorDay.ACTUAL)})

    counts = placed["M4"].counts
    assert (counts.anchor_day, counts.anchor_target, counts.anchor_is) == (
        date(2026, 6, 5), date(2026, 6, 3), AnchorDay.NOT_GIVEN,
    )  # fmt: skip
    assert placed["M4"].target == date(2026, 7, 5)


def test_an_infusion_that_was_not_given_keeps_no_distance() -> None:
    protocol = replace(registered_protocol(), spacing=(replace(registered_protocol().spacing[0], at_least=31),))
    known = settle("M6", day=date(2026, 9, 2), is_a=AnchorDay.NOT_GIVEN)
    placed = place_steps(protocol, randomized=date(2026, 3, 2), steroids=True, site=a_site(), settled=known)
    by_code: dict[str, PlacedStep] = {one.step.code: one for one in placed}
    assert by_code["M7"].planned == date(2026, 10, 2)  # 30 days after a dose that was none


def test_no_visit_makes_way_for_one_that_counts_from_it() -> None:
    placed = place_settled(settle("M7", day=date(2026, 9, 14)))
    assert placed["M6"].planned == date(2026, 9, 2)  # 12 days before
    assert placed["M7"].target == date(2026, 10, 2)


def test_a_visit_makes_way_for_a_settled_one_that_does_not_count_from_it() -> None:
    placed = place_settled(settle("M10", day=date(2026, 10, 22)))
    assert placed["M7"].planned == date(2026, 10, 1)  # 2 October is 20 days before


def test_nobody_is_planned_on_days_of_absence() -> None:
    trip = Away(first=date(2026, 6, 1), last=date(2026, 6, 3))

    month3 = place_settled({}, away=(trip,))["M3"]

    assert month3.planned == date(2026, 6, 4)
    assert month3.refused[0] == DayRefused(day=date(2026, 6, 2), why=trip)


def test_both_ends_of_an_absence_are_days_of_absence() -> None:
    trip = Away(first=date(2026, 6, 1), last=date(2026, 6, 3))
    days = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 3), date(2026, 6, 4)]
    assert [why_away((trip,), day) for day in days] == [None, trip, trip, None]


def test_a_milestone_falls_on_a_day_of_absence_all_the_same() -> None:
    trip = Away(first=date(2026, 6, 16), last=date(2026, 6, 16))
    assert place_settled({}, away=(trip,))["TAPER"].planned == date(2026, 6, 16)


def test_a_visit_may_count_from_another_anchor_than_the_protocols() -> None:
    placed = place_settled(
        settle("M3", day=date(2026, 6, 5), is_a=AnchorDay.ACTUAL), anchors={VisitCode("M25"): VisitCode("M3")}
    )
    month25 = placed["M25"]
    assert (month25.counts.anchor, month25.target) == ("M3", date(2027, 6, 5))
    assert (month25.earliest, month25.latest) == (date(2027, 5, 22), date(2027, 6, 19))


def test_what_should_keep_its_day_does_as_long_as_its_target_stays() -> None:
    """M10 is planned on 4 January for the sake of M11 and M12; by itself 31 December is as near, and earlier."""
    site, free = example_site("gainesville"), {VisitCode("M11"), VisitCode("M12")}
    second = {VisitCode("M10"): Kept(target=date(2027, 1, 2), day=date(2027, 1, 4))}
    third = {VisitCode("M10"): Kept(target=date(2027, 1, 3), day=date(2027, 1, 4))}

    assert place_settled(GIVEN_AT_ONCE, site=site)["M10"].planned == date(2027, 1, 4)
    assert place_settled(GIVEN_AT_ONCE, site=site, absent=free)["M10"].planned == date(2026, 12, 31)
    assert place_settled(GIVEN_AT_ONCE, site=site, absent=free, kept=third)["M10"].planned == date(2026, 12, 31)
    stays = place_settled(GIVEN_AT_ONCE, site=site, absent=free, kept=second)["M10"]
    assert (stays.planned, stays.refused[-1].why) == (date(2027, 1, 4), StaysPlanned())


def test_a_promise_draws_the_visit_that_it_counts_from() -> None:
    """M4 is promised for 10 July, a day after its window, unless M3 is on 3 June or later."""
    placed = place_settled({**GIVEN_AT_ONCE, **settle("M4", day=date(2026, 7, 10))}, site=a_site())

    assert placed["M3"].planned == date(2026, 6, 3)
    assert placed["M4"].latest == date(2026, 7, 10)


def test_what_is_absent_is_left_out_and_what_counts_from_it_counts_from_its_target() -> None:
    placed = place_settled(GIVEN_AT_ONCE, absent={VisitCode("M3")})

    assert "M3" not in placed
    assert placed["M4"].counts.anchor_is is AnchorDay.NOT_GIVEN
    assert placed["M4"].target == date(2026, 7, 2)
