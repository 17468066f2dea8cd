"""Sessions: they end by themselves, at signing out and with the password; and guessing is slow."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clinics import with_participant
from website import HOST, Website, text_of, website

from clinic.access.roles import Role

WORDS, NEW = "four words nobody guesses", "four other words of mine"
NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    return website(with_participant(tmp_path, monkeypatch), monkeypatch)


@pytest.fixture
def account(site: Website) -> Any:
    """Return a monitor with a password."""
    from clinic.access.models import Account

    site.sign_in(Role.MONITOR, "gainesville", name="mk")
    found = Account.objects.get(name="mk")
    found.set_password(WORDS)
    found.save()
    return found


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Set the clock so long after noon: ours, and those of Django's sessions and of the lock."""
    import axes.handlers.proxy
    import django.utils.timezone

    import clinic.clock

    def set_to(later: timedelta) -> None:
        for module in (clinic.clock, django.utils.timezone, axes.handlers.proxy):
            monkeypatch.setattr(module, "now", lambda: NOON + later)

    set_to(timedelta())
    return set_to


def anybody(address: str = "127.0.0.1") -> Any:
    from django.test import Client

    return Client(SERVER_NAME=HOST, REMOTE_ADDR=address)


def signed_in() -> Any:
    browser = anybody()
    assert browser.post("/sign-in", {"name": "mk", "password": WORDS}).status_code == 302
    return browser


def test_quarter_of_an_hour_without_a_page_signs_out(account: Any, at: Callable[[timedelta], None]) -> None:
    browser = signed_in()
    for minutes in (14, 28, 42):
        at(timedelta(minutes=minutes))
        assert browser.get("/account").status_code == 200, minutes

    at(timedelta(minutes=57, seconds=1))

    assert browser.get("/account")["Location"] == "/sign-in?next=/account"


def test_form_that_came_too_late_is_told_to_be_lost_and_found_again(
    account: Any, at: Callable[[timedelta], None]
) -> None:
    browser = signed_in()
    at(timedelta(minutes=16))

    answer = browser.post("/account", {"old": WORDS, "password": NEW, "again": NEW})

    assert answer["Location"] == "/sign-in?next=/account&lost=yes"
    page = browser.get(answer["Location"])
    assert "What you sent last was not recorded: sign in, and send it again." in text_of(page)
    assert 'name="next" value="/account"' in page.content.decode()


def test_link_with_a_question_leads_back_to_the_same_list(account: Any) -> None:
    answer = anybody().get("/month?month=2026-12&site=gainesville")

    assert answer["Location"] == "/sign-in?next=/month%3Fmonth%3D2026-12%26site%3Dgainesville"


def test_seconds_do_not_add_up_to_a_session_that_ends_early(account: Any, at: Callable[[timedelta], None]) -> None:
    browser = signed_in()
    at(timedelta(seconds=59))
    browser.get("/account")
    at(timedelta(minutes=14, seconds=59))

    assert browser.get("/account").status_code == 200


def test_signing_in_gives_another_session_than_was_brought(account: Any) -> None:
    browser = anybody()
    browser.cookies["dayzero"] = "chosenbyanattackerchosenbyanatta"

    browser.post("/sign-in", {"name": "mk", "password": WORDS})
    first = browser.cookies["dayzero"].value
    browser.post("/sign-in", {"name": "mk", "password": WORDS})

    assert first != "chosenbyanattackerchosenbyanatta"
    assert browser.cookies["dayzero"].value != first
    stale = anybody()
    stale.cookies["dayzero"] = first
    assert stale.get("/account").status_code == 302


