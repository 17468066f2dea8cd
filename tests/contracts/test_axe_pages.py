"""Every page of the server, of a clinic in full swing: axe, valid HTML, the keyboard, and no need of JavaScript."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise

import pytest
from browsing import axe_finds, begin, chromium, needs_chromium, watched
from busy_clinic import NOW, busy_clinic
from pages import faults
from playwright.sync_api import Browser, Page, expect
from serving import serving
from timed import Timed, links_in
from year_script import amended_protocol

pytestmark = needs_chromium

PLACES = {
    "home": ("/",),
    "own-account": ("/account",),
    "sign-in": ("/sign-in",),
    "welcome": ("{welcome}", "/welcome/used-before"),
    "subscribe": ("{subscribe}", "{subscribe}?lang=es"),
    "accounts": ("/accounts",),
    "one-account": ("/accounts/jd",),
    "today": ("/today", "/today?site=gainesville"),
    "week": ("/week", "/week?from=2026-06-29"),
    "month": ("/month", "/month?site=gainesville&month=2026-07"),
    "participants": (
        "/participants",
        "/participants?only=overdue",
        "/participants?code=P-00",
        "/participants?code=nobody",
    ),
    "tell": ("/tell/P-003",),
    "infusions": ("/infusions",),
    "acknowledge": ("/infusions/P-003",),
    "reports": (
        "/reports",
        *(f"/reports?list={name}" for name in ("list", "due", "overdue", "deviations", "agenda", "tell")),
    ),
    "offline-sheet": ("/reports/offline/gainesville?as=html",),
    "sites": ("/sites",),
    "site": ("/sites/gainesville", "/sites/miami"),
    "audit": ("/audit", "/audit?participant=P-001"),
    "enroll": ("/enroll",),
    "participant": tuple(f"/participants/P-00{number}" for number in range(1, 9)),
    "history": ("/participants/P-001/history",),
    "print": ("/participants/P-001/print",),
    "paper": ("/participants/P-001/paper?sheet=packet&as=html", "/participants/P-001/paper?sheet=binder&as=html"),
    "participant-links": ("/participants/P-001/links",),
    "links": ("/links",),
    "act": tuple(
        f"/participants/P-001/{name}"
        for name in (
            "told", "unscheduled", "away", "not-away", "prefer", "taper-plan", "taper-hold", "taper-resume", "hold",
            "resume", "stop-infusions", "correct", "withdraw", "terminate", "died", "reinstate",
        )
    ),
    "act-visit": (
        *(f"/participants/P-001/visits/M4/{name}" for name in
          ("book", "move", "confirm", "miss", "cancel", "attempt", "told")),
        "/participants/P-001/visits/M3/correct",
        "/participants/P-006/visits/M1/done",
        "/participants/P-005/visits/M3/done",
    ),
}  # fmt: skip
"""By the names of routes: where they are looked at."""
NO_PAGES = {"sign-out", "feed"}
LOOKS = {
    "desk-light-en": (1280, "light", "en"),
    "phone-dark-en": (360, "dark", "en"),
    "desk-dark-es": (1280, "dark", "es"),
    "phone-light-es": (360, "light", "es"),
}
"""Each two of width, light and language come together once."""
PARTS_OF_A_DATE = 4
"""Chromium stops at its day, month and year, and at the button of its calendar."""
FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A server of the busy clinic, and an administrator's browser."""

    base: str
    places: Mapping[str, tuple[str, ...]]
    session: str
    """A file of cookies, by which a browser is signed in."""

    @property
    def paths(self) -> list[str]:
        return [path for paths in self.places.values() for path in paths]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Timed:
    """Make the clinic before a browser runs: Django does not answer beside Playwright's loop."""
    folder = tmp_path_factory.mktemp("busy")
    with pytest.MonkeyPatch.context() as patch:
        made = busy_clinic(folder, patch)
    timed = Timed(folder, db=made.db.name)
    timed.at(NOW)
    return timed


