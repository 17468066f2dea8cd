"""Reports and their files, sites with what is looked at before it is recorded, and the audit."""

import hashlib
import json
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders import PROTOCOL_FILE
from clinics import with_participant
from django.core.files.uploadedfile import SimpleUploadedFile
from website import Website, text_of, website
from year_script import amended_protocol

from clinic.access.roles import Role
from clinic.memory.store import open_store
from schedule.files.site import FOLDER


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Website:
    return website(with_participant(tmp_path, monkeypatch), monkeypatch)


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("name", ["agenda", "due", "overdue", "deviations", "tell", "list"])
def test_files_of_lists_are_those_of_the_commands(site: Website, name: str, kind: str) -> None:
    site.clinic.must("book P-001 M1 2026-04-02", on="2026-03-27")
    answer = site.sign_in(Role.MONITOR, "gainesville").get(f"/reports?list={name}&as={kind}")

    assert answer["Content-Disposition"] == f'attachment; filename="{name}.{kind}"'
    printed = site.clinic.must(f"{name} --format {kind}").out
    assert answer.content.decode() == printed
    assert name in ("overdue", "deviations") or "P-001" in printed


def test_a_spreadsheet_and_the_days_of_a_list(site: Website) -> None:
    from io import BytesIO
    from zipfile import ZipFile

    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    sheet = browser.get("/reports?list=due&from=2026-04-01&to=2026-04-02&as=xlsx").content
    said = text_of(browser.get("/reports?list=due&from=2026-04-01&to=2026-04-02"))

    assert "P-001" in ZipFile(BytesIO(sheet)).read("xl/worksheets/sheet1.xml").decode()
    assert "gainesville P-001 M1 clinic planned Thu 2026-04-02 Thu 2026-03-26 Thu 2026-04-09 38" in said
    assert browser.get("/reports?list=due&from=2026-04-02&to=2026-04-01").status_code == 422
    assert browser.get("/reports?list=secrets").status_code == 422


def test_offline_sheet_is_a_page_with_its_own_style_or_a_pdf(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    page, pdf = browser.get("/reports/offline/gainesville?as=html"), browser.get("/reports/offline/gainesville")

    assert page["Content-Security-Policy"].startswith("style-src 'sha256-")
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert page["Cache-Control"] == "no-store"
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


def look(browser: Any, path: str, **form: Any) -> str:
    """Send a form, expect the preview; return what has to be sent to record it."""
    answer = browser.post(path, form)
    assert answer.status_code == 200, text_of(answer)
    mark: str
    (mark,) = [part.split('"')[0] for part in answer.content.decode().split('name="seen" value="')[1:]]
    return mark


def test_days_are_closed_as_they_were_looked_at(site: Website) -> None:
    browser, count = site.sign_in(Role.COORDINATOR, "gainesville", name="jd"), site.clinic.count()
    days = {"do": "close", "first": "2026-04-02", "last": "2026-04-03", "reason": "hurricane"}

    shown = browser.post("/sites/gainesville", days)
    assert "P-001 M1: Thu 2026-04-02 -> Wed 2026-04-01" in text_of(shown)
    assert site.clinic.count() == count
    mark = look(browser, "/sites/gainesville", **days)
    answer = browser.post("/sites/gainesville", days | {"seen": mark})

    assert (answer.status_code, answer["Location"]) == (302, "/sites/gainesville?recorded=close")
    closed = site.clinic.records("site/gainesville")[-1]
    assert (closed.kind, closed.reason, closed.actor) == ("site_closed", "hurricane", "jd")
    assert dict(closed.body) == {"first": "2026-04-02", "last": "2026-04-03"}
    assert site.clinic.visit("M1")["planned"] == "2026-04-01"
    assert "Thu 2026-04-02 to Fri 2026-04-03: hurricane" in text_of(browser.get("/sites/gainesville"))
    site.clinic.check_lists()

    calls = days | {"do": "reopen", "kind": "virtual", "reason": "calls go on"}
    browser.post("/sites/gainesville", calls | {"seen": look(browser, "/sites/gainesville", **calls)})
    assert dict(site.clinic.records("site/gainesville")[-1].body)["kinds"] == ["virtual"]
    assert site.clinic.visit("M1")["planned"] == "2026-04-01"

    opened = days | {"do": "reopen", "reason": "it went by"}
    browser.post("/sites/gainesville", opened | {"seen": look(browser, "/sites/gainesville", **opened)})
    assert site.clinic.visit("M1")["planned"] == "2026-04-02"


def test_what_was_looked_at_is_looked_at_again_when_somebody_was_faster(site: Website) -> None:
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    days = {"do": "close", "first": "2026-04-02", "last": "", "reason": "hurricane"}
    mark = look(browser, "/sites/gainesville", **days)
    site.clinic.must("book P-001 M1 2026-04-02", on="2026-03-04")
    count = site.clinic.count()

    answer = browser.post("/sites/gainesville", days | {"seen": mark})

    assert answer.status_code == 409
    assert "Something was recorded since you looked" in text_of(answer)
    assert site.clinic.count() == count


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"do": "hold", "reason": " "}, "reason: is empty; write why"),
        ({"do": "resume", "reason": "x"}, "gainesville: infusions are not on hold there"),
        ({"do": "close", "first": "2026-02-30", "reason": "x"}, "is a day that does not exist"),
        ({"do": "close", "first": "", "reason": "x"}, "first: is empty; write 2026-03-02 for 2 March 2026"),
        ({"do": "close", "first": "2026-03-01", "reason": "x"}, "these days have passed"),
        ({"do": "reopen", "first": "2026-04-02", "reason": "x"}, "none of these days was closed"),
        ({"do": "explode", "reason": "x"}, "'explode' is nothing that can be done"),
    ],
)
def test_what_cannot_be_done_at_a_site_is_said_in_its_form(site: Website, form: dict[str, str], said: str) -> None:
    count = site.clinic.count()
    answer = site.sign_in(Role.COORDINATOR, "gainesville").post("/sites/gainesville", form)

    assert answer.status_code == 422
    assert said in text_of(answer)
    assert site.clinic.count() == count


