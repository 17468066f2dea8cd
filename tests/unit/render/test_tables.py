"""schedule.json, schedule.csv and the table on a terminal."""

import csv
import io
import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from builders import (
    NO_LATER_DAY_0,
    a_plan,
    a_site,
    a_taper,
    closed,
    example_site,
    other_protocol,
    registered_protocol,
    with_visit,
)

from schedule.render.language import language
from schedule.render.tables import notice_lines, schedule_csv, schedule_json, schedule_table
from schedule.sites import Site, Weekday
from schedule.study.offsets import Offset
from schedule.study.protocol import Kind, Text
from schedule.views import StaffSchedule

ENGLISH, SPANISH = language("en"), language("es")
WHOLE = ["participant", "protocol", "protocol_version", "randomized", "day0", "site", "steroids", "as_of"]
VISIT = [
    "code", "name", "kind", "target", "earliest", "latest", "planned", "start", "end", "time_zone", "slack_days",
    "offset_basis", "anchor_basis", "window_basis", "because", "unplaced_reasons",
]  # fmt: skip


def hurricane() -> Site:
    return a_site(closures=[NO_LATER_DAY_0, closed(date(2026, 5, 30), date(2026, 6, 9))])


def read_json(schedule: StaffSchedule, lang: str = "en") -> dict[str, Any]:
    read: dict[str, Any] = json.loads(schedule_json(schedule, language(lang), {}))
    return read


def read_csv(schedule: StaffSchedule) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(schedule_csv(schedule, ENGLISH).decode(), newline="")))


def visit_of(schedule: StaffSchedule, code: str) -> dict[str, Any]:
    visit: dict[str, Any] = next(one for one in read_json(schedule)["visits"] if one["code"] == code)
    return visit


def test_the_json_has_the_promised_names_in_their_order() -> None:
    read = read_json(a_plan().staff)

    assert list(read) == [*WHOLE, "visits", "taper", "sample", "pages"]
    assert all(list(visit) == VISIT for visit in read["visits"])


def test_the_csv_is_headed_by_the_same_names() -> None:
    header, *_ = schedule_csv(a_plan().staff, ENGLISH).decode().split("\r\n")

    assert header.split(",") == WHOLE + VISIT


def test_the_json_says_for_whom_and_when() -> None:
    read = read_json(a_plan(site=example_site("gainesville"), day0=date(2026, 3, 9)).staff)
    del read["visits"], read["taper"], read["protocol_version"], read["pages"]

    assert read.pop("sample") is True
    assert read == {
        "participant": "P-001",
        "protocol": "RES001-DMPM-02",
        "randomized": "2026-03-02",
        "day0": "2026-03-09",
        "site": "gainesville",
        "steroids": True,
        "as_of": "2026-03-02T05:00:00Z",
    }


def test_a_visit_without_a_site_has_its_days_and_no_times() -> None:
    visit = visit_of(a_plan().staff, "M6")
    visit["because"] = visit["because"][0]

    assert visit == {
        "code": "M6",
        "name": "Month 6",
        "kind": "infusion",
        "target": "2026-09-02",
        "earliest": "2026-08-30",
        "latest": "2026-09-09",
        "planned": "2026-09-02",
        "start": None,
        "end": None,
        "time_zone": None,
        "slack_days": 7,
        "offset_basis": "registered",
        "anchor_basis": "registered",
        "window_basis": "assumed",
        "because": "Month 6 counts from Day 0: 2 March + 6 months = Wed 2 September",
        "unplaced_reasons": [],
    }


@pytest.mark.parametrize(
    ("code", "start", "end"),
    [
        ("D0", "2026-03-02T08:00", "2026-03-02T15:30"),
        ("M5", "2026-08-03T10:00", "2026-08-03T10:30"),
        ("M8", "2026-11-02T09:00", "2026-11-02T11:30"),
        ("TAPER", None, None),
    ],
)
def test_a_booked_visit_has_local_times(code: str, start: str | None, end: str | None) -> None:
    visit = visit_of(a_plan(site=example_site("gainesville"), booked=True).staff, code)

    assert (visit["start"], visit["end"], visit["time_zone"]) == (start, end, "America/New_York")


def test_a_milestone_has_no_slack_to_lose() -> None:
    taper = visit_of(a_plan().staff, "TAPER")

    assert taper["kind"] == "milestone"
    assert {taper[key] for key in ("target", "earliest", "latest", "planned")} == {"2026-06-16"}


