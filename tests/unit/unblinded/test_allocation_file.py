"""The list of allocations: every problem with its row and column, and never a cell."""

from dataclasses import replace
from pathlib import Path

import pytest
from builders import registered_protocol
from hypothesis import given
from hypothesis import strategies as st

from schedule.errors import InvalidInput
from schedule.study.protocol import Label
from schedule.unblinded.allocation_file import SealingList, read_allocations


def read(path: Path, text: str, *sealed: str) -> dict[str, str]:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    listed = SealingList(registered_protocol(), sealed)
    read_allocations(path, listed)
    return {one.participant: one.cohort.id for one in listed.allocations}


def problems(path: Path, text: str, *sealed: str) -> list[str]:
    with pytest.raises(InvalidInput) as error:
        read(path, text, *sealed)
    return [f"{one.place}: {one.wrong}" for one in error.value.problems]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "allocation.csv"


@pytest.mark.parametrize(
    "text",
    [
        "participant,cohort\nP-001,1\nP-002,2\n",
        "\ufeffcohort;participant\r\n1;P-001\r\n\r\n2;P-002\r\n",
        'Participant\tCohort\n"P-001"\t 1 \nP-002\t2\t\t',
        '"participant","cohort"\n"P-001","1"\n"P-002","2"',
    ],
)
def test_what_spreadsheets_write_is_read(file: Path, text: str) -> None:
    assert read(file, text) == {"P-001": "1", "P-002": "2"}


def test_every_problem_is_told_with_row_and_column_and_without_the_cell(file: Path) -> None:
    rows = [
        "participant,cohort", "Ada Byron,1", "P-001,3", "P-002,", "p-003,1", "P-003,2", "P-004,1,2", "P-005",
        "P-0000000000000006,1", "=cmd(),1", "P-007,\u202e1", "P-008\x07,9", "../etc,2", "P-009,2", "P-010\n,1",
    ]  # fmt: skip

    found = problems(file, "\n".join(rows), "P-009")

    assert found == [
        "row 2, participant: is not a participant code",
        "row 3, cohort: there is no such cohort",
        "row 4, cohort: there is no such cohort",
        "row 6, participant: stands in the list already",
        "row 7: it has 3 cells, but the header names 2",
        "row 8: it has 1 cells, but the header names 2",
        "row 9, participant: has 18 characters, and an envelope of this study has room for 14",
        "row 10, participant: is not a participant code",
        "row 11, cohort: holds the control character U+202E",
        "row 12, participant: holds the control character U+0007",
        "row 12, cohort: there is no such cohort",
        "row 13, participant: is not a participant code",
        "row 14, participant: has an envelope already, which is never replaced",
        "row 15: it has 1 cells, but the header names 2",
        "row 16, participant: is not a participant code",
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "row 1: it does not name the columns participant and cohort"),
        ("P-001,1\n", "row 1: it does not name the columns participant and cohort"),
        ("participant,cohort,site\n", "row 1: it does not name the columns participant and cohort"),
        ("participant,cohort\n\n", ": there is no participant below the header"),
        ('participant,cohort\nP-001,1\n"P-002,2\n', "row 3: a quotation mark stands where none can"),
        ("participant,cohort\nP-\udcff,1\n", ": line 2 is not UTF-8 (byte 0xff)"),
        ("participant,cohort\n" + "P-001,1\n" * 200_000, ": it is larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_list_is_told(file: Path, text: str, wrong: str) -> None:
    assert problems(file, text) == [wrong]


def test_whether_a_code_fits_does_not_depend_on_its_cohort(file: Path) -> None:
    protocol = registered_protocol()
    longer = replace(protocol, cohorts=(protocol.cohorts[0], replace(protocol.cohorts[1], id=Label("sequence-B"))))
    told = []
    for cohort in ("1", "sequence-B"):
        file.write_text(f"participant,cohort\nP-0000001,{cohort}\n")
        with pytest.raises(InvalidInput) as error:
            read_allocations(file, SealingList(longer, []))
        told.append(str(error.value))

    assert told[0] == told[1]
    assert "room for 5" in told[0]


@given(rows=st.lists(st.tuples(st.text(max_size=20), st.sampled_from(["1", "2"])), max_size=5))
def test_no_message_depends_on_which_cohort_stands_in_a_row(
    rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("list") / "allocation.csv"
    told = []
    for other in (False, True):
        lines = [f"{code},{('2' if cohort == '1' else '1') if other else cohort}" for code, cohort in rows]
        text = "\n".join(["participant,cohort", *lines]).encode("utf-8", "replace")
        file.write_bytes(text)
        try:
            read_allocations(file, SealingList(registered_protocol(), []))
            told.append("")
        except InvalidInput as error:
            told.append(str(error))

    assert told[0] == told[1]
