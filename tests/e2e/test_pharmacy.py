"""``dayzero pharmacy`` as the pharmacist, the second key holder and the clinic run it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from builders import OTHER_TRIAL, Run, dayzero, needs_pdf, plan
from terminal import at_terminal
from unblinded import OURS, THEIRS, write_export, write_passphrases

WHO = ("--who", "RPh")
KEYS = ("--keys", "pharmacy")
OPEN = ("--passphrase-file", "ours.txt")
EMERGENCY = ("--keys", "safe", "--manifest", "pharmacy/envelopes.json", "--out", "records", "--passphrase-file",
             "theirs.txt")  # fmt: skip
CHECK = ("check", "pharmacy/envelopes.json", "--public-keys", "pharmacy/public-keys.json")


def pharmacy(*arguments: str, cwd: Path) -> Run:
    return dayzero("pharmacy", *arguments, cwd=cwd)


def allocation(folder: Path, **cohorts: str) -> str:
    rows = [f"{code.replace('_', '-')},{cohort}" for code, cohort in cohorts.items()]
    (folder / "allocation.csv").write_text("\n".join(["participant,cohort", *rows]))
    return "allocation.csv"


def log(folder: Path, keys: str = "pharmacy") -> list[dict[str, object]]:
    path = folder / keys / "pharmacy-log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the keys of a site, and seal three participants."""
    folder = tmp_path_factory.mktemp("site")
    write_passphrases(folder)
    keys = pharmacy("keygen", "--site", "gainesville", *KEYS, "--emergency-keys", "safe", *OPEN,
                    "--emergency-passphrase-file", "theirs.txt", cwd=folder)  # fmt: skip
    sealed = pharmacy("seal", allocation(folder, P_001="1", P_002="2", P_003="1"), *KEYS, *OPEN, cwd=folder)
    assert (keys.code, keys.err, sealed.code) == (0, "", 0)
    assert "3 envelopes were sealed; pharmacy/envelopes.json holds 3" in sealed.out
    return folder


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Path:
    """Return a copy of that site, with the clinic's exports of two participants."""
    folder = tmp_path / "site"
    shutil.copytree(made, folder)
    for code in ("P-001", "P-002"):
        write_export(folder / "clinic", code)
    return folder


def test_keys_are_private_and_both_holders_have_their_own(site: Path) -> None:
    assert sorted(path.name for path in (site / "pharmacy").iterdir()) == [
        "envelopes.json", "pharmacy.key", "public-keys.json", "signing.key",
    ]  # fmt: skip
    assert sorted(path.name for path in (site / "safe").iterdir()) == ["emergency.key", "public-keys.json"]
    for folder in (site / "pharmacy", site / "safe"):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    assert json.loads((site / "safe" / "emergency.key").read_text())["cost"] == {"memory_mib": 256, "rounds": 3}


def test_keys_are_never_overwritten(site: Path) -> None:
    before = snapshot(site)

    again = pharmacy("keygen", "--site", "gainesville", *KEYS, "--emergency-keys", "safe", *OPEN,
                     "--emergency-passphrase-file", "theirs.txt", cwd=site)  # fmt: skip

    assert (again.code, again.out) == (1, "")
    assert again.err.count("keys are never overwritten") == 5
    assert snapshot(site) == before


@pytest.mark.parametrize(
    ("words", "wrong"), [("", "is empty"), ("password", "fewer than 15"), (THEIRS, "it is the pharmacy's passphrase")]
)
def test_a_weak_or_shared_passphrase_is_refused_and_nothing_is_written(tmp_path: Path, words: str, wrong: str) -> None:
    for name, text in (("ours.txt", words), ("theirs.txt", THEIRS)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)

    done = pharmacy("keygen", "--site", "s", *KEYS, "--emergency-keys", "safe", *OPEN, "--emergency-passphrase-file",
                    "theirs.txt", cwd=tmp_path)  # fmt: skip

    assert (done.code, done.out) == (1, "")
    assert wrong in done.err
    assert "Traceback" not in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ours.txt", "theirs.txt"]


