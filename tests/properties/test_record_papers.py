"""Whatever happened to a participant can be shown, printed and put into calendars, and what is held has no date."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import icalendar
from builders import registered_protocol, steps, with_taper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from records import FOUR_MONTHS, Kept, a_record, code, instant

from schedule.desk.plan import Plan, render_files
from schedule.errors import Refused
from schedule.files.schedule_file import parse_schedule
from schedule.participant import commands as ask
from schedule.participant.commands import Command
from schedule.participant.deciding import decide
from schedule.participant.evolving import evolve
from schedule.participant.state import Given, Scope, Standing, Status
from schedule.planning.changes import compare
from schedule.render.change_sheet import changes_html
from schedule.render.language import language
from schedule.render.record import record_table
from schedule.report_rows import Row, agenda_rows, deviation_rows, due_rows, overdue_rows, participant_row, tell_rows
from schedule.study.protocol import Kind

CODES = ["D0", "M1", "M2", "M3", "TAPER", "M4", "M6", "M7", "M13", "M16", "M25"]
codes = st.sampled_from(CODES).map(code)
far = st.integers(0, 60)
"""Days from today; done and ended lie behind it, booked and moved ahead."""


def commands(today: date) -> st.SearchStrategy[Command]:
    """Return a command as somebody might give it on this day; many of them will be refused."""
    ahead = far.map(lambda days: today + timedelta(days=days))
    behind = far.map(lambda days: today - timedelta(days=days // 4))
    given_how = st.sampled_from([None, *Given])
    a_deviation = st.sampled_from(["", "agreed"])
    return st.one_of(
        st.builds(ask.Book, code=codes, day=ahead, deviation=a_deviation),
        st.builds(ask.Move, code=codes, day=ahead, reason=st.just("snow"), deviation=a_deviation),
        st.builds(ask.Confirm, code=codes),
        st.builds(ask.RecordDone, code=codes, day=behind, given=given_how, deviation=a_deviation),
        st.builds(ask.RecordDone, code=codes, day=st.just(today), given=given_how, deviation=st.just("late")),
        st.builds(ask.RecordMissed, code=codes, reason=st.just("ill")),
        st.builds(ask.Cancel, code=codes, reason=st.just("a wish")),
        st.builds(ask.AddUnscheduled, day=ahead, reason=st.just("a rash")),
        st.builds(ask.SetAway, first=ahead, last=ahead),
        st.just(ask.HoldTaper(reason="a flare")),
        st.just(ask.ResumeTaper(reason="over")),
        st.just(ask.StopInfusions(reason="a wish")),
        st.just(ask.HoldInfusions(scope=Scope.SITE, reason="an inspection")),
        st.just(ask.ResumeInfusions(scope=Scope.SITE, reason="over")),
        st.builds(ask.EndParticipation, standing=st.sampled_from([Standing.WITHDRAWN, Standing.DIED]),
                  day=st.just(today), reason=st.just("it ended")),
        st.just(ask.Reinstate(reason="a mistake")),
        st.builds(ask.CorrectVisit, code=codes, status=st.sampled_from([None, Status.PLANNED, Status.MISSED]),
                  given=given_how, deviation=a_deviation, reason=st.just("typed wrong")),
        st.builds(ask.CorrectParticipant, steroids=st.booleans(), reason=st.just("the wrong box")),
    )  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> tuple[Kept, Kept]:
    """Return a record, and the same after some more commands; the protocol gives steps of a taper."""
    protocol = with_taper(registered_protocol(), steps=steps((1, "20"), (15, "15")))
    kept = a_record(*FOUR_MONTHS[: draw(st.integers(0, len(FOUR_MONTHS)))], protocol=protocol)
    seen = [kept]
    for _ in range(2):
        for _ in range(draw(st.integers(1, 10))):
            kept = _after(kept, draw)
        seen.append(kept)
    return seen[1], seen[2]


def _after(kept: Kept, draw: st.DrawFn) -> Kept:
    today = kept.rules.today + timedelta(days=draw(st.integers(0, 45)))
    rules, at = replace(kept.rules, today=today), instant(str(today))
    state = kept.state
    try:
        for event in decide(state, draw(commands(today)), rules):
            state = evolve(state, event, at)
    except Refused:
        state = kept.state
    return replace(kept, state=state, rules=rules, as_of=at)


def calendar(data: bytes) -> Any:
    found = icalendar.Calendar.from_ical(data)
    assert found.errors == []
    assert not any(component.errors for component in found.walk())
    return found


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(records(), st.sampled_from(["en", "es"]))
def test_any_record_can_be_shown_published_and_compared_with_the_last_time(two: tuple[Kept, Kept], lang: str) -> None:
    before, after = (kept.plan for kept in two)
    speaks = language(lang)

    files = render_files(after, ["json", "csv", "ics", "html"], lang=lang, staff_lang=lang)
    old = render_files(before, ["json"], lang=lang, staff_lang=lang)["schedule.json"]

    comparison = compare(*(parse_schedule(data.decode(), file="x") for data in (old, files["schedule.json"])))
    assert changes_html(comparison, speaks)
    assert record_table(after.staff, speaks, width=100)
    for name in ("participant.ics", "coordinator.ics"):
        calendar(files[name])
    _check_rows(two[1])
    _check_taper(after, two[1], files)


def _check_rows(kept: Kept) -> None:
    state, rules = kept.state, kept.rules
    ahead = {"first": rules.today, "last": rules.today + timedelta(days=14)}
    rows: list[Row] = [*agenda_rows(state, rules, **ahead), *overdue_rows(state, rules.today)]
    rows += [*due_rows(state, rules, **ahead), *deviation_rows(state), *tell_rows(state)]
    assert all(row.participant == state.id for row in [*rows, participant_row(state, rules.today)])


def _check_taper(plan: Plan, kept: Kept, files: dict[str, bytes]) -> None:
    """A dose has a date, and the participant a reminder, only once infusion 2 was given whole and nobody holds it."""
    second = kept.state.visits[code("M3")]
    taper = kept.state.visits.get(code("TAPER"))
    may_start = (
        bool(kept.state.steroids)
        and second.was_fully_given
        and taper is not None
        and taper.status in (Status.PLANNED, Status.DONE)
    )
    assert (plan.participant.taper_starts is not None) is may_start
    assert any(step.date_from for step in plan.staff.taper) is may_start
    assert (plan.participant.reminder is not None) is may_start
    events = calendar(files["participant.ics"]).walk("VEVENT")
    reminders = [one for one in events if str(one["SUMMARY"]) in ("Study reminder", "Recordatorio del estudio")]
    assert len(reminders) == (may_start and not plan.participant.calendar_is_empty)
    if taper and taper.status is Status.HELD:
        (row,) = [one for one in json.loads(files["schedule.json"])["visits"] if one["code"] == "TAPER"]
        assert not [key for key, value in row.items() if isinstance(value, str) and value[:2] == "20"]
        assert not any(visit.kind is Kind.MILESTONE for visit in plan.staff.visits)
