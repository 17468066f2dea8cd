"""What a pharmacist types for the log: who and why, in words that tell no arm."""

import re
from collections.abc import Iterator

from schedule.errors import Problem, Refused
from schedule.files.text import forbidden_character
from schedule.study.protocol import Protocol

LONGEST = 200
SHORT = 4
"""Letters of words that may stand in any reason: of, the, con, cord."""


def check_words(typed: dict[str, str], protocol: Protocol) -> None:
    """Raise Refused, with all problems, for a text that is empty, too long, or names a product or cohort."""
    problems = [
        Problem(place=place, wrong=wrong, remedy=remedy)
        for place, text in typed.items()
        for wrong, remedy in _check(text, protocol)
    ]
    if problems:
        raise Refused(problems)


def _check(text: str, protocol: Protocol) -> Iterator[tuple[str, str]]:
    if not text.strip():
        yield "is empty", "write it: it is kept with the opening"
    elif character := forbidden_character(text):
        yield f"holds the control character {character}", "write one line of plain text"
    elif len(text) > LONGEST:
        yield f"has {len(text):,} characters", f"write at most {LONGEST}"
    elif _tells_arm(text, protocol):
        yield "it names a product or a cohort, and masked people may read it", "say why without naming either"


def _tells_arm(text: str, protocol: Protocol) -> bool:
    """Tell whether the text holds a word that some names of products have and others do not, or names a cohort."""
    if re.search(r"\b(cohorte?|placebo)\b", text, re.IGNORECASE):
        return True
    told = _words_of(text)
    if any(one.id.casefold() in told for one in protocol.products):
        return True
    names = [_words_of(f"{one.name.en} {one.name.es}") for one in protocol.products]
    return any(len(word) > SHORT and 0 < sum(word in name for name in names) < len(names) for word in told)


def _words_of(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))
