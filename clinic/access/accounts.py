"""Making and changing accounts. Each change is a record of the chain; passwords and links are not in it."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from clinic.access.models import Account, Invitation
from clinic.access.roles import Role
from clinic.memory.records import Batch, Entry, Signature
from clinic.memory.store import Store
from schedule.errors import Problem, Refused
from schedule.saying import Said, words

SUBJECT = "account/"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}", re.ASCII)
VALID = timedelta(hours=24)
"""How long a one-time link waits to be used."""


def new_token() -> str:
    """Return the secret of a one-time link."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def needs_administrator() -> bool:
    """Tell whether nobody could keep the accounts: who has not chosen a password yet may never do so."""
    known = Account.objects.filter(role=Role.ADMINISTRATOR.value, is_active=True)
    return not known.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exists()


def records_of(store: Store, name: str) -> int:
    """Return how many records an account has: who changes it says how many they have seen."""
    return store.count(f"{SUBJECT}{name}")


def invite(account: Account | None, now: datetime) -> str:
    """Return the token of a new one-time link, and forget older ones of the same account."""
    token = new_token()
    with transaction.atomic():
        Invitation.objects.filter(account=account).delete()
        Invitation.objects.create(hash=hash_of(token), account=account, expires=now + VALID)
    return token


def invitation_of(token: str, now: datetime) -> Invitation | None:
    """Return what a one-time link is for; nothing where it was used, replaced, has expired, or never was one."""
    found: Invitation | None = Invitation.objects.filter(hash=hash_of(token), expires__gt=now).first()
    return found


def use_up(invitation: Invitation) -> None:
    """Take a one-time link out of use. Raises Refused where somebody has used it at the same time."""
    if not Invitation.objects.filter(pk=invitation.pk).delete()[0]:
        wrong, remedy = words("this link was used at the same time"), words("sign in, or ask for a new link")
        raise Refused([Problem(place="", wrong=wrong, remedy=remedy)])


def check_name(name: str) -> None:
    """Raise Refused for a name that cannot be signed in with, or that somebody has."""
    if not NAME.fullmatch(name):
        wrong = words("it cannot be a sign-in name")
        remedy = words(
            "write initials or a role in small letters, such as jd or coordinator2: never a participant's name"
        )
        raise Refused([Problem(place="name", wrong=wrong, remedy=remedy)])
    if Account.objects.filter(name=name).exists():
        raise Refused(
            [Problem(place="name", wrong=words("{name} is taken", name=name), remedy=words("choose another one"))]
        )


def check_password(password: str, name: str) -> None:
    """Raise Refused, with all that is wrong, for a password that could be guessed."""
    try:
        validate_password(password, Account(name=name))
    except ValidationError as error:
        codes = {one.code for one in error.error_list}
        raise Refused(Problem(place="password", wrong=wrong, remedy=_LONGER) for wrong in _wrong(codes)) from error


_LONGER = words("choose four or five words that nobody would guess")


def _wrong(codes: set[str | None]) -> Sequence[Said]:
    said = {
        "password_too_short": words("it has fewer than 12 characters"),
        "password_too_common": words("many people use it"),
        "password_too_similar": words("it is too much like the sign-in name"),
    }
    return [said.get(str(code), words("it can be guessed")) for code in sorted(map(str, codes))]


def add(store: Store, *, name: str, role: Role, sites: Sequence[str], lang: str, signature: Signature) -> Account:
    """Make an account without a password; its one-time link sets one. Raises Refused."""
    check_name(name)
    account = Account(
        name=name, role=role.value, sites=",".join(sorted(sites)), lang=lang, created=signature.at, is_active=True
    )
    account.set_unusable_password()
    body = {"role": role.value, "lang": lang} | ({"sites": ",".join(sorted(sites))} if sites else {})
    with store.locked():
        _record(store, name, Entry(kind="account_created", version=1, body=body), signature)
        account.save(force_insert=True)
    return account


def change(
    store: Store, account: Account, *, role: Role, sites: Sequence[str], seen: int, reason: str, signature: Signature
) -> None:
    """Change what somebody is here for, and where.

    Raises Refused where nobody could keep the accounts after it, and StoreConflict where the account was changed
    after so many records were ``seen`` of it.
    """
    new = {"role": role.value, "sites": ",".join(sorted(sites))}
    changed = [name for name in new if getattr(account, name) != new[name]]
    if not changed:
        raise Refused(
            [Problem(place=account.name, wrong=words("that is what it is now"), remedy=words("nothing to do"))]
        )
    body = {f"old_{name}": getattr(account, name) for name in changed} | {f"new_{name}": new[name] for name in changed}
    entry = Entry(kind="account_changed", version=1, body=body, reason=reason)
    with store.locked():
        Account.objects.filter(pk=account.pk).update(**new)
        _check_kept(account)
        _record(store, account.name, entry, signature, seen=seen)


def close(store: Store, account: Account, *, seen: int, reason: str, signature: Signature) -> None:
    """End an account with all its sessions and links; its password is forgotten.

    Raises Refused where nobody could keep the accounts after it, and StoreConflict.
    """
    with store.locked():
        Account.objects.filter(pk=account.pk).update(is_active=False, password=make_password(None))
        Invitation.objects.filter(account=account).delete()
        _check_kept(account)
        entry = Entry(kind="account_closed", version=1, body={}, reason=reason)
        _record(store, account.name, entry, signature, seen=seen)


def reopen(store: Store, account: Account, *, seen: int, reason: str, signature: Signature) -> None:
    """Open a closed account again; it waits for a one-time link. Raises StoreConflict."""
    with store.locked():
        Account.objects.filter(pk=account.pk).update(is_active=True)
        entry = Entry(kind="account_reopened", version=1, body={}, reason=reason)
        _record(store, account.name, entry, signature, seen=seen)


def give_link(store: Store, account: Account, signature: Signature) -> str:
    """Return the token of a new one-time link with which somebody chooses a password. Raises Refused.

    The password that they have goes on until then.
    """
    with store.locked():
        if not Account.objects.filter(pk=account.pk, is_active=True).exists():
            raise Refused(
                [Problem(place=account.name, wrong=words("the account is closed"), remedy=words("open it again first"))]
            )
        _record(store, account.name, Entry(kind="sign_in_link_given", version=1, body={}), signature)
        return invite(account, signature.at)


def _check_kept(account: Account) -> None:
    if needs_administrator():
        wrong, remedy = words("nobody could keep the accounts any more"), words("make another administrator first")
        raise Refused([Problem(place=account.name, wrong=wrong, remedy=remedy)])


def set_password(store: Store, account: Account, password: str, signature: Signature) -> None:
    """Give the account a password, and forget its one-time links. Raises Refused."""
    check_password(password, account.name)
    account.set_password(password)
    with store.locked():
        account.save(update_fields=["password"])
        Invitation.objects.filter(account=account).delete()
        _record(store, account.name, Entry(kind="password_set", version=1, body={}), signature)


def _record(store: Store, name: str, entry: Entry, signature: Signature, *, seen: int | None = None) -> None:
    expected = records_of(store, name) if seen is None else seen
    store.append([Batch(subject=f"{SUBJECT}{name}", expected=expected, entries=(entry,))], signature)