def test_a_visit_without_a_day_is_null_with_its_reasons() -> None:
    visit = visit_of(a_plan(site=hurricane()).staff, "M3")

    assert (visit["planned"], visit["slack_days"], visit["target"]) == (None, None, "2026-06-02")
    assert len(visit["unplaced_reasons"]) == 11


def test_visits_stand_in_the_order_of_their_days() -> None:
    days = [visit["planned"] for visit in read_json(a_plan(site=example_site("gainesville")).staff)["visits"]]

    assert len(days) == 24
    assert days == sorted(days)


def test_a_visit_moved_before_another_stands_before_it() -> None:
    protocol = with_visit(other_protocol(), "W8", offset=Offset(weeks=8))  # on Monday 25 May, as Week 12
    storm = closed(date(2026, 5, 25), date(2026, 5, 25), Kind.VIRTUAL)
    site = a_site(weekdays=tuple(Weekday), closures=[storm])

    visits = read_json(a_plan(protocol=protocol, site=site, steroids=None).staff)["visits"]

    assert [(visit["code"], visit["planned"]) for visit in visits[2:]] == [("W8", "2026-05-24"), ("W12", "2026-05-25")]


def test_sentences_are_in_the_language_of_the_staff() -> None:
    assert read_json(a_plan().staff, "es")["visits"][0]["name"] == "Día 0"


def test_a_trial_without_steroids_has_null_for_them() -> None:
    assert read_json(a_plan(protocol=other_protocol(), steroids=None).staff)["steroids"] is None


def test_the_csv_says_what_the_json_says() -> None:
    schedule = a_plan(site=hurricane(), day0=date(2026, 3, 18)).staff  # M3 then stands after the storm

    for row, visit in zip(read_csv(schedule), read_json(schedule)["visits"], strict=True):
        for name in ("code", "name", "kind", "target", "earliest", "latest", "offset_basis", "window_basis"):
            assert row[name] == visit[name]
        assert row["planned"] == (visit["planned"] or "")
        assert row["because"] == " | ".join(visit["because"])
        assert (row["start"], row["steroids"], row["time_zone"]) == ("", "true", "America/New_York")
        assert row["slack_days"] == str(visit["slack_days"])


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "|", "%"])
def test_no_cell_of_the_csv_is_run_as_a_formula(start: str) -> None:
    name = f'{start}HYPERLINK("http://x","y")'
    protocol = with_visit(registered_protocol(), "M1", name=Text(en=name, es=name))

    rows = read_csv(a_plan(protocol=protocol).staff)

    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "|", "%", "\t", "\r"))]
    assert sum(cell.startswith("'" + name) for cell in cells) == 2  # its name, and why its day is what it is


def test_a_negative_slack_stays_a_number() -> None:
    late = a_plan(day0=date(2026, 3, 18)).staff

    assert visit_of(late, "D0")["slack_days"] == -2
    assert read_csv(late)[0]["slack_days"] == "-2"


@pytest.mark.parametrize("width", [40, 60, 79, 100, 200])
@pytest.mark.parametrize("site", [None, example_site("gainesville")], ids=["no site", "a site"])
def test_the_table_fits_its_width_and_loses_nothing(width: int, site: Site | None) -> None:
    table = schedule_table(a_plan(site=site, booked=bool(site)).staff, ENGLISH, width=width)

    assert max(map(len, table.splitlines())) <= width
    for shown in ("Mon 2026-03-02", "2028-03-19", "2028-04-16", "TAPER", "infusion", "57 h 30 min", "P-001"):
        assert shown in table
    assert table.count("\nM") == 22


def test_the_table_marks_what_is_assumed_of_each_visit() -> None:
    lines = schedule_table(a_plan().staff, ENGLISH, width=100).splitlines()

    day0, month1, month3 = (next(one for one in lines if one.startswith(code + " ")) for code in ("D0", "M1", "M3"))
    assert day0.endswith("date, window")
    assert month1.endswith("date, window")
    assert month3.endswith("infusion  window")


def test_the_table_says_where_no_day_fits() -> None:
    plan = a_plan(site=hurricane())

    (line,) = [one for one in schedule_table(plan.staff, ENGLISH, width=100).splitlines() if one.startswith("M3 ")]

    assert "NO DAY FITS" in line
    assert "2026-05-30 to 2026-06-09" in line
    assert not plan.is_complete