def test_infusions_of_a_site_and_of_the_study_wait_and_go_on(site: Website) -> None:
    browser = site.sign_in(Role.ADMINISTRATOR)
    for path, subject in (("/sites/gainesville", "site/gainesville"), ("/sites", "study")):
        for do, kind in (("hold", "infusions_held"), ("resume", "infusions_resumed")):
            form = {"do": do, "reason": "pump recall"}
            browser.post(path, form | {"seen": look(browser, path, **form)})
            last = site.clinic.records(subject)[-1], site.clinic.last()
            assert [(one.kind, one.reason) for one in last] == [(kind, "pump recall")] * 2
    assert site.sign_in(Role.COORDINATOR, "gainesville").post("/sites", {"do": "hold"}).status_code == 403


def test_a_site_is_added_by_an_example_or_its_text(site: Website) -> None:
    browser = site.sign_in(Role.ADMINISTRATOR)
    example = {"do": "add", "example": "miami", "reason": "second site"}
    browser.post("/sites", example | {"seen": look(browser, "/sites", **example)})
    assert [one.kind for one in site.clinic.records("site/miami")] == ["site_set", "protocol_followed"]

    text = (FOLDER / "miami.toml").read_text("utf-8").replace('id = "miami"', 'id = "tampa"')
    upload = SimpleUploadedFile("../x.toml", text.replace("\n", "\r\n").encode())
    shown = browser.post("/sites", {"do": "file", "reason": "third", "file": upload}).content.decode()
    assert "nothing else would change" in shown
    form = {"do": "file", "reason": "third", "text": text}
    browser.post("/sites", form | {"seen": look(browser, "/sites", **form)})
    assert site.clinic.records("site/tampa")[0].body["text"] == text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe", "is not UTF-8"),
        (b"not toml", "it is not TOML"),
        (b"x" * 1_000_001, "it is larger than 1,000,000 bytes"),
        ((FOLDER / "miami.toml").read_bytes() + b"", ""),
    ],
)
def test_a_file_that_is_no_site_is_refused_with_all_that_is_wrong(site: Website, data: bytes, said: str) -> None:
    browser = site.sign_in(Role.ADMINISTRATOR)
    data = data if said else data.replace(b'id = "miami"', b'id = "miami"\nlogo = "/etc/hostname"')
    answer = browser.post("/sites", {"do": "file", "reason": "x", "file": SimpleUploadedFile("a.toml", data)})

    assert answer.status_code == 422
    assert (said or "site.toml: logo: a text alone has no picture") in text_of(answer)


