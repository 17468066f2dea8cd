"""From TOML or JSON to frozen types. Nothing is coerced, unknown keys are refused, every problem keeps its key path.

A type says by its fields which keys its table has; a type with ``named_by`` is written as tables with names.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from schedule.errors import InvalidInput, Problem, nearest_names
from schedule.files.text import forbidden_character
from schedule.files.values import read_date, read_instant
from schedule.sites import WEEK, Hours, Slots, Weekday
from schedule.study.offsets import Offset, parse_length
from schedule.study.protocol import Label, Text, WallTime

T = TypeVar("T")
LONGEST_TEXT = 2_000
LARGEST_NUMBER = 10_000
LARGEST_DECIMAL = 1_000
"""Milligrams a day are the only numbers with decimals."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", re.ASCII)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """A value that does not fit its key: at which path, what is wrong, and what to write."""

    wrong: str
    remedy: str
    at: tuple[str | int, ...] = ()

    @property
    def path(self) -> str:
        """Return the path as people write it: ``visits.M3.window``, ``spacing[0]``."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.at).lstrip(".")


class Misfits(Exception):
    """Everything that does not fit, at once."""

    def __init__(self, found: Iterable[Misfit]) -> None:
        super().__init__()
        self.found = tuple(found)


def parse_toml(text: str, *, file: str) -> dict[str, Any]:
    """Read the text of a TOML file. Raises InvalidInput with line and column."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        wrong, remedy = f"it is not TOML: {error}", "mend that line, or fetch the file anew"
    except (RecursionError, ValueError, ArithmeticError):
        wrong, remedy = "it nests too deep, or holds a number that is too long", "is it the right file?"
    raise InvalidInput([Problem(file=file, place="", wrong=wrong, remedy=remedy)])


def structure(tables: dict[str, Any], cls: type[T], *, file: str) -> T:
    """Build the type from the tables. Raises InvalidInput with every problem and its key path."""
    try:
        built: T = _read(cls, tables)
    except Misfits as error:
        raise InvalidInput(
            Problem(file=file, place=one.path, wrong=one.wrong, remedy=one.remedy) for one in error.found
        ) from error
    return built


def _read(hint: Any, value: Any) -> Any:
    if leaf := _LEAVES.get(hint) or _LEAVES.get(getattr(hint, "__supertype__", None)):
        return leaf(value)
    if get_origin(hint) in (Union, UnionType):
        return None if value is None else _read(_without_none(hint), value)
    if get_origin(hint) is tuple:
        return _read_many(get_args(hint)[0], value)
    if get_origin(hint) in (dict, Mapping):
        key, item = get_args(hint)
        return _read_mapping(key, item, value)
    if issubclass(hint, Enum):
        return _read_choice(hint, value)
    return _read_record(hint, value)


def _all(parts: Mapping[Any, Callable[[], Any]]) -> dict[Any, Any]:
    """Read every part, and only then raise what does not fit, each below the key of its part."""
    read: dict[Any, Any] = {}
    found: list[Misfit] = []
    for key, part in parts.items():
        try:
            read[key] = part()
        except Misfits as error:
            found += [replace(one, at=(key, *one.at)) for one in error.found]
    if found:
        raise Misfits(found)
    return read


def _read_record(cls: Any, value: Any) -> Any:
    table = _table(value)
    keys = {field.name: field for field in fields(cls) if field.init}
    parts: dict[str, Callable[[], Any]] = {}
    for name, field in keys.items():
        if name in table:
            parts[name] = partial(_read, field.type, table[name])
        elif field.default is MISSING and field.default_factory is MISSING:
            parts[name] = partial(_refuse, "is missing", f"write {_expected(field.type)}")
    for name in sorted(set(table) - set(keys)):
        parts[name] = partial(_refuse, "unknown key", nearest_names(name, keys, or_else="correct it or delete it"))
    return cls(**_all(parts))


def _read_many(item: Any, value: Any) -> tuple[Any, ...]:
    if name_of := getattr(item, "named_by", None):
        if not isinstance(value, dict):
            raise _misfit("is not a group of named tables", "give each table a name: [group.NAME]")
        return tuple(_all({name: partial(_read_named, item, name_of, name, value[name]) for name in value}).values())
    if not isinstance(value, list):
        raise _misfit(f"is {_shown(value)}, not a list", "write it between brackets: [ ... ]")
    return tuple(_all({index: partial(_read, item, one) for index, one in enumerate(value)}).values())


