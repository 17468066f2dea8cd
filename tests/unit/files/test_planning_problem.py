"""Every problem of a planning problem is told at once, with its key path."""

import json
from pathlib import Path

import pytest

from schedule.errors import InvalidInput, Unreadable
from schedule.files.planning_problem import parse_problem, read_problem

BAD = {
    "sites": {"S1": {"capacity": {"r": [1, 2]}, "holidays": ["2026-02-30", ["2026-03-05", "2026-03-01"]], "open": 1}},
    "participants": {"P 1": {"site": "S9"}, "P-1": {"site": "S1", "preferred_weekdays": [7]}},
    "visits": [
        {"participant": "P-1", "visit": "A"},
        {"participant": "P-1", "visit": "B", "anchor": {"visit": "A", "offset": "1M", "lower": 0, "upper": -1}},
        {"participant": "P-1", "visit": "C", "lower": "2026-03-05", "upper": "2026-03-01", "weight": -1},
        {"visit": 7},
    ],
    "rules": [{"from": "A", "to": "A", "min": "x"}, {"from": "A", "to": "A"}],
    "same_day": "no",
    "costs": {"move": "dear", "moves": 1},
}


def told(problem: object) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        parse_problem(json.dumps(problem), file="p.json")
    return [one.place for one in raised.value.problems]


def test_everything_that_is_wrong_is_told_with_its_place() -> None:
    assert told(BAD) == [
        "sites.S1.open",
        "sites.S1.holidays[0]",
        "sites.S1.holidays[1]",
        "sites.S1.capacity.r",
        "participants.P 1",
        "participants.P 1.site",
        "participants.P-1.preferred_weekdays[0]",
        "visits[0]",
        "visits[1].anchor.offset",
        "visits[1].anchor",
        "visits[2].weight",
        "visits[2]",
        "visits[3].participant",
        "rules[0].min",
        "rules[0]",
        "rules[1]",
        "same_day",
        "costs.moves",
        "costs.move",
    ]


def visit(code: str, **more: object) -> dict[str, object]:
    return {"participant": "P-1", "visit": code, "lower": "2026-03-02", "upper": "2026-03-03", **more}


def anchored(to: str) -> dict[str, object]:
    return {"anchor": {"visit": to, "offset": 1, "lower": 0, "upper": 0}}


def test_names_that_lead_nowhere_are_told() -> None:
    visits = [visit("A", **anchored("B")), visit("B", **anchored("A")), visit("C", **anchored("X")), visit("C")]
    rules = [{"from": "A", "to": "Z", "participant": "P-1"}, {"from": "A", "to": "Z"}]
    problem = {"sites": {"S1": {}}, "visits": visits, "rules": rules}

    assert told(problem) == [
        "visits[3]",
        "visits[0].anchor",
        "visits[1].anchor",
        "visits[2].anchor.visit",
        "rules[0]",
    ]
    assert told({"sites": {"S1": {}, "S2": {}}, "visits": [visit("A")]}) == ["visits[0].participant"]
    assert told([]) == [""]
    assert told({"visits": []}) == ["sites"]


@pytest.mark.parametrize("text", ["", "{", '{"sites": NaN}', "[" * 100_000])
def test_what_is_no_json_is_unreadable(text: str, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(text)

    with pytest.raises(Unreadable):
        read_problem(tmp_path / "p.json")
    with pytest.raises(Unreadable):
        read_problem(tmp_path / "none.json")
