"""The scripted year: who takes part, and what happens on which day. ``clinic_year`` lives through it."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from builders import PROTOCOL_FILE

FIRST, LAST = date(2026, 1, 5), date(2026, 12, 31)
SITES = ("gainesville", "miami")
PARTICIPANTS = 40
CAPACITY = {
    "gainesville": "[capacity]\ninfusion = 2\nclinic = 2\nvirtual = 3\n\n",
    "miami": "[capacity]\ninfusion = 1\nclinic = 2\nvirtual = 2\n\n",
}
"""What the sites' files say of a day."""

SCRIPT = """
2026-01-12  refused: book P-001 D0 2026-01-13                           # it is done
2026-01-15  comes-not P-004 D0                                          # a fever
2026-01-15  move P-004 D0 2026-01-21 --reason 'a fever'
2026-02-02  refused: enroll P-001 --site miami --randomized 2026-02-02 --steroids
2026-02-02  dry: move P-002 M1 2026-02-10 --reason 'asked for it' --dry-run
2026-02-03  unscheduled P-003 2026-02-02 --reason 'a rash'
2026-03-03  refused: book P-001 M3 2026-04-15                           # outside its window
2026-03-09  attempt P-002 M2 --note 'no answer'
2026-03-09  comes-not P-002 M2
2026-03-10  attempt P-002 M2 --note 'left a message'
2026-03-10  move P-002 M2 2026-03-12 --reason 'no answer on the day'
2026-03-12  comes P-002 M2
2026-03-23  forgets P-016 M1                                            # until a later visit shows it
2026-03-23  refused: done P-005 M2 2026-03-24                           # tomorrow
2026-04-08  taper plan P-001 taper.csv
2026-04-13  refused: done P-003 M3 2026-04-13                           # nobody said whether it was given
2026-05-04  away P-012 2026-07-01..2026-07-14
2026-05-11  taper hold P-008 --reason 'a flare'
2026-05-14  withdraw P-010 2026-05-14 --reason 'moves away'
2026-05-18  comes-not P-013 M3                                          # so it seemed on Tuesday
2026-05-19  done P-013 M3 2026-05-19 --given yes
2026-06-01  taper resume P-008 --reason 'the study doctor agrees'
2026-06-04  comes-not P-009 M4
2026-06-08  correct P-013 M3 --day 2026-05-18 --reason 'the form says the 18th'
2026-06-15  withdraw P-019 2026-06-15 --reason 'asked to stop'
2026-06-22  reinstate P-019 --reason 'it was another participant'
2026-06-30  refused: cancel P-010 M6 --reason 'again'
2026-07-06  hold --site miami --reason 'a supply delay'
2026-07-06  tell --site miami --audience pharmacy
2026-07-20  resume --site miami --reason 'supplied again'
2026-07-20  cancel P-018 M5 --reason 'the study doctor agrees'
2026-07-22  stop-infusions P-005 --reason 'the study doctor decides'
2026-07-29  refused: hold --site nowhere --reason 'a typing error'
2026-08-03  amend amended.toml --site gainesville --reason 'amendment 1'
2026-08-10  correct P-018 --lang es --reason 'asked for Spanish'
2026-09-01  withdraw P-021 2026-08-31 --reason 'no time any more'
2026-09-14  refused: move P-022 M6 2026-09-20 --reason 'a Sunday'
2026-10-05  died P-014 2026-10-03 --reason 'told by the family'
2026-10-12  refused: book P-014 M10 2026-12-21
2026-10-26  comes-not P-023 M7
2026-11-02  done P-023 M7 2026-11-02 --given yes --deviation 'a day that suited'
"""
"""The day, and what is typed first thing that day. ``refused`` must change nothing; ``comes-not`` is a no-show."""

