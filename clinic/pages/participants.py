"""The list of participants: looked for by code, site and what is open of them."""

from django.http import HttpResponse

from clinic.desk import reports
from clinic.desk.searching import Mark, find_participants, marks_of
from clinic.pages.asking import Pages, again, asked_for, number_asked, one_of, sites_asked
from clinic.pages.frame import Asked
from schedule.render.language import N_
from schedule.render.record import STANDINGS

SIZE = 50
LONGEST = 64
MARKS = {
    Mark.DUE: N_("due in the next 14 days"),
    Mark.OVERDUE: N_("overdue"),
    Mark.REBOOK: N_("to rebook"),
    Mark.DEVIATION: N_("protocol deviation"),
    Mark.TAPERING: N_("taper has begun"),
    Mark.HELD: N_("on hold"),
}


def participants(asked: Asked) -> HttpResponse:
    """List the participants that are looked for, some at a time."""
    sites, text = sites_asked(asked), asked_for(asked, "code")[:LONGEST]
    only = one_of(asked, "only", [one.value for one in Mark])
    mark, skip = Mark(only) if only else None, number_asked(asked, "skip") or 0
    clinic = asked.clinic
    codes, count = find_participants(clinic.book, sites, text, mark, clinic.now, skip=skip, most=SIZE)
    return asked.page(
        "participants.html",
        rows=list(reports.everybody(clinic.book, sites, clinic.now, codes)),
        marks_of=marks_of(clinic.book, codes, clinic.now) if codes else {},
        pages=Pages(skip=skip, shown=len(codes), count=count, size=SIZE),
        again=lambda **other: again(asked, **other),
        site=asked_for(asked, "site"),
        text=text,
        only=only,
        marks=MARKS,
        standings=STANDINGS,
        many_sites=len(asked.sites) > 1,
    )
