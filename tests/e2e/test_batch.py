"""``dayzero batch``: a whole roster, its good rows written and its bad ones told, by one process or more."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import OTHER_TRIAL, REPOSITORY, SITE_FILE, Run, dayzero, edited, needs_pdf

EXAMPLE = REPOSITORY / "docs" / "roster-example.csv"
HEADER = "participant,randomized,day0,site,steroids,lang\n"
ROSTER = HEADER + "P-001,2026-03-02,2026-03-05,gainesville,yes,en\nP-002,2026-03-09,,miami,no,es\n"
NO, USAGE, STORAGE, BUG = 1, 2, 3, 70
ICS = ["coordinator.ics", "participant.ics"]
CLOSED = """
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


def batch(folder: Path, text: str | bytes, *options: str, env: dict[str, str] | None = None) -> Run:
    (folder / "roster.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return run(folder, "roster.csv", *options, env=env)


def run(folder: Path, roster: str, *options: str, env: dict[str, str] | None = None) -> Run:
    usual = ("--out", "clinic", "--as-of", "2026-03-02", "--only", "json,ics")
    return dayzero("batch", roster, *usual, *options, cwd=folder, env=env)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def bad_rows(done: Run) -> list[str]:
    return [line.removeprefix("dayzero: ") for line in done.err.splitlines() if line.startswith("dayzero: ")]


def roster_of(people: int) -> str:
    return HEADER + "".join(f"P-{n:04},2026-{n % 12 + 1:02}-{n % 28 + 1:02},,miami,yes,es\n" for n in range(people))


def test_the_example_in_the_docs_is_written(tmp_path: Path) -> None:
    done = run(tmp_path, str(EXAMPLE))

    folders = [f"P-00{n}/{name}" for n in (1, 2, 3) for name in (*ICS, "schedule.json")]
    assert (done.code, list(files(tmp_path / "clinic"))) == (0, [*folders, "coordinator.ics"])
    assert done.out.splitlines() == [
        "3 participants were written to clinic; 0 rows were refused",
        "wrote clinic/coordinator.ics",
    ]
    assert bad_rows(done) == []


def test_each_participant_has_the_files_that_plan_writes(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    batch(tmp_path, ROSTER, "--booked", "--staff-lang", "es", "--only", "json,csv,ics,html")
    common = ("--as-of", "2026-03-02", "--booked", "--staff-lang", "es", "--only", "json,csv,ics,html", "--out", "one")
    first = ("--randomized", "2026-03-02", "--day0", "2026-03-05", "--site", "gainesville", "--steroids")
    second = ("--randomized", "2026-03-09", "--site", "miami", "--no-steroids", "--lang", "es")

    for participant, own in (("P-001", first), ("P-002", second)):
        assert dayzero("plan", participant, *own, *common, cwd=tmp_path).code == 0

    together = files(tmp_path / "clinic")
    together.pop("coordinator.ics")
    assert together == files(tmp_path / "one")
    assert len(together) == 12


@needs_pdf
def test_without_only_each_packet_is_printed_too(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(HEADER + "P-001,2026-03-02,,,yes,\nP-002,2026-03-09,,,no,es\n")

    done = dayzero("batch", "roster.csv", "--out", "clinic", "-j", "2", cwd=tmp_path)

    written = files(tmp_path / "clinic")
    assert (done.code, len(written)) == (0, 17)
    assert written["P-001/packet.pdf"].startswith(b"%PDF-")
    assert written["P-001/packet.pdf"] != written["P-002/packet.pdf"]


def test_good_rows_are_written_and_all_bad_ones_told_with_row_and_column(tmp_path: Path) -> None:
    edited(SITE_FILE, tmp_path, ("\n[contact]", CLOSED)).rename(tmp_path / "closed.toml")
    (tmp_path / "bad.toml").write_text('id = "a b"\n')
    text = (
        HEADER
        + "P-001,3/2/2026,,gainsville,yes,en\n"
        + "P-002,2026-03-02,,closed.toml,yes,en\n"
        + "\n"
        + "P-003,2026-03-02,,./closed.toml,no,en\n"
        + "P-004,2026-03-02,,bad.toml,,en\n"
        + "P-005,2026-03-02,2026-03-20,miami,yes,en\n"
        + "P-006,2026-03-02,,bad.toml,yes,en\n"
    )

    done = batch(tmp_path, text)

    assert done.code == NO
    assert sorted({name.split("/")[0] for name in files(tmp_path / "clinic")}) == ["P-005", "coordinator.ics"]
    assert done.out.splitlines()[0] == "1 participant was written to clinic; 5 rows were refused"
    rows = [line for line in done.err.splitlines() if not line.startswith(("note", "site ", "dayzero: bad.toml"))]
    assert [line.split(":")[0] for line in rows[:3]] == ["dayzero", "dayzero", "row 3, P-002"]
    assert rows[0].startswith("dayzero: roster.csv: row 2, randomized: '3/2/2026' is a date as a spreadsheet writes it")
    assert "row 2, site: 'gainsville' is no site that comes with dayzero, and no file; did you mean gai" in rows[1]
    assert rows[2] == "row 3, P-002: not written: no day fits M3 (11 reasons; dayzero plan tells them)"
    assert rows[3] == "row 5, P-003: not written: no day fits M3 (11 reasons; dayzero plan tells them)"
    assert "row 6, site: 'bad.toml' is a site file that cannot be used; mend what is told of it above" in rows[4]
    assert "row 6, steroids: is blank; write yes or no" in rows[5]
    assert rows[6].startswith("row 7, P-005: note: Day 0 is fixed on Fri 20 March 2026, outside its window")
    assert rows[7].startswith("dayzero: roster.csv: row 8, site: 'bad.toml' is a site file that cannot be used")
    assert len(rows) == 8
    assert done.err.count("bad.toml: open: is missing") == 1
    assert done.err.index("bad.toml: open: is missing") < done.err.index("row 2")


def test_a_site_s_file_counts_from_the_roster_s_folder_and_is_noted_once(tmp_path: Path) -> None:
    (tmp_path / "trial" / "sites").mkdir(parents=True)
    (tmp_path / "trial" / "sites" / "clinic.toml").write_bytes(SITE_FILE.read_bytes())
    text = HEADER + "P-001,2026-03-02,,sites/clinic.toml,yes,\nP-002,2026-03-02,,sites/clinic.toml,yes,\n"
    (tmp_path / "trial" / "roster.csv").write_text(text)

    done = run(tmp_path, "trial/roster.csv")

    assert done.code == 0, done.err
    assert done.err.count("site gainesville: note: these values of the site file are examples") == 1
    assert json.loads(files(tmp_path)["clinic/P-002/schedule.json"])["site"] == "gainesville"


def test_what_makes_days_impossible_to_book_is_told_for_its_row(tmp_path: Path) -> None:
    edited(SITE_FILE, tmp_path, ('virtual = "10:00"\n', "")).rename(tmp_path / "clinic.toml")
    text = HEADER + "P-001,2026-03-02,,clinic.toml,yes,\nP-002,2026-03-02,,,yes,\nP-003,2026-03-02,,miami,yes,\n"

    done = batch(tmp_path, text, "--booked")

    assert (done.code, "P-003/schedule.json" in files(tmp_path / "clinic")) == (NO, True)
    assert [line.split(";")[0] for line in bad_rows(done)] == [
        "roster.csv: row 2: arrival.virtual in the file of the site gainesville: no time is given",
        "roster.csv: row 3, site: is blank, and without a site there are no times to book",
    ]


def test_two_workers_write_and_say_the_same_as_one(tmp_path: Path) -> None:
    text = roster_of(40) + "P-X,,,,,\n" + roster_of(3).replace("P-00", "Q-00").removeprefix(HEADER)
    runs = []
    for jobs in ("1", "2", "3"):
        (tmp_path / jobs).mkdir()
        runs.append(batch(tmp_path / jobs, text, "--booked", "-j", jobs))

    assert [done.code for done in runs] == [NO] * 3
    assert runs[0] == runs[1] == runs[2]
    assert files(tmp_path / "1") == files(tmp_path / "2") == files(tmp_path / "3")
    assert len(files(tmp_path / "1")) == 2 + 43 * 3


def test_staff_read_spanish_and_the_calendar_of_all_too(tmp_path: Path) -> None:
    edited(SITE_FILE, tmp_path, ("\n[contact]", CLOSED)).rename(tmp_path / "closed.toml")
    text = ROSTER + "P-003,2026-03-02,,closed.toml,yes,en\n"

    done = batch(tmp_path, text, "--staff-lang", "es")

    assert done.out.splitlines()[0] == "se escribieron 2 participantes en clinic; se rechazó 1 fila"
    assert "fila 4, P-003: no se escribió: ningún día sirve para M3 (11 razones; dayzero plan las dice)" in done.err
    calendar = (tmp_path / "clinic" / "coordinator.ics").read_bytes().decode()
    assert "X-WR-CALNAME:MUESTRA - RES001-DMPM-02: todos los participantes\r\n" in calendar


def test_another_trial_has_a_roster_too(tmp_path: Path) -> None:
    done = batch(tmp_path, "participant,randomized\nT-1,2026-03-02\n", "--protocol", str(OTHER_TRIAL))

    record = json.loads((tmp_path / "clinic" / "T-1" / "schedule.json").read_text("utf-8"))
    assert (done.code, record["protocol"], record["steroids"]) == (0, "TEST-PARALLEL-1", None)


def test_files_of_an_earlier_run_are_named(tmp_path: Path) -> None:
    batch(tmp_path, ROSTER)

    done = batch(tmp_path, ROSTER, "--only", "json")

    before = "note: these are from before and may tell other dates:"
    assert done.code == 0
    assert f"row 2, P-001: {before} participant.ics, coordinator.ics\n" in done.err
    assert f"{before} clinic/coordinator.ics\n" in done.err


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("participant,randomised\nP-001,2026-03-02\n", (), "roster.csv: row 1: there is no column steroids"),
        ("participant,randomised\nP-001,2026-03-02\n", (), "as 'randomised'; did you mean randomized?"),
        (HEADER.replace("lang", "cohort") + "P-001,,,,,1\n", (), "row 1: there is a column cohort; delete it"),
        (ROSTER, ("--pharmacy-out", "../p"), "row 1: there is no column cohort; add it"),
        (ROSTER, ("--only", "json,doc"), "--only: unknown 'doc'"),
        (ROSTER, ("--as-of", "3/2/2026"), "--as-of: '3/2/2026' is not an instant"),
        (ROSTER, ("--out", ""), "--out: is empty"),
        (ROSTER, ("-j", "0"), "0 is not in the range"),
        (ROSTER, ("--protocol", "res001"), "did you mean res001-dmpm-02?"),
        (ROSTER, ("--feed-dir", "feeds"), "No such option"),
    ],
)
def test_what_cannot_be_read_at_all_is_told_and_nothing_is_written(
    tmp_path: Path, text: str, options: tuple[str, ...], said: str
) -> None:
    done = batch(tmp_path, text, *options)

    assert (done.code, done.out, list(files(tmp_path))) == (USAGE, "", ["roster.csv"])
    assert said in done.err


def test_a_roster_that_is_not_there_is_a_matter_of_usage_and_an_empty_one_is_not(tmp_path: Path) -> None:
    missing = run(tmp_path, "none.csv")
    empty = batch(tmp_path, HEADER)

    assert (missing.code, missing.err) == (
        USAGE, "dayzero: none.csv: there is no such file; check the name and the folder\n",
    )  # fmt: skip
    assert (empty.code, empty.err) == (
        NO, "dayzero: roster.csv: there is no participant below the header; write a row for each\n",
    )  # fmt: skip


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_folder_that_cannot_be_written_ends_the_run_and_says_how_far_it_came(tmp_path: Path, jobs: str) -> None:
    (tmp_path / "clinic" / "P-0003" / "schedule.json").mkdir(parents=True)

    done = batch(tmp_path, roster_of(200), "-j", jobs)

    written = {name.split("/")[0] for name in files(tmp_path / "clinic") if "/" in name} - {"P-0003"}
    assert done.code == STORAGE
    assert "clinic/P-0003: cannot be written" in done.err
    assert done.out == f"{len(written)} participants were written to clinic; 0 rows were refused\n"
    assert 3 <= len(written) < 150
    assert not (tmp_path / "clinic" / "coordinator.ics").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_file_where_a_folder_should_be_stops_only_its_own_row(tmp_path: Path, jobs: str) -> None:
    (tmp_path / "clinic").mkdir()
    (tmp_path / "clinic" / "P-0003").touch()

    done = batch(tmp_path, roster_of(20), "-j", jobs)

    assert done.code == 1
    assert "row 5: participant: clinic/P-0003 is a file, and the participant's folder would stand there" in done.err
    assert done.out.startswith("19 participants were written to clinic; 1 row was refused\n")


def in_every_process(folder: Path, code: str) -> dict[str, str]:
    """Return an environment in which every Python runs the code first."""
    (folder / "sitecustomize.py").write_text(code)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(REPOSITORY)])}


