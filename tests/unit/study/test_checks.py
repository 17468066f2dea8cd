"""What must hold across a protocol: each mistake is told with its key path, and all of them at once."""

from dataclasses import replace
from typing import Any

import pytest
from builders import other_protocol, registered_protocol, with_visit

from schedule.study.checks import check_protocol
from schedule.study.offsets import Offset
from schedule.study.protocol import Kind, LookbackRule, Masking, Protocol, Spacing, Text, VisitCode, Window


def places(protocol: Protocol) -> list[str]:
    return [problem.place for problem in check_protocol(protocol)]


@pytest.mark.parametrize("protocol", [registered_protocol(), other_protocol()], ids=lambda one: str(one.study.id))
def test_the_registered_and_the_invented_trial_are_good(protocol: Protocol) -> None:
    assert check_protocol(protocol) == ()


@pytest.mark.parametrize(
    ("code", "changes", "place", "said"),
    [
        ("M4", {"anchor": "M33"}, "visits.M4.anchor", "no visit has the code M33"),
        ("M4", {"anchor": "TAPER"}, "visits.M4.anchor", "no visit has the code TAPER"),
        ("M4", {"anchor": "M4"}, "visits.M4.anchor", "M4 -> M4"),
        ("D0", {"anchor": "M4"}, "visits.D0.anchor", "counts from M4"),
        ("M1", {"kind": Kind.MILESTONE}, "visits.M1.kind", "a milestone is no visit"),
        ("M1", {"code": "randomization"}, "visits.randomization", "the name is taken"),
        ("M1", {"code": "TAPER"}, "milestones.TAPER", "a visit has the same code"),
        ("M1", {"procedures": ("x_ray",)}, "visits.M1.procedures", "x_ray is not in [procedures]"),
        ("M1", {"preparation": ("fast",)}, "visits.M1.preparation", "fast is not in [preparations]"),
    ],
)
def test_a_mistake_in_a_visit_is_told_at_its_key(code: str, changes: dict[str, Any], place: str, said: str) -> None:
    protocol = with_visit(registered_protocol(), code, **changes)

    told = {problem.place: problem for problem in check_protocol(protocol)}

    assert said in told[place].wrong
    assert told[place].remedy


def test_a_circle_of_anchors_is_told_once_and_whole() -> None:
    protocol = with_visit(registered_protocol(), "M4", anchor="M5")
    protocol = with_visit(protocol, "M5", anchor="M4")

    (problem,) = check_protocol(protocol)

    assert (problem.place, problem.wrong) == ("visits.M4.anchor", "anchors run in a circle: M4 -> M5 -> M4")


def test_a_visit_that_only_leads_into_a_circle_is_not_blamed() -> None:
    protocol = with_visit(with_visit(registered_protocol(), "M4", anchor="M5"), "M5", anchor="M4")
    protocol = with_visit(protocol, "M1", anchor="M4")

    assert places(protocol) == ["visits.M4.anchor"]


def test_a_milestone_that_counts_from_nothing_is_told_at_its_key() -> None:
    (taper,) = registered_protocol().milestones
    protocol = replace(registered_protocol(), milestones=(replace(taper, anchor=VisitCode("M2nd")),))

    assert places(protocol) == ["milestones.TAPER.anchor"]


def test_day_0_must_be_a_visit() -> None:
    study = replace(registered_protocol().study, day0=VisitCode("W0"))

    assert places(replace(registered_protocol(), study=study)) == ["study.day0"]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("in_person", 14, "14 expected, but the visits make 15"),
        ("virtual", 9, "9 expected, but the visits make 8"),
        ("infusions", 5, "5 expected, but the visits make 6"),
        ("participation", Offset(months=24), "P24M expected"),
        ("participation", Offset(months=25, days=1), "P25M1D expected"),
    ],
)
def test_an_expected_count_that_the_visits_do_not_make_is_told(key: str, value: Any, said: str) -> None:
    protocol = replace(registered_protocol(), expect=replace(registered_protocol().expect, **{key: value}))

    (problem,) = check_protocol(protocol)

    assert problem.place == f"expect.{key}"
    assert said in problem.wrong


