"""A page's hash changes when what the page says does, and only then as far as facts go."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from builders import a_plan, example_site, registered_protocol, with_visit
from hypothesis import given, settings
from hypothesis import strategies as st

from schedule.desk.plan import Plan
from schedule.participant.state import ParticipantId
from schedule.render.editions import page_editions
from schedule.render.language import language
from schedule.render.packet import packet_html
from schedule.sites import Site
from schedule.study.protocol import Label, Text

STAMP = re.compile(r' data-stamp="[^"]*"|(Valid as of|Información al) [^<]*')
LINK = "https://calendars.example.org/f/dz_one.ics"


def site(**contact: str) -> Site:
    example = example_site("gainesville")
    return replace(example, contact=replace(example.contact, **contact))


@lru_cache(maxsize=64)
def pages(plan: Plan, lang: str) -> dict[str, str]:
    """Return what each page says, without its stamp and without what stands on every page."""
    html = packet_html(plan.participant, language(lang))
    return {
        code: STAMP.sub("", page) for code, page in re.findall(r'(?s)<section id="page-(.*?)"(.*?)</section>', html)
    }


def planned(**changes: Any) -> Plan:
    return a_plan(site=changes.pop("site", site()), booked=changes.pop("booked", True), **changes).with_link(LINK)


SAID = Text(en="Bring your glasses.", es="Traiga sus lentes.")
CHANGES: dict[str, Callable[[], Plan]] = {
    "another Day 0": lambda: planned(day0=date(2026, 3, 5)),
    "not booked": lambda: planned(booked=False),
    "a month later": lambda: planned(as_of=datetime(2026, 4, 10, 12, tzinfo=UTC)),
    "another night number": lambda: planned(site=site(phone_24h="555-0100")),
    "another phone": lambda: planned(site=site(phone="555-0101")),
    "an emergency number": lambda: planned(site=site(emergency="555-0102")),
    "an address": lambda: planned(site=site(address="1 Main Street")),
    "a video link": lambda: planned(site=site(call_link="https://example.org/call")),
    "another investigator": lambda: planned(site=site(investigator="Dr. Who")),
    "an ethics board": lambda: planned(site=site(ethics_board="Board, 555-0103")),
    "a site's name": lambda: planned(site=replace(site(), name=Label("Another clinic"))),
    "a logo": lambda: planned(site=replace(site(), logo="data:image/png;base64,AA==")),
    "a site's own preparation": lambda: planned(
        site=replace(site(), preparation=dict.fromkeys(site().arrival, (SAID,)))
    ),
    "not on steroids": lambda: planned(steroids=False),
    "another link": lambda: planned().with_link("https://calendars.example.org/f/dz_two.ics"),
    "no link": lambda: planned().with_link(None),
    "a longer visit": lambda: planned(protocol=with_visit(registered_protocol(), "M4", length=timedelta(hours=3))),
    "other procedures": lambda: planned(protocol=with_visit(registered_protocol(), "M4", procedures=("infusion",))),
    "another name of a visit": lambda: planned(protocol=with_visit(registered_protocol(), "M25", name=SAID)),
    "infusion 2 given": lambda: planned(
        infusion2_given=date(2026, 6, 3), as_of=datetime(2026, 6, 4, 12, tzinfo=UTC)
    ),
}  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_page_that_says_something_else_has_another_hash(change: str, lang: str) -> None:
    old, new = planned(), CHANGES[change]()
    before, after = page_editions(old.participant), page_editions(new.participant)

    assert list(before) == list(pages(old, lang))
    assert list(after) == list(pages(new, lang))
    differing = {code for code in before.keys() & after.keys() if pages(old, lang)[code] != pages(new, lang)[code]}
    stale = {code for code in before.keys() & after.keys() if before[code] != after[code]}
    assert differing <= stale
    assert stale | (before.keys() ^ after.keys())


def test_a_page_that_says_the_same_keeps_its_hash() -> None:
    before, after = (page_editions(one.participant) for one in (planned(), CHANGES["an ethics board"]()))

    assert {code for code in before if before[code] != after[code]} == {"C-1", "H-1"}


def test_a_moved_visit_makes_stale_its_own_page_that_before_it_and_the_lists() -> None:
    moved = with_visit(registered_protocol(), "M25", offset=registered_protocol().visits[-1].offset.parse("P12M8D"))
    before, after = (page_editions(one.participant) for one in (planned(), planned(protocol=moved)))

    assert {code for code in before if before[code] != after[code]} == {"S-1", "S-2", "M24-1", "M25-1", "H-1"}


def test_the_hash_knows_no_language_no_day_of_printing_and_no_cohort() -> None:
    today, tomorrow = planned(), planned(as_of=datetime(2026, 3, 2, 20, tzinfo=UTC))

    assert page_editions(today.participant) == page_editions(tomorrow.participant)


@given(one=st.text("ABC-09", min_size=1, max_size=4), other=st.text("ABC-09", min_size=1, max_size=4))
@settings(max_examples=20)
def test_two_participants_never_share_a_page(one: str, other: str) -> None:
    mine, yours = (page_editions(a_plan(participant=ParticipantId(code)).participant) for code in (one, other))

    assert (set(mine.values()) & set(yours.values()) == set()) == (one != other)
