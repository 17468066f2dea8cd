"""What a page proposes is what it records, unless somebody else was faster."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from stores import MORNING

from clinic.desk.proposing import (
    propose,
    propose_closure,
    propose_enrollment,
    propose_hold,
    propose_site,
    record,
)
from clinic.desk.rulebook import Rulebook, adopt_protocol
from clinic.desk.work import find
from clinic.memory.store import Store, create_store
from schedule.errors import Refused, StoreConflict
from schedule.files.protocol import find_protocol
from schedule.participant import commands as ask
from schedule.participant.state import ParticipantId, Scope, Standing
from schedule.render.language import language
from schedule.study.protocol import VisitCode

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
SIGNED = replace(MORNING, at=NOW)
BOOK_M1 = ask.Book(code=VisitCode("M1"), day=date(2026, 4, 2), at=time(9))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with P-001 at Gainesville, infused on 2 March 2026."""
    made = create_store(str(tmp_path / "dayzero.sqlite3"))
    _, adopted = adopt_protocol(Rulebook(made), find_protocol("res001-dmpm-02"), "")
    made.append(adopted, SIGNED)
    record(made, propose_site(Rulebook(made), "gainesville", "", NOW), SIGNED)
    enroll(made, "P-001")
    yield made
    made.close()


def enroll(store: Store, code: str) -> None:
    day = date(2026, 3, 2)
    command = ask.Enroll(participant=ParticipantId(code), randomized=day, steroids=True, day0=day)
    record(store, propose_enrollment(Rulebook(store), command, "gainesville", NOW, speaks=language("en")), SIGNED)


def test_nothing_is_saved_until_it_is_recorded_and_then_all_of_it_as_one_group(store: Store) -> None:
    before = store.head().count
    book = Rulebook(store)

    proposal = propose(book, find(book, "P-001", NOW), BOOK_M1, NOW)

    assert store.head().count == before
    assert [event.code for event in proposal.drafts[0].events if hasattr(event, "code")] == ["M1"]
    records = record(store, proposal, SIGNED)
    assert [(one.kind, one.group) for one in records] == [("booked", before + 1)]
    with pytest.raises(StoreConflict, match="participant/P-001"):
        record(store, proposal, SIGNED)
    assert store.head().count == before + 1


def test_who_booked_before_the_site_closed_is_told_and_nothing_is_recorded(store: Store) -> None:
    book = Rulebook(store)
    booking = propose(book, find(book, "P-001", NOW), BOOK_M1, NOW)
    day = date(2026, 4, 2)
    record(store, propose_closure(Rulebook(store), "gainesville", day, day, reason="storm", now=NOW), SIGNED)

    with pytest.raises(StoreConflict, match="site/gainesville: was changed meanwhile by"):
        record(store, booking, SIGNED)


def test_what_is_for_everybody_is_for_who_was_enrolled_meanwhile_too(store: Store) -> None:
    hold = propose_hold(Rulebook(store), "gainesville", "recall", held=True, now=NOW)
    assert [one.known.code for one in hold.drafts] == ["P-001"]
    enroll(store, "P-002")

    with pytest.raises(StoreConflict, match="P-002: was enrolled meanwhile"):
        record(store, hold, SIGNED)
    with pytest.raises(Refused, match="infusions are not on hold there"):
        propose_hold(Rulebook(store), "gainesville", "x", held=False, now=NOW)


def test_who_is_reinstated_takes_part_in_a_hold_that_was_made_meanwhile(store: Store) -> None:
    book = Rulebook(store)
    left = ask.EndParticipation(standing=Standing.WITHDRAWN, day=date(2026, 3, 2), reason="x")
    record(store, propose(book, find(book, "P-001", NOW), left, NOW), SIGNED)
    record(store, propose_hold(Rulebook(store), None, "recall", held=True, now=NOW), SIGNED)
    book = Rulebook(store)

    back = propose(book, find(book, "P-001", NOW), ask.Reinstate(reason="wrong participant"), NOW)

    assert back.drafts[0].after.holds == {Scope.STUDY}