@pytest.mark.parametrize(
    ("at_least", "expected"),
    [
        (21, []),
        (38, []),  # M6 on 28 July, M7 on 4 September: 28 August and the 7 days of its window
        (39, ["M7"]),
        (400, ["M10", "M13", "M3", "M6", "M7"]),
    ],
)
def test_windows_that_can_never_keep_the_spacing_are_told(at_least: int, expected: list[str]) -> None:
    rule = replace(registered_protocol().spacing[0], at_least=at_least)

    problems = check_protocol(replace(registered_protocol(), spacing=(rule,)))

    assert sorted(problem.wrong.split()[0] for problem in problems) == expected
    assert {problem.place for problem in problems} <= {"spacing[0].at_least"}


def test_the_spacing_of_one_kind_says_nothing_of_another() -> None:
    rule = Spacing(kind=Kind.CLINIC, at_least=39, basis=registered_protocol().spacing[0].basis)
    protocol = replace(other_protocol(), spacing=(rule,))

    assert check_protocol(protocol) == ()


@pytest.mark.parametrize(("at_least", "expected"), [(30, []), (31, ["spacing[0].at_least"])])
def test_an_early_first_infusion_can_make_room_for_the_spacing(at_least: int, expected: list[str]) -> None:
    protocol = with_visit(other_protocol(), "W4", anchor="randomization")  # at most 30 days after Week 0's earliest

    assert places(replace(protocol, spacing=(replace(protocol.spacing[0], at_least=at_least),))) == expected


def test_a_wider_window_can_make_room_for_the_spacing() -> None:
    protocol = replace(other_protocol(), spacing=(replace(other_protocol().spacing[0], at_least=31),))

    assert places(protocol) == ["spacing[0].at_least"]
    assert check_protocol(with_visit(protocol, "W4", window=Window(before=2, after=3))) == ()


VISIBLE = [("bag_ml", 251), ("total_ml", 261), ("appearance", "cloudy")]
HIDDEN = [("strength", Text(en="more", es="más")), ("handling", ()), ("name", Text(en="sham", es="ficticio"))]


def with_placebo(key: str, value: object) -> Protocol:
    products = tuple(
        replace(product, **{key: value}) if product.id == "placebo" else product  # type: ignore[arg-type]
        for product in registered_protocol().products
    )
    return replace(registered_protocol(), products=products)


@pytest.mark.parametrize(("key", "value"), VISIBLE)
def test_cohorts_that_differ_in_anything_visible_are_refused(key: str, value: object) -> None:
    (problem,) = check_protocol(with_placebo(key, value))

    assert problem.place == f"products.placebo.{key}"
    assert 'study.masking = "open"' in problem.remedy


@pytest.mark.parametrize(("key", "value"), HIDDEN)
def test_cohorts_may_differ_in_what_only_the_pharmacist_sees(key: str, value: object) -> None:
    assert check_protocol(with_placebo(key, value)) == ()


@pytest.mark.parametrize(("key", "value"), VISIBLE)
def test_an_open_trial_may_show_its_cohorts(key: str, value: object) -> None:
    protocol = with_placebo(key, value)

    assert check_protocol(replace(protocol, study=replace(protocol.study, masking=Masking.OPEN))) == ()


def with_cohort_1(products: dict[VisitCode, str]) -> Protocol:
    first, second = registered_protocol().cohorts
    return replace(registered_protocol(), cohorts=(replace(first, products=products), second))


def test_a_cohort_without_a_product_at_an_infusion_is_refused_unless_the_trial_is_open() -> None:
    products = dict(registered_protocol().cohorts[0].products)
    del products[VisitCode("M7")]
    protocol = with_cohort_1(products)

    assert places(protocol) == ["cohorts.1.products"]
    assert places(replace(protocol, study=replace(protocol.study, masking=Masking.OPEN))) == []


@pytest.mark.parametrize("code", ["M1", "M2", "M33", "TAPER"])
def test_a_product_where_no_infusion_is_given_is_told(code: str) -> None:
    protocol = with_cohort_1({**registered_protocol().cohorts[0].products, VisitCode(code): "ULSC"})

    assert places(protocol) == [f"cohorts.1.products.{code}"]


