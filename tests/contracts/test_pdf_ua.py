"""Every PDF before checkers that are not ours: page-validation for PDF/UA-1, qpdf for the syntax, poppler for order.

What those are silent about is asked here: bookmarks, headings inside headings, header cells, the order of reading.
Each checker is shown faults that were planted in a PDF which it passes without them.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from functools import lru_cache
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import page as page_validation
import pytest
from builders import needs_pdf, needs_program
from pages import PAGES, PDFS, html, parsed, pdf
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject

from schedule.render.pdf import write_pdf

needs_qpdf = needs_program("qpdf", "qpdf")
needs_poppler = needs_program("pdfinfo", "poppler-utils")
pytestmark = needs_pdf

HEADINGS = {"H1", "H2", "H3", "H4", "H5", "H6"}
LARGE_HEADINGS = {"H1", "H2"}


def broken_rules(data: bytes) -> list[str]:
    """Ask page-validation: return the rules of PDF/UA-1 that the PDF breaks."""
    report = page_validation.validate_pdf_bytes(data, profile="ua1")
    return [f"{failure.rule_id}: {failure.message}" for failure in report.failures]


def broken_syntax(data: bytes, folder: Path) -> str:
    """Ask qpdf: return what is wrong with the file, or nothing."""
    file = folder / "checked.pdf"
    file.write_bytes(data)
    done = subprocess.run(["qpdf", "--check", file], capture_output=True, check=False)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).decode("utf-8", "replace")


def faults(data: bytes) -> list[str]:
    """Ask ourselves: return what a reader who listens would miss, where a standard has no rule or only a weak one."""
    reader = PdfReader(BytesIO(data))
    root = reader.root_object
    said = {
        "it is not marked as tagged": root.get("/MarkInfo", {}).get("/Marked"),
        "it has no language": root.get("/Lang"),
        "it has no title": reader.metadata and reader.metadata.title,
        "its title is not shown": root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"),
    }
    found = [fault for fault, right in said.items() if not right]
    embedded = ("/FontFile", "/FontFile2", "/FontFile3")
    found += [f"{font} is not embedded" for font in _fonts_without(reader, *embedded)]
    found += [f"{font} has no ToUnicode" for font in _fonts_without(reader, "/ToUnicode")]
    elements = list(_elements(root.get("/StructTreeRoot", {})))
    for one in elements:
        if _kind(one) == "Figure" and not one.get("/Alt"):
            found.append("a figure has no alternative text")
        if _kind(one) in HEADINGS and HEADINGS.intersection(map(_kind, _elements(one))):
            found.append("a heading lies in a heading")
    tables = [list(_elements(one)) for one in elements if _kind(one) == "Table"]
    return found + [fault for cells in tables for fault in _table_faults(cells)]


def _table_faults(cells: list[DictionaryObject]) -> Iterator[str]:
    """Yield what is wrong in a table. WeasyPrint gives header cells an ID, which data cells name, and no scope."""
    heads = [one for one in cells if _kind(one) == "TH"]
    known = {one.get("/ID") for one in heads}
    if heads and all("/Scope" in _attributes(one) for one in heads):
        return
    for cell in cells:
        named = _attributes(cell).get("/Headers", [])
        if _kind(cell) == "TD" and not (named and known.issuperset(named)):
            yield "a data cell has no header cell"


def _fonts_without(reader: PdfReader, *keys: str) -> set[str]:
    """Return the fonts in which none of these keys stands: not in themselves, a descendant or a descriptor."""
    found = set()
    for font in (font for page in reader.pages for font in _fonts(page)):
        parts = [font, *(one.get_object() for one in font.get("/DescendantFonts", ()))]
        parts += [part["/FontDescriptor"] for part in parts if "/FontDescriptor" in part]
        if not any(key in part for part in parts for key in keys):
            found.add(str(font["/BaseFont"]))
    return found


def _fonts(drawn: Any) -> Iterator[DictionaryObject]:
    """Go through the fonts of a page, or of a form that is drawn on it."""
    resources = drawn.get("/Resources", {})
    yield from (font.get_object() for font in resources.get("/Font", {}).values())
    for form in resources.get("/XObject", {}).values():
        yield from _fonts(form.get_object())


def _kind(element: DictionaryObject) -> str:
    return str(element["/S"])[1:]


def _attributes(element: DictionaryObject) -> dict[str, Any]:
    return dict(element.get("/A", {}))


def _elements(element: Any) -> Iterator[DictionaryObject]:
    """Go through the elements of the structure below this one, in the order of reading."""
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        inner = kid.get_object()
        if isinstance(inner, DictionaryObject) and "/S" in inner:
            yield inner
            yield from _elements(inner)


def bookmarks(data: bytes) -> list[str]:
    """Return the titles of all bookmarks, in their order."""

    def flat(outline: Any) -> Iterator[str]:
        for one in outline:
            if isinstance(one, list):
                yield from flat(one)
            else:
                yield one.title

    return list(flat(PdfReader(BytesIO(data)).outline))


def tagged_text(data: bytes) -> str:
    """Return the text as it is tagged, in the order in which it is read out, without white space and list marks."""
    tree = subprocess.run(["pdfinfo", "-struct-text", "-"], input=data, capture_output=True, check=True)
    text = []
    mark_at = 0
    for line in tree.stdout.decode().splitlines():
        depth = len(line) - len(line.lstrip())
        if line.strip().startswith(("Lbl", "Figure")):
            mark_at = depth
        elif mark_at and depth <= mark_at:
            mark_at = 0
        if not mark_at and line.strip().startswith('"'):
            text.append(line.strip()[1:-1])
    return without_space("".join(text))


def shown_text(page: str) -> str:
    """Return the text of a page as its HTML has it, without white space and pictures."""

    def inside(element: Element) -> Iterator[str]:
        if not str(element.tag).endswith("}svg"):
            yield element.text or ""
            for inner in element:
                yield from inside(inner)
                yield inner.tail or ""

    body = parsed(page)[0].find("body")
    assert body is not None
    return without_space("".join(inside(body)))


def without_space(text: str) -> str:
    return "".join(text.split())


def first_difference(found: str, expected: str) -> str:
    """Return where two texts part, or nothing."""
    if found == expected:
        return ""
    at = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(found, expected, strict=False)))
    return f"tagged: …{found[max(0, at - 40) : at + 40]}…, expected: …{expected[max(0, at - 40) : at + 40]}…"


def out_of_order(data: bytes, page: str) -> str:
    """Return the first text of the page that is not painted where it stands: painted order is selected order.

    The page's code floats, and what floats is painted first.
    """
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=data, capture_output=True, check=True)
    painted = without_space(done.stdout.decode())
    at = 0
    for block in parsed(page)[0].iter():
        if str(block.tag).upper() in {"P", "LI", "TH", "TD", *HEADINGS} and block.get("class") != "code":
            for text in filter(None, map(without_space, _texts(block))):
                found = painted.find(text, at)
                if found < 0:
                    return text
                at = found + len(text)
    return ""


def _texts(element: Element) -> Iterator[str]:
    yield element.text or ""
    for inner in element:
        if inner.get("class") != "code":
            yield from _texts(inner)
        yield inner.tail or ""


@pytest.mark.parametrize("name", PDFS)
def test_an_independent_checker_finds_no_rule_of_pdf_ua_broken(name: str) -> None:
    assert broken_rules(pdf(name)) == []


@needs_qpdf
@pytest.mark.parametrize("name", PDFS)
def test_the_file_s_syntax_is_sound(name: str, tmp_path: Path) -> None:
    assert broken_syntax(pdf(name), tmp_path) == ""


@pytest.mark.parametrize("name", PDFS)
def test_a_reader_who_listens_misses_nothing(name: str) -> None:
    assert faults(pdf(name)) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_section_has_a_heading_and_every_large_one_a_bookmark(name: str) -> None:
    body = parsed(html(name))[0].find("body")
    assert body is not None
    sections = [[one for one in section.iter() if str(one.tag).upper() in HEADINGS] for section in body.iter("section")]

    assert sections
    assert all(sections)
    assert [without_space(title) for title in bookmarks(pdf(name))] == [
        without_space("".join(heading.itertext()))
        for headings in sections
        for heading in headings
        if str(heading.tag).upper() in LARGE_HEADINGS
    ]


@needs_poppler
@pytest.mark.parametrize("name", PAGES)
def test_what_is_read_out_is_the_whole_page_in_its_order(name: str) -> None:
    assert first_difference(tagged_text(pdf(name)), shown_text(html(name))) == ""


@needs_poppler
@pytest.mark.parametrize("name", PAGES)
def test_text_is_selected_in_the_order_of_the_page(name: str) -> None:
    assert out_of_order(pdf(name), html(name)) == ""


SOUND = """<!doctype html><html lang="en-US"><head><title>A sound page</title></head><body>
<section><h1>First</h1><p>One.</p><ul><li>Two.</li><li>Three.</li></ul></section>
<section><h2>Second</h2>
<table><thead><tr><th scope="col">Day</th><th scope="col">Dose</th></tr></thead>
<tbody><tr><th scope="row">Monday</th><td>Four.</td></tr></tbody></table>
<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" role="img"><title>A square</title>
<rect width="9" height="9"/></svg><p>Five.</p></section></body></html>"""


@lru_cache(maxsize=1)
def sound() -> bytes:
    return write_pdf(SOUND)


def printed(old: str, new: str) -> bytes:
    """Print the sound page with a fault in its HTML."""
    assert old in SOUND
    return write_pdf(SOUND.replace(old, new))


def spoilt(spoil: Callable[[PdfWriter], object]) -> bytes:
    """Return the sound PDF with a fault in its objects."""
    writer = PdfWriter(clone_from=BytesIO(sound()))
    spoil(writer)
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def elements(writer: PdfWriter, kind: str) -> list[DictionaryObject]:
    return [one for one in _elements(writer.root_object["/StructTreeRoot"]) if _kind(one) == kind]


def untag(writer: PdfWriter) -> None:
    del writer.root_object["/MarkInfo"], writer.root_object["/StructTreeRoot"]


def hide_title(writer: PdfWriter) -> None:
    del writer.root_object["/ViewerPreferences"]


def forget_language(writer: PdfWriter) -> None:
    del writer.root_object["/Lang"]


def forget_headers(writer: PdfWriter) -> None:
    for cell in elements(writer, "TD"):
        del cell["/A"]


def forget_alternatives(writer: PdfWriter) -> None:
    for figure in elements(writer, "Figure"):
        del figure["/Alt"]


def lose_from_font(*keys: str) -> Callable[[PdfWriter], None]:
    def lose(writer: PdfWriter) -> None:
        for font in (font for page in writer.pages for font in _fonts(page)):
            below = [one.get_object() for one in font.get("/DescendantFonts", ())]
            for part in [font, *(one["/FontDescriptor"] for one in below)]:
                for key in keys:
                    part.pop(key, None)

    return lose


PLANTED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "untagged": (lambda: spoilt(untag), "TAGGED-DOCUMENT", "it is not marked as tagged"),
    "no title": (lambda: printed("<title>A sound page</title>", ""), "METADATA-TITLE", "it has no title"),
    "title not shown": (lambda: spoilt(hide_title), "VIEWER-PREFERENCES", "its title is not shown"),
    "no language": (lambda: printed(' lang="en-US"', ""), "LANGUAGE-TAG", "it has no language"),
    "language lost": (lambda: spoilt(forget_language), "TEXT-LANGUAGE", "it has no language"),
    "picture without a text": (
        lambda: printed("<title>A square</title>", ""),
        "FIGURE-ALTERNATIVE-TEXT",
        "a figure has no alternative text",
    ),
    "text of a picture lost": (
        lambda: spoilt(forget_alternatives),
        "FIGURE-ALTERNATIVE-TEXT",
        "a figure has no alternative text",
    ),
    "header cells without scope": (
        lambda: spoilt(forget_headers),
        "TABLE-HEADERS-SCOPE",
        "a data cell has no header cell",
    ),
    "font not embedded": (lambda: spoilt(lose_from_font("/FontFile2", "/FontFile3")), "FONT-EMBEDDING", "not embedded"),
    "no ToUnicode": (lambda: spoilt(lose_from_font("/ToUnicode")), "FONT-UNICODE-MAPPING", "has no ToUnicode"),
    "a level of heading skipped": (lambda: printed("h2>", "h3>"), "HEADING-NESTING", ""),
}
"""A fault, the rule by which page-validation must find it, and our own words for it where we look for it too."""


def test_the_page_in_which_faults_are_planted_is_sound(tmp_path: Path) -> None:
    untouched = spoilt(lambda writer: None)

    for data in (sound(), untouched):
        assert broken_rules(data) == []
        assert faults(data) == []
        assert bookmarks(data) == ["First", "Second"]


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str) -> None:
    make, rule, ours = PLANTED[fault]
    data = make()

    assert any(f"PDFUA1-{rule}-" in found for found in broken_rules(data)), broken_rules(data)
    assert not ours or any(ours in found for found in faults(data)), faults(data)


def test_a_heading_inside_a_heading_is_found() -> None:
    data = printed("<h2>Second", "<h2><span style='float: right'>Page 2</span>Second")

    assert faults(data) == ["a heading lies in a heading"]


def test_a_lost_bookmark_is_found() -> None:
    data = spoilt(lambda writer: writer.root_object.pop("/Outlines"))

    assert bookmarks(data) == []


@needs_poppler
def test_a_wrong_order_of_reading_is_found() -> None:
    def turn_round(writer: PdfWriter) -> None:
        for section in elements(writer, "Sect"):
            section["/K"].reverse()  # type: ignore[attr-defined]

    assert first_difference(tagged_text(sound()), shown_text(SOUND)) == ""
    assert "FirstOne." in first_difference(tagged_text(spoilt(turn_round)), shown_text(SOUND))


@needs_poppler
def test_text_left_out_of_the_tags_is_found() -> None:
    def forget_a_paragraph(writer: PdfWriter) -> None:
        elements(writer, "P")[-1]["/K"].clear()  # type: ignore[attr-defined]

    assert "Five." in first_difference(tagged_text(spoilt(forget_a_paragraph)), shown_text(SOUND))


@needs_poppler
def test_a_wrong_order_of_selecting_is_found() -> None:
    assert out_of_order(sound(), SOUND) == ""
    assert out_of_order(printed("<p>One", "<p style='position: relative'>One"), SOUND) == "Two."


@needs_qpdf
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[: len(data) * 2 // 3], "file is damaged"),
        (lambda data: re.sub(rb"startxref\n\d+", b"startxref\n17", data), "file is damaged"),
        (lambda data: re.sub(rb"stream\n.{40}", b"stream\n" + b"x" * 40, data, count=1, flags=re.DOTALL), "decoding"),
    ],
    ids=["cut short", "table of objects lost", "a stream spoilt"],
)
def test_a_damaged_file_is_found(damage: Callable[[bytes], bytes], said: str, tmp_path: Path) -> None:
    damaged = damage(sound())

    assert damaged != sound()
    assert broken_syntax(sound(), tmp_path) == ""
    assert said in broken_syntax(damaged, tmp_path)
