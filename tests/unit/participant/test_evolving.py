"""What events mean: revisions, who must hear, and what stays as it was."""

from dataclasses import replace

import pytest
from story import MIDNIGHT, a_story, on

from schedule.participant import commands as ask
from schedule.participant.events import Amended, Confirmed, Described
from schedule.participant.evolving import NoSuchParticipant, evolve, replay
from schedule.participant.state import Audience, Given, Scope, Standing, Status
from schedule.study.protocol import Kind, VisitCode

M1, M3 = VisitCode("M1"), VisitCode("M3")
BOTH = {Audience.PARTICIPANT, Audience.PHARMACY}


def test_a_record_begins_with_its_enrollment() -> None:
    with pytest.raises(NoSuchParticipant, match="Confirmed"):
        evolve(None, Confirmed(code=M1), MIDNIGHT)


def test_the_state_is_the_replay_of_its_events() -> None:
    story = a_story("2026-06-05", day0="2026-03-02")
    story.done("M3", "2026-06-05", "yes")
    assert replay(story.log) == story.state
    assert replay([]) is None


def test_each_change_of_time_or_status_is_one_revision() -> None:
    story = a_story()
    story.book("M1", "2026-04-02")
    story.do(ask.Confirm(code=M1))
    story.move("M1", "2026-04-03")
    story.move("M1", "2026-04-03", "13:00")
    assert story["M1"].revision == 4
    assert story["M1"].changed == MIDNIGHT.replace(hour=5)  # the fifth command; the first was the enrollment


def test_what_counts_from_a_visit_that_is_booked_as_planned_has_no_new_revision() -> None:
    story = a_story()
    story.book("M3", "2026-06-02")
    assert [story[code].revision for code in ("M4", "M5", "TAPER")] == [0, 0, 0]


def test_the_taper_has_a_new_revision_when_its_day_becomes_certain() -> None:
    story = a_story("2026-06-02", day0="2026-03-02")
    before = story["TAPER"].revision
    story.done("M3", "2026-06-02", "yes")
    assert (story.planned("TAPER"), story["TAPER"].revision) == ("2026-06-16", before + 1)


def test_a_visit_that_is_opened_again_on_another_day_has_one_new_revision() -> None:
    story = a_story("2026-06-05", day0="2026-03-02")
    story.done("M3", "2026-06-05", "yes")
    before = story["M3"].revision

    story.do(ask.CorrectVisit(code=M3, status=Status.PLANNED, reason="wrong participant"))

    assert (story.planned("M3"), story["M3"].revision) == ("2026-06-02", before + 1)


def test_a_correction_leaves_the_event_that_it_corrects() -> None:
    story = a_story("2026-03-09", day0="2026-03-09")
    before = list(story.log)
    story.do(ask.CorrectVisit(code=VisitCode("D0"), given=Given.PARTIAL, reason="typed wrongly"))
    assert story.log[: len(before)] == before
    (corrected, *_) = [event for event, _ in story.log[len(before) :]]
    assert (corrected.old_given, corrected.new_given) == (Given.YES, Given.PARTIAL)  # type: ignore[union-attr]


# Who must hear


@pytest.mark.parametrize(
    ("code", "day", "audience"), [("M3", "2026-06-02", BOTH), ("M1", "2026-04-02", {Audience.PARTICIPANT})]
)
def test_a_promise_is_told_and_that_of_an_infusion_to_the_pharmacy_too(
    code: str, day: str, audience: set[Audience]
) -> None:
    story = a_story()
    story.book(code, day)
    assert story[code].to_tell == audience


@pytest.mark.parametrize("change", ["move", "hold", "cancel"])
def test_a_moved_held_or_cancelled_infusion_stays_open_until_the_pharmacy_acknowledges_it(change: str) -> None:
    story = a_story()
    story.book("M3", "2026-06-02")
    story.told(Audience.PARTICIPANT)
    story.told(Audience.PHARMACY)
    assert not story.waiting(Audience.PHARMACY)

    if change == "move":
        story.move("M3", "2026-06-03")
    elif change == "cancel":
        story.cancel("M3")
    else:
        story.do(ask.HoldInfusions(scope=Scope.STUDY, reason="safety review"))

    assert story["M3"].to_tell == BOTH
    story.told(Audience.PHARMACY, "M3")
    assert story["M3"].to_tell == {Audience.PARTICIPANT}


