"""The use cases: planning, rendering, and writing files so that none is half written."""

import fcntl
import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from builders import (
    a_plan,
    a_site,
    a_taper,
    closed,
    example_site,
    other_protocol,
    registered_protocol,
    steps,
    with_taper,
)

from schedule.desk.feeds import FEED_INDEX, write_with_feed
from schedule.desk.plan import Plan, render_files
from schedule.desk.writing import PRIVATE, in_folder, left_from_before, write_outputs
from schedule.errors import InvalidInput, Refused, StoreUnavailable
from schedule.participant.state import ParticipantId
from schedule.planning.notices import TaperStartsHigh
from schedule.sites import Site
from schedule.study.protocol import RANDOMIZATION, Protocol

NAME = "dz_first.ics"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_plan_holds_what_each_reader_may_see() -> None:
    plan = a_plan()

    assert len(plan.staff.visits) == 24
    assert "TAPER" not in [visit.code for visit in plan.participant.visits]
    assert len(plan.participant.visits) == 23
    assert plan.is_complete


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"day0": date(2026, 3, 1)}, "--day0"),
        ({"booked": True}, "--booked"),
        ({"steroids": None}, "--steroids"),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(Refused) as told:
        a_plan(**changes)

    assert [problem.place for problem in told.value.problems] == [place]


def test_all_that_is_wrong_with_a_request_is_told_at_once() -> None:
    with pytest.raises(Refused) as told:
        a_plan(day0=date(2025, 3, 2), booked=True, steroids=None)

    assert [problem.place for problem in told.value.problems] == ["--day0", "--booked", "--steroids"]


IN_JUNE = datetime(2026, 6, 4, 3, 59, tzinfo=UTC)
"""Still 3 June at a site in New York."""
TAPER = a_taper((1, "3"), (8, "2"))


@pytest.mark.parametrize(
    ("changes", "wrong", "remedy"),
    [
        ({"infusion2_given": date(2026, 3, 2)}, "2026-03-02 is not after the randomization on 2026-03-02", "both"),
        (
            {"infusion2_given": date(2026, 3, 5), "day0": date(2026, 3, 9)},
            "2026-03-05 is not after Day 0 on 2026-03-09",
            "check both dates",
        ),
        ({"infusion2_given": date(2026, 6, 5)}, "2026-06-05 is after the day of this schedule, 2026-06-04", "--as-of"),
        (
            {"infusion2_given": date(2026, 6, 4), "site": a_site()},
            "2026-06-04 is after the day of this schedule, 2026-06-03",
            "--as-of",
        ),
    ],
)
def test_an_infusion_cannot_have_been_given_before_day_0_or_in_the_future(
    changes: dict[str, Any], wrong: str, remedy: str
) -> None:
    with pytest.raises(Refused) as told:
        a_plan(as_of=IN_JUNE, **changes)

    (problem,) = told.value.problems
    assert (problem.place, problem.wrong) == ("--infusion2-given", wrong)
    assert remedy in problem.remedy


@pytest.mark.parametrize(("site", "day"), [(None, "2026-06-04"), (a_site(), "2026-06-03")])
def test_an_infusion_may_have_been_given_on_the_day_of_the_schedule(site: Site | None, day: str) -> None:
    staff = a_plan(as_of=IN_JUNE, site=site, infusion2_given=date.fromisoformat(day)).staff

    assert [(visit.planned, visit.fixed) for visit in staff.visits if visit.code == "M3"] == [
        (date.fromisoformat(day), True)
    ]


@pytest.mark.parametrize(
    ("protocol", "steroids", "wrong"),
    [
        (other_protocol(), None, "no taper of the protocol counts from a visit"),
        (with_taper(registered_protocol(), anchor=RANDOMIZATION), True, "no taper of the protocol counts from a visit"),
        (with_taper(registered_protocol(), anchor="D0"), True, "the taper counts from D0, the visit of Day 0"),
    ],
)
def test_infusion_2_means_the_visit_from_which_the_taper_counts(
    protocol: Protocol, wrong: str, *, steroids: bool | None
) -> None:
    with pytest.raises(Refused) as told:
        a_plan(protocol=protocol, steroids=steroids, as_of=IN_JUNE, infusion2_given=date(2026, 6, 3))

    assert [(problem.place, problem.wrong) for problem in told.value.problems] == [("--infusion2-given", wrong)]


