"""What a command leads to: the events that it makes, or a refusal that says why and what to type instead."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import reduce
from typing import Any

from schedule.errors import Problem, Refused, nearest_names
from schedule.participant import commands as ask
from schedule.participant.commands import Command
from schedule.participant.events import (
    Amended,
    Attempted,
    AwayRemoved,
    AwaySet,
    Booked,
    Cancelled,
    Confirmed,
    Described,
    Done,
    Enrolled,
    Event,
    InfusionsHeld,
    InfusionsResumed,
    InfusionsStopped,
    Missed,
    Moved,
    NewVisit,
    Overbooked,
    ParticipantCorrected,
    ParticipationEnded,
    Preferred,
    Reinstated,
    TaperHeld,
    TaperPrescribed,
    TaperResumed,
    Told,
    UnscheduledAdded,
    VisitCorrected,
)
from schedule.participant.evolving import evolve
from schedule.participant.judging import Full, answer_for, answer_for_slot, check_open, slot_for, why_full
from schedule.participant.replanning import Rules, follow, place_again, plan_new
from schedule.participant.state import (
    Audience,
    Dates,
    Deviation,
    Given,
    Participant,
    Scope,
    Standing,
    Status,
    VisitState,
    Where,
)
from schedule.planning.placing import AnchorDay, CountsFrom
from schedule.saying import Said, words
from schedule.study.offsets import Offset
from schedule.study.protocol import RANDOMIZATION, Kind, Text, VisitCode, concerns_steroids

UNSCHEDULED = Text(en="Unscheduled visit", es="Visita no programada")
_STATUS = {
    Status.PLANNED: words("planned"),
    Status.BOOKED: words("booked"),
    Status.CONFIRMED: words("confirmed"),
    Status.DONE: words("done"),
    Status.MISSED: words("missed"),
    Status.CANCELLED: words("cancelled"),
    Status.HELD: words("held"),
}
_STANDING = {
    Standing.ACTIVE: words("takes part"),
    Standing.WITHDRAWN: words("withdrew"),
    Standing.DIED: words("died"),
    Standing.TERMINATED: words("was taken off the study"),
}
_SCOPE = {Scope.PARTICIPANT: words("participant"), Scope.SITE: words("site"), Scope.STUDY: words("study")}
_CANNOT_BE_DONE = words("cannot be recorded as done")
_SOME_INSTANT = datetime(2001, 1, 1, tzinfo=UTC)
"""Stands for the instant of events that are not recorded yet: no decision depends on it."""


def decide(state: Participant | None, command: Command, rules: Rules) -> tuple[Event, ...]:
    """Return the events that the command makes, and what follows from them for the dates of other visits.

    Raises Refused, with all problems, where a rule forbids it. Depends on nothing but its arguments.
    """
    if isinstance(command, ask.Enroll):
        return _enroll(state, command, rules)
    if state is None:
        remedy = words("dayzero list shows all; dayzero enroll adds")
        raise _no("PARTICIPANT", words("there is no such participant"), remedy)
    problems = [*_check_words(command), *_check_version(state, command, rules)]
    if problems:
        raise Refused(problems)
    events = tuple(_HANDLERS[type(command)](state, command, rules))
    after = after_events(state, events)
    return (*events, *follow(after, rules, revised=_revised(state, after)))


def _check_words(command: Command) -> Iterator[Problem]:
    """What somebody answers for needs words."""
    for option in ("reason", "who", "how"):
        if not getattr(command, option, "given").strip():
            yield Problem(place=f"--{option}", wrong=words("it is empty"), remedy=words("write it in a few words"))


def _check_version(state: Participant, command: Command, rules: Rules) -> Iterator[Problem]:
    """Dates follow another protocol only where that is asked for."""
    version = rules.protocol.study.version
    if version != state.protocol_version and not isinstance(command, ask.Amend):
        wrong = words(
            "the participant follows version {version} of the protocol, and this is {other}",
            version=state.protocol_version,
            other=version,
        )
        yield Problem(place=state.id, wrong=wrong, remedy=words("dayzero amend lets the participant follow it"))


def _is_active(state: Participant) -> bool:
    return state.standing is Standing.ACTIVE


def _revised(before: Participant, after: Participant) -> frozenset[VisitCode]:
    """Return the visits that have a new revision."""
    return frozenset(
        visit.code
        for visit in after.visits.values()
        if visit.code in before.visits and visit.revision > before.visits[visit.code].revision
    )


def after_events(state: Participant | None, events: tuple[Event, ...], at: datetime = _SOME_INSTANT) -> Participant:
    """Return the state after events that are not recorded yet."""
    for event in events:
        state = evolve(state, event, at)
    if state is None:
        raise ValueError("no event")
    return state


def _no(place: str, wrong: Said, remedy: str) -> Refused:
    return Refused([Problem(place=place, wrong=wrong, remedy=remedy)])


def _enroll(state: Participant | None, command: ask.Enroll, rules: Rules) -> tuple[Event, ...]:
    problems = [*_check_enrollment(state, command, rules)]
    if problems:
        raise Refused(problems)
    enrolled = Enrolled(
        participant=command.participant,
        site=rules.site.id,
        randomized=command.randomized,
        steroids=command.steroids if rules.protocol.asks_about_steroids else None,
        lang=command.lang,
        protocol_version=rules.protocol.study.version,
    )
    events: tuple[Event, ...] = (enrolled, *plan_new(after_events(None, (enrolled,)), rules))
    if command.day0:
        first = ask.RecordDone(
            code=rules.protocol.study.day0, day=command.day0, given=Given.YES, deviation=command.deviation
        )
        events = (*events, *decide(after_events(None, events), first, rules))
    return events


def _check_enrollment(state: Participant | None, command: ask.Enroll, rules: Rules) -> Iterator[Problem]:
    if state is not None:
        yield Problem(
            place="PARTICIPANT",
            wrong=words("{participant} is enrolled already", participant=command.participant),
            remedy=words(
                "dayzero show {participant} tells what is recorded; dayzero correct amends it",
                participant=command.participant,
            ),
        )
    if command.randomized > rules.today:
        yield Problem(
            place="--randomized",
            wrong=words("{day} is in the future", day=command.randomized),
            remedy=words("enroll on that day or later"),
        )
    if rules.protocol.asks_about_steroids and command.steroids is None:
        yield Problem(
            place="--steroids",
            wrong=words("the protocol has dates only for those on steroids"),
            remedy=words("say --steroids or --no-steroids"),
        )
    if command.day0 and command.day0 < command.randomized:
        yield Problem(
            place="--day0",
            wrong=_before_randomization(command.day0, command.randomized),
            remedy=words("check both dates: Day 0 is the day of randomization or later"),
        )
    if command.deviation and not command.day0:
        wrong = words("without --day0 no day deviates")
        yield Problem(place="--deviation", wrong=wrong, remedy=words("leave it out"))


def _before_randomization(day: date, randomized: date) -> Said:
    return words("{day} is before the randomization on {randomized}", day=day, randomized=randomized)


def find_visit(state: Participant, code: str) -> VisitState:
    """Return a visit by its code, in any case. Raises Refused with the nearest codes."""
    found = {known.lower(): visit for known, visit in state.visits.items()}.get(code.lower())
    if found is None:
        listing = words("dayzero show {participant} lists all", participant=state.id)
        wrong = words("{participant} has no visit {code!r}", participant=state.id, code=code)
        raise _no("VISIT", wrong, nearest_names(code, state.visits, or_else=listing))
    return found


def check_bookable(state: Participant, code: VisitCode) -> None:
    """Raise Refused for what can have no appointment, or no other one."""
    _contact(_open_visit(state, code, words("cannot be booked")))


def _open_visit(state: Participant, code: VisitCode, cannot: Said) -> VisitState:
    """Return a visit that can be booked, moved or done. Raises Refused, and says what to type instead."""
    visit = find_visit(state, code)
    if visit.is_open:
        return visit
    if visit.status is Status.HELD:
        raise _say_held(state, visit, was_done=cannot == _CANNOT_BE_DONE)
    if visit.ended or visit.stopped:
        why = words("infusions were stopped") if visit.stopped else _say_standing(state)
        raise _no(visit.code, words("it was cancelled: {why}", why=why), _reinstating(state))
    command = f"dayzero correct {state.id} {visit.code} --status planned --reason ..."
    wrong = words("it is {status}, and {cannot}", status=_STATUS[visit.status], cannot=cannot)
    raise _no(visit.code, wrong, words("{command} opens it again", command=command))


def _reinstating(state: Participant) -> Said:
    return words("dayzero reinstate {participant} --reason ... takes that back", participant=state.id)


def _say_held(state: Participant, visit: VisitState, *, was_done: bool = False) -> Refused:
    if visit.kind is not Kind.MILESTONE:
        commands = reduce(lambda one, other: words("{one} and {other}", one=one, other=other), _lifting(state))
        remedy = words("{commands}, once they may go on", commands=commands)
        if was_done:
            remedy = words('{remedy}; if it was given all the same, say why with --deviation "why"', remedy=remedy)
        return _no(visit.code, words("infusions are on hold"), remedy)
    if state.taper_held:
        remedy = words("dayzero taper resume {participant} --reason ..., once they agree", participant=state.id)
        return _no(visit.code, words("it is held: ask the study doctor"), remedy)
    wrong = words(
        "it is held, since {visit} was not fully given: ask the study doctor", visit=visit.dates.counts.anchor
    )
    remedy = words(
        'if it took place as they said, dayzero done {participant} {visit} DATE --deviation "what they said"; '
        "dayzero cancel takes it off the schedule",
        participant=state.id,
        visit=visit.code,
    )
    return _no(visit.code, wrong, remedy)


def _lifting(state: Participant) -> Iterator[Said]:
    """Yield the commands that lift the holds there are."""
    whom = {Scope.PARTICIPANT: state.id, Scope.SITE: f"--site {state.site}", Scope.STUDY: "--study"}
    return (
        words("dayzero resume {whom} --reason ...", whom=one) for scope, one in whom.items() if scope in state.holds
    )


def _say_standing(state: Participant) -> Said:
    standing = _STANDING[state.standing]
    if state.standing_since is None:
        return words("the participant {standing}", standing=standing)
    return words("the participant {standing} on {day}", standing=standing, day=state.standing_since)


def _contact(visit: VisitState) -> VisitState:
    if visit.kind is Kind.MILESTONE:
        wrong = words("it is a task of the coordinator, and has no appointment")
        raise _no(visit.code, wrong, words("dayzero done, once it is done"))
    return visit


def _not_past(visit: VisitState, day: date, rules: Rules) -> None:
    if day < rules.today:
        raise _no(visit.code, words("{day} is past", day=day), words("dayzero done records what took place"))


def _not_ahead(visit: VisitState, day: date, rules: Rules) -> None:
    if day > rules.today:
        remedy = words("record it once it has taken place; dayzero book plans it")
        raise _no(visit.code, words("{day} is in the future", day=day), remedy)


def _book(state: Participant, command: ask.Book, rules: Rules) -> Iterator[Event]:
    visit = _contact(_open_visit(state, command.code, words("cannot be booked")))
    if visit.is_promised:
        wrong = words("it is booked for {day} already", day=visit.dates.day)
        raise _no(visit.code, wrong, words("dayzero move gives it another day"))
    _not_past(visit, command.day, rules)
    deviation, full = _answer_for_day(state, visit, command, rules)
    slot = slot_for(visit, command.day, command.at, rules, state.preference)
    yield Booked(code=visit.code, slot=slot, deviation=deviation)
    yield from _overbooked(visit, command, full)


def _move(state: Participant, command: ask.Move, rules: Rules) -> Iterator[Event]:
    visit = _contact(_open_visit(state, command.code, words("cannot be moved")))
    _not_past(visit, command.day, rules)
    deviation, full = _answer_for_day(state, visit, command, rules)
    at = command.at or (visit.start.time() if visit.start else None)
    slot = slot_for(visit, command.day, at, rules, state.preference)
    if visit.is_promised and (visit.dates.day, visit.start) == (slot.day, slot.start) and not _is_new(visit, deviation):
        if full is None:
            wrong = words("it is booked for {start:%Y-%m-%d %H:%M} already", start=slot.start)
            raise _no(visit.code, wrong, words("write another day or time"))
        yield from _overbooked(visit, command, full)
        return
    yield Moved(
        code=visit.code,
        old_day=visit.dates.day,
        old_start=visit.start,
        slot=slot,
        reason=command.reason,
        deviation=deviation,
    )
    yield from _overbooked(visit, command, full)


def _is_new(visit: VisitState, deviation: Deviation | None) -> bool:
    """Tell whether nobody has answered for the day of a visit yet: it stays, and its window has moved."""
    known = visit.deviation
    return deviation is not None and (
        known is None
        or (known.day, known.earliest, known.latest) != (deviation.day, deviation.earliest, deviation.latest)
    )


def _answer_for_day(
    state: Participant, visit: VisitState, command: ask.Book | ask.Move, rules: Rules
) -> tuple[Deviation | None, Full | None]:
    """Return the deviation that taking the day is, and what it overbooks. Raises Refused with all against it."""
    check_open(state, visit, command.day, rules)
    problems: list[Problem] = []
    deviation, full = None, None
    try:
        deviation = answer_for(state, visit, command.day, rules, command.deviation)
    except Refused as error:
        problems += error.problems
    try:
        full = answer_for_slot(state, visit, command.day, rules, command.overbook)
    except Refused as error:
        problems += error.problems
    if problems:
        raise Refused(problems)
    return deviation, full


def _overbooked(visit: VisitState, command: ask.Book | ask.Move, full: Full | None) -> Iterator[Overbooked]:
    if full:
        reason = command.overbook.strip()
        yield Overbooked(code=visit.code, day=command.day, taken=full.taken, limit=full.limit, reason=reason)


def _confirm(state: Participant, command: ask.Confirm, _: Rules) -> Iterator[Event]:
    visit = _open_visit(state, command.code, words("cannot be confirmed"))
    if visit.status is not Status.BOOKED:
        if visit.is_promised:
            raise _no(visit.code, words("it is confirmed already"), words("nothing to do"))
        remedy = words("dayzero book {participant} {visit} DATE", participant=state.id, visit=visit.code)
        raise _no(visit.code, words("it is not booked"), remedy)
    yield Confirmed(code=visit.code)


def _done(state: Participant, command: ask.RecordDone, rules: Rules) -> Iterator[Event]:
    visit = find_visit(state, command.code)
    was_held = visit.status is Status.HELD and bool(command.deviation.strip())
    if not was_held:
        visit = _open_visit(state, command.code, _CANNOT_BE_DONE)
    _not_ahead(visit, command.day, rules)
    problems = [
        *_check_given(visit, command.given, command.where),
        *_check_order(state, visit),
        *_check_recorded(state, visit),
    ]
    if command.day < state.randomized:
        wrong = _before_randomization(command.day, state.randomized)
        problems.append(Problem(place=visit.code, wrong=wrong, remedy=words("check the date")))
    if problems:
        raise Refused(problems)
    deviation = None
    if visit.kind is not Kind.MILESTONE or was_held:
        as_done = replace(visit, status=Status.DONE, given=command.given)
        deviation = answer_for(state, as_done, command.day, rules, command.deviation)
    yield Done(
        code=visit.code,
        day=command.day,
        planned=visit.dates.day,
        given=command.given,
        where=command.where,
        deviation=deviation,
    )


def _check_recorded(state: Participant, visit: VisitState) -> Iterator[Problem]:
    """Nobody does a task of which the visit that it counts from is not recorded: was it given?"""
    anchor = state.visits.get(visit.dates.counts.anchor)
    if visit.kind is Kind.MILESTONE and anchor and not anchor.is_closed:
        wrong = words("{visit}, which it counts from, is not recorded yet", visit=anchor.code)
        remedy = words("record {visit} first: dayzero done or dayzero miss", visit=anchor.code)
        yield Problem(place=visit.code, wrong=wrong, remedy=remedy)


def _check_given(visit: VisitState, given: Given | None, where: Where) -> Iterator[Problem]:
    if visit.kind is Kind.INFUSION and given is None:
        wrong = words("attendance is not a dose: nobody said whether the infusion was given")
        yield Problem(place=visit.code, wrong=wrong, remedy=words("say --given yes, --given no or --given partial"))
    if visit.kind is not Kind.INFUSION and given is not None:
        wrong = words("nothing is given at this visit")
        yield Problem(place=visit.code, wrong=wrong, remedy=words("leave --given out"))
    if visit.kind is Kind.INFUSION and where is Where.REMOTE and given is not Given.NO:
        wrong = words("no infusion is given remotely")
        yield Problem(place=visit.code, wrong=wrong, remedy=words("leave --remote out"))


def _check_order(state: Participant, visit: VisitState) -> Iterator[Problem]:
    """An infusion is recorded after those before it: their days decide its own target."""
    if visit.kind is not Kind.INFUSION or visit.unscheduled:
        return
    for other in state.visits.values():
        if other.kind is Kind.INFUSION and not other.is_closed and other.dates.target < visit.dates.target:
            yield Problem(
                place=visit.code,
                wrong=words("{visit} comes before it, and nobody has recorded what became of that", visit=other.code),
                remedy=words("record {visit} first: dayzero done or dayzero miss", visit=other.code),
            )


def _miss(state: Participant, command: ask.RecordMissed, rules: Rules) -> Iterator[Event]:
    visit = _open_visit(state, command.code, words("cannot be recorded as missed"))
    day = visit.dates.day if visit.is_promised and visit.dates.day else visit.dates.earliest
    if day > rules.today:
        booked = visit.is_promised
        wrong = words("it is booked for {day}", day=day) if booked else words("its window opens on {day}", day=day)
        remedy = words("dayzero move gives it another day, dayzero cancel takes it off the schedule")
        raise _no(visit.code, wrong, remedy)
    yield Missed(code=visit.code, reason=command.reason)


def _cancel(state: Participant, command: ask.Cancel, _: Rules) -> Iterator[Event]:
    visit = find_visit(state, command.code)
    if visit.status is not Status.HELD:
        visit = _open_visit(state, command.code, words("cannot be cancelled"))
    yield Cancelled(code=visit.code, reason=command.reason)


def _unscheduled(state: Participant, command: ask.AddUnscheduled, rules: Rules) -> Iterator[Event]:
    _check_active(state)
    if command.day < state.randomized:
        raise _no("DATE", _before_randomization(command.day, state.randomized), words("check the date"))
    if command.kind not in (Kind.CLINIC, Kind.VIRTUAL):
        wrong = words("infusions and milestones are planned by the protocol")
        raise _no("--kind", wrong, words("say clinic or virtual"))
    number = 1 + sum(visit.unscheduled for visit in state.visits.values())
    code = VisitCode(f"U{number}")
    same_kind = [visit for visit in rules.protocol.visits if visit.kind is command.kind] or rules.protocol.visits
    counts = CountsFrom(
        anchor=RANDOMIZATION,
        anchor_day=command.day,
        anchor_is=AnchorDay.RANDOMIZED,
        anchor_target=command.day,
        offset=Offset(),
    )
    day = command.day
    new = NewVisit(
        code=code,
        name=Text(en=f"{UNSCHEDULED.en} {number}", es=f"{UNSCHEDULED.es} {number}"),
        kind=command.kind,
        length=min(visit.length for visit in same_kind),
        dates=Dates(counts=counts, target=day, earliest=day, latest=day, day=day),
    )
    added = UnscheduledAdded(visit=new, reason=command.reason)
    yield added
    after = after_events(state, (added,))
    if day < rules.today or (day == rules.today and command.at is None):
        yield Done(code=code, day=day, planned=day, given=None, where=Where.HERE)
    else:
        full = why_full(state, after.visits[code], day, rules)
        overbook = command.reason if full else ""
        yield from _book(after, ask.Book(code=code, day=day, at=command.at, overbook=overbook), rules)


def _check_active(state: Participant) -> None:
    if state.standing is not Standing.ACTIVE:
        raise _no(state.id, _say_standing(state), _reinstating(state))


def _away(state: Participant, command: ask.SetAway, _: Rules) -> Iterator[Event]:
    _check_active(state)
    if command.last < command.first:
        wrong = words("{last} is before {first}", last=command.last, first=command.first)
        raise _no("DATES", wrong, words("write the first day, two dots, the last day"))
    if any((one.first, one.last) == (command.first, command.last) for one in state.away):
        raise _no("DATES", words("these days are recorded already"), words("nothing to do"))
    yield AwaySet(first=command.first, last=command.last)


def _not_away(state: Participant, command: ask.RemoveAway, _: Rules) -> Iterator[Event]:
    if not any((one.first, one.last) == (command.first, command.last) for one in state.away):
        known = ", ".join(f"{one.first}..{one.last}" for one in state.away) or words("none")
        raise _no("DATES", words("no such absence is recorded"), words("recorded: {known}", known=known))
    yield AwayRemoved(first=command.first, last=command.last)


def _prefer(state: Participant, command: ask.Prefer, _: Rules) -> Iterator[Event]:
    _check_active(state)
    old, new = state.preference, command.preference
    if new.not_before and new.not_after and new.not_after < new.not_before:
        wrong = words("{last:%H:%M} is before {first:%H:%M}", last=new.not_after, first=new.not_before)
        raise _no("--not-after", wrong, words("swap the two times"))
    if old == new:
        raise _no(state.id, words("that is recorded already"), words("nothing to do"))
    yield Preferred(
        old_weekdays=old.weekdays,
        new_weekdays=new.weekdays,
        old_not_before=old.not_before,
        new_not_before=new.not_before,
        old_not_after=old.not_after,
        new_not_after=new.not_after,
    )


def _taper_of(state: Participant, rules: Rules) -> VisitState:
    _check_active(state)
    found = next((visit for visit in state.visits.values() if visit.code in _tapers(rules)), None)
    if found is None or not state.steroids:
        remedy = words("dayzero correct amends whether they take steroids")
        raise _no(state.id, words("the participant has no taper"), remedy)
    return found


def _hold_taper(state: Participant, command: ask.HoldTaper, rules: Rules) -> Iterator[Event]:
    _taper_of(state, rules)
    if state.taper_held:
        remedy = words("dayzero taper resume {participant} lifts it", participant=state.id)
        raise _no(state.id, words("the taper is held already"), remedy)
    yield TaperHeld(reason=command.reason)


def _resume_taper(state: Participant, command: ask.ResumeTaper, rules: Rules) -> Iterator[Event]:
    visit = _taper_of(state, rules)
    if not state.taper_held:
        raise (
            _say_held(state, visit)
            if visit.status is Status.HELD
            else _no(state.id, words("nobody holds the taper"), words("nothing to do"))
        )
    yield TaperResumed(reason=command.reason)


def _prescribe_taper(state: Participant, command: ask.PrescribeTaper, rules: Rules) -> Iterator[Event]:
    from schedule.planning.taper import TaperPlan, plan_taper  # noqa: PLC0415 - most commands prescribe nothing

    visit = _taper_of(state, rules)
    placed = place_again(state, rules)
    plan = TaperPlan(
        file=command.file,
        first_day=command.taper.first_day,
        steps=command.taper.steps,
        day_places=command.places["days"],
        dose_places=command.places["doses"],
    )
    plan_taper(placed[visit.code], plan, tuple(placed.values()))
    yield TaperPrescribed(taper=command.taper)


def _stop_infusions(state: Participant, command: ask.StopInfusions, rules: Rules) -> Iterator[Event]:
    """Cancel infusions and their own follow-ups; let the long follow-up count from the last dose that was given.

    What the last dose has of its own at the same distance is not planned twice.
    """
    _check_active(state)
    infusions = [visit for visit in rules.protocol.in_anchor_order if visit.kind is Kind.INFUSION]
    given = _doses(state, rules)
    open_ones = [step.code for step in infusions if step.code in state.visits and not state.visits[step.code].is_closed]
    if not given:
        remedy = words("dayzero withdraw or dayzero terminate ends the participation")
        raise _no(state.id, words("no dose was given yet, and the follow-up counts from a dose"), remedy)
    if not open_ones:
        raise _no(state.id, words("no infusion is outstanding"), words("nothing to do"))
    last, final = given[-1], infusions[-1].code
    own = {visit.offset for visit in rules.protocol.visits if visit.anchor == last and visit.kind is not Kind.INFUSION}
    outstanding = {visit.code for visit in state.outstanding}
    long_ones = [step for step in rules.protocol.in_anchor_order if step.anchor == final and step.code in outstanding]
    keeps = tuple(step.code for step in long_ones if last == final or step.offset not in own)
    drops = {step.code for step in long_ones} - set(keeps)
    drops |= {
        step.code
        for step in rules.protocol.in_anchor_order
        if step.anchor in open_ones and step.anchor != final and step.code in outstanding
    }
    cancelled = (*open_ones, *(code for code in state.visits if code in drops and code not in open_ones))
    yield InfusionsStopped(last_given=last, cancelled=cancelled, counts_from_last=keeps, reason=command.reason)


def _hold(state: Participant, command: ask.HoldInfusions, _: Rules) -> Iterator[Event]:
    if command.scope is Scope.PARTICIPANT:
        _check_active(state)
    if command.scope in state.holds:
        wrong = words("infusions are on hold already ({scope})", scope=_SCOPE[command.scope])
        raise _no(state.id, wrong, words("dayzero resume lifts the hold"))
    yield InfusionsHeld(scope=command.scope, reason=command.reason)


def _resume(state: Participant, command: ask.ResumeInfusions, _: Rules) -> Iterator[Event]:
    if command.scope not in state.holds:
        wrong = words("there is no hold of this kind ({scope})", scope=_SCOPE[command.scope])
        raise _no(state.id, wrong, _say_holds(state))
    yield InfusionsResumed(scope=command.scope, reason=command.reason)


def _say_holds(state: Participant) -> Said:
    if not state.holds:
        return words("nothing to do")
    scopes = sorted((_SCOPE[scope] for scope in state.holds), key=str)
    listed = reduce(lambda one, other: words("{one}, {other}", one=one, other=other), scopes)
    return words("they are on hold for: {scopes}", scopes=listed)


def _end(state: Participant, command: ask.EndParticipation, rules: Rules) -> Iterator[Event]:
    """End it once; but that somebody died is recorded of those too who had left the study before."""
    has_died = command.standing is Standing.DIED
    if not has_died or state.standing is Standing.DIED:
        _check_active(state)
    if command.day > rules.today:
        raise _no("DATE", words("{day} is in the future", day=command.day), words("record it on that day or later"))
    if command.day < state.randomized:
        raise _no("DATE", _before_randomization(command.day, state.randomized), words("check the date"))
    later = [visit for visit in state.in_order if visit.actual and visit.actual > command.day]
    if has_died and later:
        wrong = words("{visit} took place after that, on {day}", visit=later[0].code, day=later[0].actual)
        raise _no("DATE", wrong, _correcting(state, later[0]))
    yield ParticipationEnded(
        standing=command.standing,
        day=command.day,
        cancelled=tuple(visit.code for visit in state.outstanding),
        reason=command.reason,
    )


def _correcting(state: Participant, visit: VisitState) -> Said:
    return words(
        "check the date; dayzero correct {participant} {visit} amends the visit", participant=state.id, visit=visit.code
    )


def _reinstate(state: Participant, command: ask.Reinstate, rules: Rules) -> Iterator[Event]:
    """Take back the end of the participation; of those who take part, the stop of infusions."""
    if _is_active(state) and not state.stopped_after:
        wrong = words("the participant takes part, and infusions were not stopped")
        raise _no(state.id, wrong, words("nothing to do"))
    steps = {step.code for step in rules.protocol.in_anchor_order if state.steroids or not concerns_steroids(step)}
    reopened = [visit for visit in state.visits.values() if (visit.stopped if _is_active(state) else visit.ended)]
    reinstated = Reinstated(
        reopened=tuple(visit.code for visit in reopened if visit.unscheduled or visit.code in steps),
        reason=command.reason,
    )
    yield reinstated
    yield from plan_new(after_events(state, (reinstated,)), rules, since=rules.today)


def _correct_visit(state: Participant, command: ask.CorrectVisit, rules: Rules) -> Iterator[Event]:
    visit = find_visit(state, command.code)
    if not visit.is_closed:
        wrong = words("nothing is recorded of it that could be wrong")
        raise _no(visit.code, wrong, words("dayzero move or dayzero done"))
    status = command.status or visit.status
    if status not in (Status.PLANNED, Status.DONE, Status.MISSED):
        wrong = words("a visit is not made {status} by a correction", status=_STATUS[status])
        raise _no(visit.code, wrong, words("say planned, done or missed"))
    if status is Status.PLANNED:
        _check_active(state)
        _check_concerned(state, visit, rules)
    is_done = status is Status.DONE
    given = (command.given or visit.given) if is_done else None
    day = (command.day or visit.actual) if is_done else visit.dates.day
    where = command.where or visit.where
    problems = [*_check_correction(state, visit, command, status, day)]
    deviation = None
    if is_done and day is not None:
        _not_ahead(visit, day, rules)
        problems += _check_given(visit, given, where)
        if not problems and visit.kind is not Kind.MILESTONE:
            as_done = replace(visit, status=status, given=given)
            deviation = answer_for(state, as_done, day, rules, command.deviation)
    if problems:
        raise Refused(problems)
    corrected = VisitCorrected(
        code=visit.code,
        old_status=visit.status,
        new_status=status,
        old_day=visit.dates.day,
        new_day=day,
        old_given=visit.given,
        new_given=given,
        old_where=visit.where,
        new_where=where,
        deviation=deviation,
        reason=command.reason,
    )
    old = (visit.status, visit.dates.day, visit.given, visit.where, visit.deviation)
    if (status, day, given, where, deviation) == old:
        raise _no(
            visit.code,
            words("that is what is recorded already"),
            words("say --status, --day or --given, or where: --here, --remote or --other-site"),
        )
    yield corrected
    yield from _count_from_last_dose(after_events(state, (corrected,)), command.reason, rules)


def _count_from_last_dose(after: Participant, reason: str, rules: Rules) -> Iterator[Event]:
    """Let the long follow-up count from another dose, where a correction made that the last before the stop."""
    given = _doses(after, rules)
    if not after.stopped_after or not given or given[-1] == after.stopped_after:
        return
    keeps = tuple(code for code, anchor in after.anchors.items() if anchor == after.stopped_after)
    yield InfusionsStopped(last_given=given[-1], cancelled=(), counts_from_last=keeps, reason=reason)


def _doses(state: Participant, rules: Rules) -> list[VisitCode]:
    """Return the infusions of which at least a part was given, in the protocol's order."""
    infusions = (visit.code for visit in rules.protocol.in_anchor_order if visit.kind is Kind.INFUSION)
    return [code for code in infusions if code in state.visits and state.visits[code].took_a_dose]


