"""The pharmacy's page: days of infusions, and changes that it has not heard of. Nothing else of anybody."""

from datetime import timedelta

from django.http import HttpResponse

from clinic.desk import reports
from clinic.pages.agenda import MOST_VISITS, tell_groups
from clinic.pages.asking import asked_for, day_asked, sites_asked, today_at
from clinic.pages.frame import Asked
from schedule.participant.state import Audience
from schedule.render.sentences import STATUSES
from schedule.study.protocol import Kind

DAYS = 28
MOST_TO_TELL = 25
"""Participants with changes; the oldest come first."""


def infusions(asked: Asked) -> HttpResponse:
    """Show the infusions of four weeks, from today or from the day that is named."""
    sites = sites_asked(asked)
    first = day_asked(asked, "from") or today_at(asked, sites)
    last = first + timedelta(days=DAYS - 1)
    book, now, only = asked.clinic.book, asked.clinic.now, {"kind": Kind.INFUSION.value}
    rows = [row for row, _ in reports.named_agenda(book, sites, first, last, now, **only)]
    to_tell = list(tell_groups(reports.to_tell(book, sites, Audience.PHARMACY)))
    return asked.page(
        "infusions.html",
        rows=rows[:MOST_VISITS],
        more=len(rows[MOST_VISITS:]),
        first=first,
        last=last,
        before=first - timedelta(days=DAYS),
        after=first + timedelta(days=DAYS),
        to_tell=to_tell[:MOST_TO_TELL],
        to_tell_more=len(to_tell[MOST_TO_TELL:]),
        site=asked_for(asked, "site"),
        many_sites=len(asked.sites) > 1,
        statuses=STATUSES,
    )
