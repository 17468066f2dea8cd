"""Today, week, month, participants and the pharmacy's page: what they show, to whom, and who has heard of what."""

from pathlib import Path

import pytest
from clinics import Clinic, opened
from website import Website, text_of, website

from clinic.access.roles import Role

STORY = """
2026-03-02 clinic init --site gainesville --site miami
2026-03-02 enroll P-001 --site gainesville --randomized 2026-03-02 --steroids --day0 2026-03-02
2026-03-02 enroll P-002 --site gainesville --randomized 2026-02-16 --no-steroids --day0 2026-02-16
2026-03-02 enroll M-001 --site miami --randomized 2026-03-02 --steroids --day0 2026-03-02
2026-03-04 book P-001 M1 2026-04-02 09:30
2026-03-04 book P-001 M2 2026-05-01 09:00
2026-03-04 book M-001 M1 2026-04-02 10:00
2026-03-04 hold M-001 --reason fever
2026-04-02 clinic close gainesville 2026-04-10 --reason hurricane
"""
_lived: list[bytes] = []


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    clinic = Clinic(folder=tmp_path, patch=monkeypatch, today="2026-04-02")
    if not _lived:
        for line in STORY.strip().splitlines():
            day, command = line.split(" ", 1)
            clinic.must(command, on=day)
        _lived.append(clinic.db.read_bytes())
    clinic.db.write_bytes(_lived[0])
    return website(clinic, monkeypatch)


def test_today_says_who_comes_what_is_late_and_who_must_hear(site: Website) -> None:
    page = site.sign_in(Role.COORDINATOR, "gainesville").get("/today")
    said = text_of(page)

    assert "Today Thu 2 April 2026" in said
    assert "09:30-12:00 P-001 M1 Month 1 booked Thu 2026-04-09 7 days of slack left" in said
    assert "To tell 2 P-001 : M1, M2 for the participant" in said
    assert "Overdue 1 P-002 : M1 10 days late; call the participant" in said
    assert '<a href="/participants/P-001">P-001</a>' in page.content.decode()


def test_week_says_where_it_is_closed_and_begins_on_the_day_that_is_named(site: Website) -> None:
    said = text_of(site.sign_in(Role.COORDINATOR, "gainesville").get("/week?from=2026-04-10"))

    assert (
        "Fri 10 April 2026 the clinic is closed (hurricane) Sat 11 April 2026 the clinic is closed on Saturdays" in said
    )
    assert "Thu 16 April 2026" in said
    assert "P-002 M2 Month 2 planned" in said
    assert "Fri 17 April 2026" not in said


@pytest.mark.parametrize("query", ["from=2026-13-01", "from=tomorrow", "from=%00"])
def test_a_day_that_is_none_is_told_and_no_bug(site: Website, query: str) -> None:
    assert site.sign_in(Role.COORDINATOR, "gainesville").get(f"/week?{query}").status_code == 422


