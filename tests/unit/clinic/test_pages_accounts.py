"""Accounts: made, changed, closed, and what becomes of those who are signed in."""

import re
from pathlib import Path
from typing import Any

import pytest
from clinics import with_participant
from website import HOST, Website, text_of, website

from clinic.access.roles import Role

WORDS = "four words nobody guesses"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    return website(with_participant(tmp_path, monkeypatch), monkeypatch)


def anybody() -> Any:
    from django.test import Client

    return Client(SERVER_NAME=HOST)


def token_in(answer: Any) -> str:
    """Return the one-time link that a page shows."""
    (found,) = set(re.findall(r"/welcome/([A-Za-z0-9_-]{43})", answer.content.decode()))
    return str(found)


def seen(browser: Any, name: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', browser.get(f"/accounts/{name}").content.decode())
    assert found
    return found[1]


def recorded(site: Website, name: str) -> list[tuple[str, str, str]]:
    return [(one.kind, one.actor, one.reason) for one in site.clinic.records(f"account/{name}")]


def test_account_is_made_and_its_owner_begins_with_the_link(site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)

    answer = boss.post("/accounts", {"name": "MK", "role": "monitor", "site": "gainesville", "lang": "es"})
    owner = anybody()
    begun = owner.post(f"/welcome/{token_in(answer)}", {"password": WORDS, "again": WORDS})

    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert (begun.status_code, begun["Location"]) == (302, "/")
    assert "Su cuenta" in text_of(owner.get("/account"))
    assert recorded(site, "mk") == [
        ("account_created", "administrator", ""),
        ("sign_in_link_given", "administrator", ""),
        ("password_set", "mk", ""),
    ]
    made = site.clinic.records("account/mk")[0]
    assert dict(made.body) == {"role": "monitor", "sites": "gainesville", "lang": "es"}
    assert token_in(answer) not in site.clinic.db.read_bytes().decode("latin-1")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "mk", "role": "monitor"}, "no site was chosen"),
        ({"name": "Maria Gómez", "role": "monitor"}, "it cannot be a sign-in name"),
        ({"name": "Maria Gómez", "role": "monitor"}, "no site was chosen"),
        ({"name": "mk", "site": "gainesville"}, "no role was chosen"),
        ({"name": "mk", "role": "owner", "site": "gainesville"}, "no role was chosen"),
        ({"name": "Maria Gómez", "role": "monitor", "site": "gainesville"}, "it cannot be a sign-in name"),
        ({"name": "mk\n", "role": "monitor", "site": "gainesville"}, ""),
        ({"name": "administrator", "role": "monitor", "site": "gainesville"}, "administrator is taken"),
    ],
)
def test_account_that_cannot_be_made_is_told_with_what_was_typed(
    form: dict[str, str], said: str, site: Website
) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)

    answer = boss.post("/accounts", form)

    assert answer.status_code == (422 if said else 200)
    assert said in text_of(answer)


def test_site_that_the_clinic_does_not_have_is_given_to_nobody(site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)

    assert boss.post("/accounts", {"name": "mk", "role": "monitor", "site": "miami"}).status_code == 404
    assert recorded(site, "mk") == []


def test_new_link_ends_the_older_one_and_the_old_password_goes_on_until_it_is_used(site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)
    first = token_in(boss.post("/accounts", {"name": "mk", "role": "monitor", "site": "gainesville"}))
    second = token_in(boss.post("/accounts/mk", {"do": "link"}))

    assert anybody().get(f"/welcome/{first}").status_code == 404
    assert anybody().post(f"/welcome/{second}", {"password": WORDS, "again": WORDS}).status_code == 302
    assert anybody().post(f"/welcome/{second}", {"password": WORDS, "again": WORDS}).status_code == 404
    third = token_in(boss.post("/accounts/mk", {"do": "link"}))

    owner = anybody()
    assert owner.post("/sign-in", {"name": "mk", "password": WORDS}).status_code == 302
    new = "four other words of mine"
    assert anybody().post(f"/welcome/{third}", {"password": new, "again": new}).status_code == 302
    assert owner.get("/account").status_code == 302, "the sessions of the old password go on"