@pytest.mark.parametrize(
    ("code", "said"),
    [("os.kill(os.getpid(), 9)", "BrokenProcessPool at "), ("1 / 0", "ZeroDivisionError at sitecustomize.py:")],
)
def test_a_worker_that_dies_or_breaks_is_told_as_a_bug(tmp_path: Path, code: str, said: str) -> None:
    broken = f"def broken(*_): {code}\nimport os, schedule.desk.plan\nschedule.desk.plan.make_plan = broken\n"

    done = batch(tmp_path, ROSTER, "-j", "2", env=in_every_process(tmp_path, broken))

    assert (done.code, done.out) == (BUG, "0 participants were written to clinic; 0 rows were refused\n")
    assert f"this is a bug in dayzero, not in what you typed: {said}" in done.err
    assert "Traceback" not in done.err


def below(pid: int) -> list[int]:
    """Return the processes that a process has begun, and those that they have."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(one for child in children for one in below(child))]


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Begin a long run of two workers in a session of its own, as a terminal does, and wait until it writes."""
    (tmp_path / "roster.csv").write_text(roster_of(3_000))
    words = ["batch", "roster.csv", "--out", "clinic", "--as-of", "2026-03-02", "--only", "json,ics", "-j", "2"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from cli import main; main()", *words],
        cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    with process:
        wait_for((tmp_path / "clinic" / "P-0040").exists)
        yield process
        process.kill()


def wait_for(happened: Callable[[], bool]) -> None:
    for _ in range(600):
        if happened():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen within a minute")


@pytest.mark.parametrize("to_all", [True, False])
def test_ctrl_c_leaves_whole_folders_and_says_what_was_written(
    tmp_path: Path, begun: subprocess.Popen[str], to_all: bool
) -> None:
    if to_all:
        os.killpg(begun.pid, signal.SIGINT)
    else:
        begun.terminate()
    out, err = begun.communicate(timeout=60)

    folders = sorted(path.name for path in (tmp_path / "clinic").iterdir())
    assert begun.returncode == NO
    assert out == f"{len(folders)} participants were written to clinic; 0 rows were refused\n"
    assert f"stopped after row {len(folders) + 1}: the rows below it were not begun\n" in err
    assert "Traceback" not in err
    assert folders == [f"P-{n:04}" for n in range(len(folders))]
    assert 40 < len(folders) < 3_000
    assert {len(list((tmp_path / "clinic" / name).iterdir())) for name in folders} == {3}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are looked up in /proc")
def test_workers_leave_with_a_parent_that_is_killed(begun: subprocess.Popen[str]) -> None:
    workers = below(begun.pid)

    begun.kill()
    begun.communicate(timeout=60)

    assert len(workers) == 4  # with the server from which they come, and one that looks after semaphores
    wait_for(lambda: not [worker for worker in workers if Path(f"/proc/{worker}/exe").exists()])


def on_a_terminal(folder: Path, *options: str) -> str:
    """Run the command with a terminal behind stderr; return what it shows there."""
    ours, theirs = os.openpty()
    (folder / "roster.csv").write_text(ROSTER + "P-003,,,,,\n")
    subprocess.run(
        [sys.executable, "-c", "from cli import main; main()", "batch", "roster.csv", "--out", "clinic",
         "--only", "json", *options],
        cwd=folder, stderr=theirs, stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return shown.decode()


def test_a_bar_shows_the_progress_on_a_terminal_and_nowhere_else(tmp_path: Path) -> None:
    shown = on_a_terminal(tmp_path)
    quiet = batch(tmp_path, ROSTER)

    assert "3/3" in shown
    assert re.search(r"\r\x1b\[Kdayzero: roster.csv: row 4, randomized: is blank", shown)
    assert not {"\r", "\x1b", "#"} & set(quiet.out + quiet.err)
    assert "2/2" not in quiet.err


def test_without_the_pdf_library_the_rest_is_written_and_one_line_says_so(tmp_path: Path) -> None:
    env = in_every_process(tmp_path, "import sys\nsys.modules['weasyprint'] = None\n")

    done = batch(tmp_path, ROSTER, "--only", "json,pdf", "-j", "2", env=env)

    assert (done.code, list(files(tmp_path / "clinic"))) == (0, ["P-001/schedule.json", "P-002/schedule.json"])
    assert done.err.count("PDF is left out: weasyprint is missing") == 1


SEALED = "participant,randomized,steroids,cohort\nP-001,2026-03-02,yes,1\nP-002,2026-03-02,no,2\n"


def sealed(folder: Path, text: str, *options: str) -> Run:
    """Run as the pharmacist: the roster lies in a folder of their own, beside which the sheets go."""
    clinic, own = folder / "all", folder / "own"
    clinic.mkdir(exist_ok=True)
    own.mkdir(mode=0o700, exist_ok=True)
    (own / "roster.csv").write_text(text)
    return run(clinic, "../own/roster.csv", "--pharmacy-out", "../own/sheets", *options)


def test_the_pharmacist_s_sheets_go_to_their_own_folder_as_plan_writes_them(tmp_path: Path) -> None:
    done = sealed(tmp_path, SEALED, "-j", "2", "--staff-lang", "es")

    sheets = tmp_path / "own" / "sheets"
    assert done.code == 0, done.err
    assert {"P-001/preparation.html", "P-002/pharmacy.ics"} <= set(files(sheets))
    assert {path.stat().st_mode & 0o777 for path in sheets.rglob("*") if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (sheets, sheets / "P-001")} == {0o700}
    assert "farmacia: ../own/sheets" in done.err
    (tmp_path / "cohort").write_text("2")
    dayzero(
        "plan", "P-002", "--randomized", "2026-03-02", "--no-steroids", "--as-of", "2026-03-02", "--only", "json",
        "--cohort-file", "../cohort", "--pharmacy-out", "../alone", "--staff-lang", "es", cwd=tmp_path / "all",
    )  # fmt: skip
    assert files(sheets / "P-002") == files(tmp_path / "alone" / "P-002")


def test_a_cohort_that_does_not_exist_is_told_and_not_repeated(tmp_path: Path) -> None:
    done = sealed(tmp_path, SEALED + "P-003,2026-03-02,no,ULSC\nP-004,2026-03-02,no,\n")

    assert done.code == NO
    assert bad_rows(done) == [
        "../own/roster.csv: row 4, cohort: there is no such cohort; known: 1, 2",
        "../own/roster.csv: row 5, cohort: is blank; write the cohort",
    ]
    assert "ULSC" not in done.err + done.out
    assert sorted(path.name for path in (tmp_path / "own" / "sheets").iterdir()) == ["P-001", "P-002"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--out", "../own"), "--pharmacy-out: ../own/sheets and --out ../own lie one inside the other"),
        (("--out", "../own/sheets/x"), "--pharmacy-out: ../own/sheets and --out ../own/sheets/x lie one inside"),
        (("--pharmacy-out", "p", "--out", ".."), "--pharmacy-out: p and --out .. lie one inside the other"),
        (("--protocol", "no-cohorts.toml"), "--pharmacy-out: the protocol has no cohorts; leave it out"),
    ],
)
def test_where_masked_people_may_read_nothing_of_the_pharmacist_s_is_written(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    (tmp_path / "all").mkdir()
    text = OTHER_TRIAL.read_text("utf-8")
    (tmp_path / "all" / "no-cohorts.toml").write_text(re.sub(r"(?ms)^\[(cohorts|products)\..*?(?=^\[|\Z)", "", text))

    done = sealed(tmp_path, SEALED, *options)

    assert (done.code, done.out) == (NO, "")
    assert done.err.count(said) == 1
    assert not (tmp_path / "own" / "sheets").exists()


def test_a_roster_with_cohorts_may_not_lie_where_the_participants_files_do(tmp_path: Path) -> None:
    (tmp_path / "clinic").mkdir()
    (tmp_path / "clinic" / "roster.csv").write_text(SEALED)

    done = run(tmp_path, "clinic/roster.csv", "--pharmacy-out", "sheets")

    assert (done.code, done.out, list(files(tmp_path))) == (NO, "", ["clinic/roster.csv"])
    assert "ROSTER: clinic/roster.csv lies in --out clinic, and others may read there" in done.err
