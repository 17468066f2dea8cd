"""On a page nobody is told to type a command or an option."""

import ast
from pathlib import Path
from re import search

import pytest
from clinics import with_participant
from website import Website, text_of, website

from clinic.access.roles import Role
from clinic.pages.remedies import ON_A_PAGE, say_on_page
from schedule.errors import Problem
from schedule.render.language import language
from schedule.saying import words

RULES = Path(__file__).parents[3] / "schedule" / "participant"


def words_of_the_rules() -> set[str]:
    """Return every text that the rules of a participant say, from their source."""
    trees = [ast.parse(file.read_text("utf-8")) for file in sorted(RULES.glob("*.py"))]
    calls = [one for tree in trees for one in ast.walk(tree) if isinstance(one, ast.Call)]
    found = [one.args[0] for one in calls if isinstance(one.func, ast.Name) and one.func.id == "words"]
    return {one.value for one in found if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def names_a_command(text: str) -> bool:
    return "dayzero " in text or "--" in text or "{command}" in text


def test_every_command_that_the_rules_name_has_words_for_a_page() -> None:
    commands = {one for one in words_of_the_rules() if names_a_command(one)}

    assert len(commands) > 30
    assert commands == set(ON_A_PAGE)
    assert not [one for one in ON_A_PAGE.values() if names_a_command(one.template)]


def test_commands_inside_of_other_words_are_found() -> None:
    lifting = words("dayzero resume {whom} --reason ...", whom="P-001")
    remedy = words('{remedy}; if it was given all the same, say why with --deviation "why"', remedy=lifting)

    said = say_on_page(Problem(place="M3", wrong=words("infusions are on hold"), remedy=remedy), language("en"))

    assert said == (
        "M3: infusions are on hold; lift the hold with “Let infusions go on”; "
        "if it was given all the same, say why as a protocol deviation"
    )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    return website(with_participant(tmp_path, monkeypatch), monkeypatch)


def test_day_out_of_the_window_is_refused_in_the_words_of_a_page(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    form = "/participants/P-001/visits/M1/book"
    seen = search(r'name="seen" value="(\d+)"', browser.get(form).content.decode())
    assert seen

    answer = browser.post(form, {"seen": seen[1], "step": "look", "day": "2026-04-20", "at": "09:00"})

    page = text_of(answer)
    assert "choose another day, or say why it is recorded as a protocol deviation" in page
    assert "--" not in page
    assert "dayzero book" not in page
