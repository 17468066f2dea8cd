"""The record of an emergency unblinding: who, when and why, for the clinic's file. No arm comes in here."""

from datetime import datetime

from schedule.render.language import Language
from schedule.unblinded.log import Act, Entry, Line


def record_name(entry: Entry, line: Line) -> str:
    """Return the name of the record's file."""
    return f"{entry.act.value}-{entry.participant}-{line.number}.txt"


def emergency_record(entry: Entry, line: Line, speaks: Language) -> bytes:
    """Return the record as text, a fact a line. Masked people read it."""
    title, said = {
        Act.EMERGENCY: (
            speaks.say("Emergency unblinding"),
            speaks.say("One envelope was opened with the emergency key. This record does not tell what was in it."),
        ),
        Act.ACCIDENTAL: (
            speaks.say("Accidental unblinding"),
            speaks.say("No envelope was opened. This record does not tell what was learned."),
        ),
    }[entry.act]
    facts = (
        (speaks.say("Study"), entry.study),
        (speaks.say("Site"), entry.site),
        (speaks.say("Participant"), entry.participant),
        (speaks.say("When (UTC)"), _instant(entry.at)),
        (speaks.say("Who"), entry.who),
        (speaks.say("Why"), entry.why),
        (speaks.say("Line of the pharmacy's log"), f"{line.number}, {line.hash}"),
    )
    lines = [title, "", *(f"{name}: {fact}" for name, fact in facts), "", said]
    return ("\n".join(lines) + "\n").encode()


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
