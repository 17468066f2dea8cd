"""Connections that say little and stay: hung up on within their time, while others are answered as ever."""

import socket
import time
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
from serving import serving

CONNECTIONS = 30
"""In all; 200 of each kind were done by hand: docs/faults.md."""
CLOSED_WITHIN, ANSWERED_WITHIN = 15, 1.0
"""Seconds; on a quiet machine others wait a tenth of that, and CI is not quiet."""
HEAD = b"%s /sign-in HTTP/1.1\r\nHost: localhost\r\nCookie: dayzero_csrf=abcdefghijklmnopabcdefghijklmnop\r\n"
KINDS = {
    "slow headers": (HEAD % b"GET", b"X-Slow: b\r\n"),
    "slow body": (
        HEAD % b"POST" + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n", b"x",
    ),
    "body in slow chunks": (HEAD % b"POST" + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "kept alive, and silent": (HEAD % b"GET" + b"\r\n", b""),
}  # fmt: skip


def is_closed(one: socket.socket, more: bytes) -> bool:
    """Send a little more, read what there is; tell whether the other side has hung up."""
    try:
        if more:
            one.send(more)
        return one.recv(100_000) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def answer_time(port: int) -> float:
    start = time.monotonic()
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as other:
        other.request("GET", "/sign-in")
        answer = other.getresponse()
        answer.read()
        assert answer.status == 200
    return time.monotonic() - start


@pytest.mark.parametrize("kind", KINDS)
def test_slow_connections_are_closed_and_others_answered(kind: str, tmp_path: Path) -> None:
    begin, more = KINDS[kind]
    with serving(tmp_path) as server, ExitStack() as stack:
        opened = []
        for _ in range(CONNECTIONS):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            one.sendall(begin)
            one.setblocking(False)
            opened.append(one)
        until, waited, left = time.monotonic() + CLOSED_WITHIN, [0.0], opened
        while left and time.monotonic() < until:
            waited.append(answer_time(server.port))
            left = [one for one in left if not is_closed(one, more)]
            time.sleep(0.25)

    assert not left, f"{len(left)} of {CONNECTIONS} are still open"
    assert max(waited) < ANSWERED_WITHIN
    assert "Traceback" not in server.logged()


@pytest.mark.parametrize("length", [b"1000001", b"99999999999999999999", b"1" * 5000])
def test_body_that_is_too_large_is_not_waited_for(length: bytes, tmp_path: Path) -> None:
    with serving(tmp_path) as server, socket.create_connection(("127.0.0.1", server.port), timeout=5) as one:
        one.sendall(HEAD % b"POST" + b"Content-Length: " + length + b"\r\n\r\n")
        said = b""
        with suppress(TimeoutError):
            while part := one.recv(4096):
                said += part

    assert said.split(b" ")[1] in (b"413", b"400"), said
    assert "Traceback" not in server.logged()
