"""What holds for any two schedules of one participant."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from builders import a_plan, kept
from hypothesis import given
from hypothesis import strategies as st

from schedule.planning.changes import (
    Change,
    Comparison,
    KeptSchedule,
    KeptVisit,
    PageCode,
    StalePages,
    compare,
)
from schedule.study.protocol import Kind, Label, VisitCode, WallTime

EMPTY = replace(kept(a_plan()), visits=())
MIRROR = {
    Change.ADDED: Change.REMOVED,
    Change.REMOVED: Change.ADDED,
    Change.PLACED: Change.UNPLACED,
    Change.UNPLACED: Change.PLACED,
}


@st.composite
def visits(draw: st.DrawFn, code: str) -> KeptVisit:
    """Draw a visit from few days, hours and kinds, so that two of them are often alike."""
    earliest = date(2026, 6, 1) + timedelta(days=draw(st.integers(0, 2)))
    planned = draw(st.sampled_from([None, earliest, earliest + timedelta(days=1)]))
    hour = draw(st.sampled_from([None, 8, 9])) if planned else None
    start = datetime.combine(planned, time(hour)) if planned and hour else None
    return KeptVisit(
        code=VisitCode(code),
        name=Label(code),
        kind=draw(st.sampled_from([Kind.CLINIC, Kind.VIRTUAL, Kind.MILESTONE])),
        earliest=earliest,
        latest=earliest + timedelta(days=draw(st.integers(1, 2))),
        planned=planned,
        start=WallTime(start) if start else None,
        end=WallTime(start + timedelta(hours=1)) if start else None,
        time_zone=Label("America/New_York"),
    )


@st.composite
def schedules(draw: st.DrawFn) -> KeptSchedule:
    """Draw a schedule of some of four visits and some of four pages."""
    found = [draw(visits(code)) for code in "ABCD" if draw(st.booleans())]
    pages = draw(st.dictionaries(st.sampled_from(["A-1", "B-1", "B-2", "C-1"]), st.sampled_from(["0a", "1b"])))
    return replace(EMPTY, visits=tuple(found), pages={PageCode(code): Label(one) for code, one in pages.items()})


def by_code(schedule: KeptSchedule) -> dict[str, KeptVisit]:
    return {str(visit.code): visit for visit in schedule.visits}


def told(comparison: Comparison) -> dict[str, set[Change]]:
    return {str(one.visit.code): set(one.changes) for one in comparison.visits}


@given(schedules())
def test_a_schedule_is_the_same_as_itself(schedule: KeptSchedule) -> None:
    assert compare(schedule, schedule).is_same


@given(schedules(), schedules())
def test_a_visit_that_is_not_told_of_is_as_it_was(old: KeptSchedule, new: KeptSchedule) -> None:
    changed = told(compare(old, new))
    was, is_now = by_code(old), by_code(new)

    for code in set("ABCD") - set(changed):
        before, after = was.get(code), is_now.get(code)
        if before is None or after is None:
            assert before is after is None
        else:
            assert (before.planned, before.start, before.kind) == (after.planned, after.start, after.kind)
            assert before.kind is Kind.MILESTONE or before.window == after.window


@given(schedules(), schedules())
def test_whatever_is_told_of_a_visit_is_so(old: KeptSchedule, new: KeptSchedule) -> None:
    for one in compare(old, new).visits:
        assert one.changes
        if one.old is None or one.new is None:
            assert one.changes == (Change.REMOVED if one.old else Change.ADDED,)
            continue
        days = (one.old.planned is not None, one.new.planned is not None)
        assert (Change.MOVED in one.changes) == (days == (True, True) and one.old.planned != one.new.planned)
        assert (Change.UNPLACED in one.changes) == (days == (True, False))
        assert (Change.PLACED in one.changes) == (days == (False, True))
        assert Change.TIME not in one.changes or one.old.hours != one.new.hours
        assert Change.WINDOW not in one.changes or one.old.window != one.new.window
        assert (Change.KIND in one.changes) == (one.old.kind is not one.new.kind)


@given(schedules(), schedules())
def test_the_way_back_mirrors_the_way_there(old: KeptSchedule, new: KeptSchedule) -> None:
    there, back = compare(old, new), compare(new, old)

    without_times = {code: changes - {Change.TIME} for code, changes in told(there).items()}
    mirrored = {code: {MIRROR.get(one, one) for one in changes} for code, changes in without_times.items()}
    assert mirrored == {code: changes - {Change.TIME} for code, changes in told(back).items()}
    assert set(there.pages.new) == set(back.pages.take_out)
    assert set(there.pages.take_out) == set(back.pages.new)
    assert set(there.pages.replace) - set(there.pages.new) == set(back.pages.replace) - set(back.pages.new)


@given(schedules(), schedules())
def test_a_packet_mended_as_told_is_the_new_packet(old: KeptSchedule, new: KeptSchedule) -> None:
    pages: StalePages = compare(old, new).pages

    mended = {code: version for code, version in old.pages.items() if code not in pages.take_out}
    mended |= {code: new.pages[code] for code in pages.replace}

    assert mended == new.pages
    assert set(pages.new) == set(new.pages) - set(old.pages)
