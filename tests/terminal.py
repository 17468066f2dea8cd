"""The command at a terminal, with a person who answers what it asks."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from builders import Run

PATIENCE = 30
"""Seconds to wait for a word."""


def at_terminal(*arguments: str, cwd: Path, answers: Sequence[tuple[str, str]] = ()) -> Run:
    """Run the command on a terminal; type each answer when its question stands there. All output is in ``out``."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from cli import main; main()", *arguments]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, start_new_session=True
    ) as running:
        os.close(theirs)
        shown, seen, waiting = "", 0, [*answers]
        while piece := _read(ours):
            shown += piece
            if waiting and waiting[0][0] in shown[seen:]:
                seen = len(shown)
                os.write(ours, waiting.pop(0)[1].encode() + b"\n")
        code = running.wait(PATIENCE)
    os.close(ours)
    assert not waiting, f"never asked: {waiting[0][0]}\n{shown}"
    return Run(code=code, out=shown.replace("\r\n", "\n"), err="")


def _read(terminal: int) -> str:
    ready, _, _ = select.select([terminal], [], [], PATIENCE)
    try:
        return os.read(terminal, 10_000).decode() if ready else ""
    except OSError:
        return ""
