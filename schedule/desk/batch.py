"""A whole roster: every row is planned, rendered and written as ``dayzero plan`` does it, by one or more processes.

A worker writes a participant's folder itself and sends back only what is told, and the events for the coordinator.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice, takewhile
from pathlib import Path

from schedule.desk.gathering import GatheredCalendar
from schedule.desk.plan import Plan, Request, make_plan, render_possible
from schedule.desk.pool import Pool
from schedule.desk.writing import Output, in_folder, left_from_before, write_outputs
from schedule.errors import Problem, Refused, ScheduleError, StoreUnavailable, UnknownName
from schedule.files.roster import COORDINATOR_CALENDAR, BadRow, Check, Roster, RosterRow, Terms, read_rows
from schedule.files.site import find_site, read_site
from schedule.participant.state import ParticipantId
from schedule.planning.notices import AboutDays, about_site
from schedule.render.ics import events_in, zone_needed
from schedule.render.language import Language, language
from schedule.render.pages import Style
from schedule.render.sentences import say_notice
from schedule.sites import Site
from schedule.study.protocol import Protocol

Sheets = Callable[[Plan, Protocol, str], tuple[list[Output], str]]
"""Makes what else is written for a participant, from a cell that only its maker reads; and says what was missing."""

LIGHT_ROWS = 8
"""How many rows are planned and written together where no PDF is made: one takes some milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is the same for every row. Each worker gets it once."""

    protocol: Protocol
    roster: Path
    sites: Mapping[str, Site]
    """By the names that the roster gives them."""
    out: Path
    kinds: Sequence[str]
    staff_lang: str
    booked: bool
    style: Style
    wording: str
    """A digest of the site's own templates."""
    sheets: Sheets | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A row, and the instant as of which it is planned."""

    row: RosterRow
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a row."""

    number: int
    participant: ParticipantId | None = None
    written: bool = False
    problems: tuple[Problem, ...] = ()
    """Why it was refused."""
    notes: tuple[str, ...] = ()
    """What staff should know."""
    missing: tuple[tuple[str, str], ...] = ()
    """Files that were left out, and what is missing to make them."""
    events: bytes = b""
    zone: str | None = None
    sample: bool = False
    failed: StoreUnavailable | None = None


def carry_out(setting: Setting, orders: Sequence[Order | BadRow]) -> list[Outcome]:
    """Plan, render and write some participants. A worker's whole work: it raises only what is a bug.

    Their files are forced to the disk together: the disk takes as long for one file as for all of them.
    """
    made = [_prepare(setting, order) for order in orders]
    try:
        write_outputs([output for _, outputs in made for output in outputs])
    except StoreUnavailable:
        return [_write_alone(one, outputs) for one, outputs in made]
    return [one for one, _ in made]


def _write_alone(outcome: Outcome, outputs: Sequence[Output]) -> Outcome:
    try:
        write_outputs(outputs)
    except StoreUnavailable as error:
        return Outcome(number=outcome.number, failed=error)
    return outcome


def _prepare(setting: Setting, order: Order | BadRow) -> tuple[Outcome, list[Output]]:
    """Return what became of a row once its files, if there are any, are written."""
    if isinstance(order, BadRow):
        return Outcome(number=order.number, problems=order.problems), []
    row = order.row
    speaks = language(setting.staff_lang)
    request = Request(
        participant=row.participant,
        randomized=row.randomized,
        steroids=row.steroids,
        day0=row.day0,
        booked=setting.booked,
        as_of=order.as_of,
        wording=setting.wording,
    )
    try:
        made = make_plan(request, setting.protocol, setting.sites[row.site] if row.site else None)
        if not made.is_complete:
            return Outcome(number=row.number, notes=(_say_unplaced(row, made, speaks),)), []
        return _render(setting, row, made, speaks)
    except StoreUnavailable as error:
        return Outcome(number=row.number, failed=error), []
    except ScheduleError as error:
        return Outcome(number=row.number, problems=tuple(_in_row(setting, row, one) for one in error.problems)), []


def _in_row(setting: Setting, row: RosterRow, problem: Problem) -> Problem:
    where = [f"row {row.number}", problem.file, problem.place]
    return replace(problem, file=str(setting.roster), place=": ".join(part for part in where if part))


def _render(setting: Setting, row: RosterRow, made: Plan, speaks: Language) -> tuple[Outcome, list[Output]]:
    sheets, no_sheet_pdf = setting.sheets(made, setting.protocol, row.sealed) if setting.sheets else ([], "")
    files, no_pdf = render_possible(
        made, setting.kinds, lang=row.lang, staff_lang=setting.staff_lang, style=setting.style
    )
    folder = setting.out / row.participant
    if folder.exists() and not folder.is_dir():
        wrong, remedy = f"{folder} is a file, and the participant's folder would stand there", "move it away"
        raise Refused([Problem(place="participant", wrong=wrong, remedy=remedy)])
    outputs = in_folder(folder, files)
    about_days = [notice for notice in made.staff.notices if isinstance(notice, AboutDays)]
    notes = [speaks.say("note: {notice}", notice=say_notice(notice, speaks)) for notice in about_days]
    if old := left_from_before(folder, outputs):
        names = ", ".join(old)
        notes.append(speaks.say("note: these are from before and may tell other dates: {names}", names=names))
    missing = (("preparation.pdf", no_sheet_pdf), ("PDF", no_pdf))
    outcome = Outcome(
        number=row.number,
        participant=row.participant,
        written=True,
        notes=tuple(f"{_say_row(row, speaks)}: {note}" for note in notes),
        missing=tuple((name, what) for name, what in missing if what),
        events=events_in(files["coordinator.ics"]) if "coordinator.ics" in files else b"",
        zone=zone_needed(made.staff),
        sample=made.staff.sample,
    )
    return outcome, [*sheets, *outputs]


