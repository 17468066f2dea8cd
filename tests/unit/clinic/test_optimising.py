"""A plan for everybody is recorded as it was looked at, or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from stores import MORNING

from clinic.desk.optimising import Search, answer, arrange, ask_for_days
from clinic.desk.proposing import Proposal, propose, propose_enrollment, propose_site, record
from clinic.desk.rulebook import Rulebook, adopt_protocol
from clinic.desk.work import find
from clinic.memory.store import Store, create_store
from schedule.desk.optimising import Setting
from schedule.errors import StoreConflict
from schedule.files.protocol import find_protocol
from schedule.participant import commands as ask
from schedule.participant.state import ParticipantId
from schedule.render.language import language
from schedule.study.protocol import VisitCode

NOW = datetime(2026, 3, 16, 17, tzinfo=UTC)
SIGNED = replace(MORNING, at=NOW)
SEARCH = Search(setting=Setting(max_gap=0, is_stopped=lambda: False), seconds=None, jobs=1, tell=lambda *_: None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with P-001 and P-002 at Gainesville, infused on 2 March 2026."""
    made = create_store(str(tmp_path / "dayzero.sqlite3"))
    _, adopted = adopt_protocol(Rulebook(made), find_protocol("res001-dmpm-02"), "")
    made.append(adopted, SIGNED)
    record(made, propose_site(Rulebook(made), "gainesville", "", NOW), SIGNED)
    enroll(made, "P-001")
    enroll(made, "P-002")
    yield made
    made.close()


def enroll(store: Store, code: str) -> None:
    day = date(2026, 3, 2)
    command = ask.Enroll(participant=ParticipantId(code), randomized=day, steroids=True, day0=day)
    record(store, propose_enrollment(Rulebook(store), command, "gainesville", NOW, speaks=language("en")), SIGNED)


def plan(store: Store) -> Proposal:
    """Return what books everything that is due until 15 April: M1 is on 2 April."""
    book, until = Rulebook(store), date(2026, 4, 15)
    asked = ask_for_days(book, "gainesville", first=None, until=until, movable=False, now=NOW)
    return arrange(book, asked, answer(asked, SEARCH).dates, reason="", now=NOW).proposal


def test_everybody_is_booked_in_one_group(store: Store) -> None:
    records = record(store, plan(store), SIGNED)
    assert {one.subject for one in records} == {"participant/P-001", "participant/P-002"}
    assert len({one.group for one in records}) == 1
    booked = [find(Rulebook(store), code, NOW).enrolled.visits[VisitCode("M1")] for code in ("P-001", "P-002")]
    assert [str(one.start) for one in booked] == ["2026-04-02 09:00:00", "2026-04-02 09:00:00"]


def test_whoever_books_meanwhile_makes_it_a_conflict(store: Store) -> None:
    proposal = plan(store)
    book = Rulebook(store)
    command = ask.Book(code=VisitCode("M1"), day=date(2026, 4, 2))
    record(store, propose(book, find(book, "P-002", NOW), command, NOW), SIGNED)
    before = len(list(store.all_records()))

    with pytest.raises(StoreConflict):
        record(store, proposal, SIGNED)
    assert len(list(store.all_records())) == before


def test_whoever_is_enrolled_meanwhile_makes_it_a_conflict(store: Store) -> None:
    proposal = plan(store)
    enroll(store, "P-003")
    with pytest.raises(StoreConflict):
        record(store, proposal, SIGNED)
