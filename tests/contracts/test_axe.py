"""Every page before axe-core in headless Chromium, as wide as a desk's screen and as a phone.

axe comes with the Python package axe-playwright-python; the browser is the system's, and it loads nothing.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import html
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
pytestmark = pytest.mark.skipif(
    not CHROMIUM and "DAYZERO_CI" not in os.environ, reason="needs Chromium: apt install chromium"
)

OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations", "incomplete"],
}
QUIET = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]  # fmt: skip
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
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET, chromium_sandbox=False)
        yield chromium
        chromium.close()


def violations(browser: Browser, page: str, screen: str = "desk") -> list[str]:
    """Return what axe finds or doubts on the page, and whether the page must be moved sideways to be read.

    It cannot tell the contrast of a text on a shape in a picture; those doubts alone are left out.
    """
    width, height = SCREENS[screen]
    with browser.new_context(viewport={"width": width, "height": height}, offline=True) as context:
        tab = context.new_page()
        tab.set_content(page)
        found: dict[str, Any] = Axe().run(tab, options=OPTIONS).response
        needed = tab.evaluate("document.documentElement.scrollWidth")
    said = [
        f"{rule['id']}: {rule['help']}: {node['html'][:120]}"
        for rule in [*found["violations"], *found["incomplete"]]
        for node in rule["nodes"]
        if not (rule["id"] == "color-contrast" and node["html"].startswith("<text"))
    ]
    assert len(found["passes"]) >= 10, "axe looked at nothing"
    return [*said, f"too wide: {needed} of {width} pixels"] if needed > width else said


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
