"""From a database's address to Django, configured in code: an SQLite file, or PostgreSQL."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from schedule.errors import Problem, StoreUnavailable, Unreadable
from schedule.saying import words

VARIABLE = "DAYZERO_DB"
USUAL = "dayzero.sqlite3"
PATIENCE_SECONDS = 30
"""How long a writer waits for the others."""

PRAGMAS = {"journal_mode": "delete", "synchronous": 3, "secure_delete": 1, "foreign_keys": 1}
"""What every connection to SQLite is set to, and must read back.

Synchronous 3 is EXTRA: with FULL alone the deletion of the journal, which is what commits in this mode, can be lost
with the power, and an acknowledged record with it.
"""

_SERVERS = ("postgres", "postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a store lies."""

    shown: str
    """As a person may read it: without a password."""
    file: Path | None
    """The SQLite file; nothing for a server."""
    database: dict[str, Any]
    """As Django wants it."""


def address_of(url: str | None) -> Address:
    """Return where the store lies: as said, else as $DAYZERO_DB says, else in the working folder.

    Raises Unreadable.
    """
    url = url or os.environ.get(VARIABLE) or USUAL
    scheme = url.split("://")[0] if "://" in url else ""
    if scheme in _SERVERS:
        return _server(url)
    if scheme not in ("", "sqlite") or (scheme and not url.startswith("sqlite:///")):
        raise Unreadable([_unreadable(url.split("@")[-1])])
    file = Path(url.removeprefix("sqlite:///")).resolve()
    database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file.as_uri() + "?mode=rw",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": PATIENCE_SECONDS,
            "init_command": "; ".join(f"PRAGMA {name}={value}" for name, value in PRAGMAS.items()),
        },
    }
    return Address(shown=str(file), file=file, database=database)


def _server(url: str) -> Address:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unreadable([_unreadable(words("the address of PostgreSQL"))]) from error
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    name = unquote(parts.path.removeprefix("/"))
    ours = f"-c lock_timeout={PATIENCE_SECONDS}s -c synchronous_commit=on"
    database: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": options.pop("port", "") or str(port or ""),
        "OPTIONS": options | {"options": f"{options.get('options', '')} {ours}".strip()},
    }
    if "connect_timeout" not in options:
        database["OPTIONS"]["connect_timeout"] = 10
    return Address(shown=f"postgresql://{host or 'localhost'}/{name}", file=None, database=database)


def _unreadable(shown: str) -> Problem:
    return Problem(
        place="--db",
        wrong=words("{shown} is no address of a database", shown=shown),
        remedy=words("write the path of a file, such as clinic.sqlite3, or postgresql://user@host/name"),
    )


_known: dict[str, str] = {}


def connect(address: Address) -> str:
    """Return the alias by which Django knows the database; the first of a process is ``default``.

    Raises StoreUnavailable where Django is not installed.
    """
    try:
        from django.conf import settings
    except ModuleNotFoundError as error:
        problem = Problem(
            place="",
            wrong=words("the clinic's store needs Django"),
            remedy=words("install it with: pip install 'dayzero[clinic]'"),
        )
        raise StoreUnavailable([problem]) from error

    if not settings.configured:
        configure(address)
    key = _key(address)
    if key not in _known:
        from django.db import connections

        alias = f"store{len(connections.settings) + 1}"
        known = connections.configure_settings({**connections.settings, alias: dict(address.database)})
        connections.settings[alias] = known[alias]
        _known[key] = alias
    return _known[key]


def configure(address: Address, **more: Any) -> None:
    """Set Django up for this database, once a process; ``more`` are settings that only the web server needs."""
    import django
    from django.conf import settings

    usual = {
        "INSTALLED_APPS": ["clinic"],
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "USE_I18N": False,
        "LOGGING_CONFIG": None,
    }
    settings.configure(**usual | {"DATABASES": {"default": dict(address.database)}} | more)
    django.setup()
    from django.db.backends.signals import connection_created

    connection_created.connect(_read_back)
    _known[_key(address)] = "default"


def _key(address: Address) -> str:
    return repr(sorted(address.database.items(), key=str))


def pragmas(connection: Any) -> dict[str, object]:
    """Return how this connection to SQLite is set, by asking it."""
    with connection.cursor() as cursor:
        return {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}


def _read_back(*, connection: Any, **_: object) -> None:
    if connection.vendor != "sqlite":
        return
    found = pragmas(connection) | {"BEGIN": connection.transaction_mode}
    wanted = PRAGMAS | {"BEGIN": "IMMEDIATE"}
    if wrong := [f"{name} is {found[name]}, not {wanted[name]}" for name in wanted if found[name] != wanted[name]]:
        connection.close()
        problem = Problem(
            place="SQLite",
            wrong=words("cannot be set to lose nothing ({settings})", settings=", ".join(wrong)),
            remedy=words("close other programs that use the file, then try again"),
        )
        raise StoreUnavailable([problem])
