"""``dayzero serve``: the clinic's pages and feeds."""

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from clinic.commands.common import db_option, staff_lang_option
from schedule.errors import Problem, StoreUnavailable
from schedule.render.language import Language, language
from schedule.saying import words

T = TypeVar("T")

HEADERS_WITHIN_MS = 10_000
"""Who has not said what they want by then is hung up on."""
APPLICATION = "clinic.server.wsgi:make_application"


@click.command(epilog="\b\nExamples:\n  dayzero serve\n  dayzero serve --db postgresql://dayzero@localhost/clinic"
                      " --bind 127.0.0.1:8000\n")  # fmt: skip
@db_option
@click.option("--bind", metavar="HOST:PORT", help="Where to listen. Default: $DAYZERO_BIND, or 127.0.0.1:8000.")
@click.option("--check", is_flag=True, help="Look at the settings as Django's deployment check does, and end.")
@staff_lang_option
def serve(*, db: str | None, bind: str | None, check: bool, staff_lang: str) -> None:
    """Serve the clinic's pages, and the calendars that phones subscribe to.

    Where there is no store yet, one is made. For a clinic, docs/deploy.md says how.
    """
    from clinic.memory.settings import VARIABLE, address_of
    from clinic.server.listening import listening_address
    from clinic.server.settings import BIND, read_web

    speaks = language(staff_lang)
    _check_parts()
    web = read_web(os.environ, bind)
    address = address_of(db)
    os.environ[VARIABLE] = db or os.environ.get(VARIABLE) or str(address.file)
    os.environ[BIND] = f"{web.host}:{web.port}"
    if check:
        _tell_findings(_in_a_process_of_its_own(findings), speaks)
        return
    host = listening_address(web.host, web.port)
    made, invited = _in_a_process_of_its_own(prepare)
    if made:
        click.echo(speaks.say("made {store}", store=address.shown))
    start = f"{web.base_url}/"
    click.echo(speaks.say("dayzero answers at {address}", address=start))
    if invited:
        link = f"{web.base_url}/welcome/{invited}"
        click.echo(speaks.say("The first administrator begins here, once, within 24 hours: {link}", link=link))
    run(host, web.port, web.workers)


def _check_parts() -> None:
    """Raise StoreUnavailable where a part of the server is not installed."""
    from importlib.util import find_spec

    if missing := [name for name in ("django", "granian", "axes", "argon2", "whitenoise") if not find_spec(name)]:
        wrong = words("the server needs {parts}", parts=", ".join(missing))
        remedy = words("install it with: pip install 'dayzero[clinic]'")
        raise StoreUnavailable([Problem(place="", wrong=wrong, remedy=remedy)])


def _in_a_process_of_its_own(work: Callable[[], T]) -> T:
    """Do the work elsewhere: the server's processes are copies of this one, and set Django up for themselves."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work).result()


def _tell_findings(found: list[str], speaks: Language) -> None:
    for one in found:
        click.echo(one)
    if found:
        sys.exit(1)
    click.echo(speaks.say("good: the deployment check finds nothing"))


def findings() -> list[str]:
    """Return what Django's deployment check says of the settings; nothing is served or changed."""
    from clinic.memory.settings import address_of, configure
    from clinic.server.settings import KEY_BYTES, read_web, site_settings

    address, web = address_of(None), read_web(os.environ)
    configure(address, **site_settings(web, address, secrets.token_urlsafe(KEY_BYTES)))
    from django.core.checks import run_checks

    return [f"{one.id}: {one.msg}" for one in run_checks(include_deployment_checks=True)]


def prepare() -> tuple[bool, str]:
    """Make what is not there: the store, if it is a file, and the tables of accounts.

    Returns whether the store was made, and the token of a new one-time link where there is no administrator.
    """
    from clinic import clock
    from clinic.memory.settings import address_of, configure
    from clinic.memory.store import open_store
    from clinic.server.settings import APPS, read_web, secret_key, site_settings

    address, web = address_of(None), read_web(os.environ)
    configure(address, **site_settings(web, address, secret_key(web, address)))
    from clinic.access import accounts
    from clinic.memory.making import make

    new = address.file is not None and not address.file.is_file()
    if new:
        from clinic.commands.keeping import PROTOCOL, make_clinic
        from schedule.files.protocol import find_protocol

        make_clinic(None, find_protocol(PROTOCOL), [], actor=None)
    make(address, apps=APPS)
    open_store().close()
    return new, accounts.invite(None, clock.now()) if accounts.needs_administrator() else ""


def run(host: str, port: int, workers: int, *, target: str = APPLICATION) -> None:
    """Answer until somebody stops it."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    Granian(
        target,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        log_level=LogLevels.error,
        workers=workers,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_WITHIN_MS),
        websockets=False,
        working_dir=Path.cwd(),
    ).serve()
