"""A year at a clinic with 40 participants: its lists, files, calendars and audit at the end of each month."""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import icalendar
import pytest
import vobject
from builders import PROTOCOL_FILE, needs_pdf, needs_program
from clinic_year import Known, Replanned, Year
from year_days import APART, infusions, is_away, later, least_to_move, limit, open_days, taken
from year_page import PAGE, report
from year_script import DISRUPTIONS, PARTICIPANTS, SITES, amended_protocol, disruptions

from schedule.files.protocol import parse_protocol

needs_pdftotext = needs_program("pdftotext", "poppler-utils")
KINDS = "ics,json,csv,html"
OPEN = ("planned", "booked", "confirmed")
PROMISED = ("booked", "confirmed")
OFF = ("cancelled", "missed")
ALWAYS = ("P-007", "P-009", "P-010", "P-014")
"""Their papers are made each month."""
ENDED = {"P-010": date(2026, 5, 14), "P-021": date(2026, 8, 31), "P-014": date(2026, 10, 3)}


@dataclass(frozen=True, kw_only=True)
class Folder:
    """What publishing wrote for one participant, and what was there before."""

    day: date
    code: str
    before: Any
    """The schedule.json of the last time; None the first time."""
    said: str
    files: Mapping[str, bytes]
    shown: Any
    """What ``show`` says at the same hour."""


@dataclass(frozen=True, kw_only=True)
class Evening:
    """The lists on the last working day of a month."""

    day: date
    shown: Mapping[str, Any]
    """By participant: what ``show --format json`` says."""
    everybody: Any
    overdue: Any
    agenda: Any
    deviations: Any
    tell: Any
    doctor: str
    verified: Any
    notes: Mapping[tuple[str, str], Known]


@dataclass(frozen=True, kw_only=True)
class June:
    """What is printed once, at the middle of the year."""

    lists_in_spanish: Mapping[str, str]
    table: str
    log: str
    binder: bytes
    offline: bytes
    packet: bytes


@dataclass(kw_only=True)
class Lived:
    """All that was seen in the year."""

    year: Year
    evenings: list[Evening] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    june: June | None = None
    stood: Sequence[dict[str, Any]] = ()
    """All visits that stand on the last evening, from the first day on."""

    @property
    def last(self) -> Evening:
        return self.evenings[-1]


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    """Live through the year once."""
    memory = Path("/dev/shm")  # noqa: S108 - only a faster place
    with (
        pytest.MonkeyPatch.context() as patch,
        TemporaryDirectory(prefix="dayzero-year-", dir=memory if memory.is_dir() else None) as folder,
    ):
        patch.setattr("clinic.desk.rulebook.parse_protocol", lru_cache(parse_protocol))
        year = Year(folder=Path(folder), patch=patch)
        seen = Lived(year=year)
        year.open()
        for number, day in enumerate(year.live()):
            seen.evenings.append(look(year, day))
            codes = list(seen.last.shown)
            handful = codes if day.month == 12 else [code for code in codes if in_turn(code, number)]
            seen.folders += (publish(year, day, code) for code in handful)
            if day.month == 6:
                hold_a_copy_against(year)
                seen.june = seen_in_june(year)
        seen.stood = year.standing().rows
        yield seen


def in_turn(code: str, number: int) -> bool:
    """Tell whose papers are made this month: some each month, and a few always."""
    return code in ALWAYS or int(code[2:]) % 8 == number % 8


def look(year: Year, day: date) -> Evening:
    everybody = year.read("list")
    shown = {row["participant"]: year.read("show", row["participant"]) for row in everybody}
    ahead = ("--from", str(day), "--to", str(day + timedelta(days=60)))
    year.must("audit", "checkpoint", "checkpoints.jsonl")
    return Evening(
        day=day,
        shown=shown,
        everybody=everybody,
        overdue=year.read("overdue"),
        agenda=year.read("agenda", *ahead),
        deviations=year.read("deviations"),
        tell=year.read("tell"),
        doctor=year.must("clinic", "doctor"),
        verified=year.read("audit", "verify", "--checkpoint", "checkpoints.jsonl"),
        notes=dict(year.notes),
    )


