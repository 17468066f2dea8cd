"""When something changes, few others move, and whoever has no day is told to a person."""

from pathlib import Path

import pytest
from builders import SITE_FILE, edited
from clinics import Clinic, printed

CODES = ("P-001", "P-002", "P-003")
CLOSE = "replan --closed 2026-06-02..2026-06-03 --reason hurricane"


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
    assert booked.run(CLOSE, answer="n\n").code == 1
    assert booked.count() == before


def test_only_one_kind_is_closed(booked: Clinic) -> None:
    booked.must("miss P-001 M1 --reason 'not asked'")
    booked.must("unscheduled P-001 2026-06-02 --reason rash")
    booked.must("replan --closed 2026-06-02 --kind infusion --reason recall")
    assert days(booked)["P-001"] in {"2026-06-01", "2026-06-03"}
    assert booked.must("agenda --from 2026-06-02 --to 2026-06-02").out.count("P-001") == 1


def test_a_day_that_can_hold_fewer_lets_one_go(booked: Clinic) -> None:
    booked.must("clinic capacity gainesville 2026-06-02 --kind infusion --limit 1 --reason 'a nurse is ill'")
    shown = booked.must("replan --reason 'a nurse is ill'")
    assert "1 appointment moves" in shown.out
    assert "to rebook" not in shown.out.splitlines()[0]
    assert "the day can hold fewer" in shown.out.splitlines()[0]
    moved, *stayed = sorted(days(booked).values(), key=["2026-06-04", "2026-06-02"].count)
    assert moved in {"2026-06-01", "2026-06-03"}
    assert sorted(stayed) == ["2026-06-02", "2026-06-04"]
    assert booked.must("replan --reason again").out == "everything that is booked fits where it is\n"


def test_what_somebody_answered_for_stays_where_it_is(booked: Clinic) -> None:
    booked.must("move P-003 M3 2026-06-02 --reason asked --overbook 'one leaves early'")
    assert booked.must("replan --reason again").out == "everything that is booked fits where it is\n"
    booked.must("optimise --until 2026-06-10 --movable --yes")
    assert set(days(booked).values()) == {"2026-06-02"}


def test_another_makes_room_where_nothing_else_helps(booked: Clinic) -> None:
    booked.must("clinic capacity gainesville 2026-05-30..2026-06-09 --kind infusion --limit 1 --reason recall")
    booked.must("away P-001 2026-05-21..2026-06-03")
    booked.must("away P-001 2026-06-05..2026-06-30")
    shown = booked.must("replan --reason recall")
    assert "it makes room for others" in shown.out
    assert days(booked)["P-001"] == "2026-06-04"
    assert days(booked)["P-002"] == "2026-06-02"
    assert days(booked)["P-003"] != "2026-06-04"


def test_who_has_no_day_left_is_for_a_person_to_decide(booked: Clinic) -> None:
    booked.must("away P-002 2026-05-21..2026-06-01")
    booked.must("away P-002 2026-06-03..2026-06-11")

    shown = booked.must(CLOSE)
    found = booked.visit("M3", "P-002")

    assert "What would help:" in shown.out
    assert (
        "P-002 M3 stays where it is: the nearest day is Fri 2026-06-12, 3 days outside its window; a person decides: "
        "dayzero move P-002 M3 2026-06-12 --reason ... --deviation ..."
    ) in shown.out.splitlines()
    assert (found["planned"], bool(found["to_rebook"])) == ("2026-06-02", True)
    assert days(booked)["P-001"] == "2026-06-01"


def test_what_was_typed_wrong(booked: Clinic) -> None:
    assert "say --closed" in booked.run("replan --kind infusion --reason why").err
    assert booked.run("replan --closed 2026-06-02 --site nowhere --reason why").code == 2
    booked.must("clinic site miami --reason new")
    assert "say which --site: gainesville, miami" in booked.run("replan --reason why").err


def test_what_moves_is_told_in_spanish(booked: Clinic) -> None:
    lines = booked.must(f"{CLOSE} --staff-lang es").out.splitlines()
    assert lines[2] == "2 citas cambian; «dayzero tell» dice a quién llamar"
    assert booked.must("replan --reason nada --staff-lang es").out == "todo lo citado cabe donde está\n"
