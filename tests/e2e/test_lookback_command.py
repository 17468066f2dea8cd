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


@pytest.mark.parametrize(("lang", "title"), [("en", "How far back"), ("es", "Plazos antes de la selección")])
def test_a_page_to_fill_in_is_written(tmp_path: Path, lang: str, title: str) -> None:
    done = dayzero("lookback", *DAYS, "--lang", lang, "--paper", "a4", "--out", "screening", cwd=tmp_path)

    assert done.code == 0
    assert sorted(path.name for path in (tmp_path / "screening").iterdir()) == ["lookback.html", "lookback.pdf"]
    assert [line.split()[-1] for line in done.err.splitlines()] == ["screening/lookback.html", "screening/lookback.pdf"]
    page = (tmp_path / "screening" / "lookback.html").read_text("utf-8")
    assert f"LB-0 · {title}" in page
    assert "size: a4" in page
    assert (tmp_path / "screening" / "lookback.pdf").read_bytes().startswith(b"%PDF-1.7")


def test_json_stands_alone_beside_the_page(tmp_path: Path) -> None:
    done = dayzero("lookback", *DAYS, "--format", "json", "--out", ".", cwd=tmp_path)

    assert done.code == 0
    assert len(json.loads(done.out)["lookbacks"]) == 11


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "lookback.pdf").mkdir()

    for folder in ("taken", "."):
        done = dayzero("lookback", *DAYS, "--out", folder, cwd=tmp_path)
        assert done.code == 3
        assert "cannot be written" in done.err
        assert "Traceback" not in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lookback.pdf", "taken"]


def test_an_empty_folder_s_name_is_refused(tmp_path: Path) -> None:
    done = dayzero("lookback", *DAYS, "--out", "", cwd=tmp_path)

    assert (done.code, done.out) == (2, "")
    assert "--out: is empty" in done.err


def test_a_trial_without_look_backs_writes_a_page_that_says_so(tmp_path: Path) -> None:
    done = dayzero("lookback", *DAYS, "--protocol", str(OTHER_TRIAL), "--out", ".", cwd=tmp_path)

    assert done.code == 0
    assert "The protocol has no look-backs." in (tmp_path / "lookback.html").read_text("utf-8")


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
