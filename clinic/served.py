"""Which store this process serves."""

from clinic.memory.store import Store

_served: list[Store] = []


def serve_from(store: Store) -> None:
    """Answer from this store from now on."""
    _served[:] = [store]


def served() -> Store:
    """Return the store that is served."""
    return _served[0]
