"""Work shared out among processes; its results come in the order in which it was given, and few are held at a time."""

import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from signal import SIG_BLOCK, SIG_IGN, SIG_SETMASK, SIGINT, pthread_sigmask, signal
from threading import Thread
from typing import Any, Generic, Literal, TypeVar

from schedule.errors import BugElsewhere, ScheduleError, told_bug

METHOD: Literal["forkserver", "spawn"] = "forkserver" if sys.platform == "linux" else "spawn"
"""How processes begin. Never by a plain fork, which is not safe beside threads: on Linux from a server without any,
which imports everything once; elsewhere anew, since libraries of macOS do not bear a fork."""
T = TypeVar("T")
R = TypeVar("R")

BUNDLES_FOR_EACH = 4
"""Bundles of work given out for each process: enough that none idles while the first of them is awaited."""


class Pool(Generic[T, R]):
    """Processes that all know the same setting and do the same work on many pieces; or whatever an executor has.

    Pieces travel in bundles, since each journey costs as much as a small piece of work. Pickle must be able to carry
    the work, the setting and the pieces, if they go to processes.
    """

    def __init__(
        self,
        work: Callable[[Any, list[T]], list[R]],
        setting: object,
        *,
        processes: int,
        bundle: int,
        executor: Executor | None = None,
    ) -> None:
        """An ``executor`` that is given does the work instead of processes of the pool's own, and is not shut down."""
        from multiprocessing import get_context  # noqa: PLC0415 - one process alone does not pay for it

        self._bundle = bundle
        self._next: list[T] = []
        self._given: deque[Future[list[R]]] = deque()
        self._most = processes * BUNDLES_FOR_EACH
        self._do: Callable[[list[T]], list[R]] = _do if executor is None else partial(work, setting)
        self._is_own = executor is None
        self._executor = executor or ProcessPoolExecutor(
            processes, mp_context=get_context(METHOD), initializer=_begin, initargs=(work, setting)
        )

    def give(self, piece: T) -> Iterator[R]:
        """Take a piece of work; yield the results that are due, once enough is given out."""
        self._next.append(piece)
        if len(self._next) == self._bundle:
            self._give_out()
            yield from self._due(self._most)

    def finish(self) -> Iterator[R]:
        """Yield the results of all work."""
        self._give_out()
        yield from self._due(0)

    def stop(self) -> Iterator[R]:
        """Yield the results of what has begun; what has not is not done any more."""
        begun = [given for given in self._given if not given.cancel()]
        self._given = deque(begun)
        yield from self._due(0)

    def close(self) -> None:
        """Do no more; what has begun is done to its end, and every process of the pool's own ends."""
        for given in self._given:
            given.cancel()
        if self._is_own:
            self._executor.shutdown()

    def _give_out(self) -> None:
        if self._next:
            with _without_interrupts():
                self._given.append(self._executor.submit(self._do, self._next))
            self._next = []

    def _due(self, most: int) -> Iterator[R]:
        while len(self._given) > most:
            yield from self._given.popleft().result()


def get_ready(*modules: str) -> None:
    """Begin what takes time before a pool can be made: importing these modules where processes will come from."""
    if METHOD == "forkserver":
        from multiprocessing import forkserver, resource_tracker  # noqa: PLC0415 - one process alone does not pay for it

        resource_tracker.ensure_running()  # it lets interrupts through again once it has begun: so it goes first
        forkserver.set_forkserver_preload(list(modules))
        with _without_interrupts():
            forkserver.ensure_running()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Keep Ctrl-C from the processes started here: they finish what they have begun, and the parent decides."""
    before = pthread_sigmask(SIG_BLOCK, {SIGINT})
    try:
        yield
    finally:
        pthread_sigmask(SIG_SETMASK, before)


class _Worker:
    """What a worker process knows."""

    work: Callable[[Any, list[Any]], list[Any]]
    setting: object


def _begin(work: Callable[[Any, list[Any]], list[Any]], setting: object) -> None:
    _Worker.work, _Worker.setting = staticmethod(work), setting
    begin_worker()


def begin_worker() -> None:
    """Begin a worker: as the door does, take the package's time zones. Leave when the parent has gone, no sooner."""
    from zoneinfo import reset_tzpath  # noqa: PLC0415

    signal(SIGINT, SIG_IGN)
    reset_tzpath(to=())
    Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    import os  # noqa: PLC0415
    from multiprocessing import parent_process  # noqa: PLC0415

    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _do(pieces: list[Any]) -> list[Any]:
    try:
        return _Worker.work(_Worker.setting, pieces)
    except (ScheduleError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - told as a bug by the parent: not all exceptions can travel
        raise BugElsewhere(told_bug(error)) from None
