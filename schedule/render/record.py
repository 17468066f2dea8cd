"""What a change means, in words."""

from collections.abc import Sequence
from typing import Any

from schedule.participant.consequences import Alternative, Consequences
from schedule.participant.state import Participant, VisitState
from schedule.render.language import Language


def say_consequences(consequences: Consequences, after: Participant, speaks: Language) -> list[str]:
    """Say what would be different."""
    del after, speaks
    return [
        f"{one.after.code}: {one.before and one.before.dates.day} -> {one.after.dates.day} {one.after.status.value}"
        for one in consequences.changes
    ]


def consequences_record(consequences: Consequences, speaks: Language) -> dict[str, Any]:
    """Return it as JSON."""
    del speaks
    return {"changes": [one.after.code for one in consequences.changes]}


def say_alternatives(found: Sequence[Alternative], visit: VisitState, speaks: Language) -> list[str]:
    """Say which days are open."""
    del visit, speaks
    return [f"{one.day} {one.from_target}" for one in found]


def alternatives_record(found: Sequence[Alternative], speaks: Language) -> list[Any]:
    """Return them as JSON."""
    del speaks
    return [str(one.day) for one in found]
