"""What the server costs, beside a view that does nothing behind the same middleware, in one run on the loopback."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import click
from requests_at_once import LOOPBACK, Load, load

from bench import MEGABYTE, SITE, Pair, Row, make_row, tell, write_table
from bench_clinic import AT, NOW, SIGNATURE, fill, wall_seconds
from clinic.memory.store import Store, create_store

SHARE = 0.5
"""Of a trivial view's answers a second, a feed must reach."""
PAGE_LIMIT = 3
QUERIES = 12
HEAVIEST_KB = 100
CONNECTIONS = 64
GROWTH_MB = 10
KEY = "0123456789abcdef" * 4
PEOPLE_OF_FEEDS = 40


@contextmanager
def server(db: Path) -> Iterator[tuple[int, int]]:
    """Serve a store with one worker; give its port, and the process that minds it."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    env = os.environ | {
        "DAYZERO_DB": str(db), "DAYZERO_BIND": f"{LOOPBACK}:{port}",
        "PYTHONPATH": os.pathsep.join(["tests", os.environ.get("PYTHONPATH", "")]),
    }  # fmt: skip
    code = f"from clinic.server.serving import run; run('{LOOPBACK}', {port}, 1, target='bench_site:make_application')"
    process = subprocess.Popen([sys.executable, "-c", code], env=env, cwd=Path(__file__).parent)
    try:
        _wait(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            load(port, "/trivial", {}, connections=1, seconds=0.01)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the server does not answer")


def measure_feeds(store: Store, db: Path, folder: Path, rounds: int) -> Iterator[Row]:
    """Measure a participant's feed by turns with the trivial view."""
    from clinic.desk.proposing import record
    from clinic.desk.rulebook import Rulebook
    from clinic.feeds.links import Owner, Whose, create

    owner = Owner(whose=Whose.PARTICIPANT, name="P-00001")
    owner = Owner(whose=Whose.PARTICIPANT, name="P-00001")
    drawn = create(Rulebook(store), owner, label="", lang="en", expires=None, at=AT)
    record(store, drawn.proposal, SIGNATURE)
    path = f"/f/{drawn.token}.ics"
    with server(db) as (port, process):
        tag = _tag(port, path)
        kinds: dict[str, Mapping[str, str]] = {
            "a feed, 200": {},
            "the same, gzip": {"Accept-Encoding": "gzip"},
            "the same, 304": {"If-None-Match": tag},
        }
        last: dict[str, Load] = {}
        for what, headers in kinds.items():
            shares = []
            for done in range(rounds):
                tell(f"{what}: {done} of {rounds}")
                plain = load(port, "/trivial", {}, connections=CONNECTIONS, seconds=2)
                last[what] = load(port, path, headers, connections=CONNECTIONS, seconds=2)
                shares.append(last[what].per_second / plain.per_second)
            yield Row(
                what=f"{what}, answers a second against a trivial view", measured=median(shares), unit="x", limit=SHARE,
                at_least=True,
                means=f"{last[what].per_second:,.0f} and {plain.per_second:,.0f} a second",
            )  # fmt: skip
        yield Row(
            what=f"99 of 100 answers of a feed over {CONNECTIONS} connections within",
            measured=last["a feed, 200"].percentile(0.99) * 1000,
            unit="ms",
        )
        yield from measure_worker(port, path, process)
    yield from measure_static(folder, _body(store, drawn.token))


def _tag(port: int, path: str) -> str:
    from urllib.request import urlopen

    with urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=20) as answer:
        return str(answer.headers["ETag"])


def _body(store: Store, token: str) -> bytes:
    from clinic.feeds.serving import answer

    return answer(store, token, "GET", {}, NOW).body


def measure_worker(port: int, path: str, minder: int) -> Iterator[Row]:
    """Measure the memory of the process that answers, after 1,000 requests and after 10,000 more."""
    worker = int(Path(f"/proc/{minder}/task/{minder}/children").read_text().split()[0])
    _ask(port, path, 1_000)
    before = _resident_mb(worker)
    _ask(port, path, 10_000)
    after = _resident_mb(worker)
    yield Row(
        what="growth of a worker's memory over 10,000 requests", measured=after - before, unit="MB", limit=GROWTH_MB,
        means=f"{after:.0f} MB",
    )  # fmt: skip


def _ask(port: int, path: str, count: int) -> None:
    done = 0
    while done < count:
        done += len(load(port, path, {}, connections=8, seconds=1).took)


