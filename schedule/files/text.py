"""Reading text that somebody else wrote: its size, its encoding, its characters."""

import re
from pathlib import Path

from schedule.errors import InvalidInput, Problem
from schedule.saying import words

LARGEST = 1_000_000
"""Bytes of the largest file that is read. A whole protocol is some 30,000."""

FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Control characters, line and paragraph separators, and marks that reverse the direction of reading."""


def read_text(path: Path, *, largest: int = LARGEST) -> str:
    """Return the file's text. Raises InvalidInput when it is no readable UTF-8 file of ordinary size."""

    def invalid(wrong: str, remedy: str) -> InvalidInput:
        return InvalidInput([Problem(file=str(path), place="", wrong=wrong, remedy=remedy)])

    try:
        if path.is_dir():
            raise invalid(words("it is a folder"), words("name a file in it"))
        if not path.exists():
            raise invalid(words("there is no such file"), words("check the name and the folder"))
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        wrong = words("it cannot be read ({why})", why=error.strerror)
        raise invalid(wrong, words("check its permissions")) from error
    return decode(data, str(path), largest=largest)


def decode(data: bytes, file: str, *, largest: int = LARGEST) -> str:
    """Return the text of a file's bytes. Raises InvalidInput where it is not UTF-8 of ordinary size."""

    def invalid(wrong: str, remedy: str) -> InvalidInput:
        return InvalidInput([Problem(file=file, place="", wrong=wrong, remedy=remedy)])

    if len(data) > largest:
        raise invalid(words("it is larger than {most:,} bytes", most=largest), words("is it the right file?"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        wrong = words("line {number} is not UTF-8 (byte 0x{byte:02x})", number=line, byte=data[error.start])
        raise invalid(wrong, words("save the file as UTF-8")) from error


def forbidden_character(text: str) -> str | None:
    """Return the name of the first character that no text may hold (``U+0007``), or None."""
    found = FORBIDDEN.search(text)
    return f"U+{ord(found.group()):04X}" if found else None
