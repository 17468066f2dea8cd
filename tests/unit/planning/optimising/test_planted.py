"""Conflicts that were planted are found, exactly, and the repair that a coordinator would think of comes with them."""

import json
from typing import Any

import planning_checker as checker
import pytest

from schedule.desk.optimising import Answer, Setting, optimise
from schedule.files.planning_problem import core_records, parse_problem, write_conflict

Json = dict[str, Any]


def solve(problem: Json) -> Answer:
    asked = parse_problem(json.dumps(problem), file="problem.json")
    return optimise(asked, Setting(max_gap=0, is_stopped=bool), seconds=None, jobs=1, tell=lambda *_: None)


def refused(problem: Json) -> Json:
    found = solve(problem)
    (trouble,) = found.troubles
    assert trouble.conflict
    assert checker.wrong_core(problem, core_records(trouble.conflict.core)) == []
    return json.loads(write_conflict(trouble.conflict.core, found.repair, []))  # type: ignore[no-any-return]


def visit(participant: str, code: str, lower: str, upper: str, **more: Any) -> Json:
    """A visit that wants its first day."""
    window = {"target": lower, "lower": lower, "upper": upper}
    return {"participant": participant, "visit": code, "kind": "infusion", **window, **more}


BYSTANDERS = [visit(f"P-1{number:02}", "INF1", "2026-03-02", "2026-03-13") for number in range(8)]
"""Eight participants with two weeks for one infusion each."""


def test_three_participants_for_two_slots() -> None:
    """Monday 7 December has one chair, Tuesday the other; the rest of the week is closed."""
    problem = {
        "sites": {"S1": {"capacity": {"infusion": 1}, "closed_weekdays": [5, 6]}},
        "visits": [*BYSTANDERS, *(visit(f"P-00{one}", "INF1", "2026-12-07", "2026-12-08") for one in (1, 2, 3))],
    }

    found = refused(problem)

    assert found["core"] == [
        {"type": "window", "participant": "P-001", "visit": "INF1"},
        {"type": "window", "participant": "P-002", "visit": "INF1"},
        {"type": "window", "participant": "P-003", "visit": "INF1"},
        {"type": "capacity", "site": "S1", "resource": "infusion", "dates": ["2026-12-07", "2026-12-08"]},
    ]
    (slot,) = found["repair"]
    assert (slot["type"], slot["extra"]) == ("capacity", 1)
    assert slot["date"] in {"2026-12-07", "2026-12-08"}


def test_one_slot_is_enough_where_days_may_be_overbooked() -> None:
    problem = {
        "sites": {"S1": {"capacity": {"infusion": 0}}},
        "visits": [visit(f"P-00{one}", "INF1", "2026-12-07", "2026-12-08") for one in (1, 2, 3)],
        "costs": {"overbook": 4},
    }
    (slot,) = refused(problem)["repair"]
    assert (slot["type"], slot["extra"]) == ("capacity", 1)


def test_spacing_that_two_windows_cannot_keep() -> None:
    """From 5 March at the latest to 20 March at the latest are at most 18 days, not 21."""
    problem = {
        "sites": {"S1": {}},
        "visits": [
            *BYSTANDERS,
            visit("P-001", "INF1", "2026-03-02", "2026-03-05"),
            visit("P-001", "INF2", "2026-03-16", "2026-03-20"),
        ],
        "rules": [{"from": "INF1", "to": "INF2", "min": 21, "max": None}],
    }

    found = refused(problem)

    assert found["core"] == [
        {"type": "rule", "participant": "P-001", "from": "INF1", "to": "INF2"},
        {"type": "window", "participant": "P-001", "visit": "INF1"},
        {"type": "window", "participant": "P-001", "visit": "INF2"},
    ]
    (wider,) = found["repair"]
    assert wider["type"] == "window"
    assert checker.has_plan(checker.granted(problem, found["repair"]))


def test_a_window_that_is_a_weekend_and_a_holiday() -> None:
    """5 to 7 September 2026 are Saturday, Sunday and Labor Day."""
    problem = {
        "sites": {"S1": {"closed_weekdays": [5, 6], "holidays": ["2026-09-07"]}},
        "visits": [*BYSTANDERS, visit("P-001", "INF1", "2026-09-05", "2026-09-07")],
    }

    assert refused(problem)["core"] == [
        {"type": "window", "participant": "P-001", "visit": "INF1"},
        {"type": "closed", "site": "S1", "weekdays": [5, 6]},
        {"type": "closed", "site": "S1", "dates": ["2026-09-07"]},
    ]


