"""What follows for outstanding visits, and what stays."""

from dataclasses import replace
from decimal import Decimal

import pytest
from builders import NO_LATER_DAY_0, closed, example_site, steps
from story import Story, a_story, on

from schedule.participant import commands as ask
from schedule.participant.events import Replanned
from schedule.participant.replanning import follow
from schedule.participant.state import PrescribedTaper, Scope, Status
from schedule.study.protocol import VisitCode


def test_a_replanning_keeps_old_and_new_dates() -> None:
    story = a_story()
    *_, replanned = story.move("M3", "2026-06-04")
    assert isinstance(replanned, Replanned)
    assert [(one.code, str(one.old.target), str(one.new.target)) for one in replanned.changes] == [
        ("TAPER", "2026-06-16", "2026-06-18"),
        ("M4", "2026-07-02", "2026-07-04"),
        ("M5", "2026-08-02", "2026-08-04"),
    ]


def test_nothing_is_said_where_nothing_follows() -> None:
    story = a_story()
    assert [type(event).__name__ for event in story.book("M1", "2026-04-02")] == ["Booked"]
    assert follow(story.state, story.rules) == ()


def test_planned_visits_follow_the_sites_calendar_and_promised_ones_stay() -> None:
    story = a_story()
    story.book("M1", "2026-04-02")
    site = replace(
        example_site("gainesville"),
        closures=(closed(on("2026-04-02"), on("2026-04-02")), closed(on("2026-06-02"), on("2026-06-02"))),
    )
    story.rules = replace(story.rules, site=site)

    story.do(ask.Replan())

    assert (story.planned("M1"), story.planned("M3")) == ("2026-04-02", "2026-06-01")


def test_a_visit_that_no_day_fits_is_planned_without_one() -> None:
    site = replace(example_site("gainesville"), closures=(NO_LATER_DAY_0, closed(on("2026-05-30"), on("2026-06-09"))))
    story = a_story(site=site)
    assert (story["M3"].status, story["M3"].dates.day) == (Status.PLANNED, None)
    assert story.dates("M4")[0] == "2026-07-02"


def test_held_infusions_are_placed_as_planned_ones_so_that_nothing_follows_twice() -> None:
    story = a_story()
    story.book("M3", "2026-06-08")
    story.do(ask.HoldInfusions(scope=Scope.STUDY, reason="safety review"))
    assert story.planned("M3") == "2026-06-02"
    assert follow(story.state, story.rules) == ()


# M10 is planned for Monday 4 January 2027 for the sake of M11 and M12, due on 4 February and 4 March then. By itself
# 31 December would be as near to its target, 2 January, and earlier: M11 and M12 are due on Sundays then.


def test_a_booking_does_not_move_the_window_that_it_is_made_for() -> None:
    story = a_story("2026-11-02", day0="2026-03-02")
    story.book("M11", "2027-02-01")  # nearer to 31 January than to 4 February

    assert story.planned("M10") == "2027-01-04"
    assert story.dates("M11") == ("2027-02-04", "2027-01-28", "2027-02-11")


def test_a_planned_day_that_is_past_does_not_become_another() -> None:
    story = a_story("2026-12-31", day0="2026-03-02")
    for code in ("M11", "M12"):
        story.cancel(code)
    assert story.planned("M10") == "2026-12-31"

    late = a_story("2027-01-05", day0="2026-03-02")
    for code in ("M11", "M12"):
        late.cancel(code)
    assert late.planned("M10") == "2027-01-04"


def test_a_planned_day_that_is_past_becomes_another_when_its_target_does() -> None:
    story = a_story("2026-06-04", day0="2026-03-02")
    assert story.planned("M3") == "2026-06-02"

    story.do(ask.CorrectVisit(code=VisitCode("D0"), status=Status.DONE, day=on("2026-03-04"), reason="typed wrongly"))

    assert (story.dates("M3")[0], story.planned("M3")) == ("2026-06-04", "2026-06-04")


# A taper that was prescribed


def prescribe(*doses: tuple[int, str], first_day: str | None = None) -> ask.PrescribeTaper:
    rows = range(2, len(doses) + 2)
    return ask.PrescribeTaper(
        taper=PrescribedTaper(first_day=on(first_day) if first_day else None, steps=steps(*doses)),
        places={
            "days": tuple(f"row {row}, from" for row in rows),
            "doses": tuple(f"row {row}, dose_mg" for row in rows),
        },
        file="taper.csv",
    )


def a_story_after_infusion_2() -> Story:
    story = a_story("2026-06-05", day0="2026-03-02")
    story.done("M3", "2026-06-05", "yes")
    return story


def test_a_taper_is_prescribed_from_the_day_of_its_milestone_on() -> None:
    story = a_story_after_infusion_2()
    story.do(prescribe((1, "20"), (15, "15"), first_day="2026-06-19"))
    assert story.state.taper
    assert [step.dose_mg for step in story.state.taper.steps] == [Decimal(20), Decimal(15)]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (prescribe((1, "20"), first_day="2026-06-18"),
         "taper.csv: row 2, from: 2026-06-18 is before TAPER on 2026-06-19; write 2026-06-19 or later"),
        (prescribe((1, "15"), (15, "20")),
         "taper.csv: row 3, dose_mg: the dose rises from 15 to 20 mg a day; "
         "correct the dose; if it was prescribed so, write yes under allow_increase in this row"),
    ],
)  # fmt: skip
def test_a_taper_that_breaks_a_rule_is_refused(command: ask.PrescribeTaper, sentence: str) -> None:
    assert a_story_after_infusion_2().refuses(command) == (sentence,)


def test_those_off_steroids_are_prescribed_no_taper() -> None:
    assert a_story(steroids=False).refuses(prescribe((1, "20"))) == (
        "P-001: the participant has no taper; dayzero correct amends whether they take steroids",
    )


def test_what_was_stopped_counts_from_the_last_dose_and_says_so() -> None:
    story = a_story_after_infusion_2()
    story.do(ask.StopInfusions(reason="adverse event"))
    counts = story["M25"].dates.counts
    assert (counts.anchor, str(counts.anchor_day), str(counts.offset)) == (VisitCode("M3"), "2026-06-05", "P12M")
