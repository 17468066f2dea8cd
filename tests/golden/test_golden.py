"""From a protocol file to json, ics and html, compared with files that a person has read."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from builders import OTHER_TRIAL, example_site, registered_protocol
from pages import html
from records import FOUR_MONTHS, a_record

from schedule.desk.plan import Request, make_plan, render_files
from schedule.files.protocol import read_protocol
from schedule.participant.state import ParticipantId
from schedule.planning.lookback import look_back
from schedule.render.activities import activities_table
from schedule.render.language import language
from schedule.render.lookback import lookback_html
from schedule.render.record import record_table
from schedule.unblinded.allocation import allocate, preparations
from schedule.unblinded.sheets import handover_html, preparation_html

KINDS = ["json", "csv", "ics", "html"]


def request(randomized: date, *, booked: bool = False, steroids: bool | None = True) -> Request:
    return Request(
        participant=ParticipantId("P-001"),
        randomized=randomized,
        steroids=steroids,
        as_of=datetime(randomized.year, randomized.month, randomized.day, 5, tzinfo=UTC),
        booked=booked,
    )


@pytest.mark.parametrize("lang", ["en", "es"])
def test_booked_at_gainesville(lang: str, golden: Callable[[str, bytes], None]) -> None:
    plan = make_plan(request(date(2026, 3, 2), booked=True), registered_protocol(), example_site("gainesville"))

    for name, data in render_files(plan, KINDS, lang=lang, staff_lang=lang).items():
        golden(f"gainesville-booked-{lang}-{name}", data)


@pytest.mark.parametrize("lang", ["en", "es"])
def test_targets_only_from_a_month_s_end(lang: str, golden: Callable[[str, bytes], None]) -> None:
    plan = make_plan(request(date(2026, 1, 31)), registered_protocol(), None)

    for name, data in render_files(plan, ["json", "ics"], lang=lang, staff_lang=lang).items():
        golden(f"targets-{lang}-{name}", data)


def test_another_trial(golden: Callable[[str, bytes], None]) -> None:
    plan = make_plan(request(date(2026, 3, 2), steroids=None), read_protocol(OTHER_TRIAL), example_site("miami"))

    for name, data in render_files(plan, ["json", "ics"], lang="en", staff_lang="en").items():
        golden(f"other-trial-{name}", data)


@pytest.mark.parametrize("lang", ["en", "es"])
def test_preparation_sheets(lang: str, golden: Callable[[str, bytes], None]) -> None:
    protocol = registered_protocol()
    plan = make_plan(request(date(2026, 3, 2), booked=True), protocol, example_site("gainesville"))
    allocation = allocate(protocol, ParticipantId("P-001"), "1")
    prepared = preparations(protocol, plan.staff, allocation)

    page = preparation_html(plan.staff, allocation, prepared, protocol, language(lang))

    golden(f"preparation-{lang}.html", page.encode())
    slips = handover_html(plan.staff, [one.visit for one in prepared], protocol, language(lang))
    golden(f"handover-{lang}.html", slips.encode())


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_look_back_sheet(lang: str, golden: Callable[[str, bytes], None]) -> None:
    looked = look_back(registered_protocol(), screening=date(2026, 2, 16), randomization=date(2026, 3, 2))

    golden(f"lookback-{lang}.html", lookback_html(looked, language(lang)).encode())


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_change_sheet(lang: str, golden: Callable[[str, bytes], None]) -> None:
    golden(f"changes-{lang}.html", html(f"changes-{lang}").encode())


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_record_of_four_months(lang: str, golden: Callable[[str, bytes], None]) -> None:
    plan = a_record(*FOUR_MONTHS).plan

    for name, data in render_files(plan, ["json", "ics", "html"], lang=lang, staff_lang=lang).items():
        if not name.startswith("worksheets"):
            golden(f"record-{lang}-{name}", data)
    golden(f"record-{lang}.txt", record_table(plan.staff, language(lang), width=120).encode())


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("name", ["binder", "offline"])
def test_the_clinic_s_papers(name: str, lang: str, golden: Callable[[str, bytes], None]) -> None:
    golden(f"{name}-{lang}.html", html(f"{name}-{lang}").encode())


@pytest.mark.parametrize("lang", ["en", "es"])
def test_schedule_of_activities(lang: str, golden: Callable[[str, bytes], None]) -> None:
    table = activities_table(registered_protocol(), language(lang), width=100)

    golden(f"activities-{lang}.txt", table.encode())
