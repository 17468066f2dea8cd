"""Calendars and feeds. Content lines are escaped and folded by icalendar; those that recur are made once and kept."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from schedule.planning.placing import AnchorDay
from schedule.render.language import Language
from schedule.render.sentences import KINDS, Names, because, names_of, say_window, unplaced_reasons
from schedule.render.zones import vtimezone
from schedule.sites import STUDY_VISIT
from schedule.study.protocol import Basis, Kind, VisitCode
from schedule.views import (
    ParticipantId,
    ParticipantSchedule,
    SiteView,
    StaffSchedule,
    StaffVisitView,
    VisitView,
)

NAMESPACE = UUID("6f1d7a2e-3f0b-5c55-9b1e-0d2a7c1e4f60")
"""Root of all event UIDs: never change it, or every subscribed calendar shows every visit twice."""

NO_REVISIONS: Mapping[VisitCode, int] = MappingProxyType({})
_ONE_DAY = timedelta(days=1)
_LONGEST = 75
_HEAD = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//dayzero//visit calendars//EN\r\nCALSCALE:GREGORIAN\r\n"
    b"REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\nX-PUBLISHED-TTL:PT6H\r\nCOLOR:teal\r\n"
)
_FIRST_EVENT = b"\r\nBEGIN:VEVENT\r\n"
CALENDAR_TAIL = b"END:VCALENDAR\r\n"


def participant_calendar(schedule: ParticipantSchedule, speaks: Language) -> bytes:
    """Return the participant's calendar: discreet, since phones show summaries on locked screens."""
    name = speaks.say("Study visits")
    events = [_participant_event(visit, schedule, speaks) for visit in schedule.visits if visit.planned is not None]
    return _calendar(name, schedule, events, speaks)


def coordinator_calendar(schedule: StaffSchedule, speaks: Language) -> bytes:
    """Return the coordinator's calendar: visit codes, windows, procedures, slack, and the taper as a task."""
    name = speaks.say("{study}: {participant}", study=schedule.study, participant=schedule.participant)
    names = names_of(schedule)
    events: list[bytes] = []
    for visit in schedule.visits:
        events.append(_staff_event(visit, schedule, names, speaks))
        if visit.kind is Kind.MILESTONE:
            events.append(_task(visit, schedule, names, speaks))
    return _calendar(name, schedule, events, speaks)


def infusion_calendar(
    schedule: StaffSchedule,
    speaks: Language,
    *,
    revisions: Mapping[VisitCode, int] = NO_REVISIONS,
    stopped: Collection[VisitCode] = (),
) -> bytes:
    """Return the pharmacist's calendar: the days of infusions. It is made from blinded facts and names no product.

    ``revisions`` says how often an infusion was changed; one that is ``stopped`` is shown as cancelled, without alarm.
    """
    name = speaks.say("{study}: {participant}, pharmacy", study=schedule.study, participant=schedule.participant)
    events: list[bytes] = []
    for visit in schedule.visits:
        if visit.kind is Kind.INFUSION and visit.planned:
            title = f"{schedule.participant} {visit.code}"
            is_stopped = visit.code in stopped
            if is_stopped:
                summary = speaks.say("CANCELLED: {title}", title=title)
            else:
                summary = title if visit.start else speaks.say("{title} (to be confirmed)", title=title)
            lines = [
                *_frame(visit, schedule, "pharmacy", revision=revisions.get(visit.code, 0), cancelled=is_stopped),
                _make_line("SUMMARY", summary),
                text_line("DESCRIPTION", speaks.say("Window: {window}", window=say_window(visit, speaks))),
                *(() if is_stopped else _alarm(visit, title)),
            ]
            events.append(_component("VEVENT", lines))
    return _calendar(name, schedule, events, speaks)


def visit_uid(study: str, participant: ParticipantId, code: VisitCode, audience: str) -> UUID:
    """Return the permanent UID of a visit in one audience's calendars. It is stable, and no secret."""
    return uuid5(NAMESPACE, f"{study}\n{participant}\n{code}\n{audience}")


def calendar_head(name: str, speaks: Language, *, sample: bool) -> bytes:
    """Return what a calendar begins with: its name, marked where it is a sample. Zones and events follow."""
    if sample:
        name = speaks.say("SAMPLE - {name}", name=name)
    return b"".join((_HEAD, text_line("NAME", name), text_line("X-WR-CALNAME", name)))


def zone_needed(schedule: ParticipantSchedule | StaffSchedule) -> str | None:
    """Return the time zone that the schedule's events name, if any has a time."""
    timed = any(visit.start for visit in schedule.visits)
    return schedule.site.time_zone if timed and schedule.site else None


def events_in(calendar: bytes) -> bytes:
    """Return the events and tasks of one of our calendars: all between its head and zone, and its tail."""
    start = calendar.index(_FIRST_EVENT) + len(b"\r\n")
    return calendar[start : -len(CALENDAR_TAIL)]


