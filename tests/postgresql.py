"""A PostgreSQL of the tests' own: a cluster in a folder of its own, reached by a socket there and not by network."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

OWNER = "postgres"
"""Whom the cluster belongs to where the tests run as root: PostgreSQL refuses root."""


def binaries() -> Path | None:
    """Return the folder of initdb and pg_ctl, which Debian keeps out of the path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
    return folders[-1] if folders else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    folder: Path
    programs: Path
    careful: bool
    """Whether it forces what it writes to the disk, as a clinic's must; tests that crash nothing are faster without."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _empty: list[str] = field(default_factory=list)

    @property
    def account(self) -> str | None:
        return OWNER if os.geteuid() == 0 else None

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL's as the owner. What it prints is shown when it fails."""
        done = subprocess.run(
            [self.programs / program, *arguments],
            user=self.account, group=self.account, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=40 -c recovery_init_sync_method=syncfs"
        options += "" if self.careful else " -c fsync=off -c full_page_writes=off"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-o", options, "-w", "-t", "180", "start")

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def new_database(self) -> str:
        """Return the address of an empty database, made now or given back before."""
        if self._empty:
            return self._empty.pop()
        name = f"test{next(self._numbers)}"
        self.run("createdb", "-h", str(self.folder), "-U", OWNER, name)
        return f"postgresql://{OWNER}@/{name}?host={self.folder}"

    def give_back(self, url: str) -> None:
        """Empty a database that a test has used: making one anew takes far longer."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        self._empty.append(url)


@contextmanager
def cluster(*, careful: bool) -> Iterator[Cluster]:
    """Make a cluster, and take it away at the end."""
    programs = binaries()
    assert programs, "needs PostgreSQL: apt install postgresql"
    folder = Path(tempfile.mkdtemp(prefix="dayzero-pg-"))
    made = Cluster(folder=folder, programs=programs, careful=careful)
    if made.account:
        owner = pwd.getpwnam(made.account)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        made.run(
            "initdb",
            "-D",
            str(folder / "data"),
            "-U",
            OWNER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-instructions",
            "--no-sync",
        )
        made.start()
        yield made
        made.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
