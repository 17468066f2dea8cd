"""``dayzero link`` and ``dayzero feeds`` as somebody types them."""

import json
import re
from pathlib import Path

import icalendar
import pytest
from builders import Run
from clinics import Clinic, printed, with_participant

from clinic.feeds.links import hash_of

ADDRESS = re.compile(r"https?://\S+/(?:f/(dz_[\w-]{43})\.ics|s/(dz_[\w-]{43}))")


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    return with_participant(tmp_path, monkeypatch)


def tokens(run: Run) -> set[str]:
    return {one or other for one, other in ADDRESS.findall(run.out)}


def id_of(run: Run) -> str:
    (token,) = tokens(run)
    return hash_of(token)[:8]


# Making


def test_create_prints_the_addresses_this_one_time(clinic: Clinic) -> None:
    done = clinic.must("link create P-001 --label phone")
    (token,) = tokens(done)

    assert done.out.splitlines() == [
        "P-001: a new link",
        f"recorded: number {clinic.count()} in the audit",
        f"Link {hash_of(token)[:8]}. Its address is shown only now:",
        f"  http://127.0.0.1:8000/s/{token}",
        f"  http://127.0.0.1:8000/f/{token}.ics",
    ]
    for line in ("link list", "link list P-001 --format json", "audit log"):
        assert token not in clinic.must(line).out
    clinic.must("audit export all.jsonl")
    assert token not in (clinic.folder / "all.jsonl").read_text()
    (record,) = clinic.records("links/participant/P-001")
    assert (record.kind, record.actor, record.role, record.reason) == ("link_created", "JD", "coordinator", "")


def test_a_site_and_its_pharmacy_have_links_of_their_own(clinic: Clinic) -> None:
    clinic.env["DAYZERO_BASE_URL"] = "https://calendar.example.org/"
    site = clinic.must("link create --site gainesville --label office")
    pharmacy = printed(
        clinic.must("link create --pharmacy gainesville --lang es --format json --base https://p.example")
    )

    assert site.out.startswith("gainesville (the whole site): a new link\n")
    assert re.search(r"^  https://calendar\.example\.org/f/dz_\S{43}\.ics$", site.out, re.MULTILINE)
    assert "/s/" not in site.out
    assert list(pharmacy) == ["recorded", "seq", "id", "feed"]
    assert pharmacy["feed"].startswith("https://p.example/f/dz_")


def test_the_language_is_the_participants_unless_another_is_said(clinic: Clinic) -> None:
    clinic.must("enroll P-002 --site gainesville --randomized 2026-03-02 --no-steroids --lang es")
    clinic.must("link create P-002")
    clinic.must("link create P-002 --lang en", on="2026-03-03")

    assert [one["lang"] for one in printed(clinic.must("link list P-002 --format json"))] == ["es", "en"]