def test_a_month_from_a_fixed_visit_that_the_participant_is_away_for() -> None:
    """31 January and a month is 28 February."""
    problem = {
        "sites": {"S1": {}},
        "participants": {"P-001": {"site": "S1", "unavailable": [["2026-02-20", "2026-02-28"], "2026-06-01"]}},
        "visits": [
            {"participant": "P-001", "visit": "INF1", "fixed": "2026-01-31"},
            {
                "participant": "P-001",
                "visit": "INF2",
                "anchor": {"visit": "INF1", "offset": "P1M", "lower": -1, "upper": 0},
            },
        ],
    }

    found = refused(problem)

    assert found["core"] == [
        {"type": "fixed", "participant": "P-001", "visit": "INF1"},
        {"type": "anchor", "participant": "P-001", "visit": "INF2"},
        {"type": "unavailable", "participant": "P-001", "dates": ["2026-02-27", "2026-02-28"]},
    ]
    assert found["repair"] == [{"type": "available", "participant": "P-001", "date": "2026-02-28"}]


def test_a_slot_that_somebody_s_fixed_visit_has() -> None:
    problem = {
        "sites": {"S1": {"capacity": {"infusion": 1}}},
        "visits": [
            *BYSTANDERS,
            {"participant": "P-002", "visit": "INF1", "kind": "infusion", "fixed": "2026-12-07"},
            visit("P-001", "INF1", "2026-12-07", "2026-12-07"),
        ],
    }

    found = refused(problem)

    assert found["core"] == [
        {"type": "fixed", "participant": "P-002", "visit": "INF1"},
        {"type": "window", "participant": "P-001", "visit": "INF1"},
        {"type": "capacity", "site": "S1", "resource": "infusion", "dates": ["2026-12-07"]},
    ]
    assert found["repair"] == [
        {"type": "capacity", "site": "S1", "resource": "infusion", "date": "2026-12-07", "extra": 1}
    ]


def test_two_sites_without_a_plan_are_both_repaired() -> None:
    problem = {
        "sites": {"S1": {"closed_weekdays": [0]}, "S2": {"closed_weekdays": [1]}},
        "participants": {"P-001": {"site": "S1"}, "P-002": {"site": "S2"}},
        "visits": [
            visit("P-001", "INF1", "2026-03-02", "2026-03-02"),
            visit("P-002", "INF1", "2026-03-03", "2026-03-03"),
        ],
    }

    found = solve(problem)
    written = json.loads(write_conflict((), found.repair, []))["repair"]

    assert len(found.troubles) == 2
    assert written == [
        {"type": "open", "site": "S1", "date": "2026-03-02"},
        {"type": "open", "site": "S2", "date": "2026-03-03"},
    ]


@pytest.mark.parametrize(("told", "days"), [("2026-03-04", 2), ("2026-03-03", 1)])
def test_what_was_told_stays_where_moving_costs_more(told: str, days: int) -> None:
    problem = {
        "sites": {"S1": {}},
        "visits": [visit("P-001", "INF1", "2026-03-02", "2026-03-06", communicated=told)],
        "costs": {"nonpreferred": 0, "move": 20},
    }

    found = solve(problem)

    assert str(found.dates["P-001", "INF1"]) == told
    assert found.cost == found.bound == days


def test_more_visits_than_days_where_one_a_day_is_allowed_is_told_at_once() -> None:
    """Twelve visits from Monday, 2 March to Thursday, 12 March: eleven days. To try them all would take years."""
    problem: Json = {
        "sites": {"S1": {}},
        "same_day": "forbid",
        "visits": [visit("P-001", f"V{number}", "2026-03-02", "2026-03-12") for number in range(12)],
    }

    found = refused_for_one_a_day(problem)

    assert len(found["core"]) == 12
    assert len(found["repair"]) == 1


def refused_for_one_a_day(problem: Json) -> Json:
    (trouble,) = solve(problem).troubles
    assert trouble.conflict
    assert trouble.conflict.needs_one_a_day
    return json.loads(write_conflict(trouble.conflict.core, trouble.repair or (), []))  # type: ignore[no-any-return]
