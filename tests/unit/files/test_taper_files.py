"""Taper plans as CSV: what is read, and how every mistake is told with its row, its column and its remedy."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from schedule.errors import InvalidInput, Problem
from schedule.files.taper import read_taper
from schedule.planning.taper import TaperPlan
from schedule.study.protocol import Text

HEADER = "from,dose_mg,instruction_en,instruction_es\n"
BY_NUMBER = HEADER + "1,3,first,primero\n8,2.50,second,segundo\n22,0,third,tercero\n"
BY_DATE = HEADER + "2026-06-17,3,first,primero\n2026-06-24,2.50,second,segundo\n2026-07-08,0,third,tercero\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.csv"


def read(file: Path, text: str | bytes) -> TaperPlan:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_taper(file)


def problems(file: Path, text: str | bytes) -> list[Problem]:
    with pytest.raises(InvalidInput) as told:
        read(file, text)
    assert {problem.file for problem in told.value.problems} == {str(file)}
    assert all(problem.wrong and problem.remedy for problem in told.value.problems)
    return [*told.value.problems]


def only(file: Path, text: str | bytes) -> tuple[str, str, str]:
    (problem,) = problems(file, text)
    return problem.place, problem.wrong, problem.remedy


def test_a_plan_by_numbers_of_days(file: Path) -> None:
    plan = read(file, BY_NUMBER)

    assert (plan.file, plan.first_day) == (str(file), None)
    assert [str(step.starts) for step in plan.steps] == ["P0D", "P7D", "P21D"]
    assert [step.dose_mg for step in plan.steps] == [Decimal(3), Decimal("2.5"), Decimal(0)]
    assert plan.steps[1].instruction == Text(en="second", es="segundo")
    assert plan.day_places == ("row 2, from", "row 3, from", "row 4, from")
    assert plan.dose_places == ("row 2, dose_mg", "row 3, dose_mg", "row 4, dose_mg")


def test_a_plan_by_dates(file: Path) -> None:
    plan = read(file, BY_DATE)

    assert plan.first_day == date(2026, 6, 17)
    assert [str(step.starts) for step in plan.steps] == ["P0D", "P7D", "P21D"]


@pytest.mark.parametrize(
    "text",
    [
        BY_NUMBER.replace(",", ";"),
        BY_NUMBER.replace(",", "\t"),
        BY_NUMBER.replace("\n", "\r\n"),
        BY_NUMBER.replace("\n", "\r\n").encode("utf-8-sig"),
        BY_NUMBER.replace("first", '"first"').replace("from", '"from"'),
        BY_NUMBER.replace("8,2.50", " 8 , 2.50 ").replace("dose_mg", "Dose_MG "),
        BY_NUMBER.removesuffix("\n"),
        BY_NUMBER + "\n,,,\n",
        BY_NUMBER.replace("\n", ",\n"),
    ],
    ids=["semicolons", "tabs", "CRLF", "BOM", "quotes", "spaces", "no end of line", "blank rows", "a blank column"],
)
def test_a_plan_as_programs_save_it(file: Path, text: str | bytes) -> None:
    assert read(file, text) == read(file, BY_NUMBER)


def test_a_quoted_text_may_hold_commas_and_quotes(file: Path) -> None:
    (step,) = read(file, HEADER + '1,3,"with food, ""as told""",con comida\n').steps

    assert step.instruction.en == 'with food, "as told"'


def test_the_columns_may_stand_in_any_order(file: Path) -> None:
    (step,) = read(file, "instruction_es,allow_increase,dose_mg,from,instruction_en\ndos,no,2,1,two\n").steps

    assert (step.dose_mg, step.instruction) == (Decimal(2), Text(en="two", es="dos"))


@pytest.mark.parametrize(("written", "allowed"), [("yes", True), ("YES", True), ("no", False), ("", False)])
def test_a_dose_may_rise_where_the_row_says_yes(file: Path, written: str, *, allowed: bool) -> None:
    (step,) = read(file, f"{HEADER.strip()},allow_increase\n1,3,a,b,{written}\n").steps

    assert step.allow_increase is allowed


def test_a_plan_that_does_not_speak_of_rises_allows_none(file: Path) -> None:
    assert [step.allow_increase for step in read(file, BY_NUMBER).steps] == [False, False, False]


