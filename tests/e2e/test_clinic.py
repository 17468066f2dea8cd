"""The clinic's commands as they are typed: what each records, what it refuses, and that it asks before it writes."""

import csv
import json
import pwd
import sqlite3
from dataclasses import replace
from os import getuid
from pathlib import Path
from typing import Any

import pytest
from builders import PROTOCOL_FILE, SITE_FILE, edited
from clinics import ENROLL, AtTerminal, Clinic, installed, opened, printed, with_participant


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic without anybody."""
    return opened(tmp_path, monkeypatch)


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic with P-001, infused on 2 March 2026."""
    return with_participant(tmp_path, monkeypatch)


def second(clinic: Clinic, code: str = "P-002", *, site: str = "gainesville") -> None:
    clinic.must(f"enroll {code} --site {site} --randomized 2026-03-02 --no-steroids --day0 2026-03-02")


def amended_protocol(folder: Path) -> Path:
    """Return a protocol of another version, whose second month's visit is longer after its infusion."""
    text = PROTOCOL_FILE.read_text("utf-8")
    file = folder / "protocol-2.toml"
    file.write_text(text.replace('version = "2026-02-03.1"', 'version = "2"', 1), "utf-8")
    return file


# What each command records


CHANGES: list[tuple[str, str, dict[str, Any], str]] = [
    ("book P-001 M1 2026-04-02", "booked", {"code": "M1"}, ""),
    ("book P-001 m1 2026-04-02 14:30", "booked", {"code": "M1"}, ""),
    ("move P-001 M1 2026-04-03 --reason 'car broke down'", "moved", {"code": "M1", "old_day": "2026-04-02"},
     "car broke down"),
    ("cancel P-001 M2 --reason 'on holiday'", "cancelled", {"code": "M2"}, "on holiday"),
    ("unscheduled P-001 2026-03-02 --reason rash", "unscheduled_added", {}, "rash"),
    ("unscheduled P-001 2026-03-10 10:15 --kind virtual --reason rash", "unscheduled_added", {}, "rash"),
    ("away P-001 2026-07-01..2026-07-14", "away_set", {"first": "2026-07-01", "last": "2026-07-14"}, ""),
    ("away P-001 2026-07-01", "away_set", {"first": "2026-07-01", "last": "2026-07-01"}, ""),
    ("prefer P-001 --weekdays wednesday,mon --not-before 10:00", "preferred",
     {"old_weekdays": [], "new_weekdays": ["monday", "wednesday"], "new_not_before": "10:00:00"}, ""),
    ("taper hold P-001 --reason flare", "taper_held", {}, "flare"),
    ("stop-infusions P-001 --reason allergy", "infusions_stopped", {"last_given": "D0"}, "allergy"),
    ("hold P-001 --reason fever", "infusions_held", {"scope": "participant"}, "fever"),
    ("withdraw P-001 2026-03-02 --reason moved", "participation_ended", {"standing": "withdrawn"}, "moved"),
    ("died P-001 2026-03-02 --reason 'told by phone'", "participation_ended", {"standing": "died"}, "told by phone"),
    ("terminate P-001 2026-03-02 --reason 'site closes'", "participation_ended", {"standing": "terminated"},
     "site closes"),
    ("correct P-001 D0 --given no --reason 'wrong line'", "visit_corrected",
     {"code": "D0", "old_given": "yes", "new_given": "no"}, "wrong line"),
    ("correct P-001 --lang es --reason asked", "participant_corrected", {"old_lang": "en", "new_lang": "es"}, "asked"),
    ("attempt P-001 M1 --note 'no answer'", "attempted", {"code": "M1", "note": "no answer"}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("line", "kind", "body", "reason"), CHANGES, ids=[one[0] for one in CHANGES])
def test_a_change_is_recorded_with_what_it_was_why_and_by_whom(
    one: Clinic, line: str, kind: str, body: dict[str, str], reason: str
) -> None:
    before = one.count()

    dry = one.must(f"{line} --dry-run")
    assert one.count() == before
    assert dry.out.endswith("dry run: nothing was recorded\n")

    one.must(f"{line} --actor 'nurse KL'")

    found = one.last()
    assert (found.kind, found.version, found.reason) == (kind, 1, reason)
    assert {name: found.body[name] for name in body} == body
    assert (found.actor, found.role, found.account) == ("nurse KL", "coordinator", pwd.getpwuid(getuid()).pw_name)
    assert (found.subject, found.protocol_version) == ("participant/P-001", "2026-02-03.1")
    assert found.at.isoformat() == "2026-03-02T17:00:00+00:00"
    assert found.group == before + 1
    one.check_lists()


def test_a_dry_run_of_a_move_lists_the_other_days_the_best_first(one: Clinic) -> None:
    one.must("book P-001 M3 2026-06-03")

    told = one.must("move P-001 M3 2026-06-08 --reason storm --dry-run").out
    shown = printed(one.run("move P-001 M3 2026-06-08 --reason storm --dry-run --format json"))

    assert told.index("M3: ") < told.index("Other days, the best first:\n1. Tue 2026-06-02: on its target")
    assert [other["day"] for other in shown["alternatives"]][:2] == ["2026-06-02", "2026-06-01"]
    assert "alternatives" not in printed(one.run("confirm P-001 M3 --dry-run --format json"))


@pytest.mark.parametrize("line", [one[0] for one in CHANGES])
def test_json_stands_alone_on_stdout_and_tells_what_was_recorded(one: Clinic, line: str) -> None:
    dry = printed(one.run(f"{line} --dry-run --format json"))
    done = one.run(f"{line} --format json")

    assert (done.code, done.err) == (0, "")
    shown = printed(done)
    assert (dry["recorded"], dry["seq"]) == (False, None)
    assert (shown["recorded"], shown["seq"]) == (True, one.last().group)
    events = [event["kind"] for event in shown["participants"][0]["events"]]
    assert events == [found.kind for found in one.of() if found.group == shown["seq"]]
    assert shown["participants"] == dry["participants"]


def test_what_was_recorded_can_be_taken_further(one: Clinic) -> None:
    one.must("book P-001 M1 2026-04-02")
    one.must("confirm P-001 M1")
    assert one.visit("M1")["status"] == "confirmed"
    one.must("told P-001 M1 --to participant --who 'nurse KL' --how phone --page 'M1-1 7788c653'")
    assert one.last().body == {
        "audience": "participant", "codes": ["M1"], "who": "nurse KL", "how": "phone", "pages": "M1-1 7788c653",
    }  # fmt: skip
    one.must("done P-001 M1 2026-04-02 --remote", on="2026-04-02")
    assert (one.visit("M1")["status"], one.last().body["where"]) == ("done", "remote")
    one.must("miss P-001 M2 --reason 'no answer'", on="2026-05-04")
    assert (one.visit("M2")["status"], one.last().reason) == ("missed", "no answer")
    one.must("away P-001 2026-07-01..2026-07-14")
    one.must("away P-001 2026-07-01..2026-07-14 --remove")
    assert one.last().kind == "away_removed"
    one.must("taper hold P-001 --reason flare")
    assert one.visit("TAPER")["status"] == "held"
    one.must("taper resume P-001 --reason 'doctor agrees'")
    one.must("hold P-001 --reason fever")
    assert one.visit("M3")["status"] == "held"
    one.must("resume P-001 --reason well")
    assert one.visit("M3")["status"] == "planned"
    one.must("done P-001 M3 2026-06-12 --given partial --other-site --deviation 'pump failed'", on="2026-06-12")
    assert one.last().body["deviation"]["reason"] == "pump failed"
    assert one.visit("TAPER")["status"] == "held", "a dose that was not given whole starts no taper"
    one.must("withdraw P-001 2026-06-12 --reason 'moved away'")
    one.must("reinstate P-001 --reason 'came back'")
    assert (one.last().kind, one.visit("M7")["status"]) == ("reinstated", "planned")
    one.check_lists()


def test_a_taper_is_recorded_as_it_was_prescribed(one: Clinic) -> None:
    (one.folder / "plan.csv").write_text(
        "from,dose_mg,instruction_en,instruction_es\n2026-06-16,15,a,b\n2026-06-30,10,c,d\n"
    )

    one.must("taper plan P-001 plan.csv")

    assert one.last().kind == "taper_prescribed"
    assert [step["dose_mg"] for step in one.last().body["taper"]["steps"]] == ["15", "10"]
    (one.folder / "plan.csv").write_text("from,dose_mg\n2026-06-16,15\n2026-06-10,x\n")
    before = one.count()
    assert one.run("taper plan P-001 plan.csv").code == 1
    assert one.run("taper plan P-001 nothing.csv").code in (1, 2)
    assert one.count() == before


# Asking


def test_at_a_terminal_it_asks_and_records_only_when_the_answer_is_yes(one: Clinic) -> None:
    before = one.count()

    no = one.run("book P-001 M1 2026-04-02", answer="n\n")

    assert (no.code, one.count()) == (1, before)
    assert "Record this? [y/N]" in no.err
    assert "dayzero: nothing was recorded; repeat the command when it is right" in no.err
    assert one.run("book P-001 M1 2026-04-02", answer="").code == 1, "the end of the input is no answer"
    assert one.run("book P-001 M1 2026-04-02 --dry-run", answer="").code == 0, (
        "nothing is asked where nothing is written"
    )
    assert one.count() == before
    assert one.run("book P-001 M1 2026-04-02", answer="y\n").code == 0
    assert one.run("confirm P-001 M1 --yes", answer="").code == 0
    assert one.count() == before + 2


def test_who_asks_for_json_at_a_terminal_sees_what_follows_before_the_question(one: Clinic) -> None:
    done = one.run("book P-001 M1 2026-04-02 --format json", answer="y\n")

    assert printed(done)["recorded"] is True
    assert done.err.index("M1") < done.err.index("Record this?")


def test_the_installed_command_asks_at_a_real_terminal(one: Clinic) -> None:
    before = len(one.of())
    words = ("withdraw", "P-001", "2026-03-02", "--reason", "moved", "--db", str(one.db))

    no = AtTerminal(*words, cwd=one.folder)
    no.wait_for("Record this?")
    assert no.answer("n") == 1
    assert len(one.of()) == before
    yes = AtTerminal(*words, cwd=one.folder)
    yes.wait_for("Record this?")
    assert yes.answer("y") == 0
    assert one.last().kind == "participation_ended"


def test_the_installed_command_works_where_nobody_can_answer(one: Clinic) -> None:
    done = installed("cancel", "P-001", "M2", "--reason", "x", "--db", str(one.db), cwd=one.folder)

    assert (done.code, done.err) == (0, "")
    assert one.last().kind == "cancelled"


# Refusals, and their exit codes


def test_without_a_store_one_line_tells_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Clinic(folder=tmp_path, patch=monkeypatch)

    for line in (ENROLL, "book P-001 M1", "audit log", "clinic backup copy", "hold --study --reason x"):
        done = nowhere.run(line)
        assert (done.code, done.out) == (3, "")
        assert done.err.count("\n") == 1
        assert "there is no store of dayzero; make it with 'dayzero clinic init'" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("book P-009 M1", 2, "nobody is enrolled as 'P-009'; did you mean P-001?"),
        ("book p-001 M1", 2, "did you mean P-001?"),
        ("book P-001 M99", 1, "P-001 has no visit 'M99'; did you mean M9"),
        ("book P-001 M1 2026-04-05", 1, "the site is closed, as on every Sunday"),
        ("book P-001 M1 2026-04-20", 1, "is outside the window of M1, 2026-03-26 to 2026-04-09"),
        ("book P-001 M1 2026-02-27", 1, "is past; dayzero done"),
        ("book P-001 TAPER", 1, "has no appointment"),
        ("book P-001 D0", 1, "it is done, and cannot be booked"),
        ("confirm P-001 M1", 1, "it is not booked; dayzero book P-001 M1 DATE"),
        ("done P-001 M3 2026-03-02", 1, "attendance is not a dose"),
        ("done P-001 M1 2026-03-27", 1, "is in the future"),
        ("done P-001 M1 2026-03-27 --remote --other-site", 2, "say only one of them"),
        ("miss P-001 M1 --reason x", 1, "its window opens on 2026-03-26"),
        ("taper resume P-001 --reason x", 1, "nobody holds the taper"),
        ("resume P-001 --reason x", 1, "there is no hold of this kind"),
        ("resume --study --reason x", 1, "infusions are not on hold there"),
        ("hold --reason x", 2, "say one of them: PARTICIPANT, --site SITE or --study"),
        ("hold P-001 --study --reason x", 2, "say one of them"),
        ("hold --site nowhere --reason x", 2, "the clinic has no site 'nowhere'; known: gainesville"),
        (
            "correct P-001 D0 --reason x",
            1,
            "say --status, --day or --given, or where: --here, --remote or --other-site",
        ),
        ("correct P-001 D0 --remote --here --given no --reason x", 2, "say only one of them"),
        ("correct P-001 M1 --given yes --reason x", 1, "nothing is recorded of it that could be wrong"),
        ("told P-001 --to pharmacy --who KL --how phone", 1, "nothing is waiting to be told to the pharmacy"),
        ("reinstate P-001 --reason x", 1, "the participant takes part"),
        ("away P-001 2026-07-14..2026-07-01", 1, "2026-07-01 is before 2026-07-14"),
        ("away P-001 tomorrow", 2, "is not a date of the form YYYY-MM-DD"),
        ("book P-001 M1 2026-04-02 9", 2, "is no time of day; write 09:00"),
        ("move P-001 M1 2026-04-02", 2, "--reason: is empty; write why"),
        ("cancel P-001 M1", 2, "Missing option '--reason'"),
        ("cancel P-001 M1 --reason ''", 2, "--reason: is empty"),
        ("book P-001 M1 2026-04-20 --deviation ' '", 2, "--deviation: is empty"),
        ("amend res001-dmpm-02 --site gainesville --reason x", 1, "the site follows version 2026-02-03.1 already"),
        ("clinic site gainesville --reason x", 1, "the clinic follows this file already"),
        ("unscheduled P-001 2026-02-27 --reason x", 1, "is before the randomization"),
        ("book P-001 M1 2026-04-02 --actor ' '", 2, "--actor: write a role or initials"),
    ],
)
def test_a_refusal_says_what_to_type_next_and_records_nothing(one: Clinic, line: str, code: int, told: str) -> None:
    before = one.count()

    done = one.run(line)

    assert (done.code, one.count()) == (code, before)
    assert told in done.err
    assert "Traceback" not in done.err


