"""Days for everybody at a site, from the clinic's memory."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from builders import SITE_FILE, edited
from clinics import Clinic, printed

ONE_CHAIR = "[arrival]\n", "[capacity]\ninfusion = 1\n\n[arrival]\n"
BEFORE = "2026-05-20"


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic with one chair and three participants, all infused on 2 March 2026: M3 is from 30 May to 9 June."""
    made = Clinic(tmp_path, monkeypatch)
    site = edited(SITE_FILE, tmp_path, ONE_CHAIR)
    made.must(f"clinic init --site {site}")
    for code in ("P-001", "P-002", "P-003"):
        made.must(f"enroll {code} --site gainesville --randomized 2026-03-02 --steroids --day0 2026-03-02")
        for visit in ("M1", "M2"):
            made.must(f"miss {code} {visit} --reason 'not asked here'", on=BEFORE)
    return made


def appointments(clinic: Clinic, visit: str) -> dict[str, tuple[str, str]]:
    rows = clinic.ask(
        f"SELECT participant_id, planned, status FROM clinic_visit WHERE code = '{visit}' ORDER BY participant_id"  # noqa: S608 - a test's own words
    )
    return {code: (str(day), status) for code, day, status in rows}


def test_three_who_share_a_chair_have_three_days(three: Clinic) -> None:
    shown = three.must("optimise --yes --until 2026-06-30")

    lines = shown.out.splitlines()
    assert [line.partition(" ")[2] for line in lines[:3]] == [
        "M3: Mon 2026-06-01 08:00: 1 day before its target",
        "M3: Tue 2026-06-02 08:00: on its target",
        "M3: Wed 2026-06-03 08:00: 1 day after its target",
    ]
    assert lines[3] == "cost 2, proven bound 2, gap 0 %"
    found = appointments(three, "M3")
    assert sorted(found.values()) == [("2026-06-01", "booked"), ("2026-06-02", "booked"), ("2026-06-03", "booked")]
    assert len({three.last(code).group for code in ("P-001", "P-002", "P-003")}) == 1
    three.check_lists()
    again = three.must("optimise --yes --until 2026-06-30").out.splitlines()
    assert again == ["cost 0, proven bound 0, gap 0 %", "nothing is to be booked or moved"]


def test_nothing_is_booked_until_it_is_accepted(three: Clinic) -> None:
    before = three.count()

    dry = printed(three.must("optimise --until 2026-06-30 --dry-run --format json"))
    refused = three.run("optimise --until 2026-06-30", answer="n\n")
    unasked = three.run("optimise --until 2026-06-30")

    assert sorted(one["participant"] for one in dry["appointments"]) == ["P-001", "P-002", "P-003"]
    assert [(one["code"], one["day"], one["time"]) for one in dry["appointments"]] == [
        ("M3", "2026-06-01", "08:00"),
        ("M3", "2026-06-02", "08:00"),
        ("M3", "2026-06-03", "08:00"),
    ]
    assert (dry["figures"]["cost"], dry["recorded"], refused.code, unasked.code) == (2, False, 1, 1)
    assert "nobody said yes; repeat the command with --yes" in unasked.err
    assert three.count() == before


def test_eight_weeks_are_chosen_where_nobody_says(three: Clinic) -> None:
    visits = {one["code"] for one in printed(three.must("optimise --dry-run --format json"))["appointments"]}
    # Tomorrow is 21 May; eight weeks later it is 16 July: M3 on 2 June and M4 on 2 July, but not M5 on 2 August.
    assert visits == {"M3", "M4"}


def test_what_was_promised_stays_unless_it_may_move(three: Clinic) -> None:
    three.must("book P-002 M3 2026-06-02")
    three.must("book P-003 M3 2026-06-03")
    three.must("away P-001 2026-05-21..2026-06-02")
    three.must("away P-001 2026-06-04..2026-06-30")

    stuck = three.run("optimise --yes --until 2026-06-10")
    moved = three.must("optimise --yes --until 2026-06-10 --movable")

    assert stuck.code == 1
    assert stuck.out == ""
    assert stuck.err.splitlines()[0] == "There is no plan."
    assert stuck.err.splitlines()[1].startswith(
        "What would help: gainesville: 1 extra slot for infusion on Wed 2026-06-03"
    )
    assert "P-003 M3: Wed 2026-06-03 08:00 -> Mon 2026-06-01 08:00: 1 day before its target" in moved.out
    assert appointments(three, "M3")["P-002"] == ("2026-06-02", "booked")
    assert [row["participant"] for row in printed(three.must("tell --format json")) if row["code"] == "M3"]


def test_an_appointment_is_not_moved_for_a_few_days(three: Clinic) -> None:
    three.must("book P-001 M3 2026-06-05")
    three.must("optimise --yes --until 2026-06-10 --movable")
    assert appointments(three, "M3")["P-001"] == ("2026-06-05", "booked")


def test_why_there_is_no_plan_is_told_to_programs_and_in_spanish(three: Clinic) -> None:
    three.must("clinic capacity gainesville 2026-06-03..2026-06-30 --kind infusion --limit 0 --reason recall")

    found = printed_whatever(three, "optimise --yes --until 2026-06-10 --format json")
    spanish = three.run("optimise --yes --until 2026-06-10 --staff-lang es")

    assert {one["participant"] for one in found["core"] if one["type"] == "window"} == {"P-001", "P-002", "P-003"}
    assert [(one["type"], one.get("extra")) for one in found["repair"]] == [("capacity", 1)]
    assert spanish.err.splitlines()[1].startswith("Ayudaría: gainesville: 1 turno más de infusión el")


def printed_whatever(clinic: Clinic, line: str) -> dict[str, list[dict[str, Any]]]:
    """Return what a command prints as JSON before it leaves with 1."""
    done = clinic.run(line)
    assert done.code == 1
    found: dict[str, list[dict[str, Any]]] = json.loads(done.out)
    return found


def test_the_clinics_own_problem_is_answered_by_the_program(three: Clinic) -> None:
    three.must("optimise --yes --until 2026-06-30 --export-problem own.json")
    done = three.must("optimise --problem own.json --solution days.json")
    assert done.out == "cost 2, proven bound 2, gap 0 %\n"
    days = json.loads((three.folder / "days.json").read_text("utf-8"))["visits"]
    assert sorted(one["date"] for one in days if one["visit"] == "M3") == ["2026-06-01", "2026-06-02", "2026-06-03"]


def test_a_file_and_the_clinic_are_not_asked_at_once(three: Clinic) -> None:
    both = three.run("optimise --problem own.json --solution days.json --site gainesville --dry-run")
    half = three.run("optimise --problem own.json")
    assert (both.code, half.code) == (2, 2)
    assert "leave out --site, --dry-run" in both.err
    assert "go together" in half.err


def test_days_that_are_the_wrong_way_round(three: Clinic) -> None:
    assert "2026-06-01 is before 2026-06-30" in three.run("optimise --from 2026-06-30 --until 2026-06-01").err


def test_without_the_solver_it_says_what_to_install(three: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    for line in ("optimise", "replan --reason why"):
        done = three.run(line)
        assert (done.code, done.out) == (3, "")
        assert done.err == "dayzero: the planner needs highspy; install it with: pip install 'dayzero[planner]'\n"
