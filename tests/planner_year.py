"""A year at one site with two infusion chairs, in which days are chosen by the planner and by nobody else.

On Mondays ``replan`` and ``optimise`` are typed; what stands in DISRUPTIONS happens besides. As a program it writes
docs/planner-year.md: the appointments that each disruption moved.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from shlex import split
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from builders import REPOSITORY, SITE_FILE
from clinic_year import Year, participants, working_days

SITE = "gainesville"
LIMITS = {"infusion": 2, "clinic": 2, "virtual": 3}
CAPACITY = "[capacity]\n" + "".join(f"{kind} = {limit}\n" for kind, limit in LIMITS.items()) + "\n"
DISRUPTIONS: dict[str, tuple[str, Sequence[Sequence[str]]]] = {
    "2026-04-17": ("A storm closes the site on Monday and Tuesday", [
        ["replan", "--closed", "2026-04-20..2026-04-21", "--reason", "storm"]]),
    "2026-05-15": ("A nurse is ill: one infusion a day for three weeks", [
        ["clinic", "capacity", SITE, "2026-05-18..2026-06-05", "--kind", "infusion", "--limit", "1", "--reason", "ill"],
        ["replan", "--reason", "a nurse is ill"]]),
    "2026-07-10": ("A hurricane closes the site for a week", [
        ["replan", "--closed", "2026-07-13..2026-07-17", "--reason", "hurricane"]]),
    "2026-09-02": ("Pumps are recalled: no infusions for two days", [
        ["replan", "--closed", "2026-09-03..2026-09-04", "--kind", "infusion", "--reason", "pump recall"]]),
    "2026-10-09": ("The site is closed for two weeks", [
        ["replan", "--closed", "2026-10-12..2026-10-23", "--reason", "flood"]]),
}  # fmt: skip
LATE = {"2026-06-08", "2026-08-10"}
"""Weeks in which whoever has the first infusion does not come, and takes the best day that is offered later."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a disruption, or a Monday's replanning, moved, and what a person had to decide, with its window."""

    day: date
    what: str
    appointments: Sequence[dict[str, Any]]
    undecided: Sequence[tuple[str, str, str, str]]


@dataclass(kw_only=True)
class PlannerYear(Year):
    """The same coordinator, who leaves the days to the planner."""

    moved: list[Moved] = field(default_factory=list)
    without_plan: list[str] = field(default_factory=list)
    """What was said on Mondays on which there was no plan for everybody."""
    late: list[tuple[str, str]] = field(default_factory=list)

    def open(self) -> None:
        file = self.folder / f"{SITE}.toml"
        file.write_text((SITE_FILE.parent / file.name).read_text().replace("[arrival]", f"{CAPACITY}[arrival]"))
        self.must("clinic", "init", "--site", file.name)

    def live(self) -> Iterator[date]:
        """Live through the year; give each day, in the evening."""
        coming = [one for one in participants() if one[1] == SITE]
        for day in working_days():
            self.today = day
            for code, site, randomized, steroids, lang in coming:
                if randomized == day:
                    flag = "--steroids" if steroids else "--no-steroids"
                    self.must("enroll", code, "--site", site, "--randomized", str(day), flag, "--lang", lang)
            if happens := DISRUPTIONS.get(str(day)):
                self._disrupt(*happens)
            self._routine(day)
            yield day

    def _disrupt(self, what: str, commands: Sequence[Sequence[str]]) -> None:
        for words in commands:
            if words[0] == "replan":
                self._replan(what, *words[1:])
            else:
                self.must(*words)

    def _replan(self, what: str, *options: str) -> None:
        done = self.run(["replan", *options, "--format", "json"])
        found = json.loads(done.out)
        assert done.code == bool(found["undecided"]), done.err
        undecided = [self._window(one["participant"], one["code"]) for one in found["undecided"]]
        self.moved.append(Moved(day=self.today, what=what, appointments=found["appointments"], undecided=undecided))
        for one in found["undecided"]:
            self.must(*split(one["command"].replace("...", f"'no day was left: {what}'"))[1:])

    def _window(self, code: str, visit: str) -> tuple[str, str, str, str]:
        shown = self.read("show", code)
        (found,) = (one for one in shown["visits"] if one["code"] == visit)
        return code, visit, found["earliest"], found["latest"]

    def _book_what_is_due(self) -> None:
        self._replan("", "--reason", "its window has moved")
        if str(self.today) in LATE:
            self._be_late()
        until = str(self.today + timedelta(days=20))
        done = self.run(["optimise", "--site", SITE, "--until", until, "--format", "json"])
        if done.code:
            self.without_plan.append(f"{self.today}: {done.out}{done.err}")
            super()._book_what_is_due()

    def _rebook(self, why: str, site: str | None = None) -> None:
        """The planner has done it."""

    def _be_late(self) -> None:
        friday = str(self.today + timedelta(days=4))
        week = self.read("agenda", "--from", str(self.today), "--to", friday)
        code, visit = next((one["participant"], one["code"]) for one in week if one["kind"] == "infusion")
        days = [one for one in self.read("move", code, visit, "--reason", "a fever") if one["day"] > friday]
        deviation = ("--deviation", "a fever") if days[0]["deviates"] else ()
        self.must("move", code, visit, days[0]["day"], "--reason", "a fever", *deviation)
        self.late.append((code, visit))
        self._replan(f"{code} has a fever: {visit} is late", "--reason", "a late infusion")


def live(folder: Path) -> PlannerYear:
    """Live through a whole year in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        year = PlannerYear(folder=folder, patch=patch)
        year.open()
        for _ in year.live():
            pass
        return year


def report(year: PlannerYear) -> str:
    """Return the document: what each disruption moved."""
    lines = [HEAD]
    for one in year.moved:
        if not (one.what or one.appointments or one.undecided):
            continue
        lines.append(f"## {one.day}: {one.what or 'Monday: what does not fit any more'}\n")
        table = ["| participant | visit | was | is | why |", "|---|---|---|---|---|"]
        lines += table if one.appointments else ["No other appointment moves."]
        for each in one.appointments:
            old, new = (each["old"] or "not booked").replace("T", " "), f"{each['day']} {each['time']}"
            lines.append(f"| {each['participant']} | {each['code']} | {old} | {new} | {each['why']} |")
        if one.undecided:
            lines.append("\nNo day is left in the window of these; a person decides:\n")
        lines += (f"* {code} {visit}, {first} to {last}" for code, visit, first, last in one.undecided)
        lines.append("")
    return "\n".join(lines)


HEAD = f"""# A year with the planner

`PYTHONPATH=tests .venv/bin/python tests/planner_year.py` writes this page. Twenty participants at one site that can
hold {LIMITS["infusion"]} infusions, {LIMITS["clinic"]} clinic visits and {LIMITS["virtual"]} calls a day. All days are
chosen by `dayzero optimise` and `dayzero replan`. `tests/e2e/test_planner_year.py` lives through it too: no day holds
more than it can, and no visit is outside its window unless nothing in it was left, or somebody was ill.
"""


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        lived = live(Path(name))
        (REPOSITORY / "docs" / "planner-year.md").write_text(report(lived), "utf-8")
        sys.stderr.write("\n".join(lived.without_plan))
