"""Which day of a site each visit of a participant gets, and why not a nearer one."""

from collections.abc import Mapping, Sequence
from datetime import date

from schedule.planning.best_days import Apart, Wanted, best_days
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
from schedule.sites import Closed, ShutDays, Site, why_closed
from schedule.study.protocol import RANDOMIZATION, Kind, Step, VisitCode


class Seeking:
    """The best days at a site, and why nearer ones were not taken."""

    def __init__(self, asked: Asked, site: Site, away: Sequence[Away]) -> None:
        self._asked, self._site, self._away = asked, site, away
        anchors = {step.code: asked.anchor_of(step) for step in asked.protocol.in_anchor_order}
        self._settled, self._taken = _Spacing(asked, anchors), _Spacing(asked, anchors)
        known = {RANDOMIZATION: asked.randomized, **{code: one.day for code, one in asked.settled.items()}}
        self._known = {code: day.toordinal() for code, day in known.items()}
        self._sought = {step.code for step in asked.steps if asked.seeks(step)}
        self._kinds = {kind: self._of_kind(kind) for kind in Kind}
        self._steps = self._weighed()
        self._places = {step.code: place for place, step in enumerate(self._steps)}
        self._found = best_days([self._wanted(step) for step in self._steps], self._rivals())
        self._days: dict[VisitCode, date] = {}
        for step, one in zip(self._steps, self._found.options, strict=True):
            if one.is_day and step.code in self._sought:
                self._days[step.code] = date.fromordinal(one.day)
                self._taken.take(step, self._days[step.code])

    def pick(self, step: Step, target: date) -> Picked:
        """Return the day of a visit with this target, and what stands against nearer ones."""
        chosen = self._days.get(step.code)
        if chosen == target:
            return chosen, ()
        start = target.toordinal()
        refused: list[DayRefused] = []
        for off in step.window.outwards:
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
        return why_closed(self._site, day, kind) or why_away(self._away, day)

    def _weighed(self) -> list[Step]:
        """Return the steps that look for a day or tell how good that of their anchor is, and all these count from."""
        asked, needed, found = self._asked, set(), []
        for step in reversed(asked.steps):
            known, anchor = asked.settled.get(step.code), asked.anchor_of(step)
            if known:
                counts = known.is_a is AnchorDay.BOOKED and anchor not in asked.settled
            else:
                counts = step.code in needed or step.code in self._sought
            if counts and (known is None or anchor != RANDOMIZATION):
                found.append(step)
                needed.add(anchor)
        return found[::-1]

    def _of_kind(self, kind: Kind) -> tuple[int, ShutDays | None]:
        """Return how far visits of a kind are kept apart, and what stands against days, if it does for all of them."""
        rule, is_for_all = self._settled.rules.get(kind), not (self._away or self._settled.keeps_away(kind))
        return rule.at_least if rule else 0, self._site.shut_days(kind) if is_for_all else None

    def _wanted(self, step: Step) -> Wanted:
        asked, anchor, code = self._asked, self._asked.anchor_of(step), step.code
        known = asked.settled.get(code)
        kept = None if known else asked.kept.get(code)
        least, shut = self._kinds[step.kind]
        place = None if anchor in self._known else self._places[anchor]
        is_tied = least and place is not None and self._steps[place].kind is step.kind and anchor in self._sought
        return Wanted(
            counts_from=place,
            known=self._known.get(anchor, 0),
            after=step.offset.ordinals,
            window=step.window,
            shut=self._shut(step) if shut is None else shut,
            is_visit=known is not None or code in self._sought,
            kept=(kept.target.toordinal(), kept.day.toordinal()) if kept else None,
            promised=known.day.toordinal() if known else None,
            after_anchor=least if is_tied else 0,
        )

    def _shut(self, step: Step) -> ShutDays:
        """Return what stands against a day, whatever day the others have that are looking for one."""
        return ShutDays(lambda day: self._why_closed(step.kind, day) or self._settled.why_too_close(step, day))

    def _rivals(self) -> Sequence[Apart]:
        """Return the visits that are kept apart and look for a day."""
        found = []
        for rule in self._asked.protocol.spacing:
            steps = (step for step in self._steps if step.kind is rule.kind and step.code in self._sought)
            found.append(Apart(least=rule.at_least, places=[self._places[step.code] for step in steps]))
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

    def keeps_away(self, kind: Kind) -> bool:
        """Tell whether visits of this kind have their days already."""
        return bool(self._taken.get(kind))

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
