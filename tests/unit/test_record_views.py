"""What staff and participants see of a record: dates as recorded, and none where nobody may act."""

from dataclasses import fields
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from builders import registered_protocol, steps, with_taper
from records import FOUR_MONTHS, LEFT, Kept, Told, a_record, book, code, done, missed

from schedule.desk.plan import Plan
from schedule.participant.commands import (
    AddUnscheduled,
    Cancel,
    CorrectParticipant,
    EndParticipation,
    HoldTaper,
    PrescribeTaper,
    ResumeInfusions,
)
from schedule.participant.state import Given, PrescribedTaper, Scope, Standing, Status
from schedule.planning.notices import CannotBePlaced, NotConfirmed, TaperPrescribedEarly
from schedule.render.language import language
from schedule.render.sentences import because, names_of
from schedule.views import StaffVisitView

GIVEN_TWICE: tuple[Told, ...] = (
    ("2026-03-02", done("D0", "2026-03-02", Given.YES)),
    ("2026-06-03", done("M3", "2026-06-03", Given.YES)),
)


def visits(plan: Plan) -> dict[str, StaffVisitView]:
    return {str(visit.code): visit for visit in plan.staff.visits}


def shown(plan: Plan) -> list[str]:
    return [str(visit.code) for visit in plan.participant.visits]


def prescribe(first_day: str | None, *doses: tuple[int, str]) -> PrescribeTaper:
    taper = PrescribedTaper(first_day=(first_day and date.fromisoformat(first_day)) or None, steps=steps(*doses))
    places = tuple(f"row {row}" for row in range(2, len(doses) + 2))
    return PrescribeTaper(taper=taper, places={"days": places, "doses": places}, file="taper.csv")


def test_what_is_closed_is_as_it_was_recorded() -> None:
    seen = visits(a_record(*FOUR_MONTHS).plan)

    assert (seen["D0"].status, seen["D0"].planned, seen["D0"].given) == (Status.DONE, date(2026, 3, 4), Given.YES)
    assert (seen["M1"].target, seen["M1"].earliest, seen["M1"].latest, seen["M1"].actual) == (
        date(2026, 4, 4), date(2026, 3, 28), date(2026, 4, 11), date(2026, 4, 14),
    )  # fmt: skip
    assert seen["M1"].deviation
    assert (seen["M1"].deviation.days_outside, seen["M1"].deviation.reason) == (3, "the roads were closed")
    assert (seen["M2"].status, seen["M2"].reason, seen["M2"].actual) == (Status.MISSED, "not reached", None)
    assert (seen["M3"].start, seen["M3"].planned) == (None, date(2026, 6, 5))


def test_what_was_missed_or_cancelled_leaves_the_participant_s_papers_and_stays_with_staff() -> None:
    plan = a_record(*FOUR_MONTHS[:7], ("2026-05-21", Cancel(code=code("M5"), reason="a wish"))).plan

    assert {"M2", "M5"}.isdisjoint(shown(plan))
    assert {"M2", "M5"} <= set(visits(plan))
    assert [visit.code for visit in plan.participant.taken_back] == ["M2", "M5"]


def test_a_held_infusion_shows_no_day_and_its_calendar_entry_is_taken_back_where_it_was() -> None:
    plan = a_record(*FOUR_MONTHS).plan

    held = [visit for visit in plan.participant.visits if visit.is_held]
    assert [visit.code for visit in held] == ["M6", "M7", "M10", "M13"]
    assert {(visit.planned, visit.start, visit.end) for visit in held} == {(None, None, None)}
    back = {visit.code: visit.planned for visit in plan.participant.taken_back}
    assert back[code("M6")] == date(2026, 9, 4)


def test_a_lifted_hold_shows_days_again() -> None:
    resumed = ("2026-07-01", ResumeInfusions(scope=Scope.PARTICIPANT, reason="normal again"))

    seen = visits(a_record(*FOUR_MONTHS, resumed).plan)

    assert (seen["M6"].status, seen["M6"].planned) == (Status.PLANNED, date(2026, 9, 4))


