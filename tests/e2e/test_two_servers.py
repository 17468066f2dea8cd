"""Two servers on one PostgreSQL, and two people who move the same visit in the same instant."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from html import unescape
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from threading import Barrier
from urllib.parse import urlencode, urlsplit

from clinics import INIT, installed
from postgresql import Cluster
from serving import Server, serving

ROUNDS = 6
WORDS = "four words nobody guesses"
FORM = "/participants/P-001/visits/M3/"


class Browser:
    """Keeps cookies and the token of forms; follows nowhere."""

    def __init__(self, server: Server) -> None:
        self.port = server.port
        self.cookies: dict[str, str] = {}
        self.page = ""

    def ask(self, path: str, form: dict[str, str] | None = None) -> int:
        sent = urlencode(form | {"csrfmiddlewaretoken": self.field("csrfmiddlewaretoken")}) if form else ""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
            connection.request("POST" if form else "GET", path, sent, kind)
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie", []):
                self.cookies |= {name: one.value for name, one in SimpleCookie(line).items()}
            self.page = answer.read().decode()
        return answer.status

    def field(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found, self.page
        return unescape(found[1])

    def days(self) -> list[str]:
        return re.findall(r'name="pick" value="([\d-]+)"', self.page)

    def look(self, form: dict[str, str], path: str) -> dict[str, str]:
        """Fill in a form and look at what follows; return what records it."""
        assert self.ask(path, form | {"step": "look", "seen": self.field("seen")}) == 200, self.page
        return form | {"step": "record", "seen": self.field("seen"), "previewed": self.field("previewed")}


def signed_in(server: Server, name: str, link: str) -> Browser:
    browser, path = Browser(server), urlsplit(link).path
    assert browser.ask(path) == 200
    assert browser.ask(path, {"name": name, "password": WORDS, "again": WORDS}) == 302
    return browser


def a_wednesday() -> date:
    """Return one two or three weeks ago: the servers have the clock of this machine."""
    day = date.today() - timedelta(days=14)  # noqa: DTZ011, TID251
    return day - timedelta(days=(day.weekday() - 2) % 7)


def test_one_wins_the_other_is_told_and_nothing_is_lost(careful_postgresql: Cluster, tmp_path: Path) -> None:
    url, day0 = careful_postgresql.new_database(), a_wednesday().isoformat()
    env = {"DAYZERO_DB": url, "DAYZERO_SECRET_FILE": str(tmp_path / "secret")}
    enroll = f"enroll P-001 --site gainesville --randomized {day0} --day0 {day0} --steroids --yes"
    for line in (INIT, enroll):
        done = installed(*line.split(), cwd=tmp_path, env=env)
        assert done.code == 0, done.err
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with serving(folders[0], env=env) as first, serving(folders[1], env=env) as second:
        begun = signed_in(first, "jd", second.invitation_link)
        begun.ask("/accounts")
        assert begun.ask("/accounts", {"name": "mk", "role": "coordinator", "site": "gainesville"}) == 200
        found = re.search(r"/welcome/[\w-]{43}", begun.page)
        assert found
        people = [begun, signed_in(second, "mk", found[0])]
        begun.ask(f"{FORM}book")
        day = begun.days()[0]
        assert begun.ask(f"{FORM}book", begun.look({"day": day}, f"{FORM}book")) == 302
        codes = [_race(people) for _ in range(ROUNDS)]

    assert codes == [[302, 409]] * ROUNDS
    moves = installed("audit", "log", "--participant", "P-001", "--kind", "moved", cwd=tmp_path, env=env).out
    assert len(moves.splitlines()) == ROUNDS
    verified = installed("audit", "verify", cwd=tmp_path, env=env)
    assert (verified.code, verified.out[:5]) == (0, "good:")
    assert "ok   lists: as a replay of the records gives" in installed("clinic", "doctor", cwd=tmp_path, env=env).out


def _race(people: list[Browser]) -> list[int]:
    """Let each move the visit to another day, all at once; return how each was answered."""
    path, forms = f"{FORM}move", []
    for number, one in enumerate(people):
        assert one.ask(path) == 200
        forms.append(one.look({"day": one.days()[number + 1], "reason": "both at once"}, path))
    start = Barrier(len(people))

    def send(number: int) -> int:
        start.wait()
        return people[number].ask(path, forms[number])

    with ThreadPoolExecutor(len(people)) as pool:
        return sorted(pool.map(send, range(len(people))))
