"""Every page that dayzero makes, for the checkers in ``contracts/``: a new page is one line in a table here.

Pages and PDFs are made when first asked for, and kept for the session: rendering is what costs.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache, partial
from typing import Any
from xml.etree.ElementTree import Element

from builders import a_plan, a_taper, example_site, kept, registered_protocol
from records import FOUR_MONTHS, LEFT, Told, a_binder, a_record, an_offline_sheet
from tinyhtml5.parser import HTMLParser

from schedule.desk.plan import Plan, Request, make_plan
from schedule.participant.state import ParticipantId
from schedule.planning.changes import compare
from schedule.planning.lookback import look_back
from schedule.render.change_sheet import changes_html
from schedule.render.clinic_papers import binder_html, offline_html
from schedule.render.editions import page_editions
from schedule.render.language import language
from schedule.render.lookback import lookback_html
from schedule.render.packet import packet_html
from schedule.render.pages import PLAIN, Paper, Style
from schedule.render.pdf import write_pdf
from schedule.render.worksheets import worksheets_html
from schedule.study.protocol import Kind, Text, VisitCode
from schedule.unblinded.allocation import allocate, preparations
from schedule.unblinded.sheets import NOTHING_STOPPED, handover_html, preparation_html

TAPER = a_taper((1, "7.5"), (15, "5"), (29, "2.5"))


@lru_cache(maxsize=8)
def _plan(*, booked: bool, steroids: bool, site: str) -> Plan:
    request = Request(
        participant=ParticipantId("P-001"),
        randomized=date(2026, 3, 2),
        steroids=steroids,
        as_of=datetime(2026, 3, 2, 5, tzinfo=UTC),
        booked=booked,
    )
    made = make_plan(request, registered_protocol(), example_site(site) if site else None)
    return made.with_link("https://calendars.example.org/f/dz_an-example-of-a-secret-name-of-a-feed-43.ics")


def _packet(
    lang: str, *, booked: bool = True, steroids: bool = True, site: str = "gainesville", style: Style = PLAIN
) -> str:
    return packet_html(_plan(booked=booked, steroids=steroids, site=site).participant, language(lang), style)


def _prescribed(lang: str, given: date | None) -> str:
    day = datetime(2026, 6, 4, 12, tzinfo=UTC)
    plan = a_plan(site=example_site("gainesville"), as_of=day, taper=TAPER, infusion2_given=given)
    return packet_html(plan.participant, language(lang))


def _worksheets(lang: str, *, booked: bool = True, steroids: bool = True, site: str = "gainesville") -> str:
    return worksheets_html(_plan(booked=booked, steroids=steroids, site=site).staff, language(lang))


def _preparation(lang: str, *, booked: bool = True, stopped: Mapping[VisitCode, Text] = NOTHING_STOPPED) -> str:
    plan = _plan(booked=booked, steroids=True, site="gainesville")
    protocol = registered_protocol()
    allocation = allocate(protocol, plan.staff.participant, "1")
    prepared = preparations(protocol, plan.staff, allocation)
    return preparation_html(plan.staff, allocation, prepared, protocol, language(lang), stopped=stopped)


def _handover(lang: str, *, booked: bool = True) -> str:
    plan, protocol = _plan(booked=booked, steroids=True, site="gainesville"), registered_protocol()
    infusions = [visit for visit in plan.staff.visits if visit.kind is Kind.INFUSION]
    return handover_html(plan.staff, infusions, protocol, language(lang))


def _lookback(lang: str) -> str:
    looked = look_back(registered_protocol(), screening=date(2026, 2, 16), randomization=date(2026, 3, 2))
    return lookback_html(looked, language(lang))


def _changes(lang: str, **now: Any) -> str:
    was, is_now = (
        kept(plan, pages=page_editions(plan.participant))
        for plan in (a_plan(site=example_site("gainesville")), a_plan(site=example_site("gainesville"), **now))
    )
    return changes_html(compare(was, is_now), language(lang))


def _published(lang: str, *told: Told, style: Style = PLAIN) -> str:
    linked = a_record(*told).plan.with_link("https://calendars.example.org/f/dz_a-secret-name.ics")
    return packet_html(linked.participant, language(lang), style)


def _record_worksheets(lang: str) -> str:
    return worksheets_html(a_record(*FOUR_MONTHS).plan.staff, language(lang))


def _binder(lang: str, *told: Told) -> str:
    return binder_html(a_binder(*told), language(lang))


def _offline(lang: str, *told: Told) -> str:
    return offline_html(an_offline_sheet(*told), language(lang))


NEW_DAY0 = {"day0": date(2026, 3, 4), "as_of": datetime(2026, 3, 4, 5, tzinfo=UTC), "booked": True}
"""Every visit is on another day, and has a time."""
NEW_INFUSION2 = {"infusion2_given": date(2026, 6, 3), "as_of": datetime(2026, 6, 3, 5, tzinfo=UTC)}
"""Three visits and a milestone changed."""


ON_HOLD = {
    VisitCode("M6"): Text(en="on hold", es="en espera"),
    VisitCode("M13"): Text(en="cancelled", es="cancelada"),
}
"""Infusions for which nothing is prepared."""

PAGES: dict[str, Callable[[], str]] = {
    "packet-en": partial(_packet, "en"),
    "packet-es": partial(_packet, "es"),
    "packet-en-unbooked": partial(_packet, "en", booked=False),
    "packet-es-unbooked": partial(_packet, "es", booked=False),
    "packet-en-no-steroids": partial(_packet, "en", steroids=False),
    "packet-es-no-steroids": partial(_packet, "es", steroids=False, booked=False),
    "packet-en-no-site": partial(_packet, "en", site="", booked=False),
    "packet-en-large": partial(_packet, "en", style=Style(large=True)),
    "packet-es-large-a4": partial(_packet, "es", booked=False, style=Style(large=True, paper=Paper.A4)),
    "packet-en-a4": partial(_packet, "en", style=Style(paper=Paper.A4)),
    "packet-en-taper": partial(_prescribed, "en", date(2026, 6, 3)),
    "packet-es-taper": partial(_prescribed, "es", None),
    "worksheets-en": partial(_worksheets, "en"),
    "worksheets-es": partial(_worksheets, "es"),
    "worksheets-es-unbooked": partial(_worksheets, "es", booked=False),
    "worksheets-en-no-site": partial(_worksheets, "en", site="", booked=False, steroids=False),
    "preparation-en": partial(_preparation, "en"),
    "preparation-es": partial(_preparation, "es", booked=False),
    "preparation-en-stopped": partial(_preparation, "en", stopped=ON_HOLD),
    "preparation-es-stopped": partial(_preparation, "es", stopped=ON_HOLD),
    "handover-en": partial(_handover, "en"),
    "handover-es": partial(_handover, "es", booked=False),
    "lookback-en": partial(_lookback, "en"),
    "lookback-es": partial(_lookback, "es"),
    "changes-en": partial(_changes, "en", **NEW_INFUSION2),
    "changes-es": partial(_changes, "es", **NEW_INFUSION2),
    "changes-en-all": partial(_changes, "en", **NEW_DAY0),
    "changes-es-all": partial(_changes, "es", **NEW_DAY0),
    "record-en": partial(_published, "en", *FOUR_MONTHS),
    "record-es-large": partial(_published, "es", *FOUR_MONTHS, style=Style(large=True)),
    "record-es-left": partial(_published, "es", *LEFT),
    "record-worksheets-en": partial(_record_worksheets, "en"),
    "binder-en": partial(_binder, "en", *FOUR_MONTHS),
    "binder-es": partial(_binder, "es", *LEFT),
    "offline-en": partial(_offline, "en", *FOUR_MONTHS),
    "offline-es": partial(_offline, "es"),
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


def faults(page: str) -> list[str]:
    """Return what is wrong with the page: tags left open or closed twice, ids given twice, headers without scope."""
    tree, found = parsed(page)
    ids = Counter(one.get("id") for one in tree.iter() if one.get("id"))
    found += [f"id {name} stands {times} times" for name, times in ids.items() if times > 1]
    for one in tree.iter():
        found += [f"there is no id {name}, which {one.tag} names" for name in _named(one.attrib) if name not in ids]
        if one.tag == "th" and one.get("scope") not in {"row", "col", "rowgroup", "colgroup"}:
            found.append("a header cell has no scope")
    return found


def _named(attributes: dict[str, str]) -> Iterator[str]:
    for key in ("aria-labelledby", "aria-describedby", "for", "headers"):
        yield from attributes.get(key, "").split()
    if attributes.get("href", "").startswith("#"):
        yield attributes["href"][1:]


def shown_sections(page: str) -> dict[str, str]:
    """Return the text of each section of a page by the page's code, spaces as one."""
    body = parsed(page)[0].find("body")
    assert body is not None
    return {
        str(section.get("id")).removeprefix("page-"): " ".join("".join(section.itertext()).split())
        for section in body.iter("section")
    }