def _calendar(
    name: str, schedule: ParticipantSchedule | StaffSchedule, events: Sequence[bytes], speaks: Language
) -> bytes:
    zone = zone_needed(schedule)
    head = calendar_head(name, speaks, sample=schedule.sample)
    return b"".join((head, vtimezone(zone) if zone else b"", *events, CALENDAR_TAIL))


def _participant_event(visit: VisitView, schedule: ParticipantSchedule, speaks: Language) -> bytes:
    site = schedule.site
    title = speaks.text(site.event_title if site else STUDY_VISIT)
    lines = [
        *_frame(visit, schedule, "participant"),
        text_line("SUMMARY", title if visit.start else speaks.say("{title} (to be confirmed)", title=title)),
        sentences_lines("DESCRIPTION", _participant_words(visit, site, speaks)),
        *_place(visit, site),
        *_alarm(visit, title),
    ]
    return _component("VEVENT", lines)


def _participant_words(visit: VisitView, site: SiteView | None, speaks: Language) -> list[str]:
    words = [speaks.say("See page {page} of your packet.", page=f"{visit.code}-1")]
    if visit.kind is Kind.VIRTUAL:
        words.append(speaks.say("By phone or video: we call you. You do not travel."))
        if site and site.contact.call_link:
            words.append(speaks.say("Video link: {link}", link=site.contact.call_link))
    if site and site.contact.phone:
        words.append(speaks.say("Questions? Call {phone}.", phone=site.contact.phone))
    if not visit.start:
        words.append(speaks.say("The day is not booked yet. We will confirm it with you."))
    return words


def _staff_event(visit: StaffVisitView, schedule: StaffSchedule, names: Names, speaks: Language) -> bytes:
    summary = _staff_summary(visit, schedule, speaks)
    if visit.planned is None:
        shown = speaks.say("{title}: NO DAY FITS", title=summary)
    elif visit.start or visit.kind is Kind.MILESTONE:
        shown = summary
    else:
        shown = speaks.say("{title} (to be confirmed)", title=summary)
    lines = [
        *_frame(visit, schedule, "coordinator"),
        _make_line("SUMMARY", shown),
        sentences_lines("DESCRIPTION", _staff_words(visit, names, speaks)),
        *_place(visit, schedule.site),
        *_alarm(visit, summary),
    ]
    return _component("VEVENT", lines)


def _staff_summary(visit: StaffVisitView, schedule: StaffSchedule, speaks: Language) -> str:
    summary = f"{schedule.participant} {visit.code}"
    return f"{summary}: {speaks.text(visit.task)}" if visit.task else summary


def _staff_words(visit: StaffVisitView, names: Names, speaks: Language) -> list[str]:
    words = [speaks.say("{visit} ({kind})", visit=speaks.text(visit.name), kind=speaks.say(KINDS[visit.kind]))]
    if visit.kind is Kind.MILESTONE:
        if visit.counts.anchor_is is not AnchorDay.ACTUAL:
            words.append(speaks.say("Check first that the infusion it counts from was given."))
    else:
        words.append(speaks.say("Window: {window}", window=say_window(visit, speaks)))
        if visit.slack_days is not None:
            words.append(speaks.say_count("Slack: {count} day", "Slack: {count} days", visit.slack_days))
        words.append(_say_procedures(visit, speaks))
    return [*words, *because(visit, names, speaks), *unplaced_reasons(visit, names, speaks)]


def _say_procedures(visit: StaffVisitView, speaks: Language) -> str:
    names = ", ".join(map(speaks.text, visit.procedures))
    if visit.procedures_basis is Basis.ASSUMED:
        return speaks.say("Procedures (assumed): {list}", list=names)
    return speaks.say("Procedures: {list}", list=names)


def _task(visit: StaffVisitView, schedule: StaffSchedule, names: Names, speaks: Language) -> bytes:
    """Return the milestone once more as a task, for programs that keep tasks; its event is for those that do not."""
    lines = [
        *_stamps(visit.code, schedule, "coordinator task"),
        _make_line("SUMMARY", _staff_summary(visit, schedule, speaks)),
        sentences_lines("DESCRIPTION", _staff_words(visit, names, speaks)),
        b"STATUS:NEEDS-ACTION\r\n",
        f"DUE;VALUE=DATE:{visit.target:%Y%m%d}\r\n".encode(),
    ]
    return _component("VTODO", lines)


def _component(name: str, lines: Sequence[bytes]) -> bytes:
    return b"".join((f"BEGIN:{name}\r\n".encode(), *lines, f"END:{name}\r\n".encode()))


