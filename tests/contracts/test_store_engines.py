"""What each engine brings with it: files, permissions, full disks, lost connections."""

import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from postgresql import Cluster
from stores import fill, moved, project, write

from clinic.memory import audit
from clinic.memory.doctor import examine
from clinic.memory.settings import PRAGMAS, pragmas
from clinic.memory.store import Store, create_store, open_store
from schedule.errors import StoreUnavailable

NOBODY = 65534


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    from django.db import connections

    connections.close_all()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create_store(str(tmp_path / "clinic.sqlite3"))


def file_of(store: Store) -> Path:
    assert store.address.file
    return store.address.file


# SQLite


def test_every_connection_reads_back_what_it_asked_for(store: Store) -> None:
    assert pragmas(store.connection) == PRAGMAS | {"synchronous": 3}
    assert store.connection.transaction_mode == "IMMEDIATE"


def test_a_transaction_has_the_lock_from_its_beginning(store: Store) -> None:
    with (
        store.locked(),
        closing(sqlite3.connect(file_of(store), timeout=0, isolation_level=None)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_file_in_wal_mode_that_others_use_is_not_opened(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.close()
    monkeypatch.setitem(store.connection.settings_dict["OPTIONS"], "timeout", 0.1)
    with closing(sqlite3.connect(file_of(store))) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM clinic_record").fetchone()
        with pytest.raises(StoreUnavailable):
            store.head()


def test_a_store_is_its_owners_alone(store: Store) -> None:
    assert stat.S_IMODE(file_of(store).stat().st_mode) == 0o600
    file_of(store).chmod(0o644)

    (found,) = [one for one in examine(str(file_of(store))) if one.subject == "who may read"]

    assert (found.good, found.remedy) == (False, "chmod 600 clinic.sqlite3")


def test_another_file_is_left_as_it_is(tmp_path: Path) -> None:
    text, foreign = tmp_path / "notes.txt", tmp_path / "foreign.sqlite3"
    text.write_text("not a database, but longer than a hundred bytes. " * 10, "utf-8")
    with closing(sqlite3.connect(foreign)) as other:
        other.execute("CREATE TABLE theirs (x)")
    before = {path: path.read_bytes() for path in (text, foreign)}

    with pytest.raises(StoreUnavailable, match="is no database"):
        create_store(str(text))
    with pytest.raises(StoreUnavailable, match="holds the tables of another program"):
        create_store(str(foreign))
    with pytest.raises(StoreUnavailable, match="is no store of dayzero"):
        open_store(str(foreign))

    assert {path: path.read_bytes() for path in before} == before


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"cannot be made \(No such file or directory\)"):
        create_store(str(tmp_path / "nowhere" / "clinic.sqlite3"))


def test_a_full_disk_is_one_line_and_loses_nothing(store: Store) -> None:
    fill(store, 1, 3)
    with store.connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={pages}")
    before = list(store.rows())

    with pytest.raises(StoreUnavailable) as caught:
        write(store, "P-001", moved("M3", "2026-06-03", reason="x" * 100_000))

    assert str(caught.value) == (
        f"{file_of(store)}: cannot be written (No space left on device); make room, then repeat the command"
    )
    assert list(store.rows()) == before
    write(store, "P-001", moved("M3", "2026-06-03", reason="x" * 100_000))
    assert list(store.differences(project)) == []


@contextmanager
def read_only_folder() -> Iterator[Path]:
    """Make a folder, and become somebody who may read it and not write to it; who is root is nobody for a while."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    yield folder
    if root:
        os.seteuid(0)
    folder.chmod(0o700)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_a_read_only_folder_is_one_line_and_can_still_be_read() -> None:
    with read_only_folder() as folder:
        store = create_store(str(folder / "clinic.sqlite3"))
        fill(store, 1, 2)
        assert audit.verify(store).good
        before = list(store.rows())
        store.close()
        file_of(store).chmod(0o444)
        folder.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(NOBODY)

        with pytest.raises(StoreUnavailable) as caught:
            write(store, "P-000", moved("M3", "2026-06-03"))

        assert str(caught.value) == (
            f"{folder}/clinic.sqlite3: cannot be written (Read-only file system); "
            "check the permissions of the file and its folder"
        )
        assert list(store.rows()) == before
        assert [one.good for one in examine(str(file_of(store))) if one.subject == "file"] == [True]
        store.close()


# PostgreSQL


def test_a_connection_that_is_lost_is_one_line_and_the_next_use_opens_it_again(postgresql: Cluster) -> None:
    store = create_store(postgresql.new_database())
    fill(store, 1, 1)
    other = open_store(
        f"postgresql://postgres@/{store.connection.settings_dict['NAME']}?host={postgresql.folder}&port=5432"
    )
    (backend,) = store.ask("SELECT pg_backend_pid()")[0]
    other.ask("SELECT pg_terminate_backend(%s)", [backend])

    with pytest.raises(StoreUnavailable, match=r"the connection was lost \(.+\); repeat the command"):
        write(store, "P-000", moved("M3", "2026-06-03"))

    assert store.head().count == 1
    assert len(write(store, "P-000", moved("M3", "2026-06-03"))) == 1


def test_a_server_that_went_down_at_once_has_all_that_was_acknowledged(careful_postgresql: Cluster) -> None:
    store = create_store(careful_postgresql.new_database())
    fill(store, 2, 3)
    careful_postgresql.stop("immediate")
    with pytest.raises(StoreUnavailable):
        store.head()
    careful_postgresql.start()

    assert store.head().count == 6
    assert audit.verify(store).good
    assert list(store.differences(project)) == []
    store.close()


@pytest.mark.parametrize("careful", [True, False])
def test_the_doctor_tells_when_a_server_forces_nothing_to_the_disk(
    careful: bool, request: pytest.FixtureRequest
) -> None:
    cluster: Cluster = request.getfixturevalue("careful_postgresql" if careful else "postgresql")
    url = cluster.new_database()
    create_store(url).close()

    (found,) = [one for one in examine(url) if one.subject == "PostgreSQL"]

    assert found.good == careful
    assert ("turn fsync and full_page_writes on" in found.remedy) != careful


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres:hidden@/absent?host={}",
        "postgresql://stranger:hidden@/postgres?host={}",
        "postgresql://postgres:hidden@/postgres?host={}/nowhere",
    ],
)
def test_what_cannot_be_opened_is_told_without_the_password(postgresql: Cluster, url: str) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        create_store(url.format(postgresql.folder))

    assert ": cannot be opened (connection" in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)
