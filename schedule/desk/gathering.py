"""One calendar for the coordinator of a whole roster, written piece by piece as participants come."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from schedule.desk.writing import Output, cannot_write, write_outputs
from schedule.files.roster import COORDINATOR_CALENDAR
from schedule.render.ics import CALENDAR_TAIL, calendar_head
from schedule.render.language import Language
from schedule.render.zones import vtimezone

_PIECE = 1 << 20


class GatheredCalendar:
    """Events of many participants on their way into one calendar; until it is finished nothing is seen of it.

    They wait in a nameless file of the same folder: its head says whether any of them is a sample, and which zones they
    need, and that is known last.
    """

    def __init__(self, folder: Path, study: str, speaks: Language) -> None:
        self.path = folder / COORDINATOR_CALENDAR
        self._study = study
        self._speaks = speaks
        self._waiting: IO[bytes] | None = None
        self._zones: dict[str, None] = {}
        self._sample = False

    def __enter__(self) -> "GatheredCalendar":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._waiting:
            self._waiting.close()

    def add(self, events: bytes, *, zone: str | None, sample: bool) -> None:
        """Add the events of one participant. Raises StoreUnavailable."""
        from tempfile import TemporaryFile  # noqa: PLC0415

        if zone:
            self._zones[zone] = None
        self._sample = self._sample or sample
        try:
            if self._waiting is None:
                self._waiting = TemporaryFile(dir=self.path.parent)  # noqa: SIM115 - closed in __exit__
            self._waiting.write(events)
        except OSError as error:
            raise cannot_write(self.path.parent, error) from error

    def finish(self) -> bool:
        """Write the calendar in place of an older one; none when there is no event. Raises StoreUnavailable."""
        if self._waiting is None:
            return False
        write_outputs([Output(path=self.path, data=self._pieces(self._waiting))])
        return True

    def _pieces(self, waiting: IO[bytes]) -> Iterator[bytes]:
        name = self._speaks.say("{study}: all participants", study=self._study)
        waiting.seek(0)
        events = iter(lambda: waiting.read(_PIECE), b"")
        return gather(name, events, zones=self._zones, sample=self._sample, speaks=self._speaks)


def gather(
    name: str, events: Iterable[bytes], *, zones: Iterable[str], sample: bool, speaks: Language
) -> Iterator[bytes]:
    """Yield one calendar, piece by piece, from the events of many; ``zones`` are those that the events name."""
    yield calendar_head(name, speaks, sample=sample)
    yield from map(vtimezone, zones)
    yield from events
    yield CALENDAR_TAIL