def test_all_that_is_wrong_is_told_at_once(here: Clinic) -> None:
    done = here.run("enroll P/1 --site gainesville --randomized 2026-02-30 --day0 soon --deviation ''")
    assert done.code == 2
    assert [name for name in ("PARTICIPANT: ", "--randomized: ", "--day0: ") if name not in done.err] == []

    done = here.run("enroll P-001 --site gainesville --randomized 2026-04-01 --day0 2026-03-01")
    assert done.code == 1
    assert done.err.count("dayzero: ") == 3
    assert [name for name in ("--randomized: ", "--steroids: ", "--day0: ") if name not in done.err] == []

    done = here.run("correct P-001 --day soon --randomized never --given yes --reason ' '")
    assert done.code == 2
    wrong = ("--reason: is empty", "--given: goes with a VISIT only", "--day: 'soon'", "--randomized: 'never'")
    assert [words for words in wrong if words not in done.err] == []


def test_a_day_that_is_refused_is_followed_by_those_that_are_open(one: Clinic) -> None:
    refused = one.run("book P-001 M1 2026-04-05")

    assert refused.out == ""
    assert "2026-04-02" in refused.err

    asked = one.run("book P-001 M1 2026-04-05 --format json")
    assert (asked.code, asked.out) == (1, "")
    listed = one.run("move P-001 M1 --format json")
    assert listed.code == 0
    assert "2026-04-02" in str(printed(listed))