def publish(year: Year, day: date, code: str) -> Folder:
    place = year.folder / "out" / code
    kept = place / "schedule.json"
    before = json.loads(kept.read_text()) if kept.exists() else None
    said = year.must("publish", code, "--out", "out", "--feed-dir", "feeds", "--only", KINDS)
    feed = next(line for line in said.splitlines() if "/dz_" in line or "feeds" in line)
    files = {path.name: path.read_bytes() for path in place.iterdir()}
    files["feed.ics"] = feed_of(year.folder, feed)
    return Folder(day=day, code=code, before=before, said=said, files=files, shown=year.read("show", code))


def feed_of(folder: Path, line: str) -> bytes:
    name = re.search(r"dz_[\w-]{43}\.ics", line)
    assert name, line
    return (folder / "feeds" / name[0]).read_bytes()


def hold_a_copy_against(year: Year) -> None:
    """Copy the store, restore it elsewhere, and hold it against the clinic's."""
    year.must("clinic", "backup", "copy.sqlite3")
    year.must("clinic", "restore", "copy.sqlite3", "--db", "elsewhere.sqlite3")
    for words in (["list"], ["overdue"], ["agenda"], ["deviations"], ["tell"], ["due"]):
        assert year.read(*words) == year.read(*words, "--db", "elsewhere.sqlite3")
    year.must("clinic", "doctor", "--db", "elsewhere.sqlite3")
    here, there = (year.read("audit", "verify", *where) for where in ([], ["--db", "elsewhere.sqlite3"]))
    assert there["good"]
    assert (here["count"], here["head"]) == (there["count"], there["head"])


def seen_in_june(year: Year) -> June:
    """Print papers and tables, each in one language at least."""
    year.must("publish", "P-007", "--out", "papers", "--lang", "es", "--staff-lang", "es")
    year.must("binder", "P-013", "--out", "papers")
    year.must("clinic", "offline-sheet", "--site", "miami", "--out", "papers", "--staff-lang", "es")
    papers = year.folder / "papers"
    lists = ("list", "due", "overdue", "deviations", "agenda", "tell")
    return June(
        lists_in_spanish={name: year.must(name, "--staff-lang", "es") for name in lists},
        table=year.must("show", "P-010"),
        log=year.must("audit", "log", "--participant", "P-013"),
        binder=bytes_of(papers / "binder-P-013.pdf"),
        offline=bytes_of(papers / "offline-sheet.pdf"),
        packet=bytes_of(papers / "P-007" / "packet.pdf"),
    )


def bytes_of(pdf: Path) -> bytes:
    return pdf.read_bytes() if pdf.exists() else b""


def words_of(pdf: bytes) -> str:
    """Return the words of a PDF, one blank between two."""
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


# Three stories, read off a calendar: the visit, what became of it, and on which day.
STORIES = {
    # Gainesville, a Wednesday. A taper; from August on the amended protocol: Month 11 five weeks after Month 10. In
    # November a nurse is ill, and somebody else has the only chair of the 6th; Month 11 was told before, and stays.
    "P-001": """
        D0 done 2026-01-07    M1 done 2026-02-06     M2 done 2026-03-06     M3 done 2026-04-07
        TAPER done 2026-04-21 M4 done 2026-05-07     M5 done 2026-06-08     M6 done 2026-07-07
        M7 done 2026-08-07    M8 done 2026-09-08     M9 done 2026-10-07     M10 done 2026-11-05
        M11 done 2026-12-11   M12 booked 2027-01-05  M13 confirmed 2027-02-08 M17 planned 2027-06-08
        M18 cancelled 2027-07-08""",
    # Miami. A fever: Day 0 was six days after randomization, a Wednesday, and everything counts from there. A storm on
    # 20 and 21 April, and one chair, which somebody has on the 22nd; the visit of 21 May, which was told before, stays.
    # A flood until Friday, 23 October. M13 on Friday, 19 February is two days before its target, a Sunday, and of what
    # counts from it one visit only is off target then, by a day; from Monday on, three.
    "P-004": """
        D0 done 2026-01-21    M1 done 2026-02-20     M2 done 2026-03-20     M3 done 2026-04-23
        TAPER done 2026-05-07 M4 done 2026-05-21     M5 done 2026-06-23     M6 done 2026-07-21
        M7 done 2026-08-20    M8 done 2026-09-21     M9 done 2026-10-27     M10 done 2026-11-20
        M11 done 2026-12-21   M12 booked 2027-01-20  M13 planned 2027-02-19 M18 planned 2027-07-19""",
    # Gainesville. Came for the second infusion on 28 April, and it was not given: no taper, and what follows counts
    # from its target, which was that day.
    "P-007": """
        D0 done 2026-01-28    M1 done 2026-02-27     M2 done 2026-03-27     M3 done 2026-04-28
        M4 done 2026-05-28    M5 done 2026-06-29     M6 done 2026-07-28     M7 done 2026-08-28
        M8 done 2026-09-28    M9 done 2026-10-28     M10 done 2026-11-27    M11 done 2026-12-31
        M12 booked 2027-01-27 M13 planned 2027-03-01 TAPER held""",
}


