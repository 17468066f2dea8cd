"""Times of day for visits that have their day: lengths do not overlap, for no participant and in no slot of the site.

A day that can hold two infusions has two places for them, side by side; without a limit there are any number.

The first come have the time that they like best. Where somebody finds none then, the visits of the day are tried in
other orders, each as early as can be: where all can be had in the opening hours, one of the orders has them, since
whatever stands later than it must can be moved to the front. Then each goes back towards the time that it likes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from schedule.errors import Refused
from schedule.participant.commands import Book, Command, Move
from schedule.participant.deciding import after_events, decide
from schedule.participant.replanning import Rules
from schedule.participant.state import Participant, VisitState
from schedule.sites import Hours, Site, hours_on, limit_on
from schedule.study.protocol import Kind, VisitCode

STEP = timedelta(minutes=15)
MOST_ORDERS = 10_000
"""Beginnings of orders that are tried for a day: all there are of six visits, and of more where some are alike."""


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
    """Give each visit a time in the opening hours, near the one it would like, so that as many as can be have one."""
    by_day: dict[date, list[Taken]] = {}
    for one in taken:
        by_day.setdefault(one.start.date(), []).append(one)
    inorder = sorted(wishes, key=lambda one: (one.day, one.liked or time.min, one.participant, one.code))
    found = list[Timed]()
    for day, theirs in groupby(inorder, key=lambda one: one.day):
        found += _Day(site, day, by_day.get(day, [])).choose(list(theirs))
    return tuple(found)


Starts = list[datetime | None]
"""When each visit of a day starts, in the order of the wishes; None where no time is left."""


class _Day:
    """The times of one day at a site."""

    def __init__(self, site: Site, day: date, taken: Sequence[Taken]) -> None:
        self._hours = hours_on(site, day)
        self._limits = {kind: limit_on(site, day, kind) for kind in Kind}
        self._taken = taken

    def choose(self, wishes: Sequence[Wish]) -> list[Timed]:
        starts = self._first_fit(wishes)
        if None in starts and (better := self._in_any_order(wishes, starts.count(None))):
            starts = self._nearer(wishes, better)
        return [
            Timed(wish=wish, at=start.time() if start else self._beside_others(wish), fits=start is not None)
            for wish, start in zip(wishes, starts, strict=True)
        ]

    def _beside_others(self, wish: Wish) -> time | None:
        """Return the time that it would have if it were alone."""
        return next((start.time() for start in _starts(wish, self._hours)), wish.liked)

    def _first_fit(self, wishes: Sequence[Wish]) -> Starts:
        starts, there = Starts(), list(self._taken)
        for wish in wishes:
            starts.append(self._nearest(wish, there))
            there += _as_taken([wish], starts[-1:])
        return starts

    def _in_any_order(self, wishes: Sequence[Wish], left_out: int) -> Starts | None:
        """Return the starts of the order that leaves fewest out; None where none leaves out fewer than that."""
        best: Starts | None = None
        waiting: list[tuple[Starts, frozenset[int]]] = [([None] * len(wishes), frozenset(range(len(wishes))))]
        for _ in range(MOST_ORDERS):
            if not waiting or left_out == 0:
                break
            starts, rest = waiting.pop()
            there = [*self._taken, *_as_taken(wishes, starts)]
            room = {number: start for number in sorted(rest) if (start := self._earliest(wishes[number], there))}
            if sum(start is None for start in starts) - len(room) >= left_out:
                continue
            if not room:
                best, left_out = starts, starts.count(None)
            waiting += [
                ([*starts[:number], room[number], *starts[number + 1 :]], frozenset(room) - {number})
                for number in reversed(self._unlike(wishes, room))
            ]
        return best

    def _unlike(self, wishes: Sequence[Wish], numbers: Iterable[int]) -> list[int]:
        """Return the visits, and one only of those that differ in nothing but whose they are."""
        often = Counter([*(one.participant for one in wishes), *(one.participant for one in self._taken)])
        found = dict[tuple[Kind, timedelta, str], int]()
        for number in numbers:
            one = wishes[number]
            found.setdefault((one.kind, one.length, one.participant if often[one.participant] > 1 else ""), number)
        return list(found.values())

    def _nearer(self, wishes: Sequence[Wish], starts: Starts) -> Starts:
        """Let one after the other, the last of the day first, go nearer to the time that it likes, until none can."""
        found = list(starts)
        order = sorted((number for number, start in enumerate(found) if start), key=lambda one: (found[one], one))
        before = None
        while found != before:
            before = list(found)
            for number in reversed(order):
                others = [
                    *_as_taken(wishes[:number], found[:number]),
                    *_as_taken(wishes[number + 1 :], found[number + 1 :]),
                ]
                old, new = found[number], self._nearest(wishes[number], [*self._taken, *others])
                if old and new and _off(wishes[number], new) < _off(wishes[number], old):
                    found[number] = new
        return found

    def _nearest(self, wish: Wish, there: Sequence[Taken]) -> datetime | None:
        return next((start for start in _starts(wish, self._hours) if self._is_free(wish, start, there)), None)

    def _earliest(self, wish: Wish, there: Sequence[Taken]) -> datetime | None:
        """Return the first start: when the site opens, or when somebody else has done."""
        if self._hours is None:
            return None
        opens, closes = (datetime.combine(wish.day, end) for end in (self._hours.opens, self._hours.closes))
        ends = sorted({opens, *(one.end for one in there if one.end > opens)})
        return next((one for one in ends if one + wish.length <= closes and self._is_free(wish, one, there)), None)

    def _is_free(self, wish: Wish, start: datetime, there: Sequence[Taken]) -> bool:
        meeting = [one for one in there if one.meets(start, start + wish.length)]
        if any(one.participant == wish.participant for one in meeting):
            return False
        limit = self._limits[wish.kind]
        return limit is None or _at_once([one for one in meeting if one.kind is wish.kind]) < limit


def _off(wish: Wish, start: datetime) -> timedelta:
    return abs(start - datetime.combine(wish.day, wish.liked or time.min))


def _as_taken(wishes: Sequence[Wish], starts: Sequence[datetime | None]) -> list[Taken]:
    return [
        Taken(participant=wish.participant, kind=wish.kind, start=start, end=start + wish.length)
        for wish, start in zip(wishes, starts, strict=True)
        if start
    ]


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
