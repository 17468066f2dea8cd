"""Whatever cohorts a roster names, a masked person gets the same bytes; planted leaks show that the test can fail."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seen import Seen, see

import schedule.desk.batch
import schedule.desk.gathering
import schedule.desk.plan
import schedule.unblinded.sheets_folder

HEADER = "participant,randomized,day0,site,steroids,lang"
PEOPLE = (
    "P-001,2026-03-02,2026-03-20,gainesville,yes,en",
    "P-002,3/2/2026,,nowhere,maybe,en",
    "P-003,2026-03-09,,miami,no,es",
    "P-004,2026-03-09,2026-03-01,miami,no,es",
    "P-005,2027-09-30,,miami,yes,es",
)


@pytest.fixture(autouse=True)
def without_pdf_of_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pharmacist's PDF, which takes a second and which nobody here looks at."""
    monkeypatch.setattr(schedule.unblinded.sheets_folder, "write_pdf", lambda _: b"")


def run(folder: Path, cohorts: Sequence[str], *options: str) -> Seen:
    """Run ``batch`` as the pharmacist, with a cohort for each participant; gather what others can see."""
    (folder / "own").mkdir(parents=True, mode=0o700)
    roster = folder / "own" / "roster.csv"
    rows = [f"{HEADER},cohort", *(f"{person},{cohort}" for person, cohort in zip(PEOPLE, cohorts, strict=True))]
    roster.write_text("\n".join(rows))
    out, sheets = folder / "out", folder / "own" / "sheets"
    arguments = ["batch", str(roster), "--out", str(out), "--as-of", "2026-01-01", "--pharmacy-out", str(sheets)]
    seen = see([*arguments, *options], folder, out)
    assert (sheets / "P-001" / "preparation.html").exists()
    return seen


def seen_by_masked_people(orders: Sequence[Sequence[str]], *options: str) -> list[Seen]:
    """Run once for each order of cohorts, in folders of the same name."""
    seen = []
    with TemporaryDirectory() as name:
        folder = Path(name) / "run"
        for cohorts in orders:
            seen.append(run(folder, cohorts, *options))
            shutil.rmtree(folder)
    return seen


ORDERS = st.lists(st.sampled_from(["1", "2", " 2 "]), min_size=5, max_size=5)
OPTIONS = st.tuples(
    st.sampled_from([(), ("--booked",)]),
    st.sampled_from([(), ("--staff-lang", "es")]),
)


@given(orders=st.lists(ORDERS, min_size=2, max_size=3), chosen=OPTIONS)
def test_no_byte_depends_on_who_is_in_which_cohort(
    orders: list[list[str]], chosen: tuple[tuple[str, ...], ...]
) -> None:
    flat = [option for part in chosen for option in part]

    first, *others = seen_by_masked_people(orders, *flat, "--only", "json,csv,ics,html")

    assert [first] * len(others) == others
    assert first.code == 1
    assert {Path(name).parts[1] for name, _, _ in first.files} == {"P-001", "P-003", "P-005", "coordinator.ics"}


def test_nor_does_it_depend_on_the_roster_having_cohorts(tmp_path: Path) -> None:
    (sealed,) = seen_by_masked_people([["1", "2", "2", "1", "2"]], "--only", "json,csv,ics,html")
    roster = tmp_path / "roster.csv"
    roster.write_text("\n".join((HEADER, *PEOPLE)))

    plain = see(
        ["batch", str(roster), "--out", str(tmp_path / "out"), "--as-of", "2026-01-01", "--only", "json,csv,ics,html"],
        tmp_path, tmp_path / "out",
    )  # fmt: skip

    assert (plain.code, plain.files) == (sealed.code, sealed.files)
    assert len(plain.err) == len(sealed.err)
    assert [line for line in plain.err if "dayzero:" not in line] == [
        line for line in sealed.err if "dayzero:" not in line
    ]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Overhear the cohorts where the pharmacist's sheets are made."""
    cohorts: list[str] = []
    render = schedule.unblinded.sheets_folder.render_sheets

    def listening(plan: Any, protocol: Any, typed: str, **named: Any) -> Any:
        cohorts.append(typed)
        return render(plan, protocol, typed, **named)

    monkeypatch.setattr(schedule.unblinded.sheets_folder, "render_sheets", listening)
    return cohorts


def leak(where: str, change: Callable[[Any, str], Any]) -> Callable[[pytest.MonkeyPatch, list[str]], None]:
    """Plant a leak: change what a function of the desk returns, by the cohort that was heard last."""

    def plant(monkeypatch: pytest.MonkeyPatch, heard: list[str]) -> None:
        original = getattr(schedule.desk.batch, where)

        def leaking(*arguments: Any, **named: Any) -> Any:
            return change(original(*arguments, **named), heard[-1] if heard else "")

        monkeypatch.setattr(schedule.desk.batch, where, leaking)

    return plant


LEAKS = {
    "a participant's file": leak(
        "render_possible",
        lambda made, cohort: ({name: data + b" " * (cohort == "1") for name, data in made[0].items()}, made[1]),
    ),
    "the calendar of all": leak("events_in", lambda events, cohort: events + b"X-C:1\r\n" * (cohort == "1")),
    "the calendar's name": leak("_prepare", lambda made, cohort: (replace(made[0], sample=cohort == "1"), made[1])),
    "a note": leak("_say_row", lambda words, cohort: words + cohort.strip()),
    "the code": leak(
        "_prepare", lambda made, cohort: (replace(made[0], written=cohort != "1" and made[0].written), made[1])
    ),
}


@pytest.mark.parametrize("place", LEAKS)
def test_a_planted_leak_is_caught(place: str, monkeypatch: pytest.MonkeyPatch, heard: list[str]) -> None:
    LEAKS[place](monkeypatch, heard)

    one, two = seen_by_masked_people([["1"] * 5, ["2"] * 5], "--only", "json,ics")

    assert one != two
    assert len(heard) == 6
