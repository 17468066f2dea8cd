"""One suite for both engines: what a store promises."""

import json
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from postgresql import Cluster
from stores import MORNING, at, batch_of, fill, moved, project, rows_of, unguarded, write, write_many, write_once

from clinic.memory import audit
from clinic.memory.backup import backup, restore
from clinic.memory.chain import COLUMNS, START, link, text_of
from clinic.memory.doctor import examine
from clinic.memory.records import Batch, Entry, LinkRow, LinkRows, Projected, Record, Rows
from clinic.memory.store import Store, create_store, open_store
from schedule.errors import InvalidInput, Refused, StoreConflict, StoreUnavailable, Unreadable
from schedule.files.protocol import find_protocol
from schedule.participant.commands import Book, Enroll
from schedule.participant.state import ParticipantId
from schedule.render.language import language
from schedule.study.protocol import Kind, VisitCode

NewUrl = Callable[[], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewUrl]:
    """Return a maker of addresses at which there is no store yet."""
    from django.db import connections

    if request.param == "sqlite":
        numbers = iter(range(100))
        yield lambda: str(tmp_path / f"clinic{next(numbers)}.sqlite3")
        connections.close_all()
        return
    cluster: Cluster = request.getfixturevalue("postgresql")
    urls: list[str] = []

    def new() -> str:
        urls.append(cluster.new_database())
        return urls[-1]

    yield new
    connections.close_all()
    for url in urls:
        cluster.give_back(url)


@pytest.fixture
def store(new_url: NewUrl) -> Store:
    return create_store(new_url())


def url_of(store: Store) -> str:
    if store.address.file:
        return str(store.address.file)
    values = store.connection.settings_dict
    return f"postgresql://{values['USER']}@/{values['NAME']}?host={values['HOST']}"


# Appending


def test_what_is_appended_is_what_is_read(store: Store) -> None:
    (first,) = write(store, "P-001", moved("M3", "2026-06-03", reason="ausente, «ñ»"))

    assert (first.seq, first.group, first.number, first.previous) == (1, 1, 1, START)
    assert (first.kind, first.reason) == ("moved", "ausente, «ñ»")
    assert first.at == datetime(2026, 3, 2, 14, 5, 6, 7, tzinfo=UTC)
    assert list(store.records("participant/P-001")) == [first] == list(store.all_records())
    assert list(store.records("participant/P-002")) == []
    assert (store.head().count, store.head().hash) == (1, first.hash)


def test_a_group_is_one_over_several_subjects(store: Store) -> None:
    write(store, "P-001", moved("M3", "2026-06-03"))
    hold = Batch(subject="site/gainesville", expected=0, entries=(Entry(kind="held", version=1, body={}),))
    two = batch_of(store, "P-001", moved("M3", "2026-06-04"), moved("M4", "2026-07-01"))

    written = store.append([hold, two], MORNING)

    assert [(one.seq, one.group, one.subject, one.number) for one in written] == [
        (2, 2, "site/gainesville", 1), (3, 2, "participant/P-001", 2), (4, 2, "participant/P-001", 3),
    ]  # fmt: skip
    assert store.subjects() == ("participant/P-001", "site/gainesville")


def test_the_hash_of_the_first_record_is_this_one_on_every_engine(store: Store) -> None:
    (first,) = write(store, "P-001", moved("M3", "2026-06-03"))

    assert first.hash == link(
        START,
        '{"account":"clinic-pc","actor":"a.coordinator","at":"2026-03-02T14:05:06.000007Z",'
        '"body":{"new":"2026-06-03","old":null,"visit":"M3"},"group":1,"kind":"moved","number":1,"program":"0.1.0",'
        '"protocol_version":"2.0","reason":"","role":"coordinator","seq":1,"subject":"participant/P-001",'
        '"tzdata_version":"2026.1","version":1}',
    )


