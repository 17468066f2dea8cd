"""What every page gets and gives back: who asks, for which clinic, in which language, and the page itself."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from importlib.metadata import version
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.urls import get_resolver, reverse

from clinic import clock
from clinic.access.models import Account
from clinic.access.roles import Right, Role, may
from clinic.commands.common import Clinic
from clinic.desk.rulebook import Rulebook
from clinic.desk.telling import say_role
from clinic.desk.work import Known
from clinic.served import served
from schedule.errors import Problem, UnknownName
from schedule.files.values import shorten
from schedule.render.language import Language, language
from schedule.render.pages import PLAIN, render_page
from schedule.saying import words

VERSION = version("dayzero")
SEEN = "seen"
TOUCH_SECONDS = 60
"""How often it is written down that somebody is still there."""
SIGNED_IN = "signed-in"
"""In the place of a system's account: this person has proved who they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of somebody who has signed in and may ask this."""

    request: HttpRequest
    clinic: Clinic
    account: Account

    @property
    def role(self) -> Role:
        """What they are here for."""
        return Role(self.account.role)

    @property
    def speaks(self) -> Language:
        """The language of their pages."""
        return self.clinic.speaks

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that they may see, in alphabetical order."""
        known = self.clinic.book.site_ids()
        if self.account.is_administrator:
            return known
        return tuple(one for one in known if one in self.account.own_sites)

    def may(self, right: Right) -> bool:
        """Tell whether they have the right."""
        return may(self.role, right)

    def site(self, id_: str) -> str:
        """Return a site's id. Raises UnknownName where it is not theirs, as where there is none."""
        if id_ not in self.sites:
            wrong = words("the clinic has no site {site}", site=shorten(id_))
            raise UnknownName([Problem(place=words("site"), wrong=wrong, remedy=words("choose one of the list"))])
        return id_

    def find(self, code: str) -> Known:
        """Return a participant of their sites. Raises UnknownName, in the same words for one of another site."""
        try:
            known = self.clinic.find(code)
        except UnknownName as error:
            raise _unknown(code) from error
        if known.enrolled.site not in self.sites:
            raise _unknown(code)
        return known

    def page(self, template: str, *, status: int = 200, **facts: object) -> HttpResponse:
        """Return a page; only its main part where htmx asks for it."""
        return render(self.request, template, self.speaks, status=status, asked=self, **facts)


def _unknown(code: str) -> UnknownName:
    """Return that there is nobody, without the names of those who are."""
    wrong = words("nobody is enrolled as {code}", code=shorten(code))
    remedy = words("look for the code in the list of participants")
    return UnknownName([Problem(place=words("participant"), wrong=wrong, remedy=remedy)])


View = Callable[..., HttpResponse]


def render(
    request: HttpRequest, template: str, speaks: Language, *, status: int = 200, **facts: object
) -> HttpResponse:
    """Return a page in a language; before anybody has signed in ``asked`` is not among its facts."""
    around: dict[str, object] = {
        "asked": None,
        "request": request,
        "csrf": get_token(request),
        "url": reverse,
        "has_page": _has_page,
        "Right": Right,
        "say_role": partial(say_role, speaks=speaks),
        "version": VERSION,
    }
    page = render_page("web", template, speaks, PLAIN, **around | facts)
    return HttpResponse(page, status=status)


def _has_page(name: str) -> bool:
    return name in get_resolver().reverse_dict


def language_of(request: HttpRequest) -> Language:
    """Return the language of a page before somebody has signed in: as asked, else the browser's."""
    asked = request.GET.get("lang", "")
    if asked in ("en", "es"):
        return language(asked)
    spoken = request.headers.get("Accept-Language", "").lower()
    first = spoken.split(",")[0].strip()
    return language("es" if first.startswith("es") else "en")


def guarded(view: View, read: Right, write: Right) -> View:
    """Let in who has signed in and has the right: to read, or to send a form."""

    @wraps(view)
    def let_in(request: HttpRequest, **path: Any) -> HttpResponse:
        account = cast("Account", request.user)
        if not account.is_authenticated:
            return _to_sign_in(request)
        now = clock.now()
        _touch(request, now.timestamp())
        asked = Asked(
            request=request,
            account=account,
            clinic=Clinic(
                store=served(),
                book=Rulebook(served()),
                now=now,
                actor=account.name,
                role=account.role,
                account=SIGNED_IN,
                speaks=language(account.lang),
                shown="page",
            ),
        )
        if not asked.may(write if request.method == "POST" else read):
            return asked.page("refused.html", status=403)
        return view(asked, **path)

    return let_in


def _touch(request: HttpRequest, now: float) -> None:
    """Write down that somebody is still there; a session that nobody touches ends by itself."""
    if now - request.session.get(SEEN, 0) > TOUCH_SECONDS:
        request.session[SEEN] = int(now)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send to the sign-in page, from where they come back; a form that was sent is told to be lost."""
    logout(request)
    back = request.get_full_path() if request.method == "GET" else request.path
    asked = {"next": back} if request.method == "GET" else {"next": back, "lost": "yes"}
    target = f"{reverse('sign-in')}?{urlencode(asked, safe='/')}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)