@pytest.mark.parametrize("given", [Given.PARTIAL, Given.NO])
def test_a_taper_has_no_date_at_all_where_the_infusion_was_not_fully_given(given: Given) -> None:
    protocol = with_taper(registered_protocol(), steps=steps((1, "20"), (15, "15")))
    told: tuple[Told, ...] = (GIVEN_TWICE[0], ("2026-06-03", done("M3", "2026-06-03", given)))

    plan = a_record(*told, protocol=protocol).plan

    assert "TAPER" not in visits(plan)
    (task,) = plan.staff.waiting
    assert task.code == "TAPER"
    assert not any(isinstance(getattr(task, one.name), date) for one in fields(task) if one.name != "changed")
    assert (plan.staff.taper, plan.staff.taper_starts) == ((), None)
    assert (plan.participant.taper, plan.participant.taper_starts, plan.participant.reminder) == ((), None, None)
    assert plan.participant.keeps_dose_log
    assert plan.participant.until_taper


def test_a_taper_is_dated_from_the_day_the_infusion_was_given() -> None:
    protocol = with_taper(registered_protocol(), steps=steps((1, "20"), (15, "15")))

    before = a_record(GIVEN_TWICE[0], protocol=protocol).plan
    after = a_record(*GIVEN_TWICE, protocol=protocol).plan

    assert [(step.day_from, step.date_from) for step in before.staff.taper] == [(1, None), (15, None)]
    assert (before.participant.taper_starts, before.participant.reminder) == (None, None)
    assert [step.date_from for step in after.staff.taper] == [date(2026, 6, 17), date(2026, 7, 1)]
    assert after.participant.taper_starts == date(2026, 6, 17)
    assert after.participant.reminder
    assert after.participant.reminder.planned == date(2026, 6, 17)


def test_a_held_taper_takes_its_steps_and_its_reminder_away() -> None:
    protocol = with_taper(registered_protocol(), steps=steps((1, "20")))

    plan = a_record(*GIVEN_TWICE, ("2026-06-20", HoldTaper(reason="a flare")), protocol=protocol).plan

    assert (plan.staff.taper, plan.participant.taper_starts, plan.participant.reminder) == ((), None, None)
    assert [task.code for task in plan.staff.waiting] == ["TAPER"]


def test_a_prescribed_taper_comes_before_the_protocol_s() -> None:
    told = ("2026-06-03", prescribe("2026-06-18", (1, "12.5"), (8, "10")))

    staff = a_record(*GIVEN_TWICE, told).plan.staff

    assert [(step.date_from, step.dose_mg) for step in staff.taper] == [
        (date(2026, 6, 18), Decimal("12.5")), (date(2026, 6, 25), Decimal(10)),
    ]  # fmt: skip
    assert staff.taper_starts == date(2026, 6, 18)


def test_a_prescription_whose_dates_begin_too_early_now_is_shown_without_them() -> None:
    told: tuple[Told, ...] = (
        GIVEN_TWICE[0],
        ("2026-05-01", prescribe("2026-06-17", (1, "12.5"))),
        ("2026-06-08", done("M3", "2026-06-08", Given.YES)),
    )

    staff = a_record(*told).plan.staff

    assert [step.date_from for step in staff.taper] == [None]
    assert staff.taper_starts is None
    assert TaperPrescribedEarly(first_day=date(2026, 6, 17), may_start=date(2026, 6, 22)) in staff.notices


def test_who_turns_out_to_take_no_steroids_has_no_log_of_doses() -> None:
    told = ("2026-03-03", CorrectParticipant(steroids=False, reason="the wrong box"))

    plan = a_record(told).plan

    assert not plan.participant.keeps_dose_log
    assert plan.participant.reminder is None


def test_an_unscheduled_visit_is_shown_and_nothing_is_prescribed_for_it() -> None:
    told = ("2026-03-10", AddUnscheduled(day=date(2026, 3, 12), reason="a rash"))

    plan = a_record(told).plan

    extra = visits(plan)["U1"]
    assert (extra.status, extra.planned, extra.procedures) == (Status.BOOKED, date(2026, 3, 12), ())
    assert "U1" in shown(plan)


