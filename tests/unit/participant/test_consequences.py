"""What a change would mean before it is saved, and which other days there are."""

from dataclasses import replace

from builders import closed, example_site
from story import Story, a_story, book, move, on

from schedule.participant.commands import Command
from schedule.participant.consequences import Consequences, alternatives, compare_states
from schedule.participant.deciding import after_events, decide
from schedule.participant.state import ToRebook
from schedule.study.protocol import VisitCode

M3 = VisitCode("M3")


def preview(story: Story, command: Command) -> Consequences:
    after = after_events(story.state, decide(story.state, command, story.rules))
    return compare_states(story.state, after, story.rules)


def test_a_preview_shows_every_date_that_would_change() -> None:
    story = a_story()

    found = preview(story, move("M3", "2026-06-04"))

    days = {
        one.after.code: (one.before and str(one.before.dates.day), str(one.after.dates.day)) for one in found.changes
    }
    assert days == {
        "M3": ("2026-06-02", "2026-06-04"),
        "TAPER": ("2026-06-16", "2026-06-18"),
        "M4": ("2026-07-02", "2026-07-02"),  # its target is Saturday, 4 July; Friday the 3rd is observed
        "M5": ("2026-08-03", "2026-08-04"),
    }
    assert (found.deviations, found.impossible, found.to_rebook) == ((), (), ())


def test_a_preview_shows_deviations_that_would_be_recorded() -> None:
    ((code, deviation),) = preview(a_story(), book("M3", "2026-06-10", deviation="ill")).deviations
    assert (code, deviation.reason, deviation.days_outside) == ("M3", "ill", 1)


def test_a_preview_shows_windows_that_would_become_impossible() -> None:
    site = replace(example_site("gainesville"), closures=(closed(on("2026-07-02"), on("2026-07-16")),))
    story = a_story(site=site)
    assert story.planned("M4") == "2026-07-01"

    assert preview(story, move("M3", "2026-06-09")).impossible == ("M4",)


def test_a_preview_shows_promises_that_would_have_to_be_rebooked() -> None:
    story = a_story()
    story.book("M4", "2026-07-01")

    assert preview(story, move("M3", "2026-06-09")).to_rebook == (
        ToRebook(code=VisitCode("M4"), day=on("2026-07-01"), outside=True, too_close_to=None, closed=None),
    )


def test_an_enrollment_shows_every_visit_as_new() -> None:
    story = a_story()
    found = compare_states(None, story.state, story.rules)
    assert len(found.changes) == 24
    assert {one.before for one in found.changes} == {None}


def test_the_days_in_the_window_come_first_the_nearest_to_the_target_before_the_others() -> None:
    story = a_story()

    found = alternatives(story.state, M3, story.rules)

    assert [(str(one.day), one.from_target, one.judged.deviates) for one in found] == [
        ("2026-06-02", 0, False),
        ("2026-06-01", -1, False),
        ("2026-06-03", 1, False),
        ("2026-06-04", 2, False),
        ("2026-06-05", 3, False),
        ("2026-06-08", 6, False),
        ("2026-06-09", 7, False),
        ("2026-05-29", -4, True),
    ]


def test_days_with_fewer_days_off_target_in_all_come_first() -> None:
    """M10 is due on Saturday 2 January 2027; M11 and M12 count from it. 31 December makes both due on Sundays."""
    story = a_story(day0="2026-03-02")

    found = alternatives(story.state, VisitCode("M10"), story.rules)

    assert [(str(one.day), one.from_target, one.off_in_all) for one in found if not one.judged.deviates] == [
        ("2027-01-04", 2, 2),
        ("2027-01-05", 3, 3),
        ("2026-12-31", -2, 4),
        ("2026-12-30", -3, 5),
        ("2027-01-06", 4, 6),
        ("2027-01-08", 6, 6),
        ("2027-01-07", 5, 7),
    ]


def test_the_day_that_it_has_is_no_alternative_once_it_is_promised() -> None:
    story = a_story()
    story.book("M3", "2026-06-02")
    assert str(alternatives(story.state, M3, story.rules)[0].day) == "2026-06-01"


def test_an_alternative_tells_the_least_slack_of_what_follows() -> None:
    story = a_story()
    by_day = {str(one.day): one for one in alternatives(story.state, M3, story.rules)}
    # M4 would count to Saturday 4 July, be planned on Thursday the 2nd and end on the 11th; M5: Tuesday 4 to 11 August.
    assert (by_day["2026-06-04"].least_slack, by_day["2026-06-04"].tightest) == (7, "M5")


def test_days_that_leave_a_follow_up_without_a_day_come_after_those_that_do_not() -> None:
    site = replace(example_site("gainesville"), closures=(closed(on("2026-07-02"), on("2026-07-16")),))
    story = a_story(site=site)

    found = alternatives(story.state, M3, story.rules)

    assert {str(one.day): one.impossible for one in found}["2026-06-09"] == ("M4",)
    ranked = [bool(one.impossible) for one in found if not one.judged.deviates]
    assert ranked == sorted(ranked)


def test_only_promises_that_the_move_itself_breaks_are_named() -> None:
    story = a_story()
    story.book("M1", "2026-04-02")
    site = replace(example_site("gainesville"), closures=(closed(on("2026-04-02"), on("2026-04-02")),))
    story.rules = replace(story.rules, site=site)
    assert {one.to_rebook for one in alternatives(story.state, M3, story.rules)} == {()}


def test_after_the_window_the_next_days_are_offered_as_deviations() -> None:
    story = a_story("2026-07-20", day0="2026-03-02")
    found = alternatives(story.state, M3, story.rules)
    assert [str(one.day) for one in found] == [
        "2026-07-20", "2026-07-21", "2026-07-22", "2026-07-23", "2026-07-24", "2026-07-27",
    ]  # fmt: skip
    assert all(one.judged.outside for one in found)


def test_after_a_closure_that_is_longer_the_first_day_is_offered() -> None:
    site = replace(example_site("gainesville"), closures=(closed(on("2026-05-20"), on("2026-06-18")),))
    story = a_story("2026-03-02", day0="2026-03-02", site=site)
    (only,) = alternatives(story.state, M3, story.rules)

    # M3: 30 May to 9 June; 19 June is a holiday, a Friday.
    assert (str(only.day), only.judged.outside) == ("2026-06-22", True)


def test_days_on_which_nobody_can_come_are_not_offered() -> None:
    story = a_story("2026-05-25", day0="2026-03-02")  # Memorial Day
    days = {str(one.day) for one in alternatives(story.state, M3, story.rules, most=99)}
    assert days == {
        "2026-05-26", "2026-05-27", "2026-05-28", "2026-05-29", "2026-06-01", "2026-06-02", "2026-06-03",
        "2026-06-04", "2026-06-05", "2026-06-08", "2026-06-09", "2026-06-10", "2026-06-11", "2026-06-12",
        "2026-06-15", "2026-06-16",
    }  # fmt: skip
