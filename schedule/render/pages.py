"""The one factory of Jinja environments, and the pages they make."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from schedule.render.language import Language, language

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_INSTALLED = Path(__file__).parent.parent / "templates"
_CHECKOUT = Path(__file__).parent.parent.parent / "templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
"""The folder of templates. A blinded root is one of its subfolders, never the folder itself."""


@lru_cache(maxsize=8)
def environment(root: str, language_code: str) -> "Environment":
    """Return the environment for the templates in one root (``packet``, ``unblinded``) and one language."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - 40 ms that json does not pay

    speaks = language(language_code)
    made = Environment(
        loader=FileSystemLoader(TEMPLATES / root),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["css_string"] = css_string
    made.globals.update(say=speaks.say, say_count=speaks.say_count, speaks=speaks, lang=speaks.code)
    return made


def css_string(text: str) -> "Markup":
    """Return the text as a CSS string in which every character but letters and digits is escaped."""
    from markupsafe import Markup  # noqa: PLC0415

    escaped = "".join(one if one.isascii() and one.isalnum() else f"\\{ord(one):x} " for one in text)
    return Markup(f'"{escaped}"')  # noqa: S704 - nothing but letters, digits, backslashes and spaces is left


def render_page(root: str, name: str, speaks: Language, **facts: object) -> str:
    """Return the page as HTML."""
    return environment(root, speaks.code).get_template(name).render(**facts)
