"""Rows of the clinic's lists: what is due, overdue or deviated, who comes when, and who must still be told."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from schedule.participant.due import is_late, late_visits, to_rebook
from schedule.participant.replanning import Rules
from schedule.participant.state import Audience, Lateness, Participant, ParticipantId, Standing, Status, VisitState
from schedule.sites import SiteId
from schedule.study.protocol import Kind, VisitCode
from schedule.views import SiteView


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaRow:
    """A visit that stands on a day."""

    site: SiteId
    day: date
    start: datetime | None
    """Local wall time; None while it has no time."""
    end: datetime | None
    participant: ParticipantId
    code: VisitCode
    kind: Kind
    status: Status
    earliest: date
    latest: date
    slack: int | None
    """Days from its own to the latest allowed; negative where it is later than that."""
    to_rebook: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """A visit that nobody has closed and whose window is open in the days that were asked for."""

    site: SiteId
    participant: ParticipantId
    code: VisitCode
    kind: Kind
    status: Status
    day: date | None
    """None where no day fits."""
    start: datetime | None
    earliest: date
    latest: date
    days_left: int
    """Days until its window ends."""
    to_rebook: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueRow:
    """A visit whose window has ended and that nobody has closed."""

    site: SiteId
    participant: ParticipantId
    code: VisitCode
    kind: Kind
    status: Status
    lateness: Lateness
    latest: date
    days: int
    """Days since its window ended."""
    attempts: int
    """How often somebody tried to reach the participant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationRow:
    """A day outside its window, or too close to another infusion, that somebody answered for."""

    site: SiteId
    participant: ParticipantId
    code: VisitCode
    status: Status
    day: date
    earliest: date
    latest: date
    days_outside: int
    """Negative before the window; 0 inside it."""
    too_close_to: VisitCode | None
    days_apart: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TellRow:
    """A change of which somebody has not heard yet."""

    site: SiteId
    participant: ParticipantId
    code: VisitCode
    audience: Audience
    status: Status
    """What became of the visit: that is what there is to tell."""
    day: date | None
    """The day that it has now; None where it has none."""
    start: datetime | None
    reason: str
    since: datetime
    """When it changed (UTC)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantRow:
    """A participant in the list of all."""

    site: SiteId
    participant: ParticipantId
    status: Standing
    next_visit: VisitCode | None
    next_day: date | None
    to_tell: int
    overdue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineSheet:
    """What a site needs on paper when nothing else works: the days to come, and what is open from before."""

    site: SiteView
    study: str
    protocol_version: str
    as_of: datetime
    """When it was made (UTC)."""
    first: date
    last: date
    """The last of its days, included."""
    agenda: tuple[AgendaRow, ...]
    overdue: tuple[OverdueRow, ...]
    to_tell: tuple[TellRow, ...]


Row = AgendaRow | DueRow | OverdueRow | DeviationRow | TellRow | ParticipantRow


def agenda_rows(state: Participant, rules: Rules, *, first: date, last: date) -> Iterator[AgendaRow]:
    """Yield the visits that stand between two days, both included: those that are to come, and those that were done."""
    rebook = {one.code for one in to_rebook(state, rules)}
    for visit in state.in_order:
        day = visit.dates.day
        stands = visit.is_open or visit.status is Status.DONE
        if day and stands and first <= day <= last:
            yield AgendaRow(
                site=state.site,
                day=day,
                start=visit.start,
                end=visit.end,
                participant=state.id,
                code=visit.code,
                kind=visit.kind,
                status=visit.status,
                earliest=visit.dates.earliest,
                latest=visit.dates.latest,
                slack=(visit.dates.latest - day).days if visit.is_open else None,
                to_rebook=visit.code in rebook,
            )


def due_rows(state: Participant, rules: Rules, *, first: date, last: date) -> Iterator[DueRow]:
    """Yield the open visits whose windows touch these days and have not ended, the first to end first."""
    rebook = {one.code for one in to_rebook(state, rules)}
    due = [visit for visit in state.outstanding if visit.is_open and not is_late(state, visit, rules.today)]
    for visit in sorted(due, key=lambda one: (one.dates.latest, one.code)):
        if visit.dates.earliest <= last and visit.dates.latest >= first:
            yield DueRow(
                site=state.site,
                participant=state.id,
                code=visit.code,
                kind=visit.kind,
                status=visit.status,
                day=visit.dates.day,
                start=visit.start,
                earliest=visit.dates.earliest,
                latest=visit.dates.latest,
                days_left=(visit.dates.latest - rules.today).days,
                to_rebook=visit.code in rebook,
            )


def overdue_rows(state: Participant, today: date) -> Iterator[OverdueRow]:
    """Yield what is past its window and not closed, the longest ago first."""
    for late in late_visits(state, today):
        visit = state.visits[late.code]
        yield OverdueRow(
            site=state.site,
            participant=state.id,
            code=visit.code,
            kind=visit.kind,
            status=visit.status,
            lateness=late.lateness,
            latest=late.latest,
            days=late.days,
            attempts=len(visit.attempts),
        )


def deviation_rows(state: Participant) -> Iterator[DeviationRow]:
    """Yield the protocol deviations, in the order of the days."""
    for visit in state.in_order:
        if one := visit.deviation:
            yield DeviationRow(
                site=state.site,
                participant=state.id,
                code=visit.code,
                status=visit.status,
                day=one.day,
                earliest=one.earliest,
                latest=one.latest,
                days_outside=one.days_outside,
                too_close_to=one.too_close_to,
                days_apart=one.days_apart,
                reason=one.reason,
            )


def tell_rows(state: Participant) -> Iterator[TellRow]:
    """Yield who has not heard of which change, the oldest change first, then in the order of the windows."""
    open_ones = sorted(state.visits.values(), key=lambda visit: (visit.changed, visit.dates.earliest, visit.code))
    for visit in open_ones:
        for audience in sorted(visit.to_tell, key=lambda one: one.value):
            yield TellRow(
                site=state.site,
                participant=state.id,
                code=visit.code,
                audience=audience,
                status=visit.status,
                day=_day_to_tell(visit),
                start=visit.start if _day_to_tell(visit) else None,
                reason=visit.reason,
                since=visit.changed,
            )


def _day_to_tell(visit: VisitState) -> date | None:
    return visit.dates.day if visit.is_open or visit.status is Status.DONE else None


def participant_row(state: Participant, today: date) -> ParticipantRow:
    """Return the participant in the list of all; the next visit is the first open one on this day or later."""
    ahead = [visit for visit in state.in_order if visit.is_open and visit.dates.day and visit.dates.day >= today]
    contacts = [visit for visit in ahead if visit.kind is not Kind.MILESTONE]
    following = contacts[0] if contacts else None
    return ParticipantRow(
        site=state.site,
        participant=state.id,
        status=state.standing,
        next_visit=following.code if following else None,
        next_day=following.dates.day if following else None,
        to_tell=sum(len(visit.to_tell) for visit in state.visits.values()),
        overdue=sum(1 for _ in late_visits(state, today)),
    )
