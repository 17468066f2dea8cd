"""Requests that no browser makes, to the real server: tricks with lines, hosts, paths and lengths."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Server, serving

PATIENCE = 20
END = b"\r\nConnection: close\r\n\r\n"
LOCAL = b" HTTP/1.1\r\nHost: localhost" + END


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server of two processes."""
    with serving(tmp_path_factory.mktemp("hostile"), env={"DAYZERO_WORKERS": "2"}) as made:
        yield made


def ask(server: Server, request: bytes) -> bytes:
    """Send bytes as they are; return all that comes back until the other side hangs up."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as one:
        one.sendall(request)
        while part := one.recv(65_536):
            answer += part
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"GET /sign-in HTTP/1.1\r\nHost: evil.example" + END, 400),
        (b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nHost: evil.example" + END, 400),
        (b"GET /sign-in HTTP/1.1\r\nHost: localhost, evil.example" + END, 400),
        (b"GET /sign-in HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost" + END, 400),
        (b"GET //evil.example/" + LOCAL, 404),
        (b"GET /\\evil.example" + LOCAL, 404),
        (b"GET /static/../../settings.py" + LOCAL, 404),
        (b"GET /static/..%2f..%2fbase.html" + LOCAL, 404),
        (b"GET /static/%2e%2e/base.html" + LOCAL, 404),
        (b"GET /a%00b" + LOCAL, 404),
        (b"GET /a%0d%0aSet-Cookie:%20a=b" + LOCAL, 404),
        (b"GET /%ff%fe" + LOCAL, 404),
        (b"GET /caf\xc3\xa9" + LOCAL, 404),
        (b"GET /sign-in?next=%0d%0aSet-Cookie:a=b" + LOCAL, 200),
        (b"GET /x\r\nX: y" + LOCAL, 400),
        (b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nX: a\x00b" + END, 400),
        (b"OPTIONS *" + LOCAL, 404),
        (b"TRACE /sign-in" + LOCAL, 405),
        (b"CONNECT localhost:80" + LOCAL, 405),
        (b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6" + END + b"hello", 400),
        (b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5" + END, 400),
    ],
)
def test_request_is_answered_without_harm(request_: bytes, code: int, server: Server) -> None:
    answer = ask(server, request_)

    assert status(answer) == code, answer[:300]
    assert b"\r\nset-cookie: a=b" not in answer.lower()
    assert b"evil.example" not in answer
    assert b"Traceback" not in answer


def test_absolute_address_is_no_way_around_the_host(server: Server) -> None:
    answer = ask(server, b"GET http://evil.example/account" + LOCAL)

    assert b"evil.example" not in answer
    assert b"\r\nlocation: /sign-in?next=/account\r\n" in answer


def test_two_processes_count_wrong_passwords_together(server: Server) -> None:
    form = b"name=jd&password=guess"
    codes = []
    for _ in range(8):
        page = ask(server, b"GET /sign-in" + LOCAL)
        cookie = re.search(rb"dayzero_csrf=(\w+)", page)
        token = re.search(rb'csrfmiddlewaretoken" value="(\w+)"', page)
        assert cookie
        assert token
        body = form + b"&csrfmiddlewaretoken=" + token[1]
        head = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nCookie: dayzero_csrf=" + cookie[1]
        kind = b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d" % len(body)
        codes.append(status(ask(server, head + kind + END + body)))

    assert codes == [401, 401, 401, 401, 429, 429, 429, 429]


def test_nothing_that_was_sent_stands_in_the_log(server: Server) -> None:
    ask(server, b"GET /welcome/" + b"s" * 43 + LOCAL)
    ask(server, b"GET /f/dz_" + b"s" * 43 + b".ics" + LOCAL)
    ask(server, b"GET /nowhere/" + b"s" * 43 + b"?s=" + b"s" * 43 + LOCAL)

    said = Path(server.log).read_text("utf-8")
    assert "GET /welcome/<str:token>" in said
    for secret in ("s" * 20, "evil.example", "guess", "Traceback"):
        assert secret not in said
