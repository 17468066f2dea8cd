"""Use cases without memory: plan, render, write."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from errno import EISDIR
from pathlib import Path

from schedule.errors import InvalidInput, Problem, Refused, StoreUnavailable
from schedule.planning.booking import book
from schedule.planning.burden import weigh
from schedule.planning.notices import notice
from schedule.planning.placing import place_steps
from schedule.render.language import language
from schedule.render.tables import schedule_csv, schedule_json
from schedule.sites import Site
from schedule.study.protocol import Protocol
from schedule.views import (
    ParticipantId,
    ParticipantSchedule,
    StaffSchedule,
    view_for_participant,
    view_for_staff,
)

FILES = ("participant.ics", "coordinator.ics", "packet.html", "packet.pdf", "schedule.csv", "schedule.json")
"""What lies in a participant's folder."""
FEED_INDEX = ".dayzero-feeds.json"
PUBLIC, PRIVATE = 0o644, 0o600
USUAL = None
"""The mode that the user's umask gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a coordinator asks for one participant."""

    participant: ParticipantId
    randomized: date
    steroids: bool | None
    as_of: datetime
    day0: date | None = None
    booked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file to write."""

    path: Path
    data: bytes
    mode: int | None = USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The schedule as staff see it, and as the participant does."""

    staff: StaffSchedule
    participant: ParticipantSchedule

    @property
    def is_complete(self) -> bool:
        """Whether every visit has a day."""
        return all(visit.planned for visit in self.staff.visits)


def make_plan(request: Request, protocol: Protocol, site: Site | None) -> Plan:
    """Compute the schedule. Raises Refused, with all problems, where the request contradicts a rule."""
    _check_request(request, protocol, site)
    placed = place_steps(
        protocol,
        randomized=request.randomized,
        steroids=bool(request.steroids),
        site=site,
        actual={protocol.study.day0: request.day0} if request.day0 else None,
    )
    staff = view_for_staff(
        protocol,
        placed,
        participant=request.participant,
        randomized=request.randomized,
        steroids=request.steroids,
        site=site,
        booked=book(placed, site) if request.booked and site else {},
        burden=weigh(placed),
        notices=notice(protocol, placed, site, request.as_of),
        as_of=request.as_of,
    )
    return Plan(staff=staff, participant=view_for_participant(staff, protocol))


def _check_request(request: Request, protocol: Protocol, site: Site | None) -> None:
    problems = []
    if request.day0 and request.day0 < request.randomized:
        problems.append(
            Problem(
                place="--day0",
                wrong=f"{request.day0} is before the randomization on {request.randomized}",
                remedy="check both dates: Day 0 is the day of randomization or later",
            )
        )
    if request.booked and site is None:
        problems.append(
            Problem(
                place="--booked",
                wrong="without a site there are no times to book",
                remedy="add --site with a file that gives arrival times",
            )
        )
    if protocol.asks_about_steroids and request.steroids is None:
        problems.append(
            Problem(
                place="--steroids",
                wrong="the protocol has dates only for those on steroids",
                remedy="say --steroids or --no-steroids",
            )
        )
    if problems:
        raise Refused(problems)


def render_files(plan: Plan, kinds: Sequence[str], *, lang: str, staff_lang: str) -> dict[str, bytes]:
    """Return the participant's folder as names and bytes; ``schedule.json`` comes last.

    Raises PdfUnavailable (from ``schedule.render.pdf``) when ``pdf`` is asked for and cannot be made.
    """
    speaks, staff_speaks = language(lang), language(staff_lang)
    files: dict[str, bytes] = {}
    if "ics" in kinds:
        from schedule.render.ics import coordinator_calendar, participant_calendar  # noqa: PLC0415

        files["participant.ics"] = participant_calendar(plan.participant, speaks)
        files["coordinator.ics"] = coordinator_calendar(plan.staff, staff_speaks)
    if "html" in kinds or "pdf" in kinds:
        from schedule.render.packet import packet_html  # noqa: PLC0415

        page = packet_html(plan.participant, speaks)
        if "html" in kinds:
            files["packet.html"] = page.encode()
        if "pdf" in kinds:
            from schedule.render.pdf import write_pdf  # noqa: PLC0415

            files["packet.pdf"] = write_pdf(page)
    if "csv" in kinds:
        files["schedule.csv"] = schedule_csv(plan.staff, staff_speaks)
    if "json" in kinds:
        files["schedule.json"] = schedule_json(plan.staff, staff_speaks)
    return files