def test_who_has_not_seen_the_last_change_is_told_who_made_it_and_nothing_is_recorded(store: Store) -> None:
    mine = batch_of(store, "P-001", moved("M3", "2026-06-03"))
    other = batch_of(store, "P-002", moved("M3", "2026-06-03"))
    write(store, "P-001", moved("M3", "2026-06-08"), moved("M4", "2026-07-08"), signed=replace(MORNING, actor="b"))

    with pytest.raises(StoreConflict) as caught:
        store.append([other, mine], MORNING)

    assert str(caught.value) == (
        "participant/P-001: was changed meanwhile by b (moved, 2026-03-02 14:05:06 UTC) and 1 more change before that; "
        "nothing of yours was recorded; look at it again, then repeat the command if it is still right"
    )
    assert store.head().count == 2
    assert list(store.records("participant/P-002")) == []


def test_a_store_that_is_older_than_what_was_seen_is_a_conflict(store: Store) -> None:
    with pytest.raises(StoreConflict, match="has only 0 records where 3 were seen"):
        store.append([Batch(subject="study", expected=3, entries=(Entry(kind="held", version=1, body={}),))], MORNING)


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"])
def test_what_no_database_keeps_is_refused_with_all_places(store: Store, bad: str) -> None:
    told = Entry(kind="told", version=1, body={"to": ["x", {"how": bad}]})
    late = moved("M3", "2026-06-03", reason=bad)
    with pytest.raises(InvalidInput) as caught:
        store.append([Batch(subject="study", expected=0, entries=(late, told))], replace(MORNING, actor=bad))

    assert [problem.place for problem in caught.value.problems] == ["actor", "moved, reason", "told"]
    assert store.head().count == 0


def test_a_write_that_breaks_leaves_neither_record_nor_row(store: Store) -> None:
    write(store, "P-001", moved("M3", "2026-06-03"))
    broken = batch_of(store, "P-001", moved("M3", "2026-06-08"))
    assert isinstance(broken.rows, Rows)
    twice = replace(broken.rows, visits=broken.rows.visits * 2)

    with pytest.raises(StoreUnavailable):
        store.append([replace(broken, rows=twice)], MORNING)

    assert store.head().count == 1
    assert list(store.differences(project)) == []


def test_writers_who_race_lose_nothing(store: Store) -> None:
    """Eight processes, each with a participant of its own, at once."""
    store.close()
    with ProcessPoolExecutor(8, mp_context=get_context("spawn")) as pool:
        done = list(pool.map(write_many, [url_of(store)] * 8, [f"P-{one:03}" for one in range(8)], [6] * 8))

    assert done == [6] * 8
    assert [record.seq for record in store.all_records()] == list(range(1, 49))
    assert {record.kind for record in store.all_records()} == {"moved"}
    assert audit.verify(store).good
    assert list(store.differences(project)) == []


def test_of_writers_who_have_seen_the_same_only_one_records(store: Store) -> None:
    store.close()
    with ProcessPoolExecutor(8, mp_context=get_context("spawn")) as pool:
        done = sorted(pool.map(write_once, [url_of(store)] * 8, range(8)))

    assert done == ["conflict"] * 7 + ["recorded"]
    assert store.head().count == 1
    assert list(store.differences(project)) == []


# The clock


@pytest.mark.parametrize(
    ("last", "now"),
    [
        ("2026-03-02T09:00:00Z", "2026-02-20T09:00:00Z"),
        ("2026-03-02T09:00:00Z", "2026-03-02T08:57:59Z"),
        ("2026-03-02T09:00:00Z", "2027-04-06T09:00:01Z"),
        ("2026-03-02T09:00:00Z", "2031-03-02T09:00:00Z"),
    ],
)
def test_a_clock_that_jumped_is_recorded_first_in_the_group(store: Store, last: str, now: str) -> None:
    write(store, "P-001", moved("M3", "2026-06-03"), signed=at(last))

    clock, record = write(store, "P-001", moved("M3", "2026-06-08"), signed=at(now))

    instants = [f"{text[:-1]}.000000Z" for text in (last, now)]
    assert (clock.subject, clock.kind, clock.number, clock.group) == ("system", "clock", 1, 2)
    assert clock.body == {"old": instants[0], "new": instants[1]}
    assert (record.seq, record.group, record.number) == (3, 2, 2)
    assert [one.seq for one in store.all_records()] == [1, 2, 3]
    assert audit.verify(store).good


