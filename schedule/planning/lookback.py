"""Look-backs: from the days of screening and randomization to the day that each rule reaches back to.

Days at the edge follow the plain reading of the words. "Within 12 weeks before" holds the day exactly 12 weeks (84
days) before: a test of that day is allowed, a medicine started on it is not. A dose is stable "for at least 12 weeks"
when it last changed on that day or earlier. "If within 3 years" asks for less than 3 years: a diagnosis exactly 3
years before asks for nothing, the day after does. Where a month has no such day, its last day counts.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from schedule.errors import Problem, Refused
from schedule.study.protocol import Basis, Lookback, LookbackRule, LookbackStart, Protocol, Study

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedLookback:
    """A look-back with its days."""

    lookback: Lookback
    counted_from: date
    """The day of screening or randomization from which it reaches back."""
    first_day: date | None
    """The first day inside its reach: for a test, the earliest allowed; for a dose, the day by which it last changed;
    for what may not be or asks for more, the first day that counts. None where a half-life must be filled in."""

    @property
    def is_assumed(self) -> bool:
        """Whether the rule, or the day that it counts from, is not on record."""
        return Basis.ASSUMED in (self.lookback.basis, self.lookback.before_basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedBack:
    """All look-backs of a trial for one day of screening and one of randomization."""

    study: Study
    screening: date
    randomization: date
    lookbacks: tuple[DatedLookback, ...]


def look_back(protocol: Protocol, *, screening: date, randomization: date) -> LookedBack:
    """Return the look-backs in the order of the protocol. Raises Refused where screening follows randomization."""
    check_order(screening, randomization)
    starts = {LookbackStart.SCREENING: screening, LookbackStart.RANDOMIZATION: randomization}
    return LookedBack(
        study=protocol.study,
        screening=screening,
        randomization=randomization,
        lookbacks=tuple(
            DatedLookback(lookback=one, counted_from=starts[one.before], first_day=_first_day(one, starts[one.before]))
            for one in protocol.lookbacks
        ),
    )


def check_order(screening: date, randomization: date) -> None:
    """Raise Refused where screening follows randomization."""
    if screening > randomization:
        problem = Problem(
            place="--screening",
            wrong=f"{screening} is after the randomization on {randomization}",
            remedy="check both dates: screening comes first, or is on the same day",
        )
        raise Refused([problem])


def _first_day(lookback: Lookback, counted_from: date) -> date | None:
    if lookback.within is None:
        return None
    reached = lookback.within.before(counted_from)
    return reached + _ONE_DAY if lookback.rule is LookbackRule.IF_WITHIN else reached
