"""Use cases with memory: find a participant, decide, look at what follows, record it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from clinic.desk.codec import damaged, read_event, write_event
from clinic.desk.link_records import LINKS, read_links
from clinic.desk.rulebook import SITES, STUDY, Rulebook
from clinic.memory.records import Batch, Entry, ParticipantRow, Projected, Record, Rows, Signature, VisitRow
from clinic.memory.store import Project, Store
from schedule.errors import Problem, Refused, StoreConflict, UnknownName, nearest_names
from schedule.files.values import is_participant, shorten
from schedule.participant.commands import Command
from schedule.participant.consequences import Consequences, compare_states
from schedule.participant.deciding import after_events, decide
from schedule.participant.due import last_day, late_visits, to_rebook
from schedule.participant.events import Event
from schedule.participant.evolving import NoSuchParticipant, evolve
from schedule.participant.replanning import Rules
from schedule.participant.state import Lateness, Participant, Status, VisitState
from schedule.saying import words

PARTICIPANTS = "participant/"
ANY_DAY = date.min
"""What is kept beside the records does not depend on the day on which it is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A participant as the records tell, and what decisions depend on. ``state`` is None for a new one."""

    code: str
    state: Participant | None
    records: int
    rules: Rules
    since: datetime | None = None
    """When the first record was made; None for a new one."""

    @property
    def enrolled(self) -> Participant:
        """The state of somebody who is enrolled."""
        if self.state is None:
            raise ValueError(self.code)
        return self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a command would record of one participant. Nothing is saved."""

    known: Known
    events: tuple[Event, ...]
    after: Participant
    consequences: Consequences


def state_of(records: Iterable[Record]) -> Participant | None:
    """Replay a participant's records. Raises UnknownEvent, and DamagedRecord where they do not fit together."""
    state: Participant | None = None
    for one in records:
        event = read_event(one.kind, one.version, one.body)
        try:
            state = evolve(state, event, one.at)
        except (KeyError, NoSuchParticipant) as error:
            raise damaged(words("record {number} of {subject}", number=one.number, subject=one.subject)) from error
    return state


def find(book: Rulebook, code: str, now: datetime) -> Known:
    """Return a participant. Raises UnknownName with the nearest codes."""
    records = tuple(book.store.records(PARTICIPANTS + code)) if is_participant(code) else ()
    state = state_of(records)
    if state is None:
        or_else = words("dayzero list shows all; dayzero enroll adds one")
        remedy = nearest_names(code, participants(book.store), or_else=or_else)
        wrong = words("nobody is enrolled as {code}", code=shorten(code))
        raise UnknownName([Problem(place="PARTICIPANT", wrong=wrong, remedy=remedy)])
    return Known(
        code=code,
        state=state,
        records=len(records),
        rules=book.rules(state.site, state.protocol_version, now),
        since=records[0].at,
    )


def newcomer(book: Rulebook, code: str, site: str, now: datetime) -> Known:
    """Return a code that is to be enrolled at a site; with its state where somebody is enrolled by it already.

    Raises Refused for a code that is another participant's but for its capital letters: on some disks, and to a reader,
    the two are the same.
    """
    _check_case(book.store, code)
    records = tuple(book.store.records(PARTICIPANTS + code))
    version = book.site(site).protocol_version
    return Known(code=code, state=state_of(records), records=len(records), rules=book.rules(site, version, now))


def _check_case(store: Store, code: str) -> None:
    rows = store.ask("SELECT code FROM clinic_participant WHERE lower(code) = %s AND code <> %s", [code.lower(), code])
    if rows:
        wrong = words(
            "{code} differs from {other}, who is enrolled, in capital letters only", code=code, other=rows[0][0]
        )
        remedy = words("check the code, or choose another one")
        raise Refused([Problem(place="PARTICIPANT", wrong=wrong, remedy=remedy)])


def participants(store: Store, site: str | None = None) -> tuple[str, ...]:
    """Return the codes of all participants, or of a site's, in alphabetical order."""
    where, values = (" WHERE site = %s", [site]) if site else ("", [])
    return tuple(sorted(code for (code,) in store.ask(f"SELECT code FROM clinic_participant{where}", values)))  # noqa: S608


def draft(known: Known, *commands: Command, at: datetime, under: Rules | None = None) -> Draft:
    """Decide, one command after another, and look at what would be different. Raises Refused.

    ``under`` are the rules that hold from now on, where a site or a protocol has changed.
    """
    old_rules, known = known.rules, replace(known, rules=under or known.rules)
    events: tuple[Event, ...] = ()
    state = known.state
    for command in commands:
        decided = decide(state, command, known.rules)
        state, events = after_events(state, decided, at), (*events, *decided)
    after = after_events(known.state, events, at)
    return Draft(
        known=known,
        events=events,
        after=after,
        consequences=compare_states(known.state, after, known.rules, old_rules),
    )


def batch_of(one: Draft) -> Batch:
    """Return what is to be appended for a draft."""
    entries = tuple(_entry(event) for event in one.events)
    rows = rows_of(one.after, one.known.rules, records=one.known.records + len(entries))
    return Batch(subject=PARTICIPANTS + one.known.code, expected=one.known.records, entries=entries, rows=rows)


