"""Text that somebody else wrote: its size, its encoding, its characters."""

from pathlib import Path

import pytest

from schedule.errors import InvalidInput
from schedule.files.text import LARGEST, forbidden_character, read_text


def told(path: Path) -> str:
    with pytest.raises(InvalidInput) as error:
        read_text(path)
    (problem,) = error.value.problems
    assert problem.file == str(path)
    assert problem.remedy
    return problem.wrong


def test_utf_8_is_read_with_and_without_a_mark_at_its_start(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes("día\r\n".encode())
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbf" + "día\r\n".encode())

    assert read_text(tmp_path / "plain") == read_text(tmp_path / "marked") == "día\r\n"


def test_a_file_that_does_not_exist_is_told(tmp_path: Path) -> None:
    assert told(tmp_path / "none.toml") == "there is no such file"


@pytest.mark.parametrize("name", ["x" * 300, "a-file/inside"])
def test_a_path_that_cannot_be_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-file").touch()

    assert told(tmp_path / name)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert told(tmp_path)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"name = 'Jos\xe9'", "line 1 is not UTF-8 (byte 0xe9)"),
        (b"a = 1\nb = 2\nname = '\xf1'", "line 3 is not UTF-8 (byte 0xf1)"),
        ("a = 1".encode("utf-16"), "line 1 is not UTF-8 (byte 0xff)"),
        ("é".encode()[:1], "line 1 is not UTF-8 (byte 0xc3)"),
    ],
)
def test_bytes_that_are_not_utf_8_are_told_by_line(tmp_path: Path, data: bytes, expected: str) -> None:
    (tmp_path / "latin.toml").write_bytes(data)

    assert told(tmp_path / "latin.toml") == expected


@pytest.mark.parametrize(("size", "fits"), [(LARGEST, True), (LARGEST + 1, False), (3 * LARGEST, False)])
def test_a_huge_file_is_refused(tmp_path: Path, size: int, fits: bool) -> None:
    path = tmp_path / "huge.toml"
    path.write_bytes(b" " * size)

    if fits:
        assert len(read_text(path)) == size
    else:
        assert told(path) == "it is larger than 1,000,000 bytes"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b", "U+0000"), ("a\x07", "U+0007"), ("a\tb", "U+0009"), ("a\nb", "U+000A"), ("\x0b", "U+000B"),
        ("\x0c", "U+000C"), ("a\rb", "U+000D"), ("\x1b[31m", "U+001B"), ("\x7f", "U+007F"), ("\x85", "U+0085"),
        ("\u2028", "U+2028"), ("\u2029", "U+2029"), ("\u202e", "U+202E"), ("\u2066", "U+2066"),
    ],
)  # fmt: skip
def test_a_control_character_is_named(text: str, expected: str) -> None:
    assert forbidden_character(text) == expected


@pytest.mark.parametrize("text", ["", "Day 0", "¿Día 0? – ñ", "日本", "🩺", "{{ 7 * 7 }}", "<b>", "=1+1"])
def test_every_other_character_may_stand_in_a_text(text: str) -> None:
    assert forbidden_character(text) is None


def test_a_file_that_cannot_be_read_is_told_with_the_system_s_reason() -> None:
    with pytest.raises(InvalidInput) as told:
        read_text(Path("/proc/self/mem"))

    (problem,) = told.value.problems
    assert problem.wrong == "it cannot be read (Input/output error)"
    assert problem.remedy == "check its permissions"
