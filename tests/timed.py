"""Commands and servers as they are installed, under a clock that a test sets, also while they run."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clinics import installed

ROOM = Path(__file__).with_name("moving_clock")


@dataclass(slots=True)
class Timed:
    """A clinic's folder, and the instant that everything there takes for now."""

    folder: Path
    db: str = "clinic.sqlite3"

    @property
    def env(self) -> Mapping[str, str]:
        """What a process of this clinic must find in its environment."""
        return {
            "PYTHONPATH": str(ROOM),
            "MOVING_CLOCK": str(self._clock),
            "DAYZERO_DB": str(self.folder / self.db),
            "DAYZERO_ACTOR": "jd",
        }

    @property
    def _clock(self) -> Path:
        return self.folder / "clock.txt"

    def at(self, instant: str) -> None:
        """Let it be this instant from now on, in one stroke: a server may be reading."""
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(instant, "ascii")
        fresh.replace(self._clock)

    def must(self, *words: str, env: Mapping[str, str] | None = None) -> str:
        """Run a command that has to be carried out; return what it printed."""
        done = installed(*words, cwd=self.folder, env={**os.environ, **self.env, **(env or {})})
        assert done.code == 0, done.err
        return done.out


def links_in(text: str) -> list[str]:
    """Return the addresses that stand in a text."""
    return re.findall(r"https?://\S+", text)
