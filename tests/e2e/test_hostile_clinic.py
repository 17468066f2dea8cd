"""What somebody could type or write into a file to harm the clinic's records: refused or neutralised, never obeyed."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from clinics import Clinic, opened, with_participant

CONTROLS = (
    "\n", "\r", "\x00", "\x0b", "\x0c", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff",
    "\udcff",
)  # fmt: skip
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x")', "＝1+1")
SQL = ("'; DROP TABLE clinic_record; --", '" OR "1"="1', "%s %(x)s {} {0}", "\\'; --", "P-001' --")
PATHS = (
    "../../etc/passwd", "..", ".", "/etc/passwd", "P-001/../P-002", "a\\b", "C:x", "P-001.", "-P-001", "~root", "$HOME",
    "", " ", "P 001", "P-001 ", "é", "Р-001", "P-001\n", "x" * 65,
)  # fmt: skip


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    return with_participant(tmp_path, monkeypatch)


def refused(clinic: Clinic, words: list[str]) -> str:
    """Run it, and see to it that it is refused in a few plain lines and that nothing is recorded; return them."""
    before = clinic.count()
    files = set(clinic.folder.iterdir())
    done = clinic.run(words)
    assert done.code in (1, 2), (words, done)
    assert clinic.count() == before
    assert set(clinic.folder.iterdir()) == files
    assert len(done.err) < 2_000, "a long text is not repeated"
    assert not [one for one in done.err if not one.isprintable() and one != "\n"], done.err
    return done.err


@pytest.mark.parametrize("code", PATHS, ids=ascii)
def test_a_code_that_is_none_enrolls_nobody_and_finds_nobody(one: Clinic, code: str) -> None:
    told = refused(one, ["enroll", "--site", "gainesville", "--randomized", "2026-03-02", "--steroids", "--", code])
    assert "PARTICIPANT: " in told
    assert "nobody is enrolled as" in refused(one, ["confirm", "--", code, "M1"])
    assert refused(one, ["audit", "log", f"--participant={code}"]) if code else True
    (one.folder / "roster.csv").write_text(
        f'participant,randomized,site,steroids\n"{code}",2026-03-02,gainesville,no\n'
    )
    if code.strip() not in ("P-001", code) or code in ("", " "):
        return
    assert "row " in refused(one, ["clinic", "import", "roster.csv"])


@pytest.mark.parametrize("text", [*SQL, *(f"P{one}1" for one in CONTROLS if one != "\0")], ids=ascii)
def test_no_text_is_run_as_sql_or_obeyed_by_a_terminal(one: Clinic, text: str) -> None:
    for words in (
        ["confirm", text, "M1"],
        ["confirm", "P-001", text],
        ["book", "P-001", "M1", text],
        ["book", "P-001", "M1", "2026-04-02", text],
        ["hold", "--site", text, "--reason", "x"],
        ["amend", text, "--site", "gainesville", "--reason", "x"],
        ["amend", "res001-dmpm-02", "--site", text, "--reason", "x"],
        ["enroll", "P-9", "--site", text, "--randomized", "2026-03-02", "--steroids"],
        ["away", "P-001", text],
        ["prefer", "P-001", "--weekdays", text],
        ["prefer", "P-001", "--not-before", text],
        ["clinic", "open", "gainesville", "2026-09-05", "--hours", text, "--reason", "x"],
        ["clinic", "open", text, "2026-09-05", "--hours", "08:00-12:00", "--reason", "x"],
        ["clinic", "capacity", text, "2026-09-07", "--kind", "infusion", "--limit", "1", "--reason", "x"],
        ["clinic", "import", text],
        ["clinic", "site", text, "--reason", "x"],
        ["taper", "plan", "P-001", text],
        ["audit", "log", "--since", text],
        ["show", text],
        ["publish", text, "--out", "papers"],
        ["binder", text, "--out", "papers"],
        ["list", "--site", text],
        ["agenda", "--site", text],
        ["due", "--from", text],
        ["overdue", "--site", text],
        ["clinic", "offline-sheet", "--site", text, "--out", "papers"],
        ["audit", "verify", "--checkpoint", text],
        ["audit", "export", text],
    ):
        refused(one, words)
    assert one.run(["audit", "log", "--subject", text, "--kind", text, "--by", text]).out == "Audit: nothing\n"


TEXTS = (
    ("reason", ["cancel", "P-001", "M2", "--reason"]),
    ("deviation", ["book", "P-001", "M1", "2026-04-20", "--deviation"]),
    ("overbook", ["book", "P-001", "M1", "2026-04-03", "--overbook"]),
    ("note", ["attempt", "P-001", "M1", "--note"]),
    ("who", ["told", "P-001", "--to", "participant", "--how", "phone", "--who"]),
    ("how", ["told", "P-001", "--to", "participant", "--who", "KL", "--how"]),
    ("page", ["told", "P-001", "--to", "participant", "--who", "KL", "--how", "x", "--page"]),
    ("actor", ["confirm", "P-001", "M1", "--actor"]),
)


@pytest.mark.parametrize(("name", "words"), TEXTS, ids=[one[0] for one in TEXTS])
@pytest.mark.parametrize("character", CONTROLS, ids=ascii)
def test_a_control_character_is_refused_in_every_text(one: Clinic, name: str, words: list[str], character: str) -> None:
    one.must("book P-001 M1 2026-04-02")
    assert f"--{name}: " in refused(one, [*words, f"a{character}b"])


@pytest.mark.parametrize(("name", "words"), TEXTS, ids=[one[0] for one in TEXTS])
def test_a_very_long_text_is_refused(one: Clinic, name: str, words: list[str]) -> None:
    one.must("book P-001 M1 2026-04-02")
    assert f"--{name}: " in refused(one, [*words, "x" * 100_000])


def cells(path: Path) -> Iterator[str]:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            yield from row


def test_what_looks_like_a_formula_is_kept_as_it_is_and_never_run(one: Clinic) -> None:
    one.must("book P-001 M1 2026-04-02")
    texts = [text for text in (*FORMULAS, *SQL) if "\t" not in text]
    for text in texts:
        one.must(["attempt", "P-001", "M1", "--note", text, "--actor", text[:60]])
        one.must(["hold", "P-001", "--reason", text])
        one.must(["resume", "P-001", "--reason", text])
    one.must(["book", "P-001", "M2", "2026-05-20", "--deviation", "=1+1"])
    assert [found.reason for found in one.of() if found.kind == "infusions_held"] == texts

    one.must("clinic export --out all")
    one.must("audit export audit.csv")

    files = [*(one.folder / "all").glob("*.csv"), one.folder / "audit.csv"]
    assert len(files) == 4
    for path in files:
        assert [cell for cell in cells(path) if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))] == []
    for path in (one.folder / "all").glob("*.jsonl"):
        assert [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert '"deviation": "=1+1"' in (one.folder / "all" / "visits.jsonl").read_text("utf-8")
    assert one.must("audit verify").code == 0


@pytest.mark.parametrize(
    "cell", [*FORMULAS, *SQL, *CONTROLS, "x" * 5_000, "../x", "\x1b]0;x\x07"], ids=lambda text: ascii(text)[:20]
)
@pytest.mark.parametrize("column", ["participant", "randomized", "day0", "site", "steroids", "lang"])
def test_a_cell_of_a_roster_is_refused_with_its_row_and_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str, column: str
) -> None:
    if (column, cell) == ("participant", "-1"):
        cell = "-1-"
    here = opened(tmp_path, monkeypatch)
    row = {
        "participant": "P-001",
        "randomized": "2026-03-02",
        "day0": "",
        "site": "gainesville",
        "steroids": "no",
        "lang": "",
    }
    with (here.folder / "roster.csv").open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row | {column: f"a{cell}"})

    told = refused(here, ["clinic", "import", "roster.csv"])

    assert f"row 2, {column}: " in told


@pytest.mark.parametrize(
    "text", ["", "\n", "\x00" * 100, "PK\x03\x04", "a,b\n1,2\n", '"\n' * 50, "participant\nP-1\n"], ids=ascii
)
def test_a_file_that_is_no_roster_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    here = opened(tmp_path, monkeypatch)
    (here.folder / "roster.csv").write_text(text)

    refused(here, ["clinic", "import", "roster.csv"])


def test_a_place_that_cannot_be_written_is_told(one: Clinic) -> None:
    (one.folder / "file").write_text("x")
    for words in (
        ["clinic", "export", "--out", "file/all"],
        ["audit", "export", "file/x.csv"],
        ["clinic", "backup", "file/copy"],
        ["audit", "checkpoint", "file/kept"],
    ):
        done = one.run(words)
        assert (done.code, done.err.count("\n")) == (3, 1), (words, done)
    assert (one.folder / "file").read_text() == "x"
