"""``dayzero packet compare`` as its users run it."""

import json
from pathlib import Path

import pytest
from builders import Run, dayzero, plan


def planned(here: Path, name: str, *options: str, code: str = "P-001") -> str:
    """Plan, and write the JSON under this name; return the name."""
    (here / name).write_text(plan(*options, "--format", "json", cwd=here, participant=code).out, "utf-8")
    return name


def without_pages(here: Path, name: str) -> str:
    """Write a file as dayzero 0.1 did."""
    record = json.loads((here / planned(here, name)).read_text("utf-8"))
    del record["pages"]
    (here / name).write_text(json.dumps(record), "utf-8")
    return name


def compare(here: Path, *arguments: str) -> Run:
    return dayzero("packet", "compare", *arguments, cwd=here)


def test_another_day_0_is_told_with_the_pages_to_replace(tmp_path: Path) -> None:
    old = planned(tmp_path, "old.json", "--site", "gainesville", "--booked")
    day0 = ("--day0", "2026-03-04", "--as-of", "2026-03-04")
    new = planned(tmp_path, "new.json", "--site", "gainesville", "--booked", *day0)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    done = compare(tmp_path, old, new)

    assert (done.code, done.err) == (0, "")
    for line in (
        "RES001-DMPM-02, participant P-001: what changed",
        "old: valid as of Mon 2026-03-02; new: valid as of Wed 2026-03-04",
        "Day 0  changed  Mon 2026-03-02  Wed 2026-03-04",
        "D0     moved           Mon 2026-03-02            Wed 2026-03-04",
        "M3     moved           Tue 2026-06-02            Thu 2026-06-04",
        "M3     window changed  2026-05-30 to 2026-06-09  2026-06-01 to 2026-06-11",
    ):
        assert line in done.out.splitlines()
    assert "Replace these pages of the packet: C-1, F-1, S-1, S-2, D0-1, M1-1, M2-1, " in done.out
    assert "H-1" in done.out
    assert "W-1" not in done.out
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_where_nothing_changed_the_answer_is_short_and_good(tmp_path: Path) -> None:
    old, new = planned(tmp_path, "old.json"), planned(tmp_path, "new.json", "--as-of", "2026-03-02T23:00:00Z")

    done = compare(tmp_path, old, new)

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == "nothing changed; no page needs replacing"


def test_a_change_sheet_is_written(tmp_path: Path) -> None:
    old = planned(tmp_path, "old.json", "--site", "gainesville")
    given = ("--infusion2-given", "2026-06-03", "--as-of", "2026-06-03", "--staff-lang", "es")
    new = planned(tmp_path, "new.json", "--site", "gainesville", *given)

    done = compare(tmp_path, old, new, "--out", "sheet", "--lang", "es", "--paper", "a4")

    assert (done.code, sorted(path.name for path in (tmp_path / "sheet").iterdir())) == (
        0, ["changes.html", "changes.pdf"],
    )  # fmt: skip
    page = (tmp_path / "sheet" / "changes.html").read_text("utf-8")
    for shown in ("mar, 2 jun 2026", "mié, 3 jun 2026", "C-1, F-1, S-1, S-2, D0-1, M1-1, M2-1, M3-1, M4-1, M5-1, T-1",
                  "size: a4",
                  "lunes, 2 de marzo de 2026", "miércoles, 3 de junio de 2026"):  # fmt: skip
        assert shown in page.replace("\u00a0", " ")
    for hidden in ("TAPER", "Month", "16 jun", "17 jun"):
        assert hidden not in page


def test_no_sheet_is_written_where_nothing_changed(tmp_path: Path) -> None:
    old, new = planned(tmp_path, "old.json"), planned(tmp_path, "new.json")

    done = compare(tmp_path, old, new, "--out", "sheet")

    assert (done.code, done.err) == (0, "no change sheet was written: nothing on it changed\n")
    assert not (tmp_path / "sheet").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    old, new = planned(tmp_path, "old.json"), planned(tmp_path, "new.json", "--day0", "2026-03-04")

    done = compare(tmp_path, old, new, "--out", "old.json")

    assert done.code == 3
    assert "dayzero: old.json: cannot be written" in done.err


