"""A planning problem made of what is known: its days are those that a booking would accept, no more and no fewer."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, time, timedelta

from builders import closed, example_site
from story import P001, Story, a_story, on

from schedule.participant import commands as ask
from schedule.participant.judging import judge
from schedule.participant.state import ParticipantId, Preference, Scope
from schedule.participant.whole_site import Member, problem_of, promised, too_late, unbooked, unfit
from schedule.planning.optimising.candidates import survey
from schedule.planning.optimising.problem import Key, Problem
from schedule.sites import Hours, Limit, Opening, Site, Slots, Weekday
from schedule.study.protocol import Kind, Text, VisitCode

WHY = Text(en="why", es="por qué")


def member(story: Story) -> Member:
    return Member(state=story.state, rules=story.rules)


def due(story: Story, first: str, until: str) -> Problem:
    """Return the problem of what is not booked and due until a day."""
    return problem_of([member(story)], unbooked([member(story)], on(first), on(until)), on(first))


def days_of(problem: Problem) -> Mapping[Key, list[str]]:
    """Return the days on which each visit could be by itself."""
    asked = survey(problem, problem.unit)
    return {
        visit.key: [str(date.fromordinal(day)) for day in days]
        for case in asked.cases
        for visit, days in zip(case.visits, case.days, strict=True)
    }


def a_difficult_site() -> Site:
    """Return Gainesville with a storm, no infusions on two days, and no clinic visits on Mondays.

    Of the days that are open after all some are too short for a visit.
    """
    return replace(
        example_site("gainesville"),
        closures=(
            closed(on("2026-04-02"), on("2026-04-03")),
            closed(on("2026-06-01"), on("2026-06-02"), Kind.INFUSION),
        ),
        openings=(
            Opening(day=on("2026-06-06"), hours=Hours(opens=time(8), closes=time(16)), reason=WHY),
            Opening(day=on("2026-05-25"), hours=Hours(opens=time(8), closes=time(16)), reason=WHY),
            Opening(day=on("2026-06-07"), hours=Hours(opens=time(8), closes=time(12)), reason=WHY),
            Opening(day=on("2026-07-04"), hours=Hours(opens=time(8), closes=time(8, 30)), reason=WHY),
            Opening(day=on("2026-07-05"), hours=Hours(opens=time(8), closes=time(12)), reason=WHY),
        ),
        capacity={Kind.CLINIC: Slots(week=(0, None, 2, 2, 2, None, None)), Kind.INFUSION: Slots(week=(1,) * 7)},
        capacity_on=(Limit(first=on("2026-06-04"), last=on("2026-06-04"), kind=Kind.INFUSION, limit=0, reason=WHY),),
    )


def every_day(first: str, last: str) -> Iterator[date]:
    return (on(first) + timedelta(days=number) for number in range((on(last) - on(first)).days + 1))


def test_the_days_of_a_problem_are_those_that_nothing_stands_against() -> None:
    story = a_story("2026-03-02", day0="2026-03-02", site=a_difficult_site())
    story.do(ask.SetAway(first=on("2026-05-28"), last=on("2026-05-29")))
    story.day("2026-03-30")
    chosen = unbooked([member(story)], on("2026-03-30"), on("2027-03-02"))
    compared = 0
    for key in sorted(chosen):
        found = days_of(problem_of([member(story)], frozenset({key}), on("2026-03-30")))[key]
        visit = story[key[1]]
        judged = {day: judge(story.state, visit, day, story.rules) for day in every_day("2026-03-30", "2027-06-30")}
        free = [str(day) for day, one in judged.items() if not (one.closed or one.deviates or one.full)]
        assert found == free, key
        compared += len(free)
    assert compared > 50


def test_days_by_the_calendar() -> None:
    story = a_story("2026-03-02", day0="2026-03-02", site=a_difficult_site())
    found = days_of(
        problem_of([member(story)], unbooked([member(story)], on("2026-03-02"), on("2026-06-02")), on("2026-03-02"))
    )
    # M3: 2 June -3..+7; Monday and Tuesday hold no infusions, Thursday has no slot, Saturday is open.
    assert found[P001, "M3"] == ["2026-06-03", "2026-06-05", "2026-06-06", "2026-06-08", "2026-06-09"]


def test_a_closed_day_that_a_repair_opens_holds_no_more_than_another() -> None:
    story = a_story("2026-03-02", day0="2026-03-02", site=a_difficult_site())
    problem = due(story, "2026-03-20", "2026-06-02")
    place = problem.sites["gainesville"]

    assert on("2026-04-02") in place.closed
    assert place.capacity_on[on("2026-04-02")] == {"infusion": 1, "clinic": 2}
    assert place.capacity_on[on("2026-06-01")]["infusion"] == 0


def test_a_window_moves_with_the_day_that_it_counts_from() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    by_code = {one.visit: one for one in due(story, "2026-05-20", "2026-07-10").visits}
    assert (by_code["M3"].lower, by_code["M3"].upper, by_code["M3"].anchor) == (
        on("2026-05-30"),
        on("2026-06-09"),
        None,
    )
    anchor = by_code["M4"].anchor
    assert anchor
    assert (anchor.visit, str(anchor.offset), anchor.lower, anchor.upper) == ("M3", "P1M", -7, 7)


def test_what_is_booked_stays_and_is_not_left_behind() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    story.day("2026-05-20").book("M4", "2026-07-02")
    chosen = unbooked([member(story)], on("2026-05-20"), on("2026-06-30"))
    by_code = {one.visit: one for one in problem_of([member(story)], chosen, on("2026-05-20")).visits}
    tied = by_code["M4"]
    assert (tied.lower, tied.upper, tied.communicated, tied.fixed) == (on("2026-07-02"),) * 3 + (None,)
    assert tied.anchor
    assert (VisitCode("M4") in {code for _, code in chosen}, (P001, "M3") in chosen) == (False, True)


def test_infusions_are_kept_apart_from_one_that_took_place() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    problem = problem_of(
        [member(story)], unbooked([member(story)], on("2026-05-20"), on("2026-07-10")), on("2026-05-20")
    )
    (rule,) = problem.rules
    assert (rule.first, rule.then, rule.least, rule.participant) == ("D0", "M3", 21, "P-001")
    assert {one.visit: one.fixed for one in problem.visits if one.fixed} == {"D0": on("2026-03-02")}


def test_a_day_that_holds_too_much_takes_nothing_more_and_no_less() -> None:
    site = replace(example_site("gainesville"), capacity={Kind.INFUSION: Slots(week=(2,) * 7)})
    stories = [a_story("2026-03-02", day0="2026-03-02", site=site) for _ in range(3)]
    members = []
    for number, story in enumerate(stories):
        story.day("2026-05-20").book("M3", "2026-06-02")
        state = replace(story.state, id=ParticipantId(f"P-00{number + 1}"))
        members.append(Member(state=state, rules=story.rules))
    cut = replace(site, capacity={Kind.INFUSION: Slots(week=(1,) * 7)})
    members = [replace(one, rules=replace(one.rules, site=cut)) for one in members]

    assert unfit(members, on("2026-05-20")) == {("P-001", "M3"), ("P-002", "M3"), ("P-003", "M3")}
    nobody = problem_of(members, frozenset(), on("2026-05-20"))
    assert nobody.sites["gainesville"].limit("infusion", on("2026-06-02")) in (None, 3)
    all_three = problem_of(members, promised(members, on("2026-05-20"), on("2026-06-30")), on("2026-05-20"))
    assert all_three.sites["gainesville"].limit("infusion", on("2026-06-02")) == 1


def test_what_is_held_or_over_is_not_planned() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    story.do(ask.HoldInfusions(scope=Scope.PARTICIPANT, reason="ill"))
    first = on("2026-05-20")
    codes = {code for _, code in unbooked([member(story)], first, on("2026-07-10"))}
    assert codes.isdisjoint({"M3", "M4"})
    assert [code for _, code in too_late([member(story)], first)] == ["M1", "M2"]


def test_weekdays_that_suit_are_worth_two_days() -> None:
    story = a_story("2026-03-02", day0="2026-03-02")
    story.do(ask.Prefer(preference=Preference(weekdays=(Weekday.MONDAY, Weekday.FRIDAY))))
    problem = problem_of(
        [member(story)], unbooked([member(story)], on("2026-05-20"), on("2026-07-10")), on("2026-05-20")
    )
    assert problem.participants["P-001"].preferred_weekdays == frozenset({0, 4})
    assert problem.costs.nonpreferred == 2
