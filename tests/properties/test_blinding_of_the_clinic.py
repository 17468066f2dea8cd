"""Whatever the pharmacist has sealed, the clinic's commands print, keep and write the same bytes.

Planted leaks, each of which reads the pharmacist's own list as a mistake might, show that the test can fail.
"""

import csv
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from itertools import count, product
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, get_args, get_type_hints

import click
import pytest
from clinics import Clinic, opened

import clinic
import clinic.commands.changing
import clinic.commands.common
import clinic.commands.keeping
import clinic.commands.reading
import clinic.desk.link_records
import clinic.desk.proposing
import clinic.desk.work
import clinic.feeds.bodies
import clinic.feeds.exporting
import clinic.feeds.links
import clinic.feeds.serving
import clinic.feeds.subscribing
import clinic.memory.export
import clinic.memory.store
import schedule.participant
import schedule.render.consequences
from clinic.desk.codec import KINDS
from clinic.feeds.keeping import Kept
from clinic.feeds.serving import BUSY, FeedAnswer
from clinic.memory.store import open_store
from schedule.errors import StoreUnavailable
from schedule.participant.state import Participant
from schedule.study.protocol import Cohort, Protocol

PEOPLE = ("P-001", "P-002", "P-003", "P-004", "P-005")
ALL = [dict(zip(PEOPLE, cohorts, strict=True)) for cohorts in product("12", repeat=len(PEOPLE))]
HOW_MANY = int(os.environ.get("DAYZERO_ALLOCATIONS", "21"))
"""Allocations of five people that are compared, each with each: 21 are 210 pairs, all 32 are 496."""
CHOSEN = sorted(ALL, key=lambda one: min(sum(c == "1" for c in one.values()), sum(c == "2" for c in one.values())))

