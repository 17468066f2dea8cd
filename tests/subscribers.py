"""People who subscribe: vdirsyncer, which keeps a calendar's events as files, and khal, which lists them."""

import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

from icalendar import Calendar, Event
from serving import free_port

PATIENCE = 30
"""Seconds that a command or a server may take."""


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _run(words: Sequence[str | Path]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, input="y\n" * 4, capture_output=True, text=True, timeout=PATIENCE, check=False)


STORAGES = {
    "http": 'url = "{}"\n',
    "filesystem": 'path = "{}"\nfileext = ".ics"\n',
    "caldav": 'url = "{}"\nusername = "p"\npassword = "p"\n',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A place of events, in the words of vdirsyncer's configuration."""

    type: str
    where: str

    def words(self, name: str) -> str:
        return f'[storage {name}]\ntype = "{self.type}"\n{STORAGES[self.type].format(self.where)}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two places of events that vdirsyncer holds equal; where both changed, the first counts."""

    folder: Path
    ours: Storage
    theirs: Storage

    def join(self) -> None:
        """Look for both, and make the second where it is not there yet."""
        self.folder.mkdir()
        self._config.write_text(
            f'[general]\nstatus_path = "{self.folder / "status"}"\n'
            '[pair visits]\na = "ours"\nb = "theirs"\ncollections = null\nconflict_resolution = "a wins"\n'
            f"{self.ours.words('ours')}{self.theirs.words('theirs')}"
        )
        self._must("discover")

    @property
    def _config(self) -> Path:
        return self.folder / "vdirsyncer.conf"

    def sync(self, *options: str) -> list[str]:
        """Hold them equal; return what was done, a line an event."""
        return [line for line in self._must("sync", *options).splitlines() if not line.startswith("Syncing")]

    def _must(self, *words: str) -> str:
        done = _run([_tool("vdirsyncer"), "-c", self._config, *words])
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def refused(self) -> str:
        """Try to hold them equal, where that cannot be; return what vdirsyncer says."""
        done = _run([_tool("vdirsyncer"), "-c", self._config, "sync"])
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr


def events_in(folder: Path) -> dict[str, Event]:
    """Return the events that lie in a folder, each in a file of its own, by UID."""
    return by_uid(*(file.read_bytes() for file in folder.glob("*.ics")))


def by_uid(*calendars: bytes) -> dict[str, Event]:
    """Return the events of calendars by UID. Fails where one is there twice."""
    found = [one for data in calendars for one in Calendar.from_ical(data).events]
    assert len({str(one["UID"]) for one in found}) == len(found), "an event is there twice"
    return {str(one["UID"]): one for one in found}


def fetched(address: str) -> bytes:
    """Return what is served there."""
    return _answer("GET", address, expected=200)


def put_calendar(address: str, data: bytes) -> None:
    """Put a whole calendar in the place of what Radicale has there."""
    _answer("PUT", address, data, expected=201)


def _answer(method: str, address: str, data: bytes | None = None, *, expected: int) -> bytes:
    """Ask a server of this machine; what is sent is a calendar, and Radicale lets anybody in who says anything."""
    place = urlsplit(address)
    signed_in = {"Authorization": f"Basic {b64encode(b'p:p').decode()}", "Content-Type": "text/calendar"}
    with closing(HTTPConnection(place.netloc, timeout=PATIENCE)) as connection:
        connection.request(method, place.path, data, signed_in)
        answer = connection.getresponse()
        assert answer.status == expected, answer.read()
        return answer.read()


def khal_lists(events: Path, zone: str, first: str, last: str) -> list[str]:
    """Return what khal shows of these days to somebody in the zone: start, end, title, a line an event."""
    config = events.with_name(f"khal-{zone.replace('/', '-')}.conf")
    config.write_text(
        f"[calendars]\n[[visits]]\npath = {events}\nreadonly = True\n[sqlite]\npath = {config.with_suffix('.db')}\n"
        "[locale]\ntimeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
        "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
        f"default_timezone = {zone}\nlocal_timezone = {zone}\n"
    )
    line = "{start-date} {start-time} {end-time} {title} {status}"
    done = _run([_tool("khal"), "-c", config, "list", "--once", "--day-format", "", "--format", line, first, last])
    assert done.returncode == 0, done.stderr
    return [" ".join(one.split()) for one in done.stdout.splitlines()]


@contextmanager
def radicale(folder: Path) -> Iterator[str]:
    """Run a CalDAV server on this machine that lets anybody in; yield the address of an empty calendar."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    process = subprocess.Popen(
        [_tool("radicale"), "--config", "", "--server-hosts", address, "--auth-type", "none",
         "--storage-filesystem-folder", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(process, port)
        _answer("MKCALENDAR", f"http://{address}/p/visits/", expected=201)
        yield f"http://{address}/p/visits/"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    until = monotonic() + PATIENCE
    while monotonic() < until:
        assert process.poll() is None, "Radicale ended"
        with suppress(OSError), closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/.web/")
            connection.getresponse().read()
            return
        sleep(0.1)
    raise AssertionError("Radicale does not answer")
