"""``dayzero serve``: the clinic's pages and feeds."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from clinic.desk import db_option, staff_lang_option
from schedule.errors import Problem, StoreUnavailable
from schedule.render.language import language
from schedule.saying import words

HEADERS_WITHIN_MS = 10_000
"""Who has not said what they want by then is hung up on."""
APPLICATION = "clinic.server.wsgi:make_application"
THREADS = 8
IDLE_SECONDS = 600
"""As long as granian lets a thread live that nobody needs: each has a connection to the database."""


@click.command(epilog="\b\nExamples:\n  dayzero serve\n  dayzero serve --db postgresql://dayzero@localhost/clinic"
                      " --bind 127.0.0.1:8000\n")  # fmt: skip
@db_option
@click.option("--bind", metavar="HOST:PORT", help="Where to listen. Default: $DAYZERO_BIND, or 127.0.0.1:8000.")
@staff_lang_option
def serve(*, db: str | None, bind: str | None, staff_lang: str) -> None:
    """Serve the clinic's pages, and the calendars that phones subscribe to.

    Where there is no store yet, one is made. For a clinic, docs/deploy.md says how.
    """
    from clinic.server.settings import BIND, read_web
    from clinic.settings import VARIABLE, address_of

    speaks = language(staff_lang)
    _check_parts()
    web = read_web(os.environ, bind)
    address = address_of(db)
    os.environ[VARIABLE] = db or os.environ.get(VARIABLE) or str(address.file)
    os.environ[BIND] = f"{web.host}:{web.port}"
    made, invited = _in_a_process_of_its_own(prepare)
    if made:
        click.echo(speaks.say("made {store}", store=address.shown))
    start = f"{web.base_url}/"
    click.echo(speaks.say("dayzero answers at {address}", address=start))
    if invited:
        link = f"{web.base_url}/welcome/{invited}"
        click.echo(speaks.say("The first administrator begins here, once, within 24 hours: {link}", link=link))
    run(web.host, web.port, web.workers)


def _check_parts() -> None:
    """Raise StoreUnavailable where a part of the server is not installed."""
    from importlib.util import find_spec

    if missing := [name for name in ("django", "granian", "axes", "argon2", "whitenoise") if not find_spec(name)]:
        wrong = words("the server needs {parts}", parts=", ".join(missing))
        remedy = words("install it with: pip install 'dayzero[clinic]'")
        raise StoreUnavailable([Problem(place="", wrong=wrong, remedy=remedy)])


def _in_a_process_of_its_own(work: Callable[[], tuple[bool, str]]) -> tuple[bool, str]:
    """Do the work elsewhere: the server's processes are copies of this one, and set Django up for themselves."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work).result()


def prepare() -> tuple[bool, str]:
    """Make what is not there: the store, if it is a file, and the tables of accounts.

    Returns whether the store was made, and the token of a new one-time link where there is no administrator.
    """
    from clinic import clock
    from clinic.server.settings import APPS, read_web, secret_key, site_settings
    from clinic.settings import address_of, configure
    from clinic.store import open_store

    address, web = address_of(None), read_web(os.environ)
    configure(address, **site_settings(web, address, secret_key(web, address)))
    from clinic.access import accounts
    from clinic.making import make

    new = address.file is not None and not address.file.is_file()
    if new:
        from clinic.keeping import PROTOCOL, make_clinic
        from schedule.files.protocol import find_protocol

        make_clinic(None, find_protocol(PROTOCOL), [], actor=None)
    make(address, apps=APPS)
    open_store().close()
    return new, accounts.invite(None, clock.now()) if accounts.needs_administrator() else ""


def run(host: str, port: int, workers: int, *, target: str = APPLICATION) -> None:
    """Answer until somebody stops it."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    Granian(
        target,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        log_level=LogLevels.error,
        workers=workers,
        blocking_threads=THREADS,
        blocking_threads_idle_timeout=IDLE_SECONDS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_WITHIN_MS),
        websockets=False,
        working_dir=Path.cwd(),
    ).serve()
