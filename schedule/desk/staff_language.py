"""The language in which staff are answered: an option of many commands, known to the door that tells refusals."""

from collections.abc import Callable

import click

_KEY = "dayzero.staff_lang"


def add_staff_lang(meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add ``--staff-lang``."""
    return click.option(
        "--staff-lang",
        type=click.Choice(["en", "es"]),
        default="en",
        show_default=True,
        callback=_remember,
        help=meaning,
    )


def _remember(context: click.Context, _: click.Parameter, code: str) -> str:
    context.meta[_KEY] = code
    return code


def staff_language(context: click.Context) -> str:
    """Return the language that was asked for; English where nobody asked, and for commands without the option."""
    return str(context.meta.get(_KEY, "en"))
