"""Accounts: who may sign in, as what and where. Only administrators come here."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from clinic.access import accounts
from clinic.access.models import Account
from clinic.access.roles import Role
from clinic.desk.typed import Mistyped, Typed
from clinic.memory.records import Signature
from clinic.pages.frame import Asked
from clinic.pages.trouble import sentences
from schedule.errors import Problem, Refused, ScheduleError, StoreConflict, UnknownName
from schedule.files.values import shorten
from schedule.render.language import Language
from schedule.saying import words


def all_accounts(asked: Asked) -> HttpResponse:
    """List the accounts, and make one."""
    if asked.request.method != "POST":
        return _list(asked)
    try:
        made = _make(asked)
    except Refused as error:
        return _list(asked, status=422, problems=_told(error, asked.speaks), typed=asked.request.POST)
    return _show_link(asked, made)


def one_account(asked: Asked, account: str) -> HttpResponse:
    """Show an account; change it, give a new one-time link, close it or open it again."""
    found = Account.objects.filter(name=account).first()
    if found is None:
        wrong = words("nobody signs in as {name}", name=shorten(account))
        raise UnknownName([Problem(place=words("account"), wrong=wrong, remedy=words("choose one of the list"))])
    if asked.request.method != "POST":
        return _one(asked, found)
    form = asked.request.POST
    try:
        if form.get("do") == "link":
            return _show_link(asked, found)
        _carry_out(asked, found)
    except (Mistyped, Refused, StoreConflict) as error:
        status = 409 if isinstance(error, StoreConflict) else 422
        return _one(asked, found, status=status, problems=_told(error, asked.speaks), typed=form)
    return HttpResponseRedirect(f"{reverse('accounts')}?changed={found.name}")


def _told(error: ScheduleError | Mistyped, speaks: Language) -> list[str]:
    labels = {
        "name": speaks.say("Sign-in name"),
        "role": speaks.say("Role"),
        "sites": speaks.say("Sites"),
        "reason": speaks.say("Reason"),
    }
    return sentences(error, speaks, labels)


def _list(asked: Asked, *, status: int = 200, problems: Sequence[str] = (), typed: Any = None) -> HttpResponse:
    known = list(Account.objects.order_by("name"))
    changed = asked.request.GET.get("changed", "")
    return asked.page(
        "accounts.html",
        status=status,
        accounts=known,
        changed=changed if any(one.name == changed for one in known) else "",
        problems=problems,
        typed=typed or {},
        ticked=typed.getlist("site") if typed else (),
        roles=roles(asked.speaks),
    )


def _one(
    asked: Asked, found: Account, *, status: int = 200, problems: Sequence[str] = (), typed: Any = None
) -> HttpResponse:
    return asked.page(
        "one-account.html",
        status=status,
        account=found,
        seen=accounts.records_of(asked.clinic.store, found.name),
        problems=problems,
        typed=typed or {},
        role=typed["role"] if typed and "role" in typed else found.role,
        ticked=typed.getlist("site") if typed and "role" in typed else found.own_sites,
        roles=roles(asked.speaks),
    )


def roles(speaks: Language) -> dict[str, tuple[str, str]]:
    """Return the roles: what they are called, and what they may do."""
    say = speaks.say
    return {
        "coordinator": (say("Coordinator"), say("records what happens at their sites, prints, gives links")),
        "monitor": (say("Monitor"), say("reads everything of their sites, changes nothing")),
        "pharmacy": (say("Pharmacy"), say("sees the days of infusions, and acknowledges changes; no more")),
        "administrator": (say("Administrator"), say("all sites; also accounts, new sites and the protocol")),
    }


def _make(asked: Asked) -> Account:
    form = asked.request.POST
    name, lang = form.get("name", "").strip().lower(), form.get("lang", "")
    try:
        role, sites = _read_role(asked)
    except Refused as error:
        raise Refused([*_wrong_with(name), *error.problems]) from error
    return accounts.add(
        asked.clinic.store,
        name=name,
        role=role,
        sites=sites,
        lang=lang if lang in ("en", "es") else "en",
        signature=_sign(asked),
    )


def _wrong_with(name: str) -> tuple[Problem, ...]:
    try:
        accounts.check_name(name)
    except Refused as error:
        return error.problems
    return ()


def _read_role(asked: Asked) -> tuple[Role, tuple[str, ...]]:
    form = asked.request.POST
    try:
        role = Role(form.get("role", ""))
    except ValueError as error:
        problem = Problem(place="role", wrong=words("no role was chosen"), remedy=words("choose one"))
        raise Refused([problem]) from error
    if role is Role.ADMINISTRATOR:
        return role, ()
    sites = tuple(asked.site(one) for one in form.getlist("site"))
    if not sites:
        remedy = words("choose at least one") if asked.sites else words("add a site to the clinic first")
        raise Refused([Problem(place="sites", wrong=words("no site was chosen"), remedy=remedy)])
    return role, sites


def _carry_out(asked: Asked, found: Account) -> None:
    form, store = asked.request.POST, asked.clinic.store
    typed = Typed()
    reason = typed.text("reason", form.get("reason", ""))
    typed.check()
    common: dict[str, Any] = {"seen": _read_seen(form.get("seen", "")), "reason": reason, "signature": _sign(asked)}
    match form.get("do"):
        case "change":
            role, sites = _read_role(asked)
            accounts.change(store, found, role=role, sites=sites, **common)
        case "close":
            accounts.close(store, found, **common)
        case "reopen":
            accounts.reopen(store, found, **common)
        case _:
            wrong, remedy = words("nothing was chosen"), words("press one of the buttons")
            raise Refused([Problem(place="", wrong=wrong, remedy=remedy)])


def _read_seen(text: str) -> int:
    """Return how many records of the account stood behind the form; none where somebody has changed the form."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _sign(asked: Asked) -> Signature:
    return asked.clinic.sign(asked.clinic.book.newest_version())


def _show_link(asked: Asked, account: Account) -> HttpResponse:
    """Show a new one-time link, this once."""
    token = accounts.give_link(asked.clinic.store, account, _sign(asked))
    link = settings.DAYZERO_WEB.base_url + reverse("welcome", kwargs={"token": token})
    return asked.page("one-time-link.html", account=account, link=link)