def test_blank_rows_are_counted_as_a_spreadsheet_shows_them(file: Path) -> None:
    place, *_ = only(file, HEADER + "1,3,a,b\n\n,,,\n8,x,a,b\n")

    assert place == "row 5, dose_mg"


DOSES = [
    ("20 mg", "has a unit", "write the number alone: 20"),
    ("20mg", "has a unit", "write the number alone: 20"),
    ("20 MG/day", "has a unit", "write the number alone: 20"),
    ('"7,5 mg"', "has a unit", "write the number alone: 7.5"),
    ('"7,5"', "has a decimal comma", "write 7.5"),
    ('"1,000"', "is not a number", "such as 20 or 7.5"),
    ("-5", "is negative", "0 or more"),
    ("−5", "is negative", "0 or more"),
    ("7.555", "has more than 2 decimals", "at most 2"),
    ("1000.01", "is more than 1,000 mg a day", "check the number"),
    ("9999", "is more than 1,000 mg a day", "check the number"),
    ("1e3", "is not a number", "such as 20 or 7.5"),
    ("nan", "is not a number", "such as 20 or 7.5"),
    ("inf", "is not a number", "such as 20 or 7.5"),
    ("0x10", "is not a number", "such as 20 or 7.5"),
    ("٢٠", "is not a number", "such as 20 or 7.5"),
    (".5", "is not a number", "such as 20 or 7.5"),
    ("5.", "is not a number", "such as 20 or 7.5"),
    ("+5", "is not a number", "such as 20 or 7.5"),
    ("half", "is not a number", "such as 20 or 7.5"),
    ("=1+1", "is not a number", "such as 20 or 7.5"),
    ("", "is empty", "such as 20 or 7.5"),
    ("1" * 99, "is not a number", "such as 20 or 7.5"),
]


@pytest.mark.parametrize(("dose", "wrong", "remedy"), DOSES, ids=ascii)
def test_a_dose_that_is_none(file: Path, dose: str, wrong: str, remedy: str) -> None:
    place, *told = only(file, f"{HEADER}1,{dose},a,b\n")

    assert place == "row 2, dose_mg"
    assert wrong in told[0]
    assert remedy in told[1]


@pytest.mark.parametrize(
    ("dose", "read_as"), [("0", "0"), ("1000", "1000"), ("0.25", "0.25"), ("20.00", "20"), ("05", "5")]
)
def test_a_dose_that_is_one(file: Path, dose: str, read_as: str) -> None:
    (step,) = read(file, f"{HEADER}1,{dose},a,b\n").steps

    assert step.dose_mg == Decimal(read_as)


DAYS = [
    ("16/06/2026", "is no day", "write a date such as 2026-06-16, or 1"),
    ("6/16/26", "is no day", "write a date such as 2026-06-16, or 1"),
    ("day 1", "is no day", "write a date such as 2026-06-16, or 1"),
    ("1.0", "is no day", "write a date such as 2026-06-16, or 1"),
    ("-1", "is no day", "write a date such as 2026-06-16, or 1"),
    ("", "is empty", "write a date such as 2026-06-16, or 1"),
    ("0", "is before the taper's first day", "write 1"),
    ("2", "is day 2, and no step says what is taken from day 1 on", "write 1"),
    ("2026-02-30", "is a day that does not exist", "check the month"),
    ("1026-06-16", "is outside the years", "check the year"),
]


@pytest.mark.parametrize(("day", "wrong", "remedy"), DAYS)
def test_a_day_that_is_none(file: Path, day: str, wrong: str, remedy: str) -> None:
    place, *told = only(file, f"{HEADER}{day},3,a,b\n")

    assert place == "row 2, from"
    assert wrong in told[0]
    assert remedy in told[1]


@pytest.mark.parametrize(
    ("first", "second", "wrong", "remedy"),
    [
        ("1", "1", "1 is not later than 1 in row 2", "order of their days"),
        ("2026-06-17", "2026-06-16", "2026-06-16 is not later than 2026-06-17 in row 2", "order of their days"),
        ("1", "2026-06-16", "is a date, but row 2 has the number of a day", "dates in all rows, or numbers"),
        ("2026-06-16", "8", "is the number of a day, but row 2 has a date", "dates in all rows, or numbers"),
    ],
)
def test_days_that_do_not_follow_each_other(file: Path, first: str, second: str, wrong: str, remedy: str) -> None:
    place, *told = only(file, f"{HEADER}{first},3,a,b\n{second},2,a,b\n")

    assert (place, told[0]) == ("row 3, from", wrong)
    assert remedy in told[1]


