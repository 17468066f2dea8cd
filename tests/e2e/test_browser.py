"""A clinic's first days in the system's Chromium, on the real server. What is on a page is found as people find it."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import zxingcpp
from browsing import WORDS, begin, chromium, needs_chromium, watched
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from pypdf import PdfReader
from serving import Server, serving
from subscribers import by_uid, fetched
from timed import Timed

pytestmark = needs_chromium

DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A server that was started for the first time, of a clinic with a site and nobody in it."""

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
        expect(tab.get_by_role("heading", level=1)).to_have_text(re.compile("^Today"))

        tab.get_by_role("button", name="Sign out").click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("Sign in")
        sign_in(tab, "something else")
        expect(tab.get_by_role("alert")).to_have_text("The name or the password is wrong.")
        sign_in(tab, WORDS)
        expect(tab.get_by_role("link", name="jd")).to_be_visible()

        tab.goto(server.invitation_link)
        expect(tab.get_by_role("heading", level=1)).to_have_text("No such link")
    assert re.search(r"/welcome/(?!<)", server.logged().replace(server.invitation_link, "")) is None


def sign_in(tab: Page, words: str) -> None:
    tab.get_by_label("Name").fill("jd")
    tab.get_by_label("Password").fill(words)
    tab.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "without-javascript"])
def test_a_participant_from_enrolling_to_a_dose_that_was_not_given(
    started: Started, browser: Browser, *, scripts: bool
) -> None:
    clinic, server = started.clinic, started.server
    with watched(browser, server.base_url, java_script_enabled=scripts, **DESK) as tab:
        begin(tab, server.invitation_link)
        enroll(tab)
        recorded(tab, "P-001")

        do(tab, "D0", "Book")
        tab.get_by_label("Day", exact=True).fill("2026-03-02")
        tab.get_by_label("Time").fill("08:00")
        assert "D0: planned -> booked" in look(tab)
        record(tab)
        do(tab, "D0", "Done")
        tab.get_by_role("group", name="Was the dose given?").get_by_label("yes").check()
        look(tab)
        record(tab)
        expect(row(tab, "D0")).to_contain_text("given: yes")

        do(tab, "M1", "Book")
        choose(tab, "Thu", "2026-04-02")
        look(tab)
        record(tab)
        do(tab, "M1", "Move")
        tab.get_by_label("Day", exact=True).fill("2026-04-04")
        tab.get_by_label("Why").fill("travel")
        refused(tab, "2026-04-04")
        choose(tab, "Wed", "2026-04-01")
        expect(tab.get_by_label("Why")).to_have_value("travel")
        before = clinic.must("audit", "log")
        assert "M1" in look(tab)
        assert clinic.must("audit", "log") == before
        record(tab)
        expect(row(tab, "M1")).to_contain_text("Wed 2026-04-01")

        clinic.at("2026-06-02T14:00:00+00:00")
        tab.goto("/participants/P-001")
        if tab.get_by_label("Password").count():
            sign_in(tab, WORDS)
        do(tab, "M3", "Done")
        tab.get_by_label("Day").fill("2026-06-02")
        tab.get_by_role("group", name="Was the dose given?").get_by_label("no", exact=True).check()
        look(tab)
        record(tab)
        expect(row(tab, "M3")).to_contain_text("given: no")
    said = clinic.must("show", "P-001")
    assert re.search(r"M3 .*done", said)
    assert clinic.must("audit", "verify").startswith("good: ")


def enroll(tab: Page) -> None:
    tab.get_by_role("link", name="Participants").click()
    tab.get_by_role("link", name="Enroll a participant").click()
    tab.get_by_label("Participant's code").fill("P-001")
    tab.get_by_role("group", name="Site").get_by_label(re.compile("Malcom Randall")).check()
    tab.get_by_label("Day of randomization").fill("2026-03-02")
    tab.get_by_role("group", name="On steroids").get_by_label("yes").check()
    tab.get_by_role("group", name="Language of the papers").get_by_label("English").check()
    look(tab)
    record(tab)


def row(tab: Page, visit: str) -> Locator:
    """Return the line of a visit."""
    return tab.get_by_role("row").filter(has=tab.get_by_role("rowheader", name=re.compile(f"^{visit} ")))


def do(tab: Page, visit: str, action: str) -> None:
    """Choose what is done with a visit."""
    row(tab, visit).get_by_text(f"Do {visit}", exact=True).click()
    row(tab, visit).get_by_role("link", name=f"{action} {visit}", exact=True).click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text(action)


def choose(tab: Page, weekday: str, day: str) -> None:
    """Take one of the days that are open."""
    tab.get_by_role("button", name=f"Choose {weekday} {day}").click()
    expect(tab.get_by_label("Day", exact=True)).to_have_value(day)


