"""What each command leads to, and with which words it is refused. Days are read off a calendar."""

from dataclasses import replace

import pytest
from builders import registered_protocol, with_visit
from story import a_story, book, done, enroll, move, on, rules_on, told

from schedule.errors import Refused
from schedule.participant import commands as ask
from schedule.participant.commands import Command
from schedule.participant.deciding import decide
from schedule.participant.state import Audience, Given, Scope, Standing, Status, Where
from schedule.planning.placing import AnchorDay
from schedule.study.protocol import Kind, Label, Text, VisitCode, Window

M3 = VisitCode("M3")
D0 = VisitCode("D0")
AGAIN = "dayzero correct P-001 {} --status planned --reason ... opens it again"
DEVIATION = 'choose another day, or record a protocol deviation with --deviation "why"'


# Enrolling


def test_enrolling_plans_every_visit_and_promises_none() -> None:
    story = a_story()

    assert len(story.state.visits) == 24
    assert {visit.status for visit in story.state.visits.values()} == {Status.PLANNED}
    assert story.dates("M3") == ("2026-06-02", "2026-05-30", "2026-06-09")
    assert story.planned("M2") == "2026-05-01"  # 2 May is a Saturday


def test_a_day_0_that_is_known_is_recorded_with_its_dose_and_moves_what_follows() -> None:
    story = a_story("2026-03-09", day0="2026-03-09")

    assert (story["D0"].status, story["D0"].given, str(story["D0"].actual)) == (Status.DONE, Given.YES, "2026-03-09")
    assert story.dates("M3") == ("2026-06-09", "2026-06-06", "2026-06-16")


def test_enrolling_tells_everything_that_is_wrong_at_once() -> None:
    command = replace(enroll(randomized="2026-03-03", steroids=None, day0="2026-03-01"), deviation="")

    with pytest.raises(Refused) as refused:
        decide(None, command, rules_on("2026-03-02"))

    assert str(refused.value).splitlines() == [
        "--randomized: 2026-03-03 is in the future; enroll on that day or later",
        "--steroids: the protocol has dates only for those on steroids; say --steroids or --no-steroids",
        "--day0: 2026-03-01 is before the randomization on 2026-03-03; "
        "check both dates: Day 0 is the day of randomization or later",
    ]


def test_nobody_is_enrolled_twice() -> None:
    assert a_story().refuses(enroll()) == (
        "PARTICIPANT: P-001 is enrolled already; dayzero show P-001 tells what is recorded; dayzero correct amends it",
    )


def test_a_deviation_without_a_day_0_is_refused() -> None:
    with pytest.raises(Refused, match=r"^--deviation: without --day0 no day deviates; leave it out$"):
        decide(None, replace(enroll(), deviation="late"), rules_on("2026-03-02"))


def test_nothing_is_decided_for_somebody_who_is_not_enrolled() -> None:
    message = "^PARTICIPANT: there is no such participant; dayzero list shows all; dayzero enroll adds$"
    with pytest.raises(Refused, match=message):
        decide(None, book("D0", "2026-03-02"), rules_on("2026-03-02"))


# Booking, moving, confirming


def test_moving_never_moves_a_visits_own_window() -> None:
    story = a_story()

    story.move("M3", "2026-06-05", "09:30")

    assert story.dates("M3") == ("2026-06-02", "2026-05-30", "2026-06-09")
    assert (str(story["M3"].start), str(story["M3"].end)) == ("2026-06-05 09:30:00", "2026-06-05 14:30:00")


def test_moving_the_infusion_that_counts_from_another_leaves_that_one_and_its_own_window() -> None:
    story = a_story()

    story.move("M7", "2026-09-14", deviation="operation planned")  # 12 days after M6's day

    assert story.planned("M6") == "2026-09-02"
    assert story.dates("M7") == ("2026-10-02", "2026-09-29", "2026-10-09")


def test_what_counts_from_a_booked_visit_follows_its_day() -> None:
    story = a_story()

    story.book("M3", "2026-06-05")

    assert story.dates("M4") == ("2026-07-05", "2026-06-28", "2026-07-12")
    assert story["M4"].dates.counts.anchor_is is AnchorDay.BOOKED
    assert story.dates("TAPER")[0] == "2026-06-19"


def test_recomputing_never_moves_a_promised_visit_but_its_window() -> None:
    story = a_story()
    story.book("M3", "2026-06-02")
    story.book("M4", "2026-07-02")
    story.do(ask.Confirm(code=VisitCode("M4")))

    story.move("M3", "2026-06-09")

    assert (story["M4"].status, story.planned("M4")) == (Status.CONFIRMED, "2026-07-02")
    assert story.dates("M4") == ("2026-07-09", "2026-07-02", "2026-07-16")


def test_a_visit_keeps_its_time_when_only_the_day_moves() -> None:
    story = a_story()
    story.book("M3", "2026-06-02", "10:15")

    story.move("M3", "2026-06-03")

    assert str(story["M3"].start) == "2026-06-03 10:15:00"


def test_a_visit_is_booked_at_the_sites_usual_time() -> None:
    story = a_story()
    story.book("M1", "2026-04-02")
    assert (str(story["M1"].start), str(story["M1"].end)) == ("2026-04-02 09:00:00", "2026-04-02 11:30:00")


def test_a_confirmed_visit_that_moves_is_to_be_confirmed_again() -> None:
    story = a_story()
    story.book("M1", "2026-04-02")
    story.do(ask.Confirm(code=VisitCode("M1")))
    story.move("M1", "2026-04-03")
    assert story["M1"].status is Status.BOOKED


