"""Programs and who solves them; and the linear program of few days, with more as long as these could pay."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import inf
from typing import TYPE_CHECKING, Protocol

from schedule.planning.optimising.alone import Alone
from schedule.planning.optimising.candidates import Asked, Case
from schedule.planning.optimising.narrowing import Narrow, Slot, price

if TYPE_CHECKING:
    from schedule.planning.optimising.rows import Floats, Grid, Program


class Ending(Enum):
    """How a solver ended."""

    SOLVED = "solved"
    IMPOSSIBLE = "impossible"
    STOPPED = "stopped"
    """The time was over, or somebody asked it to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What a solver found."""

    ending: Ending
    values: "Floats | None"
    """None where nothing was found that keeps every row."""
    bound: float
    """What nothing can go below; negative infinity where that is not known."""
    prices: "Floats | None" = None
    """What one more of each row would save, below 0; None where it was not solved, or in whole numbers."""


class Solver(Protocol):
    """Whoever can solve a program: on one thread, and always the same way."""

    def is_over(self) -> bool:
        """Tell whether the time is over, or somebody asked it to stop."""

    def relax(self, program: "Program", dear: Collection[Slot] = ()) -> Solved:
        """Solve it without whole numbers; no values where it was stopped. ``dear`` slots are expected to be full."""

    def solve(self, program: "Program", *, near: float, start: "Floats | None" = None) -> Solved:
        """Solve it in whole numbers, to within ``near`` of the least cost; ``start`` is a solution that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A question as a program."""

    asked: Asked
    grid: "Grid"
    program: "Program"


def write(asked: Asked, cases: tuple[Case, ...]) -> Written:
    """Return the program of a site for some of its cases, or some of their days."""
    from schedule.planning.optimising.rows import make_grid, make_program  # noqa: PLC0415 - numpy: 100 ms

    asked = replace(asked, cases=cases)
    grid = make_grid(cases)
    return Written(asked=asked, grid=grid, program=make_program(asked, grid))


def days_in(written: Written, values: "Floats") -> list[Sequence[int]]:
    """Return the days of each case in an answer."""
    from schedule.planning.optimising.rows import read_days  # noqa: PLC0415

    return list(read_days(written.grid, values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The linear program of the days that were looked at, its answer, and what nobody's plan can go below, in units."""

    written: Written
    values: "Floats"
    bound: float


def look(people: Sequence[Alone], asked: Asked, narrow: Narrow, solver: Solver) -> Iterator[Seen]:
    """Yield answers for more and more days, until no others could pay or the solver stops.

    ``narrow`` holds days among which there is an answer, and in the end all that were looked at.
    """
    is_wider, dear = True, frozenset[Slot]()
    while is_wider and not solver.is_over():
        written = write(asked, narrow.cases())
        relaxed = solver.relax(written.program, dear)
        if relaxed.values is None or relaxed.prices is None:
            return
        prices = _prices(written, relaxed.prices)
        priced = price(people, narrow, prices, asked.limits)
        yield Seen(written=written, values=relaxed.values, bound=priced.bound)
        is_wider, dear = priced.is_wider, dear.union(prices)


def _prices(written: Written, of_rows: "Floats") -> dict[Slot, float]:
    """Return what the slots are worth, in units; no more than what it costs to have one too many."""
    unit, overbook = float(written.asked.unit), written.asked.limits.overbook
    most = inf if overbook is None else float(overbook)
    worth = ((slot, float(-of_rows[row]) / unit) for row, slot in written.program.slots.items())
    return {slot: min(amount, most) for slot, amount in worth if amount > 0}
