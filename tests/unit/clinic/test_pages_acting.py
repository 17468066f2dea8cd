"""Every form of a participant and of a visit: what it records is what the command line records for the same words."""

from pathlib import Path
from typing import Any

import pytest
from clinics import Clinic, opened, with_participant
from website import Website, text_of, website

from clinic.access.roles import Role


def _served(tmp_path: Path, patch: pytest.MonkeyPatch, *lines: str) -> Website:
    made = with_participant(tmp_path, patch)
    for line in lines:
        day, _, words = line.partition(": ")
        made.must(words, on=day)
    return website(made, patch)


def _seen(page: Any) -> str:
    from re import search

    found = search(r'name="seen" value="(\d+)"', page.content.decode())
    assert found
    return found[1]


def _previewed(page: Any) -> str:
    from re import search

    found = search(r'name="previewed" value="([0-9a-f]*)"', page.content.decode())
    assert found
    return found[1]


def _record(browser: Any, path: str, typed: dict[str, Any]) -> Any:
    """Fill in the form, look at what follows, and record it."""
    seen = {"seen": _seen(browser.get(path))}
    looked = browser.post(path, typed | seen | {"step": "look"})
    assert looked.status_code == 200, text_of(looked)
    return browser.post(path, typed | seen | {"step": "record", "previewed": _previewed(looked)})


def _recorded(clinic: Clinic) -> list[tuple[str, int, Any, str]]:
    return [(one.kind, one.version, one.body, one.reason) for one in clinic.of()]


BOOKED = "2026-03-02: book P-001 M1 2026-04-01"
Twin = tuple[list[str], str, dict[str, Any], str]
TWINS: list[Twin] = [
    ([], "visits/M1/book", {"day": "2026-04-01"}, "book P-001 M1 2026-04-01"),
    ([], "visits/M1/book", {"day": "2026-04-01", "at": "09:30"}, "book P-001 M1 2026-04-01 09:30"),
    ([], "visits/M1/book", {"day": "2026-04-20", "deviation": "no other day"},
                 "book P-001 M1 2026-04-20 --deviation 'no other day'"),
    ([BOOKED], "visits/M1/move", {"day": "2026-04-02", "reason": "storm"},
                 "move P-001 M1 2026-04-02 --reason storm"),
    ([BOOKED], "visits/M1/confirm", {}, "confirm P-001 M1"),
    ([BOOKED, "2026-04-01: told P-001 M1 --to participant --who JD --how phone"], "visits/M1/done",
                 {"day": "2026-04-01", "where": "remote"}, "done P-001 M1 2026-04-01 --remote"),
    (["2026-06-02: miss P-001 M1 --reason x", "2026-06-02: miss P-001 M2 --reason x"], "visits/M3/done",
                 {"day": "2026-06-02", "given": "no"}, "done P-001 M3 2026-06-02 --given no"),
    (["2026-06-02: miss P-001 M2 --reason x"], "visits/M1/miss", {"reason": "no answer"},
                 "miss P-001 M1 --reason 'no answer'"),
    ([], "visits/M19/cancel", {"reason": "moved abroad"}, "cancel P-001 M19 --reason 'moved abroad'"),
    ([], "visits/M1/attempt", {"note": "left a message"}, "attempt P-001 M1 --note 'left a message'"),
    ([BOOKED], "visits/M1/told", {"to": "participant", "who": "JD", "how": "phone", "pages": "M1-1 abc"},
                 "told P-001 M1 --to participant --who JD --how phone --page 'M1-1 abc'"),
    (["2026-04-01: miss P-001 M1 --reason x"], "visits/M1/correct", {"status": "planned", "reason": "y"},
                 "correct P-001 M1 --status planned --reason y"),
    ([], "visits/D0/correct", {"given": "partial", "where": "other-site", "reason": "y"},
                 "correct P-001 D0 --given partial --other-site --reason y"),
    ([BOOKED], "told", {"to": "participant", "who": "JD", "how": "phone"},
                 "told P-001 --to participant --who JD --how phone"),
    ([], "unscheduled", {"day": "2026-03-20", "at": "10:00", "kind": "virtual", "reason": "rash"},
                 "unscheduled P-001 2026-03-20 10:00 --kind virtual --reason rash"),
    ([], "away", {"first": "2026-07-01", "last": "2026-07-14"}, "away P-001 2026-07-01..2026-07-14"),
    ([], "away", {"first": "2026-07-01"}, "away P-001 2026-07-01"),
    (["2026-03-02: away P-001 2026-07-01..2026-07-14"], "not-away",
                 {"first": "2026-07-01", "last": "2026-07-14"}, "away P-001 2026-07-01..2026-07-14 --remove"),
    ([], "prefer", {"weekdays": ["monday", "wednesday"], "not_before": "10:00"},
                 "prefer P-001 --weekdays wed,mon --not-before 10:00"),
    (["2026-03-02: prefer P-001 --weekdays fri --not-after 12:00"], "prefer", {}, "prefer P-001 --remove"),
    ([], "taper-hold", {"reason": "flare"}, "taper hold P-001 --reason flare"),
    (["2026-03-02: taper hold P-001 --reason flare"], "taper-resume", {"reason": "study doctor agrees"},
                 "taper resume P-001 --reason 'study doctor agrees'"),
    ([], "taper-plan", {"plan": "from,dose_mg,instruction_en,instruction_es\n1,3,a,b\n8,2,c,d\n"},
                 "taper plan P-001 plan.csv"),
    ([], "hold", {"reason": "pump"}, "hold P-001 --reason pump"),
    (["2026-03-02: hold P-001 --reason pump"], "resume", {"reason": "mended"},
                 "resume P-001 --reason mended"),
    ([], "stop-infusions", {"reason": "study doctor"}, "stop-infusions P-001 --reason 'study doctor'"),
    ([], "correct", {"randomized": "2026-03-01", "steroids": "no", "lang": "es", "reason": "form"},
                 "correct P-001 --randomized 2026-03-01 --no-steroids --lang es --reason form"),
    ([], "withdraw", {"day": "2026-03-02", "reason": "x"},
                 "withdraw P-001 2026-03-02 --reason x"),
    ([], "terminate", {"day": "2026-03-02", "reason": "x"}, "terminate P-001 2026-03-02 --reason x"),
    ([], "died", {"day": "2026-03-02", "reason": "x"}, "died P-001 2026-03-02 --reason x"),
    (["2026-03-02: withdraw P-001 2026-03-02 --reason x", "2026-03-02: hold --study --reason pump"],
                 "reinstate", {"reason": "wrong participant"}, "reinstate P-001 --reason 'wrong participant'"),
]  # fmt: skip


