"""Today, week, month, participants, reports and the pharmacy's page: what they show, to whom, and what it costs."""

from datetime import date
from pathlib import Path

import pytest
from clinics import Clinic
from website import Website, text_of, website

from clinic.access.roles import Role

STORY = """
2026-03-02 clinic init --site gainesville --site miami
2026-03-02 enroll P-001 --site gainesville --randomized 2026-03-02 --steroids --day0 2026-03-02
2026-03-02 enroll P-002 --site gainesville --randomized 2026-02-16 --no-steroids --day0 2026-02-16
2026-03-02 enroll M-001 --site miami --randomized 2026-03-02 --steroids --day0 2026-03-02
2026-03-04 book P-001 M1 2026-04-02 09:30
2026-03-04 book M-001 M1 2026-04-02 10:00
2026-03-04 hold M-001 --reason fever
2026-04-02 clinic close gainesville 2026-04-10 --reason hurricane
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    clinic = Clinic(folder=tmp_path, patch=monkeypatch)
    for line in STORY.strip().splitlines():
        day, command = line.split(" ", 1)
        clinic.must(command, on=day)
    return website(clinic, monkeypatch)


PAGES = (
    "today",
    "week",
    "month",
    "participants",
    "reports",
    "reports?list=list",
    "reports?list=tell",
    "infusions",
    "sites",
    "sites/gainesville",
    "sites/miami",
    "audit",
    "tell/P-001",
    "infusions/M-001",
)


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("page", PAGES)
def test_smoke(site: Website, page: str, lang: str) -> None:
    answer = site.sign_in(Role.ADMINISTRATOR, lang=lang).get("/" + page)
    assert answer.status_code == 200, text_of(answer)
    print(len(answer.content), text_of(answer))
