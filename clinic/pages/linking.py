"""Links to calendars: a participant's, and those of sites and their pharmacies. A new address is shown one time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from clinic.desk.proposing import Proposal, record
from clinic.desk.typed import Mistyped, Typed
from clinic.feeds import links
from clinic.feeds.commands import BASE_URL, STATES, read_label, say_owner
from clinic.feeds.links import Drawn, Found, Owner, State, Whose
from clinic.feeds.subscribing import feed_address, is_of_this_machine, page_address
from clinic.pages.frame import Asked
from clinic.pages.remedies import say_on_page
from schedule.errors import Problem, Refused, UnknownName
from schedule.render.packet import qr_code
from schedule.saying import words

LANGUAGES = {"en": "English", "es": "Español"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A link in the list."""

    found: Found
    owner: str
    state: str
    works: bool
    can_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page with links."""

    title: str
    back: str
    owners: Mapping[str, Owner]
    """Whose links can be made here, by the value of the form."""
    found: Sequence[Found]
    lang: str
    """The language of most who get a link here."""
    here: str


def of_participant(asked: Asked, code: str) -> HttpResponse:
    """Show, make, replace and end the links of a participant."""
    known = asked.find(code)
    owner = Owner(whose=Whose.PARTICIPANT, name=known.code)
    return _answer(
        asked,
        Place(
            title=asked.speaks.say("Calendar links of {participant}", participant=known.code),
            back=reverse("participant", kwargs={"code": known.code}),
            owners={known.code: owner},
            found=links.links(asked.clinic.store, owner=owner),
            lang=known.enrolled.lang,
            here=reverse("participant-links", kwargs={"code": known.code}),
        ),
    )


def of_sites(asked: Asked) -> HttpResponse:
    """Show, make, replace and end the links of one's own sites and their pharmacies."""
    owners = [Owner(whose=whose, name=one) for one in asked.sites for whose in (Whose.SITE, Whose.PHARMACY)]
    found = [one for one in links.links(asked.clinic.store, of_sites=True) if one.site in asked.sites]
    return _answer(
        asked,
        Place(
            title=asked.speaks.say("Calendar links of sites and pharmacies"),
            back="",
            owners={f"{one.whose.value}/{one.name}": one for one in owners},
            found=found,
            lang=asked.speaks.code,
            here=reverse("links"),
        ),
    )


def _answer(asked: Asked, place: Place) -> HttpResponse:
    if asked.request.method != "POST":
        return _show(asked, place)
    try:
        return _change(asked, place)
    except Mistyped as error:
        said = [asked.speaks.say_again(one.wrong) for one in error.mistakes]
    except Refused as error:
        said = [say_on_page(one, asked.speaks) for one in error.problems]
    return _show(asked, place, problems=said, status=422)


def _show(asked: Asked, place: Place, *, problems: Sequence[str] = (), status: int = 200) -> HttpResponse:
    return asked.page(
        "links.html",
        status=status,
        place=place,
        rows=[_row(asked, one) for one in place.found],
        owners={value: say_owner(one, asked.speaks) for value, one in place.owners.items()},
        languages=LANGUAGES,
        problems=problems,
        typed=asked.request.POST,
        recorded=asked.request.GET.get("recorded", ""),
    )


def _row(asked: Asked, found: Found) -> Row:
    state = found.state(asked.clinic.today(found.site), links.zone_of(asked.clinic.book, found.site))
    return Row(
        found=found,
        owner=say_owner(found.owner, asked.speaks),
        state=asked.speaks.say(STATES[state]),
        works=state is State.WORKS,
        can_end=state in (State.WORKS, State.REPLACED),
    )


def _change(asked: Asked, place: Place) -> HttpResponse:
    """Do what was asked for. Raises Mistyped, Refused, UnknownName and StoreConflict."""
    sent = asked.request.POST
    step = sent.get("step", "")
    if step == "create":
        drawn, owner = _create(asked, place, sent)
        return _shown_once(asked, place, drawn, owner)
    found = _chosen(place, sent.get("id", ""))
    typed = Typed()
    reason = typed.text("--reason", sent.get("reason", ""))
    typed.check()
    book, now = asked.clinic.book, asked.clinic.now
    if step == "rotate":
        drawn = links.rotate(book, found, reason=reason, compromised="compromised" in sent, at=now)
        return _shown_once(asked, place, drawn, found.owner)
    seq = _record(asked, links.revoke(book, found, reason=reason, at=now))
    return HttpResponseRedirect(f"{place.here}?recorded={seq}")


def _create(asked: Asked, place: Place, sent: Mapping[str, str]) -> tuple[Drawn, Owner]:
    owner = place.owners.get(sent.get("owner", ""))
    if owner is None:
        raise _unknown()
    typed = Typed()
    label = read_label(typed, sent.get("label", "").strip())
    expires = typed.day("--expires", sent.get("expires") or None)
    if expires and expires < _today(asked, owner):
        typed.wrong("--expires", words("{day} is over; write a day to come", day=expires))
    typed.check()
    lang = sent.get("lang", "")
    drawn = links.create(
        asked.clinic.book, owner, label=label, lang=lang if lang in LANGUAGES else place.lang, expires=expires,
        at=asked.clinic.now,
    )  # fmt: skip
    return drawn, owner


def _today(asked: Asked, owner: Owner) -> date:
    site = asked.find(owner.name).enrolled.site if owner.whose is Whose.PARTICIPANT else owner.name
    return asked.clinic.today(site)


def _chosen(place: Place, id_: str) -> Found:
    """Return a link of this page. Raises UnknownName for any other, as for none."""
    for one in place.found:
        if one.link.hash == id_:
            return one
    raise _unknown()


def _unknown() -> UnknownName:
    remedy = words("choose one of the list")
    return UnknownName([Problem(place="", wrong=words("there is no such link here"), remedy=remedy)])


def _record(asked: Asked, proposal: Proposal) -> int:
    return record(asked.clinic.store, proposal, asked.clinic.sign(proposal.protocol_version))[0].group


def _shown_once(asked: Asked, place: Place, drawn: Drawn, owner: Owner) -> HttpResponse:
    """Record a new link, and show its address: it is kept nowhere."""
    seq = _record(asked, drawn.proposal)
    base = settings.DAYZERO_WEB.base_url
    feed = feed_address(base, drawn.token)
    address = page_address(base, drawn.token) if owner.whose is Whose.PARTICIPANT else feed
    meaning = asked.speaks.say("The address below, for the camera of a phone.")
    return asked.page(
        "new-link.html",
        place=place,
        seq=seq,
        owner=say_owner(owner, asked.speaks),
        is_participant=owner.whose is Whose.PARTICIPANT,
        address=address,
        base_url=BASE_URL if is_of_this_machine(base) else "",
        feed=feed,
        qr=qr_code(address, title=asked.speaks.say("Code to scan"), meaning=meaning),
    )
