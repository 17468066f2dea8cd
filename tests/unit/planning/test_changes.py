"""What changed between two schedules: each way in which a visit can, and the pages that this makes stale."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from builders import (
    NO_LATER_DAY_0,
    PAGES,
    a_plan,
    a_site,
    closed,
    example_site,
    kept,
    other_protocol,
    registered_protocol,
    with_visit,
)

from schedule.errors import Refused
from schedule.participant.state import ParticipantId
from schedule.planning.changes import Change, Comparison, Fact, KeptSchedule, PageCode, StalePages, compare
from schedule.sites import Site
from schedule.study.offsets import Offset
from schedule.study.protocol import Kind, Label, Window

LATER = datetime(2026, 3, 9, 4, tzinfo=UTC)
STORM = closed(date(2026, 5, 30), date(2026, 6, 9))
"""It leaves M3 no day."""


def planned(**changes: Any) -> KeptSchedule:
    return kept(a_plan(**changes))


def changed(comparison: Comparison) -> dict[str, tuple[str, ...]]:
    return {one.visit.code: tuple(change.value for change in one.changes) for one in comparison.visits}


def codes(*written: str) -> tuple[PageCode, ...]:
    return tuple(map(PageCode, written))


def days(comparison: Comparison, code: str) -> list[str]:
    (one,) = (one for one in comparison.visits if one.visit.code == code)
    return [str(visit.planned) for visit in (one.old, one.new) if visit]


def arrives(at: time, *, time_zone: str = "America/New_York") -> Site:
    return a_site(arrival=dict.fromkeys((Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL), at), time_zone=time_zone)


def test_the_same_schedule_is_the_same_on_a_later_day() -> None:
    comparison = compare(planned(), planned(as_of=LATER))

    assert comparison.is_same
    assert not comparison.looks_swapped
    assert (comparison.facts, comparison.visits) == ((), ())
    assert comparison.pages == StalePages(replace=(), new=(), take_out=())


def test_a_storm_moves_one_visit() -> None:
    storm = closed(date(2026, 6, 2), date(2026, 6, 2))

    comparison = compare(planned(site=a_site()), planned(site=a_site(closures=[storm])))

    assert days(comparison, "M3") == ["2026-06-02", "2026-06-03"]  # from the 1st, Month 5 would be on a Saturday
    assert changed(comparison)["M3"] == ("moved",)


def test_another_day_0_moves_what_counts_from_it_and_its_windows() -> None:
    comparison = compare(planned(), planned(day0=date(2026, 3, 9)))

    found = changed(comparison)
    assert found["D0"] == ("moved",)  # its window belongs to the randomization
    assert found["M3"] == ("moved", "window")
    assert found["TAPER"] == ("moved",)  # a milestone has no window to change
    assert len(found) == 24
    assert days(comparison, "M25") == ["2028-04-02", "2028-04-09"]
    assert [(one.fact, one.old, one.new) for one in comparison.facts] == [
        (Fact.DAY0, date(2026, 3, 2), date(2026, 3, 9))
    ]


def test_a_wider_window_is_told_although_the_day_stays() -> None:
    wider = with_visit(registered_protocol(), "M4", window=Window(before=7, after=10))

    comparison = compare(planned(), planned(protocol=wider))

    assert changed(comparison) == {"M4": ("window",)}


def test_a_visit_that_loses_its_day_is_told_and_so_is_one_that_finds_it() -> None:
    with_day, without = (
        planned(site=a_site(), booked=True),
        planned(site=a_site(closures=[NO_LATER_DAY_0, STORM]), booked=True),
    )

    assert changed(compare(with_day, without))["M3"] == ("unplaced",)
    assert changed(compare(without, with_day))["M3"] == ("placed", "time")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (planned(site=arrives(time(9, 0)), booked=True), planned(site=arrives(time(9, 30)), booked=True)),
        (planned(site=arrives(time(9, 0))), planned(site=arrives(time(9, 0)), booked=True)),
        (planned(site=arrives(time(9, 0)), booked=True), planned(site=arrives(time(9, 0)))),
        (
            planned(site=arrives(time(9, 0)), booked=True),
            planned(site=arrives(time(9, 0), time_zone="America/Chicago"), booked=True),
        ),
    ],
    ids=["later in the day", "booked", "no longer booked", "another zone"],
)
def test_another_time_on_the_same_day_is_told(old: KeptSchedule, new: KeptSchedule) -> None:
    found = changed(compare(old, new))

    assert set(found.values()) == {("time",)}
    assert len(found) == 23  # all but the milestone


def test_another_zone_without_times_changes_no_visit() -> None:
    old, new = planned(site=arrives(time(9, 0))), planned(site=arrives(time(9, 0), time_zone="America/Chicago"))

    assert compare(old, new).is_same


def test_a_moved_visit_at_its_usual_time_has_no_other_time() -> None:
    storm = closed(date(2026, 6, 2), date(2026, 6, 2))
    old, new = planned(site=a_site(), booked=True), planned(site=a_site(closures=[storm]), booked=True)

    assert changed(compare(old, new))["M3"] == ("moved",)


def test_a_milestone_is_added_and_taken_away_and_no_participant_is_told() -> None:
    on_steroids, off = planned(), planned(steroids=False)

    gone, added = compare(on_steroids, off), compare(off, on_steroids)

    assert (changed(gone), days(gone, "TAPER")) == ({"TAPER": ("removed",)}, ["2026-06-16"])
    assert (changed(added), days(added, "TAPER")) == ({"TAPER": ("added",)}, ["2026-06-16"])
    assert (gone.contacts, added.contacts) == ((), ())


def test_an_amended_protocol_adds_takes_away_and_changes_visits() -> None:
    protocol = other_protocol()
    amended = replace(
        with_visit(with_visit(protocol, "W8", code="W9", offset=Offset(weeks=5)), "W4", kind=Kind.CLINIC),
        study=replace(protocol.study, version=Label("2")),
    )

    comparison = compare(planned(protocol=protocol, steroids=None), planned(protocol=amended, steroids=None))

    assert changed(comparison) == {"W4": ("kind",), "W8": ("removed",), "W9": ("added",)}
    assert [one.visit.planned for one in comparison.contacts] == [
        date(2026, 3, 30), date(2026, 4, 27), date(2026, 5, 4),
    ]  # fmt: skip
    assert [(one.fact, one.old, one.new) for one in comparison.facts] == [(Fact.PROTOCOL_VERSION, "1", "2")]


def test_facts_about_the_whole_schedule_are_told() -> None:
    old, new = planned(), planned(randomized=date(2026, 3, 3), site=example_site("miami"))

    assert [(one.fact, one.old, one.new) for one in compare(old, new).facts] == [
        (Fact.RANDOMIZED, date(2026, 3, 2), date(2026, 3, 3)),
        (Fact.DAY0, date(2026, 3, 2), date(2026, 3, 3)),
        (Fact.SITE, None, "miami"),
    ]


def test_changes_stand_in_the_order_of_the_days() -> None:
    comparison = compare(planned(), planned(day0=date(2026, 3, 9), steroids=False))

    found = [one.visit.planned or one.visit.earliest or date.max for one in comparison.visits]
    assert len(found) == 24
    assert found == sorted(found)
    assert [one.visit.code for one in comparison.visits][3:6] == ["M3", "TAPER", "M4"]


def test_pages_to_replace_are_those_that_differ_or_are_new() -> None:
    new = {"C-1": "ffffffff", "S-1": PAGES["S-1"], "M3-2": PAGES["M3-1"], "M4-1": "abcdabcd", "M3-1": PAGES["M3-1"]}
    plan = a_plan()

    comparison = compare(kept(plan), kept(plan, pages=new))

    assert comparison.pages == StalePages(replace=codes("C-1", "M3-2", "M4-1"), new=codes("M4-1"), take_out=())
    assert not comparison.is_same


def test_pages_to_take_out_are_those_that_are_gone() -> None:
    plan = a_plan()
    fewer = {"M3-1": PAGES["M3-1"], "C-1": PAGES["C-1"]}

    comparison = compare(kept(plan), kept(plan, pages=fewer))

    assert comparison.pages == StalePages(replace=(), new=(), take_out=codes("S-1", "M3-2"))
    assert not comparison.is_same


def test_the_order_of_pages_changes_nothing() -> None:
    plan = a_plan()

    assert compare(kept(plan), kept(plan, pages=dict(reversed(PAGES.items())))).is_same


@pytest.mark.parametrize(("minutes", "expected"), [(-1, True), (0, False), (1, False)])
def test_a_new_schedule_that_is_older_looks_swapped(minutes: int, expected: bool) -> None:
    as_of = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
    new = as_of.replace(minute=30 + minutes)

    assert compare(planned(as_of=as_of), planned(as_of=new)).looks_swapped is expected


def test_two_participants_and_two_studies_are_refused_at_once() -> None:
    mine = planned()
    other = planned(participant=ParticipantId("P-002"), protocol=other_protocol(), steroids=None)

    with pytest.raises(Refused) as told:
        compare(mine, other)

    assert [str(problem) for problem in told.value.problems] == [
        "participant: 'P-001' in the old schedule, but 'P-002' in the new one; "
        "compare two schedules of one participant in one study",
        "protocol: 'RES001-DMPM-02' in the old schedule, but 'TEST-PARALLEL-1' in the new one; "
        "compare two schedules of one participant in one study",
    ]


def test_every_change_has_what_was_and_what_is() -> None:
    comparison = compare(planned(), planned(day0=date(2026, 3, 9), steroids=False))

    for one in comparison.visits:
        assert (one.old is None) == (Change.ADDED in one.changes)
        assert (one.new is None) == (Change.REMOVED in one.changes)
