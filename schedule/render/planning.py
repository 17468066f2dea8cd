"""Why there is no plan, and what would help, in words: the repair first, then the reasons, then the days one by one."""

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from itertools import groupby

from schedule.planning.optimising.conflicts import (
    AnchorAsked,
    Conflict,
    DayAway,
    DayLimited,
    DayShut,
    Element,
    FixedAsked,
    RuleAsked,
    WeekdayShut,
    WindowAsked,
)
from schedule.planning.optimising.counting import beyond, overbooked
from schedule.planning.optimising.problem import Anchor, Dates, Problem, Wanted
from schedule.planning.optimising.repairing import (
    Available,
    Grant,
    LooserRule,
    MoreSlots,
    Opened,
    WiderAnchor,
    WiderWindow,
)
from schedule.render.language import N_, WEEKDAYS, Language

MOST_DAYS_SHOWN = 31
MOST_BROKEN_SHOWN = 10
RESOURCES = {"infusion": N_("infusion"), "clinic": N_("visit"), "virtual": N_("call")}
"""The clinic's own; any other is said as it is written."""


def say_figures(cost: Fraction, bound: Fraction, gap: float, speaks: Language) -> str:
    """Say what a plan costs, and how far that may be from the least."""
    percent = f"{100 * gap:.4f}".rstrip("0").rstrip(".")
    return speaks.say(
        "cost {cost}, proven bound {bound}, gap {gap} %", cost=_amount(cost), bound=_amount(bound), gap=percent
    )


def _amount(amount: Fraction) -> str:
    return f"{float(amount):.2f}".rstrip("0").rstrip(".")


def _resource(name: str, speaks: Language) -> str:
    return speaks.say(RESOURCES[name]) if name in RESOURCES else name


def say_broken(problem: Problem, dates: Dates, speaks: Language) -> Iterator[str]:
    """Say which soft windows and soft limits a plan breaks; nothing of those that are hard."""
    if problem.costs.outside is not None:
        found = beyond(problem, dates)
        yield speaks.say_count(
            "{count} visit is outside its window", "{count} visits are outside their windows", len(found)
        )
        yield from _first_few([_say_beyond(*key, days, speaks) for key, days in found.items()], speaks)
    if problem.costs.overbook is not None:
        over = overbooked(problem, dates)
        yield speaks.say_count("{count} slot is overbooked", "{count} slots are overbooked", sum(over.values()))
        yield from _first_few([_say_too_many(*key, count, speaks) for key, count in over.items()], speaks)


def _first_few(lines: Sequence[str], speaks: Language) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:MOST_BROKEN_SHOWN])
    if more := lines[MOST_BROKEN_SHOWN:]:
        yield "  " + speaks.say_count("and {count} more", "and {count} more", len(more))


def _say_too_many(site: str, resource: str, day: date, over: int, speaks: Language) -> str:
    return speaks.say_count(
        "{site}: {count} too many for {resource} on {day}",
        "{site}: {count} too many for {resource} on {day}",
        over, site=site, resource=_resource(resource, speaks), day=speaks.iso_day(day),
    )  # fmt: skip


def _say_beyond(name: str, visit: str, days: int, speaks: Language) -> str:
    if days < 0:
        return speaks.say_count(
            "{participant}: {visit} {count} day before its window",
            "{participant}: {visit} {count} days before its window",
            -days, participant=name, visit=visit,
        )  # fmt: skip
    return speaks.say_count(
        "{participant}: {visit} {count} day after its window",
        "{participant}: {visit} {count} days after its window",
        days, participant=name, visit=visit,
    )  # fmt: skip


def say_grant(grant: Grant, speaks: Language) -> str:
    """Say something that would have to be granted."""
    match grant:
        case MoreSlots(resource=resource, day=day, extra=extra, site=site):
            return speaks.say_count(
                "{site}: {count} extra slot for {resource} on {day}",
                "{site}: {count} extra slots for {resource} on {day}",
                extra, site=site, resource=_resource(resource, speaks), day=speaks.iso_day(day),
            )  # fmt: skip
        case Opened(site=site, day=day):
            return speaks.say("{site}: open on {day}", site=site, day=speaks.iso_day(day))
        case Available(participant=name, day=day):
            return speaks.say("{participant}: can come on {day} after all", participant=name, day=speaks.iso_day(day))
        case WiderWindow(participant=name, visit=visit, by=by):
            return _say_beyond(name, visit, by, speaks)
        case WiderAnchor(participant=name, visit=visit, by=by, anchor=anchor):
            beyond_it = _say_beyond(name, visit, by, speaks)
            return speaks.say("{beyond} that counts from {anchor}", beyond=beyond_it, anchor=anchor)
        case LooserRule(participant=name, first=first, then=then, least=least, most=most, asked=asked):
            is_least = least != asked[0]
            bounds = _bounds(least, None, speaks) if is_least else _bounds(None, most, speaks)
            return speaks.say(
                "{participant}: {bounds} from {first} to {then} instead of {instead}",
                participant=name, first=first, then=then, bounds=bounds, instead=asked[0] if is_least else asked[1],
            )  # fmt: skip


