"""Site files: what is read, and how every mistake is told with its key path and its remedy."""

import re
from datetime import date, time
from pathlib import Path

import pytest
from builders import SITE_FILE, edited, example_site

from schedule.errors import InvalidInput, Problem, UnknownName
from schedule.files.site import find_site, read_site, site_names
from schedule.sites import Confirmation, Contact, Hours, Limit, Slots, Weekday
from schedule.study.protocol import Kind, Label, Text

CLOSURE = '\n[[closures]]\nfirst = {first}\nlast = {last}\nreason = {{ en = "storm", es = "tormenta" }}\n{more}\n'


def problems(path: Path) -> dict[str, Problem]:
    with pytest.raises(InvalidInput) as told:
        read_site(path)
    assert {problem.file for problem in told.value.problems} == {str(path)}
    return {problem.place: problem for problem in told.value.problems}


def with_closure(folder: Path, first: str, last: str, more: str = "") -> Path:
    text = CLOSURE.format(first=first, last=last, more=more)
    return edited(SITE_FILE, folder, ("[contact]", text + "[contact]"))


def test_gainesville_states_only_what_is_registered() -> None:
    site = example_site("gainesville")

    assert site.name == "Malcom Randall North Florida/South Georgia VA Medical Center"
    assert (site.city, site.time_zone) == ("Gainesville, Florida", "America/New_York")
    assert site.contact == Contact(investigator="Michael Bubb, MD")
    assert site.holidays is not None
    assert site.holidays.country == "US"
    assert site.confirmed is None
    assert set(site.examples) == {"open", "arrival"}


def test_miami_names_no_investigator_and_no_holidays() -> None:
    site = example_site("miami")

    assert (site.name, site.city) == ("Bioresearch Partner", "Miami, Florida")
    assert site.contact == Contact()
    assert (site.holidays, site.confirmed) == (None, None)
    assert set(site.examples) == {"open", "arrival"}


def test_hours_and_arrivals_are_local_times() -> None:
    site = example_site("gainesville")

    assert site.open[Weekday.MONDAY] == Hours(opens=time(7, 30), closes=time(16, 30))
    assert set(site.open) == set(Weekday) - {Weekday.SATURDAY, Weekday.SUNDAY}
    assert site.arrival == {Kind.INFUSION: time(8, 0), Kind.CLINIC: time(9, 0), Kind.VIRTUAL: time(10, 0)}


def test_a_closure_is_for_all_kinds_of_visit_unless_it_says_otherwise(tmp_path: Path) -> None:
    (every,) = read_site(with_closure(tmp_path, "2026-09-01", "2026-09-03")).closures
    (some,) = read_site(with_closure(tmp_path, '"2026-09-01"', "2026-09-01", 'kinds = ["infusion"]')).closures

    assert every.kinds == (Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL)
    assert (some.kinds, some.first) == ((Kind.INFUSION,), date(2026, 9, 1))


