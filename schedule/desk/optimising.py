"""A whole planning problem: each site apart, in one process or several, until the time is over."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction

from schedule.desk.pool import Pool
from schedule.desk.solver import Highs
from schedule.planning.optimising.choosing import Chosen, choose_days, gap_between
from schedule.planning.optimising.conflicts import Conflict, Undecided, find_conflict
from schedule.planning.optimising.problem import Dates, Problem
from schedule.planning.optimising.repairing import Grant, find_repair
from schedule.planning.optimising.solving import Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A site without a plan: why, and what would have to be granted. Neither where there was no time to find out."""

    problem: Problem
    conflict: Conflict | None = None
    repair: tuple[Grant, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found for all sites. The dates are of everybody, or there is trouble."""

    dates: Dates
    cost: Fraction
    bound: Fraction
    is_stopped: bool
    """Whether a site's days were taken before they were the best that was asked for."""
    troubles: tuple[Trouble, ...]

    @property
    def gap(self) -> float:
        """How far the cost may be from the least."""
        return gap_between(self.cost, self.bound)

    @property
    def repair(self) -> tuple[Grant, ...]:
        """Return what to grant so that every site has a plan; nothing where that is not known, or cannot be."""
        if not all(one.repair for one in self.troubles):
            return ()
        return tuple(grant for one in self.troubles for grant in one.repair or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One site's problem, and for how many seconds it may be worked on."""

    problem: Problem
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How all sites are planned. ``is_stopped`` must be able to travel where there are several processes."""

    max_gap: float
    is_stopped: Callable[[], bool]


Found = Chosen | Trouble


def optimise(
    problem: Problem,
    setting: Setting,
    *,
    seconds: float | None,
    jobs: int,
    tell: Callable[[int, int, Chosen | None], None],
    executor: Executor | None = None,
) -> Answer:
    """Plan every site, ``jobs`` of them at a time: in processes, or in any other executor that is given.

    ``tell`` hears how many sites are done, of how many, and what was found for the last.
    """
    parts = [one for one in problem.by_site().values() if one.visits]
    found: list[Found] = []
    tell(0, len(parts), None)
    for one in _results(parts, setting, seconds, jobs, executor):
        found.append(one)
        tell(len(found), len(parts), one if isinstance(one, Chosen) else None)
    chosen = [one for one in found if isinstance(one, Chosen)]
    return Answer(
        dates={key: day for one in chosen for key, day in (one.dates or {}).items()},
        cost=sum((one.cost for one in chosen), Fraction(0)),
        bound=sum((one.bound for one in chosen), Fraction(0)),
        is_stopped=any(one.ending is Ending.STOPPED for one in chosen),
        troubles=tuple(one for one in found if isinstance(one, Trouble)),
    )


def _results(
    parts: Sequence[Problem], setting: Setting, seconds: float | None, jobs: int, executor: Executor | None
) -> Iterator[Found]:
    end = None if seconds is None else time.monotonic() + seconds
    processes = min(jobs, len(parts))
    works = _shared_out(parts, end, processes)
    if processes < 2 and executor is None:
        for work in works:
            yield from plan_sites(setting, [work])
        return
    pool: Pool[Work, Found] = Pool(plan_sites, setting, processes=processes, bundle=1, executor=executor)
    try:
        for work in works:
            yield from pool.give(work)
        yield from pool.finish()
    finally:
        pool.close()


def _shared_out(parts: Sequence[Problem], end: float | None, processes: int) -> Iterator[Work]:
    """Yield each site's work with its share of the time that is left when it is asked for, by its visits."""
    left = sum(len(one.visits) for one in parts)
    for one in parts:
        seconds = None
        if end is not None:
            rest = max(0.0, end - time.monotonic())
            seconds = min(rest, rest * processes * len(one.visits) / left)
        yield Work(problem=one, seconds=seconds)
        left -= len(one.visits)


def plan_sites(setting: Setting, works: list[Work]) -> list[Found]:
    """Plan some sites, one after the other."""
    return [_plan_site(setting, one) for one in works]


def _plan_site(setting: Setting, work: Work) -> Found:
    end = None if work.seconds is None else time.monotonic() + work.seconds
    solver = Highs(end=end, is_stopped=setting.is_stopped)
    chosen = choose_days(work.problem, solver, max_gap=setting.max_gap)
    if chosen.ending is Ending.IMPOSSIBLE:
        return _explain(work.problem, solver)
    return Trouble(problem=work.problem) if chosen.dates is None else chosen


def _explain(problem: Problem, solver: Highs) -> Trouble:
    conflict = None
    try:
        conflict = find_conflict(problem, solver)
        repair = find_repair(problem, conflict, solver)
    except Undecided:
        return Trouble(problem=problem, conflict=conflict)
    return Trouble(problem=problem, conflict=conflict, repair=repair)
