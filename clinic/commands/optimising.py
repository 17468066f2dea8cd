"""``dayzero optimise``, the best days for everybody, and ``dayzero replan``, new days where something has changed."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

from clinic.commands.common import (
    Clinic,
    actor_option,
    carry_out_choice,
    changing,
    db_option,
    dry_run_option,
    format_option,
    reading,
    reason_option,
    show_json,
    site_option,
    staff_lang_option,
    yes_option,
)
from clinic.desk.closures import EVERY_KIND
from clinic.desk.proposing import propose_closure
from clinic.desk.typed import Typed
from schedule.desk.optimise_command import NO_PLAN, answer_file, noting_interrupts, prepare, progress, why_not
from schedule.desk.staff_language import staff_language
from schedule.saying import words

if TYPE_CHECKING:
    from clinic.desk.optimising import Question
    from clinic.desk.replanning import Replanned, Undecided
    from schedule.desk.optimising import Answer
    from schedule.planning.optimising.problem import Problem
    from schedule.render.language import Language

MOST_JOBS = 64
KINDS = click.Choice([one.value for one in EVERY_KIND])
OF_FILES = ("problem_file", "solution_file")
OF_BOTH = (*OF_FILES, "max_gap", "time_limit", "jobs", "staff_lang")

EXAMPLES = """
\b
Examples:
  dayzero optimise --site gainesville --dry-run
  dayzero optimise --from 2026-09-07 --until 2026-10-02 --movable
  dayzero optimise --export-problem clinic.json
  dayzero optimise --problem site.json --solution days.json
  dayzero optimise --problem sites.json --solution days.json --max-gap 0 --time-limit 60 -j 4

\b
A problem: two participants, one slot a day, no weekends:
  {"sites": {"S1": {"closed_weekdays": [5, 6], "capacity": {"infusion": 1}}},
   "visits": [
     {"participant": "P-001", "visit": "INF1", "kind": "infusion",
      "target": "2026-03-02", "lower": "2026-03-02", "upper": "2026-03-06"},
     {"participant": "P-002", "visit": "INF1", "kind": "infusion",
      "target": "2026-03-02", "lower": "2026-03-02", "upper": "2026-03-06"}]}
