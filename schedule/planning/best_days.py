"""The best days for one participant, exactly: fewest visits without one, then nearest to the targets in all.

Of two choices that leave as many visits without a day, that which gives the earlier visits theirs is better. Then what
should keep its day is moved as seldom as can be, and as few promised visits as can be end up outside their
windows. Only then the days off target count, and of two choices that are as near, that which is nearer for the earlier
visits is better. So no two are equally good, and where each visit on its own nearest day is as near as can be, that is
the choice.

Where visits that are kept apart come too close, they are weighed against each other. Days are ordinals.
"""

from collections.abc import Sequence
from itertools import pairwise

from schedule.planning.searching import Apart, Option, Place, Search, Wanted, settled
from schedule.sites import ShutDays


def best_days(wanted: Sequence[Wanted], apart: Sequence[Apart]) -> "Found":
    """Find the best days of all that is wanted."""
    options = _first_come(wanted, apart)
    search = Search(wanted, options)
    if search.could_be_better:
        search.solve()
        options = search.complete({})
        if _clash(options, apart):
            from schedule.planning.weighing import weigh  # noqa: PLC0415 - hardly any plan needs it

            options = search.complete(weigh(search, apart))
    return Found(options, search, apart)


class Found:
    """The best options, and what another day of a visit would do to the others."""

    def __init__(self, options: Sequence[Option], search: Search, apart: Sequence[Apart]) -> None:
        self.options = options
        self._search, self._apart = search, apart

    def worse_with(self, place: Place, day: int) -> Sequence[Place]:
        """Return those that would be farther from their targets, or without a day, if a visit had that day.

        Where none that counts from it would be, but some would come too close, all are weighed anew.
        """
        search = self._search
        others = search.follow(self.options, place, Option(day, is_day=True))
        following = self._worse(place, others)
        if following or not _clash(others, self._apart):
            return following
        wanted = list(search.wanted)
        wanted[place] = wanted[place]._replace(shut=ShutDays(lambda other: other.toordinal() != day))
        return self._worse(place, best_days(wanted, self._apart).options)

    def _worse(self, place: Place, others: Sequence[Option]) -> Sequence[Place]:
        """Return those but one that are farther from their targets, or without a day, with these options."""
        search, found = self._search, []
        for number, one in enumerate(search.wanted):
            if number != place and one.is_visit:
                off, would_be_off = search.off(number, self.options), search.off(number, others)
                if off is not None and (would_be_off is None or would_be_off > off):
                    found.append(number)
        return found


def _first_come(wanted: Sequence[Wanted], apart: Sequence[Apart]) -> list[Option]:
    """Give each visit in turn the day that it has, or else the nearest that those before it leave."""
    options: list[Option] = []
    rivals = {place: one for one in apart for place in one.places}
    for place, one in enumerate(wanted):
        target = one.after[one.known if one.counts_from is None else options[one.counts_from].day]
        if not one.seeks:
            options.append(settled(one, target))
            continue
        held, least = [], 0
        if rival := rivals.get(place):
            least = rival.least
            held = [options[other].day for other in rival.places if other < place and options[other].is_day]
        for day in one.days(target):
            if not one.shut[day] and not any(abs(day - other) < least for other in held):
                options.append(Option(day, is_day=True))
                break
        else:
            options.append(Option(target, is_day=False))
    return options


def _clash(options: Sequence[Option], apart: Sequence[Apart]) -> bool:
    """Tell whether two that are kept apart are too close."""
    for one in apart:
        days = sorted(options[place].day for place in one.places if options[place].is_day)
        if any(then - first < one.least for first, then in pairwise(days)):
            return True
    return False
