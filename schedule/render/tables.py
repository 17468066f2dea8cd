"""The schedule as JSON, CSV and a table for the terminal."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from schedule.participant.state import Deviation, Status
from schedule.render.language import Language
from schedule.render.sentences import (
    SHORT_KINDS,
    Names,
    assumed_parts,
    because,
    names_of,
    say_burden,
    say_notice,
    unplaced_reasons,
)
from schedule.study.protocol import Basis, Kind
from schedule.views import StaffSchedule, StaffVisitView, WaitingTask

if TYPE_CHECKING:
    from schedule.planning.taper import PlannedTaperStep

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "|", "%", "＝", "＋", "－", "＠")


def schedule_record(schedule: StaffSchedule, speaks: Language) -> dict[str, Any]:
    """Return the schedule as ``schedule.json`` has it; days are ISO, times local without a zone."""
    names = names_of(schedule)
    return {
        "participant": schedule.participant,
        "protocol": schedule.study,
        "protocol_version": schedule.protocol_version,
        "randomized": schedule.randomized.isoformat(),
        "day0": schedule.day0.isoformat() if schedule.day0 else None,
        "site": schedule.site.id if schedule.site else None,
        "steroids": schedule.steroids,
        "as_of": f"{schedule.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "visits": [
            *(_visit_record(visit, schedule, names, speaks) for visit in schedule.visits),
            *(_waiting_record(task, schedule, speaks) for task in schedule.waiting),
        ],
        "taper": [
            {
                "day": step.day_from,
                "from": step.date_from.isoformat() if step.date_from else None,
                "dose_mg": float(step.dose_mg) if step.dose_mg % 1 else int(step.dose_mg),
                "instruction_en": step.instruction.en,
                "instruction_es": step.instruction.es,
            }
            for step in schedule.taper
        ],
    }


def _visit_record(visit: StaffVisitView, schedule: StaffSchedule, names: Names, speaks: Language) -> dict[str, Any]:
    record = {
        "code": visit.code,
        "name": speaks.text(visit.name),
        "kind": visit.kind.value,
        "target": visit.target.isoformat(),
        "earliest": visit.earliest.isoformat(),
        "latest": visit.latest.isoformat(),
        "planned": visit.planned.isoformat() if visit.planned else None,
        "start": f"{visit.start:%Y-%m-%dT%H:%M}" if visit.start else None,
        "end": f"{visit.end:%Y-%m-%dT%H:%M}" if visit.end else None,
        "time_zone": schedule.site.time_zone if schedule.site else None,
        "slack_days": visit.slack_days,
        "offset_basis": visit.offset_basis.value,
        "anchor_basis": visit.anchor_basis.value,
        "window_basis": visit.window_basis.value,
        "because": because(visit, names, speaks),
        "unplaced_reasons": unplaced_reasons(visit, names, speaks),
    }
    return record | (_outcome_record(visit) if schedule.standing else {})


def _outcome_record(visit: StaffVisitView) -> dict[str, Any]:
    """Return what a record knows of a visit beyond what is planned."""
    return {
        "status": visit.status.value if visit.status else None,
        "actual": visit.actual.isoformat() if visit.actual else None,
        "given": visit.given.value if visit.given else None,
        "sequence": visit.revision,
        "deviation": deviation_record(visit.deviation) if visit.deviation else None,
    }


def deviation_record(one: Deviation) -> dict[str, Any]:
    """Return a deviation for programs: ``days_outside`` is negative before the window, 0 inside it."""
    return {
        "reason": one.reason,
        "day": one.day.isoformat(),
        "earliest": one.earliest.isoformat(),
        "latest": one.latest.isoformat(),
        "days_outside": one.days_outside,
        "too_close_to": one.too_close_to,
        "days_apart": one.days_apart,
        "at_least": one.at_least,
    }


def _waiting_record(task: WaitingTask, schedule: StaffSchedule, speaks: Language) -> dict[str, Any]:
    """Return a milestone on hold with the keys of every other visit, and no date in them."""
    nothing = ("target", "earliest", "latest", "planned", "start", "end", "slack_days", "offset_basis", "anchor_basis",
               "window_basis")  # fmt: skip
    return {
        "code": task.code,
        "name": speaks.text(task.name),
        "kind": Kind.MILESTONE.value,
        **dict.fromkeys(nothing[:6]),
        "time_zone": schedule.site.time_zone if schedule.site else None,
        **dict.fromkeys(nothing[6:]),
        "because": [speaks.say("held: ask the study doctor")],
        "unplaced_reasons": [],
        "status": Status.HELD.value,
        "actual": None,
        "given": None,
        "sequence": task.revision,
        "deviation": None,
    }


def schedule_json(schedule: StaffSchedule, speaks: Language, pages: Mapping[str, str]) -> bytes:
    """Return ``schedule.json``; ``pages`` are the packet's page codes with their hashes."""
    record = schedule_record(schedule, speaks) | {"sample": schedule.sample, "pages": dict(pages)}
    return (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode()


def schedule_csv(schedule: StaffSchedule, speaks: Language) -> bytes:
    """Return ``schedule.csv``: a row a visit, headed by the names of the JSON; sentences are joined by `` | ``.

    It is a table of visits: the steps of a taper are in the JSON only.
    """
    record = schedule_record(schedule, speaks)
    whole = {name: value for name, value in record.items() if name not in ("visits", "taper")}
    rows = [whole | visit for visit in record["visits"]]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows([spreadsheet_cell(value) for value in row.values()] for row in rows)
    return text.getvalue().encode()


def spreadsheet_cell(value: object) -> object:
    """Return what a spreadsheet shows as it is: a text that it would run as a formula gets an apostrophe."""
    if isinstance(value, list):
        value = " | ".join(value)
    if isinstance(value, dict):
        value = " | ".join(f"{key}: {said}" for key, said in value.items() if said is not None)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value


def schedule_table(schedule: StaffSchedule, speaks: Language, *, width: int) -> str:
    """Return the schedule as lines of at most ``width`` columns: a table, or a list where a table has no room."""
    heading = speaks.say(
        "{study}, participant {participant}, protocol version {version}",
        study=schedule.study,
        participant=schedule.participant,
        version=schedule.protocol_version,
    )
    return "\n".join(
        [
            *wrapped(heading, width),
            *wrapped(say_start(schedule, speaks), width),
            "",
            *_visit_lines(schedule, speaks, width),
            "",
            *taper_lines(schedule, speaks, width),
            *(line for said in say_burden(schedule.burden, speaks) for line in wrapped(said, width)),
            *_legend(schedule, speaks, width),
            "",
        ]
    )


def _legend(schedule: StaffSchedule, speaks: Language, width: int) -> list[str]:
    if not any(assumed_parts(visit, speaks) for visit in schedule.visits):
        return []
    return wrapped(speaks.say("assumed: not registered, confirm it with your site's protocol"), width)


def say_start(schedule: StaffSchedule, speaks: Language) -> str:
    """Say what holds for the whole schedule: where it begins, at which site, and whether steroids are taken."""
    parts = [
        speaks.say("randomized {day}", day=speaks.iso_day(schedule.randomized)),
        speaks.say("Day 0 {day}", day=speaks.iso_day(schedule.day0)),
        speaks.say("site {site}", site=schedule.site.name) if schedule.site else speaks.say("no site calendar"),
    ]
    if schedule.steroids is not None:
        parts.append(speaks.say("on steroids") if schedule.steroids else speaks.say("not on steroids"))
    return ", ".join(parts)


def _visit_lines(schedule: StaffSchedule, speaks: Language, width: int) -> list[str]:
    heads = [
        speaks.say("Visit"), speaks.say("Day"), speaks.say("Time"), speaks.say("Window"),
        speaks.say("Slack"), speaks.say("Kind"), speaks.say("Assumed"),
    ]  # fmt: skip
    rows = [_row(visit, speaks) for visit in schedule.visits]
    return in_columns(heads, rows, width) or [line for row in rows for line in _stacked(row, speaks, width)]


def in_columns(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the rows as a table without its empty columns; nothing where ``width`` has no room for it."""
    shown = [column for column in range(len(heads)) if any(row[column] for row in rows)]
    table = [[row[column] for column in shown] for row in [heads, *rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(shown))]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        return []
    table.insert(1, ["-" * column for column in widths])
    return ["  ".join(cell.ljust(column) for cell, column in zip(row, widths, strict=True)).rstrip() for row in table]


def _row(visit: StaffVisitView, speaks: Language) -> list[str]:
    is_contact = visit.kind is not Kind.MILESTONE
    return [
        visit.code,
        speaks.iso_day(visit.planned) if visit.planned else speaks.say("NO DAY FITS"),
        f"{visit.start:%H:%M}-{visit.end:%H:%M}" if visit.start and visit.end else "",
        _short_window(visit, speaks) if is_contact else "",
        str(visit.slack_days) if is_contact and visit.slack_days is not None else "",
        speaks.say(SHORT_KINDS[visit.kind]),
        _short_assumed(visit, speaks),
    ]


def _short_window(visit: StaffVisitView, speaks: Language) -> str:
    if visit.earliest == visit.latest:
        return visit.earliest.isoformat()
    return speaks.say("{earliest} to {latest}", earliest=visit.earliest, latest=visit.latest)


def _short_assumed(visit: StaffVisitView, speaks: Language) -> str:
    """Say what is assumed in two words: the date where its anchor or offset is, and the window."""
    date_is_assumed = Basis.ASSUMED in (visit.anchor_basis, visit.offset_basis)
    window_is_assumed = visit.window_basis is Basis.ASSUMED and visit.kind is not Kind.MILESTONE
    parts = ((date_is_assumed, speaks.say("date")), (window_is_assumed, speaks.say("window")))
    return ", ".join(words for is_assumed, words in parts if is_assumed)


def _stacked(row: Sequence[str], speaks: Language, width: int) -> list[str]:
    """Return a visit as a line for its day and a line for its window, for narrow terminals."""
    code, day, time, window, slack, kind, assumed = row
    facts = [
        window,
        speaks.say("slack {days}", days=slack) if slack else "",
        speaks.say("assumed: {parts}", parts=assumed) if assumed else "",
    ]
    return [
        *wrapped("  ".join(part for part in (code.ljust(5), day, time, kind) if part), width),
        *wrapped("; ".join(part for part in facts if part), width, indent="    "),
    ]


def taper_lines(schedule: StaffSchedule, speaks: Language, width: int) -> list[str]:
    """Return the steps of the taper, and an empty line; nothing where nobody gave any."""
    if not schedule.taper:
        return []
    if schedule.taper_starts:
        head = speaks.say("Steroid taper, day 1 is {day}:", day=speaks.iso_day(schedule.taper_starts))
    else:
        head = speaks.say("Steroid taper, day 1 is the day on which the participant is called:")
    lines = wrapped(head, width)
    for step in schedule.taper:
        said = speaks.say(
            "{days}: {dose} mg a day. {instruction}",
            days=_say_days(step, speaks),
            dose=speaks.dose(step.dose_mg),
            instruction=speaks.text(step.instruction),
        )
        lines += wrapped(said, width, indent="  ")
    return [*lines, ""]


def _say_days(step: "PlannedTaperStep", speaks: Language) -> str:
    """Return the days of a dose, by their dates where these are known."""
    if step.date_from:
        first, last = speaks.iso_day(step.date_from), speaks.iso_day(step.date_to)
        if step.date_to is None:
            return speaks.say("from {day} on", day=first)
        return first if first == last else speaks.say("{earliest} to {latest}", earliest=first, latest=last)
    if step.day_to is None:
        return speaks.say("from day {number} on", number=step.day_from)
    if step.day_from == step.day_to:
        return speaks.say("day {number}", number=step.day_from)
    return speaks.say("days {first} to {last}", first=step.day_from, last=step.day_to)


def wrapped(text: str, width: int, *, indent: str = "") -> list[str]:
    """Return the text in lines of at most ``width`` columns; words are not broken."""
    return wrap(
        text, max(width, 20), initial_indent=indent, subsequent_indent=indent + "  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def notice_lines(schedule: StaffSchedule, speaks: Language) -> list[str]:
    """Return what staff should know, then day by day why visits without a day have none."""
    names = names_of(schedule)
    lines = [speaks.say("note: {notice}", notice=say_notice(notice, speaks)) for notice in schedule.notices]
    for visit in schedule.visits:
        if visit.planned is None and not (visit.is_held or visit.is_off):
            lines.append(
                speaks.say(
                    "{visit} has no day from {earliest} to {latest}:",
                    visit=visit.code,
                    earliest=speaks.iso_day(visit.earliest),
                    latest=speaks.iso_day(visit.latest),
                )
            )
            lines += [f"  {reason}" for reason in unplaced_reasons(visit, names, speaks)]
    return lines


def feed_lines(feed: Path, base: str | None, speaks: Language) -> list[str]:
    """Return where the feed lies and, if it is known what serves its folder, how to subscribe."""
    lines = [speaks.say("feed: {path}", path=feed)]
    if base:
        address = f"{base.rstrip('/')}/{feed.name}"
        webcal = address.replace("https://", "webcal://", 1)
        lines.append(speaks.say("to subscribe with Apple or Outlook: {address}", address=webcal))
        lines.append(speaks.say("to subscribe with Google: {address}", address=address))
    return lines
