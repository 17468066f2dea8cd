"""Signing in, the first administrator, one's own account."""

from pathlib import Path

import pytest
from clinics import with_participant
from website import HOST, Website, text_of, website

from clinic.access.roles import Role


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    return website(with_participant(tmp_path, monkeypatch), monkeypatch)


def test_first_administrator_chooses_a_name_and_a_password(site: Website) -> None:
    from django.test import Client

    from clinic import clock
    from clinic.access import accounts

    token = accounts.invite(None, clock.now())
    browser = Client(SERVER_NAME=HOST)
    words = {"name": "jd", "password": "four words nobody guesses", "again": "four words nobody guesses"}

    assert browser.get(f"/welcome/{token}").status_code == 200
    answer = browser.post(f"/welcome/{token}", words)

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert Client(SERVER_NAME=HOST).get(f"/welcome/{token}").status_code == 404
    kinds = [(one.kind, one.actor, one.role, one.account) for one in site.clinic.records("account/jd")]
    assert kinds == [
        ("account_created", "jd", "administrator", "signed-in"),
        ("password_set", "jd", "administrator", "signed-in"),
    ]
    assert "four words" not in site.clinic.db.read_bytes().decode("latin-1")


def test_wrong_password_says_nothing_of_who_exists(site: Website) -> None:
    from django.test import Client

    site.sign_in(Role.COORDINATOR, "gainesville", name="jd")
    said = {text_of(Client(SERVER_NAME=HOST).post("/sign-in", {"name": name, "password": "x"})).count("wrong")
            for name in ("jd", "nobody")}  # fmt: skip

    assert said == {1}


def test_page_leads_to_signing_in_and_back(site: Website) -> None:
    from django.test import Client

    answer = Client(SERVER_NAME=HOST).get("/account")

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=/account")


def test_a_refusal_is_told_in_spanish_by_the_label_of_its_field(site: Website) -> None:
    from django.test import Client

    from clinic import clock
    from clinic.access import accounts

    token = accounts.invite(None, clock.now())
    typed = {"name": "jd", "password": "four words nobody guesses", "again": "other words nobody guesses"}

    answer = Client(SERVER_NAME=HOST).post(f"/welcome/{token}?lang=es", typed)

    assert answer.status_code == 422
    assert "La misma contraseña otra vez: las dos contraseñas son distintas; escriba la misma dos veces" in text_of(
        answer
    )


def test_pages_before_signing_in_lead_to_the_other_language(site: Website) -> None:
    from django.test import Client

    from clinic import clock
    from clinic.access import accounts

    browser = Client(SERVER_NAME=HOST)
    here = f"/welcome/{accounts.invite(None, clock.now())}"

    assert (
        f'<a class="language" href="{here}?lang=es" lang="es" hreflang="es">Español</a>'
        in browser.get(here).content.decode()
    )
    assert f'<a class="language" href="{here}?lang=en" lang="en" hreflang="en">English</a>' in (
        browser.get(f"{here}?lang=es").content.decode()
    )
    signing_in = browser.get("/sign-in?next=/account").content.decode()
    assert (
        '<a class="language" href="/sign-in?lang=es&amp;next=/account" lang="es" hreflang="es">Español</a>'
        in signing_in
    )
