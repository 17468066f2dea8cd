"""Where requests arrive: who sends slowly waits alone, and costs no thread; only what is whole is worked on."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from sys import stderr
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Answer = tuple[int, list[tuple[str, str]], bytes]

LARGEST = 1_000_000
"""Bytes of the largest form, with a file in it."""
WITHIN_SECONDS = 10
"""Who has not sent all of it by then is hung up on."""
_PLAIN = [("content-type", "text/plain"), ("connection", "close")]
TOO_LARGE: Answer = (413, _PLAIN, b"dayzero: too large\n")
TOO_SLOW: Answer = (408, _PLAIN, b"dayzero: too slow\n")


class TooLarge(Exception):
    """More was sent than any form has."""


class Door:
    """Granian's own kind of application (RSGI): it reads what arrives, and so many threads work for a WSGI one.

    Granian's WSGI has no time-out for bodies: eight that trickled in stopped the whole server. Each thread has its
    connection to the database.
    """

    def __init__(self, application: Application, workers: int) -> None:
        self._application = application
        self._pool = ThreadPoolExecutor(workers, "worker")

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer a request."""
        status, headers, body = await self._answer(scope, protocol)
        protocol.response_bytes(status, headers, body)

    async def _answer(self, scope: Any, protocol: Any) -> Answer:
        environ = environ_of(scope)
        body = b""
        if environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ:
            try:
                body = await asyncio.wait_for(_read(environ, protocol), WITHIN_SECONDS)
            except TooLarge:
                return TOO_LARGE
            except TimeoutError:
                return TOO_SLOW
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return await asyncio.get_running_loop().run_in_executor(self._pool, _work, self._application, environ)


async def _read(environ: dict[str, Any], protocol: Any) -> bytes:
    """Return the body. Raises TooLarge, as soon as it is known."""
    said = environ.get("CONTENT_LENGTH", "")
    if len(said) > 9 or (said.isascii() and said.isdigit() and int(said) > LARGEST):
        raise TooLarge
    parts: list[bytes] = []
    length = 0
    async for part in protocol:
        length += len(part)
        if length > LARGEST:
            raise TooLarge
        parts.append(part)
    return b"".join(parts)


def environ_of(scope: Any) -> dict[str, Any]:
    """Return a request as WSGI has it; without headers whose names have an underscore: they could pass for others."""
    server, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        between = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{between}{value}" if key in environ and key != "HTTP_HOST" else value
    return environ


def _work(application: Application, environ: dict[str, Any]) -> Answer:
    said: list[Any] = []
    parts = application(environ, lambda *start: said.append(start))
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    status, headers = said[-1][:2]
    return int(status.split(" ", 1)[0]), headers, body
