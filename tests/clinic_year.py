"""A year at a clinic with 40 participants at two sites: what is typed, day after day, by somebody who reads the lists.

The routine is that of a coordinator. On Mondays ``replan`` and ``optimise`` choose days for what does not fit any
more and for what is due; every day what stood in the agenda is recorded; on Wednesdays whoever must hear of something
is told; on Fridays what is overdue is closed. What is out of the ordinary stands in SCRIPT, and what takes
appointments away from their days in DISRUPTIONS. What was typed is remembered, so that a test can hold what is
recorded against it.
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
from builders import SITE_FILE, Run
from clinics import in_process
from year_script import (
    CAPACITY,
    FIRST,
    HOW,
    SITES,
    TAPER,
    Disruption,
    amended_protocol,
    disruptions,
    participants,
    script,
    working_days,
)

import cli
import clinic.clock

INFUSIONS = ("D0", "M3", "M6", "M7", "M10", "M13")
TEN_IN_FLORIDA = time(15, 0)
"""Of the day in UTC; an hour later there in summer."""


@dataclass(kw_only=True)
class Known:
    """What was typed of one visit."""

    status: str
    day: str | None = None
    given: str | None = None
    deviation: str | None = None


NOTHING = Known(status="planned")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """All visits that stand on a day, and by visit the day that a person has answered for."""

    day: date
    rows: Sequence[dict[str, Any]]
    answered: Mapping[tuple[str, str], str]


@dataclass(frozen=True, kw_only=True)
class Replanned:
    """What the planner moved and booked at a site, and why; ``decided`` is what a person had to choose, and the day."""

    site: str
    what: str
    before: Standing
    appointments: Sequence[dict[str, Any]]
    decided: Mapping[tuple[str, str], str] = field(default_factory=dict)
    because: Sequence[str] = ()
    """Why not everybody has a day: what would have to be granted, and what stands against it."""


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
    replanned: list[Replanned] = field(default_factory=list)
    noons: list[Standing] = field(default_factory=list)
    """What stood on Mondays when the planner had chosen days."""
    late: list[tuple[str, str]] = field(default_factory=list)
    """Whose infusion a person gave a later day, since they did not come."""
    overdue: dict[tuple[str, str], str] = field(default_factory=dict)
    """Infusions whose window had ended when a person gave them a day, and its last day."""
    refusals: list[str] = field(default_factory=list)
    """What was said when there was no plan for everybody."""

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
            text = (SITE_FILE.parent / f"{site}.toml").read_text()
            (self.folder / f"{site}.toml").write_text(text.replace("[arrival]", f"{CAPACITY[site]}[arrival]"))
        (self.folder / "taper.csv").write_text(TAPER)
        (self.folder / "amended.toml").write_text(amended_protocol())
        self.must("clinic", "init", *(word for site in SITES for word in ("--site", f"{site}.toml")))

    def live(self) -> Iterator[date]:
        """Live through the year; give each month's last working day, in the evening."""
        said, days = script(), list(working_days())
        for number, day in enumerate(days):
            self.today = day
            for code, site, randomized, steroids, lang in participants():
                if randomized == day:
                    self._enroll(code, site, "--steroids" if steroids else "--no-steroids", lang)
            for words in said.get(day, ()):
                self._follow(words)
            for happens in disruptions():
                if happens.day == day:
                    self._disrupt(happens)
            self._routine(day)
            if number + 1 == len(days) or days[number + 1].month != day.month:
                yield day

    def _enroll(self, code: str, site: str, steroids: str, lang: str) -> None:
        """Begin a record. The first infusion is on the same day where a chair is free; else the planner chooses."""
        today = str(self.today)
        self.must("enroll", code, "--site", site, "--randomized", today, steroids, "--lang", lang)
        booked = self.run(["book", code, "D0", today])
        if booked.code == 0:
            self._note(["book", code, "D0", today])
            self.must("confirm", code, "D0")
        else:
            assert "no infusion slot is left" in booked.err, booked.err
            what, before = f"{code} is new, and no chair is free today", self.standing()
            new = self._optimise(site, self.today)
            self.replanned.append(Replanned(site=site, what=what, before=before, appointments=new))

    def _routine(self, day: date) -> None:
        if day.weekday() == 0:
            self._choose_days()
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
        """Note a closed day with the site, in its file."""
        file = self.folder / f"{site}.toml"
        closure = f'\n[[closures]]\nfirst = {day}\nlast = {day}\nreason = {{ en = "{en}", es = "{es}" }}\n'
        file.write_text(file.read_text() + closure)
        self.said[f"closes {site} {day}"] = self.must("clinic", "site", file.name, "--reason", en)

    # What the planner does.

    def _choose_days(self) -> None:
        for site in SITES:
            self._replan(site, "", ["--site", site, "--reason", "its window has moved"])
        for site in SITES:
            self._optimise(site, self.today + timedelta(weeks=6))
        self.noons.append(self.standing())

    def standing(self) -> Standing:
        """Return all visits that stand, whenever they are."""
        rows = self.read("agenda", "--from", "2026-01-01", "--to", "2028-12-31")
        answered = {key: known.day for key, known in self.notes.items() if known.deviation and known.day}
        return Standing(day=self.today, rows=rows, answered=answered)

    def _disrupt(self, happens: Disruption) -> None:
        for words in happens.typed:
            match words:
                case ["replan", *options]:
                    self._replan(happens.site, happens.what, options)
                case ["late", site, why]:
                    self._be_late(site, why)
                case _:
                    self._follow(words)

    def _replan(self, site: str, what: str, options: Sequence[str]) -> None:
        """Let the planner move what does not fit, and decide what it leaves to a person."""
        before = self.standing()
        done = self.run(["replan", *options, "--yes", "--format", "json"])
        assert done.code in (0, 1), done.err
        found = json.loads(done.out)
        self._note_appointments(found["appointments"])
        decided = {}
        for one in found["undecided"]:
            reason = f"no day was left in its window: {what or 'it has moved'}"
            code, visit = one["participant"], one["code"]
            decided[code, visit] = self._decide(code, visit, one["day"], reason)
        self.replanned.append(
            Replanned(
                site=site,
                what=what,
                before=before,
                appointments=found["appointments"],
                decided=decided,
                because=found["refusal"]["because"] if found["refusal"] else (),
            )
        )

    def _optimise(self, site: str, until: date) -> list[dict[str, Any]]:
        """Let the planner choose days for what is due; return what it booked."""
        done = self.run(["optimise", "--yes", "--site", site, "--until", str(until), "--format", "json"])
        if done.code:
            self.refusals.append(f"{self.today} {site}: {done.out}{done.err}")
            return []
        booked: list[dict[str, Any]] = json.loads(done.out)["appointments"]
        self._note_appointments(booked)
        return booked

    def _note_appointments(self, appointments: Sequence[dict[str, Any]]) -> None:
        """Remember what the planner booked, and ask who has an infusion whether they come."""
        for one in appointments:
            key = one["participant"], one["code"]
            self.notes[key] = Known(status="booked", day=one["day"])
            self.absent.discard(key)
            if one["code"] in INFUSIONS:
                self.must("confirm", *key)

    # What a person does.

    def _decide(self, code: str, visit: str, named: str, why: str) -> str:
        """Take the day outside its window that is named, or the first after it on which there is room."""
        is_booked = self.notes.get((code, visit), NOTHING).status in ("booked", "confirmed")
        words = ["move", code, visit, "--reason", why] if is_booked else ["book", code, visit]
        for number in range(15):
            day = str(date.fromisoformat(named) + timedelta(days=number))
            typed = [*words[:3], day, *words[3:], "--deviation", why]
            if self.run(typed).code == 0:
                self._note(typed)
                return day
        raise AssertionError(words)

    def _be_late(self, site: str, why: str) -> None:
        """Let whoever has the first infusion of the week come after it."""
        friday = str(self.today + timedelta(days=4))
        week = self.read("agenda", "--site", site, "--from", str(self.today), "--to", friday)
        code, visit = next((one["participant"], one["code"]) for one in week if one["kind"] == "infusion")
        self._move(code, visit, why, after=friday)
        self.late.append((code, visit))

    def _move(self, code: str, visit: str, why: str, *, after: str = "") -> None:
        """Take the best day that is offered; where it is a deviation, answer for it."""
        offered = self.read("move", code, visit, "--reason", why)
        best = next(one for one in offered if one["day"] > max(after, str(self.today)))
        deviation = ("--deviation", why) if best["deviates"] else ()
        self.must("move", code, visit, best["day"], "--reason", why, *deviation)

    def _see_who_comes(self) -> None:
        today = str(self.today)
        for row in self.read("agenda", "--from", today, "--to", today):
            key = row["participant"], row["code"]
            if row["status"] == "done" or key in self.absent:
                continue
            if row["status"] == "planned" and row["kind"] != "milestone":
                continue
            if row["kind"] == "milestone" and not self._was_given(row["participant"], "M3"):
                continue
            how = HOW.get(key, ())
            given = ("--given", "yes") if row["kind"] == "infusion" and "--given" not in how else ()
            self.must("done", *key, today, *given, *how)

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
                self.overdue[code, visit] = row["latest"]
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