def test_a_product_that_does_not_exist_is_told_with_those_that_do() -> None:
    protocol = with_cohort_1({**registered_protocol().cohorts[0].products, VisitCode("D0"): "salt"})

    (problem,) = check_protocol(protocol)

    assert (problem.place, problem.wrong) == ("cohorts.1.products", "salt is not in [products]")
    assert "ULSC, placebo" in problem.remedy


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"half_lives": 6}, ["lookbacks.imaging"]),
        ({"within": None}, ["lookbacks.imaging"]),
        ({"within": None, "half_lives": 6}, []),
        ({"due": Text(en="more", es="más")}, ["lookbacks.imaging.due"]),
        ({"rule": LookbackRule.IF_WITHIN}, ["lookbacks.imaging.due"]),
        ({"rule": LookbackRule.IF_WITHIN, "due": Text(en="more", es="más")}, []),
        ({"within": Offset(years=100)}, []),
        ({"within": Offset(years=100, days=1)}, ["lookbacks.imaging.within"]),
        ({"within": Offset(years=999, months=9999, weeks=9999, days=99999)}, ["lookbacks.imaging.within"]),
    ],
)
def test_a_look_back_reaches_back_in_one_way_and_says_what_is_due(changes: dict[str, Any], expected: list[str]) -> None:
    first, *others = registered_protocol().lookbacks

    assert places(replace(registered_protocol(), lookbacks=(replace(first, **changes), *others))) == expected


def test_all_problems_are_told_at_once() -> None:
    protocol = with_visit(registered_protocol(), "M4", anchor="M33", procedures=("x_ray",))
    protocol = replace(with_visit(protocol, "M1", preparation=("fast",)), cohorts=with_placebo("bag_ml", 1).cohorts)
    protocol = replace(protocol, products=with_placebo("bag_ml", 1).products)

    assert set(places(protocol)) == {
        "visits.M4.anchor",
        "visits.M4.procedures",
        "visits.M1.preparation",
        "products.placebo.bag_ml",
    }


def test_two_spacing_rules_for_one_kind_are_told() -> None:
    protocol = registered_protocol()

    doubled = replace(protocol, spacing=(*protocol.spacing, replace(protocol.spacing[0], at_least=14)))

    assert places(doubled) == ["spacing[1].kind"]


def test_a_mistyped_code_is_told_with_the_nearest_ones_in_either_case() -> None:
    protocol = with_visit(registered_protocol(), "M4", anchor="m3")

    (problem,) = check_protocol(protocol)

    assert "M3" in problem.remedy.split("?")[0]


def test_a_milestone_may_not_take_the_name_of_the_anchor() -> None:
    protocol = registered_protocol()
    (taper,) = protocol.milestones

    renamed = replace(protocol, milestones=(replace(taper, code=VisitCode("randomization")),))

    assert "milestones.randomization" in places(renamed)


def test_milestones_are_not_kept_apart() -> None:
    protocol = registered_protocol()

    assert places(replace(protocol, spacing=(replace(protocol.spacing[0], kind=Kind.MILESTONE),))) == [
        "spacing[0].kind"
    ]


def test_an_infusion_that_counts_from_a_late_visit_of_another_kind_can_be_far_enough() -> None:
    protocol = replace(registered_protocol(), spacing=(replace(registered_protocol().spacing[0], at_least=30),))
    protocol = with_visit(protocol, "M1", offset=Offset(days=10), window=Window(before=0, after=20))

    near = with_visit(protocol, "M3", anchor=VisitCode("M1"), offset=Offset(days=1), window=Window(before=0, after=0))

    assert not [place for place in places(near) if place.startswith("spacing")]


def test_three_infusions_that_fit_only_two_by_two_are_told() -> None:
    protocol = replace(registered_protocol(), spacing=(replace(registered_protocol().spacing[0], at_least=100),))

    said = [str(problem) for problem in check_protocol(protocol) if problem.place == "spacing[0].at_least"]

    assert any("M7 can never be 100 days after M6" in one for one in said)