def test_outside_the_window_a_deviation_must_be_answered_for() -> None:
    story = a_story()

    assert story.refuses(book("M3", "2026-06-10")) == (
        f"M3: 2026-06-10 is outside the window of M3, 2026-05-30 to 2026-06-09; {DEVIATION}",
    )

    story.book("M3", "2026-06-10", deviation="  hurricane ")
    deviation = story["M3"].deviation
    assert deviation
    assert (deviation.reason, deviation.days_outside, deviation.too_close_to) == ("hurricane", 1, None)


def test_a_deviation_of_blanks_is_no_reason() -> None:
    assert a_story().refuses(book("M3", "2026-06-10", deviation="  "))[0].startswith("M3: 2026-06-10 is outside")


def test_closer_than_the_spacing_rule_a_deviation_must_be_answered_for() -> None:
    story = a_story()
    story.book("M6", "2026-09-11", deviation="ill")  # two days late

    assert story.refuses(move("M7", "2026-09-30")) == (
        f"M7: 2026-09-30 is outside the window of M7, 2026-10-08 to 2026-10-18; {DEVIATION}",
        f"M7: 2026-09-30 is 19 days from M6 on 2026-09-11, and at least 21 are required; {DEVIATION}",
    )


def test_a_deviation_where_none_is_needed_is_refused() -> None:
    assert a_story().refuses(book("M3", "2026-06-09", deviation="late")) == (
        "--deviation: 2026-06-09 is no deviation: it is in the window of M3, and no infusion is too close; "
        "leave --deviation out",
    )


def test_a_deviation_goes_when_the_visit_moves_back_into_its_window() -> None:
    story = a_story()
    story.book("M3", "2026-06-10", deviation="ill")
    story.move("M3", "2026-06-09")
    assert story["M3"].deviation is None


def test_a_deviation_that_was_answered_for_holds_when_only_the_time_moves() -> None:
    story = a_story()
    story.book("M3", "2026-06-10", deviation="ill")
    story.move("M3", "2026-06-10", "11:00")
    assert story["M3"].deviation is not None


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-06-06", "the site is closed, as on every Saturday"),
        ("2026-09-07", "the site is closed (Labor Day)"),
        ("2026-06-03", "the participant is away (2026-06-03 to 2026-06-05)"),
    ],
)
def test_nobody_is_booked_on_a_day_on_which_nobody_can_come(day: str, why: str) -> None:
    story = a_story()
    story.do(ask.SetAway(first=on("2026-06-03"), last=on("2026-06-05")))

    sentence = f"M3: on {day} {why}; choose another day; dayzero book P-001 M3 lists those that are open"
    assert story.refuses(book("M3", day)) == (sentence,)
    assert story.refuses(move("M3", day)) == (sentence,)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (book("M1", "2026-04-03"), "M1: it is booked for 2026-04-02 already; dayzero move gives it another day"),
        (move("M1", "2026-04-02"), "M1: it is booked for 2026-04-02 09:00 already; write another day or time"),
        (book("M3", "2026-03-01"), "M3: 2026-03-01 is past; dayzero done records what took place"),
        (move("M3", "2026-03-01"), "M3: 2026-03-01 is past; dayzero done records what took place"),
        (book("M33", "2026-06-02"), "VISIT: P-001 has no visit 'M33'; did you mean M3 or M13? "
         "Otherwise dayzero show P-001 lists all"),
        (book("TAPER", "2026-06-16"), "TAPER: it is a task of the coordinator, and has no appointment; "
         "dayzero done, once it is done"),
        (ask.Confirm(code=M3), "M3: it is not booked; dayzero book P-001 M3 DATE"),
        (move("M3", "2026-06-03", reason=" "), "--reason: it is empty; write it in a few words"),
    ],
)  # fmt: skip
def test_what_cannot_be_booked_moved_or_confirmed_is_told(command: Command, sentence: str) -> None:
    story = a_story()
    story.book("M1", "2026-04-02")
    assert story.refuses(command) == (sentence,)


def test_nobody_confirms_twice() -> None:
    story = a_story()
    story.book("M1", "2026-04-02")
    story.do(ask.Confirm(code=VisitCode("M1")))
    assert story.refuses(ask.Confirm(code=VisitCode("M1"))) == ("M1: it is confirmed already; nothing to do",)


def test_a_visit_code_may_be_written_in_small_letters() -> None:
    story = a_story()
    story.book("m1", "2026-04-02")
    assert story["M1"].status is Status.BOOKED


# Done and missed


def test_attendance_is_not_a_dose() -> None:
    assert a_story().refuses(done("D0", "2026-03-02")) == (
        "D0: attendance is not a dose: nobody said whether the infusion was given; "
        "say --given yes, --given no or --given partial",
    )


def test_a_dose_at_another_visit_is_refused() -> None:
    story = a_story("2026-04-02", day0="2026-03-02")
    assert story.refuses(done("M1", "2026-04-02", "yes")) == ("M1: nothing is given at this visit; leave --given out",)


def test_no_infusion_is_given_by_phone() -> None:
    command = replace(done("D0", "2026-03-02", "yes"), where=Where.REMOTE)
    assert a_story().refuses(command) == ("D0: no infusion is given remotely; leave --remote out",)


@pytest.mark.parametrize("given", ["yes", "partial"])
def test_follow_ups_count_from_the_day_on_which_a_dose_was_given(given: str) -> None:
    story = a_story("2026-06-05", day0="2026-03-02")

    story.done("M3", "2026-06-05", given)

    assert story.dates("M4") == ("2026-07-05", "2026-06-28", "2026-07-12")
    assert story["M4"].dates.counts.anchor_is is AnchorDay.ACTUAL


