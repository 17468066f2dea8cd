"""When something changes, few others move, and whoever has no day is told to a person."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import SITE_FILE, edited
from clinics import Clinic, printed

CODES = ("P-001", "P-002", "P-003")
FITS = "everything that is booked fits where it is\n"
THREE_DUE = "3 visits are due and not booked, and have room: dayzero optimise gives them their days\n"
"""M4 of the three, on 2 July."""
CLOSE = "replan --yes --closed 2026-06-02..2026-06-03 --reason hurricane"


@pytest.fixture
def booked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic with two chairs: three participants, whose M3 (30 May to 9 June) is booked."""
    made = Clinic(tmp_path, monkeypatch)
    site = edited(SITE_FILE, tmp_path, ("[arrival]", "[capacity]\ninfusion = 2\n\n[arrival]"))
    made.must(f"clinic init --site {site}", on="2026-05-20")
    for code in CODES:
        made.must(f"enroll {code} --site gainesville --randomized 2026-03-02 --steroids --day0 2026-03-02")
    made.must("book P-001 M3 2026-06-02")
    made.must("book P-002 M3 2026-06-02")
    made.must("book P-003 M3 2026-06-04")
    return made


def printed_whatever(clinic: Clinic, line: str) -> dict[str, list[dict[str, Any]]]:
    """Return what a command prints as JSON before it leaves with 1."""
    done = clinic.run(line)
    assert done.code == 1, done.err
    found: dict[str, list[dict[str, Any]]] = json.loads(done.out)
    return found


def days(clinic: Clinic, code: str = "M3") -> dict[str, str]:
    return {one: clinic.visit(code, one)["planned"] for one in CODES}


def test_a_closure_moves_what_it_hits_and_nothing_else(booked: Clinic) -> None:
    shown = booked.must(CLOSE)

    lines = shown.out.splitlines()
    moved = "Tue 2026-06-02 08:00 -> Mon 2026-06-01 08:00: to rebook: the clinic is closed (hurricane)"
    assert lines[:3] == [
        f"P-001 M3: {moved}; 1 day before its target",
        f"P-002 M3: {moved}; 1 day before its target",
        "2 appointments move; 'dayzero tell' lists whom to call",
    ]
    assert days(booked) == {"P-001": "2026-06-01", "P-002": "2026-06-01", "P-003": "2026-06-04"}
    assert booked.last("P-001").group == booked.records("site/gainesville")[-1].group
    assert {one["participant"] for one in printed(booked.must("tell --format json")) if one["code"] == "M3"} >= {
        "P-001"
    }
    assert not booked.visit("M3")["to_rebook"]
    booked.check_lists()


def test_a_dry_run_and_a_no_record_nothing(booked: Clinic) -> None:
    before = booked.count()
    found = printed(booked.must(f"{CLOSE} --dry-run --format json"))
    assert [(one["participant"], one["old"], one["day"]) for one in found["appointments"]] == [
        ("P-001", "2026-06-02T08:00", "2026-06-01"),
        ("P-002", "2026-06-02T08:00", "2026-06-01"),
    ]
    without_yes = CLOSE.replace(" --yes", "")
    assert booked.run(without_yes, answer="n\n").code == 1
    assert "nobody said yes" in booked.run(without_yes).err
    assert booked.count() == before


def test_only_one_kind_is_closed(booked: Clinic) -> None:
    booked.must("miss P-001 M1 --reason 'not asked'")
    booked.must("unscheduled P-001 2026-06-02 --reason rash")
    booked.must("replan --yes --closed 2026-06-02 --kind infusion --reason recall")
    assert days(booked)["P-001"] in {"2026-06-01", "2026-06-03"}
    assert booked.must("agenda --from 2026-06-02 --to 2026-06-02").out.count("P-001") == 1


def test_a_day_that_can_hold_fewer_lets_one_go(booked: Clinic) -> None:
    booked.must("clinic capacity gainesville 2026-06-02 --kind infusion --limit 1 --reason 'a nurse is ill'")
    shown = booked.must("replan --yes --reason 'a nurse is ill'")
    assert "1 appointment moves" in shown.out
    assert "to rebook" not in shown.out.splitlines()[0]
    assert "the day can hold fewer" in shown.out.splitlines()[0]
    moved, *stayed = sorted(days(booked).values(), key=["2026-06-04", "2026-06-02"].count)
    assert moved in {"2026-06-01", "2026-06-03"}
    assert sorted(stayed) == ["2026-06-02", "2026-06-04"]
    assert booked.must("replan --yes --reason again").out == FITS + THREE_DUE


