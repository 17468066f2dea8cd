"""``dayzero optimise``: a planning problem as a file, its answer as another; no store is opened."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schedule.desk.staff_language import add_staff_lang

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

    from schedule.desk.optimising import Answer
    from schedule.planning.optimising.choosing import Chosen
    from schedule.render.language import Language

NO_PLAN = 1
MOST_JOBS = 64

EXAMPLES = """
\b
Examples:
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
@click.option("--problem", "problem_file", metavar="FILE", required=True, help="The problem, as JSON.")
@click.option("--solution", "solution_file", metavar="OUT", required=True, help="Where the answer goes, as JSON.")
@click.option("--max-gap", type=click.FloatRange(0, 1), default=0.0005, show_default=True,
              help="How far the cost may be from the bound, as a share of it; 0 for the least.")  # fmt: skip
@click.option("--time-limit", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
              help="When to take the best days found so far. Default: no limit.")  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(1, MOST_JOBS), default=1, show_default=True,
              help="How many processes share the sites.")  # fmt: skip
@add_staff_lang("Language of what is printed, and of the sentences in the answer.")
def optimise(**typed: Any) -> None:
    """Choose the best days for everybody in a planning problem, whatever site they are at.

    Prints what the days cost, what no days can cost less than, and the gap between the two. Ctrl-C takes the best days
    found so far. Exit code 1 when there are none: the answer then has the smallest conflict, and the least that would
    have to be granted. Problem and answer are described in docs/planning-format.md.
    """
    if typed["jobs"] > 1:
        from schedule.desk.pool import get_ready  # noqa: PLC0415

        get_ready("schedule.desk.optimising", "highspy")
    from schedule.desk.optimising import Setting  # noqa: PLC0415
    from schedule.desk.optimising import optimise as plan  # noqa: PLC0415
    from schedule.desk.writing import Output, write_outputs  # noqa: PLC0415
    from schedule.files.planning_problem import read_problem, write_plan  # noqa: PLC0415
    from schedule.render.language import language  # noqa: PLC0415
    from schedule.render.planning import say_figures  # noqa: PLC0415

    speaks = language(typed["staff_lang"])
    out = Path(typed["solution_file"])
    problem = read_problem(Path(typed["problem_file"]))
    with _noting_interrupts(speaks, typed["jobs"]) as is_stopped:
        setting = Setting(max_gap=typed["max_gap"], is_stopped=is_stopped)
        answer = plan(problem, setting, seconds=typed["time_limit"], jobs=typed["jobs"], tell=_progress(speaks))
    if answer.troubles:
        _refuse(answer, out, speaks)
    data = write_plan(problem, answer.dates, cost=answer.cost, bound=answer.bound, gap=answer.gap)
    write_outputs([Output(path=out, data=data)])
    if answer.is_stopped:
        click.echo(speaks.say("note: stopped early; these are the best days found so far"), err=True)
    click.echo(say_figures(answer.cost, answer.bound, answer.gap, speaks))


def _refuse(answer: "Answer", path: Path, speaks: "Language") -> None:
    """Write and say why there is no plan, and leave."""
    from schedule.desk.writing import Output, write_outputs  # noqa: PLC0415
    from schedule.files.planning_problem import write_conflict  # noqa: PLC0415
    from schedule.render.planning import day_lines, reasons, say_repair  # noqa: PLC0415

    known = [one for one in answer.troubles if one.conflict]
    if not known:
        click.echo(speaks.say("no whole plan was found in this time, nor that there is none; give it more"), err=True)
        sys.exit(NO_PLAN)
    first = known[0]
    assert first.conflict  # noqa: S101 - it is among those that are known
    said = [*say_repair(answer.repair, speaks), *reasons(first.problem, first.conflict, speaks)]
    data = write_conflict(first.conflict.core, answer.repair, said)
    write_outputs([Output(path=path, data=data)])
    click.echo(speaks.say("There is no plan."), err=True)
    for line in (*said, *day_lines(first.problem, first.conflict, speaks)):
        click.echo(line, err=True)
    sys.exit(NO_PLAN)


def _progress(speaks: "Language") -> "Callable[[int, int, Chosen | None], None]":
    """Return what shows how far the work is, where somebody watches."""

    def show(done: int, of: int, last: "Chosen | None") -> None:
        gap = f"{100 * last.gap:.3f}" if last else "-"
        line = speaks.say("{done} of {of} sites planned; gap of the last: {gap} %", done=done, of=of, gap=gap)
        click.echo(f"\r\x1b[K{line}", nl=done == of, err=True)

    return show if sys.stderr.isatty() else lambda *_: None


@contextmanager
def _noting_interrupts(speaks: "Language", jobs: int) -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and kill end the search, and keep what was found."""
    words = speaks.say("stopping; the best days found so far are kept").encode() + b"\n"
    flag = _Flag(jobs)

    def note(*_: object) -> None:
        if not flag():
            os.write(2, words)
        flag.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Flag:
    """Whether somebody asked to stop; other processes know it too, where there are any."""

    def __init__(self, jobs: int) -> None:
        self._is_set = False
        self._shared: Event | None = None
        if jobs > 1:
            from multiprocessing import get_context  # noqa: PLC0415

            from schedule.desk.pool import METHOD  # noqa: PLC0415

            self._shared = get_context(METHOD).Event()

    def __call__(self) -> bool:
        return self._shared.is_set() if self._shared else self._is_set

    def set(self) -> None:
        """Ask to stop."""
        self._is_set = True
        if self._shared:
            self._shared.set()
