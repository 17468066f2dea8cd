"""The staff's papers as PDF: how many sheets each takes, and what masked people may read in them."""

import re
from dataclasses import replace
from functools import lru_cache
from io import BytesIO

import pytest
from builders import a_plan, example_site, needs_pdf, registered_protocol
from pages import html, pdf, shown_sections
from pypdf import PdfReader

from schedule.render.language import language
from schedule.render.pages import Paper, Style
from schedule.render.pdf import write_pdf
from schedule.render.worksheets import worksheet_editions, worksheets_html
from schedule.study.protocol import Text, VisitCode
from schedule.unblinded.sheets_folder import render_sheets

pytestmark = needs_pdf

PAPERS = {"letter": Style(), "A4": Style(paper=Paper.A4), "large print": Style(large=True)}
CODE = re.compile(r"(?:page|página) ([A-Z0-9]+-(?:[A-Z]+|0)), ")


@lru_cache(maxsize=16)
def worksheets(lang: str, paper: str, *, booked: bool) -> PdfReader:
    plan = a_plan(site=example_site("gainesville"), booked=booked)
    return PdfReader(BytesIO(write_pdf(worksheets_html(plan.staff, language(lang), PAPERS[paper]))))


def codes(found: PdfReader) -> list[str]:
    """Return the page code in the footer of each sheet."""
    stamps = [CODE.search(page.extract_text()) for page in found.pages]
    return [stamp[1] if stamp else "no code" for stamp in stamps]


SHEETS = [
    "D0-W", "D0-W", "D0-A", "M1-W", "M1-A", "M2-W", "M3-W", "TAPER-W", "M4-W", "M4-A", "M5-W", "M6-W", "M7-W", "M7-W",
    "M7-A", "M8-W", "M8-A", "M9-W", "M10-W", "M11-W", "M11-A", "M12-W", "M13-W", "M14-W", "M14-A", "M15-W", "M16-W",
    "M16-A", "M18-W", "M19-W", "M19-A", "M21-W", "M22-W", "M22-A", "M24-W", "M25-W", "M25-A",
]  # fmt: skip
"""The two visits with the whole list and an infusion take two sheets, every other page one."""


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("booked", [True, False])
def test_every_worksheet_is_one_sheet_and_the_longest_are_two(lang: str, paper: str, *, booked: bool) -> None:
    assert codes(worksheets(lang, paper, booked=booked)) == SHEETS


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize(("checks", "sheets"), [(1, [2, 1, 2, 1, 1, 2, 1]), (3, [2, 1, 2, 1, 1, 2, 1]),
                                                (9, [2, 1, 2, 1, 2, 2, 1])])  # fmt: skip
def test_the_site_s_own_items_leave_no_sheet_nearly_empty(lang: str, checks: int, sheets: list[int]) -> None:
    items = tuple(
        Text(en=f"Item {number} of our clinic", es=f"Punto {number} de la clínica") for number in range(checks)
    )
    plan = a_plan(site=replace(example_site("gainesville"), checks=items))
    found = codes(PdfReader(BytesIO(write_pdf(worksheets_html(plan.staff, language(lang))))))

    assert [found.count(code) for code in ("D0-W", "D0-A", "M1-W", "M1-A", "M2-W", "M3-W", "TAPER-W")] == sheets


def test_every_worksheet_says_whose_it_is_and_how_old() -> None:
    found = worksheets("en", "letter", booked=True)
    editions = worksheet_editions(a_plan(site=example_site("gainesville"), booked=True).staff)

    for number, (sheet, code) in enumerate(zip(found.pages, codes(found), strict=True), 1):
        text = " ".join(sheet.extract_text().split())
        assert "participant P-001" in text
        assert f"page {code}, schedule {editions[code]}, valid as of Mar 2, 2026, protocol 2026-02-03.1" in text
        assert f"page {number} of {len(found.pages)}" in text


