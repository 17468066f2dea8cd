"""What must hold across the records of a protocol; every check returns all the problems it finds."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache, partial
from itertools import chain, combinations

from schedule.errors import Problem, nearest_names
from schedule.study.offsets import Offset
from schedule.study.protocol import (
    IN_PERSON,
    LONGEST_YEARS,
    RANDOMIZATION,
    Kind,
    LookbackRule,
    Masking,
    Protocol,
    Spacing,
    Step,
    Visit,
    VisitCode,
)
from schedule.study.taper import check_tapers

REFERENCE_DAYS = tuple(date(year, month, 1) for year in (2023, 2024) for month in range(1, 13))
"""Day 0s that try every length of month, in a common year and a leap year."""

_FARTHEST = Offset(years=LONGEST_YEARS)


def check_protocol(protocol: Protocol) -> tuple[Problem, ...]:
    """Return everything that is wrong with the protocol as a whole."""
    names = tuple(chain(_check_codes(protocol), _check_anchors(protocol), _check_names(protocol)))
    others = tuple(chain(_check_cohorts(protocol), _check_lookbacks(protocol), check_tapers(protocol)))
    if names:
        return names + others
    return tuple(chain(others, _check_expectations(protocol), _check_spacing(protocol)))


def _place(step: Step, key: str) -> str:
    section = "milestones" if step.kind is Kind.MILESTONE else "visits"
    return f"{section}.{step.code}.{key}"


def _check_codes(protocol: Protocol) -> Iterator[Problem]:
    visits = {visit.code for visit in protocol.visits}
    for visit in protocol.visits:
        if visit.kind is Kind.MILESTONE:
            yield Problem(
                place=f"visits.{visit.code}.kind",
                wrong="a milestone is no visit",
                remedy=f"write infusion, clinic or virtual, or move it to [milestones.{visit.code}]",
            )
        if visit.code == RANDOMIZATION:
            yield Problem(
                place=f"visits.{visit.code}",
                wrong="the name is taken: it is an anchor",
                remedy="choose another code",
            )
    steps: tuple[Step, ...] = (*protocol.visits, *protocol.milestones)
    for step in steps:
        if step.code == RANDOMIZATION:
            section = "visits" if isinstance(step, Visit) else "milestones"
            yield Problem(
                place=f"{section}.{step.code}", wrong="the name is taken: it is an anchor", remedy="choose another code"
            )
    for milestone in protocol.milestones:
        if milestone.code in visits:
            yield Problem(
                place=f"milestones.{milestone.code}",
                wrong="a visit has the same code",
                remedy="give the milestone a code of its own",
            )
    if protocol.study.day0 not in visits:
        yield Problem(
            place="study.day0",
            wrong=f"no visit has the code {protocol.study.day0}",
            remedy=nearest_names(protocol.study.day0, visits, or_else="name the visit whose day is Day 0"),
        )


def _check_anchors(protocol: Protocol) -> Iterator[Problem]:
    visits = {visit.code: visit for visit in protocol.visits}
    steps: tuple[Step, ...] = (*protocol.visits, *protocol.milestones)
    for step in steps:
        if step.anchor != RANDOMIZATION and step.anchor not in visits:
            yield Problem(
                place=_place(step, "anchor"),
                wrong=f"no visit has the code {step.anchor}",
                remedy=nearest_names(step.anchor, visits, or_else="name a visit, or randomization"),
            )
    ordered = {RANDOMIZATION, *(step.code for step in protocol.in_anchor_order)}
    for step in steps:
        if step.anchor in ordered and step.code not in ordered:
            yield Problem(
                place=_place(step, "offset"),
                wrong=f"{step.offset} leads more than {LONGEST_YEARS} years past randomization",
                remedy="write a shorter duration",
            )
    for circle in _circles({code: visit.anchor for code, visit in visits.items()}):
        yield Problem(
            place=f"visits.{circle[0]}.anchor",
            wrong=f"anchors run in a circle: {' -> '.join((*circle, circle[0]))}",
            remedy="let one of them count from an earlier visit, or from randomization",
        )
    day0 = visits.get(protocol.study.day0)
    if day0 and day0.anchor != RANDOMIZATION:
        yield Problem(
            place=_place(day0, "anchor"),
            wrong=f"the visit of Day 0 counts from {day0.anchor}",
            remedy=f'write anchor = "{RANDOMIZATION}"',
        )


def _circles(anchors: dict[VisitCode, VisitCode]) -> list[list[VisitCode]]:
    circles: list[list[VisitCode]] = []
    for start in anchors:
        path = [start]
        while (ahead := anchors.get(path[-1])) is not None and ahead not in path:
            path.append(ahead)
        if ahead == start and not any(start in circle for circle in circles):
            circles.append(path)
    return circles


def _check_names(protocol: Protocol) -> Iterator[Problem]:
    procedures = {procedure.id for procedure in protocol.procedures}
    preparations = {preparation.id for preparation in protocol.preparations}
    for visit in protocol.visits:
        yield from _unknown(visit.procedures, procedures, place=_place(visit, "procedures"), table="procedures")
        yield from _unknown(visit.preparation, preparations, place=_place(visit, "preparation"), table="preparations")
    products = {product.id for product in protocol.products}
    for cohort in protocol.cohorts:
        place = f"cohorts.{cohort.id}.products"
        yield from _unknown(cohort.products.values(), products, place=place, table="products")


def _unknown(used: Iterable[str], known: set[str], *, place: str, table: str) -> Iterator[Problem]:
    for name in sorted(set(used) - known):
        yield Problem(
            place=place,
            wrong=f"{name} is not in [{table}]",
            remedy=nearest_names(name, known, or_else=f"write a table [{table}.{name}]"),
        )


def _check_cohorts(protocol: Protocol) -> Iterator[Problem]:
    infusions = {visit.code for visit in protocol.visits if visit.kind is Kind.INFUSION}
    for cohort in protocol.cohorts:
        place = f"cohorts.{cohort.id}.products"
        for code in sorted(set(cohort.products) - infusions):
            yield Problem(
                place=f"{place}.{code}",
                wrong="no infusion has this code",
                remedy="name an infusion, or delete it",
            )
    if protocol.study.masking is Masking.OPEN:
        return
    for cohort in protocol.cohorts:
        missing = infusions - set(cohort.products)
        if missing:
            yield Problem(
                place=f"cohorts.{cohort.id}.products",
                wrong=f"no product at {', '.join(sorted(missing))}: a masked person could see who gets no infusion",
                remedy='name a product (a placebo) for each infusion, or write study.masking = "open"',
            )
    yield from _check_look(protocol)


def _check_look(protocol: Protocol) -> Iterator[Problem]:
    """Products that two cohorts get at the same visit must look alike."""
    looks = {p.id: {"bag_ml": p.bag_ml, "total_ml": p.total_ml, "appearance": p.appearance} for p in protocol.products}
    seen: set[tuple[str, str]] = set()
    for one, other in combinations(protocol.cohorts, 2):
        for code in sorted(set(one.products) & set(other.products)):
            pair = (one.products[code], other.products[code])
            if pair[0] not in looks or pair[1] not in looks or pair in seen:
                continue
            seen |= {pair, pair[::-1]}
            for key, value in looks[pair[0]].items():
                if value != looks[pair[1]][key]:
                    yield Problem(
                        place=f"products.{pair[1]}.{key}",
                        wrong=f"{looks[pair[1]][key]} here, but {value} in products.{pair[0]}: a masked person at "
                        f"{code} could tell cohort {one.id} from cohort {other.id}",
                        remedy='write the same value for both, or study.masking = "open"',
                    )


def _check_lookbacks(protocol: Protocol) -> Iterator[Problem]:
    for rule in protocol.lookbacks:
        if (rule.within is None) == (rule.half_lives is None):
            yield Problem(
                place=f"lookbacks.{rule.id}",
                wrong="it must reach back by a duration or by half-lives, and by one of them only",
                remedy='write within = "P12W", or half_lives = 6',
            )
        if rule.within and rule.within.after(REFERENCE_DAYS[0]) > _FARTHEST.after(REFERENCE_DAYS[0]):
            yield Problem(
                place=f"lookbacks.{rule.id}.within",
                wrong=f"{rule.within} reaches more than {LONGEST_YEARS} years back",
                remedy="write a shorter duration",
            )
        if (rule.rule is LookbackRule.IF_WITHIN) != (rule.due is not None):
            yield Problem(
                place=f"lookbacks.{rule.id}.due",
                wrong="what is due goes with if_within, and only with it",
                remedy='write due = { en = "...", es = "..." } for if_within, or delete it',
            )


def _check_expectations(protocol: Protocol) -> Iterator[Problem]:
    kinds = [visit.kind for visit in protocol.visits]
    counted = {
        "in_person": sum(kind in IN_PERSON for kind in kinds),
        "virtual": kinds.count(Kind.VIRTUAL),
        "infusions": kinds.count(Kind.INFUSION),
    }
    for key, found in counted.items():
        expected = getattr(protocol.expect, key)
        if found != expected:
            yield Problem(
                place=f"expect.{key}",
                wrong=f"{expected} expected, but the visits make {found}",
                remedy="correct the visits, or the number where the protocol itself says so",
            )
    day0 = REFERENCE_DAYS[0]
    targets = nominal_targets(protocol, day0)
    last = max((visit.code for visit in protocol.visits), key=lambda code: targets[code])
    if targets[last] != protocol.expect.participation.after(day0):
        yield Problem(
            place="expect.participation",
            wrong=f"{protocol.expect.participation} expected, but with Day 0 on {day0} the last visit, {last}, "
            f"has its target on {targets[last]}, not {protocol.expect.participation.after(day0)}",
            remedy="correct the visit's offset, or the duration where the protocol itself says so",
        )


def nominal_targets(protocol: Protocol, day0: date) -> dict[VisitCode, date]:
    """Return each step's target where everything happens on its target and randomization is Day 0."""
    targets = {RANDOMIZATION: day0}
    for step in protocol.in_anchor_order:
        targets[step.code] = step.offset.after(targets[step.anchor])
    return targets


