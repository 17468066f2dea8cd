"""The two addresses that anybody may ask for who has a link: of the calendar, and of the page that subscribes to it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from django.http import HttpRequest, HttpResponse

from clinic import clock
from clinic.feeds.misses import Misses
from clinic.feeds.serving import BUSY, FeedAnswer, answer, for_method, too_many
from clinic.feeds.subscribing import subscribe_page
from clinic.memory.store import Store
from schedule.errors import StoreUnavailable

STALE_SECONDS = 0.05
LOOKED_AT = {
    "Accept-Encoding": "HTTP_ACCEPT_ENCODING",
    "If-None-Match": "HTTP_IF_NONE_MATCH",
    "If-Modified-Since": "HTTP_IF_MODIFIED_SINCE",
}
"""The headers that an answer depends on, and where Django has them."""
_log = logging.getLogger("dayzero.feeds")


@dataclass(slots=True)
class Newest:
    """The hash of a store's last record, looked up again after a twentieth of a second.

    Many phones that ask at once cost one query then; each query is where a thread waits for all the others.
    """

    _hash: str = ""
    _of: str = ""
    _until: float = 0.0

    def look(self, store: Store) -> str:
        """Return the hash. Raises StoreUnavailable."""
        now = monotonic()
        if now >= self._until or self._of != store.address.shown:
            self._hash, self._of, self._until = store.newest(), store.address.shown, now + STALE_SECONDS
        return self._hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Opens to whoever has a link; whoever tries others too often waits."""

    store: Callable[[], Store]
    """Returns the store that is served."""
    address: Callable[[HttpRequest], str]
    """Returns where a request comes from."""
    base: str
    """The address of this server, without a slash at its end."""
    misses: Misses = field(default_factory=Misses)
    newest: Newest = field(default_factory=Newest)

    def feed(self, request: HttpRequest, token: str) -> HttpResponse:
        """Answer with the calendar of a link."""
        said = request.META
        headers = {name: said[place] for name, place in LOOKED_AT.items() if place in said}

        def ask(now: datetime) -> FeedAnswer:
            store = self.store()
            return answer(store, token, request.method or "", headers, now, newest=self.newest.look(store))

        return self._answer(request, ask)

    def page(self, request: HttpRequest, token: str) -> HttpResponse:
        """Answer with the page that subscribes to a participant's calendar."""
        lang = request.GET.get("lang", "")
        return self._answer(
            request,
            lambda now: subscribe_page(self.store(), token, request.method or "", base=self.base, lang=lang, now=now),
        )

    def _answer(self, request: HttpRequest, ask: Callable[[datetime], FeedAnswer]) -> HttpResponse:
        now = clock.now()
        try:
            made = ask(now)
        except StoreUnavailable as error:
            _log.error("%s", error)
            made = for_method(BUSY, request.method or "")
        if made.status == 404 and (seconds := self.misses.wait(self.address(request), now)):
            made = for_method(too_many(seconds), request.method or "")
        return HttpResponse(made.body, status=made.status, headers=dict(made.headers))
