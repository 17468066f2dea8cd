"""What a day can hold: a slot is left or it is not, who answers for more, and what a participant prefers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time

import pytest
from builders import example_site
from story import Story, a_story, book, move, on

from schedule.participant import commands as ask
from schedule.participant.consequences import alternatives
from schedule.participant.events import Booked, Moved, Overbooked
from schedule.participant.state import Preference
from schedule.sites import Hours, Limit, Opening, Slots, Weekday
from schedule.study.protocol import Kind, Text, VisitCode

WHY = Text(en="x", es="x")
TWO = Slots(week=(2,) * 7)
M3 = VisitCode("M3")


def a_full_story(taken: Mapping[str, int], *, kind: Kind = Kind.INFUSION) -> Story:
    """Return P-001, infused on 2 March 2026, at a site of two slots a day where others have taken some."""
    site = replace(example_site("gainesville"), capacity={kind: TWO})
    story = a_story(site=site, day0="2026-03-02")
    return rules_with(story, taken, kind)


def rules_with(story: Story, taken: Mapping[str, int], kind: Kind = Kind.INFUSION) -> Story:
    story.rules = replace(story.rules, taken={(on(day), kind): count for day, count in taken.items()})
    return story


def test_the_last_slot_can_be_had_and_no_more() -> None:
    story = a_full_story({"2026-06-01": 1, "2026-06-02": 2})

    assert story.refuses(book("M3", "2026-06-02")) == (
        "M3: 2026-06-02: no infusion slot is left on that day (2 of 2); choose another day, or take it all the same "
        'with --overbook "why"',
    )
    assert next(type(one) for one in story.book("M3", "2026-06-01")) is Booked
    assert story["M3"].is_promised


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("M1", Kind.CLINIC, "2026-04-02: no slot for a clinic visit is left on that day (2 of 2)"),
        ("M2", Kind.VIRTUAL, "2026-04-30: no slot for a call is left on that day (3 of 2)"),
    ],
)
def test_every_kind_has_its_own_slots_and_words(code: str, kind: Kind, said: str) -> None:
    story = a_full_story({"2026-04-02": 2, "2026-04-30": 3}, kind=kind)
    visit = story[code]
    assert visit.kind is kind
    assert said in story.refuses(book(code, said[:10]))[0]


def test_another_kind_s_slots_are_not_counted() -> None:
    story = a_full_story({"2026-04-02": 2}, kind=Kind.INFUSION)
    assert story["M1"].kind is Kind.CLINIC
    story.book("M1", "2026-04-02")


def test_whoever_overbooks_says_why_and_how_many_there_were_is_recorded() -> None:
    story = a_full_story({"2026-06-02": 2})

    events = story.do(replace(book("M3", "2026-06-02"), overbook=" the other one leaves early "))

    assert events[1] == Overbooked(code=M3, day=on("2026-06-02"), taken=2, limit=2, reason="the other one leaves early")
    assert story["M3"].is_promised
    assert story["M3"].deviation is None


def test_nobody_answers_for_a_day_that_has_a_slot_left() -> None:
    story = a_full_story({"2026-06-02": 1})
    assert story.refuses(replace(book("M3", "2026-06-02"), overbook="why")) == (
        "--overbook: 2026-06-02 has a slot left for M3; leave --overbook out",
    )


def test_a_deviation_is_no_door_to_a_full_day_and_both_are_told_at_once() -> None:
    story = a_full_story({"2026-06-11": 2})

    both = story.refuses(book("M3", "2026-06-11"))
    assert ["--deviation" in one or "--overbook" in one for one in both] == [True, True]
    assert len(story.refuses(book("M3", "2026-06-11", deviation="asked"))) == 1
    story.do(replace(book("M3", "2026-06-11", deviation="asked"), overbook="asked"))


def test_a_visit_that_moves_on_its_own_day_keeps_its_slot_and_another_day_needs_one() -> None:
    story = a_full_story({"2026-06-01": 1, "2026-06-03": 2})
    story.book("M3", "2026-06-01")
    rules_with(story, {"2026-06-01": 2, "2026-06-03": 2})

    (moved, *_) = story.move("M3", "2026-06-01", "10:00")
    assert isinstance(moved, Moved)
    assert "no infusion slot is left" in story.refuses(move("M3", "2026-06-03"))[0]
    events = story.do(replace(move("M3", "2026-06-03"), overbook="asked"))
    assert [type(one).__name__ for one in events][:2] == ["Moved", "Overbooked"]


def test_the_participant_s_own_visits_of_the_day_count() -> None:
    story = a_full_story({"2026-04-02": 1}, kind=Kind.CLINIC)
    story.do(ask.AddUnscheduled(day=on("2026-04-02"), at=time(9), reason="rash"))
    assert "(2 of 2)" in story.refuses(book("M1", "2026-04-02"))[0]


def test_an_unscheduled_visit_is_not_refused_and_says_that_it_overbooks() -> None:
    story = a_full_story({"2026-04-02": 2}, kind=Kind.CLINIC)
    events = story.do(ask.AddUnscheduled(day=on("2026-04-02"), at=time(9), reason="rash"))
    assert events[2] == Overbooked(code=VisitCode("U1"), day=on("2026-04-02"), taken=2, limit=2, reason="rash")


def test_what_is_done_is_recorded_whatever_the_day_can_hold() -> None:
    story = a_full_story({"2026-04-02": 9}, kind=Kind.CLINIC).day("2026-04-02")
    story.done("M1", "2026-04-02")


def test_a_day_that_can_hold_none_is_closed_and_no_door_opens_it() -> None:
    none = Limit(first=on("2026-06-02"), last=on("2026-06-02"), kind=Kind.INFUSION, limit=0, reason=WHY)
    story = a_story(site=replace(example_site("gainesville"), capacity_on=(none,)), day0="2026-03-02")

    assert story.planned("M3") == "2026-06-01"
    refused = story.refuses(replace(book("M3", "2026-06-02"), overbook="why"))
    assert "on 2026-06-02 the site has no slot for this kind of visit" in refused[0]


def test_full_days_are_not_offered() -> None:
    story = a_full_story({"2026-06-02": 2, "2026-06-01": 2, "2026-06-03": 1})

    found = alternatives(story.state, M3, story.rules)

    assert [(str(one.day), one.judged.deviates) for one in found] == [
        ("2026-06-03", False),
        ("2026-06-04", False),
        ("2026-06-05", False),
        ("2026-06-08", False),
        ("2026-06-09", False),
        ("2026-05-29", True),
        ("2026-05-28", True),
        ("2026-05-27", True),
    ]


def test_what_follows_a_day_is_weighed_without_the_full_ones() -> None:
    """M4 counts from M3: its target is 2 July if M3 is on 2 June, and the 3rd is a holiday."""
    week = ("2026-06-29", "2026-06-30", "2026-07-01", "2026-07-02", "2026-07-06", "2026-07-07", "2026-07-08")
    story = a_full_story(dict.fromkeys(week, 2), kind=Kind.CLINIC)

    by_day = {str(one.day): one for one in alternatives(story.state, M3, story.rules)}

    # M4 on Friday 26 June is 6 days off, and M5 a day: 2 August is a Sunday.
    assert by_day["2026-06-02"].off_in_all == 0 + 6 + 1
    # M4 counts to 1 July and is 5 days off, and M5 a day: 1 August is a Saturday.
    assert by_day["2026-06-01"].off_in_all == 1 + 5 + 1


# What a participant prefers


def prefers(*weekdays: Weekday, not_before: str | None = None, not_after: str | None = None) -> ask.Prefer:
    first, last = (time.fromisoformat(one) if one else None for one in (not_before, not_after))
    return ask.Prefer(preference=Preference(weekdays=weekdays, not_before=first, not_after=last))


def test_weekdays_that_suit_are_offered_first_and_none_is_forbidden() -> None:
    story = a_story(day0="2026-03-02")
    before = {one.day for one in alternatives(story.state, M3, story.rules, most=99)}
    story.do(prefers(Weekday.WEDNESDAY, Weekday.FRIDAY))

    found = alternatives(story.state, M3, story.rules, most=99)

    assert [(str(one.day), one.liked) for one in found][:4] == [
        ("2026-06-03", True), ("2026-06-05", True), ("2026-06-02", False), ("2026-06-01", False),
    ]  # fmt: skip
    assert {one.day for one in found} == before
    story.book("M3", "2026-06-02")


def test_a_wish_changes_no_date() -> None:
    story = a_story(day0="2026-03-02")
    before = story.state.visits
    story.do(prefers(Weekday.WEDNESDAY, not_before="10:00"))
    assert story.state.visits == before


@pytest.mark.parametrize(
    ("wish", "at", "booked"),
    [
        (prefers(not_before="10:00"), None, "10:00"),
        (prefers(not_before="10:00"), "08:30", "08:30"),
        (prefers(not_before="06:00"), None, "08:00"),
        (prefers(not_after="07:45"), None, "07:45"),
        (prefers(not_after="07:00"), None, "08:00"),  # the site opens at 07:30
        (prefers(not_before="16:30"), None, "08:00"),  # it closes then
    ],
)
def test_the_time_is_the_nearest_to_the_usual_one_that_suits_unless_another_is_said(
    wish: ask.Prefer, at: str | None, booked: str
) -> None:
    story = a_story(day0="2026-03-02")
    story.do(wish)
    story.book("M3", "2026-06-02", at)
    assert f"{story['M3'].start:%H:%M}" == booked


def test_a_wish_is_refused_that_is_recorded_already_or_cannot_be_met() -> None:
    story = a_story(day0="2026-03-02")
    assert story.refuses(prefers()) == ("P-001: that is recorded already; nothing to do",)
    story.do(prefers(Weekday.MONDAY))
    assert story.refuses(prefers(Weekday.MONDAY)) == ("P-001: that is recorded already; nothing to do",)
    assert story.refuses(prefers(not_before="10:00", not_after="09:00")) == (
        "--not-after: 09:00 is before 10:00; swap the two times",
    )
    story.do(prefers())
    assert story.state.preference == Preference()


# Special openings


def test_a_saturday_that_is_open_after_all_can_be_booked_in_its_hours() -> None:
    saturday = Opening(day=date(2026, 6, 6), hours=Hours(opens=time(9), closes=time(15)), reason=WHY)
    story = a_story(site=replace(example_site("gainesville"), openings=(saturday,)), day0="2026-03-02")

    assert (
        "at 08:00 the site is closed: it opens at 09:00 and closes at 15:00"
        in story.refuses(book("M3", "2026-06-06"))[0]
    )
    assert (
        "it would last until 15:15, and the site is open until 15:00 on that day"
        in story.refuses(book("M3", "2026-06-06", "10:15"))[0]
    )
    story.book("M3", "2026-06-06", "10:00")


def test_a_visit_is_not_booked_on_a_special_opening_that_is_shorter() -> None:
    # M3 takes five hours, M4 an hour.
    saturdays = tuple(
        Opening(day=date.fromisoformat(day), hours=Hours(opens=time(8), closes=time(12)), reason=WHY)
        for day in ("2026-06-06", "2026-07-04")
    )
    story = a_story(site=replace(example_site("gainesville"), openings=saturdays), day0="2026-03-02")
    refused = story.refuses(book("M3", "2026-06-06", "08:00"))[0]
    assert "the site is open 08:00-12:00 only, and the visit is longer" in refused
    story.book("M4", "2026-07-04", "09:00")