@pytest.mark.parametrize(
    ("last", "now"),
    [
        ("2026-03-02T09:00:00Z", "2026-03-02T08:58:00Z"),
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00:00Z", "2027-04-06T09:00:00Z"),
    ],
)
def test_who_waited_a_little_has_no_wrong_clock(store: Store, last: str, now: str) -> None:
    write(store, "P-001", moved("M3", "2026-06-03"), signed=at(last))

    assert len(write(store, "P-001", moved("M3", "2026-06-08"), signed=at(now))) == 1


def test_an_instant_that_is_not_utc_is_a_bug_of_the_caller(store: Store) -> None:
    with pytest.raises(ValueError, match="not UTC"):
        write(store, "P-001", moved("M3", "2026-06-03"), signed=at("2026-03-02T09:00:00-05:00"))


# Triggers


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE clinic_record SET reason = 'x' WHERE seq = 1",
        "DELETE FROM clinic_record WHERE seq = 2",
        "INSERT INTO clinic_record SELECT * FROM clinic_record WHERE seq = 1",
        'INSERT INTO clinic_record SELECT 9, "group", subject, 3, kind, version, body, reason, at, actor, role,'
        " account, protocol_version, tzdata_version, program, previous, hash FROM clinic_record WHERE seq = 2",
    ],
)
def test_the_database_itself_refuses(store: Store, sql: str) -> None:
    fill(store, 1, 2)
    before = list(store.rows())

    with pytest.raises(StoreUnavailable, match="refuses a change of its records"):
        store.ask(sql)

    assert list(store.rows()) == before


IN_ITS_OWN_WORDS = {
    "postgresql": ["TRUNCATE clinic_record", "INSERT INTO clinic_record SELECT * FROM clinic_record WHERE seq = 1"
        " ON CONFLICT (seq) DO UPDATE SET reason = 'x'"],
    "sqlite": ["INSERT OR REPLACE INTO clinic_record SELECT * FROM clinic_record WHERE seq = 1",
        "UPDATE OR REPLACE clinic_record SET reason = 'x' WHERE seq = 1"],
}  # fmt: skip


@pytest.mark.parametrize("which", [0, 1])
def test_the_database_refuses_in_its_own_words_too(store: Store, which: int) -> None:
    fill(store, 1, 2)
    before = list(store.rows())

    with pytest.raises(StoreUnavailable, match="refuses a change of its records"):
        store.ask(IN_ITS_OWN_WORDS[store.connection.vendor][which])

    assert list(store.rows()) == before


# What is read from the records


def test_rows_are_those_of_a_replay_and_can_be_made_anew(store: Store) -> None:
    from clinic.models import Participant, Visit

    fill(store, 3, 4)
    assert list(store.differences(project)) == []

    Visit.objects.using(store.alias).filter(participant_id="P-001", code="M2").update(closed=True)
    Visit.objects.using(store.alias).filter(participant_id="P-001", code="M3").delete()
    Participant.objects.using(store.alias).filter(code="P-002").update(lang="en")
    found = {one.subject: one.fields for one in store.differences(project)}
    gone = [name for name in found.pop("participant/P-001") if not name.startswith("M3.")]

    assert gone == ["M2.closed"]
    assert found == {"participant/P-002": ("lang",)}
    assert store.rebuild(project) == {"participant": 3}
    assert list(store.differences(project)) == []


def test_a_participant_without_records_and_one_without_rows_are_differences(store: Store) -> None:
    from clinic.memory import projections

    fill(store, 2, 1)
    projections.clear(store.alias)
    projections.insert(store.alias, [rows_of("P-001", [moved("M0", "2026-06-01").body]), rows_of("P-009", [])])

    assert [(one.subject, one.fields) for one in store.differences(project)] == [
        ("participant/P-000", ("missing",)), ("participant/P-009", ("left over",)),
    ]  # fmt: skip


def link_row(hash_: str, **other: Any) -> LinkRow:
    values: dict[str, Any] = {
        "kind": "participant", "owner": "P-001", "label": "teléfono", "lang": "es",
        "created": datetime(2026, 3, 2, 14, 5, 6, 7, tzinfo=UTC), "expires": None, "ended": None, "replaced": False,
    }  # fmt: skip
    return LinkRow(hash=hash_ * 64, **values | other)