def test_audit_is_looked_through_in_words(site: Website) -> None:
    site.clinic.must("book P-001 M1 2026-04-02 09:30", on="2026-03-04")
    browser = site.sign_in(Role.MONITOR, "gainesville")

    assert "JD coordinator P-001 booked: M1, Day: 2026-04-02 09:30" in text_of(browser.get("/audit"))
    for query, booked in (
        ("participant=P-001", True), ("participant=P-002", False), ("kind=booked", True), ("kind=done", False),
        ("by=JD", True), ("by=MK", False), ("since=2026-03-04", True), ("until=2026-03-03", False),
        ("since=2026-03-05", False), ("until=2026-03-04", True), ("before=7", False),
    ):  # fmt: skip
        assert ("booked: M1" in text_of(browser.get(f"/audit?{query}"))) is booked, query


def test_lines_of_the_audit_can_be_checked_by_anybody(site: Website) -> None:
    answer: Any = site.sign_in(Role.COORDINATOR, "gainesville").get("/audit?as=jsonl&participant=P-001")
    lines = b"".join(answer).decode().splitlines()

    assert [json.loads(line)["record"]["kind"] for line in lines] == ["enrolled", "planned", "done"]
    for line in lines:
        parsed, text = json.loads(line), line.split('"record":', 1)[1][:-1]
        assert hashlib.sha256((parsed["previous"] + text).encode()).hexdigest() == parsed["hash"]


def test_verifying_says_so_and_an_altered_record_is_found(site: Website) -> None:
    browser = site.sign_in(Role.MONITOR, "gainesville")
    assert "All 6 records are as they were written." in text_of(browser.post("/audit"))
    with closing(open_store(str(site.clinic.db))) as store, store.connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER clinic_record_unchanged")
        cursor.execute("UPDATE clinic_record SET reason = 'other' WHERE seq = 4")

    said = text_of(browser.post("/audit"))

    assert "NOT all of the 6 records are as they were written." in said
    assert "record 4" not in said
    assert "record 4: was altered" in text_of(site.sign_in(Role.ADMINISTRATOR).post("/audit"))


SITES, AT_A_SITE = 40, 125
COSTLY = (
    "today", "week", "month?site=s07", "participants", "participants?only=overdue", "participants?only=tapering",
    "participants?only=due", "participants?skip=4850", "reports?list=agenda", "reports?list=due",
    "reports?list=overdue",
    "reports?list=tell", "reports?list=list", "infusions", "sites", "audit", "sites/s07",
)  # fmt: skip


@pytest.fixture
def large(site: Website) -> Website:
    """A clinic of 40 sites and 5,000 participants, in the rows that lists are asked of."""
    from dataclasses import replace

    from clinic.desk.proposing import propose_site_text, record
    from clinic.desk.rulebook import Rulebook
    from clinic.desk.work import projector
    from clinic.memory import projections
    from clinic.memory.records import Signature
    from schedule.files.site import find_site

    signature = Signature(
        at=site.clinic.records()[-1].at, actor="JD", role="coordinator", account="jd", protocol_version="1",
        tzdata_version="1", program="1",
    )  # fmt: skip
    text = find_site("gainesville").read_text("utf-8")
    with closing(open_store(str(site.clinic.db))) as store:
        for number in range(1, SITES):
            named = text.replace('id = "gainesville"', f'id = "s{number:02}"')
            record(store, propose_site_text(Rulebook(store), named, "s.toml", "new", signature.at), signature)
        rows: Any = projector(Rulebook(store))(tuple(store.records("participant/P-001")))
        first, *later = rows.visits[:8]
        late = replace(first, to_tell="participant", overdue_from=date(2026, 3, 1), closed=False, status="planned")
        visits = [late, *(replace(one, planned=date(2026, 3, 2 + at)) for at, one in enumerate(later))]
        others = [
            replace(rows, participant=replace(rows.participant, code=code, site=f"s{number:02}"),
                    visits=tuple(replace(one, participant=code) for one in visits))
            for number in range(1, SITES) for code in (f"S{number:02}-{one:03}" for one in range(AT_A_SITE))
        ]  # fmt: skip
        with store.locked():
            projections.insert(store.alias, others)
    return site


