"""The clinic's lists are asked of rows that are kept beside the records: they must be what a replay gives."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from clinics import Clinic

from clinic.desk import reports
from clinic.desk.rulebook import Rulebook
from clinic.desk.work import Known, find, participants
from clinic.memory.store import open_store
from schedule import report_rows

STORY = """
2026-03-02 clinic init --site gainesville --site miami
2026-03-02 enroll P-001 --site gainesville --randomized 2026-03-02 --steroids
2026-03-02 enroll P-002 --site gainesville --randomized 2026-02-16 --no-steroids
2026-03-02 enroll P-003 --site miami --randomized 2026-01-12 --steroids
2026-03-03 done P-001 D0 2026-03-03 --given yes
2026-03-03 done P-002 D0 2026-02-16 --given yes
2026-03-03 done P-003 D0 2026-01-12 --given yes
2026-03-04 book P-001 M1 2026-04-02 09:30
2026-03-04 book P-001 M3 2026-06-03
2026-03-20 attempt P-003 M1 --note 'no answer'
2026-04-14 done P-003 M2 2026-03-13
2026-04-14 done P-002 M1 2026-04-13 --deviation storm
2026-04-20 book P-002 M3 2026-05-15
2026-05-01 move P-001 M3 2026-06-12 --reason storm --deviation storm
2026-05-04 done P-003 M3 2026-04-13 --given no
2026-05-05 hold P-003 --reason fever
2026-05-06 withdraw P-002 2026-05-05 --reason asked
2026-05-07 away P-001 2026-08-03..2026-08-14
2026-05-08 unscheduled P-001 2026-05-07 --reason rash
2026-06-01 book P-001 M6 2026-09-10
2026-06-12 done P-001 M3 2026-06-12 --given yes
"""
DAYS = date(2026, 4, 1), date(2026, 9, 30)


@pytest.fixture
def lived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    clinic = Clinic(folder=tmp_path, patch=monkeypatch)
    for line in STORY.strip().splitlines():
        day, command = line.split(" ", 1)
        clinic.must(command, on=day)
    return clinic


@pytest.mark.parametrize("today", ["2026-06-12", "2026-10-20"])
@pytest.mark.parametrize("site", [None, "gainesville", "miami"])
def test_lists_are_what_a_replay_gives(lived: Clinic, today: str, site: str | None) -> None:
    now = datetime.fromisoformat(f"{today}T17:00").replace(tzinfo=UTC)
    with closing(open_store(str(lived.db))) as store:
        book = Rulebook(store)
        known = [find(book, code, now) for code in participants(store, site)]
        first, last = DAYS
        sites = (site,) if site else None
        listed: dict[str, list[Any]] = {
            "agenda": list(reports.agenda(book, sites, first, last, now)),
            "due": list(reports.due(book, sites, first, last, now)),
            "overdue": list(reports.overdue(book, sites, now)),
            "deviations": list(reports.deviations(book, sites, first, last)),
            "tell": list(reports.to_tell(book, sites, None)),
            "everybody": list(reports.everybody(book, sites, now)),
        }
    replayed = {name: list(rows) for name, rows in of_replay(known)}

    for name, rows in replayed.items():
        assert sorted(map(repr, rows)) == sorted(map(repr, listed[name])), name
    empty = {name for name, rows in replayed.items() if not rows}
    assert empty <= ({"due", "deviations"} if site == "miami" else {"due"} if today > "2026-10" else set())


def of_replay(known: list[Known]) -> Iterator[tuple[str, Iterator[Any]]]:
    first, last = DAYS
    everyone = [(one.enrolled, one.rules) for one in known]
    yield (
        "agenda",
        (row for one, rules in everyone for row in report_rows.agenda_rows(one, rules, first=first, last=last)),
    )
    yield "due", (row for one, rules in everyone for row in report_rows.due_rows(one, rules, first=first, last=last))
    yield "overdue", (row for one, rules in everyone for row in report_rows.overdue_rows(one, rules.today))
    yield (
        "deviations",
        (row for one, _ in everyone for row in report_rows.deviation_rows(one) if first <= row.day <= last),
    )
    yield "tell", (row for one, _ in everyone for row in report_rows.tell_rows(one))
    yield "everybody", (report_rows.participant_row(one, rules.today) for one, rules in everyone)
