"""Times of day against brute force: nobody goes without a time that could have one, and nothing overlaps."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from builders import example_site
from hypothesis import event, given, settings
from hypothesis import strategies as st

from schedule.participant.daytimes import Taken, Timed, Wish, choose_times
from schedule.sites import Hours, Site, Slots, Weekday, limit_on
from schedule.study.protocol import Kind, VisitCode

MONDAY = date(2026, 6, 1)
QUARTER = timedelta(minutes=15)
KINDS = st.sampled_from([Kind.INFUSION, Kind.CLINIC])
PEOPLE = st.sampled_from(["P-001", "P-002", "P-003"])
LENGTHS = st.integers(1, 6).map(lambda number: number * QUARTER)
OPEN = 8
"""Quarters of an hour from 8 to 10."""


def at(quarter: int) -> datetime:
    return datetime.combine(MONDAY, time(8)) + quarter * QUARTER


SITES = st.dictionaries(KINDS, st.integers(1, 2)).map(
    lambda limits: replace(
        example_site("gainesville"),
        open={Weekday.MONDAY: Hours(opens=time(8), closes=time(10))},
        capacity={kind: Slots(week=(limit,) * 7) for kind, limit in limits.items()},
    )
)
TAKEN = st.builds(
    lambda who, kind, start, length: Taken(participant=who, kind=kind, start=at(start), end=at(start) + length),
    PEOPLE, KINDS, st.integers(0, OPEN - 1), LENGTHS,
)  # fmt: skip
WISHES = st.builds(
    lambda who, kind, length, liked: (who, kind, length, at(liked).time()),
    PEOPLE, KINDS, LENGTHS, st.integers(0, OPEN - 1),
)  # fmt: skip


def named(asked: list[tuple[str, Kind, timedelta, time]]) -> list[Wish]:
    return [
        Wish(participant=who, code=VisitCode(f"M{number}"), kind=kind, length=length, day=MONDAY, liked=liked)
        for number, (who, kind, length, liked) in enumerate(asked)
    ]


def as_taken(wish: Wish, start: datetime) -> Taken:
    return Taken(participant=wish.participant, kind=wish.kind, start=start, end=start + wish.length)


def is_free(site: Site, there: list[Taken], one: Taken) -> bool:
    """By quarters: never more of a kind than the day can hold, and never two for one participant."""
    limit = limit_on(site, MONDAY, one.kind)
    for quarter in range(2 * OPEN):
        now = at(quarter)
        if not one.start <= now < one.end:
            continue
        going_on = [other for other in there if other.start <= now < other.end]
        if any(other.participant == one.participant for other in going_on):
            return False
        if limit is not None and sum(other.kind is one.kind for other in going_on) >= limit:
            return False
    return True


def most(site: Site, there: list[Taken], wishes: list[Wish]) -> int:
    """How many can have a time, by trying all."""
    if not wishes:
        return 0
    first, *rest = wishes
    best = most(site, there, rest)
    for quarter in range(OPEN):
        one = as_taken(first, at(quarter))
        if best < len(wishes) and one.end <= at(OPEN) and is_free(site, there, one):
            best = max(best, 1 + most(site, [*there, one], rest))
    return best


def placed(found: tuple[Timed, ...]) -> list[Taken]:
    return [as_taken(one.wish, datetime.combine(MONDAY, one.at)) for one in found if one.fits and one.at]


@settings(max_examples=150, deadline=None)
@given(site=SITES, asked=st.lists(WISHES, min_size=2, max_size=4), taken=st.lists(TAKEN, max_size=2))
def test_as_many_have_a_time_as_can(
    site: Site, asked: list[tuple[str, Kind, timedelta, time]], taken: list[Taken]
) -> None:
    wishes = named(asked)
    found = choose_times(site, wishes, taken)

    assert sorted(one.wish.code for one in found) == [one.code for one in wishes]
    theirs = placed(found)
    for number, one in enumerate(theirs):
        assert at(0) <= one.start
        assert one.end <= at(OPEN)
        assert is_free(site, [*taken, *theirs[:number]], one)
    assert len(theirs) == most(site, taken, wishes)
    event(f"all: {len(theirs) == len(wishes)}")
    assert choose_times(site, wishes, taken) == found
