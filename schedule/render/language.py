"""Words, dates and lengths of time in English or Spanish. The English words are the keys of the Spanish catalog."""

import gettext
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from schedule.saying import Said
from schedule.study.offsets import Offset
from schedule.study.protocol import Text
from schedule.study.taper import write_dose

LOCALE = Path(__file__).parent.parent / "locale"


def N_(words: str) -> str:  # noqa: N802 - gettext's own name for words that are translated later
    """Mark words for the catalog."""
    return words


def NP_(context: str, words: str) -> str:  # noqa: N802
    """Mark words for the catalog that mean something else in another context."""
    del context
    return words


WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip
SHORT_WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
MONTHS = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"),
    N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip
SHORT_MONTHS = (
    NP_("short month", "Jan"), NP_("short month", "Feb"), NP_("short month", "Mar"), NP_("short month", "Apr"),
    NP_("short month", "May"), NP_("short month", "Jun"), NP_("short month", "Jul"), NP_("short month", "Aug"),
    NP_("short month", "Sep"), NP_("short month", "Oct"), NP_("short month", "Nov"), NP_("short month", "Dec"),
)  # fmt: skip


class MissingTranslation(LookupError):
    """A template says words that the catalog does not have in its language."""


class _NoWords(gettext.NullTranslations):
    """What a catalog falls back on that must have every word."""

    def gettext(self, message: str) -> str:
        raise MissingTranslation(f"the catalog has no translation of {message!r}")