# Codes and sites


def test_a_code_that_differs_in_capital_letters_only_is_refused(one: Clinic) -> None:
    done = one.run("enroll p-001 --site gainesville --randomized 2026-03-02 --steroids")

    assert done.code == 1
    assert "p-001 differs from P-001, who is enrolled, in capital letters only" in done.err
    assert "lies beside" in one.run("enroll Coordinator.ICS --site gainesville --randomized 2026-03-02 --steroids").err
    again = one.run(ENROLL)
    assert (again.code, "P-001 is enrolled already" in again.err) == (1, True)


def test_a_site_is_added_by_the_name_of_an_example_or_by_a_file(here: Clinic) -> None:
    here.must("enroll P-001 --site miami --randomized 2026-03-02 --steroids")
    own = edited(SITE_FILE, here.folder, ('id = "gainesville"', 'id = "own"'))
    here.must(f"enroll P-002 --site {own} --randomized 2026-03-02 --steroids")

    group = [found for found in here.records() if found.group == here.last("P-002").group]
    assert [(found.subject, found.kind) for found in group] == [
        ("site/own", "site_set"), ("site/own", "protocol_followed"),
        ("participant/P-002", "enrolled"), ("participant/P-002", "planned"),
    ]  # fmt: skip
    here.must("enroll P-003 --site own --randomized 2026-03-02 --steroids")
    unknown = here.run("enroll P-004 --site tampa --randomized 2026-03-02 --steroids")
    assert unknown.code == 2
    assert "the clinic has: gainesville, miami, own" in unknown.err
    here.check_lists()


