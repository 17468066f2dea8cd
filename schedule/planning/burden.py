"""How much a schedule asks of the participant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from schedule.planning.placing import PlacedStep
from schedule.study.protocol import IN_PERSON, Basis, Kind, VisitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Burden:
    """Contacts and hours over the whole participation, travel not counted."""

    lengths_basis: Basis
    """Assumed where the length of any visit is."""

    contacts: int
    in_person: int
    virtual: int
    clinic_time: timedelta
    longest_day: timedelta
    longest_day_at: tuple[VisitCode, ...]
    tightest_window_days: int
    tightest_window_at: tuple[VisitCode, ...]


def weigh(placed: Sequence[PlacedStep]) -> Burden:
    """Add up what the visits ask; milestones ask nothing. A window of two ends counts both of them."""
    contacts = [one for one in placed if one.step.kind is not Kind.MILESTONE]
    in_person = [one for one in contacts if one.step.kind in IN_PERSON]
    longest = max((one.step.length for one in contacts), default=timedelta(0))
    widths = {one.step.code: (one.latest - one.earliest).days + 1 for one in contacts}
    tightest = min(widths.values(), default=0)
    assumed = any(one.step.length_basis is Basis.ASSUMED for one in contacts)
    return Burden(
        lengths_basis=Basis.ASSUMED if assumed else Basis.REGISTERED,
        contacts=len(contacts),
        in_person=len(in_person),
        virtual=len(contacts) - len(in_person),
        clinic_time=sum((one.step.length for one in in_person), timedelta(0)),
        longest_day=longest,
        longest_day_at=tuple(one.step.code for one in contacts if one.step.length == longest),
        tightest_window_days=tightest,
        tightest_window_at=tuple(code for code, width in widths.items() if width == tightest),
    )
