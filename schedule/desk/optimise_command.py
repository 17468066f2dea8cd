"""``dayzero optimise --problem``: a planning problem as a file, its answer as another; no store is opened."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schedule.errors import Problem, StoreUnavailable
from schedule.saying import words

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

    from schedule.desk.optimising import Answer
    from schedule.planning.optimising.choosing import Chosen
    from schedule.render.language import Language

NO_PLAN = 1


def prepare(jobs: int) -> None:
    """Get ready to start processes, where there are to be several. Raises StoreUnavailable without the solver."""
    from importlib.util import find_spec  # noqa: PLC0415

    if not find_spec("highspy"):
        wrong, remedy = words("the planner needs highspy"), words("install it with: pip install 'dayzero[planner]'")
        raise StoreUnavailable([Problem(place="", wrong=wrong, remedy=remedy)])
    if jobs > 1:
        from schedule.desk.pool import get_ready  # noqa: PLC0415

        get_ready("schedule.desk.optimising", "highspy")


def answer_file(**typed: Any) -> None:
    """Answer a problem in a file with another file, and print the figures; leave with 1 where there is no plan."""
    prepare(typed["jobs"])
    from schedule.desk.optimising import Setting  # noqa: PLC0415
    from schedule.desk.optimising import optimise as plan  # noqa: PLC0415
    from schedule.desk.writing import Output, write_outputs  # noqa: PLC0415
    from schedule.files.planning_problem import read_problem, write_plan  # noqa: PLC0415
    from schedule.render.language import language  # noqa: PLC0415
    from schedule.render.planning import say_broken, say_figures  # noqa: PLC0415

    speaks = language(typed["staff_lang"])
    out, source = Path(typed["solution_file"]), Path(typed["problem_file"])
    if out.exists() and source.exists() and out.samefile(source):
        raise click.UsageError(speaks.say("--solution is the problem itself: name another file"))
    problem = read_problem(source)
    with noting_interrupts(speaks, typed["jobs"]) as is_stopped:
        setting = Setting(max_gap=typed["max_gap"], is_stopped=is_stopped)
        answer = plan(problem, setting, seconds=typed["time_limit"], jobs=typed["jobs"], tell=progress(speaks))
    if answer.troubles:
        _refuse(answer, out, speaks)
    data = write_plan(problem, answer.dates, cost=answer.cost, bound=answer.bound, gap=answer.gap)
    write_outputs([Output(path=out, data=data)])
    if answer.is_stopped:
        click.echo(speaks.say("note: stopped early; these are the best days found so far"), err=True)
    click.echo(say_figures(answer.cost, answer.bound, answer.gap, speaks))
    for line in say_broken(problem, answer.dates, speaks):
        click.echo(line)


def _refuse(answer: "Answer", path: Path, speaks: "Language") -> None:
    """Write and say why there is no plan, and leave."""
    from schedule.desk.writing import Output, write_outputs  # noqa: PLC0415

    data, lines = why_not(answer, speaks)
    if data:
        write_outputs([Output(path=path, data=data)])
    for line in lines:
        click.echo(line, err=True)
    sys.exit(NO_PLAN)


def why_not(answer: "Answer", speaks: "Language") -> tuple[bytes | None, list[str]]:
    """Return why there is no plan: as the format's JSON, where it is known, and as lines, the repair first."""
    from schedule.files.planning_problem import write_conflict  # noqa: PLC0415
    from schedule.render.planning import day_lines, reasons, say_repair  # noqa: PLC0415

    known = [one for one in answer.troubles if one.conflict]
    if not known:
        return None, [speaks.say("no whole plan was found in this time, nor that there is none; give it more")]
    first = known[0]
    assert first.conflict  # noqa: S101 - it is among those that are known
    said = [*say_repair(answer.repair, speaks), *reasons(first.problem, first.conflict, speaks)]
    data = write_conflict(first.conflict.core, answer.repair, said)
    return data, [speaks.say("There is no plan."), *said, *day_lines(first.problem, first.conflict, speaks)]


def progress(speaks: "Language") -> "Callable[[int, int, Chosen | None], None]":
    """Return what shows how far the work is, where somebody watches."""

    def show(done: int, of: int, last: "Chosen | None") -> None:
        gap = f"{100 * last.gap:.3f}" if last else "-"
        line = speaks.say("{done} of {of} sites planned; gap of the last: {gap} %", done=done, of=of, gap=gap)
        click.echo(f"\r\x1b[K{line}", nl=done == of, err=True)

    return show if sys.stderr.isatty() else lambda *_: None


@contextmanager
def noting_interrupts(speaks: "Language", jobs: int) -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and kill end the search, and keep what was found."""
    said = speaks.say("stopping; the best days found so far are kept").encode() + b"\n"
    flag = _Flag(jobs)

    def note(*_: object) -> None:
        if not flag():
            os.write(2, said)
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