def test_follow_ups_of_an_infusion_that_was_attended_and_not_given_count_from_its_target_and_say_so() -> None:
    story = a_story("2026-06-05", day0="2026-03-02")

    story.done("M3", "2026-06-05", "no")

    assert story.dates("M4") == ("2026-07-02", "2026-06-25", "2026-07-09")
    assert story["M4"].dates.counts.anchor_is is AnchorDay.NOT_GIVEN


def test_follow_ups_of_an_infusion_that_was_missed_count_from_its_target_and_say_so() -> None:
    story = a_story("2026-06-10", day0="2026-03-02")

    story.miss("M3")

    assert story.dates("M4") == ("2026-07-02", "2026-06-25", "2026-07-09")
    assert story["M4"].dates.counts.anchor_is is AnchorDay.NOT_GIVEN


def test_infusion_7_counts_from_the_day_infusion_6_was_given() -> None:
    story = a_story("2026-09-04", day0="2026-03-02")
    story.rules = replace(story.rules, today=on("2026-06-02"))
    story.done("M3", "2026-06-02", "yes")
    story.rules = replace(story.rules, today=on("2026-09-04"))

    story.done("M6", "2026-09-04", "yes")

    assert story.dates("M7") == ("2026-10-04", "2026-10-01", "2026-10-11")
    assert story.dates("M10")[0] == "2027-01-02"  # counts from Day 0


@pytest.mark.parametrize(
    ("command", "sentences"),
    [
        (done("D0", "2026-03-03", "yes"),
         ["D0: 2026-03-03 is in the future; record it once it has taken place; dayzero book plans it"]),
        (done("D0", "2026-03-01", "yes"), ["D0: 2026-03-01 is before the randomization on 2026-03-02; check the date"]),
        (done("M3", "2026-03-02", "yes"),
         ["M3: D0 comes before it, and nobody has recorded what became of that; "
          "record D0 first: dayzero done or dayzero miss"]),
        (ask.RecordMissed(code=M3, reason="x"),
         ["M3: its window opens on 2026-05-30; "
          "dayzero move gives it another day, dayzero cancel takes it off the schedule"]),
    ],
)  # fmt: skip
def test_what_cannot_be_recorded_is_told(command: Command, sentences: list[str]) -> None:
    assert list(a_story().refuses(command)) == sentences


def test_a_visit_that_is_booked_for_a_day_to_come_is_not_missed() -> None:
    story = a_story("2026-06-01", day0="2026-03-02")
    story.book("M3", "2026-06-03")

    assert story.refuses(ask.RecordMissed(code=M3, reason="ill")) == (
        "M3: it is booked for 2026-06-03; dayzero move gives it another day, dayzero cancel takes it off the schedule",
    )
    story.day("2026-06-03").miss("M3")
    assert story["M3"].status is Status.MISSED


def test_a_fact_is_recorded_although_a_promise_comes_too_close_to_it() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    story.day("2026-06-02").done("M3", "2026-06-02", "yes")
    story.book("M6", "2026-09-02")
    story.book("M7", "2026-10-02")
    story.day("2026-09-16")

    story.done("M6", "2026-09-16", "yes", deviation="infection")  # 16 days before M7

    assert story["M6"].deviation
    assert story["M6"].deviation.too_close_to is None
    assert story.dates("M7")[0] == "2026-10-16"


@pytest.mark.parametrize(
    "command",
    [
        book("D0", "2026-03-10"),
        move("D0", "2026-03-10"),
        done("D0", "2026-03-09", "yes"),
        ask.RecordMissed(code=D0, reason="x"),
        ask.Cancel(code=D0, reason="x"),
        ask.Confirm(code=D0),
    ],
)
def test_done_visits_never_move(command: Command) -> None:
    story = a_story("2026-03-09", day0="2026-03-02")
    verbs = {"Book": "booked", "Move": "moved", "RecordDone": "recorded as done", "RecordMissed": "recorded as missed",
             "Cancel": "cancelled", "Confirm": "confirmed"}  # fmt: skip

    verb = verbs[type(command).__name__]
    assert story.refuses(command) == (f"D0: it is done, and cannot be {verb}; {AGAIN.format('D0')}",)


# The taper


def test_the_taper_is_counted_from_the_day_infusion_2_was_fully_given() -> None:
    story = a_story("2026-06-05", day0="2026-03-02")

    story.done("M3", "2026-06-05", "yes")

    assert (story["TAPER"].status, story.planned("TAPER")) == (Status.PLANNED, "2026-06-19")


@pytest.mark.parametrize("given", ["no", "partial"])
def test_the_taper_is_held_unless_infusion_2_was_fully_given(given: str) -> None:
    story = a_story("2026-06-05", day0="2026-03-02")

    story.done("M3", "2026-06-05", given)

    assert story["TAPER"].status is Status.HELD


@pytest.mark.parametrize("closing", ["miss", "cancel"])
def test_the_taper_is_held_when_infusion_2_did_not_take_place(closing: str) -> None:
    story = a_story("2026-06-10", day0="2026-03-02")
    getattr(story, closing)("M3")
    assert story["TAPER"].status is Status.HELD


