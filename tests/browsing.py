"""Pages in the system's Chromium, watched: nothing from another host, no complaint of the browser; and axe-core."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
needs_chromium = pytest.mark.skipif(
    not CHROMIUM and "DAYZERO_CI" not in os.environ, reason="needs Chromium: apt install chromium"
)
QUIET = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]  # fmt: skip
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations", "incomplete"],
}
WORDS = "four words nobody guesses"
"""The password of whoever signs in here."""
OWN = ("data:", "chrome:", "chrome-extension:")
"""What a page holds itself, and what Chromium shows a PDF with."""
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""Chromium says so of every form that is refused, however well the page says why."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser, which asks nobody for anything."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET, chromium_sandbox=False)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, base: str, **screen: Any) -> Iterator[Page]:
    """Open a tab of somebody of their own. Fails at its end where anything came from elsewhere, or was complained of.

    What a page may not do by its policy, Chromium complains of.
    """
    wrong: list[str] = []

    def note_request(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(base).netloc and not request.url.startswith(OWN):
            wrong.append(f"asked for {request.url}")

    def note_message(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED):
            wrong.append(f"{message.type}: {message.text}")

    with browser.new_context(base_url=base, **screen) as context:
        context.on("request", note_request)
        context.on("console", note_message)
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        yield context.new_page()
    assert not wrong, "\n".join(wrong)


def begin(tab: Page, link: str) -> None:
    """Use the one-time link that the server printed."""
    tab.goto(link)
    tab.get_by_label("Sign-in name").fill("jd")
    tab.get_by_label("Password", exact=True).fill(WORDS)
    tab.get_by_label("The same password again").fill(WORDS)
    tab.get_by_role("button", name="Begin").click()
    expect(tab.get_by_role("button", name="Sign out")).to_be_visible()


def axe_finds(tab: Page) -> list[str]:
    """Return what axe finds or doubts on the page, and whether it must be moved sideways to be read.

    It cannot tell the contrast of a text on a shape in a picture; those doubts alone are left out.
    """
    found: dict[str, Any] = Axe().run(tab, options=AXE).response
    assert len(found["passes"]) >= 10, f"axe looked at nothing on {tab.url}"
    needed, width = tab.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    said = [
        f"{rule['id']}: {rule['help']}: {node['html'][:120]}"
        for rule in [*found["violations"], *found["incomplete"]]
        for node in rule["nodes"]
        if not (rule["id"] == "color-contrast" and node["html"].startswith("<text"))
    ]
    return [*said, f"too wide: {needed} of {width} pixels"] if needed > width else said