@pytest.fixture(scope="module")
def site(clinic: Timed, browser: Browser) -> Iterator[Site]:
    subscribe, _ = links_in(clinic.must("link", "create", "P-001", "--yes", "--base", "http://clinic"))
    with serving(clinic.folder, env=clinic.env) as server:
        session = str(clinic.folder / "session.json")
        with watched(browser, server.base_url) as tab:
            begin(tab, server.invitation_link)
            known = {
                "welcome": invite(tab),
                "subscribe": subscribe.removeprefix("http://clinic"),
            }
            tab.context.storage_state(path=session)
        places = {name: tuple(one.format(**known) for one in paths) for name, paths in PLACES.items()}
        yield Site(base=server.base_url, places=places, session=session)


def invite(tab: Page) -> str:
    """Make an account; return where its one-time link leads."""
    tab.goto("/accounts")
    tab.get_by_label("Sign-in name").fill("cm")
    tab.get_by_label(re.compile("^Coordinator")).check()
    tab.get_by_label(re.compile("gainesville", re.IGNORECASE)).check()
    tab.get_by_role("button", name="Make the account").click()
    (link,) = re.findall(r"/welcome/\S+", tab.locator("body").inner_text())
    return str(link)


def test_every_page_has_a_place_here() -> None:
    routes = import_module("clinic.server.routes")

    assert {one.name for one in routes.urlpatterns} == {*PLACES} | NO_PAGES


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(look: str, site: Site, browser: Browser) -> None:
    width, scheme, lang = LOOKS[look]
    found: list[str] = []
    with watched(browser, site.base, storage_state=site.session, color_scheme=scheme, locale=lang,
                 viewport={"width": width, "height": 900}) as tab:  # fmt: skip
        speak(tab, lang)
        for path in site.paths:
            tab.goto(path)
            found += [f"{path}: {said}" for said in axe_finds(tab)]
    assert found == []


def speak(tab: Page, lang: str) -> None:
    """Choose the language of one's pages."""
    tab.goto("/account")
    tab.get_by_role("button", name={"en": "English", "es": "Español"}[lang]).click()
    expect(tab.locator("html")).to_have_attribute("lang", lang)


@pytest.mark.parametrize("look", ["desk-light-en", "phone-dark-en"])
def test_axe_finds_nothing_in_what_forms_answer(look: str, site: Site, browser: Browser) -> None:
    width, scheme, lang = LOOKS[look]
    with watched(browser, site.base, storage_state=site.session, color_scheme=scheme,
                 viewport={"width": width, "height": 900}) as tab:  # fmt: skip
        speak(tab, lang)
        found = [f"{shown}: {said}" for shown in answers(tab) for said in axe_finds(tab)]
    assert found == []


def answers(tab: Page) -> Iterator[str]:
    """Send forms; yield what is shown each time, when it is."""
    look = tab.get_by_role("button", name="Look at what follows")
    tab.goto("/participants/P-001/visits/M4/move")
    tab.get_by_label("Day", exact=True).fill("2026-07-01")
    tab.get_by_label("Why").fill("the clinic is closed")
    look.click()
    expect(tab.get_by_role("region", name="What follows")).to_be_visible()
    yield "what follows from a move"
    tab.get_by_label("Day", exact=True).fill("2026-08-20")
    look.click()
    expect(tab.get_by_label("Record it as a protocol deviation")).to_be_visible()
    yield "a day that would deviate"
    tab.goto("/sites/gainesville")
    closing = tab.locator("form").filter(has=tab.get_by_role("button", name="Close: look first"))
    closing.get_by_label("First day").fill("2026-08-03")
    closing.get_by_label("Reason").fill("building works")
    closing.get_by_role("button", name="Close: look first").click()
    expect(tab.get_by_role("button", name="Record")).to_be_visible()
    yield "what follows from a closure"
    tab.goto("/sites/gainesville")
    follow = tab.get_by_role("button", name="Follow it: look first")
    tab.get_by_label("File").set_input_files(
        {"name": "protocol.toml", "mimeType": "application/toml", "buffer": amended_protocol().encode()}
    )
    tab.locator("form").filter(has=follow).get_by_label("Reason").fill("amendment 1")
    follow.click()
    expect(tab.get_by_role("button", name="Record")).to_be_visible()
    yield "what follows from an amendment"
    tab.goto("/participants/P-001/links")
    tab.get_by_role("button", name="Make the link").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("A new link")
    yield "an address that is shown once"
    tab.goto("/participants/P-404")
    expect(tab.get_by_role("main")).to_contain_text("P-404")
    yield "nobody of that code"


