"""Events as records keep them: a kind, a version, and a body of JSON. Every version ever written can be read."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from schedule.errors import Problem, StoreUnavailable
from schedule.participant import events
from schedule.participant.events import Event
from schedule.saying import Said, words
from schedule.study.offsets import Offset, parse_length, write_length

if TYPE_CHECKING:
    from cattrs import Converter

KINDS: Mapping[str, type[Event]] = MappingProxyType(
    {
        "enrolled": events.Enrolled,
        "planned": events.Planned,
        "replanned": events.Replanned,
        "booked": events.Booked,
        "moved": events.Moved,
        "overbooked": events.Overbooked,
        "confirmed": events.Confirmed,
        "done": events.Done,
        "missed": events.Missed,
        "cancelled": events.Cancelled,
        "unscheduled_added": events.UnscheduledAdded,
        "away_set": events.AwaySet,
        "away_removed": events.AwayRemoved,
        "preferred": events.Preferred,
        "taper_held": events.TaperHeld,
        "taper_resumed": events.TaperResumed,
        "taper_prescribed": events.TaperPrescribed,
        "infusions_stopped": events.InfusionsStopped,
        "infusions_held": events.InfusionsHeld,
        "infusions_resumed": events.InfusionsResumed,
        "participation_ended": events.ParticipationEnded,
        "reinstated": events.Reinstated,
        "visit_corrected": events.VisitCorrected,
        "participant_corrected": events.ParticipantCorrected,
        "amended": events.Amended,
        "attempted": events.Attempted,
        "told": events.Told,
    }
)
"""What records call each event. A name stays for ever."""
_NAMES = {kind: name for name, kind in KINDS.items()}
VERSION = 1
"""Of every kind's body, until one of them changes; then that kind gets a number of its own and an upgrade."""
_NEWEST = dict.fromkeys(KINDS, VERSION)
UPGRADES: Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = MappingProxyType({})
"""Makes a body of an older version into one of the next."""


class UnknownEvent(StoreUnavailable):
    """A record of a kind or version that this dayzero does not know: a newer one wrote it."""


class DamagedRecord(StoreUnavailable):
    """A record whose body is not what its kind and version say: somebody has altered it."""


def write_event(event: Event) -> tuple[str, int, dict[str, Any]]:
    """Return the kind, the version and the body of a record."""
    body: dict[str, Any] = _converter().unstructure(event)
    return _NAMES[type(event)], VERSION, body


def read_event(kind: str, version: int, body: Mapping[str, Any]) -> Event:
    """Return the event that a record tells. Raises UnknownEvent and DamagedRecord."""
    current = dict(body)
    while (upgrade := UPGRADES.get((kind, version))) is not None:
        current, version = upgrade(current), version + 1
    check_version(kind, version, _NEWEST)
    try:
        event: Event = _converter().structure(current, KINDS[kind])
    except Exception as error:  # cattrs raises whatever went wrong in it, in groups
        raise damaged(words("a record of the kind {kind}", kind=kind)) from error
    return event


def check_version(kind: str, version: int, newest: Mapping[str, int]) -> None:
    """Raise UnknownEvent for a kind whose newest version is not known, or a version that never was."""
    if not 1 <= version <= newest.get(kind, 0):
        wrong = words(
            "a record of the kind {kind!a}, version {version}, was written by a newer dayzero",
            kind=kind,
            version=version,
        )
        raise UnknownEvent([Problem(place="", wrong=wrong, remedy=words("update dayzero; nothing was changed"))])


def damaged(what: Said) -> DamagedRecord:
    """Return the error that tells of records that cannot be read, or do not fit together."""
    wrong = words("{what} cannot be read", what=what)
    remedy = words("look with 'dayzero audit verify' whether it was altered; keep the store")
    return DamagedRecord([Problem(place="", wrong=wrong, remedy=remedy)])


@lru_cache(maxsize=1)
def _converter() -> "Converter":
    from cattrs import Converter

    made = Converter(forbid_extra_keys=True)
    hooks: tuple[tuple[type, Callable[[Any], str], Callable[[str], Any]], ...] = (
        (date, date.isoformat, date.fromisoformat),
        (datetime, datetime.isoformat, datetime.fromisoformat),
        (time, time.isoformat, time.fromisoformat),
        (timedelta, write_length, parse_length),
        (Offset, str, Offset.parse),
        (Decimal, str, Decimal),
    )
    for kind, write, read in hooks:
        made.register_unstructure_hook(kind, write)
        made.register_structure_hook(kind, _reading(read))
    return made


def _reading(read: Callable[[str], Any]) -> Callable[[Any, Any], Any]:
    """Return a hook as cattrs wants it, which is given the type too."""
    return lambda text, _: read(text)
