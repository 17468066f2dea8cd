"""What dayzero costs, as ratios of CPU time to the plainest program that does the same, both measured in this run.

Each side works in turn, round by round, and the median of the rounds' ratios counts: a busy machine slows both.
Exit code 1 when a limit is exceeded.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

import click
from dateutil.relativedelta import relativedelta
from icalendar import Calendar, Component
from pypdf import PdfReader

from cli import PROTOCOL
from schedule.desk.plan import Plan, Request, make_plan
from schedule.files.protocol import find_protocol, read_protocol
from schedule.files.site import find_site, read_site
from schedule.participant.state import ParticipantId
from schedule.planning.placing import place_steps
from schedule.render.ics import coordinator_calendar, participant_calendar
from schedule.render.language import language
from schedule.render.packet import packet_facts, packet_html
from schedule.render.pages import Style
from schedule.render.pages import environment as environment_of_pages
from schedule.render.pdf import FONT_FAMILY, missing_libraries, write_pdf
from schedule.sites import Site
from schedule.study.protocol import RANDOMIZATION, Protocol

SITE = "gainesville"
PLAN = ("plan", "P-001", "--randomized", "2026-03-02", "--steroids", "--as-of", "2026-03-02")
COMMANDS = (
    ("plan as JSON", 3, "--format json"),
    (f"plan as JSON, site {SITE}", 7, f"--site {SITE} --format json"),
    ("plan, both .ics", 6, "--only ics --out {out}"),
    (f"plan, both .ics, site {SITE}", 9, f"--site {SITE} --only ics --out {{out}}"),
    (f"plan, both .ics and packet.html, site {SITE}", 10, f"--site {SITE} --only ics,html --out {{out}}"),
)
"""What each run of the command is called, how many times ``import click`` it may cost, and its options."""

PLACING_LIMIT = 4
CALENDARS_LIMIT = 0.25
GROWTH_LIMIT_MB = 20
WORKERS_LIMIT = 1.8
WORKERS_ROUNDS = 3
ROSTER_LIMIT_MB = 200

BLOCKS = 50
"""Rounds into which many participants are divided; memory is read after a tenth of them, and at the end."""
PLAIN_IN_A_BLOCK = 3
"""Participants in each round whose calendars the plain component API writes too: it is too slow for all."""

HTML_ROUNDS = 21
HTML_LIMIT = 2
PDF_ROUNDS = 5
PDF_LIMIT = 8
LINK = "https://calendars.example.org/f/dz_an-example-of-a-secret-name-of-a-feed-43.ics"

FIRST_DAY = date(2026, 1, 1)
BYTES_OF_MAXRSS = 1 if sys.platform == "darwin" else 1024
MEGABYTE = 1_000_000

Work = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table; one without a limit is there to be known."""

    what: str
    measured: float
    unit: str
    limit: float | None = None
    at_least: bool = False
    """Whether the limit is what must be reached, and not what may not be exceeded."""
    means: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether the limit is exceeded, or not reached."""
        if self.limit is None:
            return False
        return self.measured < self.limit if self.at_least else self.measured > self.limit

    @property
    def promise(self) -> str:
        """What the column of limits says."""
        if self.limit is None:
            return ""
        return f"{'at least ' if self.at_least else ''}{self.limit:g} {self.unit}"

    @property
    def verdict(self) -> str:
        """What the last column says."""
        if self.limit is None:
            return ""
        return ("UNDER" if self.at_least else "OVER") if self.is_missed else "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """CPU seconds of one round for the same amount of work: ours, and the plainest program's."""

    ours: float
    plain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A calendar component as plain Python values, from which icalendar can build it again."""

    kind: type[Component]
    properties: tuple[tuple[str, Any, dict[str, str]], ...]
    parts: tuple["Recipe", ...]


def tell(words: str) -> None:
    """Show what is being measured, where somebody is watching; nothing clears the line."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)


def own_seconds(work: Work) -> float:
    """Return the CPU seconds that a piece of work takes in this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def child_seconds(command: Sequence[str], folder: Path) -> float:
    """Return the CPU seconds of a whole process. Its bytecode is kept, as that of an installed program is."""
    before = _seconds_of_children()
    subprocess.run(
        command, cwd=folder, env=environment(folder), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return _seconds_of_children() - before


def environment(folder: Path) -> dict[str, str]:
    """Return our environment, with bytecode kept in the folder."""
    kept = {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | kept


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def make_row(what: str, pairs: Sequence[Pair], *, limit: float | None, each: str) -> Row:
    """Return the median of the rounds' ratios, and what the two sides cost in milliseconds."""
    ours, plain = (1000 * median(side) for side in ([one.ours for one in pairs], [one.plain for one in pairs]))
    return Row(
        what=what,
        limit=limit,
        measured=median(pair.ours / pair.plain for pair in pairs),
        unit="x",
        means=f"{ours:.3g} ms, {each} {plain:.3g} ms",
    )


