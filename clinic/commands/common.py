"""What every command of the clinic has in common: opening the store, who is asking, the preview, and recording."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import click

from clinic import clock
from clinic.desk.proposing import Proposal, propose, record
from clinic.desk.rulebook import Rulebook
from clinic.desk.slots import other_days
from clinic.desk.typed import Mistyped, say_mistakes
from clinic.desk.work import Draft, Known, find
from clinic.memory.records import Record, Signature
from clinic.memory.store import Store, open_store
from schedule.desk.staff_language import add_staff_lang
from schedule.errors import Problem, Refused
from schedule.files.text import forbidden_character
from schedule.participant.commands import Command
from schedule.participant.consequences import Alternative, Consequences
from schedule.participant.events import Attempted, Overbooked, Preferred, Told
from schedule.render.language import Language, language
from schedule.saying import words

if TYPE_CHECKING:
    from schedule.participant.state import Participant
    from schedule.study.protocol import VisitCode

NO_CONSEQUENCES = Consequences(changes=(), deviations=(), impossible=(), to_rebook=())
NOTHING_BESIDES: Mapping[str, Any] = MappingProxyType({})
LONGEST_ACTOR = 64
ACTOR = "DAYZERO_ACTOR"
ROLE = "coordinator"
"""Whoever uses the command line acts as a coordinator: nobody has proved more than to have an account here."""

Decorator = Callable[[Callable[..., None]], Callable[..., None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A store that is open, the instant, and how the answer is given."""

    store: Store
    book: Rulebook
    now: datetime
    actor: str
    role: str
    account: str
    """The system's account; of somebody who has signed in to the pages, that they have."""
    speaks: Language
    shown: str
    yes: bool = False
    dry_run: bool = False

    def find(self, code: str) -> Known:
        """Return a participant. Raises UnknownName."""
        return find(self.book, code, self.now)

    def today(self, site: str) -> date:
        """Return what day it is at a site. Raises UnknownName."""
        return self.book.site(site).today(self.now)

    def sign(self, protocol_version: str) -> Signature:
        """Return who records, when, and with what."""
        from importlib.metadata import version

        return Signature(
            at=self.now,
            actor=self.actor,
            role=self.role,
            account=self.account,
            protocol_version=protocol_version,
            tzdata_version=version("tzdata"),
            program=version("dayzero"),
        )


def _account() -> str:
    """Return the system's account: as the system tells it, not as the environment says."""
    try:
        import pwd
    except ImportError:
        from getpass import getuser

        return getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


db_option = click.option(
    "--db", metavar="FILE|URL", help="The clinic's store. Default: $DAYZERO_DB, or dayzero.sqlite3."
)
actor_option = click.option(
    "--actor", metavar="WHO", envvar=ACTOR, show_envvar=True, help="Your role or initials. Default: the system account."
)
staff_lang_option = add_staff_lang("Language of what is printed.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask before recording.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would follow, and record nothing.")
site_option = click.option("--site", metavar="SITE", help="One site only.")
reason_option = click.option("--reason", metavar="WHY", required=True, help="Why; it is kept in the audit.")
deviation_option = click.option(
    "--deviation", metavar="WHY", default="",
    help="Take a day outside the window, or too close to another infusion: recorded as a protocol deviation.",
)  # fmt: skip


overbook_option = click.option(
    "--overbook",
    metavar="WHY",
    default="",
    help="Take a day on which the site has no slot left; it is kept in the audit.",
)


def format_option(*formats: str) -> Decorator:
    """Add ``--format``."""
    return click.option(
        "--format", "shown", type=click.Choice(formats), default=formats[0], show_default=True, help="What is printed."
    )


@contextmanager
def open_clinic(store: Store, actor: str | None, staff_lang: str) -> Iterator[Clinic]:
    """Give what a command works with, and close the store behind it. Raises UsageError for an actor of no use."""
    try:
        yield Clinic(
            store=store,
            book=Rulebook(store),
            now=clock.now(),
            actor=_read_actor(actor, language(staff_lang)),
            role=ROLE,
            account=_account(),
            speaks=language(staff_lang),
            shown="table",
        )
    finally:
        store.close()


