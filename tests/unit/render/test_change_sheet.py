"""The change sheet: a row for each fact and each contact that changed, in the words of a packet."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from builders import a_plan, a_site, closed, example_site, kept, registered_protocol, with_visit

from schedule.planning.changes import Comparison, KeptSchedule, compare
from schedule.render.change_sheet import changes_html, sheet_rows
from schedule.render.editions import page_editions
from schedule.render.language import language
from schedule.study.protocol import Kind, Window

SITE = example_site("gainesville")


def whole(**changes: Any) -> KeptSchedule:
    plan = a_plan(**{"site": SITE, **changes})
    return kept(plan, pages=page_editions(plan.participant))


def rows(comparison: Comparison, lang: str = "en") -> list[tuple[str, str, str, str]]:
    return [(row.about, row.change, row.old, row.new) for row in sheet_rows(comparison, language(lang))]


def test_a_visit_that_moved_says_both_days_and_not_its_window() -> None:
    given = whole(infusion2_given=date(2026, 6, 3), as_of=datetime(2026, 6, 3, 5, tzinfo=UTC))

    assert rows(compare(whole(), given)) == [
        ("M3", "moved", "Tue, Jun 2, 2026", "Wed, Jun 3, 2026"),
        ("M4", "earliest and latest day", "Jun 25 to Jul 9, 2026", "Jun 26 to Jul 10, 2026"),
        ("M5", "earliest and latest day", "Jul 30 to Aug 9, 2026", "Jul 31 to Aug 10, 2026"),
    ]


def test_booking_says_the_time() -> None:
    found = rows(compare(whole(), whole(booked=True)))

    assert len(found) == 23
    assert found[0] == ("D0", "time changed", "Mon, Mar 2, 2026, no time", "Mon, Mar 2, 2026, 8:00\u00a0AM")


def test_facts_come_first() -> None:
    day0 = rows(compare(whole(), whole(day0=date(2026, 3, 4), as_of=datetime(2026, 3, 4, 5, tzinfo=UTC))), "es")

    assert day0[0] == ("Día 0", "cambió", "lun, 2 mar 2026", "mié, 4 mar 2026")
    assert day0[1] == ("D0", "cambió de día", "lun, 2 mar 2026", "mié, 4 mar 2026")


def test_a_visit_that_lost_its_day_or_got_one() -> None:
    shut = whole(site=replace(SITE, closures=(closed(date(2026, 3, 20), date(2026, 4, 30), Kind.CLINIC),)))

    assert ("M1", "no day fits it any more", "Thu, Apr 2, 2026", "we will call you") in rows(compare(whole(), shut))
    assert ("M1", "has a day now", "we will call you", "Thu, Apr 2, 2026") in rows(compare(shut, whole()))


def test_a_visit_that_came_or_went_and_one_of_another_kind() -> None:
    protocol = with_visit(registered_protocol(), "M24", kind=Kind.CLINIC)
    fewer = replace(protocol, visits=tuple(one for one in protocol.visits if one.code != "M25"))

    found = rows(compare(whole(), whole(protocol=fewer)))

    assert ("M25", "no longer planned", "Mon, Apr 3, 2028", "-") in found
    assert ("M24", "kind changed", "Phone or video", "Clinic") in found
    assert ("M25", "added", "-", "Mon, Apr 3, 2028") in rows(compare(whole(protocol=fewer), whole()))


def test_a_milestone_alone_concerns_no_packet() -> None:
    was, is_now = whole(), whole()
    moved = [replace(one, planned=date(2026, 6, 18)) if one.code == "TAPER" else one for one in is_now.visits]
    comparison = compare(was, replace(is_now, visits=tuple(moved)))

    assert [one.visit.code for one in comparison.visits] == ["TAPER"]
    assert not comparison.is_same
    assert not comparison.concerns_packet


def test_where_most_pages_are_stale_those_to_keep_are_named() -> None:
    later = whole(day0=date(2026, 3, 4), as_of=datetime(2026, 3, 4, 5, tzinfo=UTC))

    page = changes_html(compare(whole(), later), language("en"))

    assert "Take out all old pages, and put in the new ones. Keep only these: <strong>M11-1, T-1, W-1</strong>" in page


def test_pages_that_came_and_went_are_named() -> None:
    was, is_now = whole(steroids=True), whole(steroids=False)

    gone = changes_html(compare(was, is_now), language("en"))
    came = changes_html(compare(is_now, was), language("en"))

    assert "Take these out. No page comes in their place: <strong>T-1</strong>" in gone
    assert "You have no old page for these: <strong>T-1</strong>" in came


def test_the_version_of_the_sheet_depends_on_what_it_says() -> None:
    given = whole(infusion2_given=date(2026, 6, 3), as_of=datetime(2026, 6, 3, 5, tzinfo=UTC))
    later = whole(infusion2_given=date(2026, 6, 4), as_of=datetime(2026, 6, 4, 5, tzinfo=UTC))

    def stamp(new: KeptSchedule, lang: str = "en") -> str:
        return changes_html(compare(whole(), new), language(lang)).split("CH-0, ")[1].split(",")[0].split()[-1]

    assert stamp(given) == stamp(given, "es") != stamp(later)


def test_a_window_over_a_new_year_has_both_years() -> None:
    wide = with_visit(registered_protocol(), "M10", window=Window(before=3, after=9))

    (row,) = rows(compare(whole(), whole(protocol=wide)))

    assert row == ("M10", "earliest and latest day", "Dec 30, 2026 to Jan 9, 2027", "Dec 30, 2026 to Jan 11, 2027")


@pytest.mark.parametrize("lang", ["en", "es"])
def test_times_in_another_zone_are_times_of_the_clinic(lang: str) -> None:
    east, west = (
        whole(site=a_site(time_zone=zone), booked=True) for zone in ("America/New_York", "America/Los_Angeles")
    )

    found = rows(compare(east, west), lang)

    assert len(found) == 23
    assert all(row[2].endswith(" America/New_York") and row[3].endswith(" America/Los_Angeles") for row in found)
