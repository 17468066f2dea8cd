"""Whatever plan is accepted, no dose rises unasked, and every date is the first date and so many days."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from builders import place
from hypothesis import given
from hypothesis import strategies as st

from schedule.errors import ScheduleError
from schedule.files.taper import read_taper
from schedule.planning.taper import PlannedTaperStep, plan_taper

HEADER = "from,dose_mg,instruction_en,instruction_es,allow_increase\n"
FIRST, LAST = date(2026, 6, 17), date(2028, 4, 2)
"""Two weeks after an infusion on 3 June 2026; the last visit after randomization on 2 March."""

doses = st.decimals(min_value=0, max_value=60, places=2)
rows = st.lists(st.tuples(st.integers(1, 40), doses, st.sampled_from(["yes", "no", ""])), min_size=1, max_size=8)
endings = st.sampled_from(["\n", "\r\n"])
separators = st.sampled_from([",", ";", "\t"])


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[PlannedTaperStep, ...] | None]:
    file: Path = tmp_path_factory.mktemp("taper") / "plan.csv"
    placed = place("2026-03-02", month3="2026-06-03")

    def follow(text: str) -> tuple[PlannedTaperStep, ...] | None:
        file.write_text(text, "utf-8", newline="")
        try:
            return plan_taper(placed["TAPER"], read_taper(file), [*placed.values()])
        except ScheduleError as error:
            problems = error.problems
        assert problems
        assert all(problem.wrong and problem.remedy for problem in problems)
        return None

    return follow


Follow = Callable[[str], tuple[PlannedTaperStep, ...] | None]


@given(rows=rows, dated=st.booleans(), late=st.integers(-2, 30), ending=endings, separator=separators)
def test_a_plan_is_followed_to_the_letter_or_refused(
    accepted: Follow,
    rows: list[tuple[int, Decimal, str]],
    late: int,
    ending: str,
    separator: str,
    *,
    dated: bool,
) -> None:
    days = [1]
    for gap, *_ in rows[1:]:
        days.append(days[-1] + gap)
    first = FIRST + timedelta(days=late) if dated else FIRST
    written = [str(first + timedelta(days=day - 1)) if dated else str(day) for day in days]
    lines = [[day, f"{dose}", "a", "b", may] for day, (_, dose, may) in zip(written, rows, strict=True)]
    text = ending.join(separator.join(line) for line in [HEADER.strip().split(","), *lines])

    steps = accepted(text)

    rises = [after[1] > before[1] and after[2] != "yes" for before, after in pairwise(rows)]
    assert (steps is None) == (any(rises) or first < FIRST or first + timedelta(days=days[-1] - 1) > LAST)
    if steps:
        assert [step.date_from for step in steps] == [first + timedelta(days=day - 1) for day in days]
        assert [(step.day_from, step.dose_mg) for step in steps] == [
            (day, dose) for day, (_, dose, _) in zip(days, rows, strict=True)
        ]
        check_days(steps)


def check_days(steps: tuple[PlannedTaperStep, ...]) -> None:
    first = steps[0].date_from
    assert first
    for step, following in pairwise(steps):
        assert step.day_to == following.day_from - 1
        assert step.date_to
        assert step.date_to + timedelta(days=1) == following.date_from
    assert (steps[-1].day_to, steps[-1].date_to) == (None, None)
    for step in steps:
        assert step.date_from == first + timedelta(days=step.day_from - 1)
        assert FIRST <= first + timedelta(days=step.day_from - 1) <= LAST


cells = st.one_of(
    st.sampled_from(
        ["1", "8", "2026-06-17", "2026-07-01", "3", "2", "7.5", "a", "yes", "", "20 mg", "7,5", '"', "nan"]
    ),
    st.text(max_size=6),
)


@given(lines=st.lists(st.lists(cells, max_size=6), max_size=5), header=st.booleans(), separator=separators)
def test_any_text_is_followed_or_refused_with_reasons(
    accepted: Follow, lines: list[list[str]], separator: str, *, header: bool
) -> None:
    text = "\n".join(separator.join(line) for line in lines)
    names = separator.join(HEADER.strip().split(",")) + "\n" if header else ""

    steps = accepted((names + text).encode("utf-8", "ignore").decode())

    if steps:
        check_days(steps)