def test_another_file_of_a_known_site_is_not_taken_in_silence(here: Clinic) -> None:
    other = edited(SITE_FILE, here.folder, ('clinic = "09:00"', 'clinic = "11:00"'))
    before = here.count()

    for line in (f"enroll P-001 --site {other} --randomized 2026-03-02 --steroids", f"clinic init --site {other}"):
        done = here.run(line)
        assert done.code == 1
        assert "the clinic has a site gainesville with another file" in done.err
        assert "--reason ... changes it" in done.err
    assert here.count() == before


def test_making_a_clinic_again_does_no_harm_even_years_later(here: Clinic) -> None:
    before = here.count()
    here.must("clinic init --site gainesville", on="2028-01-03")
    assert here.count() == before


@pytest.mark.parametrize("wrong", ["--protocol nothing", "--site nowhere", "--site broken.toml --protocol broken.toml"])
def test_where_a_file_is_wrong_no_clinic_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    (tmp_path / "broken.toml").write_text("x = 1\n")
    nowhere = Clinic(folder=tmp_path, patch=monkeypatch)

    done = nowhere.run(f"clinic init {wrong}")

    assert done.code in (1, 2)
    assert not nowhere.db.exists()


# Holds


def test_a_hold_of_a_site_and_of_the_study_is_for_everybody_and_for_newcomers(one: Clinic) -> None:
    second(one)
    one.must("enroll P-003 --site miami --randomized 2026-03-02 --no-steroids")

    one.must("hold --site gainesville --reason 'pump recall'")

    group = one.last().group
    assert [
        (found.subject, found.kind) for found in one.records() if found.group == group and "held" in found.kind
    ] == [
        ("site/gainesville", "infusions_held"),
        ("participant/P-001", "infusions_held"),
        ("participant/P-002", "infusions_held"),
    ]
    assert {code: one.visit("M3", code)["status"] for code in ("P-001", "P-002", "P-003")} == {
        "P-001": "held", "P-002": "held", "P-003": "planned",
    }  # fmt: skip
    one.must("enroll P-004 --site gainesville --randomized 2026-03-02 --no-steroids")
    assert one.visit("D0", "P-004")["status"] == "held"
    one.must("hold --study --reason 'sponsor says so'")
    one.must("resume --site gainesville --reason 'pumps are back'")
    assert {one.visit("M3", code)["status"] for code in ("P-001", "P-003", "P-004")} == {"held"}
    one.must("resume --study --reason 'sponsor agrees'")
    assert {one.visit("M3", code)["status"] for code in ("P-001", "P-002", "P-003", "P-004")} == {"planned"}
    one.check_lists()


