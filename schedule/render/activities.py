"""The schedule of activities as ICH M11 lays it out: visits as columns, days and windows above, procedures below."""

import json
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from schedule.render.language import N_, Language
from schedule.render.sentences import KINDS, SHORT_KINDS
from schedule.render.tables import wrapped
from schedule.study.offsets import write_length
from schedule.study.protocol import (
    RANDOMIZATION,
    Basis,
    Lookback,
    LookbackRule,
    LookbackStart,
    Milestone,
    Protocol,
    Step,
    Visit,
    concerns_steroids,
)

ASSUMED_MARK = "*"

LOOKBACK_RULES = {
    LookbackRule.DONE_WITHIN: N_("done within {reach} before {start}"),
    LookbackRule.STABLE_FOR: N_("stable for {reach} before {start}"),
    LookbackRule.NONE_WITHIN: N_("none within {reach} before {start}"),
    LookbackRule.IF_WITHIN: N_("if within {reach} before {start}: {due}"),
}
LOOKBACK_STARTS = {
    LookbackStart.SCREENING: N_("screening"),
    LookbackStart.RANDOMIZATION: N_("randomization"),
}


def activities_record(protocol: Protocol, speaks: Language) -> dict[str, Any]:
    """Return the schedule of activities for programs."""
    study = protocol.study
    return {
        "protocol": study.id,
        "registry_id": study.registry_id,
        "protocol_version": study.version,
        "title": speaks.text(study.title),
        "source": study.source,
        "masking": study.masking.value,
        "visits": [_step_record(step, speaks) for step in protocol.in_anchor_order],
        "procedures": [
            {"id": one.id, "name": speaks.text(one.name), "basis": one.basis.value} for one in protocol.procedures
        ],
        "spacing": [
            {"kind": rule.kind.value, "at_least_days": rule.at_least, "basis": rule.basis.value}
            for rule in protocol.spacing
        ],
        "lookbacks": [
            {
                "id": rule.id,
                "rule": say_lookback(rule, speaks),
                "basis": rule.basis.value,
                "before_basis": rule.before_basis.value,
            }
            for rule in protocol.lookbacks
        ],
        "notes": [speaks.text(note) for note in protocol.notes],
    }


def _step_record(step: Step, speaks: Language) -> dict[str, Any]:
    return {
        "code": step.code,
        "name": speaks.text(step.name),
        "kind": step.kind.value,
        "anchor": step.anchor,
        "anchor_basis": step.anchor_basis.value,
        "offset": str(step.offset),
        "offset_basis": step.offset_basis.value,
        "window": {"before": step.window.before, "after": step.window.after},
        "window_basis": step.window_basis.value,
        "length": write_length(step.length),
        "length_basis": step.length_basis.value if isinstance(step, Visit) else None,
        "procedures": list(step.procedures),
        "condition": step.condition.value if isinstance(step, Milestone) else None,
        "procedures_basis": step.procedures_basis.value if isinstance(step, Visit) else None,
    }


def activities_json(protocol: Protocol, speaks: Language) -> str:
    """Return the schedule of activities as JSON."""
    return json.dumps(activities_record(protocol, speaks), ensure_ascii=False, indent=2)


