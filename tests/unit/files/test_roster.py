"""Rosters: what spreadsheets save, read row by row; what is wrong is told with row and column."""

import codecs
import csv
import io
import os
import tracemalloc
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedule.errors import InvalidInput, ScheduleError, Unreadable
from schedule.files import roster
from schedule.files.roster import BadRow, Check, RosterRow, Terms, read_rows, survey

ASKS = Terms(asks_about_steroids=True)
ASKS_NOT = Terms(asks_about_steroids=False)
BOOKED = Terms(asks_about_steroids=True, needs_site=True)
SEALED = Terms(asks_about_steroids=True, sealed=True)
HEADER = "participant,randomized,day0,site,steroids,lang\n"
GOOD = "P-001,2026-03-02,,,yes,\n"


def rows_of(
    path: Path, text: str | bytes, terms: Terms = ASKS, checks: dict[str, Check] | None = None
) -> list[RosterRow | BadRow]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_rows(survey(path, terms), terms, checks or {}))


def good(path: Path, text: str | bytes, terms: Terms = ASKS) -> list[RosterRow]:
    found = rows_of(path, text, terms)
    assert not [row.problems for row in found if isinstance(row, BadRow)]
    return [row for row in found if isinstance(row, RosterRow)]


def told(path: Path, text: str | bytes, terms: Terms = ASKS, checks: dict[str, Check] | None = None) -> list[str]:
    """Return what is told of the bad rows, without the file's name."""
    bad = [row for row in rows_of(path, text, terms, checks) if isinstance(row, BadRow)]
    return [str(problem).removeprefix(f"{path}: ") for row in bad for problem in row.problems]


def refused(path: Path, text: str | bytes, terms: Terms = ASKS) -> list[str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Unreadable) as error:
        survey(path, terms)
    return [str(problem).removeprefix(f"{path}: ") for problem in error.value.problems]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "r.csv"


def test_a_row_says_all_that_a_plan_needs(file: Path) -> None:
    (row,) = good(file, HEADER + "P-001,2026-03-02,2026-03-05,gainesville,yes,es\n")

    assert row == RosterRow(
        number=2,
        participant=row.participant,
        randomized=date(2026, 3, 2),
        day0=date(2026, 3, 5),
        site="gainesville",
        steroids=True,
        lang="es",
        sealed="",
    )
    assert row.participant == "P-001"


def test_what_may_be_blank_may_be_left_out_as_a_column_too(file: Path) -> None:
    (row,) = good(file, "steroids,participant,randomized\nno,P-001,2026-03-02\n")

    assert (row.day0, row.site, row.steroids, row.lang) == (None, "", False, "en")


SAVED: dict[str, str | bytes] = {
    "by a program": HEADER + GOOD,
    "with CRLF": (HEADER + GOOD).replace("\n", "\r\n"),
    "with CR": (HEADER + GOOD).replace("\n", "\r"),
    "with a mark of UTF-8": codecs.BOM_UTF8 + (HEADER + GOOD).encode(),
    "by a Spanish Excel": (HEADER + GOOD).replace(",", ";").replace("\n", "\r\n"),
    "with tabs": (HEADER + GOOD).replace(",", "\t"),
    "without an end of line": (HEADER + GOOD).rstrip("\n"),
    "with quotes": '"participant","randomized","day0","site","steroids","lang"\n"P-001","2026-03-02","","","yes",""\n',
    "with blanks": " Participant , RANDOMIZED,day0,site,Steroids,lang\n P-001\u00a0,2026-03-02 ,, , yes,\n",
    "with empty columns behind": HEADER.replace("\n", ",,,\n") + GOOD.replace("\n", ",,, \n"),
}


@pytest.mark.parametrize("how", SAVED)
def test_it_is_read_however_it_was_saved(file: Path, how: str) -> None:
    (row,) = good(file, SAVED[how])

    assert (row.number, row.participant, row.randomized, row.steroids) == (2, "P-001", date(2026, 3, 2), True)


def test_rows_are_numbered_as_in_the_spreadsheet_and_blank_ones_are_passed_over(file: Path) -> None:
    text = HEADER + "\nP-001,2026-03-02,,,yes,\n,,,,,\n  \nP-002,2026-03-02,,,no,\n\n"

    assert [(row.number, row.participant) for row in good(file, text)] == [(3, "P-001"), (6, "P-002")]
    assert survey(file, ASKS).rows == 2


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("yes", True), ("Yes", True), ("YES", True), ("sí", True), ("SI", True), ("no", False), ("NO", False)],
)
def test_steroids_are_yes_or_no_in_small_or_capital_letters(file: Path, typed: str, expected: bool) -> None:
    assert good(file, HEADER + f"P-001,2026-03-02,,,{typed},\n")[0].steroids is expected


