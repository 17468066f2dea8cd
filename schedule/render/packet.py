"""The participant's packet: one HTML file that prints from any browser."""

from datetime import UTC
from zoneinfo import ZoneInfo

from schedule.render.language import Language
from schedule.render.pages import render_page
from schedule.render.timeline import month_boxes
from schedule.study.protocol import IN_PERSON, Kind
from schedule.views import ParticipantSchedule

MONTHS_IN_A_ROW = 5


def packet_html(schedule: ParticipantSchedule, speaks: Language) -> str:
    """Return the packet in one language. It is blinded: nothing in it depends on the cohort."""
    zone = ZoneInfo(schedule.site.time_zone) if schedule.site else UTC
    return render_page(
        "packet",
        "packet.html",
        speaks,
        schedule=schedule,
        site=schedule.site,
        columns=MONTHS_IN_A_ROW,
        months=month_boxes(schedule.visits, columns=MONTHS_IN_A_ROW),
        as_of_day=schedule.as_of.astimezone(zone).date(),
        in_person=IN_PERSON,
        Kind=Kind,
    )