def _check_concerned(state: Participant, visit: VisitState, rules: Rules) -> None:
    if not state.steroids and visit.code in _tapers(rules):
        command = f"dayzero correct {state.id} --steroids --reason ..."
        remedy = words("{command} brings it back", command=command)
        raise _no(visit.code, words("the participant takes no steroids"), remedy)


def _tapers(rules: Rules) -> frozenset[VisitCode]:
    return frozenset(step.code for step in rules.protocol.milestones if concerns_steroids(step))


def _check_correction(
    state: Participant, visit: VisitState, command: ask.CorrectVisit, status: Status, day: date | None
) -> Iterator[Problem]:
    if status is not Status.DONE and (command.day or command.given or command.where or command.deviation.strip()):
        wrong = words(
            "what is {status} did not take place, and has no day, dose, place or deviation", status=_STATUS[status]
        )
        yield Problem(place=visit.code, wrong=wrong, remedy=words("say --status done, or leave the others out"))
    if status is Status.DONE and day is None:
        wrong = words("nobody said on which day it took place")
        yield Problem(place=visit.code, wrong=wrong, remedy=words("say --day"))
    if status is Status.DONE and day is not None and day < state.randomized:
        wrong = _before_randomization(day, state.randomized)
        yield Problem(place=visit.code, wrong=wrong, remedy=words("check the date"))
    if status is Status.PLANNED and visit.stopped:
        yield Problem(place=visit.code, wrong=words("infusions were stopped"), remedy=_reinstating(state))


