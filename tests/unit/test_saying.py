"""Texts that remember how they were made: English for whoever compares or prints them, and another language later."""

import json
import pickle
from copy import deepcopy
from datetime import date, time

from schedule.errors import Misread, Problem, Refused, nearest_names
from schedule.render.language import language
from schedule.render.problems import say_problem
from schedule.saying import Said, words
from schedule.study.protocol import Text

SPANISH, ENGLISH = language("es"), language("en")
HOLIDAY = Text(en="inventory", es="inventario")


def test_a_text_is_the_plain_english_for_all_who_do_not_ask() -> None:
    said = words("{day} is past", day=date(2026, 3, 2))

    assert said == "2026-03-02 is past"
    assert f"{said}!" == "2026-03-02 is past!"
    assert json.dumps([said]) == '["2026-03-02 is past"]'
    assert hash(said) == hash("2026-03-02 is past")


def test_a_text_is_said_again_with_its_facts() -> None:
    said = words(
        "on {day} the clock jumps over {at:%H:%M} in {zone}", day=date(2026, 3, 8), at=time(2, 30), zone="Here"
    )

    assert SPANISH.say_again(said) == "el 2026-03-08 el reloj se salta las 02:30 en Here"
    assert ENGLISH.say_again(said) == "on 2026-03-08 the clock jumps over 02:30 in Here"


def test_a_fact_that_is_such_a_text_or_in_both_languages_is_said_again_too() -> None:
    closed = words("the site is closed ({reason})", reason=HOLIDAY)
    said = words("on {day} {closed}", day=date(2026, 3, 9), closed=closed)

    assert said == "on 2026-03-09 the site is closed (inventory)"
    assert SPANISH.say_again(said) == "el 2026-03-09 el centro está cerrado (inventario)"


def test_what_somebody_typed_is_never_taken_for_words() -> None:
    said = words("{participant} has no visit {code!r}", participant="P-001", code="{day} is past")

    assert said == "P-001 has no visit '{day} is past'"
    assert SPANISH.say_again(said) == "P-001 no tiene ninguna visita '{day} is past'"
    assert SPANISH.say_again("check the date") == "check the date"


def test_a_text_travels_with_its_facts() -> None:
    said = words("{wrong} ({said})", wrong=words("cannot be opened"), said="no route")

    for travelled in (pickle.loads(pickle.dumps(said)), deepcopy(said)):  # noqa: S301 - made a line above
        assert isinstance(travelled, Said)
        assert SPANISH.say_again(travelled) == "no se puede abrir (no route)"


def test_a_refusal_and_what_cannot_be_read_travel_between_processes() -> None:
    wrong, remedy = words("it is not booked"), words("nothing to do")
    refused = pickle.loads(pickle.dumps(Refused([Problem(place="M3", wrong=wrong, remedy=remedy)])))  # noqa: S301
    misread = pickle.loads(pickle.dumps(Misread(words("is no day"), words("check the date"))))  # noqa: S301

    assert say_problem(refused.problems[0], SPANISH) == "M3: no está reservada; no hay nada que hacer"
    assert (SPANISH.say_again(misread.wrong), str(misread)) == ("no es un día", "is no day; check the date")


def test_the_nearest_names_are_said_in_both_languages() -> None:
    near = nearest_names("M33", ["M3", "M13", "D0"], or_else=words("check the date"))
    few = nearest_names("zzz", ["M3", "D0"], or_else=words("check the date"))

    assert near == "did you mean M3 or M13? Otherwise check the date"
    assert SPANISH.say_again(near) == "¿quiso decir M3 o M13? Si no, revise la fecha"
    assert few == "known: D0, M3; check the date"
    assert SPANISH.say_again(few) == "se conocen: D0, M3; revise la fecha"


def test_a_problem_is_said_with_its_file_and_its_place() -> None:
    place = words("row {number}, {column}", number=2, column="dose_mg")
    problem = Problem(file="plan.csv", place=place, wrong=words("is empty"), remedy="as it is")

    assert say_problem(problem, ENGLISH) == str(problem) == "plan.csv: row 2, dose_mg: is empty; as it is"
    assert say_problem(problem, SPANISH) == "plan.csv: fila 2, dose_mg: está vacío; as it is"


def test_a_page_names_the_place_as_its_own_field() -> None:
    problem = Problem(place="--reason", wrong=words("it is empty"), remedy=words("write it in a few words"))
    labels = {"--reason": "Motivo", "--day": "Día"}

    assert say_problem(problem, SPANISH, labels) == "Motivo: está vacío; escríbalo en pocas palabras"
    assert say_problem(problem, SPANISH) == "--reason: está vacío; escríbalo en pocas palabras"