def test_who_was_away_from_the_study_does_not_miss_what_happened_to_the_site_meanwhile(one: Clinic) -> None:
    second(one)
    one.must("hold --site gainesville --reason 'pump recall'")
    one.must("withdraw P-001 2026-03-02 --reason moved")
    one.must("resume --site gainesville --reason 'pumps are back'")
    one.must("reinstate P-001 --reason 'came back'")
    assert one.visit("M3")["status"] == "planned", "the hold was lifted while the participant was away"

    one.must("withdraw P-001 2026-03-02 --reason moved")
    one.must("hold --site gainesville --reason 'pump recall'")
    one.must("reinstate P-001 --reason 'came back'")
    assert one.visit("M3")["status"] == "held", "the hold was placed while the participant was away"
    one.check_lists()


# Amendments and calendars


def test_an_amendment_is_followed_at_one_of_two_sites(one: Clinic) -> None:
    one.must("enroll P-003 --site miami --randomized 2026-03-02 --no-steroids")
    file = amended_protocol(one.folder)
    at_miami = len(one.of("P-003"))

    one.must(f"amend {file.name} --site gainesville --reason 'amendment 1'")

    assert one.last().kind == "amended"
    assert (one.last().body["old_version"], one.last().body["new_version"]) == ("2026-02-03.1", "2")
    assert (one.last().protocol_version, one.last().reason) == ("2", "amendment 1")
    assert len(one.of("P-003")) == at_miami
    assert dict(one.ask("SELECT code, protocol_version FROM clinic_participant")) == {
        "P-001": "2", "P-003": "2026-02-03.1",
    }  # fmt: skip
    second(one)
    assert one.last("P-002").body["protocol_version"] == "2"
    one.must("enroll P-005 --site miami --randomized 2026-03-02 --no-steroids")
    assert one.last("P-005").body["protocol_version"] == "2026-02-03.1"
    again = one.run(f"amend {file.name} --site gainesville --reason again")
    assert (again.code, "follows version 2 already" in again.err) == (1, True)
    file.write_text(file.read_text() + "\n# another thought\n")
    other = one.run(f"amend {file.name} --site miami --reason x")
    assert (other.code, "version 2 was adopted with another text" in other.err) == (1, True)
    one.check_lists()


