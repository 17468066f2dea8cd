"""The pharmacist's papers: preparation sheets, and the slips that go with the masked bags."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from schedule.render.editions import as_of_day, edition_of
from schedule.render.language import Language
from schedule.render.pages import PLAIN, Style, render_page
from schedule.render.sentences import say_window
from schedule.study.protocol import Protocol, Text, VisitCode
from schedule.unblinded.allocation import Allocation, Preparation
from schedule.views import StaffSchedule, StaffVisitView

NOTHING_STOPPED: Mapping[VisitCode, Text] = MappingProxyType({})
OVERVIEW = "PH-0"
"""The page that comes first. Other codes of the pharmacy end in letters, as no page of a packet does."""


def preparation_html(
    schedule: StaffSchedule,
    allocation: Allocation,
    prepared: Sequence[Preparation],
    protocol: Protocol,
    speaks: Language,
    *,
    style: Style = PLAIN,
    stopped: Mapping[VisitCode, Text] = NOTHING_STOPPED,
) -> str:
    """Return the preparation sheets, a page an infusion, each marked UNBLINDED.

    ``stopped`` tells why there is nothing to prepare for an infusion: its page says so.
    """
    visits = [one.visit for one in prepared]
    pages = {visit.code: f"{visit.code}-PH" for visit in visits}
    return render_page(
        "unblinded",
        "preparation.html",
        speaks,
        replace(style, large=False),
        **_facts(schedule, visits, pages, protocol, speaks, stopped=stopped),
        overview=OVERVIEW,
        stopped=stopped,
        pages=pages,
        cohort=allocation.cohort,
        prepared=prepared,
        steps={one.visit.code: _steps(one, speaks) for one in prepared},
    )


def handover_html(
    schedule: StaffSchedule,
    visits: Sequence[StaffVisitView],
    protocol: Protocol,
    speaks: Language,
    *,
    style: Style = PLAIN,
) -> str:
    """Return the slips that go with the bags, a page an infusion. They are masked: no allocation comes in here."""
    slips = {visit.code: f"{visit.code}-HO" for visit in visits}
    return render_page(
        "unblinded",
        "handover.html",
        speaks,
        replace(style, large=False),
        **_facts(schedule, visits, slips, protocol, speaks),
        visits=visits,
        slips=slips,
    )


def _facts(
    schedule: StaffSchedule,
    visits: Sequence[StaffVisitView],
    codes: Mapping[VisitCode, str],
    protocol: Protocol,
    speaks: Language,
    *,
    stopped: Mapping[VisitCode, Text] = NOTHING_STOPPED,
) -> dict[str, Any]:
    """Return what both papers say. The versions of pages depend on no product: masked people see those of the slips."""
    site = schedule.site
    volumes = {visit.code: shared_volume(protocol, visit.code) for visit in visits}
    every_page = (
        schedule.participant, schedule.study, schedule.protocol_version, schedule.sample, schedule.wording,
        site and (site.name, site.city),
    )  # fmt: skip
    shown: dict[str, object] = {
        codes[visit.code]: (visit.name, visit.planned, visit.start, visit.earliest, visit.latest, visit.window_basis,
                            volumes[visit.code], *([stopped[visit.code]] if visit.code in stopped else []))
        for visit in visits
    }  # fmt: skip
    shown[OVERVIEW] = tuple(shown.values())
    named = ", ".join(filter(None, (site.name, site.city))) if site else ""
    where = named or speaks.say("Site:") + " " + "_" * 24
    return {
        "schedule": schedule,
        "site_words": where,
        "say_window": say_window,
        "volumes": volumes,
        "editions": {code: edition_of(every_page, code, facts) for code, facts in shown.items()},
        "as_of_day": as_of_day(schedule),
        "protocol_version": schedule.protocol_version,
    }


def shared_volume(protocol: Protocol, code: VisitCode) -> int | None:
    """Return how many mL are infused at a visit, if that is the same whatever the cohort; None where it is not."""
    products = {product.id: product for product in protocol.products}
    volumes = {products[cohort.products[code]].total_ml for cohort in protocol.cohorts if code in cohort.products}
    return volumes.pop() if len(volumes) == 1 else None


def _steps(one: Preparation, speaks: Language) -> list[str]:
    """Return the steps that make the bag ready: those of the product, then those that are the same for all."""
    return [
        *(speaks.text(step) for step in one.product.handling),
        speaks.say("A second person compares participant, visit, product, lot, expiry and volume."),
        speaks.say("Mask the bag and the line, and put on the label below."),
    ]
