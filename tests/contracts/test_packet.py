"""The packet as PDF: one page for each section, the right language, nothing fetched, the same bytes."""

import re
import subprocess
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from builders import a_taper, example_site, needs_pdf, needs_program, registered_protocol
from PIL import Image
from pypdf import PdfReader

from schedule.desk.plan import Plan, Request, make_plan
from schedule.errors import InvalidInput
from schedule.participant.state import ParticipantId
from schedule.render.editions import next_visits, page_editions
from schedule.render.language import language
from schedule.render.packet import packet_html
from schedule.render.pages import Paper, Style
from schedule.render.pdf import write_pdf
from schedule.study.protocol import Kind, Text
from schedule.unblinded.sheets_folder import render_sheets

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
    return make_plan(request, registered_protocol(), example_site("gainesville")).with_link(LINK)


LINK = "https://calendars.example.org/f/dz_an-example-of-a-secret-name-of-a-feed-43.ics"
STYLES = {"normal": Style(), "A4": Style(paper=Paper.A4), "large": Style(large=True),
          "large A4": Style(paper=Paper.A4, large=True)}  # fmt: skip


@lru_cache(maxsize=16)
def packet(lang: str, style: str = "normal", *, booked: bool = True, steroids: bool = True) -> PdfReader:
    page = packet_html(plan(booked=booked, steroids=steroids).participant, language(lang), STYLES[style])
    return PdfReader(BytesIO(write_pdf(page)))


def codes_of_sheets(found: PdfReader) -> list[str]:
    """Return the page code in the footer of each sheet."""
    stamps = [re.search(r"(?:page|página) ([A-Z0-9]+-[0-9]), ", page.extract_text()) for page in found.pages]
    return [stamp[1] if stamp else "no code" for stamp in stamps]


def codes_of_sections(*, booked: bool = True) -> list[str]:
    visits = [f"{visit.code}-1" for visit in plan(booked=booked).participant.visits]
    return ["C-1", "F-1", "S-1", "S-2", *visits, "T-1", "H-1", "L-1", "W-1"]


@pytest.mark.parametrize("style", ["normal", "A4"])
@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("booked", [True, False])
def test_every_section_is_one_sheet(lang: str, booked: bool, style: str) -> None:
    found = packet(lang, style, booked=booked)

    assert codes_of_sheets(found) == codes_of_sections(booked=booked)
    assert len(found.pages) == 31


@pytest.mark.parametrize("style", ["large", "large A4"])
@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("booked", [True, False])
def test_large_print_has_the_same_sections_in_the_same_order(lang: str, booked: bool, style: str) -> None:
    sheets = codes_of_sheets(packet(lang, style, booked=booked))

    assert list(dict.fromkeys(sheets)) == codes_of_sections(booked=booked)
    assert {code: sheets.count(code) for code in ("C-1", "F-1", "S-2", "M3-1", "M25-1", "T-1", "H-1", "W-1")} == {
        "C-1": 2, "F-1": 1, "S-2": 2, "M3-1": 2, "M25-1": 2, "T-1": 2, "H-1": 2, "W-1": 1,
    }  # fmt: skip


@pytest.mark.parametrize("style", [*STYLES])
def test_every_sheet_says_whose_it_is_and_how_old(style: str) -> None:
    found = packet("en", style)
    editions = page_editions(plan(booked=True).participant)

    for number, (sheet, code) in enumerate(zip(found.pages, codes_of_sheets(found), strict=True), 1):
        text = " ".join(sheet.extract_text().split())
        assert "participant P-001" in text
        assert f"page {code}, schedule {editions[code]}, valid as of Mar 2, 2026, protocol 2026-02-03.1" in text
        assert f"page {number} of {len(found.pages)}" in text


@pytest.mark.parametrize(("style", "width", "height"), [("normal", 612, 792), ("large A4", 595, 842)])
def test_the_paper_is_the_one_asked_for(style: str, width: int, height: int) -> None:
    box = packet("en", style).pages[0].mediabox

    assert (round(box.width), round(box.height)) == (width, height)


def test_large_print_is_large() -> None:
    sizes: set[float] = set()

    def note(text: str, page: list[float], matrix: list[float], _: object, size: float) -> None:
        if text.strip():
            sizes.add(round(abs(page[3] * matrix[3]) * size, 1))

    for sheet in packet("en", "large").pages[9:12]:
        sheet.extract_text(visitor_text=note)

    assert min(sizes) == 18