def _say_row(row: RosterRow, speaks: Language) -> str:
    return speaks.say("row {row}, {participant}", row=row.number, participant=row.participant)


def _say_unplaced(row: RosterRow, made: Plan, speaks: Language) -> str:
    unplaced = [visit for visit in made.staff.visits if not visit.planned]
    words = speaks.say_count(
        "not written: no day fits {visits} ({count} reason; dayzero plan tells it)",
        "not written: no day fits {visits} ({count} reasons; dayzero plan tells them)",
        sum(len(visit.refused) for visit in unplaced),
        visits=", ".join(visit.code for visit in unplaced),
    )
    return f"{_say_row(row, speaks)}: {words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """The sites that a roster names: those that can be used, and what is wrong with the others."""

    good: Mapping[str, Site]
    unknown: Mapping[str, tuple[str, str]]
    """What is wrong with a name, and what to write instead."""
    problems: tuple[Problem, ...]
    """What is wrong in site files."""

    def check(self, name: str) -> tuple[str, str] | None:
        """Tell a row what is wrong with its site, if anything is."""
        return self.unknown.get(name)


def read_sites(roster: Roster) -> Sites:
    """Read each site that the roster names once. A path counts from the roster's folder."""
    good: dict[str, Site] = {}
    unknown: dict[str, tuple[str, str]] = {}
    problems: dict[Problem, None] = {}
    for name in roster.sites:
        try:
            found = find_site(name)
            good[name] = read_site(roster.path.parent / found)
        except UnknownName as error:
            unknown[name] = ("is no site that comes with dayzero, and no file", error.problems[0].remedy)
        except ScheduleError as error:
            unknown[name] = ("is a site file that cannot be used", "mend what is told of it above")
            problems |= dict.fromkeys(error.problems)
    return Sites(good=good, unknown=unknown, problems=tuple(problems))


def site_notes(setting: Setting, instant: Callable[[Site | None], datetime], speaks: Language) -> list[str]:
    """Say what staff should know of each site, once for all its participants."""
    lines: dict[str, None] = {}
    for site in setting.sites.values():
        where = speaks.say("site {site}", site=site.id)
        for notice in about_site(setting.protocol, site, instant(site)):
            note = speaks.say("note: {notice}", notice=say_notice(notice, speaks))
            lines[f"{where}: {note}"] = None
    return list(lines)


class Batch:
    """A run through a roster: what was written and refused so far, and the coordinator's calendar of all."""

    def __init__(
        self,
        setting: Setting,
        roster: Roster,
        terms: Terms,
        *,
        instant: Callable[[Site | None], datetime],
        jobs: int = 1,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.written = 0
        self.refused = 0
        self.row = 1
        self.calendar: Path | None = None
        self.failed: StoreUnavailable | None = None
        self._setting = setting
        self._roster = roster
        self._terms = terms
        self._instant = instant
        self._jobs = min(jobs, roster.rows)
        self._asked_to_stop = stopped

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more is begun: somebody asked to stop, or the store failed."""
        return self._asked_to_stop() or self.failed is not None

    @property
    def calendar_from_before(self) -> Path | None:
        """The calendar of an earlier run, where this one writes none: it may tell older dates."""
        path = self._setting.out / COORDINATOR_CALENDAR
        return path if not self.calendar and path.exists() else None

    def run(self, checks: Mapping[str, Check]) -> Iterator[Outcome]:
        """Carry out every row; yield what became of each, in the order of the roster.

        The coordinator's calendar is written when all are done. Raises StoreUnavailable when that cannot be.
        """
        gathered = GatheredCalendar(
            self._setting.out, self._setting.protocol.study.id, language(self._setting.staff_lang)
        )
        with gathered:
            for outcome in self._outcomes(read_rows(self._roster, self._terms, checks)):
                self.row = outcome.number
                self.failed = self.failed or outcome.failed
                self.written += outcome.written
                self.refused += not outcome.written and not outcome.failed
                if outcome.events:
                    gathered.add(outcome.events, zone=outcome.zone, sample=outcome.sample)
                yield outcome
            if not self.is_stopped and gathered.finish():
                self.calendar = gathered.path

    def _outcomes(self, rows: Iterator[RosterRow | BadRow]) -> Iterator[Outcome]:
        orders = takewhile(lambda _: not self.is_stopped, map(self._order, rows))
        heavy = "pdf" in self._setting.kinds or self._setting.sheets is not None
        bundle = 1 if heavy else LIGHT_ROWS
        if self._jobs == 1:
            while some := list(islice(orders, bundle)):
                yield from carry_out(self._setting, some)
            return
        pool: Pool[Order | BadRow, Outcome] = Pool(carry_out, self._setting, processes=self._jobs, bundle=bundle)
        try:
            for order in orders:
                yield from pool.give(order)
            yield from pool.stop() if self.is_stopped else pool.finish()
        finally:
            pool.close()

    def _order(self, row: RosterRow | BadRow) -> Order | BadRow:
        if isinstance(row, BadRow):
            return row
        return Order(row=row, as_of=self._instant(self._setting.sites[row.site] if row.site else None))