def test_a_site_can_say_who_confirmed_the_assumptions(tmp_path: Path) -> None:
    said = '[confirmed]\nby = "coordinator"\non = 2026-01-06\nprotocol_version = "7"\n'

    site = read_site(edited(SITE_FILE, tmp_path, ("[contact]", said + "[contact]")))

    assert site.confirmed == Confirmation(by=Label("coordinator"), on=date(2026, 1, 6), protocol_version=Label("7"))


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ('id = "gainesville"', 'id = "a/b"', "id", "letters A-Z"),
        ('id = "gainesville"', 'id = ".."', "id", "letters A-Z"),
        ('id = "gainesville"', 'id = "a\\nb"', "id", "on one line"),
        ('id = "gainesville"', 'id = "Майами"', "id", "letters A-Z"),
        ('id = "gainesville"', f'id = "{"a" * 65}"', "id", "up to 32"),
        ('name = "Malcom Randall North Florida/South Georgia VA Medical Center"', 'name = " "', "name", "write"),
        ("America/New_York", "America/New_Yrok", "time_zone", "did you mean America/New_York"),
        ("America/New_York", "../../etc/passwd", "time_zone", "IANA"),
        ("America/New_York", "America", "time_zone", "IANA"),
        ("America/New_York", "", "time_zone", "IANA"),
        ("America/New_York", "EST5EDT4", "time_zone", "IANA"),
        ('country = "US"', 'country = "USA1"', "holidays", "ISO 3166"),
        ('country = "US"', 'country = "US"\nsubdivision = "ZZ"', "holidays", "ISO 3166"),
        ('country = "US"', 'country = "US"\nonly = ["Labour Day"]', "holidays.only", "did you mean Labor Day"),
        ('monday = "07:30-16:30"', 'monday = "7:30-16:30"', "open.monday", '"08:00-16:30"'),
        ('monday = "07:30-16:30"', 'monday = "16:30-07:30"', "open.monday", '"08:00-16:30"'),
        ('monday = "07:30-16:30"', 'monday = "07:30-24:30"', "open.monday", '"08:00-16:30"'),
        ('monday = "07:30-16:30"', 'mondey = "07:30-16:30"', "open.mondey", "did you mean monday"),
        ('monday = "07:30-16:30"', "monday = true", "open.monday", '"08:00-16:30"'),
        ('infusion = "08:00"', 'infusion = "8 am"', "arrival.infusion", '"08:30"'),
        ('infusion = "08:00"', "infusion = 08:00:30", "arrival.infusion", '"08:30"'),
        ('infusion = "08:00"', 'infusions = "08:00"', "arrival.infusions", "did you mean infusion"),
        ('infusion = "08:00"', 'infusion = "07:29"', "arrival.infusion", "correct the time or the hours"),
        ('infusion = "08:00"', 'infusion = "16:30"', "arrival.infusion", "correct the time or the hours"),
        ('call_link = ""', 'call_link = "http://x.org"', "contact.call_link", "https://"),
        ('call_link = ""', 'call_link = "javascript:alert(1)"', "contact.call_link", "https://"),
        ('phone = ""', 'phone = "1\\u2028X-EVIL:2"', "contact.phone", "on one line"),
        ('phone = ""', "phone = 5550100", "contact.phone", '"..."'),
        ('phone = ""', 'fone = ""', "contact.fone", "did you mean phone"),
        ("[contact]", "[contacts]", "contacts", "did you mean contact"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_key_with_what_to_write(
    tmp_path: Path, old: str, new: str, place: str, said: str
) -> None:
    told = problems(edited(SITE_FILE, tmp_path, (old, new)))

    assert said in told[place].remedy
    assert told[place].wrong


@pytest.mark.parametrize(
    ("first", "last", "more", "place"),
    [
        ("2026-09-03", "2026-09-01", "", "closures[0].last"),
        ('"02/03/2026"', "2026-09-01", "", "closures[0].first"),
        ('"2026-02-30"', "2026-09-01", "", "closures[0].first"),
        ("0202-03-02", "2026-09-01", "", "closures[0].first"),
        ("2026-09-01T10:00:00", "2026-09-01", "", "closures[0].first"),
        ("20260901", "2026-09-01", "", "closures[0].first"),
        ("2026-09-01", "2026-09-01", 'kinds = ["surgery"]', "closures[0].kinds[0]"),
    ],
)
def test_a_mistake_in_a_closure_is_told_at_its_key(
    tmp_path: Path, first: str, last: str, more: str, place: str
) -> None:
    assert list(problems(with_closure(tmp_path, first, last, more))) == [place]


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    told = problems(
        edited(
            SITE_FILE,
            tmp_path,
            ('monday = "07:30-16:30"', 'monday = "never"'),
            ('tuesday = "07:30-16:30"', 'tusday = "07:30-16:30"'),
            ('clinic = "09:00"', 'clinic = "9"'),
            ('city = "', 'town = "'),
        )
    )

    assert set(told) == {"open.monday", "open.tusday", "arrival.clinic", "town"}


@pytest.mark.parametrize(
    ("key", "words"),
    [("open", 'monday = "08:00-16:30"'), ("arrival", "infusion"), ("time_zone", "text"), ("name", "text")],
)
def test_an_empty_file_is_told_all_that_is_missing(tmp_path: Path, key: str, words: str) -> None:
    (tmp_path / "empty.toml").touch()

    told = problems(tmp_path / "empty.toml")

    assert told[key].wrong == "is missing"
    assert words in told[key].remedy
    assert "milestone" not in told[key].remedy


def test_the_example_sites_are_found_by_name() -> None:
    assert site_names() == ["gainesville", "miami"]
    assert find_site("gainesville") == find_site("Gainesville") == SITE_FILE


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("gainsville", "gainesville"), ("MIAMY", "miami"), ("miam", "miami")],
)
def test_an_unknown_name_is_told_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownName, match=f"did you mean {nearest}"):
        find_site(name)


