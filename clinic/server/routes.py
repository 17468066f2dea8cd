"""Every address, and the right that it needs: to read, and to send a form."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from clinic.access.roles import Right
from clinic.feeds.misses import MOST, Misses
from clinic.feeds.views import Door
from clinic.pages import (
    accounts,
    acting,
    agenda,
    auditing,
    enrolling,
    history,
    home,
    infusions,
    linking,
    month,
    participant,
    participants,
    printing,
    reporting,
    signing_in,
    sites,
    telling,
    trouble,
)
from clinic.pages.frame import View, guarded
from clinic.served import served
from clinic.server.middleware import address_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An address that only those may ask for who have a right."""

    path: str
    name: str
    view: View
    read: Right
    write: Right


def _route(path: str, name: str, view: View, read: Right, write: Right | None = None) -> Route:
    return Route(path=path, name=name, view=view, read=read, write=write or read)


ROUTES = (
    _route("", "home", home.home, Right.SELF),
    _route("account", "own-account", signing_in.own_account, Right.SELF),
    _route("enroll", "enroll", enrolling.enroll, Right.CHANGE),
    _route("participants/<str:code>", "participant", participant.show, Right.VIEW),
    _route("participants/<str:code>/history", "history", history.show, Right.VIEW),
    _route("participants/<str:code>/print", "print", printing.choose, Right.VIEW),
    _route("participants/<str:code>/paper", "paper", printing.paper, Right.VIEW),
    _route("participants/<str:code>/links", "participant-links", linking.of_participant, Right.LINK),
    _route("links", "links", linking.of_sites, Right.LINK),
    _route("participants/<str:code>/<str:action>", "act", acting.of_participant, Right.CHANGE),
    _route("participants/<str:code>/visits/<str:visit>/<str:action>", "act-visit", acting.of_visit, Right.CHANGE),
    _route("accounts", "accounts", accounts.all_accounts, Right.ACCOUNTS),
    _route("accounts/<str:account>", "one-account", accounts.one_account, Right.ACCOUNTS),
    _route("today", "today", agenda.today, Right.VIEW),
    _route("week", "week", agenda.week, Right.VIEW),
    _route("month", "month", month.month, Right.VIEW),
    _route("participants", "participants", participants.participants, Right.VIEW),
    _route("tell/<str:code>", "tell", telling.tell, Right.VIEW, Right.CHANGE),
    _route("infusions", "infusions", infusions.infusions, Right.INFUSIONS),
    _route("infusions/<str:code>", "acknowledge", telling.acknowledge, Right.INFUSIONS, Right.ACKNOWLEDGE),
    _route("reports", "reports", reporting.lists, Right.VIEW),
    _route("reports/offline/<str:site>", "offline-sheet", reporting.offline, Right.VIEW),
    _route("sites", "sites", sites.sites, Right.VIEW, Right.STUDY),
    _route("sites/<str:site>", "site", sites.site, Right.VIEW, Right.CHANGE),
    _route("audit", "audit", auditing.audit, Right.AUDIT),
)

door = Door(
    store=served,
    address=address_of,
    base=settings.DAYZERO_WEB.base_url,
    misses=Misses(max(1, MOST // settings.DAYZERO_WEB.workers)),
)
"""What a link opens. Each process counts for itself, so each answers its share of tries."""

OPEN = (
    path("sign-in", signing_in.sign_in, name="sign-in"),
    path("sign-out", signing_in.sign_out, name="sign-out"),
    path("welcome/<str:token>", signing_in.welcome, name="welcome"),
    path("f/<str:token>.ics", csrf_exempt(door.feed), name="feed"),
    path("s/<str:token>", csrf_exempt(door.page), name="subscribe"),
)
"""What anybody may ask for."""

urlpatterns = [
    *OPEN,
    *(path(one.path, guarded(trouble.telling(one.view), one.read, one.write), name=one.name) for one in ROUTES),
]
handler400 = "clinic.pages.trouble.bad_request"
handler403 = "clinic.pages.trouble.no_csrf"
handler404 = "clinic.pages.trouble.not_found"
handler500 = "clinic.pages.trouble.bug"