def test_days_that_a_site_closes_move_what_is_not_booked_and_list_what_is(one: Clinic) -> None:
    one.must("book P-001 M1 2026-04-02")
    closed = edited(SITE_FILE, one.folder, ("[holidays]", (
        '[[closures]]\nfirst = 2026-04-02\nlast = 2026-04-02\nreason = {en = "storm", es = "tormenta"}\n'
        '[[closures]]\nfirst = 2026-05-01\nlast = 2026-05-01\nreason = {en = "storm", es = "tormenta"}\n[holidays]'
    )))  # fmt: skip
    assert one.visit("M2")["planned"] == "2026-05-01"
    before = one.count()
    assert printed(one.run(f"clinic site {closed} --reason storm --dry-run --format json"))["recorded"] is False
    assert one.count() == before

    shown = one.must(f"clinic site {closed} --reason storm")

    assert "P-001:\n  M2: Fri 2026-05-01 -> Thu 2026-04-30\n  M1 on Thu 2026-04-02: to rebook" in shown.out
    assert (one.visit("M1")["planned"], one.visit("M1")["to_rebook"]) == ("2026-04-02", 1)
    assert one.visit("M2")["planned"] != "2026-05-01"
    assert one.records("site/gainesville")[-1].reason == "storm"
    one.check_lists()


# Roster in, everything out


ROSTER = (
    "participant,randomized,day0,site,steroids,lang\n"
    "P-001,2026-03-02,2026-03-02,gainesville,yes,en\n"
    "P-002,2026-02-27,,miami,no,es\n"
)


def test_a_roster_enrolls_everybody_in_one_group(here: Clinic) -> None:
    (here.folder / "roster.csv").write_text(ROSTER)
    before = here.count()
    here.must("clinic import roster.csv --dry-run")
    assert here.count() == before

    here.must("clinic import roster.csv")

    assert {found.group for found in (*here.of("P-001"), *here.of("P-002"), *here.records("site/miami"))} == {
        before + 1
    }
    assert here.ask("SELECT code, site, lang FROM clinic_participant ORDER BY code") == [
        ("P-001", "gainesville", "en"), ("P-002", "miami", "es"),
    ]  # fmt: skip
    here.check_lists()


def test_where_a_row_is_wrong_nobody_is_enrolled_and_all_of_it_is_told(one: Clinic) -> None:
    (one.folder / "roster.csv").write_text(
        ROSTER + "p-001,2026-03-02,,gainesville,yes,en\nP-003,3/2/2026,,tampa,maybe,en\n"
        "P-004,2026-03-03,,miami,no,es\nP-005,2026-03-02,,gainesville,no,en,7\n"
    )
    before = one.count()

    done = one.run("clinic import roster.csv")

    assert (done.code, done.out, one.count()) == (1, "", before)
    for words in ("row 2, participant: the same participant stands in row 4", "row 5, randomized",
                  "row 5, site", "row 5, steroids", "row 6: --randomized: 2026-03-03 is in the future",
                  "row 7: it has 7 cells"):  # fmt: skip
        assert words in done.err, done.err
    (one.folder / "roster.csv").write_text(ROSTER)
    assert "row 2: PARTICIPANT: P-001 is enrolled already" in one.run("clinic import roster.csv").err
    (one.folder / "roster.csv").write_text(ROSTER.replace("P-001", "p-001"))
    assert "row 2: PARTICIPANT: p-001 differs from P-001" in one.run("clinic import roster.csv").err
    assert one.count() == before


