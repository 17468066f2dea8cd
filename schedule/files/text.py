"""Reading text that somebody else wrote: its size, its encoding, its characters."""

import re
from pathlib import Path

from schedule.errors import InvalidInput, Problem

LARGEST = 1_000_000
"""Bytes of the largest file that is read. A whole protocol is some 30,000."""

FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Control characters, line and paragraph separators, and marks that reverse the direction of reading."""


def read_text(path: Path) -> str:
    """Return the file's text. Raises InvalidInput when it is no readable UTF-8 file of ordinary size."""

    def invalid(wrong: str, remedy: str) -> InvalidInput:
        return InvalidInput([Problem(file=str(path), place="", wrong=wrong, remedy=remedy)])

    try:
        if path.is_dir():
            raise invalid("it is a folder", "name a file in it")
        if not path.exists():
            raise invalid("there is no such file", "check the name and the folder")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise invalid(f"it cannot be read ({error.strerror})", "check its permissions") from error
    return decode(data, file=str(path))


def decode(data: bytes, *, file: str) -> str:
    """Return the text of a file's bytes. Raises InvalidInput when it is no UTF-8 of ordinary size."""
    if len(data) > LARGEST:
        wrong, remedy = f"it is larger than {LARGEST:,} bytes", "is it the right file?"
        raise InvalidInput([Problem(file=file, place="", wrong=wrong, remedy=remedy)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        wrong = f"line {line} is not UTF-8 (byte 0x{data[error.start]:02x})"
        raise InvalidInput([Problem(file=file, place="", wrong=wrong, remedy="save the file as UTF-8")]) from error


def forbidden_character(text: str) -> str | None:
    """Return the name of the first character that no text may hold (``U+0007``), or None."""
    found = FORBIDDEN.search(text)
    return f"U+{ord(found.group()):04X}" if found else None
