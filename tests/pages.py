"""Every page that dayzero makes, for the checkers in ``contracts/``: a new page is one line in a table here.

Pages and PDFs are made when first asked for, and kept for the session: rendering is what costs.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache, lru_cache, partial
from xml.etree.ElementTree import Element

from builders import example_site, registered_protocol
from tinyhtml5.parser import HTMLParser

from schedule.desk.plan import Plan, Request, make_plan
from schedule.render.language import language
from schedule.render.packet import packet_html
from schedule.render.pdf import write_pdf
from schedule.unblinded.allocation import allocate, preparations
from schedule.unblinded.sheets import preparation_html
from schedule.views import ParticipantId


@lru_cache(maxsize=8)
def _plan(*, booked: bool, steroids: bool, site: str) -> Plan:
    request = Request(
        participant=ParticipantId("P-001"),
        randomized=date(2026, 3, 2),
        steroids=steroids,
        as_of=datetime(2026, 3, 2, 5, tzinfo=UTC),
        booked=booked,
    )
    return make_plan(request, registered_protocol(), example_site(site) if site else None)


def _packet(lang: str, *, booked: bool = True, steroids: bool = True, site: str = "gainesville") -> str:
    return packet_html(_plan(booked=booked, steroids=steroids, site=site).participant, language(lang))


def _preparation(lang: str) -> str:
    plan = _plan(booked=True, steroids=True, site="gainesville")
    protocol = registered_protocol()
    allocation = allocate(protocol, plan.staff.participant, "1")
    prepared = preparations(protocol, plan.staff, allocation)
    return preparation_html(plan.staff, allocation, prepared, protocol, language(lang))


PAGES: dict[str, Callable[[], str]] = {
    "packet-en": partial(_packet, "en"),
    "packet-es": partial(_packet, "es"),
    "packet-en-unbooked": partial(_packet, "en", booked=False),
    "packet-es-unbooked": partial(_packet, "es", booked=False),
    "packet-en-no-steroids": partial(_packet, "en", steroids=False),
    "packet-es-no-steroids": partial(_packet, "es", steroids=False, booked=False),
    "packet-en-no-site": partial(_packet, "en", site="", booked=False),
    "preparation-en": partial(_preparation, "en"),
    "preparation-es": partial(_preparation, "es"),
}
"""Pages as HTML, by name. Each is checked as a page, on a screen and a phone, and printed."""


@cache
def html(name: str) -> str:
    """Return a page of the table."""
    return PAGES[name]()


def _printed(name: str) -> bytes:
    return write_pdf(html(name))


PDFS: dict[str, Callable[[], bytes]] = {name: partial(_printed, name) for name in PAGES}
"""Every PDF, by name: all pages printed. One that is not printed from a page above gets a line of its own here."""


@cache
def pdf(name: str) -> bytes:
    """Return a PDF of the table."""
    return PDFS[name]()


@lru_cache(maxsize=16)
def parsed(page: str) -> tuple[Element, list[str]]:
    """Return the page as HTML 5 reads it (elements have no namespace, but SVG has), and what was wrong with it."""
    parser = HTMLParser(namespace_html_elements=False)
    tree: Element = parser.parse(page)
    return tree, [f"line {line}: {code} {facts or ''}".rstrip() for (line, _), code, facts in parser.errors]
