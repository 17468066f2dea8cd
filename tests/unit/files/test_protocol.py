"""Protocol files: what is read, and how every mistake is told with its key path and its remedy."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from builders import OTHER_TRIAL, PROTOCOL_FILE, edited, registered_protocol

from schedule.errors import InvalidInput, Problem, UnknownName
from schedule.files.protocol import find_protocol, protocol_names, read_protocol
from schedule.study.offsets import Offset
from schedule.study.protocol import Basis, Condition, Kind, Masking, Window


def problems(path: Path) -> dict[str, Problem]:
    with pytest.raises(InvalidInput) as told:
        read_protocol(path)
    assert {problem.file for problem in told.value.problems} == {str(path)}
    return {problem.place: problem for problem in told.value.problems}


def test_the_registered_trial_has_its_visits_in_order() -> None:
    codes = [visit.code for visit in registered_protocol().visits]

    assert " ".join(codes) == ("D0 M1 M2 M3 M4 M5 M6 M7 M8 M9 M10 M11 M12 M13 M14 M15 M16 M18 M19 M21 M22 M24 M25")


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (Kind.INFUSION, "D0 M3 M6 M7 M10 M13"),
        (Kind.CLINIC, "M1 M4 M8 M11 M14 M16 M19 M22 M25"),
        (Kind.VIRTUAL, "M2 M5 M9 M12 M15 M18 M21 M24"),
    ],
)
def test_the_registered_trial_has_15_visits_in_person_and_8_calls(kind: Kind, codes: str) -> None:
    assert " ".join(visit.code for visit in registered_protocol().visits if visit.kind is kind) == codes


@pytest.mark.parametrize(
    ("code", "before", "after", "basis"),
    [
        ("D0", 0, 14, "registered"),
        ("M3", 3, 7, "registered"),
        ("M7", 3, 7, "registered"),
        ("M1", 7, 7, "assumed"),
        ("M2", 3, 7, "assumed"),
        ("M14", 7, 7, "assumed"),
        ("M16", 14, 14, "assumed"),
        ("M25", 14, 14, "registered"),
    ],
)
def test_windows_are_assumed_and_offsets_of_infusions_registered(
    code: str, before: int, after: int, basis: str
) -> None:
    visit = {str(one.code): one for one in registered_protocol().visits}[code]

    assert visit.window == Window(before=before, after=after)
    assert visit.window_basis is Basis.ASSUMED
    assert visit.offset_basis is Basis(basis)


def test_the_taper_starts_two_weeks_after_infusion_2_for_those_on_steroids() -> None:
    (taper,) = registered_protocol().milestones

    assert (taper.code, taper.anchor, taper.offset) == ("TAPER", "M3", Offset(days=14))
    assert taper.condition is Condition.STEROIDS
    assert taper.offset_basis is Basis.REGISTERED


def test_infusions_are_kept_21_days_apart_by_assumption() -> None:
    (rule,) = registered_protocol().spacing

    assert (rule.kind, rule.at_least, rule.basis) == (Kind.INFUSION, 21, Basis.ASSUMED)


def test_the_cohorts_change_products_at_month_7() -> None:
    first, second = registered_protocol().cohorts

    assert list(first.products.values()) == ["ULSC"] * 3 + ["placebo"] * 3
    assert list(second.products.values()) == ["placebo"] * 3 + ["ULSC"] * 3


def test_a_trial_of_parallel_arms_in_weeks_is_read() -> None:
    protocol = read_protocol(OTHER_TRIAL)

    assert [str(visit.offset) for visit in protocol.visits] == ["P0D", "P4W", "P4W", "P12W"]
    assert not protocol.asks_about_steroids


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ('kind = "clinic"', 'kind = "clinc"', "visits.M1.kind", "clinic"),
        ('offset = "P1M"', 'offset = "1 month"', "visits.M1.offset", '"P3M"'),
        ('offset = "P1M"', "offset = 1", "visits.M1.offset", '"..."'),
        ('offset = "P1M"', 'ofset = "P1M"', "visits.M1.ofset", "offset"),
        ('offset = "P1M"', 'ofset = "P1M"', "visits.M1.offset", '"P3M"'),
        ("before = 7", "before = -7", "visits.M1.window.before", "whole number from 0"),
        ("before = 7", "before = 7.5", "visits.M1.window.before", "whole number from 0"),
        ("before = 7", "before = true", "visits.M1.window.before", "whole number from 0"),
        ("before = 7", 'before = "7"', "visits.M1.window.before", "whole number from 0"),
        ("before = 7, ", "", "visits.M1.window.before", "a whole number"),
        ('length = "PT2H30M"', 'length = "2:30"', "visits.M1.length", "PT2H30M"),
        ('name = { en = "Month 1", es = "Mes 1" }', 'name = "Month 1"', "visits.M1.name", 'es = "..."'),
        ('name = { en = "Month 1", es = "Mes 1" }', 'name = { en = "Month 1" }', "visits.M1.name.es", "Spanish"),
        ('name = { en = "Month 1", es = "Mes 1" }', 'name = { es = "Mes 1" }', "visits.M1.name.en", "English"),
        ('es = "Mes 1" }', 'es = "  " }', "visits.M1.name.es", "Spanish"),
        ('es = "Mes 1" }', 'es = "Mes 1", fr = "Mois 1" }', "visits.M1.name.fr", "en and es"),
        ('anchor_basis = "assumed"', 'anchor_basis = "guessed"', "visits.D0.anchor_basis", "assumed"),
        ("[visits.M1]", '[visits."M/1"]', "visits.M/1", "letters A-Z"),
        ("[visits.M1]", '[visits."../M1"]', "visits.../M1", "letters A-Z"),
        ("[visits.M1]", '[visits."Меся́ц"]', "visits.Меся́ц", "letters A-Z"),
        ("[visits.M1]", f"[visits.{'M' * 33}]", "visits." + "M" * 33, "up to 32"),
        ("[visits.M1]", '[visits.M1]\ncode = "X1"', "visits.M1.code", "delete"),
        ('masking = "masked"', 'masking = "double"', "study.masking", "masked, open"),
        ("completion = 2029-08-31", 'completion = "31/08/2029"', "study.completion", "2026-03-02"),
        ("completion = 2029-08-31", "completion = 0202-08-31", "study.completion", "check the year"),
        ("completion = 2029-08-31", 'completion = "2029-02-29"', "study.completion", "check the month"),
        ('participation = "P25M"', 'participation = "PT25M"', "expect.participation", '"P3M"'),
        ("at_least = 21", 'at_least = "P21D"', "spacing[0].at_least", "whole number"),
        ('basis = "assumed"', 'basis = "assumed"\nwhy = "x"', "spacing[0].why", "delete"),
        ('id = "RES001-DMPM-02"', 'id = ""', "study.id", "write"),
        ("bag_ml = 250", "bag_ml = 99999", "products.ULSC.bag_ml", "10,000"),
        ("[lookbacks.imaging]", "[lookback.imaging]", "lookback", "lookbacks"),
        ('name = { en = "Month 1",', 'name = { en = "Month\\u00071",', "visits.M1.name.en", "on one line"),
        ('name = { en = "Month 1",', 'name = { en = "Month\\n1",', "visits.M1.name.en", "on one line"),
        ('name = { en = "Month 1",', 'name = { en = "\\u202eMonth 1",', "visits.M1.name.en", "on one line"),
        ('name = { en = "Month 1",', f'name = {{ en = "{"M" * 2001}",', "visits.M1.name.en", "at most 2,000"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_key_with_what_to_write(
    tmp_path: Path, old: str, new: str, place: str, said: str
) -> None:
    told = problems(edited(PROTOCOL_FILE, tmp_path, (old, new)))

    assert said in told[place].remedy
    assert told[place].wrong


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = edited(
        PROTOCOL_FILE,
        tmp_path,
        ('kind = "clinic"', 'kind = "clinc"'),
        ('offset = "P2M"', 'offset = "two"'),
        ("after = 14 }", "after = 14, later = 1 }"),
        ('id = "RES001-DMPM-02"\n', ""),
        ("bag_ml = 250", "bag_ml = -1"),
    )

    assert set(problems(path)) == {
        "visits.M1.kind", "visits.M2.offset", "visits.D0.window.later", "study.id", "products.ULSC.bag_ml",
    }  # fmt: skip


def test_mistakes_across_tables_carry_the_file_too(tmp_path: Path) -> None:
    path = edited(PROTOCOL_FILE, tmp_path, ('anchor = "M6"', 'anchor = "M66"'), ("in_person = 15", "in_person = 16"))

    assert "visits.M7.anchor" in problems(path)


def test_an_open_trial_is_read_with_cohorts_that_differ(tmp_path: Path) -> None:
    swap = ('masking = "masked"', 'masking = "open"')

    protocol = read_protocol(edited(PROTOCOL_FILE, tmp_path, swap, ("bag_ml = 250", "bag_ml = 100")))

    assert protocol.study.masking is Masking.OPEN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[study\n", "line 1"),
        ('[study]\nid = "RES', "end of document"),
        ("id = 1\nid = 2\n", "line 2"),
        ("a = " + "[" * 5000, ""),
        ("x = 2026-02-30", "line 1"),
    ],
)
def test_a_file_that_is_no_toml_is_told_by_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)

    (problem,) = problems(path).values()

    assert said in problem.wrong
    assert problem.remedy


STEPS = """
[[milestones.TAPER.steps]]
starts = "P0D"
dose_mg = 7.50
instruction = { en = "example", es = "ejemplo" }