def test_a_passphrase_file_that_others_may_read_is_refused(site: Path) -> None:
    (site / "ours.txt").chmod(0o644)

    done = pharmacy("seal", allocation(site, P_004="1"), *KEYS, *OPEN, cwd=site)

    assert done.code == 1
    assert "others may read ours.txt; chmod 600" in done.err


def test_sealing_more_keeps_the_old_envelopes_byte_for_byte(site: Path) -> None:
    path = site / "pharmacy" / "envelopes.json"
    before = path.read_text()

    done = pharmacy("seal", allocation(site, P_000="2"), *KEYS, *OPEN, cwd=site)

    assert done.out == "1 envelope was sealed; pharmacy/envelopes.json holds 4\n"
    assert done.err == "now lock allocation.csv away, or destroy it: it tells every cohort\n"
    old = re.findall(r'\{"emergency"[^}]*"participant"[^}]*\}', before)
    assert len(old) == 3
    assert all(envelope in path.read_text() for envelope in old)
    again = pharmacy("seal", "allocation.csv", *KEYS, *OPEN, cwd=site)
    assert again.code == 1
    assert "row 2, participant: has an envelope already" in again.err


def test_the_clinic_checks_with_public_files_alone(site: Path) -> None:
    for name in ("envelopes.json", "public-keys.json"):
        shutil.copy(site / "pharmacy" / name, site / "clinic" / name)

    done = pharmacy("check", "envelopes.json", "--public-keys", "public-keys.json", "--export", ".", "--lang", "es",
                    cwd=site / "clinic")  # fmt: skip

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "3 sobres de RES001-DMPM-02, centro gainesville: la firma es válida",
        "2 participantes están en el estudio y cada uno tiene sobre",
    ]


def test_a_participant_without_envelope_an_altered_manifest_and_a_broken_log_are_told_at_once(site: Path) -> None:
    write_export(site / "clinic", "P-009")
    write_export(site / "clinic", "P-001", site="miami")
    done = pharmacy(*CHECK, "--export", "clinic", cwd=site)
    assert (done.code, done.out) == (1, "")
    assert "site: it is 'miami', but the envelopes are those of 'gainesville'" in done.err
    assert "participant: there is no envelope for P-009; ask the pharmacist" in done.err

    path = site / "pharmacy" / "envelopes.json"
    path.write_text(path.read_text().replace('"P-002"', '"P-0022"'))
    (site / "pharmacy" / "pharmacy-log.jsonl").write_text('{"seq":1}\n')
    done = pharmacy(*CHECK, "--log", "pharmacy/pharmacy-log.jsonl", cwd=site)
    assert (done.code, done.out) == (1, "")
    assert "signature: it does not fit" in done.err
    assert "line 1: it was altered or is damaged" in done.err


def test_the_pharmacist_sees_one_cohort_on_the_terminal_and_the_log_tells_no_arm(site: Path) -> None:
    done = at_terminal(
        "pharmacy", "open", "P-002", *KEYS, "--lang", "es", cwd=site,
        answers=[("¿Quién es usted?", "RPh"), ("¿Por qué?", "dosis perdida"), ("pharmacy.key: ", OURS)],
    )  # fmt: skip

    assert done.code == 0
    assert "P-002: Cohorte 2: primero placebo; después ULSC" in done.out
    assert OURS not in done.out
    (line,) = log(site)
    assert (line["act"], line["participant"], line["who"], line["why"]) == ("opened", "P-002", "RPh", "dosis perdida")
    assert not re.search("placebo|ulsc|cohort", json.dumps(line), re.IGNORECASE)
    assert "1 line" in pharmacy(*CHECK, "--log", "pharmacy/pharmacy-log.jsonl", cwd=site).out


def test_a_cohort_goes_into_no_file_and_no_pipe(site: Path) -> None:
    before = snapshot(site)

    opened = pharmacy("open", "P-001", *KEYS, *OPEN, *WHO, "--why", "drill", cwd=site)
    unblinded = pharmacy("emergency", "P-001", *EMERGENCY, *WHO, "--why", "drill", cwd=site)

    for done in (opened, unblinded):
        assert (done.code, done.out) == (1, "")
        assert "a cohort is shown on a terminal only" in done.err
    assert snapshot(site) == before


