"""What the address of a list asks for: which site, which days, which part of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from clinic.desk.typed import Typed
from clinic.pages.frame import Asked
from schedule.errors import InvalidInput, Problem
from schedule.files.text import forbidden_character
from schedule.files.values import shorten
from schedule.saying import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Where in a long list somebody is, and where the parts before and after begin."""

    skip: int
    shown: int
    count: int
    size: int

    @property
    def first(self) -> int:
        """The number of the first row, from 1."""
        return self.skip + 1

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.skip + self.shown

    @property
    def before(self) -> int | None:
        """What the part before skips; None where this is the first."""
        return max(0, self.skip - self.size) if self.skip else None

    @property
    def after(self) -> int | None:
        """What the part after skips; None where this is the last."""
        return self.last if self.last < self.count else None


def asked_for(asked: Asked, name: str) -> str:
    """Return a word of the address, without white space around it. Raises InvalidInput for one that nobody types."""
    text = str(asked.request.GET.get(name, "")).strip()
    if found := forbidden_character(text):
        raise InvalidInput(
            [
                Problem(
                    place=name, wrong=words("holds the character {found}", found=found), remedy=words("type it again")
                )
            ]
        )
    return text


def sites_asked(asked: Asked) -> tuple[str, ...]:
    """Return the site that is named, or all that are theirs. Raises UnknownName."""
    site = asked_for(asked, "site")
    return (asked.site(site),) if site else asked.sites


def one_site(asked: Asked) -> str | None:
    """Return the site that is named, or the first of theirs; None for who has none. Raises UnknownName."""
    return next(iter(sites_asked(asked)), None)


def today_at(asked: Asked, sites: Sequence[str]) -> date:
    """Return what day it is at these sites: the latest of them."""
    return max((asked.clinic.today(one) for one in sites), default=asked.clinic.now.date())


def day_asked(asked: Asked, name: str) -> date | None:
    """Return a day that is named, None where none is. Raises Mistyped."""
    typed = Typed()
    day = typed.day(name, asked_for(asked, name) or None)
    typed.check()
    return day


def days_asked(asked: Asked) -> tuple[date | None, date | None]:
    """Return the first and the last day that are named. Raises Mistyped and InvalidInput."""
    first, last = day_asked(asked, "from"), day_asked(asked, "to")
    if first and last and last < first:
        wrong = words("{last} is before {first}", last=last, first=first)
        raise InvalidInput([Problem(place="to", wrong=wrong, remedy=words("swap the two days"))])
    return first, last


def number_asked(asked: Asked, name: str) -> int | None:
    """Return a number that is named, None where none is. Raises InvalidInput."""
    text = asked_for(asked, name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        wrong = words("{value} is no number of a row", value=shorten(text))
        raise InvalidInput([Problem(place=name, wrong=wrong, remedy=words("begin again at the first"))])
    return int(text)


def one_of(asked: Asked, name: str, known: Sequence[str], usual: str = "") -> str:
    """Return a word that is one of those that are known, or the usual one. Raises InvalidInput."""
    text = asked_for(asked, name) or usual
    if text and text not in known:
        wrong = words("{value} is none of them", value=shorten(text))
        remedy = words("choose one of {known}", known=", ".join(known))
        raise InvalidInput([Problem(place=name, wrong=wrong, remedy=remedy)])
    return text


def address(**words: object) -> str:
    """Return the words of an address, without those that are empty."""
    return urlencode({name: value for name, value in words.items() if value not in (None, "")})


def again(asked: Asked, **other: object) -> str:
    """Return the words of this address with some of them replaced."""
    same: Mapping[str, object] = dict(asked.request.GET.items())
    return address(**dict(same) | other)
