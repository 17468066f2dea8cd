"""Times of day: side by side as far as the day holds, one after the other where it does not."""

from dataclasses import replace
from datetime import datetime, time, timedelta

from builders import example_site
from story import a_story, book, move, on

from schedule.participant.commands import Book, Move
from schedule.participant.daytimes import Taken, Wish, choose_times, in_order
from schedule.sites import Slots
from schedule.study.protocol import Kind, VisitCode

GAINESVILLE = replace(example_site("gainesville"), capacity={Kind.INFUSION: Slots(week=(1,) * 7)})
"""Open from 07:30 to 16:30."""


def wish(participant: str, hours: float, kind: Kind = Kind.CLINIC, liked: time | None = time(9)) -> Wish:
    return Wish(participant=participant, code=VisitCode("M1"), kind=kind, length=timedelta(hours=hours),
                day=on("2026-04-01"), liked=liked)  # fmt: skip


def times(*wishes: Wish, taken: tuple[Taken, ...] = ()) -> list[tuple[str, str | None, bool]]:
    found = choose_times(GAINESVILLE, wishes, taken)
    return [(one.wish.participant, f"{one.at:%H:%M}" if one.at else None, one.fits) for one in found]


def test_without_a_limit_all_have_the_time_that_they_like() -> None:
    assert times(wish("P-001", 2), wish("P-002", 2)) == [("P-001", "09:00", True), ("P-002", "09:00", True)]


def test_one_chair_is_had_one_after_the_other() -> None:
    both = wish("P-001", 3, Kind.INFUSION), wish("P-002", 3, Kind.INFUSION)
    assert times(*both) == [("P-001", "09:00", True), ("P-002", "12:00", True)]


def test_nobody_is_in_two_places() -> None:
    taken = Taken(participant="P-001", kind=Kind.VIRTUAL, start=datetime(2026, 4, 1, 9), end=datetime(2026, 4, 1, 10))
    assert times(wish("P-001", 1), taken=(taken,)) == [("P-001", "08:00", True)]


def test_who_likes_to_come_late_is_done_before_the_site_closes() -> None:
    assert times(wish("P-001", 7.5, liked=time(10))) == [("P-001", "09:00", True)]


def test_what_does_not_fit_is_told() -> None:
    both = wish("P-001", 7.5, Kind.INFUSION), wish("P-002", 7.5, Kind.INFUSION)
    assert times(*both) == [("P-001", "09:00", True), ("P-002", "09:00", False)]
    assert times(wish("P-001", 9.5)) == [("P-001", "09:00", False)]


def test_three_share_a_chair_that_the_first_two_would_leave_no_room_in() -> None:
    # Nine hours; at 09:00 and 12:00 two infusions leave an hour and a half before them and after them.
    three = [wish(f"P-00{number}", 3, Kind.INFUSION) for number in (1, 2, 3)]
    assert times(*three) == [("P-001", "07:30", True), ("P-002", "10:30", True), ("P-003", "13:30", True)]


def test_who_had_to_give_way_comes_as_near_as_can_be() -> None:
    # From 09:00 to 10:00 the short one would leave an hour and a half before it, and six and a half behind it.
    assert times(wish("P-001", 7, Kind.INFUSION, liked=time(10)), wish("P-002", 1, Kind.INFUSION)) == [
        ("P-002", "08:30", True),
        ("P-001", "09:30", True),
    ]


def test_as_many_as_can_have_a_time_where_not_all_can() -> None:
    three = wish("P-001", 7, Kind.INFUSION, liked=time(8)), *(wish(f"P-00{n}", 4, Kind.INFUSION) for n in (2, 3))
    assert [one for one in times(*three) if not one[2]] == [("P-001", "08:00", False)]


def test_an_infusion_is_moved_before_what_counts_from_it() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    story.day("2026-05-20").book("M3", "2026-06-02")
    # M4 is a month after M3: 12 July is 10 days late until M3 is on 9 June.
    asked: list[Book | Move] = [book("M4", "2026-07-13"), move("M3", "2026-06-09")]
    ordered = in_order(story.state, asked, story.rules, datetime(2026, 5, 20))
    assert [getattr(one, "code", "") for one in ordered] == ["M3", "M4"]
