"""What was ever written into a store can be read for ever; what only a newer dayzero understands is told in a line."""

import json
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from clinics import Clinic, with_participant
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import MORNING, moved

from clinic.desk.codec import KINDS, DamagedRecord, UnknownEvent, read_event, write_event
from clinic.desk.rulebook import KINDS as OF_SITES
from clinic.desk.rulebook import Rulebook
from clinic.memory.records import Batch, Entry
from clinic.memory.store import create_store, open_store
from schedule.participant.events import Event
from schedule.sites import Hours, limit_on
from schedule.study.offsets import Offset
from schedule.study.protocol import Kind

GOLDEN = Path(__file__).parent.parent / "golden"
WRITTEN = [
    json.loads(line) for file in sorted(GOLDEN.glob("events-v*.jsonl")) for line in file.read_text().splitlines()
]
"""A body of every kind and version that any dayzero has written: lines are added here, and none is ever changed."""
OF_PARTICIPANTS = [one for one in WRITTEN if one["subject"].startswith("participant/")]


@pytest.mark.parametrize("one", OF_PARTICIPANTS, ids=lambda one: f"{one['kind']}-{one['version']}")
def test_every_body_that_was_ever_written_can_be_read(one: dict[str, Any]) -> None:
    event = read_event(one["kind"], one["version"], one["body"])

    kind, version, body = write_event(event)
    assert (kind, type(event)) == (one["kind"], KINDS[kind])
    if version == one["version"]:
        assert json.loads(json.dumps(body)) == one["body"], "a body that changes needs a version of its own"


def test_no_kind_is_missing_among_them() -> None:
    assert set(KINDS.values()) == set(get_args(Event)), "an event that records cannot keep"
    now = {(kind, write_event(read_event(kind, 1, body))[1]) for kind, body in first_bodies().items()}
    assert now <= {(one["kind"], one["version"]) for one in OF_PARTICIPANTS}
    assert {one["kind"] for one in WRITTEN} == {*KINDS, *OF_SITES, "clock"}


def first_bodies() -> dict[str, Any]:
    return {one["kind"]: one["body"] for one in OF_PARTICIPANTS if one["version"] == 1}


def test_what_was_written_of_sites_and_of_the_study_can_be_read(tmp_path: Path) -> None:
    with closing(create_store(str(tmp_path / "store.sqlite3"))) as store:
        for one in WRITTEN:
            if not one["subject"].startswith("participant/"):
                entry = Entry(kind=one["kind"], version=one["version"], body=one["body"])
                count = store.count(one["subject"])
                store.append([Batch(subject=one["subject"], expected=count, entries=(entry,))], MORNING)

        book = Rulebook(store)
        (version,) = book.versions
        assert book.protocol(version).study.version == version
        known = book.site("gainesville")
        assert (known.protocol_version, known.held, book.study_held) == (version, False, False)
        assert known.site.holidays is not None
        assert [(one.first, one.last, one.kinds) for one in known.recorded.closures] == [
            (date(2026, 8, 31), date(2026, 9, 1), (Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL)),
            (date(2026, 9, 3), date(2026, 9, 3), (Kind.INFUSION,)),
        ]
        assert [(one.day, one.hours) for one in known.recorded.openings] == [
            (date(2026, 9, 5), Hours(opens=time(8), closes=time(12)))
        ]
        assert [limit_on(known.site, date(2026, 9, day), Kind.INFUSION) for day in (7, 11, 14)] == [1, 1, None]


st.register_type_strategy(timedelta, st.integers(min_value=0, max_value=99 * 60).map(lambda n: timedelta(minutes=n)))
st.register_type_strategy(Decimal, st.decimals(min_value=0, max_value=9999, places=2))
st.register_type_strategy(
    Offset, st.builds(Offset, months=st.integers(0, 40), weeks=st.integers(0, 9), days=st.integers(0, 99))
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10)
@given(data=st.data())
def test_every_event_that_can_be_written_can_be_read_back(kind: str, data: st.DataObject) -> None:
    event = data.draw(st.from_type(KINDS[kind]))

    name, version, body = write_event(event)

    assert read_event(name, version, json.loads(json.dumps(body))) == event