def test_a_dry_run_and_a_no_record_nothing(clinic: Clinic) -> None:
    before = clinic.count()
    dry = clinic.must("link create P-001 --dry-run")
    no = clinic.run("link create P-001", answer="n\n")

    assert dry.out == "P-001: a new link\ndry run: nothing was recorded\n"
    assert (no.code, no.err.splitlines()[-1]) == (
        1, "dayzero: nothing was recorded; repeat the command when it is right",
    )  # fmt: skip
    assert clinic.count() == before
    assert clinic.run("link create P-001", answer="y\n").code == 0
    assert clinic.count() == before + 1


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("link create", 2, "PARTICIPANT: name a participant, or a site with --site or --pharmacy: one of them"),
        ("link create P-001 --site gainesville", 2, "one of them"),
        ("link create P-009", 2, "nobody is enrolled as 'P-009'"),
        ("link create --site nowhere", 2, "the clinic has no site 'nowhere'"),
        ("link create --pharmacy ../x", 2, "the clinic has no site '../x'"),
        ("link create P-001 --expires tomorrow", 2, "--expires: 'tomorrow'"),
        ("link create P-001 --expires 2026-03-01", 2, "--expires: 2026-03-01 is over; write a day to come"),
        ("link create P-001 --label 'a\tb'", 2, "--label: holds the character U+0009"),
        (f"link create P-001 --label {'x' * 41}", 2, "--label: is longer than 40 characters"),
        ("link create P-001 --base ftp://x", 2, "--base: write https://"),
        ("link create P-001 --base 'https://a b'", 2, "--base: write https://"),
        ("link list P-009", 2, "nobody is enrolled as 'P-009'"),
        ("link list --site nowhere", 2, "the clinic has no site 'nowhere'"),
        ("link rotate P-001 --reason x", 1, "P-001: has no link; make one: dayzero link create P-001"),
        ("link rotate P-009 --reason x", 2, "there is no link and no participant 'P-009'"),
        ("link revoke 1a2b3c4d --reason x", 2, "there is no link and no participant '1a2b3c4d'"),
        ("link revoke % --reason x", 2, "there is no link and no participant '%'"),
        ("link revoke P-001 --reason ' '", 2, "--reason: is empty; write why"),
        ("link revoke P-001", 2, "--reason"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_recorded(clinic: Clinic, line: str, code: int, words: str) -> None:
    before = clinic.count()
    done = clinic.run(line)

    assert (done.code, clinic.count()) == (code, before)
    assert words in done.err
    assert "Traceback" not in done.err


# Listing


def test_the_list_says_whose_since_when_until_when_and_how_they_stand(clinic: Clinic) -> None:
    clinic.env["COLUMNS"] = "100"
    phone = id_of(clinic.must("link create P-001 --label phone"))
    tablet = id_of(clinic.must("link create P-001 --label tablet --expires 2026-04-01 --lang es", on="2026-03-03"))
    site = id_of(clinic.must("link create --site gainesville"))
    clinic.must(f"link revoke {phone} --reason lost", on="2026-04-02")

    assert [line.rstrip() for line in clinic.must("link list").out.splitlines()] == [
        "Link      Whose                         Label   Language  Made        Until       State",
        "--------  ----------------------------  ------  --------  ----------  ----------  -------",
        f"{phone}  P-001                         phone   en        2026-03-02  2028-05-16  ended",
        f"{tablet}  P-001                         tablet  es        2026-03-03  2026-04-01  expired",
        f"{site}  gainesville (the whole site)          en        2026-03-03              works",
    ]
    assert printed(clinic.must("link list --site gainesville --format json"))[1] == {
        "id": tablet, "whose": "participant", "owner": "P-001", "label": "tablet", "lang": "es",
        "created": "2026-03-03", "expires": "2026-04-01", "state": "expired", "fetched": None,
    }  # fmt: skip
    assert clinic.must("link list --site gainesville --staff-lang es").out.startswith("Enlace")


def test_no_link_is_said(clinic: Clinic) -> None:
    assert clinic.must("link list").out == "Links: none\n"
    assert printed(clinic.must("link list P-001 --format json")) == []


# Replacing and ending


def test_a_participants_only_link_is_meant_by_the_code_and_one_of_several_by_its_own(clinic: Clinic) -> None:
    first = id_of(clinic.must("link create P-001 --label phone"))
    second = id_of(clinic.must("link rotate P-001 --reason 'new phone'"))
    third = id_of(clinic.must("link create P-001", on="2026-03-03"))
    refused = clinic.run("link rotate P-001 --reason lost")

    assert (refused.code, refused.err) == (
        1, f"dayzero: P-001: has 2 links: {second} (phone), {third}; name the one that is meant instead\n",
    )  # fmt: skip
    done = clinic.must(f"link rotate {second} --reason stolen --compromised")
    assert done.out.startswith(f"P-001: link {second} ends now; a new one in its place\n")
    again = clinic.run(f"link revoke {second} --reason x")
    assert (again.code, "this link was replaced or revoked before" in again.err) == (1, True)
    clinic.must(f"link revoke {first} --reason 'the note is not needed'")
    states = {one["id"]: one["state"] for one in printed(clinic.must("link list P-001 --format json"))}
    assert states == {first: "ended", second: "ended", third: "works", id_of(done): "works"}
    clinic.check_lists()


def test_the_store_keeps_its_links_through_a_copy_and_a_rebuild(clinic: Clinic) -> None:
    clinic.must("link create P-001 --label phone")
    clinic.must("link create --pharmacy gainesville")
    listed = clinic.must("link list").out
    assert clinic.must("clinic rebuild").out == "1 participant was read anew\n"
    assert clinic.must("link list").out == listed
    clinic.must("clinic backup copy.sqlite3")
    clinic.must("clinic restore copy.sqlite3 --db again.sqlite3")

    assert clinic.must("link list --db again.sqlite3").out == listed
    assert "ok   lists: as a replay of the records gives" in clinic.must("clinic doctor").out


# Calendars as files


def test_export_writes_all_and_then_only_what_changed(clinic: Clinic) -> None:
    clinic.must("enroll P-002 --site gainesville --randomized 2026-03-02 --no-steroids --lang es")
    first = clinic.must("feeds export out --feed-base https://feeds.example.org/f/")
    lines = dict(line.split("  ") for line in first.out.splitlines()[1:])
    files = {name: clinic.folder / "out" / address.rpartition("/")[2] for name, address in lines.items()}

    assert first.out.splitlines()[0] == "2 calendars were written to out; 0 are as they were"
    assert all(re.fullmatch(r"https://feeds\.example\.org/f/dz_[\w-]{43}\.ics", one) for one in lines.values())
    assert set(files) == {"P-001", "P-002"}
    assert "Visita del estudio" in files["P-002"].read_text("utf-8")
    before = {name: path.stat() for name, path in files.items()}
    assert clinic.must("feeds export out").out == "0 calendars were written to out; 2 are as they were\n"
    clinic.must("book P-002 M1 2026-04-01 10:00")
    assert clinic.must("feeds export out").out == "1 calendar was written to out; 1 is as it was\n"
    assert files["P-001"].stat().st_ino == before["P-001"].st_ino
    assert files["P-002"].stat().st_ino != before["P-002"].st_ino
    assert (clinic.folder / "out" / ".dayzero-feeds.json").stat().st_mode & 0o777 == 0o600
    assert files["P-001"].stat().st_mode & 0o777 == 0o644
    assert len(list((clinic.folder / "out").iterdir())) == 3


def test_export_and_publish_know_a_feed_by_the_same_name_and_write_the_same(clinic: Clinic) -> None:
    clinic.must("publish P-001 --out papers --only ics --feed-dir out")
    (feed,) = (clinic.folder / "out").glob("*.ics")
    written = feed.read_bytes()

    assert clinic.must("feeds export out").out == "0 calendars were written to out; 1 is as it was\n"
    assert [one.read_bytes() for one in (clinic.folder / "out").glob("*.ics")] == [written]


def test_export_of_a_site_and_of_calendars_for_staff(clinic: Clinic) -> None:
    clinic.must("enroll P-002 --site miami --randomized 2026-03-02 --no-steroids")
    clinic.must("feeds export out --site miami --staff")
    index = json.loads((clinic.folder / "out" / ".dayzero-feeds.json").read_text())
    names = {
        key: str(icalendar.Calendar.from_ical((clinic.folder / "out" / name).read_bytes())["NAME"])
        for key, name in index.items()
    }

    assert set(names) == {"RES001-DMPM-02/P-002", "RES001-DMPM-02/site/miami", "RES001-DMPM-02/pharmacy/miami"}
    assert names["RES001-DMPM-02/P-002"] == "SAMPLE - Study visits"
    assert names["RES001-DMPM-02/pharmacy/miami"].endswith(", pharmacy")


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("feeds export out --site nowhere", 2, "the clinic has no site 'nowhere'"),
        ("feeds export out --feed-base http://x", 2, "phones subscribe over https only"),
        ("feeds export dayzero.sqlite3", 3, "cannot be written"),
    ],
)
def test_export_writes_nothing_where_something_is_wrong(clinic: Clinic, line: str, code: int, words: str) -> None:
    done = clinic.run(line)

    assert done.code == code
    assert words in done.err
    assert not (clinic.folder / "out").exists()


def test_an_index_that_is_damaged_is_not_written_over(clinic: Clinic) -> None:
    clinic.must("feeds export out")
    index = clinic.folder / "out" / ".dayzero-feeds.json"
    index.write_text("{")
    done = clinic.run("feeds export out")

    assert (done.code, "the index of feeds is damaged; restore it from a backup" in done.err) == (1, True)
    assert index.read_text() == "{"
