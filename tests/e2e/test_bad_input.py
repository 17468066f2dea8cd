"""Bad input of every kind: a clear line with place and remedy, the right exit code, and nothing half written."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from builders import OTHER_TRIAL, PROTOCOL_FILE, SITE_FILE, Run, dayzero, edited, plan

NO, USAGE, STORAGE = 1, 2, 3


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return the folder the command runs in: one below ``tmp_path``, so that ``..`` shows."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    plain = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return dict.fromkeys(map(str, folder.rglob("*")), b"") | {str(path): path.read_bytes() for path in plain}


def refused(here: Path, run: Callable[[], Run], code: int, *said: str) -> Run:
    """Run the command; it must say these words, leave with the code, print no result and write nothing."""
    before = tree(here.parent)

    done = run()

    assert [words for words in said if words not in done.err] == [], done.err
    assert (done.code, done.out) == (code, ""), done.err
    assert tree(here.parent) == before
    assert "Traceback" not in done.err
    return done


def in_lines(done: Run) -> Run:
    """Check that each problem stands on a line of its own, and says first which program speaks, and where."""
    assert [line for line in done.err.splitlines() if not line.startswith("dayzero: ")] == []
    assert "dayzero: :" not in done.err
    return done


DATES = [
    ("--randomized", "02/03/2026", "YYYY-MM-DD"),
    ("--randomized", "2026-02-30", "does not exist"),
    ("--randomized", "202-03-02", "YYYY-MM-DD"),
    ("--randomized", "0202-03-02", "2000 to 2099"),
    ("--day0", "3/2/26", "YYYY-MM-DD"),
    ("--day0", "2027-02-29", "does not exist"),
    ("--as-of", "02/03/2026", "write 2026-03-02, or"),
    ("--as-of", "2026-03-02T09:00", "with its distance from UTC"),
]


@pytest.mark.parametrize(("option", "text", "remedy"), DATES)
def test_a_date_that_is_impossible_or_ambiguous(here: Path, option: str, text: str, remedy: str) -> None:
    refused(here, lambda: plan(option, text, cwd=here), USAGE, f"{option}: '{text}'", remedy)


def test_day_0_before_randomization(here: Path) -> None:
    said = ("--day0: 2026-03-01 is before the randomization on 2026-03-02", "check both dates")

    in_lines(refused(here, lambda: plan("--day0", "2026-03-01", cwd=here), NO, *said))


@pytest.mark.parametrize(
    ("option", "name", "said"),
    [
        ("--site", "gainsville", "there is no site 'gainsville'; did you mean gainesville?"),
        ("--site", "Miami\n", r"there is no site 'Miami\n'; did you mean miami?"),
        ("--site", "zzz", "known: gainesville, miami"),
        ("--protocol", "res001", "there is no protocol 'res001'; did you mean res001-dmpm-02?"),
    ],
)
def test_an_unknown_site_or_protocol_is_told_with_the_nearest_names(
    here: Path, option: str, name: str, said: str
) -> None:
    in_lines(refused(here, lambda: plan(option, name, cwd=here), USAGE, said))


@pytest.mark.parametrize("cohort", ["3", "", "ULSC", "1\x07"])
def test_an_unknown_cohort_is_told_with_the_known_ones_and_not_repeated(here: Path, cohort: str) -> None:
    (here / "cohort").write_text(cohort)
    private = str(here.parent / "pharmacy")
    options = ("--cohort-file", "cohort", "--pharmacy-out", private, "--feed-dir", "feeds", "--only", "json")

    done = refused(here, lambda: plan(*options, cwd=here), USAGE, "--cohort: there is no such cohort; known: 1, 2")

    assert "ULSC" not in done.err
    assert "\x07" not in done.err


DAMAGES: dict[str, tuple[bytes, str]] = {
    "not UTF-8": ('id = "a"\nname = "Jos\xe9"\n'.encode("latin-1"), "line 2 is not UTF-8 (byte 0xe9); save"),
    "UTF-16": ('id = "a"'.encode("utf-16"), "line 1 is not UTF-8"),
    "truncated": (SITE_FILE.read_bytes()[:700], "it is not TOML"),
    "huge": (b"#" * 2_000_000, "it is larger than 1,000,000 bytes; is it the right file?"),
    "empty": (b"", ": name: is missing; write"),
    "null bytes": (b"\x00" * 64, "it is not TOML"),
    "a number without end": (b"x = " + b"1" * 5000, "clinic.toml: "),
    "no TOML": (b"\x7fELF{}[]", "line 1"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_site_file_that_cannot_be_used(here: Path, damage: str) -> None:
    data, said = DAMAGES[damage]
    (here / "clinic.toml").write_bytes(data)

    in_lines(refused(here, lambda: plan("--site", "clinic.toml", cwd=here), NO, "dayzero: clinic.toml: ", said))


@pytest.mark.parametrize("damage", ["not UTF-8", "huge", "no TOML"])
def test_a_protocol_file_that_cannot_be_used(here: Path, damage: str) -> None:
    data, said = DAMAGES[damage]
    (here / "trial.toml").write_bytes(data)

    check = partial(dayzero, "protocol", "check", "trial.toml", cwd=here)
    in_lines(refused(here, check, NO, "dayzero: trial.toml: ", said))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("none.toml", "; check the name"),
        ("../none.toml", "; check the name"),
        ("a-file/x.toml", "; check the name"),
        ("folder.toml", "; name a file"),
        ("x" * 300 + ".toml", "; check "),
    ],
)
def test_a_file_that_cannot_be_read(here: Path, name: str, remedy: str) -> None:
    (here / "a-file").touch()
    (here / "folder.toml").mkdir()

    in_lines(refused(here, lambda: plan("--site", name, cwd=here), NO, f"dayzero: {name}: ", remedy))


def test_a_protocol_cut_short_anywhere_is_never_taken_for_whole(here: Path) -> None:
    whole = PROTOCOL_FILE.read_bytes()
    (here / "trial.toml").write_bytes(whole[: len(whole) * 2 // 3])

    refused(here, lambda: plan("--protocol", "trial.toml", cwd=here), NO, "dayzero: trial.toml: ")


def test_problems_of_protocol_and_site_are_told_together(here: Path) -> None:
    (here / "trial.toml").write_bytes(b"[study]\nid = 5\n")
    (here / "clinic.toml").write_bytes(b"id = 5\n")

    done = refused(here, lambda: plan("--protocol", "trial.toml", "--site", "clinic.toml", cwd=here), NO)

    assert "dayzero: trial.toml: study.id: is 5, not a text" in in_lines(done).err
    assert "dayzero: clinic.toml: id: is 5, not a text" in done.err


def test_offsets_that_leave_the_calendar(here: Path) -> None:
    week4 = OTHER_TRIAL.read_text("utf-8").partition("[visits.W4]")[2].partition("[visits.W8]")[0]
    chain = "".join(
        f"[visits.X{n}]{week4}".replace('"W0"', f'"X{n - 1}"' if n else '"W0"').replace('"P4W"', '"P999Y"')
        for n in range(8)
    )
    edited(OTHER_TRIAL, here, ("[products.active]", chain + "[products.active]"))

    check = partial(dayzero, "protocol", "check", "edited.toml", cwd=here)
    in_lines(refused(here, check, NO, "dayzero: edited.toml: visits.X"))


@pytest.mark.parametrize(
    "participant",
    ["P/001", "..", "../P-001", "P-001\n", "P\n001", "Пётр", "P" * 65, "P\x07", "P\x1b[31m", "=1+1", "\udcff"],
)
def test_an_id_that_is_none(here: Path, participant: str) -> None:
    run = partial(plan, "--only", "json", cwd=here, participant=participant)

    done = refused(here, run, USAGE, "PARTICIPANT: '", "is not a participant code; use up to 64 of the letters")

    assert not {"\x07", "\x1b"} & set(done.err)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "gainesville"', 'id = "../clinic"', "clinic.toml: id: is no name; use up to 32"),
        ('phone = ""', 'phone = "1\\u0007"', "contact.phone: holds the control character U+0007; delete it"),
        ('phone = ""', 'phone = "1\\r\\nATTENDEE:x"', "contact.phone: holds the control character U+000D; delete it"),
        ('city = "', 'city = "\\u202e', "clinic.toml: city: holds the control character U+202E; delete it"),
        ("[contact]", '[contact]\n"a\\nb\\u001b[31m" = 1', "unknown key"),
    ],
)
def test_ids_and_control_characters_of_a_file(here: Path, old: str, new: str, said: str) -> None:
    edited(SITE_FILE, here, (old, new)).rename(here / "clinic.toml")

    done = in_lines(refused(here, lambda: plan("--site", "clinic.toml", cwd=here), NO, said))

    assert not {"\x07", "\x1b", "\u202e"} & set(done.err)


def test_control_characters_in_the_name_of_a_file(here: Path) -> None:
    done = refused(here, lambda: plan("--site", "a\nb\x07.toml", cwd=here), NO, "there is no such file")

    assert "\x07" not in in_lines(done).err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--only", "json,doc"), "--only: unknown 'doc'; write some of json,csv,ics,html,pdf"),
        (("--feed-base", "https://x.org"), "--feed-base: say --feed-dir too"),
        (("--feed-dir", "f", "--feed-base", "http://x.org"), "--feed-base: phones subscribe over https only"),
        (("--feed-dir", "f", "--feed-base", "https://x.org/\nevil"), "--feed-base: "),
        (("--no-steroids",), "--steroids and --no-steroids: say only one"),
        (("--site", ""), "--site: is empty"),
        (("--lang", "fr"), "'en', 'es'"),
        (("--cohort", "1"), "--pharmacy-out: say where"),
        (("--pharmacy-out", "../p"), "the pharmacist adds --cohort"),
        (("--pharmacy-out", "../p", "--cohort"), "--cohort: there is no terminal to ask on"),
        (("--randomised", "2026-03-02"), "--randomized"),
    ],
)
def test_options_that_cannot_be(here: Path, options: tuple[str, ...], said: str) -> None:
    refused(here, lambda: plan(*options, cwd=here), USAGE, said)


@pytest.mark.parametrize("feeds", [".", "P-001", "P-001/..", "linked"])
def test_a_feed_folder_in_which_the_participant_s_files_would_be_served(here: Path, feeds: str) -> None:
    (here / "linked").symlink_to(here)
    (here / "P-001").mkdir()

    said = ("--feed-dir: P-001 lies in ", "choose another folder for the feeds")
    refused(here, lambda: plan("--only", "json", "--feed-dir", feeds, cwd=here), NO, *said)


@pytest.fixture
def cohort(here: Path) -> Path:
    file = here.parent / "cohort"
    file.write_text("1\n")
    return file


def pharmacy_run(here: Path, cohort: Path, *options: str) -> Run:
    return plan("--only", "json", "--cohort-file", str(cohort), *options, cwd=here)


def test_the_pharmacist_s_folder_may_not_be_reached_through_a_link(here: Path, cohort: Path) -> None:
    (here / "o" / "P-001").mkdir(parents=True)
    (here / "p").mkdir()
    (here / "p" / "P-001").symlink_to(here / "o" / "P-001")

    done = refused(
        here, lambda: pharmacy_run(here, cohort, "--out", "o", "--pharmacy-out", "p"), NO, "--pharmacy-out: p and "
    )

    assert "one inside the other" in done.err


def test_the_pharmacist_s_folder_may_not_hold_the_participant_s_files(here: Path, cohort: Path) -> None:
    (here / "P-001").mkdir()
    (here / "P-001" / "packet.pdf").touch()

    said = ("--pharmacy-out: P-001 holds the participant's own files", "others may look into .")
    refused(here, lambda: pharmacy_run(here, cohort, "--format", "json", "--pharmacy-out", "."), NO, *said)


def test_the_cohort_may_not_be_written_where_others_read(here: Path) -> None:
    (here / "o").mkdir()
    (here / "o" / "cohort").write_text("1\n")
    options = ("--only", "json", "--out", "o", "--pharmacy-out", "p", "--cohort-file", "o/cohort")

    refused(here, lambda: plan(*options, cwd=here), NO, "--cohort-file: o/cohort lies in --out o")


def test_an_empty_folder_of_the_pharmacist_s_is_closed_to_others(here: Path, cohort: Path) -> None:
    (here / "p").mkdir(mode=0o755)

    done = pharmacy_run(here, cohort, "--out", "o", "--pharmacy-out", "p")

    assert done.code == 0, done.err
    assert (here / "p").stat().st_mode & 0o777 == 0o700


def test_all_that_cannot_be_read_is_told_at_once(here: Path) -> None:
    bad = ("--randomized", "x", "--day0", "y", "--as-of", "z")

    said = ("PARTICIPANT: 'a/b'", "--randomized: 'x'", "--day0: 'y'", "--as-of: 'z'")
    refused(here, lambda: plan(*bad, cwd=here, participant="a/b"), USAGE, *said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--out", "a-file"), "a-file/P-001: cannot be written"),
        (("--out", "/proc/none"), "/proc/none/P-001: cannot be written"),
        (("--format", "json", "--feed-dir", "a-file"), "a-file: cannot be written"),
        (("--out", "clinic", "--feed-dir", "a-file"), "a-file: cannot be written"),
    ],
)
def test_a_folder_that_cannot_be_written(here: Path, options: tuple[str, ...], said: str) -> None:
    (here / "a-file").write_text("mine")

    in_lines(refused(here, lambda: plan("--only", "json", *options, cwd=here), STORAGE, said, "choose another folder"))


def test_a_file_that_cannot_be_replaced_leaves_no_half_of_another(here: Path) -> None:
    (here / "P-001" / "schedule.json" / "x").mkdir(parents=True)

    done = plan("--only", "csv,json", cwd=here)

    assert (done.code, "P-001: cannot be written" in done.err) == (STORAGE, True)
    assert [path.name for path in (here / "P-001").iterdir() if path.name.startswith(".")] == []


def test_a_damaged_index_of_feeds_is_told_and_kept(here: Path) -> None:
    (here / "feeds").mkdir()
    (here / "feeds" / ".dayzero-feeds.json").write_text('{"RES001-DMPM-02/P-001": "dz_')

    said = ("feeds/.dayzero-feeds.json: the index of feeds is damaged", "restore it from a backup")
    options = ("--only", "json", "--out", "clinic", "--feed-dir", "feeds")
    in_lines(refused(here, lambda: plan(*options, cwd=here), NO, *said))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_behind_the_output_is_no_bug(here: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from cli import main; main()", "protocol", "show"],
            cwd=here, stdout=full, stderr=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip

    assert "Traceback" not in done.stderr
    assert done.returncode == STORAGE, done.stderr


def test_a_formula_in_a_name_is_no_formula_in_the_csv(here: Path) -> None:
    edited(PROTOCOL_FILE, here, ('en = "Month 1"', '''en = "=HYPERLINK('x')"'''), ('id = "RES', 'id = "@RES'))

    done = plan("--protocol", "edited.toml", "--format", "csv", cwd=here)

    cells = [cell for row in csv.reader(io.StringIO(done.out)) for cell in row]
    assert done.code == 0
    assert "'=HYPERLINK('x')" in cells
    assert "'@RES001-DMPM-02" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_html_and_template_code_in_names_are_only_words(here: Path) -> None:
    code = "<script>alert(1)</script>{{ 7 * 191 }}{% include 'x' %}</style>{{ ''.__class__ }}"
    edited(SITE_FILE, here, ('name = "Malcom', f'name = "{code}Malcom')).rename(here / "clinic.toml")
    words = [('en = "Month 1"', f'en = "{code}"'), ('id = "RES', f'id = "{code}RES')]
    edited(PROTOCOL_FILE, here, *words, ('en = "Infusion"', f'en = "{code}"'))
    bring = "Bring your medicines list and this packet."
    edited(here / "edited.toml", here, (bring, code))

    done = plan("--protocol", "edited.toml", "--site", "clinic.toml", "--only", "html,ics", cwd=here)

    page = (here / "P-001" / "packet.html").read_text("utf-8")
    assert done.code == 0, done.err
    assert "<script" not in page
    assert page.count("</style>") == 2
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 191 }}{% include") > 30
    assert "1337" not in page


def test_a_folder_whose_name_is_no_text_is_written_and_named_as_well_as_can_be(here: Path) -> None:
    done = plan("--only", "json", "--out", "out\udcff", cwd=here)

    assert (done.code, done.err) == (0, "")
    assert (here / "out\udcff" / "P-001" / "schedule.json").exists()
    assert "wrote out" in done.out


def test_a_terminal_that_knows_only_ascii_is_no_error(here: Path) -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = dayzero("protocol", "show", "--lang", "es", cwd=here, env=ascii_only)

    assert (done.code, done.err) == (0, "")
    assert "Ventana" in done.out
