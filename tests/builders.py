"""Small pieces to build tests from: protocols, sites and runs of the command with a folder of their own."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from pathlib import Path

from schedule.files.protocol import find_protocol, read_protocol
from schedule.files.site import find_site, read_site
from schedule.sites import Closure, HolidayCalendar, Hours, Site, SiteId, Weekday
from schedule.study.protocol import Kind, Protocol, Text

REPOSITORY = Path(__file__).parent.parent
PROTOCOL_FILE = REPOSITORY / "schedule" / "protocols" / "res001-dmpm-02.toml"
OTHER_TRIAL = REPOSITORY / "tests" / "golden" / "other-trial.toml"
WORKDAYS = (Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY)
ALL_DAY = Hours(opens=time(0, 0), closes=time(23, 59))


@lru_cache(maxsize=1)
def registered_protocol() -> Protocol:
    """Return the protocol that comes with dayzero."""
    return read_protocol(find_protocol("res001-dmpm-02"))


@lru_cache(maxsize=4)
def example_site(name: str) -> Site:
    """Return an example site that comes with dayzero."""
    return read_site(find_site(name))


def a_site(
    *,
    weekdays: Sequence[Weekday] = WORKDAYS,
    closures: Sequence[Closure] = (),
    holidays: HolidayCalendar | None = None,
    arrival: Mapping[Kind, time] | None = None,
    time_zone: str = "America/New_York",
) -> Site:
    """Return a site that is open from Monday to Friday unless told otherwise."""
    return Site(
        id=SiteId("test"),
        name="Test clinic",
        time_zone=time_zone,
        open=dict.fromkeys(weekdays, ALL_DAY),
        holidays=holidays,
        closures=tuple(closures),
        arrival=arrival or dict.fromkeys((Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL), time(9, 0)),
    )


def closed(first: date, last: date, *kinds: Kind) -> Closure:
    """Return a closure of these days, for all kinds of visit unless told otherwise."""
    reason = Text(en="hurricane", es="huracán")
    return Closure(first=first, last=last, reason=reason, kinds=kinds) if kinds else Closure(
        first=first, last=last, reason=reason
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a command did."""

    code: int
    out: str
    err: str


def dayzero(*arguments: str, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None) -> Run:
    """Run the command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", "from cli import main; main()", *arguments],
        cwd=cwd,
        input=stdin,
        env=None if env is None else dict(env),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Run(code=done.returncode, out=done.stdout, err=done.stderr)


def plan(*options: str, cwd: Path, participant: str = "P-001", stdin: str = "") -> Run:
    """Run ``dayzero plan`` for a participant on steroids, randomized on 2 March 2026, valid as of that day."""
    return dayzero(
        "plan", participant, "--randomized", "2026-03-02", "--steroids", "--as-of", "2026-03-02", *options,
        cwd=cwd, stdin=stdin,
    )  # fmt: skip
