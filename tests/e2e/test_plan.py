"""``dayzero`` as its users run it: every option of ``plan``, and the commands beside it."""

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from builders import OTHER_TRIAL, PROTOCOL_FILE, SITE_FILE, Run, dayzero, edited, plan

import cli

HURRICANE = """
[[closures]]
first = 2026-05-30
last = 2026-06-09
reason = { en = "hurricane", es = "huracán" }

[[closures]]
first = 2026-03-03
last = 2026-03-16
kinds = ["infusion"]
reason = { en = "no later Day 0", es = "ningún Día 0 posterior" }

[contact]"""
OTHER = ("--randomized", "2026-03-02", "--as-of", "2026-03-02", "--protocol", str(OTHER_TRIAL))


def read(done: Run) -> dict[str, Any]:
    assert done.code == 0, done.err
    record: dict[str, Any] = json.loads(done.out)
    return record


def days(record: dict[str, Any], key: str = "target") -> dict[str, Any]:
    return {visit["code"]: visit[key] for visit in record["visits"]}


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


COLUMNS = "D0 M1 M3 M4 M6 M7 M8 M10 M13 M14 M16 M25 TAPER"
TARGETS = """
2026-03-02 2026-04-02 2026-06-02 2026-07-02 2026-09-02 2026-10-02 2026-11-02 2027-01-02 2027-04-02 2027-05-02 2027-07-02 2028-04-02 2026-06-16
2026-01-31 2026-02-28 2026-04-30 2026-05-30 2026-07-31 2026-08-31 2026-09-30 2026-11-30 2027-02-28 2027-03-28 2027-05-28 2028-02-28 2026-05-14
2027-08-31 2027-09-30 2027-11-30 2027-12-30 2028-02-29 2028-03-29 2028-04-29 2028-06-30 2028-09-30 2028-10-30 2028-12-30 2029-09-30 2027-12-14
"""  # noqa: E501 - a table is read as a table


@pytest.mark.parametrize("row", TARGETS.strip().splitlines(), ids=lambda row: str(row)[:10])
def test_the_literal_targets_come_out(tmp_path: Path, row: str) -> None:
    expected = dict(zip(COLUMNS.split(), row.split(), strict=True))

    targets = days(read(plan("--randomized", expected["D0"], "--format", "json", cwd=tmp_path)))

    assert {code: targets[code] for code in expected} == expected
    assert len(targets) == 24


def test_one_command_writes_everything_into_the_participant_s_folder(tmp_path: Path) -> None:
    done = plan("--site", "gainesville", "--booked", cwd=tmp_path)

    expected = [
        "coordinator.ics", "packet.html", "packet.pdf", "participant.ics", "schedule.csv", "schedule.json",
        "worksheets.html", "worksheets.pdf",
    ]  # fmt: skip
    assert (done.code, names(tmp_path)) == (0, [f"P-001/{name}" for name in expected])
    assert (tmp_path / "P-001" / "packet.pdf").read_bytes().startswith(b"%PDF-")
    for shown in ("Fri 2026-10-02  08:00-15:30", "23 contacts", "57 h 30 min", "longest day: 7 h 30 min", "11 days"):
        assert shown in done.out
    assert "phone" in done.err


def test_json_stands_alone_on_stdout_and_writes_no_file(tmp_path: Path) -> None:
    done = plan("--site", "gainesville", "--format", "json", cwd=tmp_path)

    assert read(done)["participant"] == "P-001"
    assert "SAMPLE" in done.err
    assert names(tmp_path) == []


def test_csv_stands_alone_on_stdout_and_writes_no_file(tmp_path: Path) -> None:
    done = plan("--format", "csv", cwd=tmp_path)

    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert (done.code, done.err, len(rows)) == (0, "", 24)
    assert [row["planned"] for row in rows if row["code"] == "M6"] == ["2026-09-02"]
    assert names(tmp_path) == []


