"""Who has heard of which change: what is to be told, and a form that says who heard it and how."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from clinic.access.roles import Right
from clinic.desk.proposing import propose, record
from clinic.desk.typed import Mistyped, Typed
from clinic.desk.work import Known
from clinic.pages.asking import one_of
from clinic.pages.frame import Asked
from clinic.pages.trouble import sentences
from schedule.errors import Problem, ScheduleError, StoreConflict
from schedule.participant import commands as ask
from schedule.participant.state import Audience
from schedule.render.reports import AUDIENCES
from schedule.render.sentences import STATUSES
from schedule.report_rows import tell_rows
from schedule.saying import words

BACK = ("today", "week", "reports", "infusions")


def tell(asked: Asked, code: str) -> HttpResponse:
    """Show what the participant or the pharmacy must hear of a participant, and record that they did."""
    audience = Audience(one_of(asked, "to", [one.value for one in Audience], Audience.PARTICIPANT.value))
    return _tell(asked, code, audience, one_of(asked, "back", BACK, "today"))


def acknowledge(asked: Asked, code: str) -> HttpResponse:
    """Let the pharmacy say that it has heard of a participant's changes."""
    return _tell(asked, code, Audience.PHARMACY, "infusions")


def _tell(asked: Asked, code: str, audience: Audience, back: str) -> HttpResponse:
    known = asked.find(code)
    if asked.request.method != "POST":
        return _page(asked, known, audience, back)
    try:
        _record(asked, known, audience)
    except StoreConflict as error:
        return _page(asked, known, audience, back, status=409, error=error)
    except (ScheduleError, Mistyped) as error:
        return _page(asked, known, audience, back, status=422, error=error)
    return HttpResponseRedirect(reverse(back))


def _record(asked: Asked, known: Known, audience: Audience) -> None:
    form, typed = asked.request.POST, Typed()
    who, how = typed.text("who", form.get("who", "")), typed.text("how", form.get("how", ""))
    typed.check()
    if form.get("seen") != str(known.records):
        wrong, remedy = words("something was recorded since you opened this page"), words("read what is to be told now")
        raise StoreConflict([Problem(place=known.code, wrong=wrong, remedy=remedy)])
    command = ask.RecordTold(audience=audience, codes=(), who=who, how=how)
    proposal = propose(asked.clinic.book, known, command, asked.clinic.now)
    record(asked.clinic.store, proposal, asked.clinic.sign(proposal.protocol_version))


def _page(
    asked: Asked,
    known: Known,
    audience: Audience,
    back: str,
    *,
    status: int = 200,
    error: ScheduleError | Mistyped | None = None,
) -> HttpResponse:
    return asked.page(
        "tell.html",
        status=status,
        known=known,
        rows=[row for row in tell_rows(known.enrolled) if row.audience is audience],
        visits=known.enrolled.visits,
        whom=asked.speaks.say(AUDIENCES[audience]),
        back=reverse(back),
        problems=sentences(error, asked.speaks) if error else (),
        typed=asked.request.POST,
        statuses=STATUSES,
        gives_reasons=asked.may(Right.VIEW),
    )
