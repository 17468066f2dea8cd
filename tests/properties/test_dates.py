"""What holds for any day of randomization and any calendar of a site."""

import calendar
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

import holidays
from builders import a_site, closed, place, registered_protocol
from hypothesis import example, given, target
from hypothesis import strategies as st
from strategies import month_ends, participations, randomization_days

from schedule.planning.placing import PlacedStep
from schedule.sites import Site, Weekday
from schedule.study.offsets import Offset
from schedule.study.protocol import Kind

ONE_DAY = timedelta(days=1)
WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
Participation = tuple[date, Site]


@lru_cache(maxsize=1)
def federal() -> holidays.HolidayBase:
    return holidays.country_holidays("US")


def is_open(site: Site, day: date, kind: Kind) -> bool:
    """Judge anew, from the site's own words, whether a visit of this kind can happen."""
    works = WEEKDAYS[day.weekday()] in {weekday.name for weekday in site.open}
    free = site.holidays is not None and day in federal()
    return works and not free and not any(c.first <= day <= c.last and kind in c.kinds for c in site.closures)


def window(step: PlacedStep) -> list[date]:
    return [step.earliest + n * ONE_DAY for n in range((step.latest - step.earliest).days + 1)]


def placed(participation: Participation) -> list[PlacedStep]:
    day, site = participation
    return list(place(day.isoformat(), site=site).values())


def kept_apart(participation: Participation, at_least: int) -> list[PlacedStep]:
    """Place the steps of a protocol whose infusions are so many days apart: 21 never bites, 38 often does."""
    day, site = participation
    rule = replace(registered_protocol().spacing[0], at_least=at_least)
    protocol = replace(registered_protocol(), spacing=(rule,))
    return list(place(day.isoformat(), site=site, protocol=protocol).values())


def is_visit(one: PlacedStep) -> bool:
    return one.step.kind is not Kind.MILESTONE


@given(participations)
def test_every_planned_day_lies_in_its_window(participation: Participation) -> None:
    for one in placed(participation):
        assert one.planned is None or one.earliest <= one.planned <= one.latest


@given(participations)
def test_every_planned_day_is_open(participation: Participation) -> None:
    for one in placed(participation):
        assert one.planned is None or not is_visit(one) or is_open(participation[1], one.planned, one.step.kind)


@given(participations)
def test_a_window_belongs_to_the_target_and_not_to_the_planned_day(participation: Participation) -> None:
    for one in placed(participation):
        assert (one.target - one.earliest).days == one.step.window.before
        assert (one.latest - one.target).days == one.step.window.after


@given(participations)
def test_no_visit_can_begin_its_window_before_the_one_ahead_of_it(participation: Participation) -> None:
    visits = [one for one in placed(participation) if is_visit(one)]

    for ahead, behind in pairwise(visits):
        assert ahead.earliest < behind.earliest
        assert ahead.latest < behind.latest
        assert ahead.target < behind.target


def one_by_one(participation: Participation, at_least: int) -> tuple[int, int]:
    """Give each visit in turn its nearest open day; return how many have none, and how far off target all are."""
    randomized, site = participation
    counted, infusions, without, off = {"randomization": randomized}, list[date](), 0, 0
    for step in registered_protocol().in_anchor_order:
        target = counted[step.code] = shift(counted[step.anchor], step.offset)
        if step.kind is Kind.MILESTONE:
            continue
        apart = infusions if step.kind is Kind.INFUSION else []
        fits = [
            day
            for day in (target + n * ONE_DAY for n in range(-step.window.before, step.window.after + 1))
            if is_open(site, day, step.kind) and all(abs((day - other).days) >= at_least for other in apart)
        ]
        if not fits:
            without += 1
            continue
        counted[step.code] = min(fits, key=lambda day: (abs((day - target).days), day))
        off += abs((counted[step.code] - target).days)
        infusions += [counted[step.code]] if step.kind is Kind.INFUSION else []
    return without, off


@given(participations, st.sampled_from([21, 30, 31, 35, 38]))
def test_no_day_is_chosen_that_leaves_all_worse_off_than_one_by_one(
    participation: Participation, at_least: int
) -> None:
    visits = [one for one in kept_apart(participation, at_least) if is_visit(one)]

    without = sum(one.planned is None for one in visits)
    off = sum(abs((one.planned - one.target).days) for one in visits if one.planned)
    without_before, off_before = one_by_one(participation, at_least)
    assert without <= without_before
    assert without_before or off <= off_before


