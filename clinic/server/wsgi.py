"""What granian runs: Django, and beside it the files that never change."""

import logging
import os
import sys
from pathlib import Path
from typing import Any, TextIO

import django_htmx
from django.core.handlers.wsgi import WSGIHandler
from whitenoise import WhiteNoise

from clinic.memory.settings import address_of, configure
from clinic.memory.store import open_store
from clinic.served import serve_from
from clinic.server.arriving import Door
from clinic.server.settings import read_web, secret_key, site_settings
from schedule.render.pages import TEMPLATES

STATIC = "static/"
WEEK_SECONDS = 7 * 24 * 3600
WORKERS = 8
"""Threads of a process that answer, each with a connection to the database."""


def make_application() -> Any:
    """Return the application, as the environment says."""
    _log_to(sys.stderr)
    web, address = read_web(os.environ), address_of(None)
    configure(address, **site_settings(web, address, secret_key(web, address)))
    serve_from(open_store())
    return Door(with_static(WSGIHandler()), WORKERS)


def _log_to(stream: TextIO) -> None:
    """Write our own lines, and nothing of libraries: theirs hold paths, and some paths are secrets."""
    logging.basicConfig(stream=stream, level=logging.INFO, format="%(asctime)s %(message)s")
    for name in ("django", "axes"):
        logging.getLogger(name).propagate = False
        logging.getLogger(name).addHandler(logging.NullHandler())


def with_static(application: Any) -> Any:
    """Answer from our own style sheet and htmx what is asked for under /static/."""
    served = WhiteNoise(application, max_age=WEEK_SECONDS, allow_all_origins=False, add_headers_function=_harmless)
    served.add_files(str(TEMPLATES / "web" / "static"), prefix=STATIC)
    served.add_files(str(Path(django_htmx.__file__).parent / "static" / "django_htmx"), prefix=STATIC)
    return served


def _harmless(headers: Any, path: str, url: str) -> None:
    del path, url
    headers["X-Content-Type-Options"] = "nosniff"
