"""The pharmacist's part of ``dayzero plan``: from a cohort to a private folder of sheets."""

from collections.abc import Mapping
from pathlib import Path

from schedule.desk import PRIVATE, Output, Plan, cannot_write, in_folder
from schedule.errors import Problem, Refused
from schedule.render.ics import infusion_calendar
from schedule.render.language import language
from schedule.render.pdf import PdfUnavailable, write_pdf
from schedule.study.protocol import Protocol
from schedule.unblinded.allocation import allocate, preparations
from schedule.unblinded.sheets import preparation_html
from schedule.views import ParticipantId

FOLDER_MODE = 0o700


def check_apart(pharmacy: Path, blinded: Mapping[str, Path], participant: ParticipantId) -> None:
    """Raise Refused when the pharmacist's folder lies in a folder that others read, or such a folder in it.

    The participant's folder inside each of them is looked at too: it may be a link that leads elsewhere.
    """
    ours = {pharmacy.resolve(), (pharmacy / participant).resolve()}
    for option, folder in blinded.items():
        theirs = {folder.resolve(), (folder / participant).resolve()}
        if any(one.is_relative_to(other) or other.is_relative_to(one) for one in ours for other in theirs):
            problem = Problem(
                place="--pharmacy-out",
                wrong=f"{pharmacy} and {option} {folder} lie one inside the other, and others may read there",
                remedy="choose a folder of the pharmacist's own",
            )
            raise Refused([problem])


def render_sheets(plan: Plan, protocol: Protocol, typed: str, *, lang: str) -> tuple[dict[str, bytes], str]:
    """Return the pharmacist's files, and what is missing to make the PDF (nothing, as a rule).

    Raises UnknownName for a cohort that does not exist.
    """
    speaks = language(lang)
    allocation = allocate(protocol, plan.staff.participant, typed)
    page = preparation_html(
        plan.staff,
        allocation,
        preparations(protocol, plan.staff, allocation),
        speaks,
        registry=protocol.study.registry_id,
    )
    files = {"pharmacy.ics": infusion_calendar(plan.staff, speaks), "preparation.html": page.encode()}
    try:
        files["preparation.pdf"] = write_pdf(page)
    except PdfUnavailable as error:
        return files, str(error)
    return files, ""


def sheets_in(pharmacy: Path, plan: Plan, files: Mapping[str, bytes]) -> list[Output]:
    """Make the private folder where nobody but its owner can look; return the files to write there.

    Raises StoreUnavailable.
    """
    folder = pharmacy / plan.staff.participant
    try:
        for private in (pharmacy, folder):
            private.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            private.chmod(FOLDER_MODE)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return in_folder(folder, files, mode=PRIVATE)