def test_cookie_is_hidden_from_scripts_and_other_sites(account: Any) -> None:
    browser = signed_in()

    cookie = browser.cookies["dayzero"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (True, "Lax", "/", 900)


def test_signing_out_ends_the_session_and_not_only_the_cookie(account: Any) -> None:
    browser = signed_in()
    kept = browser.cookies["dayzero"].value
    assert browser.get("/sign-out").status_code == 302
    assert browser.get("/account").status_code == 200, "a link must not sign out"

    browser.post("/sign-out")

    thief = anybody()
    thief.cookies["dayzero"] = kept
    assert thief.get("/account").status_code == 302


def test_new_password_ends_the_sessions_everywhere_else(account: Any) -> None:
    here, there = signed_in(), signed_in()

    before = here.cookies["dayzero"].value
    answer = here.post("/account", {"old": WORDS, "password": NEW, "again": NEW})

    assert (answer.status_code, here.cookies["dayzero"].value == before) == (200, False)
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302


def test_guessing_closes_one_account_to_one_address(account: Any) -> None:
    codes = [anybody().post("/sign-in", {"name": "mk", "password": f"guess {n}"}).status_code for n in range(6)]

    assert codes == [401, 401, 401, 401, 429, 429]
    right = anybody().post("/sign-in", {"name": "mk", "password": WORDS})
    assert (right.status_code, "Too many wrong passwords" in text_of(right)) == (429, True)
    assert anybody().post("/sign-in", {"name": "other", "password": "x"}).status_code == 401
    assert anybody("192.0.2.7").post("/sign-in", {"name": "mk", "password": WORDS}).status_code == 302


def test_account_is_open_again_after_a_quarter_of_an_hour(account: Any, at: Callable[[timedelta], None]) -> None:
    for _ in range(5):
        anybody().post("/sign-in", {"name": "mk", "password": "x"})
    at(timedelta(minutes=14, seconds=59))
    assert anybody().post("/sign-in", {"name": "mk", "password": WORDS}).status_code == 429

    at(timedelta(minutes=30, seconds=1))

    assert anybody().post("/sign-in", {"name": "mk", "password": WORDS}).status_code == 302


@pytest.mark.parametrize("name", ["nobody", "mk'--", "m\0k", "x" * 5000, "\N{LATIN SMALL LETTER DOTLESS I}", ""])
def test_who_does_not_exist_is_told_like_a_wrong_password(
    name: str, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import Argon2PasswordHasher

    hashed: list[str] = []

    def counted(name: str, plain: Any) -> Any:
        def count(*a: Any) -> Any:
            hashed.append(name)
            return plain(*a)

        return count

    for method in ("encode", "verify"):
        monkeypatch.setattr(Argon2PasswordHasher, method, counted(method, getattr(Argon2PasswordHasher, method)))

    known = anybody("192.0.2.1").post("/sign-in", {"name": "mk", "password": "wrong"})
    for_known, hashed[:] = len(hashed), []
    unknown = anybody("192.0.2.2").post("/sign-in", {"name": name, "password": "wrong"})

    assert (known.status_code, text_of(known)) == (unknown.status_code, text_of(unknown))
    assert len(hashed) == for_known == 1


def test_what_was_typed_instead_of_a_name_is_kept_nowhere(site: Website, account: Any) -> None:
    typed = "My Password In The Wrong Box"

    anybody().post("/sign-in", {"name": typed, "password": "another secret of mine"})

    stored = site.clinic.db.read_bytes().decode("latin-1").lower()
    assert typed.lower() not in stored
    assert "another secret" not in stored


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
        "/\n/evil.example", " //evil.example", "///evil.example", "/%09/evil.example\r\nX: y",
    ],
)  # fmt: skip
def test_signing_in_leads_to_no_other_site(target: str, account: Any) -> None:
    answer = anybody().post("/sign-in", {"name": "mk", "password": WORDS, "next": target})

    where = answer["Location"]
    assert answer.status_code == 302
    assert where == "/" or (where.startswith("/") and where[1:2] not in ("/", "\\") and "\n" not in where)


def test_signing_in_leads_back(account: Any) -> None:
    answer = anybody().post("/sign-in", {"name": "mk", "password": WORDS, "next": "/account"})

    assert answer["Location"] == "/account"