def test_a_visit_that_is_only_planned_is_told_to_nobody_whatever_moves() -> None:
    story = a_story()
    story.do(ask.SetAway(first=on("2026-06-01"), last=on("2026-06-03")))
    assert story.planned("M3") == "2026-06-04"
    assert not story.waiting(Audience.PARTICIPANT) | story.waiting(Audience.PHARMACY)


def test_a_promised_visit_whose_window_alone_moves_is_told_to_nobody() -> None:
    story = a_story()
    story.book("M4", "2026-07-02")
    story.told(Audience.PARTICIPANT)
    story.book("M3", "2026-06-05")
    assert "M4" not in story.waiting(Audience.PARTICIPANT)
    assert story["M4"].revision == 2  # its window is shown


def test_who_came_need_not_be_told_any_more() -> None:
    story = a_story("2026-04-02", day0="2026-03-02")
    story.book("M1", "2026-04-02")
    story.done("M1", "2026-04-02")
    assert not story["M1"].to_tell


def test_a_promise_that_lapsed_with_the_end_is_told_when_somebody_reported_dead_is_back() -> None:
    story = a_story("2026-04-20", day0="2026-03-02")
    story.book("M3", "2026-06-02")
    story.do(ask.EndParticipation(standing=Standing.DIED, day=on("2026-04-20"), reason="reported"))
    assert not story.waiting(Audience.PARTICIPANT)

    story.do(ask.Reinstate(reason="wrong participant"))

    assert story["M3"].to_tell == BOTH
    assert story.waiting(Audience.PARTICIPANT) == {"M3"}


def test_death_ends_every_message_but_the_pharmacys() -> None:
    story = a_story("2026-04-20", day0="2026-03-02")
    story.book("M2", "2026-05-01")
    story.do(ask.EndParticipation(standing=Standing.DIED, day=on("2026-04-20"), reason="reported"))
    assert not story.waiting(Audience.PARTICIPANT)
    assert story.waiting(Audience.PHARMACY) == {"M3", "M6", "M7", "M10", "M13"}


def test_a_time_is_known_only_of_a_visit_that_took_place_on_its_day() -> None:
    story = a_story("2026-04-03", day0="2026-03-02")
    story.book("M1", "2026-04-03")
    same = replace(story.known, visits=dict(story.state.visits)) if story.known else None
    story.done("M1", "2026-04-03")
    assert str(story["M1"].start) == "2026-04-03 09:00:00"
    story.known = same
    story.done("M1", "2026-04-02")
    assert (story["M1"].start, str(story["M1"].actual)) == (None, "2026-04-02")


def test_a_deviation_is_of_a_visit_that_takes_place() -> None:
    story = a_story("2026-06-10", day0="2026-03-02")
    story.book("M3", "2026-06-10", deviation="ill")
    story.miss("M3")
    assert story["M3"].deviation is None


def test_a_visit_that_becomes_one_of_another_kind_is_told_if_it_was_promised() -> None:
    story = a_story()
    story.book("M2", "2026-05-01")
    story.told(Audience.PARTICIPANT)
    visit = story["M2"]
    described = Described(code=visit.code, name=visit.name, kind=Kind.CLINIC, length=visit.length)
    event = Amended(old_version="1", new_version="2", described=(described,), removed=(), reason="amendment 1")

    after = evolve(story.state, event, MIDNIGHT).visits[visit.code]

    assert (after.kind, after.revision) == (Kind.CLINIC, visit.revision + 1)
    assert after.to_tell == {Audience.PARTICIPANT}


def test_who_has_not_heard_of_a_hold_need_not_hear_of_its_end() -> None:
    story = a_story()
    story.do(ask.HoldInfusions(scope=Scope.SITE, reason="pump recall"))
    assert story["M3"].to_tell == BOTH

    story.do(ask.ResumeInfusions(scope=Scope.SITE, reason="new pumps"))

    assert story.waiting(Audience.PARTICIPANT) == story.waiting(Audience.PHARMACY) == set()


def test_who_was_told_of_a_hold_hears_of_its_end_and_so_does_who_lost_a_promise_by_it() -> None:
    story = a_story()
    story.book("M3", "2026-06-02")
    story.do(ask.HoldInfusions(scope=Scope.SITE, reason="pump recall"))
    story.told(Audience.PHARMACY)

    story.do(ask.ResumeInfusions(scope=Scope.SITE, reason="new pumps"))

    assert story.waiting(Audience.PARTICIPANT) == {"M3"}
    assert {"M3", "M6"} <= story.waiting(Audience.PHARMACY)
