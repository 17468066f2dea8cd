"""What changed, as tables, as lines, and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from builders import NO_LATER_DAY_0, PAGES, a_plan, a_site, a_taper, closed, kept, registered_protocol, with_visit

from schedule.planning.changes import Comparison, compare
from schedule.render.changes import changes_json, changes_table, said_facts, swapped_line
from schedule.render.language import Language, language
from schedule.sites import Site
from schedule.study.protocol import Kind, Window

ENGLISH, SPANISH = language("en"), language("es")
STORM = closed(date(2026, 5, 30), date(2026, 6, 9))
LATER = datetime(2026, 3, 9, 4, tzinfo=UTC)


def compared(old: Mapping[str, Any], new: Mapping[str, Any], pages: Mapping[str, str] = PAGES) -> Comparison:
    return compare(kept(a_plan(**old)), kept(a_plan(**new), pages=pages))


def at(hour: int, *, time_zone: str = "America/New_York") -> Site:
    return a_site(arrival=dict.fromkeys((Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL), time(hour, 0)), time_zone=time_zone)


def rows(comparison: Comparison, lang: str = "en") -> list[list[str]]:
    lines = changes_table(comparison, language(lang), width=120).splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines if line]


def lines(comparison: Comparison, *, width: int = 30) -> str:
    return " ".join(changes_table(comparison, ENGLISH, width=width).split())


WIDE = with_visit(registered_protocol(), "M4", window=Window(before=7, after=10))
ONE_DAY = with_visit(registered_protocol(), "M4", window=Window(before=0, after=0))
BY_PHONE = with_visit(registered_protocol(), "M4", kind=Kind.VIRTUAL)
CHANGES: list[tuple[dict[str, Any], dict[str, Any], list[str], str]] = [
    (
        {}, {"day0": date(2026, 3, 9)},
        ["M3", "moved", "Tue 2026-06-02", "Tue 2026-06-09"],
        "M3: moved: was Tue 2026-06-02, now Tue 2026-06-09",
    ),
    (
        {}, {"protocol": WIDE},
        ["M4", "window changed", "2026-06-25 to 2026-07-09", "2026-06-25 to 2026-07-12"],
        "M4: window changed: was 2026-06-25 to 2026-07-09, now 2026-06-25 to 2026-07-12",
    ),
    (
        {}, {"protocol": ONE_DAY},
        ["M4", "window changed", "2026-06-25 to 2026-07-09", "2026-07-02"],
        "M4: window changed: was 2026-06-25 to 2026-07-09, now 2026-07-02",
    ),
    (
        {}, {"protocol": BY_PHONE},
        ["M4", "kind changed", "clinic visit", "phone or video call"],
        "M4: kind changed: was clinic visit, now phone or video call",
    ),
    (
        {"site": at(8), "booked": True}, {"site": at(9), "booked": True},
        ["M6", "time changed", "08:00-13:00", "09:00-14:00"],
        "M6: time changed: was 08:00-13:00, now 09:00-14:00",
    ),
    (
        {"site": at(8)}, {"site": at(8), "booked": True},
        ["M6", "time changed", "no time", "08:00-13:00"],
        "M6: time changed: was no time, now 08:00-13:00",
    ),
    (
        {"site": at(8), "booked": True}, {"site": at(8, time_zone="America/Chicago"), "booked": True},
        ["M6", "time changed", "08:00-13:00 America/New_York", "08:00-13:00 America/Chicago"],
        "M6: time changed: was 08:00-13:00 America/New_York, now 08:00-13:00 America/Chicago",
    ),
    (
        {"site": a_site()}, {"site": a_site(closures=[NO_LATER_DAY_0, STORM])},
        ["M3", "no day fits it any more", "Tue 2026-06-02", "-"],
        "M3: no day fits it any more: was Tue 2026-06-02",
    ),
    (
        {"site": a_site(closures=[NO_LATER_DAY_0, STORM])}, {"site": a_site()},
        ["M3", "has a day now", "-", "Tue 2026-06-02"],
        "M3: has a day now: Tue 2026-06-02",
    ),
    (
        {"steroids": False}, {},
        ["TAPER", "added", "-", "Tue 2026-06-16"],
        "TAPER: added: Tue 2026-06-16",
    ),
    (
        {}, {"steroids": False},
        ["TAPER", "no longer planned", "Tue 2026-06-16", "-"],
        "TAPER: no longer planned: was Tue 2026-06-16",
    ),
    (
        {}, {"day0": date(2026, 3, 9)},
        ["Day 0", "changed", "Mon 2026-03-02", "Mon 2026-03-09"],
        "Day 0: changed: was Mon 2026-03-02, now Mon 2026-03-09",
    ),
    (
        {}, {"site": a_site()},
        ["Site", "changed", "no site calendar", "test"],
        "Site: changed: was no site calendar, now test",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "row", "line"), CHANGES, ids=[one[-1] for one in CHANGES])
def test_a_change_is_a_row_of_the_table_and_a_line_where_there_is_no_room(
    old: dict[str, Any], new: dict[str, Any], row: list[str], line: str
) -> None:
    comparison = compared(old, new)

    assert row in rows(comparison)
    assert line in lines(comparison)


def test_a_visit_that_is_added_without_a_day_says_so() -> None:
    whole = kept(a_plan(site=a_site(closures=[NO_LATER_DAY_0, STORM])))
    without = replace(whole, visits=tuple(visit for visit in whole.visits if visit.code != "M3"))

    assert ["M3", "added", "-", "NO DAY FITS"] in rows(compare(without, whole))


def test_the_heading_says_whose_schedules_and_of_which_days() -> None:
    head, as_of, *_ = changes_table(compared({}, {"as_of": LATER}), ENGLISH, width=100).splitlines()

    assert head == "RES001-DMPM-02, participant P-001: what changed"
    assert as_of == "old: valid as of Mon 2026-03-02; new: valid as of Mon 2026-03-09"


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "nothing changed; no page needs replacing"),
        ("es", "no cambió nada; no hay que reemplazar ninguna página"),
    ],
)
def test_where_nothing_changed_one_sentence_says_so(lang: str, said: str) -> None:
    shown = changes_table(compared({}, {"as_of": LATER}), language(lang), width=100)

    assert shown.splitlines()[2:] == ["", said]


def test_pages_to_replace_and_to_take_out_are_named() -> None:
    pages = {"C-1": "ffffffff", "S-1": PAGES["S-1"], "M3-1": PAGES["M3-1"], "M4-1": "abcdabcd"}

    shown = changes_table(compared({}, {}, pages), ENGLISH, width=100)

    assert shown.splitlines()[3:] == [
        "Replace these pages of the packet: C-1, M4-1",
        "New among them: M4-1",
        "Take these pages out: M3-2",
    ]


def test_where_only_dates_for_staff_changed_no_page_needs_replacing() -> None:
    shown = changes_table(compared({}, {"steroids": False}), ENGLISH, width=100)

    assert shown.splitlines()[-1] == "No page of the packet needs replacing."


@pytest.mark.parametrize("width", [30, 40, 60, 79, 100, 200])
def test_the_tables_fit_their_width_and_lose_nothing(width: int) -> None:
    comparison = compared({}, {"day0": date(2026, 3, 9), "site": a_site()}, {f"M{n}-1": "abcdabcd" for n in range(26)})

    shown = changes_table(comparison, ENGLISH, width=width)

    assert max(map(len, shown.splitlines())) <= width
    for one in ("Tue 2026-06-09", "2028-03-24 to 2028-04-21", "TAPER", "M25-1", "P-001"):
        assert one in " ".join(shown.split())


def test_the_table_speaks_spanish() -> None:
    found = rows(compared({}, {"day0": date(2026, 3, 9)}), "es")

    assert ["Visita", "Cambio", "Antes", "Ahora"] in found
    assert ["M3", "cambió de día", "mar 2026-06-02", "mar 2026-06-09"] in found
    assert ["M3", "cambió la ventana", "2026-05-30 a 2026-06-09", "2026-06-06 a 2026-06-16"] in found
    assert found[-1] == ["No hay que reemplazar ninguna página del paquete."]


def test_swapped_files_are_noted_with_both_instants() -> None:
    swapped = compared({"as_of": LATER}, {})

    assert swapped_line(swapped, ENGLISH) == (
        "note: the new schedule (2026-03-02T05:00:00Z) is older than the old one (2026-03-09T04:00:00Z); "
        "were the two files swapped?"
    )
    assert swapped_line(compared({}, {"as_of": LATER}), ENGLISH) is None
    assert swapped_line(compared({}, {}), ENGLISH) is None


def test_the_json_has_every_fact() -> None:
    comparison = compared(
        {"site": a_site(), "booked": True},
        {"site": a_site(closures=[NO_LATER_DAY_0, STORM]), "booked": True, "as_of": LATER},
        {"C-1": "ffffffff", "X-1": "1"},
    )

    read = json.loads(changes_json(comparison, ENGLISH))

    (month3,) = (one for one in read["visits"] if one["code"] == "M3")
    assert month3 == {
        "code": "M3",
        "name": "Month 3",
        "changes": ["unplaced"],
        "old": {
            "kind": "infusion",
            "earliest": "2026-05-30",
            "latest": "2026-06-09",
            "planned": "2026-06-02",
            "start": "2026-06-02T09:00",
            "end": "2026-06-02T14:00",
            "time_zone": "America/New_York",
        },
        "new": {
            "kind": "infusion",
            "earliest": "2026-05-30",
            "latest": "2026-06-09",
            "planned": None,
            "start": None,
            "end": None,
            "time_zone": "America/New_York",
        },
        "says": ["M3: no day fits it any more: was Tue 2026-06-02"],
    }
    del read["visits"]
    assert read == {
        "participant": "P-001",
        "protocol": "RES001-DMPM-02",
        "as_of": {"old": "2026-03-02T05:00:00Z", "new": "2026-03-09T04:00:00Z"},
        "facts": [],
        "pages": {"replace": ["C-1", "X-1"], "new": ["X-1"], "take_out": ["S-1", "M3-1", "M3-2"]},
    }


def test_the_json_has_null_for_a_visit_that_is_not_there() -> None:
    read = json.loads(changes_json(compared({}, {"steroids": False, "day0": date(2026, 3, 9)}), ENGLISH))

    (taper,) = (one for one in read["visits"] if one["code"] == "TAPER")
    assert (taper["new"], taper["old"]["planned"]) == (None, "2026-06-16")
    assert read["facts"] == [
        {"fact": "day0", "old": "2026-03-02", "new": "2026-03-09"},
        {"fact": "steroids", "old": True, "new": False},
    ]


@pytest.mark.parametrize(
    ("speaks", "yes", "no", "doses", "day"),
    [(language("en"), "yes", "no", "Steroid doses", "day"), (language("es"), "sí", "no", "Dosis de esteroides", "día")],
)
def test_doses_and_steroids_are_told_with_what_they_were(
    speaks: Language, yes: str, no: str, doses: str, day: str
) -> None:
    prescribed = a_taper((1, "7.5"), (15, "5"))
    stopped = said_facts(compared({}, {"steroids": False}), speaks)
    changed = said_facts(compared({}, {"taper": prescribed}), speaks)

    assert [(one.old, one.new) for one in stopped] == [(yes, no)]
    assert [(one.about, one.old, one.new) for one in changed] == [
        (doses, "-", f"{day} 1: 7.5\u00a0mg; {day} 15: 5\u00a0mg")
    ]