def measure_commands(rounds: int) -> list[Row]:
    """Measure whole processes against one that only imports Click."""
    dayzero = str(Path(sys.executable).with_name("dayzero"))
    plain = [sys.executable, "-c", "import click"]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, limit, options in COMMANDS:
            command = [dayzero, *PLAN, *options.format(out=folder / "out").split()]
            pairs = []
            for done in range(-1, rounds):
                tell(f"{what}: {max(done, 0)} of {rounds}")
                pairs.append(Pair(plain=child_seconds(plain, folder), ours=child_seconds(command, folder)))
            rows.append(make_row(what, pairs[1:], limit=limit, each="import click"))
    return rows


def randomizations(people: int) -> list[date]:
    """Return as many days, all different, in an order in which neighbours are far apart: no cache is flattered."""
    return [FIRST_DAY + timedelta(days=number * 3571 % people) for number in range(people)]


def measure_placing(protocol: Protocol, people: int) -> Row:
    """Measure targets, windows and days against a loop that only adds the offsets."""
    deltas = [
        (
            step.code,
            step.anchor,
            relativedelta(
                years=step.offset.years, months=step.offset.months, weeks=step.offset.weeks, days=step.offset.days
            ),
        )
        for step in protocol.in_anchor_order
    ]

    def place(days: Sequence[date]) -> None:
        for day in days:
            place_steps(protocol, randomized=day, steroids=True)

    def add(days: Sequence[date]) -> None:
        for day in days:
            targets = {RANDOMIZATION: day}
            for code, anchor, delta in deltas:
                targets[code] = targets[anchor] + delta

    days = randomizations(people)
    in_block = people // BLOCKS
    pairs = []
    for first in range(0, people, in_block):
        tell(f"schedules: {first} of {people}")
        block = days[first : first + in_block]
        plain, ours = own_seconds(partial(add, block)), own_seconds(partial(place, block))
        pairs.append(Pair(ours=ours / in_block, plain=plain / in_block))
    return make_row(f"{people:,} schedules", pairs, limit=PLACING_LIMIT, each="adding relativedeltas")


def plan_one(number: int, randomized: date, protocol: Protocol, site: Site | None) -> Plan:
    """Plan a participant like no other, booked where there is a site."""
    request = Request(
        participant=ParticipantId(f"P-{number:05}"),
        randomized=randomized,
        steroids=True,
        as_of=datetime(randomized.year, randomized.month, randomized.day, 9, tzinfo=UTC),
        booked=site is not None,
    )
    return make_plan(request, protocol, site)


def write_calendars(plans: Sequence[Plan]) -> None:
    """Write both calendars of each participant, and keep none."""
    for plan in plans:
        both_calendars(plan)


def both_calendars(plan: Plan) -> tuple[bytes, bytes]:
    """Return the participant's and the coordinator's calendar."""
    speaks = language("en")
    return participant_calendar(plan.participant, speaks), coordinator_calendar(plan.staff, speaks)