def test_a_roster_with_cohorts_or_of_too_many_rows_is_no_roster_of_the_clinic(here: Clinic) -> None:
    (here.folder / "roster.csv").write_text("participant,randomized,site,steroids,cohort\nP-1,2026-03-02,miami,no,1\n")
    sealed = here.run("clinic import roster.csv")
    assert (sealed.code, "there is a column cohort" in sealed.err) == (2, True)
    rows = "".join(f"P-{number},x,,,,\n" for number in range(1_001))
    (here.folder / "roster.csv").write_text(f"participant,randomized,day0,site,steroids,lang\n{rows}")
    long = here.run("clinic import roster.csv")
    assert (long.code, long.err.count("\n")) == (1, 1)
    assert "1,001 rows" in long.err
    (here.folder / "roster.csv").write_text(ROSTER + "\n" * 1_000_000)
    large = here.run("clinic import roster.csv")
    assert (large.code, "it has 1,000,124 bytes" in large.err) == (1, True), large.err


def test_everything_can_be_taken_out(one: Clinic) -> None:
    one.must("book P-001 M1 2026-04-02")
    one.must("move P-001 M1 2026-04-03 --reason '=1+1'")

    one.must("clinic export --out all")

    names = {"records", "participants", "visits"}
    assert {path.name for path in (one.folder / "all").iterdir()} == {
        f"{n}.{end}" for n in names for end in ("csv", "jsonl")
    }
    rows = [json.loads(line) for line in (one.folder / "all" / "visits.jsonl").read_text().splitlines()]
    (booked,) = [row for row in rows if row["code"] == "M1"]
    assert (booked["planned"], booked["status"], booked["start"]) == ("2026-04-03", "booked", "2026-04-03T09:00")
    with (one.folder / "all" / "records.csv").open(newline="") as file:
        records = list(csv.DictReader(file))
    assert len(records) == one.count()
    assert records[-1]["reason"] == "'=1+1"
    exported = (one.folder / "all" / "records.jsonl").read_text().splitlines()
    assert json.loads(exported[-1])["record"]["reason"] == "=1+1"


# Copies


def test_a_copy_is_restored_with_the_same_head(one: Clinic) -> None:
    one.must("book P-001 M1 2026-04-02")
    second(one)
    copied = one.must("clinic backup copy.sqlite3")
    head = copied.out.split("head ")[1].split()[0]
    one.must("cancel P-001 M2 --reason later")
    assert one.run("clinic backup copy.sqlite3").code == 1, "a copy is never overwritten"

    restored = one.must("clinic restore copy.sqlite3 --db again.sqlite3")

    assert f"head {head}" in restored.out
    again = replace(one, env={"DAYZERO_DB": str(one.folder / "again.sqlite3")})
    assert head in again.must("audit verify").out
    assert again.must("clinic doctor").code == 0
    assert one.ask("SELECT count(*) FROM clinic_visit")[0][0] == 47
    assert one.run("clinic restore copy.sqlite3").code == 1, "a store that has records is never overwritten"


def test_what_is_no_copy_is_told(one: Clinic) -> None:
    (one.folder / "text").write_text("hello\n")
    for name in ("text", "nothing", "."):
        done = one.run(f"clinic restore {name} --db new.sqlite3")
        assert done.code in (1, 2, 3), done.err
        assert done.err.count("\n") == 1
        assert not (one.folder / "new.sqlite3").exists()


def test_a_damaged_copy_leaves_nothing_behind(one: Clinic) -> None:
    one.must("clinic backup copy.sqlite3")
    with sqlite3.connect(one.folder / "copy.sqlite3") as direct:
        direct.execute("DROP TRIGGER clinic_record_unchanged")
        direct.execute("UPDATE clinic_record SET actor = 'somebody' WHERE seq = 4")
    direct.close()

    done = one.run("clinic restore copy.sqlite3 --db again.sqlite3")

    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "record 4 was altered" in done.err
    assert not (one.folder / "again.sqlite3").exists()


def test_lists_that_were_altered_are_found_and_made_anew(one: Clinic) -> None:
    with sqlite3.connect(one.db) as direct:
        direct.execute("UPDATE clinic_visit SET planned = '2030-01-01' WHERE code = 'M3'")
    direct.close()

    found = one.run("clinic doctor")

    assert found.code == 1
    assert "P-001 (M3.planned)" in found.out
    assert "dayzero clinic rebuild" in found.out
    one.must("clinic rebuild")
    assert one.run("clinic doctor").code == 0


# Audit


