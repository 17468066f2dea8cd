"""The page behind a participant's link: their next visit, and the buttons that put all of them on a phone."""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from clinic.feeds.bodies import Opened, open_link
from clinic.feeds.links import State, Whose
from clinic.feeds.serving import HARMLESS, NOT_ALLOWED, NOT_FOUND, READS, FeedAnswer, for_method
from clinic.memory.store import Store
from schedule.render.language import Language, language
from schedule.render.packet import qr_code
from schedule.render.pages import render_page

GOOGLE = "https://calendar.google.com/calendar/render?cid="
OUTLOOK = "https://outlook.live.com/calendar/0/addfromweb?url="
LANGUAGES = ("en", "es")


def is_of_this_machine(base: str) -> bool:
    """Tell whether the address of a server leads every machine to itself: no phone reaches the clinic by it."""
    host = urlsplit(base).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def subscribe_page(store: Store, token: str, method: str, *, base: str, lang: str, now: datetime) -> FeedAnswer:
    """Return the page in a language, else in the link's; what is no participant's link is answered as any other.

    ``base`` is the address of the server, without a slash at its end. Raises StoreUnavailable.
    """
    if method not in READS:
        return NOT_ALLOWED
    opened = open_link(store, token, now)
    if opened is None or opened.found.owner.whose is not Whose.PARTICIPANT:
        return for_method(NOT_FOUND, method)
    speaks = language(lang if lang in LANGUAGES else opened.found.link.lang)
    page = subscribe_html(opened, token, base, speaks).encode()
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(page)),
        "Content-Language": speaks.code,
        "Cache-Control": "no-store",
        **HARMLESS,
    }
    return for_method(FeedAnswer(status=200, headers=headers, body=page), method)


def subscribe_html(opened: Opened, token: str, base: str, speaks: Language) -> str:
    """Return the page of a link that serves something."""
    return render_page(
        "web",
        "subscribe.html",
        speaks,
        replaced=opened.state is State.REPLACED,
        coming=opened.calendar.coming,
        phone=opened.calendar.phone,
        ways=addresses(base, token, speaks),
        qr=_code(page_address(base, token), speaks),
        other="es" if speaks.code == "en" else "en",
    )


def page_address(base: str, token: str) -> str:
    """Return the address of the page behind a participant's link."""
    return f"{base}/s/{token}"


def feed_address(base: str, token: str) -> str:
    """Return the address of a calendar."""
    return f"{base}/f/{token}.ics"


def addresses(base: str, token: str, speaks: Language) -> Mapping[str, str]:
    """Return where each program subscribes to a calendar."""
    feed = feed_address(base, token)
    webcal = f"webcal://{feed.partition('://')[2]}"
    name = quote(speaks.say("Study visits"), safe="")
    return {
        "apple": webcal,
        "google": GOOGLE + quote(webcal, safe=""),
        "outlook": f"{OUTLOOK}{quote(feed, safe='')}&name={name}",
        "file": feed,
    }


def _code(link: str, speaks: Language) -> str:
    meaning = speaks.say("The address of this page, for the camera of another phone.")
    return qr_code(link, title=speaks.say("Code to scan"), meaning=meaning)
