"""What a page says where the rules name a command of the command line: who reads a page presses its buttons."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from schedule.errors import Problem
from schedule.render.language import Language
from schedule.render.problems import AS_TYPED, say_problem
from schedule.saying import Said, words

ON_A_PAGE: Mapping[str, Said] = MappingProxyType(
    {
        "dayzero list shows all; dayzero enroll adds": words("look for the code in the list of participants"),
        "dayzero amend lets the participant follow it": words("first the participant must follow that version"),
        "dayzero show {participant} tells what is recorded; dayzero correct amends it": words(
            "the participant's page tells what is recorded; “Correct” amends it"
        ),
        "say --steroids or --no-steroids": words("say yes or no"),
        "without --day0 no day deviates": words("without a day of the first infusion no day deviates"),
        "dayzero show {participant} lists all": words("choose one of the participant's page"),
        "{command} opens it again": words("“Correct” opens it again: choose planned"),
        "{command} brings it back": words("“Correct” on the participant's page brings it back: choose steroids"),
        "dayzero reinstate {participant} --reason ... takes that back": words(
            "“Take it back” on the participant's page opens it again"
        ),
        "dayzero resume {whom} --reason ...": words("lift the hold with “Let infusions go on”"),
        "dayzero resume lifts the hold": words("“Let infusions go on” lifts the hold"),
        '{remedy}; if it was given all the same, say why with --deviation "why"': words(
            "{remedy}; if it was given all the same, say why as a protocol deviation"
        ),
        "dayzero taper resume {participant} --reason ..., once they agree": words(
            "“Let the taper go on”, once they agree"
        ),
        "dayzero taper resume {participant} lifts it": words("“Let the taper go on” lifts it"),
        'if it took place as they said, dayzero done {participant} {visit} DATE --deviation "what they said"; '
        "dayzero cancel takes it off the schedule": words(
            "if it took place as they said, record it as done, and what they said as a protocol deviation; "
            "“Cancel for good” takes it off the schedule"
        ),
        "dayzero done, once it is done": words("record it as done, once it is done"),
        "dayzero done records what took place": words("“Done” records what took place"),
        "record it once it has taken place; dayzero book plans it": words(
            "record it once it has taken place; “Book” plans it"
        ),
        "dayzero move gives it another day": words("“Move” gives it another day"),
        "dayzero book {participant} {visit} DATE": words("book it first"),
        "say --given yes, --given no or --given partial": words("say yes, no or in part"),
        "leave --given out": words("say nothing of a dose"),
        "leave --remote out": words("choose at the site"),
        "record {visit} first: dayzero done or dayzero miss": words("record {visit} first: “Done” or “Missed”"),
        "dayzero move gives it another day, dayzero cancel takes it off the schedule": words(
            "“Move” gives it another day, “Cancel for good” takes it off the schedule"
        ),
        "dayzero correct amends whether they take steroids": words("“Correct” amends whether they take steroids"),
        "dayzero withdraw or dayzero terminate ends the participation": words(
            "“Withdrew” or “Was taken off the study” ends the participation"
        ),
        "check the date; dayzero correct {participant} {visit} amends the visit": words(
            "check the date; “Correct” amends {visit}"
        ),
        "dayzero move or dayzero done": words("“Move” or “Done” is for what is still open"),
        "say --status, --day or --given, or where: --here, --remote or --other-site": words(
            "say what was otherwise: the status, the day, the dose or where"
        ),
        "say --status done, or leave the others out": words("choose done, or leave the others empty"),
        "say --day": words("say the day"),
        "say --randomized, --steroids, --no-steroids or --lang": words("say what is otherwise"),
        "dayzero tell lists all": words("“To tell” on the page of today lists all"),
        'choose another day, or record a protocol deviation with --deviation "why"': words(
            "choose another day, or say why it is recorded as a protocol deviation"
        ),
        "leave --deviation out": words("leave the deviation empty"),
        'choose another day, or take it all the same with --overbook "why"': words(
            "choose another day, or say why it is taken though no slot is left"
        ),
        "leave --overbook out": words("leave empty why the day is taken all the same"),
        "{command} lists those that are open": words("those that are open are listed beside the form"),
        "the site's file tells on which it is open, dayzero show when the participant is away": words(
            "the site's page tells on which it is open, the participant's when they are away"
        ),
    }
)
"""By the words of the rules. Facts that a page does not say are left out."""


def say_on_page(problem: Problem, speaks: Language, labels: Mapping[str, str] = AS_TYPED) -> str:
    """Return a problem in one line, as ``say_problem`` does, with buttons in the places of commands."""
    on_page = replace(problem, wrong=_on_page(problem.wrong), remedy=_on_page(problem.remedy))
    return say_problem(on_page, speaks, labels)


def _on_page(said: str) -> str:
    """Put the page's words in the places of the command line's, also inside of others."""
    if not isinstance(said, Said):
        return said
    facts = {name: _on_page(fact) if isinstance(fact, Said) else fact for name, fact in said.facts.items()}
    return Said(ON_A_PAGE.get(said.template, said).template, facts)
