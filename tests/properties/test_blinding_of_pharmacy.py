"""Whatever the allocations, what leaves the pharmacy for masked people is the same; planted leaks are noticed.

Five participants have 32 allocations. Each is run once, and all must show the same: that compares each of the 496 pairs
of allocations, those with one participant, two or all flipped, and those with two swapped among them.
"""

import base64
import io
import itertools
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from unblinded import NONCE, write_export, write_keys, write_passphrases

import cli
import schedule.desk.writing
import schedule.unblinded.commands
import schedule.unblinded.emergency
import schedule.unblinded.log
import schedule.unblinded.manifest
import schedule.unblinded.sheet_making
import schedule.unblinded.sheets_folder
import schedule.unblinded.terminal
import schedule.unblinded.vault
from schedule.unblinded.allocation import Allocation

CODES = ("P-001", "P-002", "P-003", "P-004", "P-005")
WHO = ("--who", "RPh")
WHY = (*WHO, "--why", "drill")
TOLD = ("open", "emergency")
"""Commands that tell the cohort on the terminal: there alone may what is printed differ."""
PRIVATE_SHEETS = ("preparation.html", "preparation.pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All that masked people can get from a sealing, a check, sheets and openings."""

    codes: tuple[object, ...]
    printed: tuple[str, ...]
    files: tuple[tuple[str, int, object], ...]


@pytest.fixture(autouse=True)
def quick_and_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock, take one nonce, make no PDF, and sit at a terminal."""
    now = datetime(2026, 6, 3, 14, tzinfo=UTC)
    monkeypatch.setattr(schedule.unblinded.commands, "_now", lambda: now)
    defaults = schedule.unblinded.manifest.seal_all.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "nonce", lambda: NONCE)
    monkeypatch.setattr(schedule.unblinded.sheets_folder, "write_pdf", lambda _: b"")
    monkeypatch.setattr(schedule.unblinded.terminal, "is_terminal", lambda: True)
    monkeypatch.setattr(schedule.unblinded.terminal, "confirm_opening", lambda *_: None)


def run(folder: Path, cohorts: Mapping[str, str], lang: str = "en") -> Shown:
    """Seal, seal more, check, make sheets, open, and unblind; return all that others may see of it."""
    keys, safe, sheets, records = (str(folder / name) for name in ("keys", "safe", "sheets", "records"))
    write_keys(Path(keys), Path(safe))
    ours, theirs = map(str, write_passphrases(folder))
    for code in CODES[:2]:
        write_export(folder / "clinic", code, {"M6": {"status": "held", "sequence": 1}})
    first, second = write_list(folder / "a.csv", cohorts, CODES[1:4]), write_list(folder / "b.csv", cohorts, CODES[::4])
    envelopes = f"{keys}/envelopes.json"
    commands: list[list[str]] = [
        ["seal", first, "--keys", keys, "--passphrase-file", ours],
        ["seal", second, "--keys", keys, "--passphrase-file", ours],
        ["seal", second, "--keys", keys, "--passphrase-file", ours],
        ["sheet", "--all", "--export", str(folder / "clinic"), "--out", sheets, "--keys", keys, *WHO,
         "--passphrase-file", ours],
        ["open", "P-001", "--keys", keys, *WHY, "--passphrase-file", ours],
        ["open", "P-002", "--keys", keys, *WHY, "--passphrase-file", theirs],
        ["emergency", "P-003", "--keys", safe, "--manifest", envelopes, "--out", records, *WHY,
         "--passphrase-file", theirs],
        ["emergency", "P-004", "--accidental", "--keys", keys, "--out", records, *WHY],
        ["check", envelopes, "--public-keys", f"{keys}/public-keys.json", "--export", str(folder / "clinic"),
         "--log", f"{keys}/pharmacy-log.jsonl"],
    ]  # fmt: skip
    done = [call(["pharmacy", *command, "--lang", lang]) for command in commands]
    printed = [err if command[0] in TOLD else out + err for command, (_, out, err) in zip(commands, done, strict=True)]
    return Shown(codes=tuple(code for code, _, _ in done), printed=tuple(printed), files=tuple(seen_files(folder)))


def write_list(path: Path, cohorts: Mapping[str, str], codes: tuple[str, ...]) -> str:
    path.write_text("participant,cohort\n" + "".join(f"{code},{cohorts[code]}\n" for code in codes))
    return str(path)


def call(arguments: list[str]) -> tuple[object, str, str]:
    """Run the command in this process; return its exit code and what it prints."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = cli.dayzero.main(arguments, standalone_mode=False)
        except SystemExit as stop:
            code = stop.code
    return code, out.getvalue(), err.getvalue()


def seen_files(folder: Path) -> list[tuple[str, int, object]]:
    """Return every file's name and mode, and its bytes; of the envelopes their shape, of the private sheets nothing."""
    found: list[tuple[str, int, object]] = []
    for path in sorted(folder.rglob("*")):
        data: object = path.read_bytes() if path.is_file() else b""
        if path.suffix in (".csv", ".key") or path.name in PRIVATE_SHEETS:
            data = b""
        if path.name == "envelopes.json":
            data = shape(path.read_bytes())
        found.append((str(path.relative_to(folder)), path.stat().st_mode, data))
    return found


def shape(manifest: bytes) -> object:
    """Return all of a manifest but the sealed boxes and the signature, which are other ones each time: their sizes."""
    record = json.loads(manifest)
    for envelope in record["manifest"]["envelopes"]:
        for name in ("pharmacy", "emergency"):
            envelope[name] = len(base64.b64decode(envelope[name]))
    return len(manifest), json.dumps(record["manifest"]), len(record["signature"])


def show(cohorts: str, lang: str = "en") -> Shown:
    """Run with the cohorts of the five participants, in a folder of the same name each time."""
    with TemporaryDirectory() as name:
        shown = run(Path(name) / "run", dict(zip(CODES, cohorts, strict=True)), lang)
        return replace(shown, printed=tuple(text.replace(name, "") for text in shown.printed))


@pytest.mark.parametrize("lang", ["en", "es"])
def test_nothing_that_leaves_the_pharmacy_depends_on_an_allocation(lang: str) -> None:
    every = ["".join(cohorts) for cohorts in itertools.product("12", repeat=len(CODES))]
    pairs = len(every) * (len(every) - 1) // 2
    if lang == "es":
        every = ["11111", "22222", "12121"]

    first, *others = [show(cohorts, lang) for cohorts in every]

    assert pairs >= 200
    assert first.codes == (None, None, 1, None, None, 1, None, None, None)
    assert {"sheets/P-001/handover.html", "records/emergency-P-003-1.txt", "keys/pharmacy-log.jsonl"} <= {
        name.removeprefix("run/") for name, _, _ in first.files
    }
    for other in others:
        assert other == first


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_comparison_sees_what_it_should(lang: str) -> None:
    shown = show("12121", lang)
    files = {name: data for name, _, data in shown.files}

    written = ("sheets", "records", "keys/envelopes", "keys/pharmacy-log", "safe/pharmacy-log")

    assert isinstance(files["keys/pharmacy-log.jsonl"], bytes)
    assert len(files["keys/pharmacy-log.jsonl"].splitlines()) == 4
    assert "P-003" in str(files["records/emergency-P-003-1.txt"])
    assert "M6-PH" not in str(files)
    assert all(mode & 0o077 == 0 for name, mode, _ in shown.files if name.startswith(written))
    assert not any(word in repr(shown).lower() for word in ("ulsc", "placebo", "cohort 1", "cohorte 1"))


# Planted leaks: the wing overhears the allocations where they are sealed or opened, and lets one out somewhere else.


class Heard:
    """The cohorts that a run knows of."""

    def __init__(self) -> None:
        self.cohorts: dict[str, str] = {}
        self.opened = ""

    @property
    def all(self) -> str:
        return "".join(self.cohorts[code] for code in sorted(self.cohorts))


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Overhear what is sealed, and what is opened."""
    ears = Heard()
    sealing, opening = schedule.unblinded.manifest.seal_all, schedule.unblinded.manifest.open_envelope

    def seal_all(allocations: list[Allocation], *rest: Any, **more: Any) -> Any:
        ears.cohorts |= {one.participant: one.cohort.id for one in allocations}
        return sealing(allocations, *rest, **more)

    def open_envelope(*rest: Any, **more: Any) -> Any:
        cohort = opening(*rest, **more)
        ears.opened = cohort.id
        return cohort

    monkeypatch.setattr(schedule.unblinded.manifest, "seal_all", seal_all)
    monkeypatch.setattr(schedule.unblinded.vault, "open_envelope", open_envelope)
    return ears


def changing(module: Any, function: str, change: Callable[[Any, Heard], Any]) -> Callable[..., None]:
    """Plant a leak: change what a function returns by what was overheard."""

    def plant(monkeypatch: pytest.MonkeyPatch, heard: Heard) -> None:
        original = getattr(module, function)
        monkeypatch.setattr(module, function, lambda *a, **k: change(original(*a, **k), heard))

    return plant


def by_cohort(manifest: Any, heard: Heard) -> Any:
    order = sorted(manifest.envelopes, key=lambda one: (heard.cohorts[one.participant], one.participant))
    return replace(manifest, envelopes=tuple(order))


def larger_box(boxes: dict[str, bytes], heard: Heard) -> dict[str, bytes]:
    return {name: box + b"x" * heard.all.count("2") for name, box in boxes.items()}


def noted(output: tuple[Any, list[Any]], heard: Heard) -> tuple[Any, list[Any]]:
    log, lines = output
    return replace(log, data=log.data + b" " * (heard.opened == "2")), lines


def open_mode(outputs: tuple[Any, list[Any]], heard: Heard) -> tuple[Any, list[Any]]:
    return replace(outputs[0], mode=0o640 if heard.opened == "2" else 0o600), outputs[1]


def printing(stream: str) -> Callable[[Any, Heard], Any]:
    def change(result: Any, heard: Heard) -> Any:
        getattr(sys, stream).write("." * heard.all.count("2"))
        return result

    return change


def refusing(result: Any, heard: Heard) -> Any:
    if heard.all.startswith("2"):
        raise SystemExit(4)
    return result


def named(result: dict[str, bytes], change: Callable[[bytes, str], bytes], name: str, heard: Heard) -> dict[str, bytes]:
    return {key: change(data, heard.opened) if key == name else data for key, data in result.items()}


def left_behind(result: Any, heard: Heard) -> Any:
    (Path(str(result.path)).parent / f".tmp-{heard.all}").write_bytes(b"")
    return result


def longer_reason(monkeypatch: pytest.MonkeyPatch, heard: Heard) -> None:
    entry = schedule.unblinded.vault.Vault.entry

    def leaking(*arguments: Any) -> Any:
        made = entry(*arguments)
        return replace(made, why=f"{made.why} ({heard.opened})")

    monkeypatch.setattr(schedule.unblinded.vault.Vault, "entry", leaking)


def of_files(name: str, change: Callable[[bytes, str], bytes]) -> Callable[[Any, Heard], Any]:
    def changed(result: tuple[dict[str, bytes], str], heard: Heard) -> tuple[dict[str, bytes], str]:
        return named(result[0], change, name, heard), result[1]

    return changed


MANIFEST = schedule.unblinded.manifest
LEAKS: dict[str, Callable[..., None]] = {
    "order of envelopes": changing(MANIFEST, "seal_all", by_cohort),
    "size of an envelope": changing(MANIFEST, "seal", larger_box),
    "a word in the manifest": changing(
        MANIFEST, "seal_all", lambda made, heard: replace(made, format=f"{made.format}{heard.all.count('1')}")
    ),
    "spelling of a code in the manifest": changing(
        MANIFEST,
        "seal_all",
        lambda made, heard: replace(
            made,
            envelopes=tuple(
                replace(one, participant=one.participant.lower() if heard.all[0] == "2" else one.participant)
                for one in made.envelopes
            ),
        ),
    ),
    "stdout of seal": changing(MANIFEST, "sign_manifest", printing("stdout")),
    "stderr of seal": changing(MANIFEST, "sign_manifest", printing("stderr")),
    "exit code of check": changing(MANIFEST, "check_enrolled", refusing),
    "exit code of open": changing(schedule.unblinded.log, "add_entries", refusing),
    "reason in the log": longer_reason,
    "blank in the log": changing(schedule.unblinded.log, "add_entries", noted),
    "mode of the log": changing(schedule.unblinded.log, "add_entries", open_mode),
    "emergency record": changing(
        schedule.unblinded.emergency, "emergency_record", lambda data, heard: data + b"\n" * (heard.opened == "1")
    ),
    "name of the emergency record": changing(
        schedule.unblinded.emergency, "record_name", lambda name, heard: f"{heard.opened}-{name}"
    ),
    "hand-over slip": changing(
        schedule.unblinded.sheet_making,
        "render_sheets",
        of_files("handover.html", lambda data, cohort: data.replace(b"260", b"261") if cohort == "2" else data),
    ),
    "pharmacy.ics": changing(
        schedule.unblinded.sheet_making,
        "render_sheets",
        of_files("pharmacy.ics", lambda data, cohort: data.replace(b"TEAL", b"RED").replace(b"teal", b"red")
                 if cohort == "2" else data),
    ),
    "one sheet less": changing(
        schedule.unblinded.sheet_making,
        "sheets_in",
        lambda outputs, heard: outputs[: -1 if heard.opened == "2" else None],
    ),
    "a file left behind": changing(
        schedule.unblinded.log, "add_entries", lambda made, heard: (left_behind(made[0], heard), made[1])
    ),
}  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught(leak: str, monkeypatch: pytest.MonkeyPatch, heard: Heard) -> None:
    LEAKS[leak](monkeypatch, heard)
    shown = []
    for cohorts in ("11111", "22222", "12121"):
        heard.cohorts, heard.opened = {}, ""
        shown.append(show(cohorts))

    assert not shown[0] == shown[1] == shown[2]
