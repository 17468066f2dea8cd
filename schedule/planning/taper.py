"""The steps of a taper, from the protocol or as prescribed: numbered days, and dates where these are certain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from schedule.errors import Problem, Refused
from schedule.planning.notices import Notice, TaperDatesWait, TaperStartsHigh
from schedule.planning.placing import PlacedStep
from schedule.saying import words
from schedule.study.protocol import Basis, Kind, Milestone, TaperStep, Text
from schedule.study.taper import unallowed_rises, write_dose


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperPlan:
    """A taper as somebody wrote it: steps in their order, counted from the first of them."""

    file: str
    first_day: date | None
    """The date of the first step, where the plan has dates; None where it numbers its days."""
    steps: tuple[TaperStep, ...]
    day_places: tuple[str, ...]
    """Where the day of each step is written: ``row 2, from``."""
    dose_places: tuple[str, ...]
    """Where the dose of each step is written: ``row 2, dose_mg``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTaperStep:
    """A dose with its days, of which the taper's first is day 1. The last step has no end."""

    day_from: int
    day_to: int | None
    date_from: date | None
    """None for as long as nobody knows on which day the taper starts."""
    date_to: date | None
    dose_mg: Decimal
    instruction: Text


def plan_taper(taper: PlacedStep, plan: TaperPlan, placed: Sequence[PlacedStep]) -> tuple[PlannedTaperStep, ...]:
    """Return the plan's steps with their days; dated only if the day that the milestone counts from has come.

    Raises Refused, with all problems, where a dose rises that may not, where the plan starts before its milestone,
    and where a step starts after the last visit.
    """
    problems = [*_check_doses(plan), *_check_first_day(plan, taper), *_check_last_visit(plan, taper, placed)]
    if problems:
        raise Refused(problems)
    return date_steps(plan.steps, (plan.first_day or taper.target) if taper.counts_from_known_day else None)


def date_steps(steps: Sequence[TaperStep], first_day: date | None) -> tuple[PlannedTaperStep, ...]:
    """Return the steps with their days; with dates where the first day is known."""
    days = [step.starts.in_days for step in steps]
    return tuple(
        PlannedTaperStep(
            day_from=day + 1,
            day_to=end,
            date_from=first_day and first_day + timedelta(days=day),
            date_to=first_day + timedelta(days=end - 1) if first_day and end else None,
            dose_mg=step.dose_mg,
            instruction=step.instruction,
        )
        for step, day, end in zip(steps, days, [*days[1:], None], strict=True)
    )


def own_plan(milestone: Milestone) -> TaperPlan:
    """Return the steps that the protocol itself gives, as a plan."""
    places = [f"milestones.{milestone.code}.steps[{index}]" for index in range(len(milestone.steps))]
    return TaperPlan(
        file="",
        first_day=None,
        steps=milestone.steps,
        day_places=tuple(f"{place}.starts" for place in places),
        dose_places=tuple(f"{place}.dose_mg" for place in places),
    )


def notice_taper(
    milestone: Milestone, plan: TaperPlan, taper: PlacedStep, placed: Sequence[PlacedStep]
) -> Iterator[Notice]:
    """Yield what staff should know of a plan that may be followed."""
    highest, first_dose = milestone.highest_start_mg, plan.steps[0].dose_mg
    if highest is not None and first_dose > highest:
        basis = milestone.highest_start_basis or Basis.ASSUMED
        yield TaperStartsHigh(dose_mg=first_dose, highest_mg=highest, basis=basis)
    if plan.first_day and not taper.counts_from_known_day:
        (anchor,) = [one.step.name for one in placed if one.step.code == taper.counts.anchor]
        yield TaperDatesWait(visit=anchor)


def _check_doses(plan: TaperPlan) -> Iterator[Problem]:
    for index in unallowed_rises(plan.steps):
        before, step = plan.steps[index - 1 : index + 1]
        yield Problem(
            file=plan.file,
            place=plan.dose_places[index],
            wrong=words(
                "the dose rises from {old} to {new} mg a day",
                old=write_dose(before.dose_mg),
                new=write_dose(step.dose_mg),
            ),
            remedy=words("correct the dose; if it was prescribed so, write yes under allow_increase in this row"),
        )


def _check_first_day(plan: TaperPlan, taper: PlacedStep) -> Iterator[Problem]:
    if plan.first_day is None or plan.first_day >= taper.target:
        return
    remedy = words("write {day} or later", day=taper.target)
    if not taper.counts_from_known_day:
        remedy = words(
            "{remedy}; if {visit} was given on another day than planned, say so with --infusion2-given",
            remedy=remedy,
            visit=taper.counts.anchor,
        )
    yield Problem(
        file=plan.file,
        place=plan.day_places[0],
        wrong=words(
            "{day} is before {visit} on {target}", day=plan.first_day, visit=taper.step.code, target=taper.target
        ),
        remedy=remedy,
    )


def _check_last_visit(plan: TaperPlan, taper: PlacedStep, placed: Sequence[PlacedStep]) -> Iterator[Problem]:
    last = max(one.planned or one.target for one in placed if one.step.kind is not Kind.MILESTONE)
    first_day = plan.first_day or taper.target
    for place, step in zip(plan.day_places, plan.steps, strict=True):
        day = first_day + timedelta(days=step.starts.in_days)
        if day > last:
            number = step.starts.in_days + 1
            shown = str(day) if plan.first_day else words("day {number}, {day},", number=number, day=day)
            yield Problem(
                file=plan.file,
                place=place,
                wrong=words("{shown} is after the last visit on {last}", shown=shown, last=last),
                remedy=words("check the day; a taper plan ends within the participation"),
            )