def test_what_somebody_answered_for_stays_where_it_is(booked: Clinic) -> None:
    booked.must("move P-003 M3 2026-06-02 --reason asked --overbook 'one leaves early'")
    assert booked.must("replan --yes --reason again").out == FITS + THREE_DUE
    booked.must("optimise --until 2026-06-10 --movable --yes")
    assert set(days(booked).values()) == {"2026-06-02"}


def test_another_makes_room_where_nothing_else_helps(booked: Clinic) -> None:
    booked.must("clinic capacity gainesville 2026-05-30..2026-06-09 --kind infusion --limit 1 --reason recall")
    booked.must("away P-001 2026-05-21..2026-06-03")
    booked.must("away P-001 2026-06-05..2026-06-30")
    shown = booked.must("replan --yes --reason recall")
    assert "it makes room for others" in shown.out
    assert days(booked)["P-001"] == "2026-06-04"
    assert days(booked)["P-002"] == "2026-06-02"
    assert days(booked)["P-003"] != "2026-06-04"


def test_who_has_no_day_left_is_for_a_person_to_decide(booked: Clinic) -> None:
    booked.must("away P-002 2026-05-21..2026-06-01")
    booked.must("away P-002 2026-06-03..2026-06-11")

    shown = booked.run(CLOSE)
    found = booked.visit("M3", "P-002")

    assert shown.code == 1
    assert "What would help:" in shown.out
    assert (
        "P-002 M3 stays where it is: the nearest day is Fri 2026-06-12, 3 days outside its window; a person decides: "
        "dayzero move P-002 M3 2026-06-12 --reason ... --deviation ..."
    ) in shown.out.splitlines()
    assert (found["planned"], bool(found["to_rebook"])) == ("2026-06-02", True)
    assert days(booked)["P-001"] == "2026-06-01"


def test_what_was_typed_wrong(booked: Clinic) -> None:
    assert "say --closed" in booked.run("replan --yes --kind infusion --reason why").err
    assert booked.run("replan --yes --closed 2026-06-02 --site nowhere --reason why").code == 2
    booked.must("clinic site miami --reason new")
    assert "say which --site: gainesville, miami" in booked.run("replan --yes --reason why").err


def test_what_moves_is_told_in_spanish(booked: Clinic) -> None:
    lines = booked.must(f"{CLOSE} --staff-lang es").out.splitlines()
    assert lines[2] == "2 citas cambian; «dayzero tell» dice a quién llamar"
    assert booked.must("replan --yes --reason nada --staff-lang es").out.startswith("todo lo citado cabe donde está\n")


