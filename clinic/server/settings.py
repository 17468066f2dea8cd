"""Django's settings for the web server, read from the environment: docs/deploy.md lists what can be said."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clinic.memory.settings import Address
from clinic.server.arriving import LARGEST
from schedule.errors import Problem, Unreadable
from schedule.saying import Said, words

BASE_URL, HOSTS, PROXY, SECRET_FILE, WORKERS, BIND = (
    "DAYZERO_BASE_URL", "DAYZERO_HOSTS", "DAYZERO_PROXY", "DAYZERO_SECRET_FILE", "DAYZERO_WORKERS", "DAYZERO_BIND",
)  # fmt: skip
USUAL_BIND = "127.0.0.1:8000"
IDLE_SECONDS = 15 * 60
"""After so long without a page somebody is signed out."""
FAILURES = 5
"""So many wrong passwords from one address close an account to it for a quarter of an hour."""
YEAR_SECONDS = 365 * 24 * 3600
APPS = ("contenttypes", "auth", "sessions", "axes", "access", "clinic")
"""By the labels under which their tables are known."""
KEY_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """How the server is reached."""

    host: str
    port: int
    base_url: str
    """Without a slash at its end."""
    hosts: tuple[str, ...]
    proxies: tuple[str, ...]
    """Addresses whose word about the client is taken."""
    workers: int
    secret_file: Path | None

    @property
    def is_secure(self) -> bool:
        """Whether people come over https."""
        return self.base_url.startswith("https://")


def read_web(env: Mapping[str, str], bind: str | None = None) -> Web:
    """Return what the environment says. Raises Unreadable with all that is wrong."""
    problems: list[Problem] = []
    said = bind or env.get(BIND) or USUAL_BIND
    host, _, port = said.rpartition(":")
    is_number = port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not (is_number and re.fullmatch(r"[^:\[\]]+|\[[0-9A-Fa-f:.]+\]", host)):
        remedy = words("write an address and a port, such as 127.0.0.1:8000 or [::1]:8000")
        problems.append(_wrong("--bind", said, remedy))
        host, port = "127.0.0.1", "8000"
    base = env.get(BASE_URL, f"http://{host if host != '0.0.0.0' else '127.0.0.1'}:{port}").rstrip("/")  # noqa: S104
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        problems.append(_wrong(BASE_URL, base, words("write https:// and the name under which people reach it")))
    workers = env.get(WORKERS, "1")
    if not (workers.isascii() and workers.isdigit() and 0 < int(workers) <= 64):
        problems.append(_wrong(WORKERS, workers, words("write a number of processes, from 1 to 64")))
        workers = "1"
    if problems:
        raise Unreadable(problems)
    named = [one.strip() for one in env.get(HOSTS, "").split(",") if one.strip()]
    return Web(
        host=host,
        port=int(port),
        base_url=base,
        hosts=tuple(dict.fromkeys([_as_asked_for(str(parts.hostname)), "localhost", "127.0.0.1", *named])),
        proxies=tuple(one.strip() for one in env.get(PROXY, "").split(",") if one.strip()),
        workers=int(workers),
        secret_file=Path(env[SECRET_FILE]) if env.get(SECRET_FILE) else None,
    )


def _as_asked_for(host: str) -> str:
    """Return a host as browsers name it: numbers with colons stand in brackets."""
    return f"[{host}]" if ":" in host else host


def _wrong(place: str, said: str, remedy: Said) -> Problem:
    return Problem(place=place, wrong=words("{said!a} cannot be read", said=said), remedy=remedy)


def secret_key(web: Web, address: Address) -> str:
    """Return the key that signs cookies, made at first use beside the SQLite file.

    Raises Unreadable where a server's database needs one to be said.
    """
    import secrets

    file = web.secret_file or (address.file and address.file.with_name(f"{address.file.name}.secret"))
    if file is None:
        wrong = words("the key that signs cookies has no place")
        remedy = words("say with {name} where it lies; it is made there if nothing does", name=SECRET_FILE)
        raise Unreadable([Problem(place=SECRET_FILE, wrong=wrong, remedy=remedy)])
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return file.read_text("ascii").strip()
    except OSError as error:
        store = address.file if not (web.secret_file or (address.file and address.file.exists())) else None
        problem = Problem(
            file=str(store or file),
            place="",
            wrong=words("cannot be made ({why})", why=error.strerror),
            remedy=words("check its folder"),
        )
        raise Unreadable([problem]) from error
    with os.fdopen(handle, "w") as out:
        key = secrets.token_urlsafe(KEY_BYTES)
        out.write(f"{key}\n")
    return key


def site_settings(web: Web, address: Address, key: str) -> dict[str, Any]:
    """Return Django's settings beyond those of the command line."""
    return {
        "DATABASES": {"default": address.database | {"CONN_MAX_AGE": None}},
        "SECRET_KEY": key,
        "ALLOWED_HOSTS": list(web.hosts),
        "ROOT_URLCONF": "clinic.server.routes",
        "INSTALLED_APPS": [
            "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "axes",
            "clinic.access", "clinic",
        ],
        "MIDDLEWARE": [
            "clinic.server.middleware.known_proxy",
            "clinic.server.middleware.access_log",
            "django.middleware.gzip.GZipMiddleware",
            "django.middleware.security.SecurityMiddleware",
            "clinic.server.middleware.harmless_headers",
            "clinic.server.middleware.KnownMethod",
            "clinic.server.middleware.known_host",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "django_htmx.middleware.HtmxMiddleware",
            "axes.middleware.AxesMiddleware",
        ],
        "AUTH_USER_MODEL": "access.Account",
        "AUTHENTICATION_BACKENDS": [
            "axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend",
        ],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
            {
                "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
                "OPTIONS": {"user_attributes": ("name",)},
            },
        ],
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "SESSION_COOKIE_NAME": "dayzero",
        "SESSION_COOKIE_AGE": IDLE_SECONDS,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": web.is_secure,
        "CSRF_COOKIE_NAME": "dayzero_csrf",
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Strict",
        "CSRF_COOKIE_SECURE": web.is_secure,
        "CSRF_TRUSTED_ORIGINS": [web.base_url],
        "CSRF_FAILURE_VIEW": "clinic.pages.trouble.no_csrf",
        "SECURE_SSL_REDIRECT": web.is_secure,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if web.proxies else None,
        "SECURE_HSTS_SECONDS": YEAR_SECONDS if web.is_secure else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": web.is_secure,
        "SECURE_HSTS_PRELOAD": web.is_secure,
        "SECURE_REFERRER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": LARGEST,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 500,
        "AXES_FAILURE_LIMIT": FAILURES,
        "AXES_COOLOFF_TIME": IDLE_SECONDS / 3600,
        "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],
        "AXES_LOCKOUT_CALLABLE": "clinic.pages.signing_in.locked_out",
        "AXES_CLIENT_IP_CALLABLE": "clinic.server.middleware.address_of",
        "AXES_USERNAME_FORM_FIELD": "username",
        "AXES_SENSITIVE_PARAMETERS": ["username", "ip_address", "name", "next", "csrfmiddlewaretoken"],
        "AXES_RESET_ON_SUCCESS": True,
        "AXES_DISABLE_ACCESS_LOG": True,
        "AXES_VERBOSE": False,
        "DAYZERO_WEB": web,
    }  # fmt: skip
