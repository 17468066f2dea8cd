"""From envelopes and the clinic's exports to the sheets of one participant or of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schedule.desk.writing import Output
from schedule.errors import InvalidInput, Problem, Refused, ScheduleError
from schedule.participant.state import ParticipantId
from schedule.render.pages import Style
from schedule.sites import Site
from schedule.study.protocol import Protocol
from schedule.unblinded.export import (
    Export,
    check_export,
    find_exports,
    plan_from,
    read_export,
    why_stopped,
)
from schedule.unblinded.manifest import Manifest
from schedule.unblinded.sheets_folder import check_apart, render_sheets, sheets_in

SHEETS = ("preparation.html", "preparation.pdf", "handover.html", "handover.pdf", "pharmacy.ics")
"""What lies in a participant's folder of the pharmacist's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An export, and the file that it was read from."""

    export: Export
    file: Path

    @property
    def participant(self) -> ParticipantId:
        """The participant's code."""
        return ParticipantId(self.export.participant)


def read_exports(path: Path, participant: str | None = None) -> tuple[Exported, ...]:
    """Read the exports of one participant, or of all. Raises InvalidInput with the problems of all files."""
    read: list[Exported] = []
    problems: list[Problem] = []
    for file in find_exports(path, participant):
        try:
            read.append(Exported(export=read_export(file), file=file))
        except ScheduleError as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return tuple(read)


def check_exports(
    exports: Sequence[Exported],
    participant: str | None,
    protocol: Protocol,
    manifest: Manifest,
    site: Site | None,
) -> None:
    """Raise Refused, with all problems, where the sheets cannot be made from these exports."""
    problems: list[Problem] = []
    first: dict[str, Path] = {}
    for one in exports:
        problems += check_export(one.export, protocol, manifest.keys.site, file=one.file)
        if participant and one.participant != participant:
            wrong = f"it is the export of {one.participant}, not of {participant!a}"
            problems.append(Problem(file=str(one.file), place="participant", wrong=wrong, remedy="name the right file"))
        if manifest.envelope(one.participant) is None:
            wrong = f"there is no envelope for {one.participant}"
            remedy = "dayzero pharmacy seal adds envelopes"
            problems.append(Problem(file=str(one.file), place="participant", wrong=wrong, remedy=remedy))
        if other := first.get(one.participant.lower()):
            wrong = f"{one.participant} stands in {other} too"
            problems.append(Problem(file=str(one.file), place="participant", wrong=wrong, remedy="keep the newer one"))
        first[one.participant.lower()] = one.file
    problems += _check_site(exports, manifest.keys.site, site)
    if problems:
        raise Refused(problems)


def make_sheets(
    exports: Sequence[Exported],
    cohorts: Mapping[ParticipantId, str],
    protocol: Protocol,
    site: Site | None,
    *,
    out: Path,
    site_id: str,
    lang: str,
    style: Style,
) -> tuple[list[Output], str]:
    """Return the sheets of all these participants, to be written, and what is missing to make the PDFs.

    The participants' folders are made, so that nobody but their owner can look into them. Raises Refused where others
    may read there, and StoreUnavailable.
    """
    outputs: list[Output] = []
    missing = ""
    for one in exports:
        check_apart(out, {}, one.participant)
    for one in exports:
        plan = plan_from(one.export, protocol, site, site_id=site_id)
        files, missing = render_sheets(
            plan,
            protocol,
            cohorts[one.participant],
            lang=lang,
            style=style,
            stopped=why_stopped(one.export),
        )
        outputs += sheets_in(out, plan, files)
    return outputs, missing


def left_from_before(written: Sequence[Output]) -> list[Path]:
    """Return the sheets of an earlier run beside those written now: they may tell other dates."""
    now = {output.path for output in written}
    folders = dict.fromkeys(output.path.parent for output in written)
    return [
        folder / name for folder in folders for name in SHEETS if (folder / name).exists() and folder / name not in now
    ]


def _check_site(exports: Sequence[Exported], known: str, site: Site | None) -> list[Problem]:
    if site is None:
        return []
    problems = []
    if site.id != known:
        wrong = f"it is {site.id!a}, but the keys are those of {known!a}"
        problems.append(Problem(place="--site", wrong=wrong, remedy="name the file of the keys' site"))
    for one in exports:
        if one.export.time_zone not in (None, site.time_zone):
            wrong = f"its hours are in {one.export.time_zone}, but the site's are in {site.time_zone}"
            problems.append(
                Problem(file=str(one.file), place="visits", wrong=wrong, remedy="name the file of its site")
            )
    return problems
