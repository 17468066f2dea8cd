"""What an installation needs, and what it has."""

import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from zoneinfo import ZoneInfoNotFoundError

from schedule.render.pdf import PdfUnavailable, missing_libraries, write_pdf
from schedule.render.zones import vtimezone

SUPPORTED = ((3, 11), (3, 13))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    found: str
    good: bool
    remedy: str = ""


def examine() -> tuple[Finding, ...]:
    """Look at everything that dayzero needs."""
    return (_python(), *_packages(), _pdf(), _time_zones(), _clash())


def _python() -> Finding:
    good = SUPPORTED[0] <= sys.version_info[:2] <= SUPPORTED[1]
    return Finding(
        subject="Python",
        found=platform.python_version(),
        good=good,
        remedy="" if good else "use Python 3.11, 3.12 or 3.13",
    )


def _packages() -> tuple[Finding, ...]:
    try:
        needed = [line for line in requires("dayzero") or [] if "extra ==" not in line]
    except PackageNotFoundError:
        return (
            Finding(
                subject="dayzero",
                found="not installed",
                good=False,
                remedy="pip install '.[pdf]' in its folder",
            ),
        )
    findings = []
    for line in sorted(needed, key=str.lower):
        name = line.split(">")[0].split("<")[0].split("=")[0].strip()
        try:
            findings.append(Finding(subject=name, found=version(name), good=True))
        except PackageNotFoundError:
            findings.append(Finding(subject=name, found="missing", good=False, remedy=f"pip install '{line}'"))
    return tuple(findings)


def _pdf() -> Finding:
    remedy = "pip install 'dayzero[pdf]', and Pango (Debian: apt install libpango-1.0-0 libpangoft2-1.0-0)"
    if missing := missing_libraries():
        return Finding(subject="PDF", found=f"missing: {missing}", good=False, remedy=remedy)
    try:
        write_pdf('<html lang="en"><title>test</title><h1>test</h1></html>')
    except PdfUnavailable as error:
        return Finding(subject="PDF", found=str(error), good=False, remedy=remedy)
    return Finding(subject="PDF and fonts", found="a test page was made", good=True)


def _time_zones() -> Finding:
    try:
        vtimezone("America/New_York")
        return Finding(subject="time zones", found=f"tzdata {version('tzdata')}", good=True)
    except (ModuleNotFoundError, PackageNotFoundError, ZoneInfoNotFoundError, OSError) as error:
        return Finding(subject="time zones", found=f"cannot be read ({error})", good=False, remedy="pip install tzdata")


def _clash() -> Finding:
    try:
        other = version("schedule")
    except PackageNotFoundError:
        return Finding(subject="PyPI package schedule", found="not installed, as it should be", good=True)
    return Finding(
        subject="PyPI package schedule",
        found=f"{other} is installed, and hides dayzero's own code",
        good=False,
        remedy="pip uninstall schedule, then install dayzero again; or give dayzero its own environment",
    )