def _check_spacing(protocol: Protocol) -> Iterator[Problem]:
    for index, rule in enumerate(protocol.spacing):
        place = f"spacing[{index}]"
        if rule.kind is Kind.MILESTONE:
            yield Problem(place=f"{place}.kind", wrong="milestones are not kept apart", remedy="name a kind of visit")
        if rule.kind in [earlier.kind for earlier in protocol.spacing[:index]]:
            yield Problem(
                place=f"{place}.kind",
                wrong=f"there is another rule for {rule.kind.value}",
                remedy="keep the stricter one",
            )
        yield from _check_rule(protocol, rule, f"{place}.at_least")


def _check_rule(protocol: Protocol, rule: Spacing, place: str) -> Iterator[Problem]:
    """Yield the visits that cannot be far enough apart, whatever days their windows allow."""
    kept = [step for step in protocol.in_anchor_order if step.kind is rule.kind]
    targets = cache(partial(nominal_targets, protocol))
    told: list[tuple[int, int]] = []
    for width in range(1, len(kept)):
        for start in range(len(kept) - width):
            first, second = kept[start], kept[start + width]
            if any(start <= inner[0] and inner[1] <= start + width for inner in told):
                continue
            needed = rule.at_least * width
            if all(_farthest_apart(protocol, first, second, targets(day0)) < needed for day0 in REFERENCE_DAYS):
                told.append((start, start + width))
                yield Problem(
                    place=place,
                    wrong=f"{second.code} can never be {needed} days after {first.code}: with {first.code} at its "
                    f"earliest and {second.code} at its latest they are still closer",
                    remedy=f"widen visits.{second.code}.window, move its offset, or lower the distance",
                )


def _farthest_apart(protocol: Protocol, first: Step, second: Step, targets: Mapping[VisitCode, date]) -> int:
    """Return the most days from one visit to the other. What both count from lies on one day for both of them."""
    steps = {step.code: step for step in protocol.in_anchor_order}
    ways = [_way_back(steps, first.code), _way_back(steps, second.code)]
    shared = next(code for code in ways[1] if code in ways[0])
    days = []
    for end, way in enumerate(ways):
        day = targets[shared]
        for code in reversed(way[: way.index(shared)]):
            day = steps[code].window.around(steps[code].offset.after(day))[end]
        days.append(day)
    return (days[1] - days[0]).days


def _way_back(steps: dict[VisitCode, Step], code: VisitCode) -> list[VisitCode]:
    """Return the visit and all that it counts from, back to randomization."""
    way = [code]
    while way[-1] != RANDOMIZATION:
        way.append(steps[way[-1]].anchor)
    return way
