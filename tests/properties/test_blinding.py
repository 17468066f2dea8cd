"""For any cohort, every byte that a masked person can get is the same; planted leaks show that the test can fail."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from builders import needs_pdf
from hypothesis import given
from hypothesis import strategies as st
from seen import Seen, see
from strategies import randomization_days

import cli
import schedule.desk.feeds
import schedule.desk.plan
import schedule.desk.writing
import schedule.render.ics
import schedule.render.packet
import schedule.render.tables
import schedule.render.worksheets
import schedule.unblinded.allocation
import schedule.unblinded.sheets_folder

COHORTS = (None, "1", "2")


def run(folder: Path, cohort: str | None, *options: str, day: date = date(2026, 3, 2)) -> Seen:
    """Run ``plan`` in a folder that holds the same feed index each time, and gather what can be seen."""
    out, feeds = folder / "out", folder / "feeds"
    feeds.mkdir(parents=True)
    index = {"RES001-DMPM-02/P-001": "dz_the-same-name.ics", "TEST-PARALLEL-1/P-001": "dz_other.ics"}
    (feeds / schedule.desk.feeds.FEED_INDEX).write_text(json.dumps(index))
    arguments = ["plan", "P-001", "--randomized", day.isoformat(), "--as-of", "2026-01-01", *options]
    arguments += ["--out", str(out), "--feed-dir", str(feeds)]
    if cohort:
        arguments += ["--cohort", cohort, "--pharmacy-out", str(folder / "pharmacy")]
    return see(arguments, folder, out, feeds)


def seen_by_masked_people(*options: str, day: date = date(2026, 3, 2)) -> list[Seen]:
    """Run once for each cohort, in folders of the same name, and return what each run shows."""
    seen = []
    with TemporaryDirectory() as name:
        folder = Path(name) / "run"
        for cohort in COHORTS:
            seen.append(run(folder, cohort, *options, day=day))
            if cohort:
                assert (folder / "pharmacy" / "P-001" / "preparation.html").exists()
            shutil.rmtree(folder)
    return seen


options = st.tuples(
    st.sampled_from([("--steroids",), ("--no-steroids",)]),
    st.sampled_from([(), ("--site", "gainesville"), ("--site", "gainesville", "--booked")]),
    st.sampled_from([(), ("--lang", "es"), ("--staff-lang", "es")]),
    st.sampled_from([(), ("--format", "json"), ("--format", "csv")]),
)


@pytest.fixture(autouse=True)
def without_pdf_of_sheets(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Leave out the pharmacist's PDF, which takes a second and which nobody here looks at."""
    if "pdf" not in request.node.name:
        monkeypatch.setattr(schedule.unblinded.sheets_folder, "write_pdf", lambda _: b"")


@given(chosen=options, day=randomization_days)
def test_no_byte_depends_on_the_cohort(chosen: tuple[tuple[str, ...], ...], day: date) -> None:
    flat = [option for part in chosen for option in part]

    none, one, two = seen_by_masked_people(*flat, "--only", "json,csv,ics,html", day=day)

    assert one == none
    assert two == none
    assert none.files


def test_no_byte_of_a_taper_depends_on_the_cohort(tmp_path: Path) -> None:
    taper = tmp_path / "plan.csv"
    taper.write_text("from,dose_mg,instruction_en,instruction_es\n1,3,a,b\n8,2,a,b\n", "utf-8")
    given = ("--steroids", "--taper", str(taper), "--infusion2-given", "2026-06-03", "--as-of", "2026-06-03")

    none, one, two = seen_by_masked_people(*given, "--only", "json,csv,ics,html")

    assert b"2026-06-24" in none.out
    assert none == one == two


@needs_pdf
def test_no_byte_of_the_pdf_depends_on_the_cohort() -> None:
    none, one, two = seen_by_masked_people("--steroids", "--only", "pdf")

    for name in ("packet.pdf", "worksheets.pdf"):
        assert any(path.endswith(name) for path, _, _ in none.files)
    assert none == one == two