def overlap(one: Path, other: Path, participant: ParticipantId) -> bool:
    """Tell whether one folder lies in the other, also by way of the participant's folder, which may be a link."""
    ours = {one.resolve(), (one / participant).resolve()}
    theirs = {other.resolve(), (other / participant).resolve()}
    return any(mine.is_relative_to(its) or its.is_relative_to(mine) for mine in ours for its in theirs)


def check_not_served(out: Path, feeds: Path, participant: ParticipantId) -> None:
    """Raise Refused when the participant's files would lie where a web server serves the feeds."""
    if (out / participant).resolve().is_relative_to(feeds.resolve()):
        problem = Problem(
            place="--feed-dir",
            wrong=f"{out / participant} lies in {feeds}, and everybody would be served the participant's files",
            remedy="choose another folder for the feeds",
        )
        raise Refused([problem])


def in_folder(folder: Path, files: Mapping[str, bytes], *, mode: int | None = USUAL) -> list[Output]:
    """Return the files as outputs of one folder, in the same order."""
    return [Output(path=folder / name, data=data, mode=mode) for name, data in files.items()]


def write_outputs(outputs: Sequence[Output]) -> None:
    """Write all files or none: each to a temporary file, then, when all are safe, into place in their order.

    Raises StoreUnavailable.
    """
    waiting: list[tuple[Path, Path]] = []
    at = Path()
    try:
        for output in outputs:
            at = output.path.parent
            at.mkdir(parents=True, exist_ok=True)
            if output.path.is_dir():
                raise IsADirectoryError(EISDIR, f"{output.path.name} is a folder there")
            waiting.append((_write_beside(output), output.path))
        for temporary, final in waiting:
            at = final.parent
            temporary.replace(final)
        for folder in dict.fromkeys(output.path.parent for output in outputs):
            _sync_folder(folder)
    except OSError as error:
        raise cannot_write(at, error) from error
    finally:
        for temporary, _ in waiting:
            temporary.unlink(missing_ok=True)


def cannot_write(folder: Path, error: OSError) -> StoreUnavailable:
    """Return what to tell when a folder cannot be written."""
    problem = Problem(
        file=str(folder),
        place="",
        wrong=f"cannot be written ({error.strerror or error})",
        remedy="choose another folder, or make room and check its permissions",
    )
    return StoreUnavailable([problem])


def left_from_before(folder: Path, written: Sequence[Output]) -> list[str]:
    """Return the names of our files in the folder that this run did not write: they may tell older dates."""
    now = {output.path for output in written}
    return [name for name in FILES if (folder / name).exists() and folder / name not in now]


def _write_beside(output: Output) -> Path:
    import tempfile  # noqa: PLC0415 - 5 ms that a plan which writes no file does not pay

    handle, name = tempfile.mkstemp(dir=output.path.parent, prefix=".", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(output.data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_usual_mode() if output.mode is USUAL else output.mode)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _usual_mode() -> int:
    umask = os.umask(PRIVATE)
    os.umask(umask)
    return 0o666 & ~umask


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_with_feed(outputs: Sequence[Output], folder: Path, plan: Plan, *, lang: str, new_name: str) -> Path:
    """Write the outputs and, in the same step, the participant's calendar as a feed; return the feed's path.

    The feed's secret name is ``new_name`` the first time and the same ever after: names are kept in a private
    index in the feed's folder. Raises StoreUnavailable, and InvalidInput when the index cannot be read: a lost
    name would leave a phone with a calendar that never changes again.
    """
    from schedule.render.ics import participant_calendar  # noqa: PLC0415

    body = participant_calendar(plan.participant, language(lang))
    with _lock(folder):
        index = _read_index(folder / FEED_INDEX)
        name = index.setdefault(f"{plan.staff.study}/{plan.staff.participant}", new_name)
        kept = json.dumps(index, indent=2, sort_keys=True).encode() + b"\n"
        feed = Output(path=folder / name, data=body, mode=PUBLIC)
        write_outputs([Output(path=folder / FEED_INDEX, data=kept, mode=PRIVATE), feed, *outputs])
    return feed.path


def _read_index(path: Path) -> dict[str, str]:
    try:
        index = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError:
        index = None
    except OSError as error:
        raise cannot_write(path, error) from error
    if not isinstance(index, dict) or not all(isinstance(name, str) for name in index.values()):
        problem = Problem(
            file=str(path), place="", wrong="the index of feeds is damaged", remedy="restore it from a backup"
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