def test_a_taper_held_for_its_infusion_is_no_matter_of_resuming_but_what_the_doctor_said_can_be_recorded() -> None:
    story = a_story("2026-06-20", day0="2026-03-02")
    story.done("M3", "2026-06-05", "partial")
    sentence = (
        "TAPER: it is held, since M3 was not fully given: ask the study doctor; if it took place as they said, "
        'dayzero done P-001 TAPER DATE --deviation "what they said"; dayzero cancel takes it off the schedule'
    )

    assert story.refuses(ask.ResumeTaper(reason="asked")) == (sentence,)
    assert story.refuses(done("TAPER", "2026-06-20")) == (sentence,)
    story.done("TAPER", "2026-06-20", deviation="the study doctor agreed")
    assert story["TAPER"].status is Status.DONE
    assert story["TAPER"].deviation
    assert story["TAPER"].deviation.reason == "the study doctor agreed"


def test_a_flare_holds_the_taper_until_it_is_resumed() -> None:
    story = a_story("2026-06-05", day0="2026-03-02")
    story.done("M3", "2026-06-05", "yes")

    story.do(ask.HoldTaper(reason="flare"))
    assert story["TAPER"].status is Status.HELD
    assert story.refuses(ask.HoldTaper(reason="flare")) == (
        "P-001: the taper is held already; dayzero taper resume P-001 lifts it",
    )
    assert story.refuses(done("TAPER", "2026-06-05")) == (
        "TAPER: it is held: ask the study doctor; dayzero taper resume P-001 --reason ..., once they agree",
    )

    story.do(ask.ResumeTaper(reason="over"))
    assert (story["TAPER"].status, story.planned("TAPER")) == (Status.PLANNED, "2026-06-19")
    assert story.refuses(ask.ResumeTaper(reason="over")) == ("P-001: nobody holds the taper; nothing to do",)


def test_a_taper_that_has_begun_can_be_held() -> None:
    story = a_story("2026-06-19", day0="2026-03-02")
    story.done("M3", "2026-06-05", "yes")
    story.done("TAPER", "2026-06-19")
    story.do(ask.HoldTaper(reason="flare"))
    assert (story.state.taper_held, story["TAPER"].status) == (True, Status.DONE)


def test_those_off_steroids_have_no_taper_to_hold() -> None:
    assert a_story(steroids=False).refuses(ask.HoldTaper(reason="flare")) == (
        "P-001: the participant has no taper; dayzero correct amends whether they take steroids",
    )


# Holds of infusions


@pytest.mark.parametrize("scope", Scope)
def test_a_hold_marks_infusions_and_the_taper_and_leaves_the_other_visits(scope: Scope) -> None:
    story = a_story()
    story.book("M3", "2026-06-04")
    story.book("M4", "2026-07-06")

    story.do(ask.HoldInfusions(scope=scope, reason="safety review"))

    held = {visit.code for visit in story.state.visits.values() if visit.status is Status.HELD}
    assert held == {"D0", "M3", "TAPER", "M6", "M7", "M10", "M13"}
    assert (story["M4"].status, story.planned("M4")) == (Status.BOOKED, "2026-07-06")
    assert story["M3"].start is None


def test_a_hold_that_is_lifted_plans_infusions_and_promises_none() -> None:
    story = a_story()
    story.book("M3", "2026-06-04")
    story.do(ask.HoldInfusions(scope=Scope.SITE, reason="no pharmacist"))

    story.do(ask.ResumeInfusions(scope=Scope.SITE, reason="pharmacist back"))

    assert (story["M3"].status, story["M3"].start, story.planned("M3")) == (Status.PLANNED, None, "2026-06-02")


def test_a_hold_remains_for_as_long_as_anybody_holds() -> None:
    story = a_story()
    story.do(ask.HoldInfusions(scope=Scope.SITE, reason="no pharmacist"))
    story.do(ask.HoldInfusions(scope=Scope.STUDY, reason="safety review"))

    story.do(ask.ResumeInfusions(scope=Scope.SITE, reason="pharmacist back"))

    assert story["M3"].status is Status.HELD
    assert story.refuses(ask.ResumeInfusions(scope=Scope.PARTICIPANT, reason="x")) == (
        "P-001: there is no hold of this kind (participant); they are on hold for: study",
    )
    assert story.refuses(ask.HoldInfusions(scope=Scope.STUDY, reason="x")) == (
        "P-001: infusions are on hold already (study); dayzero resume lifts the hold",
    )


def test_an_infusion_on_hold_is_not_booked_but_one_given_all_the_same_is_a_deviation() -> None:
    story = a_story("2026-03-02")
    story.do(ask.HoldInfusions(scope=Scope.PARTICIPANT, reason="fever"))
    sentence = "D0: infusions are on hold; dayzero resume P-001 --reason ..., once they may go on"

    assert story.refuses(book("D0", "2026-03-03")) == (sentence,)
    assert story.refuses(done("D0", "2026-03-02", "yes")) == (
        f'{sentence}; if it was given all the same, say why with --deviation "why"',
    )
    story.done("D0", "2026-03-02", "yes", deviation="the hold was overlooked")
    assert story["D0"].deviation
    assert story["D0"].deviation.is_of_a_hold


@pytest.mark.parametrize(
    ("scope", "whom"), [(Scope.SITE, "--site gainesville"), (Scope.STUDY, "--study"), (Scope.PARTICIPANT, "P-001")]
)
def test_what_is_on_hold_names_the_command_that_lifts_this_hold(scope: Scope, whom: str) -> None:
    story = a_story("2026-03-02")
    story.do(ask.HoldInfusions(scope=scope, reason="fever"))

    assert story.refuses(book("D0", "2026-03-03")) == (
        f"D0: infusions are on hold; dayzero resume {whom} --reason ..., once they may go on",
    )


