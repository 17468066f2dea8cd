"""The clinic's lists on a page and as files, and the sheet for a day without computers."""

from collections.abc import Sequence

from django.http import HttpResponse

from clinic.commands.reading import offline_page
from clinic.desk.reports import LISTS, Wanted, rows_of, usual_days
from clinic.pages.asking import Pages, again, asked_for, days_asked, number_asked, one_of, sites_asked, today_at
from clinic.pages.frame import Asked
from clinic.pages.printing import hand_over
from schedule.participant.state import Audience
from schedule.render import reports
from schedule.render.reports import AUDIENCES

SIZE = 100
FILES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
WITH_DAYS = ("agenda", "due", "deviations")


def lists(asked: Asked) -> HttpResponse:
    """Show a list, some of its rows at a time, or give all of it as a file."""
    name = one_of(asked, "list", [*LISTS], "due")
    wanted = _wanted(asked, name)
    of, found = LISTS[name], rows_of(asked.clinic.book, name, wanted, asked.clinic.now)
    if kind := one_of(asked, "as", [*FILES]):
        data = reports.report_file(found, of, kind, asked.speaks)
        named = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
        return HttpResponse(data, content_type=FILES[kind], headers=named)
    rows, skip = list(found), number_asked(asked, "skip") or 0
    shown = rows[skip : skip + SIZE]
    return asked.page(
        "reports.html",
        list=name,
        lists={one: reports.LISTS[row] for one, row in LISTS.items()},
        heads=reports.report_heads(of, asked.speaks),
        rows=[(row.participant, reports.report_cells(row, asked.speaks)) for row in shown],
        pages=Pages(skip=skip, shown=len(shown), count=len(rows), size=SIZE),
        again=lambda **other: again(asked, **other),
        wanted=wanted,
        site=asked_for(asked, "site"),
        with_days=name in WITH_DAYS,
        audiences=AUDIENCES,
        files=[*FILES],
    )


def _wanted(asked: Asked, name: str) -> Wanted:
    sites: Sequence[str] = sites_asked(asked)
    first, last = days_asked(asked) if name in WITH_DAYS else (None, None)
    whom = one_of(asked, "audience", [one.value for one in Audience]) if name == "tell" else ""
    wanted = Wanted(sites=tuple(sites), first=first, last=last, audience=Audience(whom) if whom else None)
    return usual_days(name, wanted, today_at(asked, sites))


def offline(asked: Asked, site: str) -> HttpResponse:
    """Give the sheet of a site for a day without computers, to print."""
    kind, size = one_of(asked, "as", ["pdf", "html"], "pdf"), one_of(asked, "paper", ["letter", "a4"], "letter")
    page = offline_page(asked.clinic, asked.site(site), size)
    return hand_over(page, "offline-sheet", html=kind == "html", spell_out=True)
