"""Protocol files: TOML into a :class:`~schedule.study.protocol.Protocol`."""

from pathlib import Path

from schedule.errors import InvalidInput, Problem, UnknownName, nearest_names
from schedule.files.structure import parse_toml, structure
from schedule.files.text import read_text
from schedule.files.values import shorten
from schedule.saying import Said, words
from schedule.study.checks import check_protocol
from schedule.study.protocol import Protocol

FOLDER = Path(__file__).parent.parent / "protocols"


def protocol_names() -> list[str]:
    """Return the names of the protocols that come with dayzero."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find_protocol(name_or_file: str) -> Path:
    """Return the path of a protocol named or of a file. Raises UnknownName with the nearest names."""
    return find_named(name_or_file, FOLDER, kind=words("protocol"), known=protocol_names())


def find_named(name_or_file: str, folder: Path, *, kind: Said, known: list[str]) -> Path:
    """Return the path of one of our files by name, or of the user's file."""
    if name_or_file.lower() in known:
        return folder / f"{name_or_file.lower()}.toml"
    if name_or_file.endswith(".toml") or "/" in name_or_file or "\\" in name_or_file:
        return Path(name_or_file)
    or_else = words("name one of these, or a file that ends in .toml")
    wrong = words("there is no {kind} {name}", kind=kind, name=shorten(name_or_file))
    raise UnknownName([Problem(place="", wrong=wrong, remedy=nearest_names(name_or_file, known, or_else=or_else))])


def parse_protocol(text: str, *, file: str) -> Protocol:
    """Build a protocol from the text of a file that was checked when it was read.

    Raises InvalidInput where the text is no protocol file at all.
    """
    return structure(parse_toml(text, file=file), Protocol, file=file)


def read_protocol(path: Path) -> Protocol:
    """Read and check a protocol file. Raises InvalidInput with all that is wrong in it."""
    return accept_protocol(read_text(path), file=str(path))


def accept_protocol(text: str, *, file: str) -> Protocol:
    """Check the text of a protocol file. Raises InvalidInput with all that is wrong in it."""
    protocol = parse_protocol(text, file=file)
    if problems := check_protocol(protocol):
        raise InvalidInput(
            Problem(file=file, place=problem.place, wrong=problem.wrong, remedy=problem.remedy) for problem in problems
        )
    return protocol
