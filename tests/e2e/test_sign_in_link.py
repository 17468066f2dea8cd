"""An administrator who is locked out, at the machine itself."""

import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from clinics import installed
from serving import Server, serving

WORDS = "four words nobody guesses"


def ask(server: Server, path: str, form: dict[str, str] | None = None, cookie: str = "") -> tuple[int, str, str]:
    """Return the status, the cookie that is set, and the page."""
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        connection.request("POST" if form else "GET", path, urlencode(form or {}), kind)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Set-Cookie", "").split(";")[0], answer.read().decode()


def begin(server: Server) -> None:
    """Make the first administrator, as a browser does."""
    path = urlsplit(server.invitation_link).path
    _, cookie, page = ask(server, path)
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    form = {"name": "jd", "password": WORDS, "again": WORDS, "csrfmiddlewaretoken": token[1]}
    assert ask(server, path, form, cookie)[0] == 302


def test_locked_out_administrator_gets_a_link_that_is_recorded(tmp_path: Path) -> None:
    made = installed("clinic", "init", "--site", "gainesville", cwd=tmp_path)
    assert made.code == 0, made.err
    nobody = installed("sign-in-link", "jd", cwd=tmp_path)
    with serving(tmp_path) as server:
        begin(server)
        done = installed("sign-in-link", "jd", "--actor", "IT", cwd=tmp_path)
        found = re.search(r"/welcome/[\w-]{43}\n", done.out)
        assert found, done.out + done.err
        link = found[0].strip()
        status, _, page = ask(server, link)

    assert (nobody.code, "nobody signs in as 'jd'" in nobody.err) == (2, True)
    assert (status, "Choose a password for jd." in page) == (200, True)
    log = installed("audit", "log", "--subject", "account/jd", cwd=tmp_path).out
    assert re.findall(r"UTC  (\w+) \(.*?\)  account/jd  ([\w -]+)", log) == [
        ("jd", "account made"), ("jd", "password chosen"), ("IT", "one-time link given"),
    ]  # fmt: skip
    assert link.rpartition("/")[2] not in log
