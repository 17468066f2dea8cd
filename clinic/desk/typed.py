"""What people type, read into values; all that is wrong is kept, field by field, until it is asked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import TypeVar

from schedule.errors import Misread
from schedule.files.roster import COORDINATOR_CALENDAR
from schedule.files.text import forbidden_character
from schedule.files.values import read_date, read_participant, shorten
from schedule.participant.state import ParticipantId
from schedule.render.language import Language
from schedule.render.problems import AS_TYPED
from schedule.saying import Said, words
from schedule.sites import WEEK, Hours, Weekday

T = TypeVar("T")
LONGEST_REASON = 2_000
MOST_A_DAY = 10_000
"""Visits of a kind that a day can hold at most, as in a site's file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A field that cannot be read as it was typed, and why."""

    field: str
    wrong: Said

    def __str__(self) -> str:
        return f"{self.field}: {self.wrong}"


class Mistyped(Exception):
    """What was typed cannot be read. Carries all mistakes."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n  ".join(map(str, self.mistakes)))


def say_mistakes(error: Mistyped, speaks: Language, labels: Mapping[str, str] = AS_TYPED) -> list[str]:
    """Return all mistakes, a line each; ``labels`` are what a page calls the fields of the command line."""
    return [
        f"{labels.get(one.field) or speaks.say_again(one.field)}: {speaks.say_again(one.wrong)}"
        for one in error.mistakes
    ]


class Typed:
    """Reads what was typed, and keeps all that is wrong until it is asked."""

    def __init__(self) -> None:
        self._mistakes: list[Mistake] = []

    def read(self, name: str, text: str | None, reader: Callable[[str], T]) -> T | None:
        """Return the value; None where nothing was typed, or what cannot be read."""
        if text is None:
            return None
        try:
            return reader(text)
        except Misread as error:
            if text:
                facts = {"value": shorten(text), "wrong": error.wrong, "remedy": error.remedy}
                self.wrong(name, words("{value} {wrong}; {remedy}", **facts))
            else:
                self.wrong(name, words("is empty; {remedy}", remedy=error.remedy))
            return None

    def day(self, name: str, text: str | None) -> date | None:
        """Read a date."""
        return self.read(name, text, read_date)

    def days(self, name: str, text: str) -> tuple[date, date]:
        """Read ``2026-07-01..2026-07-14``, or one day."""
        first, dots, last = text.partition("..")
        day = self.day(name, first) or date.min
        return day, (self.day(name, last) or date.min) if dots else day

    def participant(self, text: str) -> ParticipantId:
        """Read a participant's code."""
        return self.read("PARTICIPANT", text, read_enrolled) or ParticipantId("")

    def text(self, name: str, text: str) -> str:
        """Read words that are kept: of ordinary length, without control characters, and not empty."""
        if not text.strip():
            self.wrong(name, words("is empty; write why"))
        elif len(text) > LONGEST_REASON:
            self.wrong(name, words("is longer than {most:,} characters; say it shorter", most=LONGEST_REASON))
        elif found := forbidden_character(text):
            remedy = words("write it in one line, without control characters")
            self.wrong(name, words("holds the character {character}; {remedy}", character=found, remedy=remedy))
        return text.strip()

    def if_said(self, name: str, text: str) -> str:
        """Read words that may be left out."""
        return self.text(name, text) if text else ""

    def wrong(self, name: str, wrong: Said) -> None:
        """Note something else that is wrong."""
        self._mistakes.append(Mistake(field=name, wrong=wrong))

    def check(self) -> None:
        """Raise Mistyped with all that is wrong."""
        if self._mistakes:
            raise Mistyped(self._mistakes)


def read_enrolled(text: str) -> ParticipantId:
    """Read the code of a participant to be enrolled. Raises Misread where their folder could not have that name."""
    if text.lower() == COORDINATOR_CALENDAR:
        wrong = words("is the name of a file that lies beside the participants' folders")
        raise Misread(wrong, words("use another code"))
    return read_participant(text)


def read_time(text: str) -> time:
    """Read ``09:00``. Raises Misread."""
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or len(text) != len("09:00") or not text.isascii():
        remedy = words("write 09:00, or 14:30 for half past two in the afternoon")
        raise Misread(words("is no time of day"), remedy)
    return found


def read_hours(text: str) -> Hours:
    """Read ``08:00-12:00``. Raises Misread."""
    opens, _, closes = text.partition("-")
    try:
        hours = Hours(opens=read_time(opens), closes=read_time(closes))
    except Misread:
        hours = None
    if hours is None or hours.closes <= hours.opens:
        raise Misread(words("names no opening hours"), words("write 08:00-12:00"))
    return hours


def read_limit(text: str) -> int:
    """Read how many visits a day can hold. Raises Misread."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_A_DAY)) else -1
    if not 0 <= number <= MOST_A_DAY:
        wrong = words("is no whole number from 0 to {most:,}", most=MOST_A_DAY)
        raise Misread(wrong, words("write it in digits"))
    return number


def read_weekdays(text: str) -> tuple[Weekday, ...]:
    """Read ``mon,wed``, or whole names. Raises Misread."""
    named = [one.strip().lower() for one in text.split(",")]
    by_name = {name: one for one in WEEK for name in (one.value, one.value[:3])}
    if not all(name in by_name for name in named):
        raise Misread(words("names no weekdays"), words("write mon,wed"))
    found = {by_name[name] for name in named}
    return tuple(one for one in WEEK if one in found)
