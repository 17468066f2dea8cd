"""What should not be sent is refused, and what is typed is shown as it was typed: never run, never logged."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clinics import with_participant
from website import HOST, Website, website

from clinic.access.roles import Role

FORMS = {
    "/sign-in": {"name": "administrator", "password": "x"},
    "/sign-out": {},
    "/account": {"lang": "es"},
    "/accounts": {"name": "new", "role": "monitor", "site": "gainesville"},
    "/accounts/mk": {"do": "link"},
}
"""Forms of whoever is signed in, each with what would change something."""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    made = website(with_participant(tmp_path, monkeypatch), monkeypatch)
    made.sign_in(Role.MONITOR, "gainesville", name="mk")
    return made


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Keep all lines of our own log, which is all that the server prints."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler, ours = Keep(), logging.getLogger("dayzero")
    ours.addHandler(handler)
    level = ours.level
    ours.setLevel(logging.INFO)
    yield lines
    ours.setLevel(level)
    ours.removeHandler(handler)


@pytest.fixture
def behind_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand behind a proxy of our own."""
    from django.conf import settings

    from clinic.server.settings import PROXY, read_web

    monkeypatch.setattr(settings, "DAYZERO_WEB", read_web({PROXY: "127.0.0.1"}))


def strict(site: Website, name: str = "administrator") -> Any:
    """Return the browser of an administrator, which is asked for the token of its forms."""
    from django.test import Client

    from clinic.access.models import Account

    site.sign_in(Role.ADMINISTRATOR, name=name)
    browser = Client(SERVER_NAME=HOST, enforce_csrf_checks=True)
    browser.force_login(Account.objects.get(name=name), backend="django.contrib.auth.backends.ModelBackend")
    return browser


def token(browser: Any) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/account").content.decode())
    assert found
    return found[1]


# forms of other sites


@pytest.mark.parametrize("path", FORMS)
def test_form_without_its_token_changes_nothing(path: str, site: Website) -> None:
    browser = strict(site)
    before = site.clinic.count()
    answer = browser.post(path, FORMS[path])

    assert answer.status_code == 403
    assert site.clinic.count() == before
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize("path", FORMS)
def test_token_of_another_browser_is_none(path: str, site: Website) -> None:
    browser, other = strict(site), strict(site, "second")
    browser.get("/account")

    assert browser.post(path, FORMS[path] | {"csrfmiddlewaretoken": token(other)}).status_code == 403


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost.evil.example", "https://localhost", "http://localhost:1"],
)
def test_form_from_another_site_is_refused_even_with_the_token(origin: str, site: Website) -> None:
    browser = strict(site)
    form = FORMS["/accounts/mk"] | {"csrfmiddlewaretoken": token(browser)}

    assert browser.post("/accounts/mk", form, headers={"origin": origin}).status_code == 403
    assert browser.post("/accounts/mk", form, headers={"origin": f"http://{HOST}"}).status_code == 200


# names and addresses


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "localhost.evil.example"},
        {"HTTP_HOST": "localhost:80@evil.example"},
        {"HTTP_HOST": "evil.example, localhost"},
        {"HTTP_HOST": ""},
        {"HTTP_HOST": "127.0.0.1.", "SERVER_NAME": "evil.example"},
    ],
)
def test_other_host_is_a_bad_request_that_repeats_nothing(headers: dict[str, str], site: Website) -> None:
    from django.test import Client

    answer = Client().get("/sign-in", **{"SERVER_NAME": "evil.example"} | headers)

    if headers["HTTP_HOST"] == "127.0.0.1.":
        assert answer.status_code == 200, "a dot at its end is the same name"
    else:
        assert (answer.status_code, answer.content) == (400, b"dayzero: bad request\n")


def test_word_of_a_proxy_that_is_none_of_ours_counts_nothing(site: Website) -> None:
    from django.http import HttpResponse
    from django.test import RequestFactory

    from clinic.server.middleware import address_of, known_proxy

    claims = {
        "HTTP_X_FORWARDED_FOR": "203.0.113.9",
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_X_FORWARDED_PROTO": "https",
    }
    request = RequestFactory(SERVER_NAME=HOST, REMOTE_ADDR="198.51.100.1").get("/", **claims)

    assert address_of(request) == "198.51.100.1"
    assert request.get_host() == HOST
    assert not request.is_secure()
    known_proxy(lambda _: HttpResponse())(request)
    assert not [name for name in request.META if name.startswith("HTTP_X_FORWARDED")]


def test_word_of_our_proxy_is_taken(site: Website, behind_proxy: None) -> None:
    from django.http import HttpResponse
    from django.test import RequestFactory

    from clinic.server.middleware import address_of, known_proxy

    request = RequestFactory(REMOTE_ADDR="127.0.0.1").get("/", HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.7")
    known_proxy(lambda _: HttpResponse())(request)

    assert address_of(request) == "198.51.100.7", "what stands before it, the client has written"


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/../account", "/accounts/%2e%2e/account", "/accounts/..%2faccount", "/accounts/mk%00",
        "/accounts/mk%0a", "/accounts/%EF%BC%91", "/accounts/mk%0d%0aSet-Cookie:%20a=b", "/\\evil.example",
        "/static/../settings.py", "/static/%2e%2e/%2e%2e/base.html", "/accounts/" + "x" * 5000, "/accounts/%ff%fe",
        "/accounts/MK", "/accounts//mk", "/%2f%2fevil.example", "/accounts/mk/", "/accounts/mk;x",
    ],
)  # fmt: skip
def test_tricks_with_paths_find_nothing(path: str, site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)

    answer = boss.get(path)

    assert answer.status_code == 404, answer
    assert "Set-Cookie" not in answer.headers


