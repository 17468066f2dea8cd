"""What is wrong, in the language of whoever reads it."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from schedule.errors import Problem
from schedule.render.language import Language

AS_TYPED: Mapping[str, str] = MappingProxyType({})


def say_problem(problem: Problem, speaks: Language, labels: Mapping[str, str] = AS_TYPED) -> str:
    """Return a problem in one line: where, what is wrong, and what to write instead.

    ``labels`` are what a page calls the places that a command line names: ``--reason`` is its field for the reason.
    """
    place = labels.get(problem.place) or speaks.say_again(problem.place)
    said = replace(problem, place=place, wrong=speaks.say_again(problem.wrong), remedy=speaks.say_again(problem.remedy))
    return str(said)