def _stamps(
    code: VisitCode, schedule: ParticipantSchedule | StaffSchedule, audience: str, revision: int = 0
) -> Iterator[bytes]:
    yield f"UID:{visit_uid(schedule.study, schedule.participant, code, audience)}\r\n".encode()
    yield _stamp_lines(schedule.as_of, revision)


@lru_cache(maxsize=256)
def _stamp_lines(as_of: datetime, revision: int) -> bytes:
    stamp = f"{as_of:%Y%m%dT%H%M%SZ}"
    return f"SEQUENCE:{revision}\r\nDTSTAMP:{stamp}\r\nCREATED:{stamp}\r\nLAST-MODIFIED:{stamp}\r\n".encode()


def _frame(
    visit: VisitView,
    schedule: ParticipantSchedule | StaffSchedule,
    audience: str,
    *,
    revision: int = 0,
    cancelled: bool = False,
) -> Iterator[bytes]:
    """Yield who, when and whether it is booked; a visit that no day fits stands on the last day of its window."""
    yield from _stamps(visit.code, schedule, audience, revision)
    is_timed = visit.start and visit.end and schedule.site
    if visit.start and visit.end and schedule.site:
        yield time_line("DTSTART", visit.start, schedule.site.time_zone)
        yield time_line("DTEND", visit.end, schedule.site.time_zone)
    else:
        yield _all_day(visit.planned or visit.latest)
    if cancelled:
        yield b"STATUS:CANCELLED\r\nTRANSP:TRANSPARENT\r\n"
    elif is_timed:
        yield b"STATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\n"
    else:
        yield b"STATUS:TENTATIVE\r\nTRANSP:TRANSPARENT\r\n"


@lru_cache(maxsize=4096)
def _all_day(day: date) -> bytes:
    return f"DTSTART;VALUE=DATE:{day:%Y%m%d}\r\nDTEND;VALUE=DATE:{day + _ONE_DAY:%Y%m%d}\r\n".encode()


@lru_cache(maxsize=4096)
def time_line(name: str, local: datetime, zone: str) -> bytes:
    """Return a local time with its zone; in UTC where the clock shows this time twice that night."""
    info = ZoneInfo(zone)
    first, second = (local.replace(tzinfo=info, fold=fold).utcoffset() for fold in (0, 1))
    if first != second:
        return f"{name}:{local.replace(tzinfo=info).astimezone(UTC):%Y%m%dT%H%M%SZ}\r\n".encode()
    return f"{name};TZID={zone}:{local:%Y%m%dT%H%M%S}\r\n".encode()


def _place(visit: VisitView, site: SiteView | None) -> Iterator[bytes]:
    if site is None or visit.kind is Kind.MILESTONE:
        return
    if visit.kind is Kind.VIRTUAL:
        if site.contact.call_link:
            yield text_line("URL", site.contact.call_link, kind="URI")
            yield text_line("CONFERENCE", site.contact.call_link, kind="URI", parameters=";VALUE=URI")
    else:
        yield text_line("LOCATION", ", ".join(part for part in (site.name, site.contact.address, site.city) if part))


def _alarm(visit: VisitView, words: str) -> Iterator[bytes]:
    if visit.start:
        yield b"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-P1D\r\n"
        yield text_line("DESCRIPTION", words)
        yield b"END:VALARM\r\n"


def sentences_lines(name: str, sentences: Sequence[str]) -> bytes:
    """Return a content line that holds the sentences, folded after each of them and where one is too long.

    A content line may be folded anywhere; folded there, sentences that recur across participants are made once.
    """
    ends = ["\n"] * (len(sentences) - 1) + [""]
    starts = [f"{name}:"] + [" "] * (len(sentences) - 1)
    return b"".join(_piece(start, said + end) for start, said, end in zip(starts, sentences, ends, strict=True))


@lru_cache(maxsize=4096)
def _piece(start: str, words: str) -> bytes:
    return _fold(start + _escape(words))


@lru_cache(maxsize=4096)
def text_line(name: str, text: str, kind: str = "TEXT", parameters: str = "") -> bytes:
    """Return a content line, escaped and folded by icalendar, from among those already made if it recurs."""
    return _make_line(name, text, kind, parameters)


def _make_line(name: str, text: str, kind: str = "TEXT", parameters: str = "") -> bytes:
    return _fold(f"{name}{parameters}:{_escape(text) if kind == 'TEXT' else text}")


def _escape(text: str) -> str:
    from icalendar import vText  # noqa: PLC0415 - 50 ms that a plan without calendars does not pay

    return vText(text).to_ical().decode()


def _fold(line: str) -> bytes:
    """Fold a line by icalendar; one that fits is left as it is."""
    if len(line) < _LONGEST and line.isascii():
        return f"{line}\r\n".encode()
    from icalendar.parser import Contentline  # noqa: PLC0415

    folded: bytes = Contentline(line).to_ical()  # type: ignore[no-untyped-call]
    return folded + b"\r\n"