def test_refusals_do_not_depend_on_the_cohort(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    example = Path(schedule.views.__file__).parent / "sites_example" / "gainesville.toml"
    closed = '\n[[closures]]\nfirst = 2026-05-01\nlast = 2026-06-30\nreason = { en = "flood", es = "inundación" }\n'
    site.write_text(example.read_text("utf-8") + closed, "utf-8")

    with TemporaryDirectory() as name:
        folder = Path(name) / "run"
        seen = []
        for cohort in COHORTS:
            seen.append(run(folder, cohort, "--steroids", "--site", str(site)))
            shutil.rmtree(folder)

    assert seen[0].code == 1
    assert seen[0] == seen[1] == seen[2]


# Planted leaks: the cohort is overheard where the pharmacist's sheets are made, and let out somewhere else.


@contextmanager
def overheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Overhear the cohort of each run."""
    heard = {"cohort": ""}
    allocate = schedule.unblinded.allocation.allocate
    make_plan = schedule.desk.plan.make_plan

    def listening(protocol: Any, participant: Any, typed: str) -> Any:
        heard["cohort"] = typed
        return allocate(protocol, participant, typed)

    def forgetting(*arguments: Any) -> Any:
        heard["cohort"] = ""
        return make_plan(*arguments)

    monkeypatch.setattr(schedule.unblinded.sheets_folder, "allocate", listening)
    monkeypatch.setattr(schedule.desk.plan, "make_plan", forgetting)
    yield heard


def leak_into(module: Any, function: str, change: Callable[[Any, str], Any]) -> Callable[..., None]:
    """Plant a leak: change what a function returns, by the cohort that was overheard."""

    def plant(monkeypatch: pytest.MonkeyPatch, heard: dict[str, str]) -> None:
        original = getattr(module, function)
        monkeypatch.setattr(module, function, lambda *a, **k: change(original(*a, **k), heard["cohort"]))

    return plant


def in_stdout(monkeypatch: pytest.MonkeyPatch, heard: dict[str, str]) -> None:
    show = cli._show  # noqa: SLF001
    monkeypatch.setattr(cli, "_show", lambda *a: (show(*a), print(heard["cohort"] == "1"))[0])  # noqa: T201


def in_stderr(monkeypatch: pytest.MonkeyPatch, heard: dict[str, str]) -> None:
    show = cli._show  # noqa: SLF001
    monkeypatch.setattr(cli, "_show", lambda *a: (show(*a), print("x" * len(heard["cohort"]), file=sys.stderr))[0])  # noqa: T201


def in_exit_code(monkeypatch: pytest.MonkeyPatch, heard: dict[str, str]) -> None:
    show = cli._show  # noqa: SLF001
    monkeypatch.setattr(cli, "_show", lambda *a: (show(*a), sys.exit(4) if heard["cohort"] == "2" else None)[0])


def in_file_mode(monkeypatch: pytest.MonkeyPatch, heard: dict[str, str]) -> None:
    in_folder = schedule.desk.writing.in_folder

    def leaking(folder: Path, files: dict[str, bytes], *, mode: int = 0o644) -> list[schedule.desk.writing.Output]:
        return in_folder(folder, files, mode=0o640 if heard["cohort"] == "1" and mode == 0o644 else mode)

    monkeypatch.setattr(schedule.desk.writing, "in_folder", leaking)


def more(text: bytes, cohort: str) -> bytes:
    return text + (b" " if cohort == "1" else b"")


LEAKS: dict[str, Callable[..., None]] = {
    "stdout": in_stdout,
    "stderr": in_stderr,
    "exit code": in_exit_code,
    "file mode": in_file_mode,
    "size of schedule.json": leak_into(schedule.desk.plan, "schedule_json", more),
    "size of schedule.csv": leak_into(schedule.desk.plan, "schedule_csv", more),
    "table": leak_into(schedule.render.tables, "schedule_table", lambda text, cohort: text + " " * len(cohort)),
    "participant.ics": leak_into(schedule.render.ics, "participant_calendar", more),
    "coordinator.ics": leak_into(schedule.render.ics, "coordinator_calendar", more),
    "an event's UID": leak_into(
        schedule.render.ics, "visit_uid", lambda uid, cohort: str(uid).upper() if cohort == "2" else uid
    ),
    "packet.html": leak_into(schedule.render.packet, "render_page", lambda page, cohort: page + "\n" * len(cohort)),
    "worksheets.html": leak_into(
        schedule.render.worksheets, "render_page", lambda page, cohort: page.replace("mL", "ml", len(cohort))
    ),
    "a worksheet's version": leak_into(
        schedule.render.worksheets,
        "worksheet_editions",
        lambda editions, cohort: {code: f"{edition}{cohort}"[-8:] for code, edition in editions.items()},
    ),
    "one worksheet less": leak_into(
        schedule.render.worksheets, "worksheets", lambda sheets, cohort: sheets[: -1 if cohort == "2" else None]
    ),
    "file name": leak_into(
        schedule.desk.plan,
        "render_files",
        lambda files, cohort: {name + ("~" if cohort == "2" else ""): data for name, data in files.items()},
    ),
    "one file less": leak_into(
        schedule.desk.plan,
        "render_files",
        lambda files, cohort: dict([*files.items()][: -1 if cohort == "1" else None]),
    ),
    "a month of the picture": leak_into(
        schedule.render.packet, "month_boxes", lambda boxes, cohort: boxes[:-1] if cohort == "2" else boxes
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with overheard(monkeypatch) as heard:
        LEAKS[leak](monkeypatch, heard)

        none, one, two = seen_by_masked_people("--steroids", "--only", "json,csv,ics,html")

    assert not (none == one == two)
