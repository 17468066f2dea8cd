"""Times of day for visits that have their day: lengths do not overlap, for no participant and in no slot of the site.

A day that can hold two infusions has two places for them, side by side; without a limit there are any number.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from schedule.errors import Refused
from schedule.participant.commands import Book, Command, Move
from schedule.participant.deciding import after_events, decide
from schedule.participant.replanning import Rules
from schedule.participant.state import Participant, VisitState
from schedule.sites import Hours, Site, hours_on, limit_on
from schedule.study.protocol import Kind, VisitCode

STEP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A time that somebody has at the site: local, without a zone."""

    participant: str
    kind: Kind
    start: datetime
    end: datetime

    def meets(self, start: datetime, end: datetime) -> bool:
        """Tell whether both are at the same time."""
        return self.start < end and start < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A visit that has its day and wants a time."""

    participant: str
    code: VisitCode
    kind: Kind
    length: timedelta
    day: date
    liked: time | None
    """When it would be best; None where the site gives no usual time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A visit with its time, or with the time that it would have had, where none is left."""

    wish: Wish
    at: time | None
    fits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A visit with the day and time that it would have."""

    timed: Timed
    old: datetime | None
    """The time that was promised, local; None where nobody was promised one."""
    from_target: int
    """Days after the target; negative before it."""
    liked: bool
    """Whether it is a weekday on which the participant likes to come."""


def liked_time(state: Participant, visit: VisitState, site: Site) -> time | None:
    """Return the time that was promised, or the site's usual one, or that nearest to it which suits the participant."""
    if visit.is_promised and visit.start:
        return visit.start.time()
    usual = site.arrival.get(visit.kind)
    return usual and state.preference.nearest_time(usual)


def taken_by(state: Participant) -> Iterator[Taken]:
    """Yield the times that were promised to a participant."""
    for visit in state.visits.values():
        if visit.is_promised and visit.start and visit.end:
            yield Taken(participant=state.id, kind=visit.kind, start=visit.start, end=visit.end)


def choose_times(site: Site, wishes: Iterable[Wish], taken: Iterable[Taken]) -> tuple[Timed, ...]:
    """Give each visit the time nearest to the one it would like, in the opening hours; the first come first."""
    rooms = _Rooms(site)
    for one in taken:
        rooms.take(one)
    inorder = sorted(wishes, key=lambda one: (one.day, one.liked or time.min, one.participant, one.code))
    return tuple(rooms.find(one) for one in inorder)


@dataclass(slots=True)
class _Rooms:
    site: Site
    days: dict[date, list[Taken]] = field(default_factory=dict)

    def take(self, one: Taken) -> None:
        self.days.setdefault(one.start.date(), []).append(one)

    def find(self, wish: Wish) -> Timed:
        for start in _starts(wish, hours_on(self.site, wish.day)):
            if self._is_free(wish, start):
                self.take(Taken(participant=wish.participant, kind=wish.kind, start=start, end=start + wish.length))
                return Timed(wish=wish, at=start.time(), fits=True)
        return Timed(wish=wish, at=wish.liked, fits=False)

    def _is_free(self, wish: Wish, start: datetime) -> bool:
        meeting = [one for one in self.days.get(wish.day, ()) if one.meets(start, start + wish.length)]
        if any(one.participant == wish.participant for one in meeting):
            return False
        limit = limit_on(self.site, wish.day, wish.kind)
        return limit is None or _at_once([one for one in meeting if one.kind is wish.kind]) < limit


def _at_once(meeting: Sequence[Taken]) -> int:
    """Return how many of them go on at once, at most."""
    return max((sum(one.start <= other.start < one.end for one in meeting) for other in meeting), default=0)


def _starts(wish: Wish, hours: Hours | None) -> Iterator[datetime]:
    """Yield the starts from which a visit ends before the site closes, the nearest to the liked one first."""
    if hours is None:
        return
    opens, closes = (datetime.combine(wish.day, end) for end in (hours.opens, hours.closes))
    liked = datetime.combine(wish.day, wish.liked or hours.opens)
    found = {liked}
    start = opens
    while start + wish.length <= closes:
        found.add(start)
        start += STEP
    within = (one for one in found if opens <= one and one + wish.length <= closes)
    yield from sorted(within, key=lambda one: (abs(one - liked), one))


def appointment_of(before: Participant, after: Participant, timed: Timed) -> Appointment:
    """Return what a participant's visit would be after it has its day, beside what it is before."""
    old, new = before.visits[timed.wish.code], after.visits[timed.wish.code]
    return Appointment(
        timed=timed,
        old=old.start if old.is_promised else None,
        from_target=(timed.wish.day - new.dates.target).days,
        liked=after.preference.likes(timed.wish.day),
    )


def in_order(state: Participant, commands: Sequence[Book | Move], rules: Rules, at: datetime) -> tuple[Command, ...]:
    """Return commands in an order in which none is refused: what counts from a day follows it. Raises Refused."""
    waiting, made = list(commands), list[Command]()
    while waiting:
        refusal: Refused | None = None
        for one in waiting:
            try:
                decided = decide(state, one, rules)
            except Refused as error:
                refusal = refusal or error
                continue
            state = after_events(state, decided, at)
            waiting.remove(one)
            made.append(one)
            refusal = None
            break
        if refusal:
            raise refusal
    return tuple(made)