def test_closed_account_is_signed_out_at_once_everywhere(site: Website) -> None:
    boss, owner = site.sign_in(Role.ADMINISTRATOR), site.sign_in(Role.MONITOR, "gainesville", name="mk")
    waiting = token_in(boss.post("/accounts/mk", {"do": "link"}))
    assert owner.get("/account").status_code == 200

    form = {"do": "close", "reason": "left the clinic", "seen": seen(boss, "mk")}
    answer = boss.post("/accounts/mk", form)

    assert (answer.status_code, answer["Location"]) == (302, "/accounts?changed=mk")
    assert owner.get("/account")["Location"] == "/sign-in?next=/account"
    assert anybody().get(f"/welcome/{waiting}").status_code == 404
    assert recorded(site, "mk")[-1] == ("account_closed", "administrator", "left the clinic")
    refused = boss.post("/accounts/mk", {"do": "link"})
    assert (refused.status_code, "the account is closed" in text_of(refused)) == (422, True)

    boss.post("/accounts/mk", {"do": "reopen", "reason": "came back", "seen": seen(boss, "mk")})

    assert owner.get("/account").status_code == 302, "the session from before is good again"
    assert boss.post("/accounts/mk", {"do": "link"}).status_code == 200


def test_role_and_sites_hold_from_the_next_page_on(site: Website) -> None:
    boss, owner = site.sign_in(Role.ADMINISTRATOR), site.sign_in(Role.MONITOR, "gainesville", name="mk")
    assert owner.get("/accounts").status_code == 403

    form = {"do": "change", "role": "administrator", "reason": "keeps the study now", "seen": seen(boss, "mk")}
    assert boss.post("/accounts/mk", form).status_code == 302

    assert owner.get("/accounts").status_code == 200
    change = site.clinic.records("account/mk")[-1]
    assert dict(change.body) == {
        "old_role": "monitor", "new_role": "administrator", "old_sites": "gainesville", "new_sites": "",
    }  # fmt: skip


@pytest.mark.parametrize("do", ["close", "change"])
def test_last_administrator_stays(do: str, site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)
    boss.post("/accounts", {"name": "later", "role": "administrator"})

    form = {"do": do, "role": "monitor", "site": "gainesville", "reason": "x", "seen": seen(boss, "administrator")}
    answer = boss.post("/accounts/administrator", form)

    assert (answer.status_code, "nobody could keep the accounts" in text_of(answer)) == (422, True)
    assert boss.get("/accounts").status_code == 200
    assert recorded(site, "administrator") == []


def test_who_was_slower_is_told(site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)
    site.sign_in(Role.MONITOR, "gainesville", name="mk")
    old = seen(boss, "mk")
    boss.post("/accounts/mk", {"do": "link"})

    answer = boss.post("/accounts/mk", {"do": "close", "reason": "x", "seen": old})

    assert (answer.status_code, "was changed meanwhile by administrator" in text_of(answer)) == (409, True)
    assert site.sign_in(Role.MONITOR, name="mk").get("/account").status_code == 200


def test_every_change_wants_a_reason(site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR)
    site.sign_in(Role.MONITOR, "gainesville", name="mk")

    answer = boss.post("/accounts/mk", {"do": "close", "reason": " ", "seen": "0"})

    assert (answer.status_code, "is empty; write why" in text_of(answer)) == (422, True)
    assert recorded(site, "mk") == []


def test_account_that_nobody_has_is_not_found(site: Website) -> None:
    answer = site.sign_in(Role.ADMINISTRATOR).get("/accounts/nobody")

    assert (answer.status_code, "nobody signs in as" in text_of(answer)) == (404, True)


def test_what_is_wrong_is_told_in_spanish_by_the_labels_of_the_fields(site: Website) -> None:
    boss = site.sign_in(Role.ADMINISTRATOR, lang="es")
    site.sign_in(Role.MONITOR, "gainesville", name="mk")

    mistyped = text_of(boss.post("/accounts/mk", {"do": "close", "reason": " ", "seen": "0"}))
    refused = text_of(boss.post("/accounts", {"name": "pt", "role": "monitor"}))
    unknown = text_of(boss.get("/accounts/nobody"))

    assert "Motivo: está vacío; escriba por qué" in mistyped
    assert "Centros: no se eligió ningún centro; elija al menos uno" in refused
    assert "cuenta: nadie inicia sesión como 'nobody'; elija uno de la lista" in unknown


def test_copy_of_the_store_lets_nobody_in(site: Website) -> None:
    from clinic.memory.backup import backup
    from clinic.served import served

    boss = site.sign_in(Role.ADMINISTRATOR)
    token = token_in(boss.post("/accounts", {"name": "mk", "role": "monitor", "site": "gainesville"}))
    anybody().post(f"/welcome/{token}", {"password": WORDS, "again": WORDS})
    anybody().post("/sign-in", {"name": "somebody-tried", "password": "x"})
    copy = site.clinic.folder / "copy.sqlite3"

    backup(served(), copy)

    there, here = (path.read_bytes().decode("latin-1") for path in (copy, site.clinic.db))
    session = boss.cookies["dayzero"].value
    for kept in ("argon2id$", session, "somebody-tried"):
        assert kept in here
        assert kept not in there
    assert "account_created" in there
