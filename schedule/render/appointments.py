"""Appointments that were chosen for many, as lines and for programs."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from schedule.participant.daytimes import Appointment
from schedule.render.consequences import say_distance
from schedule.render.language import Language

NO_REASONS: Mapping[tuple[str, str], str] = MappingProxyType({})


def say_appointments(
    found: Sequence[Appointment], speaks: Language, whys: Mapping[tuple[str, str], str] = NO_REASONS
) -> Iterator[str]:
    """Yield a line for each, by day: who, which visit, when, why then; ``whys`` is why it does not stay."""
    for one in found:
        yield speaks.say(
            "{participant} {visit}: {when}: {said}",
            participant=one.timed.wish.participant,
            visit=one.timed.wish.code,
            when=_say_when(one, speaks),
            said="; ".join([*_why(one, whys), *_say_why(one, speaks)]),
        )


def _why(one: Appointment, whys: Mapping[tuple[str, str], str]) -> Iterator[str]:
    if why := whys.get((one.timed.wish.participant, one.timed.wish.code)):
        yield why


def _say_when(one: Appointment, speaks: Language) -> str:
    at = f" {one.timed.at:%H:%M}" if one.timed.at else ""
    new = speaks.iso_day(one.timed.wish.day) + at
    if one.old is None:
        return new
    old = f"{speaks.iso_day(one.old.date())} {one.old:%H:%M}"
    return speaks.say("{old} -> {new}", old=old, new=new)


def _say_why(one: Appointment, speaks: Language) -> Iterator[str]:
    yield say_distance(one.from_target, speaks)
    if one.liked:
        yield speaks.say("a weekday that suits the participant")
    if not one.timed.fits:
        yield speaks.say("NO TIME was found on that day beside the others: look at it")


def appointments_record(
    found: Sequence[Appointment], whys: Mapping[tuple[str, str], str] = NO_REASONS
) -> list[dict[str, Any]]:
    """Return the appointments for programs; days are ISO, times local without a zone."""
    return [
        {
            "participant": one.timed.wish.participant,
            "code": one.timed.wish.code,
            "day": one.timed.wish.day.isoformat(),
            "time": f"{one.timed.at:%H:%M}" if one.timed.at else None,
            "old": f"{one.old:%Y-%m-%dT%H:%M}" if one.old else None,
            "days_from_target": one.from_target,
            "suits": one.liked,
            "fits": one.timed.fits,
            "why": next(_why(one, whys), None),
        }
        for one in found
    ]