SCRIPT = (
    ("2026-03-02", "clinic import roster.csv"),
    ("2026-03-02", "enroll P-005 --site miami --randomized 2026-03-02 --no-steroids --day0 2026-03-02 --format json"),
    ("2026-03-02", "enroll P-005 --site miami --randomized 2026-03-02 --no-steroids"),
    ("2026-03-03", "book P-001 M1"),
    ("2026-03-03", "book P-001 M1 2026-04-05"),
    ("2026-03-03", "book P-002 M1 2026-04-02 --format json"),
    ("2026-03-03", "move P-002 M1 2026-04-03 --reason storm"),
    ("2026-03-03", "hold --site gainesville --reason 'supply delay'"),
    ("2026-03-04", "resume --site gainesville --reason 'supplies came'"),
    ("2026-03-04", "clinic close gainesville 2026-05-01..2026-05-04 --reason hurricane"),
    ("2026-03-05", "clinic reopen gainesville 2026-05-04 --reason 'roof is mended'"),
    ("2026-03-05", "clinic capacity gainesville 2026-04-01..2026-04-03 --kind clinic --limit 1 --reason ill"),
    ("2026-03-05", "clinic open gainesville 2026-04-04 --hours 08:00-12:00 --reason storm"),
    ("2026-03-05", "prefer P-001 --weekdays mon --not-before 10:00"),
    ("2026-03-05", "book P-001 M1"),
    ("2026-03-05", "book P-001 M1 2026-04-03 --overbook 'one leaves early'"),
    ("2026-06-02", "done P-001 M3 2026-06-02 --given yes"),
    ("2026-06-02", "done P-003 M3 2026-06-02 --given partial --dry-run"),
    ("2026-06-02", "stop-infusions P-004 --reason 'adverse event'"),
    ("2026-06-02", "miss P-002 M2 --reason 'no answer'"),
    ("2026-06-02", "told P-004 --to pharmacy --who 'pharmacist KL' --how phone"),
    ("2026-06-02", "correct P-001 M3 --given no --reason 'wrong line' --staff-lang es"),
    ("2026-06-02", "withdraw P-003 2026-06-02 --reason moved"),
    ("2026-06-02", "link create P-001 --label phone --base https://c.example"),
    ("2026-06-02", "link create P-003 --label phone --format json"),
    ("2026-06-02", "link create --site gainesville"),
    ("2026-06-02", "link create --pharmacy gainesville --lang es"),
    ("2026-06-02", "link rotate P-001 --reason lost"),
    ("2026-06-02", "link create P-004 --expires 2026-07-01"),
    ("2026-06-02", "link revoke P-004 --reason 'adverse event'"),
    ("2026-06-02", "link list"),
    ("2026-06-02", "link list --site gainesville --format json"),
    ("2026-06-02", "feeds export feeds --staff --feed-base https://c.example/f"),
    ("2026-06-02", "show P-001"),
    ("2026-06-02", "show P-003 --format json"),
    ("2026-06-02", "publish P-001 --out papers --only json,csv,ics"),
    ("2026-06-02", "list"),
    ("2026-06-02", "due --from 2026-06-01 --to 2026-06-30 --format json"),
    ("2026-06-02", "overdue --format csv"),
    ("2026-06-02", "deviations --format xlsx --out deviations.xlsx"),
    ("2026-06-02", "agenda --site gainesville --from 2026-06-01 --to 2026-06-30"),
    ("2026-06-02", "optimise --site gainesville --yes"),
    ("2026-06-02", "optimise --movable --export-problem own.json"),
    ("2026-06-02", "replan --yes --closed 2026-06-15..2026-07-10 --site gainesville --reason storm"),
    ("2026-06-02", "tell --audience pharmacy"),
    ("2026-06-02", "tell --staff-lang es"),
    ("2026-06-02", "audit log"),
    ("2026-06-02", "audit verify --format json"),
    ("2026-06-02", "audit export audit.csv"),
    ("2026-06-02", "audit checkpoint kept.jsonl --key ../key"),
    ("2026-06-02", "clinic export --out all"),
    ("2026-06-02", "clinic backup copy.sqlite3"),
    ("2026-06-02", "clinic restore copy.sqlite3 --db again.sqlite3"),
    ("2026-06-02", "clinic doctor"),
)  # fmt: skip
SLOW = ("clinic restore", "clinic doctor", "deviations")
PAPERS = (
    *SCRIPT[:2],
    ("2026-03-03", "publish P-001 --out papers --only html"),
    ("2026-03-03", "binder P-002 --out papers"),
)
ROOM = re.compile(r"(?<=room on the disk: )\d+")
"""What the doctor tells of the machine, and other programs change meanwhile."""
ROSTER = "participant,randomized,day0,site,steroids,lang\n" + "".join(
    f"{code},2026-03-02,2026-03-02,gainesville,{steroids},{lang}\n"
    for code, steroids, lang in zip(PEOPLE[:4], ("yes", "no", "yes", "no"), ("en", "es", "en", "es"), strict=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that a masked person can get: of each command what it printed and its code, and every file."""

    commands: tuple[tuple[int, str, str], ...]
    files: tuple[tuple[str, int, bytes], ...]
    served: tuple["Answered", ...]
    """What is answered to whoever asks by a link: status, headers and body."""


def everything_in(folder: Path) -> tuple[tuple[str, int, bytes], ...]:
    """Return names, modes and bytes; of a database that was made anew not the instants of its migrations."""
    return tuple(
        (str(path.relative_to(folder)), path.stat().st_mode, _bytes_of(path)) for path in sorted(folder.rglob("*"))
    )


def _bytes_of(path: Path) -> bytes:
    if path.is_dir():
        return b""
    if path.name != "again.sqlite3":
        return path.read_bytes()
    with sqlite3.connect(path) as direct:
        direct.execute("UPDATE django_migrations SET applied = ''")
        dump = "\n".join(direct.iterdump()).encode()
    direct.close()
    return dump


class Trial:
    """A clinic and, apart from it, a pharmacist's folder: made again and again at the same place."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "trial"
        self.own = folder / "own"
        self.patch = patch
        self.kept = folder / "kept"
        self.own.mkdir(mode=0o700)

    @property
    def allocation(self) -> Path:
        return self.own / "allocation.csv"

    def make_keys(self) -> None:
        """Make the pharmacist's keys, once for all allocations."""
        for name, words in (("words", "correct horse battery staple\n"), ("others", "another horse another staple\n")):
            (self.own / name).write_text(words)
            (self.own / name).chmod(0o600)
        self.pharmacy(
            f"keygen --site gainesville --keys {self.own}/keys --emergency-keys {self.own}/emergency "
            f"--passphrase-file {self.own}/words --emergency-passphrase-file {self.own}/others"
        )

    def pharmacy(self, line: str) -> None:
        folder = self.own / "desk"
        folder.mkdir(exist_ok=True, mode=0o700)
        Clinic(folder=folder, patch=self.patch).must(f"pharmacy {line}")

    def list_cohorts(self, cohorts: dict[str, str]) -> None:
        self.allocation.write_text("participant,cohort\n" + "".join(f"{code},{one}\n" for code, one in cohorts.items()))
        self.allocation.chmod(0o600)

    def seal(self, cohorts: dict[str, str]) -> bytes:
        """Seal these cohorts; return the envelopes."""
        self.list_cohorts(cohorts)
        envelopes = self.own / "keys" / "envelopes.json"
        envelopes.unlink(missing_ok=True)
        self.pharmacy(f"seal {self.allocation} --keys {self.own}/keys --passphrase-file {self.own}/words")
        return envelopes.read_bytes()

    def see(self, script: Sequence[tuple[str, str]] = SCRIPT) -> Seen:
        """Run the clinic's commands from the start; gather what masked people get."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "clinic").mkdir(parents=True)
        (self.folder / "key").write_text("07" * 32 + "\n")
        made = opened(self.folder / "clinic", self.patch)
        (made.folder / "roster.csv").write_text(ROSTER)
        runs = []
        numbers = count()
        with self.patch.context() as patch:
            patch.setattr(clinic.feeds.links, "draw", lambda: f"dz_{next(numbers):043}")
            for name in ("_calendars", "_parts"):
                patch.setattr(clinic.feeds.bodies, name, Kept(1 << 20, lambda _: 1))
            for day, line in script:
                made.today = day
                runs.append(made.run(line))
            served = tuple(answers(made, next(numbers)))
        return Seen(
            commands=tuple((run.code, ROOM.sub("", run.out), run.err) for run in runs),
            files=everything_in(self.folder),
            served=served,
        )


Answered = tuple[int, tuple[tuple[str, str], ...], bytes]


def answers(made: Clinic, drawn: int) -> Iterator[Answered]:
    """Yield what is answered by every token that was drawn, and by one that was not, one day and the next.

    As a process does that was just started: one that has answered before notes no day of asking again.
    """
    patch = pytest.MonkeyPatch()
    patch.setattr("clinic.feeds.bodies._opened", Kept(1 << 20, lambda _: 1))
    page = clinic.feeds.subscribing.subscribe_page
    with closing(open_store(str(made.db))) as store:
        for number, hour in product(range(drawn + 1), (17, 41)):
            token, now = f"dz_{number:043}", datetime(2026, 6, 2, tzinfo=UTC) + timedelta(hours=hour)
            for headers in ({}, {"Accept-Encoding": "gzip"}, {"If-Modified-Since": "Tue, 02 Jun 2026 17:00:00 GMT"}):
                yield _answered(partial(clinic.feeds.serving.answer, store, token, "GET", headers, now))
            for lang in ("en", "es"):
                yield _answered(partial(page, store, token, "GET", base="https://c.example", lang=lang, now=now))
    patch.undo()


def _answered(ask: Callable[[], FeedAnswer]) -> Answered:
    try:
        made = ask()
    except StoreUnavailable:
        made = BUSY
    return made.status, tuple(made.headers.items()), made.body


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    return Trial(tmp_path, monkeypatch)


def test_no_byte_of_the_clinic_depends_on_what_was_sealed(trial: Trial) -> None:
    trial.make_keys()
    seen: list[Seen] = []
    sealed: set[bytes] = set()
    for cohorts in CHOSEN[:HOW_MANY]:
        sealed.add(trial.seal(cohorts))
        seen.append(trial.see())

    assert len(sealed) == HOW_MANY
    assert {len(one) for one in sealed} == {len(next(iter(sealed)))}
    first = seen[0]
    for other in seen[1:]:
        assert other.commands == first.commands
        assert other.files == first.files
        assert other.served == first.served
    assert {status for status, _, _ in first.served} == {200, 304, 404}
    codes = [code for code, _, _ in first.commands]
    leaves_something = [int(line.startswith("replan ")) for _, line in SCRIPT[5:]]
    assert codes == [0, 0, 1, 0, 1, *leaves_something], first.commands
    names = {name for name, _, _ in first.files}
    assert {
        "clinic/dayzero.sqlite3",
        "clinic/audit.csv",
        "clinic/kept.jsonl",
        "clinic/all/visits.csv",
        "clinic/papers/P-001/participant.ics",
        "clinic/feeds/.dayzero-feeds.json",
    } <= names


def test_nor_does_what_is_printed_on_paper(trial: Trial) -> None:
    seen = []
    for cohorts in (ALL[0], ALL[0b01010], ALL[-1]):
        trial.list_cohorts(cohorts)
        seen.append(trial.see(PAPERS))

    assert seen[1:] == seen[:1] * 2
    assert {"clinic/papers/P-001/packet.html", "clinic/papers/binder-P-002.pdf"} <= {
        name for name, _, _ in seen[0].files
    }


# Planted leaks


def cohort_of(code: str, own: Path) -> str:
    """Return a cohort as a mistake might: from the pharmacist's own list."""
    with (own / "allocation.csv").open(newline="") as file:
        return next(row["cohort"] for row in csv.DictReader(file) if row["participant"] == code)


Leak = Callable[[pytest.MonkeyPatch, Callable[[str], str]], None]


def wrapping(module: Any, name: str, make: Callable[[Any, Callable[[str], str]], Any]) -> Leak:
    """Return what puts another function in the place of this one."""

    def plant(patch: pytest.MonkeyPatch, cohort: Callable[[str], str]) -> None:
        patch.setattr(module, name, make(getattr(module, name), cohort))

    return plant


def _reason(real: Any, cohort: Callable[[str], str]) -> Any:
    def batch_of(one: Any) -> Any:
        batch = real(one)
        blanks = " " * int(cohort(one.known.code))
        return replace(batch, entries=tuple(replace(entry, reason=entry.reason + blanks) for entry in batch.entries))

    return batch_of


def _body(real: Any, cohort: Callable[[str], str]) -> Any:
    def batch_of(one: Any) -> Any:
        batch = real(one)
        more = {"flags": int(cohort(one.known.code))}
        entries = (*batch.entries[:-1], replace(batch.entries[-1], body={**batch.entries[-1].body, **more}))
        return replace(batch, entries=entries)

    return batch_of


def _row(real: Any, cohort: Callable[[str], str]) -> Any:
    def rows_of(state: Any, rules: Any, *, records: int) -> Any:
        rows = real(state, rules, records=records)
        visits = tuple(replace(one, sequence=one.sequence + int(cohort(state.id))) for one in rows.visits)
        return replace(rows, visits=visits)

    return rows_of


def _window(real: Any, cohort: Callable[[str], str]) -> Any:
    def draft(known: Any, *commands: Any, **besides: Any) -> Any:
        made = real(known, *commands, **besides)
        if cohort(known.code) == "2" and "M7" in made.after.visits:
            visit = made.after.visits["M7"]
            longer = replace(visit, dates=replace(visit.dates, latest=visit.dates.latest + timedelta(days=1)))
            return replace(made, after=replace(made.after, visits={**made.after.visits, "M7": longer}))
        return made

    return draft


def _instant(real: Any, cohort: Callable[[str], str]) -> Any:
    return lambda self, version: replace(
        real(self, version), at=self.now + timedelta(microseconds=int(cohort("P-001")))
    )


def _order(real: Any, cohort: Callable[[str], str]) -> Any:
    return lambda store, site=None: tuple(sorted(real(store, site), key=lambda code: (cohort(code), code)))


def _line(real: Any, cohort: Callable[[str], str]) -> Any:
    return lambda found, speaks: [*real(found, speaks), *[""] * int(cohort("P-001"))]


def _stderr(real: Any, cohort: Callable[[str], str]) -> Any:
    def find(self: Any, code: str) -> Any:
        if cohort("P-001") == "2":
            click.echo("debug: found", err=True)
        return real(self, code)

    return find


def _code(real: Any, cohort: Callable[[str], str]) -> Any:
    def change(clinic: Any, known: Any, command: Any) -> None:
        real(clinic, known, command)
        raise SystemExit(int(cohort(known.code)) - 1)

    return change


def _alternatives(real: Any, cohort: Callable[[str], str]) -> Any:
    return lambda found, state, speaks: real(found if cohort(state.id) == "1" else found[::-1], state, speaks)


def _file_name(real: Any, cohort: Callable[[str], str]) -> Any:
    return lambda store, folder: real(store, folder / cohort("P-001"))


def _file_mode(real: Any, cohort: Callable[[str], str]) -> Any:
    return lambda outputs: real([replace(one, mode=0o600 + 8 * int(cohort("P-002"))) for one in outputs])


def _room_in_the_database(real: Any, cohort: Callable[[str], str]) -> Any:
    def append(self: Any, batches: Any, signature: Any) -> Any:
        records = real(self, batches, signature)
        with self.connection.cursor() as cursor:
            cursor.execute(f"PRAGMA user_version = {cohort('P-001')}")
        return records

    return append


def _calendar(real: Any, cohort: Callable[[str], str]) -> Any:
    def plan_of(clinic: Any, known: Any, wording: str = "") -> Any:
        return real(clinic, known, wording or " " * int(cohort(known.code)))

    return plan_of


def _account(real: Any, cohort: Callable[[str], str]) -> Any:
    return lambda: real() + cohort("P-001")


def _tell_order(real: Any, cohort: Callable[[str], str]) -> Any:
    def carry_out(clinic: Any, proposal: Any) -> None:
        drafts = tuple(sorted(proposal.drafts, key=lambda one: cohort(one.known.code)))
        real(clinic, replace(proposal, drafts=drafts))

    return carry_out


def _served(real: Any, cohort: Callable[[str], str]) -> Any:
    def calendar(data: bytes, modified: datetime, **besides: Any) -> Any:
        return real(data, modified + timedelta(seconds=int(cohort("P-001"))), **besides)

    return calendar


def _gathered(real: Any, cohort: Callable[[str], str]) -> Any:
    def gather(name: str, events: Any, **besides: Any) -> Any:
        return real(name, [*events][:: 3 - 2 * int(cohort("P-001"))], **besides)

    return gather


def _page(real: Any, cohort: Callable[[str], str]) -> Any:
    return lambda *asked, **facts: real(*asked, **facts) + " " * int(cohort("P-003"))


def _label(real: Any, cohort: Callable[[str], str]) -> Any:
    def created(hash_: str, *, label: str, **besides: Any) -> Any:
        return real(hash_, label=label + " " * int(cohort("P-001")), **besides)

    return created


def _feed_names(real: Any, cohort: Callable[[str], str]) -> Any:
    def export(book: Any, folder: Any, *, new_name: Any, **besides: Any) -> Any:
        return real(book, folder, new_name=lambda: cohort("P-002") + new_name(), **besides)

    return export


LEAKS: dict[str, Leak] = {
    "a blank more after a reason": wrapping(clinic.desk.work, "batch_of", _reason),
    "a flag in a body": wrapping(clinic.desk.work, "batch_of", _body),
    "a count in a list": wrapping(clinic.desk.work, "rows_of", _row),
    "a day more in a window": wrapping(clinic.desk.proposing, "draft", _window),
    "a microsecond": wrapping(clinic.commands.common.Clinic, "sign", _instant),
    "the order in which a site's participants are recorded": wrapping(clinic.desk.proposing, "participants", _order),
    "the order in which a roster is recorded": wrapping(clinic.commands.keeping, "carry_out", _tell_order),
    "an empty line in a preview": wrapping(schedule.render.consequences, "say_consequences", _line),
    "a line for the developer": wrapping(clinic.commands.common.Clinic, "find", _stderr),
    "an exit code": wrapping(clinic.commands.changing, "change", _code),
    "the order of days to choose from": wrapping(schedule.render.consequences, "say_alternatives", _alternatives),
    "a folder's name": wrapping(clinic.memory.export, "export_everything", _file_name),
    "a file's mode": wrapping(clinic.memory.export, "write_outputs", _file_mode),
    "a number in the head of the database": wrapping(clinic.memory.store.Store, "append", _room_in_the_database),
    "another wording of what is published": wrapping(clinic.commands.reading, "plan_of", _calendar),
    "a second in the date of a calendar": wrapping(clinic.feeds.bodies, "_calendar", _served),
    "the order of a site's calendar": wrapping(clinic.feeds.bodies, "gather", _gathered),
    "a blank at the end of a page": wrapping(clinic.feeds.subscribing, "render_page", _page),
    "a blank in the label of a link": wrapping(clinic.desk.link_records, "created", _label),
    "the name of a feed": wrapping(clinic.feeds.exporting, "export", _feed_names),
    "an account": wrapping(clinic.commands.common, "_account", _account),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_every_planted_leak_is_caught(trial: Trial, leak: Leak) -> None:
    seen = []
    script = [one for one in SCRIPT if not one[1].startswith(SLOW)]
    for cohorts in (ALL[0b00010], ALL[0b11101]):
        trial.list_cohorts(cohorts)
        with trial.patch.context() as patch:
            leak(patch, lambda code: cohort_of(code, trial.own))
            seen.append(trial.see(script))

    assert seen[0] != seen[1]


# Names and types


SECRET = {
    "cohort", "cohorts", "arm", "arms", "product", "products", "allocation", "allocations", "treatment", "placebo",
    "ulsc", "active", "sham", "unblinded", "unmasked", "kit", "lot", "vial", "crossover", "period", "randomisation",
}  # fmt: skip
FINE = {"Standing.ACTIVE"}
"""Names that have such a word and another meaning: a participant who takes part."""


def modules(package: Any) -> Iterator[Any]:
    yield package
    for found in walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(found.name)


def names_of_all_types() -> Iterator[str]:
    """Yield the name of each class and of each of its fields, in the clinic and in the participant's core."""
    for package in (clinic, schedule.participant):
        for module in modules(package):
            for thing in vars(module).values():
                if isinstance(thing, type) and thing.__module__ == module.__name__:
                    yield thing.__name__
                    names = [one.name for one in fields(thing)] if is_dataclass(thing) else []
                    yield from (f"{thing.__name__}.{name}" for name in [*names, *getattr(thing, "__members__", ())])


def keys_in(body: Any) -> Iterator[str]:
    if isinstance(body, dict):
        for key, value in body.items():
            yield key
            yield from keys_in(value)
    if isinstance(body, list):
        for value in body:
            yield from keys_in(value)


def secret(name: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name.rpartition(".")[2])
    return name not in FINE and not SECRET.isdisjoint(word.lower() for word in words)


def reached(kind: Any, seen: set[Any]) -> set[Any]:
    """Return all types that a value of this type can hold."""
    if kind in seen:
        return seen
    seen.add(kind)
    for inner in [*get_args(kind), *(get_type_hints(kind).values() if is_dataclass(kind) else ())]:
        reached(inner, seen)
    return seen


def test_no_type_table_or_body_has_a_place_for_a_cohort(trial: Trial) -> None:
    names = list(names_of_all_types())
    assert {"Enrolled", "Enrolled.steroids", "Clinic.actor", "VisitRow.given", "Standing.ACTIVE"} <= set(names)
    trial.see(SCRIPT[:10])
    with sqlite3.connect(trial.folder / "clinic" / "dayzero.sqlite3") as direct:
        tables = [name for (name,) in direct.execute("SELECT name FROM sqlite_master")]
        columns = [row[1] for table in tables for row in direct.execute(f"PRAGMA table_info('{table}')")]
    direct.close()
    assert {"clinic_visit", "clinic_record"} <= set(tables)
    assert "steroids" in columns
    made = Clinic(folder=trial.folder / "clinic", patch=trial.patch)
    keys = {key for one in made.records() for key in keys_in(dict(one.body))}
    assert "steroids" in keys

    assert [name for name in (*names, *tables, *columns, *keys) if secret(name)] == []
    for kind in (*KINDS.values(), Participant):
        assert not reached(kind, set()) & {Cohort, Protocol}
    assert [name for name in ("VisitRow.cohort", "armCode", "Arm", "PRODUCT", "lot_number") if not secret(name)] == []