def test_a_taper_has_no_date_while_its_infusion_is_on_hold() -> None:
    story = a_story("2026-04-01", day0="2026-03-02")

    story.do(ask.HoldInfusions(scope=Scope.PARTICIPANT, reason="fever"))
    held = story["TAPER"].status
    story.do(ask.ResumeInfusions(scope=Scope.PARTICIPANT, reason="well again"))

    assert (held, story["TAPER"].status) == (Status.HELD, Status.PLANNED)


def test_a_taper_goes_on_when_its_infusion_was_given_before_the_hold() -> None:
    story = a_story("2026-06-10", day0="2026-03-02")
    story.done("M3", "2026-06-02", "yes")

    story.do(ask.HoldInfusions(scope=Scope.PARTICIPANT, reason="fever"))

    assert (story["M6"].status, story["TAPER"].status) == (Status.HELD, Status.PLANNED)


def test_a_hold_of_the_site_reaches_those_who_have_left_and_holds_when_they_are_back() -> None:
    story = a_story("2026-04-01", day0="2026-03-02")
    story.do(ask.EndParticipation(standing=Standing.WITHDRAWN, day=on("2026-04-01"), reason="moved"))

    story.do(ask.HoldInfusions(scope=Scope.STUDY, reason="safety review"))
    story.do(ask.Reinstate(reason="came back"))

    assert (story["M3"].status, story["M4"].status) == (Status.HELD, Status.PLANNED)


# Stopping infusions


def test_the_follow_up_counts_from_the_last_dose_when_infusions_stop() -> None:
    story = a_story("2026-06-05", day0="2026-03-02")
    story.done("M3", "2026-06-05", "yes")

    story.do(ask.StopInfusions(reason="adverse event"))

    assert story.dates("M16") == ("2026-09-05", "2026-08-22", "2026-09-19")
    assert story.dates("M25") == ("2027-06-05", "2027-05-22", "2027-06-19")
    assert story.state.stopped_after == "M3"
    cancelled = {visit.code for visit in story.state.visits.values() if visit.status is Status.CANCELLED}
    assert cancelled == {"M6", "M7", "M8", "M9", "M10", "M11", "M12", "M13", "M14", "M15"}
    assert (story["M4"].status, story["M5"].status) == (Status.PLANNED, Status.PLANNED)


def test_after_a_stop_the_follow_up_counts_from_the_dose_that_a_correction_makes_the_last() -> None:
    story = a_story("2026-06-05", day0="2026-03-02")
    story.done("M3", "2026-06-05", "yes")
    story.do(ask.StopInfusions(reason="adverse event"))
    of_month_3 = story.dates("M25")

    story.do(ask.CorrectVisit(code=M3, given=Given.NO, reason="pump alarm"))
    of_day_0 = story.dates("M25")
    story.do(ask.CorrectVisit(code=M3, given=Given.PARTIAL, reason="some of it was"))

    assert of_day_0 == ("2027-03-02", "2027-02-16", "2027-03-16")
    assert story.dates("M25") == of_month_3 == ("2027-06-05", "2027-05-22", "2027-06-19")
    assert story.state.stopped_after == "M3"
    assert story["M6"].stopped


def test_stopping_before_infusion_2_takes_the_taper_off() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    story.do(ask.StopInfusions(reason="adverse event"))
    assert story["TAPER"].status is Status.CANCELLED
    assert story.dates("M25")[0] == "2027-03-02"


def test_a_stop_that_was_a_mistake_is_taken_back() -> None:
    story = a_story("2026-06-05", day0="2026-03-02")
    story.done("M3", "2026-06-05", "yes")
    before = {code: visit.dates for code, visit in story.state.visits.items()}
    story.do(ask.StopInfusions(reason="wrong participant"))
    assert story.refuses(book("M6", "2026-09-02")) == (
        "M6: it was cancelled: infusions were stopped; dayzero reinstate P-001 --reason ... takes that back",
    )
    assert story.refuses(ask.CorrectVisit(code=VisitCode("M6"), status=Status.PLANNED, reason="x")) == (
        "M6: infusions were stopped; dayzero reinstate P-001 --reason ... takes that back",
    )

    story.do(ask.Reinstate(reason="wrong participant"))

    assert {code: visit.dates for code, visit in story.state.visits.items()} == before
    assert (story.state.stopped_after, story["M6"].status) == (None, Status.PLANNED)


def test_infusions_are_not_stopped_before_a_dose_or_after_the_last() -> None:
    command = ask.StopInfusions(reason="adverse event")
    assert a_story().refuses(command) == (
        "P-001: no dose was given yet, and the follow-up counts from a dose; "
        "dayzero withdraw or dayzero terminate ends the participation",
    )
    story = a_story("2026-03-02", day0="2026-03-02")
    story.do(command)
    assert story.refuses(command) == ("P-001: no infusion is outstanding; nothing to do",)


# The end of a participation


def end(standing: Standing, day: str) -> ask.EndParticipation:
    return ask.EndParticipation(standing=standing, day=on(day), reason="asked")


def test_withdrawing_cancels_what_is_outstanding_and_keeps_what_happened() -> None:
    story = a_story("2026-04-20", day0="2026-03-02")
    story.done("M1", "2026-04-02")

    story.do(end(Standing.WITHDRAWN, "2026-04-19"))

    assert (story["D0"].status, story["M1"].status) == (Status.DONE, Status.DONE)
    assert {visit.status for visit in story.state.in_order[2:]} == {Status.CANCELLED}
    assert story.state.standing_since == on("2026-04-19")


