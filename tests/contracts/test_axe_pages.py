"""Every page of the server, of a clinic in full swing: axe, valid HTML, the keyboard, and no need of JavaScript."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

import pytest
from browsing import axe_finds, begin, chromium, needs_chromium, watched
from busy_clinic import NOW, busy_clinic
from pages import faults
from playwright.sync_api import Browser, Page, expect
from serving import serving
from timed import Timed, links_in

pytestmark = needs_chromium

PLACES = {
    "home": ("/",),
    "own-account": ("/account",),
    "sign-in": ("/sign-in",),
    "welcome": ("{welcome}", "/welcome/used-before"),
    "feed": ("/f/dz_none.ics",),
    "subscribe": ("{subscribe}", "{subscribe}?lang=es"),
    "accounts": ("/accounts",),
    "one-account": ("/accounts/jd",),
    "enroll": ("/enroll",),
    "participant": tuple(f"/participants/P-00{number}" for number in range(1, 9)),
    "history": ("/participants/P-001/history",),
    "act": tuple(
        f"/participants/P-001/{name}"
        for name in (
            "told", "unscheduled", "away", "not-away", "taper-plan", "taper-hold", "taper-resume", "hold", "resume",
            "stop-infusions", "correct", "withdraw", "terminate", "died", "reinstate",
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
SIGN_OUT = "sign-out"
"""It has no page of its own."""
LOOKS = {
    "desk-light-en": (1280, "light", "en"),
    "phone-dark-en": (360, "dark", "en"),
    "desk-dark-es": (1280, "dark", "es"),
    "phone-light-es": (360, "light", "es"),
}
"""Each two of width, light and language come together once."""
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
    (link,) = re.findall(r"/welcome/\S+", tab.get_by_role("main").inner_text())
    return str(link)


def test_every_page_has_a_place_here() -> None:
    routes = import_module("clinic.server.routes")

    assert {one.name for one in routes.urlpatterns} == {*PLACES, SIGN_OUT}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(look: str, site: Site, browser: Browser) -> None:
    width, scheme, lang = LOOKS[look]
    found = {}
    with watched(browser, site.base, storage_state=site.session, color_scheme=scheme, locale=lang,
                 viewport={"width": width, "height": 900}) as tab:  # fmt: skip
        speak(tab, lang)
        for path in site.paths:
            tab.goto(path)
            if said := axe_finds(tab):
                found[path] = said
    assert found == {}


def speak(tab: Page, lang: str) -> None:
    """Choose the language of one's pages."""
    tab.goto("/account")
    tab.get_by_role("button", name={"en": "English", "es": "Español"}[lang]).click()
    expect(tab.locator("html")).to_have_attribute("lang", lang)


def test_pages_are_valid(site: Site, browser: Browser) -> None:
    found = {}
    with watched(browser, site.base, storage_state=site.session) as tab:
        for path in site.paths:
            answer = tab.goto(path)
            assert answer
            if said := faults(answer.text()):
                found[path] = said
    assert found == {}