def test_json_with_out_prints_the_bytes_it_writes(tmp_path: Path) -> None:
    done = plan("--format", "json", "--out", "a/b", "--only", "json,csv", cwd=tmp_path)

    assert names(tmp_path) == ["a/b/P-001/schedule.csv", "a/b/P-001/schedule.json"]
    assert (tmp_path / "a/b/P-001/schedule.json").read_text("utf-8") == done.out
    assert "a/b/P-001/schedule.csv" in done.err


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("json", ["schedule.json"]),
        ("ics", ["coordinator.ics", "participant.ics"]),
        (" csv, html", ["packet.html", "schedule.csv", "worksheets.html"]),
    ],
)
def test_only_writes_what_is_asked_for(tmp_path: Path, only: str, expected: list[str]) -> None:
    done = plan("--only", only, cwd=tmp_path)

    assert (done.code, names(tmp_path)) == (0, [f"P-001/{name}" for name in expected])


def test_booked_takes_the_site_s_arrival_times_and_says_where_there_are_none(tmp_path: Path) -> None:
    booked = read(plan("--site", "miami", "--booked", "--format", "json", cwd=tmp_path))
    without = plan("--booked", cwd=tmp_path)

    assert days(booked, "start")["M6"] == "2026-09-02T08:30"
    assert days(booked, "end")["M6"] == "2026-09-02T13:30"
    assert days(booked, "start")["TAPER"] is None
    assert (without.code, without.out, names(tmp_path)) == (1, "", [])
    assert "--booked: without a site" in without.err


def test_day_0_is_fixed_even_on_a_closed_day_and_staff_are_told(tmp_path: Path) -> None:
    done = plan("--day0", "2026-03-07", "--site", "gainesville", "--format", "json", cwd=tmp_path)

    record = read(done)
    assert (record["randomized"], record["day0"]) == ("2026-03-02", "2026-03-07")
    assert days(record, "planned")["D0"] == "2026-03-07"
    assert days(record)["M3"] == "2026-06-07"
    assert "Day 0 is fixed on Sat 7 March 2026" in done.err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--as-of", "2026-07-02"), "2026-07-02T00:00:00Z"),
        (("--as-of", "2026-07-02", "--site", "miami"), "2026-07-02T04:00:00Z"),
        (("--as-of", "2026-07-02T09:00:00-05:00"), "2026-07-02T14:00:00Z"),
    ],
)
def test_as_of_is_an_instant(tmp_path: Path, options: tuple[str, ...], expected: str) -> None:
    assert read(plan(*options, "--format", "json", cwd=tmp_path))["as_of"] == expected


@pytest.mark.parametrize(("site", "midnight"), [((), "T00:00:00Z"), (("--site", "miami"), "T0[45]:00:00Z")])
def test_as_of_is_the_start_of_today_at_the_site_unless_told(
    tmp_path: Path, site: tuple[str, ...], midnight: str
) -> None:
    options = ("--randomized", "2026-03-02", "--no-steroids", "--format", "json")

    record = read(dayzero("plan", "P-001", *options, *site, cwd=tmp_path))

    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d{midnight}", record["as_of"])


def test_a_feed_keeps_its_unguessable_name_and_prints_its_links(tmp_path: Path) -> None:
    base = ("--only", "json", "--feed-dir", "feeds", "--feed-base", "https://calendars.example.org/f/")
    first = plan(*base, cwd=tmp_path)
    (feed,) = (tmp_path / "feeds").glob("*.ics")
    before = feed.read_bytes()

    second = plan(*base, "--day0", "2026-03-09", cwd=tmp_path)

    index = tmp_path / "feeds" / ".dayzero-feeds.json"
    assert re.fullmatch(r"dz_[A-Za-z0-9_-]{43}\.ics", feed.name)  # 43 characters of 6 bits: 256 bits
    assert names(tmp_path / "feeds") == [index.name, feed.name]
    assert feed.read_bytes() != before
    assert index.stat().st_mode & 0o777 == 0o600
    for done in (first, second):
        assert done.code == 0
        assert f"webcal://calendars.example.org/f/{feed.name}\n" in done.out
        assert f" https://calendars.example.org/f/{feed.name}\n" in done.out


def test_a_feed_is_the_participant_s_calendar_and_every_participant_has_another(tmp_path: Path) -> None:
    one = plan("--only", "ics", "--feed-dir", "feeds", cwd=tmp_path)
    other = plan("--format", "json", "--feed-dir", "feeds", cwd=tmp_path, participant="P-002")

    feeds = [path.read_bytes() for path in (tmp_path / "feeds").glob("*.ics")]
    assert (one.code, other.code, len(feeds)) == (0, 0, 2)
    assert (tmp_path / "P-001" / "participant.ics").read_bytes() in feeds
    assert read(other)["participant"] == "P-002"  # and nothing but JSON on stdout