@pytest.mark.parametrize("code", ["P-009", "p-001", "../P-001", "P-001\n"])
def test_a_code_without_envelope_opens_nothing(site: Path, code: str) -> None:
    before = snapshot(site)

    done = at_terminal("pharmacy", "open", code, *KEYS, *OPEN, *WHO, "--why", "drill", cwd=site)

    assert done.code == 1
    assert "there is no envelope for this code" in done.out
    assert snapshot(site) == before


def test_a_wrong_passphrase_is_one_line_and_leaves_no_trace(site: Path) -> None:
    before = snapshot(site)

    done = at_terminal("pharmacy", "open", "P-001", *KEYS, *WHO, "--why", "drill", cwd=site,
                       answers=[("pharmacy.key: ", "a wrong passphrase")])  # fmt: skip

    assert done.code == 1
    told = [line for line in done.out.splitlines() if line.startswith("dayzero: ")]
    assert told == [
        "dayzero: pharmacy/pharmacy.key: the passphrase does not open it, or the file is damaged; "
        "type it again; if it is right, take the copy that is kept apart"
    ]
    assert "Traceback" not in done.out
    assert snapshot(site) == before


def test_a_reason_that_tells_the_arm_is_refused_before_anything_is_opened(site: Path) -> None:
    done = at_terminal("pharmacy", "open", "P-001", *KEYS, *OPEN, *WHO, "--why", "looks like placebo", cwd=site)

    assert done.code == 1
    assert "--why: it names a product or a cohort" in done.out
    assert log(site) == []


def test_the_second_key_holder_opens_one_envelope_after_a_question(site: Path) -> None:
    done = at_terminal("pharmacy", "emergency", "P-003", *EMERGENCY, *WHO, "--why", "anaphylaxis", cwd=site,
                       answers=[("Open? [y/N]: ", "y")])  # fmt: skip

    assert done.code == 0
    assert "P-003: Cohort 1: ULSC first; placebo second" in done.out
    record = (site / "records" / "emergency-P-003-1.txt").read_text()
    (line,) = log(site, "safe")
    assert line["act"] == "emergency"
    assert f"Line of the pharmacy's log: 1, {line['hash']}" in record
    assert "Why: anaphylaxis" in record
    assert not re.search("placebo|ulsc|cohort", record + json.dumps(line), re.IGNORECASE)
    assert log(site) == []
    assert (site / "records").stat().st_mode & 0o777 == 0o700


def test_no_to_the_question_opens_and_writes_nothing(site: Path) -> None:
    before = snapshot(site)

    done = at_terminal("pharmacy", "emergency", "P-003", *EMERGENCY, *WHO, "--why", "anaphylaxis", cwd=site,
                       answers=[("Open? [y/N]: ", "n")])  # fmt: skip

    assert done.code == 1
    assert "nothing was opened and nothing was written" in done.out
    assert "ULSC" not in done.out
    assert snapshot(site) == before


def test_an_accident_is_recorded_without_key_passphrase_or_terminal(site: Path) -> None:
    done = pharmacy("emergency", "P-002", "--accidental", *KEYS, "--out", "records", *WHO, "--why", "label fell off",
                    "--lang", "es", cwd=site)  # fmt: skip

    assert (done.code, done.out) == (0, "")
    assert "Apertura accidental del ciego" in (site / "records" / "accidental-P-002-1.txt").read_text()
    assert [line["act"] for line in log(site)] == ["accidental"]


@needs_pdf
def test_the_sheets_of_all_are_those_of_plan(site: Path) -> None:
    shutil.rmtree(site / "clinic")
    for code, cohort in (("P-001", "1"), ("P-002", "2")):
        made = plan("--site", "gainesville", "--booked", "--only", "json", "--out", "clinic", "--cohort", cohort,
                    "--pharmacy-out", "expected", cwd=site, participant=code)  # fmt: skip
        assert made.code == 0

    done = pharmacy("sheet", "--all", "--export", "clinic", *KEYS, "--out", "sheets", "--site", "gainesville", *WHO,
                    *OPEN, cwd=site)  # fmt: skip

    assert (done.code, done.err) == (0, "")
    assert snapshot(site / "sheets") == snapshot(site / "expected")
    assert len(snapshot(site / "sheets")) == 10
    assert len(done.out.splitlines()) == 10
    assert [(line["act"], line["participant"]) for line in log(site)] == [("sheets", "P-001"), ("sheets", "P-002")]