def _correct_participant(state: Participant, command: ask.CorrectParticipant, rules: Rules) -> Iterator[Event]:
    corrected = ParticipantCorrected(
        old_randomized=state.randomized,
        new_randomized=command.randomized or state.randomized,
        old_steroids=state.steroids,
        new_steroids=state.steroids if command.steroids is None else command.steroids,
        old_lang=state.lang,
        new_lang=command.lang or state.lang,
        reason=command.reason,
    )
    if corrected.new_randomized > rules.today:
        wrong = words("{day} is in the future", day=corrected.new_randomized)
        raise _no("--randomized", wrong, words("check the date"))
    earlier = [visit for visit in state.in_order if visit.actual and visit.actual < corrected.new_randomized]
    if earlier:
        wrong = words("{visit} took place before that, on {day}", visit=earlier[0].code, day=earlier[0].actual)
        raise _no("--randomized", wrong, _correcting(state, earlier[0]))
    after = after_events(state, (corrected,))
    if after == state:
        remedy = words("say --randomized, --steroids, --no-steroids or --lang")
        raise _no(state.id, words("that is what is recorded already"), remedy)
    yield corrected
    if _is_active(state):
        yield from _correct_taper(after, command.reason, rules, was_on=bool(state.steroids))


def _correct_taper(after: Participant, reason: str, rules: Rules, *, was_on: bool) -> Iterator[Event]:
    known = [visit for visit in after.visits.values() if visit.code in _tapers(rules)]
    if after.steroids and not was_on:
        yield from plan_new(after, rules)
        yield from (_open_again(visit, reason) for visit in known if visit.status is Status.CANCELLED)
    if was_on and not after.steroids:
        yield from (Cancelled(code=visit.code, reason=reason) for visit in known if not visit.is_closed)


