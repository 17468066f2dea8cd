"""Addresses of stores, and what SQLite is asked for."""

import sys
from pathlib import Path

import pytest

from clinic.memory.settings import address_of, connect
from schedule.errors import StoreUnavailable, Unreadable


@pytest.mark.parametrize("said", ["here.sqlite3", "sqlite:///here.sqlite3", "./here.sqlite3"])
def test_a_path_is_a_file_of_sqlite(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert address_of(said).file == tmp_path / "here.sqlite3"


def test_what_is_not_said_is_in_the_environment_else_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAYZERO_DB", raising=False)
    assert address_of(None).file == tmp_path / "dayzero.sqlite3"

    monkeypatch.setenv("DAYZERO_DB", "sqlite:////data/other.sqlite3")
    assert address_of(None).file == Path("/data/other.sqlite3")
    assert address_of("third.sqlite3").file == tmp_path / "third.sqlite3"


def test_a_file_is_opened_and_never_made_by_opening(tmp_path: Path) -> None:
    assert address_of(str(tmp_path / "a b?#%.sqlite3")).database["NAME"].endswith("/a%20b%3F%23%25.sqlite3?mode=rw")


def test_an_address_of_postgresql_has_all_parts() -> None:
    found = address_of("postgresql://a%40b:p%3Aw@db.example.org:5433/clinic?sslmode=verify-full")
    database = found.database

    assert [database[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "a@b", "p:w", "db.example.org", "5433", "clinic",
    ]  # fmt: skip
    assert database["OPTIONS"]["sslmode"] == "verify-full"
    assert "synchronous_commit=on" in database["OPTIONS"]["options"]
    assert (found.file, found.shown) == (None, "postgresql://db.example.org/clinic")


def test_a_socket_is_named_as_libpq_has_it() -> None:
    database = address_of("postgres://me@/clinic?host=/run/here&port=5444").database

    assert [database[name] for name in ("USER", "HOST", "PORT", "NAME")] == ["me", "/run/here", "5444", "clinic"]
    assert "host" not in database["OPTIONS"]


@pytest.mark.parametrize(
    "said", ["mysql://me:hidden@host/db", "postgresql://me:hidden@host:no-number/db", "sqlite://x"]
)
def test_another_address_is_refused_without_its_password(said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        address_of(said)

    assert "hidden" not in str(caught.value)
    assert "postgresql://user@host/name" in str(caught.value)


def test_without_django_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("django", "django.conf"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(StoreUnavailable, match=r"needs Django; install it with: pip install 'dayzero\[clinic\]'"):
        connect(address_of("here.sqlite3"))
