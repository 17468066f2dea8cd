"""What somebody meets who has never used the clinic's commands: questions, lists and papers that explain themselves."""

from pathlib import Path

import pytest
from builders import needs_pdf
from clinics import Clinic, printed, with_participant
from pypdf import PdfReader

BOOK = "book P-001 M1 2026-04-02"


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic with P-001, infused on 2 March 2026."""
    return with_participant(tmp_path, monkeypatch)


@pytest.mark.parametrize("answer", ["s", "sí", "SI", "y"])
def test_a_question_in_spanish_is_answered_in_spanish(one: Clinic, answer: str) -> None:
    done = one.run(f"{BOOK} --staff-lang es", answer=f"{answer}\n")

    assert done.code == 0, done.err
    assert "¿Registrar esto? [s/N]" in done.err
    assert one.visit("M1")["status"] == "booked"


def test_what_is_no_answer_is_asked_again_and_no_answer_at_all_says_that_nothing_was_recorded(one: Clinic) -> None:
    asked = one.run(BOOK, answer="perhaps\n")

    assert asked.err.count("Record this? [y/N]") == 2
    assert asked.err.endswith("dayzero: nothing was recorded; repeat the command when it is right\n")
    assert "Aborted" not in asked.err
    assert one.visit("M1")["status"] == "planned"


def test_where_many_are_concerned_every_line_stands_below_its_participant(one: Clinic) -> None:
    one.must("enroll P-002 --site gainesville --randomized 2026-03-02 --no-steroids --day0 2026-03-02")

    shown = one.must("hold --site gainesville --reason recall --dry-run").out.splitlines()

    assert shown[0] == "P-001:"
    assert shown[1] == "  M3, M6, M7, M10, M13: planned -> on hold"
    assert shown[shown.index("P-002:") + 1] == "  M3, M6, M7, M10, M13: planned -> on hold"


def test_what_counts_from_a_dose_that_was_not_given_says_so_before_it_is_recorded(one: Clinic) -> None:
    one.today = "2026-06-02"

    shown = one.must("done P-001 M3 2026-06-02 --given no --dry-run").out

    assert "M4, M5: counts from the target of M3, which was not given\n" in shown
    assert ": \n" not in shown


@needs_pdf
def test_a_reason_in_any_letters_can_be_printed_for_the_monitor(one: Clinic) -> None:
    one.must("book P-001 M1 2026-04-16 --deviation 'holidays \U0001f600'")

    assert one.must("binder P-001 --out monitor").out == "wrote monitor/binder-P-001.pdf\n"


def test_the_record_of_one_who_left_says_the_reason_once(one: Clinic) -> None:
    one.must("withdraw P-001 2026-03-02 --reason 'moved away'")

    assert one.must("show P-001").out.count("moved away") == 1


def test_papers_from_before_the_end_are_named_and_no_page_is_handed_over_after_a_death(one: Clinic) -> None:
    one.must("publish P-001 --out papers --only json,html")
    one.must("died P-001 2026-03-02 --reason 'told by phone'")

    told = one.must("publish P-001 --out papers --only json,html")

    assert "pages to hand over" not in told.out
    assert "note: these are from before and may tell other dates: packet.html" in told.err


def test_an_audit_log_in_which_nothing_fits_says_so_and_no_log_says_none(one: Clinic) -> None:
    assert one.must("audit log --kind movd").out == "Audit: nothing\n"
    assert one.must("audit log --kind movd --staff-lang es").out == "Auditoría: nada\n"
    assert "None" not in one.must("audit log").out


@needs_pdf
@pytest.mark.parametrize(
    ("lang", "words"), [("en", ["Dose: yes", "Dose: no", "the participant"]),
                        ("es", ["Dosis: sí", "Dosis: no", "el participante"])]
)  # fmt: skip
def test_a_correction_stands_in_the_binder_in_its_language(one: Clinic, lang: str, words: list[str]) -> None:
    one.must("book P-001 M1 2026-04-02")
    one.must("told P-001 --to participant --who JD --how phone")
    one.must("correct P-001 D0 --given no --reason 'wrong line'")

    one.must(f"binder P-001 --out monitor --staff-lang {lang}")

    pages = PdfReader(one.folder / "monitor" / "binder-P-001.pdf").pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert [word for word in words if word not in text] == []


def test_what_is_to_be_told_stands_in_the_order_of_the_visits(one: Clinic) -> None:
    one.must("hold P-001 --reason fever")

    rows = printed(one.must("tell --audience pharmacy --format json"))

    assert [row["code"] for row in rows] == ["M3", "M6", "M7", "M10", "M13"]
