"""What a masked person can get from a run of the command, to compare runs that differ in the cohort only."""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import cli

PHARMACY = ("warning: a cohort on the command line", "advertencia: ", "pharmacy: ", "farmacia: ")
"""How lines begin that only the pharmacist reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that a masked person can get from a run."""

    code: object
    out: bytes
    err: tuple[str, ...]
    files: tuple[tuple[str, int, bytes], ...]


def see(arguments: Sequence[str], folder: Path, *roots: Path) -> Seen:
    """Run the command in this process; gather what it prints, and all that lies in the roots, named from the folder."""
    stdout, stderr = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    code: object = 0
    with redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            code = cli.dayzero.main(list(arguments), standalone_mode=False)
        except SystemExit as stop:
            code = stop.code
    stdout.flush()
    printed = stdout.buffer
    assert isinstance(printed, io.BytesIO)
    return Seen(
        code=code,
        out=printed.getvalue(),
        err=tuple(line for line in stderr.getvalue().splitlines() if not line.startswith(PHARMACY)),
        files=tuple(
            (str(path.relative_to(folder)), path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
            for root in roots
            for path in sorted(root.rglob("*"))
        ),
    )