def test_large_print_leaves_the_worksheets_as_they_are() -> None:
    staff = a_plan(site=example_site("gainesville")).staff

    assert worksheets_html(staff, language("en"), PAPERS["large print"]) == worksheets_html(staff, language("en"))


@pytest.mark.parametrize("name", ["lookback-en", "lookback-es", "changes-en", "changes-es", "changes-en-all",
                                  "changes-es-all"])  # fmt: skip
def test_it_is_one_page(name: str) -> None:
    (page,) = PdfReader(BytesIO(pdf(name))).pages

    assert CODE.search(page.extract_text())


@pytest.mark.parametrize("name", ["worksheets-en", "worksheets-es"])
def test_the_assessor_s_page_holds_nothing_of_the_infusion(name: str) -> None:
    pages = {code: text.lower() for code, text in shown_sections(html(name)).items() if code.endswith("-A")}

    assert len(pages) == 11
    told = {"en": ["do not ask which infusion"], "es": ["no pregunte qué infusión"]}[name[-2:]]
    for text in pages.values():
        assert all(words in text for words in told)
        for word in ("observa", "adverse", "advers", "given:", "administrada", "volum", "product", "ulsc", "placebo",
                     "dose", "dosis", "clinic (", "clínica ("):  # fmt: skip
            assert word not in text
        assert text.count("infus") == 1


@pytest.mark.parametrize("name", ["worksheets-en", "worksheets-es", "handover-en", "handover-es"])
def test_what_masked_people_read_names_no_product(name: str) -> None:
    text = html(name).lower()

    assert not any(word in text for word in ("ulsc", "placebo", "thaw", "descongel", "unblinded", "no ciego", "cohort"))


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_slip_is_the_same_for_both_products(lang: str) -> None:
    plan = a_plan(site=example_site("gainesville"), booked=True)

    one, two = (render_sheets(plan, registered_protocol(), cohort, lang=lang)[0] for cohort in "12")

    assert one["handover.html"] == two["handover.html"]
    assert one["handover.pdf"] == two["handover.pdf"]
    assert one["preparation.html"] != two["preparation.html"]


def test_label_and_hand_over_are_the_same_on_the_sheets_of_both_products() -> None:
    """From the label on, a preparation sheet tells nothing of the product; nor does its version."""
    plan = a_plan(site=example_site("gainesville"), booked=True)
    one, two = (
        shown_sections(render_sheets(plan, registered_protocol(), cohort, lang="en")[0]["preparation.html"].decode())
        for cohort in "12"
    )

    for code in ("D0-PH", "M3-PH", "M6-PH", "M7-PH", "M10-PH", "M13-PH"):
        assert one[code] != two[code]
        assert one[code].split("Label of the masked bag")[1] == two[code].split("Label of the masked bag")[1]


@pytest.mark.parametrize(
    ("lang", "banner"), [("en", "UNBLINDED - pharmacy only"), ("es", "NO ENMASCARADO - solo farmacia")]
)
def test_every_preparation_sheet_is_one_page_and_says_unblinded_twice(lang: str, banner: str) -> None:
    files, missing = render_sheets(a_plan(site=example_site("miami")), registered_protocol(), "2", lang=lang)
    found = PdfReader(BytesIO(files["preparation.pdf"]))

    assert not missing
    assert codes(found) == ["PH-0", "D0-PH", "M3-PH", "M6-PH", "M7-PH", "M10-PH", "M13-PH"]
    assert all(page.extract_text().count(banner) == 2 for page in found.pages)
    assert codes(PdfReader(BytesIO(files["handover.pdf"]))) == [
        "D0-HO", "M3-HO", "M6-HO", "M7-HO", "M10-HO", "M13-HO",
    ]  # fmt: skip


def test_a_single_visit_has_its_own_sheets() -> None:
    staff = a_plan(site=example_site("gainesville")).staff

    page = worksheets_html(staff, language("en"), only=VisitCode("M4"))

    assert list(shown_sections(page)) == ["M4-W", "M4-A"]
    assert page.count("<h1") == 1
