"""Every page before axe-core in headless Chromium, as wide as a desk's screen and as a phone.

axe comes with the Python package axe-playwright-python; the browser is the system's, and it loads nothing.
"""

from collections.abc import Iterator

import pytest
from browsing import axe_finds, chromium, needs_chromium
from pages import html
from playwright.sync_api import Browser

pytestmark = needs_chromium

SCREENS = {"desk": (1280, 900), "phone": (390, 844)}

PAGES = [
    "packet-en",
    "packet-es",
    "packet-en-unbooked",
    "packet-es-unbooked",
    "packet-en-no-site",
    "packet-en-large",
    "packet-es-taper",
    "worksheets-en",
    "worksheets-es-unbooked",
    "preparation-en",
    "preparation-es",
    "handover-en",
    "lookback-es",
    "changes-en",
    "changes-es-all",
    "record-en",
    "record-es-large",
    "binder-en",
    "offline-en",
]
"""Of the pages in ``pages.py``, those that show something that no other does: a second or two each."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def violations(browser: Browser, page: str, screen: str = "desk") -> list[str]:
    """Return what axe finds or doubts on the page, as wide as the screen; it loads nothing."""
    width, height = SCREENS[screen]
    with browser.new_context(viewport={"width": width, "height": height}, offline=True) as context:
        tab = context.new_page()
        tab.set_content(page)
        return axe_finds(tab)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(name: str, screen: str, browser: Browser) -> None:
    assert violations(browser, html(name), screen) == []


SOUND = """<!doctype html><html lang="en"><head><title>A sound page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><main><h1>A sound page</h1>
<p style="color: #111">One.</p><h2 id="a">Doses</h2><p><a href="#a" aria-labelledby="a">Two</a></p>
<table><thead><tr><th scope="col">Day</th></tr></thead><tbody><tr><td>Monday</td></tr></tbody></table>
</main></body></html>"""


def test_the_page_in_which_faults_are_planted_is_sound(browser: Browser) -> None:
    assert violations(browser, SOUND, "phone") == []


@pytest.mark.parametrize(
    ("sound", "fault", "rule"),
    [
        ("<h2", "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='><h2", "image-alt"),
        ("color: #111", "color: #bbb", "color-contrast"),
        (">Day<", "><", "empty-table-header"),
        (' scope="col"', ' scope="down"', "scope-attr-valid"),
        (' lang="en"', "", "html-has-lang"),
        ("<p style", '<p id="a" style', "duplicate-id-aria"),
        ("h2", "h4", "heading-order"),
        ("main>", "div>", "landmark-one-main"),
        ("<title>A sound page</title>", "", "document-title"),
        (' aria-labelledby="a">Two', ">", "link-name"),
        ("initial-scale=1", "user-scalable=no", "meta-viewport"),
        ('<p style="', '<p style="width: 700px; ', "too wide"),
    ],
)
def test_a_planted_fault_is_found(sound: str, fault: str, rule: str, browser: Browser) -> None:
    assert sound in SOUND
    assert any(found.startswith(rule) for found in violations(browser, SOUND.replace(sound, fault), "phone"))
