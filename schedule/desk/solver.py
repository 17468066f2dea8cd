"""HiGHS, as the planner uses it: one thread, always the same way, until it is time or somebody asks it to stop."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from schedule.planning.optimising.solving import Ending, Solved

if TYPE_CHECKING:
    from schedule.planning.optimising.narrowing import Slot
    from schedule.planning.optimising.rows import Floats, Ints, Program

OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    "mip_rel_gap": 0.0,
}
TOLERANCE = 1e-7
"""By how much HiGHS may exceed a bound."""


class Highs:
    """Solves programs until a deadline. It is imported by the first program."""

    def __init__(self, *, end: float | None = None, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """``end`` is the instant of the monotonic clock at which it stops."""
        self._end, self._is_stopped = end, is_stopped

    def is_over(self) -> bool:
        """Tell whether the deadline is past, or somebody asked to stop."""
        return self._left() <= 0 or self._is_stopped()

    def relax(self, program: "Program", dear: "Collection[Slot]" = ()) -> Solved:
        """Solve the program without whole numbers.

        Limits tie all participants together, and few of them bind. Without them what is left falls apart into
        participants and is solved in no time; the limits of ``dear`` slots and those that an answer breaks are added
        then, and the solver goes on from there.
        """
        aside = [row for row, slot in program.slots.items() if slot not in dear]
        return self._run(program, {}, whole=False, aside=aside)

    def solve(self, program: "Program", *, near: float, start: "Floats | None" = None) -> Solved:
        """Solve the program in whole numbers, to within ``near`` of the least cost."""
        return self._run(program, {"mip_abs_gap": near}, whole=True, start=start)

    def _run(
        self,
        program: "Program",
        options: dict[str, float],
        *,
        whole: bool,
        aside: Sequence[int] = (),
        start: "Floats | None" = None,
    ) -> Solved:
        import highspy  # noqa: PLC0415 - 90 ms, and numpy besides, that no other command pays
        import numpy as np  # noqa: PLC0415

        if not len(program.cost):
            return _nothing_to_choose(program)
        if self.is_over():
            return Solved(ending=Ending.STOPPED, values=None, bound=-np.inf)
        highs = quiet()
        for name, value in {**OPTIONS, **options, "time_limit": self._left()}.items():
            highs.setOptionValue(name, value)
        model = model_of(program, whole=whole)
        later = np.array(aside, dtype=np.int64)
        _set_aside(model, program, later)
        highs.passModel(model)
        if start is not None:
            given = highspy.HighsSolution()
            given.col_value = [*start, *([0.0] * (len(program.cost) - len(start)))]
            highs.setSolution(given)
        self._listen(highs, whole=whole)
        highs.run()
        while len(later) and highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            later, is_kept = _add_broken(highs, program, later)
            if is_kept:
                break
            highs.setOptionValue("time_limit", highs.getRunTime() + self._left())
            highs.run()
        solved = _read(highspy, np, highs, whole=whole)
        highs.clear()
        return solved

    def _left(self) -> float:
        return float("inf") if self._end is None else max(0.0, self._end - time.monotonic())

    def _listen(self, highs: Any, *, whole: bool) -> None:
        """Let the solver ask now and then whether it shall stop."""

        def ask(event: Any) -> None:
            if self._is_stopped():
                event.interrupt()

        highs.cbSimplexInterrupt.subscribe(ask)
        if whole:
            highs.cbMipInterrupt.subscribe(ask)


def _set_aside(model: Any, program: "Program", rows: "Ints") -> None:
    """Take the bounds from some rows."""
    import numpy as np  # noqa: PLC0415

    lower, upper = program.row_lower.copy(), program.row_upper.copy()
    lower[rows], upper[rows] = -np.inf, np.inf
    model.row_lower_, model.row_upper_ = lower, upper


def _add_broken(highs: Any, program: "Program", later: "Ints") -> "tuple[Ints, bool]":
    """Give their bounds back to the rows that the answer breaks; return the other rows, and whether none was broken."""
    import numpy as np  # noqa: PLC0415

    values = np.array(highs.getSolution().row_value)[later]
    is_broken = (values > program.row_upper[later] + TOLERANCE) | (values < program.row_lower[later] - TOLERANCE)
    for row in later[is_broken]:
        highs.changeRowBounds(int(row), float(program.row_lower[row]), float(program.row_upper[row]))
    return later[~is_broken], not is_broken.any()


def _nothing_to_choose(program: "Program") -> Solved:
    """Answer where every day is settled; HiGHS does not look at the rows then."""
    if (program.row_lower > 0).any() or (program.row_upper < 0).any():
        return Solved(ending=Ending.IMPOSSIBLE, values=None, bound=float("inf"))
    return Solved(ending=Ending.SOLVED, values=program.cost, bound=program.offset)


def quiet() -> Any:
    """Return a solver that does not print its name, which it would as soon as it can be asked to stop."""
    import highspy  # noqa: PLC0415

    class Quiet(highspy.Highs):
        def enableCallbacks(self) -> Any:  # noqa: N802 - highspy's own name
            self.silent()
            return super().enableCallbacks()  # type: ignore[no-untyped-call]

    return Quiet()  # type: ignore[no-untyped-call]


def model_of(program: "Program", *, whole: bool) -> Any:
    """Return a program as HiGHS takes it."""
    import highspy  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.cost), len(program.row_upper)
    lp.col_cost_, lp.offset_ = program.cost, program.offset
    lp.col_lower_, lp.col_upper_ = np.zeros(len(program.cost)), program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = lp.num_col_, lp.num_row_
    lp.a_matrix_.start_ = program.starts.astype(np.int32)
    lp.a_matrix_.index_ = program.columns.astype(np.int32)
    lp.a_matrix_.value_ = program.values
    if whole:
        kinds = [highspy.HighsVarType.kInteger] * program.steps
        lp.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (lp.num_col_ - program.steps)
    return lp


def _read(highspy: Any, np: Any, highs: Any, *, whole: bool) -> Solved:
    status = highs.getModelStatus()
    kinds = highspy.HighsModelStatus
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return Solved(ending=Ending.IMPOSSIBLE, values=None, bound=np.inf)
    info = highs.getInfo()
    is_solved = status == kinds.kOptimal
    has_values = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(highs.getSolution().col_value) if has_values or is_solved else None
    prices = np.array(highs.getSolution().row_dual) if is_solved and not whole else None
    known = float(info.objective_function_value) if is_solved else -np.inf
    bound = float(info.mip_dual_bound) if whole else known
    ending = Ending.SOLVED if is_solved else Ending.STOPPED
    return Solved(ending=ending, values=values, bound=bound, prices=prices)