@given(participations, st.integers(21, 45))
def test_infusions_keep_their_distance(participation: Participation, at_least: int) -> None:
    steps = kept_apart(participation, at_least)

    days = [one.planned for one in steps if one.step.kind is Kind.INFUSION and one.planned]
    assert all((behind - ahead).days >= at_least for ahead, behind in pairwise(days))


@given(participations)
def test_what_depends_on_a_visit_counts_from_its_planned_day(participation: Participation) -> None:
    steps = {str(one.step.code): one for one in placed(participation)}
    for one in steps.values():
        anchor = steps.get(one.step.anchor)
        counted_from = (anchor.planned or anchor.target) if anchor else participation[0]
        assert one.counts.anchor_day == counted_from
        assert one.target == shift(counted_from, one.step.offset)


def shift(day: date, offset: Offset) -> date:
    """Add months by hand: the same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + offset.months + 12 * offset.years, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)) + timedelta(days=offset.days, weeks=offset.weeks)


@given(randomization_days)
def test_without_a_site_every_visit_is_planned_on_its_target(day: date) -> None:
    assert all(one.planned == one.target for one in place(day.isoformat()).values())


@given(month_ends)
@example(date(2026, 1, 31))
@example(date(2028, 1, 31))
@example(date(2027, 8, 31))
@example(date(2024, 2, 29))
def test_from_the_end_of_a_month_the_first_month_is_never_skipped(day: date) -> None:
    month1 = place(day.isoformat())["M1"].target

    assert month1.year * 12 + month1.month == day.year * 12 + day.month + 1
    assert month1.day == min(day.day, calendar.monthrange(month1.year, month1.month)[1])


@given(st.integers(2024, 2096), st.integers(1, 60))
def test_a_29th_of_february_is_met_only_in_leap_years(year: int, months: int) -> None:
    day = Offset(months=months).after(date(year, 1, 31))

    assert (day.month == 2 and day.day == 29) == (day.month == 2 and calendar.isleap(day.year))
    assert 28 <= day.day <= 31


@given(participations)
def test_a_visit_without_a_day_has_a_reason_for_each_day_of_its_window(participation: Participation) -> None:
    visits = [one for one in placed(participation) if is_visit(one)]
    target(float(sum(one.planned is None for one in visits)))

    for one in visits:
        if one.planned is None:
            assert [refused.day for refused in one.refused] == window(one)


@given(participations)
def test_a_moved_visit_has_a_reason_for_each_nearer_day(participation: Participation) -> None:
    for one in placed(participation):
        if one.planned is not None and is_visit(one):
            distance = abs((one.planned - one.target).days)
            nearer = {day for day in window(one) if abs((day - one.target).days) < distance}
            assert nearer <= {refused.day for refused in one.refused}
            assert one.planned not in {refused.day for refused in one.refused}


@given(participations)
def test_a_milestone_has_one_day_whatever_the_calendar(participation: Participation) -> None:
    milestones = [one for one in placed(participation) if not is_visit(one)]

    assert [one.step.code for one in milestones] == ["TAPER"]
    for one in milestones:
        assert one.earliest == one.latest == one.planned == one.target


@given(randomization_days)
def test_a_call_can_happen_while_the_clinic_is_closed_for_everything_else(day: date) -> None:
    storm = closed(day, day + timedelta(days=1000), Kind.INFUSION, Kind.CLINIC)
    site = a_site(weekdays=tuple(Weekday), closures=[storm])

    for one in place(day.isoformat(), site=site).values():
        if is_visit(one):
            assert (one.planned == one.target) == (one.step.kind is Kind.VIRTUAL)


@given(randomization_days, st.integers(0, 60))
def test_day_0_is_taken_as_it_was_given(day: date, later: int) -> None:
    given_on = day + timedelta(days=later)

    steps = place(day.isoformat(), day0=given_on.isoformat(), site=a_site())

    assert steps["D0"].planned == given_on
    assert steps["D0"].target == day
    assert steps["M3"].target == shift(given_on, Offset(months=3))
