"""``dayzero plan --taper`` and ``--infusion2-given``: what comes out, and every kind of plan that is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import OTHER_TRIAL, PROTOCOL_FILE, Run, dayzero, edited, plan

NO, USAGE = 1, 2
GIVEN = ("--site", "gainesville", "--infusion2-given", "2026-06-03", "--as-of", "2026-06-03")
HEADER = "from,dose_mg,instruction_en,instruction_es\n"
EXAMPLE = """\
from,dose_mg,instruction_en,instruction_es
1,3,"EXAMPLE, as prescribed by Dr ____","EJEMPLO, según la receta de Dr. ____"
8,2.50,EXAMPLE,EJEMPLO
15,1,EXAMPLE,EJEMPLO
"""


def write(folder: Path, text: str = EXAMPLE) -> tuple[str, str]:
    (folder / "plan.csv").write_text(text, "utf-8")
    return "--taper", "plan.csv"


def record(done: Run) -> dict[str, Any]:
    assert done.code == 0, done.err
    read: dict[str, Any] = json.loads(done.out)
    return read


def visits(done: Run) -> dict[str, dict[str, Any]]:
    return {visit["code"]: visit for visit in record(done)["visits"]}


def test_what_counts_from_infusion_2_counts_from_the_day_it_was_given(tmp_path: Path) -> None:
    done = plan(*GIVEN, "--format", "json", cwd=tmp_path)

    found = visits(done)
    assert (found["M3"]["target"], found["M3"]["planned"]) == ("2026-06-02", "2026-06-03")
    assert found["M3"]["because"][1] == "its day is fixed: Wed 3 June 2026"
    assert found["TAPER"]["planned"] == "2026-06-17"
    assert found["M4"]["target"] == "2026-07-03"  # a Friday on which Independence Day is observed
    assert found["M4"]["planned"] == "2026-07-02"
    assert found["M5"]["target"] == found["M5"]["planned"] == "2026-08-03"
    assert found["M6"]["target"] == "2026-09-02"  # it counts from Day 0
    for code in ("TAPER", "M4", "M5"):
        assert "the actual day of Month 3 counts, Wed 3 June, not its target, Tue 2 June" in found[code]["because"]
    assert record(done)["taper"] == []


def test_an_infusion_2_outside_its_window_on_a_closed_day_is_taken_as_it_is_and_told(tmp_path: Path) -> None:
    done = plan(
        "--site", "gainesville", "--infusion2-given", "2026-06-13", "--as-of", "2026-06-20", "--format", "json",
        cwd=tmp_path,
    )  # fmt: skip

    assert visits(done)["TAPER"]["planned"] == "2026-06-27"
    assert "note: Month 3 is fixed on Sat 13 June 2026, but the clinic is closed on Saturdays" in done.err
    assert (
        "note: Month 3 is fixed on Sat 13 June 2026, outside its window from Sat 30 May to Tue 9 June 2026: record"
        in done.err
    )


def test_infusion_3_keeps_its_distance_from_the_day_on_which_infusion_2_was_given(tmp_path: Path) -> None:
    done = plan(
        "--site", "gainesville", "--infusion2-given", "2026-08-17", "--as-of", "2026-08-20", "--format", "json",
        cwd=tmp_path,
    )  # fmt: skip

    month6 = visits(done)["M6"]
    assert (month6["target"], month6["planned"]) == ("2026-09-02", "2026-09-08")  # 7 September is Labor Day
    assert any("16 days from Month 3 on Mon 17 August, and 21 are required" in why for why in month6["because"])


def test_a_plan_by_numbers_has_no_dates_until_infusion_2_was_given(tmp_path: Path) -> None:
    taper = write(tmp_path)

    before = record(plan(*taper, "--format", "json", cwd=tmp_path))["taper"]
    given = record(plan(*taper, *GIVEN, "--format", "json", cwd=tmp_path))["taper"]

    assert [(step["day"], step["from"], step["dose_mg"]) for step in before] == [
        (1, None, 3), (8, None, 2.5), (15, None, 1),
    ]  # fmt: skip
    assert [step["from"] for step in given] == ["2026-06-17", "2026-06-24", "2026-07-01"]
    assert given[0]["instruction_es"] == "EJEMPLO, según la receta de Dr. ____"


def test_a_plan_by_dates_has_no_dates_until_infusion_2_was_given_and_staff_are_told(tmp_path: Path) -> None:
    taper = write(tmp_path, HEADER + "2026-06-18,3,a,b\n2026-06-25,2,a,b\n")

    before = plan(*taper, "--format", "json", cwd=tmp_path)
    given = plan(*taper, *GIVEN, "--format", "json", cwd=tmp_path)

    assert [(step["day"], step["from"]) for step in record(before)["taper"]] == [(1, None), (8, None)]
    assert "the taper is shown without its dates until --infusion2-given says when Month 3 was given" in before.err
    assert [(step["day"], step["from"]) for step in record(given)["taper"]] == [(1, "2026-06-18"), (8, "2026-06-25")]
    assert "without its dates" not in given.err


def test_the_steps_stand_below_the_table_in_the_language_of_the_staff(tmp_path: Path) -> None:
    taper = write(tmp_path)

    english = plan(*taper, "--only", "json", cwd=tmp_path).out
    spanish = plan(*taper, *GIVEN, "--only", "json", "--staff-lang", "es", cwd=tmp_path).out

    assert "  days 8 to 14: 2.5 mg a day. EXAMPLE\n  from day 15 on: 1 mg a day. EXAMPLE\n" in english
    assert "Reducción de esteroides; el día 1 es mié 2026-06-17:" in spanish
    assert "  mié 2026-06-24 a mar 2026-06-30: 2.5 mg al día. EJEMPLO\n" in spanish
    assert english.index("M25 ") < english.index("Steroid taper") < english.index("23 contacts")


def test_every_file_is_written_with_a_taper(tmp_path: Path) -> None:
    done = plan(*write(tmp_path), *GIVEN, "--only", "json,csv,ics,html", cwd=tmp_path)

    assert done.code == 0, done.err
    assert len([*(tmp_path / "P-001").iterdir()]) == 6


@pytest.mark.parametrize(("dose", "told"), [("25", False), ("25.5", True)])
def test_a_start_above_the_registered_dose_is_told_and_not_refused(tmp_path: Path, dose: str, *, told: bool) -> None:
    done = plan(*write(tmp_path, f"{HEADER}1,{dose},a,b\n"), "--format", "json", cwd=tmp_path)

    assert done.code == 0
    said = "note: the taper starts at 25.5 mg a day, above the registered highest of 25 mg; check it" in done.err
    assert said is told


def test_the_protocol_s_own_steps_are_used_where_nobody_prescribes_others(tmp_path: Path) -> None:
    own = """
