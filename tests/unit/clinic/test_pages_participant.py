"""The page of one participant: what it says, to whom, and with how many questions to the store."""

from pathlib import Path

import pytest
from clinics import opened, printed, with_participant
from feeds import queries
from website import Website, text_of, website

from clinic.access.roles import Role
from clinic.served import served

HERE = "/participants/P-001"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    made = with_participant(tmp_path, monkeypatch)
    made.must("book P-001 M1 2026-04-01")
    made.must("hold P-001 --reason pump", on="2026-04-20")
    return website(made, monkeypatch)


def test_page_says_where_they_stand_and_what_is_to_be_done(site: Website) -> None:
    said = text_of(site.sign_in(Role.MONITOR, "gainesville").get(HERE))

    assert "takes part" in said
    assert "Mon 2026-03-02" in said
    assert "infusions on hold for this participant: pump" in said
    assert "M1 : overdue for 11 days" in said
    assert "M3 , M6 , M7 , M10 , M13 : to tell: the participant, the pharmacy" in said
    assert "Next visit M2 , Fri 1 May 2026 (not booked)" in said


def test_page_says_why(site: Website) -> None:
    page = text_of(site.sign_in(Role.MONITOR, "gainesville").get(HERE))

    shown = printed(site.clinic.must("show P-001 --format json"))
    for visit in (one for one in shown["visits"] if one["kind"] != "milestone"):
        for said in visit["because"]:
            assert said in page


def test_who_only_reads_is_offered_nothing_to_change(site: Website) -> None:
    reads = site.sign_in(Role.MONITOR, "gainesville").get(HERE).content.decode()
    changes = site.sign_in(Role.COORDINATOR, "gainesville").get(HERE).content.decode()

    assert "/visits/M1/done" in changes
    assert "/visits/" not in reads
    assert f"{HERE}/withdraw" not in reads


def test_what_was_recorded_is_said_once_it_was(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    group = site.clinic.of()[-1].group

    assert f"Recorded: number {group} in the audit." in text_of(browser.get(f"{HERE}?recorded={group}"))
    for other in ("1", "999999", "x", "-1"):
        assert "Recorded: number" not in text_of(browser.get(f"{HERE}?recorded={other}"))


def test_page_is_light_and_asks_the_store_little(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    browser.get(HERE)

    with queries(served()) as asked:
        answer = browser.get(f"{HERE}?recorded=1")

    assert 3 <= len(asked) <= 12, asked
    assert len(answer.content) < 100_000


def test_visit_without_an_open_day_is_among_what_is_to_be_done(site: Website) -> None:
    site.clinic.must("away P-001 2026-04-24..2026-05-12", on="2026-04-20")

    page = site.sign_in(Role.MONITOR, "gainesville").get(HERE)

    assert "M2 : NO DAY FITS" in text_of(page)
    assert page.content.decode().count(">M2</text>") == 1, "its window has no code in the picture"


def test_first_infusion_has_its_day_once_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = opened(tmp_path, monkeypatch)
    made.must("enroll P-001 --site gainesville --randomized 2026-03-02 --steroids --lang en", on="2026-03-02")
    site = website(made, monkeypatch)
    browser = site.sign_in(Role.COORDINATOR, "gainesville")

    assert "First infusion planned for Mon 2026-03-02" in text_of(browser.get(HERE))
    made.must("done P-001 D0 2026-03-02 --given no", on="2026-03-02")
    assert "First infusion not given" in text_of(browser.get(HERE))
    made.must("correct P-001 D0 --given yes --reason slip", on="2026-03-02")
    assert "First infusion Mon 2026-03-02" in text_of(browser.get(HERE))
