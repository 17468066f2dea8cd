"""Links of calendars in the pages: made, shown one time, replaced, ended."""

from dataclasses import replace
from pathlib import Path
from re import findall, search

import pytest
from clinics import with_participant
from website import Website, text_of, website

from clinic.access.roles import Role

HERE = "/participants/P-001/links"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    return website(with_participant(tmp_path, monkeypatch), monkeypatch)


def _make(browser: object, owner: str = "P-001", here: str = HERE) -> tuple[str, str]:
    """Return the token of a new link, and its hash."""
    from hashlib import sha256

    answer = browser.post(here, {"step": "create", "owner": owner, "label": "phone", "lang": "es"})  # type: ignore[attr-defined]
    assert answer.status_code == 200, text_of(answer)
    found = search(r"dz_[A-Za-z0-9_-]{43}", answer.content.decode())
    assert found
    assert "<svg" in answer.content.decode()
    return found[0], sha256(found[0].encode()).hexdigest()


def test_address_is_shown_one_time_and_kept_nowhere(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")

    token, hashed = _make(browser)
    again = browser.get(HERE)

    assert token not in again.content.decode()
    assert token.encode() not in site.clinic.db.read_bytes()
    assert hashed[:8] in text_of(again)
    (made,) = site.clinic.records("links/participant/P-001")
    assert (made.kind, made.body["label"], made.body["lang"], made.body["hash"]) == (
        "link_created", "phone", "es", hashed,
    )  # fmt: skip
    assert (made.actor, made.role, made.account) == ("coordinator", "coordinator", "signed-in")


def test_link_is_replaced_and_ended(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    _, hashed = _make(browser)

    replaced = browser.post(HERE, {"step": "rotate", "id": hashed, "reason": "stolen", "compromised": "yes"})
    (new,) = set(findall(r'name="id" value="([0-9a-f]{64})"', browser.get(HERE).content.decode()))
    ended = browser.post(HERE, {"step": "revoke", "id": new, "reason": "left"})
    twice = browser.post(HERE, {"step": "revoke", "id": new, "reason": "left"})

    assert (replaced.status_code, ended.status_code, twice.status_code) == (200, 302, 422)
    assert new != hashed
    records = site.clinic.records("links/participant/P-001")
    assert [(one.kind, one.reason, one.body.get("compromised")) for one in records] == [
        ("link_created", "", None),
        ("link_rotated", "stolen", True),
        ("link_revoked", "left", None),
    ]


def test_reason_has_to_be_said(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    _, hashed = _make(browser)

    assert browser.post(HERE, {"step": "revoke", "id": hashed, "reason": " "}).status_code == 422
    assert browser.post(HERE, {"step": "create", "owner": "P-001", "expires": "2026-03-01"}).status_code == 422
    assert len(site.clinic.records("links/participant/P-001")) == 1


def test_site_links_are_one_s_own(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    other = site.sign_in(Role.COORDINATOR, "miami", name="mm")

    _, hashed = _make(browser, "pharmacy/gainesville", "/links")

    assert hashed[:8] in text_of(browser.get("/links"))
    assert hashed[:8] not in text_of(other.get("/links"))
    assert other.post("/links", {"step": "revoke", "id": hashed, "reason": "x"}).status_code == 404
    assert other.post("/links", {"step": "create", "owner": "site/gainesville"}).status_code == 404
    assert browser.post(HERE, {"step": "revoke", "id": hashed, "reason": "x"}).status_code == 404
    assert site.sign_in(Role.MONITOR, "gainesville").get("/links").status_code == 403


@pytest.mark.parametrize(
    ("base", "warned"),
    [
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", True),
        ("http://127.3.2.1:8000", True),
        ("http://[::1]:8000", True),
        ("https://clinic.example.org", False),
        ("http://192.0.2.7:8000", False),
    ],
)
def test_address_that_no_phone_can_reach_is_told(base: str, warned: bool, site: Website) -> None:
    from django.conf import settings

    site.clinic.patch.setattr(settings, "DAYZERO_WEB", replace(settings.DAYZERO_WEB, base_url=base))
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    told = "This address works on this machine only: say DAYZERO_BASE_URL"

    shown = text_of(browser.post(HERE, {"step": "create", "owner": "P-001", "label": "phone", "lang": "es"}))
    typed = site.clinic.must(f"link create P-001 --base {base}")

    assert (told in shown) is warned
    assert (told in typed.err) is warned
    assert told not in typed.out