def _bounds(least: int | None, most: int | None, speaks: Language) -> str:
    if least is None:
        return speaks.say_count("at most {count} day", "at most {count} days", most or 0)
    if most is None:
        return speaks.say_count("at least {count} day", "at least {count} days", least)
    return speaks.say("{least} to {most} days", least=least, most=most)


def say_repair(repair: Sequence[Grant], speaks: Language) -> list[str]:
    """Say what is the least that would help, in a line for each."""
    if not repair:
        return [speaks.say("Nothing that could be granted is known to help.")]
    return [speaks.say("What would help: {grant}.", grant=say_grant(one, speaks)) for one in _once(repair)]


def _once(repair: Sequence[Grant]) -> Iterator[Grant]:
    """Leave out the smaller grant where a visit's window and its anchored window are both exceeded on one side."""
    widest: dict[tuple[str, str, bool], WiderWindow | WiderAnchor] = {}
    for one in repair:
        if isinstance(one, WiderWindow | WiderAnchor):
            key = one.participant, one.visit, one.by < 0
            widest[key] = max(widest.get(key, one), one, key=lambda wider: abs(wider.by))
    for one in repair:
        if not isinstance(one, WiderWindow | WiderAnchor) or one is widest[one.participant, one.visit, one.by < 0]:
            yield one


def reasons(problem: Problem, conflict: Conflict, speaks: Language) -> list[str]:
    """Say who stands against whom, and what against them."""
    core = conflict.core
    visits = {one.key: one for one in problem.visits}
    people = list(dict.fromkeys(name for one in core if (name := _whose(one))))
    limits = [one for one in core if isinstance(one, DayLimited)]
    found = []
    is_scarce = bool(limits) and len(people) > 1
    scarce = {one.resource for one in limits} if is_scarce else set()
    asked = [
        said
        for one in core
        if not (isinstance(one, WindowAsked) and scarce & visits[one.participant, one.visit].uses)
        and (said := _say_asked(one, visits, problem, speaks))
    ]
    if is_scarce:
        found.append(_say_scarce(problem, core, limits, speaks))
        against = [*asked, *_say_calendar(core, speaks)]
    else:
        found.append(speaks.say("These cannot all hold: {asked}.", asked="; ".join(asked)))
        against = [*_say_limits(problem, limits, speaks), *_say_calendar(core, speaks)]
    if conflict.needs_one_a_day:
        against.append(speaks.say("a participant has at most one visit a day"))
    if against:
        found.append(speaks.say("And: {facts}.", facts="; ".join(against)))
    return found


def _whose(one: Element) -> str | None:
    return None if isinstance(one, WeekdayShut | DayShut | DayLimited) else one.participant


def _say_scarce(problem: Problem, core: Sequence[Element], limits: Sequence[DayLimited], speaks: Language) -> str:
    (place,) = problem.sites.values()
    days = sorted({one.day for one in limits})
    slots = sum(place.limit(one.resource, one.day) or 0 for one in limits)
    wanted = {(one.participant, one.visit) for one in core if isinstance(one, WindowAsked | AnchorAsked | FixedAsked)}
    names = ", ".join(dict.fromkeys(name for name, _ in sorted(wanted)))
    resources = ", ".join(dict.fromkeys(_resource(one.resource, speaks) for one in limits))
    if len(days) == 1:
        return speaks.say_count(
            "{names} need {resource} on {day}; there is {count} slot",
            "{names} need {resource} on {day}; there are {count} slots",
            slots, names=names, resource=resources, day=speaks.iso_day(days[0]),
        ) + "."  # fmt: skip
    return speaks.say_count(
        "{names} need {resource} on days from {first} to {last}; there is {count} slot",
        "{names} need {resource} on days from {first} to {last}; there are {count} slots",
        slots, names=names, resource=resources, first=speaks.iso_day(days[0]), last=speaks.iso_day(days[-1]),
    ) + "."  # fmt: skip


