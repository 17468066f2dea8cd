"""The coordinator's worksheets, and the masked assessor's, which know nothing of the infusions.

They are blinded: nothing depends on the cohort.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from schedule.render.editions import as_of_day, edition_of, marks_of
from schedule.render.language import Language
from schedule.render.pages import PLAIN, Style, render_page
from schedule.render.sentences import say_window
from schedule.study.protocol import IN_PERSON, Basis, Kind, VisitCode
from schedule.views import StaffSchedule, StaffVisitView

MOST_ROWS, INFUSION_ROWS = 7, 3
"""Rows for which one sheet has room, and as how many the lines on an infusion count."""
MOST_ROOMY_ROWS, MOST_ROWS_OF_TWO = 10, 13
"""Rows for which the first of two sheets has room, in wide lines and in usual ones. What is longer simply runs on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worksheet:
    """The sheets of one visit or milestone."""

    visit: StaffVisitView
    following: StaffVisitView | None
    """The next contact with the participant."""
    counts_from: StaffVisitView | None
    """The visit whose day counts for a milestone."""
    is_first: bool
    rows: int
    """Procedures, and the site's own items with their heading: what makes one sheet longer than another."""

    @property
    def page(self) -> str:
        """The code of its page. No page of a packet ends in a letter."""
        return f"{self.visit.code}-W"

    @property
    def is_long(self) -> bool:
        """Whether it takes two sheets, of which the second begins where the procedures end."""
        on_one = self.rows + (INFUSION_ROWS if self.visit.kind is Kind.INFUSION else 0) <= MOST_ROWS
        return not on_one and self.rows <= MOST_ROWS_OF_TWO

    @property
    def is_roomy(self) -> bool:
        """Whether the first of two sheets has room for a larger hand."""
        return self.is_long and self.rows <= MOST_ROOMY_ROWS

    @property
    def assessor_page(self) -> str | None:
        """The code of the assessor's own page, where there is one."""
        return f"{self.visit.code}-A" if self.visit.assessed else None


def worksheets_html(
    schedule: StaffSchedule, speaks: Language, style: Style = PLAIN, *, only: VisitCode | None = None
) -> str:
    """Return the worksheets of all visits, or those of one. They are never in large print: staff write on them."""
    return render_page(
        "packet",
        "worksheets.html",
        speaks,
        replace(style, large=False),
        schedule=schedule,
        site=schedule.site,
        sheets=[one for one in worksheets(schedule) if only in (None, one.visit.code)],
        editions=worksheet_editions(schedule),
        as_of_day=as_of_day(schedule),
        protocol_version=schedule.protocol_version,
        say_window=say_window,
        target_is_assumed=target_is_assumed,
        in_person=IN_PERSON,
        Kind=Kind,
        Basis=Basis,
    )


def worksheets(schedule: StaffSchedule) -> tuple[Worksheet, ...]:
    """Return the sheets in the order of the days; none of what is missed, cancelled, or a task on hold."""
    shown = [visit for visit in schedule.visits if not visit.is_off]
    contacts = [visit for visit in shown if visit.kind is not Kind.MILESTONE]
    by_code = {visit.code: visit for visit in schedule.visits}
    return tuple(
        Worksheet(
            visit=visit,
            following=_next_contact(shown, place),
            counts_from=by_code.get(visit.counts.anchor) if visit.kind is Kind.MILESTONE else None,
            is_first=visit is contacts[0],
            rows=len(visit.procedures) + (len(schedule.checks) + 1 if schedule.checks else 0),
        )
        for place, visit in enumerate(shown)
    )


def _next_contact(shown: Sequence[StaffVisitView], place: int) -> StaffVisitView | None:
    return next((visit for visit in shown[place + 1 :] if visit.kind is not Kind.MILESTONE), None)


def target_is_assumed(visit: StaffVisitView) -> bool:
    """Tell whether the target counts from, or by, what is not on record."""
    return Basis.ASSUMED in (visit.anchor_basis, visit.offset_basis)


def worksheet_editions(schedule: StaffSchedule) -> dict[str, str]:
    """Return the code of each worksheet's page with a hash of the facts on it, as for the pages of a packet."""
    site = schedule.site
    every_page = (
        schedule.participant, schedule.study, schedule.registry, schedule.protocol_version, schedule.wording,
        site and (site.name, site.city),
    )  # fmt: skip
    pages = (page for sheet in worksheets(schedule) for page in _pages_of(sheet, schedule))
    return {code: edition_of(every_page, code, facts) for code, facts in pages}


def _pages_of(sheet: Worksheet, schedule: StaffSchedule) -> Iterator[tuple[str, object]]:
    """Return the code of each page of a visit with the facts on it beyond those of every page."""
    visit, after = sheet.visit, sheet.following
    facts = (visit.name, visit.kind, visit.target, visit.earliest, visit.latest, visit.planned, visit.start,
             visit.length, target_is_assumed(visit), visit.window_basis, visit.length_basis)  # fmt: skip
    if visit.kind is Kind.MILESTONE:
        given_from = sheet.counts_from
        yield sheet.page, (
            facts, visit.task, visit.is_taper, given_from and (given_from.code, given_from.name, given_from.planned),
            schedule.taper, schedule.taper_starts,
        )  # fmt: skip
        return
    marks = tuple(marks_of(visit))
    booking = after and (after.code, after.name, after.planned, after.start, after.earliest, after.latest,
                         after.window_basis)  # fmt: skip
    yield sheet.page, (
        facts, visit.procedures, visit.assessed, visit.procedures_basis, schedule.checks, booking, sheet.is_first,
        *marks,
    )  # fmt: skip
    if sheet.assessor_page:
        yield sheet.assessor_page, (visit.name, visit.planned, visit.start, visit.assessed, *marks)