def test_those_who_left_see_what_happened_and_nothing_that_is_to_come() -> None:
    plan = a_record(*LEFT).plan

    assert shown(plan) == ["D0", "M1", "M3"]
    assert plan.staff.standing is Standing.WITHDRAWN
    assert (plan.participant.reminder, plan.participant.taper_starts) == (None, None)


def left(day: str, recorded: str, as_of: str, standing: Standing = Standing.WITHDRAWN) -> bool:
    told = (recorded, EndParticipation(standing=standing, day=date.fromisoformat(day), reason="moves away"))
    return a_record(told, as_of=as_of).plan.participant.calendar_is_empty


def test_the_calendar_of_one_who_left_is_emptied_after_thirty_days() -> None:
    assert not left("2026-04-01", "2026-04-01", "2026-05-01")
    assert left("2026-04-01", "2026-04-01", "2026-05-02")


def test_the_thirty_days_count_from_the_day_on_which_it_was_recorded() -> None:
    assert not left("2026-04-01", "2026-04-20", "2026-05-20")
    assert left("2026-04-01", "2026-04-20", "2026-05-21")


def test_after_a_death_the_calendar_is_empty_at_once() -> None:
    assert left("2026-04-01", "2026-04-01", "2026-04-01", Standing.DIED)


def test_one_who_left_before_the_first_visit_still_has_a_plan() -> None:
    told = ("2026-03-02", EndParticipation(standing=Standing.TERMINATED, day=date(2026, 3, 2), reason="not eligible"))

    plan = a_record(told).plan

    assert plan.participant.visits == ()
    assert plan.is_complete


def test_a_visit_that_is_past_its_window_is_marked_and_a_day_that_does_not_fit_any_more() -> None:
    told: tuple[Told, ...] = (
        ("2026-03-02", book("M1", "2026-04-09")),
        ("2026-03-16", done("D0", "2026-03-16", Given.YES)),
    )

    seen = visits(a_record(*told, as_of="2026-04-01").plan)["M1"]
    later = visits(a_record(*told, ("2026-05-30", missed("M2")), as_of="2026-05-30").plan)["M1"]

    assert (seen.earliest, seen.to_rebook) == (date(2026, 4, 9), None)
    assert later.late
    assert later.late.days == (date(2026, 5, 30) - date(2026, 4, 23)).days


def test_staff_are_told_of_the_site_and_of_what_no_day_fits_but_not_of_what_is_over() -> None:
    kinds = {type(one) for one in a_record(*FOUR_MONTHS).plan.staff.notices}

    assert NotConfirmed in kinds
    assert CannotBePlaced not in kinds


def test_times_of_publishing_and_of_enrolling_are_kept_apart() -> None:
    kept: Kept = a_record(*FOUR_MONTHS)

    staff = kept.plan.staff

    assert staff.as_of == kept.as_of
    assert staff.created
    assert staff.as_of - staff.created == timedelta(days=112)
    assert all(isinstance(visit.changed, datetime) for visit in staff.visits)


def test_a_day_that_stays_because_it_is_past_says_so() -> None:
    """M10 was planned on 4 January for the sake of M11 and M12, and is past when they are cancelled."""
    plan = a_record(
        ("2026-03-02", done("D0", "2026-03-02", Given.YES)),
        ("2027-01-05", Cancel(code=code("M11"), reason="a wish")),
        ("2027-01-05", Cancel(code=code("M12"), reason="a wish")),
    ).plan

    month10 = visits(plan)["M10"]
    english, spanish = (because(month10, names_of(plan.staff), language(lang)) for lang in ("en", "es"))

    assert month10.planned == date(2027, 1, 4)
    assert any("Thu 31 December: the day that was planned before stays" in said for said in english)
    assert any("se mantiene el día que ya estaba previsto" in said for said in spanish)
