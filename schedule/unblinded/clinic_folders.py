"""Where nothing of this wing may lie: folders in which masked people work."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from schedule.errors import Problem, Refused
from schedule.unblinded.export import EXPORT
from schedule.unblinded.sheets_folder import is_shared

MARKS = (EXPORT, "participant.ics", "dayzero.sqlite3")
"""What lies in a clinic's folder, and in no folder of the pharmacy's."""
_SHOWN_FIRST = 400


def check_ours(places: Mapping[str, Path], *, database: Path | None, exports: Sequence[Path] = ()) -> None:
    """Raise Refused for each of these files and folders that lies in a clinic's folder, or holds one.

    The clinic's folders are that of its database, those of its exports, and any with files that only a clinic has.
    A folder of ours into which others may look is refused too, unless it is empty.
    """
    known = [(database.parent if database else None), *(one if one.is_dir() else one.parent for one in exports)]
    problems = []
    for place, path in places.items():
        folder = path.resolve()
        if (clinic := _find_clinic(folder, [one.resolve() for one in known if one])) is not None:
            wrong = (
                f"{path} and the clinic's folder {clinic} lie one inside the other, and masked people may read there"
            )
            problems.append(Problem(place=place, wrong=wrong, remedy="choose a folder of the pharmacist's own"))
        elif is_shared(folder):
            remedy = "choose a folder of the pharmacist's own, or close it: chmod 700"
            problems.append(
                Problem(place=place, wrong=f"others may look into {path}, and it is not empty", remedy=remedy)
            )
    if problems:
        raise Refused(problems)


def _find_clinic(path: Path, known: Sequence[Path]) -> Path | None:
    """Return the clinic's folder that the path lies in or holds, if there is one."""
    above = (path, *path.parents)
    for folder in known:
        if folder in above or path in folder.parents:
            return folder
    marked = (folder for folder in above if any((folder / mark).is_file() for mark in MARKS))
    return next(marked, None) or next((one.parent for near in above[:2] for one in _participants(near)), None)


def _participants(folder: Path) -> Iterator[Path]:
    """Yield the participants' folders in a folder: each holds a schedule of the participant it is named for."""
    try:
        for one in folder.iterdir():
            if (schedule := one / EXPORT).is_file():
                with schedule.open(encoding="utf-8", errors="replace") as file:
                    if f'"participant": "{one.name}"' in file.read(_SHOWN_FIRST):
                        yield one
    except OSError:
        return
