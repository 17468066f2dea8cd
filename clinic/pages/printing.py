"""Papers of a participant, as PDF or as a page that prints from any browser. Nothing is kept of them here."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from re import DOTALL, findall
from zoneinfo import ZoneInfo

from django.http import HttpResponse

from clinic.commands.reading import binder_of, plan_of
from clinic.desk.typed import Mistyped, Typed
from clinic.desk.work import PARTICIPANTS, Known, state_of
from clinic.pages.frame import Asked
from clinic.pages.press import press
from clinic.pages.remedies import say_on_page
from schedule.desk.plan import Plan
from schedule.desk.record import has_packet, keep, make_record
from schedule.errors import InvalidInput, Problem, Refused
from schedule.participant.state import Participant
from schedule.planning.changes import compare
from schedule.render.change_sheet import changes_html
from schedule.render.clinic_papers import binder_html
from schedule.render.language import N_, Language, language
from schedule.render.packet import packet_html
from schedule.render.pages import Paper, Style
from schedule.render.pdf import PdfUnavailable
from schedule.render.worksheets import worksheets, worksheets_html
from schedule.saying import words
from schedule.study.protocol import Kind, VisitCode

SHEETS = {
    "packet": N_("the whole packet"),
    "visit": N_("the page of one visit"),
    "changes": N_("what changed since a day"),
    "worksheets": N_("worksheets for staff"),
    "binder": N_("binder for the monitor"),
}
LANGUAGES = {"en": "English", "es": "Español"}
PAPERS = {Paper.LETTER.value: N_("Letter"), Paper.A4.value: "A4"}
NOTHING_ELSE = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be printed."""

    sheet: str
    speaks: Language
    """The language of the participant's papers; those of staff are in the reader's own."""
    style: Style
    visit: VisitCode | None
    since: date | None


def choose(asked: Asked, code: str) -> HttpResponse:
    """Ask what is to be printed, and how."""
    return _choose(asked, asked.find(code), ())


def _choose(asked: Asked, known: Known, problems: tuple[str, ...], *, status: int = 200) -> HttpResponse:
    sent = asked.request.GET
    contacts = [one for one in known.enrolled.in_order if one.kind is not Kind.MILESTONE]
    started = {"sheet": "packet", "lang": known.enrolled.lang, "paper": Paper.LETTER.value, "as": "pdf"}
    return asked.page(
        "print.html",
        status=status,
        known=known,
        sheets=SHEETS,
        languages=LANGUAGES,
        papers=PAPERS,
        visits=[(one.code, asked.speaks.text(one.name)) for one in contacts],
        values=started | {name: sent[name] for name in (*started, "visit", "since", "large") if name in sent},
        problems=problems,
        today=known.rules.today,
    )


def paper(asked: Asked, code: str) -> HttpResponse:
    """Print: as PDF, else as a page for any browser."""
    known = asked.find(code)
    sent = asked.request.GET
    try:
        order = _read(asked, known, sent)
        page = _page(asked, known, order)
    except Mistyped as error:
        said = tuple(asked.speaks.say_again(one.wrong) for one in error.mistakes)
        return _choose(asked, known, said, status=422)
    except (Refused, InvalidInput) as error:
        said = tuple(say_on_page(one, asked.speaks) for one in error.problems)
        return _choose(asked, known, said, status=422)
    name = f"{order.sheet}-{order.visit}-{known.code}" if order.visit else f"{order.sheet}-{known.code}"
    return hand_over(page, name, html=sent.get("as") == "html", spell_out=order.sheet == "binder")


def hand_over(page: str, name: str, *, html: bool, spell_out: bool) -> HttpResponse:
    """Return a page to print as a PDF, or as itself: where that is asked for, or no PDF can be made here."""
    if not html:
        try:
            data = press(page, spell_out=spell_out)
        except PdfUnavailable:
            return _as_page(page)
        headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
        return HttpResponse(data, content_type="application/pdf", headers=headers)
    return _as_page(page)


