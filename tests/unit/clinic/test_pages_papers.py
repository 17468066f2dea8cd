"""Papers from the pages: what is printed, in which language, and what changed since a day."""

from pathlib import Path

import pytest
from clinics import with_participant
from website import Website, text_of, website

from clinic.access.roles import Role

PAPER = "/participants/P-001/paper?as=html&"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    made = with_participant(tmp_path, monkeypatch)
    made.must("book P-001 M1 2026-04-01")
    made.must("move P-001 M1 2026-04-02 --reason storm", on="2026-03-20")
    return website(made, monkeypatch)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("sheet=packet&lang=en", "Your visits in one picture"),
        ("sheet=packet&lang=es", "Paquete de visitas, participante P-001"),
        ("sheet=visit&visit=M1&lang=en", "April 2, 2026"),
        ("sheet=worksheets&visit=M1", "M1"),
        ("sheet=binder", "P-001"),
    ],
)
def test_paper_is_printed(asked: str, said: str, site: Website) -> None:
    answer = site.sign_in(Role.MONITOR, "gainesville").get(PAPER + asked)

    assert answer.status_code == 200
    assert said in text_of(answer).replace("\N{NO-BREAK SPACE}", " ")


def test_paper_is_a_pdf(site: Website) -> None:
    answer = site.sign_in(Role.COORDINATOR, "gainesville").get("/participants/P-001/paper?sheet=visit&visit=M1")

    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'inline; filename="visit-M1-P-001.pdf"'
    assert answer.content.startswith(b"%PDF-")


def test_page_may_use_its_own_style_and_nothing_else(site: Website) -> None:
    from base64 import b64encode
    from hashlib import sha256
    from re import DOTALL, findall

    answer = site.sign_in(Role.COORDINATOR, "gainesville").get(PAPER + "sheet=packet")
    policy = answer["Content-Security-Policy"]

    styles = findall(r"<style>(.*?)</style>", answer.content.decode(), DOTALL)
    assert styles
    for one in styles:
        assert f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in answer.content.decode()


def test_change_sheet_tells_what_changed_since_the_end_of_a_day(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")

    changed = browser.get(PAPER + "sheet=changes&since=2026-03-02&lang=en")
    same = browser.get(PAPER + "sheet=changes&since=2026-03-20&lang=en")
    before = browser.get(PAPER + "sheet=changes&since=2026-03-01&lang=en")
    ahead = browser.get(PAPER + "sheet=changes&since=2027-11-01&lang=en")

    assert "Wed, Apr 1, 2026" in text_of(changed)
    assert "Thu, Apr 2, 2026" in text_of(changed)
    assert (changed.status_code, same.status_code, before.status_code) == (200, 422, 422)
    assert "nothing has changed since 2026-03-20" in text_of(same)
    assert "nobody was enrolled as P-001 on 2026-03-01" in text_of(before)
    assert "2027-11-01 is in the future" in text_of(ahead)


def test_after_a_death_there_is_no_packet(site: Website) -> None:
    site.clinic.must("died P-001 2026-03-20 --reason x")

    answer = site.sign_in(Role.COORDINATOR, "gainesville", lang="es").get(PAPER + "sheet=packet")

    assert answer.status_code == 422
    assert "ya no hay papeles para este participante" in text_of(answer)


@pytest.mark.parametrize("asked", ["sheet=visit", "sheet=visit&visit=M99", "sheet=x", "sheet=changes&since=soon"])
def test_what_cannot_be_printed_is_asked_again(asked: str, site: Website) -> None:
    assert site.sign_in(Role.COORDINATOR, "gainesville").get(PAPER + asked).status_code == 422


def test_history_tells_the_newest_first(site: Website) -> None:
    said = text_of(site.sign_in(Role.MONITOR, "gainesville").get("/participants/P-001/history"))

    assert "2026-03-20 13:00" in said
    assert said.index("moved: M1") < said.index("booked: M1") < said.index("enrolled")
    assert "storm" in said


def test_a_server_s_process_that_has_printed_can_end() -> None:
    from multiprocessing import get_context

    from clinic.pages.press import press

    server = get_context("spawn").Process(target=press, args=("<!doctype html><html lang='en'><p>A page</p></html>",))
    server.start()
    server.join(60)
    ended = server.exitcode
    server.kill()

    assert ended == 0