def _resident_mb(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / MEGABYTE
    raise ValueError(process)


NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}
http {{ access_log off; keepalive_requests 1000000; types {{ text/calendar ics; }} client_body_temp_path {folder};
server {{ listen {host}:{port}; root {folder}/feeds; }} }}
"""


def measure_static(folder: Path, body: bytes) -> Iterator[Row]:
    """Measure what the same bytes reach as a file behind nginx, where this machine has it."""
    nginx = shutil.which("nginx")
    if not nginx:
        return
    (folder / "feeds").mkdir()
    (folder / "feeds" / "f.ics").write_bytes(body)
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, host=LOOPBACK, port=port))
    folder.chmod(0o755)
    process = subprocess.Popen([nginx, "-c", str(folder / "nginx.conf")])
    try:
        time.sleep(1)
        found = load(port, "/f.ics", {}, connections=CONNECTIONS, seconds=3)
    finally:
        process.terminate()
        process.wait(timeout=20)
    yield Row(what="an exported feed behind nginx, answers a second", measured=found.per_second, unit="/s")


def measure_pages(store: Store, people: int) -> Iterator[Row]:
    """Measure pages in this process against their bare queries and their templates with the same facts."""
    import clinic.pages.frame
    from clinic import clock
    from clinic.access.models import Account
    from clinic.access.roles import Role
    from clinic.served import serve_from

    serve_from(store)
    clock.now = lambda: NOW
    account = Account.objects.create(name="jd", role=Role.COORDINATOR.value, sites=SITE, created=AT)
    from django.test import Client

    browser = Client(SERVER_NAME="localhost")
    browser.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    pages = {
        "participant's page": "/participants/P-00001",
        "week's agenda": f"/week?site={SITE}&from=2026-11-02",
        "today": f"/today?site={SITE}",
        "list of participants": "/participants",
    }
    for what, path in pages.items():
        tell(what)
        yield from _measure_page(what, path, browser, clinic.pages.frame, people)


def _measure_page(what: str, path: str, browser: Any, frame: Any, people: int) -> Iterator[Row]:
    from django.db import connection

    asked: list[tuple[str, Any]] = []
    rendered: list[Callable[[], object]] = []
    plain_render = frame.render_page

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        asked.append((sql, params))
        return execute(sql, params, many, context)

    def render(*arguments: Any, **facts: Any) -> str:
        rendered.append(lambda: plain_render(*arguments, **facts))
        return str(plain_render(*arguments, **facts))

    browser.get(path)
    frame.render_page = render
    with connection.execute_wrapper(note):
        answer = browser.get(path, headers={"Accept-Encoding": "gzip"})
    frame.render_page = plain_render
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")

    def plainly() -> None:
        with connection.cursor() as cursor:
            for sql, params in asked:
                if sql.lstrip().upper().startswith("SELECT"):
                    cursor.execute(sql, params)
                    cursor.fetchall()
        for again in rendered:
            again()

    pairs = []
    for _ in range(9):
        plain = wall_seconds(plainly)
        pairs.append(Pair(ours=wall_seconds(lambda: browser.get(path)), plain=plain))
    name = f"{what}, {people:,} participants"
    yield make_row(name, pairs, limit=PAGE_LIMIT, each="its bare queries and its template")
    yield Row(what=f"{what}: queries", measured=len(asked), unit="", limit=QUERIES)
    yield Row(what=f"{what}: weight with style and script", measured=_weight_kb(answer), unit="kB", limit=HEAVIEST_KB)


def _weight_kb(answer: Any) -> float:
    import django_htmx

    from schedule.render.pages import TEMPLATES

    files = (
        TEMPLATES / "web" / "static" / "dayzero.css",
        Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js",
    )
    return (len(answer.content) + sum(file.stat().st_size for file in files)) / 1000


def _configure(db: Path) -> Store:
    from clinic.memory.settings import address_of, configure
    from clinic.server.settings import APPS, read_web, site_settings

    address = address_of(str(db))
    configure(address, **site_settings(read_web({}), address, KEY))
    from clinic.memory.making import make

    store = create_store(str(db))
    make(address, apps=APPS)
    return store


def measure_server(people: int, rounds: int) -> Sequence[Row]:
    """Measure feeds and pages over one store."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        db = folder / "bench.sqlite3"
        store = _configure(db)
        fill(store, people)
        return [*measure_pages(store, people), *measure_feeds(store, db, folder, rounds)]


@click.command()
@click.option("--quick", is_flag=True, help="A tenth of the participants and fewer rounds, for a look.")
def main(*, quick: bool) -> None:
    """Measure what the server costs; exit 1 when a limit is exceeded."""
    people, rounds = (500, 2) if quick else (5_000, 5)
    rows = measure_server(people, rounds)
    tell("")
    print(write_table(rows))
    sys.exit(any(row.is_missed for row in rows))


if __name__ == "__main__":
    main()