def test_infusion_2_is_known_for_those_who_take_no_steroids_too() -> None:
    staff = a_plan(as_of=IN_JUNE, steroids=False, infusion2_given=date(2026, 6, 3)).staff

    assert [visit.target for visit in staff.visits if visit.code == "M4"] == [date(2026, 7, 3)]
    assert (staff.taper_starts, staff.taper) == (None, ())


def test_a_taper_is_for_those_on_steroids_in_a_trial_that_has_one() -> None:
    for changes, wrong in (
        ({"steroids": False}, "the participant takes no steroids"),
        ({"steroids": None, "protocol": other_protocol()}, "the protocol has no taper"),
    ):
        with pytest.raises(Refused) as told:
            a_plan(taper=TAPER, **changes)
        assert [(problem.place, problem.wrong) for problem in told.value.problems] == [("--taper", wrong)]


def test_without_steps_a_participant_waits_for_the_call() -> None:
    before, given = a_plan(), a_plan(as_of=IN_JUNE, infusion2_given=date(2026, 6, 3))

    assert before.participant.taper == given.participant.taper == given.staff.taper == ()
    assert before.participant.until_taper
    assert given.participant.until_taper
    assert before.participant.taper_starts is None
    assert given.participant.taper_starts == given.staff.taper_starts == date(2026, 6, 17)


def test_steps_have_no_dates_and_a_participant_waits_until_infusion_2_was_given() -> None:
    plan = a_plan(taper=TAPER)

    assert plan.participant.taper == plan.staff.taper
    assert [(step.day_from, step.date_from) for step in plan.participant.taper] == [(1, None), (8, None)]
    assert plan.participant.taper_starts is None
    assert plan.participant.until_taper


def test_after_infusion_2_a_participant_reads_the_dates_of_the_steps() -> None:
    plan = a_plan(taper=TAPER, as_of=IN_JUNE, infusion2_given=date(2026, 6, 3))

    assert [step.date_from for step in plan.participant.taper] == [date(2026, 6, 17), date(2026, 6, 24)]
    assert plan.participant.taper_starts == date(2026, 6, 17)
    assert plan.participant.until_taper is None


def test_a_taper_prescribed_for_later_starts_on_the_day_that_was_prescribed() -> None:
    later = a_taper((1, "3"), first_day="2026-06-19")

    assert a_plan(taper=later, as_of=IN_JUNE, infusion2_given=date(2026, 6, 3)).participant.taper_starts == date(
        2026, 6, 19
    )


def test_what_is_prescribed_stands_in_place_of_the_protocol_s_own_steps() -> None:
    protocol = with_taper(registered_protocol(), steps=steps((1, "9"), (3, "8")))

    assert [step.dose_mg for step in a_plan(protocol=protocol).staff.taper] == [9, 8]
    assert [step.dose_mg for step in a_plan(protocol=protocol, taper=TAPER).staff.taper] == [3, 2]
    assert a_plan(protocol=protocol, steroids=False).staff.taper == ()


def test_a_taper_that_counts_from_randomization_has_its_dates_at_once() -> None:
    plan = a_plan(protocol=with_taper(registered_protocol(), anchor=RANDOMIZATION), taper=TAPER)

    assert plan.participant.taper_starts == date(2026, 3, 16)


def test_staff_are_told_of_a_taper_before_all_else() -> None:
    first, *_ = a_plan(taper=a_taper((1, "26")), site=example_site("miami")).staff.notices

    assert isinstance(first, TaperStartsHigh)


