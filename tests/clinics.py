"""A clinic in a folder of its own: its commands in this process, under a clock that stands still, or as installed."""

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from shlex import split
from typing import Any

import pytest
from builders import Run
from click.testing import CliRunner
from django.conf import settings
from django.db import connections

import cli
import clinic.clock
import clinic.commands.common
from clinic.desk.work import projector
from clinic.memory.records import Record
from clinic.memory.store import open_store

NOON = time(17, 0)
"""In Florida it is the same day then as in UTC."""


@dataclass(slots=True)
class Clinic:
    """A store of a clinic, and whoever types commands there. The clock stands still until it is set."""

    folder: Path
    patch: pytest.MonkeyPatch
    today: str = "2026-03-02"
    env: dict[str, str] = field(default_factory=dict)

    @property
    def db(self) -> Path:
        return self.folder / "dayzero.sqlite3"

    def run(self, line: str | Sequence[str], *, answer: str | None = None) -> Run:
        """Run a command, as typed or in words; with an answer, as if somebody sat at a terminal."""
        words = split(line) if isinstance(line, str) else list(line)
        at = datetime.combine(date.fromisoformat(self.today), NOON, UTC)
        with self.patch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(clinic.clock, "now", lambda: at)
            patch.setattr(clinic.commands.common, "can_ask", lambda: answer is not None)
            patch.setattr(sys, "argv", ["dayzero", *words])
            done = in_process(cli.main, answer or "", {"DAYZERO_DB": str(self.db), "DAYZERO_ACTOR": "JD"} | self.env)
        if settings.configured:
            connections.close_all()
        return done

    def must(self, line: str | Sequence[str], *, on: str | None = None) -> Run:
        """Run a command that has to be carried out, from now on at this day."""
        self.today = on or self.today
        done = self.run(line)
        assert done.code == 0, done.err
        return done

    def records(self, subject: str | None = None) -> list[Record]:
        with closing(open_store(str(self.db))) as store:
            return list(store.records(subject) if subject else store.all_records())

    def of(self, code: str = "P-001") -> list[Record]:
        return self.records(f"participant/{code}")

    def last(self, code: str = "P-001") -> Record:
        """Return what the last command recorded first: what followed from it comes after."""
        every = self.of(code)
        return next(one for one in every if one.group == every[-1].group)

    def count(self) -> int:
        return len(self.records())

    def ask(self, sql: str) -> list[Any]:
        with closing(open_store(str(self.db))) as store:
            return store.ask(sql)

    def visit(self, code: str, participant: str = "P-001") -> dict[str, Any]:
        """Return a visit as the lists have it."""
        names = (
            "status",
            "planned",
            "earliest",
            "latest",
            "target",
            "given",
            "actual",
            "to_rebook",
            "to_tell",
            "start",
        )
        columns = ", ".join(names)
        where = f"participant_id = '{participant}' AND code = '{code}'"
        (row,) = self.ask(f"SELECT {columns} FROM clinic_visit WHERE {where}")  # noqa: S608 - a test's own words
        return {name: str(value) if isinstance(value, date) else value for name, value in zip(names, row, strict=True)}

    def check_lists(self) -> None:
        """Fail where what is kept beside the records is not what a replay gives."""
        from clinic.desk.rulebook import Rulebook  # noqa: PLC0415 - where there is no store yet, Django is not set up

        with closing(open_store(str(self.db))) as store:
            assert list(store.differences(projector(Rulebook(store)))) == []


def in_process(main: Callable[[], None], typed: str, env: dict[str, str]) -> Run:
    """Run the door of the command; return what a shell would see."""
    code: object = 0
    with CliRunner().isolation(input=typed, env=env) as streams:
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        sys.stdout.flush()
        sys.stderr.flush()
        out, err = streams[0].getvalue(), streams[1].getvalue()
    assert isinstance(code, int) or code is None, code
    return Run(code=code or 0, out=out.decode(), err=err.decode())


_made: dict[tuple[str, ...], bytes] = {}


def _after(folder: Path, patch: pytest.MonkeyPatch, *lines: str) -> Clinic:
    """Return a clinic in which these commands were carried out; the second time it is a copy."""
    made = Clinic(folder=folder, patch=patch)
    if lines not in _made:
        for line in lines:
            made.must(line)
        _made[lines] = made.db.read_bytes()
    made.db.write_bytes(_made[lines])
    made.db.chmod(0o600)
    return made


INIT = "clinic init --site gainesville"
ENROLL = "enroll P-001 --site gainesville --randomized 2026-03-02 --steroids"


def opened(folder: Path, patch: pytest.MonkeyPatch) -> Clinic:
    """Return a clinic without anybody."""
    return _after(folder, patch, INIT)


def with_participant(folder: Path, patch: pytest.MonkeyPatch) -> Clinic:
    """Return a clinic with a participant on steroids, who had the first infusion on 2 March 2026."""
    return _after(folder, patch, INIT, f"{ENROLL} --day0 2026-03-02")


def printed(run: Run) -> Any:
    """Return what stands on stdout, which must be JSON and nothing else."""
    return json.loads(run.out)


def installed(*words: str, cwd: Path, stdin: str | None = None, env: dict[str, str] | None = None) -> Run:
    """Run the command as it is installed, in a process of its own."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dayzero")), *words],
        cwd=cwd, input=stdin or "", env=os.environ | (env or {}), capture_output=True, text=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    return Run(code=done.returncode, out=done.stdout, err=done.stderr)


class AtTerminal:
    """The installed command at a terminal of its own: what it shows, and answers that are typed."""

    def __init__(self, *words: str, cwd: Path) -> None:
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("dayzero")), *words],
            cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    def wait_for(self, words: str) -> None:
        """Read until these words are shown. Fails where the command ends before."""
        while words not in self.shown:
            assert self._read(), self.shown

    def answer(self, text: str) -> int:
        """Type an answer, read the rest; return the exit code."""
        os.write(self.ours, f"{text}\n".encode())
        while self._read():
            pass
        os.close(self.ours)
        return self.process.wait(timeout=60)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.ours], [], [], 60)
        assert ready, "the command shows nothing for a minute"
        try:
            data = os.read(self.ours, 4096)
        except OSError:
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)