@pytest.fixture
def one_chair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic with one chair, which can be had on 1 and 2 June only; P-001 has it on the 2nd."""
    made = Clinic(tmp_path, monkeypatch)
    site = edited(SITE_FILE, tmp_path, ("[arrival]", "[capacity]\ninfusion = 1\n\n[arrival]"))
    made.must(f"clinic init --site {site}", on="2026-05-20")
    made.must("enroll P-001 --site gainesville --randomized 2026-03-02 --steroids --day0 2026-03-02")
    made.must("clinic capacity gainesville 2026-05-30..2026-05-31 --kind infusion --limit 0 --reason 'no nurse'")
    made.must("clinic capacity gainesville 2026-06-03..2026-06-09 --kind infusion --limit 0 --reason 'no nurse'")
    made.must("book P-001 M3 2026-06-02")
    return made


def enroll_another(clinic: Clinic, *away: str) -> None:
    clinic.must("enroll P-041 --site gainesville --randomized 2026-03-02 --steroids --day0 2026-03-02")
    for days_ in away:
        clinic.must(f"away P-041 {days_}")


def test_who_is_new_and_has_room_is_left_to_optimise(one_chair: Clinic) -> None:
    enroll_another(one_chair)
    before = one_chair.count()
    shown = one_chair.must("replan --yes --reason 'P-041 is new'").out
    assert shown.splitlines()[0] == FITS.strip()
    assert "visits are due and not booked, and have room" in shown
    assert one_chair.count() == before


def test_others_make_room_for_who_is_new(one_chair: Clinic) -> None:
    enroll_another(one_chair, "2026-05-21..2026-06-01")
    assert one_chair.run("optimise --site gainesville --dry-run").code == 1

    lines = one_chair.must("replan --yes --reason 'P-041 is new'").out.splitlines()

    assert lines[:2] == [
        "P-001 M3: Tue 2026-06-02 08:00 -> Mon 2026-06-01 08:00: it makes room for others; 1 day before its target",
        "P-041 M3: Tue 2026-06-02 08:00: on its target",
    ]
    assert "1 appointment moves; 'dayzero tell' lists whom to call" in lines
    assert "2 visits are booked that found no room before" in lines  # M3, and M4 with it
    assert one_chair.visit("M3")["planned"] == "2026-06-01"
    assert [one_chair.visit(code, "P-041")["status"] for code in ("M3", "M4")] == ["booked", "booked"]
    assert one_chair.visit("M4")["status"] == "planned"  # P-001 has room, and is left to optimise
    one_chair.check_lists()


def test_what_no_slot_is_left_for_is_booked_by_nobody_but_a_person(one_chair: Clinic) -> None:
    # Both can come on the 2nd alone.
    enroll_another(one_chair, "2026-05-21..2026-06-01")
    one_chair.must("away P-001 2026-05-21..2026-06-01")

    done = one_chair.run("replan --yes --reason 'P-041 is new'")
    told = printed_whatever(one_chair, "replan --yes --reason 'P-041 is new' --format json")["undecided"]

    command = "dayzero book P-041 M3 2026-06-02 --overbook ..."
    assert done.code == 1
    assert (
        "P-041 M3 is not booked: the nearest day is Tue 2026-06-02, no slot is left on it; a person decides: " + command
        in done.out.splitlines()
    )
    assert told == [
        {"participant": "P-041", "code": "M3", "booked": False, "day": "2026-06-02", "days_outside": 0,
         "deviates": False, "overbooks": True, "command": command},
    ]  # fmt: skip
    assert one_chair.visit("M3", "P-041")["status"] == "planned"
    one_chair.must("book P-041 M3 2026-06-02 --overbook 'a third chair is borrowed'")
    assert one_chair.must("replan --yes --reason again").code == 0


def test_what_may_stay_on_a_day_that_holds_fewer_is_answered_for_where_it_is(booked: Clinic) -> None:
    booked.must("clinic capacity gainesville 2026-06-02 --kind infusion --limit 1 --reason 'a nurse is ill'")
    for code in ("P-001", "P-002"):
        booked.must(f"away {code} 2026-05-21..2026-06-01")
        booked.must(f"away {code} 2026-06-03..2026-06-30")

    done = booked.run("replan --yes --reason ill")

    command = "dayzero move P-001 M3 2026-06-02 --reason ... --overbook ..."
    assert (done.code, "no slot is left on it; a person decides: " + command in done.out) == (1, True)
    sequence = booked.visit("M3")["start"]
    shown = booked.must("move P-001 M3 2026-06-02 --reason ill --overbook 'the nurse stays longer'").out
    assert "M3: overbooks the day, as number 2 of 1" in shown
    assert booked.visit("M3")["start"] == sequence
    assert booked.must("replan --yes --reason again").out.startswith(FITS)
    refused = booked.run("move P-001 M3 2026-06-02 --reason ill --overbook 'the nurse stays longer'")
    assert "has a slot left" in refused.err
    assert refused.code == 1


def test_what_counts_from_a_visit_that_moves_follows_it(booked: Clinic) -> None:
    # M4 is from 25 June to 9 July while M3 is on the 2nd; P-001 can come on the 9th only.
    booked.must("book P-001 M4 2026-06-25")
    booked.must("away P-001 2026-05-21..2026-06-08")
    shown = booked.must("replan --yes --reason away").out.splitlines()
    assert "it counts from M3, which moves" in next(line for line in shown if line.startswith("P-001 M4: "))


def test_the_command_that_is_told_is_taken(booked: Clinic) -> None:
    booked.must("away P-002 2026-05-21..2026-06-01")
    booked.must("away P-002 2026-06-03..2026-06-11")
    (left,) = printed_whatever(booked, f"{CLOSE} --format json")["undecided"]
    assert left["command"] == "dayzero move P-002 M3 2026-06-12 --reason ... --deviation ..."
    booked.must(left["command"].removeprefix("dayzero ").replace("...", "storm"))
    assert booked.must("replan --yes --reason again").out == FITS + THREE_DUE


def test_what_is_left_to_a_person_is_told_in_spanish(booked: Clinic) -> None:
    booked.must("away P-002 2026-05-21..2026-06-01")
    booked.must("away P-002 2026-06-03..2026-06-11")
    lines = booked.run(f"{CLOSE} --staff-lang es --dry-run").out.splitlines()
    assert any(line.startswith("P-002 M3 se queda donde está: el día más cercano es ") for line in lines)