@pytest.mark.parametrize("code", STORIES)
def test_three_stories_are_as_on_a_calendar(lived: Lived, code: str) -> None:
    told = {one["code"]: one for one in lived.last.shown[code]["visits"]}
    for entry in re.findall(r"(\w+) (\w+)(?: (\d{4}-\d\d-\d\d))?", STORIES[code]):
        visit, status, day = entry
        assert (told[visit]["status"], told[visit]["planned"] or "") == (status, day), visit


def test_everybody_is_there_and_the_lists_are_a_replay(lived: Lived) -> None:
    assert len(lived.last.everybody) == PARTICIPANTS
    assert len(lived.evenings) == 12
    for evening in lived.evenings:
        assert "BAD" not in evening.doctor
        assert "lists: as a replay of the records gives" in evening.doctor


def test_the_audit_is_whole_against_every_checkpoint(lived: Lived) -> None:
    for number, evening in enumerate(lived.evenings, 1):
        assert evening.verified["good"], evening.verified
        assert evening.verified["checkpoints"] == number
    counts = [evening.verified["count"] for evening in lived.evenings]
    assert counts == sorted(set(counts))


def test_what_is_recorded_is_what_was_typed(lived: Lived) -> None:
    for evening in lived.evenings:
        for (code, visit), known in evening.notes.items():
            one = visit_of(evening.shown[code], visit)
            has_left = code in ENDED and ENDED[code] <= evening.day
            status, day = known.status, known.day
            if status in PROMISED and (has_left or one["status"] == "cancelled"):
                continue
            at = (evening.day, code, visit, one)
            assert one["status"] == status, at
            if status not in OFF:
                assert one["planned"] == day, at
            if status == "done":
                assert one["actual"] == day, at
                assert one["given"] == known.given, at


def visit_of(shown: Any, code: str) -> Any:
    return next(one for one in shown["visits"] if one["code"] == code)


def test_deviations_are_those_that_were_meant(lived: Lived) -> None:
    for evening in lived.evenings:
        meant = {
            (code, visit, known.day, known.deviation)
            for (code, visit), known in evening.notes.items()
            if known.deviation
        }
        listed = {(row["participant"], row["code"], row["day"], row["reason"]) for row in evening.deviations}
        assert listed == meant, evening.day
    assert ("P-023", "M7", "2026-11-02", "a day that suited") in listed


def test_what_was_out_of_the_ordinary_is_in_the_records(lived: Lived) -> None:
    shown = lived.last.shown
    status = {(code, visit["code"]): visit["status"] for code in shown for visit in shown[code]["visits"]}
    assert status["P-009", "M4"] == status["P-016", "M1"] == "missed"
    assert status["P-011", "TAPER"] == status["P-007", "TAPER"] == "held"
    assert status["P-008", "TAPER"] == status["P-003", "U1"] == "done"
    assert status["P-018", "M5"] == "cancelled"
    assert {status[code, "M13"] for code in ENDED} == {"cancelled"}
    assert status["P-019", "M6"] == "done"
    assert [status["P-005", one] for one in ("M6", "M7", "M9", "M13")] == [
        "done",
        "cancelled",
        "cancelled",
        "cancelled",
    ]
    assert [visit_of(shown["P-005"], one)["target"] for one in ("M14", "M16", "M17", "M19")] == [
        "2026-08-21", "2026-10-21", "2026-11-21", "2027-01-21"]  # fmt: skip
    assert visit_of(shown["P-013"], "M3")["actual"] == "2026-05-18"
    assert visit_of(shown["P-011"], "M3")["given"] == "partial"
    versions = {row["site"]: shown[row["participant"]]["protocol_version"] for row in lived.last.everybody}
    assert versions == {"gainesville": "2026-08-01.amendment-1", "miami": "2026-02-03.1"}