def test_runs_at_the_same_time_give_a_participant_one_feed(tmp_path: Path) -> None:
    words = ["plan", "P-001", "--randomized", "2026-03-02", "--no-steroids", "--format", "json", "--feed-dir", "feeds"]
    command = [sys.executable, "-c", "from cli import main; main()", *words]

    runs = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) for _ in range(4)]

    assert [run.wait() for run in runs] == [0, 0, 0, 0]
    assert len(list((tmp_path / "feeds").glob("*.ics"))) == 1


def test_a_visit_without_a_day_is_listed_with_its_reasons_and_nothing_is_written(tmp_path: Path) -> None:
    edited(SITE_FILE, tmp_path, ("\n[contact]", HURRICANE)).rename(tmp_path / "clinic.toml")

    done = plan("--site", "clinic.toml", "--only", "json", "--feed-dir", "feeds", cwd=tmp_path)

    assert (done.code, names(tmp_path)) == (1, ["clinic.toml"])
    assert re.search(r"(?m)^M3 +NO DAY FITS", done.out)
    assert "Mon 1 June: the clinic is closed (hurricane)" in done.err


def test_allow_unplaced_writes_the_rest_and_still_exits_1(tmp_path: Path) -> None:
    edited(SITE_FILE, tmp_path, ("\n[contact]", HURRICANE)).rename(tmp_path / "clinic.toml")

    done = plan("--site", "clinic.toml", "--allow-unplaced", "--only", "json,ics", cwd=tmp_path)

    visits = json.loads((tmp_path / "P-001" / "schedule.json").read_text("utf-8"))["visits"]
    (month3,) = [visit for visit in visits if visit["planned"] is None]
    assert done.code == 1
    assert (month3["code"], len(month3["unplaced_reasons"])) == ("M3", 11)
    assert (tmp_path / "P-001" / "participant.ics").read_text("utf-8").count("BEGIN:VEVENT") == 22


def test_the_steroid_status_is_never_guessed(tmp_path: Path) -> None:
    done = dayzero("plan", "P-001", "--randomized", "2026-03-02", cwd=tmp_path, stdin="y\n")

    assert (done.code, done.out, names(tmp_path)) == (2, "", [])
    assert "say --steroids or --no-steroids" in done.err


@pytest.mark.parametrize(("answer", "has_taper"), [("y", True), ("n", False)])
def test_the_steroid_status_is_asked_for_on_a_terminal(tmp_path: Path, answer: str, has_taper: bool) -> None:
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())

    done = subprocess.run(
        [sys.executable, "-c", "from cli import main; main()",
         "plan", "P-001", "--randomized", "2026-03-02", "--format", "json"],
        cwd=tmp_path, stdin=theirs, capture_output=True, check=True,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)

    assert b"steroids?" in done.stderr
    assert ("TAPER" in days(json.loads(done.stdout))) == has_taper


def test_those_off_steroids_have_no_taper(tmp_path: Path) -> None:
    options = ("--randomized", "2026-03-02", "--no-steroids", "--format", "json")

    record = read(dayzero("plan", "P-001", *options, cwd=tmp_path))

    assert record["steroids"] is False
    assert "TAPER" not in days(record)
    assert len(record["visits"]) == 23


