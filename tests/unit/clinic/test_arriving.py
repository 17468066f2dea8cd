"""What becomes of a request between the server and Django."""

from dataclasses import dataclass, field
from typing import Any

from clinic.server.arriving import environ_of


@dataclass
class Headers:
    pairs: list[tuple[str, str]]

    def items(self) -> list[tuple[str, str]]:
        return self.pairs


@dataclass
class Scope:
    headers: Headers
    method: str = "GET"
    path: str = "/caf\u00e9"
    query_string: str = "a=1"
    client: str = "192.0.2.7:50001"
    server: str = "127.0.0.1:8000"
    scheme: str = "http"
    http_version: str = "1.1"
    authority: str | None = None
    extra: list[Any] = field(default_factory=list)


def environ(*pairs: tuple[str, str], **scope: Any) -> dict[str, Any]:
    return environ_of(Scope(headers=Headers([*pairs]), **scope))


def test_request_is_told_as_wsgi_wants_it() -> None:
    found = environ(("host", "localhost"), ("content-type", "text/plain"), ("content-length", "5"))

    assert (found["REQUEST_METHOD"], found["QUERY_STRING"], found["REMOTE_ADDR"]) == ("GET", "a=1", "192.0.2.7")
    assert found["PATH_INFO"].encode("latin-1") == b"/caf\xc3\xa9"
    assert (found["SERVER_NAME"], found["SERVER_PORT"], found["HTTP_HOST"]) == ("127.0.0.1", "8000", "localhost")
    assert (found["CONTENT_TYPE"], found["CONTENT_LENGTH"]) == ("text/plain", "5")


def test_header_with_an_underscore_passes_for_no_other() -> None:
    found = environ(("x_forwarded_for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.1"))

    assert found["HTTP_X_FORWARDED_FOR"] == "198.51.100.1"
    assert "HTTP_X_FORWARDED_PROTO" not in environ(("x_forwarded_proto", "https"))


def test_headers_that_come_twice_are_joined() -> None:
    found = environ(("cookie", "a=1"), ("cookie", "b=2"), ("x-forwarded-for", "1"), ("x-forwarded-for", "2"))

    assert (found["HTTP_COOKIE"], found["HTTP_X_FORWARDED_FOR"]) == ("a=1; b=2", "1,2")


def test_no_header_passes_for_what_the_server_says() -> None:
    found = environ(("remote-addr", "203.0.113.9"), ("wsgi.url-scheme", "https"), client="[::1]:50001")

    assert (found["REMOTE_ADDR"], found["wsgi.url_scheme"]) == ("[::1]", "http")
