"""What is made once and kept while this process lives, up to so many bytes: what was asked for last stays."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """Values by what they depend on. Threads may share it; two that ask at once may both make the same value."""

    def __init__(self, most: int, weigh: Callable[[V], int]) -> None:
        self._most = most
        self._weigh = weigh
        self._weight = 0
        self._values: OrderedDict[Hashable, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value, made where it is not there."""
        if (kept := self.find(key)) is not None:
            return kept
        made = make()
        self.keep(key, made)
        return made

    def find(self, key: Hashable) -> V | None:
        """Return the value; None where it is not there."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def keep(self, key: Hashable, made: V) -> None:
        """Put a value in its place, unless one is there."""
        with self._lock:
            if key not in self._values:
                self._values[key] = made
                self._weight += self._weigh(made)
            while self._weight > self._most:
                _, oldest = self._values.popitem(last=False)
                self._weight -= self._weigh(oldest)

    def __len__(self) -> int:
        return len(self._values)