def test_what_concerns_a_site_is_said_for_each_participant(lived: Lived) -> None:
    said = lived.year.said
    held = said["hold --site miami --reason 'a supply delay'"]
    assert "P-002:\n  M6: confirmed -> on hold; Wed 2026-07-08 08:30 -> no day\n" in held
    assert "  M7, M10, M13: planned -> on hold\n" in held
    assert "P-001:" not in held
    assert "P-010:" not in held
    waits = said["tell --site miami --audience pharmacy"]
    assert re.search(r"P-002 +M6 +the pharmacy +on hold", waits), waits
    amended = said["amend amended.toml --site gainesville --reason 'amendment 1'"]
    assert "P-001:\n  M11: Mon 2026-12-07 -> Fri 2026-12-11; window" in amended
    closes = said["closes gainesville 2026-05-04"]
    assert len(re.findall(r"P-\d+:\n(?:  .*\n)*?  M\d+ on .*to rebook: .*storm", closes)) == 2


# Overdue: by hand, from what ``show`` tells.


def anchors() -> dict[str, str]:
    found: dict[str, str] = {}
    for text in (PROTOCOL_FILE.read_text(), amended_protocol()):
        read = tomllib.loads(text)
        found |= {code: one["anchor"] for code, one in (read["visits"] | read["milestones"]).items()}
    return found


ANCHORS = anchors()


def late(shown: Any, today: date) -> Iterator[tuple[str, str, str]]:
    """Yield what is past its window and not closed: participant, visit, and whether a later one was done."""
    visits = {one["code"]: one for one in shown["visits"]}
    done = [one["target"] for one in visits.values() if one["status"] == "done" and one["kind"] != "milestone"
            and not one["code"].startswith("U")]  # fmt: skip
    for code, one in visits.items():
        promised = one["status"] in PROMISED
        anchor = visits.get(ANCHORS.get(code, ""))
        waits = anchor is not None and anchor["status"] == "held" and not promised
        if one["status"] not in OPEN or waits:
            continue
        last = max(one["latest"], one["planned"]) if promised else one["latest"]
        if last < str(today):
            passed = one["kind"] != "milestone" and max(done, default="") > one["target"]
            yield shown["participant"], code, "to_record" if passed else "overdue"


def test_the_overdue_list_is_right_and_short(lived: Lived) -> None:
    seen = set()
    for evening in lived.evenings:
        by_hand = sorted(one for shown in evening.shown.values() for one in late(shown, evening.day))
        listed = sorted((row["participant"], row["code"], row["lateness"]) for row in evening.overdue)
        assert listed == by_hand, evening.day
        assert len(listed) <= 5
        seen.update(listed)
        counts = {row["participant"]: row["overdue"] for row in evening.everybody}
        for code, count in counts.items():
            assert count == sum(one[0] == code for one in listed)
    assert ("P-016", "M1", "to_record") in seen


# Days: by hand, from the sites' files and what was typed.


def test_no_day_holds_more_than_it_can(lived: Lived) -> None:
    assert len(lived.year.noons) == 52
    for noon in lived.year.noons:
        over = {key: count for key, count in taken(noon.rows).items() if count > limit(*key, noon.day)}
        assert not {key for key in over if key[1] > str(noon.day)}, noon.day
    whole = taken(lived.stood)
    assert len(whole) > 350
    assert {site: max(count for key, count in whole.items() if key[0] == site) for site in SITES} == {
        "gainesville": 3,
        "miami": 2,
    }
    for (site, day, kind), count in whole.items():
        assert count <= limit(site, day, kind, date.fromisoformat(day)), (site, day, kind)


def test_there_was_a_plan_for_everybody_each_time(lived: Lived) -> None:
    assert lived.year.refusals == []


def test_nobody_is_to_come_outside_a_window_or_when_away_unless_somebody_answered(lived: Lived) -> None:
    checked = 0
    for noon in lived.year.noons:
        for row in noon.rows:
            if row["status"] not in PROMISED or row["day"] <= str(noon.day):
                continue
            key = row["participant"], row["code"]
            assert not is_away(row["participant"], row["day"], noon.day), (noon.day, row)
            is_inside = row["earliest"] <= row["day"] <= row["latest"]
            assert is_inside or noon.answered.get(key) == row["day"], (noon.day, row)
            assert not row["to_rebook"], (noon.day, row)
            checked += 1
    assert checked > 2000


