"""The tables of keys in docs/, made from the types whose fields they are."""

import ast
import dataclasses
import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from types import ModuleType
from typing import Any

import schedule.sites
import schedule.study.protocol
from schedule.sites import Hours, Site
from schedule.study.offsets import Offset
from schedule.study.protocol import Kind, Label, Protocol, Text

WRITTEN: dict[Any, str] = {
    str: 'text, `"..."`',
    Label: "text, not empty",
    int: "whole number",
    Decimal: "number, `20` or `7.5`",
    bool: "`true` or `false`",
    date: "date, `2026-03-02`",
    time: 'time, `"08:30"`',
    timedelta: 'length, `"PT2H30M"`',
    Offset: 'duration, `"P3M"`, `"P14D"`',
    Hours: 'hours, `"08:00-16:30"`',
    Text: '`{ en = "...", es = "..." }`',
}


def protocol_tables() -> str:
    """Return the keys of a protocol file as Markdown."""
    return "\n".join(_tables(Protocol, schedule.study.protocol, {}))


def site_tables() -> str:
    """Return the keys of a site file as Markdown."""
    return "\n".join(_tables(Site, schedule.sites, {}))


def _tables(cls: type, module: ModuleType, at: dict[type, str]) -> Iterator[str]:
    name = at.get(cls, "The file")
    yield f"### {name}\n"
    yield "| key | what it is | how it is written | needed |"
    yield "|---|---|---|---|"
    meanings = _meanings(cls, module)
    hints = typing.get_type_hints(cls)
    inner: dict[type, str] = {}
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        written, found = _written(hints[field.name], field.name)
        if field.name == getattr(cls, "named_by", None):
            written = "the name of its table"
        inner |= found
        optional = (field.default, field.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)
        yield f"| `{field.name}` | {meanings.get(field.name, '')} | {written} | {'no' if optional else 'yes'} |"
    yield ""
    for one, title in inner.items():
        yield from _tables(one, module, {one: title})


def _written(hint: Any, key: str) -> tuple[str, dict[type, str]]:
    if found := WRITTEN.get(hint) or WRITTEN.get(getattr(hint, "__supertype__", None)):
        return found, {}
    if isinstance(hint, types.UnionType):
        return _written(next(one for one in typing.get_args(hint) if one is not type(None)), key)
    if typing.get_origin(hint) is tuple:
        return _written_tuple(typing.get_args(hint)[0], key)
    if typing.get_origin(hint) in (dict, Mapping):
        return "table", {}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return ", ".join(f"`{one.value}`" for one in hint if not (hint is Kind and one.value == "milestone")), {}
    return f"table `[{key}]`, below", {hint: f"`[{key}]`"}


def _written_tuple(item: Any, key: str) -> tuple[str, dict[type, str]]:
    item = getattr(item, "__supertype__", item)
    if dataclasses.is_dataclass(item) and isinstance(item, type) and item not in WRITTEN:
        title = f"[{key}.NAME]" if hasattr(item, "named_by") else f"[[{key}]]"
        return f"tables `{title}`, below", {item: f"`{title}`"}
    if item is Text:
        return f"tables `[[{key}]]` with `en` and `es`", {}
    return f"list of {_written(item, key)[0]}", {}


def _meanings(cls: type, module: ModuleType) -> dict[str, str]:
    """Return the sentence that stands under each field."""
    tree = ast.parse(inspect.getsource(module))
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == cls.__name__]
    meanings = {}
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            meanings[field.target.id] = ast.literal_eval(below.value).replace("\n", " ")
    return meanings