def test_reinstating_plans_again_what_the_end_had_cancelled_and_nothing_else() -> None:
    story = a_story("2026-04-20", day0="2026-03-02")
    story.cancel("M2")
    story.do(end(Standing.TERMINATED, "2026-04-20"))

    story.do(ask.Reinstate(reason="a mistake"))

    assert (story["M2"].status, story["M3"].status) == (Status.CANCELLED, Status.PLANNED)
    assert story.refuses(ask.Reinstate(reason="x")) == (
        "P-001: the participant takes part, and infusions were not stopped; nothing to do",
    )


def test_a_visit_that_took_place_before_the_end_is_recorded_and_not_opened_by_reinstating() -> None:
    story = a_story("2026-04-20", day0="2026-03-02")
    story.do(end(Standing.WITHDRAWN, "2026-04-20"))

    story.do(ask.CorrectVisit(code=VisitCode("M1"), status=Status.DONE, day=on("2026-04-02"), reason="late entry"))
    story.do(ask.Reinstate(reason="a mistake"))

    assert (story["M1"].status, str(story["M1"].actual)) == (Status.DONE, "2026-04-02")


def test_the_death_of_somebody_who_had_withdrawn_is_recorded_and_ends_messages() -> None:
    story = a_story("2026-04-20", day0="2026-03-02")
    story.book("M3", "2026-06-02")
    story.do(end(Standing.WITHDRAWN, "2026-04-20"))
    assert story.waiting(Audience.PARTICIPANT)

    story.day("2026-05-04").do(end(Standing.DIED, "2026-05-03"))

    assert story.state.standing is Standing.DIED
    assert not story.waiting(Audience.PARTICIPANT)
    assert "M3" in story.waiting(Audience.PHARMACY)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (end(Standing.WITHDRAWN, "2026-04-21"), "DATE: 2026-04-21 is in the future; record it on that day or later"),
        (end(Standing.WITHDRAWN, "2026-03-01"),
         "DATE: 2026-03-01 is before the randomization on 2026-03-02; check the date"),
        (end(Standing.DIED, "2026-04-01"),
         "DATE: M1 took place after that, on 2026-04-02; check the date; dayzero correct P-001 M1 amends the visit"),
    ],
)  # fmt: skip
def test_the_day_of_an_end_must_be_possible(command: Command, sentence: str) -> None:
    story = a_story("2026-04-20", day0="2026-03-02")
    story.done("M1", "2026-04-02")
    assert story.refuses(command) == (sentence,)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing.WITHDRAWN, "withdrew on 2026-04-20"),
        (Standing.DIED, "died on 2026-04-20"),
        (Standing.TERMINATED, "was taken off the study on 2026-04-20"),
    ],
)
def test_after_the_end_nothing_is_planned(standing: Standing, words: str) -> None:
    story = a_story("2026-04-20", day0="2026-03-02")
    story.do(end(standing, "2026-04-20"))

    remedy = "dayzero reinstate P-001 --reason ... takes that back"
    assert story.refuses(book("M3", "2026-06-02")) == (f"M3: it was cancelled: the participant {words}; {remedy}",)
    for command in (
        ask.AddUnscheduled(day=on("2026-04-20"), reason="rash"),
        ask.SetAway(first=on("2026-05-01"), last=on("2026-05-02")),
        ask.StopInfusions(reason="x"),
        ask.HoldInfusions(scope=Scope.PARTICIPANT, reason="x"),
        end(standing, "2026-04-20"),
    ):
        assert story.refuses(command) == (f"P-001: the participant {words}; {remedy}",)


# Unscheduled visits and absences


def test_an_unscheduled_visit_of_the_past_is_done_and_one_to_come_is_booked() -> None:
    story = a_story("2026-06-20", day0="2026-03-02")

    story.do(ask.AddUnscheduled(day=on("2026-06-18"), reason="rash"))
    story.do(ask.AddUnscheduled(day=on("2026-06-22"), kind=Kind.VIRTUAL, reason="rash, checked again"))

    assert (story["U1"].status, str(story["U1"].actual), story["U1"].name.en) == (
        Status.DONE, "2026-06-18", "Unscheduled visit 1",
    )  # fmt: skip
    assert (story["U2"].status, str(story["U2"].start)) == (Status.BOOKED, "2026-06-22 10:00:00")


def test_an_unscheduled_visit_of_today_with_a_time_is_booked() -> None:
    story = a_story("2026-06-22", day0="2026-03-02")
    story.do(ask.AddUnscheduled(day=on("2026-06-22"), at=book("M1", "2026-06-22", "15:00").at, reason="rash"))
    assert (story["U1"].status, str(story["U1"].start)) == (Status.BOOKED, "2026-06-22 15:00:00")


def test_what_is_no_unscheduled_visit_is_told() -> None:
    story = a_story("2026-06-22", day0="2026-03-02")
    assert story.refuses(ask.AddUnscheduled(day=on("2026-03-01"), reason="rash")) == (
        "DATE: 2026-03-01 is before the randomization on 2026-03-02; check the date",
    )
    assert story.refuses(ask.AddUnscheduled(day=on("2026-06-22"), kind=Kind.INFUSION, reason="rash")) == (
        "--kind: infusions and milestones are planned by the protocol; say clinic or virtual",
    )


