"""Look-backs as a table, as a list, and as JSON."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from builders import other_protocol, registered_protocol

from schedule.planning.lookback import LookedBack, look_back
from schedule.render.language import language
from schedule.render.lookback import lookback_json, lookback_table
from schedule.study.protocol import Basis, Protocol

ENGLISH, SPANISH = language("en"), language("es")


def looked_back(protocol: Protocol | None = None) -> LookedBack:
    return look_back(
        protocol or registered_protocol(), screening=date(2026, 2, 16), randomization=date(2026, 3, 2)
    )  # fmt: skip


def read_json(lang: str = "en") -> dict[str, Any]:
    read: dict[str, Any] = json.loads(lookback_json(looked_back(), language(lang)))
    return read


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in table.splitlines()]


SAID = {
    "MRI that shows active muscle inflammation": "done on or after Mon 2025-11-24",
    "ECHO or MUGA scan of the heart": "done on or after Mon 2025-12-22",
    "Diagnosis of the muscle disease": "if on or after Fri 2023-02-17: an evaluation for cancer is due",
    "Steroids": "dose unchanged since Mon 2026-02-02 or earlier",
    "Start of rituximab": "none on or after Mon 2025-12-08",
    "Other biologic or investigational drug": "none on or after ____ (6 half-lives of ____ days each)",
    "Cancer, with the exceptions that the record names": "none on or after Sat 2024-03-02",
}


def test_the_table_says_each_rule_with_its_day_and_where_it_counts_from() -> None:
    rows = {row[0]: row[1:] for row in cells(lookback_table(looked_back(), ENGLISH, width=200)) if row}

    assert {name: rows[name][0] for name in SAID} == SAID
    assert rows["Steroids"][1:] == ["randomization, Mon 2026-03-02", "start day"]
    assert rows["Start of rituximab"][1:] == ["randomization, Mon 2026-03-02"]
    assert rows["EMG read as active myositis"][1:] == ["screening, Mon 2026-02-16"]


@pytest.mark.parametrize("width", [40, 60, 79, 100])
def test_the_list_fits_its_width_and_loses_nothing(width: int) -> None:
    shown = lookback_table(looked_back(), ENGLISH, width=width)

    assert max(map(len, shown.splitlines())) <= width
    words = " ".join(shown.split())
    for name, rule in SAID.items():
        assert f"{name} {rule}; counted back from " in words
    assert "screening Mon 2026-02-16, randomization Mon 2026-03-02" in words
    assert words.count("; assumed: start day") == 5
    assert words.endswith("assumed: not registered, confirm it with your site's protocol")


def test_a_rule_that_is_assumed_is_marked_beside_its_start() -> None:
    protocol = registered_protocol()
    lookbacks = tuple(replace(one, basis=Basis.ASSUMED) for one in protocol.lookbacks if one.id in ("emg", "steroids"))

    shown = lookback_table(looked_back(replace(protocol, lookbacks=lookbacks)), ENGLISH, width=110)

    assert "screening; assumed: rule\n" in shown
    assert "randomization; assumed: rule, start day\n" in shown


def test_where_nothing_is_assumed_nothing_is_explained() -> None:
    protocol = registered_protocol()
    lookbacks = tuple(one for one in protocol.lookbacks if one.before_basis is Basis.REGISTERED)

    assert "assumed" not in lookback_table(looked_back(replace(protocol, lookbacks=lookbacks)), ENGLISH, width=200)


def test_one_half_life_is_one() -> None:
    protocol = registered_protocol()
    (biologics,) = (one for one in protocol.lookbacks if one.half_lives)
    one = replace(protocol, lookbacks=(replace(biologics, half_lives=1),))

    assert "none on or after ____ (1 half-life of ____ days);" in lookback_table(looked_back(one), ENGLISH, width=100)


@pytest.mark.parametrize(("lang", "said"), [("en", "The protocol has no look-backs."), ("es", "no tiene plazos")])
def test_a_trial_without_look_backs_says_so(lang: str, said: str) -> None:
    assert said in lookback_table(looked_back(other_protocol()), language(lang), width=100).splitlines()[-1]


def test_the_list_speaks_spanish() -> None:
    shown = lookback_table(looked_back(), SPANISH, width=100)

    assert "selección lun 2026-02-16, aleatorización lun 2026-03-02" in shown
    assert "dosis sin cambios desde el lun 2026-02-02 o desde antes" in shown
    assert "si fue el vie 2023-02-17 o después: corresponde una evaluación de cáncer" in shown
    assert "(6 vidas medias de ____ días cada una)" in shown


def test_the_json_has_the_facts_of_each_rule() -> None:
    read = read_json()
    by_id = {one["id"]: one for one in read["lookbacks"]}

    assert {key: read[key] for key in ("protocol", "screening", "randomization")} == {
        "protocol": "RES001-DMPM-02", "screening": "2026-02-16", "randomization": "2026-03-02",
    }  # fmt: skip
    assert len(by_id) == 11
    assert by_id["steroids"] == {
        "id": "steroids",
        "name": "Steroids",
        "rule": "stable_for",
        "within": "P4W",
        "half_lives": None,
        "before": "randomization",
        "counted_from": "2026-03-02",
        "first_day": "2026-02-02",
        "due": None,
        "says": "dose unchanged since Mon 2026-02-02 or earlier",
        "basis": "registered",
        "before_basis": "assumed",
    }
    biologics = by_id["biologics"]
    assert (biologics["within"], biologics["half_lives"], biologics["first_day"]) == (None, 6, None)
    assert by_id["cancer_evaluation"]["due"] == "an evaluation for cancer"


def test_the_json_says_names_in_the_language_of_the_reader() -> None:
    assert read_json("es")["lookbacks"][7]["name"] == "Esteroides"
