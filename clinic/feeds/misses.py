"""Who tries links that are none: so many a minute are answered, then they wait. Nobody with a link ever does."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from threading import Lock

MOST = 30
"""Links that are none, from one address in one minute."""
MINUTE = timedelta(minutes=1)
MOST_ADDRESSES = 20_000
"""That are remembered in a process; then the oldest is forgotten."""


@dataclass(slots=True, kw_only=True)
class _Tries:
    since: datetime
    count: int = 0


class Misses:
    """Counts them, by address, in this process."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._lock = Lock()

    def wait(self, address: str, now: datetime) -> int:
        """Count one more; return after how many seconds others are answered, 0 while they still are."""
        place = _place(address)
        with self._lock:
            tries = self._tries.get(place)
            if tries is None or not timedelta() <= now - tries.since < MINUTE:
                tries = _Tries(since=now)
                self._tries[place] = tries
                self._tries.move_to_end(place)
            tries.count += 1
            if len(self._tries) > MOST_ADDRESSES:
                self._tries.popitem(last=False)
            return ceil((tries.since + MINUTE - now).total_seconds()) if tries.count > self._most else 0

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._tries.clear()

    def __len__(self) -> int:
        return len(self._tries)


def _place(address: str) -> str:
    """Return what stands for an address: of the newer kind one household has 2 to the 64."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found.packed[:8] + bytes(8), 64)))
