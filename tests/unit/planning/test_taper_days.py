"""A taper's steps on the participant's calendar: numbered, dated where that is certain, and inside its bounds."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from builders import NO_LATER_DAY_0, a_site, a_taper, closed, place, registered_protocol, steps, with_taper

from schedule.errors import Problem, Refused
from schedule.planning.notices import Notice, TaperDatesWait, TaperStartsHigh
from schedule.planning.placing import PlacedStep
from schedule.planning.taper import PlannedTaperStep, TaperPlan, notice_taper, own_plan, plan_taper
from schedule.study.protocol import Basis, Milestone, Text

MONTH_3 = Text(en="Month 3", es="Mes 3")


def planned(plan: TaperPlan, placed: dict[str, PlacedStep]) -> tuple[PlannedTaperStep, ...]:
    return plan_taper(placed["TAPER"], plan, list(placed.values()))


def days(plan: TaperPlan, placed: dict[str, PlacedStep]) -> Iterator[tuple[int, int | None, str, str]]:
    for step in planned(plan, placed):
        yield step.day_from, step.day_to, str(step.date_from), str(step.date_to)


def refused(plan: TaperPlan, placed: dict[str, PlacedStep]) -> tuple[Problem, ...]:
    with pytest.raises(Refused) as told:
        planned(plan, placed)
    return told.value.problems


def test_before_infusion_2_was_given_the_days_of_a_taper_only_have_numbers() -> None:
    plan = a_taper((1, "3"), (8, "2"), (9, "1"), (36, "0"))

    assert [*days(plan, place("2026-03-02"))] == [
        (1, 7, "None", "None"),
        (8, 8, "None", "None"),
        (9, 35, "None", "None"),
        (36, None, "None", "None"),
    ]


def test_a_taper_starts_two_weeks_after_the_day_on_which_infusion_2_was_given() -> None:
    plan = a_taper((1, "3"), (8, "2"), (9, "1"), (36, "0"))

    assert [*days(plan, place("2026-03-02", month3="2026-06-03"))] == [
        (1, 7, "2026-06-17", "2026-06-23"),
        (8, 8, "2026-06-24", "2026-06-24"),
        (9, 35, "2026-06-25", "2026-07-21"),
        (36, None, "2026-07-22", "None"),
    ]


def test_a_plan_with_dates_keeps_them_and_its_first_day_is_day_1() -> None:
    plan = a_taper((1, "3"), (8, "2"), first_day="2026-06-19")

    assert [*days(plan, place("2026-03-02", month3="2026-06-03"))] == [
        (1, 7, "2026-06-19", "2026-06-25"),
        (8, None, "2026-06-26", "None"),
    ]


def test_a_plan_with_dates_shows_none_before_infusion_2_was_given() -> None:
    plan = a_taper((1, "3"), (8, "2"), first_day="2026-06-19")

    assert [*days(plan, place("2026-03-02"))] == [(1, 7, "None", "None"), (8, None, "None", "None")]


def test_where_no_day_fits_infusion_2_a_taper_has_numbers() -> None:
    flooded = a_site(closures=[NO_LATER_DAY_0, closed(date(2026, 5, 30), date(2026, 6, 9))])
    placed = place("2026-03-02", site=flooded)

    assert placed["M3"].planned is None
    assert [*days(a_taper((1, "3")), placed)] == [(1, None, "None", "None")]


def test_a_step_keeps_its_dose_and_its_words() -> None:
    (step,) = planned(a_taper((1, "7.5")), place("2026-03-02"))

    assert step.dose_mg == Decimal("7.5")
    assert step.instruction == Text(en="example of day 1", es="ejemplo del día 1")


def test_the_protocol_s_own_steps_count_from_the_milestone() -> None:
    protocol = with_taper(registered_protocol(), steps=steps((1, "3"), (15, "2")))
    assert protocol.taper

    placed = place("2026-03-02", month3="2026-06-03", protocol=protocol)

    assert [*days(own_plan(protocol.taper), placed)] == [
        (1, 14, "2026-06-17", "2026-06-30"),
        (15, None, "2026-07-01", "None"),
    ]


@pytest.mark.parametrize(
    ("month3", "first_day", "remedy"),
    [
        (None, "2026-06-15", "if M3 was given on another day than planned, say so with --infusion2-given"),
        ("2026-06-03", "2026-06-16", "write 2026-06-17 or later"),
    ],
)
def test_a_plan_may_not_start_before_the_taper(month3: str | None, first_day: str, remedy: str) -> None:
    (problem,) = refused(a_taper((1, "3"), first_day=first_day), place("2026-03-02", month3=month3))

    assert (problem.file, problem.place) == ("plan.csv", "row 2, from")
    assert f"{first_day} is before TAPER on 2026-06-1" in problem.wrong
    assert remedy in problem.remedy


def test_a_plan_may_start_on_the_day_of_the_taper() -> None:
    assert len(planned(a_taper((1, "3"), first_day="2026-06-16"), place("2026-03-02"))) == 1


def test_a_dose_may_not_rise() -> None:
    (problem,) = refused(a_taper((1, "2"), (8, "1"), (15, "1.5")), place("2026-03-02"))

    assert (problem.file, problem.place) == ("plan.csv", "row 4, dose_mg")
    assert problem.wrong == "the dose rises from 1 to 1.5 mg a day"
    assert "allow_increase" in problem.remedy


def test_a_dose_may_rise_where_its_row_says_so() -> None:
    assert [step.dose_mg for step in planned(a_taper((1, "2"), (8, "+3"), (15, "1")), place("2026-03-02"))] == [2, 3, 1]


@pytest.mark.parametrize(
    ("day", "first_day", "wrong"),
    [  # the taper is on 16 June 2026, the last visit on 2 April 2028: 656 days later
        (658, None, "day 658, 2028-04-03, is after the last visit on 2028-04-02"),
        (656, "2026-06-18", "2028-04-03 is after the last visit on 2028-04-02"),
    ],
)
def test_no_step_may_start_after_the_last_visit(day: int, first_day: str | None, wrong: str) -> None:
    (problem,) = refused(a_taper((1, "2"), (day, "1"), first_day=first_day), place("2026-03-02"))

    assert (problem.file, problem.place, problem.wrong) == ("plan.csv", "row 3, from", wrong)


@pytest.mark.parametrize(("day", "first_day"), [(657, None), (655, "2026-06-18")])
def test_a_step_may_start_on_the_day_of_the_last_visit(day: int, first_day: str | None) -> None:
    assert len(planned(a_taper((1, "2"), (day, "1"), first_day=first_day), place("2026-03-02"))) == 2


def test_a_step_of_the_protocol_itself_after_the_last_visit_is_told_at_its_key() -> None:
    protocol = with_taper(registered_protocol(), steps=steps((1, "3"), (700, "2")))
    assert protocol.taper

    (problem,) = refused(own_plan(protocol.taper), place("2026-03-02", protocol=protocol))

    assert problem.place == "milestones.TAPER.steps[1].starts"


def test_all_that_a_plan_may_not_is_told_at_once() -> None:
    plan = a_taper((1, "2"), (8, "3"), (700, "4"), first_day="2026-06-01")

    assert [problem.place for problem in refused(plan, place("2026-03-02"))] == [
        "row 3, dose_mg", "row 4, dose_mg", "row 2, from", "row 4, from",
    ]  # fmt: skip


def told(plan: TaperPlan, *, month3: str | None = None, **changes: object) -> list[Notice]:
    protocol = with_taper(registered_protocol(), **changes)
    placed = place("2026-03-02", month3=month3, protocol=protocol)
    milestone: Milestone = protocol.milestones[0]
    return [*notice_taper(milestone, plan, placed["TAPER"], [*placed.values()])]


def test_a_start_at_the_highest_registered_dose_is_not_told() -> None:
    assert told(a_taper((1, "25"), (8, "+30"))) == []


def test_a_start_above_the_highest_registered_dose_is_told() -> None:
    assert told(a_taper((1, "25.01"))) == [
        TaperStartsHigh(dose_mg=Decimal("25.01"), highest_mg=Decimal(25), basis=Basis.REGISTERED)
    ]


def test_a_trial_that_knows_no_highest_dose_tells_of_none() -> None:
    assert told(a_taper((1, "900")), highest_start_mg=None, highest_start_basis=None) == []


def test_dates_that_are_not_shown_yet_are_told() -> None:
    plan = a_taper((1, "3"), first_day="2026-06-20")

    assert told(plan) == [TaperDatesWait(visit=MONTH_3)]
    assert told(plan, month3="2026-06-03") == []
