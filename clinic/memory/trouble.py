"""What a database complains of, in a line for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC, EROFS
from os import strerror

from schedule.errors import Problem, StoreUnavailable
from schedule.saying import words

_SQLITE = {5: "busy", 6: "busy", 8: "read-only", 10: "broken", 11: "damaged", 13: "full", 14: "closed", 26: "foreign"}
"""By the lower byte of SQLite's result code."""
_POSTGRESQL = {
    "55P03": "busy", "40001": "busy", "40P01": "busy", "53100": "full", "25006": "read-only", "42501": "read-only",
    "XX001": "damaged", "XX002": "damaged",
}  # fmt: skip
_SAID = {
    "busy": (words("others have been writing to it for too long"), words("try again in a minute")),
    "full": (
        words("cannot be written ({why})", why=strerror(ENOSPC)),
        words("make room, then repeat the command"),
    ),
    "read-only": (
        words("cannot be written ({why})", why=strerror(EROFS)),
        words("check the permissions of the file and its folder"),
    ),
    "damaged": (
        words("is damaged"),
        words("keep the file as it is, and restore the last backup: dayzero clinic restore"),
    ),
    "foreign": (words("is no database"), words("say with --db where the store lies")),
    "closed": (
        words("cannot be opened"),
        words("check the address, the account and its permissions, and that a server runs"),
    ),
    "broken": (words("cannot be read or written"), words("check the disk and its room, then repeat the command")),
    "lost": (
        words("the connection was lost"),
        words("repeat the command: what was recorded after all is told as a conflict, and nothing is recorded twice"),
    ),
    "refused": (
        words("refuses a change of its records"),
        words("look for what is wrong with 'dayzero audit verify'"),
    ),
}


class Busy(StoreUnavailable):
    """Others were writing; trying again may do."""


@contextmanager
def told(shown: str) -> Iterator[None]:
    """Turn a database's errors into StoreUnavailable of the store that is shown so."""
    from django.db import DatabaseError, DataError, InterfaceError, ProgrammingError

    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        what = _kind(error)
        if not what and isinstance(error, DataError | ProgrammingError):
            raise
        what = what or "lost"
        wrong, remedy = _SAID[what]
        said = str(error).strip().splitlines()
        if what in ("closed", "broken", "lost", "refused") and said:
            wrong = words("{wrong} ({said})", wrong=wrong, said=said[0].strip())
        problem = Problem(file=shown, place="", wrong=wrong, remedy=remedy)
        raise (Busy if what == "busy" else StoreUnavailable)([problem]) from error


def _kind(error: Exception) -> str | None:
    from django.db import IntegrityError

    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(error, IntegrityError):
        return "refused"
    if code is not None:
        return _SQLITE.get(code & 0xFF, "broken")
    if getattr(cause, "pgconn", None) is not None:
        return "closed"
    return _POSTGRESQL.get(getattr(cause, "sqlstate", None) or "")