def links_of(*rows: LinkRow) -> LinkRows:
    return LinkRows(kind=rows[0].kind, owner=rows[0].owner, links=rows)


def test_rows_of_links_are_kept_and_compared_as_those_of_participants_are(store: Store) -> None:
    from clinic.memory import projections

    ours = links_of(
        link_row("a", expires=date(2026, 9, 1), ended=datetime(2026, 4, 1, 8, tzinfo=UTC), replaced=True), link_row("b")
    )
    sites = links_of(link_row("c", kind="site", owner="P-001"))
    wanted: dict[str, Any] = {"links/participant/P-001": ours, "links/site/P-001": sites}

    def replay(records: Sequence[Record]) -> Projected | None:
        return wanted.get(records[0].subject) or project(records)

    def append(subject: str, rows: Projected) -> None:
        entry = Entry(kind="link_created", version=1, body={})
        store.append([Batch(subject=subject, expected=0, entries=(entry,), rows=rows)], MORNING)

    write(store, "P-001", moved("M3", "2026-06-03"))
    for subject, rows in wanted.items():
        append(subject, rows)
    assert list(store.differences(replay)) == []
    assert projections.subjects(store.alias) == {"participant/P-001", *wanted}

    projections.replace(store.alias, links_of(link_row("a", label="x")))
    projections.replace(store.alias, links_of(link_row("d", kind="pharmacy")))
    found = {one.subject: one.fields for one in store.differences(replay)}
    assert found.pop("links/pharmacy/P-001") == ("left over",)
    names = {name.partition(".")[::2] for name in found.pop("links/participant/P-001")}
    assert {name for hash_, name in names if hash_ == "a" * 64} == {"label", "expires", "ended", "replaced"}
    assert {hash_[0] for hash_, _ in names} == {"a", "b"}
    assert found == {}
    assert store.rebuild(replay) == {"participant": 1, "links": 2}
    assert list(store.differences(replay)) == []


def test_a_link_is_looked_up_with_all_it_depends_on_and_its_last_day_kept(store: Store) -> None:
    from clinic.feeds import links

    token = "dz_" + "B" * 43
    row = replace(link_row("x"), hash=links.hash_of(token), expires=date(2026, 9, 1))
    created = Entry(kind="link_created", version=1, body={})
    write(store, "P-001", moved("M3", "2026-06-03"), moved("M4", "2026-07-03"))
    site = Entry(kind="site_set", version=1, body={})
    (at_site,) = store.append([Batch(subject="site/gainesville", expected=0, entries=(site,))], MORNING)
    (study,) = store.append([Batch(subject="study", expected=0, entries=(site,))], MORNING)
    store.append(
        [Batch(subject="links/participant/P-001", expected=0, entries=(created,), rows=links_of(row))], MORNING
    )
    found = links.look_up(store, token)
    assert found
    own = list(store.records("participant/P-001"))[-1]

    assert (found.link, found.site, found.last_window) == (row, "gainesville", date(2026, 7, 3))
    assert found.heads == (study.hash, at_site.hash, own.hash)
    assert found.fetched is None
    for day in (date(2026, 3, 5), date(2026, 3, 5), date(2026, 3, 6)):
        links.note_fetched(store, found, day)
    again = links.look_up(store, token)
    assert again
    assert again.fetched == date(2026, 3, 6)
    assert links.links(store, site="gainesville") == (replace(again, heads=()),)
    assert links.links(store, site="miami") == ()
    assert links.look_up(store, token + "\n") is None
    assert links.look_up(store, "dz_\0") is None
    assert store.rebuild(project) == {"participant": 1}


def test_lists_can_be_asked_of_the_models(store: Store) -> None:
    from clinic.models import Visit

    write(store, "P-001", moved("M3", "2026-06-03"))
    visits = Visit.objects.using(store.alias)

    assert visits.get(site="gainesville", planned="2026-06-03").start == datetime(2026, 6, 3, 9)
    assert visits.filter(start__gte=datetime(2026, 6, 3, 9), start__lt=datetime(2026, 6, 4)).count() == 1
    assert visits.filter(start__gte=datetime(2026, 6, 3, 9, 1)).count() == 0


# The audit