def test_the_same_inputs_make_the_same_bytes(tmp_path: Path) -> None:
    options = ("--site", "gainesville", "--booked", "--lang", "es", "--only", "json,csv,ics,html")
    runs = [plan(*options, "--out", out, cwd=tmp_path) for out in ("one", "two")]

    assert runs[0].out.replace("one/", "two/") == runs[1].out
    assert runs[0].err == runs[1].err
    for name in names(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_participant_and_staff_read_each_their_language(tmp_path: Path) -> None:
    done = plan("--lang", "en", "--staff-lang", "es", "--only", "html,json", cwd=tmp_path)

    assert "lun 2026-03-02" in done.out
    assert '"name": "Mes 3"' in (tmp_path / "P-001" / "schedule.json").read_text("utf-8")
    assert '<html lang="en-US">' in (tmp_path / "P-001" / "packet.html").read_text("utf-8")
    assert '<html lang="es-US">' in (tmp_path / "P-001" / "worksheets.html").read_text("utf-8")


def test_a_site_s_own_protocol_replaces_the_windows(tmp_path: Path) -> None:
    edited(PROTOCOL_FILE, tmp_path, ("{ before = 7, after = 7 }", "{ before = 1, after = 2 }"))

    record = read(plan("--protocol", "edited.toml", "--format", "json", cwd=tmp_path))

    assert (days(record, "earliest")["M1"], days(record, "latest")["M1"]) == ("2026-04-01", "2026-04-04")


def test_a_last_visit_after_the_registered_completion_is_told(tmp_path: Path) -> None:
    done = plan("--randomized", "2027-08-01", "--format", "json", cwd=tmp_path)

    assert done.code == 0
    assert "M25 falls on 1 September 2029" in done.err


def test_the_protocol_is_shown_with_visits_as_columns_and_what_is_assumed_marked(tmp_path: Path) -> None:
    done = dayzero("protocol", "show", cwd=tmp_path)

    assert (done.code, done.err) == (0, "")
    assert re.search(r"(?m)^Visit +D0 +M1 +M2 +M3 ", done.out)
    assert re.search(r"(?m)^Window, days +-?0/\+14\* +-7/\+7\* ", done.out)
    assert re.search(r"(?m)^Offset +P0D +P1M\* +P2M\* +P3M +", done.out)
    assert "3, 3, 1, 3, 3 months" in " ".join(done.out.split())


def test_the_protocol_is_shown_to_programs(tmp_path: Path) -> None:
    record = read(dayzero("protocol", "show", "--format", "json", "--lang", "es", cwd=tmp_path))

    month3 = next(visit for visit in record["visits"] if visit["code"] == "M3")
    assert (month3["name"], month3["offset"], month3["offset_basis"]) == ("Mes 3", "P3M", "registered")
    assert (month3["window"], month3["window_basis"]) == ({"before": 3, "after": 7}, "assumed")
    assert len(record["visits"]) == 24


@pytest.mark.parametrize("file", [PROTOCOL_FILE, OTHER_TRIAL], ids=["registered", "other"])
def test_a_good_protocol_is_said_to_be_good(tmp_path: Path, file: Path) -> None:
    done = dayzero("protocol", "check", str(file), cwd=tmp_path)

    assert (done.code, done.err) == (0, "")
    assert "good" in done.out


def test_every_problem_of_a_protocol_is_told_in_one_run(tmp_path: Path) -> None:
    edited(OTHER_TRIAL, tmp_path, ('anchor = "W4"', 'anchor = "W8"'), ("total_ml = 100", "total_ml = 99"))

    done = dayzero("protocol", "check", "edited.toml", cwd=tmp_path)

    assert (done.code, done.out) == (1, "")
    assert "dayzero: edited.toml: visits.W8.anchor: anchors run in a circle: W8 -> W8; " in done.err
    assert "dayzero: edited.toml: products.dummy.total_ml: 100 here, but 99 in products.active" in done.err


def test_another_trial_runs_through_the_same_commands(tmp_path: Path) -> None:
    done = dayzero("plan", "T-9", *OTHER, "--site", "miami", "--booked", "--only", "json,csv,ics,html", cwd=tmp_path)

    record = json.loads((tmp_path / "T-9" / "schedule.json").read_text("utf-8"))
    assert (done.code, len(names(tmp_path))) == (0, 6)
    assert days(record) == {"W0": "2026-03-02", "W4": "2026-03-30", "W8": "2026-04-27", "W12": "2026-05-25"}
    assert record["steroids"] is None
    assert "steroid" not in (tmp_path / "T-9" / "packet.html").read_text("utf-8")


def test_a_window_of_one_day_leaves_a_holiday_with_the_visit_that_it_counts_from(tmp_path: Path) -> None:
    done = dayzero("plan", "T-9", *OTHER, "--site", "gainesville", "--format", "json", cwd=tmp_path)

    week0, *_, week12 = json.loads(done.out)["visits"]
    assert (done.code, week0["planned"], week12["planned"]) == (0, "2026-03-03", "2026-05-26")  # after Memorial Day
    assert "Week 12 would be farther from its target or without a day" in week0["because"][1]


def test_the_doctor_finds_this_installation_good(tmp_path: Path) -> None:
    done = dayzero("doctor", cwd=tmp_path)

    assert (done.code, done.err) == (0, ""), done.out
    for subject in ("Python", "icalendar", "PDF", "fonts", "tzdata", "schedule"):
        assert subject in done.out


def with_path(folder: Path) -> dict[str, str]:
    """Return an environment in which Python looks into the folder first."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


def without_pdf(folder: Path) -> dict[str, str]:
    """Return an environment in which the PDF library cannot be found."""
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['weasyprint'] = None\n")
    return with_path(folder)


def test_without_the_pdf_library_the_rest_is_written_and_a_line_says_so(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    options = ("--randomized", "2026-03-02", "--no-steroids", "--only", "pdf,html,json")

    done = dayzero("plan", "P-001", *options, cwd=here, env=without_pdf(tmp_path))

    assert (done.code, names(here)) == (
        0, ["P-001/packet.html", "P-001/schedule.json", "P-001/worksheets.html"],
    )  # fmt: skip
    (line,) = done.err.splitlines()
    assert "PDF is left out: weasyprint is missing; pip install" in line


def test_the_doctor_says_what_is_missing_and_what_to_type(tmp_path: Path) -> None:
    done = dayzero("doctor", cwd=tmp_path, env=without_pdf(tmp_path))

    assert done.code == 1
    assert re.search(r"(?m)^BAD +PDF: missing: weasyprint\n +pip install", done.out)


def test_the_doctor_warns_of_the_package_that_hides_dayzero_s_own(tmp_path: Path) -> None:
    (tmp_path / "schedule-1.2.2.dist-info").mkdir()
    (tmp_path / "schedule-1.2.2.dist-info" / "METADATA").write_text("Name: schedule\nVersion: 1.2.2\n")

    done = dayzero("doctor", cwd=tmp_path, env=with_path(tmp_path))

    assert done.code == 1
    assert re.search(r"(?m)^BAD +PyPI package schedule: 1\.2\.2 is installed.*\n +pip uninstall schedule", done.out)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(tmp_path: Path, shell: str) -> None:
    done = dayzero("completion", shell, cwd=tmp_path)

    assert (done.code, done.err) == (0, "")
    assert f"_DAYZERO_COMPLETE={shell}_complete" in done.out


@pytest.mark.parametrize(
    ("line", "expected"),
    [("dayzero pl", "plan"), ("dayzero plan --site g", "gainesville"), ("dayzero plan --protocol r", "res001-dmpm-02")],
)
def test_commands_sites_and_protocols_are_completed(tmp_path: Path, line: str, expected: str) -> None:
    asked = {"_DAYZERO_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}

    done = dayzero(cwd=tmp_path, env={**os.environ, **asked})

    assert done.out == f"plain,{expected}\n"


def commands(group: click.Group, path: tuple[str, ...] = ()) -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= commands(command, (*path, name))
        else:
            found[" ".join((*path, name))] = command
    return found


COMMANDS = commands(cli.dayzero)


def test_these_are_the_commands() -> None:
    assert {"plan", "protocol show", "protocol check", "doctor", "completion"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_examples_that_can_be_typed(name: str) -> None:
    command = COMMANDS[name]
    lines = (command.epilog or "").replace("\\\n", " ").splitlines()
    examples = [shlex.split(line.split(" >")[0]) for line in lines if line.strip().startswith("dayzero ")]

    assert command.help
    assert all(isinstance(option, click.Argument) or option.help for option in command.params)
    assert examples
    for example in examples:
        assert example[1:][: len(name.split())] == name.split()
        command.make_context(name, example[1 + len(name.split()) :], help_option_names=["-h", "--help"])


def test_help_and_version_are_printed(tmp_path: Path) -> None:
    assert "Examples:" in dayzero("plan", "-h", cwd=tmp_path).out
    assert re.fullmatch(r"dayzero \d+\.\d+\.\d+\n", dayzero("--version", cwd=tmp_path).out)