def test_somebody_answered_only_where_no_day_was_left_or_nobody_came(lived: Lived) -> None:
    year = lived.year
    decided = {key: one for one in year.replanned for key in one.decided}
    typed = {("P-015", "M3"), ("P-023", "M7")}
    for evening in lived.evenings:
        answered = {(row["participant"], row["code"]) for row in evening.deviations}
        assert answered <= decided.keys() | set(year.late) | year.overdue.keys() | typed
    assert decided
    for key, one in decided.items():
        (row,) = (row for row in one.before.rows if (row["participant"], row["code"]) == key)
        assert list(open_days(row, one.before.rows, one.before.day)) == [], key
        assert one.because, key
    for key, last in year.overdue.items():
        assert (year.notes[key].day or "") > last, key


def test_infusions_of_one_participant_are_three_weeks_apart(lived: Lived) -> None:
    for noon in lived.year.noons:
        for code in {row["participant"] for row in noon.rows}:
            theirs = infusions(noon.rows, code)
            assert all(then - one >= APART for one, then in pairwise(theirs)), (noon.day, code)


def test_no_more_moves_than_must_and_each_has_a_time(lived: Lived) -> None:
    for one in lived.year.replanned:
        moved = [each for each in one.appointments if each["old"]]
        rows = {(row["participant"], row["code"]): row for row in one.before.rows}
        called = [key for key in one.decided if rows[key]["status"] in PROMISED]
        least = least_to_move(one.before.rows, one.site, one.before.day, one.before.answered)
        assert least <= len(moved) + len(called) <= 1.1 * least, told(one)
        assert all(each["fits"] for each in one.appointments), told(one)


def told(one: Replanned) -> str:
    return f"{one.before.day} {one.site}: {one.what}"


def test_the_page_tells_each_disruption(lived: Lived) -> None:
    page = report(lived.year)
    for one in disruptions():
        assert f"## {one.day}, {one.site}: {one.what}" in page
    assert len(disruptions()) == len(re.findall(r"(?m)^2026", DISRUPTIONS)) == 12
    assert "P-032 is new" in page
    assert page == PAGE.read_text("utf-8"), "write it anew: PYTHONPATH=tests .venv/bin/python tests/year_page.py"


def test_nothing_is_planned_on_a_closed_day(lived: Lived) -> None:
    rows = [(evening, row) for evening in lived.evenings for row in evening.agenda if row["status"] in OPEN]
    assert len(rows) > 400
    for evening, row in rows:
        if row["kind"] != "milestone":
            is_open = limit(row["site"], row["day"], row["kind"], evening.day) > 0
            is_open &= not is_away(row["participant"], row["day"], evening.day)
            assert is_open or row["to_rebook"], (evening.day, row)


def test_what_is_outstanding_counts_from_the_dose_that_was_given(lived: Lived) -> None:
    checked = 0
    for evening in lived.evenings:
        for code, shown in evening.shown.items():
            visits = {one["code"]: one for one in shown["visits"]}
            offsets = OFFSETS[shown["protocol_version"]]
            for one in visits.values():
                anchor = visits.get(ANCHORS.get(one["code"], ""))
                if one["status"] not in OPEN or anchor is None or anchor["status"] != "done" or code == "P-005":
                    continue
                dosed = anchor["given"] in ("yes", "partial")
                counts = date.fromisoformat(anchor["actual"] if dosed else anchor["target"])
                assert one["target"] == str(later(counts, offsets[one["code"]])), (evening.day, code, one["code"])
                checked += 1
    assert checked > 1400


def offsets(text: str) -> dict[str, str]:
    read = tomllib.loads(text)
    return {code: one["offset"] for code, one in (read["visits"] | read["milestones"]).items()}


OFFSETS = {
    "2026-02-03.1": offsets(PROTOCOL_FILE.read_text()),
    "2026-08-01.amendment-1": offsets(amended_protocol()),
}


# Calendars.


@cache
def events(data: bytes) -> list[Any]:
    return list(icalendar.Calendar.from_ical(data).walk("VEVENT"))


def day_of(event: Any) -> date:
    start = event["DTSTART"].dt
    return start.date() if isinstance(start, datetime) else start


def is_off(event: Any) -> bool:
    return bool(event["STATUS"] == "CANCELLED")


def test_no_event_stands_twice_and_another_reader_agrees(lived: Lived) -> None:
    for one in lived.folders:
        assert one.files["feed.ics"] == one.files["participant.ics"]
        for name in ("participant.ics", "coordinator.ics"):
            uids = [str(event["UID"]) for event in events(one.files[name])]
            assert len(uids) == len(set(uids)), (one.day, one.code, name)
            if name == "participant.ics" or one.code in ALWAYS:
                other = vobject.readOne(one.files[name].decode())
                assert [event.uid.value for event in other.contents.get("vevent", [])] == uids


