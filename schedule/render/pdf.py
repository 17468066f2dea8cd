"""HTML into PDF by WeasyPrint, with the fonts of a package and without the network or the file system."""

import atexit
import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
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


_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class PdfUnavailable(Exception):
    """The libraries or fonts that make PDF are not installed."""


def write_pdf(html: str) -> bytes:
    """Return the page as PDF/UA-1. Same HTML, same bytes, with the same WeasyPrint, Pango and fonts.

    Raises PdfUnavailable, saying what is missing, and InvalidInput where the page tries to load anything.
    """
    if missing := missing_libraries():
        raise PdfUnavailable(missing)
    try:
        from weasyprint import HTML  # noqa: PLC0415 - half a second that others do not pay
        from weasyprint.urls import FatalURLFetchingError  # noqa: PLC0415
    except OSError as error:
        raise PdfUnavailable(f"Pango ({error.args[0]})") from error
    fonts, faces, fetcher = _fonts()
    sheets = [faces, *map(_sheet, _STYLE.findall(html))]
    bare = _STYLE.sub("", html)
    try:
        with _no_collection():
            page = HTML(string=bare, url_fetcher=fetcher, base_url="about:blank")
            return bytes(page.write_pdf(stylesheets=sheets, font_config=fonts, pdf_variant="pdf/ua-1"))
    except FatalURLFetchingError as error:
        problem = Problem(
            place="a page", wrong=str(error), remedy="pages load nothing: take the address out of the text or template"
        )
        raise InvalidInput([problem]) from error


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let Python collect no garbage: WeasyPrint's many boxes live to the end anyway, and looking costs a tenth."""
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
    from fontpkg_atkinson_hyperlegible import ROOT  # noqa: PLC0415
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse  # noqa: PLC0415

    fonts = {f"{_FONT_SCHEME}:{face}": ROOT / "files" / f"AtkinsonHyperlegible-{face}.ttf" for face, _, _ in _FACES}

    class OnlyOurFonts(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> Any:
            del headers
            if url not in fonts:
                raise FatalURLFetchingError(f"a page may not load {url}")
            return URLFetcherResponse(url, body=fonts[url].read_bytes(), headers={"Content-Type": "font/ttf"})

    return OnlyOurFonts()