def _open_again(visit: VisitState, reason: str) -> VisitCorrected:
    return VisitCorrected(
        code=visit.code,
        old_status=visit.status,
        new_status=Status.PLANNED,
        old_day=visit.dates.day,
        new_day=visit.dates.day,
        old_given=visit.given,
        new_given=None,
        old_where=visit.where,
        new_where=Where.HERE,
        deviation=None,
        reason=reason,
    )


def _amend(state: Participant, command: ask.Amend, rules: Rules) -> Iterator[Event]:
    version = rules.protocol.study.version
    if version == state.protocol_version:
        wrong = words("the participant follows version {version} already", version=version)
        raise _no(state.id, wrong, words("nothing to do"))
    steps = rules.steps
    amended = Amended(
        old_version=state.protocol_version,
        new_version=version,
        described=tuple(_describe_anew(state, rules)),
        removed=tuple(visit.code for visit in state.outstanding if visit.code not in steps and not visit.unscheduled),
        reason=command.reason,
    )
    yield amended
    if state.standing is Standing.ACTIVE:
        yield from plan_new(after_events(state, (amended,)), rules, since=rules.today)


def _describe_anew(state: Participant, rules: Rules) -> Iterator[Described]:
    for visit in state.outstanding:
        step = rules.steps.get(visit.code)
        if step and (step.name, step.kind, step.length) != (visit.name, visit.kind, visit.length):
            yield Described(code=visit.code, name=step.name, kind=step.kind, length=step.length)


