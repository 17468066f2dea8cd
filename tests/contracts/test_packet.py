"""The packet as PDF: one page for each section, the right language, nothing fetched, the same bytes."""

from datetime import UTC, date, datetime
from functools import lru_cache
from io import BytesIO

import pytest
from builders import example_site, needs_pdf, registered_protocol
from pypdf import PdfReader

from schedule.desk.plan import Plan, Request, make_plan
from schedule.errors import InvalidInput
from schedule.render.language import language
from schedule.render.packet import packet_html
from schedule.render.pdf import write_pdf
from schedule.unblinded.commands import render_sheets
from schedule.views import ParticipantId

pytestmark = needs_pdf


@lru_cache(maxsize=8)
def plan(*, booked: bool, steroids: bool = True) -> Plan:
    request = Request(
        participant=ParticipantId("P-001"),
        randomized=date(2026, 3, 2),
        steroids=steroids,
        as_of=datetime(2026, 3, 2, 5, tzinfo=UTC),
        booked=booked,
    )
    return make_plan(request, registered_protocol(), example_site("gainesville"))


@lru_cache(maxsize=8)
def packet(lang: str, *, booked: bool = True, steroids: bool = True) -> PdfReader:
    page = packet_html(plan(booked=booked, steroids=steroids).participant, language(lang))
    return PdfReader(BytesIO(write_pdf(page)))


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("booked", [True, False])
def test_every_section_is_one_page(lang: str, booked: bool) -> None:
    found = packet(lang, booked=booked)

    codes = [
        "C-1",
        "S-1",
        "S-2",
        *(f"{visit.code}-1" for visit in plan(booked=booked).participant.visits),
        "T-1",
        "W-1",
    ]
    assert len(found.pages) == len(codes) == 28
    for page, code in zip(found.pages, codes, strict=True):
        assert f"{ {'en': 'Page', 'es': 'Página'}[lang] } {code}" in page.extract_text()


def test_there_is_no_taper_log_for_those_not_on_steroids() -> None:
    found = packet("en", steroids=False)

    assert len(found.pages) == 27
    assert "T-1" not in "".join(page.extract_text() for page in found.pages)


@pytest.mark.parametrize(("lang", "tag", "sample"), [("en", "en-US", "SAMPLE"), ("es", "es-US", "MUESTRA")])
def test_language_title_and_sample_are_said(lang: str, tag: str, sample: str) -> None:
    found = packet(lang)

    assert str(found.root_object["/Lang"]) == tag
    assert found.metadata is not None
    assert "P-001" in str(found.metadata.title)
    assert all(sample in page.extract_text() for page in found.pages)


def test_only_the_bundled_fonts_are_used_and_they_are_embedded() -> None:
    fonts = set()
    for page in packet("es").pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            fonts.add(str(font.get_object()["/BaseFont"]).split("+")[-1])

    assert fonts == {"Atkinson-Hyperlegible", "Atkinson-Hyperlegible-Bold"}


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_taper_has_no_date_before_infusion_2_is_given(lang: str) -> None:
    text = packet_html(plan(booked=True).participant, language(lang))

    assert "June 16" not in text
    assert "16 de junio" not in text
    assert {"en": "Do not change your steroid dose until we call you.", "es": "No cambie su dosis"}[lang] in text


def test_the_same_html_makes_the_same_bytes() -> None:
    page = packet_html(plan(booked=True).participant, language("en"))

    assert write_pdf(page) == write_pdf(page)


def test_a_page_can_load_nothing() -> None:
    with pytest.raises(InvalidInput, match="may not load"):
        write_pdf('<html lang="en"><title>x</title><img src="file:///etc/passwd" alt="x"></html>')


@pytest.mark.parametrize(("cohort", "first", "fourth"), [("1", "ULSC", "Placebo"), ("2", "Placebo", "ULSC")])
def test_the_pharmacist_reads_the_product_of_each_infusion(cohort: str, first: str, fourth: str) -> None:
    files, missing = render_sheets(plan(booked=True), registered_protocol(), cohort, lang="en")

    pages = [page.extract_text() for page in PdfReader(BytesIO(files["preparation.pdf"])).pages]
    assert not missing
    assert len(pages) == 7
    assert all("UNBLINDED" in page for page in pages)
    assert all(first in page for page in pages[1:4])
    assert all(fourth in page for page in pages[4:7])