DISRUPTIONS = """
2026-04-14 gainesville: P-003 has a cold, and the second infusion is late
  move P-003 M3 2026-04-20 --reason 'a cold'
  replan --site gainesville --reason 'a late infusion'
2026-04-17 miami: a storm closes the site on Monday and Tuesday
  replan --site miami --closed 2026-04-20..2026-04-21 --reason storm
2026-05-01 gainesville: a storm closes the site on Monday, and its file says so
  closes gainesville 2026-05-04 storm tormenta
  replan --site gainesville --reason storm
2026-05-22 gainesville: P-015 is ill, and the second infusion is ten weeks late: the third must wait for it
  move P-015 M3 2026-08-07 --reason 'a long illness' --deviation 'the study doctor agrees'
  replan --site gainesville --reason 'a late infusion'
2026-06-15 gainesville: whoever has the first infusion of the week has a fever
  late gainesville 'a fever'
  replan --site gainesville --reason 'a late infusion'
2026-07-10 gainesville: a hurricane closes the site for a week
  replan --site gainesville --closed 2026-07-13..2026-07-17 --reason hurricane
2026-08-10 gainesville: whoever has the first infusion of the week has a fever
  late gainesville 'a fever'
  replan --site gainesville --reason 'a late infusion'
2026-08-17 miami: whoever has the first infusion of the week has a fever
  late miami 'a fever'
  replan --site miami --reason 'a late infusion'
2026-09-02 gainesville: pumps are recalled, and there are no infusions for two days
  replan --site gainesville --closed 2026-09-03..2026-09-04 --kind infusion --reason 'pump recall'
2026-09-02 miami: pumps are recalled, and there are no infusions for two days
  replan --site miami --closed 2026-09-03..2026-09-04 --kind infusion --reason 'pump recall'
2026-10-09 miami: a flood closes the site for two weeks
  replan --site miami --closed 2026-10-12..2026-10-23 --reason flood
2026-11-04 gainesville: a nurse is ill, and a day can hold one infusion for three weeks
  clinic capacity gainesville 2026-11-05..2026-11-25 --kind infusion --limit 1 --reason ill
  replan --site gainesville --reason 'a nurse is ill'
"""
"""The day, the site, what happens there, and what is typed. ``late`` is a participant who comes after the week only."""


def participants() -> Iterator[tuple[str, str, date, bool, str]]:
    """Yield code, site, randomization, steroids and language: two a week, from 7 January on."""
    for number in range(1, PARTICIPANTS + 1):
        week, at_miami = divmod(number - 1, 2)
        day = date(2026, 1, 7) + timedelta(weeks=week, days=at_miami)
        yield f"P-{number:03}", SITES[at_miami], day, number % 3 != 0, "es" if number % 4 == 0 else "en"


def working_days() -> Iterator[date]:
    """Yield Mondays to Fridays."""
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        if day.weekday() < 5:
            yield day


def script() -> Mapping[date, list[list[str]]]:
    """Return what is typed on which day, in words."""
    lines: dict[date, list[list[str]]] = {}
    for line in SCRIPT.strip().splitlines():
        day, words = line.partition(" ")[::2]
        lines.setdefault(date.fromisoformat(day), []).append(shlex.split(words, comments=True))
    return lines


@dataclass(frozen=True, kw_only=True)
class Disruption:
    """What happens at a site, and what is typed for that reason."""

    day: date
    site: str
    what: str
    typed: Sequence[list[str]]


def disruptions() -> list[Disruption]:
    """Return what takes appointments away from their days."""
    return [
        Disruption(
            day=date.fromisoformat(day),
            site=site,
            what=what,
            typed=[shlex.split(line) for line in lines.splitlines()],
        )
        for day, site, what, lines in re.findall(r"(?m)^(\S+) (\w+): (.+)\n((?:  .+\n)+)", DISRUPTIONS)
    ]


HOW: Mapping[tuple[str, str], Sequence[str]] = {
    ("P-007", "M3"): ["--given", "no"],
    ("P-011", "M3"): ["--given", "partial"],
    ("P-020", "M4"): ["--remote"],
    ("P-022", "M4"): ["--other-site"],
}
"""What is out of the ordinary on the day of a visit."""

TAPER = """from,dose_mg,instruction_en,instruction_es
1,3,"EXAMPLE, as prescribed","EJEMPLO, según la receta"
8,2,"EXAMPLE, as prescribed","EJEMPLO, según la receta"
15,1,"EXAMPLE, as prescribed","EJEMPLO, según la receta"
"""


def amended_protocol() -> str:
    """Return the protocol after an amendment: M11 counts five weeks, M18 goes, M17 comes."""
    text = PROTOCOL_FILE.read_text()
    text = text.replace('version = "2026-02-03.1"', 'version = "2026-08-01.amendment-1"')
    before, m11 = text.split("[visits.M11]")
    text = before + "[visits.M11]" + m11.replace('offset = "P1M"', 'offset = "P5W"', 1)
    before, m18 = text.split("[visits.M18]")
    m18 = m18.replace('"Month 18"', '"Month 17"', 1).replace('"Mes 18"', '"Mes 17"', 1).replace('"P5M"', '"P4M"', 1)
    return before + "[visits.M17]" + m18