def activities_table(protocol: Protocol, speaks: Language, *, width: int) -> str:
    """Return the schedule of activities for reading, in as many blocks of columns as the width asks for."""
    study = protocol.study
    lines = [
        *wrapped(f"{study.id} ({study.registry_id}): {speaks.text(study.title)}", width),
        *wrapped(
            speaks.say("protocol version {version}; source: {source}", version=study.version, source=study.source),
            width,
        ),
        "",
    ]
    for block in _blocks(_columns(protocol, speaks), _heads(protocol, speaks), width):
        lines += [*block, ""]
    lines += wrapped(speaks.say("* assumed: the record does not state it; a site must confirm or replace it"), width)
    for rule in protocol.spacing:
        said = speaks.say(
            "Between two visits of kind {kind}: at least {days} days",
            kind=speaks.say(KINDS[rule.kind]),
            days=rule.at_least,
        )
        lines += wrapped(said + _mark(rule.basis), width)
    for milestone in protocol.milestones:
        said = speaks.say(
            "{code}, {name}: {anchor} + {offset}",
            code=milestone.code,
            name=speaks.text(milestone.name),
            anchor=milestone.anchor,
            offset=speaks.offset(milestone.offset),
        )
        said += _mark(milestone.anchor_basis, milestone.offset_basis)
        if concerns_steroids(milestone):
            said = speaks.say("{milestone} (only for those on steroids)", milestone=said)
        lines += wrapped(said, width)
    if protocol.lookbacks:
        lines += ["", speaks.say("Look-backs")]
        for lookback in protocol.lookbacks:
            lines += wrapped(f"- {say_lookback(lookback, speaks)}{_mark(lookback.basis, lookback.before_basis)}", width)
    if protocol.notes:
        lines += ["", speaks.say("Where sources disagree or are silent")]
        for note in protocol.notes:
            lines += wrapped(f"- {speaks.text(note)}", width)
    return "\n".join(lines)


def say_lookback(rule: Lookback, speaks: Language) -> str:
    """Say a look-back rule in a sentence."""
    reach = (
        speaks.offset(rule.within)
        if rule.within
        else speaks.say_count("{count} half-life", "{count} half-lives", rule.half_lives or 0)
    )
    said = speaks.say(
        LOOKBACK_RULES[rule.rule],
        reach=reach,
        start=speaks.say(LOOKBACK_STARTS[rule.before]),
        due=speaks.text(rule.due) if rule.due else "",
    )
    return f"{speaks.text(rule.name)}: {said}"


def _mark(*bases: Basis) -> str:
    return ASSUMED_MARK if Basis.ASSUMED in bases else ""


def _heads(protocol: Protocol, speaks: Language) -> list[str]:
    rows = [N_("Visit"), N_("Kind"), N_("Counts from"), N_("Offset"), N_("Window, days"), N_("Length")]
    return [
        *(speaks.say(row) for row in rows),
        *(speaks.text(one.name) + _mark(one.basis) for one in protocol.procedures),
    ]


def _columns(protocol: Protocol, speaks: Language) -> list[list[str]]:
    """Return a column a visit: its heading cells, then a mark at each procedure done."""
    return [
        [
            visit.code,
            speaks.say(SHORT_KINDS[visit.kind]),
            (speaks.say("rand.") if visit.anchor == RANDOMIZATION else visit.anchor) + _mark(visit.anchor_basis),
            str(visit.offset) + _mark(visit.offset_basis),
            _say_window(visit) + _mark(visit.window_basis),
            write_length(visit.length).removeprefix("PT").lower() + _mark(visit.length_basis),
            *("X" + _mark(visit.procedures_basis) if one.id in visit.procedures else "" for one in protocol.procedures),
        ]
        for visit in protocol.in_anchor_order
        if isinstance(visit, Visit)
    ]


def _say_window(visit: Visit) -> str:
    before = f"-{visit.window.before}" if visit.window.before else "0"
    after = f"+{visit.window.after}" if visit.window.after else "0"
    return f"{before}/{after}"


def _blocks(columns: Sequence[list[str]], heads: Sequence[str], width: int) -> Iterator[list[str]]:
    room = min(max(map(len, heads)), max(width // 3, 14))
    waiting = list(columns)
    while waiting:
        block = [waiting.pop(0)]
        while waiting and room + sum(_wide(one) for one in [*block, waiting[0]]) <= width:
            block.append(waiting.pop(0))
        yield [line for row in range(len(heads)) for line in _row_lines(heads[row], block, row, room)]


def _wide(column: Sequence[str]) -> int:
    return max(map(len, column)) + 2


def _row_lines(head: str, block: Sequence[list[str]], row: int, room: int) -> list[str]:
    cells = "".join("  " + column[row].ljust(_wide(column) - 2) for column in block)
    first, *more = wrap(head, room) or [""]
    lines = [(first.ljust(room) + cells).rstrip(), *more]
    return [*lines, "-" * (room + len(cells))] if row == 5 else lines
