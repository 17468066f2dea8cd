"""Who tries links that are none."""

from datetime import UTC, datetime, timedelta

import pytest

from clinic.feeds.misses import MOST_ADDRESSES, Misses

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_thirty_a_minute_are_answered_and_the_next_is_told_when() -> None:
    misses = Misses()
    waits = [misses.wait("192.0.2.1", after(number)) for number in range(32)]

    assert waits == [0] * 30 + [30, 29]
    assert misses.wait("192.0.2.2", after(31)) == 0
    assert misses.wait("192.0.2.1", after(59.5)) == 1
    assert [misses.wait("192.0.2.1", after(60)) for _ in range(31)] == [0] * 30 + [60]


def test_each_of_several_processes_answers_its_share() -> None:
    misses = Misses(7)

    assert [misses.wait("192.0.2.1", NOON) for _ in range(9)] == [0] * 7 + [60, 60]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "no address", True),
    ],
)
def test_whose_tries_are_counted_together(one: str, other: str, same: bool) -> None:
    misses = Misses(1)
    misses.wait(one, NOON)

    assert bool(misses.wait(other, NOON)) is same


def test_a_clock_that_was_set_back_locks_nobody_for_long() -> None:
    misses = Misses(1)
    misses.wait("192.0.2.1", NOON)

    assert misses.wait("192.0.2.1", after(-864_000)) == 0
    assert misses.wait("192.0.2.1", after(-864_000)) == 60


def test_no_more_addresses_are_remembered_than_there_is_room_for() -> None:
    misses = Misses(1)
    for number in range(MOST_ADDRESSES + 50):
        misses.wait(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", NOON)

    assert len(misses) == MOST_ADDRESSES
    assert misses.wait("10.0.0.1", NOON) == 0
    assert misses.wait("10.0.1.1", NOON) == 60
