"""What must hold of the steps of a taper, wherever they were written."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from schedule.errors import Problem
from schedule.study.protocol import Milestone, Protocol, TaperStep, concerns_steroids


def write_dose(dose_mg: Decimal) -> str:
    """Return ``7.5`` or ``20``: a point in every language, and no trailing zero to be read as ten times more."""
    return f"{dose_mg.normalize():f}"


def unallowed_rises(steps: Sequence[TaperStep]) -> list[int]:
    """Return the indices of steps whose dose is higher than the one before and may not be."""
    pairs = enumerate(pairwise(steps), start=1)
    return [index for index, (before, step) in pairs if step.dose_mg > before.dose_mg and not step.allow_increase]


def check_tapers(protocol: Protocol) -> Iterator[Problem]:
    """Yield what is wrong with the steps and the highest doses of the protocol's milestones."""
    for milestone in protocol.milestones:
        place = f"milestones.{milestone.code}"
        if (milestone.highest_start_mg is None) != (milestone.highest_start_basis is None):
            yield Problem(
                place=f"{place}.highest_start_basis",
                wrong="the highest dose at the start and its basis go together",
                remedy='write highest_start_mg = 25 and highest_start_basis = "registered", or neither',
            )
        if not milestone.steps:
            continue
        if not concerns_steroids(milestone):
            yield Problem(
                place=f"{place}.steps",
                wrong="only a milestone for those on steroids has steps",
                remedy='write condition = "steroids", or delete the steps',
            )
        elif protocol.taper is not milestone:
            yield Problem(
                place=f"{place}.steps",
                wrong="another milestone has steps already, and a participant has one taper",
                remedy="keep the steps of one milestone",
            )
        yield from _check_steps(milestone, f"{place}.steps")


def _check_steps(milestone: Milestone, place: str) -> Iterator[Problem]:
    starts = [step.starts for step in milestone.steps]
    if by_month := [index for index, start in enumerate(starts) if start.years or start.months]:
        for index in by_month:
            yield Problem(
                place=f"{place}[{index}].starts",
                wrong=f"{starts[index]} is no fixed number of days: months differ",
                remedy='write weeks or days, such as "P4W" or "P28D"',
            )
    else:
        yield from _check_order([start.in_days for start in starts], place)
    for index in unallowed_rises(milestone.steps):
        before, step = milestone.steps[index - 1 : index + 1]
        yield Problem(
            place=f"{place}[{index}].dose_mg",
            wrong=f"the dose rises from {write_dose(before.dose_mg)} to {write_dose(step.dose_mg)} mg a day",
            remedy="correct the dose, or write allow_increase = true in this step",
        )


def _check_order(days: Sequence[int], place: str) -> Iterator[Problem]:
    if days[0] != 0:
        yield Problem(
            place=f"{place}[0].starts",
            wrong="no step says what is taken from the taper's first day on",
            remedy='write starts = "P0D" in the first step',
        )
    for index, (before, day) in enumerate(pairwise(days), start=1):
        if day <= before:
            yield Problem(
                place=f"{place}[{index}].starts",
                wrong="is not later than the step before it",
                remedy="put the steps in the order of their days",
            )
