"""The pharmacist's preparation sheets."""

from datetime import UTC
from zoneinfo import ZoneInfo

from schedule.render.language import Language
from schedule.render.pages import render_page
from schedule.render.sentences import say_window
from schedule.unblinded.allocation import Allocation, Preparation
from schedule.views import StaffSchedule


def preparation_html(
    schedule: StaffSchedule,
    allocation: Allocation,
    prepared: tuple[Preparation, ...],
    speaks: Language,
    *,
    registry: str,
) -> str:
    """Return the preparation sheets, one page an infusion, each marked UNBLINDED."""
    zone = ZoneInfo(schedule.site.time_zone) if schedule.site else UTC
    return render_page(
        "unblinded",
        "preparation.html",
        speaks,
        schedule=schedule,
        site=schedule.site,
        registry=registry,
        say_window=say_window,
        cohort=allocation.cohort,
        prepared=prepared,
        as_of_day=schedule.as_of.astimezone(zone).date(),
    )
