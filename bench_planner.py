"""What choosing days for whole sites costs: CPU seconds on one thread beside HiGHS alone on the same rows.

The sites are synthetic, and drawn from a seed: 23 visits a participant as in the registered trial, months and windows
from dayzero's assumptions. Beside the time stands what other ways of booking lose on the same sites.
"""

import json
import sys
import time
from collections import Counter
from datetime import date, timedelta

import click
from synthetic_sites import CROWDED, LARGE, SMALL, Room, synthetic

from bench import Row, tell, write_table
from schedule.desk.optimising import Setting, optimise
from schedule.files.planning_problem import parse_problem, write_plan
from schedule.planning.optimising.candidates import ask
from schedule.planning.optimising.problem import Problem

SIZES = ((40, 2, SMALL, 0.0), (400, 10, SMALL, 0.0005), (80, 1, CROWDED, 0.0005), (4_000, 40, LARGE, 0.0005))
"""Participants, sites, what room these have, and the gap that is asked for."""
LIMIT = 3
"""How often the bare solve all of it may cost: the solve itself, and preparation and checks of twice that."""


def measure(people: int, sites: int, room: Room, max_gap: float) -> list[Row]:
    """Measure one size: all that dayzero does from text to text, and HiGHS alone on the same rows."""
    text = json.dumps(synthetic(people, sites, room=room))
    tell(f"{people} participants at {sites} sites")
    start = time.process_time()
    problem = parse_problem(text, file="bench")
    setting = Setting(max_gap=max_gap, is_stopped=lambda: False)
    answer = optimise(problem, setting, seconds=None, jobs=1, tell=lambda *_: None)
    if answer.troubles:
        raise RuntimeError(f"{len(answer.troubles)} of the synthetic sites have no plan")
    write_plan(problem, answer.dates, cost=answer.cost, bound=answer.bound, gap=answer.gap)
    ours = time.process_time() - start
    bare = bare_seconds(problem)
    name = f"{people:,} participants, {sites} {'crowded site' if room is CROWDED else 'sites'}"
    lost = lost_by_nearest(problem)
    means = f"{ours:.2f} s, HiGHS {bare:.2f} s; nearest-day booking: {lost}"
    return [
        Row(what=f"days for {name}", limit=LIMIT, measured=ours / bare, unit="x", means=means),
        Row(what=f"gap, {name}", limit=100 * max_gap, measured=100 * answer.gap, unit="%"),
    ]


def bare_seconds(problem: Problem) -> float:
    """Return what HiGHS alone takes for the linear programs of all sites."""
    from schedule.desk.solver import OPTIONS, model_of, quiet  # noqa: PLC0415
    from schedule.planning.optimising.rows import make_grid, make_program  # noqa: PLC0415

    seconds = 0.0
    for site in problem.by_site().values():
        asked = ask(site, problem.unit)
        model = model_of(make_program(asked, make_grid(asked.cases)), whole=False)
        highs = quiet()
        for name, value in OPTIONS.items():
            highs.setOptionValue(name, value)
        start = time.process_time()
        highs.passModel(model)
        highs.run()
        seconds += time.process_time() - start
    return seconds


def lost_by_nearest(problem: Problem) -> str:
    """Say what is lost where each visit takes the open day that is nearest to its target, with and without limits."""
    visits = len(problem.visits)
    unplaced = overbooked = 0
    for site in problem.by_site().values():
        unplaced += _book_nearest(site, keep_limits=True)[0]
        overbooked += _book_nearest(site, keep_limits=False)[1]
    return f"{100 * unplaced / visits:.2f} % of visits unplaced, or {overbooked} slots overbooked"


def _book_nearest(problem: Problem, *, keep_limits: bool) -> tuple[int, int]:
    """Return how many visits find no day, and how many slots are overbooked."""
    ((_, place),) = problem.sites.items()
    used: Counter[tuple[str, date]] = Counter()
    unplaced = 0
    for theirs in problem.by_participant():
        days: dict[str, date] = {}
        for one in theirs.visits:
            anchor = one.anchor
            target = one.target or days[theirs.visits[0].visit]
            if anchor:
                target = anchor.offset.after(days[anchor.visit]) if not isinstance(anchor.offset, int) else target
            lower, upper = (anchor.lower, anchor.upper) if anchor else (0, 9)
            offsets = sorted(range(lower, upper + 1), key=lambda days: (abs(days), days))
            found = None
            for day in (target + timedelta(days) for days in offsets):
                full = keep_limits and any(
                    used[resource, day] >= (place.limit(resource, day) or 0) for resource in one.uses
                )
                if place.is_open(day) and day not in theirs.person.unavailable and not full:
                    found = day
                    break
            if found is None:
                unplaced += 1
            else:
                used.update((resource, found) for resource in one.uses)
            days[one.visit] = found or target
    over = sum(max(0, count - (place.limit(resource, day) or 0)) for (resource, day), count in used.items())
    return unplaced, over


@click.command()
@click.option("--quick", is_flag=True, help="The smallest two sizes only, for a look.")
def main(*, quick: bool) -> None:
    """Measure what the planner costs; exit 1 when a limit is exceeded."""
    rows = [row for size in (SIZES[:2] if quick else SIZES) for row in measure(*size)]
    tell("")
    print(write_table(rows))
    sys.exit(any(row.is_missed for row in rows))


if __name__ == "__main__":
    main()
