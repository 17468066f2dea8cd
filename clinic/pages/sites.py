"""Sites: when they are open, holds of infusions, days that are closed after all, and sites that are new."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from clinic.access.roles import Right
from clinic.commands.common import NO_CONSEQUENCES, say_draft
from clinic.desk.closures import EVERY_KIND
from clinic.desk.proposing import (
    Proposal,
    fingerprint,
    propose_amendment_text,
    propose_capacity,
    propose_closure,
    propose_hold,
    propose_opening,
    propose_reopening,
    propose_site,
    propose_site_text,
    record,
)
from clinic.desk.typed import Mistyped, Typed, read_hours, read_limit
from clinic.pages.frame import Asked
from clinic.pages.trouble import sentences
from schedule.errors import InvalidInput, Problem, ScheduleError, StoreConflict, UnknownName
from schedule.files.site import site_names
from schedule.files.text import decode
from schedule.files.values import shorten
from schedule.render.language import N_, SHORT_WEEKDAYS
from schedule.render.sentences import SHORT_KINDS, say_holiday
from schedule.saying import Said, words
from schedule.sites import WEEK, Closure, HolidayClosed, Hours, Opening, Site, hours_on, why_closed
from schedule.study.protocol import Kind

MOST_LINES = 300
"""Of a preview; what is recorded is not less."""
YEAR = 366
DOINGS = {
    "hold": N_("Put infusions on hold"),
    "resume": N_("Let infusions go on"),
    "close": N_("Close the site on these days"),
    "reopen": N_("Open the site again on these days"),
    "open": N_("Open the site on this day"),
    "capacity": N_("Change how much these days can hold"),
    "add": N_("Add the site"),
    "file": N_("Follow this file"),
    "amend": N_("Follow this version of the protocol"),
}
UPLOAD, PROTOCOL = "site.toml", "protocol.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A form that was sent, what it would record, and the page that it was sent from."""

    do: str
    about: str
    form: Mapping[str, str]
    propose: Callable[[], Proposal]
    again: Callable[..., HttpResponse]
    """The page with the form; takes a status and problems."""
    then: str
    """Where one comes after it was recorded."""


def sites(asked: Asked) -> HttpResponse:
    """List the sites; hold the infusions of the study; add a site, or follow a changed file of one."""
    if asked.request.method != "POST":
        return _list(asked)
    form = {name: str(value) for name, value in asked.request.POST.items()}
    do = form.get("do", "")
    then = reverse("sites")
    if do in ("hold", "resume"):
        return _answer(
            asked,
            Asking(
                do=do,
                about=asked.speaks.say("the whole study"),
                form=form,
                then=then,
                propose=lambda: _hold(asked, None, form),
                again=lambda **all_: _list(asked, **all_),
            ),
        )
    return _answer(
        asked,
        Asking(
            do=do,
            about=form.get("example", ""),
            form=form,
            then=then,
            propose=lambda: _add(asked, form),
            again=lambda **all_: _list(asked, **all_),
        ),
    )


def site(asked: Asked, site: str) -> HttpResponse:
    """Show a site; hold its infusions, close days, open them again, follow another version of the protocol."""
    id_ = asked.site(site)
    if asked.request.method != "POST":
        return _one(asked, id_)
    form = {name: str(value) for name, value in asked.request.POST.items()}
    do = form.get("do", "")
    if do == "amend" and not asked.may(Right.STUDY):
        return asked.page("refused.html", status=403)
    make = {
        "hold": lambda: _hold(asked, id_, form),
        "resume": lambda: _hold(asked, id_, form),
        "close": lambda: _days(asked, id_, form),
        "reopen": lambda: _days(asked, id_, form),
        "open": lambda: _open(asked, id_, form),
        "capacity": lambda: _capacity(asked, id_, form),
        "amend": lambda: _amend(asked, id_, form),
    }.get(do, lambda: _unknown(do))
    then = reverse("site", kwargs={"site": id_})
    return _answer(
        asked,
        Asking(do=do, about=id_, form=form, then=then, propose=make, again=lambda **all_: _one(asked, id_, **all_)),
    )