def test_query_of_any_kind_is_no_bug(site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)
    for query in ("changed=%00", "changed=<script>", "lang=%ff", "a[]=1&a=2", "=", "&&&", "changed=" + "x" * 5000):
        answer = boss.get(f"/accounts?{query}")
        assert answer.status_code == 200
        assert "<script>" not in answer.content.decode().replace("<script src=", "")


# what is typed

TYPED = [
    "<script>alert(1)</script>",
    "{{7*7}}",
    "{% include 'base.html' %}",
    "=cmd()",
    '"><img src=x onerror=a>',
    "${7*7}",
]


@pytest.mark.parametrize("typed", TYPED)
def test_what_was_typed_is_shown_as_it_was_typed(typed: str, site: Website) -> None:
    from html import escape

    boss = site.sign_in(Role.ADMINISTRATOR)
    answers = [
        boss.post("/accounts", {"name": typed, "role": "monitor", "site": "gainesville"}),
        boss.post("/accounts/mk", {"do": "change", "role": typed, "reason": typed, "seen": typed}),
        boss.post("/accounts/mk", {"do": typed, "reason": typed}),
        boss.post("/sign-in", {"name": typed, "password": typed, "next": typed}),
    ]
    for answer in answers:
        page = answer.content.decode()
        assert answer.status_code in (401, 422)
        assert typed not in page or escape(typed) == typed
        assert "49" not in re.sub(r"\w{64}", "", page)
    assert any(
        escape(typed) in one.content.decode().replace("&#34;", "&quot;").replace("&#39;", "&#x27;") for one in answers
    )


def test_reason_is_recorded_as_it_was_typed_and_not_logged(site: Website, logged: list[str]) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)
    for typed in TYPED:
        boss.post("/accounts/mk", {"do": "close", "reason": typed, "seen": str(len(site.clinic.records("account/mk")))})
        boss.post(
            "/accounts/mk", {"do": "reopen", "reason": typed, "seen": str(len(site.clinic.records("account/mk")))}
        )

    assert [one.reason for one in site.clinic.records("account/mk")] == [one for one in TYPED for _ in range(2)]
    assert len(logged) >= 12
    assert not [line for line in logged for typed in TYPED if typed in line]


@pytest.mark.parametrize("reason", ["a\0b", "a\x0bb", "line\u2028line", "x" * 2001])
def test_reason_that_cannot_be_kept_is_told(reason: str, site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)

    answer = boss.post("/accounts/mk", {"do": "close", "seen": "0", "reason": reason})

    assert answer.status_code in (409, 422)
    assert site.clinic.records("account/mk") == []


# bodies


def test_body_that_is_too_large_is_refused(site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)

    large = boss.post("/accounts", "name=" + "x" * 1_000_001, content_type="application/x-www-form-urlencoded")
    many = boss.post("/accounts", {f"f{n}": "x" for n in range(501)})

    assert (large.status_code, many.status_code) == (400, 400)
    assert b"Traceback" not in large.content + many.content


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"do": "close", "reason": "x", "seen": 0}', "application/json"),
        ("do=close&reason=x&seen=0", "text/plain"),
        ("<do>close</do>", "application/xml"),
        ("--x\r\nContent-Disposition: form-data; name=do\r\n\r\nclose", "multipart/form-data; boundary=x"),
        ("rubbish", "multipart/form-data"),
        ("do=close&reason=x", "application/x-www-form-urlencoded; charset=utf-16"),
        ("", "multipart/form-data; boundary=" + "x" * 500),
    ],
)
def test_other_kinds_of_bodies_change_nothing(body: str, kind: str, site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)
    before = site.clinic.count()

    answer = boss.post("/accounts/mk", body, content_type=kind)

    assert answer.status_code in (400, 409, 422)
    assert site.clinic.count() == before


# the log


def test_log_holds_no_token_no_cookie_and_no_password(site: Website, logged: list[str]) -> None:
    from django.test import Client

    boss = site.sign_in(Role.ADMINISTRATOR)
    page = boss.post("/accounts/mk", {"do": "link"}).content.decode()
    link = re.search(r"/welcome/([\w-]{43})", page)
    assert link
    words = "four words nobody guesses"
    owner = Client(SERVER_NAME=HOST)
    owner.post(f"/welcome/{link[1]}", {"password": words, "again": words})
    owner.post("/sign-in?next=/secret-place", {"name": "mk", "password": words})
    owner.get(f"/welcome/{link[1]}/more")
    owner.get(f"/{link[1]}")

    secrets = [
        link[1],
        words,
        owner.cookies["dayzero"].value,
        owner.cookies["dayzero_csrf"].value,
        "secret-place",
        "mk",
    ]
    assert [re.sub(r"\d+ ms", "? ms", line) for line in logged][:2] == [
        "POST /accounts/<str:account> 200 ? ms", logged[1].rpartition(" ")[0].rpartition(" ")[0] + " ? ms",
    ]  # fmt: skip
    assert len(logged) == 5
    assert not [(line, secret) for line in logged for secret in secrets if secret in line]


def test_bug_is_told_without_a_traceback(site: Website, logged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from clinic.access import accounts

    def broken(*_: object) -> int:
        raise RuntimeError("P-001 has a secret")

    monkeypatch.setattr(accounts, "records_of", broken)
    boss = site.sign_in(Role.ADMINISTRATOR)
    boss.raise_request_exception = False

    answer = boss.get("/accounts/mk")

    page = answer.content.decode()
    assert (answer.status_code, "Traceback" in page, "secret" in page) == (500, False, False)
    assert "RuntimeError at test_pages_hostile.py" in page
    assert not [line for line in logged if "secret" in line or "Traceback" in line]