def _with_clinic(*options: Decorator) -> Decorator:
    """Give a command these options and, as its first argument, the open clinic."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(
            *,
            db: str | None,
            staff_lang: str,
            shown: str = "table",
            actor: str | None = None,
            yes: bool = False,
            dry_run: bool = False,
            **typed: Any,
        ) -> None:
            with open_clinic(open_store(db), actor, staff_lang) as opened:
                try:
                    command(replace(opened, shown=shown, yes=yes, dry_run=dry_run), **typed)
                except Mistyped as error:
                    raise click.UsageError("\n  ".join(say_mistakes(error, opened.speaks))) from error

        every: tuple[Decorator, ...] = (*options, db_option, staff_lang_option)
        made: Callable[..., None] = run
        for option in reversed(every):
            made = option(made)
        return made

    return decorate


def reading(*formats: str) -> Decorator:
    """Make a command that only reads, and prints in one of these formats."""
    return _with_clinic(*([format_option(*formats)] if formats else []))


changing = _with_clinic(actor_option, yes_option, dry_run_option, format_option("table", "json"))
"""Makes a command that changes records."""


def _read_actor(actor: str | None, speaks: Language) -> str:
    if actor is None:
        return _account()
    if not actor.strip() or len(actor) > LONGEST_ACTOR or forbidden_character(actor):
        wrong = speaks.say("--actor: write a role or initials of at most 64 letters, such as JD")
        raise click.UsageError(wrong)
    return actor.strip()


def carry_out(
    clinic: Clinic,
    proposal: Proposal,
    *,
    others: Sequence[Alternative] = (),
    lines: Sequence[str] = (),
    besides: Mapping[str, Any] = NOTHING_BESIDES,
) -> None:
    """Show what follows, ask where somebody can answer, and record all of it or nothing.

    What concerns everybody is said by participant. ``others`` are the other days that a visit could have: a dry run
    lists them. ``lines`` go before what follows; ``besides`` joins what is printed as JSON.
    """
    drafts = proposal.drafts
    by_name = proposal.everybody is not None or len(drafts) > 1
    notes = map(clinic.speaks.say_again, proposal.notes)
    ask(clinic, [*lines, *_preview(clinic, drafts, by_name=by_name), *notes])
    _finish(clinic, proposal, others, besides)


def carry_out_choice(clinic: Clinic, proposal: Proposal, lines: Sequence[str], besides: Mapping[str, Any]) -> None:
    """Do the same for days that the program chose: somebody has to accept them, at a terminal or with ``--yes``.

    ``lines`` say which; of the dates that only follow from them it is said how many. Raises Refused.
    """
    follows = sum(one.consequences != NO_CONSEQUENCES for one in proposal.drafts)
    count = clinic.speaks.say_count(
        "the later dates of {count} participant follow (--format json has them)",
        "the later dates of {count} participants follow (--format json has them)",
        follows,
    )
    ask(clinic, [*lines, *([count] if follows else []), *map(clinic.speaks.say_again, proposal.notes)])
    if not (clinic.yes or clinic.dry_run or can_ask()):
        wrong, remedy = words("nothing was recorded: nobody said yes"), words("repeat the command with --yes")
        raise Refused([Problem(place="", wrong=wrong, remedy=remedy)])
    _finish(clinic, proposal, (), besides)


def _finish(clinic: Clinic, proposal: Proposal, others: Sequence[Alternative], besides: Mapping[str, Any]) -> None:
    drafts = proposal.drafts
    if clinic.dry_run:
        _end_dry_run(clinic, drafts, others, besides)
        return
    records = record(clinic.store, proposal, clinic.sign(proposal.protocol_version))
    if clinic.shown == "json":
        show_json({**besides, **_record(clinic, drafts, records)})
    else:
        click.echo(clinic.speaks.say("recorded: number {seq} in the audit", seq=records[0].group if records else "-"))


def _end_dry_run(
    clinic: Clinic, drafts: Sequence[Draft], others: Sequence[Alternative], besides: Mapping[str, Any]
) -> None:
    from schedule.render.consequences import alternatives_record, say_alternatives

    if clinic.shown == "json":
        shown = {**besides, **_record(clinic, drafts, ())}
        show_json(shown | {"alternatives": alternatives_record(others)} if others else shown)
        return
    if others:
        click.echo(clinic.speaks.say("Other days, the best first:"))
        for line in say_alternatives(others, drafts[0].known.enrolled, clinic.speaks):
            click.echo(line)
    click.echo(clinic.speaks.say("dry run: nothing was recorded"))


def ask(clinic: Clinic, preview: Iterable[str]) -> None:
    """Show what would follow, and ask where somebody can answer. Raises Refused where the answer is no."""
    asks = not (clinic.yes or clinic.dry_run) and can_ask()
    if clinic.shown == "table" or asks:
        for line in preview:
            click.echo(line, err=clinic.shown == "json")
    if asks and not _agrees(clinic.speaks):
        wrong, remedy = words("nothing was recorded"), words("repeat the command when it is right")
        raise Refused([Problem(place="", wrong=wrong, remedy=remedy)])


def can_ask() -> bool:
    """Tell whether somebody sits at a terminal who can answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def _agrees(speaks: Language) -> bool:
    """Ask, in the reader's language; Ctrl-C and the end of the input are a no."""
    words = speaks.say("Record this?")
    yes, no = speaks.say("y/yes").split("/"), ("n", "no", "")
    while True:
        try:
            answer = click.prompt(f"{words} [{yes[0]}/N]", default="", show_default=False, err=True)
        except click.Abort:
            click.echo(err=True)
            return False
        if (answer := answer.strip().casefold()) in (*yes, "y", "yes"):
            return True
        if answer in no:
            return False


