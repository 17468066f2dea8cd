"""Signing in and out, the first administrator, and one's own password and language."""

from typing import Any

from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from clinic import clock
from clinic.access import accounts
from clinic.access.models import Account
from clinic.access.roles import Role
from clinic.commands.common import Clinic
from clinic.desk.rulebook import Rulebook
from clinic.pages.frame import SIGNED_IN, Asked, language_of, render
from clinic.pages.trouble import sentences
from clinic.served import served
from schedule.errors import Problem, Refused
from schedule.render.language import Language, language
from schedule.saying import words


def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for name and password; the same words, after the same time, for any that do not fit.

    What could not be a name is not looked up and not kept: it may be a password in the wrong place.
    """
    speaks = language_of(request)
    wrong = ""
    if request.method == "POST":
        name, password = request.POST.get("name", "").strip().lower(), request.POST.get("password", "")
        could_be = accounts.NAME.fullmatch(name) is not None
        account = authenticate(request, username=name if could_be else "", password=password)
        if account is not None:
            _begin(request, account)
            return HttpResponseRedirect(_next(request))
        wrong = speaks.say("The name or the password is wrong.")
    facts = {
        "wrong": wrong,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "lost": "lost" in request.GET,
    }
    return render(request, "sign-in.html", speaks, status=401 if wrong else 200, **facts)


def _begin(request: HttpRequest, account: Any) -> None:
    """Sign somebody in with a session of its own: nothing of one that was there before goes on."""
    request.session.flush()
    login(request, account, backend="django.contrib.auth.backends.ModelBackend")


def _next(request: HttpRequest) -> str:
    target: str = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if ours and target.startswith("/") else str(reverse("home"))


def locked_out(request: HttpRequest, *_: object, **__: object) -> HttpResponse:
    """Say that there were too many wrong passwords."""
    speaks = language_of(request)
    said = speaks.say("Too many wrong passwords. Wait a quarter of an hour, then try again.")
    return render(request, "sign-in.html", speaks, status=429, wrong=said, next="", lost=False)


def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; only a form can ask for it."""
    if request.method == "POST":
        logout(request)
    return HttpResponseRedirect(reverse("sign-in"))


def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Use a one-time link: choose a password, and for the first administrator a name."""
    now = clock.now()
    invitation = accounts.invitation_of(token, now)
    speaks = language_of(request)
    if invitation is None:
        said = speaks.say("This link was used already, has expired, or was replaced. Ask for a new one.")
        return render(request, "trouble.html", speaks, status=404, title=speaks.say("No such link"), said=[said])
    facts: dict[str, Any] = {"account": invitation.account, "problems": (), "typed": "", "token": token}
    if request.method == "POST":
        facts["typed"] = request.POST.get("name", "").strip().lower()
        try:
            account = _accept(request, invitation, facts["typed"], speaks.code)
        except Refused as error:
            return render(request, "welcome.html", speaks, status=422, **facts | {"problems": _told(error, speaks)})
        _begin(request, account)
        return HttpResponseRedirect(reverse("home"))
    return render(request, "welcome.html", speaks, **facts)


def _told(error: Refused, speaks: Language) -> list[str]:
    """Say what is wrong by the labels of the fields."""
    labels = {
        "name": speaks.say("Sign-in name"),
        "password": speaks.say("Password"),
        "again": speaks.say("The same password again"),
        "old": speaks.say("The password you have now"),
    }
    return sentences(error, speaks, labels)


def _accept(request: HttpRequest, invitation: Any, name: str, lang: str) -> Account:
    password = _new_password(request)
    account: Account | None = invitation.account
    with transaction.atomic():
        accounts.use_up(invitation)
        if account is None:
            accounts.check_password(password, name)
            by = _signature(name, Role.ADMINISTRATOR)
            account = accounts.add(served(), name=name, role=Role.ADMINISTRATOR, sites=(), lang=lang, signature=by)
        accounts.set_password(served(), account, password, _signature(account.name, Role(account.role)))
    return account


def _new_password(request: HttpRequest) -> str:
    password: str = request.POST.get("password", "")
    if password != request.POST.get("again", ""):
        wrong = words("the two passwords differ")
        raise Refused([Problem(place="again", wrong=wrong, remedy=words("type the same one twice"))])
    return password


def _signature(name: str, role: Role) -> Any:
    store = served()
    book = Rulebook(store)
    clinic = Clinic(
        store=store, book=book, now=clock.now(), actor=name, role=role.value, account=SIGNED_IN,
        speaks=language("en"), shown="page",
    )  # fmt: skip
    return clinic.sign(book.newest_version())


def _check_old(asked: Asked, password: str) -> None:
    if not asked.account.check_password(password):
        wrong = words("it is not your password")
        raise Refused([Problem(place="old", wrong=wrong, remedy=words("type the one you have now"))])


def own_account(asked: Asked) -> HttpResponse:
    """Change one's own password or language."""
    request = asked.request
    facts: dict[str, Any] = {"problems": (), "done": ""}
    if request.method != "POST":
        return asked.page("account.html", **facts)
    if (lang := request.POST.get("lang", "")) in ("en", "es"):
        asked.account.lang = lang
        asked.account.save(update_fields=["lang"])
        return HttpResponseRedirect(reverse("own-account"))
    try:
        _check_old(asked, request.POST.get("old", ""))
        version = asked.clinic.book.newest_version()
        accounts.set_password(served(), asked.account, _new_password(request), asked.clinic.sign(version))
    except Refused as error:
        return asked.page("account.html", status=422, **facts | {"problems": _told(error, asked.speaks)})
    update_session_auth_hash(request, asked.account)
    return asked.page("account.html", **facts | {"done": asked.speaks.say("Your password was changed.")})
