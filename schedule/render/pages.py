"""The one factory of Jinja environments, and the pages they make."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from schedule.errors import InvalidInput, Problem, nearest_names
from schedule.render.language import Language, MissingTranslation, language

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_INSTALLED = Path(__file__).parent.parent / "templates"
_CHECKOUT = Path(__file__).parent.parent.parent / "templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
"""The folder of templates. A blinded root is one of its subfolders, never the folder itself."""

ROOTS = {"packet": ("packet",), "web": ("web",), "unblinded": ("unblinded", "packet")}
"""Where the templates of each root are looked for: the closed wing borrows the frame of the blinded pages."""
LARGE = "large"
"""The subfolder whose templates come first in large print."""


class Paper(Enum):
    """The size of a sheet."""

    LETTER = "letter"
    A4 = "a4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How pages are laid out, and whose templates come first."""

    paper: Paper = Paper.LETTER
    large: bool = False
    templates: Path | None = None
    """The site's own folder; it mirrors ours."""


PLAIN = Style()
_LOADS = (
    r"<(?:script|iframe|object|embed|link|base|form)\b|@import\b|\burl\(|\ssrcset\s*="
    r"""|\ssrc\s*=\s*["']?(?!["']?data:image/|["']?{{)[^\s>]*"""
)
"""What makes a page fetch or run something; a picture that it holds itself does not."""


def render_page(root: str, name: str, speaks: Language, style: Style = PLAIN, **facts: object) -> str:
    """Return the page as HTML. Raises InvalidInput, with file and line, where a site's own template fails."""
    try:
        template = environment(root, speaks.code, style).get_template(name)
        page = template.render(paper=style.paper.value, large=style.large, **facts)
    except Exception as error:
        if style.templates is None:
            raise
        raise InvalidInput([_find_fault(error, style.templates)]) from error
    if style.templates and (problems := [*_find_loading(page, style.templates)]):
        raise InvalidInput(problems)
    return page


@lru_cache(maxsize=16)
def environment(root: str, language_code: str, style: Style = PLAIN) -> "Environment":
    """Return the environment for one root, language and style; the site's own templates come first."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - 40 ms that json does not pay

    speaks = language(language_code)
    folders = [
        base / part / layout
        for part in ROOTS[root]
        for layout in ((LARGE, "") if style.large else ("",))
        for base in ((style.templates, TEMPLATES) if style.templates else (TEMPLATES,))
    ]
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        optimized=False,  # folding constants costs a run more than it saves
    )
    made.filters.update(css_string=css_string, unbroken=unbroken)
    made.globals.update(
        say=speaks.say_known, say_count=speaks.say_count, both=speaks.both, speaks=speaks, lang=speaks.code
    )
    return made


def unbroken(text: str) -> str:
    """Return the text, such as a telephone number with a word beside it, so that no line ends within the number."""
    return re.sub(r" (?=[\d(])", "\u00a0", text)


def css_string(text: str) -> "Markup":
    """Return the text as a CSS string in which every character but letters and digits is escaped."""
    from markupsafe import Markup  # noqa: PLC0415

    escaped = "".join(one if one.isascii() and one.isalnum() else f"\\{ord(one):x} " for one in text)
    return Markup(f'"{escaped}"')  # noqa: S704 - nothing but letters, digits, backslashes and spaces is left


def read_wording(folder: Path) -> str:
    """Return a digest of the site's own templates, for the versions of pages.

    Raises InvalidInput, with all problems, where the folder cannot be read or holds what replaces nothing.
    """
    if not folder.is_dir():
        raise InvalidInput(
            [Problem(place="--templates", wrong=f"there is no folder {folder}", remedy="check the name")]
        )
    from hashlib import sha256  # noqa: PLC0415 - most plans have no templates of their own

    known = {str(path.relative_to(TEMPLATES)) for path in _templates_in(TEMPLATES)}
    digest = sha256()
    problems = []
    for path in sorted(_templates_in(folder)):
        name = str(path.relative_to(folder))
        if name not in known:
            remedy = nearest_names(name, known, or_else="name it as docs/wording.md says, or take it out")
            problems.append(Problem(file=str(path), place="", wrong="replaces no template of ours", remedy=remedy))
            continue
        try:
            digest.update(f"{name}\0{path.read_text('utf-8')}\0".encode())
        except (OSError, UnicodeDecodeError):
            problems.append(
                Problem(file=str(path), place="", wrong="is no UTF-8 text that can be read", remedy="save it as UTF-8")
            )
    if problems:
        raise InvalidInput(problems)
    return digest.hexdigest()


def _templates_in(folder: Path) -> Iterator[Path]:
    """Yield what is named like a template: also a folder or a link to nothing, which could not be read as one."""
    for path in folder.rglob("*"):
        if (path.suffix or not path.is_dir()) and not path.name.startswith((".", "__")):
            yield path


def _find_loading(page: str, templates: Path) -> Iterator[Problem]:
    """Yield each place in the site's own templates that makes the page load or run something."""
    if not re.search(_LOADS, page, re.IGNORECASE):
        return
    for path in sorted(_templates_in(templates)):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if found := re.search(_LOADS, line, re.IGNORECASE):
                yield Problem(
                    file=str(path),
                    place=f"line {number}",
                    wrong=f"pages load and run nothing, and this does: {found[0].strip()}",
                    remedy="take it out",
                )


def _find_fault(error: Exception, templates: Path) -> Problem:
    """Return where a template failed: the innermost line of the site's own templates, or that they lack something."""
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415

    if isinstance(error, TemplateSyntaxError):
        where = [(error.filename or "", error.lineno)]
    else:
        frames, trace = [], error.__traceback__
        while trace:
            frames.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
            trace = trace.tb_next
        where = [frame for frame in frames if frame[0].startswith(str(templates))]
    if not where:
        remedy = "dayzero's own templates ask for something that yours lack; compare them with dayzero's"
        return Problem(file=str(templates), place="", wrong=str(error), remedy=remedy)
    file, line = where[-1]
    if isinstance(error, MissingTranslation):
        remedy = 'write {{ both(en="...", es="...") }}'
    else:
        remedy = "mend that line, or delete the file to have dayzero's words back"
    return Problem(file=file, place=f"line {line}" if line else "", wrong=str(error), remedy=remedy)