def look(tab: Page) -> str:
    """Look at what follows from a form, and return what the page says of it."""
    tab.get_by_role("button", name="Look at what follows").click()
    follows = tab.get_by_role("region", name="What follows")
    expect(follows).to_contain_text("Nothing is recorded yet.")
    return follows.inner_text()


def refused(tab: Page, words: str) -> None:
    tab.get_by_role("button", name="Look at what follows").click()
    expect(tab.get_by_role("alert")).to_contain_text(words)


def record(tab: Page) -> None:
    tab.get_by_role("button", name="Record this").click()
    recorded(tab, "P-001")


def recorded(tab: Page, code: str) -> None:
    expect(tab.get_by_role("status")).to_contain_text("Recorded: number")
    expect(tab.get_by_role("heading", level=1)).to_have_text(code)


@pytest.fixture
def enrolled(started: Started) -> Started:
    for line in (
        "enroll P-001 --site gainesville --randomized 2026-03-02 --steroids --day0 2026-03-02 --yes",
        "book P-001 M1 2026-04-02 09:00 --yes",
    ):
        started.clinic.must(*line.split())
    return started


def test_papers_come_as_pdf(enrolled: Started, browser: Browser) -> None:
    server = enrolled.server
    with watched(browser, server.base_url, **DESK) as tab:
        begin(tab, server.invitation_link)
        tab.goto("/participants/P-001")
        tab.get_by_role("link", name="Print").click()
        tab.get_by_role("group", name="Language").get_by_label("Español").check()
        with tab.expect_response(re.compile("/paper")) as delivered:
            tab.get_by_role("button", name="Make the PDF").click()
        shown = delivered.value
        assert (shown.status, shown.header_value("content-type")) == (200, "application/pdf")
        paper = PdfReader(io.BytesIO(tab.request.get(shown.url).body()))
    assert "jueves, 2 de abril de 2026" in " ".join(" ".join(page.extract_text() for page in paper.pages).split())


def test_a_link_is_shown_once_opened_on_a_phone_and_replaced(enrolled: Started, browser: Browser) -> None:
    server = enrolled.server
    with watched(browser, server.base_url, **DESK) as tab:
        begin(tab, server.invitation_link)
        tab.goto("/participants/P-001")
        tab.get_by_role("link", name="Calendar links").click()
        tab.get_by_label("A word to tell it from others").fill("phone")
        tab.get_by_role("button", name="Make the link").click()
        page = tab.get_by_role("link", name=re.compile("dz_")).inner_text()
        assert scanned(tab) == page
        subscribe_on_a_phone(browser, page)

        tab.get_by_role("link", name="To the links").click()
        assert "dz_" not in tab.content()
        tab.get_by_text(re.compile("^Replace")).first.click()
        tab.get_by_label("Why").first.fill("a new phone")
        tab.get_by_role("button", name="Replace the link").click()
        fresh = tab.get_by_role("link", name=re.compile("dz_")).inner_text()
    assert fresh != page
    (told,) = by_uid(fetched(feed_of(page))).values()
    assert told["SUMMARY"] == "This calendar has a new link: call the clinic"
    assert len(by_uid(fetched(feed_of(fresh)))) == 23
    assert "dz_" not in server.logged()


def feed_of(page: str) -> str:
    return page.replace("/s/", "/f/") + ".ics"


def scanned(tab: Page) -> str:
    """Read the code on the page as a phone's camera does."""
    picture = tab.get_by_role("img", name=re.compile("Code to scan")).screenshot()
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return str(code.text)


def subscribe_on_a_phone(browser: Browser, page: str) -> None:
    """Open the page as somebody does who scanned the code: no JavaScript, and nothing but the page is fetched."""
    base = page.partition("/s/")[0]
    with watched(browser, base, java_script_enabled=False, **PHONE) as tab:
        tab.goto(page)
        expect(tab.get_by_role("heading", level=1)).to_have_text("Your visits on your phone")
        expect(tab.get_by_role("region", name="Your next visit")).to_contain_text("Thursday, April 2, 2026")
        expect(tab.get_by_role("region", name="Your next visit")).to_contain_text("9:00 AM")
        webcal = feed_of(page).replace("http://", "webcal://")
        for name, start in {
            "iPhone, iPad or Mac": webcal,
            "Google Calendar": "https://calendar.google.com/",
            "Outlook": "https://outlook.live.com/",
            "Download one time only": feed_of(page),
        }.items():
            way = tab.get_by_role("link", name=name)
            assert str(way.get_attribute("href")).startswith(start)
            box = way.bounding_box()
            assert box
            assert box["height"] >= 44
            assert box["width"] >= 250
        assert scanned(tab) == page
        tab.get_by_role("link", name="Español").click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("Sus visitas en su teléfono")