def _answer(asked: Asked, asking: Asking) -> HttpResponse:
    """Show what would follow; record it where it was looked at, and would still be the same."""
    try:
        proposal = asking.propose()
        mark = fingerprint(proposal)
        if asking.form.get("seen") == mark:
            record(asked.clinic.store, proposal, asked.clinic.sign(proposal.protocol_version))
            return HttpResponseRedirect(f"{asking.then}?recorded={asking.do}")
    except StoreConflict as error:
        return asking.again(status=409, problems=sentences(error, asked.speaks), typed=asking.form)
    except (ScheduleError, Mistyped) as error:
        return asking.again(status=422, problems=sentences(error, asked.speaks), typed=asking.form)
    lines = list(_say(asked, proposal))
    changed = "seen" in asking.form
    return asked.page(
        "site-look.html",
        status=409 if changed else 200,
        changed=changed,
        doing=DOINGS[asking.do],
        about=asking.about,
        lines=lines[:MOST_LINES],
        kinds={kind.value: said for kind, said in SHORT_KINDS.items()},
        more=len(lines[MOST_LINES:]),
        mark=mark,
        form={name: value for name, value in asking.form.items() if name not in ("csrfmiddlewaretoken", "seen")},
        back=asking.then,
    )


def _say(asked: Asked, proposal: Proposal) -> Iterator[tuple[str, str]]:
    """Yield a line with whom it concerns, or with nobody; nothing of those whom it leaves as they are."""
    concerned = [one for one in proposal.drafts if one.consequences != NO_CONSEQUENCES]
    for one in concerned:
        yield from ((one.known.code, line) for line in say_draft(one, asked.speaks))
    if not concerned:
        yield "", asked.speaks.say("nothing else would change")
    yield from (("", asked.speaks.say_again(note)) for note in proposal.notes)


def _reason(form: Mapping[str, str]) -> str:
    typed = Typed()
    reason = typed.text("reason", form.get("reason", ""))
    typed.check()
    return reason


def _hold(asked: Asked, id_: str | None, form: Mapping[str, str]) -> Proposal:
    return propose_hold(asked.clinic.book, id_, _reason(form), form["do"] == "hold", asked.clinic.now)


def _days(asked: Asked, id_: str, form: Mapping[str, str]) -> Proposal:
    typed = Typed()
    first, last = (
        typed.day("first", form.get("first", "")),
        typed.day("last", form.get("last") or form.get("first", "")),
    )
    reason = typed.text("reason", form.get("reason", ""))
    typed.check()
    book, now, days = asked.clinic.book, asked.clinic.now, (first or date.min, last or date.min)
    change = propose_reopening if form["do"] == "reopen" else propose_closure
    return change(book, id_, *days, _kinds(form) or EVERY_KIND, reason=reason, now=now)


def _kinds(form: Mapping[str, str]) -> tuple[Kind, ...]:
    """Return the kind of visit that was chosen; nothing for all of them."""
    return tuple(one for one in EVERY_KIND if one.value == form.get("kind"))


def _open(asked: Asked, id_: str, form: Mapping[str, str]) -> Proposal:
    typed = Typed()
    day, hours = typed.day("first", form.get("first", "")), typed.read("hours", form.get("hours", ""), read_hours)
    reason = typed.text("reason", form.get("reason", ""))
    typed.check()
    book, now = asked.clinic.book, asked.clinic.now
    return propose_opening(book, id_, cast("date", day), cast("Hours", hours), reason=reason, now=now)


def _capacity(asked: Asked, id_: str, form: Mapping[str, str]) -> Proposal:
    typed = Typed()
    first, last = (
        typed.day("first", form.get("first", "")),
        typed.day("last", form.get("last") or form.get("first", "")),
    )
    limit = typed.read("limit", form.get("limit") or None, read_limit)
    reason = typed.text("reason", form.get("reason", ""))
    kinds = _kinds(form)
    if not kinds:
        typed.wrong("kind", words("choose a kind of visit"))
    typed.check()
    book, days = asked.clinic.book, (cast("date", first), cast("date", last))
    return propose_capacity(book, id_, *days, kinds[0], limit=limit, reason=reason, now=asked.clinic.now)


def _text(asked: Asked, form: dict[str, str], *, file: str, remedy: Said) -> str:
    """Return the text of the file that is sent, or that was looked at: the form keeps it."""
    if upload := asked.request.FILES.get("file"):
        form["text"] = decode(upload.read(), file=file)
    if not form.get("text"):
        raise InvalidInput([Problem(place="file", wrong=words("no file was chosen"), remedy=remedy)])
    return form["text"].replace("\r\n", "\n")


