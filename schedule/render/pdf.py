"""HTML into PDF by WeasyPrint, with the fonts of a package and without the network or the file system."""

import atexit
import gc
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schedule.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

FONT_FAMILY = "Atkinson Hyperlegible"
_FONT_SCHEME = "dayzero-font"
_FACES = (
    ("Regular", 400, "normal"),
    ("Bold", 700, "normal"),
    ("Italic", 400, "italic"),
    ("BoldItalic", 700, "italic"),
)


_PICTURE = re.compile(r"data:(image/png|image/jpeg);base64,([A-Za-z0-9+/=]+)")
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_FOR_SCREENS = re.compile(r'</?main>|(?<=<section) id="[^"]*"')
"""Landmarks and targets of links mean nothing on paper, but cost a page an eighth of its time.

WeasyPrint computes a style once for all elements that are alike; a page with an id of its own is like no other.
"""


class PdfUnavailable(Exception):
    """The libraries or fonts that make PDF are not installed."""


def write_pdf(html: str, *, spell_out: bool = False) -> bytes:
    """Return the page as PDF/UA-1. Same HTML, same bytes, with the same WeasyPrint, Pango and fonts.

    Raises PdfUnavailable, saying what is missing, and InvalidInput where the page tries to load anything or holds
    a character that no bundled font has. With ``spell_out`` its number stands in its place, such as [U+1F600]: what is
    recorded can be printed for ever, for nobody can record it anew with other letters.
    """
    if missing := missing_libraries():
        raise PdfUnavailable(missing)
    try:
        from weasyprint import HTML  # noqa: PLC0415 - half a second that others do not pay
        from weasyprint.urls import FatalURLFetchingError  # noqa: PLC0415
    except OSError as error:
        raise PdfUnavailable(f"Pango ({error.args[0]})") from error
    if spell_out:
        html = "".join(f"[U+{ord(one):04X}]" if _is_unknown(one) else one for one in html)
    _check_characters(html)
    fonts, faces, fetcher = _fonts()
    sheets = [faces, *map(_sheet, _STYLE.findall(html))]
    bare = _FOR_SCREENS.sub("", _STYLE.sub("", html))
    try:
        with _no_collection():
            page = HTML(string=bare, url_fetcher=fetcher, base_url="about:blank")
            return bytes(page.write_pdf(stylesheets=sheets, font_config=fonts, pdf_variant="pdf/ua-1"))
    except FatalURLFetchingError as error:
        problem = Problem(
            place="a page", wrong=str(error), remedy="pages load nothing: take the address out of the text or template"
        )
        raise InvalidInput([problem]) from error


def _check_characters(html: str) -> None:
    """Raise InvalidInput with every character that would be drawn as nothing, and the words around it."""
    unknown = {one for one in set(unescape(html)) if _is_unknown(one)}
    problems = []
    for character in sorted(unknown):
        around = re.search(rf"[^<>{{}}]{{0,20}}{re.escape(character)}[^<>{{}}]{{0,20}}", unescape(html))
        words = around[0].strip() if around else character
        problems.append(
            Problem(
                place="a page for PDF",
                wrong=f"no bundled font has {character} (U+{ord(character):04X}), in {words!r}",
                remedy="write it with other letters, or leave pdf out with --only",
            )
        )
    if problems:
        raise InvalidInput(problems)


def _is_unknown(character: str) -> bool:
    return character not in _characters() and not character.isspace()


@lru_cache(maxsize=1)
def _characters() -> frozenset[str]:
    """Return the characters that every face of the bundled font has."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - comes with WeasyPrint

    known = []
    for face, _, _ in _FACES:
        with TTFont(_font_file(face), lazy=True) as font:
            known.append(set(font.getBestCmap()))
    return frozenset(map(chr, set.intersection(*known)))


def _font_file(face: str) -> Path:
    from fontpkg_atkinson_hyperlegible import ROOT  # noqa: PLC0415

    return Path(ROOT / "files" / f"AtkinsonHyperlegible-{face}.ttf")


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let Python collect no garbage: WeasyPrint's boxes live to the end, and looking costs some 8 % of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def missing_libraries() -> str:
    """Return the names of the Python packages that PDF needs and that are not installed."""
    needed = {"weasyprint": "weasyprint", "fontpkg_atkinson_hyperlegible": "fontpkg-atkinson-hyperlegible"}
    return ", ".join(package for module, package in needed.items() if find_spec(module) is None)


@lru_cache(maxsize=16)
def _sheet(rules: str) -> "CSS":
    """Return a page's rules, read once: the packets of a whole roster share them."""
    from weasyprint import CSS  # noqa: PLC0415

    configuration, _, fetcher = _fonts()
    return CSS(string=rules, font_config=configuration, url_fetcher=fetcher)


@lru_cache(maxsize=1)
def _fonts() -> "tuple[FontConfiguration, CSS, Any]":
    from weasyprint import CSS  # noqa: PLC0415
    from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415

    rules = [
        f"@font-face {{ font-family: '{FONT_FAMILY}'; font-weight: {weight}; font-style: {style};"
        f" src: url('{_FONT_SCHEME}:{face}') }}"
        for face, weight, style in _FACES
    ]
    atexit.register(_fonts.cache_clear)  # WeasyPrint cannot take a font configuration down once Python has gone
    configuration = FontConfiguration()
    fetcher = _deny_all_but_fonts()
    sheet = CSS(string="\n".join(rules), font_config=configuration, url_fetcher=fetcher)
    return configuration, sheet, fetcher


def _deny_all_but_fonts() -> Any:
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse  # noqa: PLC0415

    fonts = {f"{_FONT_SCHEME}:{face}": _font_file(face) for face, _, _ in _FACES}

    class OnlyWhatWeHold(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> Any:
            del headers
            if url in fonts:
                return URLFetcherResponse(url, body=fonts[url].read_bytes(), headers={"Content-Type": "font/ttf"})
            if picture := _PICTURE.fullmatch(url):
                return URLFetcherResponse(url, body=b64decode(picture[2]), headers={"Content-Type": picture[1]})
            raise FatalURLFetchingError(f"a page may not load {url[:200]}")

    return OnlyWhatWeHold()
