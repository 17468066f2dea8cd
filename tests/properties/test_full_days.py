"""No day of a site ever holds more than it can, unless somebody has answered for it."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest
from builders import example_site
from hypothesis import given
from hypothesis import strategies as st
from story import Story, a_story

from schedule.errors import Refused
from schedule.participant import commands as ask
from schedule.participant.consequences import alternatives
from schedule.participant.deciding import decide
from schedule.participant.events import Overbooked
from schedule.sites import Slots
from schedule.study.protocol import Kind, VisitCode

CONTACTS = (Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL)
M3 = VisitCode("M3")
WEEKS = st.tuples(*[st.sampled_from([None, 0, 1, 2])] * 7).map(lambda week: Slots(week=week))
CAPACITIES = st.dictionaries(st.sampled_from(CONTACTS), WEEKS)
DOINGS = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["M1", "M2", "M3", "M4", "M5"]),
    st.integers(0, 2),
    st.sampled_from(["", "", "two at a time"]),
)
"""Who of three, which visit, how many days from its target, and why the day is taken if it is full."""


def promised(stories: list[Story]) -> Counter[tuple[date, Kind]]:
    """Count by hand what stands on each day."""
    return Counter(
        (visit.dates.day, visit.kind)
        for story in stories
        for visit in story.state.visits.values()
        if visit.is_promised and visit.dates.day
    )


def others_of(stories: list[Story], which: int) -> dict[tuple[date, Kind], int]:
    return dict(promised([story for number, story in enumerate(stories) if number != which]))


def three_at(capacity: dict[Kind, Slots]) -> list[Story]:
    site = replace(example_site("gainesville"), capacity=capacity)
    return [a_story(site=site, day0="2026-03-02") for _ in range(3)]


@given(capacity=CAPACITIES, doings=st.lists(DOINGS, min_size=10, max_size=25))
def test_nobody_is_booked_beyond_what_a_day_can_hold_without_an_answer(
    capacity: dict[Kind, Slots], doings: list[tuple[int, str, int, str]]
) -> None:
    stories = three_at(capacity)
    answered: Counter[tuple[date, Kind]] = Counter()
    for which, code, days, overbook in doings:
        story = stories[which]
        visit = story[code]
        day = visit.dates.target + timedelta(days=days)
        story.rules = replace(story.rules, taken=others_of(stories, which))
        command = (
            ask.Move(code=visit.code, day=day, reason="asked", overbook=overbook)
            if visit.is_promised
            else ask.Book(code=visit.code, day=day, overbook=overbook)
        )
        with suppress(Refused):
            events = story.do(command)
            answered[day, visit.kind] += sum(isinstance(event, Overbooked) for event in events)
        for (on, kind), count in promised(stories).items():
            limit = capacity[kind].week[on.weekday()] if kind in capacity else None
            if limit is not None:
                assert limit > 0, "a day that can hold none is never taken"
                assert count <= limit + answered[on, kind]


@given(capacity=CAPACITIES, taken=st.dictionaries(st.integers(0, 30), st.integers(0, 3)))
def test_a_day_is_offered_as_full_where_booking_it_is_refused_for_that_and_only_there(
    capacity: dict[Kind, Slots], taken: dict[int, int]
) -> None:
    stories = three_at(capacity)
    story = stories[0]
    first = date(2026, 5, 20)
    others = {(first + timedelta(days=number), Kind.INFUSION): count for number, count in taken.items()}
    story.rules = replace(story.rules, taken=others)

    for one in alternatives(story.state, M3, story.rules, most=99):
        command = ask.Book(code=M3, day=one.day, deviation="asked" if one.judged.deviates else "")
        if one.judged.full is None:
            decide(story.state, command, story.rules)
            continue
        with pytest.raises(Refused) as refused:
            decide(story.state, command, story.rules)
        assert ["--overbook" in problem.remedy for problem in refused.value.problems] == [True]