def test_planned_visits_make_way_for_an_absence_and_come_back_after_it() -> None:
    story = a_story()
    story.do(ask.SetAway(first=on("2026-06-01"), last=on("2026-06-03")))
    assert story.planned("M3") == "2026-06-04"  # 30 and 31 May are a weekend

    story.do(ask.RemoveAway(first=on("2026-06-01"), last=on("2026-06-03")))
    assert story.planned("M3") == "2026-06-02"


def test_what_is_no_absence_is_told() -> None:
    story = a_story()
    story.do(ask.SetAway(first=on("2026-06-01"), last=on("2026-06-03")))
    assert story.refuses(ask.SetAway(first=on("2026-06-03"), last=on("2026-06-01"))) == (
        "DATES: 2026-06-01 is before 2026-06-03; write the first day, two dots, the last day",
    )
    assert story.refuses(ask.SetAway(first=on("2026-06-01"), last=on("2026-06-03"))) == (
        "DATES: these days are recorded already; nothing to do",
    )
    assert story.refuses(ask.RemoveAway(first=on("2026-06-01"), last=on("2026-06-02"))) == (
        "DATES: no such absence is recorded; recorded: 2026-06-01..2026-06-03",
    )


# Corrections


def correct(code: str, **changes: object) -> ask.CorrectVisit:
    return replace(ask.CorrectVisit(code=VisitCode(code), reason="typed wrongly"), **changes)  # type: ignore[arg-type]


def test_a_corrected_dose_moves_what_counts_from_it_and_lets_the_taper_go() -> None:
    story = a_story("2026-06-05", day0="2026-03-02")
    story.done("M3", "2026-06-05", "partial")

    story.do(correct("M3", given=Given.YES))

    assert (story["TAPER"].status, story.planned("TAPER")) == (Status.PLANNED, "2026-06-19")


def test_a_corrected_day_moves_outstanding_visits_and_no_closed_one() -> None:
    story = a_story("2026-03-10", day0="2026-03-09")
    story.day("2026-04-10").done("M1", "2026-04-10")

    story.do(correct("D0", day=on("2026-03-03")))

    assert story.dates("M1")[0] == "2026-04-09"
    assert story.dates("M3") == ("2026-06-03", "2026-05-31", "2026-06-10")


def test_a_visit_that_was_closed_by_mistake_is_opened_again() -> None:
    story = a_story("2026-06-10", day0="2026-03-02")
    story.miss("M3")

    story.do(correct("M3", status=Status.PLANNED))

    assert (story["M3"].status, story.planned("M3"), story["M3"].reason) == (
        Status.PLANNED, "2026-06-02", "typed wrongly",
    )  # fmt: skip


def test_the_reason_of_a_deviation_can_be_corrected() -> None:
    story = a_story("2026-06-10", day0="2026-03-02")
    story.done("M3", "2026-06-10", "yes", deviation="il")
    story.do(correct("M3", deviation="ill"))
    assert story["M3"].deviation
    assert story["M3"].deviation.reason == "ill"


@pytest.mark.parametrize(
    ("command", "sentences"),
    [
        (correct("M3", given=Given.YES), ["M3: nothing is recorded of it that could be wrong; "
                                          "dayzero move or dayzero done"]),
        (correct("D0"), ["D0: that is what is recorded already; "
             "say --status, --day or --given, or where: --here, --remote or --other-site"]),
        (correct("D0", status=Status.CANCELLED), ["D0: a visit is not made cancelled by a correction; "
                                                  "say planned, done or missed"]),
        (correct("D0", status=Status.MISSED, given=Given.YES),
         ["D0: what is missed did not take place, and has no day, dose, place or deviation; "
          "say --status done, or leave the others out"]),
        (correct("M1", status=Status.DONE), ["M1: nobody said on which day it took place; say --day"]),
        (correct("D0", day=on("2026-03-01")),
         ["D0: 2026-03-01 is before the randomization on 2026-03-02; check the date"]),
        (correct("D0", day=on("2026-04-11")),
         ["D0: 2026-04-11 is in the future; record it once it has taken place; dayzero book plans it"]),
        (correct("D0", day=on("2026-03-17")),
         [f"D0: 2026-03-17 is outside the window of D0, 2026-03-02 to 2026-03-16; {DEVIATION}"]),
        (correct("D0", reason=""), ["--reason: it is empty; write it in a few words"]),
    ],
)  # fmt: skip
def test_what_cannot_be_corrected_is_told(command: Command, sentences: list[str]) -> None:
    story = a_story("2026-04-10", day0="2026-03-02")
    story.miss("M1")
    assert list(story.refuses(command)) == sentences


def test_steroids_that_are_corrected_bring_the_taper_and_take_it_off() -> None:
    story = a_story(steroids=False)
    assert "TAPER" not in story.state.visits

    story.do(ask.CorrectParticipant(steroids=True, reason="typed wrongly"))
    assert story.planned("TAPER") == "2026-06-16"
    story.do(ask.CorrectParticipant(steroids=False, reason="typed rightly"))
    assert story["TAPER"].status is Status.CANCELLED
    assert story.refuses(correct("TAPER", status=Status.PLANNED)) == (
        "TAPER: the participant takes no steroids; dayzero correct P-001 --steroids --reason ... brings it back",
    )
    story.do(ask.CorrectParticipant(steroids=True, reason="typed wrongly"))
    assert (story["TAPER"].status, story.planned("TAPER")) == (Status.PLANNED, "2026-06-16")


