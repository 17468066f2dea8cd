"""The real server: ``dayzero serve`` in a process of its own, at a free port of this machine, stopped for sure."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 60
"""Seconds that a server may take to answer, and another quarter of it to end."""
OURS = re.compile("DAYZERO_|DJANGO_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers."""

    base_url: str
    log: Path
    """All that it printed; lines of the access log are among it."""
    invitation_link: str
    """The one-time link of the first administrator; empty where there is one."""
    pid: int

    @property
    def port(self) -> int:
        port = urlsplit(self.base_url).port
        assert port
        return port

    def logged(self) -> str:
        return self.log.read_text("utf-8")


@contextmanager
def serving(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve from a folder, with more words of the command line; the environment is ours but for DAYZERO_*.

    It answers at 127.0.0.1, also where DAYZERO_BASE_URL says how people reach it through a proxy.
    """
    port, log = free_port(), folder / "server.log"
    kept = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    command = [str(Path(sys.executable).with_name("dayzero")), "serve", "--bind", f"127.0.0.1:{port}", *words]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=kept | {"PYTHONUNBUFFERED": "1"} | dict(env or {}),
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_until_it_answers(process, port, log)
        found = re.search(r"https?://\S+/welcome/\S+", log.read_text("utf-8"))
        yield Server(
            base_url=f"http://127.0.0.1:{port}", log=log, invitation_link=found[0] if found else "", pid=process.pid
        )
    finally:
        _stop(process)


def free_port() -> int:
    """Return a port at which nobody listens just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, f"the server ended:\n{log.read_text('utf-8')}"
        with suppress(OSError, HTTPException), closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/sign-in")
            connection.getresponse().read()
            return
        time.sleep(0.1)
    raise AssertionError(f"the server does not answer within {PATIENCE} s:\n{log.read_text('utf-8')}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask the server to end, with all the processes that it has started; make sure that none is left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE / 4)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
