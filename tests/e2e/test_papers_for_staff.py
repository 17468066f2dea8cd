"""The staff's papers as the command writes them, and what odd input makes of them."""

import re
from pathlib import Path

import pytest
from builders import OTHER_TRIAL, PROTOCOL_FILE, SITE_FILE, dayzero, edited, needs_pdf, plan
from pypdf import PdfReader

OTHER = ("--randomized", "2026-03-02", "--as-of", "2026-03-02", "--protocol")


def sections(page: Path) -> list[str]:
    return re.findall(r'<section id="page-([^"]+)"', page.read_text("utf-8"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@needs_pdf
def test_one_visit_has_its_own_papers(tmp_path: Path) -> None:
    done = plan("--site", "gainesville", "--visit", "m7", "--staff-lang", "es", "--paper", "a4", cwd=tmp_path)

    here = tmp_path / "P-001"
    assert done.code == 0
    assert names(here) == ["packet-M7.html", "packet-M7.pdf", "worksheets-M7.html", "worksheets-M7.pdf"]
    assert sections(here / "worksheets-M7.html") == ["M7-W", "M7-A"]
    assert "hoja del evaluador" in (here / "worksheets-M7.html").read_text("utf-8")
    assert round(PdfReader(here / "worksheets-M7.pdf").pages[0].mediabox.height) == 842


def test_the_pharmacist_gets_sheets_and_slips_on_the_paper_asked_for(tmp_path: Path) -> None:
    done = plan("--only", "json", "--paper", "a4", "--large-print", "--cohort", "1", "--pharmacy-out", "pharmacy",
                "--out", "out", cwd=tmp_path)  # fmt: skip

    folder = tmp_path / "pharmacy" / "P-001"
    assert done.code == 0
    assert {"handover.html", "pharmacy.ics", "preparation.html"} <= set(names(folder))
    assert sections(folder / "preparation.html") == ["PH-0", "D0-PH", "M3-PH", "M6-PH", "M7-PH", "M10-PH", "M13-PH"]
    assert sections(folder / "handover.html") == ["D0-HO", "M3-HO", "M6-HO", "M7-HO", "M10-HO", "M13-HO"]
    for name in ("preparation.html", "handover.html"):
        page = (folder / name).read_text("utf-8")
        assert "size: a4" in page
        assert "18pt" not in page
        assert (folder / name).stat().st_mode & 0o077 == 0


def test_a_trial_without_infusions_has_no_slip(tmp_path: Path) -> None:
    edited(
        OTHER_TRIAL, tmp_path,
        ('kind = "infusion"\nat_least', 'kind = "clinic"\nat_least'),
        ('kind = "infusion"\nanchor = "rand', 'kind = "clinic"\nanchor = "rand'),
        ('kind = "infusion"\nanchor = "W0"', 'kind = "clinic"\nanchor = "W0"'),
        ("infusions = 2", "infusions = 0"),
        ('products = { W0 = "active", W4 = "active" }', "products = {}"),
        ('products = { W0 = "dummy", W4 = "dummy" }', "products = {}"),
    )  # fmt: skip

    done = dayzero("plan", "T-9", *OTHER, "edited.toml", "--only", "html", "--cohort", "A", "--pharmacy-out", "ph",
                   "--out", "out",
                   cwd=tmp_path)  # fmt: skip

    assert (done.code, "Traceback" in done.err) == (0, False)
    assert sections(tmp_path / "ph" / "T-9" / "preparation.html") == ["PH-0"]
    assert not [name for name in names(tmp_path / "ph" / "T-9") if name.startswith("handover")]
    sheets = tmp_path / "out" / "T-9" / "worksheets.html"
    assert sections(sheets) == ["W0-W", "W4-W", "W8-W", "W12-W"]
    assert "attendance is not a dose" not in sheets.read_text("utf-8")


@needs_pdf
@pytest.mark.parametrize("lang", ["en", "es"])
def test_long_names_are_wrapped_and_keep_their_pages(tmp_path: Path, lang: str) -> None:
    name = "Clinic of a very long name " * 8
    edited(SITE_FILE, tmp_path, ('name = "Malcom', f'name = "{name}Malcom'))
    site = tmp_path / "edited.toml"
    site.rename(tmp_path / "site.toml")
    words = "words " * 30
    edited(PROTOCOL_FILE, tmp_path, ('en = "Vital signs", es = "', f'en = "Vital {words}", es = "{words}'))

    done = plan("--site", "site.toml", "--protocol", "edited.toml", "--only", "html,pdf", "--staff-lang", lang,
                "--out", "out", "--cohort", "1", "--pharmacy-out", "ph", cwd=tmp_path)  # fmt: skip

    assert (done.code, "Traceback" in done.err) == (0, False)
    found = PdfReader(tmp_path / "out" / "P-001" / "worksheets.pdf")
    text = " ".join(" ".join(page.extract_text() for page in found.pages).split())
    assert f"{words.strip()}" in text
    assert len(found.pages) < 60
    assert "Malcom Randall" in PdfReader(tmp_path / "ph" / "P-001" / "handover.pdf").pages[0].extract_text()


def test_the_site_s_own_template_of_a_worksheet_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "own" / "packet"
    own.mkdir(parents=True)
    (own / "worksheet_end.html").write_text('<p>{{ both(en="Send a copy to us.", es="Envíenos una copia.") }}</p>')

    done = plan("--only", "html", "--templates", "own", "--staff-lang", "es", cwd=tmp_path)

    page = (tmp_path / "P-001" / "worksheets.html").read_text("utf-8")
    assert done.code == 0
    assert page.count("Envíenos una copia.") == len(sections(tmp_path / "P-001" / "worksheets.html"))
    assert "Llenado por" not in page
