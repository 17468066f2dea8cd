"""Which cohort a participant is in, and what that means at each infusion."""

from dataclasses import dataclass

from schedule.errors import Problem, Refused, UnknownName
from schedule.participant.state import ParticipantId
from schedule.study.protocol import Cohort, Kind, Product, Protocol
from schedule.views import StaffSchedule, StaffVisitView


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A participant's cohort. It never leaves this wing."""

    participant: ParticipantId
    cohort: Cohort


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What the pharmacist makes ready for one infusion."""

    visit: StaffVisitView
    product: Product


def allocate(protocol: Protocol, participant: ParticipantId, typed: str) -> Allocation:
    """Return the allocation for the cohort that the pharmacist typed.

    Raises UnknownName without repeating what was typed: messages are read by others too. Raises Refused where
    the protocol has no cohorts.
    """
    if not protocol.cohorts:
        problem = Problem(
            place="--cohort",
            wrong="the protocol has no cohorts",
            remedy="leave out --cohort and --pharmacy-out",
        )
        raise Refused([problem])
    for cohort in protocol.cohorts:
        if cohort.id == typed.strip():
            return Allocation(participant=participant, cohort=cohort)
    known = ", ".join(cohort.id for cohort in protocol.cohorts)
    raise UnknownName([Problem(place="--cohort", wrong="there is no such cohort", remedy=f"known: {known}")])


def preparations(protocol: Protocol, schedule: StaffSchedule, allocation: Allocation) -> tuple[Preparation, ...]:
    """Return what is to be made ready, infusion by infusion."""
    products = {product.id: product for product in protocol.products}
    return tuple(
        Preparation(visit=visit, product=products[allocation.cohort.products[visit.code]])
        for visit in schedule.visits
        if visit.kind is Kind.INFUSION and visit.code in allocation.cohort.products
    )
