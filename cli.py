"""The door: parse, call, print, and turn errors into sentences that name the next thing to type."""

import gc
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, tzinfo
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo, reset_tzpath

import click

from schedule.desk.staff_language import add_staff_lang, staff_language
from schedule.errors import (
    Problem,
    ScheduleError,
    StoreConflict,
    StoreUnavailable,
    UnknownName,
    Unreadable,
    nearest_names,
    told_bug,
)

if TYPE_CHECKING:
    from schedule.desk.batch import Batch, Setting
    from schedule.desk.plan import Plan, Request
    from schedule.desk.writing import Output
    from schedule.files.roster import Check, Roster, Terms
    from schedule.planning.taper import TaperPlan
    from schedule.render.language import Language
    from schedule.render.pages import Style
    from schedule.sites import Site
    from schedule.study.protocol import Protocol, VisitCode

T = TypeVar("T")

NO, USAGE, STORAGE, BUG = 1, 2, 3, 70
FILES = ("json", "csv", "ics", "html", "pdf")
PAPERS = ("html", "pdf")
WIDEST = 200
PROTOCOL = "res001-dmpm-02"
"""The trial that is meant where none is named."""
MOST_JOBS = 64
PROMPT = "\0ask"
"""What ``--cohort`` without a value stands for: nobody can type it."""

GARBAGE = 50_000
"""New objects before Python looks for garbage: at its usual 700 a run of a second spends a tenth of it on looking."""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

PLAN_EXAMPLES = """
\b
Examples:
  dayzero plan P-001 --randomized 2026-03-02 --steroids
  dayzero plan P-001 --randomized 2026-03-02 --steroids --site gainesville --out calendars
  dayzero plan P-001 --randomized 2026-03-02 --no-steroids --site clinic.toml --booked --lang es
  dayzero plan P-001 --randomized 2026-03-02 --steroids --format json
  dayzero plan P-001 --randomized 2026-03-02 --steroids --infusion2-given 2026-06-03 --taper plan.csv
  dayzero plan P-001 --randomized 2026-03-02 --steroids --out calendars --feed-dir feeds \\
      --feed-base https://calendars.example.org/f

\b
The unblinded pharmacist, alone at the keyboard, adds the cohort (asked for, and not shown):
  dayzero plan P-001 --randomized 2026-03-02 --steroids --out calendars \\
      --pharmacy-out /pharmacy --cohort
"""

BATCH_EXAMPLES = """
\b
Examples:
  dayzero batch roster.csv --out clinic --only ics,json
  dayzero batch roster.csv --out clinic --booked --staff-lang es -j 4

\b
A roster:
  participant,randomized,day0,site,steroids,lang
  P-001,2026-03-02,2026-03-05,gainesville,yes,en
  P-002,2026-03-09,,sites/clinic.toml,no,es

\b
The unblinded pharmacist, with a roster of their own that has a column cohort:
  dayzero batch sealed.csv --out clinic --pharmacy-out /pharmacy
"""


def main() -> None:
    """Run dayzero. No traceback ever reaches a user."""
    gc.set_threshold(GARBAGE)
    reset_tzpath(to=())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        dayzero(prog_name="dayzero")
    except OSError as error:
        click.echo(f"dayzero: cannot read or write: {error.strerror or error}; is the disk full?", err=True)
        sys.exit(STORAGE)
    except Exception as error:  # noqa: BLE001 - the outermost door: a bug is told in a line
        click.echo(
            f"dayzero: this is a bug in dayzero, not in what you typed: {told_bug(error)}.\n"
            "It was not finished. Please report this line and the command, without participants' data.",
            err=True,
        )
        sys.exit(BUG)


def _tell(error: ScheduleError, lang: str) -> NoReturn:
    """Say all problems, one a line, and leave with the exit code for their kind."""
    from schedule.render.language import language
    from schedule.render.problems import say_problem

    speaks = language(lang)
    for problem in error.problems:
        click.echo(f"dayzero: {_printable(say_problem(problem, speaks))}", err=True)
    match error:
        case UnknownName() | Unreadable():
            sys.exit(USAGE)
        case StoreUnavailable() | StoreConflict():
            sys.exit(STORAGE)
        case _:
            sys.exit(NO)


