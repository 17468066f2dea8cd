"""What a record says, in the reader's language: what happened, to which visits, what was and what is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from clinic.access.roles import Role
from clinic.memory.records import Record
from clinic.memory.store import SYSTEM
from schedule.participant.state import Scope, Where
from schedule.record_views import AuditLine
from schedule.render.language import N_, SHORT_WEEKDAYS, Language
from schedule.render.record import STANDINGS
from schedule.render.reports import AUDIENCES
from schedule.render.sentences import SHORT_GIVEN, SHORT_KINDS, STATUSES
from schedule.sites import WEEK
from schedule.study.protocol import VisitCode

HAPPENED: Mapping[str, str] = MappingProxyType(
    {
        "enrolled": N_("enrolled"),
        "planned": N_("visits planned"),
        "replanned": N_("dates planned anew"),
        "booked": N_("booked"),
        "moved": N_("moved"),
        "overbooked": N_("day overbooked"),
        "confirmed": N_("confirmed"),
        "done": N_("done"),
        "missed": N_("missed"),
        "cancelled": N_("cancelled"),
        "unscheduled_added": N_("unscheduled visit added"),
        "away_set": N_("away on these days"),
        "away_removed": N_("not away on these days"),
        "preferred": N_("when the participant likes to come"),
        "taper_held": N_("taper on hold"),
        "taper_resumed": N_("taper goes on"),
        "taper_prescribed": N_("taper prescribed"),
        "infusions_stopped": N_("infusions stopped"),
        "infusions_held": N_("infusions on hold"),
        "infusions_resumed": N_("hold of infusions lifted"),
        "participation_ended": N_("participation ended"),
        "reinstated": N_("participation goes on"),
        "visit_corrected": N_("visit corrected"),
        "participant_corrected": N_("participant's facts corrected"),
        "amended": N_("another version of the protocol"),
        "attempted": N_("tried to reach the participant"),
        "told": N_("told"),
        "protocol_adopted": N_("protocol adopted"),
        "site_set": N_("site's file read"),
        "protocol_followed": N_("protocol that the site follows"),
        "site_closed": N_("site closed on these days"),
        "site_reopened": N_("site open again on these days"),
        "site_opened": N_("site open after all"),
        "capacity_set": N_("how much these days can hold"),
        "link_created": N_("link made"),
        "link_rotated": N_("link replaced"),
        "link_revoked": N_("link withdrawn"),
        "account_created": N_("account made"),
        "account_changed": N_("account changed"),
        "account_closed": N_("account closed"),
        "account_reopened": N_("account open again"),
        "password_set": N_("password chosen"),
        "sign_in_link_given": N_("one-time link given"),
        "clock": N_("the clock jumped"),
    }
)
"""What a reader is told for the kind of a record."""
PLACES = {
    Where.HERE: N_("at the site"),
    Where.REMOTE: N_("by phone or video"),
    Where.OTHER_SITE: N_("at another site"),
}
SCOPES = {
    Scope.PARTICIPANT: N_("the participant"),
    Scope.SITE: N_("the whole site"),
    Scope.STUDY: N_("the whole study"),
}
ROLES = {
    Role.ADMINISTRATOR: N_("Administrator"),
    Role.COORDINATOR: N_("Coordinator"),
    Role.MONITOR: N_("Monitor"),
    Role.PHARMACY: N_("Pharmacy"),
}
ABOUT = {
    "status": N_("Status"), "given": N_("Dose"), "where": N_("Place"), "randomized": N_("Randomized"),
    "steroids": N_("On steroids"), "lang": N_("Language"), "version": N_("Protocol version"), "role": N_("Role"),
    "sites": N_("Sites"), "weekdays": N_("Weekdays"), "not_before": N_("Not before"), "not_after": N_("Not after"),
    "opens": N_("Opens"), "closes": N_("Closes"), "kind": N_("Kind"), "kinds": N_("Kinds"), "limit": N_("At most"),
}  # fmt: skip
"""Facts that change, or are said for the first time: a body has them by these names, or as ``old_`` and ``new_``."""
SUBJECTS = {
    "links": N_("links of {whom}"), "site": N_("site {whom}"), "pharmacy": N_("pharmacy of {whom}"),
    "account": N_("account {whom}"), "study": N_("the study"),
}  # fmt: skip
"""What a record can be of besides a participant: the first part of its subject."""
PLAIN = ("audience", "who", "how", "pages", "scope", "standing", "note", "label")
"""Facts that need no name."""
OF_KINDS = {kind.value: said for kind, said in SHORT_KINDS.items()}
WORDS = {
    "kind": OF_KINDS, "kinds": OF_KINDS,
    "weekdays": {one.value: said for one, said in zip(WEEK, SHORT_WEEKDAYS, strict=True)},
}  # fmt: skip
WORDS |= {
    name: {one.value: said for one, said in table.items()}
    for name, table in (
        ("status", STATUSES), ("given", SHORT_GIVEN), ("where", PLACES), ("audience", AUDIENCES), ("scope", SCOPES),
        ("standing", STANDINGS), ("role", ROLES),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What a record says of one thing; empty where nothing was, or is not any more."""

    about: str = ""
    old: str = ""
    new: str


