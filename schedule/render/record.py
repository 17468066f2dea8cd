"""What is recorded of one participant, as a table for the terminal."""

from collections.abc import Iterator, Sequence

from schedule.participant.state import Lateness, Standing
from schedule.render.language import N_, Language
from schedule.render.sentences import SHORT_GIVEN, STATUSES, say_deviation, say_marks
from schedule.render.tables import in_columns, say_start, taper_lines, wrapped
from schedule.study.protocol import Kind
from schedule.views import StaffSchedule, StaffVisitView

STANDINGS = {
    Standing.ACTIVE: N_("takes part"),
    Standing.WITHDRAWN: N_("withdrew"),
    Standing.DIED: N_("died"),
    Standing.TERMINATED: N_("was taken off the study"),
}


def record_table(schedule: StaffSchedule, speaks: Language, *, width: int) -> str:
    """Return the record as lines of at most ``width`` columns: a table, or a list where a table has no room.

    Below it stands in full what the table marks: deviations, days to rebook, what is overdue.
    """
    heading = speaks.say(
        "{study}, participant {participant}, protocol version {version}",
        study=schedule.study,
        participant=schedule.participant,
        version=schedule.protocol_version,
    )
    lines = [*wrapped(heading, width), *wrapped(_say_standing(schedule, speaks), width), ""]
    heads = [
        speaks.say("Visit"), speaks.say("Status"), speaks.say("Day"), speaks.say("Time"), speaks.say("Window"),
        speaks.say("Given"), speaks.say("Note"),
    ]  # fmt: skip
    rows = [_row(visit, speaks) for visit in schedule.visits]
    rows += [[task.code, speaks.say("on hold"), "", "", "", "", speaks.say("ask the study doctor")]
             for task in schedule.waiting]  # fmt: skip
    lines += in_columns(heads, rows, width) or [line for row in rows for line in _stacked(row, speaks, width)]
    said = [*_notes(schedule, speaks)]
    if said:
        lines += ["", *(line for one in said for line in wrapped(one, width))]
    return "\n".join([*lines, "", *taper_lines(schedule, speaks, width)])


def _say_standing(schedule: StaffSchedule, speaks: Language) -> str:
    said = say_start(schedule, speaks)
    if schedule.standing in (None, Standing.ACTIVE):
        return said
    left = speaks.say(STANDINGS[schedule.standing])
    day = speaks.iso_day(schedule.standing_since)
    return speaks.say("{facts}; {left} on {day}", facts=said, left=left, day=day)


def _row(visit: StaffVisitView, speaks: Language) -> list[str]:
    is_contact = visit.kind is not Kind.MILESTONE
    return [
        visit.code,
        speaks.say(STATUSES[visit.status]) if visit.status else "",
        _say_day(visit, speaks),
        f"{visit.start:%H:%M}-{visit.end:%H:%M}" if visit.start and visit.end and not visit.is_off else "",
        _say_window(visit, speaks) if is_contact and not visit.unscheduled else "",
        speaks.say(SHORT_GIVEN[visit.given]) if visit.given else "",
        ", ".join(_marks(visit, speaks)),
    ]


def _say_day(visit: StaffVisitView, speaks: Language) -> str:
    if visit.is_off or visit.is_held:
        return ""
    return speaks.iso_day(visit.planned) if visit.planned else speaks.say("NO DAY FITS")


def _say_window(visit: StaffVisitView, speaks: Language) -> str:
    if visit.earliest == visit.latest:
        return visit.earliest.isoformat()
    return speaks.say("{earliest} to {latest}", earliest=visit.earliest, latest=visit.latest)


def _marks(visit: StaffVisitView, speaks: Language) -> Iterator[str]:
    """Yield in a word what stands below the table in full."""
    if visit.deviation:
        yield speaks.say("deviation")
    if visit.to_rebook:
        yield speaks.say("TO REBOOK")
    if visit.late:
        yield speaks.say("OVERDUE") if visit.late.lateness is Lateness.OVERDUE else speaks.say("TO RECORD")


def _notes(schedule: StaffSchedule, speaks: Language) -> Iterator[str]:
    """Yield what is said of visits; visits of which the same is said, in one sentence."""
    codes: dict[str, list[str]] = {}
    for visit in schedule.visits:
        said = [say_deviation(visit.deviation, speaks)] if visit.deviation else []
        said += say_marks(visit, speaks)
        if visit.reason:
            said.append(speaks.say("reason: {reason}", reason=visit.reason))
        if said:
            codes.setdefault("; ".join(said), []).append(visit.code)
    for words, about in codes.items():
        yield speaks.say("{about}: {said}", about=", ".join(about), said=words)


def _stacked(row: Sequence[str], speaks: Language, width: int) -> list[str]:
    """Return a visit as a line for its day and a line for the rest, for narrow terminals."""
    code, status, day, time, window, given, note = row
    facts = [window, speaks.say("given: {answer}", answer=given) if given else "", note]
    rest = "; ".join(part for part in facts if part)
    return [
        *wrapped("  ".join(part for part in (code.ljust(5), day, time, status) if part), width),
        *(wrapped(rest, width, indent="    ") if rest else []),
    ]