def test_month_has_its_days_closures_and_visits(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    said = text_of(browser.get("/month?month=2026-05"))

    assert "May 2026" in said
    assert "Fri 1 09:00 P-001 M2 booked" in said
    assert "Mon 25 the clinic is closed for a holiday (Memorial Day)" in said
    assert "Fri 10 the clinic is closed (hurricane)" in text_of(browser.get("/month"))
    assert browser.get("/month?month=2026-5").status_code == 422


def test_month_has_special_openings(site: Website) -> None:
    site.clinic.must("clinic open gainesville 2026-05-25 --hours 08:00-12:00 --reason 'after the storm'")
    said = text_of(site.sign_in(Role.COORDINATOR, "gainesville").get("/month?month=2026-05"))
    assert "Mon 25 open 08:00-12:00 (after the storm)" in said
    assert "Memorial Day" not in said


@pytest.mark.parametrize(
    ("day", "query", "codes"),
    [
        ("2026-04-02", "", ["M-001", "P-001", "P-002"]),
        ("2026-04-02", "code=p-00", ["P-001", "P-002"]),
        ("2026-04-02", "code=%25", []),
        ("2026-04-02", "site=miami", ["M-001"]),
        ("2026-04-02", "only=overdue", ["P-002"]),
        ("2026-04-02", "only=due", ["M-001", "P-001", "P-002"]),
        ("2026-04-02", "only=due&site=miami", ["M-001"]),
        ("2026-04-02", "only=deviation", []),
        ("2026-04-02", "only=held", ["M-001"]),
        ("2026-06-15", "only=tapering", []),
        ("2026-06-16", "only=tapering", ["P-001"]),
    ],
)
def test_participants_are_looked_for(site: Website, day: str, query: str, codes: list[str]) -> None:
    site.clinic.today = day
    said = text_of(site.sign_in(Role.ADMINISTRATOR).get(f"/participants?{query}"))

    assert [code for code in ("M-001", "P-001", "P-002") if code in said] == codes


def test_list_of_participants_says_what_is_open(site: Website) -> None:
    said = text_of(site.sign_in(Role.ADMINISTRATOR).get("/participants"))

    assert "P-001 gainesville takes part Thu 2026-04-02 M1 to tell: 2" in said
    assert "P-002 gainesville takes part Thu 2026-04-16 M2 overdue: 1" in said
    assert "M-001 miami takes part Thu 2026-04-02 M1 to tell: 12 on hold" in said


NAMES = ("agenda", "due", "overdue", "tell", "list")
LISTS = [
    "today", "week", "month", "participants", "infusions", "sites", "audit", "audit?as=jsonl",
    *(f"reports?list={name}&as={kind}" for name in NAMES for kind in ("", "csv")),
]  # fmt: skip


@pytest.mark.parametrize("page", LISTS)
def test_nothing_of_another_site_is_seen(site: Website, page: str) -> None:
    answer = site.sign_in(Role.COORDINATOR, "gainesville").get(f"/{page}")
    body = b"".join(answer) if answer.streaming else answer.content

    assert answer.status_code == 200
    assert b"M-001" not in body
    assert b"miami" not in body
    everything = site.sign_in(Role.ADMINISTRATOR).get(f"/{page}")
    whole = b"".join(everything) if everything.streaming else everything.content
    assert b"M-001" in whole or b"miami" in whole or page in ("reports?list=overdue&as=csv",)


OTHERS = ["today?site=miami", "week?site=miami", "month?site=miami", "participants?site=miami", "reports?site=miami",
          "infusions?site=miami", "sites/miami", "reports/offline/miami", "tell/M-001", "infusions/M-001"]  # fmt: skip


@pytest.mark.parametrize("page", OTHERS)
def test_what_is_of_another_site_is_told_like_what_does_not_exist(site: Website, page: str) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    answer, nowhere = (
        browser.get(f"/{page}"),
        browser.get("/" + page.replace("M-001", "Q-999").replace("miami", "nowhr")),
    )

    assert (answer.status_code, nowhere.status_code) == (404, 404)
    told, unknown = text_of(answer), text_of(nowhere)
    assert told.replace("M-001", "Q-999").replace("miami", "nowhr") == unknown


def test_what_was_told_is_the_record_of_the_command(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville", name="jd")
    form = {"who": "participant", "how": "by phone", "seen": str(len(site.clinic.of()))}

    answer = browser.post("/tell/P-001?to=participant&back=week", form)

    assert (answer.status_code, answer["Location"]) == (302, "/week")
    told = site.clinic.of()[-1]
    assert (told.kind, told.actor, told.role, told.account) == ("told", "jd", "coordinator", "signed-in")
    assert dict(told.body) == {
        "audience": "participant", "codes": ["M1", "M2"], "who": "participant", "how": "by phone", "pages": ""
    }  # fmt: skip
    assert "Everybody has heard of everything." in text_of(browser.get("/today"))
    site.clinic.check_lists()


def test_nothing_is_told_where_somebody_was_faster_or_words_are_missing(site: Website) -> None:
    browser, count = site.sign_in(Role.COORDINATOR, "gainesville"), site.clinic.count()

    old = browser.post("/tell/P-001?to=participant", {"who": "MK", "how": "by phone", "seen": "3"})
    empty = browser.post("/tell/P-001?to=participant", {"who": "MK", "how": " ", "seen": str(len(site.clinic.of()))})

    assert (old.status_code, empty.status_code) == (409, 422)
    assert "something was recorded since you opened this page" in text_of(old)
    assert 'value="MK"' in old.content.decode()
    assert "how: is empty; write why" in text_of(empty)
    assert site.clinic.count() == count


def test_pharmacy_sees_infusions_only_and_acknowledges(site: Website) -> None:
    pharmacy = site.sign_in(Role.PHARMACY, "miami", name="rx")
    said = text_of(pharmacy.get("/infusions"))
    of_one = text_of(pharmacy.get("/infusions/M-001"))

    assert "M-001 M3 on hold no day now" in said
    assert "M1" not in said.replace("M10", "").replace("M13", "")
    assert "fever" not in said + of_one
    answer = pharmacy.post("/infusions/M-001", {"who": "rx", "how": "here", "seen": str(len(site.clinic.of("M-001")))})
    assert (answer.status_code, answer["Location"]) == (302, "/infusions")
    told = site.clinic.of("M-001")[-1]
    assert (told.kind, told.body["audience"], told.role) == ("told", "pharmacy", "pharmacy")
    assert told.body["codes"] == ["M3", "M6", "M7", "M10", "M13"]
    for page in ("today", "participants", "tell/M-001", "reports", "sites", "audit"):
        assert pharmacy.get(f"/{page}").status_code == 403


def test_infusions_to_come_are_listed(site: Website) -> None:
    said = text_of(site.sign_in(Role.MONITOR, "gainesville").get("/infusions?from=2026-05-30"))

    assert "Tue 2026-06-02 P-001 M3 planned" in said
    assert site.sign_in(Role.MONITOR, "gainesville").post("/infusions/P-001", {}).status_code == 403


def test_a_day_that_has_passed_is_to_be_recorded_until_it_is_overdue(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    assert "To record" not in text_of(browser.get("/today"))

    site.clinic.today = "2026-04-03"
    assert "To record 1 P-001 : M1 its day was Thu 2026-04-02" in text_of(browser.get("/today"))
    assert "M1 : its day was Thu 2026-04-02: record what happened" in text_of(browser.get("/participants/P-001"))

    site.clinic.today = "2026-04-10"
    assert "To record" not in text_of(browser.get("/today"))
    assert "record what happened" not in text_of(browser.get("/participants/P-001"))

    site.clinic.today = "2026-04-03"
    site.clinic.must("done P-001 M1 2026-04-02", on="2026-04-03")
    assert "To record" not in text_of(browser.get("/today"))
    assert "record what happened" not in text_of(browser.get("/participants/P-001"))


@pytest.mark.parametrize("page", ["/today", "/participants"])
def test_an_empty_clinic_leads_to_the_first_participant(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = website(opened(tmp_path, monkeypatch), monkeypatch)
    answer = site.sign_in(Role.COORDINATOR, "gainesville").get(page)

    assert "Nobody is enrolled yet." in text_of(answer)
    assert answer.content.decode().count('href="/enroll"') == 1
    reads = site.sign_in(Role.MONITOR, "gainesville", name="reads").get(page)
    assert "Nobody is enrolled yet." in text_of(reads)
    assert "/enroll" not in reads.content.decode()
