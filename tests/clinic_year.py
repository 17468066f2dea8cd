"""A year at a clinic with 40 participants at two sites: what is typed, day after day, by somebody who reads the lists.

The routine is that of a coordinator: on Mondays what is due is booked, every day what stood in the agenda is recorded,
on Wednesdays whoever must hear of something hears of it, on Fridays what is overdue is closed. All that is out of the
ordinary stands in SCRIPT. What was typed is remembered, so that a test can hold what is recorded against it.
"""

import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from builders import PROTOCOL_FILE, SITE_FILE, Run
from clinics import in_process

import cli
import clinic.clock

FIRST, LAST = date(2026, 1, 5), date(2026, 12, 31)
TEN_IN_FLORIDA = time(15, 0)
"""Of the day in UTC; an hour later there in summer."""
SITES = ("gainesville", "miami")
PARTICIPANTS = 40

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
2026-04-07  done P-001 M3 2026-04-07 --given yes
2026-04-08  taper plan P-001 taper.csv
2026-04-13  refused: done P-003 M3 2026-04-13                           # nobody said whether it was given
2026-04-14  move P-003 M3 2026-04-20 --reason 'a cold'
2026-04-17  closes miami 2026-04-20 storm tormenta
2026-04-28  done P-007 M3 2026-04-28 --given no
2026-05-01  closes gainesville 2026-05-04 storm tormenta
2026-05-04  away P-012 2026-07-01..2026-07-14
2026-05-11  taper hold P-008 --reason 'a flare'
2026-05-11  done P-011 M3 2026-05-11 --given partial
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


@dataclass(kw_only=True)
class Known:
    """What was typed of one visit."""

    status: str
    day: str | None = None
    given: str | None = None
    deviation: str | None = None


