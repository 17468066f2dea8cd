"""Values as they are typed on a command line: each function raises Misread with what to write instead."""

import re
from datetime import UTC, date, datetime, tzinfo

from schedule.errors import Misread
from schedule.participant.state import ParticipantId
from schedule.saying import words

FIRST_YEAR, LAST_YEAR = 2000, 2099

_SHOWN = 80
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_PARTICIPANT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", re.ASCII)


def read_date(text: str) -> date:
    """Read ``2026-03-02``, a day that exists, from 2000 to 2099."""
    if not _DATE.fullmatch(text):
        raise Misread(words("is not a date of the form YYYY-MM-DD"), words("write 2026-03-02 for 2 March 2026"))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Misread(words("is a day that does not exist"), words("check the month and its length")) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Misread(
            words("is outside the years {first} to {last}", first=FIRST_YEAR, last=LAST_YEAR), words("check the year")
        )
    return day


def read_participant(text: str) -> ParticipantId:
    """Read a participant code: 1 to 64 ASCII letters, digits, ``.``, ``_`` and ``-``. Never a name."""
    if not is_participant(text):
        raise Misread(
            words("is not a participant code"),
            words("use up to 64 of the letters A-Z, digits, and . _ - inside, such as P-001"),
        )
    return ParticipantId(text)


def is_participant(text: str) -> bool:
    """Tell whether the text could be a participant's code."""
    return _PARTICIPANT.fullmatch(text) is not None and ".." not in text


def shorten(text: str) -> str:
    """Return what somebody typed as a message shows it, in quotes, and not all of it where it is long.

    Letters stand as they are; what a terminal would obey and what nobody can see is escaped.
    """
    shown = repr(text)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."


def read_instant(text: str, zone: tzinfo) -> datetime:
    """Read ``2026-03-02`` (the start of that day in ``zone``) or ``2026-03-02T09:00:00-05:00``; return UTC."""
    if _DATE.fullmatch(text):
        day = read_date(text)
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise Misread(
            words("is not an instant"),
            words("write 2026-03-02, or 2026-03-02T09:00:00-05:00 with its distance from UTC"),
        )
    read_date(instant.date().isoformat())
    return instant.astimezone(UTC).replace(microsecond=0)
