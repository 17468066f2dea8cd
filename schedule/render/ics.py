"""Calendars and feeds. Content lines are escaped and folded by icalendar; those that recur are made once and kept."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from schedule.participant.state import ParticipantId
from schedule.planning.placing import AnchorDay
from schedule.render.editions import DOSES, visit_page
from schedule.render.language import Language
from schedule.render.sentences import KINDS, Names, because, names_of, say_window, unplaced_reasons
from schedule.render.zones import vtimezone
from schedule.sites import STUDY_VISIT
from schedule.study.protocol import Basis, Kind, VisitCode
from schedule.views import (
    ParticipantSchedule,
    SiteView,
    StaffSchedule,
    StaffVisitView,
    VisitView,
    WaitingTask,
    day_at,
)

NAMESPACE = UUID("6f1d7a2e-3f0b-5c55-9b1e-0d2a7c1e4f60")
"""Root of all event UIDs: never change it, or every subscribed calendar shows every visit twice."""

_ONE_DAY = timedelta(days=1)
RETIRED_AFTER = timedelta(days=30)
"""How long after its day a calendar still says that a visit is cancelled."""
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
    shown: list[VisitView] = []
    if not schedule.calendar_is_empty:
        shown += (visit for visit in schedule.visits if visit.planned is not None)
        shown += (visit for visit in _not_retired(schedule.taken_back, schedule) if visit.planned is not None)
        shown += [schedule.reminder] if schedule.reminder else []
    return _calendar(name, schedule, [_participant_event(visit, schedule, speaks) for visit in shown], speaks)


def coordinator_calendar(schedule: StaffSchedule, speaks: Language) -> bytes:
    """Return the coordinator's calendar: visit codes, windows, procedures, slack, and the taper as a task."""
    name = speaks.say("{study}: {participant}", study=schedule.study, participant=schedule.participant)
    return _calendar(name, schedule, coordinator_events(schedule, speaks), speaks)


def coordinator_events(schedule: StaffSchedule, speaks: Language) -> list[bytes]:
    """Return the events and tasks of the coordinator's calendar."""
    names = names_of(schedule)
    events: list[bytes] = []
    for visit in _in_calendar(schedule):
        events.append(_staff_event(visit, schedule, names, speaks))
        if visit.kind is Kind.MILESTONE:
            events.append(_task(visit, schedule, names, speaks))
    events += (_waiting_task(task, schedule, speaks) for task in schedule.waiting)
    return events


def infusion_calendar(schedule: StaffSchedule, speaks: Language) -> bytes:
    """Return the pharmacist's calendar: the days of infusions. It is made from blinded facts and names no product."""
    name = speaks.say("{study}: {participant}, pharmacy", study=schedule.study, participant=schedule.participant)
    return _calendar(name, schedule, infusion_events(schedule, speaks), speaks)


def infusion_events(schedule: StaffSchedule, speaks: Language) -> list[bytes]:
    """Return the events of the pharmacist's calendar."""
    events: list[bytes] = []
    told = _in_calendar(schedule)
    codes = {visit.code for visit in told}
    off = [visit for visit in schedule.visits if _is_taken_back(visit) and visit.code not in codes]
    for visit in (*told, *_not_retired(off, schedule)):
        if visit.kind is Kind.INFUSION and (visit.planned or _is_taken_back(visit)):
            title = f"{schedule.participant} {visit.code}"
            lines = [
                *_frame(visit, schedule, "pharmacy"),
                _make_line("SUMMARY", _say_title(visit, title, speaks)),
                text_line("DESCRIPTION", speaks.say("Window: {window}", window=say_window(visit, speaks))),
                *_alarm(visit, title),
            ]
            events.append(_component("VEVENT", lines))
    return events


