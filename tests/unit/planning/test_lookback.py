"""Look-backs: literal days, read off a calendar."""

from dataclasses import replace
from datetime import date

import pytest
from builders import other_protocol, registered_protocol

from schedule.errors import Refused
from schedule.planning.lookback import DatedLookback, LookedBack, look_back
from schedule.study.offsets import Offset
from schedule.study.protocol import Basis, Lookback, LookbackRule, LookbackStart, Protocol, Text


def looked_back(screening: str, randomization: str, protocol: Protocol | None = None) -> LookedBack:
    days = (date.fromisoformat(screening), date.fromisoformat(randomization))
    return look_back(protocol or registered_protocol(), screening=days[0], randomization=days[1])


def by_id(looked: LookedBack) -> dict[str, DatedLookback]:
    return {one.lookback.id: one for one in looked.lookbacks}


def one_rule(rule: LookbackRule, within: str, before: LookbackStart = LookbackStart.SCREENING) -> Protocol:
    """Return a protocol with one look-back."""
    lookback = Lookback(
        id="test",
        name=Text(en="Test", es="Prueba"),
        rule=rule,
        before=before,
        before_basis=Basis.REGISTERED,
        within=Offset.parse(within),
        basis=Basis.REGISTERED,
    )
    return replace(registered_protocol(), lookbacks=(lookback,))


TESTS = ["imaging", "emg", "biopsy", "heart", "cancer_evaluation"]
MEDICINES = ["immunosuppressants", "hydroxychloroquine", "steroids", "rituximab", "cancer"]


@pytest.mark.parametrize(
    ("screening", "expected"),
    [
        ("2026-02-16", ["2025-11-24", "2025-11-24", "2025-11-24", "2025-12-22", "2023-02-17"]),
        ("2026-01-05", ["2025-10-13", "2025-10-13", "2025-10-13", "2025-11-10", "2023-01-06"]),
        ("2028-02-29", ["2027-12-07", "2027-12-07", "2027-12-07", "2028-01-04", "2025-03-01"]),
        ("2027-02-28", ["2026-12-06", "2026-12-06", "2026-12-06", "2027-01-03", "2024-02-29"]),
    ],
)
def test_tests_count_from_these_days_before_screening(screening: str, expected: list[str]) -> None:
    found = by_id(looked_back(screening, "2028-03-15"))

    assert [str(found[name].first_day) for name in TESTS] == expected
    assert {str(found[name].counted_from) for name in TESTS} == {screening}


@pytest.mark.parametrize(
    ("randomization", "expected"),
    [
        ("2026-03-02", ["2025-12-08", "2025-12-08", "2026-02-02", "2025-12-08", "2024-03-02"]),
        ("2026-01-20", ["2025-10-28", "2025-10-28", "2025-12-23", "2025-10-28", "2024-01-20"]),
        ("2028-02-29", ["2027-12-07", "2027-12-07", "2028-02-01", "2027-12-07", "2026-02-28"]),
        ("2027-03-31", ["2027-01-06", "2027-01-06", "2027-03-03", "2027-01-06", "2025-03-31"]),
    ],
)
def test_medicines_count_from_these_days_before_randomization(randomization: str, expected: list[str]) -> None:
    found = by_id(looked_back("2026-01-02", randomization))

    assert [str(found[name].first_day) for name in MEDICINES] == expected
    assert {str(found[name].counted_from) for name in MEDICINES} == {randomization}


def test_every_look_back_of_the_protocol_is_there_in_its_order() -> None:
    looked = looked_back("2026-02-16", "2026-03-02")

    assert [one.lookback for one in looked.lookbacks] == list(registered_protocol().lookbacks)
    assert (looked.screening, looked.randomization) == (date(2026, 2, 16), date(2026, 3, 2))
    assert looked.study.id == "RES001-DMPM-02"


def test_half_lives_leave_the_day_blank() -> None:
    biologics = by_id(looked_back("2026-02-16", "2026-03-02"))["biologics"]

    assert (biologics.first_day, biologics.lookback.half_lives) == (None, 6)
    assert biologics.counted_from == date(2026, 3, 2)


def test_what_counts_from_enrollment_on_record_is_marked_as_assumed() -> None:
    assumed = {name for name, one in by_id(looked_back("2026-02-16", "2026-03-02")).items() if one.is_assumed}

    assert assumed == {"immunosuppressants", "hydroxychloroquine", "steroids", "biologics", "cancer"}


def test_an_assumed_rule_is_marked_too() -> None:
    protocol = one_rule(LookbackRule.DONE_WITHIN, "P12W")
    assumed = replace(protocol, lookbacks=(replace(protocol.lookbacks[0], basis=Basis.ASSUMED),))

    assert not looked_back("2026-02-16", "2026-03-02", protocol).lookbacks[0].is_assumed
    assert looked_back("2026-02-16", "2026-03-02", assumed).lookbacks[0].is_assumed


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (LookbackRule.DONE_WITHIN, "2025-12-08"),  # exactly 12 weeks before is within
        (LookbackRule.STABLE_FOR, "2025-12-08"),  # changed that day: stable for 12 weeks
        (LookbackRule.NONE_WITHIN, "2025-12-08"),  # exactly 12 weeks before is within, and so forbidden
        (LookbackRule.IF_WITHIN, "2025-12-09"),  # exactly 12 weeks before is not less than 12 weeks
    ],
)
def test_the_day_at_the_edge_follows_the_words_of_the_rule(rule: LookbackRule, expected: str) -> None:
    protocol = one_rule(rule, "P12W", LookbackStart.RANDOMIZATION)

    (found,) = looked_back("2026-02-16", "2026-03-02", protocol).lookbacks

    assert str(found.first_day) == expected


@pytest.mark.parametrize(
    ("screening", "within", "expected"),
    [
        ("2026-03-31", "P1M", "2026-02-28"),
        ("2028-03-31", "P1M", "2028-02-29"),
        ("2028-02-29", "P1Y", "2027-02-28"),
        ("2026-05-31", "P3M", "2026-02-28"),
    ],
)
def test_a_month_without_the_day_is_reached_on_its_last(screening: str, within: str, expected: str) -> None:
    protocol = one_rule(LookbackRule.DONE_WITHIN, within)

    (found,) = looked_back(screening, "2028-06-01", protocol).lookbacks

    assert str(found.first_day) == expected


def test_screening_may_be_on_the_day_of_randomization() -> None:
    assert by_id(looked_back("2026-03-02", "2026-03-02"))["imaging"].first_day == date(2025, 12, 8)


def test_screening_after_randomization_is_refused() -> None:
    with pytest.raises(Refused) as told:
        looked_back("2026-03-03", "2026-03-02")

    (problem,) = told.value.problems
    assert problem.place == "--screening"
    assert problem.wrong == "2026-03-03 is after the randomization on 2026-03-02"
    assert problem.remedy.startswith("check both dates")


def test_a_trial_without_look_backs_has_none() -> None:
    assert looked_back("2026-02-16", "2026-03-02", other_protocol()).lookbacks == ()
