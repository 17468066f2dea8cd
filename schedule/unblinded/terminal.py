"""What the pharmacist is asked and shown. The arm is printed here, in :func:`show_cohort`, and nowhere else."""

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from schedule.errors import Problem, Refused
from schedule.files.text import read_text
from schedule.render.language import Language
from schedule.study.protocol import Cohort, Protocol
from schedule.unblinded.allocation_file import SealingList
from schedule.unblinded.keys import check_passphrase
from schedule.unblinded.words import check_words

OTHERS = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Who opens something, and why."""

    who: str
    why: str


def is_terminal() -> bool:
    """Tell whether what is printed goes to a person's screen, and not into a file or another program."""
    return sys.stdout.isatty()


def check_terminal() -> None:
    """Raise Refused where a cohort would not go to a screen alone."""
    if not is_terminal():
        wrong, remedy = "a cohort is shown on a terminal only", "run the command by itself, without | or >"
        raise Refused([Problem(place="output", wrong=wrong, remedy=remedy)])


def show_cohort(participant: str, cohort: Cohort, speaks: Language) -> None:
    """Show the arm."""
    check_terminal()
    click.echo(f"{participant}: {speaks.text(cohort.name)}")
    click.echo(speaks.say("Clear this screen before anybody else can see it."), err=True)


def confirm_opening(participant: str, speaks: Language) -> None:
    """Ask once more before an envelope is opened in an emergency. Raises Refused unless the answer is yes."""
    _check_can_ask("the question whether to open")
    words = speaks.say("This unblinds {participant} for whoever reads the screen. Open?", participant=participant)
    if not click.confirm(words, default=False, err=True):
        raise Refused(
            [Problem(place="", wrong="nothing was opened and nothing was written", remedy="answer y to open")]
        )


def ask_passphrase(file: str | None, option: str, words: str) -> str:
    """Return the passphrase from a file, or as it is typed unseen."""
    if file is not None:
        return _read_passphrase(Path(file), option)
    _check_can_ask(option)
    answer: str = click.prompt(words, hide_input=True, err=True)
    return answer


def ask_new_passphrase(file: str | None, option: str, words: str) -> str:
    """Return a new passphrase, typed twice where no file holds it. Raises Refused for one easy to guess."""
    if file is not None:
        passphrase = _read_passphrase(Path(file), option)
    else:
        _check_can_ask(option)
        passphrase = click.prompt(words, hide_input=True, confirmation_prompt=True, default="", show_default=False,
                                  err=True)  # fmt: skip
    check_passphrase(passphrase, place=option)
    return passphrase


def ask_reason(who: str | None, why: str | None, protocol: Protocol, speaks: Language) -> Reason:
    """Return who and why, asked for where they were not said. Raises Refused for words that tell an arm."""
    if who is None:
        _check_can_ask("--who")
        who = click.prompt(speaks.say("Who are you? Role or initials"), err=True)
    if why is None:
        _check_can_ask("--why")
        why = click.prompt(speaks.say("Why? Name no product"), err=True)
    check_words({"--who": who, "--why": why}, protocol)
    return Reason(who=who.strip(), why=why.strip())


def ask_allocations(listed: SealingList, speaks: Language) -> None:
    """Put allocations on the list, one after another, until nothing is typed; cohorts are typed twice, unseen."""
    _check_can_ask("FILE")
    while True:
        typed: str = click.prompt(
            speaks.say("Participant (Enter alone when done)"), default="", show_default=False, err=True
        )
        if not typed.strip():
            break
        try:
            participant = listed.read_code(typed.strip())
            cohort = click.prompt(speaks.say("Cohort (not shown)"), hide_input=True, confirmation_prompt=True, err=True)
            listed.add(listed.read_cohort(participant, cohort))
        except ValueError as error:
            click.echo(f"dayzero: {error}", err=True)
    if not listed.allocations:
        raise Refused([Problem(place="FILE", wrong="nothing was typed", remedy="type a participant, or name a file")])


def _read_passphrase(path: Path, option: str) -> str:
    """Return the file's first line. Raises Refused where others may read it."""
    text = read_text(path)
    if path.stat().st_mode & OTHERS:
        wrong, remedy = f"others may read {path}", "chmod 600, and keep it where nobody else looks"
        raise Refused([Problem(place=option, wrong=wrong, remedy=remedy)])
    return text.splitlines()[0] if text.strip() else ""


def _check_can_ask(option: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{option}: there is no terminal to ask on; say it on the command line")