ALTERED = {
    "seq": 77, "group": 2, "subject": "participant/P-009", "number": 7, "kind": "done", "version": 2,
    "body": '{"new":"2026-06-04","old":null,"visit":"M3"}', "reason": "other", "at": "2026-03-02T14:05:06.000008Z",
    "actor": "b", "role": "monitor", "account": "x", "protocol_version": "3", "tzdata_version": "2026.2",
    "program": "9", "previous": "f" * 64, "hash": "f" * 64,
}  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
def test_whatever_is_altered_is_found(store: Store, column: str) -> None:
    fill(store, 2, 2)
    with unguarded(store) as cursor:
        cursor.execute(f'UPDATE clinic_record SET "{column}" = %s WHERE seq = 3', [ALTERED[column]])
        found = audit.verify(store)

    assert not found.good
    assert found.findings[0].seq in (3, 4)
    assert audit.verify(store).good


def test_a_record_that_was_altered_together_with_its_own_hash_is_found_by_the_next(store: Store) -> None:
    fill(store, 2, 2)
    with unguarded(store) as cursor:
        cursor.execute("UPDATE clinic_record SET reason = 'another' WHERE seq = 2")
        row = next(iter(store.rows(after=1)))
        cursor.execute("UPDATE clinic_record SET hash = %s WHERE seq = 2", [link(row[15], text_of(row))])
        found = audit.verify(store)

    assert [(finding.seq, finding.wrong) for finding in found.findings] == [
        (3, "does not follow the record before it: one was altered, removed or put elsewhere"),
    ]


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_a_record_that_is_gone_is_found(store: Store, seq: int) -> None:
    fill(store, 2, 2)
    with unguarded(store) as cursor:
        cursor.execute("DELETE FROM clinic_record WHERE seq = %s", [seq])
        wrong = [finding.wrong for finding in audit.verify(store).findings]

    assert any("records are missing" in one for one in wrong)


def test_records_that_changed_places_are_found(store: Store) -> None:
    fill(store, 1, 4)
    with unguarded(store) as cursor:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            cursor.execute("UPDATE clinic_record SET seq = %s WHERE seq = %s", [new, old])
        found = audit.verify(store)

    assert {finding.seq for finding in found.findings} >= {2, 3}


def test_a_chain_that_was_written_anew_or_cut_is_found_against_a_checkpoint_only(store: Store, tmp_path: Path) -> None:
    fill(store, 1, 4)
    signed = [audit.checkpoint(store, tmp_path / "key", tmp_path / "signed.jsonl", at=MORNING.at)]
    fill(store, 1, 2)
    assert audit.verify(store, signed).good

    with unguarded(store) as cursor:
        cursor.execute("DELETE FROM clinic_record WHERE seq > 3")
        cut = audit.verify(store), audit.verify(store, signed)
    with unguarded(store) as cursor:
        previous = START
        for row in list(store.rows()):
            new = [*row[:7], "later", *row[8:15]] if row[0] >= 3 else list(row[:15])
            new[6], new[7] = row[6], "rewritten" if row[0] >= 3 else row[7]
            hashed = link(previous, text_of(new))
            cursor.execute(
                "UPDATE clinic_record SET reason = %s, previous = %s, hash = %s WHERE seq = %s",
                [new[7], previous, hashed, row[0]],
            )
            previous = hashed
        anew = audit.verify(store), audit.verify(store, signed)

    assert [one.good for one in cut] == [True, False]
    assert "were 4" in cut[1].findings[0].wrong
    assert "the end was cut off" in cut[1].findings[0].wrong
    assert [one.good for one in anew] == [True, False]
    assert "written anew" in anew[1].findings[0].wrong


def test_many_findings_are_counted(store: Store) -> None:
    fill(store, 1, 30)
    with unguarded(store) as cursor:
        cursor.execute("UPDATE clinic_record SET actor = 'x'")
        found = audit.verify(store)

    assert (len(found.findings), found.more) == (20, 10)


