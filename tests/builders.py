"""Small pieces to build tests from: protocols, sites and runs of the command with a folder of their own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from schedule.desk.plan import Plan, Request, make_plan
from schedule.files.protocol import find_protocol, read_protocol
from schedule.files.schedule_file import parse_schedule
from schedule.files.site import find_site, read_site
from schedule.participant.state import ParticipantId
from schedule.planning.changes import KeptSchedule
from schedule.planning.placing import AnchorDay, PlacedStep, Settled, place_steps
from schedule.planning.taper import TaperPlan
from schedule.render.language import language
from schedule.render.pdf import PdfUnavailable, write_pdf
from schedule.render.tables import schedule_json
from schedule.sites import Closure, HolidayCalendar, Hours, Site, SiteId, Weekday
from schedule.study.offsets import Offset
from schedule.study.protocol import Kind, Label, Milestone, Protocol, TaperStep, Text, VisitCode

REPOSITORY = Path(__file__).parent.parent
PROTOCOL_FILE = REPOSITORY / "schedule" / "protocols" / "res001-dmpm-02.toml"
SITE_FILE = REPOSITORY / "schedule" / "sites_example" / "gainesville.toml"
OTHER_TRIAL = REPOSITORY / "tests" / "golden" / "other-trial.toml"
WORKDAYS = (Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY)


def pdf_can_be_made() -> bool:
    """Tell whether the PDF libraries work here. In CI they are installed, and nothing may be skipped."""
    try:
        write_pdf('<html lang="en"><title>test</title><h1>test</h1></html>')
    except PdfUnavailable:
        return "DAYZERO_CI" in os.environ
    return True


needs_pdf = pytest.mark.skipif(not pdf_can_be_made(), reason="needs WeasyPrint and Pango: see README, Installing")


def needs_program(name: str, package: str) -> pytest.MarkDecorator:
    """Skip where a program of the system is not installed. In CI it is, and nothing may be skipped."""
    missing = shutil.which(name) is None and "DAYZERO_CI" not in os.environ
    return pytest.mark.skipif(missing, reason=f"needs {name}: apt install {package}")


ALL_DAY = Hours(opens=time(0, 0), closes=time(23, 59))


@lru_cache(maxsize=1)
def registered_protocol() -> Protocol:
    """Return the protocol that comes with dayzero."""
    return read_protocol(find_protocol("res001-dmpm-02"))


@lru_cache(maxsize=1)
def other_protocol() -> Protocol:
    """Return the invented trial of parallel arms, in weeks."""
    return read_protocol(OTHER_TRIAL)


def with_visit(protocol: Protocol, code: str, /, **changes: Any) -> Protocol:
    """Return the protocol with one visit changed."""
    visits = tuple(replace(visit, **changes) if visit.code == code else visit for visit in protocol.visits)
    return replace(protocol, visits=visits)


def with_taper(protocol: Protocol, /, **changes: Any) -> Protocol:
    """Return the protocol with its one milestone changed."""
    (milestone,) = protocol.milestones
    changed: Milestone = replace(milestone, **changes)
    return replace(protocol, milestones=(changed,))


def steps(*doses: tuple[int, str]) -> tuple[TaperStep, ...]:
    """Return steps by the number of their first day and their dose; a ``+`` before it allows it to be higher."""
    return tuple(
        TaperStep(
            starts=Offset(days=day - 1),
            dose_mg=Decimal(dose),
            instruction=Text(en=f"example of day {day}", es=f"ejemplo del día {day}"),
            allow_increase=dose.startswith("+"),
        )
        for day, dose in doses
    )


def a_taper(*doses: tuple[int, str], first_day: str | None = None) -> TaperPlan:
    """Return a plan as it is read from a file, with the rows from 2 on; dated if its first day is said."""
    rows = range(2, len(doses) + 2)
    return TaperPlan(
        file="plan.csv",
        first_day=date.fromisoformat(first_day) if first_day else None,
        steps=steps(*doses),
        day_places=tuple(f"row {row}, from" for row in rows),
        dose_places=tuple(f"row {row}, dose_mg" for row in rows),
    )


def edited(source: Path, folder: Path, *swaps: tuple[str, str]) -> Path:
    """Write a copy of a file in which texts were swapped, each where it first stands; return its path."""
    text = source.read_text("utf-8")
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new, 1)
    copy = folder / "edited.toml"
    copy.write_text(text, "utf-8")
    return copy


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
        name=Label("Test clinic"),
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


NO_LATER_DAY_0 = closed(date(2026, 3, 3), date(2026, 3, 16), Kind.INFUSION)
"""Who is randomized on 2 March 2026 has Day 0 on that day: no later one helps the visits that count from it."""


def given_on(day: str) -> Settled:
    """Return what is known of a visit that was given on this day."""
    return Settled(day=date.fromisoformat(day), is_a=AnchorDay.ACTUAL)


def place(
    day: str,
    *,
    site: Site | None = None,
    steroids: bool = True,
    day0: str | None = None,
    month3: str | None = None,
    protocol: Protocol | None = None,
) -> dict[str, PlacedStep]:
    """Place every step of a participant randomized on this day; return them by code, anchors first."""
    protocol = protocol or registered_protocol()
    days = {protocol.study.day0: day0, VisitCode("M3"): month3}
    settled = {code: given_on(on) for code, on in days.items() if on}
    placed = place_steps(protocol, randomized=date.fromisoformat(day), steroids=steroids, site=site, settled=settled)
    return {one.step.code: one for one in placed}


def a_plan(*, site: Site | None = None, protocol: Protocol | None = None, **changes: Any) -> Plan:
    """Plan for a participant on steroids, randomized on 2 March 2026, valid as of that day."""
    request = Request(
        participant=ParticipantId("P-001"),
        randomized=date(2026, 3, 2),
        steroids=True,
        as_of=datetime(2026, 3, 2, 5, tzinfo=UTC),
    )
    return make_plan(replace(request, **changes), protocol or registered_protocol(), site)


PAGES = {"C-1": "0a1b2c3d", "S-1": "1b2c3d4e", "M3-1": "2c3d4e5f", "M3-2": "3d4e5f60"}
"""Codes of pages, and hashes of what they depend on."""


def schedule_text(plan: Plan, *, pages: Mapping[str, str] | None = PAGES, **changes: Any) -> str:
    """Return the plan's ``schedule.json`` with these pages (none: without the key), and with other keys changed."""
    record = {**json.loads(schedule_json(plan.staff, language("en"), {})), "pages": pages, **changes}
    if pages is None:
        del record["pages"]
    return json.dumps(record, ensure_ascii=False)


def kept(plan: Plan, *, pages: Mapping[str, str] = PAGES) -> KeptSchedule:
    """Return the plan as a comparison reads it from its ``schedule.json``."""
    return parse_schedule(schedule_text(plan, pages=pages), file="schedule.json")


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