def test_pages_of_a_large_clinic_cost_twelve_queries_and_100_kb(large: Website) -> None:
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    browser = large.sign_in(Role.ADMINISTRATOR)
    browser.get("/sites")
    for page in COSTLY:
        with CaptureQueriesContext(connections["default"]) as asked:
            answer = browser.get(f"/{page}")
        assert answer.status_code == 200, page
        assert len(asked) <= 12, (page, [one["sql"][:80] for one in asked])
        assert len(answer.content) < 100_000, (page, len(answer.content))


def test_a_site_follows_another_version_of_the_protocol(site: Website) -> None:
    site.clinic.folder.joinpath("amended.toml").write_text(amended_protocol())
    browser = site.sign_in(Role.ADMINISTRATOR)
    text = amended_protocol()

    upload = SimpleUploadedFile("../x.toml", text.replace("\n", "\r\n").encode())
    shown = browser.post("/sites/gainesville", {"do": "amend", "reason": "amendment 1", "file": upload})
    told = site.clinic.must("amend amended.toml --site gainesville --reason 'amendment 1' --dry-run").out
    assert "P-001 M17" in text_of(shown)
    for line in told.splitlines()[:-1]:
        assert line.partition("P-001 ")[2] in text_of(shown)
    form = {"do": "amend", "reason": "amendment 1", "text": text}
    mark = look(browser, "/sites/gainesville", **form)
    answer = browser.post("/sites/gainesville", form | {"seen": mark})

    assert (answer.status_code, answer["Location"]) == (302, "/sites/gainesville?recorded=amend")
    assert "Recorded: Follow this version of the protocol." in text_of(browser.get(answer["Location"]))
    assert site.clinic.records("study")[-1].body["text"] == text
    followed = site.clinic.records("site/gainesville")[-1]
    assert (followed.kind, followed.body["new"]) == ("protocol_followed", "2026-08-01.amendment-1")
    assert site.clinic.last().kind in ("replanned", "amended", "planned")
    site.clinic.check_lists()


def test_who_may_not_change_the_study_follows_no_other_version(site: Website) -> None:
    browser, count = site.sign_in(Role.COORDINATOR, "gainesville"), site.clinic.count()
    form = {"do": "amend", "reason": "x", "text": amended_protocol()}

    assert browser.post("/sites/gainesville", form).status_code == 403
    assert "Another version of the protocol" not in text_of(browser.get("/sites/gainesville"))
    assert site.clinic.count() == count


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no file was chosen; choose a protocol's .toml file"),
        ("not toml", "it is not TOML"),
        (PROTOCOL_FILE.read_text(), "the site follows version 2026-02-03.1 already"),
        (PROTOCOL_FILE.read_text() + "\n# other\n", "protocol.toml: study.version: version 2026-02-03.1 was adopted"),
    ],
)
def test_a_protocol_that_cannot_be_followed_is_refused(site: Website, text: str, said: str) -> None:
    form = {"do": "amend", "reason": "amendment 1", "text": text}
    answer = site.sign_in(Role.ADMINISTRATOR).post("/sites/gainesville", form)

    assert answer.status_code == 422
    assert said in text_of(answer)
    assert 'value="amendment 1"' in answer.content.decode()


def test_closing_a_day_tells_of_an_unscheduled_visit_on_it(site: Website) -> None:
    site.clinic.must("unscheduled P-001 2026-03-10 --reason rash", on="2026-03-10")
    site.clinic.must("correct P-001 U1 --status planned --reason 'wrong line'")
    browser = site.sign_in(Role.COORDINATOR, "gainesville")
    days = {"do": "close", "first": "2026-03-10", "last": "", "reason": "hurricane"}

    shown = text_of(browser.post("/sites/gainesville", days))

    assert "to rebook: the clinic is closed (hurricane)" in shown
    assert "nothing else would change" not in shown