def test_where_the_protocol_does_not_ask_steroids_may_be_blank_but_not_nonsense(file: Path) -> None:
    text = HEADER + "P-001,2026-03-02,,,,\nP-002,2026-03-02,,,yes,\n"

    assert [row.steroids for row in good(file, text, ASKS_NOT)] == [None, None]
    assert told(file, HEADER + "P-001,2026-03-02,,,maybe,\n", ASKS_NOT) == [
        "row 2, steroids: 'maybe' is neither yes nor no; write yes or no"
    ]
    assert good(file, "participant,randomized\nP-001,2026-03-02\n", ASKS_NOT)[0].steroids is None


BAD_CELLS = [
    (",2026-03-02,,,yes,", "row 2, participant: is blank; write the participant's code, such as P-001"),
    ("P 1,2026-03-02,,,yes,", "row 2, participant: 'P 1' is not a participant code; use up to 64"),
    ("Coordinator.ICS,2026-03-02,,,yes,", "row 2, participant: 'Coordinator.ICS' is the name of a file"),
    ("P-001,,,,yes,", "row 2, randomized: is blank; write the day, such as 2026-03-02"),
    ("P-001,2026-02-30,,,yes,", "row 2, randomized: '2026-02-30' is a day that does not exist; check the month"),
    ("P-001,2026-3-2,,,yes,", "row 2, randomized: '2026-3-2' is not a date of the form YYYY-MM-DD; write"),
    ("P-001,2026-03-02,2026-03-01,,yes,", "row 2, day0: '2026-03-01' is before the randomization on 2026-03-02; ch"),
    ("P-001,2026-03-02,x,,yes,", "row 2, day0: 'x' is not a date"),
    ("P-001,2026-03-02,,,,", "row 2, steroids: is blank; write yes or no"),
    ("P-001,2026-03-02,,,y,", "row 2, steroids: 'y' is neither yes nor no; write yes or no"),
    ("P-001,2026-03-02,,,yes,fr", "row 2, lang: 'fr' is no language that the papers are in; write en or es"),
    ("P-001,2026-03-02,,,yes", "row 2: it has 5 cells, but the header names 6; leave a cell blank"),
    ("P-001,2026-03-02,,a,b,yes,en", "row 2: it has 7 cells, but the header names 6; a cell that holds the delim"),
    ('P-001,"2026-03-0"2,,,yes,', "row 2: a quotation mark stands where none can; write a cell between"),
    ('P-001,2026-03-02,,,yes,"', "row 2: a quotation mark stands where none can; write a cell between"),
    ("P-001\x00,2026-03-02,,,yes,", "row 2, participant: holds the control character U+0000; delete it"),
    ("P-001,2026-03-02,,a\x1b[31m,yes,", "row 2, site: holds the control character U+001B; delete it"),
    ('"P-\n001",2026-03-02,,,yes,', "row 2, participant: holds the control character U+000A; delete it"),
    ("P-001,2026-03-02,,\u202ea,yes,", "row 2, site: holds the control character U+202E; delete it"),
    ("P" * 80 + ",2026-03-02,,,yes,", f"row 2, participant: '{'P' * 36}... is not a participant code"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), BAD_CELLS)
def test_what_is_wrong_is_told_with_row_column_and_remedy_and_good_rows_are_read(
    file: Path, line: str, said: str
) -> None:
    text = HEADER + line + "\nP-009,2026-03-02,,,yes,\n"
    if line.endswith('"'):
        text = HEADER + GOOD.replace("001", "009") + line
        said = said.replace("row 2", "row 3")

    (problem,) = told(file, text)

    assert problem.startswith(said)
    assert [row.participant for row in rows_of(file, text) if isinstance(row, RosterRow)] == ["P-009"]


@pytest.mark.parametrize(
    "typed", ["3/2/2026", "03-02-26", "2.3.2026", "3/2/2026 0:00", "2-Mar-26", "2 marzo 2026", "46083"]
)
def test_a_date_that_a_spreadsheet_rewrote_is_told_as_such(file: Path, typed: str) -> None:
    (problem,) = told(file, HEADER + f"P-001,{typed},,,yes,\n")

    assert problem.startswith(f"row 2, randomized: '{typed}' is a date as a spreadsheet writes it, and can be read")
    assert problem.endswith("; write 2026-03-02 for 2 March 2026, in a column that is formatted as text")