@dataclass(kw_only=True)
class Year:
    """The clinic, its coordinator, and what the coordinator remembers."""

    folder: Path
    patch: pytest.MonkeyPatch
    today: date = FIRST
    typed: int = 0
    notes: dict[tuple[str, str], Known] = field(default_factory=dict)
    absent: set[tuple[str, str]] = field(default_factory=set)
    """Who did not come, and has no new day yet."""
    forgotten: set[tuple[str, str]] = field(default_factory=set)
    """What the coordinator closes only when the list says that a later visit was done."""
    said: dict[str, str] = field(default_factory=dict)
    """What the commands of the script answered, by what was typed."""

    def run(self, words: Sequence[str]) -> Run:
        """Run a command in this process as from a shell, at ten in the morning of the day."""
        self.typed += 1
        at = datetime.combine(self.today, TEN_IN_FLORIDA, UTC) + timedelta(seconds=self.typed)
        with self.patch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(clinic.clock, "now", lambda: at)
            patch.setattr(sys, "argv", ["dayzero", *words])
            env = {"DAYZERO_DB": str(self.folder / "clinic.sqlite3"), "DAYZERO_ACTOR": "JD", "COLUMNS": "120"}
            return in_process(cli.main, "", env)

    def must(self, *words: str) -> str:
        """Run a command that has to be carried out."""
        done = self.run(words)
        assert done.code == 0, f"{self.today} {' '.join(words)}\n{done.out}{done.err}"
        assert "Traceback" not in done.err
        self._note(words)
        return done.out

    def read(self, *words: str) -> Any:
        """Return what a command prints as JSON."""
        return json.loads(self.must(*words, "--format", "json"))

    def head(self) -> Any:
        """Return how many records there are and the hash of the last."""
        shown = self.read("audit", "verify")
        assert shown["good"], shown
        return shown["count"], shown["head"]

    def open(self) -> None:
        """Make the store and the files that the script names."""
        for site in SITES:
            (self.folder / f"{site}.toml").write_text((SITE_FILE.parent / f"{site}.toml").read_text())
        (self.folder / "taper.csv").write_text(TAPER)
        (self.folder / "amended.toml").write_text(amended_protocol())
        self.must("clinic", "init", *(word for site in SITES for word in ("--site", f"{site}.toml")))

    def live(self) -> Iterator[date]:
        """Live through the year; give each month's last working day, in the evening."""
        said, coming = script(), list(participants())
        days = list(working_days())
        for number, day in enumerate(days):
            self.today = day
            for code, site, randomized, steroids, lang in coming:
                if randomized == day:
                    flag = "--steroids" if steroids else "--no-steroids"
                    options = ("--site", site, "--randomized", str(day), flag, "--lang", lang)
                    self.must("enroll", code, *options)
            for words in said.get(day, ()):
                self._follow(words)
            self._routine(day)
            if number + 1 == len(days) or days[number + 1].month != day.month:
                yield day

    def _routine(self, day: date) -> None:
        if day.weekday() == 0:
            self._book_what_is_due()
        if day.weekday() == 4:
            self._close_what_is_overdue()
        self._see_who_comes()
        if day.weekday() == 2:
            self._tell()

    def _follow(self, words: list[str]) -> None:
        match words:
            case ["refused:", *typed]:
                before = self.head()
                done = self.run(typed)
                assert done.code in (1, 2), (typed, done)
                assert not done.out, (typed, done)
                assert self.head() == before
            case ["dry:", *typed]:
                before = self.head()
                assert "2026" in self.must(*typed)
                assert self.head() == before
            case ["comes-not", code, visit]:
                self.absent.add((code, visit))
            case ["forgets", code, visit]:
                self.absent.add((code, visit))
                self.forgotten.add((code, visit))
            case ["comes", code, visit]:
                self.absent.discard((code, visit))
            case ["closes", site, day, en, es]:
                self._close(site, day, en, es)
            case _:
                self.said[shlex.join(words)] = self.must(*words)

    def _close(self, site: str, day: str, en: str, es: str) -> None:
        """Note a closed day with the site, and give everybody who was to come another one."""
        file = self.folder / f"{site}.toml"
        closure = f'\n[[closures]]\nfirst = {day}\nlast = {day}\nreason = {{ en = "{en}", es = "{es}" }}\n'
        file.write_text(file.read_text() + closure)
        self.said[f"closes {site} {day}"] = self.must("clinic", "site", file.name, "--reason", en)
        self._rebook(en, site=site)

    def _rebook(self, why: str, site: str | None = None) -> None:
        at_site = ("--site", site) if site else ()
        days = ("--from", str(self.today), "--to", str(self.today + timedelta(days=28)))
        for row in self.read("agenda", *at_site, *days):
            if row["to_rebook"]:
                self._move(row["participant"], row["code"], why)

    def _move(self, code: str, visit: str, why: str) -> None:
        """Take the best day that is offered; where it is a deviation, answer for it."""
        best = self.read("move", code, visit, "--reason", why)[0]
        deviation = ("--deviation", why) if best["deviates"] else ()
        self.must("move", code, visit, best["day"], "--reason", why, *deviation)

    def _book_what_is_due(self) -> None:
        self._rebook("its window has moved")
        soon = str(self.today + timedelta(days=20))
        for row in self.read("due", "--from", str(self.today), "--to", soon):
            key = row["participant"], row["code"]
            if row["status"] == "planned" and row["kind"] != "milestone" and key not in self.absent:
                if row["day"] is None or row["day"] < str(self.today):
                    self._move(*key, "no day was left")
                elif row["day"] <= soon:
                    self.must("book", *key, row["day"])
                    if row["kind"] == "infusion":
                        self.must("confirm", *key)

    def _see_who_comes(self) -> None:
        today = str(self.today)
        for row in self.read("agenda", "--from", today, "--to", today):
            key = row["participant"], row["code"]
            if row["status"] == "done" or key in self.absent:
                continue
            if row["status"] == "planned" and row["kind"] != "milestone" and row["code"] != "D0":
                continue
            if row["kind"] == "milestone" and not self._was_given(row["participant"], "M3"):
                continue
            given = ("--given", "yes") if row["kind"] == "infusion" else ()
            self.must("done", *key, today, *given, *WHERE.get(key, ()))

    def _was_given(self, code: str, visit: str) -> bool:
        """Tell whether an infusion was recorded: nobody calls about a taper before."""
        noted = self.notes.get((code, visit))
        return noted is not None and noted.status == "done"

    def _tell(self) -> None:
        waiting = {(row["participant"], row["audience"]) for row in self.read("tell")}
        for code, audience in sorted(waiting):
            self.must("told", code, "--to", audience, "--who", "JD", "--how", "phone")

    def _close_what_is_overdue(self) -> None:
        for row in self.read("overdue"):
            code, visit = row["participant"], row["code"]
            if (code, visit) in self.forgotten and row["lateness"] == "overdue":
                continue
            if row["kind"] == "milestone":
                self.must("done", code, visit, str(self.today))
            elif row["kind"] == "infusion" and row["lateness"] == "overdue":
                self._move(code, visit, "late, and the study doctor agrees")
            else:
                self.must("miss", code, visit, "--reason", "nobody came")

    def _note(self, words: Sequence[str]) -> None:
        """Remember what was typed of a visit."""
        if "--dry-run" in words or len(words) < 3:
            return
        options = dict(pairwise(words))
        verb, code, visit = words[:3]
        why = options.get("--deviation")
        old = self.notes.get((code, visit))
        match verb:
            case "done":
                kept = old.deviation if old and old.day == words[3] else None
                known = Known(status="done", day=words[3], given=options.get("--given"), deviation=why or kept)
            case "move" | "book" if len(words) > 3 and words[3].startswith("2"):
                known = Known(status="booked", day=words[3], deviation=why)
            case "confirm" if old:
                known = Known(status="confirmed", day=old.day, deviation=old.deviation)
            case "miss":
                known = Known(status="missed")
            case "cancel":
                known = Known(status="cancelled")
            case "correct" if "--day" in words and old:
                known = Known(status="done", day=options["--day"], given=old.given, deviation=why)
            case _:
                return
        self.notes[code, visit] = known
        self.absent.discard((code, visit))


WHERE: Mapping[tuple[str, str], Sequence[str]] = {
    ("P-020", "M4"): ["--remote"],
    ("P-022", "M4"): ["--other-site"],
}

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
