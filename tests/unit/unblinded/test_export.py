"""The clinic's export: what is read from it, what is refused, and the sheets that come of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import a_plan, example_site, other_protocol, registered_protocol
from unblinded import write_export

from schedule.errors import InvalidInput
from schedule.study.protocol import Kind
from schedule.unblinded.export import check_export, find_exports, plan_from, read_export, why_stopped
from schedule.unblinded.sheets_folder import render_sheets


@pytest.fixture(autouse=True)
def without_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schedule.unblinded.sheets_folder.write_pdf", lambda _: b"")


def problems(path: Path, site: str = "gainesville", protocol: Any = None) -> list[str]:
    found = check_export(read_export(path), protocol or registered_protocol(), site, file=path)
    return [f"{one.place}: {one.wrong}" for one in found]


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("cohort", ["1", "2"])
def test_sheets_from_an_export_are_those_of_plan_byte_for_byte(tmp_path: Path, lang: str, cohort: str) -> None:
    site, protocol = example_site("gainesville"), registered_protocol()
    plan = a_plan(site=site, booked=True)
    export = read_export(write_export(tmp_path, "P-001"))

    made = plan_from(export, protocol, site, site_id="gainesville")

    assert render_sheets(made, protocol, cohort, lang=lang) == render_sheets(plan, protocol, cohort, lang=lang)


def test_without_a_site_s_file_the_hours_stay_and_its_name_is_a_blank(tmp_path: Path) -> None:
    export = read_export(write_export(tmp_path, "P-001"))

    made = plan_from(export, registered_protocol(), None, site_id="gainesville")
    files, _ = render_sheets(made, registered_protocol(), "1", lang="en")

    assert b"DTSTART;TZID=America/New_York:20260302T080000" in files["pharmacy.ics"]
    assert b"Site: ____" in files["preparation.html"]


def test_moved_days_and_windows_are_those_of_the_export(tmp_path: Path) -> None:
    moved = {"planned": "2026-06-05", "start": "2026-06-05T10:15", "end": "2026-06-05T15:15", "latest": "2026-06-20",
             "sequence": 3, "status": "confirmed"}  # fmt: skip
    export = read_export(write_export(tmp_path, "P-001", {"M3": moved}))
    made = plan_from(export, registered_protocol(), None, site_id="gainesville")
    visits = {str(visit.code): visit for visit in made.staff.visits}

    assert {visit.kind for visit in made.staff.visits} == {Kind.INFUSION}
    assert f"{visits['M3'].start:%Y-%m-%dT%H:%M}" == "2026-06-05T10:15"
    assert str(visits["M3"].latest) == "2026-06-20"
    assert why_stopped(export) == {}


@pytest.mark.parametrize(
    ("status", "words"),
    [("cancelled", "is cancelled"), ("held", "is on hold"), ("missed", "was missed"), ("done", "is over")],
)
def test_an_infusion_that_is_off_gets_a_page_that_says_do_not_prepare(tmp_path: Path, status: str, words: str) -> None:
    export = read_export(write_export(tmp_path, "P-001", {"M6": {"status": status, "sequence": 2}}))
    made = plan_from(export, registered_protocol(), None, site_id="gainesville")
    stopped = why_stopped(export)
    files, _ = render_sheets(made, registered_protocol(), "1", lang="en", stopped=stopped)
    page = files["preparation.html"].decode()
    sheet = page.split('<section id="page-M6-PH"')[1].split("</section>")[0]

    assert "DO NOT PREPARE" in sheet
    assert words in sheet
    assert not any(word in sheet for word in ("ULSC", "Placebo", "Vials", "Strength"))
    assert page.count("DO NOT PREPARE") == 3
    assert 'id="page-M6-HO"' not in files["handover.html"].decode()
    assert 'id="page-M7-HO"' in files["handover.html"].decode()
    event = next(one for one in files["pharmacy.ics"].decode().split("BEGIN:VEVENT") if "P-001 M6" in one)
    assert "SEQUENCE:2" in event
    assert ("SUMMARY:CANCELLED: P-001 M6" in event) is (status != "done")
    assert ("STATUS:CANCELLED" in event) is (status != "done")
    assert "VALARM" not in event


def test_another_study_version_or_site_is_refused(tmp_path: Path) -> None:
    path = write_export(tmp_path, "P-001", protocol_version="2027-01-01")

    assert problems(path, site="miami") == [
        "protocol_version: it is '2027-01-01', but here it is '2026-02-03.1'",
        "site: it is 'gainesville', but here it is 'miami'",
    ]
    assert problems(write_export(tmp_path, "P-001"), protocol=other_protocol())[0].startswith("protocol: it is 'RES001")
    assert problems(write_export(tmp_path, "P-001")) == []


def test_an_infusion_too_many_or_too_few_is_refused(tmp_path: Path) -> None:
    path = write_export(tmp_path, "P-001", {"M6": {"kind": "clinic"}, "M1": {"kind": "infusion"}})

    assert problems(path) == [
        "visits: the infusion M1 is not in the protocol",
        "visits: the infusion M6 is not in it",
    ]


def test_what_is_wrong_in_an_export_is_told_at_once(tmp_path: Path) -> None:
    path = write_export(tmp_path, "P-001", {"M3": {"target": None}, "M6": {"sequence": -1}})

    with pytest.raises(InvalidInput) as error:
        read_export(path)
    assert [one.place for one in error.value.problems] == ["visits[3].target", "visits[7].sequence"]
    over = write_export(tmp_path, "P-002", {"M3": {"status": "over"}})
    assert problems(over) == ["visits: the status of M3 is 'over', which no visit has"]


def test_exports_are_found_in_a_file_a_folder_and_the_participants_folders(tmp_path: Path) -> None:
    one, two = (write_export(tmp_path, code) for code in ("P-001", "P-002"))

    assert find_exports(one) == (one,)
    assert find_exports(tmp_path) == (one, two)
    assert find_exports(tmp_path, "P-002") == (two,)
    assert find_exports(tmp_path / "P-001") == (one,)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match=r"there is no schedule\.json in it"):
        find_exports(tmp_path / "empty")


def test_an_older_export_without_what_became_of_visits_is_read(tmp_path: Path) -> None:
    export = read_export(write_export(tmp_path, "P-001"))

    assert {visit.status for visit in export.visits} == {None}
    assert "status" not in json.loads((tmp_path / "P-001" / "schedule.json").read_text())["visits"][0]
