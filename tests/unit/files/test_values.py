"""Values typed on a command line: what is read, and what is refused with a remedy."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from schedule.files.values import read_date, read_instant, read_participant, shorten

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02", date(2026, 3, 2)),
        ("2028-02-29", date(2028, 2, 29)),
        ("2000-01-01", date(2000, 1, 1)),
        ("2099-12-31", date(2099, 12, 31)),
    ],
)
def test_an_iso_date_is_read(text: str, expected: date) -> None:
    assert read_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "02/03/2026", "2/3/26", "03-02-2026", "20260302", "2026-3-2", "2 March 2026", "2026-W10-1", "2026-061",
        "202-03-02", "26-03-02", "2026-03-02T09:00", " 2026-03-02", "2026-03-02\n", "٢٠٢٦-٠٣-٠٢", "today", "",
    ],
)  # fmt: skip
def test_an_ambiguous_date_is_refused_with_the_form_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM-DD; write 2026-03-02 for 2 March 2026"):
        read_date(text)


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-02-29", "2100-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00"]
)
def test_a_day_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        read_date(text)


@pytest.mark.parametrize("text", ["0202-03-02", "1999-12-31", "2100-01-01", "9999-12-31", "0001-01-01"])
def test_a_year_far_away_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outside the years 2000 to 2099"):
        read_date(text)


@pytest.mark.parametrize("text", ["P-001", "1", "a.b_c-d", "0012-JRM", "x" * 64])
def test_a_participant_code_is_read(text: str) -> None:
    assert read_participant(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "x" * 65, "P/001", "P\\001", "..", ".", "a..b", "../P-001", ".hidden", "P-", "-P", "=1+1", "@x", "P 001",
        "P\n001", "P-001\n", "P\x07", "P\x00", "José", "Пётр", "Р-001", "P٣", "李",
        "P\u202e1", "P\u200b1", "<b>", "{{7*7}}", "P:1",
    ],
)  # fmt: skip
def test_anything_else_is_no_participant_code(text: str) -> None:
    with pytest.raises(ValueError, match="is not a participant code; use up to 64"):
        read_participant(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02", "2026-03-02T05:00:00+00:00"),  # midnight in New York, in winter
        ("2026-07-02", "2026-07-02T04:00:00+00:00"),  # and in summer
        ("2026-03-02T09:00:00-05:00", "2026-03-02T14:00:00+00:00"),
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00+00:00"),
        ("2026-03-02T09:00:00.987654+00:00", "2026-03-02T09:00:00+00:00"),
    ],
)
def test_an_instant_is_read_as_utc(text: str, expected: str) -> None:
    instant = read_instant(text, NEW_YORK)

    assert instant == datetime.fromisoformat(expected)
    assert instant.tzinfo is UTC


def test_an_instant_of_a_year_far_away_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the years 2000 to 2099"):
        read_instant("0202-03-02T09:00:00Z", NEW_YORK)


@pytest.mark.parametrize(
    "text", ["2026-03-02T09:00:00", "2026-03-02T25:00:00Z", "2026-02-30T09:00:00Z", "now", "", "1772409600"]
)
def test_a_time_of_no_known_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an instant; write 2026-03-02, or"):
        read_instant(text, NEW_YORK)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("José", "'José'"),
        ("Peña-001", "'Peña-001'"),
        ("O'Neil", '"O\'Neil"'),
        ("a\x07\x1b[31m\n", r"'a\x07\x1b[31m\n'"),
        ("1\u202e\u200b\u00a0\u2028\ufeff", r"'1\u202e\u200b\xa0\u2028\ufeff'"),
        ("\ud800", r"'\ud800'"),
        ("é" * 79, "'" + "é" * 76 + "..."),
        ("", "''"),
    ],
)
def test_what_was_typed_is_shown_as_it_looks_and_nothing_of_it_is_obeyed(typed: str, shown: str) -> None:
    assert shorten(typed) == shown
