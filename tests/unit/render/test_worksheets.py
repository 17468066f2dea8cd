"""Worksheets: what stands on the page of each kind of visit."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from builders import a_plan, a_site, a_taper, closed, example_site, other_protocol, registered_protocol, with_visit
from pages import shown_sections

from schedule.desk.plan import Plan
from schedule.render.language import language
from schedule.render.worksheets import worksheet_editions, worksheets, worksheets_html
from schedule.study.protocol import Kind, Label, Text, VisitCode

ENGLISH = language("en")


def sheets(plan: Plan | None = None, lang: str = "en", **changes: Any) -> dict[str, str]:
    plan = plan or a_plan(site=example_site("gainesville"), **changes)
    return shown_sections(worksheets_html(plan.staff, language(lang)))


def test_a_sheet_says_the_days_and_what_is_assumed() -> None:
    page = sheets(booked=True)["M3-W"]

    assert page.startswith("Page M3-W · Month 3: Clinic (infusion) Participant number: P-001")
    assert (
        "Length: 5 h (assumed). Target: Tue 2 June 2026. Window: Sat 30 May 2026 to Tue 9 June 2026 (assumed)." in page
    )
    assert "Planned: Tue 2 June 2026, 08:00" in page
    assert "Procedures, in order (assumed) 1. Vital signs Not done, because:" in page
    assert (
        "M4, Month 4: Clinic. Planned: Thu 2 July 2026. Window: Thu 25 June 2026 to Thu 9 July 2026 (assumed)." in page
    )


def test_an_assumed_target_carries_the_word() -> None:
    assert "Target: Thu 2 April 2026 (assumed)." in sheets()["M1-W"]


def test_what_is_registered_does_not_carry_the_word() -> None:
    page = sheets(a_plan(protocol=other_protocol(), steroids=None))["W4-W"]

    assert "assumed" not in page
    assert "Site: ____" in page


def test_an_infusion_s_sheet_asks_whether_the_dose_was_given() -> None:
    pages = sheets()

    with_infusion = [code for code, page in pages.items() if "attendance is not a dose" in page]
    assert with_infusion == ["D0-W", "M3-W", "M6-W", "M7-W", "M10-W", "M13-W"]
    assert "Given: yes, all of it in part no · if not all of it, because: Start: ____" in pages["M6-W"]


def test_only_the_first_contact_asks_about_eligibility() -> None:
    assert [code for code, page in sheets().items() if "Still eligible" in page] == ["D0-W"]


def test_a_call_s_sheet_shows_nothing_of_the_clinic() -> None:
    page = sheets()["M2-W"]

    assert "Phone or video" in page.split("Next visit")[0]
    assert not any(word in page.split("Next visit")[0] for word in ("Infusion", "Vital", "Blood", "exam", "assessor"))
    assert page.count("Not done, because:") == 3


def test_the_assessor_s_page_stands_only_where_strength_is_tested() -> None:
    pages = sheets()

    tested = ["D0", "M1", "M4", "M7", "M8", "M11", "M14", "M16", "M19", "M22", "M25"]
    assert [code for code in pages if code.endswith("-A")] == [f"{code}-A" for code in tested]
    assert "on the assessor's own page, M4-A. The assessor sees no other page." in pages["M4-W"]
    assert "Muscle strength" not in pages["M3-W"]


def test_a_trial_without_an_assessor_or_steroids_has_one_page_a_visit() -> None:
    plan = a_plan(protocol=other_protocol(), steroids=None)

    assert list(sheets(plan)) == ["W0-W", "W4-W", "W8-W", "W12-W"]


def test_another_procedure_can_be_the_assessor_s() -> None:
    protocol = other_protocol()
    procedures = tuple(replace(one, assessor=one.id == "talk") for one in protocol.procedures)

    plan = a_plan(protocol=replace(protocol, procedures=procedures), steroids=None)

    assert list(sheets(plan)) == ["W0-W", "W4-W", "W8-W", "W8-A", "W12-W", "W12-A"]


def test_the_site_s_own_items_stand_on_every_visit_s_page() -> None:
    site = replace(example_site("gainesville"), checks=(Text(en="Badge given", es="Se dio la credencial"),))
    pages = sheets(a_plan(site=site), lang="es")

    with_items = [code for code, page in pages.items() if "Puntos propios del centro Se dio la credencial" in page]
    assert with_items == [code for code in pages if code.endswith("-W") and code != "TAPER-W"]
    assert "own items" not in sheets()["M3-W"]


def test_the_call_about_the_taper_asks_first_whether_the_infusion_was_given() -> None:
    page = sheets()["TAPER-W"]

    assert "Expected on Tue 16 June 2026, if the infusion is given as planned" in page
    assert "Was all of the infusion of Month 3 given? yes, on: ____" in page
    assert "If not: the taper is held. Do not call to start it; ask the study doctor." in page
    assert "Day 1 is: ____" in page
    assert page.count("mg a day, as prescribed") == 4


def test_once_the_infusion_was_given_the_call_has_its_days_and_the_doses_as_prescribed() -> None:
    plan = a_plan(
        site=example_site("gainesville"),
        infusion2_given=date(2026, 6, 2),
        as_of=a_plan().staff.as_of.replace(month=6),
        taper=a_taper((1, "7.5"), (8, "5")),
    )

    page = sheets(plan)["TAPER-W"]

    assert "Day: Tue 16 June 2026" in page
    assert "Day 1 is: Tuesday, June 16, 2026" in page
    assert "From Jun 16, 2026: 7.5 mg a day. example of day 1 From Jun 23, 2026: 5 mg a day." in page
    assert "as prescribed From day" not in page


def test_there_is_no_call_for_those_not_on_steroids() -> None:
    assert "TAPER-W" not in sheets(steroids=False)


def test_a_visit_without_a_day_says_so() -> None:
    site = a_site(closures=[closed(date(2026, 5, 1), date(2026, 6, 30), Kind.INFUSION)])

    pages = sheets(a_plan(site=site))

    assert "No day in its window fits." in pages["M3-W"]
    assert "M3, Month 3: Clinic (infusion). Planned: no day yet." in pages["M2-W"]


def test_the_last_sheet_books_no_next_visit() -> None:
    page = sheets()["M25-W"]

    assert "This is the last visit." in page
    assert "Agreed with the participant" not in page


def test_the_milestone_is_no_next_visit() -> None:
    following = {
        str(sheet.visit.code): sheet.following and sheet.following.code for sheet in worksheets(a_plan().staff)
    }

    assert (following["M3"], following["TAPER"], following["M25"]) == ("M4", "M4", None)


@pytest.mark.parametrize(("checks", "is_long"), [(0, ["D0", "M7"]), (1, ["D0", "M1", "M3"])])
def test_a_long_sheet_breaks_after_its_procedures(checks: int, is_long: list[str]) -> None:
    site = replace(example_site("gainesville"), checks=(Text(en="x", es="x"),) * checks)
    long = [sheet.visit.code for sheet in worksheets(a_plan(site=site).staff) if sheet.is_long]

    assert [code for code in long if code in {"D0", "M1", "M2", "M3"} or not checks] == is_long


@pytest.mark.parametrize(("checks", "roomy", "long"), [(0, True, True), (1, False, True), (3, False, True),
                                                      (4, False, False)])  # fmt: skip
def test_a_sheet_with_more_and_more_items_first_stands_closer_and_then_runs_on(
    checks: int, *, roomy: bool, long: bool
) -> None:
    site = replace(example_site("gainesville"), checks=(Text(en="x", es="x"),) * checks)
    day0 = worksheets(a_plan(site=site).staff)[0]

    assert (day0.is_roomy, day0.is_long) == (roomy, long)


def test_markup_in_a_name_is_shown_as_text() -> None:
    protocol = with_visit(registered_protocol(), "M3", name=Text(en="<b>Month</b> 3", es="<b>Mes</b> 3"))
    site = replace(example_site("gainesville"), name=Label("<script>alert(1)</script>"))

    page = worksheets_html(a_plan(site=site, protocol=protocol).staff, ENGLISH)

    assert "<script" not in page
    assert "&lt;b&gt;Month&lt;/b&gt; 3" in page


def test_a_page_s_version_changes_with_what_it_shows_and_with_nothing_else() -> None:
    was = worksheet_editions(a_plan(site=example_site("gainesville")).staff)
    booked = worksheet_editions(a_plan(site=example_site("gainesville"), booked=True).staff)
    later = worksheet_editions(
        a_plan(site=example_site("gainesville"), as_of=a_plan().staff.as_of.replace(day=9)).staff
    )
    given = worksheet_editions(
        a_plan(
            site=example_site("gainesville"),
            infusion2_given=date(2026, 6, 3),
            as_of=a_plan().staff.as_of.replace(month=6, day=9),
        ).staff
    )

    assert was == later
    assert [code for code in was if was[code] == booked[code]] == ["TAPER-W"]
    assert [code for code in was if was[code] != given[code]] == ["M2-W", "M3-W", "TAPER-W", "M4-W", "M5-W"]


def test_no_page_of_a_packet_has_a_worksheet_s_code() -> None:
    from schedule.render.editions import page_editions  # noqa: PLC0415 - read here alone

    plan = a_plan(site=example_site("gainesville")).with_link("https://example.org/x.ics")

    assert not set(page_editions(plan.participant)) & set(worksheet_editions(plan.staff))


def test_a_code_with_a_hyphen_collides_with_nothing() -> None:
    protocol = registered_protocol()
    steps = [replace(one, code=VisitCode("M1-W")) if one.code == "M1" else one for one in protocol.visits]

    editions = worksheet_editions(a_plan(protocol=replace(protocol, visits=tuple(steps))).staff)

    assert {"M1-W-W", "M1-W-A", "D0-W"} <= set(editions)
    assert len(editions) == 35