def test_a_revision_never_falls_and_one_revision_says_one_thing(lived: Lived) -> None:
    last: dict[tuple[str, str], tuple[int, object]] = {}
    for one in lived.folders:
        for name in ("participant.ics", "coordinator.ics"):
            for event in events(one.files[name]):
                key = (name, str(event["UID"]))
                says = (event["DTSTART"].dt, event["DTEND"].dt, str(event["STATUS"]), event["DTSTAMP"].dt)
                revision, before = last.get(key, (-1, None))
                assert event["SEQUENCE"] >= revision, (one.day, one.code, key)
                if event["SEQUENCE"] == revision:
                    assert says == before, (one.day, one.code, str(event["SUMMARY"]))
                last[key] = event["SEQUENCE"], says


def test_an_event_leaves_only_as_cancelled_and_a_month_after_its_day(lived: Lived) -> None:
    seen: dict[str, dict[str, Any]] = {}
    retired = 0
    for one in lived.folders:
        now = {str(event["UID"]): event for event in events(one.files["participant.ics"])}
        before = seen.get(one.code, {})
        for uid, event in before.items():
            if uid not in now and not is_empty(one):
                assert is_off(event) or one.code not in ALWAYS, (one.day, one.code, event)
                assert day_of(event) + timedelta(days=30) < one.day, (one.day, one.code, event)
                retired += 1
        seen[one.code] = {**now}
    assert retired > 0


def is_empty(one: Folder) -> bool:
    """Tell whether the calendar is to be empty: a month after somebody withdrew, at once after a death."""
    left = ENDED.get(one.code, date.max)
    return left <= one.day if one.code == "P-014" else left < one.day - timedelta(days=30)


def test_a_participants_calendar_is_what_is_recorded(lived: Lived) -> None:
    for one in lived.folders:
        found = events(one.files["participant.ics"])
        if is_empty(one):
            assert found == []
            continue
        standing = sorted(
            str(event["DTSTART"].dt.replace(tzinfo=None) if isinstance(event["DTSTART"].dt, datetime) else
                event["DTSTART"].dt)
            for event in found if not is_off(event) and not reminds(event)
        )  # fmt: skip
        contacts = [visit for visit in one.shown["visits"] if visit["kind"] != "milestone"]
        stands = [visit for visit in contacts if visit["status"] not in (*OFF, "held") and visit["planned"]]
        expected = sorted((visit["start"] or visit["planned"]).replace("T", " ") + (":00" if visit["start"] else "")
                          for visit in stands)  # fmt: skip
        assert standing == expected, (one.day, one.code)
        recent = [visit for visit in contacts if visit["status"] in OFF and visit["latest"] >= str(one.day)]
        assert sum(map(is_off, found)) >= len(recent), (one.day, one.code)
        for event in found:
            start = event["DTSTART"]
            if isinstance(start.dt, datetime):
                assert start.params["TZID"] == "America/New_York"


def reminds(event: Any) -> bool:
    return any(word in event["SUMMARY"] for word in ("reminder", "Recordatorio"))


def test_a_lock_screen_tells_nothing(lived: Lived) -> None:
    words = r"(?i)ulsc|placebo|cohort|dermato|myosit|miosit|cells|células|steroid|esteroid|infusi|P-\d|RES001|NCT0"
    for one in lived.folders:
        for event in events(one.files["participant.ics"]):
            shown = f"{event['SUMMARY']} {event.get('DESCRIPTION', '')}"
            assert not re.search(words, shown), (one.code, shown)


# Papers.


def test_the_schedule_file_is_what_show_says(lived: Lived) -> None:
    for one in lived.folders:
        kept = json.loads(one.files["schedule.json"])
        assert {**kept, "as_of": None} == {**one.shown, "as_of": None}, (one.day, one.code)


