"""From planned days to appointments: a day with a local start and end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schedule.errors import Problem, Refused
from schedule.planning.placing import AnchorDay, PlacedStep
from schedule.sites import NoSuchTime, Site, check_exists
from schedule.study.protocol import Kind, VisitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A booked visit in local wall time, both ends naive: the zone is the site's."""

    start: datetime
    end: datetime


def book(placed: Sequence[PlacedStep], site: Site) -> Mapping[VisitCode, Appointment]:
    """Take each planned day and the site's arrival time as booked.

    A visit whose anchor has no day yet waits, and so does what counts from it: nobody could promise its time.
    Raises Refused, with all problems, where the site gives no arrival time for a kind of visit, or the clock
    jumps over it on that day.
    """
    zone = ZoneInfo(site.time_zone)
    problems: dict[Problem, None] = {}
    booked: dict[VisitCode, Appointment] = {}
    waiting: set[VisitCode] = set()
    for one in placed:
        if one.counts.anchor_is is AnchorDay.UNPLACED or one.counts.anchor in waiting:
            waiting.add(one.step.code)
            continue
        if one.planned is None or one.step.kind is Kind.MILESTONE:
            continue
        place = f"arrival.{one.step.kind.value} in the file of the site {site.id}"
        arrival = site.arrival.get(one.step.kind)
        if arrival is None:
            missing = Problem(place=place, wrong="no time is given", remedy='write one, such as "09:00"')
            problems[missing] = None
            continue
        start = datetime.combine(one.planned, arrival)
        try:
            check_exists(start, zone)
        except NoSuchTime:
            problems[
                Problem(
                    place=place,
                    wrong=f"on {one.planned} the clock jumps over {arrival:%H:%M} in {site.time_zone}",
                    remedy=f"write another time, or book {one.step.code} by hand",
                )
            ] = None
            continue
        booked[one.step.code] = Appointment(start=start, end=local_end(start, one.step.length, zone))
    if problems:
        raise Refused(problems)
    return booked


def local_end(start: datetime, length: timedelta, zone: ZoneInfo) -> datetime:
    """Add the length in real time, so that a night visit over a clock change still lasts what it lasts."""
    utc = ZoneInfo("UTC")
    ends = start.replace(tzinfo=zone).astimezone(utc) + length
    return ends.astimezone(zone).replace(tzinfo=None)