def _printable(text: str) -> str:
    """Spell out characters that a terminal would obey, wherever in a name or a file they came from."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        click.echo(f"dayzero {version('dayzero')}")
        context.exit()


SECTIONS = {
    "Plans, made without memory": ("plan", "batch", "packet", "lookback", "protocol"),
    "What happens to a participant": (
        "enroll", "book", "move", "confirm", "done", "miss", "cancel", "unscheduled", "away", "prefer", "attempt",
        "taper", "hold", "resume", "stop-infusions", "withdraw", "died", "terminate", "reinstate", "correct", "amend",
        "told",
    ),
    "What is known, on screen and paper": (
        "show", "list", "agenda", "due", "overdue", "deviations", "tell", "publish", "binder",
    ),
    "Days for everybody at a site": ("optimise", "replan"),
    "The clinic's server": ("serve", "sign-in-link", "link", "feeds"),
    "Keeping": ("clinic", "audit", "doctor", "completion"),
    "For the unblinded pharmacist only": ("pharmacy",),
}  # fmt: skip
"""All commands, as ``dayzero -h`` lists them."""
HAPPENS, KNOWN = tuple(SECTIONS.values())[1:3]
LAZY = {
    **{name: f"clinic.commands.changing:{name.replace('-', '_')}" for name in HAPPENS},
    **{name: f"clinic.commands.reading:{name}" for name in KNOWN},
    "list": "clinic.commands.reading:list_participants",
    "optimise": "clinic.commands.optimising:optimise",
    "replan": "clinic.commands.optimising:replan",
    "serve": "clinic.server.serving:serve",
    "sign-in-link": "clinic.server.linking:sign_in_link",
    "link": "clinic.feeds.commands:link",
    "feeds": "clinic.feeds.commands:feeds",
    "clinic": "clinic.commands.keeping:clinic",
    "audit": "clinic.commands.keeping:audit",
    "pharmacy": "schedule.unblinded.commands:pharmacy",
}
"""Commands that are loaded when they are first asked for, and where they are: no other command pays for them."""
WHOLE = 300
"""Letters of a command's first sentence that are shown: all of them."""


class _Door(click.Group):
    """The commands of this file, and those of LAZY."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *LAZY})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in LAZY:
            module, _, name = LAZY[cmd_name].partition(":")
            self.add_command(getattr(import_module(module), name), cmd_name)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ScheduleError as error:
            _tell(error, staff_language(ctx))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            found = [(name, command) for name in names if (command := self.get_command(ctx, name))]
            with formatter.section(title):
                formatter.write_dl([(name, command.get_short_help_str(WHOLE)) for name, command in found])


@click.group(cls=_Door, context_settings=CONTEXT)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
              help="Show the version and exit.")  # fmt: skip
def dayzero() -> None:
    """Visit schedules, calendars and printable packets for a clinical trial.

    Start with:  dayzero plan -h
    """


def _complete_sites(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    from schedule.files.site import site_names

    return [name for name in site_names() if name.startswith(typed)]


def _complete_protocols(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    from schedule.files.protocol import protocol_names

    return [name for name in protocol_names() if name.startswith(typed)]


def protocol_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--protocol``."""
    return click.option("--protocol", "protocol_name", metavar="NAME|FILE", default=PROTOCOL,
                        show_default=True, shell_complete=_complete_protocols,
                        help="The trial: one that comes with dayzero, or your own TOML file.")(command)  # fmt: skip