"""


@click.command(epilog=EXAMPLES)
@site_option
@click.option("--from", "first", metavar="DATE", help="The first day to choose from. Default: tomorrow.")
@click.option("--until", metavar="DATE", help="The last target to choose a day for. Default: eight weeks later.")
@click.option("--movable", is_flag=True, help="What was promised for these days may move too, at a price.")
@click.option("--export-problem", "export", metavar="FILE", help="Write the clinic's own problem, and choose nothing.")
@click.option("--problem", "problem_file", metavar="FILE", help="Answer the problem in this file, of no clinic.")
@click.option("--solution", "solution_file", metavar="OUT", help="Where its answer goes, as JSON.")
@click.option("--max-gap", type=click.FloatRange(0, 1), default=0.0005, show_default=True,
              help="How far the cost may be from the bound, as a share of it; 0 for the least.")  # fmt: skip
@click.option("--time-limit", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
              help="When to take the best days found so far. Default: no limit.")  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(1, MOST_JOBS), default=1, show_default=True,
              help="How many processes share the sites.")  # fmt: skip
@actor_option
@yes_option
@dry_run_option
@format_option("table", "json")
@db_option
@staff_lang_option
@click.pass_context
def optimise(context: click.Context, /, **typed: Any) -> None:
    """Choose the best days and times for everybody's visits that are not booked yet, at all sites or at one.

    Shows the days, what they cost, what no days can cost less than, and the gap between the two; books them all when
    you say yes. Ctrl-C takes the best days found so far. Exit code 1 when there are none: then it says the least that
    would have to be granted, and the smallest conflict. With --problem it answers a file of the form that
    docs/planning-format.md describes, and opens no store.
    """
    prepare(typed["jobs"])
    if typed["problem_file"] or typed["solution_file"]:
        _check_file_form(context, typed)
        answer_file(**{name: typed[name] for name in OF_BOTH})
        return
    _choose_for_clinic(**{name: value for name, value in typed.items() if name not in OF_FILES})


def _check_file_form(context: click.Context, typed: dict[str, Any]) -> None:
    """Raise UsageError where a file is to be answered and something is missing, or is of the clinic."""
    from schedule.render.language import language

    speaks = language(staff_language(context))
    if not (typed["problem_file"] and typed["solution_file"]):
        raise click.UsageError(speaks.say("--problem and --solution go together"))
    said = [
        option.opts[0] for option in context.command.params
        if option.name not in OF_BOTH and context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    ]  # fmt: skip
    if said:
        options = ", ".join(said)
        raise click.UsageError(speaks.say("--problem asks nothing of the clinic: leave out {options}", options=options))


@reading()
def _choose_for_clinic(
    clinic: Clinic,
    *,
    site: str | None,
    first: str | None,
    until: str | None,
    movable: bool,
    export: str | None,
    max_gap: float,
    time_limit: float | None,
    jobs: int,
) -> None:
    from clinic.desk.optimising import Search, answer, arrange, ask_for_days
    from schedule.desk.optimising import Setting
    from schedule.render.appointments import appointments_record, say_appointments

    begin, end = _read_days(clinic, first, until)
    question = ask_for_days(clinic.book, site, first=begin, until=end, movable=movable, now=clinic.now)
    if export:
        _export(clinic, question.problem, Path(export))
        return
    with noting_interrupts(clinic.speaks, jobs) as is_stopped:
        setting = Setting(max_gap=max_gap, is_stopped=is_stopped)
        search = Search(setting=setting, seconds=time_limit, jobs=jobs, tell=progress(clinic.speaks))
        found = answer(question, search)
    if found.troubles:
        _refuse(clinic, found)
    reason = clinic.speaks.say("days were chosen anew for everybody at the site")
    arranged = arrange(clinic.book, question, found.dates, reason=reason, now=clinic.now)
    if not arranged.appointments and clinic.shown == "table":
        for line in _say_rest(clinic, question, found):
            click.echo(line)
        click.echo(clinic.speaks.say("nothing is to be booked or moved"))
        return
    figures = {"cost": float(found.cost), "bound": float(found.bound), "gap": found.gap, "stopped": found.is_stopped}
    record = {"figures": figures, "appointments": appointments_record(arranged.appointments)}
    lines = [*say_appointments(arranged.appointments, clinic.speaks), *_say_rest(clinic, question, found)]
    carry_out_choice(clinic, arranged.proposal, lines, record)


def _read_days(clinic: Clinic, first: str | None, until: str | None) -> tuple[date | None, date | None]:
    typed = Typed()
    begin, end = typed.day("--from", first), typed.day("--until", until)
    if begin and end and end < begin:
        typed.wrong("--until", words("{last} is before {first}", last=end, first=begin))
    typed.check()
    return begin, end


def _export(clinic: Clinic, problem: "Problem", path: Path) -> None:
    from schedule.desk.writing import Output, write_outputs
    from schedule.files.planning_problem import write_problem

    write_outputs([Output(path=path, data=write_problem(problem))])
    click.echo(clinic.speaks.say("wrote {path}", path=path))


def _refuse(clinic: Clinic, found: "Answer") -> NoReturn:
    """Say why there are no days, the repair first, and leave."""
    data, lines = why_not(found, clinic.speaks)
    if clinic.shown == "json" and data:
        show_json(json.loads(data))
    else:
        for line in lines:
            click.echo(line, err=True)
        click.echo(clinic.speaks.say("dayzero replan books whoever has room, and lists who has none"), err=True)
    sys.exit(NO_PLAN)


def _say_rest(clinic: Clinic, question: "Question", found: "Answer") -> Iterator[str]:
    """Say the figures, and for which visits no day was chosen."""
    from schedule.render.planning import say_figures

    speaks = clinic.speaks
    yield say_figures(found.cost, found.bound, found.gap, speaks)
    if found.is_stopped:
        yield speaks.say("note: stopped early; these are the best days found so far")
    if question.late:
        yield speaks.say("their window ends before these days: {visits}", visits=_say_keys(question.late))
    if question.aside:
        yield speaks.say("to be chosen once what they count from is booked: {visits}", visits=_say_keys(question.aside))


def _say_keys(keys: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{participant} {code}" for participant, code in keys)


@click.command(epilog="\b\nExamples:\n"
               "  dayzero replan --closed 2026-09-03..2026-09-04 --site gainesville --reason hurricane\n"
               "  dayzero replan --closed 2026-09-03 --kind infusion --reason 'pump recall' --dry-run\n"
               "  dayzero replan --reason 'a nurse is ill'\n"
               "  dayzero replan --reason 'P-041 is new'\n")  # fmt: skip
@click.option("--site", metavar="SITE", help="The site; it can be left out where the clinic has one only.")
@click.option("--closed", metavar="DATE..DATE", help="Close the site on these days first, both included.")
@click.option("--kind", "kinds", type=KINDS, multiple=True, help="Close it for this kind of visit only.")
@reason_option
@changing
def replan(clinic: Clinic, *, site: str | None, closed: str | None, kinds: tuple[str, ...], reason: str) -> None:
    """Give what is booked and does not fit any more another day, and move as few others as possible.

    That is what stands on closed days, on days that can hold fewer, outside a window that has moved, or too close to
    another infusion. Whoever is due in the next eight weeks and finds no room beside what is booked, such as a new
    participant, is booked too: others make room, as few as can. What has no day left in its window, or no slot, is
    listed for a person to decide, with the command to type; all else is recorded, and the exit code is 1.
    """
    from clinic.desk.optimising import Search
    from clinic.desk.replanning import replan as find
    from schedule.desk.optimising import Setting

    prepare(1)
    typed = Typed()
    why = typed.text("--reason", reason)
    first, last = typed.days("--closed", closed) if closed else (None, None)
    if kinds and not closed:
        typed.wrong("--kind", words("is of the days that are closed: say --closed"))
    typed.check()
    name = _site(clinic, site)
    change = None
    if first and last:
        shut = tuple(one for one in EVERY_KIND if one.value in kinds) or EVERY_KIND
        change = propose_closure(clinic.book, name, first, last, shut, reason=why, now=clinic.now)
    with noting_interrupts(clinic.speaks, 1) as is_stopped:
        setting = Setting(max_gap=0, is_stopped=is_stopped)
        search = Search(setting=setting, seconds=None, jobs=1, tell=progress(clinic.speaks))
        found = find(clinic.book, name, change, reason=why, search=search, now=clinic.now)
    _carry_out_replan(clinic, found, is_change=change is not None)


def _site(clinic: Clinic, site: str | None) -> str:
    known = clinic.book.site_ids()
    if site is None and len(known) != 1:
        raise click.UsageError(clinic.speaks.say("say which --site: {sites}", sites=", ".join(known) or "-"))
    return clinic.book.site(site or known[0]).site.id


def _carry_out_replan(clinic: Clinic, found: "Replanned", *, is_change: bool) -> None:
    """Show and record what moves; leave with 1 where something is left for a person."""
    from schedule.render.appointments import appointments_record, say_appointments

    speaks, arranged = clinic.speaks, found.arranged.appointments
    whys = _whys(found, speaks)
    lines = [*say_appointments(arranged, speaks, whys), *_say_moves(found, speaks)]
    if is_change or arranged or clinic.shown == "json":
        data, _ = why_not(found.refusal, speaks) if found.refusal else (None, ())
        undecided = [_undecided_record(one) for one in found.undecided]
        record = {"appointments": appointments_record(arranged, whys), "undecided": undecided, "due": found.due,
                  "refusal": json.loads(data) if data else None}  # fmt: skip
        carry_out_choice(clinic, found.arranged.proposal, lines, record)
    else:
        for line in lines:
            click.echo(line)
    if found.undecided:
        sys.exit(NO_PLAN)


def _undecided_record(one: "Undecided") -> dict[str, Any]:
    return {
        "participant": one.participant,
        "code": one.code,
        "booked": one.is_promised,
        "day": one.day.isoformat() if one.day else None,
        "days_outside": one.days_outside,
        "deviates": one.deviates,
        "overbooks": one.overbooks,
        "command": _command(one),
    }


def _command(one: "Undecided") -> str | None:
    """Return what a person types who takes the day all the same."""
    if one.day is None:
        return None
    answers = (
        ["--reason ..."] * one.is_promised + ["--deviation ..."] * one.deviates + ["--overbook ..."] * one.overbooks
    )
    verb = "move" if one.is_promised else "book"
    return " ".join(["dayzero", verb, one.participant, one.code, one.day.isoformat(), *answers])


def _whys(found: "Replanned", speaks: "Language") -> dict[tuple[str, str], str]:
    """Return why each appointment that moves does not stay."""
    from schedule.render.sentences import say_to_rebook

    known = {(participant, str(one.code)): say_to_rebook(one, speaks) for participant, one in found.why}
    moved = [(one.timed.wish.participant, str(one.timed.wish.code)) for one in found.arranged.appointments if one.old]
    return {key: known.get(key) or _say_room(key, found, speaks) for key in moved}


def _say_room(key: tuple[str, str], found: "Replanned", speaks: "Language") -> str:
    """Say why an appointment moves that would fit by itself."""
    if key in found.unfit:
        return speaks.say("the day can hold fewer")
    if key in found.follows:
        return speaks.say("it counts from {visit}, which moves", visit=found.follows[key])
    return speaks.say("it makes room for others")


def _say_moves(found: "Replanned", speaks: "Language") -> Iterator[str]:
    """Say how many appointments move, and what a person has to decide."""
    moved = sum(one.old is not None for one in found.arranged.appointments)
    booked = len(found.arranged.appointments) - moved
    if moved:
        yield speaks.say_count("{count} appointment moves; 'dayzero tell' lists whom to call",
                               "{count} appointments move; 'dayzero tell' lists whom to call", moved)  # fmt: skip
    elif not any(one.is_promised for one in found.undecided):
        yield speaks.say("everything that is booked fits where it is")
    if booked:
        yield speaks.say_count("{count} visit is booked that found no room before",
                               "{count} visits are booked that found no room before", booked)  # fmt: skip
    if found.due and any(not one.is_promised for one in found.undecided):
        yield speaks.say_count("{count} visit is due and not booked, and has room: once a person has decided the "
                               "others, dayzero optimise gives it its day",
                               "{count} visits are due and not booked, and have room: once a person has decided the "
                               "others, dayzero optimise gives them their days", found.due)  # fmt: skip
    elif found.due:
        yield speaks.say_count("{count} visit is due and not booked, and has room: dayzero optimise gives it its day",
                               "{count} visits are due and not booked, and have room: dayzero optimise gives them "
                               "their days", found.due)  # fmt: skip
    if found.refusal:
        yield from why_not(found.refusal, speaks)[1][1:]
    for one in found.undecided:
        yield _say_undecided(one, speaks)


def _say_undecided(one: "Undecided", speaks: "Language") -> str:
    facts = {"participant": one.participant, "visit": one.code}
    stays = speaks.say("{participant} {visit} stays where it is", **facts)
    who = stays if one.is_promised else speaks.say("{participant} {visit} is not booked", **facts)
    if one.day is None:
        return speaks.say("{who}: a person decides", who=who)
    return speaks.say(
        "{who}: the nearest day is {day}; a person decides: {command}",
        who=who, day=", ".join(_say_against(one, speaks)), command=_command(one),
    )  # fmt: skip


def _say_against(one: "Undecided", speaks: "Language") -> Iterator[str]:
    """Say the nearest day, and what stands against it."""
    yield speaks.iso_day(one.day)
    if one.days_outside:
        yield speaks.say_count("{count} day outside its window", "{count} days outside its window", one.days_outside)
    if one.overbooks:
        yield speaks.say("no slot is left on it")