def _as_page(page: str) -> HttpResponse:
    """Return a page that brings its own style, and a policy that allows just that one."""
    rules = [b64encode(sha256(one.encode()).digest()).decode() for one in findall("<style>(.*?)</style>", page, DOTALL)]
    style = " ".join(f"'sha256-{one}'" for one in rules)
    return HttpResponse(page, headers={"Content-Security-Policy": f"style-src {style}; {NOTHING_ELSE}"})


def _read(asked: Asked, known: Known, sent: Mapping[str, str]) -> Order:
    """Read the form. Raises Mistyped, and what ``find_visit`` raises."""
    typed = Typed()
    sheet = sent.get("sheet", "")
    if sheet not in SHEETS:
        typed.wrong("sheet", words("say what is to be printed"))
    codes = {one.code for one in known.enrolled.visits.values()}
    visit = sent.get("visit", "") if sheet in ("visit", "worksheets") else ""
    if visit not in codes and (visit or sheet == "visit"):
        typed.wrong("visit", words("choose the visit"))
    since = typed.day("since", sent.get("since", "")) if sheet == "changes" else None
    typed.check()
    size = sent.get("paper", "")
    return Order(
        sheet=sheet,
        speaks=language(sent.get("lang", "") if sent.get("lang") in LANGUAGES else known.enrolled.lang),
        style=Style(paper=Paper(size if size in PAPERS else Paper.LETTER.value), large="large" in sent),
        visit=VisitCode(visit) if visit else None,
        since=since,
    )


def _page(asked: Asked, known: Known, order: Order) -> str:
    """Return the paper as HTML. Raises Refused where there would be nothing on it."""
    if order.sheet == "binder":
        return binder_html(binder_of(asked.clinic, known), asked.speaks, order.style)
    plan = plan_of(asked.clinic, known)
    if order.sheet == "worksheets":
        if not worksheets(plan.staff):
            raise _nothing(words("there is no visit to write on"))
        return worksheets_html(plan.staff, asked.speaks, order.style, only=order.visit)
    if not has_packet(plan):
        raise _nothing(words("there are no papers for this participant any more"))
    if order.sheet == "changes":
        return _changes(asked, known, order)
    shown = {one.code for one in plan.participant.visits}
    if order.visit and order.visit not in shown:
        raise _nothing(words("{visit} has no page: it was missed or cancelled", visit=order.visit))
    return packet_html(plan.participant, order.speaks, order.style, only=order.visit)


def _nothing(wrong: str) -> Refused:
    return Refused([Problem(place="", wrong=wrong, remedy=words("print something else"))])


def _changes(asked: Asked, known: Known, order: Order) -> str:
    """Return the sheet of what changed since the end of a day. Raises Refused where nothing did."""
    zone = ZoneInfo(known.rules.site.time_zone)
    since = order.since or known.rules.today
    if since > known.rules.today:
        raise _nothing(words("{day} is in the future", day=since))
    end = datetime.combine(since, END_OF_DAY, zone).astimezone(UTC)
    before = state_of(one for one in asked.clinic.store.records(PARTICIPANTS + known.code) if one.at <= end)
    if before is None:
        raise _nothing(words("nobody was enrolled as {participant} on {day}", participant=known.code, day=since))
    comparison = compare(
        keep(_plan_then(asked, known, before, end), asked.speaks.code),
        keep(plan_of(asked.clinic, known), asked.speaks.code),
    )
    if not comparison.concerns_packet:
        raise _nothing(words("nothing has changed since {day} that papers tell", day=since))
    return changes_html(comparison, order.speaks, order.style)


def _plan_then(asked: Asked, known: Known, before: Participant, end: datetime) -> Plan:
    """Return the plan as it was at an instant."""
    rules = asked.clinic.book.rules(before.site, before.protocol_version, end)
    enrolled = known.since or end
    return make_record(before, rules, as_of=end, enrolled=enrolled.replace(microsecond=0))