def test_the_log_is_of_what_was_asked_for(store: Store) -> None:
    write(store, "P-001", moved("M3", "2026-06-03"), signed=at("2026-03-02T09:00:00Z"))
    write(store, "P-002", moved("M3", "2026-06-03"), signed=replace(at("2026-03-03T09:00:00Z"), actor="b"))
    write(
        store,
        "P-001",
        Entry(kind="done", version=1, body=moved("M3", "2026-06-03").body),
        signed=at("2026-03-04T09:00:00Z"),
    )

    def seqs(**wanted: Any) -> list[int]:
        return [record.seq for record in audit.log(store, **wanted)]

    assert seqs() == [1, 2, 3]
    assert seqs(subject="participant/P-001") == [1, 3]
    assert seqs(actor="b") == [2]
    assert seqs(kind="done", subject="participant/P-001") == [3]
    assert seqs(since=datetime(2026, 3, 3, 9, tzinfo=UTC)) == [2, 3]
    assert seqs(until=datetime(2026, 3, 3, 9, tzinfo=UTC)) == [1]


def test_exports_hold_every_record_and_no_formula(store: Store, tmp_path: Path) -> None:
    write(store, "P-001", moved("M3", "2026-06-03", reason="=1+1"))
    write(store, "P-001", moved("M4", "2026-07-03", reason="two\nlines"))

    assert audit.export(store, tmp_path / "log.jsonl") == audit.export(store, tmp_path / "log.csv") == 2
    for line in (tmp_path / "log.jsonl").read_text("utf-8").splitlines():
        text = line.split('"record":', 1)[1][:-1]
        assert link(json.loads(line)["previous"], text) == json.loads(line)["hash"]
    table = (tmp_path / "log.csv").read_text("utf-8")
    assert table.startswith("seq,group,subject,")
    assert ",'=1+1," in table
    assert stat.S_IMODE((tmp_path / "log.csv").stat().st_mode) == 0o600
    with pytest.raises(Unreadable):
        audit.export(store, tmp_path / "log.pdf")


# Checkpoints


def test_checkpoints_are_one_line_each_and_are_read_back(store: Store, tmp_path: Path) -> None:
    key, out, pin = tmp_path / "key", tmp_path / "signed.jsonl", tmp_path / "pin"
    audit.checkpoint(store, key, out, at=MORNING.at)
    fill(store, 1, 2)
    second = audit.checkpoint(store, key, out, at=MORNING.at + timedelta(days=1))

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [one.count for one in audit.read_checkpoints(out, pin)] == [0, 2]
    assert pin.read_text("utf-8").strip() == second.public_key
    assert audit.verify(store, audit.read_checkpoints(out, pin)).good


def test_a_checkpoint_that_was_changed_or_is_by_another_key_is_refused(store: Store, tmp_path: Path) -> None:
    key, out, pin = tmp_path / "key", tmp_path / "signed.jsonl", tmp_path / "pin"
    fill(store, 1, 2)
    audit.checkpoint(store, key, out, at=MORNING.at)
    audit.read_checkpoints(out, pin)
    audit.checkpoint(store, tmp_path / "other", tmp_path / "other.jsonl", at=MORNING.at)

    with pytest.raises(Refused, match="another key"):
        audit.read_checkpoints(tmp_path / "other.jsonl", pin)
    with pytest.raises(Refused, match="another key"):
        audit.checkpoint(store, tmp_path / "other", out, at=MORNING.at)
    for broken in (out.read_text("utf-8").replace('"count": 2', '"count": 1'), "", "{}\n", "[]\n", "\n"):
        out.write_text(broken, "utf-8")
        with pytest.raises(InvalidInput, match="no checkpoint whose signature holds"):
            audit.read_checkpoints(out)


def test_a_store_whose_end_was_cut_is_not_signed_again(store: Store, new_url: NewUrl, tmp_path: Path) -> None:
    fill(store, 1, 3)
    audit.checkpoint(store, tmp_path / "key", tmp_path / "signed.jsonl", at=MORNING.at)
    other = create_store(new_url())
    fill(other, 1, 2)

    with pytest.raises(Refused, match="tells of 3 records that are not so in this store, which has 2"):
        audit.checkpoint(other, tmp_path / "key", tmp_path / "signed.jsonl", at=MORNING.at)


# Copies


