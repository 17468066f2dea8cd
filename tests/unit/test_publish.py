"""Publishing a record: the folder of ``plan``, a feed, and a change sheet since the last time."""

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders import a_plan, example_site, needs_pdf
from records import FOUR_MONTHS, Told, a_record, book, enroll, move

from schedule.desk.plan import render_files
from schedule.desk.record import FeedPlace, Published, publish
from schedule.desk.writing import in_folder, write_outputs
from schedule.errors import Refused, StoreUnavailable
from schedule.files.schedule_file import parse_schedule, read_schedule
from schedule.participant.commands import EndParticipation, HoldTaper
from schedule.participant.state import Standing
from schedule.planning.changes import Change, compare
from schedule.render.changes import changes_record, changes_table
from schedule.render.language import language

TEXT = ("ics", "html", "csv", "json")
BOOKED: tuple[Told, ...] = (("2026-03-02", book("M1", "2026-04-01")),)
MOVED: tuple[Told, ...] = (*BOOKED, ("2026-03-03", move("M1", "2026-04-03")))


def put(out: Path, *told: Told, kinds: tuple[str, ...] = TEXT, **options: Any) -> Published:
    return publish(a_record(*told).plan, out, kinds, lang="en", staff_lang="en", **options)


def names(folder: Path) -> list[str]:
    """Return what a person sees in the folder."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


USUAL = ["coordinator.ics", "packet.html", "participant.ics", "schedule.csv", "schedule.json", "worksheets.html"]


def test_the_first_time_every_page_is_new_and_there_is_no_change_sheet(tmp_path: Path) -> None:
    published = put(tmp_path, *BOOKED)

    assert names(tmp_path / "P-001") == USUAL
    assert published.comparison is None
    kept = read_schedule(tmp_path / "P-001" / "schedule.json")
    assert dict(published.pages) == dict(kept.pages)
    assert [path.name for path in published.files][-1] == "schedule.json"


def test_the_next_time_a_change_sheet_tells_what_is_different_and_which_pages_are_new(tmp_path: Path) -> None:
    put(tmp_path, *BOOKED)

    published = put(tmp_path, *MOVED)

    assert names(tmp_path / "P-001") == sorted([*USUAL, "changes.html"])
    assert published.comparison
    assert [(one.visit.code, one.changes) for one in published.comparison.visits] == [("M1", (Change.MOVED,))]
    assert list(published.pages) == ["C-1", "F-1", "S-1", "S-2", "D0-1", "M1-1"]
    sheet = (tmp_path / "P-001" / "changes.html").read_text("utf-8")
    assert "Wed, Apr 1, 2026" in sheet
    assert "Fri, Apr 3, 2026" in sheet


def test_when_nothing_changed_the_change_sheet_of_the_last_print_stays(tmp_path: Path) -> None:
    put(tmp_path, *BOOKED)
    put(tmp_path, *MOVED)
    sheet = (tmp_path / "P-001" / "changes.html").read_bytes()

    published = put(tmp_path, *MOVED)

    assert names(tmp_path / "P-001") == sorted([*USUAL, "changes.html"])
    assert (tmp_path / "P-001" / "changes.html").read_bytes() == sheet
    assert published.pages == {}


def test_files_for_programs_do_not_make_the_next_change_sheet_forget(tmp_path: Path) -> None:
    put(tmp_path, *BOOKED)
    put(tmp_path, *MOVED, kinds=("json", "ics"))

    published = put(tmp_path, *MOVED)

    assert "changes.html" in names(tmp_path / "P-001")
    assert published.comparison
    assert [one.visit.code for one in published.comparison.visits] == ["M1"]


def test_what_plan_wrote_is_compared_too(tmp_path: Path) -> None:
    plan = a_plan(site=example_site("gainesville"))
    files = render_files(plan, ["json"], lang="en", staff_lang="en")
    write_outputs(in_folder(tmp_path / "P-001", files))

    published = put(tmp_path)

    assert published.comparison
    assert published.comparison.is_same


def test_a_file_of_the_last_time_that_cannot_be_read_is_told_and_does_not_stand_in_the_way(tmp_path: Path) -> None:
    put(tmp_path, *BOOKED)
    (tmp_path / "P-001" / ".printed.json").write_text("{")

    published = put(tmp_path, *MOVED)

    assert published.comparison is None
    assert [problem.file for problem in published.unread] == [str(tmp_path / "P-001" / ".printed.json")]
    assert published.pages


def test_a_folder_with_another_participant_s_schedule_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    put(tmp_path, *BOOKED)
    (tmp_path / "P-001").rename(tmp_path / "P-002")

    other = a_record(first=enroll("P-002"))
    with pytest.raises(Refused):
        publish(other.plan, tmp_path, TEXT, lang="en", staff_lang="en")

    assert '"participant": "P-001"' in (tmp_path / "P-002" / "schedule.json").read_text("utf-8")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "P-001").write_text("a file")

    with pytest.raises(StoreUnavailable):
        put(tmp_path)


def feed_in(folder: Path, name: str = "dz_first.ics") -> FeedPlace:
    return FeedPlace(folder=folder / "feeds", base="https://calendars.example.org/f", new_name=name)


def test_a_feed_keeps_its_name_and_its_link_stands_in_the_packet(tmp_path: Path) -> None:
    first = put(tmp_path / "out", *BOOKED, feed=feed_in(tmp_path))
    again = put(tmp_path / "out", *MOVED, feed=feed_in(tmp_path, "dz_second.ics"))

    assert first.feed == again.feed == tmp_path / "feeds" / "dz_first.ics"
    assert (tmp_path / "feeds" / "dz_first.ics").read_bytes() == (
        tmp_path / "out" / "P-001" / "participant.ics"
    ).read_bytes()
    assert again.plan.participant.link == "https://calendars.example.org/f/dz_first.ics"
    assert "L-1" not in again.pages


def test_files_may_not_lie_where_feeds_are_served(tmp_path: Path) -> None:
    place = FeedPlace(folder=tmp_path, base=None, new_name="dz_first.ics")

    with pytest.raises(Refused):
        put(tmp_path / "out", *BOOKED, feed=place)


def test_after_a_death_nothing_is_printed_for_the_participant(tmp_path: Path) -> None:
    put(tmp_path, *BOOKED)
    died = ("2026-03-20", EndParticipation(standing=Standing.DIED, day=date(2026, 3, 19), reason="told by the family"))

    published = put(tmp_path, *BOOKED, died, feed=feed_in(tmp_path))

    assert [path.name for path in published.files] == [
        "participant.ics", "coordinator.ics", "schedule.csv", "schedule.json",
    ]  # fmt: skip
    assert published.left == ("packet.html", "worksheets.html")
    assert published.feed
    assert b"VEVENT" not in published.feed.read_bytes()


@needs_pdf
def test_one_who_left_before_the_first_visit_has_no_papers(tmp_path: Path) -> None:
    gone = EndParticipation(standing=Standing.WITHDRAWN, day=date(2026, 3, 2), reason="moves away")

    published = put(tmp_path, ("2026-03-02", gone), kinds=(*TEXT, "pdf"))

    assert names(tmp_path / "P-001") == ["coordinator.ics", "participant.ics", "schedule.csv", "schedule.json"]
    assert published.missing == ""


def test_the_same_record_is_published_with_the_same_bytes(tmp_path: Path) -> None:
    for place in ("one", "two"):
        put(tmp_path / place, *FOUR_MONTHS)

    for name in names(tmp_path / "one" / "P-001"):
        assert (tmp_path / "one" / "P-001" / name).read_bytes() == (tmp_path / "two" / "P-001" / name).read_bytes()


def published_json(*told: Told) -> dict[str, Any]:
    data = render_files(a_record(*told).plan, ["json"], lang="en", staff_lang="en")["schedule.json"]
    record: dict[str, Any] = json.loads(data)
    return record


def test_a_record_s_json_has_what_became_of_each_visit_and_a_plan_s_has_not() -> None:
    visits = {one["code"]: one for one in published_json(*FOUR_MONTHS)["visits"]}

    keys = ("status", "actual", "given", "sequence", "deviation")
    assert [visits["M3"][key] for key in keys] == ["done", "2026-06-05", "yes", 3, None]
    assert visits["M1"]["deviation"] == {
        "reason": "the roads were closed", "day": "2026-04-14", "earliest": "2026-03-28", "latest": "2026-04-11",
        "days_outside": 3, "too_close_to": None, "days_apart": None, "at_least": None,
    }  # fmt: skip
    assert [visits["M6"][key] for key in ("status", "planned", "start", "target")] == ["held", None, None, "2026-09-04"]
    planned = json.loads(render_files(a_plan(), ["json"], lang="en", staff_lang="en")["schedule.json"])
    assert not set(keys) & set(planned["visits"][0])


HELD_TAPER: tuple[Told, ...] = (("2026-03-05", HoldTaper(reason="a flare")),)


def test_a_held_taper_has_null_dates_in_the_json_and_is_read_back() -> None:
    record = published_json(*HELD_TAPER)

    (taper,) = [one for one in record["visits"] if one["code"] == "TAPER"]
    assert {taper[key] for key in ("target", "earliest", "latest", "planned", "start", "slack_days")} == {None}
    kept = parse_schedule(json.dumps(record), file="schedule.json")
    assert [visit.code for visit in kept.visits if visit.is_held] == ["TAPER"]


def test_a_record_s_csv_has_the_same_columns_for_what_is_on_hold_and_a_deviation_in_one_cell() -> None:
    held = (*FOUR_MONTHS, ("2026-06-23", HoldTaper(reason="a flare")))
    data = render_files(a_record(*held).plan, ["csv"], lang="en", staff_lang="en")["schedule.csv"]

    rows = {row["code"]: row for row in csv.DictReader(io.StringIO(data.decode(), newline=""))}

    taper = rows["TAPER"]
    assert [taper[key] for key in ("kind", "target", "planned", "because", "status", "sequence")] == [
        "milestone", "", "", "held: ask the study doctor", "held", "3",
    ]  # fmt: skip
    assert rows["M1"]["deviation"].startswith("reason: the roads were closed | day: 2026-04-14 | ")
    assert (rows["M3"]["actual"], rows["M3"]["given"]) == ("2026-06-05", "yes")


@pytest.mark.parametrize("lang", ["en", "es"])
def test_two_published_schedules_are_compared(lang: str) -> None:
    before, after = (
        parse_schedule(json.dumps(published_json(*told)), file="schedule.json")
        for told in (FOUR_MONTHS[:6], (*FOUR_MONTHS, *HELD_TAPER_LATER))
    )

    comparison = compare(before, after)

    changes = {str(one.visit.code): one.changes for one in comparison.visits}
    assert changes["M2"] == (Change.REMOVED,)
    assert changes["U1"] == (Change.ADDED,)
    assert changes["M6"] == (Change.HELD,)
    assert changes["TAPER"] == (Change.HELD,)
    assert changes_table(comparison, language(lang), width=100)
    assert changes_record(comparison, language(lang))["visits"]


HELD_TAPER_LATER: tuple[Told, ...] = (("2026-06-23", HoldTaper(reason="a flare")),)
