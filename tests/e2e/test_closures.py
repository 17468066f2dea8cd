"""A site closes for days, and opens again, without anybody editing its file."""

from pathlib import Path

import pytest
from builders import SITE_FILE, edited
from clinics import Clinic, printed, with_participant

CLOSE = "clinic close gainesville 2026-04-02..2026-05-01 --reason hurricane"


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic with P-001, infused on 2 March 2026, who is to come on Thursday 2 April, and on Friday 1 May perhaps."""
    made = with_participant(tmp_path, monkeypatch)
    made.must("book P-001 M1 2026-04-02")
    assert days(made) == [("2026-04-02", False), ("2026-05-01", False)]
    return made


def days(clinic: Clinic) -> list[tuple[str, bool]]:
    """Return for when M1 and M2 are planned, and whether they are to be rebooked."""
    return [(found["planned"], bool(found["to_rebook"])) for found in map(clinic.visit, ("M1", "M2"))]


def kinds(clinic: Clinic, subject: str = "site/gainesville") -> list[str]:
    return [found.kind for found in clinic.records(subject)]


def test_closing_moves_what_is_not_booked_and_lists_what_is(one: Clinic) -> None:
    shown = one.must(CLOSE)

    assert shown.out == (
        "P-001:\n"
        "  M2: Fri 2026-05-01 -> Mon 2026-05-04\n"
        "  M1 on Thu 2026-04-02: to rebook: the clinic is closed (hurricane)\n"
        "recorded: number 8 in the audit\n"
    )
    assert days(one) == [("2026-04-02", True), ("2026-05-04", False)]
    closed = one.records("site/gainesville")[-1]
    assert (closed.kind, closed.version, closed.reason) == ("site_closed", 1, "hurricane")
    assert closed.body == {"first": "2026-04-02", "last": "2026-05-01"}
    assert {found.group for found in one.records()[-2:]} == {8}
    assert "2026-05-01 the site is closed (hurricane)" in one.run("book P-001 M2 2026-05-01").err
    assert "2026-05-04" in one.must("book P-001 M2").out
    one.check_lists()


def test_a_dry_run_shows_what_would_follow_and_records_nothing(one: Clinic) -> None:
    before = one.count()

    shown = one.must(f"{CLOSE} --dry-run")
    found = printed(one.must(f"{CLOSE} --dry-run --format json"))

    assert "M2: Fri 2026-05-01 -> Mon 2026-05-04" in shown.out
    assert found["recorded"] is False
    assert [line["says"] for line in found["participants"][0]["consequences"]["to_rebook"]] == [
        "to rebook: the clinic is closed (hurricane)"
    ]
    assert one.run(CLOSE, answer="n\n").code == 1
    assert (one.count(), days(one)) == (before, [("2026-04-02", False), ("2026-05-01", False)])


def test_opening_again_gives_the_days_back(one: Clinic) -> None:
    one.must(CLOSE)

    one.must("clinic reopen gainesville 2026-03-30..2026-04-29 --reason 'roof is mended'")
    assert days(one) == [("2026-04-02", False), ("2026-05-04", False)]
    shown = one.must("clinic reopen gainesville 2026-05-01 --reason 'roof is mended'")

    assert "M2: Mon 2026-05-04 -> Fri 2026-05-01" in shown.out
    assert days(one) == [("2026-04-02", False), ("2026-05-01", False)]
    still = one.run("book P-001 M2 2026-04-30")
    assert (still.code, "2026-04-30 the site is closed (hurricane)" in still.err) == (1, True)
    assert kinds(one)[-3:] == ["site_closed", "site_reopened", "site_reopened"]
    one.must("clinic reopen gainesville 2026-04-30 --reason 'roof is mended'")
    one.must("book P-001 M2 2026-04-30")
    one.check_lists()


def test_days_in_the_middle_are_opened_and_those_around_stay_closed(one: Clinic) -> None:
    one.must("clinic close gainesville 2026-04-01..2026-04-03 --reason hurricane")
    one.must("clinic reopen gainesville 2026-04-02 --reason 'for one day'")

    assert days(one)[0] == ("2026-04-02", False)
    for day in ("2026-04-01", "2026-04-03"):
        assert "the site is closed (hurricane)" in one.run(f"move P-001 M1 {day} --reason x").err
    one.must("move P-001 M1 2026-04-06 --reason x")


def test_a_kind_of_visit_is_opened_again_and_the_others_stay_closed(one: Clinic) -> None:
    one.must("clinic close gainesville 2026-04-01..2026-04-03 --reason hurricane")
    one.must("clinic reopen gainesville 2026-04-02 --kind clinic --reason 'the ward is dry'")

    record = one.records("site/gainesville")[-1]
    assert (record.kind, record.version) == ("site_reopened", 2)
    assert record.body == {"first": "2026-04-02", "last": "2026-04-02", "kinds": ["clinic"]}
    assert days(one)[0] == ("2026-04-02", False)
    assert "the site is closed (hurricane)" in one.run("move P-001 M1 2026-04-03 --reason x").err
    called = one.run("unscheduled P-001 2026-04-02 09:00 --kind virtual --reason rash")
    assert "on 2026-04-02 the site is closed (hurricane)" in called.err
    again = one.run("clinic reopen gainesville 2026-04-02 --kind clinic --reason x")
    assert "none of these days was closed" in again.err
    one.must("clinic reopen gainesville 2026-04-01..2026-04-03 --reason dry")
    one.must("unscheduled P-001 2026-04-02 09:00 --kind virtual --reason rash")
    one.check_lists()


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("close gainesville 2026-02-20..2026-03-01", 1, "these days have passed; name days that are to come: today is"),
        ("close gainesville 2026-06-02..2026-06-01", 1, "2026-06-01 is before 2026-06-02; swap the two days"),
        ("close gainesville 2026-07-03..2026-07-05", 1, "the site is closed on these days already; nothing to do"),
        ("close tampa 2026-06-01..2026-06-02", 2, "the clinic has no site 'tampa'; known: gainesville"),
        ("close gainesville 2026-06-1..2026-06-31", 2, "'2026-06-31' is a day that does not exist"),
        ("reopen gainesville 2026-06-01..2026-06-02", 1, "none of these days was closed with 'dayzero clinic close'"),
        ("reopen gainesville 2026-07-03", 1, "what its file closes, 'dayzero clinic site FILE' opens"),
        ("reopen gainesville 2026-02-20", 1, "these days have passed"),
    ],
)
def test_what_cannot_be_closed_or_opened_is_refused(one: Clinic, line: str, code: int, says: str) -> None:
    before = one.count()

    done = one.run(f"clinic {line} --reason x")

    assert (done.code, says in done.err) == (code, True), done.err
    assert one.count() == before


def test_nothing_is_closed_twice_or_opened_twice_and_a_reason_is_due(one: Clinic) -> None:
    one.must(CLOSE)
    assert "closed on these days already" in one.run(CLOSE).err
    assert "closed on these days already" in one.run("clinic close gainesville 2026-04-10 --reason storm").err
    one.must("clinic close gainesville 2026-05-01..2026-05-04 --reason 'a day more'")
    one.must("clinic reopen gainesville 2026-04-01..2026-05-04 --reason mended")
    assert "none of these days was closed" in one.run("clinic reopen gainesville 2026-05-04 --reason mended").err
    assert one.run("clinic close gainesville 2026-06-01 --reason ' '").code == 2
    assert days(one) == [("2026-04-02", False), ("2026-05-01", False)]


def test_the_site_s_file_changes_and_what_was_closed_here_stays_closed(one: Clinic) -> None:
    one.must(CLOSE)
    later = edited(SITE_FILE, one.folder, ('clinic = "09:00"', 'clinic = "11:00"'))

    one.must(f"clinic site {later} --reason 'they come later'")

    assert days(one) == [("2026-04-02", True), ("2026-05-04", False)]
    assert "the site is closed (hurricane)" in one.run("book P-001 M2 2026-05-01").err
    one.must("enroll P-002 --site gainesville --randomized 2026-03-02 --no-steroids --day0 2026-03-02")
    assert one.visit("M2", "P-002")["planned"] == "2026-05-04"
    one.check_lists()


def test_a_copy_a_doctor_and_a_rebuild_know_the_days_too(one: Clinic) -> None:
    one.must(CLOSE)
    one.must("clinic reopen gainesville 2026-04-02 --reason 'roof is mended'")
    one.must("clinic rebuild")
    one.must("clinic doctor")
    one.must("audit verify")
    one.must("clinic backup copy.sqlite3")
    one.must("clinic restore copy.sqlite3 --db again.sqlite3")
    one.must("clinic doctor --db again.sqlite3")
    assert "the site is closed (hurricane)" in one.run("book P-001 M2 2026-05-01 --db again.sqlite3").err
    assert days(one) == [("2026-04-02", False), ("2026-05-04", False)]
