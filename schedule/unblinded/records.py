"""Small JSON files that must be read back as they were written: canonical by RFC 8785, on one line."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rfc8785

from schedule.errors import InvalidInput, Problem
from schedule.files.structure import structure
from schedule.files.text import read_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def canonical(record: Any) -> bytes:
    """Return the one way to write the record: what is signed and hashed."""
    return rfc8785.dumps(record)


def write_record(record: "DataclassInstance") -> bytes:
    """Return the record as a file holds it."""
    return canonical(json.loads(json.dumps(asdict(record), default=lambda choice: choice.value))) + b"\n"


def read_record(path: Path, cls: type[T], *, what: str, remedy: str) -> T:
    """Read a file that :func:`write_record` made. Raises InvalidInput with all that is wrong in it.

    A byte more or less than the canonical ones is refused: nothing may hide in the file.
    """
    text = read_text(path)
    try:
        record = json.loads(text)
        is_canonical = canonical(record) + b"\n" == text.encode()
    except (ValueError, RecursionError):
        record, is_canonical = None, False
    if not isinstance(record, dict) or not is_canonical:
        wrong = f"it is damaged, or no {what} as dayzero writes it"
        raise InvalidInput([Problem(file=str(path), place="", wrong=wrong, remedy=remedy)])
    try:
        return structure(record, cls, file=str(path))
    except InvalidInput as error:
        raise InvalidInput(
            Problem(file=one.file, place=one.place, wrong=one.wrong, remedy=remedy) for one in error.problems
        ) from error