def _replan(state: Participant, _: ask.Replan, rules: Rules) -> Iterator[Event]:
    del state, rules
    return iter(())


def _attempt(state: Participant, command: ask.LogAttempt, _: Rules) -> Iterator[Event]:
    visit = find_visit(state, command.code)
    if visit.is_closed:
        wrong = words("it is {status}", status=_STATUS[visit.status])
        raise _no(visit.code, wrong, words("nobody need be reached for it any more"))
    yield Attempted(code=visit.code, note=command.note)


def _told(state: Participant, command: ask.RecordTold, _: Rules) -> Iterator[Event]:
    if command.codes:
        visits = [find_visit(state, code) for code in command.codes]
    else:
        visits = [visit for visit in state.visits.values() if command.audience in visit.to_tell]
    wrong = [visit.code for visit in visits if command.audience not in visit.to_tell]
    if wrong or not visits:
        whom = words("the pharmacy") if command.audience is Audience.PHARMACY else words("the participant")
        said = (
            words("nothing of {visits} is waiting to be told to {whom}", visits=", ".join(wrong), whom=whom)
            if wrong
            else words("nothing is waiting to be told to {whom}", whom=whom)
        )
        raise _no(state.id, said, words("dayzero tell lists all"))
    yield Told(
        audience=command.audience,
        codes=tuple(visit.code for visit in visits),
        who=command.who,
        how=command.how,
        pages=command.pages,
    )


_HANDLERS: dict[type[Command], Callable[[Participant, Any, Rules], Iterator[Event]]] = {
    ask.Book: _book,
    ask.Move: _move,
    ask.Confirm: _confirm,
    ask.RecordDone: _done,
    ask.RecordMissed: _miss,
    ask.Cancel: _cancel,
    ask.AddUnscheduled: _unscheduled,
    ask.SetAway: _away,
    ask.RemoveAway: _not_away,
    ask.Prefer: _prefer,
    ask.HoldTaper: _hold_taper,
    ask.ResumeTaper: _resume_taper,
    ask.PrescribeTaper: _prescribe_taper,
    ask.StopInfusions: _stop_infusions,
    ask.HoldInfusions: _hold,
    ask.ResumeInfusions: _resume,
    ask.EndParticipation: _end,
    ask.Reinstate: _reinstate,
    ask.CorrectVisit: _correct_visit,
    ask.CorrectParticipant: _correct_participant,
    ask.Amend: _amend,
    ask.Replan: _replan,
    ask.LogAttempt: _attempt,
    ask.RecordTold: _told,
}