def test_all_that_is_wrong_in_all_rows_is_told_at_once(file: Path) -> None:
    problems = told(file, HEADER + "P/1,x,y,,maybe,fr\nP-002,2026-03-02,,,yes,\n,,,,,de\n")

    places = [problem.split(":")[0] for problem in problems]
    assert places == [
        "row 2, participant", "row 2, randomized", "row 2, day0", "row 2, steroids", "row 2, lang",
        "row 4, participant", "row 4, randomized", "row 4, steroids", "row 4, lang",
    ]  # fmt: skip


def test_a_participant_who_stands_in_two_rows_is_refused_in_both(file: Path) -> None:
    text = HEADER + "P-001,2026-03-02,,,yes,\nP-002,2026-03-02,,,yes,\np-001,2026-04-02,,,yes,\nP-001,x,,,yes,\n"

    problems = told(file, text)

    assert [problem.split(";")[0] for problem in problems if "participant" in problem] == [
        "row 2, participant: the same participant stands in row 4",
        "row 4, participant: the same participant stands in row 2",
        "row 5, participant: the same participant stands in row 2",
    ]
    assert [row.participant for row in rows_of(file, text) if isinstance(row, RosterRow)] == ["P-002"]


def test_a_byte_that_is_not_utf_8_is_told_in_its_row(file: Path) -> None:
    text = HEADER.encode() + "P-001,2026-03-02,,,sí,\n".encode("latin-1") + "P-002,2026-03-02,,,sí,\n".encode()

    assert told(file, text) == ["row 2, steroids: is not UTF-8 (byte 0xed); save the roster as CSV UTF-8"]


def test_days_that_are_booked_need_a_site_in_each_row(file: Path) -> None:
    assert told(file, HEADER + GOOD, BOOKED) == [
        "row 2, site: is blank, and without a site there are no times to book; name a site"
    ]


def test_sites_are_named_once_each_and_judged_by_those_who_know_them(file: Path) -> None:
    text = HEADER + "P-001,2026-03-02,,a,yes,\nP-002,2026-03-02,,b,yes,\nP-003,2026-03-02,,a,yes,\n"

    problems = told(file, text, checks={"site": lambda name: ("is unknown", "write b") if name == "a" else None})

    assert survey(file, ASKS).sites == ("a", "b")
    assert problems == ["row 2, site: 'a' is unknown; write b", "row 4, site: 'a' is unknown; write b"]


