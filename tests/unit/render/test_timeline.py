"""The boxes of the timeline picture."""

from datetime import date

from builders import NO_LATER_DAY_0, a_plan, a_site, closed

from schedule.render.timeline import MonthBox, month_boxes


def boxes(columns: int = 6) -> tuple[MonthBox, ...]:
    return month_boxes(a_plan().participant.visits, columns=columns, rows=4)


def test_every_month_from_the_first_visit_to_the_last_has_a_box() -> None:
    found = boxes()

    assert len(found) == 26
    assert (found[0].first, found[9].first, found[10].first) == (date(2026, 3, 1), date(2026, 12, 1), date(2027, 1, 1))
    assert found[-1].first == date(2028, 4, 1)


def test_boxes_stand_in_rows() -> None:
    found = boxes(columns=6)

    assert [(box.column, box.row) for box in found[:8]] == [
        (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (0, 1), (1, 1),
    ]  # fmt: skip
    assert (found[-1].column, found[-1].row) == (1, 4)


def test_a_box_holds_the_visits_of_its_month() -> None:
    assert [[mark.code for mark in box.marks] for box in boxes()[:4]] == [["D0"], ["M1"], ["M2"], ["M3"]]
    assert boxes()[17].marks == ()  # August 2027: between Month 16 and Month 18


def test_two_visits_of_one_month_stand_in_the_order_of_their_days() -> None:
    plan = a_plan(randomized=date(2026, 3, 31), site=a_site())  # M2: Sunday 31 May moves to Monday 1 June

    found = month_boxes(tuple(reversed(plan.participant.visits)), columns=6, rows=8)

    june = next(box for box in found if box.first == date(2026, 6, 1))
    assert [(mark.code, mark.day) for mark in june.marks] == [("M2", date(2026, 6, 1)), ("M3", date(2026, 6, 30))]


def test_a_visit_without_a_day_is_left_out() -> None:
    plan = a_plan(site=a_site(closures=[NO_LATER_DAY_0, closed(date(2026, 5, 30), date(2026, 6, 9))]))

    codes = {mark.code for box in month_boxes(plan.participant.visits, columns=6, rows=8) for mark in box.marks}

    assert len(codes) == 22
    assert "M3" not in codes


def test_no_visits_make_no_boxes() -> None:
    assert month_boxes((), columns=6, rows=8) == ()
