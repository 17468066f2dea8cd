"""Which day of a site each visit of a participant gets, and why not a nearer one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from schedule.planning.best_days import Apart, Wanted, best_days, outwards
from schedule.planning.placing import (
    AnchorDay,
    Asked,
    Away,
    DayRefused,
    Picked,
    StaysPlanned,
    TooClose,
    WorseForOthers,
    why_away,
)
from schedule.sites import Closed, Site
from schedule.study.offsets import days_after
from schedule.study.protocol import RANDOMIZATION, Kind, Step, VisitCode


class Seeking:
    """The best days at a site, and why nearer ones were not taken."""

    def __init__(self, asked: Asked, site: Site, away: Sequence[Away]) -> None:
        self._asked, self._site, self._away = asked, site, away
        anchors = {step.code: asked.anchor_of(step) for step in asked.protocol.in_anchor_order}
        self._settled, self._taken = _Spacing(asked, anchors), _Spacing(asked, anchors)
        known = {RANDOMIZATION: asked.randomized, **{code: one.day for code, one in asked.settled.items()}}
        self._known = {code: day.toordinal() for code, day in known.items()}
        self._steps = self._weighed()
        self._places = {step.code: place for place, step in enumerate(self._steps)}
        self._found = best_days([self._wanted(step) for step in self._steps], self._rivals())
        self._days: dict[VisitCode, date] = {}
        for step, one in zip(self._steps, self._found.options, strict=True):
            if one.is_day and asked.seeks(step):
                self._days[step.code] = date.fromordinal(one.day)
                self._taken.take(step, self._days[step.code])

    def pick(self, step: Step, target: date) -> Picked:
        """Return the day of a visit with this target, and what stands against nearer ones."""
        chosen = self._days.get(step.code)
        if chosen == target:
            return chosen, ()
        start = target.toordinal()
        refused: list[DayRefused] = []
        for off, _ in outwards(step.window.before, step.window.after):
            day = date.fromordinal(start + off)
            if day == chosen:
                return chosen, tuple(refused)
            refused.append(DayRefused(day=day, why=self._why_not(step, day)))
        return None, tuple(sorted(refused, key=lambda one: one.day))

    def _why_not(self, step: Step, day: date) -> Closed | Away | TooClose | WorseForOthers | StaysPlanned:
        if why := self._why_closed(step.kind, day) or self._taken.why_too_close(step, day):
            return why
        worse = self._found.worse_with(self._places[step.code], day.toordinal())
        visits = tuple(self._steps[place].code for place in worse)
        return StaysPlanned() if step.code in self._asked.kept and not visits else WorseForOthers(visits=visits)

    def _why_closed(self, kind: Kind, day: date) -> Closed | Away | None:
        return self._site.closed_days(kind)[day.toordinal()] or why_away(self._away, day)

    def _weighed(self) -> list[Step]:
        """Return the steps that look for a day or tell how good that of their anchor is, and all these count from."""
        asked, needed, found = self._asked, set(), []
        for step in reversed(asked.steps):
            known, anchor = asked.settled.get(step.code), asked.anchor_of(step)
            if known:
                counts = known.is_a is AnchorDay.BOOKED and anchor not in asked.settled
            else:
                counts = step.code in needed or asked.seeks(step)
            if counts and (known is None or anchor != RANDOMIZATION):
                found.append(step)
                needed.add(anchor)
        return found[::-1]

    def _wanted(self, step: Step) -> Wanted:
        asked, anchor = self._asked, self._asked.anchor_of(step)
        kept, known = asked.kept.get(step.code), asked.settled.get(step.code)
        rule, place = self._settled.rules.get(step.kind), None if anchor in self._known else self._places[anchor]
        is_tied = place is not None and self._steps[place].kind is step.kind and asked.seeks(self._steps[place])
        return Wanted(
            counts_from=place,
            known=self._known.get(anchor, 0),
            after=days_after(step.offset),
            window=step.window,
            shut=self._shut(step),
            is_visit=known is not None or asked.seeks(step),
            kept=(kept.target.toordinal(), kept.day.toordinal()) if kept else None,
            promised=known.day.toordinal() if known else None,
            after_anchor=rule.at_least if rule and is_tied else 0,
        )

    def _shut(self, step: Step) -> Mapping[int, object]:
        """Return what stands against a day, whatever day the others have that are looking for one."""
        if not (self._away or self._settled.keeps_away(step)):
            return self._site.closed_days(step.kind)
        return _Shut(lambda day: self._why_closed(step.kind, day) or self._settled.why_too_close(step, day))

    def _rivals(self) -> Sequence[Apart]:
        """Return the visits that are kept apart and look for a day."""
        found = []
        for rule in self._asked.protocol.spacing:
            steps = (step for step in self._steps if step.kind is rule.kind and self._asked.seeks(step))
            found.append(Apart(least=rule.at_least, places=[self._places[step.code] for step in steps]))
        return found


class _Shut(dict[int, object]):
    """What stands against a day, by its ordinal: looked at once."""

    def __init__(self, why: Callable[[date], object]) -> None:
        super().__init__()
        self._why = why

    def __missing__(self, day: int) -> object:
        found = self[day] = self._why(date.fromordinal(day))
        return found


class _Spacing:
    """The days already taken by the kinds of visit that are kept apart.

    No visit makes way for one that counts from it: that one's window would move with its own day.
    """

    def __init__(self, asked: Asked, anchors: Mapping[VisitCode, VisitCode]) -> None:
        self.rules = {rule.kind: rule for rule in asked.protocol.spacing}
        self._anchors = anchors
        self._taken: dict[Kind, dict[VisitCode, date]] = {kind: {} for kind in self.rules}
        if asked.settled:
            for visit in asked.protocol.visits:
                if (known := asked.settled.get(visit.code)) and known.takes_place:
                    self.take(visit, known.day)

    def keeps_away(self, step: Step) -> bool:
        """Tell whether another visit of its kind has its day."""
        return bool(self._taken.get(step.kind))

    def take(self, step: Step, day: date) -> None:
        """Remember the day of a visit, where its kind is kept apart."""
        if step.kind in self._taken:
            self._taken[step.kind][step.code] = day

    def why_too_close(self, step: Step, day: date) -> TooClose | None:
        """Return the rule that forbids the day, or None."""
        rule = self.rules.get(step.kind)
        if rule is None:
            return None
        for code, other in self._taken[step.kind].items():
            apart = abs((day - other).days)
            if apart < rule.at_least and code != step.code and not self._counts_from(code, step.code):
                return TooClose(to=code, on=other, days_apart=apart, at_least=rule.at_least, basis=rule.basis)
        return None

    def _counts_from(self, code: VisitCode, other: VisitCode) -> bool:
        """Tell whether a visit counts from another one, directly or by way of others."""
        while (anchor := self._anchors.get(code)) is not None:
            if anchor == other:
                return True
            code = anchor
        return False