def replaced_calendar(link: str, *, since: datetime, first: date, last: date, speaks: Language) -> bytes:
    """Return what a link serves that was replaced: one event over all the days on which it does, that says so.

    ``link`` is anything that tells it from others and is no secret, ``since`` when it was replaced (UTC).
    """
    uid = uuid5(NAMESPACE, f"{link}\nreplaced")
    lines = [
        f"UID:{uid}\r\n".encode(),
        _stamp_lines(0, since, since),
        f"DTSTART;VALUE=DATE:{first:%Y%m%d}\r\nDTEND;VALUE=DATE:{last + _ONE_DAY:%Y%m%d}\r\n".encode(),
        b"STATUS:CONFIRMED\r\nTRANSP:TRANSPARENT\r\n",
        text_line("SUMMARY", speaks.say("This calendar has a new link: call the clinic")),
        text_line("DESCRIPTION", speaks.say("This link shows no visits any more. The clinic gives you the new one.")),
    ]
    head = calendar_head(speaks.say("Study visits"), speaks, sample=False)
    return b"".join((head, _component("VEVENT", lines), CALENDAR_TAIL))


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
    timed = any(visit.start for visit in (*schedule.visits, *schedule.taken_back))
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


V = TypeVar("V", bound=VisitView)


def _in_calendar(schedule: StaffSchedule) -> list[StaffVisitView]:
    """Return the visits that stand, then those that are taken back."""
    stands = [visit for visit in schedule.visits if not _is_taken_back(visit)]
    return [*stands, *_not_retired(schedule.taken_back, schedule)]


def _not_retired(taken_back: Sequence[V], schedule: ParticipantSchedule | StaffSchedule) -> Iterator[V]:
    """Yield what is taken back until some time after its day: every phone has forgotten it by then."""
    today = day_at(schedule.site, schedule.as_of)
    return (visit for visit in taken_back if today <= (visit.planned or visit.latest) + RETIRED_AFTER)


def _is_taken_back(visit: VisitView) -> bool:
    return visit.is_off or visit.is_held


def _say_title(visit: VisitView, title: str, speaks: Language) -> str:
    """Return a title with what a calendar cannot show otherwise: that it is off, or not yet sure."""
    if _is_taken_back(visit):
        return speaks.say("CANCELLED: {title}", title=title)
    if visit.start or visit.is_done or visit.kind is Kind.MILESTONE:
        return title
    return speaks.say("{title} (to be confirmed)", title=title)


def _participant_event(visit: VisitView, schedule: ParticipantSchedule, speaks: Language) -> bytes:
    site = schedule.site
    if visit.kind is Kind.MILESTONE:
        title = speaks.say("Study reminder")
    else:
        title = speaks.text(site.event_title if site else STUDY_VISIT)
    lines = [
        *_frame(visit, schedule, "participant"),
        text_line("SUMMARY", _say_title(visit, title, speaks)),
        sentences_lines("DESCRIPTION", _participant_words(visit, site, speaks)),
        *_place(visit, site),
        *_alarm(visit, title),
    ]
    return _component("VEVENT", lines)


def _participant_words(visit: VisitView, site: SiteView | None, speaks: Language) -> list[str]:
    if _is_taken_back(visit):
        called_off = visit.kind is not Kind.MILESTONE and visit.is_held
        words = [speaks.say("Do not come until we call you.") if called_off else speaks.say("It is cancelled.")]
        if site and site.contact.phone:
            words.append(speaks.say("Questions? Call {phone}.", phone=site.contact.phone))
        return words
    words = [speaks.say("See page {page} of your packet.", page=_page_of(visit))]
    if visit.kind is Kind.VIRTUAL:
        words.append(speaks.say("By phone or video: we call you. You do not travel."))
        if site and site.contact.call_link:
            words.append(speaks.say("Video link: {link}", link=site.contact.call_link))
    if site and site.contact.phone:
        words.append(speaks.say("Questions? Call {phone}.", phone=site.contact.phone))
    if not (visit.start or visit.is_done or visit.kind is Kind.MILESTONE):
        words.append(speaks.say("The day is not booked yet. We will confirm it with you."))
    return words