def _read_named(cls: Any, name_of: str, name: str, value: Any) -> Any:
    table = _table(value)
    if not NAME.fullmatch(name):
        raise _misfit("is no name", "use up to 32 of the letters A-Z, digits, - and _")
    if name_of in table:
        raise Misfits([Misfit(wrong="the name of the table says it already", remedy="delete this key", at=(name_of,))])
    return _read_record(cls, {**table, name_of: name})


def _read_mapping(key: Any, item: Any, value: Any) -> dict[Any, Any]:
    read = _all({name: partial(_read_entry, key, item, name, one) for name, one in _table(value).items()})
    return dict(read.values())


def _read_entry(key: Any, item: Any, name: str, value: Any) -> tuple[Any, Any]:
    return _read(key, name), _read(item, value)


def _refuse(wrong: str, remedy: str) -> Any:
    raise _misfit(wrong, remedy)


def _misfit(wrong: str, remedy: str) -> Misfits:
    return Misfits([Misfit(wrong=wrong, remedy=remedy)])


def _without_none(hint: Any) -> Any:
    return next(one for one in get_args(hint) if one is not type(None))


def _expected(hint: Any) -> str:  # noqa: PLR0911 - a line for each kind of type
    """Say what fits a type."""
    hint = hint if hint in _WRITTEN else getattr(hint, "__supertype__", hint)
    if hint in _WRITTEN:
        return _WRITTEN[hint]
    if get_origin(hint) in (Union, UnionType):
        return _expected(_without_none(hint))
    if get_origin(hint) is tuple:
        return "a list, or named tables, as docs/protocol-file.md says"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "one of " + ", ".join(str(one.value) for one in hint)
    if get_origin(hint) in (dict, Mapping):
        key, item = get_args(hint)
        first = next(iter(key)).value if isinstance(key, type) and issubclass(key, Enum) else "NAME"
        return f"a table with lines such as {first} = {_expected(item)}"
    if is_dataclass(hint):
        return "a table with " + ", ".join(field.name for field in fields(hint) if field.init)
    return "a table"


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _misfit(f"is {_shown(value)}, not a table", "write its keys under a [header] or inside { }")
    return value


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if value is None:
        return "null"
    shown = ascii(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def _read_words(value: Any) -> str:
    if not isinstance(value, str):
        raise _misfit(f"is {_shown(value)}, not a text", 'write it between quotes: "..."')
    if character := forbidden_character(value):
        raise _misfit(f"holds the control character {character}", "delete it and write the text on one line")
    if len(value) > LONGEST_TEXT:
        raise _misfit(f"has {len(value):,} characters", f"write at most {LONGEST_TEXT:,}")
    return value


def _read_label(value: Any) -> str:
    words = _read_words(value).strip()
    if not words:
        raise _misfit("is empty", "write a text")
    return words


def _read_number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_NUMBER:
        raise _misfit(f"is {_shown(value)}", f"write a whole number from 0 to {LARGEST_NUMBER:,}")
    return value


def _read_decimal(value: Any) -> Decimal:
    """Read 20 or 7.5. A float of TOML without decimals has an exponent, or is no number at all."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    has_decimals = isinstance(value, Decimal) and value.as_tuple().exponent in (-1, -2)
    if not (is_whole or has_decimals) or not 0 <= value <= LARGEST_DECIMAL:
        raise _misfit(
            f"is {_shown(value)}", f"write {_WRITTEN[Decimal]}: from 0 to {LARGEST_DECIMAL:,}, at most 2 decimals"
        )
    return abs(Decimal(value))


def _read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _misfit(f"is {_shown(value)}", f"write {_WRITTEN[bool]}")
    return value


def _read_day(value: Any) -> date:
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    try:
        return read_date(value.isoformat() if is_day else _read_words(value))
    except ValueError as error:
        wrong, remedy = str(error).split("; ")
        raise _misfit(f"{_shown(value)} {wrong}", remedy) from error


def _read_instant(value: Any) -> datetime:
    try:
        return read_instant(_read_words(value), UTC)
    except ValueError as error:
        wrong, remedy = str(error).split("; ")
        raise _misfit(f"{_shown(value)} {wrong}", remedy) from error


def _read_wall_time(value: Any) -> WallTime:
    day, mark, clock = _read_words(value).partition("T")
    if not mark:
        raise _misfit(f"is {_shown(value)}, not a local day and time", f"write {_WRITTEN[WallTime]}")
    return WallTime(datetime.combine(_read_day(day), _read_clock(clock)))


def _read_clock(value: Any) -> time:
    if isinstance(value, time) and value == value.replace(second=0, microsecond=0):
        return value
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise _misfit(f"is {_shown(value)}, not a time", 'write hours and minutes of the 24-hour clock: "08:30"')
    return time(int(found[1]), int(found[2]))


def _read_hours(value: Any) -> Hours:
    opens, _, closes = value.partition("-") if isinstance(value, str) else ("", "", "")
    try:
        hours = Hours(opens=_read_clock(opens), closes=_read_clock(closes))
    except Misfits as error:
        raise _misfit(f"is {_shown(value)}, not opening hours", f"write hours such as {_WRITTEN[Hours]}") from error
    if hours.closes <= hours.opens:
        raise _misfit("closes before it opens", f"write hours such as {_WRITTEN[Hours]}")
    return hours


def _read_slots(value: Any) -> Slots:
    if not isinstance(value, dict):
        return Slots(week=(_read_number(value),) * len(WEEK))
    by_weekday = _read_mapping(Weekday, int, value)
    return Slots(week=tuple(by_weekday.get(weekday) for weekday in WEEK))


def _read_offset(value: Any) -> Offset:
    try:
        return Offset.parse(_read_words(value))
    except ValueError as error:
        raise _misfit(f"is {_shown(value)}", f"write {_WRITTEN[Offset]}") from error


def _read_length(value: Any) -> timedelta:
    try:
        return parse_length(_read_words(value))
    except ValueError as error:
        raise _misfit(f"is {_shown(value)}", f"write {_WRITTEN[timedelta]}") from error


def _read_choice(cls: type[Enum], value: Any) -> Enum:
    for one in cls:
        if one.value == value:
            return one
    known = [str(one.value) for one in cls]
    raise _misfit(f"is {_shown(value)}", nearest_names(str(value), known, or_else=f"write {_expected(cls)}"))


def _read_text(value: Any) -> Text:
    if not isinstance(value, dict):
        raise _misfit(f"is {_shown(value)}, not words in two languages", f"write {_WRITTEN[Text]}")
    parts: dict[str, Callable[[], str]] = {
        key: partial(_read_translation, value.get(key, ""), language)
        for key, language in (("en", "English"), ("es", "Spanish"))
    }
    for name in sorted(set(value) - {"en", "es"}):
        parts[name] = partial(_refuse, "unknown key", "write en and es only")
    return Text(**_all(parts))


def _read_translation(value: Any, language: str) -> str:
    words = _read_words(value).strip()
    if not words:
        raise _misfit("the translation is missing", f"write the words in {language}")
    return words


_LEAVES: dict[Any, Callable[[Any], Any]] = {
    str: _read_words,
    Label: _read_label,
    int: _read_number,
    Decimal: _read_decimal,
    bool: _read_flag,
    date: _read_day,
    datetime: _read_instant,
    WallTime: _read_wall_time,
    time: _read_clock,
    timedelta: _read_length,
    Offset: _read_offset,
    Hours: _read_hours,
    Slots: _read_slots,
    Text: _read_text,
}

_WRITTEN: dict[Any, str] = {
    str: 'a text: "..."',
    int: "a whole number",
    Decimal: "a number such as 20 or 7.5",
    bool: "true or false",
    date: "a date such as 2026-03-02",
    datetime: "an instant such as 2026-03-02T05:00:00Z",
    WallTime: "a local day and time such as 2026-03-02T08:30",
    time: '"08:30"',
    timedelta: 'a length of time such as "PT2H30M"',
    Offset: 'a duration such as "P3M", "P2W" or "P14D"',
    Hours: '"08:00-16:30"',
    Slots: "2, or { monday = 2, friday = 0 }",
    Text: '{ en = "...", es = "..." }',
}
