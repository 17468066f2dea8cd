"""The text that is hashed is RFC 8785 JSON of the columns, and no two records have the same."""

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from clinic.memory.chain import COLUMNS, START, body_text, link, text_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(0, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
BODIES = st.dictionaries(TEXTS, VALUES, max_size=3)
INTEGERS = ("seq", "group", "number", "version")
RECORDS = st.fixed_dictionaries(
    {name: NUMBERS if name in INTEGERS else BODIES if name == "body" else TEXTS for name in COLUMNS[:15]}
)


def row_of(record: dict[str, Any]) -> list[Any]:
    return [body_text(record[name]) if name == "body" else record[name] for name in COLUMNS[:15]]


@given(RECORDS)
def test_the_text_is_rfc_8785_json_of_the_record(record: dict[str, Any]) -> None:
    assert text_of(row_of(record)).encode() == rfc8785.dumps(record)


@given(RECORDS, st.sampled_from(COLUMNS[:15]), st.data())
def test_another_value_in_any_column_is_another_text(record: dict[str, Any], name: str, data: st.DataObject) -> None:
    row = row_of(record)
    other = list(row)
    place = COLUMNS.index(name)
    other[place] = data.draw((NUMBERS if name in INTEGERS else TEXTS).filter(lambda value: value != row[place]))

    assert text_of(other) != text_of(row)


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("value", ['1},"group":2,"x":{', 1.5, 1.0, None, b"1"])
def test_a_number_that_is_none_is_refused(name: str, value: object) -> None:
    """SQLite keeps any value in any column; what looks like another column's text must not pass as it."""
    row: list[object] = [1, 1, "s", 1, "k", 1, "{}", "", "", "", "", "", "", "", ""]
    row[COLUMNS.index(name)] = value

    with pytest.raises((TypeError, ValueError)):
        text_of(row)


@pytest.mark.parametrize("name", [name for name in COLUMNS[:15] if name not in (*INTEGERS, "body")])
@pytest.mark.parametrize("value", [b"x", None, 1])
def test_a_text_that_is_none_is_refused(name: str, value: object) -> None:
    row: list[object] = [1, 1, "s", 1, "k", 1, "{}", "", "", "", "", "", "", "", ""]
    row[COLUMNS.index(name)] = value

    with pytest.raises(TypeError):
        text_of(row)


def test_a_hash_can_be_made_again_with_any_tool() -> None:
    """``printf '%064d{}' 0 | sha256sum``."""
    assert link(START, "{}") == "5508d2b710e64bc470079e1b211d9c58e21011e59d0559e422345dc19d659a75"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, {1: "x"}, {1, 2}, b"x"])
def test_a_body_holds_values_of_json_only(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        body_text({"value": value})