def _entry(event: Event) -> Entry:
    kind, version, body = write_event(event)
    return Entry(kind=kind, version=version, body=body, reason=getattr(event, "reason", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Everybody:
    """All participants of a site, or of the study, as they were when something was decided for all of them."""

    site: str | None
    known: tuple[Known, ...]


def save(
    store: Store,
    drafts: Sequence[Draft],
    signature: Signature,
    *,
    before: Sequence[Batch] = (),
    everybody: Everybody | None = None,
) -> tuple[Record, ...]:
    """Record drafts, and what goes before them, as one group: all or nothing.

    Raises StoreConflict where somebody else has recorded something of the same participants meanwhile, or, where it
    is for everybody, of anybody.
    """
    batches = [*before, *map(batch_of, drafts)]
    if everybody is None:
        return store.append(batches, signature)
    with store.locked():
        _check_nobody_changed(store, everybody)
        return store.append(batches, signature)


def _check_nobody_changed(store: Store, everybody: Everybody) -> None:
    where, values = (" WHERE site = %s", [everybody.site]) if everybody.site else ("", [])
    rows = store.ask(f"SELECT code, records FROM clinic_participant{where}", values)  # noqa: S608
    seen = {one.code: one.records for one in everybody.known}
    if changed := sorted(code for code, count in rows if seen.get(code) != count):
        raise StoreConflict(
            Problem(
                place=f"participant/{code}",
                wrong=words("was changed meanwhile") if code in seen else words("was enrolled meanwhile"),
                remedy=words("nothing of yours was recorded; repeat the command: it is for them too"),
            )
            for code in changed
        )


def watched(book: Rulebook, drafts: Iterable[Draft], besides: Iterable[Batch]) -> tuple[Batch, ...]:
    """Return what makes a group a conflict when a site's or the study's rules have changed since they were read."""
    expected = {STUDY: len(book.study)}
    expected |= {SITES + one.after.site: book.site(one.after.site).records for one in drafts}
    for batch in besides:
        expected.pop(batch.subject, None)
    return tuple(Batch(subject=subject, expected=count, entries=()) for subject, count in expected.items())


def projector(book: Rulebook) -> Project:
    """Return what replays the records of one subject into the rows that are kept beside them."""

    def project(records: Sequence[Record]) -> Projected | None:
        subject = records[0].subject
        if subject.startswith(LINKS):
            return read_links(subject, records)
        if not subject.startswith(PARTICIPANTS):
            return None
        state = state_of(records)
        if state is None:
            return None
        rules = book.rules(state.site, state.protocol_version, records[-1].at)
        return rows_of(state, rules, records=len(records))

    return project


def rows_of(state: Participant, rules: Rules, *, records: int) -> Rows:
    """Return what is kept of a participant beside the records, so that lists need not replay them."""
    any_day = Rules(protocol=rules.protocol, site=rules.site, today=ANY_DAY)
    rebook = {one.code for one in to_rebook(state, any_day)}
    passed = {one.code for one in late_visits(state, date.max) if one.lateness is Lateness.TO_RECORD}
    visits = tuple(
        _visit_row(state, visit, rules.site.time_zone, to_rebook=visit.code in rebook, passed=visit.code in passed)
        for visit in state.visits.values()
    )
    day0 = state.visits.get(rules.protocol.study.day0)
    return Rows(
        participant=ParticipantRow(
            code=state.id,
            site=state.site,
            status=state.standing.value,
            lang=state.lang,
            steroids=state.steroids,
            randomized=state.randomized,
            day0=day0.actual if day0 else None,
            protocol_version=state.protocol_version,
            records=records,
            to_tell=sum(len(visit.to_tell) for visit in state.visits.values()),
        ),
        visits=visits,
    )


def _visit_row(state: Participant, visit: VisitState, time_zone: str, *, to_rebook: bool, passed: bool) -> VisitRow:
    deviation, last = visit.deviation, None if visit.is_closed else last_day(state, visit)
    return VisitRow(
        participant=state.id,
        code=visit.code,
        kind=visit.kind.value,
        status=visit.status.value,
        name_en=visit.name.en,
        name_es=visit.name.es,
        target=visit.dates.target,
        earliest=visit.dates.earliest,
        latest=visit.dates.latest,
        planned=None if visit.status is Status.HELD else visit.dates.day,
        start=visit.start,
        end=visit.end,
        time_zone=time_zone,
        actual=visit.actual,
        given=visit.given.value if visit.given else None,
        sequence=visit.revision,
        deviation=deviation.reason if deviation else None,
        to_rebook=to_rebook,
        to_tell=",".join(sorted(one.value for one in visit.to_tell)),
        overdue_from=last + timedelta(days=1) if last else None,
        closed=visit.is_closed,
        passed=passed,
        attempts=len(visit.attempts),
        reason=visit.reason,
        changed=visit.changed,
        deviation_day=deviation.day if deviation else None,
        deviation_earliest=deviation.earliest if deviation else None,
        deviation_latest=deviation.latest if deviation else None,
        too_close_to=deviation.too_close_to if deviation else None,
        days_apart=deviation.days_apart if deviation else None,
    )
