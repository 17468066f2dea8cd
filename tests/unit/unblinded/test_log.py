"""The pharmacy's log: what is added, and which tampering is found."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedule.desk.writing import PRIVATE, write_outputs
from schedule.errors import InvalidInput
from schedule.unblinded.log import START, Act, Entry, add_entries, verify_log

ENTRY = Entry(
    act=Act.OPENED,
    study="RES001-DMPM-02",
    site="gainesville",
    participant="P-001",
    at=datetime(2026, 6, 3, 14, 5, 6, tzinfo=UTC),
    who="RPh",
    why="drill",
)


def write(path: Path, *entries: Entry) -> list[str]:
    output, lines = add_entries(path, entries)
    write_outputs([output])
    return [line.hash for line in lines]


def problems(path: Path) -> list[str]:
    with pytest.raises(InvalidInput) as error:
        verify_log(path)
    return [f"{one.place}: {one.wrong}" for one in error.value.problems]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "pharmacy-log.jsonl"
    for number in range(5):
        write(path, replace(ENTRY, participant=f"P-00{number}"))
    return path


def test_a_line_says_who_when_why_and_never_what(tmp_path: Path) -> None:
    path = tmp_path / "log"
    (own,) = write(path, ENTRY)

    assert json.loads(path.read_text()) == {
        "act": "opened", "at": "2026-06-03T14:05:06Z", "hash": own, "participant": "P-001", "previous": START, "seq": 1,
        "site": "gainesville", "study": "RES001-DMPM-02", "who": "RPh", "why": "drill",
    }  # fmt: skip
    assert path.stat().st_mode & 0o777 == PRIVATE


def test_lines_follow_one_another(log: Path) -> None:
    lines = [json.loads(line) for line in log.read_text().splitlines()]

    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["previous"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]
    assert (verify_log(log).lines, verify_log(log).hash) == (5, lines[-1]["hash"])


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert (verify_log(tmp_path / "none").lines, verify_log(tmp_path / "none").hash) == (0, START)


@pytest.mark.parametrize("line", range(5))
def test_a_removed_line_is_found_unless_it_is_the_last(log: Path, line: int) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))

    if line == 4:
        assert verify_log(log).lines == 4
    else:
        assert problems(log)[0].startswith(f"line {line + 1}: it does not follow")


def test_moved_and_repeated_lines_are_found(log: Path) -> None:
    one, two, *rest = log.read_bytes().splitlines(keepends=True)

    for mixed in ([two, one, *rest], [one, one, two, *rest]):
        log.write_bytes(b"".join(mixed))
        assert problems(log)


@given(data=st.data())
def test_any_altered_byte_is_found(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    write(path, ENTRY, ENTRY)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])

    assert problems(path)


def test_a_damaged_log_is_added_to_and_stays_damaged(log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-40])

    write(log, ENTRY)

    assert problems(log) == ["line 5: it was altered or is damaged"]
    assert json.loads(log.read_text().splitlines()[5])["seq"] == 6


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()

    with pytest.raises(InvalidInput, match="it cannot be read"):
        verify_log(tmp_path / "log")