def test_there_is_no_taper_log_for_those_not_on_steroids() -> None:
    found = packet("en", steroids=False)

    assert len(found.pages) == 30
    assert "T-1" not in "".join(page.extract_text() for page in found.pages)
    assert "steroid" not in "".join(page.extract_text() for page in found.pages)


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


def with_site(**changes: Any) -> str:
    request = Request(
        participant=ParticipantId("P-001"),
        randomized=date(2026, 3, 2),
        steroids=True,
        as_of=datetime(2026, 3, 2, 5, tzinfo=UTC),
    )
    site = replace(example_site("gainesville"), **changes)
    return packet_html(make_plan(request, registered_protocol(), site).participant, language("en"))


def test_a_character_that_no_bundled_font_has_is_named_with_the_words_around_it() -> None:
    page = with_site(city="Gainesville 東京, ★ Florida")

    with pytest.raises(InvalidInput) as told:
        write_pdf(page)

    assert {problem.wrong.split(",")[0] for problem in told.value.problems} == {
        "no bundled font has ★ (U+2605)",
        "no bundled font has 京 (U+4EAC)",
        "no bundled font has 東 (U+6771)",
    }
    assert all("Gainesville 東京, ★ Florida"[12:18] in problem.wrong for problem in told.value.problems)
    assert "leave pdf out with --only" in told.value.problems[0].remedy


@needs_pdf
def test_pages_go_to_the_engine_without_ids_so_that_they_share_their_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    import weasyprint  # noqa: PLC0415 - not where its libraries are missing

    engine, seen = weasyprint.HTML, []

    def note(**given: Any) -> Any:
        seen.append(given["string"])
        return engine(**given)

    monkeypatch.setattr(weasyprint, "HTML", note)

    write_pdf('<html lang="en"><title>x</title><main><section id="page-A"><h1>x</h1></section></main></html>')

    assert seen == ['<html lang="en"><title>x</title><section><h1>x</h1></section></html>']


@needs_pdf
def test_what_is_recorded_is_printed_whatever_characters_are_in_it() -> None:
    page = '<html lang="en"><title>x</title><h1>x</h1><p>holidays \U0001f600, \u6771</p></html>'

    found = PdfReader(BytesIO(write_pdf(page, spell_out=True)))

    assert "holidays [U+1F600], [U+6771]" in found.pages[0].extract_text()


def test_a_long_name_on_the_wallet_card_is_wrapped_and_not_cut() -> None:
    name = "Dr. " + "Wolfeschlegelsteinhausenbergerdorff" * 4
    contact = replace(example_site("gainesville").contact, investigator=name)

    found = PdfReader(BytesIO(write_pdf(with_site(contact=contact))))

    assert name.replace(" ", "") in "".join(found.pages[-1].extract_text().split())
    assert len(found.pages) == 30


def test_the_site_s_logo_stands_on_the_cover_with_the_site_s_name() -> None:
    data = BytesIO()
    Image.new("RGB", (40, 20), "teal").save(data, "PNG")
    page = with_site(logo=f"data:image/png;base64,{b64encode(data.getvalue()).decode()}")

    found = PdfReader(BytesIO(write_pdf(page)))

    assert [picture.image.size for picture in found.pages[0].images if picture.image] == [(40, 20)]
    assert 'alt="Malcom Randall North Florida/South Georgia VA Medical Center"' in page


def test_the_site_s_approved_texts_replace_the_protocol_s_and_markup_is_only_text() -> None:
    page = with_site(preparation={Kind.CLINIC: (Text(en="Eat <b>nothing</b> & rest.", es="Nada."),)})

    assert page.count("Eat &lt;b&gt;nothing&lt;/b&gt; &amp; rest.") == 9
    assert page.count("Bring your medicines list and this packet.") == 6


def test_birth_control_lasts_three_months_beyond_the_last_visit() -> None:
    page = packet_html(plan(booked=True).participant, language("en"))

    assert "Until Monday, July 3, 2028 at least, if your last visit is on Monday, April 3, 2028." in page.replace(
        "\u00a0", " "
    )


def test_the_fridge_page_has_the_next_three_visits() -> None:
    request = Request(
        participant=ParticipantId("P-001"),
        randomized=date(2026, 3, 2),
        steroids=True,
        as_of=datetime(2026, 6, 2, 16, tzinfo=UTC),
    )
    made = make_plan(request, registered_protocol(), example_site("gainesville"))

    assert [visit.code for visit in next_visits(made.participant)] == ["M3", "M4", "M5"]