def test_a_copy_restored_elsewhere_has_the_same_head(store: Store, new_url: NewUrl, tmp_path: Path) -> None:
    fill(store, 3, 3)
    copied = backup(store, tmp_path / "copy")
    fill(store, 1, 1)

    restored = restore(tmp_path / "copy", url := new_url(), project)

    assert (copied.count, copied.hash) == (9, restored.hash)
    other = open_store(url)
    assert list(other.rows()) == list(store.rows())[:9]
    assert audit.verify(other).good
    assert list(other.differences(project)) == []
    write(other, "P-001", moved("M3", "2026-06-03"))
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600


def test_a_copy_of_one_engine_is_restored_into_the_other(store: Store, postgresql: Cluster, tmp_path: Path) -> None:
    fill(store, 2, 2)
    backup(store, tmp_path / "copy")
    other = str(tmp_path / "other.sqlite3") if store.address.file is None else postgresql.new_database()

    assert restore(tmp_path / "copy", other, project).hash == store.head().hash


def test_nothing_is_overwritten(store: Store, new_url: NewUrl, tmp_path: Path) -> None:
    fill(store, 1, 1)
    backup(store, tmp_path / "copy")
    before = (tmp_path / "copy").read_bytes()

    with pytest.raises(Refused, match="is there already"):
        backup(store, tmp_path / "copy")
    with pytest.raises(Refused, match="has records already"):
        restore(tmp_path / "copy", url_of(store), project)

    assert (tmp_path / "copy").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_damaged_copy_restores_nothing(store: Store, new_url: NewUrl, tmp_path: Path) -> None:
    fill(store, 1, 3)
    backup(store, tmp_path / "copy")
    data = (tmp_path / "copy").read_bytes()
    (tmp_path / "copy").write_bytes(data.replace(b"2026-06-02", b"2026-06-22"))

    with pytest.raises(InvalidInput, match="is no whole copy of a store"):
        restore(tmp_path / "copy", url := new_url(), project)

    assert create_store(url).head().count == 0


def test_lines_without_their_end_are_no_copy(store: Store, new_url: NewUrl, tmp_path: Path) -> None:
    fill(store, 1, 3)
    audit.export(store, tmp_path / "log.jsonl")

    with pytest.raises(InvalidInput, match="it does not end as a copy does"):
        restore(tmp_path / "log.jsonl", new_url(), project)
    with pytest.raises(InvalidInput, match="cannot be read"):
        restore(tmp_path / "nothing", new_url(), project)


# Opening, and what can be in the way


def test_making_a_store_again_does_no_harm(store: Store) -> None:
    fill(store, 1, 1)

    assert create_store(url_of(store)).head() == store.head()


def test_the_doctor_finds_a_good_store_good(store: Store) -> None:
    fill(store, 1, 1)
    before = list(store.rows())

    found = {finding.subject: finding for finding in examine(url_of(store))}

    assert {"store", "triggers"} <= found.keys()
    assert {name for name, finding in found.items() if not finding.good} <= {"PostgreSQL"}  # the tests' own is careless
    assert list(store.rows()) == before


def test_the_doctor_finds_triggers_that_are_gone(store: Store) -> None:
    if store.connection.vendor == "sqlite":
        store.ask("DROP TRIGGER clinic_record_unchanged")
    else:
        with store.connection.cursor() as cursor:
            cursor.execute("ALTER TABLE clinic_record DISABLE TRIGGER clinic_record_unchanged")

    (triggers,) = [finding for finding in examine(url_of(store)) if finding.subject == "triggers"]

    assert not triggers.good
    assert "change" in triggers.found


def test_where_nothing_is_the_remedy_is_told(new_url: NewUrl) -> None:
    with pytest.raises(StoreUnavailable, match="make it with 'dayzero clinic init'"):
        open_store(new_url())


def test_a_newer_store_is_left_alone(store: Store) -> None:
    with store.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('clinic', '0999_later', '2026-03-02')"
        )

    with pytest.raises(StoreUnavailable, match="was made by a newer version of dayzero; update dayzero"):
        open_store(url_of(store))


def test_another_programs_tables_are_left_alone(store: Store, new_url: NewUrl) -> None:
    with unguarded(store) as cursor:
        cursor.execute("ALTER TABLE clinic_record RENAME TO something_else")
        with pytest.raises(StoreUnavailable, match="holds the tables of another program"):
            create_store(url_of(store))