def _say_asked(one: Element, visits: dict[tuple[str, str], Wanted], problem: Problem, speaks: Language) -> str | None:
    match one:
        case WindowAsked(participant=name, visit=code):
            wanted = visits[name, code]
            if wanted.lower == wanted.upper:
                day = speaks.iso_day(wanted.lower)
                return speaks.say("{participant}: {visit} is on {day}", participant=name, visit=code, day=day)
            return speaks.say(
                "{participant}: {visit} is from {first} to {last}",
                participant=name, visit=code, first=speaks.iso_day(wanted.lower), last=speaks.iso_day(wanted.upper),
            )  # fmt: skip
        case AnchorAsked(participant=name, visit=code):
            return _say_anchor(name, code, visits[name, code].anchor, speaks)
        case FixedAsked(participant=name, visit=code):
            day = speaks.iso_day(visits[name, code].fixed)
            return speaks.say("{participant}: {visit} stays on {day}", participant=name, visit=code, day=day)
        case RuleAsked(participant=name, first=first, then=then):
            bounds = [
                _bounds(rule.least, rule.most, speaks)
                for rule in problem.rules
                if (rule.first, rule.then) == (first, then) and rule.participant in (None, name)
                and not rule.least is rule.most is None
            ]  # fmt: skip
            return speaks.say(
                "{participant}: {bounds} from {first} to {then}",
                participant=name, bounds=", ".join(bounds), first=first, then=then,
            )  # fmt: skip
        case _:
            return None


def _say_anchor(name: str, code: str, anchor: Anchor | None, speaks: Language) -> str | None:
    if anchor is None:
        return None
    days = anchor.offset
    offset = speaks.say_count("{count} day", "{count} days", days) if isinstance(days, int) else str(days)
    lower, upper = f"{anchor.lower:+d}", f"{anchor.upper:+d}"
    return speaks.say(
        "{participant}: {visit} is {offset} after {anchor}, {lower} to {upper} days",
        participant=name, visit=code, offset=offset, anchor=anchor.visit, lower=lower, upper=upper,
    )  # fmt: skip


def _say_limits(problem: Problem, limits: Sequence[DayLimited], speaks: Language) -> Iterator[str]:
    """Say how many slots there are, the days with as many together."""
    days: dict[tuple[str, str, int], list[str]] = {}
    for one in sorted(limits):
        slots = problem.sites[one.site].limit(one.resource, one.day) or 0
        days.setdefault((one.site, one.resource, slots), []).append(speaks.iso_day(one.day))
    for (site, name, slots), on in days.items():
        facts = {"site": site, "resource": _resource(name, speaks), "days": ", ".join(on)}
        if slots:
            yield speaks.say_count(
                "{site} has {count} slot for {resource} on {days}",
                "{site} has {count} slots for {resource} on {days}",
                slots, **facts,
            )  # fmt: skip
        else:
            yield speaks.say("{site} has no slot for {resource} on {days}", **facts)


def _say_calendar(core: Sequence[Element], speaks: Language) -> Iterator[str]:
    weekdays = [one for one in core if isinstance(one, WeekdayShut)]
    if weekdays:
        names = ", ".join(speaks.say(WEEKDAYS[one.weekday]) for one in sorted(weekdays))
        yield speaks.say("{site} is closed on: {weekdays}", site=weekdays[0].site, weekdays=names)
    shut = sorted(one for one in core if isinstance(one, DayShut))
    if shut:
        days = ", ".join(speaks.iso_day(one.day) for one in shut)
        yield speaks.say("{site} is closed on {days}", site=shut[0].site, days=days)
    away = sorted(one for one in core if isinstance(one, DayAway))
    for name, absences in groupby(away, key=lambda one: one.participant):
        days = ", ".join(speaks.iso_day(one.day) for one in absences)
        yield speaks.say("{participant} cannot come on {days}", participant=name, days=days)


def day_lines(problem: Problem, conflict: Conflict, speaks: Language) -> list[str]:
    """Return what stands against each day of the windows in a conflict of one participant; nothing for others."""
    people = {name for one in conflict.core if (name := _whose(one))}
    windows = [
        wanted
        for one in conflict.core
        if isinstance(one, WindowAsked)
        for wanted in problem.visits
        if wanted.key == (one.participant, one.visit)
    ]
    if len(people) != 1:
        return []
    return [_say_days(problem, wanted, speaks) for wanted in windows if wanted.lower and wanted.upper]


def _say_days(problem: Problem, wanted: Wanted, speaks: Language) -> str:
    first, last = (end.toordinal() for end in (wanted.lower, wanted.upper) if end)
    numbers = range(first, min(last, first + MOST_DAYS_SHOWN - 1) + 1)
    facts = [
        " ".join((speaks.iso_day(day), _say_day(problem, wanted, day, speaks)))
        for day in map(date.fromordinal, numbers)
    ]
    more = ["..."] if last > numbers[-1] else []
    return f"{wanted.visit}: {'; '.join([*facts, *more])}"


def _say_day(problem: Problem, wanted: Wanted, day: date, speaks: Language) -> str:
    ((_, place),) = problem.sites.items()
    if day in place.closed or not place.is_open(day):
        return speaks.say("closed")
    if day in problem.participants[wanted.participant].unavailable:
        return speaks.say("cannot come")
    for resource in sorted(wanted.uses):
        limit = place.limit(resource, day)
        fixed = sum(one.fixed == day and resource in one.uses for one in problem.visits)
        if limit is not None and fixed >= limit:
            return speaks.say("no {resource} slot", resource=_resource(resource, speaks))
    return speaks.say("open")
