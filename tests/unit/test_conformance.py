"""The dates of conformance.json come out, to the day."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from schedule.files.protocol import find_protocol, read_protocol
from schedule.planning.placing import place_steps

CASES = json.loads((Path(__file__).parent.parent / "conformance.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["randomized"]))
def test_targets_are_the_literal_dates(case: dict[str, Any]) -> None:
    protocol = read_protocol(find_protocol("res001-dmpm-02"))

    placed = place_steps(protocol, randomized=date.fromisoformat(case["randomized"]), steroids=case["steroids"])

    targets = {one.step.code: one.target.isoformat() for one in placed}
    assert {code: targets[code] for code in case["targets"]} == case["targets"]
