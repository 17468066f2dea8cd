"""The change sheet: what moved, for the participant and the coordinator, and which pages to replace."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from schedule.planning.changes import Change, Comparison, FactChange, FactValue, KeptVisit, VisitChange
from schedule.render.changes import BLANK, CHANGES, FACTS, SaidChange, say_doses
from schedule.render.editions import edition_of
from schedule.render.language import N_, Language
from schedule.render.pages import PLAIN, Style, render_page
from schedule.study.protocol import Kind

PAGE = "CH-0"
"""The code of the page: no page of a packet ends in 0."""
MANY = 14
"""Rows from which on they stand closer, so that the sheet stays one."""
KINDS = {
    Kind.INFUSION: N_("Clinic (infusion)"),
    Kind.CLINIC: N_("Clinic"),
    Kind.VIRTUAL: N_("Phone or video"),
}
NEW_DAY = frozenset({Change.ADDED, Change.REMOVED, Change.MOVED, Change.UNPLACED, Change.PLACED, Change.HELD})
"""Changes that bring another time and window with them, as a rule: no word is lost on these besides."""
WORDS = CHANGES | {Change.WINDOW: N_("earliest and latest day")}


def changes_html(comparison: Comparison, speaks: Language, style: Style = PLAIN) -> str:
    """Return the sheet. Like a packet it tells contacts only: a milestone's date is not the participant's to know."""
    old, new, pages = comparison.old, comparison.new, comparison.pages
    rows = sheet_rows(comparison, speaks)
    shown = (old.as_of, new.as_of, old.protocol_version, new.protocol_version, new.participant, new.protocol,
             new.sample, comparison.facts, comparison.contacts, pages)  # fmt: skip
    return render_page(
        "packet",
        "changes.html",
        speaks,
        replace(style, large=False),
        old=old,
        new=new,
        pages=pages,
        kept=[code for code in new.pages if code not in pages.replace],
        rows=rows,
        is_long=len(rows) >= MANY,
        page=PAGE,
        editions={PAGE: edition_of(shown)},
        as_of_day=new.valid_as_of,
        protocol_version=new.protocol_version,
    )


def sheet_rows(comparison: Comparison, speaks: Language) -> list[SaidChange]:
    """Return a row for each fact and for each visit that changed."""
    facts = [_say_fact(one, speaks) for one in comparison.facts]
    return facts + [_say_visit(one, speaks) for one in comparison.contacts]


def _say_fact(one: FactChange, speaks: Language) -> SaidChange:
    old, new = (_say_value(value, speaks) for value in (one.old, one.new))
    return SaidChange(about=speaks.say(FACTS[one.fact]), change=speaks.say("changed"), old=old, new=new)


def _say_value(value: FactValue, speaks: Language) -> str:
    if isinstance(value, tuple):
        return say_doses(value, speaks) or BLANK
    if isinstance(value, bool):
        return speaks.say("yes") if value else speaks.say("no")
    if not value:
        return BLANK
    return speaks.table_day(value) if isinstance(value, date) else value


def _say_visit(one: VisitChange, speaks: Language) -> SaidChange:
    has_new_day = not NEW_DAY.isdisjoint(one.changes)
    said = [change for change in one.changes if not (has_new_day and change in {Change.TIME, Change.WINDOW})]
    ends = (one.old, one.new)
    has_new_zone = len({end.time_zone for end in ends if end and end.start}) > 1
    old, new = (", ".join(_say_end(end, one.changes, speaks, with_zone=has_new_zone)) if end else BLANK for end in ends)
    return SaidChange(
        about=one.visit.code, change=", ".join(speaks.say(WORDS[change]) for change in said), old=old, new=new
    )


def _say_end(visit: KeptVisit, changes: Sequence[Change], speaks: Language, *, with_zone: bool) -> Iterator[str]:
    """Say one end of a change as packets say it: days and times for reading, no dates of programs."""
    has_new_day = not NEW_DAY.isdisjoint(changes)
    if has_new_day or Change.TIME in changes:
        if visit.planned:
            yield speaks.table_day(visit.planned)
        else:
            yield speaks.say("do not come until we call you") if visit.is_held else speaks.say("we will call you")
    if Change.TIME in changes and visit.planned:
        zone = f" {visit.time_zone}" if with_zone else ""
        yield speaks.clock(visit.start) + zone if visit.start else speaks.say("no time")
    if Change.WINDOW in changes and not has_new_day and visit.window:
        yield speaks.short_span(*visit.window)
    if Change.KIND in changes:
        yield speaks.say(KINDS[visit.kind]) if visit.kind in KINDS else BLANK
