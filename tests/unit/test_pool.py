"""Work among processes: results in order, few at a time, and an end in every case."""

import os
import signal
from collections.abc import Generator, Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from schedule.desk.pool import BUNDLES_FOR_EACH, Pool
from schedule.errors import BugElsewhere, Problem, Refused


def add(setting: int, pieces: list[int]) -> list[int]:
    return [setting + piece for piece in pieces]


def where(_: Any, pieces: list[Any]) -> list[tuple[int, Any]]:
    return [(os.getpid(), piece) for piece in pieces]


def fail(_: Any, pieces: list[Any]) -> list[Any]:
    (piece,) = pieces
    if piece == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if piece == "refuse":
        raise Refused([Problem(place="here", wrong="no", remedy="yes")])
    raise ZeroDivisionError(piece, lambda: "no pickle can carry this")


def everything(pool: Pool[Any, Any], pieces: Any) -> Generator[Any, None, None]:
    try:
        for piece in pieces:
            yield from pool.give(piece)
        yield from pool.finish()
    finally:
        pool.close()


@pytest.mark.parametrize("bundle", [3, 100])
def test_results_come_in_the_order_of_the_work(bundle: int) -> None:
    pool: Pool[int, int] = Pool(add, 100, processes=2, bundle=bundle)

    assert list(everything(pool, range(50))) == list(range(100, 150))


def test_the_work_is_done_in_other_processes() -> None:
    pool: Pool[int, tuple[int, int]] = Pool(where, None, processes=2, bundle=1)

    assert os.getpid() not in {process for process, _ in everything(pool, range(4))}


def test_no_more_is_taken_than_is_needed_to_keep_all_busy() -> None:
    taken = []

    def pieces() -> Iterator[int]:
        for piece in range(100):
            taken.append(piece)
            yield piece

    results = everything(Pool(add, 0, processes=2, bundle=3), pieces())
    first = next(results)
    results.close()

    assert (first, len(taken)) == (0, 3 * (2 * BUNDLES_FOR_EACH + 1))


def test_after_a_stop_what_has_begun_is_finished_and_the_rest_is_not() -> None:
    pool: Pool[int, int] = Pool(add, 0, processes=1, bundle=1)
    try:
        given = [result for piece in range(4) for result in pool.give(piece)]
        results = list(pool.stop())
    finally:
        pool.close()

    assert given == []
    assert results == list(range(len(results)))


@pytest.mark.parametrize(
    ("piece", "error", "said"),
    [
        ("kill", BrokenProcessPool, "terminated abruptly"),
        ("refuse", Refused, "^here: no; yes$"),
        ("bug", BugElsewhere, r"^ZeroDivisionError at test_pool\.py:\d+$"),
    ],
)
def test_a_worker_that_fails_or_dies_is_told_and_nobody_waits_for_it(
    piece: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        list(everything(Pool(fail, None, processes=2, bundle=1), [piece] * 3))
