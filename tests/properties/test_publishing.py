"""Whatever is published of a record depends on the record, the rules and the instant, and on nothing else."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import REPOSITORY
from hypothesis import given
from hypothesis import strategies as st
from records import FOUR_MONTHS, LEFT, Told, a_binder, a_record, an_offline_sheet

from schedule.desk.plan import render_files
from schedule.render.clinic_papers import binder_html, offline_html
from schedule.render.language import language
from schedule.render.record import record_table
from schedule.render.reports import report_csv, report_json, report_xlsx
from schedule.report_rows import TellRow, tell_rows

KINDS = ["json", "csv", "ics", "html"]


def everything(*told: Told, lang: str) -> bytes:
    """Return all that is made of a record in text, one after the other, and a spreadsheet."""
    kept, speaks = a_record(*told), language(lang)
    rows = [*tell_rows(kept.state)]
    return b"\0".join(
        [
            *render_files(kept.plan, KINDS, lang=lang, staff_lang=lang).values(),
            record_table(kept.plan.staff, speaks, width=100).encode(),
            binder_html(a_binder(*told), speaks).encode(),
            offline_html(an_offline_sheet(*told), speaks).encode(),
            report_json(rows).encode(),
            report_csv(rows, TellRow),
            report_xlsx(rows, TellRow, speaks),
        ]
    )


def digest(lang: str) -> str:
    """Return a hash of everything that is made of two records."""
    return hashlib.sha256(everything(*FOUR_MONTHS, lang=lang) + everything(*LEFT, lang=lang)).hexdigest()


def digest_elsewhere(lang: str, folder: Path, **environment: str) -> str:
    """Return the same hash from another process, in another folder and environment."""
    code = f"import test_publishing; print(test_publishing.digest({lang!r}))"
    tests = REPOSITORY / "tests"
    path = os.pathsep.join(map(str, (REPOSITORY, tests, tests / "house", tests / "properties")))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("lang", ["en", "es"])
def test_another_process_folder_zone_locale_and_order_of_sets_give_the_same_bytes(lang: str, tmp_path: Path) -> None:
    here = digest(lang)

    first = digest_elsewhere(lang, tmp_path, PYTHONHASHSEED="1", TZ="Asia/Tokyo", LANG="de_DE.UTF-8", COHORT="1")
    second = digest_elsewhere(lang, tmp_path, PYTHONHASHSEED="2", TZ="America/Los_Angeles", LANG="C", COHORT="2")

    assert here == first == second


@given(st.integers(0, len(FOUR_MONTHS)), st.sampled_from(["en", "es"]))
def test_every_record_is_published_the_same_each_time(steps: int, lang: str) -> None:
    told = FOUR_MONTHS[:steps]

    assert everything(*told, lang=lang) == everything(*told, lang=lang)


def test_a_different_record_is_published_differently() -> None:
    """The comparison above can fail."""
    assert everything(*FOUR_MONTHS[:-1], lang="en") != everything(*FOUR_MONTHS, lang="en")
