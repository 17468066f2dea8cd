"""Look-backs as a table or list for the terminal, and as JSON."""

import json
from dataclasses import replace
from typing import Any

from schedule.planning.lookback import DatedLookback, LookedBack
from schedule.render.activities import LOOKBACK_STARTS
from schedule.render.editions import edition_of
from schedule.render.language import N_, Language
from schedule.render.pages import PLAIN, Style, render_page
from schedule.render.tables import in_columns, wrapped
from schedule.study.protocol import Basis, LookbackRule

PAGE = "LB-0"
"""The code of the page: no page of a packet ends in 0."""
RULES = {
    LookbackRule.DONE_WITHIN: N_("done on or after {day}"),
    LookbackRule.STABLE_FOR: N_("dose unchanged since {day} or earlier"),
    LookbackRule.NONE_WITHIN: N_("none on or after {day}"),
    LookbackRule.IF_WITHIN: N_("if on or after {day}: {due} is due"),
}


def lookback_record(looked: LookedBack, speaks: Language) -> dict[str, Any]:
    """Return the look-backs for programs; days are ISO, ``first_day`` is null where a half-life must be filled in."""
    return {
        "protocol": looked.study.id,
        "protocol_version": looked.study.version,
        "screening": looked.screening.isoformat(),
        "randomization": looked.randomization.isoformat(),
        "lookbacks": [_record(one, speaks) for one in looked.lookbacks],
    }


def _record(one: DatedLookback, speaks: Language) -> dict[str, Any]:
    lookback = one.lookback
    return {
        "id": lookback.id,
        "name": speaks.text(lookback.name),
        "rule": lookback.rule.value,
        "within": str(lookback.within) if lookback.within else None,
        "half_lives": lookback.half_lives,
        "before": lookback.before.value,
        "counted_from": one.counted_from.isoformat(),
        "first_day": one.first_day.isoformat() if one.first_day else None,
        "due": speaks.text(lookback.due) if lookback.due else None,
        "says": say_rule(one, speaks),
        "basis": lookback.basis.value,
        "before_basis": lookback.before_basis.value,
    }


def lookback_json(looked: LookedBack, speaks: Language) -> str:
    """Return the look-backs as JSON."""
    return json.dumps(lookback_record(looked, speaks), ensure_ascii=False, indent=2)


def lookback_table(looked: LookedBack, speaks: Language, *, width: int) -> str:
    """Return the look-backs as lines of at most ``width`` columns: a table, or a list where a table has no room."""
    heading = speaks.say(
        "Look-backs of {study}, protocol version {version}", study=looked.study.id, version=looked.study.version
    )
    days = speaks.say(
        "screening {screening}, randomization {randomization}",
        screening=speaks.iso_day(looked.screening),
        randomization=speaks.iso_day(looked.randomization),
    )
    lines = [*wrapped(heading, width), *wrapped(days, width), ""]
    if not looked.lookbacks:
        return "\n".join([*lines, *wrapped(speaks.say("The protocol has no look-backs."), width)])
    heads = [
        speaks.say("Look-back"), speaks.say("Rule"), speaks.say("Counted back from"), speaks.say("Assumed"),
    ]  # fmt: skip
    rows = [_row(one, speaks) for one in looked.lookbacks]
    lines += in_columns(heads, rows, width) or [
        line for one in looked.lookbacks for line in _stacked(one, speaks, width)
    ]
    if any(one.is_assumed for one in looked.lookbacks):
        lines += ["", *wrapped(speaks.say("assumed: not registered, confirm it with your site's protocol"), width)]
    return "\n".join(lines)


def _row(one: DatedLookback, speaks: Language) -> list[str]:
    return [speaks.text(one.lookback.name), say_rule(one, speaks), say_start(one, speaks), _say_assumed(one, speaks)]


def _stacked(one: DatedLookback, speaks: Language, width: int) -> list[str]:
    """Return a look-back as a line for its name and one for its rule; both days stand above, in the heading."""
    assumed = _say_assumed(one, speaks)
    facts = [
        say_rule(one, speaks),
        speaks.say("counted back from {start}", start=speaks.say(LOOKBACK_STARTS[one.lookback.before])),
        speaks.say("assumed: {parts}", parts=assumed) if assumed else "",
    ]
    return [
        *wrapped(speaks.text(one.lookback.name), width),
        *wrapped("; ".join(part for part in facts if part), width, indent="    "),
    ]


def say_rule(one: DatedLookback, speaks: Language) -> str:
    """Say what must hold and since which day; the day and the half-life are blanks where they must be filled in."""
    lookback = one.lookback
    if one.first_day:
        day = speaks.iso_day(one.first_day)
    else:
        day = speaks.say_count(
            "____ ({count} half-life of ____ days)",
            "____ ({count} half-lives of ____ days each)",
            lookback.half_lives or 0,
        )
    due = speaks.text(lookback.due) if lookback.due else ""
    return speaks.say(RULES[lookback.rule], day=day, due=due)


def say_start(one: DatedLookback, speaks: Language) -> str:
    """Say from which day it reaches back."""
    return speaks.say(
        "{start}, {day}",
        start=speaks.say(LOOKBACK_STARTS[one.lookback.before]),
        day=speaks.iso_day(one.counted_from),
    )


def lookback_html(looked: LookedBack, speaks: Language, style: Style = PLAIN) -> str:
    """Return the look-backs as one page with blanks for what was found; it knows no participant."""
    facts = (looked.study.id, looked.study.version, looked.screening, looked.randomization, looked.lookbacks)
    return render_page(
        "packet",
        "lookback.html",
        speaks,
        replace(style, large=False),
        looked=looked,
        page=PAGE,
        editions={PAGE: edition_of(facts)},
        as_of_day=None,
        protocol_version=looked.study.version,
        say_rule=say_rule,
        say_start=say_start,
        say_assumed=_say_assumed,
        LookbackRule=LookbackRule,
    )


def _say_assumed(one: DatedLookback, speaks: Language) -> str:
    parts = ((one.lookback.basis, speaks.say("rule")), (one.lookback.before_basis, speaks.say("start day")))
    return ", ".join(words for basis, words in parts if basis is Basis.ASSUMED)
