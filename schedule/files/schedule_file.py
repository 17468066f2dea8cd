"""Files that ``dayzero`` wrote: ``schedule.json`` into a :class:`~schedule.planning.changes.KeptSchedule`.

Keys that a comparison does not need are passed over, so that files of a later dayzero can be read too.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schedule.errors import InvalidInput, Problem
from schedule.files.structure import NAME, structure
from schedule.files.text import read_text
from schedule.files.values import read_participant
from schedule.planning.changes import KeptDose, KeptSchedule, KeptVisit

S = TypeVar("S", bound=KeptSchedule)
PLAN_AGAIN = "plan again: dayzero plan writes schedule.json"


def read_schedule(path: Path) -> KeptSchedule:
    """Read and check a ``schedule.json``. Raises InvalidInput with all that is wrong in it."""
    return parse_schedule(read_text(path), file=str(path))


def parse_schedule(text: str, *, file: str) -> KeptSchedule:
    """Read and check the text of a ``schedule.json``. Raises InvalidInput with all that is wrong in it."""
    return parse_as(KeptSchedule, text, file=file)


def parse_as(cls: type[S], text: str, *, file: str) -> S:
    """Read and check the text as a kind of schedule that keeps more. Raises InvalidInput with all that is wrong."""
    record, repeated = _parse_json(text, file)
    problems = [_problem(file, "", f"the key {key!a} stands twice in one object") for key in repeated]
    try:
        schedule = structure(_known(record, cls), cls, file=file)
    except InvalidInput as error:
        problems += [_problem(file, one.place, _explain(one)) for one in error.problems]
    else:
        problems += [_problem(file, place, wrong) for place, wrong in _check(schedule)]
        if not problems:
            return schedule
    raise InvalidInput(problems)


def _problem(file: str, place: str, wrong: str, remedy: str = PLAN_AGAIN) -> Problem:
    return Problem(file=file, place=place, wrong=wrong, remedy=remedy)


def _explain(problem: Problem) -> str:
    is_old = (problem.place, problem.wrong) == ("pages", "is missing")
    return "is missing: an older dayzero wrote this file" if is_old else problem.wrong


def _parse_json(text: str, file: str) -> tuple[dict[str, Any], list[str]]:
    """Return the object that the text holds, and the keys that stand twice in one object."""
    repeated: list[str] = []

    def gather(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counted = Counter(key for key, _ in pairs)
        repeated.extend(key for key, count in counted.items() if count > 1)
        return dict(pairs)

    try:
        record = json.loads(text, object_pairs_hook=gather, parse_constant=_refuse_constant, parse_float=Decimal)
    except json.JSONDecodeError as error:
        wrong = f"it is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    except (RecursionError, ValueError):
        wrong = "it nests too deep, or holds a number that JSON does not have or that is too long"
    else:
        if isinstance(record, dict):
            return record, repeated
        wrong = "it is JSON, but no object with names"
    raise InvalidInput([_problem(file, "", wrong, "name a schedule.json that dayzero plan wrote")])


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _known(record: dict[str, Any], cls: type[KeptSchedule]) -> dict[str, Any]:
    """Return what this kind of schedule keeps of the file."""
    schedule = _keep(record, cls)
    for field in fields(cls):
        if field.name in ("visits", "taper") and isinstance(schedule.get(field.name), list):
            kept = get_args(field.type)[0]
            schedule[field.name] = [_keep(one, kept) if isinstance(one, dict) else one for one in schedule[field.name]]
    return schedule


def _keep(record: dict[str, Any], cls: type[KeptSchedule | KeptVisit | KeptDose]) -> dict[str, Any]:
    names = {field.name for field in fields(cls)}
    return {key: value for key, value in record.items() if key in names}


def _check(schedule: KeptSchedule) -> Iterator[tuple[str, str]]:
    """Yield where the parts do not fit together, and how."""
    try:
        read_participant(schedule.participant)
    except ValueError:
        yield "participant", f"{schedule.participant!a} is not a participant code"
    counted = Counter(visit.code for visit in schedule.visits)
    yield from (("visits", f"{code!a} stands {count} times") for code, count in counted.items() if count > 1)
    for index, visit in enumerate(schedule.visits):
        yield from ((f"visits[{index}].{key}", wrong) for key, wrong in _check_visit(visit))
    if len({visit.time_zone for visit in schedule.visits}) > 1:
        yield "visits", "they are in more than one time zone"
    if not schedule.visits:
        yield "visits", "there is none"
    if not schedule.pages:
        yield "pages", "there is none"
    for code in schedule.pages:
        if not NAME.fullmatch(code):
            yield "pages", f"{code!a} is no page code"


def _check_visit(visit: KeptVisit) -> Iterator[tuple[str, str]]:
    if not NAME.fullmatch(visit.code):
        yield "code", f"{visit.code!a} is no visit code"
    if (visit.earliest is None or visit.latest is None) and not visit.is_held:
        yield "earliest", "only a task on hold has no dates"
    if visit.earliest and visit.latest and visit.latest < visit.earliest:
        yield "latest", f"{visit.latest} is before {visit.earliest}"
    if (visit.start is None) != (visit.end is None):
        yield "start", "a start goes with an end"
    if visit.start and visit.start.date() != visit.planned:
        yield "start", f"{visit.start:%Y-%m-%d} is not the planned day"
    if visit.time_zone and not _is_zone(visit.time_zone):
        yield "time_zone", f"there is no time zone {visit.time_zone!a}"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