NO_COLUMN = ["row 1: it names none of the columns; write participant,randomized,day0,site,steroids,lang there"]
HEADERS = [
    ("", NO_COLUMN),
    ("P-001,2026-03-02,,,yes,\n", NO_COLUMN),
    ("\n" + HEADER, NO_COLUMN),
    ("participant,day0\n", [
        "row 1: there is no column randomized; add it; a cell may not be blank there",
        "row 1: there is no column steroids; add it; a cell may not be blank there",
    ]),
    ("participant,randomised,steroids,Sites,,site,SITE\n", [
        "row 1: there is no column randomized; add it; a cell may not be blank there",
        "row 1: there is no such column as 'randomised'; did you mean randomized? Otherwise delete the column",
        "row 1: there is no such column as 'sites'; known: day0, lang, randomized; delete the column",
        "row 1: column 5 has no name; name it, or delete it",
        "row 1: the column site stands twice; delete one of the two",
    ]),
    ("participant,randomized,steroids,Cohort\n", [
        "row 1: there is a column cohort; delete it: masked people read this roster; the unblinded pharmacist alone, "
        "with a roster of their own, adds --pharmacy-out",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), HEADERS)
def test_all_that_is_wrong_with_the_header_is_told_at_once(file: Path, text: str, said: list[str]) -> None:
    assert refused(file, text) == said


OTHER_FILES = [
    (b"PK\x03\x04" + b"\x00" * 99, "it is a spreadsheet's own file; save it as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0" + b"\x00" * 99, "it is a spreadsheet's own file; save it as CSV UTF-8"),
    (HEADER.encode("utf-16"), "it is UTF-16; save it as CSV UTF-8"),
    (b"a" * 20_000, "line 1: it has more than 10,000 characters; is it the right file?"),
    (HEADER.encode() + b"a" * 20_000, "line 2: it has more than 10,000 characters; is it the right file?"),
    (HEADER.encode() + b'P-001,"2026-03-02,,,yes,\n' + GOOD.encode(), "row 2: a quotation mark is opened and not clo"),
    (HEADER.encode() + b'P-001,"\n' + b"x,\n" * 99_999, "row 2: a quotation mark is opened and not closed; close or"),
]


@pytest.mark.parametrize(("data", "said"), OTHER_FILES, ids=range(len(OTHER_FILES)))
def test_a_file_that_is_no_roster_is_told_before_any_row_is_used(file: Path, data: bytes, said: str) -> None:
    (problem,) = refused(file, data)

    assert problem.startswith(said)


def test_a_roster_that_is_not_there_or_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for name, said in (("none.csv", "there is no such file"), (".", "it is a folder"), ("pipe", "no ordinary file")):
        with pytest.raises(Unreadable, match=said):
            survey(tmp_path / name, ASKS)


def test_a_roster_of_nobody_is_told(file: Path) -> None:
    file.write_text(HEADER + ",,,,,\n\n")

    with pytest.raises(InvalidInput, match="there is no participant below the header; write a row for each"):
        survey(file, ASKS)


def test_a_roster_that_changes_while_it_is_read_is_told(file: Path) -> None:
    file.write_text(HEADER + GOOD + "P-002,2026-03-02,,,no,\n")
    rows = read_rows(survey(file, ASKS), ASKS, {})
    first = next(rows)

    file.write_text(HEADER + GOOD + "P-002,2026-03-03,,,no,\nP-003,2026-03-02,,,no,\n")

    assert isinstance(first, RosterRow)
    with pytest.raises(InvalidInput, match="it was changed while it was read; run the command again"):
        list(rows)


COHORTS = HEADER.replace("\n", ",cohort\n")


def test_a_roster_with_cohorts_has_one_in_every_row_and_passes_it_on_unread(file: Path) -> None:
    text = COHORTS + "P-001,2026-03-02,,,yes,, 2 \n"

    assert [row.sealed for row in good(file, text, SEALED)] == ["2"]
    assert told(file, COHORTS + "P-001,2026-03-02,,,yes,,\n", SEALED) == ["row 2, cohort: is blank; write the cohort"]
    assert refused(file, HEADER + GOOD, SEALED) == [
        "row 1: there is no column cohort; add it; a cell may not be blank there"
    ]


def test_of_a_roster_with_cohorts_no_cell_is_shown_wherever_it_stands(file: Path) -> None:
    never: dict[str, Check] = {
        "cohort": lambda _: ("there is no such cohort", "known: 1, 2"),
        "site": lambda _: ("is none", "x"),
    }
    swapped = COHORTS + "ULSC!,ULSC,ULSC,ULSC,ULSC,ULSC,ULSC\nULSC,1\nULSC,2026-03-02,2026-03-01,,yes,,ULSC\n"

    problems = told(file, swapped, SEALED, never)

    assert len(problems) == 10
    assert not [problem for problem in problems if "ULSC" in problem]
    assert "row 2, randomized: is not a date of the form YYYY-MM-DD; write 2026-03-02 for 2 March 2026" in problems
    assert "row 4, day0: is before the randomization on 2026-03-02; check both dates" in problems[-2]


def test_memory_does_not_grow_with_the_rows(file: Path) -> None:
    def peak(rows: int) -> int:
        file.write_text(HEADER + "".join(f"P-{row},2026-03-02,,gainesville,yes,\n" for row in range(rows)))
        surveyed = survey(file, ASKS)
        tracemalloc.start()
        for _ in read_rows(surveyed, ASKS, {}):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)

    assert peak(5_000) < peak(500) + 20_000


def read_or_told(path: Path, data: bytes) -> list[int] | None:
    """Return the numbers of the rows; None where the whole file was refused, which must be told."""
    path.write_bytes(data)
    try:
        return [row.number for row in read_rows(survey(path, ASKS), ASKS, {})]
    except ScheduleError as error:
        problems = error.problems
    assert problems
    return None


@pytest.fixture(scope="module")
def any_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rosters") / "any.csv"


@given(
    rows=st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=8), max_size=6),
    delimiter=st.sampled_from(roster.DELIMITERS),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_below_a_header_is_read_row_by_row(
    rows: list[list[str]], delimiter: str, end: str, any_file: Path
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        [HEADER.strip().split(","), *rows]
    )
    filled = [number for number, row in enumerate(rows, start=2) if any(cell.strip() for cell in row)]

    assert read_or_told(any_file, text.getvalue().encode()) == (filled or None)


@given(data=st.binary(max_size=200), header=st.sampled_from([b"", HEADER.encode(), codecs.BOM_UTF8]))
def test_any_bytes_are_read_or_told(data: bytes, header: bytes, any_file: Path) -> None:
    numbers = read_or_told(any_file, header + data)

    assert numbers is None or (numbers == sorted(set(numbers)) and header)
