"""Why there is no plan, what would help, and which soft limits a plan breaks: word by word."""

import json
from datetime import date
from typing import Any

import pytest

from schedule.desk.optimise_command import why_not
from schedule.desk.optimising import Answer, Setting, optimise
from schedule.files.planning_problem import parse_problem, write_plan
from schedule.planning.optimising.repairing import Grant, LooserRule, MoreSlots, WiderAnchor, WiderWindow
from schedule.render.language import language
from schedule.render.planning import say_broken, say_repair

Json = dict[str, Any]
MONDAY, TUESDAY, WEDNESDAY = "2026-03-02", "2026-03-03", "2026-03-04"


def visit(participant: str, code: str, lower: str, upper: str, **more: Any) -> Json:
    return {"participant": participant, "visit": code, "target": lower, "lower": lower, "upper": upper, **more}


def answer(problem: Json) -> Answer:
    asked = parse_problem(json.dumps(problem), file="problem.json")
    return optimise(asked, Setting(max_gap=0, is_stopped=bool), seconds=None, jobs=1, tell=lambda *_: None)


def reasons(problem: Json, lang: str = "en") -> list[str]:
    data, _ = why_not(answer(problem), language(lang))
    assert data
    return [one for one in json.loads(data)["because"] if not one.startswith(("What would help", "Ayudaría"))]


@pytest.mark.parametrize(
    ("limit", "lang", "said"),
    [
        (0, "en", ["These cannot all hold: A: I is on Wed 2026-03-04.",
                   "And: S1 has no slot for infusion on Wed 2026-03-04."]),
        (0, "es", ["No se puede cumplir todo esto: A: I es el mié 2026-03-04.",
                   "Además: S1 no tiene turnos de infusión el mié 2026-03-04."]),
        (1, "en", ["These cannot all hold: A: I is on Wed 2026-03-04; A: J is on Wed 2026-03-04.",
                   "And: S1 has 1 slot for infusion on Wed 2026-03-04."]),
    ],
)  # fmt: skip
def test_the_limit_of_a_day_is_among_the_reasons(limit: int, lang: str, said: list[str]) -> None:
    site = {"capacity": {"infusion": 2}, "capacity_on": {WEDNESDAY: {"infusion": limit}}}
    codes = ["I", "J"][: limit + 1]
    visits = [visit("A", code, WEDNESDAY, WEDNESDAY, kind="infusion") for code in codes]
    assert reasons({"sites": {"S1": site}, "visits": visits}, lang) == said


@pytest.mark.parametrize(
    ("lang", "kind", "said"),
    [
        ("en", "virtual", "A, B need call on Mon 2026-03-02; there is 1 slot."),
        ("es", "virtual", "A, B necesitan llamada el lun 2026-03-02; hay 1 turno."),
        ("es", "clinic", "A, B necesitan visita el lun 2026-03-02; hay 1 turno."),
        ("es", "scanner", "A, B necesitan scanner el lun 2026-03-02; hay 1 turno."),
    ],
)
def test_who_shares_a_slot_and_what_else_binds_them(lang: str, kind: str, said: str) -> None:
    visits = [visit(name, "I", MONDAY, MONDAY, kind=kind) for name in "AB"]
    assert reasons({"sites": {"S1": {"capacity": {kind: 1}}}, "visits": visits}, lang) == [said]


def test_a_rule_is_said_beside_the_slot_that_is_missing() -> None:
    first = {"participant": "A", "visit": "I", "kind": "clinic", "fixed": MONDAY}
    visits = [
        first,
        visit("A", "J", MONDAY, WEDNESDAY, kind="infusion"),
        visit("B", "I", TUESDAY, TUESDAY, kind="infusion"),
    ]
    rules = [{"from": "I", "to": "J", "min": 1, "max": 1}]
    assert reasons({"sites": {"S1": {"capacity": {"infusion": 1}}}, "visits": visits, "rules": rules}) == [
        "A, B need infusion on Tue 2026-03-03; there is 1 slot.",
        "And: A: 1 to 1 days from I to J; A: I stays on Mon 2026-03-02.",
    ]


WINDOW = WiderWindow(participant="A", visit="V2", lower=None, upper=None, by=9)
SAME_SIDE = WiderAnchor(participant="A", visit="V2", lower=0, upper=11, by=10, anchor="V1")
OTHER_SIDE = WiderAnchor(participant="A", visit="V2", lower=-1, upper=1, by=-1, anchor="V1")
AT_LEAST = LooserRule(participant="A", first="I", then="J", least=1, most=9, asked=(7, 9))
AT_MOST = LooserRule(participant="A", first="I", then="J", least=1, most=9, asked=(1, 7))
SLOTS = MoreSlots(site="S1", resource="infusion", day=date(2026, 3, 2), extra=2)