def say_role(role: str, speaks: Language) -> str:
    """Return what a role is called; itself where only a newer dayzero knows it."""
    words = WORDS["role"].get(role)
    return speaks.say(words).lower() if words else role


def happened(kind: str, speaks: Language) -> str:
    """Return what happened, in a few words; the name itself for a kind that only a newer dayzero knows."""
    return speaks.say(HAPPENED[kind]) if kind in HAPPENED else kind


def say_subject(subject: str, speaks: Language) -> str:
    """Return whom or what a record is of; the subject itself where only a newer dayzero knows it."""
    whose, _, name = subject.partition("/")
    if whose == "participant":
        return name
    if whose == SYSTEM:
        return "dayzero"
    if whose not in SUBJECTS:
        return subject
    return speaks.say(SUBJECTS[whose], whom=say_subject(name, speaks) if whose == "links" else name)


def visits_of(body: Mapping[str, Any]) -> tuple[VisitCode, ...]:
    """Return the visits that a record concerns by name; none where it concerns the participant."""
    codes = body.get("codes") or [body.get("code") or body.get("visit", {}).get("code")]
    return tuple(VisitCode(code) for code in codes if code)


def facts_of(body: Mapping[str, Any], speaks: Language) -> Iterator[Fact]:
    """Yield what was and what is. Whole plans and files are only in the exports."""
    yield from _days(body, speaks)
    for name, about in ABOUT.items():
        old, new = body.get(f"old_{name}"), body.get(f"new_{name}", body.get(name))
        if old != new:
            yield Fact(about=speaks.say(about), old=_say(name, old, speaks), new=_say(name, new, speaks))
    if "new" in body:
        yield Fact(old=_say("", body.get("old"), speaks), new=_say("", body["new"], speaks))
    yield from (Fact(new=_say(name, body[name], speaks)) for name in PLAIN if body.get(name))
    if deviation := body.get("deviation"):
        yield Fact(about=speaks.say("Deviation"), new=deviation["reason"])


def _days(body: Mapping[str, Any], speaks: Language) -> Iterator[Fact]:
    """Yield the day, or the days from and to, and what they were before."""
    if "first" in body:
        yield Fact(new=speaks.say("{first} to {last}", first=body["first"], last=body["last"]))
        return
    if slot := body.get("slot"):
        old, new = body.get("old_start") or body.get("old_day"), slot["start"]
    elif "day" in body:
        old, new = body.get("planned"), body["day"]
    else:
        old, new = body.get("old_day"), body.get("new_day")
        if old == new:
            return
    yield Fact(about=speaks.say("Day"), old=_say("", None if old == new else old, speaks), new=_say("", new, speaks))


def _say(name: str, value: object, speaks: Language) -> str:
    """Return a value in the reader's language; what somebody wrote, and days and times, as they are."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return speaks.say("yes") if value else speaks.say("no")
    if isinstance(value, list):
        return ", ".join(_say(name, one, speaks) for one in value)
    text = str(value)
    if words := WORDS.get(name, {}).get(text):
        return speaks.say(words)
    if name in ("not_before", "not_after"):
        return text[: len("10:00")]
    return _to_the_minute(text) if not name else text


def _to_the_minute(text: str) -> str:
    day, in_between, hours = text.partition("T")
    return f"{day} {hours[:5]}" if in_between else text


def audit_line(record: Record, speaks: Language) -> AuditLine:
    """Return a record as a monitor reads it: what was, what is, and why."""
    facts = tuple(facts_of(record.body, speaks))
    return AuditLine(
        at=record.at,
        who=record.actor,
        role=record.role,
        kind=record.kind,
        visits=visits_of(record.body),
        old=", ".join(_about(one, one.old, speaks) for one in facts if one.old),
        new=", ".join(_about(one, one.new, speaks) for one in facts if one.new),
        reason=record.reason,
    )


def _about(fact: Fact, said: str, speaks: Language) -> str:
    return speaks.say("{about}: {said}", about=fact.about, said=said) if fact.about else said


def sentence(record: Record, speaks: Language) -> str:
    """Return a record in a line: what happened, to which visits, what was and is, and in brackets why."""
    said = [*visits_of(record.body), *(_in_a_line(one, speaks) for one in facts_of(record.body, speaks))]
    line = happened(record.kind, speaks)
    if said:
        line = speaks.say("{about}: {said}", about=line, said=", ".join(said))
    return f"{line} ({record.reason})" if record.reason else line


def _in_a_line(fact: Fact, speaks: Language) -> str:
    return _about(fact, f"{fact.old} -> {fact.new or '-'}" if fact.old else fact.new, speaks)