[[milestones.TAPER.steps]]
starts = "P0D"
dose_mg = 2.5
instruction = { en = "example", es = "ejemplo" }

[[milestones.TAPER.steps]]
starts = "P2W"
dose_mg = 1
instruction = { en = "example", es = "ejemplo" }

[products.ULSC]"""
    edited(PROTOCOL_FILE, tmp_path, ("[products.ULSC]", own))

    own_steps = record(plan("--protocol", "edited.toml", *GIVEN, "--format", "json", cwd=tmp_path))["taper"]
    others = record(plan("--protocol", "edited.toml", *write(tmp_path), "--format", "json", cwd=tmp_path))["taper"]

    assert [(step["day"], step["from"], step["dose_mg"]) for step in own_steps] == [
        (1, "2026-06-17", 2.5), (15, "2026-07-01", 1),
    ]  # fmt: skip
    assert [step["dose_mg"] for step in others] == [3, 2.5, 1]


def refused(done: Run, folder: Path, code: int = NO) -> str:
    assert (done.code, done.out, "Traceback" in done.err) == (code, "", False), done.err
    assert not (folder / "P-001").exists()
    return done.err


BAD = {
    "wrong dates": ("2026-02-30,3,a,b", "row 2, from: '2026-02-30' is a day that does not exist"),
    "dates of another form": ("06/16/2026,3,a,b", "row 2, from: '06/16/2026' is no day; write a date such as"),
    "before the taper": ("2026-06-15,3,a,b", "row 2, from: 2026-06-15 is before TAPER on 2026-06-16; write"),
    "after the last visit": ("1,3,a,b\n900,2,a,b", "row 3, from: day 900, 2028-12-01, is after the last visit"),
    "numbers and dates": ("1,3,a,b\n2026-06-20,2,a,b", "row 3, from: is a date, but row 2 has the number of a day"),
    "order": ("1,3,a,b\n15,2,a,b\n8,1,a,b", "row 4, from: 8 is not later than 15 in row 3; put the steps"),
    "not from day 1": ("2,3,a,b", "row 2, from: is day 2, and no step says"),
    "units": ("1,20 mg,a,b", "row 2, dose_mg: '20 mg' has a unit; write the number alone: 20"),
    "a decimal comma": ('1,"7,5",a,b', "row 2, dose_mg: '7,5' has a decimal comma; write 7.5"),
    "a decimal comma between commas": ("1,7,5,a,b", "row 2: has 5 cells, and the first row 4; put a text"),
    "negative": ("1,-3,a,b", "row 2, dose_mg: '-3' is negative"),
    "no number": ("1,three,a,b", "row 2, dose_mg: 'three' is not a number"),
    "too exact": ("1,3.125,a,b", "row 2, dose_mg: '3.125' has more than 2 decimals"),
    "a rising dose": ("1,3,a,b\n8,4,a,b", "row 3, dose_mg: the dose rises from 3 to 4 mg a day; correct the dose"),
    "no English": ("1,3,,b", "row 2, instruction_en: is empty; write what the participant reads"),
    "no Spanish": ("1,3,a", "row 2, instruction_es: is empty; write what the participant reads"),
    "a control character": ("1,3,a\x07,b", "row 2, instruction_en: 'a\\x07' holds the control character U+0007"),
    "no steps": ("", "has no step; write a row for each step"),
    "an open quotation mark": ('1,3,"a,b', "line 2: is no CSV"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_plan_that_cannot_be_followed_is_refused_with_row_column_and_remedy(tmp_path: Path, what: str) -> None:
    rows, said = BAD[what]

    err = refused(plan(*write(tmp_path, HEADER + rows + "\n"), "--only", "json", cwd=tmp_path), tmp_path)

    (line,) = err.splitlines()
    assert line.startswith("dayzero: plan.csv: ")
    assert said in line
    assert "; " in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "plan.csv: is empty; write from,dose_mg,instruction_en,instruction_es into the first row"),
        ("1,3,a,b\n", "plan.csv: row 1: does not name the columns; write from,dose_mg"),
        (EXAMPLE.replace("dose_mg", "dose"), "row 1: there is no column 'dose'; did you mean dose_mg?"),
    ],
)
def test_a_file_without_its_columns_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(plan(*write(tmp_path, text), "--only", "json", cwd=tmp_path), tmp_path)


def test_a_file_that_is_not_there_is_told_together_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "clinic.toml").write_text("id = 5\n")

    err = refused(plan("--taper", "none.csv", "--site", "clinic.toml", cwd=tmp_path), tmp_path)

    assert "dayzero: none.csv: there is no such file; check the name" in err
    assert "dayzero: clinic.toml: id: is 5, not a text" in err


def test_all_that_is_wrong_with_a_plan_is_told_at_once(tmp_path: Path) -> None:
    rows = "1,20 mg,,b\n0,3,a,\n8,x,a,b\n"

    err = refused(plan(*write(tmp_path, HEADER + rows), "--only", "json", cwd=tmp_path), tmp_path)

    assert [line.split(": ")[2] for line in err.splitlines()] == [
        "row 2, dose_mg", "row 2, instruction_en", "row 3, from", "row 3, instruction_es", "row 4, dose_mg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--infusion2-given", "2026-03-02"), "2026-03-02 is not after the randomization on 2026-03-02; check both"),
        (("--infusion2-given", "2026-03-03"), "2026-03-03 is after the day of this schedule, 2026-03-02; say it"),
        (
            ("--day0", "2026-03-09", "--infusion2-given", "2026-03-08", "--as-of", "2026-06-01"),
            "2026-03-08 is not after Day 0 on 2026-03-09; check both dates",
        ),
    ],
)
def test_a_day_on_which_infusion_2_cannot_have_been_given(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    assert f"dayzero: --infusion2-given: {said}" in refused(plan(*options, "--only", "json", cwd=tmp_path), tmp_path)


@pytest.mark.parametrize("day", ["3/6/2026", "2026-06-31", "yesterday"])
def test_a_day_that_is_none(tmp_path: Path, day: str) -> None:
    err = refused(plan("--infusion2-given", day, "--only", "json", cwd=tmp_path), tmp_path, USAGE)

    assert f"--infusion2-given: '{day}' is " in err


@pytest.mark.parametrize("option", ["--taper", "--infusion2-given"])
def test_an_option_without_a_value(tmp_path: Path, option: str) -> None:
    err = refused(plan(option, "", "--only", "json", cwd=tmp_path), tmp_path, USAGE)

    assert f"{option}: is empty; leave it out or write a value" in err


def test_a_taper_for_nobody_is_refused(tmp_path: Path) -> None:
    taper = write(tmp_path)
    start = ("plan", "P-001", "--randomized", "2026-03-02", "--as-of", "2026-06-03", "--only", "json")

    without = dayzero(*start, "--no-steroids", *taper, cwd=tmp_path)
    other = dayzero(*start, "--protocol", str(OTHER_TRIAL), "--infusion2-given", "2026-05-04", *taper, cwd=tmp_path)

    assert "--taper: the participant takes no steroids; leave it out" in refused(without, tmp_path)
    assert "--taper: the protocol has no taper; leave it out" in refused(other, tmp_path)
    assert "--infusion2-given: no taper of the protocol counts from a visit; leave it out" in other.err


def test_the_page_on_taper_plans_shows_one_that_is_good(tmp_path: Path) -> None:
    page = (PROTOCOL_FILE.parent.parent.parent / "docs" / "taper-plan.md").read_text("utf-8")
    shown = [block for block in page.split("\n\n") if block.startswith("    from,")]

    assert len(shown) == 2
    for block in shown:
        text = "\n".join(line.removeprefix("    ") for line in block.splitlines())
        doses = record(plan(*write(tmp_path, text), *GIVEN, "--format", "json", cwd=tmp_path))["taper"]
        assert [step["dose_mg"] for step in doses] == [3, 2, 1]
        assert all("EXAMPLE" in step["instruction_en"] for step in doses)