def say_draft(one: Draft, speaks: Language) -> Iterator[str]:
    """Say what follows for one participant."""
    from schedule.render.consequences import say_consequences, say_preference

    notes = [event for event in one.events if isinstance(event, Attempted | Told | Preferred)]
    for event in notes:
        if isinstance(event, Told):
            yield speaks.say("told of {visits}", visits=", ".join(event.codes))
        if isinstance(event, Preferred):
            yield say_preference(one.after.preference, speaks) or speaks.say("any day and time will do")
    if not notes:
        yield from say_consequences(one.consequences, speaks)
    for over in one.events:
        if isinstance(over, Overbooked):
            facts = {"visit": over.code, "number": over.taken + 1, "limit": over.limit}
            yield speaks.say("{visit}: overbooks the day, as number {number} of {limit}", **facts)


def _preview(clinic: Clinic, drafts: Sequence[Draft], *, by_name: bool) -> Iterator[str]:
    """Say what follows; of many participants, for whom, and nothing of those whom it leaves as they are."""
    from schedule.render.consequences import say_consequences

    if not by_name:
        yield from say_draft(drafts[0], clinic.speaks)
        return
    concerned = [one for one in drafts if one.consequences != NO_CONSEQUENCES]
    for one in concerned:
        yield f"{one.known.code}:"
        yield from (f"  {line}" for line in say_consequences(one.consequences, clinic.speaks))
    if not concerned:
        yield from say_consequences(NO_CONSEQUENCES, clinic.speaks)


def _record(clinic: Clinic, drafts: Sequence[Draft], records: Sequence[Record]) -> dict[str, Any]:
    from clinic.desk.codec import write_event
    from schedule.render.consequences import consequences_record

    return {
        "recorded": bool(records),
        "seq": records[0].group if records else None,
        "participants": [
            {
                "participant": one.known.code,
                "events": [{"kind": kind, **body} for kind, _, body in map(write_event, one.events)],
                "consequences": consequences_record(one.consequences, clinic.speaks),
            }
            for one in drafts
        ],
    }


def show_json(shown: object) -> None:
    """Print it as JSON."""
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2))


def change(clinic: Clinic, known: Known, command: Command) -> None:
    """Carry out one command for one participant. Raises Refused and StoreConflict."""
    carry_out(clinic, propose(clinic.book, known, command, clinic.now))


def show_alternatives(clinic: Clinic, known: Known, code: "VisitCode", *, err: bool = False) -> None:
    """List the days that are open to the participant for a visit, the best first."""
    from schedule.render.consequences import alternatives_record, say_alternatives

    state = cast("Participant", known.state)
    found = other_days(clinic.store, known, code)
    if clinic.shown == "json":
        show_json(alternatives_record(found))
        return
    for line in say_alternatives(found, state, clinic.speaks):
        click.echo(line, err=err)