@needs_program("pdftoppm", "poppler-utils")
@pytest.mark.parametrize("style", ["normal", "large"])
def test_a_camera_reads_the_link_from_the_code(style: str, tmp_path: Path) -> None:
    page = packet_html(plan(booked=True).participant, language("en"), STYLES[style])
    (tmp_path / "packet.pdf").write_bytes(write_pdf(page))
    number = str(codes_of_sheets(packet("en", style)).index("L-1") + 1)
    subprocess.run(
        ["pdftoppm", "-r", "100", "-f", number, "-l", number, "-png", "packet.pdf", "page"], cwd=tmp_path, check=True
    )

    (code,) = zxingcpp.read_barcodes(Image.open(next(tmp_path.glob("page*.png"))))

    side = (code.position.top_right.x - code.position.top_left.x) / 100 * 25.4
    assert code.text == LINK
    assert 30 <= side <= 45
    assert re.search(r'class="qr"><svg viewBox="0 0 (\d+) \1".*? d="M4 4\.5h7', page)


@pytest.mark.parametrize("lang", ["en", "es"])
def test_prescribed_doses_have_dates_only_once_infusion_2_was_given(lang: str) -> None:
    request = Request(
        participant=ParticipantId("P-001"),
        randomized=date(2026, 3, 2),
        steroids=True,
        as_of=datetime(2026, 6, 4, 12, tzinfo=UTC),
        taper=a_taper((1, "7.50"), (8, "5")),
    )
    relative = make_plan(request, registered_protocol(), example_site("gainesville"))
    dated = make_plan(
        replace(request, infusion2_given=date(2026, 6, 3)), registered_protocol(), example_site("gainesville")
    )

    waiting, known = (packet_html(one.participant, language(lang)) for one in (relative, dated))

    day_1 = {
        "en": "When we call you, we tell you which day is day 1.",
        "es": "Cuando le llamemos, le diremos qué día es el día 1.",
    }[lang]
    start = {
        "en": "Wednesday, June\u00a017,\u00a02026", "es": "miércoles, 17\u00a0de\u00a0junio\u00a0de\u00a02026",
    }[lang]  # fmt: skip
    assert (day_1 in waiting, start in waiting) == (True, False)
    assert (day_1 in known, start in known) == (False, True)
    assert "7.5 mg" in waiting
    assert "7.5 mg" in known


def tapering(*steps: tuple[int, str]) -> Plan:
    request = Request(
        participant=ParticipantId("P-001"),
        randomized=date(2026, 3, 2),
        steroids=True,
        as_of=datetime(2026, 3, 2, 5, tzinfo=UTC),
        taper=a_taper(*steps),
    )
    return make_plan(request, registered_protocol(), example_site("gainesville"))


@pytest.mark.parametrize(
    ("last_dose", "said", "unsaid"),
    [("5", "do not stop your steroids. Call us before its last day.", "how to go on"),
     ("0", "Call us before the last day of this table. We will tell you how to go on.", "When this table ends")],
)  # fmt: skip
def test_the_log_s_last_words_agree_with_a_plan_that_ends_at_nothing(last_dose: str, said: str, unsaid: str) -> None:
    page = packet_html(tapering((1, "7.5"), (8, last_dose)).participant, language("en"))

    assert (said in page, unsaid in page) == (True, False)


@pytest.mark.parametrize("steps", [8, 12, 20])
def test_no_sheet_of_a_prescribed_taper_is_left_nearly_empty(steps: int) -> None:
    doses = [(1 + 7 * step, str(steps - step)) for step in range(steps)]
    page = packet_html(tapering(*doses).participant, language("es"), STYLES["large"])
    found = PdfReader(BytesIO(write_pdf(page)))

    sheets = [
        sheet.extract_text().splitlines()
        for sheet, code in zip(found.pages, codes_of_sheets(found), strict=True)
        if code == "T-1"
    ]

    assert min(len(lines) for lines in sheets) > 8
    assert [line for lines in sheets for line in lines if line.strip().isdigit()] == []  # a week's days in one line


def test_the_cover_sends_nobody_to_the_clinic_for_a_call() -> None:
    request = Request(
        participant=ParticipantId("P-001"),
        randomized=date(2026, 3, 2),
        steroids=True,
        as_of=datetime(2026, 4, 10, 5, tzinfo=UTC),
        booked=True,
    )
    made = make_plan(request, registered_protocol(), example_site("gainesville"))

    cover = packet_html(made.participant, language("en")).split("</section>")[0]

    assert "<p>10:00\u00a0AM · By phone or video: we call you. You do not travel.</p>" in cover
    assert "AM at " not in cover