def test_staff_are_told_day_by_day_why_a_visit_has_no_day() -> None:
    lines = notice_lines(a_plan(site=hurricane()).staff, ENGLISH)

    assert "M3 has no day from Sat 2026-05-30 to Tue 2026-06-09:" in lines
    assert "  Mon 1 June: the clinic is closed (hurricane)" in lines
    assert any(line.startswith("note: ") and "M3" in line for line in lines)


TAPER = a_taper((1, "7.50"), (8, "5"), (9, "2.25"), (15, "0"))
GIVEN: dict[str, Any] = {"as_of": datetime(2026, 6, 4, 5, tzinfo=UTC), "infusion2_given": date(2026, 6, 3)}


def taper_table(lang: str = "en", width: int = 100, **changes: Any) -> list[str]:
    table = schedule_table(a_plan(taper=TAPER, **changes).staff, language(lang), width=width)
    (block,) = [block for block in table.split("\n\n") if "mg a" in block]
    return block.splitlines()


def test_the_json_has_the_steps_of_a_taper_without_dates_until_infusion_2_was_given() -> None:
    days = [(step["day"], step["from"], step["dose_mg"]) for step in read_json(a_plan(taper=TAPER).staff)["taper"]]

    assert days == [(1, None, 7.5), (8, None, 5), (9, None, 2.25), (15, None, 0)]


def test_the_json_has_the_steps_of_a_taper_with_dates_and_both_languages() -> None:
    staff = a_plan(taper=TAPER, **GIVEN).staff

    assert read_json(staff)["taper"][1] == {
        "day": 8,
        "from": "2026-06-24",
        "dose_mg": 5,
        "instruction_en": "example of day 8",
        "instruction_es": "ejemplo del día 8",
    }
    assert [step["from"] for step in read_json(staff, "es")["taper"]] == [
        "2026-06-17", "2026-06-24", "2026-06-25", "2026-07-01",
    ]  # fmt: skip


def test_the_json_writes_no_zero_after_a_dose() -> None:
    written = schedule_json(a_plan(taper=TAPER).staff, ENGLISH, {}).decode()

    assert re.findall(r'"dose_mg": (.*),', written) == ["7.5", "5", "2.25", "0"]


def test_the_csv_is_a_table_of_visits_without_the_taper() -> None:
    assert schedule_csv(a_plan(taper=TAPER).staff, ENGLISH) == schedule_csv(a_plan().staff, ENGLISH)


def test_the_table_tells_the_steps_of_a_taper_by_their_days() -> None:
    assert taper_table() == [
        "Steroid taper, day 1 is the day on which the participant is called:",
        "  days 1 to 7: 7.5 mg a day. example of day 1",
        "  day 8: 5 mg a day. example of day 8",
        "  days 9 to 14: 2.25 mg a day. example of day 9",
        "  from day 15 on: 0 mg a day. example of day 15",
    ]


def test_the_table_tells_the_steps_of_a_taper_by_their_dates() -> None:
    assert taper_table(**GIVEN) == [
        "Steroid taper, day 1 is Wed 2026-06-17:",
        "  Wed 2026-06-17 to Tue 2026-06-23: 7.5 mg a day. example of day 1",
        "  Wed 2026-06-24: 5 mg a day. example of day 8",
        "  Thu 2026-06-25 to Tue 2026-06-30: 2.25 mg a day. example of day 9",
        "  from Wed 2026-07-01 on: 0 mg a day. example of day 15",
    ]


def test_the_steps_of_a_taper_are_told_in_spanish() -> None:
    assert taper_table("es", **GIVEN)[1:3] == [
        "  mié 2026-06-17 a mar 2026-06-23: 7.5 mg al día. ejemplo del día 1",
        "  mié 2026-06-24: 5 mg al día. ejemplo del día 8",
    ]
    assert taper_table("es")[-1] == "  desde el día 15: 0 mg al día. ejemplo del día 15"


def test_the_steps_of_a_taper_fit_the_width() -> None:
    lines = taper_table(width=40, **GIVEN)

    assert max(map(len, lines)) <= 40
    assert " ".join(" ".join(lines).split()).count("mg a day. example of day") == 4


def test_the_table_speaks_spanish() -> None:
    table = schedule_table(a_plan().staff, SPANISH, width=100)

    assert "lun 2026-03-02" in table
    assert "infusión" in table
