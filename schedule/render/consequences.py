"""What a change would mean, said before anything is saved, and the other days there are."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from schedule.participant.consequences import Alternative, Consequences, VisitChange
from schedule.participant.state import Participant, Preference, Status, ToRebook, VisitState
from schedule.planning.placing import AnchorDay
from schedule.render.language import SHORT_WEEKDAYS, Language
from schedule.render.sentences import SHORT_GIVEN, STATUSES, WHERE, say_deviation, say_to_rebook
from schedule.render.tables import deviation_record
from schedule.sites import WEEK
from schedule.study.protocol import Kind, VisitCode


def say_consequences(found: Consequences, speaks: Language) -> list[str]:
    """Return what would be different, then what would be wrong; one line where nothing is.

    A line tells of a visit, or of all visits that change in the same way.
    """
    codes: dict[str, list[str]] = {}
    for one in found.changes:
        codes.setdefault("; ".join(_say_parts(one, speaks)), []).append(one.after.code)
    lines = [speaks.say("{about}: {said}", about=", ".join(about), said=said) for said, about in codes.items() if said]
    for code, deviation in found.deviations:
        lines.append(speaks.say("{about}: {said}", about=code, said=say_deviation(deviation, speaks)))
    if found.impossible:
        lines.append(speaks.say("no day would fit any more: {visits}", visits=", ".join(found.impossible)))
    lines += (_say_rebook(one, speaks) for one in found.to_rebook)
    return lines or [speaks.say("nothing else would change")]


def _say_change(one: VisitChange, speaks: Language) -> str:
    return speaks.say("{about}: {said}", about=one.after.code, said="; ".join(_say_parts(one, speaks)))


def _say_parts(one: VisitChange, speaks: Language) -> Iterator[str]:
    before, after = one.before, one.after
    if before is None:
        yield speaks.say("new, {day}", day=_say_day(after, speaks))
        return
    if before.status is not after.status:
        yield _say_both(speaks.say(STATUSES[before.status]), speaks.say(STATUSES[after.status]), speaks)
    if _waits(after):
        yield speaks.say("ask the study doctor")
        return
    if before.dates.day != after.dates.day or before.start != after.start:
        yield _say_both(_say_day(before, speaks), _say_day(after, speaks), speaks)
    if after.kind is not Kind.MILESTONE and _window(before) != _window(after):
        both = _say_both(_say_window(before, speaks), _say_window(after, speaks), speaks)
        yield speaks.say("window {both}", both=both)
    if before.given is not after.given and after.given:
        yield speaks.say("given: {answer}", answer=speaks.say(SHORT_GIVEN[after.given]))
    if before.where is not after.where:
        yield speaks.say(WHERE[after.where])
    yield from _say_anchor(before, after, speaks)


def _say_anchor(before: VisitState, after: VisitState, speaks: Language) -> Iterator[str]:
    """Say from what it counts now, where that is another visit, or an infusion that was not given and now was."""
    old, new = before.dates.counts, after.dates.counts
    missed = AnchorDay.NOT_GIVEN
    if (old.anchor, old.anchor_is is missed) == (new.anchor, new.anchor_is is missed):
        return
    if new.anchor_is is missed:
        yield speaks.say("counts from the target of {visit}, which was not given", visit=new.anchor)
    else:
        yield speaks.say("counts from {visit}", visit=new.anchor)


def _say_both(old: str, new: str, speaks: Language) -> str:
    return speaks.say("{old} -> {new}", old=old, new=new)


def _waits(visit: VisitState) -> bool:
    """Tell whether it is a milestone on hold: it has no date."""
    return visit.kind is Kind.MILESTONE and visit.status is Status.HELD


def _say_day(visit: VisitState, speaks: Language) -> str:
    if visit.status is Status.HELD:
        return speaks.say("no day")
    if visit.dates.day is None:
        return speaks.say("NO DAY FITS")
    return speaks.iso_day(visit.dates.day) + (f" {visit.start:%H:%M}" if visit.start else "")


def _window(visit: VisitState) -> tuple[date, date]:
    return visit.dates.earliest, visit.dates.latest


def _say_window(visit: VisitState, speaks: Language) -> str:
    earliest, latest = _window(visit)
    return speaks.say("{earliest} to {latest}", earliest=earliest, latest=latest)


def _say_rebook(one: ToRebook, speaks: Language) -> str:
    about = speaks.say("{visit} on {day}", visit=one.code, day=speaks.iso_day(one.day))
    return speaks.say("{about}: {said}", about=about, said=say_to_rebook(one, speaks))


def consequences_record(found: Consequences, speaks: Language) -> dict[str, Any]:
    """Return the consequences for programs; days are ISO, times local without a zone."""
    return {
        "changes": [
            {
                "code": one.after.code,
                "old": _visit_record(one.before) if one.before else None,
                "new": _visit_record(one.after),
                "says": _say_change(one, speaks),
            }
            for one in found.changes
        ],
        "deviations": [{"code": code} | deviation_record(one) for code, one in found.deviations],
        "impossible": [*found.impossible],
        "to_rebook": [
            {"code": one.code, "day": one.day.isoformat(), "says": say_to_rebook(one, speaks)}
            for one in found.to_rebook
        ],
    }


def _visit_record(visit: VisitState) -> dict[str, Any]:
    days = {"target": visit.dates.target, "earliest": visit.dates.earliest, "latest": visit.dates.latest,
            "planned": None if visit.status is Status.HELD else visit.dates.day}  # fmt: skip
    return {
        "status": visit.status.value,
        **{key: day.isoformat() if day and not _waits(visit) else None for key, day in days.items()},
        "start": _write_time(visit.start) if visit.start and visit.status is not Status.HELD else None,
        "given": visit.given.value if visit.given else None,
    }


def _write_time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


def say_alternatives(found: Sequence[Alternative], state: Participant, speaks: Language) -> list[str]:
    """Return a numbered line for each day that a visit could have, the best first, with what it leaves for others."""
    names = {visit.code: speaks.text(visit.name) for visit in state.visits.values()}
    if not found:
        return [speaks.say("no day in or near its window is open")]
    return [
        speaks.say(
            "{number}. {day}: {said}",
            number=number,
            day=speaks.iso_day(one.day),
            said="; ".join(say_alternative(one, names, speaks)),
        )
        for number, one in enumerate(found, 1)
    ]


def say_alternative(one: Alternative, names: Mapping[VisitCode, str], speaks: Language) -> Iterator[str]:
    """Say what speaks for a day and against it, and what it leaves for the visits that follow."""
    yield say_distance(one.from_target, speaks)
    if one.off_in_all != abs(one.from_target):
        yield speaks.say_count(
            "{count} day off target in all, with what counts from it",
            "{count} days off target in all, with what counts from it",
            one.off_in_all,
        )
    if one.judged.outside:
        yield speaks.say("a deviation: outside its window")
    if close := one.judged.too_close:
        yield speaks.say_count(
            "a deviation: {count} day from {visit}, and {least} are required",
            "a deviation: {count} days from {visit}, and {least} are required",
            close.days_apart,
            visit=names[close.to],
            least=close.at_least,
        )
    if one.liked:
        yield speaks.say("a weekday that suits the participant")
    if one.least_slack is not None and one.tightest:
        yield speaks.say_count(
            "leaves {count} day for {visit}", "leaves {count} days for {visit}", one.least_slack,
            visit=names[one.tightest],
        )  # fmt: skip
    if one.impossible:
        yield speaks.say("no day would fit {visits}", visits=", ".join(names[code] for code in one.impossible))
    if one.to_rebook:
        yield speaks.say("to rebook then: {visits}", visits=", ".join(names[code] for code in one.to_rebook))


def say_preference(wish: Preference, speaks: Language) -> str:
    """Return the weekdays and times that suit a participant; nothing where any will do."""
    said = [", ".join(speaks.say(SHORT_WEEKDAYS[WEEK.index(one)]) for one in wish.weekdays)] if wish.weekdays else []
    if wish.not_before:
        said.append(speaks.say("not before {time:%H:%M}", time=wish.not_before))
    if wish.not_after:
        said.append(speaks.say("not after {time:%H:%M}", time=wish.not_after))
    return speaks.say("likes to come: {when}", when="; ".join(said)) if said else ""


def say_distance(days: int, speaks: Language) -> str:
    """Say how far a day is from the target."""
    if days == 0:
        return speaks.say("on its target")
    if days < 0:
        return speaks.say_count("{count} day before its target", "{count} days before its target", -days)
    return speaks.say_count("{count} day after its target", "{count} days after its target", days)


def alternatives_record(found: Sequence[Alternative]) -> list[dict[str, Any]]:
    """Return the days that a visit could have for programs, the best first."""
    return [
        {
            "day": one.day.isoformat(),
            "from_target": one.from_target,
            "off_in_all": one.off_in_all,
            "deviates": one.judged.deviates,
            "liked": one.liked,
            "least_slack": one.least_slack,
            "tightest": one.tightest,
            "impossible": [*one.impossible],
            "to_rebook": [*one.to_rebook],
        }
        for one in found
    ]
