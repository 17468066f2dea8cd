"""Everything that can be done with a participant or a visit, through one form."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.http import Http404, HttpResponse
from django.urls import reverse

from clinic.desk.proposing import Proposal, propose
from clinic.desk.slots import other_days
from clinic.desk.work import PARTICIPANTS, Known
from clinic.pages.actions import Action, Field, Form, find_action
from clinic.pages.forms import Asking, Filled, OtherDay, answer
from clinic.pages.frame import Asked
from clinic.pages.history import Line, lines_of
from schedule.errors import Problem, UnknownName
from schedule.files.values import shorten
from schedule.participant.state import VisitState
from schedule.render.consequences import say_alternative
from schedule.saying import words
from schedule.study.protocol import Kind

MOST_DAYS = 8
"""Of those that are open; any other can be typed."""


def of_participant(asked: Asked, code: str, action: str) -> HttpResponse:
    """Show and answer the form of an action for a participant."""
    return _act(asked, asked.find(code), None, _action(action, of_visit=False))


def of_visit(asked: Asked, code: str, visit: str, action: str) -> HttpResponse:
    """Show and answer the form of an action for a visit."""
    known = asked.find(code)
    return _act(asked, known, find_visit(known, visit), _action(action, of_visit=True))


def _action(name: str, *, of_visit: bool) -> Action:
    found = find_action(name, of_visit=of_visit)
    if found is None:
        raise Http404
    return found


def find_visit(known: Known, code: str) -> VisitState:
    """Return a visit. Raises UnknownName."""
    for one in known.enrolled.visits.values():
        if one.code == code:
            return one
    wrong = words("{participant} has no visit {visit}", participant=known.code, visit=shorten(code))
    remedy = words("choose one of the participant's page")
    raise UnknownName([Problem(place=words("visit"), wrong=wrong, remedy=remedy)])


def _act(asked: Asked, known: Known, visit: VisitState | None, action: Action) -> HttpResponse:
    say = asked.speaks.say
    back = reverse("participant", kwargs={"code": known.code})
    about = say("{participant}, {visit}", participant=known.code, visit=_name(asked, visit)) if visit else known.code
    other_days = _other_days(asked, known, visit) if visit and action.days else ()
    empty = Filled(
        title=say(action.title),
        about=about,
        back=f"{back}#{visit.code}" if visit else back,
        fields=_fitting(action, visit),
        values=action.start(known, visit),
        seen=known.records,
        warns=action.warns,
        lists_days=action.days,
        other_days=other_days[:MOST_DAYS],
        more_days=len(other_days[MOST_DAYS:]),
        window=_window(asked, visit) if visit and action.days else "",
        note=_still_open(asked, known, visit) if visit and action.name == "miss" else "",
    )

    def make(sent: Mapping[str, str]) -> Proposal:
        form = Form(sent, known, visit)
        command = action.make(form)
        form.typed.check()
        return propose(asked.clinic.book, known, command, asked.clinic.now)

    asking = Asking(empty=empty, propose=make, since=lambda seen: _since(asked, known, seen), then=lambda: back)
    return answer(asked, asking)


def _name(asked: Asked, visit: VisitState) -> str:
    return f"{visit.code} ({asked.speaks.text(visit.name)})"


def _fitting(action: Action, visit: VisitState | None) -> tuple[Field, ...]:
    """Return the fields that fit the visit: nobody asks for a dose where none is given."""
    fields = action.fields
    if visit is not None and visit.kind is not Kind.INFUSION:
        fields = tuple(one for one in fields if one.name != "given")
    if visit is not None and visit.kind is Kind.MILESTONE:
        fields = tuple(one for one in fields if one.name != "where")
    is_done = action.name == "done"
    return tuple(replace(one, required=True) if is_done and one.name == "given" else one for one in fields)


def _other_days(asked: Asked, known: Known, visit: VisitState) -> Sequence[OtherDay]:
    """Return the days that the visit could have, the best first; none of what cannot be booked."""
    if not visit.is_open or visit.kind is Kind.MILESTONE:
        return ()
    names = {one.code: asked.speaks.text(one.name) for one in known.enrolled.visits.values()}
    return tuple(
        OtherDay(day=one.day, facts=tuple(say_alternative(one, names, asked.speaks)), deviates=one.judged.deviates)
        for one in other_days(asked.clinic.store, known, visit.code, most=None)
    )


def _window(asked: Asked, visit: VisitState) -> str:
    """Say when a visit should be; nothing of what was not planned."""
    if visit.unscheduled:
        return ""
    say, day = asked.speaks.say, asked.speaks.iso_day
    dates = visit.dates
    return say(
        "Window: {first} to {last}. Target: {target}.",
        first=day(dates.earliest), last=day(dates.latest), target=day(dates.target),
    )  # fmt: skip


def _still_open(asked: Asked, known: Known, visit: VisitState) -> str:
    """Say that another day can still be had."""
    if not visit.is_open or known.rules.today > visit.dates.latest or visit.kind is Kind.MILESTONE:
        return ""
    day = asked.speaks.weekday_day(visit.dates.latest)
    return asked.speaks.say("Its window is open until {day}: it can still get another day.", day=day)


def _since(asked: Asked, known: Known, seen: int) -> Sequence[Line]:
    """Return what was recorded of the participant after so many records."""
    records = [one for one in asked.clinic.store.records(PARTICIPANTS + known.code) if one.number > seen]
    return lines_of(records, asked.speaks, known.rules.site.time_zone)
