"""Calendar arithmetic: literal days, read off a calendar."""

import re
from datetime import date, timedelta

import pytest

from schedule.study.offsets import Offset, parse_length, write_length


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P3M", Offset(months=3)),
        ("P2W", Offset(weeks=2)),
        ("P14D", Offset(days=14)),
        ("P1Y6M", Offset(years=1, months=6)),
        ("P1Y2M3W4D", Offset(years=1, months=2, weeks=3, days=4)),
        ("P0D", Offset()),
    ],
)
def test_an_offset_is_read_and_written_back(text: str, expected: Offset) -> None:
    offset = Offset.parse(text)

    assert offset == expected
    assert str(offset) == text


@pytest.mark.parametrize(
    "text",
    ["", "P", "3M", "P3", "P3X", "PT3H", "P3M2Y", "p3m", "P-3M", "-P3M", "P1.5M", " P3M", "P3M\n", "P٣M", "P12345M"],
)
def test_what_is_no_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        Offset.parse(text)


@pytest.mark.parametrize(
    ("day", "offset", "expected"),
    [
        ("2026-03-02", "P0D", "2026-03-02"),
        ("2026-03-02", "P1M", "2026-04-02"),
        ("2026-03-02", "P13M", "2027-04-02"),
        ("2026-03-02", "P25M", "2028-04-02"),
        ("2026-06-02", "P14D", "2026-06-16"),
        ("2026-06-02", "P2W", "2026-06-16"),
        ("2026-12-20", "P2W", "2027-01-03"),
        ("2028-02-20", "P14D", "2028-03-05"),
        ("2027-02-20", "P14D", "2027-03-06"),
        ("2026-03-07", "P1D", "2026-03-08"),
    ],
)
def test_a_target_is_counted_in_calendar_units(day: str, offset: str, expected: str) -> None:
    assert Offset.parse(offset).after(date.fromisoformat(day)) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("day", "offset", "expected"),
    [
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2026-01-29", "P1M", "2026-02-28"),
        ("2028-01-31", "P1M", "2028-02-29"),
        ("2026-01-31", "P13M", "2027-02-28"),
        ("2026-08-31", "P1M", "2026-09-30"),
        ("2027-08-31", "P6M", "2028-02-29"),
        ("2028-02-29", "P1Y", "2029-02-28"),
        ("2028-02-29", "P12M", "2029-02-28"),
        ("2026-12-31", "P2M", "2027-02-28"),
        ("2026-12-31", "P1Y2M", "2028-02-29"),  # in one step: not by way of 28 February 2027
    ],
)
def test_a_month_that_has_no_such_day_ends_on_its_last(day: str, offset: str, expected: str) -> None:
    start = date.fromisoformat(day)

    assert Offset.parse(offset).after(start) == date.fromisoformat(expected)
    assert Offset.parse(offset).is_clipped_after(start)


@pytest.mark.parametrize(
    ("day", "offset", "expected"),
    [
        ("2026-01-31", "P2M", "2026-03-31"),
        ("2026-01-31", "P12M", "2027-01-31"),
        ("2028-01-29", "P1M", "2028-02-29"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("2028-02-29", "P1Y1M", "2029-03-29"),  # in one step: not by way of 28 February 2029
        ("2026-02-28", "P1M", "2026-03-28"),
        ("2026-01-31", "P28D", "2026-02-28"),
    ],
)
def test_a_month_that_has_the_day_keeps_it(day: str, offset: str, expected: str) -> None:
    start = date.fromisoformat(day)

    assert Offset.parse(offset).after(start) == date.fromisoformat(expected)
    assert not Offset.parse(offset).is_clipped_after(start)


def test_days_are_added_after_the_month_was_clipped() -> None:
    assert Offset.parse("P1M1D").after(date(2026, 1, 31)) == date(2026, 3, 1)
    assert Offset.parse("P1M1D").is_clipped_after(date(2026, 1, 31))


@pytest.mark.parametrize(
    ("day", "offset", "expected"),
    [
        ("2026-03-02", "P0D", "2026-03-02"),
        ("2026-02-16", "P12W", "2025-11-24"),
        ("2026-02-16", "P8W", "2025-12-22"),
        ("2028-03-01", "P1D", "2028-02-29"),
        ("2027-03-01", "P1D", "2027-02-28"),
        ("2026-03-02", "P2Y", "2024-03-02"),
        ("2026-01-15", "P1M", "2025-12-15"),
        ("2026-03-31", "P1M", "2026-02-28"),
        ("2028-03-31", "P1M", "2028-02-29"),
        ("2026-10-31", "P1M", "2026-09-30"),
        ("2026-03-30", "P13M", "2025-02-28"),
        ("2028-02-29", "P1Y", "2027-02-28"),
        ("2028-02-29", "P4Y", "2024-02-29"),
        ("2028-02-29", "P3Y", "2025-02-28"),
        ("2027-02-28", "P3Y", "2024-02-28"),
        ("2025-04-29", "P1Y2M", "2024-02-29"),  # in one step: not by way of 28 February 2025
        ("2026-03-31", "P1M1D", "2026-02-27"),  # days come after the month's end has cut
    ],
)
def test_a_day_is_counted_back_in_calendar_units(day: str, offset: str, expected: str) -> None:
    assert Offset.parse(offset).before(date.fromisoformat(day)) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("text", "minutes"), [("PT30M", 30), ("PT2H30M", 150), ("PT5H", 300), ("PT7H30M", 450), ("PT0M", 0)]
)
def test_a_length_is_read_and_written_back(text: str, minutes: int) -> None:
    length = parse_length(text)

    assert length == timedelta(minutes=minutes)
    assert write_length(length) == text


@pytest.mark.parametrize("text", ["", "PT", "7:30", "7h", "P1D", "PT-1H", "PT1.5H", "PT30S", "PT30M\n", "PT5H ", "T5H"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_length(text)
