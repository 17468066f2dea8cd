"""What changed between two schedules, for the terminal and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from schedule.planning.changes import (
    Change,
    Comparison,
    Fact,
    FactChange,
    FactValue,
    KeptDose,
    KeptSchedule,
    KeptVisit,
    VisitChange,
)
from schedule.render.language import N_, Language
from schedule.render.sentences import KINDS
from schedule.render.tables import in_columns, wrapped
from schedule.study.taper import write_dose

CHANGES = {
    Change.ADDED: N_("added"),
    Change.REMOVED: N_("no longer planned"),
    Change.MOVED: N_("moved"),
    Change.UNPLACED: N_("no day fits it any more"),
    Change.PLACED: N_("has a day now"),
    Change.TIME: N_("time changed"),
    Change.WINDOW: N_("window changed"),
    Change.KIND: N_("kind changed"),
    Change.HELD: N_("on hold"),
}
FACTS = {
    Fact.RANDOMIZED: N_("Day of randomization"),
    Fact.DAY0: N_("Day 0"),
    Fact.SITE: N_("Site"),
    Fact.PROTOCOL_VERSION: N_("Protocol version"),
    Fact.STEROIDS: N_("On steroids"),
    Fact.TAPER: N_("Steroid doses"),
}
BLANK = "-"
"""What :meth:`Language.iso_day` writes for no day, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidChange:
    """A row of the change sheet: what it is about, in what way it changed, from what, to what."""

    about: str
    change: str
    old: str
    new: str


def said_facts(comparison: Comparison, speaks: Language) -> list[SaidChange]:
    """Return a row for each fact about the whole schedule that changed."""
    return [
        SaidChange(
            about=speaks.say(FACTS[one.fact]),
            change=speaks.say("changed"),
            old=_say_fact(one, one.old, speaks),
            new=_say_fact(one, one.new, speaks),
        )
        for one in comparison.facts
    ]


def said_visits(visits: Sequence[VisitChange], speaks: Language) -> list[SaidChange]:
    """Return a row for each way in which a visit changed."""
    return [
        SaidChange(
            about=one.visit.code,
            change=speaks.say(CHANGES[change]),
            old=_say_visit(one.old, change, one, speaks) if one.old else BLANK,
            new=_say_visit(one.new, change, one, speaks) if one.new else BLANK,
        )
        for one in visits
        for change in one.changes
    ]


def say_doses(doses: Sequence[KeptDose], speaks: Language) -> str:
    """Say each dose behind its first day: ``day 1: 7.5 mg; day 15: 5 mg``; no line ends between a dose and its unit."""
    return "; ".join(
        speaks.say("day {number}: {dose}", number=one.day, dose=speaks.dose(one.dose_mg) + "\u00a0mg") for one in doses
    )


def _say_fact(change: FactChange, value: FactValue, speaks: Language) -> str:
    if isinstance(value, tuple):
        return say_doses(value, speaks) or BLANK
    if isinstance(value, bool):
        return speaks.say("yes") if value else speaks.say("no")
    if value is None:
        return speaks.say("no site calendar") if change.fact is Fact.SITE else speaks.say("no day")
    return speaks.iso_day(value) if isinstance(value, date) else value or BLANK


def _say_visit(visit: KeptVisit, change: Change, within: VisitChange, speaks: Language) -> str:
    match change:
        case Change.TIME:
            return _say_hours(visit, within, speaks)
        case Change.WINDOW if visit.window:
            earliest, latest = visit.window
            if earliest == latest:
                return earliest.isoformat()
            return speaks.say("{earliest} to {latest}", earliest=earliest, latest=latest)
        case Change.KIND:
            return speaks.say(KINDS[visit.kind])
        case Change.ADDED if visit.planned is None:
            return speaks.say("NO DAY FITS")
        case _:
            return speaks.iso_day(visit.planned)


def _say_hours(visit: KeptVisit, within: VisitChange, speaks: Language) -> str:
    """Say from when to when, and the zone where that changed."""
    if visit.hours is None:
        return speaks.say("no time")
    start, end, zone = visit.hours
    zones = {one.hours[2] for one in (within.old, within.new) if one and one.hours}
    return f"{start}-{end} {zone}".rstrip() if len(zones) > 1 else f"{start}-{end}"


def pages_lines(comparison: Comparison, speaks: Language) -> list[str]:
    """Say which pages of the printed packet to replace, and which to take out."""
    pages = comparison.pages
    if comparison.is_same:
        return [speaks.say("nothing changed; no page needs replacing")]
    lines = []
    if pages.replace:
        lines.append(speaks.say("Replace these pages of the packet: {pages}", pages=", ".join(pages.replace)))
    if pages.new:
        lines.append(speaks.say("New among them: {pages}", pages=", ".join(pages.new)))
    if pages.take_out:
        lines.append(speaks.say("Take these pages out: {pages}", pages=", ".join(pages.take_out)))
    return lines or [speaks.say("No page of the packet needs replacing.")]


