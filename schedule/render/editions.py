"""Which pages a packet has, and a short hash of what each depends on: whether a page in the hand is stale."""

from collections.abc import Iterator
from datetime import date

from schedule.study.protocol import IN_PERSON
from schedule.views import ParticipantSchedule, StaffSchedule, VisitView, day_at

COVER, FRIDGE, TABLE, PICTURE, DOSES, HELP, SUBSCRIBE, WALLET = "C-1", "F-1", "S-1", "S-2", "T-1", "H-1", "L-1", "W-1"
LENGTH = 8
"""Digits of a hash: two editions of one page look alike once in four thousand million times."""
DATES_ON_FRIDGE = 3


def page_editions(schedule: ParticipantSchedule) -> dict[str, str]:
    """Return the code of each page, in their order, with its hash.

    It depends on facts alone (dates, texts in both languages, contacts, the site's own templates), not on the
    language, the paper or the day of printing: packets of the same facts have the same hashes.
    """
    phone = schedule.site.contact.phone if schedule.site else ""
    every_page = (
        schedule.participant, schedule.study, schedule.protocol_version, schedule.sample, schedule.wording, phone,
    )  # fmt: skip
    return {code: edition_of(every_page, code, facts) for code, facts in _pages(schedule)}


def edition_of(*facts: object) -> str:
    """Return a short hash of what a page depends on: of facts whose ``repr`` is the same in every run."""
    from hashlib import sha256  # noqa: PLC0415 - 3 ms that a plan shown as a table does not pay

    return sha256(repr(facts).encode()).hexdigest()[:LENGTH]


def visit_page(visit: VisitView) -> str:
    """Return the code of a visit's page."""
    return f"{visit.code}-1"


def next_visits(schedule: ParticipantSchedule) -> tuple[VisitView, ...]:
    """Return the visits for the fridge: the first ones on the schedule's own day or later."""
    today = as_of_day(schedule)
    coming = [visit for visit in schedule.visits if visit.planned and visit.planned >= today and not visit.is_done]
    return tuple(coming[:DATES_ON_FRIDGE])


def held_visits(schedule: ParticipantSchedule) -> tuple[VisitView, ...]:
    """Return the visits for which nobody comes until the clinic calls."""
    return tuple(visit for visit in schedule.visits if visit.is_held)


def as_of_day(schedule: ParticipantSchedule | StaffSchedule) -> date:
    """Return the day on which the schedule is valid, at the site (UTC without one)."""
    return day_at(schedule.site, schedule.as_of)


def _pages(schedule: ParticipantSchedule) -> Iterator[tuple[str, object]]:
    """Return each page's code and the facts on it beyond those of every page."""
    site, visits = schedule.site, schedule.visits
    contact = site.contact if site else None
    clinic = (site.name, site.city, site.logo) if site else None
    night = contact.phone_24h if contact else ""
    coming = next_visits(schedule)
    last = visits[-1] if visits else None
    yield (
        COVER,
        (
            (schedule.registry, clinic, night, contact and contact.ethics_board),
            [(one.planned, one.start, one.kind) for one in coming[:1]],
            (
                schedule.burden,
                schedule.keeps_dose_log,
                schedule.link is not None,
                last and last.code,
                last and last.name,
            ),
        ),
    )
    held = [one.name for one in held_visits(schedule)]
    yield FRIDGE, (night, [(one.name, one.kind, one.planned, one.start) for one in coming], *held)
    yield (
        TABLE,
        [
            (one.name, one.kind, one.planned, one.earliest, one.latest, one.start is None, *marks_of(one))
            for one in visits
        ],
    )
    yield PICTURE, [(one.code, one.kind, one.planned) for one in visits]
    for visit, following in zip(visits, (*visits, None)[1:], strict=True):
        after = following and (following.name, following.planned, following.start is None)
        where: object = contact and contact.call_link
        if visit.kind in IN_PERSON:
            where = (clinic and clinic[:2], contact and contact.address, schedule.words.at_the_clinic)
        has_passed = visit.is_done or (visit.planned and visit.planned < as_of_day(schedule))
        yield visit_page(visit), (visit, after, where, visit is visits[0], has_passed, *marks_of(visit))
    if schedule.keeps_dose_log:
        over = () if schedule.awaits_taper else ("the taper is over or has begun",)
        yield DOSES, (schedule.until_taper, night, schedule.taper_starts, schedule.taper, *over)
    yield HELP, (night, contact and (contact.emergency, contact.ethics_board), schedule.keeps_dose_log,
                 schedule.precautions)  # fmt: skip
    if schedule.link:
        yield SUBSCRIBE, schedule.link
    yield WALLET, (
        schedule.registry, schedule.words.wallet, schedule.keeps_dose_log, night, contact and contact.investigator,
    )  # fmt: skip


def marks_of(visit: VisitView) -> Iterator[str]:
    """Yield what pages say of a visit beyond its days: nothing of one that is simply planned."""
    if visit.is_held:
        yield "held"
    if visit.is_done and visit.start is None:
        yield "done"