def test_the_audit_is_listed_by_whom_when_and_what(one: Clinic) -> None:
    one.must("book P-001 M1 2026-04-02 --actor KL")
    one.must("move P-001 M1 2026-04-03 --reason 'car broke down'", on="2026-03-03")
    second(one)

    line = one.must("audit log --kind moved").out
    assert line.split() == [
        "8", "2026-03-03", "17:00:00", "UTC", "JD", f"({pwd.getpwuid(getuid()).pw_name})", "participant/P-001",
        "moved:", "M1,", "Day:", "2026-04-02", "09:00", "->", "2026-04-03", "09:00", "(car", "broke", "down)",
    ]  # fmt: skip
    assert [
        found["kind"] for found in map(json.loads, one.must("audit log --by KL --format json").out.splitlines())
    ] == ["booked"]
    assert len(one.must("audit log --participant P-002").out.splitlines()) == len(one.of("P-002"))
    assert len(one.must("audit log --until 2026-03-02").out.splitlines()) == 7
    assert len(one.must("audit log --subject site/gainesville").out.splitlines()) == 2
    since = one.must("audit log --since 2026-03-03").out.splitlines()
    assert len(since) == one.count() - 7
    wrong = one.run("audit log --since soon --until never")
    assert (wrong.code, wrong.err.count("is not a date")) == (2, 2)


def test_a_record_that_is_altered_or_cut_off_is_found(one: Clinic) -> None:
    one.must("audit checkpoint kept.jsonl")
    one.must("book P-001 M1 2026-04-02")
    one.must("audit checkpoint kept.jsonl")
    good = printed(one.must("audit verify --checkpoint kept.jsonl --format json"))
    assert (good["good"], good["checkpoints"]) == (True, 2)
    with sqlite3.connect(one.db) as direct:
        for (name,) in direct.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            direct.execute(f"DROP TRIGGER {name}")
        direct.execute("DELETE FROM clinic_record WHERE kind = 'booked'")
    direct.close()

    assert one.run("audit verify").code == 0, "a chain alone cannot see a cut tail"
    cut = one.run("audit verify --checkpoint kept.jsonl")
    assert (cut.code, "the end was cut off" in cut.out) == (1, True)
    with sqlite3.connect(one.db) as direct:
        direct.execute("UPDATE clinic_record SET actor = 'nobody' WHERE kind = 'enrolled'")
    direct.close()
    assert one.run("audit verify").code == 1


def test_the_audit_is_exported_as_its_file_is_called(one: Clinic) -> None:
    one.must("audit export audit.jsonl")
    one.must("audit export audit.csv")
    assert len((one.folder / "audit.jsonl").read_text().splitlines()) == one.count()
    wrong = one.run("audit export audit.doc")
    assert (wrong.code, "let it end in .csv or .jsonl" in wrong.err) == (2, True)


# Two at once


def test_of_two_who_decide_on_the_same_visit_the_second_is_told(one: Clinic) -> None:
    first, other = (
        AtTerminal("cancel", "P-001", "M2", "--reason", why, "--actor", who, "--db", str(one.db), cwd=one.folder)
        for why, who in (("on holiday", "KL"), ("snow", "MN"))
    )
    first.wait_for("Record this?")
    other.wait_for("Record this?")
    before = len(one.of())

    codes = (first.answer("y"), other.answer("y"))

    assert codes == (0, 3)
    assert "participant/P-001: was changed meanwhile by KL (cancelled," in other.shown
    assert "nothing of yours was recorded" in other.shown
    assert (len(one.of()), one.last().reason) == (before + 1, "on holiday")


def test_what_is_for_everybody_is_for_whoever_came_meanwhile(one: Clinic) -> None:
    words = ("hold", "--site", "gainesville", "--reason", "pump recall", "--db", str(one.db))
    late = AtTerminal(*words, cwd=one.folder)
    late.wait_for("Record this?")
    second(one)

    assert late.answer("y") == 3
    assert "participant/P-002: was enrolled meanwhile; nothing of yours was recorded; repeat the command" in late.shown
    assert one.records("site/gainesville")[-1].kind == "protocol_followed"
    assert one.visit("M3")["status"] == "planned"


@pytest.mark.parametrize("meanwhile", ["hold --site gainesville --reason x", "hold --study --reason x"])
def test_who_decides_while_the_rules_of_the_site_change_is_told(one: Clinic, meanwhile: str) -> None:
    words = ("enroll", "P-002", "--site", "gainesville", "--randomized", "2026-03-02", "--no-steroids")
    late = AtTerminal(*words, "--db", str(one.db), cwd=one.folder)
    late.wait_for("Record this?")
    one.must(meanwhile)

    assert late.answer("y") == 3
    assert "was changed meanwhile by JD (infusions_held," in late.shown
    assert one.of("P-002") == []
