"""What stands around every answer: the log without tokens, and headers that keep pages harmless."""

import hashlib
import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

Answer = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from another host, and nothing that stands in the page itself is run."""
_log = logging.getLogger("dayzero.access")


def address_of(request: HttpRequest) -> str:
    """Return the client's address: a proxy's word for it counts only if the proxy is one of ours."""
    direct: str = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if direct in settings.DAYZERO_WEB.proxies and forwarded:
        return str(forwarded.rpartition(",")[2]).strip()
    return direct


def known_proxy(answer: Answer) -> Answer:
    """Forget what somebody says about the client who is no proxy of ours."""

    def check(request: HttpRequest) -> HttpResponse:
        if request.META.get("REMOTE_ADDR", "") not in settings.DAYZERO_WEB.proxies:
            for name in [one for one in request.META if one.startswith("HTTP_X_FORWARDED_")]:
                del request.META[name]
        return answer(request)

    return check


METHODS = ("GET", "HEAD", "POST")


class KnownMethod:
    """Answers only what browsers ask; calendars, which need no token of a form, say themselves what they answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on."""
        return self._answer(request)

    def process_view(self, request: HttpRequest, view: object, *_: object) -> HttpResponse | None:
        """Refuse what no page is asked by."""
        if request.method in METHODS or getattr(view, "csrf_exempt", False):
            return None
        return HttpResponseNotAllowed(METHODS)


def known_host(answer: Answer) -> Answer:
    """Answer only under our own names."""

    def check(request: HttpRequest) -> HttpResponse:
        request.get_host()
        return answer(request)

    return check


def harmless_headers(answer: Answer) -> Answer:
    """Say on every page what a browser may do with it, and that nobody keeps a copy."""

    def add(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Robots-Tag", "noindex")
        return response

    return add


def access_log(answer: Answer) -> Answer:
    """Write a line an answer: the route, never what was put in its places; of a token eight letters of its hash."""

    def note(request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = answer(request)
        took = (time.perf_counter() - start) * 1000
        match = request.resolver_match
        route = f"/{match.route}" if match else "-"
        if match and (token := match.kwargs.get("token")):
            route += f" {hashlib.sha256(token.encode()).hexdigest()[:8]}"
        _log.info("%s %s %s %.0f ms", request.method, route, response.status_code, took)
        return response

    return note