def test_the_coordinator_s_task_asks_for_infusion_2_only_until_it_was_given() -> None:
    reminder = "Check first that the infusion it counts from was given."
    given = a_plan(as_of=IN_JUNE, infusion2_given=date(2026, 6, 3))

    before, after = (
        unfolded(render_files(plan, ["ics"], lang="en", staff_lang="en")["coordinator.ics"])
        for plan in (a_plan(), given)
    )

    assert before.count(reminder) == 2  # the event and the task
    assert reminder not in after
    assert "the actual day of Month 3 counts\\, Wed 3 June" in after


def test_day_0_may_be_the_day_of_randomization() -> None:
    assert a_plan(day0=date(2026, 3, 2)).staff.day0 == date(2026, 3, 2)


def test_where_no_day_fits_day_0_there_is_none() -> None:
    plan = a_plan(site=a_site(closures=[closed(date(2026, 3, 2), date(2026, 3, 16))]))

    assert plan.staff.day0 is None
    assert not plan.is_complete


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        (["ics", "html", "csv", "json"],
         ["participant.ics", "coordinator.ics", "packet.html", "worksheets.html", "schedule.csv", "schedule.json"]),
        (["json", "ics"], ["participant.ics", "coordinator.ics", "schedule.json"]),
        (["csv"], ["schedule.csv"]),
        ([], []),
    ],
)  # fmt: skip
def test_only_the_files_asked_for_are_made_and_the_json_comes_last(kinds: list[str], names: list[str]) -> None:
    assert list(render_files(a_plan(), kinds, lang="en", staff_lang="en")) == names


def test_participant_and_staff_have_each_their_language() -> None:
    files = render_files(a_plan(site=example_site("miami")), ["ics", "html", "json"], lang="es", staff_lang="en")

    assert "Visita del estudio (por confirmar)" in unfolded(files["participant.ics"])
    assert "M3 (to be confirmed)" in unfolded(files["coordinator.ics"])
    assert '<html lang="es-US">' in files["packet.html"].decode()
    assert '"name": "Month 3"' in files["schedule.json"].decode()


def unfolded(calendar: bytes) -> str:
    return calendar.decode().replace("\r\n ", "")


def test_the_same_plan_renders_to_the_same_bytes() -> None:
    def render() -> dict[str, bytes]:
        plan = a_plan(site=example_site("gainesville"), booked=True)
        return render_files(plan, ["ics", "html", "csv", "json"], lang="es", staff_lang="en")

    assert render() == render()


