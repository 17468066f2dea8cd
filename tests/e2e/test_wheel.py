"""The installed wheel does the main job: templates, protocols, sites and translations come with it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from builders import REPOSITORY, Run, dayzero, needs_pdf


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Build the wheel, unpack it into a folder of its own, and return an environment that finds it first."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, REPOSITORY],
        check=True,
        env=os.environ | {"PIP_NO_INPUT": "1"},
        cwd=folder,
    )
    (wheel,) = folder.glob("dayzero-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return os.environ | {"PYTHONPATH": str(folder / "site")}


def run(installed: Mapping[str, str], cwd: Path, *arguments: str) -> Run:
    return dayzero(*arguments, cwd=cwd, env=installed)


def test_the_wheel_is_what_runs(installed: Mapping[str, str], tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import schedule, cli; print(schedule.__file__, cli.__file__)"],
        cwd=tmp_path,
        env=dict(installed),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert all(name.startswith(installed["PYTHONPATH"]) for name in found)


@needs_pdf
@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_main_job(installed: Mapping[str, str], tmp_path: Path, lang: str) -> None:
    done = run(
        installed, tmp_path,
        "plan", "P-001", "--randomized", "2026-03-02", "--steroids", "--site", "gainesville", "--booked",
        "--lang", lang, "--staff-lang", lang, "--out", "out", "--feed-dir", "feeds", "--cohort", "1",
        "--pharmacy-out", "pharmacy",
    )  # fmt: skip

    assert (done.code, "Traceback" in done.err) == (0, False)
    assert {path.name for path in (tmp_path / "out" / "P-001").iterdir()} == {
        "participant.ics", "coordinator.ics", "packet.html", "packet.pdf", "schedule.json", "schedule.csv",
        "worksheets.html", "worksheets.pdf",
    }  # fmt: skip
    assert {path.name for path in (tmp_path / "pharmacy" / "P-001").iterdir()} == {
        "pharmacy.ics", "preparation.html", "preparation.pdf", "handover.html", "handover.pdf",
    }  # fmt: skip
    assert (tmp_path / "out" / "P-001" / "packet.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert len(list((tmp_path / "feeds").glob("dz_*.ics"))) == 1


def test_the_protocol_is_shown(installed: Mapping[str, str], tmp_path: Path) -> None:
    done = run(installed, tmp_path, "protocol", "show", "--lang", "es")

    assert done.code == 0
    assert "NCT07160205" in done.out


def test_the_wheel_holds_no_tests_and_no_second_copy_of_templates(installed: Mapping[str, str]) -> None:
    top = {path.name for path in Path(installed["PYTHONPATH"]).iterdir() if not path.name.endswith(".dist-info")}

    assert top - {"__pycache__", "bin"} == {"clinic", "schedule", "cli.py"}
