"""The application as granian runs it, with one more address; the log goes nowhere."""

import logging
from typing import Any

from clinic.server import wsgi


def make_application() -> Any:
    """Return the server's application with the addresses of ``bench_routes``."""
    made = wsgi.make_application()
    from django.conf import settings

    settings.ROOT_URLCONF = "bench_routes"
    logging.getLogger().setLevel(logging.ERROR)
    return made