def test_one_participant_s_sheets_say_what_not_to_prepare(site: Path) -> None:
    write_export(site / "clinic", "P-002", {"M7": {"status": "cancelled", "sequence": 1}})

    done = pharmacy("sheet", "P-002", "--export", "clinic", *KEYS, "--out", "sheets", *WHO, *OPEN, "--lang", "es",
                    "--paper", "a4", cwd=site)  # fmt: skip

    assert done.code == 0
    assert [path.name for path in (site / "sheets").iterdir()] == ["P-002"]
    page = (site / "sheets" / "P-002" / "preparation.html").read_text("utf-8")
    assert "NO PREPARAR: esta infusión está cancelada" in page
    assert "size: a4" in page
    assert "CANCELADA: P-002 M7" in (site / "sheets" / "P-002" / "pharmacy.ics").read_text("utf-8")


def test_sheets_follow_the_clinic_s_own_store(site: Path) -> None:
    shutil.rmtree(site / "clinic")
    (site / "clinic" / "P-002").mkdir(parents=True)
    env = {**os.environ, "DAYZERO_DB": "clinic/dayzero.sqlite3"}
    sheet = ("pharmacy", "sheet", "P-002", "--export", "clinic", *KEYS, "--out", "sheets", *WHO, *OPEN)
    begin = ("enroll", "P-002", "--site", "gainesville", "--randomized", "2026-03-02", "--no-steroids")

    def clinic(*arguments: str) -> str:
        done = dayzero(*arguments, cwd=site, env=env)
        assert (done.code, "Traceback" in done.err) == (0, False), done.err
        return done.out

    def export() -> None:
        shown = clinic("show", "P-002", "--format", "json")
        (site / "clinic" / "P-002" / "schedule.json").write_text(shown, "utf-8")

    clinic("clinic", "init", "--site", "gainesville")
    clinic(*begin, "--actor", "CO", "--yes")
    export()
    clinic(*sheet)
    before = (site / "sheets" / "P-002" / "preparation.html").read_text("utf-8")
    clinic("hold", "P-002", "--reason", "rash", "--actor", "CO", "--yes")
    export()
    held = dayzero(*sheet, cwd=site, env=env)

    page = (site / "sheets" / "P-002" / "preparation.html").read_text("utf-8")
    assert held.code == 0
    assert "DO NOT PREPARE" not in before
    assert page.count("DO NOT PREPARE: this infusion is on hold") == 12
    assert "note: these are from before and may tell other dates: sheets/P-002/handover.html" in held.err


def test_what_is_wrong_with_exports_is_told_at_once_and_nothing_is_written(site: Path) -> None:
    write_export(site / "clinic", "P-009")
    write_export(site / "clinic", "P-001", protocol_version="1")
    before = snapshot(site)

    done = pharmacy("sheet", "--all", "--export", "clinic", *KEYS, "--out", "sheets", *WHO, *OPEN, cwd=site)

    assert (done.code, done.out) == (1, "")
    assert "protocol_version: it is '1', but here it is '2026-02-03.1'" in done.err
    assert "there is no envelope for P-009" in done.err
    assert snapshot(site) == before


def test_another_study_s_protocol_is_refused(site: Path) -> None:
    done = pharmacy("sheet", "--all", "--export", "clinic", *KEYS, "--out", "sheets", *WHO, *OPEN, "--protocol",
                    str(OTHER_TRIAL), cwd=site)  # fmt: skip

    assert done.code == 1
    assert "its envelopes are those of 'RES001-DMPM-02'" in done.err