def lang_option(name: str, meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add an option for a language."""
    return click.option(name, type=click.Choice(["en", "es"]), default="en", show_default=True, help=meaning)


booked_option = click.option("--booked", is_flag=True,
                             help="Take the planned days, at the site's arrival times, as booked.")  # fmt: skip
as_of_option = click.option("--as-of", metavar="INSTANT",
                            help="When this schedule is valid: 2026-03-02, or 2026-03-02T09:00:00-05:00. "
                            "Default: the start of today at the site (UTC without a site).")  # fmt: skip
only_option = click.option("--only", metavar="KINDS",
                           help=f"Write only some of {','.join(FILES)}, separated by commas.")  # fmt: skip
pharmacy_option = click.option("--pharmacy-out", metavar="DIR",
                               help="The pharmacist's private folder, for the preparation sheets.")  # fmt: skip


def paper_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--paper``."""
    return click.option("--paper", type=click.Choice(["letter", "a4"]), default="letter", show_default=True,
                        help="The size of the sheets.")(command)  # fmt: skip


def style_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--paper``, ``--large-print`` and ``--templates``."""
    for option in (
        click.option("--templates", metavar="DIR", help="Your own templates; what is not there is dayzero's."),
        click.option("--large-print", is_flag=True, help="The packet in large letters, 18 pt; no other paper."),
    ):
        command = option(command)
    return paper_option(command)


@dayzero.command(epilog=PLAN_EXAMPLES)
@click.argument("participant", metavar="PARTICIPANT")
@click.option("--randomized", metavar="DATE", required=True, help="The day of randomization, YYYY-MM-DD.")
@click.option("--steroids", is_flag=True, help="The participant takes steroids. There is no default.")
@click.option("--no-steroids", is_flag=True, help="The participant takes no steroids.")
@click.option("--day0", metavar="DATE", help="The day of the first infusion, where it is already known.")
@click.option("--infusion2-given", metavar="DATE",
              help="The day the second infusion was given: its follow-ups and the taper count from it.")  # fmt: skip
@click.option("--taper", metavar="FILE",
              help="The steroid taper as prescribed: a CSV file, see docs/taper-plan.md.")  # fmt: skip
@click.option("--site", "site_name", metavar="NAME|FILE", shell_complete=_complete_sites,
              help="The clinic's calendar: an example site, or your own TOML file.")  # fmt: skip
@protocol_option
@lang_option("--lang", "Language of the participant's calendar and packet.")
@add_staff_lang("Language of the table, files and calendar for staff.")
@booked_option
@as_of_option
@click.option("--out", metavar="DIR", help="Where the participant's folder is written. Default: here.")
@only_option
@click.option("--visit", "only_visit", metavar="CODE", help="Print the papers of a single visit, such as M3.")
@style_options
@click.option("--allow-unplaced", is_flag=True, help="Write the files even when a visit has no day; still exit 1.")
@click.option("--feed-dir", metavar="DIR", help="Also write the calendar as a feed under a secret name.")
@click.option("--feed-base", metavar="URL", help="The https address that serves --feed-dir, to print the links.")
@click.option("--feed-url", metavar="URL", help="The https address of a feed that exists, for the packet's page on it.")
@click.option("--cohort", metavar="COHORT", is_flag=False, flag_value=PROMPT,
              help="UNBLINDED PHARMACIST ONLY. Without a value it is asked for, and not shown.")  # fmt: skip
@click.option("--cohort-file", metavar="FILE", help="UNBLINDED PHARMACIST ONLY. Read the cohort from a file.")
@pharmacy_option
@click.option("--format", "shown", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
              help="What is printed. json and csv write no file unless --out is given.")  # fmt: skip
def plan(**typed: Any) -> None:
    """Compute every visit and window of PARTICIPANT; write calendars and a packet that prints.

    PARTICIPANT is a code such as P-001, never a name. The files go to DIR/PARTICIPANT/.
    Exit code 1 when a visit has no day: nothing is written then, unless --allow-unplaced.
    """
    from schedule.desk.plan import make_plan
    from schedule.render.language import language
    from schedule.render.tables import notice_lines

    kinds = _check_usage(typed)
    speaks = language(typed["staff_lang"])
    errors: list[ScheduleError] = []
    taper = _collect(lambda: _read_taper(typed), errors)
    wording = _collect(lambda: _read_wording(typed), errors)
    protocol, site = _read_files(typed, errors)
    request = _read_request(typed, protocol, site, speaks, taper)
    made = make_plan(replace(request, wording=wording or ""), protocol, site).with_link(typed["feed_url"])
    for line in notice_lines(made.staff, speaks):
        click.echo(_printable(line), err=True)
    lines: list[str] = []
    if made.is_complete or typed["allow_unplaced"]:
        lines, made = _write(typed, made, protocol, speaks, kinds)
    else:
        click.echo(speaks.say("nothing was written; --allow-unplaced writes the rest"), err=True)
    _show(typed, made, lines, speaks)
    if not made.is_complete:
        sys.exit(NO)


def _check_usage(typed: dict[str, Any]) -> list[str]:
    """Return the kinds of file to write; raise UsageError with all that does not go together."""
    wrong = [f"{option}: is empty; leave it out or write a value" for option in _empty(typed)]
    kinds = _read_kinds(typed, wrong)
    wrong += _check_cohort_usage(typed)
    if typed["feed_base"] and not typed["feed_dir"]:
        wrong.append("--feed-base: say --feed-dir too, the folder that this address serves")
    if typed["feed_base"] and not re.fullmatch(r"https://[!-~]+", typed["feed_base"]):
        wrong.append("--feed-base: phones subscribe over https only; write https://... without spaces")
    if typed["feed_url"] and typed["feed_dir"]:
        wrong.append(
            "--feed-url and --feed-dir: say only one of them; the second makes the feed, and so knows its link"
        )
    if typed["feed_url"] and not re.fullmatch(r"https://[!-~]+", typed["feed_url"]):
        wrong.append("--feed-url: phones subscribe over https only; write https://... without spaces")
    if typed["only_visit"] and not any(kind in PAPERS for kind in kinds):
        wrong.append(f"--visit: makes only {' and '.join(PAPERS)}; name one of them in --only, or leave --only out")
    if typed["steroids"] and typed["no_steroids"]:
        wrong.append("--steroids and --no-steroids: say only one of them")
    if wrong:
        raise click.UsageError("\n  ".join(wrong))
    if typed["only_visit"]:
        kinds = [kind for kind in kinds if kind in PAPERS]
    return kinds if _writes_files(typed) else []


def _read_kinds(typed: dict[str, Any], wrong: list[str]) -> list[str]:
    kinds = [kind.strip() for kind in (typed["only"] or ",".join(FILES)).split(",")]
    if unknown := [kind for kind in kinds if kind not in FILES]:
        wrong.append(f"--only: unknown {', '.join(map(ascii, unknown))}; write some of {','.join(FILES)}")
    return kinds


def _check_cohort_usage(typed: dict[str, Any]) -> list[str]:
    wrong: list[str] = []
    has_cohort = typed["cohort"] is not None or typed["cohort_file"] is not None
    if typed["cohort"] is not None and typed["cohort_file"] is not None:
        wrong.append("--cohort and --cohort-file: say only one of them")
    if has_cohort and not typed["pharmacy_out"]:
        wrong.append("--pharmacy-out: say where the pharmacist's own folder is; the cohort needs it")
    if typed["pharmacy_out"] and not has_cohort:
        wrong.append("--pharmacy-out: the sheets need the cohort; the pharmacist adds --cohort")
    if typed["cohort"] == PROMPT and not sys.stdin.isatty():
        wrong.append("--cohort: there is no terminal to ask on; write it into a file and say --cohort-file FILE")
    return wrong


def _empty(typed: dict[str, Any]) -> list[str]:
    """Return the options that were given without a value: a script's variable that was never set."""
    names = {
        "site_name": "--site",
        "protocol_name": "--protocol",
        "only_visit": "--visit",
        "roster": "ROSTER",
        "participant": "PARTICIPANT",
    }
    return [names.get(key, f"--{key.replace('_', '-')}") for key, value in typed.items() if value == ""]


def _writes_files(typed: dict[str, Any]) -> bool:
    return typed["shown"] == "table" or typed["out"] is not None


def _read_wording(typed: dict[str, Any]) -> str:
    if typed["templates"] is None:
        return ""
    from schedule.render.pages import read_wording

    return read_wording(Path(typed["templates"]))


def _read_taper(typed: dict[str, Any]) -> "TaperPlan | None":
    if typed["taper"] is None:
        return None
    from schedule.files.taper import read_taper

    return read_taper(Path(typed["taper"]))


def _read_files(typed: dict[str, Any], before: Sequence[ScheduleError] = ()) -> "tuple[Protocol, Site | None]":
    """Read the protocol and the site; tell the problems of both, and those of files read before, at once."""
    from schedule.files.protocol import find_protocol, read_protocol

    errors = [*before]
    protocol = _collect(lambda: read_protocol(find_protocol(typed["protocol_name"])), errors)
    site = None
    if typed["site_name"] is not None:
        from schedule.files.site import find_site, read_site

        site = _collect(lambda: read_site(find_site(typed["site_name"])), errors)
    if protocol is None or errors:
        raise type(errors[0])(problem for error in errors for problem in error.problems)
    return protocol, site


def _collect(read: Callable[[], T], errors: list[ScheduleError]) -> T | None:
    try:
        return read()
    except ScheduleError as error:
        errors.append(error)
        return None


def _read_request(
    typed: dict[str, Any],
    protocol: "Protocol",
    site: "Site | None",
    speaks: "Language",
    taper: "TaperPlan | None" = None,
) -> "Request":
    """Read what was typed; raise UsageError with all that cannot be read."""
    from schedule.desk.plan import Request
    from schedule.files.values import read_date, read_instant, read_participant

    wrong: list[str] = []

    def read(option: str, text: str | None, reader: Callable[[str], T]) -> T | None:
        if text is None:
            return None
        try:
            return reader(text)
        except ValueError as error:
            wrong.append(f"{option}: {text!r} {error}")
            return None

    participant = read("PARTICIPANT", typed["participant"], read_participant)
    randomized = read("--randomized", typed["randomized"], read_date)
    day0 = read("--day0", typed["day0"], read_date)
    infusion2_given = read("--infusion2-given", typed["infusion2_given"], read_date)
    as_of = read("--as-of", typed["as_of"], lambda text: read_instant(text, _zone_of(site)))
    steroids = typed["steroids"]
    if protocol.asks_about_steroids and not (typed["steroids"] or typed["no_steroids"]):
        if not wrong and sys.stdin.isatty():
            steroids = click.confirm(speaks.say("Does the participant take steroids?"), default=None, err=True)
        else:
            wrong.append("--steroids: say --steroids or --no-steroids; the protocol has dates only for those on them")
    if wrong or participant is None or randomized is None:
        raise click.UsageError("\n  ".join(wrong))
    return Request(
        participant=participant,
        randomized=randomized,
        steroids=steroids if protocol.asks_about_steroids else None,
        day0=day0,
        infusion2_given=infusion2_given,
        taper=taper,
        booked=typed["booked"],
        as_of=as_of or _start_of_day(datetime.now(UTC), site),
    )


def _zone_of(site: "Site | None") -> tzinfo:
    return ZoneInfo(site.time_zone) if site else UTC


def _start_of_day(now: datetime, site: "Site | None") -> datetime:
    zone = _zone_of(site)
    return datetime.combine(now.astimezone(zone), time.min, zone).astimezone(UTC)


def _write(
    typed: dict[str, Any], made: "Plan", protocol: "Protocol", speaks: "Language", kinds: list[str]
) -> "tuple[list[str], Plan]":
    """Render everything, then write everything; return the lines that tell what was written, and the plan written."""
    from schedule.desk.writing import check_not_served, in_folder, left_from_before, write_outputs
    from schedule.render.tables import feed_lines

    out = Path(typed["out"] or ".")
    folder = out / made.staff.participant
    if typed["feed_dir"] and _writes_files(typed):
        check_not_served(out, Path(typed["feed_dir"]), made.staff.participant)
    unblinded = _render_pharmacy(typed, made, protocol, speaks)
    sheets: list[Output] = []
    outputs: list[Output] = []

    def render(plan: "Plan") -> "list[Output]":
        outputs[:] = in_folder(folder, _render(plan, kinds, typed, speaks))
        sheets[:] = _in_pharmacy(typed, plan, unblinded)
        return [*sheets, *outputs]

    told: list[str] = []
    if typed["feed_dir"]:
        import secrets

        from schedule.desk.feeds import write_with_feed

        feed, made = write_with_feed(
            made, render, Path(typed["feed_dir"]), base=typed["feed_base"], lang=typed["lang"],
            new_name=f"dz_{secrets.token_urlsafe(32)}.ics",
        )  # fmt: skip
        told = feed_lines(feed, typed["feed_base"], speaks)
    else:
        write_outputs(render(made))
    for sheet in sheets:
        click.echo(speaks.say("pharmacy: {path}", path=sheet.path), err=True)
    if outputs and not typed["only_visit"] and (old := left_from_before(folder, outputs)):
        names = ", ".join(old)
        click.echo(speaks.say("note: these are from before and may tell other dates: {names}", names=names), err=True)
    return [*(speaks.say("wrote {path}", path=output.path) for output in outputs), *told], made


def _render(made: "Plan", kinds: list[str], typed: dict[str, Any], speaks: "Language") -> dict[str, bytes]:
    """Render the participant's files; without the PDF, and a line that says so, where its libraries are missing."""
    if not kinds:
        return {}
    from schedule.desk.plan import render_possible

    files, missing = render_possible(
        made,
        kinds,
        lang=typed["lang"],
        staff_lang=typed["staff_lang"],
        style=_style(typed),
        only=_find_visit(typed["only_visit"], made) if typed["only_visit"] else None,
    )
    if missing:
        _tell_missing("PDF", missing, speaks)
    return files


def _style(typed: dict[str, Any]) -> "Style":
    from schedule.render.pages import Paper, Style

    templates = Path(typed["templates"]) if typed["templates"] else None
    return Style(paper=Paper(typed["paper"]), large=typed["large_print"], templates=templates)


def _find_visit(code: str, made: "Plan") -> "VisitCode":
    """Return the code of a visit of the participant. Raises UnknownName with the nearest codes."""
    codes = {visit.code.lower(): visit.code for visit in made.participant.visits}
    if code.lower() in codes:
        return codes[code.lower()]
    remedy = nearest_names(code, codes.values(), or_else=f"write one of {', '.join(codes.values())}")
    raise UnknownName([Problem(place="--visit", wrong=f"there is no visit {code!r}", remedy=remedy)])


def _tell_missing(name: str, missing: str, speaks: "Language") -> None:
    words = speaks.say(
        "{name} is left out: {missing} is missing; pip install 'dayzero[pdf]', then dayzero doctor",
        name=name,
        missing=missing,
    )
    click.echo(words, err=True)


def _render_pharmacy(typed: dict[str, Any], made: "Plan", protocol: "Protocol", speaks: "Language") -> dict[str, bytes]:
    """Render the pharmacist's files, if the pharmacist asked; refuse places where masked people may read."""
    if not typed["pharmacy_out"]:
        return {}
    from schedule.unblinded.sheets_folder import check_apart, check_cohort_file, render_sheets

    pharmacy = Path(typed["pharmacy_out"])
    blinded = {"--out": Path(typed["out"] or ".")} if _writes_files(typed) else {}
    if typed["feed_dir"]:
        blinded["--feed-dir"] = Path(typed["feed_dir"])
    check_apart(pharmacy, blinded, made.staff.participant)
    if typed["cohort_file"] is not None:
        named = {option: folder for option, folder in blinded.items() if str(folder) != "."}
        check_cohort_file(Path(typed["cohort_file"]), named)
    files, missing = render_sheets(
        made, protocol, _read_cohort(typed, speaks), lang=typed["staff_lang"], style=_style(typed)
    )
    if missing:
        _tell_missing("preparation.pdf", missing, speaks)
    return files


def _in_pharmacy(typed: dict[str, Any], made: "Plan", files: dict[str, bytes]) -> "list[Output]":
    if not files:
        return []
    from schedule.unblinded.sheets_folder import sheets_in

    return sheets_in(Path(typed["pharmacy_out"]), made, files)


def _read_cohort(typed: dict[str, Any], speaks: "Language") -> str:
    if typed["cohort_file"] is not None:
        from schedule.files.text import read_text

        return read_text(Path(typed["cohort_file"]))
    if typed["cohort"] == PROMPT:
        answer: str = click.prompt(speaks.say("Cohort (not shown)"), hide_input=True, err=True)
        return answer
    warning = speaks.say(
        "warning: a cohort on the command line stays in the shell's history; next time say --cohort alone"
    )
    click.echo(warning, err=True)
    return str(typed["cohort"])


def _show(typed: dict[str, Any], made: "Plan", lines: list[str], speaks: "Language") -> None:
    """Print the schedule. What is meant for programs stands alone on stdout."""
    from schedule.render.tables import schedule_table

    if typed["shown"] == "table":
        click.echo(schedule_table(made.staff, speaks, width=_width()))
        for line in lines:
            click.echo(line)
        return
    from schedule.desk.plan import render_files

    languages = {"lang": typed["lang"], "staff_lang": typed["staff_lang"]}
    (data,) = render_files(made, [typed["shown"]], **languages).values()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    for line in lines:
        click.echo(line, err=True)


@dayzero.command(epilog=BATCH_EXAMPLES)
@click.argument("roster", metavar="ROSTER")
@click.option("--out", metavar="DIR", required=True, help="Where the participants' folders are written.")
@protocol_option
@add_staff_lang("Language of the notes, files and calendar for staff.")
@booked_option
@as_of_option
@only_option
@style_options
@click.option("-j", "--jobs", type=click.IntRange(1, MOST_JOBS), default=1, show_default=True,
              help="How many processes share the work.")  # fmt: skip
@pharmacy_option
def batch(**typed: Any) -> None:
    """Plan every participant of ROSTER, a CSV file with a row for each; write their folders to DIR.

    Columns: participant, randomized, steroids (yes or no); and, where they are known, day0, site (a name or a file,
    from ROSTER's folder), lang (en or es). DIR/coordinator.ics holds the visits of all. Good rows are written;
    exit code 1 when there was a bad one, or one with a visit that has no day.
    """
    wrong = [f"{option}: is empty; leave it out or write a value" for option in _empty(typed)]
    kinds = _read_kinds(typed, wrong)
    instant = _read_instants(typed, wrong)
    if wrong:
        raise click.UsageError("\n  ".join(wrong))
    if typed["jobs"] > 1:
        from schedule.desk.pool import get_ready

        get_ready("cli", "schedule.desk.batch", "icalendar", "holidays")
    from schedule.desk.batch import Batch, site_notes
    from schedule.render.language import language

    speaks = language(typed["staff_lang"])
    setting, roster, terms, checks = _read_roster(typed, kinds)
    for line in site_notes(setting, instant, speaks):
        click.echo(_printable(line), err=True)
    with _noting_interrupts(speaks) as stopped:
        run = Batch(setting, roster, terms, instant=instant, jobs=typed["jobs"], stopped=stopped)
        try:
            _follow(run, checks, roster.rows, speaks)
        finally:
            _sum_up(run, typed, speaks)
    if run.failed:
        raise run.failed
    if run.refused or run.is_stopped:
        sys.exit(NO)


def _read_instants(typed: dict[str, Any], wrong: list[str]) -> "Callable[[Site | None], datetime]":
    """Return what says as of when a site's participants are planned; the clock is read once for all."""
    from schedule.files.values import read_instant

    now, text = datetime.now(UTC), typed["as_of"]
    if text is None:
        return lambda site: _start_of_day(now, site)
    try:
        read_instant(text, UTC)
    except ValueError as error:
        wrong.append(f"--as-of: {text!r} {error}")
    return lambda site: read_instant(text, _zone_of(site))


def _read_roster(typed: dict[str, Any], kinds: list[str]) -> "tuple[Setting, Roster, Terms, Mapping[str, Check]]":
    """Read the protocol, survey the roster and read its sites; tell what is wrong with these once for all rows."""
    from schedule.desk.batch import Setting, read_sites
    from schedule.files.protocol import find_protocol, read_protocol
    from schedule.files.roster import SEALED, Terms, survey

    protocol = read_protocol(find_protocol(typed["protocol_name"]))
    terms = Terms(
        asks_about_steroids=protocol.asks_about_steroids,
        needs_site=typed["booked"],
        sealed=typed["pharmacy_out"] is not None,
    )
    out = Path(typed["out"])
    roster = survey(Path(typed["roster"]), terms)
    sites = read_sites(roster)
    checks: dict[str, Check] = {"site": sites.check}
    sheets = None
    if terms.sealed:
        from schedule.unblinded.sheets_folder import check_cohort, open_pharmacy, sheets_for

        pharmacy, blinded = Path(typed["pharmacy_out"]), {"--out": out}
        open_pharmacy(pharmacy, blinded, protocol, roster.path)
        checks[SEALED] = partial(check_cohort, protocol)
        sheets = partial(sheets_for, pharmacy=pharmacy, blinded=blinded, lang=typed["staff_lang"], style=_style(typed))
    for problem in sites.problems:
        click.echo(f"dayzero: {_printable(str(problem))}", err=True)
    setting = Setting(
        protocol=protocol,
        roster=roster.path,
        sites=sites.good,
        out=out,
        kinds=kinds,
        staff_lang=typed["staff_lang"],
        booked=typed["booked"],
        style=_style(typed),
        wording=_read_wording(typed),
        sheets=sheets,
    )
    return setting, roster, terms, checks


@contextmanager
def _noting_interrupts(speaks: "Language") -> "Iterator[Callable[[], bool]]":
    """Let Ctrl-C and kill end the run between two participants, and not in the middle of one."""
    words = speaks.say("stopping; participants that were begun are finished first").encode() + b"\n"
    asked: list[int] = []

    def note(number: int, _: object) -> None:
        if not asked:
            os.write(2, words)
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _follow(run: "Batch", checks: "Mapping[str, Check]", rows: int, speaks: "Language") -> None:
    """Carry out the rows; tell what is wrong with each when its turn comes, above the bar where somebody watches."""
    watched = sys.stderr.isatty()
    told: set[str] = set()
    with click.progressbar(length=rows, file=sys.stderr, hidden=not watched, show_pos=True) as bar:
        for outcome in run.run(checks):
            for line in (*(f"dayzero: {problem}" for problem in outcome.problems), *outcome.notes):
                click.echo(("\r\x1b[K" if watched else "") + _printable(line), err=True)
            for name, missing in outcome.missing:
                if name not in told:
                    _tell_missing(name, missing, speaks)
                told.add(name)
            bar.update(1)


def _sum_up(run: "Batch", typed: dict[str, Any], speaks: "Language") -> None:
    """Tell what was written, also when the run was stopped or broke."""
    written = speaks.say_count(
        "{count} participant was written to {folder}",
        "{count} participants were written to {folder}",
        run.written,
        folder=typed["out"],
    )
    refused = speaks.say_count("{count} row was refused", "{count} rows were refused", run.refused)
    click.echo(_printable(f"{written}; {refused}"))
    if run.calendar:
        click.echo(speaks.say("wrote {path}", path=run.calendar))
    elif old := run.calendar_from_before:
        click.echo(speaks.say("note: these are from before and may tell other dates: {names}", names=old), err=True)
    if typed["pharmacy_out"] and run.written:
        click.echo(speaks.say("pharmacy: {path}", path=typed["pharmacy_out"]), err=True)
    if run.is_stopped:
        click.echo(speaks.say("stopped after row {row}: the rows below it were not begun", row=run.row), err=True)


def _width() -> int:
    from shutil import get_terminal_size

    return min(get_terminal_size((100, 24)).columns, WIDEST)


@dayzero.group()
def protocol() -> None:
    """Show the trial, or check a protocol file."""


@protocol.command("show", epilog="\b\nExample:\n  dayzero protocol show --format json --lang es\n")
@protocol_option
@lang_option("--lang", "Language of the table.")
@click.option("--format", "shown", type=click.Choice(["table", "json"]), default="table", show_default=True,
              help="What is printed.")  # fmt: skip
def show_protocol(protocol_name: str, lang: str, shown: str) -> None:
    """Print the schedule of activities: visits, windows, procedures, and what is assumed."""
    from schedule.files.protocol import find_protocol, read_protocol
    from schedule.render.activities import activities_json, activities_table
    from schedule.render.language import language

    read = read_protocol(find_protocol(protocol_name))
    speaks = language(lang)
    click.echo(activities_json(read, speaks) if shown == "json" else activities_table(read, speaks, width=_width()))


@protocol.command("check", epilog="\b\nExample:\n  dayzero protocol check my-protocol.toml\n")
@click.argument("file", metavar="FILE")
def check_protocol(file: str) -> None:
    """Check a protocol FILE and tell every problem at once: where, what is wrong, what to write."""
    from schedule.files.protocol import find_protocol, read_protocol

    read = read_protocol(find_protocol(file))
    click.echo(
        f"{file}: good. {read.study.id}, version {read.study.version}: {len(read.visits)} visits, "
        f"{len(read.milestones)} milestones, {len(read.cohorts)} cohorts."
    )


@dayzero.command(
    epilog="\b\nExamples:\n  dayzero lookback --screening 2026-02-16 --randomization 2026-03-02\n"
    "  dayzero lookback --screening 2026-02-16 --randomization 2026-03-02 --out screening\n",
)
@click.option("--screening", metavar="DATE", required=True, help="The day of screening, YYYY-MM-DD.")
@click.option("--randomization", metavar="DATE", required=True,
              help="The day of randomization, done or planned, YYYY-MM-DD.")  # fmt: skip
@protocol_option
@lang_option("--lang", "Language of what is printed, for staff.")
@click.option("--format", "shown", type=click.Choice(["table", "json"]), default="table", show_default=True,
              help="What is printed.")  # fmt: skip
@click.option("--out", metavar="DIR", help="Also write lookback.html and .pdf there: a page to fill in at screening.")
@paper_option
def lookback(
    *, screening: str, randomization: str, protocol_name: str, lang: str, shown: str, out: str | None, paper: str
) -> None:
    """Tell from which day tests count before screening, and since when medicines must have been stable."""
    from schedule.files.protocol import find_protocol, read_protocol
    from schedule.planning.lookback import check_order, look_back
    from schedule.render.language import language
    from schedule.render.lookback import lookback_html, lookback_json, lookback_table
    from schedule.render.pages import Paper, Style

    _check_out(out)
    days = _read_days({"--screening": screening, "--randomization": randomization})
    errors: list[ScheduleError] = []
    read = _collect(lambda: read_protocol(find_protocol(protocol_name)), errors)
    _collect(lambda: check_order(*days), errors)
    if read is None or errors:
        raise _together(errors)
    speaks = language(lang)
    looked = look_back(read, screening=days[0], randomization=days[1])
    click.echo(lookback_json(looked, speaks) if shown == "json" else lookback_table(looked, speaks, width=_width()))
    if out is not None:
        _write_page("lookback", lookback_html(looked, speaks, Style(paper=Paper(paper))), out, speaks)


def _write_page(name: str, page: str, out: str, speaks: "Language") -> None:
    """Write a page as HTML and, where its libraries are there, as PDF: both or none. Say where, beside the results."""
    from schedule.desk.plan import print_paper
    from schedule.desk.writing import in_folder, write_outputs
    from schedule.render.pdf import PdfUnavailable

    try:
        files = print_paper(name, page, PAPERS)
    except PdfUnavailable as error:
        _tell_missing("PDF", str(error), speaks)
        files = print_paper(name, page, ["html"])
    outputs = in_folder(Path(out), files)
    write_outputs(outputs)
    for output in outputs:
        click.echo(speaks.say("wrote {path}", path=output.path), err=True)


def _check_out(out: str | None) -> None:
    if out == "":
        raise click.UsageError("--out: is empty; leave it out or write a value")


def _read_days(typed: dict[str, str]) -> list[date]:
    """Read the days of these options; raise UsageError with all that cannot be read."""
    from schedule.files.values import read_date

    days, wrong = [], []
    for option, text in typed.items():
        try:
            days.append(read_date(text))
        except ValueError as error:
            wrong.append(f"{option}: {text!r} {error}")
    if wrong:
        raise click.UsageError("\n  ".join(wrong))
    return days


def _together(errors: list[ScheduleError]) -> ScheduleError:
    """Return one error with all the problems, of the kind of the first."""
    return type(errors[0])(problem for error in errors for problem in error.problems)


@dayzero.group()
def packet() -> None:
    """Keep a printed packet fresh."""


@packet.command(
    "compare",
    epilog="\b\nExamples:\n  dayzero packet compare before/schedule.json P-001/schedule.json\n"
    "  dayzero packet compare before/schedule.json P-001/schedule.json --out P-001 --lang es\n",
)
@click.argument("old_file", metavar="OLD.json")
@click.argument("new_file", metavar="NEW.json")
@lang_option("--lang", "Language of what is printed.")
@click.option("--format", "shown", type=click.Choice(["table", "json"]), default="table", show_default=True,
              help="What is printed.")  # fmt: skip
@click.option("--out", metavar="DIR", help="Also write changes.html and .pdf there: the change sheet, one page.")
@paper_option
def compare_packets(old_file: str, new_file: str, *, lang: str, shown: str, out: str | None, paper: str) -> None:
    """Tell what changed from OLD.json to NEW.json, and which pages of a printed packet to replace.

    Both are schedule.json files of one participant, as dayzero plan writes them.
    """
    from schedule.files.schedule_file import read_schedule
    from schedule.planning.changes import compare
    from schedule.render.changes import changes_json, changes_table, swapped_line
    from schedule.render.language import language
    from schedule.render.pages import Paper, Style

    _check_out(out)
    errors: list[ScheduleError] = []
    old = _collect(lambda: read_schedule(Path(old_file)), errors)
    new = _collect(lambda: read_schedule(Path(new_file)), errors)
    if old is None or new is None:
        raise _together(errors)
    speaks = language(lang)
    comparison = compare(old, new)
    if swapped := swapped_line(comparison, speaks):
        click.echo(swapped, err=True)
    is_json = shown == "json"
    click.echo(changes_json(comparison, speaks) if is_json else changes_table(comparison, speaks, width=_width()))
    if out is None:
        return
    if not comparison.concerns_packet:
        click.echo(speaks.say("no change sheet was written: nothing on it changed"), err=True)
        return
    from schedule.render.change_sheet import changes_html

    _write_page("changes", changes_html(comparison, speaks, Style(paper=Paper(paper))), out, speaks)


@dayzero.command(epilog="\b\nExample:\n  dayzero completion bash >> ~/.bashrc\n")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that lets your shell complete dayzero's commands, options, sites and protocols."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - Choice allows only shells that Click knows
    click.echo(found(dayzero, {}, "dayzero", "_DAYZERO_COMPLETE").source())


@dayzero.command(epilog="\b\nExample:\n  dayzero doctor\n")
def doctor() -> None:
    """Check this installation: Python, packages, PDF libraries, fonts, time-zone data, clashes."""
    from schedule.doctor import examine

    findings = examine()
    for finding in findings:
        click.echo(f"{'ok  ' if finding.good else 'BAD '} {finding.subject}: {finding.found}")
        if finding.remedy:
            click.echo(f"     {finding.remedy}")
    if not all(finding.good for finding in findings):
        sys.exit(NO)


if __name__ == "__main__":
    main()
