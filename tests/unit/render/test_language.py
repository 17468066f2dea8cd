"""Days, times and lengths as their readers write them."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from schedule.render.language import language
from schedule.study.offsets import Offset
from schedule.study.protocol import Text

DAY = date(2026, 9, 2)
ENGLISH, SPANISH = language("en"), language("es")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (ENGLISH.plain_day(DAY, year=False), "2 September"),
        (ENGLISH.plain_day(DAY, year=True), "2 September 2026"),
        (ENGLISH.weekday_day(DAY), "Wed 2 September"),
        (ENGLISH.weekday_day(DAY, year=True), "Wed 2 September 2026"),
        (ENGLISH.iso_day(DAY), "Wed 2026-09-02"),
        (ENGLISH.iso_day(None), "-"),
        (ENGLISH.long_day(DAY), "Wednesday, September\u00a02,\u00a02026"),
        (ENGLISH.short_date(DAY), "Sep 2, 2026"),
        (ENGLISH.short_month(DAY, year=True), "Sep 2026"),
        (ENGLISH.table_day(DAY), "Wed, Sep 2, 2026"),
        (ENGLISH.day_of_month(DAY), "September\u00a02"),
        (ENGLISH.dose(Decimal("7.50")), "7.5"),
        (SPANISH.dose(Decimal("7.50")), "7.5"),
        (SPANISH.plain_day(DAY, year=False), "2 de septiembre"),
        (SPANISH.plain_day(DAY, year=True), "2 de septiembre de 2026"),
        (SPANISH.weekday_day(DAY), "mié 2 de septiembre"),
        (SPANISH.long_day(DAY), "miércoles, 2\u00a0de\u00a0septiembre\u00a0de\u00a02026"),
        (SPANISH.day_of_month(DAY), "2\u00a0de\u00a0septiembre"),
    ],
)
def test_a_day_or_a_dose_is_written_as_its_readers_do(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize(
    ("day", "english", "spanish"),
    [
        ("2026-03-02", "Monday", "lunes"),
        ("2026-03-03", "Tuesday", "martes"),
        ("2026-03-04", "Wednesday", "miércoles"),
        ("2026-03-05", "Thursday", "jueves"),
        ("2026-03-06", "Friday", "viernes"),
        ("2026-03-07", "Saturday", "sábado"),
        ("2026-03-08", "Sunday", "domingo"),
    ],
)
def test_the_days_of_the_week_have_their_names(day: str, english: str, spanish: str) -> None:
    weekday = date.fromisoformat(day)

    assert (ENGLISH.weekday(weekday), SPANISH.weekday(weekday)) == (english, spanish)
    assert ENGLISH.short_weekday(weekday) == english[:3]
    assert SPANISH.short_weekday(weekday) == spanish[:3]


@pytest.mark.parametrize(
    ("number", "english", "spanish"),
    [(1, "January", "enero"), (5, "May", "mayo"), (8, "August", "agosto"), (12, "December", "diciembre")],
)
def test_the_months_have_their_names(number: int, english: str, spanish: str) -> None:
    first = date(2026, number, 1)

    assert (ENGLISH.month(first), SPANISH.month(first)) == (english, spanish)
    assert ENGLISH.short_month(first, year=False) == english[:3]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-02T08:00", "8:00\u00a0AM"),
        ("2026-03-02T11:59", "11:59\u00a0AM"),
        ("2026-03-02T12:00", "12:00\u00a0PM"),
        ("2026-03-02T15:30", "3:30\u00a0PM"),
        ("2026-03-02T00:05", "12:05\u00a0AM"),
    ],
)
def test_a_time_is_written_on_the_12_hour_clock(at: str, expected: str) -> None:
    assert ENGLISH.clock(datetime.fromisoformat(at)) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"), [(450, "7 h 30 min"), (300, "5 h"), (30, "30 min"), (0, "0 min"), (3450, "57 h 30 min")]
)
def test_a_length_is_written_in_hours_and_minutes(minutes: int, expected: str) -> None:
    assert ENGLISH.length(timedelta(minutes=minutes)) == expected


@pytest.mark.parametrize(
    ("offset", "english", "spanish"),
    [
        ("P6M", "6 months", "6 meses"),
        ("P1M", "1 month", "1 mes"),
        ("P14D", "14 days", "14 días"),
        ("P2W", "2 weeks", "2 semanas"),
        ("P1Y6M", "1 year and 6 months", "1 año y 6 meses"),
        ("P1Y2M3D", "1 year, 2 months and 3 days", "1 año, 2 meses y 3 días"),
        ("P0D", "0 days", "0 días"),
    ],
)
def test_an_offset_is_said_in_words(offset: str, english: str, spanish: str) -> None:
    assert ENGLISH.offset(Offset.parse(offset)) == english
    assert SPANISH.offset(Offset.parse(offset)) == spanish


def test_words_of_a_file_are_said_in_the_language_asked_for() -> None:
    words = Text(en="Month 1", es="Mes 1")

    assert (ENGLISH.text(words), SPANISH.text(words)) == ("Month 1", "Mes 1")


@pytest.mark.parametrize("code", ["en", "es"])
def test_facts_are_put_in_as_they_are(code: str) -> None:
    said = language(code).say("words that no catalog has: {fact}", fact="{fact} {{7*7}} %s")

    assert said == "words that no catalog has: {fact} {{7*7}} %s"
