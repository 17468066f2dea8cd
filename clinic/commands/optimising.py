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
    carry_out,
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
    from clinic.desk.replanning import Replanned
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
    carry_out(
        clinic,
        arranged.proposal,
        lines=[*say_appointments(arranged.appointments, clinic.speaks), *_say_rest(clinic, question, found)],
        besides=record,
    )


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
               "  dayzero replan --reason 'a nurse is ill'\n")  # fmt: skip
@click.option("--site", metavar="SITE", help="The site; it can be left out where the clinic has one only.")
@click.option("--closed", metavar="DATE..DATE", help="Close the site on these days first, both included.")
@click.option("--kind", "kinds", type=KINDS, multiple=True, help="Close it for this kind of visit only.")
@reason_option
@changing
def replan(clinic: Clinic, *, site: str | None, closed: str | None, kinds: tuple[str, ...], reason: str) -> None:
    """Give what is booked and does not fit any more another day, and move as few others as possible.

    That is what stands on closed days, on days that can hold fewer, outside a window that has moved, or too close to
    another infusion. What has no day left in its window is listed for a person to decide, and stays where it is.
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
    from schedule.render.appointments import appointments_record, say_appointments

    speaks, moved = clinic.speaks, found.arranged.appointments
    whys = _whys(found, speaks)
    lines = [*say_appointments(moved, speaks, whys), *_say_moves(found, speaks)]
    if not (is_change or moved) and clinic.shown == "table":
        for line in lines:
            click.echo(line)
        return
    data, _ = why_not(found.refusal, speaks) if found.refusal else (None, ())
    undecided = [
        {"participant": one.participant, "code": one.code, "day": one.day.isoformat() if one.day else None,
         "days_outside": one.days_outside}
        for one in found.undecided
    ]  # fmt: skip
    record = {"appointments": appointments_record(moved, whys), "undecided": undecided,
              "refusal": json.loads(data) if data else None}  # fmt: skip
    carry_out(clinic, found.arranged.proposal, lines=lines, besides=record)


def _whys(found: "Replanned", speaks: "Language") -> dict[tuple[str, str], str]:
    """Return why each appointment that moves does not stay."""
    from schedule.render.sentences import say_to_rebook

    whys = {(participant, str(one.code)): say_to_rebook(one, speaks) for participant, one in found.why}
    crowded, room = speaks.say("the day can hold fewer"), speaks.say("it makes room for others")
    return {
        key: whys.get(key, crowded if key in found.unfit else room)
        for one in found.arranged.appointments
        for key in [(one.timed.wish.participant, str(one.timed.wish.code))]
    }  # fmt: skip


def _say_moves(found: "Replanned", speaks: "Language") -> Iterator[str]:
    """Say how many appointments move, and what a person has to decide."""
    moved = len(found.arranged.appointments)
    if moved:
        yield speaks.say_count("{count} appointment moves; 'dayzero tell' lists whom to call",
                               "{count} appointments move; 'dayzero tell' lists whom to call", moved)  # fmt: skip
    elif not found.undecided:
        yield speaks.say("everything that is booked fits where it is")
    if found.refusal:
        yield from why_not(found.refusal, speaks)[1][1:]
    for one in found.undecided:
        facts = {"participant": one.participant, "visit": one.code}
        if one.day is None:
            yield speaks.say("{participant} {visit} stays where it is: a person decides", **facts)
        else:
            yield speaks.say_count(
                "{participant} {visit} stays where it is: the nearest day is {day}, {count} day outside its window; "
                "a person decides: dayzero move {participant} {visit} {date} --reason ... --deviation ...",
                "{participant} {visit} stays where it is: the nearest day is {day}, {count} days outside its window; "
                "a person decides: dayzero move {participant} {visit} {date} --reason ... --deviation ...",
                one.days_outside, day=speaks.iso_day(one.day), date=one.day, **facts,
            )  # fmt: skip
