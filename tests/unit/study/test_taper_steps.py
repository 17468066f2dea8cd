"""The steps of a taper in a protocol: what must hold of them, and how a dose is written."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from builders import registered_protocol, steps, with_taper

from schedule.study.checks import check_protocol
from schedule.study.offsets import Offset
from schedule.study.protocol import Basis, Condition, VisitCode
from schedule.study.taper import unallowed_rises, write_dose

MONTHLY = (replace(steps((1, "3"))[0], starts=Offset(months=1)),)


@pytest.mark.parametrize(
    ("dose", "written"),
    [
        ("7.5", "7.5"),
        ("7.50", "7.5"),
        ("20", "20"),
        ("20.0", "20"),
        ("100", "100"),
        ("1000", "1000"),
        ("0", "0"),
        ("0.00", "0"),
        ("0.25", "0.25"),
        ("2E+1", "20"),
    ],
)
def test_a_dose_has_no_zero_that_could_be_misread(dose: str, written: str) -> None:
    assert write_dose(Decimal(dose)) == written


@pytest.mark.parametrize(
    ("doses", "rises"),
    [
        ([(1, "3"), (8, "2"), (15, "2"), (22, "0")], []),
        ([(1, "3"), (8, "3.01")], [1]),
        ([(1, "3"), (8, "+4"), (15, "5"), (22, "4"), (29, "4.5")], [2, 4]),
        ([(1, "+3")], []),
    ],
)
def test_a_dose_rises_where_it_is_higher_than_the_one_before(doses: list[tuple[int, str]], rises: list[int]) -> None:
    assert unallowed_rises(steps(*doses)) == rises


@pytest.mark.parametrize(
    "doses", [(), ((1, "3"),), ((1, "3"), (8, "2"), (9, "0")), ((1, "1"), (8, "+2"))], ids=["none", "one", "many", "up"]
)
def test_steps_in_order_are_good(doses: tuple[tuple[int, str], ...]) -> None:
    assert check_protocol(with_taper(registered_protocol(), steps=steps(*doses))) == ()


@pytest.mark.parametrize(
    ("changes", "place", "wrong"),
    [
        ({"steps": steps((1, "2"), (8, "3"))}, "steps[1].dose_mg", "the dose rises from 2 to 3 mg a day"),
        ({"steps": steps((2, "2"))}, "steps[0].starts", "no step says what is taken from the taper's first day on"),
        ({"steps": steps((1, "2"), (8, "1"), (8, "0"))}, "steps[2].starts", "is not later than the step before it"),
        ({"steps": MONTHLY}, "steps[0].starts", "P1M is no fixed number of days: months differ"),
        (
            {"steps": steps((1, "2")), "condition": Condition.EVERYONE},
            "steps",
            "only a milestone for those on steroids has steps",
        ),
        (
            {"highest_start_basis": None},
            "highest_start_basis",
            "the highest dose at the start and its basis go together",
        ),
        (
            {"highest_start_mg": None},
            "highest_start_basis",
            "the highest dose at the start and its basis go together",
        ),
    ],
)
def test_a_mistake_in_a_taper_is_told_at_its_key(changes: dict[str, Any], place: str, wrong: str) -> None:
    (problem,) = check_protocol(with_taper(registered_protocol(), **changes))

    assert (problem.place, problem.wrong) == (f"milestones.TAPER.{place}", wrong)
    assert problem.remedy


def test_all_mistakes_of_a_taper_are_told_at_once() -> None:
    bad = (*steps((2, "2"), (2, "3")), *steps((9, "4")))

    problems = check_protocol(with_taper(registered_protocol(), steps=bad, highest_start_mg=None))

    assert [problem.place.removeprefix("milestones.TAPER.") for problem in problems] == [
        "highest_start_basis", "steps[0].starts", "steps[1].starts", "steps[1].dose_mg", "steps[2].dose_mg",
    ]  # fmt: skip


def test_a_participant_has_one_taper() -> None:
    protocol = with_taper(registered_protocol(), steps=steps((1, "2")))
    second = replace(protocol.milestones[0], code=VisitCode("TAPER2"))

    (problem,) = check_protocol(replace(protocol, milestones=(*protocol.milestones, second)))

    assert problem.place == "milestones.TAPER2.steps"
    assert problem.wrong == "another milestone has steps already, and a participant has one taper"


def test_the_milestone_with_steps_is_the_taper() -> None:
    protocol = registered_protocol()
    second = replace(protocol.milestones[0], code=VisitCode("TAPER2"), steps=steps((1, "2")))

    assert protocol.taper is protocol.milestones[0]
    assert replace(protocol, milestones=(*protocol.milestones, second)).taper is second
    assert replace(protocol, milestones=()).taper is None


def test_the_registered_trial_gives_no_dose_but_the_highest_at_enrollment() -> None:
    taper = registered_protocol().taper

    assert taper
    assert (taper.code, taper.anchor, taper.steps) == ("TAPER", "M3", ())
    assert (taper.highest_start_mg, taper.highest_start_basis) == (Decimal(25), Basis.REGISTERED)