class Language:
    """One language: says words with facts put in, and writes days as its readers do."""

    def __init__(self, code: str) -> None:
        self.code = code
        fallback = code == "en"
        self._catalog = gettext.translation("dayzero", LOCALE, [code], fallback=fallback)
        self._strict = gettext.translation("dayzero", LOCALE, [code], fallback=fallback)
        if not fallback:
            self._strict.add_fallback(_NoWords())

    def say(self, words: str, /, **facts: object) -> str:
        """Return the words in this language, with facts in the places of their names."""
        said = self._catalog.gettext(words)
        return said.format(**facts) if facts else said

    def say_again(self, text: str) -> str:
        """Return a text that ``words`` made in this language, with the facts in it; any other text as it is."""
        if not isinstance(text, Said):
            return text
        return self.say(text.template, **{name: self._fact(fact) for name, fact in text.facts.items()})

    def _fact(self, fact: object) -> object:
        if isinstance(fact, Text):
            return self.text(fact)
        return self.say_again(fact) if isinstance(fact, str) else fact

    def say_known(self, words: str, /, **facts: object) -> str:
        """Return the words as ``say`` does. Raises MissingTranslation where no other language has them."""
        if self.code == "en":
            language("es").say_known(words)
        said = self._strict.gettext(words)
        return said.format(**facts) if facts else said

    def both(self, *, en: str = "", es: str = "") -> str:
        """Return the words in this language. Raises MissingTranslation where either is empty."""
        for code, words in (("en", en), ("es", es)):
            if not words.strip():
                raise MissingTranslation(f"the words in {code} are empty")
        return es if self.code == "es" else en

    def say_count(self, one: str, many: str, count: int, /, **facts: object) -> str:
        """Return the words for this count; ``{count}`` is put in."""
        return self._catalog.ngettext(one, many, count).format(count=count, **facts)

    def text(self, text: Text) -> str:
        """Return the words that a file gives in both languages."""
        return text.in_language(self.code)

    def weekday(self, day: date) -> str:
        """Return the name of the day's weekday."""
        return self.say(WEEKDAYS[day.weekday()])

    def short_weekday(self, day: date) -> str:
        """Return the weekday in three letters."""
        return self.say(SHORT_WEEKDAYS[day.weekday()])

    def month(self, day: date) -> str:
        """Return the name of the day's month."""
        return self.say(MONTHS[day.month - 1])

    def plain_day(self, day: date, *, year: bool) -> str:
        """Return ``2 March`` or ``2 March 2026``, for staff."""
        return _plain_day(self.code, day, year)

    def weekday_day(self, day: date, *, year: bool = False) -> str:
        """Return ``Wed 2 September``, for staff."""
        return f"{self.short_weekday(day)} {_plain_day(self.code, day, year)}"

    def iso_day(self, day: date | None) -> str:
        """Return ``Wed 2026-09-02``, for tables."""
        return f"{self.short_weekday(day)} {day}" if day else "-"

    def long_day(self, day: date) -> str:
        """Return ``Wednesday, September 2, 2026``, for participants."""
        return _long_day(self.code, day)

    def short_date(self, day: date) -> str:
        """Return ``Sep 2, 2026``, for participants' tables."""
        return self.say("{month} {day}, {year}", month=self._short_month(day), day=day.day, year=day.year)

    def short_month(self, day: date, *, year: bool) -> str:
        """Return ``Sep`` or ``Sep 2026``, for pictures."""
        return f"{self._short_month(day)} {day.year}" if year else self._short_month(day)

    def _short_month(self, day: date) -> str:
        return self._catalog.pgettext("short month", SHORT_MONTHS[day.month - 1])

    def table_day(self, day: date) -> str:
        """Return ``Wed, Sep 2, 2026``, for participants' tables."""
        return f"{self.short_weekday(day)}, {self.short_date(day)}"

    def day_of_month(self, day: date) -> str:
        """Return ``September 2``, for participants."""
        return _whole(self.say("{month} {day}", month=self.month(day), day=day.day))

    def days_of_window(self, earliest: date, latest: date) -> tuple[str, str]:
        """Return both ends for participants, with their years where these differ."""
        if earliest.year == latest.year:
            return self.day_of_month(earliest), self.day_of_month(latest)
        return _whole(self.short_date(earliest)), _whole(self.short_date(latest))

    def short_span(self, first: date, last: date) -> str:
        """Return ``Sep 2 to Sep 16, 2026``, for participants' tables; one day alone where both are the same."""
        if first == last:
            return self.short_date(first)
        start = self.short_date(first)
        if first.year == last.year:
            start = self.say("{short_month} {day}", short_month=self._short_month(first), day=first.day)
        return self.say("{earliest} to {latest}", earliest=start, latest=self.short_date(last))

    def days_in_row(self, number: int, days: int, first: date | None) -> str:
        """Return ``17 18 19``: days of the month from ``first`` on, or running numbers where no date is known."""
        if first is None:
            return " ".join(str(number + index) for index in range(days))
        return " ".join(str((first + timedelta(days=index)).day) for index in range(days))

    def clock(self, at: datetime) -> str:
        """Return ``8:00 AM``, for participants."""
        half = self.say("AM") if at.hour < 12 else self.say("PM")
        return _whole(f"{at.hour % 12 or 12}:{at:%M} {half}")

    def length(self, length: timedelta) -> str:
        """Return ``7 h 30 min``."""
        hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
        parts = [f"{hours} h"] if hours else []
        return " ".join(parts + ([f"{minutes} min"] if minutes or not hours else []))

    def dose(self, dose_mg: Decimal) -> str:
        """Return ``7.5`` or ``20``, the same in both languages."""
        return write_dose(dose_mg)

    def offset(self, offset: Offset) -> str:
        """Return ``6 months`` or ``14 days``."""
        parts = [
            self.say_count("{count} year", "{count} years", offset.years) if offset.years else "",
            self.say_count("{count} month", "{count} months", offset.months) if offset.months else "",
            self.say_count("{count} week", "{count} weeks", offset.weeks) if offset.weeks else "",
            self.say_count("{count} day", "{count} days", offset.days) if offset.days else "",
        ]
        return self.enumerate(part for part in parts if part) or self.say_count("{count} day", "{count} days", 0)

    def enumerate(self, parts: Iterable[str]) -> str:
        """Return ``a, b and c``."""
        *most, last = [*parts] or [""]
        return self.say("{most} and {last}", most=", ".join(most), last=last) if most else last


@lru_cache(maxsize=4)
def language(code: str) -> Language:
    """Return the language ``en`` or ``es``."""
    return Language(code)


@lru_cache(maxsize=4096)
def _plain_day(code: str, day: date, year: bool) -> str:  # noqa: FBT001
    speaks = language(code)
    if year:
        return speaks.say("{day} {month} {year}", day=day.day, month=speaks.month(day), year=day.year)
    return speaks.say("{day} {month}", day=day.day, month=speaks.month(day))


@lru_cache(maxsize=4096)
def _long_day(code: str, day: date) -> str:
    speaks = language(code)
    said = speaks.say(
        "{weekday}, {month} {day}, {year}",
        weekday=speaks.weekday(day),
        month=speaks.month(day),
        day=day.day,
        year=day.year,
    )
    weekday, comma, rest = said.partition(", ")
    return weekday + comma + _whole(rest)


def _whole(said: str) -> str:
    """Return the words so that no line ends within them."""
    return said.replace(" ", "\u00a0")