def test_pages_are_valid_and_say_the_same_without_javascript(site: Site, browser: Browser) -> None:
    found: list[str] = []
    with (
        watched(browser, site.base, storage_state=site.session) as tab,
        watched(browser, site.base, storage_state=site.session, java_script_enabled=False) as plain,
    ):
        for path in site.paths:
            answer = tab.goto(path)
            assert answer
            found += [f"{path}: {said}" for said in faults(answer.text())]
            plain.goto(path)
            if plain.locator("body").inner_text() != tab.locator("body").inner_text():
                found.append(f"{path}: it says something else without JavaScript")
    assert found == []


def test_the_keyboard_reaches_everything(site: Site, browser: Browser) -> None:
    found: list[str] = []
    with watched(browser, site.base, storage_state=site.session, viewport={"width": 1280, "height": 900}) as tab:
        for path in site.paths:
            tab.goto(path)
            found += [f"{path}: {said}" for said in out_of_reach(tab)]
    assert found == []


def out_of_reach(tab: Page) -> list[str]:
    """Press the Tab key through the page; return what it never comes to, and what comes out of order.

    It may begin anywhere: where a field is ready to be typed in, the keyboard goes on from there.
    """
    wanted = tab.evaluate(
        """selector => [...document.querySelectorAll(selector)].filter(
            one => one.checkVisibility({visibilityProperty: true}) && !one.disabled
              && !(one.type === "radio" && !one.checked
                   && document.querySelectorAll(`input[name="${one.name}"]`).length > 1)
        ).map((one, place) => { one.dataset.place = place; return one.outerHTML.slice(0, 80) })""",
        FOCUSABLE,
    )
    tab.evaluate("() => { document.activeElement.blur(); getSelection().removeAllRanges() }")
    reached: list[int] = []
    for _ in range(PARTS_OF_A_DATE * len(wanted)):
        tab.keyboard.press("Tab")
        place = tab.evaluate("() => document.activeElement.dataset.place")
        if place is not None and int(place) not in reached:
            reached.append(int(place))
        if len(reached) == len(wanted):
            break
    missed = [f"never: {wanted[place]}" for place in range(len(wanted)) if place not in reached]
    first = reached.index(min(reached)) if reached else 0
    around = reached[first:] + reached[:first]
    early = [f"out of order: {wanted[now]}" for before, now in pairwise(around) if now < before]
    return [*missed, *early]


def test_what_the_keyboard_does_not_reach_is_found(browser: Browser) -> None:
    with browser.new_context() as context:
        tab = context.new_page()
        tab.set_content(
            '<a href="#">a</a><button tabindex="-1">b</button><a href="#" tabindex="1">c</a><button>d</button>'
        )
        assert out_of_reach(tab) == [
            'never: <button tabindex="-1" data-place="1">b</button>',
            'out of order: <a href="#" tabindex="1" data-place="2">c</a>',
        ]


def test_what_comes_from_elsewhere_is_found(browser: Browser) -> None:
    with (
        pytest.raises(AssertionError, match=r"asked for http://elsewhere\.invalid"),
        watched(browser, "http://a") as tab,
    ):
        tab.set_content('<img src="http://elsewhere.invalid/x.png" alt="">')