def test_nothing_is_written_into_the_clinic_s_folders(site: Path) -> None:
    (site / "db").mkdir()
    before = snapshot(site)
    env = {**os.environ, "DAYZERO_DB": str(site / "db" / "own.sqlite")}
    commands = (
        ("keygen", "--site", "s", "--keys", "clinic/k", "--emergency-keys", "db/e"),
        ("sheet", "--all", "--export", "clinic", *KEYS, "--out", "clinic/sheets", *WHO, *OPEN),
        ("emergency", "P-001", "--accidental", *KEYS, "--out", "db/records", *WHO, "--why", "x"),
    )
    shutil.copy(site / "allocation.csv", site / "clinic" / "P-001" / "allocation.csv")

    for command in (*commands, ("seal", "clinic/P-001/allocation.csv", *KEYS, *OPEN)):
        done = dayzero("pharmacy", *command, cwd=site, env=env)
        assert (done.code, done.out) == (1, ""), command
        assert "the clinic's folder" in done.err
        assert "Traceback" not in done.err
    (site / "clinic" / "P-001" / "allocation.csv").unlink()
    assert snapshot(site) == before


def test_allocations_are_typed_unseen_and_twice(site: Path) -> None:
    done = at_terminal(
        "pharmacy", "seal", *KEYS, *OPEN, cwd=site,
        answers=[
            ("when done): ", "P-001"), ("when done): ", "P-010"), ("(not shown): ", "2"), ("confirmation: ", "1"),
            ("(not shown): ", "2"), ("confirmation: ", "2"), ("when done): ", "P-011"), ("(not shown): ", "7"),
            ("confirmation: ", "7"), ("when done): ", ""),
        ],
    )  # fmt: skip

    assert done.code == 0
    assert "has an envelope already" in done.out
    assert "The two entered values do not match" in done.out
    assert "there is no such cohort; known: 1, 2" in done.out
    assert "1 envelope was sealed; pharmacy/envelopes.json holds 4" in done.out
    shown = at_terminal("pharmacy", "open", "P-010", *KEYS, *OPEN, *WHO, "--why", "drill", cwd=site)
    assert "P-010: Cohort 2" in shown.out


@pytest.mark.parametrize("command", [("seal", *KEYS), ("seal", "allocation.csv", *KEYS)])
def test_without_a_terminal_to_ask_on_it_is_usage(site: Path, command: tuple[str, ...]) -> None:
    allocation(site, P_020="1")

    done = pharmacy(*command, cwd=site)

    assert (done.code, done.out) == (2, "")
    assert "there is no terminal to ask on" in done.err


def test_a_script_s_variable_that_was_never_set_is_usage(site: Path) -> None:
    done = pharmacy("open", "", "--keys", "", "--manifest", "", "--who", "", cwd=site)

    assert (done.code, done.out) == (2, "")
    assert done.err.count("is empty; leave it out or write a value") == 4


@pytest.mark.parametrize("name", ["envelopes.json", "public-keys.json", "pharmacy.key"])
def test_a_damaged_file_is_told_in_lines(site: Path, name: str) -> None:
    path = site / "pharmacy" / name
    path.write_bytes(path.read_bytes()[:-20])

    done = pharmacy("sheet", "P-001", "--export", "clinic", *KEYS, "--out", "sheets", *WHO, *OPEN, cwd=site)

    assert (done.code, done.out) == (1, "")
    assert f"pharmacy/{name}: it is damaged, or no " in done.err
    assert "Traceback" not in done.err
    assert not (site / "sheets").exists()


def test_a_missing_library_is_one_line_that_says_what_to_install(site: Path) -> None:
    hide = "import sys; sys.modules['nacl'] = None; import importlib.util as u; f = u.find_spec\n"
    hide += "u.find_spec = lambda name, *a: None if name == 'nacl' else f(name, *a)\nfrom cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hide, "pharmacy", "seal", *KEYS], cwd=site, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "dayzero: pharmacy: PyNaCl is missing; pip install 'dayzero[pharmacy]'\n"


def test_a_folder_that_cannot_be_written_leaves_the_cohort_untold(site: Path) -> None:
    (site / "pharmacy" / "pharmacy-log.jsonl").mkdir()

    done = at_terminal("pharmacy", "open", "P-001", *KEYS, *OPEN, *WHO, "--why", "drill", cwd=site)

    assert done.code == 1
    assert "ULSC" not in done.out
    assert "Traceback" not in done.out
