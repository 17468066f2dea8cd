"""The answer to whoever asks for a calendar: a store, a token and headers in; a status, headers and bytes out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

from clinic.feeds.bodies import Calendar, open_link
from clinic.memory.store import Store
from schedule.render.language import N_, language

READS = ("GET", "HEAD")
HARMLESS = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
"""What every answer says: nobody is told of the address, and no search engine keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAnswer:
    """What is sent back; ``body`` is empty where only headers were asked for."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def answer(
    store: Store, token: str, method: str, headers: Mapping[str, str], now: datetime, *, newest: str | None = None
) -> FeedAnswer:
    """Return the calendar of a link, that it has not changed, or that there is none.

    Whatever a link lacks, the answer is the same. ``headers`` are the request's, by their usual names. Raises
    StoreUnavailable.
    """
    if method not in READS:
        return NOT_ALLOWED
    opened = open_link(store, token, now, newest)
    if opened is None:
        return for_method(NOT_FOUND, method)
    return for_method(_serve(opened.calendar, headers, now), method)


def for_method(made: FeedAnswer, method: str) -> FeedAnswer:
    """Return an answer without its body where only the headers were asked for."""
    return replace(made, body=b"") if method == "HEAD" else made


def _plain(status: int, words: str, **more: str) -> FeedAnswer:
    body = f"{words}\n".encode()
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        **HARMLESS,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return FeedAnswer(status=status, headers=headers, body=body)


def _in_both(words: str) -> str:
    """Return the words in both languages: nobody knows which one a stranger reads."""
    return " / ".join(language(code).say(words) for code in ("en", "es"))


NOT_ALLOWED = _plain(405, "GET, HEAD", Allow="GET, HEAD")
NOT_FOUND = _plain(404, _in_both(N_("There is no calendar here. If you had one, call the clinic.")))
BUSY = _plain(503, _in_both(N_("The calendar cannot be read now. Try again later.")), Retry_After="60")


def too_many(seconds: int) -> FeedAnswer:
    """Return the answer to whoever tries too many links that are none, and when they may go on."""
    return _plain(429, _in_both(N_("Too many links that are none. Try again later.")), Retry_After=str(seconds))


def _serve(calendar: Calendar, headers: Mapping[str, str], now: datetime) -> FeedAnswer:
    zipped = _wants_gzip(headers.get("Accept-Encoding", ""))
    modified = min(calendar.modified, now).astimezone(UTC).replace(microsecond=0)
    said = {
        "ETag": f'"{calendar.tag}-gzip"' if zipped else f'"{calendar.tag}"',
        "Last-Modified": _write_date(modified),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        **HARMLESS,
    }
    if _has_it(calendar, headers, modified):
        return FeedAnswer(status=304, headers=said)
    body = calendar.zipped if zipped else calendar.data
    said |= {"Content-Type": "text/calendar; charset=utf-8", "Content-Length": str(len(body))}
    said |= {"Content-Encoding": "gzip"} if zipped else {}
    return FeedAnswer(status=200, headers=said, body=body)


@lru_cache(maxsize=1024)
def _write_date(at: datetime) -> str:
    return format_datetime(at, usegmt=True)


_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def _has_it(calendar: Calendar, headers: Mapping[str, str], modified: datetime) -> bool:
    """Tell whether whoever asks has this very calendar: tags win over dates, and either coding's tag will do."""
    if (tags := headers.get("If-None-Match")) is not None:
        ours = {calendar.tag, f"{calendar.tag}-gzip"}
        return tags.strip() == "*" or not ours.isdisjoint(_TAG.findall(tags))
    return modified <= since if (since := _read_date(headers.get("If-Modified-Since", ""))) else False


def _read_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _wants_gzip(accepted: str) -> bool:
    for one in accepted.split(","):
        coding, _, parameters = one.partition(";")
        if coding.strip().lower() in ("gzip", "x-gzip"):
            return re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", parameters, re.IGNORECASE) is None
    return False
