"""What a command would record, for one participant or for many: the same for the command line and for the pages."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from clinic.desk import rulebook
from clinic.desk.closures import EVERY_KIND, closing, limiting, opening, reopening
from clinic.desk.codec import write_event
from clinic.desk.rulebook import (
    SITES,
    KnownSite,
    Rulebook,
    adopt_protocol_text,
    follow_protocol,
    hold_for_all,
    set_site,
)
from clinic.desk.slots import Slot, check_slots, slots_of, taken, with_taken
from clinic.desk.work import Draft, Everybody, Known, draft, find, newcomer, participants, save, watched
from clinic.memory.records import Batch, Entry, Record, Signature
from clinic.memory.store import Store
from schedule.errors import Problem, Refused, UnknownName
from schedule.files.text import read_text
from schedule.participant import commands as ask
from schedule.participant.commands import Command
from schedule.participant.replanning import Rules
from schedule.participant.state import Scope, Standing
from schedule.render.language import Language
from schedule.saying import Said, words
from schedule.sites import Hours, Site, SiteId, hours_on, limit_on, why_closed
from schedule.study.protocol import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What would be recorded as one group, all of it or nothing. Nothing is saved."""

    drafts: tuple[Draft, ...]
    before: tuple[Batch, ...] = ()
    """What goes before the drafts: records of sites and of the study, and how many of them were seen."""
    protocol_version: str
    everybody: Everybody | None = None
    """Said where it is for all participants of a site or of the study, whoever they are."""
    slots: tuple[Slot, ...] = ()
    """What is taken of days that can hold only so many visits."""
    notes: tuple[Said, ...] = ()
    """What staff should know besides."""


def together(
    book: Rulebook,
    drafts: Iterable[Draft],
    before: Iterable[Batch] = (),
    *,
    protocol_version: str | None = None,
    everybody: Everybody | None = None,
) -> Proposal:
    """Return drafts as one proposal, by the protocol of the first of them where no version is said."""
    drafts, before = tuple(drafts), tuple(before)
    return Proposal(
        drafts=drafts,
        before=(*before, *watched(book, drafts, before)),
        protocol_version=protocol_version or drafts[0].after.protocol_version,
        everybody=everybody,
        slots=tuple(slot for one in drafts for slot in slots_of(one)),
    )


def fingerprint(proposal: Proposal) -> str:
    """Return what tells a proposal from one that would record something else, or of which less was known."""
    batches = [(one.subject, one.expected, [(entry.kind, entry.body) for entry in one.entries])
               for one in proposal.before]  # fmt: skip
    drafts = [(one.known.code, one.known.records, [*map(write_event, one.events)]) for one in proposal.drafts]
    seen = [(one.code, one.records) for one in proposal.everybody.known] if proposal.everybody else []
    text = json.dumps([batches, drafts, seen], sort_keys=True, default=dict)
    return sha256(text.encode()).hexdigest()


def record(store: Store, proposal: Proposal, signature: Signature) -> tuple[Record, ...]:
    """Record a proposal. Raises StoreConflict where what it depends on has changed meanwhile."""
    if not proposal.slots:
        return save(store, proposal.drafts, signature, before=proposal.before, everybody=proposal.everybody)
    with store.locked():
        check_slots(store, proposal.slots)
        return save(store, proposal.drafts, signature, before=proposal.before, everybody=proposal.everybody)


def propose(book: Rulebook, known: Known, command: Command, now: datetime) -> Proposal:
    """Return what a command would record of one participant. Raises Refused.

    Who is reinstated takes part in the holds of their site and of the study that were made meanwhile.
    """
    if isinstance(command, ask.Book | ask.Move | ask.AddUnscheduled):
        known = with_taken(book.store, known, command.day, command.day)
    commands = [command]
    if isinstance(command, ask.Reinstate):
        missing = book.holds(known.enrolled.site) - known.enrolled.holds
        commands += [ask.HoldInfusions(scope=scope, reason=command.reason) for scope in sorted(missing, key=str)]
    return together(book, [draft(known, *commands, at=now)])


def propose_enrollment(
    book: Rulebook, command: ask.Enroll, site: str, now: datetime, before: Iterable[Batch] = (), *, speaks: Language
) -> Proposal:
    """Return what enrolls a participant at a site; ``before`` records the site where it is new. Raises Refused."""
    return together(book, [draft_enrollment(book, command, site, now, speaks=speaks)], before)


def draft_enrollment(book: Rulebook, command: ask.Enroll, site: str, now: datetime, *, speaks: Language) -> Draft:
    """Decide an enrollment. Infusions that are on hold at the site are for them too, and the record says so."""
    known = newcomer(book, command.participant, site, now)
    why = speaks.say("on hold when the participant was enrolled")
    holds = [ask.HoldInfusions(scope=scope, reason=why) for scope in sorted(book.holds(site), key=str)]
    return draft(known, command, *holds, at=now)


