"""What a site's days can hold, as a clinic keeps it: full days, lost capacity, special openings, closures by kind."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from builders import SITE_FILE, edited, plan
from clinics import Clinic, opened, printed
from stores import MORNING
from website import text_of, website

from clinic.access.roles import Role
from clinic.desk.proposing import propose, record
from clinic.desk.rulebook import Rulebook
from clinic.desk.work import find
from clinic.memory.store import open_store
from schedule.errors import StoreConflict
from schedule.participant import commands as ask
from schedule.study.protocol import VisitCode

TWO_CHAIRS = "[capacity]\ninfusion = 2\n\n[contact]"
NO_SLOT = "no infusion slot is left on that day (2 of 2)"


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    return a_clinic(tmp_path, monkeypatch)


def a_clinic(folder: Path, patch: pytest.MonkeyPatch) -> Clinic:
    """Return a clinic of two infusions a day with three who are due for their second on Tuesday 2 June 2026."""
    made = opened(folder, patch)
    file = edited(SITE_FILE, folder, ("[contact]", TWO_CHAIRS))
    made.must(f"clinic site {file} --reason 'two chairs'")
    for code in ("P-001", "P-002", "P-003"):
        made.must(f"enroll {code} --site gainesville --randomized 2026-03-02 --no-steroids --day0 2026-03-02")
    return made


def filled(clinic: Clinic) -> Clinic:
    clinic.must("book P-001 M3 2026-06-02")
    clinic.must("book P-002 M3 2026-06-02")
    return clinic


def test_a_full_day_is_refused_and_what_is_open_is_listed(one: Clinic) -> None:
    filled(one)
    before = one.count()

    refused = one.run("book P-003 M3 2026-06-02")

    assert (refused.code, one.count()) == (1, before)
    assert f"M3: 2026-06-02: {NO_SLOT}; choose another day" in refused.err
    assert "1. Mon 2026-06-01: 1 day before its target" in refused.err
    assert "2026-06-02" not in one.must("book P-003 M3").out
    listed = printed(one.must("book P-003 M3 --format json"))
    assert [day["day"] for day in listed][:3] == ["2026-06-01", "2026-06-03", "2026-06-04"]
    assert "no queda ningún turno de infusión (2 de 2)" in one.run("book P-003 M3 2026-06-02 --staff-lang es").err


def test_a_slot_is_given_back_by_whoever_moves_is_held_or_does_not_come(one: Clinic) -> None:
    filled(one)
    one.must("move P-002 M3 2026-06-03 --reason asked")
    one.must("book P-003 M3 2026-06-02")
    assert NO_SLOT in one.run("move P-002 M3 2026-06-02 --reason back").err
    one.must("hold P-003 --reason fever")
    one.must("move P-002 M3 2026-06-02 --reason back")
    one.check_lists()


def test_overbooking_needs_a_reason_and_is_told_in_the_audit(one: Clinic) -> None:
    filled(one)

    done = one.must("book P-003 M3 2026-06-02 --overbook 'one leaves early'")

    assert "M3: overbooks the day, as number 3 of 2" in done.out
    assert [(found.kind, found.version, found.reason) for found in one.of("P-003")[-2:]] == [
        ("booked", 1, ""),
        ("overbooked", 1, "one leaves early"),
    ]
    assert "day overbooked: M3, Day: 2026-06-02, At most: 2 (one leaves early)" in one.must("audit log").out
    assert "P-003" not in one.must("deviations").out
    assert one.run("book P-003 M1 2026-04-02 --overbook why").code == 1
    one.check_lists()


def test_two_who_take_the_last_slot_at_once_do_not_both_get_it(one: Clinic) -> None:
    one.must("book P-001 M3 2026-06-02")
    now = datetime(2026, 3, 2, 17, tzinfo=UTC)
    signed = replace(MORNING, at=now)
    day = ask.Book(code=VisitCode("M3"), day=date(2026, 6, 2))
    with closing(open_store(str(one.db))) as store:
        first, second = (propose(Rulebook(store), find(Rulebook(store), code, now), day, now)
                         for code in ("P-002", "P-003"))  # fmt: skip
        record(store, first, signed)
        count = store.head().count

        with pytest.raises(StoreConflict, match="slots of 2026-06-02 were taken or given back meanwhile"):
            record(store, second, signed)

        assert store.head().count == count
        over = replace(day, overbook="why")
        third = propose(Rulebook(store), find(Rulebook(store), "P-003", now), over, now)
        record(store, third, signed)


def test_who_books_another_day_or_one_with_room_disturbs_nobody(one: Clinic) -> None:
    now = datetime(2026, 3, 2, 17, tzinfo=UTC)
    signed = replace(MORNING, at=now)
    day = ask.Book(code=VisitCode("M3"), day=date(2026, 6, 2))
    with closing(open_store(str(one.db))) as store:
        made = [propose(Rulebook(store), find(Rulebook(store), code, now), day, now) for code in ("P-001", "P-002")]
        for proposal in made:
            record(store, proposal, signed)


def test_lost_capacity_is_told_with_what_is_booked_and_taken_back(one: Clinic) -> None:
    filled(one)

    shown = one.must("clinic capacity gainesville 2026-06-01..2026-06-05 --kind infusion --limit 1 --reason ill")

    assert "2026-06-02: 2 are booked, and it can hold 1: move those that can wait" in shown.out
    last = one.records("site/gainesville")[-1]
    assert (last.kind, last.version, last.reason) == ("capacity_set", 1, "ill")
    assert last.body == {"first": "2026-06-01", "last": "2026-06-05", "kind": "infusion", "limit": 1}
    one.must("move P-001 M3 2026-06-02 10:00 --reason 'comes later, on the same day'")
    one.must("book P-003 M3 2026-06-03")
    assert "(1 of 1)" in one.run("move P-001 M3 2026-06-03 --reason asked").err
    one.must("clinic capacity gainesville 2026-06-03 --kind infusion --reason back")
    one.must("move P-001 M3 2026-06-03 --reason asked")
    assert one.run("clinic capacity gainesville 2026-06-03 --kind infusion --reason back").code == 1
    assert (
        "hold as many already"
        in one.run("clinic capacity gainesville 2026-06-02 --kind infusion --limit 1 --reason x").err
    )
    one.check_lists()


def test_days_that_can_hold_none_are_planned_anew_and_booked_ones_are_to_rebook(one: Clinic) -> None:
    one.must("book P-001 M3 2026-06-02")

    shown = one.must("clinic capacity gainesville 2026-06-02 --kind infusion --limit 0 --reason 'no nurse'")

    assert "M3 on Tue 2026-06-02: to rebook: the clinic has no slot for this kind of visit" in shown.out
    assert "M3: Tue 2026-06-02 -> Mon 2026-06-01" in shown.out
    assert one.visit("M3")["to_rebook"]
    assert one.visit("M3", "P-002")["planned"] == "2026-06-01"
    one.check_lists()


def test_a_site_closes_for_infusions_and_visits_go_on(one: Clinic) -> None:
    one.must("clinic close gainesville 2026-06-02..2026-06-03 --kind infusion --reason recall")

    last = one.records("site/gainesville")[-1]
    assert (last.kind, last.version) == ("site_closed", 2)
    assert last.body == {"first": "2026-06-02", "last": "2026-06-03", "kinds": ["infusion"]}
    assert one.visit("M3")["planned"] == "2026-06-01"
    assert "the site is closed (recall)" in one.run("book P-001 M3 2026-06-02").err
    one.must("unscheduled P-001 2026-06-02 --kind clinic --reason rash")
    assert (
        "closed on these days already" in one.run("clinic close gainesville 2026-06-02 --kind infusion --reason x").err
    )
    one.must("clinic reopen gainesville 2026-06-02 --reason mended")
    assert one.visit("M3")["planned"] == "2026-06-02"
    one.check_lists()


def test_all_three_kinds_are_a_closure_that_every_dayzero_reads(one: Clinic) -> None:
    kinds = "--kind infusion --kind clinic --kind virtual"
    one.must(f"clinic close gainesville 2026-06-02 {kinds} --reason storm")
    assert one.records("site/gainesville")[-1].version == 1


def test_a_saturday_and_a_closed_day_open_after_all_and_close_again(one: Clinic) -> None:
    one.must("clinic close gainesville 2026-05-28..2026-06-05 --reason hurricane")
    assert one.visit("M3")["planned"] == "2026-06-08"

    one.must("clinic open gainesville 2026-06-06 --hours 08:00-14:00 --reason 'after the storm'")
    one.must("clinic open gainesville 2026-06-02 --hours 08:00-14:00 --reason 'after all'")

    last = one.records("site/gainesville")[-1]
    assert (last.kind, last.version) == ("site_opened", 1)
    assert last.body == {"day": "2026-06-02", "opens": "08:00", "closes": "14:00"}
    assert one.visit("M3")["planned"] == "2026-06-02"
    one.must("book P-001 M3 2026-06-06")
    assert "closes at 14:00" in one.run("book P-002 M3 2026-06-06 14:00").err
    assert "would last until 14:30" in one.run("book P-002 M3 2026-06-06 09:30").err
    one.must("clinic open gainesville 2026-06-06 --hours 08:00-12:00 --reason 'half a day only'")
    assert one.visit("M3")["to_rebook"]
    again = "clinic open gainesville 2026-06-06 --hours 08:00-12:00 --reason x"
    assert "open at these hours already" in one.run(again).err
    one.must("clinic close gainesville 2026-06-06 --reason 'no nurse'")
    assert one.visit("M3")["to_rebook"]
    one.check_lists()


def test_what_is_recorded_of_days_outlives_the_site_s_file(one: Clinic) -> None:
    one.must("clinic open gainesville 2026-06-06 --hours 08:00-12:00 --reason x")
    one.must("clinic capacity gainesville 2026-06-02 --kind infusion --limit 1 --reason x")
    later = edited(one.folder / "edited.toml", one.folder, ("infusion = 2", "infusion = 3"))
    one.must(f"clinic site {later} --reason 'a third chair'")

    with closing(open_store(str(one.db))) as store:
        site = Rulebook(store).site("gainesville").site
    assert [str(day.day) for day in site.openings] == ["2026-06-06"]
    assert [(str(limit.first), limit.limit) for limit in site.capacity_on] == [("2026-06-02", 1)]


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("capacity gainesville 2026-02-20 --kind infusion --limit 1", 1, "these days have passed"),
        ("capacity gainesville 2026-06-05..2026-06-01 --kind infusion --limit 1", 1, "swap the two days"),
        ("capacity gainesville 2026-06-05 --kind infusion --limit -1", 2, "--limit"),
        ("capacity gainesville 2026-06-05 --kind milestone --limit 1", 2, "--kind"),
        ("open gainesville 2026-06-06 --hours 12:00-08:00", 2, "names no opening hours; write 08:00-12:00"),
        ("open gainesville 2026-06-31 --hours 8-12", 2, "names no opening hours"),
        ("open gainesville 2026-02-28 --hours 08:00-12:00", 1, "these days have passed"),
        ("close gainesville 2026-06-06 --kind surgery", 2, "--kind"),
    ],
)
def test_what_cannot_be_said_of_days_is_refused(one: Clinic, line: str, code: int, says: str) -> None:
    before = one.count()
    done = one.run(f"clinic {line} --reason x")
    assert (done.code, says in done.err) == (code, True), done.err
    assert one.count() == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("", "say what suits the participant, or --remove"),
        ("--remove --weekdays mon", "say what suits the participant, or --remove"),
        ("--weekdays mon,fry --not-before 9", "names no weekdays"),
        ("--weekdays mon,fry --not-before 9", "is no time of day"),
    ],
)
def test_what_is_typed_of_a_wish_is_read_with_all_that_is_wrong(one: Clinic, options: str, says: str) -> None:
    done = one.run(f"prefer P-001 {options}")
    assert (done.code, says in done.err) == (2, True), done.err


def test_a_wish_orders_the_days_that_are_offered(one: Clinic) -> None:
    said = one.must("prefer P-001 --weekdays wed,fri --not-before 10:00")
    assert "likes to come: Wed, Fri; not before 10:00" in said.out
    assert (
        "1. Wed 2026-06-03: 1 day after its target; 2 days off target in all, with what counts from it; "
        "a weekday that suits the participant" in one.must("book P-001 M3").out
    )
    one.must("book P-001 M3 2026-06-02")
    assert one.of()[-1].body["slot"]["start"] == "2026-06-02T10:00:00"
    one.must("away P-001 2026-07-01..2026-07-14")
    assert one.must("show P-001").out.endswith(
        "Cannot come: 2026-07-01 to 2026-07-14\nlikes to come: Wed, Fri; not before 10:00\n"
    )
    assert "any day and time will do" in one.must("prefer P-001 --remove").out


# The pages


def test_the_form_asks_why_a_full_day_is_taken_and_only_then(one: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(one)
    browser = website(one, monkeypatch).sign_in(Role.COORDINATOR, "gainesville")
    page = "/participants/P-003/visits/M3/book"
    shown = browser.get(page)
    assert "Mon 2026-06-01" in text_of(shown)
    assert NO_SLOT not in text_of(shown)
    seen = {"seen": str(len(one.of("P-003"))), "step": "look"}

    full = browser.post(page, seen | {"day": "2026-06-02"}).content.decode()
    outside = browser.post(page, seen | {"day": "2026-06-12"}).content.decode()

    assert ['name="overbook"' in full, 'name="deviation"' in full] == [True, False]
    assert ['name="overbook"' in outside, 'name="deviation"' in outside] == [False, True]
    looked = text_of(browser.post(page, seen | {"day": "2026-06-02", "overbook": "one leaves early"}))
    assert "M3: overbooks the day, as number 3 of 2" in looked


SITE_FORMS: list[tuple[dict[str, str], str]] = [
    ({"do": "close", "first": "2026-06-02", "kind": "infusion", "reason": "x"},
     "clinic close gainesville 2026-06-02 --kind infusion --reason x"),
    ({"do": "open", "first": "2026-06-06", "hours": "08:00-12:00", "reason": "x"},
     "clinic open gainesville 2026-06-06 --hours 08:00-12:00 --reason x"),
    ({"do": "capacity", "first": "2026-06-01", "last": "2026-06-05", "kind": "infusion", "limit": "1", "reason": "x"},
     "clinic capacity gainesville 2026-06-01..2026-06-05 --kind infusion --limit 1 --reason x"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "line"), SITE_FORMS, ids=[one[1] for one in SITE_FORMS])
def test_the_site_s_page_records_what_the_command_line_records(
    form: dict[str, str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "line").mkdir()
    typed_in = a_clinic(tmp_path / "line", monkeypatch)
    typed_in.must(line)
    one = a_clinic(tmp_path, monkeypatch)
    browser = website(one, monkeypatch).sign_in(Role.COORDINATOR, "gainesville")
    shown = browser.post("/sites/gainesville", form)
    assert shown.status_code == 200, text_of(shown)
    mark = shown.content.decode().split('name="seen" value="')[1].split('"')[0]

    answer = browser.post("/sites/gainesville", form | {"seen": mark})

    assert answer.status_code == 302
    recorded, twin = (clinic.records("site/gainesville")[-1] for clinic in (one, typed_in))
    assert (recorded.kind, recorded.version, recorded.body) == (twin.kind, twin.version, twin.body)
    page = text_of(browser.get("/sites/gainesville"))
    assert "Most visits a day infusion Mon 2, Tue 2" in page
    assert form["first"] in page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"do": "open", "first": "2026-06-06", "hours": "8", "reason": ""}, "names no opening hours"),
        ({"do": "capacity", "first": "2026-06-06", "limit": "x", "reason": "x"}, "choose a kind of visit"),
        ({"do": "capacity", "first": "2026-06-06", "limit": "x", "reason": "x"}, "is no whole number"),
    ],
)
def test_the_site_s_page_says_all_that_is_wrong(
    one: Clinic, form: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = website(one, monkeypatch).sign_in(Role.COORDINATOR, "gainesville").post("/sites/gainesville", form)
    assert (answer.status_code, said in text_of(answer)) == (422, True), text_of(answer)


# Without memory


def test_a_plan_knows_nobody_else_and_looks_only_at_days_that_can_hold_none(tmp_path: Path) -> None:
    plain = edited(SITE_FILE, tmp_path, ("[contact]", "[contact]"))
    before = planned_at(plain, tmp_path / "before")
    some = edited(SITE_FILE, tmp_path, ("[contact]", TWO_CHAIRS))
    assert planned_at(some, tmp_path / "some") == before
    none = edited(SITE_FILE, tmp_path, ("[contact]", TWO_CHAIRS.replace("2", NOT_ON_TUESDAYS)))

    after = planned_at(none, tmp_path / "none")

    assert (before["M3"], after["M3"]) == ("2026-06-02", "2026-06-01")
    assert after["M1"] == before["M1"]


NOT_ON_TUESDAYS = "{ monday = 2, tuesday = 0, wednesday = 2, thursday = 2, friday = 2 }"


def planned_at(site: Path, out: Path) -> dict[str, str]:
    """Plan without a store; return the days by visit."""
    done = plan("--site", str(site), "--out", str(out), "--only", "json", cwd=site.parent)
    assert done.code == 0, done.err
    (schedule,) = out.rglob("schedule.json")
    return {visit["code"]: visit["planned"] for visit in json.loads(schedule.read_text("utf-8"))["visits"]}
