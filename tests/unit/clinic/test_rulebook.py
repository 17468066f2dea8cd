"""Rules are read once in a process, and read again when somebody has recorded something of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from clinics import installed
from stores import MORNING

from clinic.desk.rulebook import Kept, Rulebook, adopt_protocol, hold_for_all, set_site
from clinic.memory.records import Batch
from clinic.memory.store import Store, create_store
from schedule.files.protocol import find_protocol
from schedule.files.site import find_site, read_site
from schedule.sites import SiteId

VERSION = "2026-02-03.1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = create_store(str(tmp_path / "dayzero.sqlite3"))
    book = Rulebook(made)
    _, batches = adopt_protocol(book, find_protocol("res001-dmpm-02"), "")
    for name in ("gainesville", "miami"):
        _, more = set_site(
            book, read_site(find_site(name)), find_site(name).read_text("utf-8"), "", follows=VERSION, year=2026
        )
        batches += more
    made.append(batches, MORNING)
    yield made
    made.close()


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Give a list of what the database is asked meanwhile."""
    asked: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with store.connection.execute_wrapper(note):
        yield asked


def add_sites(store: Store, folder: Path, count: int) -> None:
    """Add so many sites besides: each Gainesville by another name."""
    text = find_site("gainesville").read_text()
    batches: list[Batch] = []
    for number in range(count):
        file = folder / f"site-{number}.toml"
        file.write_text(text.replace('id = "gainesville"', f'id = "site-{number}"'))
        batches += set_site(Rulebook(store), read_site(file), file.read_text("utf-8"), "", follows=VERSION, year=2026)[
            1
        ]
    store.append(batches, MORNING)


def test_the_rules_of_forty_sites_take_one_query_when_nothing_has_changed(store: Store, tmp_path: Path) -> None:
    add_sites(store, tmp_path, 38)
    first = [Rulebook(store).rules(site, VERSION, MORNING.at) for site in Rulebook(store).site_ids()]

    with counted(store) as asked:
        book = Rulebook(store)
        again = [book.rules(site, VERSION, MORNING.at) for site in book.site_ids()]
        assert book.newest_version() == VERSION
        assert not any(book.holds(site) for site in book.site_ids())
        assert book.knows_site("site-37")
        assert not book.knows_site("site-38")

    assert len(again) == 40
    assert len(asked) == 1, asked
    assert all(one.protocol is first[0].protocol for one in again)
    assert all(one.site is two.site for one, two in zip(first, again, strict=True))


def test_what_is_recorded_of_a_site_is_seen_by_whoever_looks_next(store: Store) -> None:
    assert not Rulebook(store).site("gainesville").held
    miami = Rulebook(store).site("miami")

    book = Rulebook(store)
    store.append([hold_for_all(book, SiteId("gainesville"), "pump recall", held=True)], MORNING)

    assert Rulebook(store).site("gainesville").held
    assert Rulebook(store).site("gainesville").records == 3
    assert Rulebook(store).site("miami") is miami
    assert not Rulebook(store).study_held

    store.append([hold_for_all(book, None, "recall", held=True)], MORNING)

    assert Rulebook(store).study_held


def test_what_another_process_records_is_seen_at_once(store: Store, tmp_path: Path) -> None:
    before = Rulebook(store)
    assert (before.site("gainesville").held, before.study_held) == (False, False)
    store.close()

    for where in (("--site", "gainesville"), ("--study",)):
        done = installed("hold", *where, "--reason", "pump recall", "--yes", cwd=tmp_path)
        assert done.code == 0, done.err

    after = Rulebook(store)
    assert (after.site("gainesville").held, after.site("miami").held, after.study_held) == (True, False, True)
    assert not before.site("gainesville").held, "what was decided by is what is watched"


def test_a_process_keeps_so_many_and_forgets_the_oldest() -> None:
    kept = Kept[int](2)

    assert [kept.keep(name, number) for number, name in enumerate("abc")] == [0, 1, 2]

    assert [kept.get(one) for one in ("a", "b", "c", "", None)] == [None, 1, 2, None, None]
