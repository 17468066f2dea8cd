"""Files: where they may lie, and writing all of them or none."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from errno import EISDIR
from pathlib import Path

from schedule.errors import Problem, Refused, StoreUnavailable
from schedule.participant.state import ParticipantId
from schedule.saying import words

FILES = (
    "participant.ics", "coordinator.ics", "packet.html", "packet.pdf", "worksheets.html", "worksheets.pdf",
    "schedule.csv", "schedule.json",
)  # fmt: skip
"""What lies in a participant's folder."""
PUBLIC, PRIVATE = 0o644, 0o600
USUAL = None
"""The mode that the user's umask gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file to write."""

    path: Path
    data: bytes | Iterable[bytes]
    """All of it, or its pieces: what is large need never be in memory as a whole."""
    mode: int | None = USUAL


def overlap(one: Path, other: Path, participant: ParticipantId) -> bool:
    """Tell whether one folder lies in the other, also by way of the participant's folder, which may be a link."""
    ours = {one.resolve(), (one / participant).resolve()}
    theirs = {other.resolve(), (other / participant).resolve()}
    return any(mine.is_relative_to(its) or its.is_relative_to(mine) for mine in ours for its in theirs)


def check_not_served(out: Path, feeds: Path, participant: ParticipantId) -> None:
    """Raise Refused when the participant's files would lie where a web server serves the feeds."""
    if (out / participant).resolve().is_relative_to(feeds.resolve()):
        problem = Problem(
            place="--feed-dir",
            wrong=words(
                "{folder} lies in {feeds}, and everybody would be served the participant's files",
                folder=str(out / participant),
                feeds=str(feeds),
            ),
            remedy=words("choose another folder for the feeds"),
        )
        raise Refused([problem])


def in_folder(folder: Path, files: Mapping[str, bytes], *, mode: int | None = USUAL) -> list[Output]:
    """Return the files as outputs of one folder, in the same order."""
    return [Output(path=folder / name, data=data, mode=mode) for name, data in files.items()]


def write_outputs(outputs: Sequence[Output]) -> None:
    """Write all files or none: each to a temporary file, then, when all are safe, into place in their order.

    Raises StoreUnavailable.
    """
    waiting: list[tuple[Path, Path]] = []
    at = Path()
    try:
        for output in outputs:
            at = output.path.parent
            at.mkdir(parents=True, exist_ok=True)
            if output.path.is_dir():
                raise IsADirectoryError(EISDIR, f"{output.path.name} is a folder there")
            waiting.append((_write_beside(output), output.path))
        for temporary, final in waiting:
            at = final.parent
            _sync(temporary)
        for temporary, final in waiting:
            at = final.parent
            temporary.replace(final)
        for folder in dict.fromkeys(output.path.parent for output in outputs):
            _sync(folder)
    except OSError as error:
        raise cannot_write(at, error) from error
    finally:
        for temporary, _ in waiting:
            temporary.unlink(missing_ok=True)


def cannot_write(folder: Path, error: OSError) -> StoreUnavailable:
    """Return what to tell when a folder cannot be written."""
    problem = Problem(
        file=str(folder),
        place="",
        wrong=words("cannot be written ({why})", why=error.strerror or str(error)),
        remedy=words("choose another folder, or make room and check its permissions"),
    )
    return StoreUnavailable([problem])


def left_from_before(folder: Path, written: Sequence[Output]) -> list[str]:
    """Return the names of our files in the folder that this run did not write: they may tell older dates."""
    now = {output.path for output in written}
    return [name for name in FILES if (folder / name).exists() and folder / name not in now]


def _write_beside(output: Output) -> Path:
    import tempfile  # noqa: PLC0415 - 5 ms that a plan which writes no file does not pay

    handle, name = tempfile.mkstemp(dir=output.path.parent, prefix=".", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([output.data] if isinstance(output.data, bytes) else output.data)
            file.flush()
            _begin_writing(handle)
        temporary.chmod(_usual_mode() if output.mode is USUAL else output.mode)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _usual_mode() -> int:
    umask = os.umask(PRIVATE)
    os.umask(umask)
    return 0o666 & ~umask


def _begin_writing(handle: int) -> None:
    """Let the system begin to write a file to the disk: several that were begun are there after one wait for it."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