@pytest.mark.parametrize(
    ("lang", "grants", "said"),
    [
        ("en", [WINDOW, SAME_SIDE], ["A: V2 10 days after its window that counts from V1"]),
        ("en", [WINDOW, OTHER_SIDE], ["A: V2 9 days after its window",
                                      "A: V2 1 day before its window that counts from V1"]),
        ("es", [WINDOW, OTHER_SIDE], ["A: V2 9 días después de su ventana",
                                      "A: V2 1 día antes de su ventana, que se cuenta desde V1"]),
        ("en", [AT_LEAST], ["A: at least 1 day from I to J instead of 7"]),
        ("es", [AT_LEAST], ["A: al menos 1 día de I a J en lugar de 7"]),
        ("en", [AT_MOST], ["A: at most 9 days from I to J instead of 7"]),
        ("es", [SLOTS], ["S1: 2 turnos más de infusión el lun 2026-03-02"]),
    ],
)  # fmt: skip
def test_what_would_help_is_said_once(lang: str, grants: list[Grant], said: list[str]) -> None:
    helps = {"en": "What would help", "es": "Ayudaría"}[lang]
    assert say_repair(grants, language(lang)) == [f"{helps}: {one}." for one in said]


def test_days_beyond_a_soft_window_count_from_the_window() -> None:
    fixed = {"participant": "A", "visit": "F", "fixed": MONDAY}
    rules = [{"from": "F", "to": "I", "min": 5}]
    costs = {"outside": 50, "outside_days": 1}
    visits = [fixed, visit("A", "I", MONDAY, MONDAY)]
    found = answer({"sites": {"S1": {}}, "visits": visits, "rules": rules, "costs": costs})
    assert say_repair(found.repair, language("en")) == ["What would help: A: I 5 days after its window."]


SOFT = {"overbook": 100, "outside": 50, "outside_days": 1}
SITES = {
    "S1": {"closed_weekdays": [6], "holidays": [MONDAY], "capacity": {"infusion": 1}},
    "S2": {"capacity": {"infusion": 1}},
}
PEOPLE = {name: {"site": "S2" if name == "C" else "S1"} for name in "ABC"}


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", ["1 visit is outside its window", "  A: I 1 day after its window",
                "1 slot is overbooked", "  S1: 1 too many for infusion on Tue 2026-03-03"]),
        ("es", ["1 visita está fuera de su ventana", "  A: I 1 día después de su ventana",
                "1 turno está sobreocupado", "  S1: 1 de más para infusión el mar 2026-03-03"]),
    ],
)  # fmt: skip
def test_what_a_plan_breaks_of_soft_limits_is_said_and_counted(lang: str, said: list[str]) -> None:
    tight = visit("A", "I", MONDAY, MONDAY, kind="infusion")
    visits = [tight, *({"participant": name, "visit": "I", "kind": "infusion", "fixed": TUESDAY} for name in "BC")]
    asked = {"sites": SITES, "participants": PEOPLE, "visits": visits, "costs": SOFT}
    problem, found = parse_problem(json.dumps(asked), file="problem.json"), answer(asked)

    written = json.loads(write_plan(problem, found.dates, cost=found.cost, bound=found.bound, gap=found.gap))

    assert list(say_broken(problem, found.dates, language(lang))) == said
    assert (written["outside"], written["overbooked"]) == (1, 1)


def test_ten_are_said_and_then_how_many_more() -> None:
    people = [f"P{number:02}" for number in range(12)]
    visits = [visit(name, "I", MONDAY, MONDAY) for name in people]
    sites = {"S1": {"closed_weekdays": [0, 6]}}
    asked = {"sites": sites, "visits": visits, "costs": {"outside": 50, "outside_days": 1}}
    found = answer(asked)

    lines = list(say_broken(parse_problem(json.dumps(asked), file="p.json"), found.dates, language("en")))

    assert lines[0] == "12 visits are outside their windows"
    assert lines[1:11] == [f"  {name}: I 1 day after its window" for name in people[:10]]
    assert lines[11:] == ["  and 2 more"]


def test_hard_limits_are_not_counted() -> None:
    asked = {"sites": {"S1": {}}, "visits": [visit("A", "I", MONDAY, MONDAY)]}
    problem, found = parse_problem(json.dumps(asked), file="p.json"), answer(asked)

    written = json.loads(write_plan(problem, found.dates, cost=found.cost, bound=found.bound, gap=found.gap))

    assert written.keys() == {"cost", "bound", "gap", "visits"}
    assert list(say_broken(problem, found.dates, language("en"))) == []
