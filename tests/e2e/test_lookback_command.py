"""``dayzero lookback`` as staff run it."""

import json
from pathlib import Path

import pytest
from builders import OTHER_TRIAL, PROTOCOL_FILE, dayzero, edited

DAYS = ("--screening", "2026-02-16", "--randomization", "2026-03-02")


def test_the_list_and_the_json_tell_the_same_days(tmp_path: Path) -> None:
    table = dayzero("lookback", *DAYS, cwd=tmp_path)
    data = dayzero("lookback", *DAYS, "--format", "json", cwd=tmp_path)

    assert (table.code, table.err, data.code, data.err) == (0, "", 0, "")
    for one in json.loads(data.out)["lookbacks"]:
        assert one["name"] in table.out
        assert one["says"].split(" (")[0] in table.out
    assert list(tmp_path.iterdir()) == []


def test_it_speaks_spanish(tmp_path: Path) -> None:
    assert "se hizo el lun 2025-11-24 o después" in dayzero("lookback", *DAYS, "--lang", "es", cwd=tmp_path).out


def test_a_trial_without_look_backs_says_so(tmp_path: Path) -> None:
    done = dayzero("lookback", *DAYS, "--protocol", str(OTHER_TRIAL), cwd=tmp_path)

    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("\nThe protocol has no look-backs.\n")


@pytest.mark.parametrize("missing", ["--screening", "--randomization"])
def test_both_days_are_needed(tmp_path: Path, missing: str) -> None:
    at = DAYS.index(missing)

    done = dayzero("lookback", *DAYS[:at], *DAYS[at + 2 :], cwd=tmp_path)

    assert (done.code, done.out) == (2, "")
    assert f"Missing option '{missing}'" in done.err


def test_days_that_cannot_be_read_are_told_at_once(tmp_path: Path) -> None:
    done = dayzero("lookback", "--screening", "2/16/26", "--randomization", "2026-02-30", cwd=tmp_path)

    assert (done.code, done.out) == (2, "")
    assert "--screening: '2/16/26' is not a date of the form YYYY-MM-DD" in done.err
    assert "--randomization: '2026-02-30' is a day that does not exist" in done.err


def test_days_in_the_wrong_order_and_a_broken_protocol_are_told_at_once(tmp_path: Path) -> None:
    edited(PROTOCOL_FILE, tmp_path, ('within = "P8W"', 'within = "8 weeks"'))
    swapped = ("--screening", "2026-03-03", "--randomization", "2026-03-02", "--protocol", "edited.toml")

    done = dayzero("lookback", *swapped, cwd=tmp_path)

    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        'dayzero: edited.toml: lookbacks.heart.within: is \'8 weeks\'; write a duration such as "P3M", "P2W" or "P14D"',
        "dayzero: --screening: 2026-03-03 is after the randomization on 2026-03-02; "
        "check both dates: screening comes first, or is on the same day",
    ]


def test_a_look_back_that_leaves_the_calendar_is_no_bug(tmp_path: Path) -> None:
    edited(PROTOCOL_FILE, tmp_path, ('within = "P12W"', 'within = "P999Y9999M9999W99999D"'))

    done = dayzero("lookback", *DAYS, "--protocol", "edited.toml", cwd=tmp_path)

    assert (done.code, done.out) == (1, "")
    assert "lookbacks.imaging.within: P999Y9999M9999W99999D reaches more than 100 years back; write" in done.err
