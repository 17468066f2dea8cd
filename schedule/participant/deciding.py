"""What a command leads to: the events that it makes, or a refusal that says why and what to type instead."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
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
    ParticipantCorrected,
    ParticipationEnded,
    Reinstated,
    TaperHeld,
    TaperPrescribed,
    TaperResumed,
    Told,
    UnscheduledAdded,
    VisitCorrected,
)
from schedule.participant.evolving import evolve
from schedule.participant.judging import answer_for, check_open, slot_for
from schedule.participant.replanning import Rules, follow, place_again, plan_new
from schedule.participant.state import (
    Dates,
    Given,
    Participant,
    Scope,
    Standing,
    Status,
    VisitState,
    Where,
)
from schedule.planning.placing import AnchorDay, CountsFrom
from schedule.study.offsets import Offset
from schedule.study.protocol import RANDOMIZATION, Kind, Text, VisitCode, concerns_steroids

UNSCHEDULED = Text(en="Unscheduled visit", es="Visita no programada")
_SOME_INSTANT = datetime(2001, 1, 1, tzinfo=UTC)
"""Stands for the instant of events that are not recorded yet: no decision depends on it."""


def decide(state: Participant | None, command: Command, rules: Rules) -> tuple[Event, ...]:
    """Return the events that the command makes, and what follows from them for the dates of other visits.

    Raises Refused, with all problems, where a rule forbids it. Depends on nothing but its arguments.
    """
    if isinstance(command, ask.Enroll):
        return _enroll(state, command, rules)
    if state is None:
        wrong = "there is no such participant"
        raise Refused([Problem(place="PARTICIPANT", wrong=wrong, remedy="dayzero list shows all; dayzero enroll adds")])
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
            yield Problem(place=f"--{option}", wrong="it is empty", remedy="write it in a few words")


def _check_version(state: Participant, command: Command, rules: Rules) -> Iterator[Problem]:
    """Dates follow another protocol only where that is asked for."""
    version = rules.protocol.study.version
    if version != state.protocol_version and not isinstance(command, ask.Amend):
        wrong = f"the participant follows version {state.protocol_version} of the protocol, and this is {version}"
        yield Problem(place=state.id, wrong=wrong, remedy="dayzero amend lets the participant follow it")


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


def _no(place: str, wrong: str, remedy: str) -> Refused:
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
            wrong=f"{command.participant} is enrolled already",
            remedy=f"dayzero show {command.participant} tells what is recorded; dayzero correct amends it",
        )
    if command.randomized > rules.today:
        yield Problem(
            place="--randomized", wrong=f"{command.randomized} is in the future", remedy="enroll on that day or later"
        )
    if rules.protocol.asks_about_steroids and command.steroids is None:
        yield Problem(
            place="--steroids",
            wrong="the protocol has dates only for those on steroids",
            remedy="say --steroids or --no-steroids",
        )
    if command.day0 and command.day0 < command.randomized:
        yield Problem(
            place="--day0",
            wrong=f"{command.day0} is before the randomization on {command.randomized}",
            remedy="check both dates: Day 0 is the day of randomization or later",
        )
    if command.deviation and not command.day0:
        yield Problem(place="--deviation", wrong="without --day0 no day deviates", remedy="leave it out")


def find_visit(state: Participant, code: str) -> VisitState:
    """Return a visit by its code, in any case. Raises Refused with the nearest codes."""
    found = {known.lower(): visit for known, visit in state.visits.items()}.get(code.lower())
    if found is None:
        remedy = nearest_names(code, state.visits, or_else=f"dayzero show {state.id} lists all")
        raise _no("VISIT", f"{state.id} has no visit {code!a}", remedy)
    return found


def check_bookable(state: Participant, code: VisitCode) -> None:
    """Raise Refused for what can have no appointment, or no other one."""
    _contact(_open_visit(state, code, "booked"))


def _open_visit(state: Participant, code: VisitCode, doing: str) -> VisitState:
    """Return a visit that can be booked, moved or done. Raises Refused, and says what to type instead."""
    visit = find_visit(state, code)
    if visit.is_open:
        return visit
    if visit.status is Status.HELD:
        raise _say_held(state, visit, was_done=doing == "recorded as done")
    if visit.ended or visit.stopped:
        why = "infusions were stopped" if visit.stopped else f"the participant {_say_standing(state)}"
        raise _no(visit.code, f"it was cancelled: {why}", f"dayzero reinstate {state.id} --reason ... takes that back")
    remedy = f"dayzero correct {state.id} {visit.code} --status planned --reason ... opens it again"
    raise _no(visit.code, f"it is {visit.status.value}, and cannot be {doing}", remedy)


def _say_held(state: Participant, visit: VisitState, *, was_done: bool = False) -> Refused:
    if visit.kind is not Kind.MILESTONE:
        remedy = f"{' and '.join(_lifting(state))}, once they may go on"
        if was_done:
            remedy += '; if it was given all the same, say why with --deviation "why"'
        return _no(visit.code, "infusions are on hold", remedy)
    if state.taper_held:
        remedy = f"dayzero taper resume {state.id} --reason ..., once they agree"
        return _no(visit.code, "it is held: ask the study doctor", remedy)
    wrong = f"it is held, since {visit.dates.counts.anchor} was not fully given: ask the study doctor"
    remedy = f'if it took place as they said, dayzero done {state.id} {visit.code} DATE --deviation "what they said"'
    return _no(visit.code, wrong, f"{remedy}; dayzero cancel takes it off the schedule")


def _lifting(state: Participant) -> Iterator[str]:
    """Yield the commands that lift the holds there are."""
    whom = {Scope.PARTICIPANT: state.id, Scope.SITE: f"--site {state.site}", Scope.STUDY: "--study"}
    return (f"dayzero resume {words} --reason ..." for scope, words in whom.items() if scope in state.holds)


def _say_standing(state: Participant) -> str:
    words = {
        Standing.ACTIVE: "takes part",
        Standing.WITHDRAWN: "withdrew",
        Standing.DIED: "died",
        Standing.TERMINATED: "was taken off the study",
    }
    since = f" on {state.standing_since}" if state.standing_since else ""
    return words[state.standing] + since


def _contact(visit: VisitState) -> VisitState:
    if visit.kind is Kind.MILESTONE:
        raise _no(
            visit.code, "it is a task of the coordinator, and has no appointment", "dayzero done, once it is done"
        )
    return visit


def _not_past(visit: VisitState, day: date, rules: Rules) -> None:
    if day < rules.today:
        raise _no(visit.code, f"{day} is past", "dayzero done records what took place")


def _not_ahead(visit: VisitState, day: date, rules: Rules) -> None:
    if day > rules.today:
        raise _no(visit.code, f"{day} is in the future", "record it once it has taken place; dayzero book plans it")


def _book(state: Participant, command: ask.Book, rules: Rules) -> Iterator[Event]:
    visit = _contact(_open_visit(state, command.code, "booked"))
    if visit.is_promised:
        raise _no(visit.code, f"it is booked for {visit.dates.day} already", "dayzero move gives it another day")
    _not_past(visit, command.day, rules)
    check_open(state, visit, command.day, rules)
    deviation = answer_for(state, visit, command.day, rules, command.deviation)
    yield Booked(code=visit.code, slot=slot_for(visit, command.day, command.at, rules), deviation=deviation)


def _move(state: Participant, command: ask.Move, rules: Rules) -> Iterator[Event]:
    visit = _contact(_open_visit(state, command.code, "moved"))
    _not_past(visit, command.day, rules)
    check_open(state, visit, command.day, rules)
    at = command.at or (visit.start.time() if visit.start else None)
    slot = slot_for(visit, command.day, at, rules)
    if visit.is_promised and (visit.dates.day, visit.start) == (slot.day, slot.start):
        raise _no(visit.code, f"it is booked for {slot.start:%Y-%m-%d %H:%M} already", "write another day or time")
    yield Moved(
        code=visit.code,
        old_day=visit.dates.day,
        old_start=visit.start,
        slot=slot,
        reason=command.reason,
        deviation=answer_for(state, visit, command.day, rules, command.deviation),
    )


def _confirm(state: Participant, command: ask.Confirm, _: Rules) -> Iterator[Event]:
    visit = _open_visit(state, command.code, "confirmed")
    if visit.status is not Status.BOOKED:
        wrong = "it is confirmed already" if visit.is_promised else "it is not booked"
        raise _no(
            visit.code, wrong, "nothing to do" if visit.is_promised else f"dayzero book {state.id} {visit.code} DATE"
        )
    yield Confirmed(code=visit.code)


def _done(state: Participant, command: ask.RecordDone, rules: Rules) -> Iterator[Event]:
    visit = find_visit(state, command.code)
    was_held = visit.status is Status.HELD and bool(command.deviation.strip())
    if not was_held:
        visit = _open_visit(state, command.code, "recorded as done")
    _not_ahead(visit, command.day, rules)
    problems = [*_check_given(visit, command.given, command.where), *_check_order(state, visit)]
    if command.day < state.randomized:
        wrong = f"{command.day} is before the randomization on {state.randomized}"
        problems.append(Problem(place=visit.code, wrong=wrong, remedy="check the date"))
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


def _check_given(visit: VisitState, given: Given | None, where: Where) -> Iterator[Problem]:
    if visit.kind is Kind.INFUSION and given is None:
        wrong = "attendance is not a dose: nobody said whether the infusion was given"
        yield Problem(place=visit.code, wrong=wrong, remedy="say --given yes, --given no or --given partial")
    if visit.kind is not Kind.INFUSION and given is not None:
        yield Problem(place=visit.code, wrong="nothing is given at this visit", remedy="leave --given out")
    if visit.kind is Kind.INFUSION and where is Where.REMOTE and given is not Given.NO:
        yield Problem(place=visit.code, wrong="no infusion is given remotely", remedy="leave --remote out")


def _check_order(state: Participant, visit: VisitState) -> Iterator[Problem]:
    """An infusion is recorded after those before it: their days decide its own target."""
    if visit.kind is not Kind.INFUSION or visit.unscheduled:
        return
    for other in state.visits.values():
        if other.kind is Kind.INFUSION and not other.is_closed and other.dates.target < visit.dates.target:
            wrong = f"{other.code} comes before it, and nobody has recorded what became of that"
            yield Problem(
                place=visit.code, wrong=wrong, remedy=f"record {other.code} first: dayzero done or dayzero miss"
            )


def _miss(state: Participant, command: ask.RecordMissed, rules: Rules) -> Iterator[Event]:
    visit = _open_visit(state, command.code, "recorded as missed")
    day = visit.dates.day if visit.is_promised and visit.dates.day else visit.dates.earliest
    if day > rules.today:
        wrong = f"it is booked for {day}" if visit.is_promised else f"its window opens on {day}"
        raise _no(visit.code, wrong, "dayzero move gives it another day, dayzero cancel takes it off the schedule")
    yield Missed(code=visit.code, reason=command.reason)


def _cancel(state: Participant, command: ask.Cancel, _: Rules) -> Iterator[Event]:
    visit = find_visit(state, command.code)
    if visit.status is not Status.HELD:
        visit = _open_visit(state, command.code, "cancelled")
    yield Cancelled(code=visit.code, reason=command.reason)


def _unscheduled(state: Participant, command: ask.AddUnscheduled, rules: Rules) -> Iterator[Event]:
    _check_active(state)
    if command.day < state.randomized:
        raise _no("DATE", f"{command.day} is before the randomization on {state.randomized}", "check the date")
    if command.kind not in (Kind.CLINIC, Kind.VIRTUAL):
        raise _no("--kind", "infusions and milestones are planned by the protocol", "say clinic or virtual")
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
        yield from _book(after, ask.Book(code=code, day=day, at=command.at), rules)


def _check_active(state: Participant) -> None:
    if state.standing is not Standing.ACTIVE:
        wrong, remedy = f"the participant {_say_standing(state)}", f"dayzero reinstate {state.id} --reason ..."
        raise _no(state.id, wrong, f"{remedy} takes that back")


def _away(state: Participant, command: ask.SetAway, _: Rules) -> Iterator[Event]:
    _check_active(state)
    if command.last < command.first:
        raise _no("DATES", f"{command.last} is before {command.first}", "write the first day, two dots, the last day")
    if any((one.first, one.last) == (command.first, command.last) for one in state.away):
        raise _no("DATES", "these days are recorded already", "nothing to do")
    yield AwaySet(first=command.first, last=command.last)


def _not_away(state: Participant, command: ask.RemoveAway, _: Rules) -> Iterator[Event]:
    if not any((one.first, one.last) == (command.first, command.last) for one in state.away):
        known = ", ".join(f"{one.first}..{one.last}" for one in state.away) or "none"
        raise _no("DATES", "no such absence is recorded", f"recorded: {known}")
    yield AwayRemoved(first=command.first, last=command.last)


def _taper_of(state: Participant, rules: Rules) -> VisitState:
    _check_active(state)
    found = next((visit for visit in state.visits.values() if visit.code in _tapers(rules)), None)
    if found is None or not state.steroids:
        raise _no(state.id, "the participant has no taper", "dayzero correct amends whether they take steroids")
    return found


def _hold_taper(state: Participant, command: ask.HoldTaper, rules: Rules) -> Iterator[Event]:
    _taper_of(state, rules)
    if state.taper_held:
        raise _no(state.id, "the taper is held already", f"dayzero taper resume {state.id} lifts it")
    yield TaperHeld(reason=command.reason)


def _resume_taper(state: Participant, command: ask.ResumeTaper, rules: Rules) -> Iterator[Event]:
    visit = _taper_of(state, rules)
    if not state.taper_held:
        raise (
            _say_held(state, visit)
            if visit.status is Status.HELD
            else _no(state.id, "nobody holds the taper", "nothing to do")
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
        remedy = "dayzero withdraw or dayzero terminate ends the participation"
        raise _no(state.id, "no dose was given yet, and the follow-up counts from a dose", remedy)
    if not open_ones:
        raise _no(state.id, "no infusion is outstanding", "nothing to do")
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
        raise _no(state.id, f"infusions are on hold already ({command.scope.value})", "dayzero resume lifts the hold")
    yield InfusionsHeld(scope=command.scope, reason=command.reason)


def _resume(state: Participant, command: ask.ResumeInfusions, _: Rules) -> Iterator[Event]:
    if command.scope not in state.holds:
        others = ", ".join(sorted(scope.value for scope in state.holds))
        remedy = f"they are on hold for: {others}" if others else "nothing to do"
        raise _no(state.id, f"there is no hold of this kind ({command.scope.value})", remedy)
    yield InfusionsResumed(scope=command.scope, reason=command.reason)


def _end(state: Participant, command: ask.EndParticipation, rules: Rules) -> Iterator[Event]:
    """End it once; but that somebody died is recorded of those too who had left the study before."""
    has_died = command.standing is Standing.DIED
    if not has_died or state.standing is Standing.DIED:
        _check_active(state)
    if command.day > rules.today:
        raise _no("DATE", f"{command.day} is in the future", "record it on that day or later")
    if command.day < state.randomized:
        raise _no("DATE", f"{command.day} is before the randomization on {state.randomized}", "check the date")
    later = [visit for visit in state.in_order if visit.actual and visit.actual > command.day]
    if has_died and later:
        wrong = f"{later[0].code} took place after that, on {later[0].actual}"
        raise _no("DATE", wrong, f"check the date; dayzero correct {state.id} {later[0].code} amends the visit")
    yield ParticipationEnded(
        standing=command.standing,
        day=command.day,
        cancelled=tuple(visit.code for visit in state.outstanding),
        reason=command.reason,
    )


def _reinstate(state: Participant, command: ask.Reinstate, rules: Rules) -> Iterator[Event]:
    """Take back the end of the participation; of those who take part, the stop of infusions."""
    if _is_active(state) and not state.stopped_after:
        raise _no(state.id, "the participant takes part, and infusions were not stopped", "nothing to do")
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
        raise _no(visit.code, "nothing is recorded of it that could be wrong", "dayzero move or dayzero done")
    status = command.status or visit.status
    if status not in (Status.PLANNED, Status.DONE, Status.MISSED):
        raise _no(visit.code, f"a visit is not made {status.value} by a correction", "say planned, done or missed")
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
            "that is what is recorded already",
            "say --status, --day or --given, or where: --here, --remote or --other-site",
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
        wrong, remedy = (
            "the participant takes no steroids",
            f"dayzero correct {state.id} --steroids --reason ... brings",
        )
        raise _no(visit.code, wrong, f"{remedy} it back")


def _tapers(rules: Rules) -> frozenset[VisitCode]:
    return frozenset(step.code for step in rules.protocol.milestones if concerns_steroids(step))


def _check_correction(
    state: Participant, visit: VisitState, command: ask.CorrectVisit, status: Status, day: date | None
) -> Iterator[Problem]:
    if status is not Status.DONE and (command.day or command.given or command.where or command.deviation.strip()):
        wrong = f"what is {status.value} did not take place, and has no day, dose, place or deviation"
        yield Problem(place=visit.code, wrong=wrong, remedy="say --status done, or leave the others out")
    if status is Status.DONE and day is None:
        yield Problem(place=visit.code, wrong="nobody said on which day it took place", remedy="say --day")
    if status is Status.DONE and day is not None and day < state.randomized:
        wrong = f"{day} is before the randomization on {state.randomized}"
        yield Problem(place=visit.code, wrong=wrong, remedy="check the date")
    if status is Status.PLANNED and visit.stopped:
        remedy = f"dayzero reinstate {state.id} --reason ... takes that back"
        yield Problem(place=visit.code, wrong="infusions were stopped", remedy=remedy)


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
        raise _no("--randomized", f"{corrected.new_randomized} is in the future", "check the date")
    earlier = [visit for visit in state.in_order if visit.actual and visit.actual < corrected.new_randomized]
    if earlier:
        wrong = f"{earlier[0].code} took place before that, on {earlier[0].actual}"
        raise _no(
            "--randomized", wrong, f"check the date; dayzero correct {state.id} {earlier[0].code} amends the visit"
        )
    after = after_events(state, (corrected,))
    if after == state:
        raise _no(state.id, "that is what is recorded already", "say --randomized, --steroids, --no-steroids or --lang")
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
        raise _no(state.id, f"the participant follows version {version} already", "nothing to do")
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
        raise _no(visit.code, f"it is {visit.status.value}", "nobody need be reached for it any more")
    yield Attempted(code=visit.code, note=command.note)


def _told(state: Participant, command: ask.RecordTold, _: Rules) -> Iterator[Event]:
    if command.codes:
        visits = [find_visit(state, code) for code in command.codes]
    else:
        visits = [visit for visit in state.visits.values() if command.audience in visit.to_tell]
    wrong = [visit.code for visit in visits if command.audience not in visit.to_tell]
    if wrong or not visits:
        what = f"nothing of {', '.join(wrong)}" if wrong else "nothing"
        raise _no(state.id, f"{what} is waiting to be told to the {command.audience.value}", "dayzero tell lists all")
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