def test_the_migrations_make_the_tables_of_the_models(store: Store) -> None:
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))

    assert store.migrations() == {name for app, name in loader.disk_migrations if app == "clinic"}
    assert detector.changes(graph=loader.graph) == {}


def test_an_append_of_nothing_records_nothing(store: Store) -> None:
    assert store.append([Batch(subject="study", expected=0, entries=())], at("2019-01-01T00:00:00Z")) == ()
    assert list(store.all_records()) == []


# What a site follows


def test_days_that_were_closed_and_opened_are_known_on_either_engine(store: Store) -> None:
    from clinic.desk.proposing import propose_closure, propose_enrollment, propose_reopening, propose_site, record
    from clinic.desk.rulebook import Rulebook, adopt_protocol
    from clinic.desk.work import projector

    _, adopted = adopt_protocol(Rulebook(store), find_protocol("res001-dmpm-02"), "")
    store.append(adopted, MORNING)
    record(store, propose_site(Rulebook(store), "gainesville", "", MORNING.at), MORNING)
    someone = Enroll(
        participant=ParticipantId("P-001"), randomized=date(2026, 3, 2), steroids=False, day0=date(2026, 3, 2)
    )
    enrolled = propose_enrollment(Rulebook(store), someone, "gainesville", MORNING.at, speaks=language("en"))
    record(store, enrolled, MORNING)
    first, last = date(2026, 4, 2), date(2026, 5, 1)
    late = propose_closure(Rulebook(store), "gainesville", first, last, reason="late", now=MORNING.at)
    closing = propose_closure(Rulebook(store), "gainesville", first, last, reason="hurricane", now=MORNING.at)
    record(store, closing, MORNING)
    with pytest.raises(StoreConflict, match="participant/P-001: was changed meanwhile"):
        record(store, late, MORNING)

    assert [(one.first, one.last) for one in Rulebook(store).site("gainesville").site.closures] == [(first, last)]
    assert store.ask("SELECT planned FROM clinic_visit WHERE code = 'M2'")[0][0] == date(2026, 5, 4)

    opening = propose_reopening(Rulebook(store), "gainesville", date(2026, 5, 1), last, reason="mended", now=MORNING.at)
    record(store, opening, MORNING)

    assert store.ask("SELECT planned FROM clinic_visit WHERE code = 'M2'")[0][0] == date(2026, 5, 1)
    assert Rulebook(store).site_ids() == ("gainesville",)
    assert list(store.differences(projector(Rulebook(store)))) == []


def test_the_last_slot_of_a_day_is_taken_by_one_on_either_engine(store: Store) -> None:
    from clinic.desk.proposing import propose, propose_capacity, propose_enrollment, propose_site, record
    from clinic.desk.rulebook import Rulebook, adopt_protocol
    from clinic.desk.work import find

    _, adopted = adopt_protocol(Rulebook(store), find_protocol("res001-dmpm-02"), "")
    store.append(adopted, MORNING)
    record(store, propose_site(Rulebook(store), "gainesville", "", MORNING.at), MORNING)
    day0, day = date(2026, 3, 2), date(2026, 6, 2)
    for code in ("P-001", "P-002"):
        someone = Enroll(participant=ParticipantId(code), randomized=day0, steroids=False, day0=day0)
        enrolled = propose_enrollment(Rulebook(store), someone, "gainesville", MORNING.at, speaks=language("en"))
        record(store, enrolled, MORNING)
    fewer = propose_capacity(
        Rulebook(store), "gainesville", day, day, Kind.INFUSION, limit=1, reason="ill", now=MORNING.at
    )
    record(store, fewer, MORNING)
    book = Rulebook(store)
    both = [propose(book, find(book, code, MORNING.at), Book(code=VisitCode("M3"), day=day), MORNING.at)
            for code in ("P-001", "P-002")]  # fmt: skip
    record(store, both[0], MORNING)

    with pytest.raises(StoreConflict, match="slots of 2026-06-02 were taken or given back meanwhile"):
        record(store, both[1], MORNING)
    with pytest.raises(Refused, match=r"no infusion slot is left on that day \(1 of 1\)"):
        propose(book, find(book, "P-002", MORNING.at), Book(code=VisitCode("M3"), day=day), MORNING.at)