def _page_of(visit: VisitView) -> str:
    return DOSES if visit.kind is Kind.MILESTONE else visit_page(visit)


def _staff_event(visit: StaffVisitView, schedule: StaffSchedule, names: Names, speaks: Language) -> bytes:
    summary = _staff_summary(visit, schedule, speaks)
    if visit.planned is None and not _is_taken_back(visit):
        shown = speaks.say("{title}: NO DAY FITS", title=summary)
    else:
        shown = _say_title(visit, summary, speaks)
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
    status = b"CANCELLED" if visit.is_off else b"COMPLETED" if visit.is_done else b"NEEDS-ACTION"
    lines = [
        *_stamps(visit, schedule, "coordinator task"),
        _make_line("SUMMARY", _say_title(visit, _staff_summary(visit, schedule, speaks), speaks)),
        sentences_lines("DESCRIPTION", _staff_words(visit, names, speaks)),
        b"STATUS:%s\r\n" % status,
        f"DUE;VALUE=DATE:{visit.target:%Y%m%d}\r\n".encode(),
    ]
    return _component("VTODO", lines)


def _waiting_task(task: WaitingTask, schedule: StaffSchedule, speaks: Language) -> bytes:
    """Return a task that is on hold: it says so, and has no date that anybody could act on."""
    title = f"{schedule.participant} {task.code}"
    lines = [
        *_stamps(task, schedule, "coordinator task"),
        _make_line("SUMMARY", speaks.say("{title}: ON HOLD", title=title)),
        text_line("DESCRIPTION", speaks.say("Held: ask the study doctor.")),
        b"STATUS:CANCELLED\r\n",
    ]
    return _component("VTODO", lines)


def _component(name: str, lines: Sequence[bytes]) -> bytes:
    return b"".join((f"BEGIN:{name}\r\n".encode(), *lines, f"END:{name}\r\n".encode()))


def _stamps(
    one: VisitView | WaitingTask, schedule: ParticipantSchedule | StaffSchedule, audience: str
) -> Iterator[bytes]:
    yield f"UID:{visit_uid(schedule.study, schedule.participant, one.code, audience)}\r\n".encode()
    yield _stamp_lines(one.revision, one.changed or schedule.as_of, schedule.created or schedule.as_of)


@lru_cache(maxsize=256)
def _stamp_lines(revision: int, changed: datetime, created: datetime) -> bytes:
    stamp, born = f"{changed:%Y%m%dT%H%M%SZ}", f"{created:%Y%m%dT%H%M%SZ}"
    return f"SEQUENCE:{revision}\r\nDTSTAMP:{stamp}\r\nCREATED:{born}\r\nLAST-MODIFIED:{stamp}\r\n".encode()


def _frame(visit: VisitView, schedule: ParticipantSchedule | StaffSchedule, audience: str) -> Iterator[bytes]:
    """Yield who, when and whether it is booked; a visit that no day fits stands on the last day of its window."""
    yield from _stamps(visit, schedule, audience)
    is_timed = False
    if visit.start and visit.end and schedule.site:
        is_timed = True
        yield time_line("DTSTART", visit.start, schedule.site.time_zone)
        yield time_line("DTEND", visit.end, schedule.site.time_zone)
    else:
        yield _all_day(visit.planned or visit.latest)
    if _is_taken_back(visit):
        yield b"STATUS:CANCELLED\r\nTRANSP:TRANSPARENT\r\n"
    elif is_timed:
        yield b"STATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\n"
    elif visit.is_done or (isinstance(schedule, ParticipantSchedule) and visit.kind is Kind.MILESTONE):
        yield b"STATUS:CONFIRMED\r\nTRANSP:TRANSPARENT\r\n"
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
    if visit.start and not (_is_taken_back(visit) or visit.is_done):
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
