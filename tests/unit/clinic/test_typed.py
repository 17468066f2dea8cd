"""What is typed is read field by field: a page shows each mistake beside its field, the command line all of them."""

from datetime import date, time

import pytest

from clinic.desk.typed import LONGEST_REASON, Mistake, Mistyped, Typed, read_time
from schedule.saying import words


def test_every_mistake_is_kept_with_its_field() -> None:
    typed = Typed()
    typed.day("day", "2026-06-31")
    typed.read("at", "9 o'clock", read_time)
    typed.participant("P/1")
    typed.text("reason", " ")
    typed.text("note", "x" * (LONGEST_REASON + 1))
    typed.if_said("deviation", "two\nlines")
    typed.wrong("where", words("say only one of them"))

    with pytest.raises(Mistyped) as caught:
        typed.check()

    assert [one.field for one in caught.value.mistakes] == [
        "day", "at", "PARTICIPANT", "reason", "note", "deviation", "where"
    ]  # fmt: skip
    assert caught.value.mistakes[3] == Mistake(field="reason", wrong=words("is empty; write why"))
    first, second, *_ = str(caught.value).splitlines()
    assert first == "day: '2026-06-31' is a day that does not exist; check the month and its length"
    assert second.startswith("  at: ")


def test_an_empty_field_is_said_to_be_empty() -> None:
    typed = Typed()
    typed.day("day", "")
    typed.participant("")
    with pytest.raises(Mistyped) as caught:
        typed.check()

    day, participant = str(caught.value).splitlines()
    assert day == "day: is empty; write 2026-03-02 for 2 March 2026"
    assert participant.startswith("  PARTICIPANT: is empty; use up to 64 of the letters")


def test_what_can_be_read_is_returned_and_nothing_is_wrong() -> None:
    typed = Typed()

    assert typed.day("day", "2026-06-03") == date(2026, 6, 3)
    assert typed.day("day", None) is None
    assert typed.days("days", "2026-07-01..2026-07-14") == (date(2026, 7, 1), date(2026, 7, 14))
    assert typed.days("days", "2026-07-01") == (date(2026, 7, 1), date(2026, 7, 1))
    assert typed.read("at", "09:00", read_time) == time(9)
    assert typed.participant("P-001") == "P-001"
    assert typed.text("reason", " storm ") == "storm"
    assert typed.if_said("deviation", "") == ""
    typed.check()
