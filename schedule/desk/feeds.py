"""Feeds: a participant's calendar under a secret name that stays the same."""

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schedule.desk.plan import Plan
from schedule.desk.writing import PRIVATE, PUBLIC, Output, cannot_write, write_outputs
from schedule.errors import InvalidInput, Problem
from schedule.render.language import language
from schedule.saying import words

FEED_INDEX = ".dayzero-feeds.json"


def write_with_feed(
    plan: Plan,
    outputs: Callable[[Plan], Sequence[Output]],
    folder: Path,
    *,
    base: str | None,
    lang: str,
    new_name: str,
) -> tuple[Path, Plan]:
    """Write the participant's calendar as a feed and, in the same step, the outputs of the plan that knows its link.

    Returns the feed's path and that plan. ``base`` is the address that serves the folder, where one is known. The
    feed's secret name is ``new_name`` the first time and the same ever after: names are kept in a private index in
    the feed's folder. Raises StoreUnavailable, and InvalidInput when the index cannot be read: a lost name would
    leave a phone with a calendar that never changes again.
    """
    from schedule.render.ics import participant_calendar  # noqa: PLC0415

    body = participant_calendar(plan.participant, language(lang))
    with _lock(folder):
        index = _read_index(folder / FEED_INDEX)
        name = index.setdefault(f"{plan.staff.study}/{plan.staff.participant}", new_name)
        linked = plan.with_link(f"{base.rstrip('/')}/{name}") if base else plan
        feed = Output(path=folder / name, data=body, mode=PUBLIC)
        write_outputs([_write_index(folder, index), feed, *outputs(linked)])
    return feed.path, linked


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """Feeds as they lie in their folder now."""

    paths: Mapping[str, Path]
    """By what the index calls each: ``study/participant``."""
    written: int
    """How many of them are new or not what they were."""


def write_feeds(folder: Path, bodies: Iterable[tuple[str, bytes]], new_name: Callable[[], str]) -> Feeds:
    """Write the feeds that are not there yet as they are, all or none; each keeps the name that it has.

    Raises StoreUnavailable, and InvalidInput when the index cannot be read.
    """
    with _lock(folder):
        index = _read_index(folder / FEED_INDEX)
        known, paths, outputs = len(index), {}, []
        for key, body in bodies:
            if key not in index:
                index[key] = new_name()
            paths[key] = folder / index[key]
            if not _holds(paths[key], body):
                outputs.append(Output(path=paths[key], data=body, mode=PUBLIC))
        write_outputs([*([_write_index(folder, index)] if len(index) > known else []), *outputs])
    return Feeds(paths=paths, written=len(outputs))


def _write_index(folder: Path, index: Mapping[str, str]) -> Output:
    kept = json.dumps(index, indent=2, sort_keys=True).encode() + b"\n"
    return Output(path=folder / FEED_INDEX, data=kept, mode=PRIVATE)


def _holds(path: Path, body: bytes) -> bool:
    try:
        return path.read_bytes() == body
    except OSError:
        return False


def _read_index(path: Path) -> dict[str, str]:
    try:
        index = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError:
        index = None
    except OSError as error:
        raise cannot_write(path, error) from error
    if not isinstance(index, dict) or not all(isinstance(name, str) for name in index.values()):
        problem = Problem(
            file=str(path),
            place="",
            wrong=words("the index of feeds is damaged"),
            remedy=words("restore it from a backup"),
        )
        raise InvalidInput([problem])
    return index


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Keep two runs from giving one participant two names."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
