"""schedule.json read back: what a comparison keeps of it, and how every mistake is told."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import NO_LATER_DAY_0, PAGES, a_plan, a_site, closed, example_site, kept, other_protocol, schedule_text

from schedule.errors import InvalidInput, Problem
from schedule.files.schedule_file import parse_schedule, read_schedule
from schedule.planning.changes import KeptVisit
from schedule.study.protocol import Kind, Label, VisitCode, WallTime

PLAN_AGAIN = "plan again: dayzero plan writes schedule.json"


def booked() -> dict[str, Any]:
    """Return what the file of a booked schedule holds."""
    record: dict[str, Any] = json.loads(schedule_text(a_plan(site=example_site("gainesville"), booked=True)))
    return record


def problems(text: str) -> list[Problem]:
    with pytest.raises(InvalidInput) as told:
        parse_schedule(text, file="old.json")
    assert {problem.file for problem in told.value.problems} == {"old.json"}
    return list(told.value.problems)


def told(record: object) -> dict[str, str]:
    found = problems(json.dumps(record))
    assert {problem.remedy for problem in found} == {PLAN_AGAIN}
    return {problem.place: problem.wrong for problem in found}


def test_what_plan_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / "schedule.json").write_text(json.dumps(booked()), "utf-8")

    schedule = read_schedule(tmp_path / "schedule.json")

    assert (schedule.participant, schedule.protocol) == ("P-001", "RES001-DMPM-02")
    assert (schedule.randomized, schedule.day0) == (date(2026, 3, 2), date(2026, 3, 2))
    assert (schedule.site, schedule.time_zone) == ("gainesville", "America/New_York")
    assert schedule.as_of == datetime(2026, 3, 2, 5, tzinfo=UTC)
    assert schedule.pages == PAGES
    assert len(schedule.visits) == 24
    assert schedule.visits[3] == KeptVisit(
        code=VisitCode("M3"),
        name=Label("Month 3"),
        kind=Kind.INFUSION,
        earliest=date(2026, 5, 30),
        latest=date(2026, 6, 9),
        planned=date(2026, 6, 2),
        start=WallTime(datetime(2026, 6, 2, 8, 0)),
        end=WallTime(datetime(2026, 6, 2, 13, 0)),
        time_zone=Label("America/New_York"),
    )


def test_what_is_not_known_is_read_as_such() -> None:
    schedule = kept(a_plan(protocol=other_protocol(), steroids=None))
    visit = schedule.visits[0]

    assert (schedule.site, schedule.time_zone) == (None, None)
    assert (visit.start, visit.end, visit.time_zone, visit.hours) == (None, None, None, None)


def test_a_visit_without_a_day_is_read() -> None:
    storm = a_site(closures=[NO_LATER_DAY_0, closed(date(2026, 5, 30), date(2026, 6, 9))])

    (month3,) = (visit for visit in kept(a_plan(site=storm)).visits if visit.code == "M3")

    assert month3.planned is None


@pytest.mark.parametrize(
    ("as_of", "site", "expected"),
    [
        ("2026-03-02T05:00:00Z", "gainesville", date(2026, 3, 2)),
        ("2026-03-02T04:59:00Z", "gainesville", date(2026, 3, 1)),
        ("2026-07-02T04:00:00Z", "gainesville", date(2026, 7, 2)),
        ("2026-03-02T04:59:00Z", None, date(2026, 3, 2)),
    ],
)
def test_the_day_as_of_which_it_is_valid_is_the_sites(as_of: str, site: str | None, expected: date) -> None:
    plan = a_plan(site=example_site(site) if site else None)

    assert parse_schedule(schedule_text(plan, as_of=as_of), file="x").valid_as_of == expected


def test_keys_of_a_later_dayzero_are_passed_over() -> None:
    record = booked()
    record["layout"] = {"paper": "a4"}
    record["visits"][0]["room"] = 5

    assert parse_schedule(json.dumps(record), file="x") == parse_schedule(json.dumps(booked()), file="x")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "it is not JSON: line 1, column 1: Expecting value"),
        ('{"participant": "P-001",\n "visits": [', "it is not JSON: line 2, column 13: Expecting value"),
        ("participant = 'P-001'", "it is not JSON: line 1, column 1: Expecting value"),
        ("[]", "it is JSON, but no object with names"),
        ("null", "it is JSON, but no object with names"),
        ('"schedule"', "it is JSON, but no object with names"),
        ("[" * 100_000, "it nests too deep, or holds a number that JSON does not have or that is too long"),
        ('{"x": NaN}', "it nests too deep, or holds a number that JSON does not have or that is too long"),
        ('{"x": ' + "1" * 5000 + "}", "it nests too deep, or holds a number that JSON does not have or that is too"),
    ],
)
def test_what_is_no_json_object_is_told(text: str, wrong: str) -> None:
    (problem,) = problems(text)

    assert problem.wrong.startswith(wrong)
    assert problem.remedy == "name a schedule.json that dayzero plan wrote"


def test_a_file_that_is_too_large_is_told(tmp_path: Path) -> None:
    (tmp_path / "huge.json").write_text(schedule_text(a_plan()) + " " * 1_000_000)

    with pytest.raises(InvalidInput, match="it is larger than 1,000,000 bytes"):
        read_schedule(tmp_path / "huge.json")


def test_a_file_of_an_older_dayzero_is_told_to_plan_again() -> None:
    (problem,) = problems(schedule_text(a_plan(), pages=None))

    assert str(problem) == f"old.json: pages: is missing: an older dayzero wrote this file; {PLAN_AGAIN}"


@pytest.mark.parametrize(
    ("key", "value", "place", "wrong"),
    [
        ("participant", 5, "participant", "is 5, not a text"),
        ("participant", "", "participant", "is empty"),
        ("participant", "../P-001", "participant", "'../P-001' is not a participant code"),
        ("participant", "P\u0007", "participant", "holds the control character U+0007"),
        ("protocol", None, "protocol", "is null, not a text"),
        ("randomized", "2026-02-30", "randomized", "'2026-02-30' is a day that does not exist"),
        ("day0", "soon", "day0", "'soon' is not a date of the form YYYY-MM-DD"),
        ("as_of", "2026-03-02T05:00:00", "as_of", "'2026-03-02T05:00:00' is not an instant"),
        ("as_of", 0, "as_of", "is 0, not a text"),
        ("visits", {}, "visits", "is a table, not a list"),
        ("visits", None, "visits", "is null, not a list"),
        ("visits", [], "visits", "there is none"),
        ("visits", ["M3"], "visits[0]", "is 'M3', not a table"),
        ("pages", [], "pages", "is a list, not a table"),
        ("pages", {"C-1": 5}, "pages.C-1", "is 5, not a text"),
        ("pages", {"C-1": ""}, "pages.C-1", "is empty"),
        ("pages", {"C 1": "aa"}, "pages", "'C 1' is no page code"),
    ],
)
def test_a_wrong_value_is_told_with_its_key(key: str, value: object, place: str, wrong: str) -> None:
    assert told(booked() | {key: value}) == {place: wrong}


@pytest.mark.parametrize(
    ("key", "value", "place", "wrong"),
    [
        ("code", "M 3", "code", "'M 3' is no visit code"),
        ("kind", "visit", "kind", "is 'visit'"),
        ("earliest", None, "earliest", "only a task on hold has no dates"),
        ("earliest", 1, "earliest", "is 1, not a text"),
        ("latest", "2026-05-29", "latest", "2026-05-29 is before 2026-05-30"),
        ("planned", 20260602, "planned", "is 20260602, not a text"),
        ("planned", "2026-06-03", "start", "2026-06-02 is not the planned day"),
        ("planned", None, "start", "2026-06-02 is not the planned day"),
        ("start", "08:00", "start", "is '08:00', not a local day and time"),
        ("start", "2026-06-02T8:00", "start", "is '8:00', not a time"),
        ("start", "2026-06-31T08:00", "start", "'2026-06-31' is a day that does not exist"),
        ("start", None, "start", "a start goes with an end"),
        ("end", "2026-06-02T13:00:00Z", "end", "is '13:00:00Z', not a time"),
        ("time_zone", "America/Gainesville", "time_zone", "there is no time zone 'America/Gainesville'"),
        ("time_zone", "../etc/passwd", "time_zone", "there is no time zone '../etc/passwd'"),
    ],
)
def test_a_wrong_value_of_a_visit_is_told_with_its_key(key: str, value: object, place: str, wrong: str) -> None:
    record = booked()
    record["visits"][3][key] = value
    if key == "time_zone":
        record["visits"] = [record["visits"][3]]
        assert told(record) == {f"visits[0].{place}": wrong}
    else:
        assert told(record) == {f"visits[3].{place}": wrong}


@pytest.mark.parametrize("key", ["participant", "protocol_version", "day0", "site", "as_of", "visits"])
def test_a_missing_key_is_told(key: str) -> None:
    record = booked()
    del record[key]

    assert told(record) == {key: "is missing"}


def test_a_missing_key_of_a_visit_is_told() -> None:
    record = booked()
    del record["visits"][23]["planned"]

    assert told(record) == {"visits[23].planned": "is missing"}


def test_one_participant_is_in_one_time_zone() -> None:
    record = booked()
    record["visits"][3]["time_zone"] = "America/Chicago"

    assert told(record) == {"visits": "they are in more than one time zone"}


def test_a_code_that_stands_twice_is_told() -> None:
    record = booked()
    record["visits"].append(record["visits"][3])

    assert told(record) == {"visits": "'M3' stands 2 times"}


def test_a_key_that_stands_twice_is_told_with_all_the_rest() -> None:
    text = json.dumps(booked() | {"site": 5}).replace('"C-1": ', '"C-1": "ffff", "C-1": ')

    assert [(one.place, one.wrong) for one in problems(text)] == [
        ("", "the key 'C-1' stands twice in one object"),
        ("site", "is 5, not a text"),
    ]


def test_all_that_is_wrong_is_told_at_once() -> None:
    record = booked() | {"randomized": 1, "pages": {"C-1": None}}
    del record["as_of"]
    record["visits"][0]["earliest"] = "x"

    assert set(told(record)) == {"randomized", "pages.C-1", "as_of", "visits[0].earliest"}
