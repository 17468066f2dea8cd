"""A clinic on a Wednesday in June 2026, with a participant in every situation that pages show."""

from pathlib import Path

import pytest
from clinics import Clinic

TODAY = "2026-06-10"
NOW = f"{TODAY}T17:00:00+00:00"
LINES = """
2026-03-02  clinic init --site gainesville --site miami
2026-03-02  enroll P-001 --site gainesville --randomized 2026-03-02 --steroids --day0 2026-03-02
2026-03-02  book P-001 M1 2026-04-02
2026-04-02  done P-001 M1 2026-04-02
2026-04-06  enroll P-002 --site gainesville --randomized 2026-04-06 --no-steroids --day0 2026-04-06
2026-04-06  enroll P-003 --site gainesville --randomized 2026-04-06 --steroids --day0 2026-04-06 --lang es
2026-04-13  enroll P-004 --site gainesville --randomized 2026-04-13 --steroids --day0 2026-04-13
2026-04-20  enroll P-008 --site miami --randomized 2026-04-20 --no-steroids --day0 2026-04-20
2026-05-01  done P-001 M2 2026-05-01
2026-05-04  enroll P-005 --site miami --randomized 2026-05-04 --steroids --day0 2026-05-04 --lang es
2026-05-04  enroll P-006 --site gainesville --randomized 2026-05-04 --no-steroids --day0 2026-05-04
2026-05-05  book P-006 M1 2026-06-10 10:30
2026-05-06  done P-003 M1 2026-05-06
2026-05-11  withdraw P-004 2026-05-11 --reason 'moves away'
2026-05-11  hold P-003 --reason 'waits for a decision'
2026-05-26  done P-002 M1 2026-05-25 --deviation 'could not come before'
2026-06-01  book P-001 M3 2026-06-02
2026-06-02  done P-001 M3 2026-06-02 --given yes
2026-06-02  taper plan P-001 taper.csv
2026-06-03  book P-001 M4 2026-07-02
2026-06-03  away P-005 2026-07-01..2026-07-14
2026-06-08  enroll P-007 --site gainesville --randomized 2026-06-08 --steroids --day0 2026-06-08
2026-06-08  book P-003 M2 2026-06-10 09:00
2026-06-08  book P-002 M2 2026-06-10 15:00
2026-06-08  book P-005 M1 2026-06-10 11:00
2026-06-09  clinic close gainesville 2026-07-02..2026-07-03 --reason 'building works'
2026-06-09  attempt P-002 M2 --note 'no answer'
2026-06-09  unscheduled P-005 2026-06-12 14:00 --reason 'a check'
"""
"""The day, and what is typed on it."""
TAPER = """from,dose_mg,instruction_en,instruction_es
1,3,"EXAMPLE, as prescribed","EJEMPLO, según la receta"
8,2,"EXAMPLE, as prescribed","EJEMPLO, según la receta"
15,1,"EXAMPLE, as prescribed","EJEMPLO, según la receta"
"""


def busy_clinic(folder: Path, patch: pytest.MonkeyPatch) -> Clinic:
    """Return the clinic on that Wednesday."""
    (folder / "taper.csv").write_text(TAPER, "utf-8")
    made = Clinic(folder=folder, patch=patch)
    for line in LINES.strip().splitlines():
        day, _, typed = line.partition("  ")
        made.must(typed, on=day)
    made.today = TODAY
    return made