def find_or_add_site(book: Rulebook, name: str, now: datetime) -> tuple[SiteId, tuple[Batch, ...]]:
    """Return a site by its id, by the name of an example or by its file, and what records it if it is new."""
    from schedule.files.site import find_site

    if book.knows_site(name):
        return SiteId(name), ()
    try:
        path = find_site(name)
    except UnknownName as error:
        ids = ", ".join(book.site_ids()) or words("none")
        known = words("the clinic has: {sites}; {remedy}", sites=ids, remedy=error.problems[0].remedy)
        raise UnknownName([Problem(place="--site", wrong=error.problems[0].wrong, remedy=known)]) from error
    return rulebook.add_site(book, path, follows=book.newest_version(), year=now.year)


def propose_hold(book: Rulebook, site: str | None, reason: str, held: bool, now: datetime) -> Proposal:  # noqa: FBT001
    """Return what holds the infusions of a site, or of the study, or lets them go on. Raises Refused."""
    scope = Scope.SITE if site else Scope.STUDY
    if (book.site(site).held if site else book.study_held) is held:
        wrong = words("infusions are on hold there already") if held else words("infusions are not on hold there")
        raise Refused([Problem(place=site or words("study"), wrong=wrong, remedy=words("nothing to do"))])
    make = ask.HoldInfusions if held else ask.ResumeInfusions
    everybody = everybody_at(book, site, now)
    drafts = [
        draft(known, make(scope=scope, reason=reason), at=now)
        for known in everybody.known
        if (scope in known.enrolled.holds) is not held and (known.enrolled.standing is Standing.ACTIVE or not held)
    ]
    before = hold_for_all(book, SiteId(site) if site else None, reason, held=held)
    return together(book, drafts, [before], protocol_version=book.newest_version(), everybody=everybody)


def propose_site(book: Rulebook, name: str, reason: str, now: datetime) -> Proposal:
    """Return what adds a site, named by its file or as an example, or follows its file as it is now.

    What is not booked is planned anew. Raises InvalidInput with all that is wrong in the file, and Refused.
    """
    from schedule.files.site import find_site, read_site

    path = find_site(name)
    return _propose_site(book, read_site(path), read_text(path), name, reason=reason, now=now)


def propose_site_text(book: Rulebook, text: str, file: str, reason: str, now: datetime) -> Proposal:
    """Return what ``propose_site`` does for the text of a file that lies elsewhere; it can name no picture."""
    from schedule.files.site import accept_site

    return _propose_site(book, accept_site(text, file=file, folder=None), text, file, reason=reason, now=now)


def _propose_site(book: Rulebook, site: Site, text: str, file: str, *, reason: str, now: datetime) -> Proposal:
    site, batches = set_site(book, site, text, reason, follows=book.newest_version(), year=now.year)
    if not batches:
        wrong = words("the clinic follows this file already")
        raise Refused([Problem(place=file, wrong=wrong, remedy=words("nothing to do"))])
    return _replan(book, site, batches, now)


def propose_closure(
    book: Rulebook,
    site: str,
    first: date,
    last: date,
    kinds: tuple[Kind, ...] = EVERY_KIND,
    *,
    reason: str,
    now: datetime,
) -> Proposal:
    """Return what closes a site on these days, both included, for all kinds of visit or for some.

    What is not booked is planned anew. Raises Refused.
    """
    known = book.site(site)
    _check_days(known, first, last, now)
    if all(why_closed(known.site, day, kind) for day in _each(first, last) for kind in kinds):
        wrong, remedy = words("the site is closed on these days already"), words("nothing to do")
        raise Refused([Problem(place=site, wrong=wrong, remedy=remedy)])
    return _change_days(book, known, closing(first, last, reason, kinds), now)


