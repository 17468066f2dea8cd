"""Whether a day can be had, and at which time."""

from dataclasses import replace
from datetime import time

import pytest
from builders import ALL_DAY, a_site
from story import a_story, book, done, on

from schedule.participant.judging import judge
from schedule.participant.state import Given, Status
from schedule.sites import ClosedWeekday, Weekday
from schedule.study.protocol import Kind


@pytest.mark.parametrize(
    ("day", "outside"), [("2026-05-29", True), ("2026-06-01", False), ("2026-06-09", False), ("2026-06-10", True)]
)
def test_both_ends_of_a_window_are_allowed_days(day: str, outside: bool) -> None:
    story = a_story()
    assert judge(story.state, story["M3"], on(day), story.rules).outside is outside


def test_why_a_day_is_closed_is_told_as_a_fact() -> None:
    story = a_story()
    judged = judge(story.state, story["M3"], on("2026-05-30"), story.rules)
    assert judged.closed == ClosedWeekday(weekday=Weekday.SATURDAY)
    assert not judged.deviates


@pytest.mark.parametrize(("day", "close"), [("2026-09-22", 20), ("2026-09-23", None)])
def test_infusions_are_kept_21_days_apart(day: str, close: int | None) -> None:
    story = a_story()
    story.book("M6", "2026-09-02")
    judged = judge(story.state, story["M7"], on(day), story.rules)
    assert (judged.too_close and judged.too_close.days_apart) == close


def test_an_infusion_that_was_not_given_is_too_close_to_nothing() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    story.day("2026-06-02").done("M3", "2026-06-02", "yes")
    story.day("2026-09-02").done("M6", "2026-09-02", "no")
    as_done = replace(story["M7"], status=Status.DONE, given=Given.NO)

    assert judge(story.state, story["M7"], on("2026-09-21"), story.rules).too_close is None
    assert judge(story.state, as_done, on("2026-09-21"), story.rules).too_close is None


def test_two_doses_too_close_are_a_deviation_on_record() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    story.day("2026-06-02").done("M3", "2026-06-02", "yes")
    story.day("2026-09-02").done("M6", "2026-09-02", "yes")
    story.day("2026-09-22")

    sentences = story.refuses(done("M7", "2026-09-22", "yes"))
    story.done("M7", "2026-09-22", "yes", deviation="calendar misread")

    assert sentences[1] == (
        "M7: 2026-09-22 is 20 days from M6 on 2026-09-02, and at least 21 are required; "
        'choose another day, or record a protocol deviation with --deviation "why"'
    )
    deviation = story["M7"].deviation
    assert deviation
    assert (deviation.too_close_to, deviation.days_apart, deviation.at_least, deviation.days_outside) == (
        "M6", 20, 21, -7,
    )  # fmt: skip


def test_a_site_without_a_usual_time_asks_for_one() -> None:
    site = a_site(arrival={Kind.CLINIC: time(9, 0)})
    story = a_story(site=site)
    assert story.refuses(book("M2", "2026-05-01")) == (
        "M2: the site test gives no usual time for this kind of visit; write the time after the day, such as 09:00",
    )
    story.book("M2", "2026-05-01", "11:00")
    assert str(story["M2"].end) == "2026-05-01 11:30:00"


def test_a_time_that_the_clock_jumps_over_is_refused() -> None:
    site = replace(a_site(), open=dict.fromkeys(Weekday, ALL_DAY))
    story = a_story(site=site)
    # 8 March 2026, a Sunday: at 02:00 it is 03:00.
    assert story.refuses(book("D0", "2026-03-08", "02:30")) == (
        "D0: on 2026-03-08 the clock jumps over 02:30 in America/New_York; write another time",
    )


@pytest.mark.parametrize(
    ("code", "day", "at", "refused"),
    [("M3", "2026-06-02", "07:29", True), ("M3", "2026-06-02", "07:30", False), ("M1", "2026-04-02", "16:30", True),
     ("M2", "2026-05-01", "19:00", False)],
)  # fmt: skip
def test_nobody_comes_while_the_site_is_closed_and_a_call_may_be_in_the_evening(
    code: str, day: str, at: str, refused: bool
) -> None:
    story = a_story()

    problems = story.refuses(book(code, day, at)) if refused else (story.book(code, day, at), ())[1]

    closed = f"{code}: at {at} the site is closed: it opens at 07:30 and closes at 16:30; write a time in its hours"
    assert problems == ((closed,) if refused else ())