def test_no_text_of_a_site_may_hold_a_control_character(tmp_path: Path) -> None:
    whole = re.sub("(?m)^#.*$", "", SITE_FILE.read_text("utf-8"))
    texts = [found.end() - 1 for found in re.finditer(r'"[^"\n]*"', whole)]
    path = tmp_path / "edited.toml"

    for end in texts:
        path.write_text(f"{whole[:end]}\\u000b{whole[end:]}", "utf-8")
        assert problems(path), whole[end - 40 : end]


CAPACITY = """
[capacity]
infusion = 2
clinic = { monday = 6, tuesday = 6, wednesday = 6, thursday = 6, friday = 0 }

[[capacity_on]]
first = 2026-08-03
last = 2026-08-07
kind = "infusion"
limit = 1
reason = { en = "a nurse is away", es = "falta una enfermera" }

[[openings]]
day = 2026-08-08
hours = "08:00-12:00"
reason = { en = "after the storm", es = "después de la tormenta" }

"""


def with_capacity(folder: Path, *swaps: tuple[str, str]) -> Path:
    text = CAPACITY
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new, 1)
    return edited(SITE_FILE, folder, ("[contact]", text + "[contact]"))


def test_a_site_says_how_much_a_day_can_hold_and_when_it_is_open_after_all(tmp_path: Path) -> None:
    site = read_site(edited(with_capacity(tmp_path), tmp_path, ('virtual = "10:00"', 'virtual = "11:00"')))

    assert site.capacity == {
        Kind.INFUSION: Slots(week=(2, 2, 2, 2, 2, 2, 2)),
        Kind.CLINIC: Slots(week=(6, 6, 6, 6, 0, None, None)),
    }
    reason = Text(en="a nurse is away", es="falta una enfermera")
    assert site.capacity_on == (
        Limit(first=date(2026, 8, 3), last=date(2026, 8, 7), kind=Kind.INFUSION, limit=1, reason=reason),
    )
    (opening,) = site.openings
    assert (opening.day, opening.hours) == (date(2026, 8, 8), Hours(opens=time(8), closes=time(12)))


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("infusion = 2", "infusion = -1", "capacity.infusion", "whole number"),
        ("infusion = 2", "infusion = true", "capacity.infusion", "whole number"),
        ("infusion = 2", 'infusion = "2"', "capacity.infusion", "whole number"),
        ("infusion = 2", "milestone = 2", "capacity.milestone", "infusion, clinic or virtual"),
        ("infusion = 2", "infusions = 2", "capacity.infusions", "did you mean infusion"),
        ("friday = 0", "fryday = 0", "capacity.clinic.fryday", "did you mean friday"),
        (", friday = 0", "", "capacity.clinic", "0 is none"),
        ('kind = "infusion"', 'kind = "milestone"', "capacity_on[0].kind", "infusion, clinic or virtual"),
        ("last = 2026-08-07", "last = 2026-08-02", "capacity_on[0].last", "swap"),
        ("limit = 1", "limit = 1.5", "capacity_on[0].limit", "whole number"),
        ('hours = "08:00-12:00"', 'hours = "12:00-08:00"', "openings[0].hours", '"08:00-16:30"'),
        ('hours = "08:00-12:00"', 'hours = "08:00-09:30"', "arrival.virtual", "correct the time or the hours"),
    ],
)
def test_a_mistake_in_what_a_day_can_hold_is_told_at_its_key(
    tmp_path: Path, old: str, new: str, place: str, said: str
) -> None:
    told = problems(with_capacity(tmp_path, (old, new)))

    assert list(told) == [place]
    assert said in told[place].remedy


def test_days_of_which_two_things_are_said_are_told_all_at_once(tmp_path: Path) -> None:
    again = CAPACITY.replace("[capacity]", "[cap]").split("\n\n", 1)[1].replace("2026-08-03", "2026-08-07")
    more = CLOSURE.format(first="2026-08-08", last="2026-08-09", more="")

    with pytest.raises(InvalidInput) as told:
        read_site(with_capacity(tmp_path, ("[[openings]]", again + more + "[[openings]]")))

    assert [(one.place, one.wrong) for one in told.value.problems] == [
        ("openings[0].day", "2026-08-08 is closed by closures[0]"),
        ("openings[1].day", "2026-08-08 is there twice"),
        ("openings[1].day", "2026-08-08 is closed by closures[0]"),
        ("capacity_on[1]", "shares days with capacity_on[0]"),
    ]
