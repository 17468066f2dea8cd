"""``dayzero sign-in-link``: for who is locked out, and has nobody to ask but this machine."""

import os

import click

from clinic.commands.common import actor_option, db_option, open_clinic, staff_lang_option
from schedule.errors import Problem, UnknownName
from schedule.files.values import shorten
from schedule.saying import words


@click.command("sign-in-link", epilog="\b\nExample:\n  dayzero sign-in-link jd\n")
@click.argument("name", metavar="NAME")
@db_option
@actor_option
@staff_lang_option
def sign_in_link(*, name: str, db: str | None, actor: str | None, staff_lang: str) -> None:
    """Print a one-time link with which NAME chooses a new password; it is recorded.

    For an administrator who has forgotten theirs; all others ask an administrator.
    """
    from clinic.memory.making import make
    from clinic.memory.settings import address_of, configure
    from clinic.memory.store import open_store
    from clinic.server.settings import APPS, read_web, secret_key, site_settings

    address, web = address_of(db), read_web(os.environ)
    configure(address, **site_settings(web, address, secret_key(web, address)))
    from clinic.access import accounts
    from clinic.access.models import Account

    store = open_store(db)
    make(address, apps=APPS)
    with open_clinic(store, actor, staff_lang) as clinic:
        account = Account.objects.filter(name=name).first()
        if account is None:
            wrong = words("nobody signs in as {name}", name=shorten(name))
            remedy = words("write the name with which they sign in")
            raise UnknownName([Problem(place="NAME", wrong=wrong, remedy=remedy)])
        token = accounts.give_link(clinic.store, account, clinic.sign(clinic.book.newest_version()))
        link = f"{web.base_url}/welcome/{token}"
        click.echo(
            clinic.speaks.say("The one-time link of {account}, for 24 hours: {link}", account=account.name, link=link)
        )