def _amend(asked: Asked, id_: str, form: dict[str, str]) -> Proposal:
    text = _text(asked, form, file=PROTOCOL, remedy=words("choose a protocol's .toml file"))
    return propose_amendment_text(asked.clinic.book, text, PROTOCOL, id_, reason=_reason(form), now=asked.clinic.now)


def _add(asked: Asked, form: dict[str, str]) -> Proposal:
    book, now, do = asked.clinic.book, asked.clinic.now, form.get("do", "")
    if do == "file":
        text = _text(asked, form, file=UPLOAD, remedy=words("choose a site's .toml file"))
        return propose_site_text(book, text, UPLOAD, _reason(form), now)
    if do == "add":
        if (name := form.get("example", "")) not in _examples(asked):
            wrong = words("there is no example {value} to add", value=shorten(name))
            raise UnknownName([Problem(place="example", wrong=wrong, remedy=words("choose one of the list"))])
        return propose_site(book, name, _reason(form), now)
    return _unknown(do)


def _unknown(do: str) -> Proposal:
    wrong = words("{value} is nothing that can be done", value=shorten(do))
    raise InvalidInput([Problem(place="do", wrong=wrong, remedy=words("use the form"))])


def _examples(asked: Asked) -> list[str]:
    return [one for one in site_names() if not asked.clinic.book.knows_site(one)]


def _list(
    asked: Asked, *, status: int = 200, problems: object = (), typed: Mapping[str, str] | None = None
) -> HttpResponse:
    book = asked.clinic.book
    known = [book.site(one) for one in asked.sites]
    return asked.page(
        "sites.html",
        status=status,
        problems=problems,
        typed=typed or {},
        recorded=DOINGS.get(asked.request.GET.get("recorded", "")),
        known=known,
        today={one.site.id: _hours(one.site, one.today(asked.clinic.now)) for one in known},
        study_held=book.study_held,
        version=book.newest_version(),
        examples=_examples(asked),
    )


def _hours(site: Site, day: date) -> str:
    """Return the opening hours of a day; nothing where it is closed."""
    if why_closed(site, day, Kind.CLINIC):
        return ""
    hours = hours_on(site, day)
    return f"{hours.opens:%H:%M}-{hours.closes:%H:%M}" if hours else ""


def _one(
    asked: Asked, id_: str, *, status: int = 200, problems: object = (), typed: Mapping[str, str] | None = None
) -> HttpResponse:
    known = asked.clinic.book.site(id_)
    today = known.today(asked.clinic.now)
    return asked.page(
        "site.html",
        status=status,
        problems=problems,
        typed=typed or {},
        recorded=DOINGS.get(asked.request.GET.get("recorded", "")),
        known=known,
        today=today,
        week=[(today + timedelta(days=number - today.weekday()), known.site.open.get(day))
              for number, day in enumerate(WEEK)],
        holidays=[(day, say_holiday(why.name, asked.speaks)) for day, why in _holidays(known.site, today)],
        in_file=_to_come(known.filed.closures, today),
        recorded_closures=_to_come(known.recorded.closures, today),
        openings=_openings_to_come(known.site, today),
        limits=[one for one in known.site.capacity_on if one.last >= today],
        usual=[(kind, tuple(zip(SHORT_WEEKDAYS, slots.week, strict=True)))
               for kind, slots in known.site.capacity.items()],
        study_held=asked.clinic.book.study_held,
        kinds=SHORT_KINDS,
        every_kind=EVERY_KIND,
    )  # fmt: skip


def _to_come(closures: tuple[Closure, ...], today: date) -> list[Closure]:
    return [one for one in closures if one.last >= today]


def _openings_to_come(site: Site, today: date) -> list[Opening]:
    return sorted((one for one in site.openings if one.day >= today), key=lambda one: one.day)


def _holidays(site: Site, today: date) -> Iterator[tuple[date, HolidayClosed]]:
    """Yield the holidays of the year to come on which the site would be open."""
    for number in range(YEAR):
        day = today + timedelta(days=number)
        if isinstance(why := why_closed(site, day, Kind.CLINIC), HolidayClosed):
            yield day, why