# What cannot be read


def spoiled(body: Any) -> Iterator[Any]:
    """Yield bodies in which one thing is not as it was."""
    yield {}
    yield {**body, "arm": "1"}
    for name in body:
        yield {key: value for key, value in body.items() if key != name}
        yield {**body, name: {"a": [1]}}


REQUIRED_ONLY = {"deviation"}
"""Keys that have a usual value: a body without them is one of the first version too."""


@pytest.mark.parametrize("one", OF_PARTICIPANTS, ids=lambda one: one["kind"])
def test_a_body_that_is_not_of_its_kind_is_told_as_altered(one: dict[str, Any]) -> None:
    told = 0
    for body in spoiled(one["body"]):
        if set(one["body"]) - set(body) and set(one["body"]) - set(body) <= REQUIRED_ONLY:
            continue
        if body == one["body"]:
            continue
        with suppress(DamagedRecord):
            read_event(one["kind"], one["version"], body)
            continue
        told += 1
    assert told >= 1 + len(one["body"]), "an extra key, and every key that is missing"


@pytest.mark.parametrize(("kind", "version"), [("teleported", 1), ("moved", 2), ("moved", 0), ("Moved", 1), ("", 1)])
def test_what_this_dayzero_does_not_know_it_does_not_read(kind: str, version: int) -> None:
    with pytest.raises(UnknownEvent, match="update dayzero"):
        read_event(kind, version, first_bodies()["moved"])


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    return with_participant(tmp_path, monkeypatch)


def add(clinic: Clinic, subject: str, entry: Entry) -> None:
    with closing(open_store(str(clinic.db))) as store:
        store.append([Batch(subject=subject, expected=store.count(subject), entries=(entry,))], MORNING)


LINES = ("book P-001 M1 2026-04-02", "confirm P-001 M1", "hold --site gainesville --reason x", "clinic doctor",
         "clinic rebuild")  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "kind", "version"),
    [
        ("participant/P-001", "teleported", 1),
        ("participant/P-001", "enrolled", 2),
        ("site/gainesville", "site_set", 2),
        ("study", "merged", 1),
        ("site/gainesville", "site_closed", 3),
        ("site/gainesville", "site_opened", 2),
    ],
)
def test_the_commands_say_that_a_newer_dayzero_wrote_it(one: Clinic, subject: str, kind: str, version: int) -> None:
    add(one, subject, Entry(kind=kind, version=version, body={"new": "x"}))
    before = one.count()

    for line in LINES:
        done = one.run(line)
        last = done.err.splitlines()[-1]
        assert (done.code, one.count()) == (3, before), line
        assert f"a record of the kind '{kind}', version {version}, was written by a newer dayzero" in last
        assert "update dayzero" in last
    for line in (
        "audit log",
        "audit verify",
        "audit export all.jsonl",
        "audit export all.csv",
        "clinic export --out all",
    ):
        assert one.run(line).code == 0, "what does not read bodies goes on"


@pytest.mark.parametrize(
    "entry",
    [
        moved("M1", "2026-06-03"),
        Entry(kind="confirmed", version=1, body={"code": "M99"}),
        Entry(kind="confirmed", version=1, body={}),
        Entry(kind="done", version=1, body={**first_bodies()["done"], "day": "yesterday"}),
    ],
)
def test_the_commands_say_that_a_record_does_not_fit(one: Clinic, entry: Entry) -> None:
    add(one, "participant/P-001", entry)

    for line in LINES:
        done = one.run(line)
        assert done.code == 3, line
        assert "cannot be read; look with 'dayzero audit verify'" in done.err.splitlines()[-1]
    only = Entry(kind="confirmed", version=1, body={"code": "M1"})
    add(one, "participant/P-002", only)
    assert "record 1 of participant/P-002 cannot be read" in one.run("confirm P-002 M1").err