@pytest.mark.parametrize(
    ("row", "column", "wrong"),
    [
        ("1,3,,b", "instruction_en", "is empty"),
        ("1,3,a,  ", "instruction_es", "is empty"),
        ("1,3,a", "instruction_es", "is empty"),
        ('1,3,"a\nb",b', "instruction_en", "holds the control character U+000A"),
        ("1,3,a,b\u202ec", "instruction_es", "holds the control character U+202E"),
        ("1,3,a\x07,b", "instruction_en", "holds the control character U+0007"),
        (f"1,3,{'a' * 2001},b", "instruction_en", "has 2,001 characters"),
    ],
)
def test_an_instruction_that_is_none(file: Path, row: str, column: str, wrong: str) -> None:
    place, told, remedy = only(file, f"{HEADER}{row}\n")

    assert place == f"row 2, {column}"
    assert wrong in told
    assert "write" in remedy


def test_an_answer_that_is_neither_yes_nor_no(file: Path) -> None:
    place, wrong, remedy = only(file, f"{HEADER.strip()},allow_increase\n1,3,a,b,true\n")

    assert (place, wrong) == ("row 2, allow_increase", "'true' is neither yes nor no")
    assert "write yes" in remedy


@pytest.mark.parametrize(
    ("text", "place", "wrong"),
    [
        ("", "", "is empty"),
        ("\ufeff\r\n \n", "", "is empty"),
        (HEADER, "", "has no step"),
        (HEADER + "\n,,,\n", "", "has no step"),
        ("1,3,a,b\n", "row 1", "does not name the columns"),
        ("\n" + BY_NUMBER, "row 1", "does not name the columns"),
        (BY_NUMBER.replace(",dose_mg,", ",mg,"), "row 1, dose_mg", "is missing"),
        (BY_NUMBER.replace("instruction_es", "from"), "row 1, from", "stands there twice"),
        (BY_NUMBER.replace("instruction_es\n", "instruction_es,units\n"), "row 1", "there is no column 'units'"),
        (BY_NUMBER.replace("third", '"third'), "line 4", "is no CSV"),
        (BY_NUMBER.replace("third", '"third" x'), "line 4", "is no CSV"),
        (BY_NUMBER.replace("2.50", "2,50"), "row 3", "has 5 cells, and the first row 4"),
        (HEADER + "".join(f"{day},3,a,b\n" for day in range(1, 202)), "", "has 201 steps"),
        (HEADER + f"1,3,{'a' * 140_000},b\n", "line 2", "is no CSV"),
    ],
)
def test_a_file_that_is_no_plan(file: Path, text: str, place: str, wrong: str) -> None:
    told = {problem.place: problem.wrong for problem in problems(file, text)}

    assert wrong in told[place]


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (BY_NUMBER.encode("utf-16"), "is not UTF-8"),
        (BY_NUMBER.replace("first", "café").encode("latin-1"), "line 2 is not UTF-8"),
        (b"#" * 2_000_000, "larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_cannot_be_read(file: Path, data: bytes, wrong: str) -> None:
    assert wrong in only(file, data)[1]


def test_a_plan_of_two_hundred_steps_is_read(file: Path) -> None:
    assert len(read(file, HEADER + "".join(f"{day},3,a,b\n" for day in range(1, 201))).steps) == 200


def test_everything_wrong_is_told_at_once_row_by_row(file: Path) -> None:
    told = problems(
        file,
        f"{HEADER.strip()},allow_increase\n1,20 mg,,b,\n2026-06-16,-4,a,,perhaps\nx,7.125,a,b,\n1,5,a,b,\n",
    )

    assert [problem.place for problem in told] == [
        "row 2, dose_mg", "row 2, instruction_en",
        "row 3, from", "row 3, dose_mg", "row 3, instruction_es", "row 3, allow_increase",
        "row 4, from", "row 4, dose_mg",
        "row 5, from",
    ]  # fmt: skip


def test_a_missing_column_is_told_with_the_name_that_was_meant(file: Path) -> None:
    (missing, unknown) = problems(file, BY_NUMBER.replace("instruction_es", "instructions_es"))

    assert (missing.place, missing.wrong) == ("row 1, instruction_es", "is missing")
    assert "did you mean instruction_es" in unknown.remedy
