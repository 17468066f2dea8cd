"""What can go wrong, as facts; the shells turn them into sentences."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from schedule.saying import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with what somebody wrote: where, what, and what to write instead.

    Texts that ``words`` made can be said in another language; plain ones stay English.
    """

    place: str
    wrong: str
    remedy: str
    file: str = ""

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.place) if part)
        return f"{where}: {self.wrong}; {self.remedy}" if where else f"{self.wrong}; {self.remedy}"


class ScheduleError(Exception):
    """Anything dayzero says no to. Carries its problems; never a traceback for the reader."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type["ScheduleError"], tuple[tuple[Problem, ...]]]:
        """Travel between processes with the problems, not with their text."""
        return type(self), (self.problems,)


class InvalidInput(ScheduleError):
    """A file or a text breaks the rules of its format."""


class UnknownName(ScheduleError):
    """A site, protocol or cohort is named that does not exist."""


class Unreadable(ScheduleError):
    """What was named cannot be read for what it should be: nothing in it was looked at further."""


class Refused(ScheduleError):
    """The input can be read, but a rule of the trial or of blinding forbids what is asked."""


class StoreUnavailable(ScheduleError):
    """A file or folder cannot be written."""


class StoreConflict(ScheduleError):
    """Somebody else wrote meanwhile: what was looked at is no longer what is stored. Nothing was recorded."""


class Misread(ValueError):
    """A value that was typed cannot be read: what is wrong with it, and what to write instead."""

    def __init__(self, wrong: str, remedy: str) -> None:
        self.wrong, self.remedy = wrong, remedy
        super().__init__(f"{wrong}; {remedy}")

    def __reduce__(self) -> tuple[type["Misread"], tuple[str, str]]:
        """Travel between processes with both parts."""
        return type(self), (self.wrong, self.remedy)


class BugElsewhere(Exception):
    """A bug in another process, as :func:`told_bug` tells it there."""


def told_bug(error: Exception) -> str:
    """Say what broke, and where, in a few words for a report."""
    if isinstance(error, BugElsewhere):
        return str(error)
    where = error.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    at = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "?"
    return f"{type(error).__name__} at {at}"


def nearest_names(name: str, known: Iterable[str], *, or_else: str) -> str:
    """Return the remedy for an unknown name: the nearest known ones, else the known ones if few, else ``or_else``."""
    from difflib import get_close_matches  # noqa: PLC0415 - only who mistypes pays for it

    known = sorted(known)
    as_written = {one.lower(): one for one in known}
    near = [as_written[one] for one in get_close_matches(name.lower(), as_written, n=3, cutoff=0.5)]
    if near:
        names = reduce(lambda one, other: words("{one} or {other}", one=one, other=other), near)
        return words("did you mean {names}? Otherwise {or_else}", names=names, or_else=or_else)
    if 0 < len(known) <= 12:
        return words("known: {names}; {or_else}", names=", ".join(known), or_else=or_else)
    return or_else