def test_steroids_that_are_corrected_after_the_end_plan_nothing_before_the_participant_is_back() -> None:
    story = a_story("2026-04-01", steroids=False, day0="2026-03-02")
    story.do(end(Standing.WITHDRAWN, "2026-04-01"))

    story.do(ask.CorrectParticipant(steroids=True, reason="typed wrongly"))
    assert "TAPER" not in story.state.visits
    story.do(ask.Reinstate(reason="a mistake"))
    assert story.planned("TAPER") == "2026-06-16"


def test_a_corrected_randomization_moves_what_counts_from_it() -> None:
    story = a_story("2026-03-04")
    story.do(ask.CorrectParticipant(randomized=on("2026-03-04"), reason="typed wrongly"))
    assert story.dates("D0") == ("2026-03-04", "2026-03-04", "2026-03-18")
    assert story.dates("M1")[0] == "2026-04-04"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"randomized": "2026-03-11"}, "--randomized: 2026-03-11 is in the future; check the date"),
        ({"randomized": "2026-03-10"}, "--randomized: D0 took place before that, on 2026-03-09; check the date; "
                                       "dayzero correct P-001 D0 amends the visit"),
        ({}, "P-001: that is what is recorded already; say --randomized, --steroids, --no-steroids or --lang"),
    ],
)  # fmt: skip
def test_what_cannot_be_corrected_of_a_participant_is_told(changes: dict[str, str], sentence: str) -> None:
    story = a_story("2026-03-10", day0="2026-03-09")
    days = {name: on(day) for name, day in changes.items()}
    assert story.refuses(ask.CorrectParticipant(**days, reason="typed wrongly")) == (sentence,)  # type: ignore[arg-type]


# Amendments and the site's calendar


def amended() -> ask.Amend:
    return ask.Amend(reason="amendment 1")


def test_an_amendment_recomputes_outstanding_visits_and_leaves_closed_ones() -> None:
    story = a_story("2026-04-02", day0="2026-03-02")
    story.done("M1", "2026-04-02")
    story.book("M3", "2026-06-02")
    closed_before = story["M1"]
    protocol = registered_protocol()
    for code in ("M1", "M3"):
        protocol = with_visit(protocol, code, window=Window(before=1, after=1))
    protocol = with_visit(protocol, "M2", name=Text(en="Call", es="Llamada"), kind=Kind.CLINIC)
    added = replace(protocol.visits[-1], code=VisitCode("M26"), offset=replace(protocol.visits[-1].offset, months=13))
    kept = tuple(visit for visit in protocol.visits if visit.code != "M5")
    protocol = replace(protocol, visits=(*kept, added), study=replace(protocol.study, version=Label("2")))
    story.rules = replace(story.rules, protocol=protocol)

    story.do(amended())

    assert story["M1"] == closed_before
    assert (story["M3"].status, story.dates("M3")) == (Status.BOOKED, ("2026-06-02", "2026-06-01", "2026-06-03"))
    assert (story["M5"].status, story["M5"].reason) == (Status.CANCELLED, "amendment 1")
    assert story.dates("M26")[0] == "2028-05-02"
    assert (story["M2"].name.en, story["M2"].kind) == ("Call", Kind.CLINIC)
    assert story.refuses(amended()) == ("P-001: the participant follows version 2 already; nothing to do",)


def test_nobody_follows_another_protocol_without_an_amendment() -> None:
    story = a_story()
    protocol = replace(registered_protocol(), study=replace(registered_protocol().study, version=Label("2")))
    story.rules = replace(story.rules, protocol=protocol)
    assert story.refuses(book("M3", "2026-06-02")) == (
        "P-001: the participant follows version 2026-02-03.1 of the protocol, and this is 2; "
        "dayzero amend lets the participant follow it",
    )


def test_an_amendment_adds_no_visit_whose_window_is_over_and_no_infusion_once_they_were_stopped() -> None:
    story = a_story("2026-06-10", day0="2026-03-02")
    story.do(ask.StopInfusions(reason="adverse event"))
    protocol = registered_protocol()
    by_code = {visit.code: visit for visit in protocol.visits}
    past = replace(by_code[VisitCode("M2")], code=VisitCode("W2"), offset=replace(by_code[M3].offset, months=1))
    infusion = replace(by_code[VisitCode("M13")], code=VisitCode("M26"))
    protocol = replace(
        protocol,
        visits=(*protocol.visits, past, infusion),
        study=replace(protocol.study, version=Label("2")),
    )
    story.rules = replace(story.rules, protocol=protocol)

    story.do(amended())

    assert not {"W2", "M26"} & set(story.state.visits)


# Calls and messages


def test_a_try_to_call_is_kept_and_changes_nothing_else() -> None:
    story = a_story("2026-05-01", day0="2026-03-02")
    story.do(ask.LogAttempt(code=VisitCode("M2"), note="no answer"))
    assert [one.note for one in story["M2"].attempts] == ["no answer"]
    assert story["M2"].revision == 0
    assert story.refuses(ask.LogAttempt(code=D0)) == ("D0: it is done; nobody need be reached for it any more",)


def test_nobody_is_told_of_what_nobody_waits_for() -> None:
    story = a_story()
    assert story.refuses(told(Audience.PARTICIPANT)) == (
        "P-001: nothing is waiting to be told to the participant; dayzero tell lists all",
    )
    assert story.refuses(told(Audience.PHARMACY, "M1", "M3")) == (
        "P-001: nothing of M1, M3 is waiting to be told to the pharmacy; dayzero tell lists all",
    )
    story.book("M3", "2026-06-02")
    assert story.refuses(replace(told(Audience.PHARMACY), who="", how=" ")) == (
        "--who: it is empty; write it in a few words",
        "--how: it is empty; write it in a few words",
    )
