"""From TOML to frozen types by way of cattrs; every problem keeps the key path of what is wrong."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from cattrs import Converter
from cattrs.errors import (
    BaseValidationError,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
)

from schedule.errors import InvalidInput, Problem, nearest_names
from schedule.files.text import forbidden_character, read_text
from schedule.files.values import read_date
from schedule.study.offsets import Offset, parse_length
from schedule.study.protocol import Text

T = TypeVar("T")
LONGEST_TEXT = 2_000
LARGEST_NUMBER = 10_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", re.ASCII)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


class Unfit(Exception):
    """A value that does not fit its key: at which key below it, what is wrong, and what to write."""

    def __init__(self, wrong: str, remedy: str, *, at: tuple[str | int, ...] = ()) -> None:
        super().__init__(wrong)
        self.wrong, self.remedy, self.at = wrong, remedy, at


class Unfits(Exception):
    """Several of them."""

    def __init__(self, found: Iterable[Unfit]) -> None:
        super().__init__()
        self.found = tuple(found)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises InvalidInput with line and column."""
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        problem = Problem(
            file=str(path),
            place="",
            wrong=f"it is not TOML: {error}",
            remedy="mend that line, or fetch the file anew",
        )
        raise InvalidInput([problem]) from error
    except RecursionError as error:
        problem = Problem(file=str(path), place="", wrong="it nests too deep", remedy="is it the right file?")
        raise InvalidInput([problem]) from error


def structure(converter: Converter, tables: dict[str, Any], cls: type[T], *, file: str) -> T:
    """Build the type from the tables. Raises InvalidInput with every problem and its key path."""
    try:
        return converter.structure(tables, cls)
    except (BaseValidationError, Unfit, Unfits) as error:
        raise InvalidInput(
            Problem(file=file, place=_write_path(unfit.at), wrong=unfit.wrong, remedy=unfit.remedy)
            for unfit in _flatten(error, ())
        ) from error


def _write_path(at: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).lstrip(".")


def _flatten(error: BaseException, at: tuple[str | int, ...]) -> Iterator[Unfit]:
    """Yield every misfit inside an error of cattrs or of our hooks, with its whole key path."""
    match error:
        case Unfit():
            yield Unfit(error.wrong, error.remedy, at=at + error.at)
        case Unfits():
            for inner in error.found:
                yield from _flatten(inner, at)
        case ForbiddenExtraKeysError():
            known = [field.name for field in fields(error.cl) if field.init]
            for name in sorted(error.extra_fields):
                yield Unfit(
                    "unknown key", nearest_names(name, known, or_else="correct it or delete it"), at=(*at, name)
                )
        case ClassValidationError():
            yield from _flatten_class(error, at)
        case IterableValidationError():
            for item, index in error.group_exceptions()[0]:
                yield from _flatten(item, (*at, index.index))
        case _:
            yield Unfit("has the wrong form", "compare it with docs/protocol-file.md", at=at)


def _flatten_class(error: ClassValidationError, at: tuple[str | int, ...]) -> Iterator[Unfit]:
    of_keys, others = error.group_exceptions()
    for inner, note in of_keys:
        if isinstance(inner, KeyError):
            yield Unfit("is missing", f"write {_expected(note.type)}", at=(*at, note.name))
        else:
            yield from _flatten(inner, (*at, note.name))
    for inner in others:
        yield from _flatten(inner, at)


def _expected(cls: Any) -> str:
    """Say what fits a type."""
    said = {
        str: '"a text"',
        int: "a whole number",
        date: "a date such as 2026-03-02",
        time: 'a time such as "08:30"',
        timedelta: 'a length of time such as "PT2H30M"',
        Offset: 'a duration such as "P3M", "P2W" or "P14D"',
        Text: '{ en = "...", es = "..." }',
    }
    cls = getattr(cls, "__supertype__", cls)
    if cls in said:
        return said[cls]
    if isinstance(cls, type) and issubclass(cls, Enum):
        return "one of " + ", ".join(str(one.value) for one in cls)
    if get_origin(cls) is tuple:
        return "a list, or named tables, as docs/protocol-file.md says"
    if isinstance(cls, type) and hasattr(cls, "__dataclass_fields__"):
        return "a table with " + ", ".join(field.name for field in fields(cls) if field.init)
    optional = [one for one in get_args(cls) if one is not type(None)]
    return _expected(optional[0]) if optional else "a table"