def pages_named(html: str) -> tuple[set[str], set[str], set[str], set[str]]:
    """Return the pages that a change sheet names: to replace, to keep, without an old one, to take out."""

    def after(*words: str) -> set[str]:
        for said in words:
            if found := re.search(re.escape(said) + r"[^<]*(?:</p>\s*<p[^>]*>)?\s*<strong>([^<]*)</strong>", html):
                return set(found[1].split(", "))
        return set()

    return (
        after("and put in the new ones. Keep all others.", "y ponga las nuevas. Guarde todas las demás."),
        after("Keep only these:", "Guarde solo estas:"),
        after("You have no old page for these:", "Para estas no hay página vieja:"),
        after("Take these out. No page comes in their place:", "Saque estas. Ninguna página va en su lugar:"),
    )


def test_the_change_sheet_names_exactly_the_pages_that_changed(lived: Lived) -> None:
    sheets = 0
    for one in lived.folders:
        if one.code == "P-014" and one.day >= ENDED["P-014"]:
            assert "changes.html" not in one.said
            assert "wrote P-014/packet" not in one.said
            continue
        sheet = one.files.get("changes.html", b"").decode()
        if one.before is None:
            assert not sheet
            continue
        old, new = one.before["pages"], json.loads(one.files["schedule.json"])["pages"]
        at = (one.day, one.code)
        replaced = {code for code in new if new[code] != old.get(code)}
        gone = set(old) - set(new)
        assert ("changes.html" in one.said) >= bool(replaced | gone), at
        if "changes.html" in one.said:
            replace, keep, added, taken = pages_named(sheet)
            assert (replace == replaced) if replace else (not replaced or set(new) - keep == replaced), at
            assert added == set(new) - set(old), at
            assert taken == gone, at
            sheets += 1
        handed = re.findall(r"([A-Z]\w*-\d+) ([0-9a-f]{8})", one.said.partition("dayzero told --page:")[2])
        assert dict(handed) == {code: new[code] for code in replaced}, at
    assert sheets > 60


def june(lived: Lived) -> June:
    assert lived.june
    return lived.june


def test_all_lists_speak_spanish(lived: Lived) -> None:
    lists = june(lived).lists_in_spanish
    assert "Participante" in lists["list"]
    english = r"(?i)\b(participant|visit|window|status|booked|planned|confirmed|the pharmacy|takes part|withdrew|day)\b"
    for name, printed in lists.items():
        assert not re.search(english, printed), (name, printed)
    assert "se retiró" in lists["list"]


def test_what_is_said_of_twenty_visits_is_said_once(lived: Lived) -> None:
    assert june(lived).table.count("reason: moves away") == 1


def test_a_correction_keeps_what_was_wrong(lived: Lived) -> None:
    assert "visit corrected: M3, Day: 2026-05-19 -> 2026-05-18 (the form says the 18th)" in june(lived).log
    assert "done: M3, Day: 2026-05-18 -> 2026-05-19, Dose: yes, Place: at the site" in june(lived).log


@needs_pdf
@needs_pdftotext
def test_the_monitor_reads_what_was_planned_corrected_and_told(lived: Lived) -> None:
    words = words_of(june(lived).binder)
    assert "M3 Mon 2026-05-18" in words
    assert re.search(r"JD \(coordinator\) M3 Day: 2026-05-19 Day: 2026-05-18", words), words
    assert re.search(r"JD \(coordinator\) M4 the participant, JD", words), words


@needs_pdf
@needs_pdftotext
def test_the_offline_sheet_has_the_days_to_come(lived: Lived) -> None:
    words = words_of(june(lived).offline)
    assert "jueves, 2 de julio de 2026" in words
    assert re.search(r"08:30-13:30 P-026 M3, infusión", words), words


@needs_pdf
@needs_pdftotext
def test_nobody_lowers_a_dose_after_an_infusion_that_was_not_given(lived: Lived) -> None:
    words = words_of(june(lived).packet)
    assert "No cambie su dosis de esteroides hasta que le llamemos." in words
    assert "12 may 2026" not in words
    assert "12 de mayo de 2026" not in words


def test_nobody_is_told_to_wait_for_a_call_that_was_made_or_that_nobody_makes(lived: Lived) -> None:
    packets = {one.code: one.files["packet.html"].decode() for one in lived.folders if "packet.html" in one.files}
    wait, tell = "Do not change your steroid dose until we call you.", "Change your steroid dose only as your doctor"
    for code, told, not_told in (
        ("P-002", tell, wait),  # the call was made on 22 April
        ("P-010", tell, wait),  # withdrew before it
        ("P-007", wait, tell),  # the second infusion was not given
        ("P-001", "Your lower doses start on", wait),
    ):
        assert told in packets[code], code
        assert not_told not in packets[code], code