def _each(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def propose_opening(book: Rulebook, site: str, day: date, hours: Hours, *, reason: str, now: datetime) -> Proposal:
    """Return what opens a site on a day after all, or at other hours. Raises Refused."""
    known = book.site(site)
    _check_days(known, day, day, now)
    is_open = not any(why_closed(known.site, day, kind) for kind in EVERY_KIND)
    if is_open and hours_on(known.site, day) == hours:
        wrong, remedy = words("the site is open at these hours already"), words("nothing to do")
        raise Refused([Problem(place=site, wrong=wrong, remedy=remedy)])
    return _change_days(book, known, opening(day, hours, reason), now)


def propose_capacity(
    book: Rulebook, site: str, first: date, last: date, kind: Kind, *, limit: int | None, reason: str, now: datetime
) -> Proposal:
    """Return what says how many visits of a kind these days can hold; None is as many as the site's file says.

    Notes tell of days that hold more already. Raises Refused.
    """
    known = book.site(site)
    _check_days(known, first, last, now)
    change = limiting(first, last, kind, limit, reason)
    after = known.after(change).site
    days = [*_each(first, last)]
    if all(limit_on(after, day, kind) == limit_on(known.site, day, kind) for day in days):
        wrong, remedy = words("these days can hold as many already"), words("nothing to do")
        raise Refused([Problem(place=site, wrong=wrong, remedy=remedy)])
    have = taken(book.store, known.site.id, first, last)
    notes = (
        words("{day}: {count} are booked, and it can hold {limit}: move those that can wait", **facts)
        for day in days
        if (most := limit_on(after, day, kind)) is not None and (count := have.get((day, kind), 0)) > most
        for facts in [{"day": day, "count": count, "limit": most}]
    )
    return replace(_change_days(book, known, change, now), notes=tuple(notes))


def propose_reopening(
    book: Rulebook,
    site: str,
    first: date,
    last: date,
    kinds: tuple[Kind, ...] = EVERY_KIND,
    *,
    reason: str,
    now: datetime,
) -> Proposal:
    """Return what opens a site again on days closed here, not in its file: for all kinds of visit or for some.

    Raises Refused.
    """
    known = book.site(site)
    _check_days(known, first, last, now)
    change = reopening(first, last, reason, kinds)
    if known.after(change).site == known.site:
        wrong = words("none of these days was closed with 'dayzero clinic close'")
        remedy = words("what its file closes, 'dayzero clinic site FILE' opens")
        raise Refused([Problem(place=site, wrong=wrong, remedy=remedy)])
    return _change_days(book, known, change, now)


def _check_days(known: KnownSite, first: date, last: date, now: datetime) -> None:
    place, today = f"{first}..{last}", known.today(now)
    if last < first:
        wrong = words("{last} is before {first}", last=last, first=first)
        raise Refused([Problem(place=place, wrong=wrong, remedy=words("swap the two days"))])
    if last < today:
        remedy = words("name days that are to come: today is {today} there", today=today)
        raise Refused([Problem(place=place, wrong=words("these days have passed"), remedy=remedy)])


def _change_days(book: Rulebook, known: KnownSite, change: Entry, now: datetime) -> Proposal:
    batch = Batch(subject=SITES + known.site.id, expected=known.records, entries=(change,))
    return _replan(book, known.after(change).site, [batch], now)


def _replan(book: Rulebook, site: Site, before: Iterable[Batch], now: datetime) -> Proposal:
    """Return what plans anew the visits that nobody has booked, for a site that has changed."""
    everybody = everybody_at(book, site.id, now)
    drafts = [
        draft(known, ask.Replan(), at=now, under=replace(known.rules, site=site))
        for known in everybody.known
        if known.enrolled.standing is Standing.ACTIVE
    ]
    return together(book, drafts, before, protocol_version=book.newest_version(), everybody=everybody)


def propose_amendment(book: Rulebook, path: Path, site: str, reason: str, now: datetime) -> Proposal:
    """Return what makes a site follow a new version: what is outstanding is planned anew, what is closed stays.

    Raises InvalidInput with all that is wrong in the protocol, and Refused.
    """
    return propose_amendment_text(book, read_text(path), str(path), site, reason=reason, now=now)


def propose_amendment_text(book: Rulebook, text: str, file: str, site: str, *, reason: str, now: datetime) -> Proposal:
    """Return what ``propose_amendment`` does for the text of a file that lies elsewhere."""
    protocol, adopted = adopt_protocol_text(book, text, reason, file=file)
    at_site, version = book.site(site), protocol.study.version
    if at_site.protocol_version == version:
        wrong = words("the site follows version {version} already", version=version)
        remedy = words("nothing to do; give a changed file a new version")
        raise Refused([Problem(place=site, wrong=wrong, remedy=remedy)])
    everybody = everybody_at(book, site, now)
    rules = Rules(protocol=protocol, site=at_site.site, today=at_site.today(now))
    drafts = [
        draft(known, ask.Amend(reason=reason), at=now, under=rules)
        for known in everybody.known
        if known.enrolled.protocol_version != version
    ]
    follows = follow_protocol(at_site.protocol_version, version, reason)
    before = [*adopted, Batch(subject=SITES + site, expected=at_site.records, entries=(follows,))]
    return together(book, drafts, before, protocol_version=version, everybody=everybody)


def everybody_at(book: Rulebook, site: str | None, now: datetime) -> Everybody:
    """Return the participants of a site, or all."""
    known = tuple(find(book, code, now) for code in participants(book.store, site))
    return Everybody(site=site, known=known)