def make_converter() -> Converter:
    """Make a strict converter: nothing is coerced, unknown keys are refused."""
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    leaves: dict[Any, Callable[[Any, Any], Any]] = {
        str: _text,
        int: _number,
        date: _date,
        time: _time,
        timedelta: _from_text(parse_length, timedelta),
        Offset: _from_text(Offset.parse, Offset),
        Text: _both_languages,
    }
    for cls, hook in leaves.items():
        converter.register_structure_hook(cls, hook)
    converter.register_structure_hook_func(lambda cls: isinstance(cls, type) and issubclass(cls, Enum), _choice)
    return converter


def named_tables(converter: Converter, cls: type[T], name_of: str) -> None:
    """Let a tuple of ``cls`` be written as named tables, whose name becomes the field ``name_of``."""

    def hook(value: Any, _: Any) -> tuple[T, ...]:
        if not isinstance(value, dict):
            raise Unfit("is not a group of named tables", "give each table a name: [group.NAME]")
        built: list[T] = []
        unfit: list[Unfit] = []
        for name, table in value.items():
            try:
                built.append(converter.structure(_with_name(_table(table), name_of, name), cls))
            except (BaseValidationError, Unfit, Unfits) as error:
                unfit += _flatten(error, (name,))
        if unfit:
            raise Unfits(unfit)
        return tuple(built)

    written = tuple[cls, ...]  # type: ignore[valid-type]
    converter.register_structure_hook_func(lambda type_: type_ == written, hook)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unfit(f"is {_shown(value)}, not a table", "write its keys under a [header] or inside { }")
    return value


def _with_name(table: dict[str, Any], name_of: str, name: str) -> dict[str, Any]:
    if not _NAME.fullmatch(name):
        raise Unfit("is no name", "use up to 32 of the letters A-Z, digits, - and _")
    if name_of in table:
        raise Unfit("the name of the table says it already", "delete this key", at=(name_of,))
    return {**table, name_of: name}


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    shown = ascii(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise Unfit(f"is {_shown(value)}, not a text", 'write it between quotes: "..."')
    if character := forbidden_character(value):
        raise Unfit(f"holds the control character {character}", "delete it and write the text on one line")
    if len(value) > LONGEST_TEXT:
        raise Unfit(f"has {len(value):,} characters", f"write at most {LONGEST_TEXT:,}")
    return value


def _number(value: Any, _: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_NUMBER:
        raise Unfit(f"is {_shown(value)}", f"write a whole number from 0 to {LARGEST_NUMBER:,}")
    return value


def _date(value: Any, _: Any) -> date:
    try:
        if isinstance(value, date) and not isinstance(value, datetime):
            return read_date(value.isoformat())
        return read_date(_text(value, str))
    except ValueError as error:
        wrong, remedy = str(error).split("; ")
        raise Unfit(f"{_shown(value)} {wrong}", remedy) from error


def _time(value: Any, _: Any) -> time:
    if isinstance(value, time):
        return value
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise Unfit(f"is {_shown(value)}, not a time", 'write hours and minutes of the 24-hour clock: "08:30"')
    return time(int(found[1]), int(found[2]))


def _from_text(parse: Callable[[str], T], cls: type) -> Callable[[Any, Any], T]:
    def hook(value: Any, _: Any) -> T:
        try:
            return parse(_text(value, str))
        except ValueError as error:
            raise Unfit(f"is {_shown(value)}", f"write {_expected(cls)}") from error

    return hook


def _choice(value: Any, cls: type[Enum]) -> Enum:
    for one in cls:
        if one.value == value:
            return one
    known = [str(one.value) for one in cls]
    remedy = nearest_names(str(value), known, or_else=f"write {_expected(cls)}")
    raise Unfit(f"is {_shown(value)}", remedy)


def _both_languages(value: Any, _: Any) -> Text:
    languages = {"en": "English", "es": "Spanish"}
    if not isinstance(value, dict):
        raise Unfit(f"is {_shown(value)}, not words in two languages", f"write {_expected(Text)}")
    unfit = [Unfit("unknown key", "write en and es only", at=(name,)) for name in sorted(set(value) - set(languages))]
    words: dict[str, str] = {}
    for key, language in languages.items():
        try:
            words[key] = _text(value.get(key, ""), str).strip()
            if not words[key]:
                unfit.append(Unfit("the translation is missing", f"write the words in {language}", at=(key,)))
        except Unfit as error:
            unfit.append(Unfit(error.wrong, error.remedy, at=(key,)))
    if unfit:
        raise Unfits(unfit)
    return Text(**words)
