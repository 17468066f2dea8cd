"""``dayzero optimise`` as it is installed."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import planning_checker as checker
import pytest
from builders import dayzero
from planning_problems import Json
from synthetic_sites import synthetic

SITE: Json = {"closed_weekdays": [5, 6], "capacity": {"infusion": 1}}


def visit(participant: str, upper: str, site: str = "infusion") -> Json:
    window = {"target": "2026-03-02", "lower": "2026-03-02", "upper": upper}
    return {"participant": participant, "visit": "INF1", "kind": site, **window}


def optimise(folder: Path, problem: Json, *options: str) -> tuple[int, str, str, Json | None]:
    """Run the command; return its exit code, what it printed, and what it wrote."""
    (folder / "problem.json").write_text(json.dumps(problem))
    done = dayzero("optimise", "--problem", "problem.json", "--solution", "out.json", *options, cwd=folder)
    out = folder / "out.json"
    return done.code, done.out, done.err, json.loads(out.read_text("utf-8")) if out.exists() else None


def test_two_participants_share_a_chair(tmp_path: Path) -> None:
    problem = {"sites": {"S1": SITE}, "visits": [visit("P-001", "2026-03-06"), visit("P-002", "2026-03-06")]}

    code, out, err, written = optimise(tmp_path, problem)

    assert (code, out, err) == (0, "cost 1, proven bound 1, gap 0 %\n", "")
    assert written
    assert (written["cost"], written["bound"], written["gap"]) == (1, 1, 0)
    assert sorted(one["date"] for one in written["visits"]) == ["2026-03-02", "2026-03-03"]


def test_the_answer_never_takes_the_place_of_the_problem(tmp_path: Path) -> None:
    (tmp_path / "problem.json").write_text(json.dumps({"sites": {"S1": SITE}, "visits": []}))
    before = (tmp_path / "problem.json").read_bytes()
    for solution in ("problem.json", "./problem.json", str(tmp_path / "problem.json")):
        done = dayzero("optimise", "--problem", "problem.json", "--solution", solution, cwd=tmp_path)
        assert done.code == 2
        assert "--solution is the problem itself: name another file" in done.err
    assert (tmp_path / "problem.json").read_bytes() == before


@pytest.mark.parametrize(
    ("lang", "help_", "reason"),
    [
        ("en", "What would help: S1: 1 extra slot for infusion on Mon 2026-03-02.", "there is 1 slot."),
        ("es", "Ayudaría: S1: 1 turno más de infusión el lun 2026-03-02.", "hay 1 turno."),
    ],
)
def test_two_participants_who_cannot_share_it(lang: str, help_: str, reason: str, tmp_path: Path) -> None:
    problem = {"sites": {"S1": SITE}, "visits": [visit("P-001", "2026-03-02"), visit("P-002", "2026-03-02")]}

    code, out, err, written = optimise(tmp_path, problem, "--staff-lang", lang)

    assert (code, out) == (1, "")
    assert written
    assert checker.wrong_core(problem, written["core"]) == []
    assert checker.has_plan(checker.granted(problem, written["repair"]))
    assert written["because"][0] == help_
    assert written["because"][1].endswith(reason)
    assert err.splitlines()[1:] == written["because"]


def test_the_days_of_a_single_participant_are_shown_one_by_one(tmp_path: Path) -> None:
    away = {"P-001": {"site": "S1", "unavailable": ["2026-03-02"]}}
    site = {"closed_weekdays": [1], "capacity_on": {"2026-03-04": {"infusion": 0}}}
    problem = {"sites": {"S1": site}, "participants": away, "visits": [visit("P-001", "2026-03-04")]}

    _, _, err, _ = optimise(tmp_path, problem)

    assert err.splitlines()[-1] == (
        "INF1: Mon 2026-03-02 cannot come; Tue 2026-03-03 closed; Wed 2026-03-04 no infusion slot"
    )


def test_what_cannot_be_read_is_another_exit_code_than_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "no.json").write_text("{")
    files = ("--problem", "no.json", "--solution", "out.json")

    assert dayzero("optimise", *files, cwd=tmp_path).code == 2
    assert optimise(tmp_path, {"sites": {}, "visits": []})[0] == 1
    assert not (tmp_path / "out.json").exists()


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    problem = synthetic(8, 2)
    written = []
    for jobs in ("1", "2"):
        code, *_ = optimise(tmp_path, problem, "-j", jobs)
        assert code == 0
        written.append((tmp_path / "out.json").read_bytes())

    assert written[0] == written[1]


def check_whole(problem: Json, written: Json) -> None:
    days = {(one["participant"], one["visit"]): checker.day(one["date"]) for one in written["visits"]}
    assert len(days) == len(problem["visits"])
    assert checker.wrong(problem, days) == []
    assert checker.cost(problem, days) == Fraction(str(written["cost"]))
    assert written["bound"] <= written["cost"]


def test_a_time_limit_keeps_whole_plans_with_an_honest_gap(tmp_path: Path) -> None:
    problem = synthetic(16, 2)

    code, _, err, written = optimise(tmp_path, problem, "--time-limit", "0.001")

    assert code == 0
    assert "stopped early" in err
    assert written
    check_whole(problem, written)
    assert written["gap"] > 0


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_keeps_whole_plans(jobs: str, tmp_path: Path) -> None:
    """Where somebody watches, a line says that the work has begun; then comes Ctrl-C."""
    problem = synthetic(90, 2)
    (tmp_path / "problem.json").write_text(json.dumps(problem))
    code = "from cli import main; main()"
    files = ("--problem", "problem.json", "--solution", "out.json", "-j", jobs)
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code, "optimise", *files], cwd=tmp_path, stderr=theirs) as running:
        os.close(theirs)
        shown = os.read(ours, 1000)
        time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        running.wait(timeout=100)
    shown += os.read(ours, 10_000)
    os.close(ours)

    assert running.returncode == 0, shown
    assert b"0 of 2 sites planned" in shown
    assert b"stopping" in shown
    check_whole(problem, json.loads((tmp_path / "out.json").read_text()))
