"""PDF in a process of its own: a packet takes seconds, and whoever asks for other pages does not wait for it."""

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.util import Finalize
from threading import Lock

from schedule.desk.pool import begin_worker
from schedule.render.pdf import PdfUnavailable, write_pdf

PATIENCE_SECONDS = 90
"""So long somebody waits, with those before them."""


BEFORE_QUEUES_CLOSE = 100
"""multiprocessing closes its own queues at 10; after that the process would never hear that it may end."""


class _Press:
    """The process, begun when it is needed first."""

    lock = Lock()
    pool: ProcessPoolExecutor | None = None


def press(html: str, *, spell_out: bool = False) -> bytes:
    """Return the page as PDF, as ``write_pdf`` does. Raises PdfUnavailable where it cannot be made now, too."""
    with _Press.lock:
        if _Press.pool is None:
            _Press.pool = _begin()
        pool = _Press.pool
    try:
        return pool.submit(write_pdf, html, spell_out=spell_out).result(PATIENCE_SECONDS)
    except TimeoutError as error:
        raise PdfUnavailable("time: others print") from error
    except BrokenProcessPool as error:
        with _Press.lock:
            _Press.pool = None
        raise PdfUnavailable("the process that prints") from error


def _begin() -> ProcessPoolExecutor:
    """Begin the process; it ends before a server's process waits for those that it has begun."""
    pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=begin_worker)
    Finalize(None, pool.shutdown, kwargs={"cancel_futures": True}, exitpriority=BEFORE_QUEUES_CLOSE)
    return pool
