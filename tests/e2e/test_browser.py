"""A clinic's first days in the system's Chromium, on the real server. What is on a page is found as people find it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browsing import WORDS, begin, chromium, needs_chromium, watched
from playwright.sync_api import Browser, expect
from serving import Server, serving
from timed import Timed

pytestmark = needs_chromium

DESK = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A server that was started for the first time, with one participant in it."""

    clinic: Timed
    server: Server


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    clinic = Timed(tmp_path)
    clinic.at("2026-03-02T14:00:00+00:00")
    clinic.must("clinic", "init", "--site", "gainesville")
    with serving(tmp_path, env=clinic.env) as server:
        yield Started(clinic=clinic, server=server)


def test_first_start_and_signing_in(started: Started, browser: Browser) -> None:
    server = started.server
    with watched(browser, server.base_url, **DESK) as tab:
        begin(tab, server.invitation_link)

        tab.get_by_role("button", name="Sign out").click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("Sign in")
        tab.get_by_label("Name").fill("jd")
        tab.get_by_label("Password").fill("something else")
        tab.get_by_role("button", name="Sign in").click()
        expect(tab.get_by_role("alert")).to_have_text("The name or the password is wrong.")
        tab.get_by_label("Name").fill("jd")
        tab.get_by_label("Password").fill(WORDS)
        tab.get_by_role("button", name="Sign in").click()
        expect(tab.get_by_role("link", name="jd")).to_be_visible()

        tab.goto(server.invitation_link)
        expect(tab.get_by_role("heading", level=1)).to_have_text("No such link")
    assert re.search(r"/welcome/(?!<)", server.logged().replace(server.invitation_link, "")) is None