def swapped_line(comparison: Comparison, speaks: Language) -> str | None:
    """Say that the order of the two looks swapped; None where it does not."""
    if not comparison.looks_swapped:
        return None
    return speaks.say(
        "note: the new schedule ({new}) is older than the old one ({old}); were the two files swapped?",
        new=_instant(comparison.new),
        old=_instant(comparison.old),
    )


def changes_table(comparison: Comparison, speaks: Language, *, width: int) -> str:
    """Return what changed as lines of at most ``width`` columns: tables, or lists where a table has no room."""
    heading = speaks.say(
        "{study}, participant {participant}: what changed",
        study=comparison.new.protocol,
        participant=comparison.new.participant,
    )
    as_of = speaks.say(
        "old: valid as of {old}; new: valid as of {new}",
        old=speaks.iso_day(comparison.old.valid_as_of),
        new=speaks.iso_day(comparison.new.valid_as_of),
    )
    lines = [*wrapped(heading, width), *wrapped(as_of, width), ""]
    for head, rows in (
        (speaks.say("Fact"), said_facts(comparison, speaks)),
        (speaks.say("Visit"), said_visits(comparison.visits, speaks)),
    ):
        lines += [*_rows(head, rows, speaks, width), ""] if rows else []
    return "\n".join([*lines, *(line for said in pages_lines(comparison, speaks) for line in wrapped(said, width))])


def _rows(head: str, rows: Sequence[SaidChange], speaks: Language, width: int) -> list[str]:
    heads = [head, speaks.say("Change"), speaks.say("Was"), speaks.say("Now")]
    table = in_columns(heads, [(row.about, row.change, row.old, row.new) for row in rows], width)
    return table or [line for row in rows for line in wrapped(say_change(row, speaks), width)]


def say_change(row: SaidChange, speaks: Language) -> str:
    """Say a change in a line."""
    facts = {"about": row.about, "change": row.change}
    if row.old == BLANK:
        return speaks.say("{about}: {change}: {day}", **facts, day=row.new)
    if row.new == BLANK:
        return speaks.say("{about}: {change}: was {day}", **facts, day=row.old)
    return speaks.say("{about}: {change}: was {old}, now {new}", **facts, old=row.old, new=row.new)


def changes_record(comparison: Comparison, speaks: Language) -> dict[str, Any]:
    """Return what changed for programs; days are ISO, times local without a zone, as in ``schedule.json``."""
    pages = comparison.pages
    return {
        "participant": comparison.new.participant,
        "protocol": comparison.new.protocol,
        "as_of": {"old": _instant(comparison.old), "new": _instant(comparison.new)},
        "facts": [_fact_record(one) for one in comparison.facts],
        "visits": [_visit_record(one, speaks) for one in comparison.visits],
        "pages": {"replace": [*pages.replace], "new": [*pages.new], "take_out": [*pages.take_out]},
    }


def _fact_record(change: FactChange) -> dict[str, Any]:
    return {"fact": change.fact.value, "old": _value_record(change.old), "new": _value_record(change.new)}


def _value_record(value: FactValue) -> str | bool | None:
    if isinstance(value, tuple):
        return "; ".join(f"{one.day}: {write_dose(one.dose_mg)} mg" for one in value)
    return value.isoformat() if isinstance(value, date) else value


def _visit_record(change: VisitChange, speaks: Language) -> dict[str, Any]:
    return {
        "code": change.visit.code,
        "name": change.visit.name,
        "changes": [one.value for one in change.changes],
        "old": _kept_record(change.old),
        "new": _kept_record(change.new),
        "says": [say_change(row, speaks) for row in said_visits([change], speaks)],
    }


def _kept_record(visit: KeptVisit | None) -> dict[str, Any] | None:
    if visit is None:
        return None
    return {
        "kind": visit.kind.value,
        "earliest": visit.earliest.isoformat() if visit.earliest else None,
        "latest": visit.latest.isoformat() if visit.latest else None,
        "planned": visit.planned.isoformat() if visit.planned else None,
        "start": f"{visit.start:%Y-%m-%dT%H:%M}" if visit.start else None,
        "end": f"{visit.end:%Y-%m-%dT%H:%M}" if visit.end else None,
        "time_zone": visit.time_zone,
    }


def _instant(schedule: KeptSchedule) -> str:
    return f"{schedule.as_of:%Y-%m-%dT%H:%M:%SZ}"


def changes_json(comparison: Comparison, speaks: Language) -> str:
    """Return what changed as JSON."""
    return json.dumps(changes_record(comparison, speaks), ensure_ascii=False, indent=2)
