"""From a cohort to a private folder of sheets, for ``dayzero plan``, ``batch`` and ``pharmacy sheet``."""

from collections.abc import Mapping
from pathlib import Path

from schedule.desk.plan import Plan
from schedule.desk.writing import FILES, PRIVATE, Output, cannot_write, in_folder, overlap
from schedule.errors import Problem, Refused, UnknownName
from schedule.participant.state import ParticipantId
from schedule.render.ics import infusion_calendar
from schedule.render.language import language
from schedule.render.pages import PLAIN, Style
from schedule.render.pdf import PdfUnavailable, write_pdf
from schedule.study.protocol import Protocol, Text, VisitCode
from schedule.unblinded.allocation import allocate, preparations
from schedule.unblinded.sheets import NOTHING_STOPPED, handover_html, preparation_html

FOLDER_MODE = 0o700
OTHERS = 0o077


ALL = ParticipantId("")
"""Stands for all participants where only folders are compared."""


def check_apart(pharmacy: Path, blinded: Mapping[str, Path], participant: ParticipantId) -> None:
    """Raise Refused when masked people may read where the sheets would lie, or the sheets' folder holds their files."""
    ours = pharmacy / participant
    problems = [
        _misplaced(f"{pharmacy} and {option} {folder} lie one inside the other, and others may read there")
        for option, folder in blinded.items()
        if overlap(pharmacy, folder, participant)
    ]
    if any((ours / name).exists() for name in FILES):
        problems.append(_misplaced(f"{ours} holds the participant's own files"))
    for folder in (pharmacy, ours):
        if is_shared(folder):
            problems.append(_misplaced(f"others may look into {folder}, and it is not empty"))
    if problems:
        raise Refused(problems)


def is_shared(folder: Path) -> bool:
    """Tell whether others may look into the folder, and something lies there already."""
    return folder.is_dir() and bool(folder.stat().st_mode & OTHERS) and any(folder.iterdir())


def check_cohort_file(file: Path, blinded: Mapping[str, Path], *, place: str = "--cohort-file") -> None:
    """Raise Refused when the cohort is written where masked people may read."""
    for option, folder in blinded.items():
        if file.resolve().is_relative_to(folder.resolve()):
            problem = Problem(
                place=place,
                wrong=f"{file} lies in {option} {folder}, and others may read there",
                remedy="keep it in a folder of the pharmacist's own",
            )
            raise Refused([problem])


def _misplaced(wrong: str) -> Problem:
    return Problem(place="--pharmacy-out", wrong=wrong, remedy="choose a folder of the pharmacist's own")


def open_pharmacy(pharmacy: Path, blinded: Mapping[str, Path], protocol: Protocol, roster: Path) -> None:
    """Make the private folder for a whole roster, before several processes write into it at once.

    Raises StoreUnavailable, and Refused where masked people may read there, or where the roster lies.
    """
    if not protocol.cohorts:
        raise Refused([Problem(place="--pharmacy-out", wrong="the protocol has no cohorts", remedy="leave it out")])
    check_apart(pharmacy, blinded, ALL)
    check_cohort_file(roster, blinded, place="ROSTER")
    make_private(pharmacy)


def check_cohort(protocol: Protocol, typed: str) -> tuple[str, str] | None:
    """Return what is wrong with a cohort and what to write instead, without repeating it; None for one that exists."""
    try:
        allocate(protocol, ALL, typed)
    except UnknownName as error:
        return error.problems[0].wrong, error.problems[0].remedy
    return None


def sheets_for(
    plan: Plan,
    protocol: Protocol,
    typed: str,
    *,
    pharmacy: Path,
    blinded: Mapping[str, Path],
    lang: str,
    style: Style = PLAIN,
) -> tuple[list[Output], str]:
    """Return the sheets of one participant of many, to be written, and what is missing to make the PDF."""
    check_apart(pharmacy, blinded, plan.staff.participant)
    files, missing = render_sheets(plan, protocol, typed, lang=lang, style=style)
    return sheets_in(pharmacy, plan, files), missing


def render_sheets(
    plan: Plan,
    protocol: Protocol,
    typed: str,
    *,
    lang: str,
    style: Style = PLAIN,
    stopped: Mapping[VisitCode, Text] = NOTHING_STOPPED,
) -> tuple[dict[str, bytes], str]:
    """Return the pharmacist's files, and what is missing to make the PDFs (nothing, as a rule).

    ``stopped`` tells why nothing is prepared for an infusion. Raises UnknownName for a cohort that does not exist.
    """
    speaks = language(lang)
    allocation = allocate(protocol, plan.staff.participant, typed)
    prepared = preparations(protocol, plan.staff, allocation)
    pages = {
        "preparation": preparation_html(
            plan.staff, allocation, prepared, protocol, speaks, style=style, stopped=stopped
        )
    }
    handed = [one.visit for one in prepared if one.visit.code not in stopped]
    if handed:
        pages["handover"] = handover_html(plan.staff, handed, protocol, speaks, style=style)
    files = {"pharmacy.ics": infusion_calendar(plan.staff, speaks)}
    files |= {f"{name}.html": page.encode() for name, page in pages.items()}
    try:
        return files | {f"{name}.pdf": write_pdf(page) for name, page in pages.items()}, ""
    except PdfUnavailable as error:
        return files, str(error)


def sheets_in(pharmacy: Path, plan: Plan, files: Mapping[str, bytes]) -> list[Output]:
    """Make the private folder where nobody but its owner can look; return the files to write there.

    Raises StoreUnavailable.
    """
    folder = pharmacy / plan.staff.participant
    make_private(pharmacy, folder)
    return in_folder(folder, files, mode=PRIVATE)


def make_private(*folders: Path) -> None:
    """Make folders where nobody but their owner can look. Raises StoreUnavailable."""
    for folder in folders:
        try:
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            folder.chmod(FOLDER_MODE)
        except OSError as error:
            raise cannot_write(folder, error) from error