@pytest.mark.parametrize("twin", TWINS, ids=[line for *_, line in TWINS])
def test_form_records_what_the_command_line_records(
    twin: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, path, typed, line = twin
    (tmp_path / "pages").mkdir()
    (tmp_path / "line").mkdir()
    typed_in = with_participant(tmp_path / "line", monkeypatch)
    for one in before:
        typed_in.must(one.partition(": ")[2], on=one.partition(": ")[0])
    (tmp_path / "line" / "plan.csv").write_text(typed.get("plan", ""))
    typed_in.must(line)
    site = _served(tmp_path / "pages", monkeypatch, *before)
    count = site.clinic.count()

    answer = _record(site.sign_in(Role.COORDINATOR, "gainesville"), f"/participants/P-001/{path}", typed)

    assert answer.status_code == 302, text_of(answer)
    assert answer["Location"] == f"/participants/P-001?recorded={count + 1}"
    assert _recorded(site.clinic) == _recorded(typed_in)
    assert {(one.actor, one.role, one.account) for one in site.clinic.of()[-1:]} == {
        ("coordinator", "coordinator", "signed-in")
    }
    site.clinic.check_lists()


def test_every_action_has_a_twin() -> None:
    from clinic.pages.actions import OF_PARTICIPANT, OF_VISIT

    tried = {path for _, path, _, _ in TWINS}
    forms = {one.name for one in OF_PARTICIPANT} | {f"visits/{one.name}" for one in OF_VISIT}

    assert forms == {f"visits/{path.split('/')[2]}" if "/" in path else path for path in tried}


@pytest.mark.parametrize(
    ("path", "typed", "line"),
    [
        ("visits/M1/book", {"day": "2026-04-20"}, "book P-001 M1 2026-04-20"),
        ("visits/M1/book", {"day": "2026-04-04"}, "book P-001 M1 2026-04-04"),
        ("visits/M1/book", {"day": "2026-04-01", "deviation": "why"}, "book P-001 M1 2026-04-01 --deviation why"),
        ("visits/M1/confirm", {}, "confirm P-001 M1"),
        ("visits/M3/done", {"day": "2026-03-02"}, "done P-001 M3 2026-03-02"),
        ("visits/D0/cancel", {"reason": "x"}, "cancel P-001 D0 --reason x"),
        ("taper-resume", {"reason": "x"}, "taper resume P-001 --reason x"),
        ("taper-plan", {"plan": "from,dose\n1,2\n"}, "taper plan P-001 plan.csv"),
        ("withdraw", {"day": "2026-04-02", "reason": "x"}, "withdraw P-001 2026-04-02 --reason x"),
    ],
)
def test_form_refuses_for_the_reason_of_the_command_line(
    path: str, typed: dict[str, str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = _served(tmp_path, monkeypatch)
    (tmp_path / "plan.csv").write_text(typed.get("plan", ""))
    refused = site.clinic.run(line)
    assert refused.code != 0
    page = f"/participants/P-001/{path}"
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    count = site.clinic.count()

    answer = browser.post(page, typed | {"seen": _seen(browser.get(page)), "step": "look"})

    assert answer.status_code == 422
    said = [one.removeprefix("dayzero: ") for one in refused.err.splitlines() if one.startswith("dayzero: ")]
    said = [one.removeprefix("DATE: ").removeprefix("--deviation: ") for one in said]
    assert said
    page = text_of(answer)
    for one in said:
        assert one.split("; ")[0] in page, "what is wrong is said in the same words"
    assert "--" not in page, "what to do about it is a button, not an option"
    assert "dayzero " not in page.partition("Sign out")[2].partition("dayzero computes dates")[0]
    for name, value in typed.items():
        assert f'name="{name}"' in answer.content.decode(), name
        assert value.split(",")[0] in answer.content.decode()
    assert site.clinic.count() == count


def test_deviation_is_asked_for_only_where_one_would_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = _served(tmp_path, monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    page = "/participants/P-001/visits/M1/book"

    seen = _seen(browser.get(page))
    asks = [
        'name="deviation"' in browser.post(page, {"day": day, "seen": seen, "step": "look"}).content.decode()
        for day in ("2026-04-01", "2026-04-20", "2026-02-02")
    ]

    assert asks == [False, True, False]


def test_nothing_is_recorded_that_was_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = _served(tmp_path, monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    page = "/participants/P-001/visits/M1/book"
    seen, count = _seen(browser.get(page)), site.clinic.count()
    looked = browser.post(page, {"day": "2026-04-01", "seen": seen, "step": "look"})
    previewed = _previewed(looked)
    assert len(previewed) == 64

    other_day = browser.post(page, {"day": "2026-04-02", "seen": seen, "step": "record", "previewed": previewed})
    not_looked = browser.post(page, {"day": "2026-04-01", "seen": seen, "step": "record", "previewed": ""})

    assert "Thu 2026-04-02" in text_of(other_day)
    assert (other_day.status_code, not_looked.status_code, site.clinic.count()) == (200, 200, count)


def test_who_was_slower_is_told_what_changed_and_by_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = _served(tmp_path, monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "gainesville", name="kl")
    page = "/participants/P-001/visits/M1/book"
    seen = _seen(browser.get(page))
    looked = browser.post(page, {"day": "2026-04-01", "at": "10:30", "seen": seen, "step": "look"})
    site.clinic.must("book P-001 M1 2026-04-02")
    count = site.clinic.count()

    answer = browser.post(
        page, {"day": "2026-04-01", "at": "10:30", "seen": seen, "step": "record", "previewed": _previewed(looked)}
    )

    assert answer.status_code == 409
    assert "Somebody else was faster" in text_of(answer)
    assert "JD recorded" in text_of(answer)
    assert 'value="10:30"' in answer.content.decode()
    assert _seen(answer) == str(int(seen) + 1)
    assert site.clinic.count() == count


def test_another_site_s_participant_is_told_like_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = _served(tmp_path, monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "miami", name="mm")
    paths = ("", "/history", "/print", "/paper?sheet=packet", "/links", "/away", "/visits/M1/book")

    theirs = [browser.get(f"/participants/P-001{path}") for path in paths]
    nobody = [browser.get(f"/participants/P-009{path}") for path in paths]

    assert [one.status_code for one in theirs] == [404] * len(paths)
    assert [text_of(one).replace("P-001", "") for one in theirs] == [
        text_of(one).replace("P-009", "") for one in nobody
    ]


def test_days_that_are_open_are_offered_the_best_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = _served(tmp_path, monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    page = "/participants/P-001/visits/M1/book"
    shown = browser.get(page)
    said = site.clinic.must("book P-001 M1").out

    assert "Wed 2026-04-01" in said
    for line in said.splitlines():
        _, _, rest = line.partition(". ")
        assert rest.partition(": ")[2] in text_of(shown)
    assert "Window: Thu 2026-03-26 to Thu 2026-04-09. Target: Thu 2026-04-02." in text_of(shown)
    assert "13 more days are open" in text_of(shown)
    picked = browser.post(page, {"pick": "2026-04-02", "seen": _seen(shown)})
    assert "-> Thu 2026-04-02" in text_of(picked)


def test_enrolling_records_what_the_command_line_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "line").mkdir()
    typed_in = opened(tmp_path / "line", monkeypatch)
    typed_in.must("enroll P-002 --site miami --randomized 2026-03-02 --no-steroids --day0 2026-03-02 --lang es")
    site = website(opened(tmp_path / "pages", monkeypatch), monkeypatch)
    typed = {"participant": "P-002", "site": "miami", "randomized": "2026-03-02", "steroids": "no",
             "day0": "2026-03-02", "lang": "es"}  # fmt: skip

    answer = _record(site.sign_in(Role.ADMINISTRATOR), "/enroll", typed)

    assert answer.status_code == 302, text_of(answer)
    assert answer["Location"].startswith("/participants/P-002?recorded=")
    assert [(one.subject, one.kind, one.body) for one in site.clinic.records()] == [
        (one.subject, one.kind, one.body) for one in typed_in.records()
    ]


def test_who_forgot_the_site_keeps_what_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = _served(tmp_path, monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "gainesville", "miami")
    typed = {"participant": "P-009", "randomized": "2026-03-02", "steroids": "yes", "lang": "en"}

    page = browser.post("/enroll", {**typed, "seen": "0", "step": "look"})

    assert page.status_code == 422
    assert 'value="P-009"' in page.content.decode()
    assert "choose one" in text_of(page)


def test_coordinator_enrolls_at_their_own_sites_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = website(opened(tmp_path, monkeypatch), monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    typed = {"participant": "P-002", "randomized": "2026-03-02", "steroids": "no", "lang": "es", "seen": "0"}

    asked = [browser.post("/enroll", typed | {"site": one, "step": "look"}).status_code
             for one in ("gainesville", "miami", "/etc/passwd", "")]  # fmt: skip

    assert "Miami" not in text_of(browser.get("/enroll"))
    assert asked == [200, 404, 404, 422]


def test_day_can_be_chosen_before_anything_else_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = _served(tmp_path, monkeypatch, BOOKED)
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    page = "/participants/P-001/visits/M1/move"

    answer = browser.post(page, {"pick": "2026-04-02", "at": "10:30", "seen": _seen(browser.get(page))})

    assert answer.status_code == 200
    assert 'value="2026-04-02"' in answer.content.decode()
    assert 'value="10:30"' in answer.content.decode()
    assert "is empty" not in text_of(answer)


def test_race_that_is_lost_at_the_last_moment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clinic.desk.proposing import record

    site = _served(tmp_path, monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "gainesville", name="kl")
    page = "/participants/P-001/visits/M1/book"
    seen = _seen(browser.get(page))
    looked = browser.post(page, {"day": "2026-04-01", "seen": seen, "step": "look"})

    def slowly(*what: Any) -> Any:
        site.clinic.must("attempt P-001 M1 --note 'left a message'")
        return record(*what)

    monkeypatch.setattr("clinic.pages.forms.record", slowly)
    typed = {"day": "2026-04-01", "seen": seen, "step": "record", "previewed": _previewed(looked)}
    answer = browser.post(page, typed)

    assert answer.status_code == 409
    assert "JD recorded" in text_of(answer)
    assert "left a message" in text_of(answer)
    assert 'value="2026-04-01"' in answer.content.decode()
    assert site.clinic.visit("M1")["status"] == "planned"


def test_refusal_is_in_the_reader_s_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = _served(tmp_path, monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "gainesville", lang="es")
    page = "/participants/P-001/withdraw"

    seen = _seen(browser.get(page))
    refused = browser.post(page, {"day": "2026-04-02", "reason": "x", "seen": seen, "step": "look"})
    mistyped = browser.post(page, {"day": "2026-02-30", "reason": "", "seen": seen, "step": "look"})

    assert "Día: 2026-04-02 está en el futuro" in text_of(refused)
    assert "está vacío" in text_of(mistyped)


def test_plan_of_a_taper_can_be_sent_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    site = _served(tmp_path, monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    page = "/participants/P-001/taper-plan"
    seen = _seen(browser.get(page))

    def send(data: bytes) -> Any:
        return browser.post(page, {"plan_file": SimpleUploadedFile("x.csv", data), "seen": seen, "step": "look"})

    looked = send(b"from,dose_mg,instruction_en,instruction_es\n1,3,a,b\n")
    assert looked.status_code == 200
    assert "1,3,a,b" in looked.content.decode()
    assert "line 1 is not UTF-8" in text_of(send(b"\xff\n"))
    assert "it is larger than 1,000,000 bytes" in text_of(send(b"x" * 1_000_001))
