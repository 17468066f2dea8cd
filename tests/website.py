"""The clinic's pages in this process: a store of its own, accounts of every role, and a browser without pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from clinics import Clinic
from django.db import connections
from django.test import Client

import clinic.memory.settings
from clinic.access.roles import Role
from clinic.memory.making import make
from clinic.memory.settings import Address, address_of, configure
from clinic.memory.store import open_store
from clinic.served import serve_from
from clinic.server.settings import APPS, read_web, site_settings

KEY = "0123456789abcdef" * 4
"""Signs the cookies of tests."""
HOST = "localhost"


def configure_site(folder: Path) -> None:
    """Set Django up as the web server does, once a process and before any store is opened."""
    address = address_of(str(folder / "nowhere.sqlite3"))
    configure(address, **site_settings(read_web({}), address, KEY))


def _serve(address: Address) -> None:
    """Let this be the one database that Django knows as its own."""
    connections["default"].close()
    del connections["default"]
    connections.settings["default"] = connections.configure_settings({"default": dict(address.database)})["default"]
    known = clinic.memory.settings._known
    for key in [key for key, alias in known.items() if alias == "default"]:
        known[f"{key}, served before"] = known.pop(key)  # so that its number is given to no other
    known[clinic.memory.settings._key(address)] = "default"
    serve_from(open_store(str(address.file)))


_made: dict[bytes, bytes] = {}


@dataclass(slots=True)
class Website:
    """The pages of a clinic. What time it is, is the clinic's to say; its commands can be typed in between."""

    clinic: Clinic

    def sign_in(self, role: Role, *sites: str, name: str = "", lang: str = "en") -> Client:
        """Return the browser of somebody with this role at these sites."""
        from clinic.access.models import Account

        account, _ = Account.objects.get_or_create(
            name=name or role.value,
            defaults={"role": role.value, "sites": ",".join(sites), "lang": lang, "created": "2026-03-02T12:00:00Z"},
        )
        client = Client(SERVER_NAME=HOST)
        client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
        return client


def website(made: Clinic, patch: pytest.MonkeyPatch) -> Website:
    """Serve a clinic's store from now on, at noon of the day that the clinic has."""
    from datetime import UTC, date, datetime

    from clinics import NOON

    import clinic.clock

    address = address_of(str(made.db))
    before = made.db.read_bytes()
    _serve(address)
    if before not in _made:
        make(address, apps=APPS)
        connections["default"].close()
        _made[before] = made.db.read_bytes()
    made.db.write_bytes(_made[before])
    patch.setattr(clinic.clock, "now", lambda: datetime.combine(date.fromisoformat(made.today), NOON, UTC))
    return Website(clinic=made)


def text_of(answer: Any) -> str:
    """Return what a page says, without its marks, every run of white space as one."""
    from html import unescape
    from re import sub

    return unescape(sub(r"\s+", " ", sub(r"<[^>]*>", " ", answer.content.decode())))
