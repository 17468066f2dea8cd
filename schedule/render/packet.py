"""The participant's packet: one HTML file that prints from any browser."""

from typing import TYPE_CHECKING

from schedule.render.editions import as_of_day, held_visits, next_visits, page_editions, visit_page
from schedule.render.language import Language
from schedule.render.pages import PLAIN, Style, render_page
from schedule.render.timeline import month_boxes
from schedule.study.protocol import IN_PERSON, Kind, VisitCode
from schedule.views import ParticipantSchedule

if TYPE_CHECKING:
    from markupsafe import Markup

    from schedule.render.doses import DoseRow

QUIET_ZONE = 4
"""Modules of white around a QR code: with fewer, some phones do not see it."""
PICTURE, LARGE_PICTURE = (5, 8), (3, 5)
"""Months in a row, and rows in a picture: what fits on a sheet with letters that can be read."""


def packet_html(
    schedule: ParticipantSchedule, speaks: Language, style: Style = PLAIN, *, only: VisitCode | None = None
) -> str:
    """Return the packet in one language, or the page of one visit. It is blinded: nothing depends on the cohort."""
    return render_page("packet", "packet.html", speaks, style, **packet_facts(schedule, speaks, style, only=only))


def packet_facts(
    schedule: ParticipantSchedule, speaks: Language, style: Style = PLAIN, *, only: VisitCode | None = None
) -> dict[str, object]:
    """Return what the packet's templates are given."""
    columns, rows = LARGE_PICTURE if style.large else PICTURE
    return {
        "schedule": schedule,
        "site": schedule.site,
        "only": only,
        "editions": page_editions(schedule),
        "visit_page": visit_page,
        "coming": next_visits(schedule),
        "held": held_visits(schedule),
        "doses": _doses(schedule),
        "columns": columns,
        "months": month_boxes(schedule.visits, columns=columns, rows=rows),
        "qr": _code_of(schedule.link, speaks) if schedule.link else None,
        "as_of_day": as_of_day(schedule),
        "protocol_version": schedule.protocol_version,
        "in_person": IN_PERSON,
        "Kind": Kind,
    }


def _doses(schedule: ParticipantSchedule) -> "tuple[DoseRow, ...]":
    if not schedule.taper:
        return ()
    from schedule.render.doses import dose_rows  # noqa: PLC0415 - most packets have no steps

    return dose_rows(schedule.taper)


def _code_of(link: str, speaks: Language) -> "Markup":
    meaning = speaks.say("The same link as below, for the camera of a phone.")
    return qr_code(link, title=speaks.say("Code to scan"), meaning=meaning)


def qr_code(link: str, *, title: str, meaning: str) -> "Markup":
    """Return the code as inline SVG; only what segno writes is in it, with our title escaped."""
    import segno  # noqa: PLC0415 - only a page with a link pays for it
    from markupsafe import Markup  # noqa: PLC0415

    code = segno.make(link, error="m", micro=False)
    return Markup(code.svg_inline(border=QUIET_ZONE, omitsize=True, light="#fff", title=title, desc=meaning))  # noqa: S704
