"""A record shown on a terminal, and what a change would mean before anything is saved."""

from dataclasses import replace
from datetime import date

import pytest
from records import FOUR_MONTHS, LEFT, Kept, a_record, code, done, instant, move

from schedule.participant.commands import Command, HoldInfusions, HoldTaper
from schedule.participant.consequences import Consequences, alternatives, compare_states
from schedule.participant.deciding import decide
from schedule.participant.evolving import evolve
from schedule.participant.state import Given, Scope
from schedule.render.consequences import (
    alternatives_record,
    consequences_record,
    say_alternatives,
    say_consequences,
)
from schedule.render.language import language
from schedule.render.record import record_table

ENGLISH, SPANISH = language("en"), language("es")


def preview(kept: Kept, day: str, command: Command) -> Consequences:
    rules = replace(kept.rules, today=date.fromisoformat(day))
    after = kept.state
    for event in decide(kept.state, command, rules):
        after = evolve(after, event, instant(day))
    return compare_states(kept.state, after, rules)


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("width", [120, 60, 30])
def test_a_record_fits_the_terminal(lang: str, width: int) -> None:
    lines = record_table(a_record(*FOUR_MONTHS).plan.staff, language(lang), width=width).splitlines()

    assert max(map(len, lines)) <= width
    assert not any("None" in line or "{" in line for line in lines)


def test_a_record_says_status_day_and_dose_and_below_it_why() -> None:
    text = record_table(a_record(*FOUR_MONTHS, as_of="2026-07-20").plan.staff, ENGLISH, width=120)

    assert "D0     done     Wed 2026-03-04  08:00-15:30  2026-03-02 to 2026-03-16  yes" in text
    assert "M2     missed                                2026-05-01 to 2026-05-11" in text
    assert "M6     on hold                               2026-09-01 to 2026-09-11" in text
    assert "M1: deviation: 3 days after its window (the roads were closed); reason: snow" in text
    assert "M4: overdue for 8 days" in text


def test_a_record_on_hold_shows_the_taper_without_a_date() -> None:
    text = record_table(a_record(("2026-03-03", HoldTaper(reason="a flare"))).plan.staff, ENGLISH, width=120)

    (line,) = [line for line in text.splitlines() if line.startswith("TAPER")]
    assert line.split() == ["TAPER", "on", "hold", "ask", "the", "study", "doctor"]


def test_one_who_left_is_said_to_have_left() -> None:
    text = record_table(a_record(*LEFT).plan.staff, ENGLISH, width=120)

    assert "withdrew on Thu 2026-06-18" in text


def test_a_move_is_said_with_both_days_and_its_deviation() -> None:
    found = preview(a_record(*FOUR_MONTHS[:10]), "2026-06-10", move("M4", "2026-07-16", deviation="a wedding"))

    assert say_consequences(found, ENGLISH) == [
        "M4: Tue 2026-07-07 09:00 -> Thu 2026-07-16 09:00",
        "M4: deviation: 4 days after its window (a wedding)",
    ]


def test_a_dose_in_part_holds_the_taper_and_gives_no_date_for_it() -> None:
    kept = a_record(*FOUR_MONTHS[:8])

    found = preview(kept, "2026-06-08", done("M3", "2026-06-08", Given.PARTIAL))

    said = say_consequences(found, ENGLISH)
    assert "M3: booked -> done; Thu 2026-06-04 08:00 -> Mon 2026-06-08; given: in part" in said
    assert "TAPER: planned -> on hold; ask the study doctor" in said
    (taper,) = [one for one in consequences_record(found, ENGLISH)["changes"] if one["code"] == "TAPER"]
    assert {taper["new"][key] for key in ("target", "earliest", "latest", "planned")} == {None}


def test_visits_that_change_in_the_same_way_stand_in_one_line() -> None:
    off = HoldInfusions(scope=Scope.PARTICIPANT, reason="a supply delay")

    said = say_consequences(preview(a_record(*FOUR_MONTHS[:3]), "2026-03-10", off), ENGLISH)

    assert said == [
        "M3, M6, M7, M10, M13: planned -> on hold",
        "TAPER: planned -> on hold; ask the study doctor",
    ]


def test_where_nothing_changes_that_is_said() -> None:
    nothing = Consequences(changes=(), deviations=(), impossible=(), to_rebook=())

    assert say_consequences(nothing, ENGLISH) == ["nothing else would change"]
    assert say_consequences(nothing, SPANISH) == ["nada más cambiaría"]


def test_what_would_be_impossible_or_would_have_to_be_booked_again_is_said_in_both_languages() -> None:
    kept = a_record(*FOUR_MONTHS[:10])
    rebook = compare_states(None, kept.state, kept.rules)
    found = replace(rebook, changes=(), impossible=(code("M5"), code("M6")))

    assert say_consequences(found, ENGLISH)[-1] == "no day would fit any more: M5, M6"
    assert say_consequences(found, SPANISH)[-1] == "ningún día serviría ya: M5, M6"


def test_alternatives_are_numbered_the_best_first_with_what_they_leave() -> None:
    kept = a_record(*FOUR_MONTHS[:8])

    found = alternatives(kept.state, code("M3"), kept.rules, most=3)

    assert say_alternatives(found, kept.state, ENGLISH) == [
        "1. Wed 2026-06-03: 1 day before its target; 2 days off target in all, with what counts from it; "
        "leaves 7 days for Month 5",
        "2. Fri 2026-06-05: 1 day after its target; 2 days off target in all, with what counts from it; "
        "leaves 6 days for Month 4",
        "3. Tue 2026-06-02: 2 days before its target; 3 days off target in all, with what counts from it; "
        "leaves 6 days for Month 5",
    ]
    assert say_alternatives(found, kept.state, SPANISH)[0] == (
        "1. mié 2026-06-03: 1 día antes de su fecha objetivo; 2 días de diferencia en total, con lo que cuenta desde "
        "ella; deja 7 días para Mes 5"
    )
    assert alternatives_record(found)[0] == {
        "day": "2026-06-03", "from_target": -1, "off_in_all": 2, "deviates": False, "liked": False,
        "least_slack": 7, "tightest": "M5",
        "impossible": [], "to_rebook": [],
    }  # fmt: skip


def test_where_no_day_is_open_that_is_said() -> None:
    assert say_alternatives((), a_record().state, ENGLISH) == ["no day in or near its window is open"]