def test_files_are_written_whole_in_place_of_older_ones(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "P-001"
    write_outputs(in_folder(folder, {"a": b"old", "b": b"kept"}))

    write_outputs(in_folder(folder, {"a": b"new", "c": b"\x00\r\n"}))

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a": b"new", "b": b"kept", "c": b"\x00\r\n"}
    assert mode(folder / "a") == 0o644


def test_private_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    write_outputs(in_folder(tmp_path, {"a": b"1"}, mode=PRIVATE))

    assert mode(tmp_path / "a") == 0o600


@pytest.mark.parametrize("blocked", ["", "P-001", "P-001/b/x"])
def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left_over(tmp_path: Path, blocked: str) -> None:
    out = tmp_path / "out"
    obstacle = out / blocked
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    obstacle.touch()

    with pytest.raises(StoreUnavailable) as told:
        write_outputs(in_folder(out / "P-001", {"a": b"1", "b": b"2"}))

    assert str(out / "P-001") in str(told.value)
    assert "choose another folder" in str(told.value)
    assert list(tmp_path.rglob("*.part")) == []


def test_either_all_files_are_replaced_or_none(tmp_path: Path) -> None:
    write_outputs(in_folder(tmp_path / "one", {"a": b"old"}))
    (tmp_path / "two" / "b").mkdir(parents=True)

    with pytest.raises(StoreUnavailable, match="b is a folder there"):
        write_outputs([*in_folder(tmp_path / "one", {"a": b"new"}), *in_folder(tmp_path / "two", {"b": b"new"})])

    assert (tmp_path / "one" / "a").read_bytes() == b"old"
    assert list(tmp_path.rglob("*.part")) == []


def test_our_files_of_an_earlier_run_are_named_and_others_are_not(tmp_path: Path) -> None:
    write_outputs(in_folder(tmp_path, {"packet.pdf": b"", "schedule.json": b"", "mine.txt": b""}))

    assert left_from_before(tmp_path, in_folder(tmp_path, {"schedule.json": b""})) == ["packet.pdf"]


def write_feed(folder: Path, plan: Plan, name: str) -> Path:
    return write_with_feed(plan, lambda _: [], folder, base=None, lang="en", new_name=name)[0]


def test_the_packet_knows_the_link_of_its_feed(tmp_path: Path) -> None:
    _, plan = write_with_feed(a_plan(), lambda _: [], tmp_path, base="https://a.example/f/", lang="en", new_name=NAME)

    assert plan.participant.link == f"https://a.example/f/{NAME}"


def test_a_feed_keeps_its_name_and_is_refreshed(tmp_path: Path) -> None:
    first = write_feed(tmp_path / "feeds", a_plan(), NAME)
    before = first.read_bytes()

    second = write_feed(tmp_path / "feeds", a_plan(day0=date(2026, 3, 9)), "dz_other.ics")

    assert (first.name, second) == (NAME, first)
    assert second.read_bytes() != before
    assert second.read_bytes() == participant_ics(a_plan(day0=date(2026, 3, 9)))
    assert sorted(path.name for path in first.parent.iterdir()) == [FEED_INDEX, NAME]


def participant_ics(plan: Plan) -> bytes:
    return render_files(plan, ["ics"], lang="en", staff_lang="en")["participant.ics"]


def test_each_participant_of_each_study_has_a_feed_of_their_own(tmp_path: Path) -> None:
    plans = [
        a_plan(),
        a_plan(participant=ParticipantId("P-002")),
        a_plan(protocol=other_protocol(), steroids=None),
    ]

    feeds = [write_feed(tmp_path, plan, f"dz_{n}.ics") for n, plan in enumerate(plans)]

    assert [feed.name for feed in feeds] == ["dz_0.ics", "dz_1.ics", "dz_2.ics"]
    assert json.loads((tmp_path / FEED_INDEX).read_text()) == {
        "RES001-DMPM-02/P-001": "dz_0.ics",
        "RES001-DMPM-02/P-002": "dz_1.ics",
        "TEST-PARALLEL-1/P-001": "dz_2.ics",
    }


def test_the_index_of_feeds_is_private_and_the_feed_is_not(tmp_path: Path) -> None:
    feed = write_feed(tmp_path, a_plan(), NAME)

    assert mode(tmp_path / FEED_INDEX) == 0o600
    assert mode(feed) == 0o644


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"a": 1}', b"\xff\xfe", b"null"])
def test_a_damaged_index_is_told_and_kept(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FEED_INDEX).write_bytes(damage)

    with pytest.raises(InvalidInput, match=re.escape(FEED_INDEX) + ".*damaged; restore it from a backup"):
        write_feed(tmp_path, a_plan(), NAME)

    assert [path.name for path in tmp_path.iterdir()] == [FEED_INDEX]
    assert (tmp_path / FEED_INDEX).read_bytes() == damage


def test_a_feed_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "feeds").touch()

    with pytest.raises(StoreUnavailable, match="feeds: cannot be written"):
        write_feed(tmp_path / "feeds", a_plan(), NAME)


def test_a_second_run_waits_for_the_first_to_give_the_feed_its_name(tmp_path: Path) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    second = Thread(target=write_feed, args=(tmp_path, a_plan(), NAME))

    second.start()
    second.join(timeout=0.3)
    waited = second.is_alive() and not (tmp_path / NAME).exists()
    os.close(held)
    second.join()

    assert waited
    assert (tmp_path / NAME).exists()


def test_files_have_the_mode_of_the_user_s_umask_and_a_feed_is_for_all(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_outputs(in_folder(tmp_path / "out", {"a": b""}))
        feed = write_feed(tmp_path / "feeds", a_plan(), NAME)
    finally:
        os.umask(before)

    assert (mode(tmp_path / "out" / "a"), mode(feed)) == (0o640, 0o644)
