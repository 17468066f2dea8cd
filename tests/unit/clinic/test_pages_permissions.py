"""Who may read and send what: every address, every role, every cell said here and not computed."""

import re
from pathlib import Path
from typing import Any

import pytest
from clinics import with_participant
from website import HOST, Website, website

from clinic.access.roles import Role

ROLES = {"A": Role.ADMINISTRATOR, "C": Role.COORDINATOR, "M": Role.MONITOR, "P": Role.PHARMACY}

MATRIX = {
    # address: who may read, who may send a form
    "": ("ACMP", "ACMP"),
    "account": ("ACMP", "ACMP"),
    "enroll": ("AC", "AC"),
    "participants/<str:code>": ("ACM", "ACM"),
    "participants/<str:code>/history": ("ACM", "ACM"),
    "participants/<str:code>/print": ("ACM", "ACM"),
    "participants/<str:code>/paper": ("ACM", "ACM"),
    "participants/<str:code>/links": ("AC", "AC"),
    "participants/<str:code>/<str:action>": ("AC", "AC"),
    "participants/<str:code>/visits/<str:visit>/<str:action>": ("AC", "AC"),
    "links": ("AC", "AC"),
    "accounts": ("A", "A"),
    "today": ("ACM", "ACM"),
    "week": ("ACM", "ACM"),
    "month": ("ACM", "ACM"),
    "participants": ("ACM", "ACM"),
    "tell/<str:code>": ("ACM", "AC"),
    "infusions": ("ACMP", "ACMP"),
    "infusions/<str:code>": ("ACMP", "ACP"),
    "reports": ("ACM", "ACM"),
    "reports/offline/<str:site>": ("ACM", "ACM"),
    "sites": ("ACM", "A"),
    "sites/<str:site>": ("ACM", "AC"),
    "audit": ("ACM", "ACM"),
    "accounts/<str:account>": ("A", "A"),
}
OPEN = {"sign-in", "sign-out", "welcome/<str:token>", "f/<str:token>.ics", "s/<str:token>"}
"""What anybody may ask for."""

SAMPLES = {
    "account": "mk", "code": "P-001", "visit": "M3", "site": "gainesville", "number": "1", "link": "1",
    "report": "due", "day": "2026-03-02", "paper": "packet", "action": "move", "token": "dz_none",
}  # fmt: skip
"""What stands in the places of an address."""
CSRF = re.compile(r"[A-Za-z0-9]{64}")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    return website(with_participant(tmp_path, monkeypatch), monkeypatch)


def routes() -> dict[str, Any]:
    from clinic.server.routes import ROUTES

    return {one.path: one for one in ROUTES}


def address(path: str, **samples: str) -> str:
    values = SAMPLES | samples
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], path)


def test_every_address_stands_in_the_matrix() -> None:
    from clinic.server.routes import OPEN as ANYBODY

    assert set(routes()) == set(MATRIX)
    assert {str(one.pattern) for one in ANYBODY} == OPEN


@pytest.mark.parametrize("letter", ROLES)
def test_cells_of_a_role(letter: str, site: Website) -> None:
    browser = site.sign_in(ROLES[letter], "gainesville")
    browser.raise_request_exception = False
    found = {}
    for path in MATRIX:
        where = address(path)
        codes = browser.get(where).status_code, browser.post(where, {}).status_code
        found[path] = tuple(code != 403 for code in codes)
        assert all(code < 500 for code in codes), (path, codes)

    assert found == {path: (letter in read, letter in write) for path, (read, write) in MATRIX.items()}


def test_nobody_sees_anything_without_signing_in(site: Website) -> None:
    from django.test import Client

    for path in MATRIX:
        where = address(path)
        for answer in (Client(SERVER_NAME=HOST).get(where), Client(SERVER_NAME=HOST).post(where, {})):
            assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/sign-in"), path


def test_no_form_is_taken_without_its_token(site: Website) -> None:
    from django.test import Client

    from clinic.access.models import Account

    site.sign_in(Role.ADMINISTRATOR)
    before = site.clinic.count()
    for path in [*MATRIX, "sign-in", "sign-out", "welcome/<str:token>"]:
        browser = Client(SERVER_NAME=HOST, enforce_csrf_checks=True)
        browser.force_login(Account.objects.get(), backend="django.contrib.auth.backends.ModelBackend")
        answer = browser.post(address(path), {"step": "record", "reason": "x", "do": "close"})
        assert (answer.status_code, b"was not sent from this site" in answer.content) == (403, True), path

    assert site.clinic.count() == before


@pytest.mark.parametrize("letter", ["C", "M", "P"])
def test_participant_of_another_site_is_like_one_who_does_not_exist(letter: str, site: Website) -> None:
    site.clinic.must("clinic site miami --reason 'a second site'")
    browser = site.sign_in(ROLES[letter], "miami")
    for path, (read, write) in MATRIX.items():
        if "code>" not in path:
            continue
        theirs, nobodys = address(path), address(path, code="P-999")
        for send, who in ((browser.get, read), (browser.post, write)):
            answers = [(one.status_code, CSRF.sub("", one.content.decode())) for one in map(send, (theirs, nobodys))]
            (status, shown), (_, of_nobody) = answers
            assert status == (404 if letter in who else 403), (path, status)
            assert shown.replace("P-001", "P-999") == of_nobody, path


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_other_methods_do_nothing(method: str, site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)
    site.sign_in(Role.MONITOR, "gainesville", name="mk")
    before = site.clinic.count()
    for path in MATRIX:
        assert boss.generic(method, address(path)).status_code == 405, path

    assert site.clinic.count() == before


@pytest.mark.parametrize("letter", ["C", "M", "P"])
def test_no_list_shows_a_participant_of_another_site(letter: str, site: Website) -> None:
    site.clinic.must("clinic site miami --reason 'a second site'")
    browser = site.sign_in(ROLES[letter], "miami")
    here = site.sign_in(ROLES[letter], "gainesville", name="here")
    shown = 0
    for path in MATRIX:
        if "<" in path or path == "enroll":
            continue
        for query in ("", "?site=gainesville", "?q=P-001", "?participant=P-001", "?by=JD", "?list=overdue&format=csv"):
            where = f"{address(path)}{query}"
            page = browser.get(where).content.decode()
            told = page.replace(query.partition("=")[2], "") if query[1:2] in ("q", "p") else page
            assert "P-001" not in told, where
            shown += "P-001" in here.get(where).content.decode()

    assert shown > 0, "nobody sees anything"


@pytest.mark.parametrize("letter", ["C", "M"])
def test_other_site_is_like_one_that_does_not_exist(letter: str, site: Website) -> None:
    site.clinic.must("clinic site miami --reason 'a second site'")
    browser = site.sign_in(ROLES[letter], "miami")
    for path in ("sites/<str:site>", "reports/offline/<str:site>"):
        for send in (browser.get, browser.post):
            theirs, nobodys = send(address(path)), send(address(path, site="nowhere"))
            assert theirs.status_code == nobodys.status_code
            assert theirs.status_code in (403, 404)
            pages = [CSRF.sub("", one.content.decode()) for one in (theirs, nobodys)]
            assert pages[0].replace("gainesville", "nowhere") == pages[1]