def test_a_file_of_an_older_dayzero_counts_as_not_confirmed(tmp_path: Path) -> None:
    old, new = planned(tmp_path, "old.json"), planned(tmp_path, "new.json", "--day0", "2026-03-04")
    for says, sample in ((None, True), (False, False), (True, True)):
        record = json.loads((tmp_path / new).read_text("utf-8"))
        del record["sample"]
        record |= {} if says is None else {"sample": says}
        (tmp_path / "sample.json").write_text(json.dumps(record), "utf-8")

        assert compare(tmp_path, old, "sample.json", "--out", ".").code == 0
        assert ("SAMPLE" in (tmp_path / "changes.html").read_text("utf-8")) is sample


def test_json_stands_alone_on_stdout_and_the_note_on_swapped_files_on_stderr(tmp_path: Path) -> None:
    old = planned(tmp_path, "old.json", "--as-of", "2026-04-01")
    new = planned(tmp_path, "new.json", "--day0", "2026-03-04")

    done = compare(tmp_path, old, new, "--format", "json")

    read = json.loads(done.out)
    assert done.code == 0
    assert (read["facts"], len(read["visits"])) == ([{"fact": "day0", "old": "2026-03-02", "new": "2026-03-04"}], 24)
    assert done.err == (
        "note: the new schedule (2026-03-02T00:00:00Z) is older than the old one (2026-04-01T00:00:00Z); "
        "were the two files swapped?\n"
    )


def test_it_speaks_spanish(tmp_path: Path) -> None:
    old, new = planned(tmp_path, "old.json"), planned(tmp_path, "new.json", "--day0", "2026-03-04")

    assert "cambió de día" in compare(tmp_path, old, new, "--lang", "es").out


def test_two_files_that_cannot_be_used_are_told_at_once(tmp_path: Path) -> None:
    old = without_pages(tmp_path, "old.json")
    (tmp_path / "broken.json").write_text('{"participant": 5}')

    done = compare(tmp_path, old, "broken.json")

    first, *others = done.err.splitlines()
    assert (done.code, done.out) == (1, "")
    assert first == (
        "dayzero: old.json: pages: is missing: an older dayzero wrote this file; "
        "plan again: dayzero plan writes schedule.json"
    )
    assert "dayzero: broken.json: participant: is 5, not a text; plan again: dayzero plan writes" in others[0]
    assert len(others) == 9
    assert all(line.startswith("dayzero: broken.json: ") for line in others)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "x.json: there is no such file; check the name and the folder"),
        (b"", "x.json: it is not JSON: line 1, column 1: Expecting value; name a schedule.json that"),
        (b"\xff\xfe{", "x.json: line 1 is not UTF-8 (byte 0xff); save the file as UTF-8"),
        (b" " * 1_000_001, "x.json: it is larger than 1,000,000 bytes; is it the right file?"),
        (b"[1]", "x.json: it is JSON, but no object with names; name a schedule.json that dayzero plan wrote"),
        (b'{"\x1b[31m": 1, "\x1b[31m": 2}', "x.json: it is not JSON"),
        (b'{"a\\u0007": 1, "a\\u0007": 2}', r"x.json: the key 'a\x07' stands twice in one object; plan again"),
        (b"[" * 200_000, "x.json: it nests too deep"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, data: bytes | None, said: str) -> None:
    good = planned(tmp_path, "good.json")
    if data is not None:
        (tmp_path / "x.json").write_bytes(data)

    for arguments in ((good, "x.json"), ("x.json", good)):
        done = compare(tmp_path, *arguments)
        assert (done.code, done.out) == (1, "")
        assert f"dayzero: {said}" in done.err
        assert "Traceback" not in done.err
        assert not {"\x07", "\x1b"} & set(done.err)


def test_two_participants_are_refused(tmp_path: Path) -> None:
    mine, yours = planned(tmp_path, "mine.json"), planned(tmp_path, "yours.json", code="P-002")

    done = compare(tmp_path, mine, yours)

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "dayzero: participant: 'P-001' in the old schedule, but 'P-002' in the new one; "
        "compare two schedules of one participant in one study\n"
    )