[[milestones.TAPER.steps]]
starts = "P2W"
dose_mg = 8
instruction = { en = "example", es = "ejemplo" }
allow_increase = true

[products.ULSC]"""


def with_steps(folder: Path, *swaps: tuple[str, str]) -> Path:
    return edited(edited(PROTOCOL_FILE, folder, ("[products.ULSC]", STEPS)), folder, *swaps)


def test_a_protocol_s_own_taper_is_read_to_the_last_decimal(tmp_path: Path) -> None:
    protocol = read_protocol(with_steps(tmp_path, ("highest_start_mg = 25", "highest_start_mg = 27.5")))

    assert protocol.taper
    assert [(str(one.starts), one.dose_mg, one.allow_increase) for one in protocol.taper.steps] == [
        ("P0D", Decimal("7.5"), False),
        ("P2W", Decimal(8), True),
    ]
    assert protocol.taper.highest_start_mg == Decimal("27.5")


NUMBERS = ["nan", "inf", "-inf", "1e3", "1.5e1", "7.125", "-1", "-0.5", "1000.5", "1001", "true", '"20"', "1e-3"]


@pytest.mark.parametrize("number", [*NUMBERS, f"1e{'9' * 30}", f"1.{'0' * 5000}"])
def test_a_dose_that_is_none_is_told_at_its_key(tmp_path: Path, number: str) -> None:
    path = with_steps(tmp_path, ("dose_mg = 7.50", f"dose_mg = {number}"))

    told = problems(path)

    assert set(told) <= {"milestones.TAPER.steps[0].dose_mg", ""}  # TOML itself may refuse the longest
    assert all(problem.wrong and problem.remedy for problem in told.values())


def test_a_dose_is_told_with_the_numbers_that_are_allowed(tmp_path: Path) -> None:
    (problem,) = problems(with_steps(tmp_path, ("dose_mg = 7.50", "dose_mg = 7.125"))).values()

    assert problem.wrong == "is 7.125"
    assert problem.remedy == "write a number such as 20 or 7.5: from 0 to 1,000, at most 2 decimals"


@pytest.mark.parametrize("number", ["0", "0.0", "0.25", "1000", "1000.00"])
def test_doses_from_none_to_a_thousand_are_read(tmp_path: Path, number: str) -> None:
    protocol = read_protocol(with_steps(tmp_path, ("dose_mg = 8", f"dose_mg = {number}")))

    assert protocol.taper
    assert protocol.taper.steps[1].dose_mg == Decimal(number)


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("allow_increase = true", 'allow_increase = "yes"', "steps[1].allow_increase", "write true or false"),
        ("allow_increase = true", "allow_increase = 1", "steps[1].allow_increase", "write true or false"),
        ("allow_increase = true", "", "steps[1].dose_mg", "allow_increase = true"),
        ('starts = "P0D"', 'from = "P0D"', "steps[0].from", "delete it"),
        ('starts = "P0D"', "starts = 1", "steps[0].starts", "between quotes"),
        ('starts = "P2W"', 'starts = "P1M"', "steps[1].starts", '"P28D"'),
        ('starts = "P2W"', 'starts = "P0D"', "steps[1].starts", "order of their days"),
        ("dose_mg = 8", 'dose_mg = "8 mg"', "steps[1].dose_mg", "a number such as 20 or 7.5"),
        ("dose_mg = 8", "", "steps[1].dose_mg", "a number such as 20 or 7.5"),
        ('es = "ejemplo" }', 'es = "" }', "steps[0].instruction.es", "Spanish"),
        ("highest_start_mg = 25", "", "highest_start_basis", "or neither"),
    ],
)
def test_a_mistake_in_a_taper_is_told_at_its_key(tmp_path: Path, old: str, new: str, place: str, said: str) -> None:
    told = problems(with_steps(tmp_path, (old, new)))

    assert said in told[f"milestones.TAPER.{place}"].remedy


def test_the_protocols_that_come_with_dayzero_are_found_by_name() -> None:
    assert protocol_names() == ["res001-dmpm-02"]
    assert find_protocol("res001-dmpm-02") == find_protocol("RES001-DMPM-02") == PROTOCOL_FILE


@pytest.mark.parametrize("name", ["mine.toml", "./mine.toml", "folder/mine", "res001-dmpm-02.toml"])
def test_a_file_is_taken_as_it_is_written(name: str) -> None:
    assert find_protocol(name) == Path(name)


@pytest.mark.parametrize("name", ["res001", "RES001", "res001-dmpm-03", "res001_dmpm_02"])
def test_an_unknown_name_is_told_with_the_nearest(name: str) -> None:
    with pytest.raises(UnknownName, match="did you mean res001-dmpm-02"):
        find_protocol(name)


@pytest.mark.parametrize("name", ["", "zzz", "..", "P\n1"])
def test_a_name_that_is_near_to_nothing_is_told_with_those_that_exist(name: str) -> None:
    with pytest.raises(UnknownName, match="known: res001-dmpm-02"):
        find_protocol(name)


def test_no_text_of_a_protocol_may_hold_a_control_character(tmp_path: Path) -> None:
    whole = re.sub("(?m)^#.*$", "", OTHER_TRIAL.read_text("utf-8"))
    texts = [found.end() - 1 for found in re.finditer(r'"[^"\n]*"', whole)]
    path = tmp_path / "edited.toml"

    for end in texts:
        path.write_text(f"{whole[:end]}\\u000b{whole[end:]}", "utf-8")
        assert problems(path), whole[end - 40 : end]