def measure_calendars(protocol: Protocol, site: Site | None, people: int) -> list[Row]:
    """Measure views into both .ics against icalendar's components, and how much the memory's peak grows."""
    days = randomizations(people)
    in_block = people // BLOCKS
    booked = f"booked at {site.id}" if site else "not booked"
    pairs, peaks = [], []
    for first in range(0, people, in_block):
        tell(f"calendars, {booked}: {first} of {people}")
        plans = [plan_one(number, days[number], protocol, site) for number in range(first, first + in_block)]
        ours = own_seconds(partial(write_calendars, plans))
        written = [data for plan in plans[:PLAIN_IN_A_BLOCK] for data in both_calendars(plan)]
        recipes = [read_recipe(Calendar.from_ical(data)) for data in written]
        check_same(written, recipes)
        plain = own_seconds(partial(write_plainly, recipes))
        pairs.append(Pair(ours=ours / in_block, plain=plain / PLAIN_IN_A_BLOCK))
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_MAXRSS / MEGABYTE)
    early = peaks[BLOCKS // 10 - 1]
    return [
        make_row(
            f"{people:,} x both .ics, {booked}",
            pairs,
            limit=CALENDARS_LIMIT,
            each=f"plain icalendar (for {BLOCKS * PLAIN_IN_A_BLOCK}, scaled)",
        ),
        Row(
            what=f"memory from participant {people // 10:,} to {people:,}, {booked}",
            limit=GROWTH_LIMIT_MB,
            measured=peaks[-1] - early,
            unit="MB",
            means=f"peak {peaks[-1]:.0f} MB, {early:.0f} MB before",
        ),
    ]


def read_recipe(component: Component) -> Recipe:
    """Take a calendar apart into plain values. VTIMEZONE is left out: ours is a constant, theirs might be."""
    found = component.property_items(recursive=False, sorted=False)[1:-1]
    return Recipe(
        kind=type(component),
        properties=tuple((name, _plain_value(value), dict(getattr(value, "params", {}))) for name, value in found),
        parts=tuple(read_recipe(part) for part in component.subcomponents if part.name != "VTIMEZONE"),
    )


def _plain_value(value: Any) -> object:
    if hasattr(value, "dt"):
        return value.dt
    return int(value) if isinstance(value, int) else str(value)


def write_plainly(recipes: Sequence[Recipe]) -> list[bytes]:
    """Build each calendar by icalendar's components, as its documentation shows, and write it."""
    return [build_plainly(recipe).to_ical() for recipe in recipes]


def build_plainly(recipe: Recipe) -> Component:
    """Build a component and its parts."""
    component = recipe.kind()
    for name, value, parameters in recipe.properties:
        component.add(name, value, parameters)
    for part in recipe.parts:
        component.add_component(build_plainly(part))
    return component


def check_same(written: Sequence[bytes], recipes: Sequence[Recipe]) -> None:
    """Raise RuntimeError unless both sides write the same lines: else they could not be compared."""
    for ours, plain in zip(written, write_plainly(recipes), strict=True):
        if content_lines(ours) != content_lines(plain):
            raise RuntimeError("plain icalendar wrote another calendar than dayzero")


def content_lines(calendar: bytes) -> list[bytes]:
    """Return the unfolded lines in the order of the alphabet, without the time zone's."""
    before, _, rest = calendar.partition(b"BEGIN:VTIMEZONE\r\n")
    after = rest.partition(b"END:VTIMEZONE\r\n")[2]
    return sorted((before + after).replace(b"\r\n ", b"").splitlines())


def measure_html(protocol: Protocol, site: Site) -> Row:
    """Measure the packet's HTML against Jinja alone, which is given the same facts."""
    made = plan_one(1, FIRST_DAY, protocol, site).participant
    speaks = language("en")
    template = environment_of_pages("packet", "en").get_template("packet.html")
    facts = packet_facts(made, speaks)
    packet_html(made, speaks)
    pairs = []
    for done in range(HTML_ROUNDS):
        tell(f"packet.html: {done} of {HTML_ROUNDS}")
        plain = own_seconds(lambda: template.render(paper="letter", large=False, **facts))
        pairs.append(Pair(ours=own_seconds(lambda: packet_html(made, speaks)), plain=plain))
    return make_row("packet.html", pairs, limit=HTML_LIMIT, each="bare Jinja")


def measure_pdf(protocol: Protocol, site: Site) -> list[Row]:
    """Measure the packet's PDF, after the fonts are loaded, against as many bare pages; not where PDF is not made."""
    if missing := missing_libraries():
        print(f"packet.pdf is not measured: {missing} is missing", file=sys.stderr)
        return []
    made = plan_one(1, FIRST_DAY, protocol, site).with_link(LINK).participant
    rows = []
    for what, style in (("packet.pdf", Style()), ("packet.pdf, large print", Style(large=True))):
        packet = packet_html(made, language("en"), style)
        pages = len(PdfReader(BytesIO(write_pdf(packet))).pages)
        bare = bare_pages(pages)
        write_pdf(bare)
        pairs = []
        for done in range(PDF_ROUNDS):
            tell(f"{what}: {done} of {PDF_ROUNDS}")
            plain, ours = own_seconds(partial(write_pdf, bare)), own_seconds(partial(write_pdf, packet))
            pairs.append(Pair(ours=ours / pages, plain=plain / pages))
        rows.append(make_row(f"a page of {what}, of {pages}", pairs, limit=PDF_LIMIT, each="a bare page"))
    return rows


def bare_pages(count: int) -> str:
    """Return pages of a heading and a sentence."""
    page = "<h1 style='break-before: page'>Your visit</h1><p>Bring your medicines list and this packet.</p>"
    style = f"font-family: {FONT_FAMILY}"
    return f"<!DOCTYPE html><html lang='en'><title>Bare</title><body style='{style}'>{page * count}</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a whole process took, and its peak of memory."""

    seconds: float
    megabytes: float


def run_batch(folder: Path, people: int, only: str, jobs: int) -> Cost:
    """Run ``dayzero batch`` on a roster of as many participants, booked at a site, into a new folder.

    What it writes is left there: file systems are slow to make files where others have just been deleted.
    """
    roster = folder / "roster.csv"
    days = randomizations(people)
    rows = [f"P-{number:05},{day},,{SITE},{'yes' if number % 2 else 'no'},en" for number, day in enumerate(days)]
    roster.write_text("\n".join(["participant,randomized,day0,site,steroids,lang", *rows]))
    out = tempfile.mkdtemp(dir=folder)
    options = ("--out", out, "--only", only, "--jobs", str(jobs), "--as-of", "2026-01-01", "--booked")
    dayzero = Path(sys.executable).with_name("dayzero")
    start = time.perf_counter()
    with subprocess.Popen(
        [dayzero, "batch", roster, *options],
        cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"dayzero batch ended with exit code {process.returncode}")
    return Cost(seconds=seconds, megabytes=used.ru_maxrss * BYTES_OF_MAXRSS / MEGABYTE)


def measure_workers(people: int, only: str, rounds: int) -> Row:
    """Measure the wall time of one worker against two, and what two bare loops reach, to compare."""
    ratios, singles, doubles = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_batch(folder, 2, only, 2)
        for done in range(rounds):
            tell(f"batch to {only}, one worker against two: {done} of {rounds}")
            one, two = (run_batch(folder, people, only, jobs).seconds for jobs in (1, 2))
            ratios.append(one / two)
            singles.append(one)
            doubles.append(two)
    return Row(
        what=f"batch -j 2 against one worker, {people:,} rows to {only}",
        measured=median(ratios),
        unit="x",
        limit=WORKERS_LIMIT,
        at_least=True,
        means=f"{median(doubles):.1f} s, one worker {median(singles):.1f} s; two bare loops: {loops_at_once():.2f} x",
    )


def loops_at_once() -> float:
    """Return how much faster two processes that only count are than one: 2 on a machine that is idle otherwise."""
    command = [sys.executable, "-c", "for number in range(30_000_000): pass"]

    def seconds(processes: int) -> float:
        start = time.perf_counter()
        for running in [subprocess.Popen(command) for _ in range(processes)]:
            running.wait()
        return time.perf_counter() - start

    return 2 * seconds(1) / seconds(2)


def measure_roster(people: int) -> list[Row]:
    """Measure the peak of memory of a whole roster in one process, and how much of it a tenth of the rows needs."""
    with tempfile.TemporaryDirectory() as name:
        tell(f"batch of {people:,} rows")
        _, tenth, whole = (run_batch(Path(name), rows, "json,ics", 1).megabytes for rows in (2, people // 10, people))
    return [
        Row(what=f"batch of {people:,} rows to json,ics", limit=ROSTER_LIMIT_MB, measured=whole, unit="MB"),
        Row(
            what=f"memory from {people // 10:,} to {people:,} rows",
            limit=GROWTH_LIMIT_MB,
            measured=whole - tenth,
            unit="MB",
            means=f"peak {whole:.0f} MB, {tenth:.0f} MB with a tenth of the rows",
        ),
    ]


def write_table(rows: Sequence[Row]) -> str:
    """Return the rows below their headings."""
    cells = [("what", "limit", "measured", "", "CPU, wall time or peak of memory")]
    for row in rows:
        cells.append((row.what, row.promise, f"{row.measured:.2f} {row.unit}", row.verdict, row.means))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        f"{what:<{widths[0]}}  {limit:>{widths[1]}}  {measured:>{widths[2]}}  {verdict:<{widths[3]}}  {means}".rstrip()
        for what, limit, measured, verdict, means in cells
    )


@click.command()
@click.option("--quick", is_flag=True, help="A tenth of the participants and a quarter of the rounds, for a look.")
def main(*, quick: bool) -> None:
    """Measure what dayzero costs; exit 1 when a limit is exceeded."""
    people, rounds = (1_000, 5) if quick else (10_000, 21)
    protocol = read_protocol(find_protocol(PROTOCOL))
    site = read_site(find_site(SITE))
    rows = [
        *measure_commands(rounds),
        measure_placing(protocol, people),
        *measure_calendars(protocol, None, people),
        *measure_calendars(protocol, site, people),
        measure_html(protocol, site),
        *measure_pdf(protocol, site),
        measure_workers(people // 2, "json,ics", 1 if quick else WORKERS_ROUNDS),
        *([] if missing_libraries() else [measure_workers(6 if quick else 24, "pdf", 1)]),
        *measure_roster(people),
    ]
    tell("")
    print(write_table(rows))
    sys.exit(any(row.is_missed for row in rows))


if __name__ == "__main__":
    main()
