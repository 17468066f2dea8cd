"""What is overdue, what is only to be recorded, and which promises do not fit any more."""

from dataclasses import replace
from datetime import date

import pytest
from builders import closed, example_site
from story import Story, a_story, on

from schedule.participant import commands as ask
from schedule.participant.due import late_visits, to_rebook
from schedule.participant.state import Lateness, Scope, Standing, Status
from schedule.planning.placing import Away
from schedule.sites import ClosureClosed
from schedule.study.protocol import Kind, VisitCode


def late(story: Story) -> list[tuple[str, str, int]]:
    return [(one.code, one.lateness.value, one.days) for one in late_visits(story.state, story.rules.today)]


@pytest.mark.parametrize(("today", "expected"), [("2026-04-09", []), ("2026-04-10", [("M1", "overdue", 1)])])
def test_a_visit_is_overdue_on_the_day_after_its_window(today: str, expected: list[tuple[str, str, int]]) -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    assert late(story.day(today)) == expected


def test_an_older_one_is_missed_and_to_be_recorded_once_a_later_visit_was_done() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    story.day("2026-06-02").done("M3", "2026-06-02", "yes")

    assert [code for code, *_ in late(story)] == ["M1", "M2"]
    assert {lateness for _, lateness, _ in late(story)} == {Lateness.TO_RECORD.value}


def test_a_visit_booked_after_its_window_is_overdue_after_its_own_day() -> None:
    story = a_story("2026-04-09", day0="2026-03-02")
    story.book("M1", "2026-04-13", deviation="ill")
    assert late(story.day("2026-04-13")) == []
    assert late(story.day("2026-04-14")) == [("M1", "overdue", 5)]


def test_neither_a_held_infusion_nor_what_counts_from_it_is_overdue() -> None:
    story = a_story("2026-05-28", day0="2026-03-02")
    story.miss("M1")
    story.miss("M2")
    story.do(ask.HoldInfusions(scope=Scope.STUDY, reason="safety review"))

    assert late(story.day("2026-08-28")) == []
    story.do(ask.ResumeInfusions(scope=Scope.STUDY, reason="review over"))
    assert late(story)[:2] == [("M3", "overdue", 80), ("M4", "overdue", 50)]


def test_a_taper_is_nobodys_to_do_while_the_infusion_before_it_is_not_recorded() -> None:
    story = a_story("2026-06-30", day0="2026-03-02")
    story.miss("M1")
    story.miss("M2")

    assert [code for code, *_ in late(story)] == ["M3"]
    assert story.refuses(ask.RecordDone(code=VisitCode("TAPER"), day=date(2026, 6, 16))) == (
        "TAPER: M3, which it counts from, is not recorded yet; record M3 first: dayzero done or dayzero miss",
    )
    story.done("M3", "2026-06-02", "yes")
    assert ("TAPER", "overdue", 14) in late(story)


def test_a_task_stays_overdue_although_a_later_visit_was_done() -> None:
    story = a_story("2026-06-02", day0="2026-03-02")
    story.miss("M1")
    story.miss("M2")
    story.done("M3", "2026-06-02", "yes")
    story.day("2026-07-02").done("M4", "2026-07-02")
    assert late(story) == [("TAPER", "overdue", 16)]


def test_an_unscheduled_visit_says_nothing_of_those_before_it() -> None:
    story = a_story("2026-04-12", day0="2026-03-02")
    story.do(ask.AddUnscheduled(day=on("2026-04-11"), reason="rash"))
    assert late(story) == [("M1", "overdue", 3)]


def test_nothing_is_overdue_after_the_end() -> None:
    story = a_story("2026-04-12", day0="2026-03-02")
    story.do(ask.EndParticipation(standing=Standing.WITHDRAWN, day=on("2026-04-12"), reason="asked"))
    assert late(story.day("2027-04-12")) == []


def test_a_promise_outside_a_window_that_moved_is_to_be_rebooked() -> None:
    story = a_story("2026-06-09", day0="2026-03-02")
    story.book("M4", "2026-07-01")
    story.done("M3", "2026-06-09", "yes")  # M4: 2 to 16 July

    (one,) = to_rebook(story.state, story.rules)

    assert (one.code, one.day, one.outside, one.too_close_to, one.closed) == ("M4", on("2026-07-01"), True, None, None)


def test_a_day_that_somebody_answered_for_is_not_to_be_rebooked() -> None:
    story = a_story()
    story.book("M3", "2026-06-10", deviation="ill")
    assert not list(to_rebook(story.state, story.rules))


def test_an_answer_holds_for_the_window_that_it_was_given_for() -> None:
    story = a_story("2026-03-04")
    story.book("M3", "2026-06-12", deviation="ill")  # 30 May to 9 June
    story.done("D0", "2026-03-03", "yes")  # 31 May to 10 June
    assert [one.code for one in to_rebook(story.state, story.rules)] == ["M3"]


def test_a_promise_too_close_to_an_infusion_that_was_given_late_is_to_be_rebooked() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    story.day("2026-06-02").done("M3", "2026-06-02", "yes")
    story.book("M7", "2026-09-29")
    story.day("2026-09-11").done("M6", "2026-09-11", "yes", deviation="ill")
    (one,) = to_rebook(story.state, story.rules)
    assert (one.code, one.outside, one.too_close_to) == ("M7", True, "M6")


def test_a_promise_on_a_day_of_absence_or_of_a_closure_is_to_be_rebooked() -> None:
    story = a_story()
    story.book("M1", "2026-04-02")
    story.book("M3", "2026-06-02")
    story.do(ask.SetAway(first=on("2026-04-01"), last=on("2026-04-03")))
    site = replace(example_site("gainesville"), closures=(closed(on("2026-06-01"), on("2026-06-05")),))
    story.rules = replace(story.rules, site=site)
    story.do(ask.Replan())

    away, closure = to_rebook(story.state, story.rules)

    assert away.closed == Away(first=on("2026-04-01"), last=on("2026-04-03"))
    assert isinstance(closure.closed, ClosureClosed)
    assert (away.code, closure.code) == (VisitCode("M1"), VisitCode("M3"))
    assert story.planned("M3") == "2026-06-02"


def test_a_promise_of_the_past_is_not_to_be_rebooked() -> None:
    story = a_story()
    story.book("M1", "2026-04-02")
    story.do(ask.SetAway(first=on("2026-04-01"), last=on("2026-04-03")))
    assert not list(to_rebook(story.state, story.day("2026-04-03").rules))


def test_an_unscheduled_visit_that_is_open_again_keeps_its_day_and_is_to_be_looked_at() -> None:
    story = a_story().day("2026-03-10")
    story.do(ask.AddUnscheduled(day=on("2026-03-10"), at=None, kind=Kind.CLINIC, reason="rash"))
    (code,) = (one.code for one in story.state.visits.values() if one.unscheduled)
    story.do(ask.CorrectVisit(code=code, status=Status.PLANNED, reason="wrong line"))
    assert not list(to_rebook(story.state, story.rules))

    site = replace(example_site("gainesville"), closures=(closed(on("2026-03-10"), on("2026-03-10")),))
    story.rules = replace(story.rules, site=site)
    story.do(ask.Replan())

    (one,) = to_rebook(story.state, story.rules)
    assert (one.code, one.day) == (code, on("2026-03-10"))
    assert isinstance(one.closed, ClosureClosed)
