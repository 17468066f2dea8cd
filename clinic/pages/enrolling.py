"""Beginning a participant's record."""

from collections.abc import Mapping
from datetime import date
from typing import cast

from django.http import HttpResponse
from django.urls import reverse

from clinic.access.roles import Right
from clinic.desk.proposing import Proposal, find_or_add_site, propose_enrollment
from clinic.desk.typed import Typed, read_enrolled
from clinic.pages.actions import ANSWERED, LANGUAGES, YES_NO, Field, Shape
from clinic.pages.forms import Asking, Filled, answer
from clinic.pages.frame import Asked
from schedule.files.site import site_names
from schedule.participant import commands as ask
from schedule.participant.state import ParticipantId
from schedule.render.language import N_
from schedule.saying import words

CODE = Field(name="participant", label=N_("Participant's code"), shape=Shape.LINE, required=True, place="PARTICIPANT",
             hint=N_("Such as P-001: a code, never a name."))  # fmt: skip
RANDOMIZED = Field(name="randomized", label=N_("Day of randomization"), shape=Shape.DAY, required=True,
                   place="--randomized")  # fmt: skip
STEROIDS = Field(name="steroids", label=N_("On steroids"), shape=Shape.ONE, required=True, place="--steroids",
                 choices=YES_NO)  # fmt: skip
DAY0 = Field(name="day0", label=N_("Day of the first infusion"), shape=Shape.DAY, place="--day0",
             hint=N_("Only where it was given already."))  # fmt: skip
LANG = Field(name="lang", label=N_("Language of the papers"), shape=Shape.ONE, required=True, place="--lang",
             choices=tuple(LANGUAGES.items()))  # fmt: skip


def enroll(asked: Asked) -> HttpResponse:
    """Show and answer the form that enrolls somebody."""
    sites = _sites(asked)
    chosen = asked.request.GET.get("site", "")
    site = Field(name="site", label=N_("Site"), shape=Shape.ONE, required=True, place="--site", choices=sites)
    known = dict(sites)
    empty = Filled(
        title=asked.speaks.say("Enroll a participant"),
        about="",
        back=reverse("home"),
        fields=(CODE, site, RANDOMIZED, STEROIDS, DAY0, LANG, ANSWERED),
        values={"site": chosen if chosen in known else sites[0][0] if len(sites) == 1 else "", "lang": "en"},
        seen=0,
    )
    code = asked.request.POST.get("participant", "").strip()

    def make(sent: Mapping[str, str]) -> Proposal:
        return _propose(asked, sent, known)

    def then() -> str:
        return str(reverse("participant", kwargs={"code": code}))

    return answer(asked, Asking(empty=empty, propose=make, since=lambda _: (), then=then))


def _sites(asked: Asked) -> tuple[tuple[str, str], ...]:
    """Return the sites at which they may enroll; who keeps the study also adds an example."""
    known: list[tuple[str, str]] = [(id_, asked.clinic.book.site(id_).site.name) for id_ in asked.sites]
    if asked.may(Right.STUDY):
        example = asked.speaks.say("example site")
        known += [(one, f"{one} ({example})") for one in site_names() if not asked.clinic.book.knows_site(one)]
    return tuple(known)


def _propose(asked: Asked, sent: Mapping[str, str], sites: Mapping[str, str]) -> Proposal:
    """Return what the form would record. Raises Mistyped, Refused, and UnknownName for a site that is not theirs."""
    typed = Typed()
    code = typed.read("participant", sent["participant"].strip(), read_enrolled)
    randomized = typed.day("randomized", sent["randomized"])
    day0 = typed.day("day0", sent["day0"] or None)
    deviation = typed.if_said("deviation", sent["deviation"].strip())
    if not sent["site"]:
        typed.wrong("site", words("choose one"))
    typed.check()
    if sent["site"] not in sites:
        asked.site(sent["site"])
    site, before = find_or_add_site(asked.clinic.book, sent["site"], asked.clinic.now)
    command = ask.Enroll(
        participant=cast("ParticipantId", code),
        randomized=cast("date", randomized),
        steroids={"yes": True, "no": False}.get(sent["steroids"]),
        lang=sent["lang"] if sent["lang"] in LANGUAGES else "en",
        day0=day0,
        deviation=deviation,
    )
    return propose_enrollment(asked.clinic.book, command, site, asked.clinic.now, before, speaks=asked.speaks)
