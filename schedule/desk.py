"""Use cases without memory: plan, render, write."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
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

KINDS_OF_FILE = ("json", "csv", "ics", "html", "pdf")
FEED_INDEX = ".dayzero-feeds.json"
PUBLIC, PRIVATE = 0o644, 0o600


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
        notices=notice(protocol, placed, site),
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


def write_files(folder: Path, files: Mapping[str, bytes], *, mode: int = PUBLIC) -> list[Path]:
    """Write all files or none that is half: each to a temporary file, then, when all are safe, into place in order.

    Raises StoreUnavailable.
    """
    waiting: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            waiting.append((_write_beside(folder / name, data, mode), folder / name))
        for temporary, final in waiting:
            temporary.replace(final)
        _sync_folder(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        for temporary, _ in waiting:
            temporary.unlink(missing_ok=True)
    return [folder / name for name in files]


def cannot_write(folder: Path, error: OSError) -> StoreUnavailable:
    """Return what to tell when a folder cannot be written."""
    problem = Problem(
        file=str(folder),
        place="",
        wrong=f"cannot be written ({error.strerror or error})",
        remedy="choose another folder, or make room and check its permissions",
    )
    return StoreUnavailable([problem])


def _write_beside(final: Path, data: bytes, mode: int) -> Path:
    import tempfile  # noqa: PLC0415 - 5 ms that a plan which writes no file does not pay

    handle, name = tempfile.mkstemp(dir=final.parent, prefix=".", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refresh_feed(folder: Path, plan: Plan, *, lang: str, new_name: str) -> Path:
    """Write the participant's calendar as a feed under its secret name; the first time that is ``new_name``.

    The names are kept in a private index in the same folder. Raises StoreUnavailable, and InvalidInput when the
    index cannot be read: a lost name would leave a phone with a calendar that never changes again.
    """
    from schedule.render.ics import participant_calendar  # noqa: PLC0415

    body = participant_calendar(plan.participant, language(lang))
    whose = f"{plan.staff.study}/{plan.staff.participant}"
    with _lock(folder):
        index = _read_index(folder / FEED_INDEX)
        name = index.setdefault(whose, new_name)
        kept = json.dumps(index, indent=2, sort_keys=True).encode() + b"\n"
        write_files(folder, {FEED_INDEX: kept}, mode=PRIVATE)
        return write_files(folder, {name: body})[0]


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
