"""Commands that keep the clinic's store: making, copying and checking it, its sites, audit, import and export."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import cast

import click

from clinic.commands.common import (
    Clinic,
    actor_option,
    carry_out,
    changing,
    db_option,
    open_clinic,
    reading,
    reason_option,
    staff_lang_option,
)
from clinic.commands.reading import print_offline_sheet
from clinic.desk import rulebook
from clinic.desk.closures import EVERY_KIND
from clinic.desk.proposing import (
    draft_enrollment,
    find_or_add_site,
    propose_capacity,
    propose_closure,
    propose_opening,
    propose_reopening,
    propose_site,
    together,
)
from clinic.desk.rulebook import Rulebook, adopt_protocol, check_files
from clinic.desk.typed import MOST_A_DAY, Typed, read_hours
from clinic.desk.work import PARTICIPANTS, Draft, projector
from clinic.memory.records import Batch, Projected, Record
from clinic.memory.store import Project, Store, create_store
from schedule.errors import InvalidInput, Problem, Refused, ScheduleError
from schedule.participant import commands as ask
from schedule.render.language import Language, language
from schedule.saying import words
from schedule.sites import Hours
from schedule.study.protocol import Kind

PROTOCOL = "res001-dmpm-02"
"""The trial that is meant where none is named."""
MOST_ENROLLED = 1_000
"""Rows of the longest roster that is imported: all of them are recorded together, and held until then."""
LARGEST_ROSTER = 1_000_000
"""Bytes of the largest one: a row has some 50. A larger file is not read at all."""


@click.group()
def clinic() -> None:
    """Make, keep and copy the clinic's store."""


@clinic.command("init", epilog="\b\nExamples:\n  dayzero clinic init --site gainesville\n"
                "  dayzero clinic init --db postgresql://dayzero@localhost/clinic --site clinic.toml\n")  # fmt: skip
@db_option
@click.option("--protocol", metavar="NAME|FILE", default=PROTOCOL, show_default=True, help="The trial.")
@click.option("--site", "sites", metavar="NAME|FILE", multiple=True, help="A site; say it for each of them.")
@actor_option
@staff_lang_option
def init(*, db: str | None, protocol: str, sites: tuple[str, ...], actor: str | None, staff_lang: str) -> None:
    """Make the store, or bring an older one to this version; again does no harm."""
    from schedule.files.protocol import find_protocol
    from schedule.files.site import find_site

    speaks = language(staff_lang)
    store, version = make_clinic(db, find_protocol(protocol), [find_site(name) for name in sites], actor=actor)
    click.echo(speaks.say("the store is ready: {store}, protocol version {version}",
                          store=store.address.shown, version=version))  # fmt: skip
    click.echo(speaks.say("sites: {sites}", sites=", ".join(Rulebook(store).site_ids()) or "-"))


def make_clinic(db: str | None, protocol: Path, sites: Sequence[Path], *, actor: str | None) -> tuple[Store, str]:
    """Make the store with a protocol and sites, or bring it to this version; return it, and the protocol's version.

    Raises InvalidInput with all that is wrong in the files, before anything is made.
    """
    check_files(protocol, sites)
    store = create_store(db)
    with open_clinic(store, actor, "en") as opened:
        book = opened.book
        read, batches = adopt_protocol(book, protocol, "")
        found = [*batches]
        for file in sites:
            _, more = rulebook.add_site(book, file, follows=read.study.version, year=opened.now.year)
            found += more
        if found:
            store.append(found, opened.sign(read.study.version))
    return store, read.study.version


@clinic.command("site", epilog="\b\nExample:\n  dayzero clinic site sites/clinic.toml --reason 'closed in September'\n")
@click.argument("file", metavar="NAME|FILE")
@reason_option
@changing
def change_site(clinic: Clinic, *, file: str, reason: str) -> None:
    """Add a site, or follow its file as it is now: what is not booked is planned anew."""

    typed = Typed()
    reason = typed.text("--reason", reason)
    typed.check()
    carry_out(clinic, propose_site(clinic.book, file, reason=reason, now=clinic.now))


site_argument = click.argument("site", metavar="SITE")
days_argument = click.argument("days", metavar="DATE..DATE")
KINDS = click.Choice([one.value for one in EVERY_KIND])
kinds_option = click.option(
    "--kind", "kinds", type=KINDS, multiple=True, help="Only this kind of visit; say it for each of them."
)


@clinic.command("close", epilog="\b\nExamples:\n"
                "  dayzero clinic close gainesville 2026-08-31..2026-09-02 --reason hurricane\n"
                "  dayzero clinic close gainesville 2026-09-03 --kind infusion --reason 'pump recall'\n")  # fmt: skip
@site_argument
@days_argument
@kinds_option
@reason_option
@changing
def close(clinic: Clinic, *, site: str, days: str, kinds: tuple[str, ...], reason: str) -> None:
    """Close SITE on these days, both included: what is not booked is planned anew."""
    first, last, why = _days_and_reason(days, reason)
    closed = _every_or(kinds)
    carry_out(clinic, propose_closure(clinic.book, site, first, last, closed, reason=why, now=clinic.now))


def _every_or(kinds: tuple[str, ...]) -> tuple[Kind, ...]:
    """Return the kinds of visit that were said; all of them where none was."""
    return tuple(one for one in EVERY_KIND if one.value in kinds) or EVERY_KIND


def _days_and_reason(days: str, reason: str) -> tuple[date, date, str]:
    typed = Typed()
    first, last = typed.days("DATE..DATE", days)
    why = typed.text("--reason", reason)
    typed.check()
    return first, last, why


@clinic.command("reopen", epilog="\b\nExample:\n"
                "  dayzero clinic reopen gainesville 2026-08-31..2026-09-02 --reason 'roof is mended'\n"
                "  dayzero clinic reopen gainesville 2026-09-01 --kind virtual --reason 'calls go on'\n")  # fmt: skip
@site_argument
@days_argument
@kinds_option
@reason_option
@changing
def reopen(clinic: Clinic, *, site: str, days: str, kinds: tuple[str, ...], reason: str) -> None:
    """Open SITE again on days that 'dayzero clinic close' has closed."""
    first, last, why = _days_and_reason(days, reason)
    opened = _every_or(kinds)
    carry_out(clinic, propose_reopening(clinic.book, site, first, last, opened, reason=why, now=clinic.now))


@clinic.command("open", epilog="\b\nExample:\n"
                "  dayzero clinic open gainesville 2026-09-05 --hours 08:00-12:00 --reason storm\n")  # fmt: skip
@site_argument
@click.argument("day", metavar="DATE")
@click.option("--hours", metavar="HOURS", required=True, help="Its opening hours: 08:00-12:00.")
@reason_option
@changing
def open_site(clinic: Clinic, *, site: str, day: str, hours: str, reason: str) -> None:
    """Open SITE on a day after all (a Saturday, a holiday), or at other hours. 'dayzero clinic close' takes it back."""
    typed = Typed()
    on, opened = typed.day("DATE", day), typed.read("--hours", hours, read_hours)
    why = typed.text("--reason", reason)
    typed.check()
    made = propose_opening(clinic.book, site, cast("date", on), cast("Hours", opened), reason=why, now=clinic.now)
    carry_out(clinic, made)


@clinic.command("capacity", epilog="\b\nExamples:\n"
                "  dayzero clinic capacity gainesville 2026-09-07..2026-09-11 --kind infusion --limit 1 --reason ill\n"
                "  dayzero clinic capacity gainesville 2026-09-11 --kind infusion --reason back\n")  # fmt: skip
@site_argument
@days_argument
@click.option("--kind", type=KINDS, required=True, help="The kind of visit.")
@click.option("--limit", type=click.IntRange(0, MOST_A_DAY),
              help="How many of them a day can hold. Left out: as many as the site's file says.")  # fmt: skip
@reason_option
@changing
def set_capacity(clinic: Clinic, *, site: str, days: str, kind: str, limit: int | None, reason: str) -> None:
    """Say how many visits of a kind SITE can hold on each of these days: a nurse is ill, a chair is broken."""
    first, last, why = _days_and_reason(days, reason)
    carry_out(
        clinic, propose_capacity(clinic.book, site, first, last, Kind(kind), limit=limit, reason=why, now=clinic.now)
    )


@clinic.command("backup", epilog="\b\nExample:\n  dayzero clinic backup clinic-2026-09-01.sqlite3\n")
@click.argument("out", metavar="FILE")
@reading()
def make_backup(clinic: Clinic, *, out: str) -> None:
    """Copy the store to FILE while others go on working."""
    from clinic.memory.backup import backup

    head = backup(clinic.store, Path(out))
    click.echo(clinic.speaks.say("copied: {count} records, head {hash}", count=head.count, hash=head.hash))
    click.echo(clinic.speaks.say("wrote {path}", path=out))


@clinic.command("restore", epilog="\b\nExample:\n  dayzero clinic restore clinic-2026-09-01.sqlite3 --db new.sqlite3\n")
@click.argument("file", metavar="FILE")
@db_option
@staff_lang_option
def restore_backup(*, file: str, db: str | None, staff_lang: str) -> None:
    """Make a new store from a copy; it is checked record by record. An older store is never overwritten."""
    from clinic.memory.backup import restore
    from clinic.memory.store import open_store

    @cache
    def replayed() -> Project:
        return projector(Rulebook(open_store(db)))

    def project(records: Sequence[Record]) -> Projected | None:
        return replayed()(records)

    head = restore(Path(file), db, project)
    speaks = language(staff_lang)
    click.echo(speaks.say("restored: {count} records, head {hash}", count=head.count, hash=head.hash))


@clinic.command("doctor", epilog="\b\nExample:\n  dayzero clinic doctor\n")
@db_option
def doctor(*, db: str | None) -> None:
    """Check the store: settings, triggers, room, the chain, and that lists agree with the records."""
    from clinic.memory.doctor import examine
    from clinic.memory.store import open_store
    from schedule.doctor import Finding

    findings = list(examine(db))
    if all(one.good for one in findings):
        store = open_store(db)
        different = [f"{one.subject.removeprefix(PARTICIPANTS)} ({', '.join(one.fields[:3])})" for one in
                     store.differences(projector(Rulebook(store)))]  # fmt: skip
        found = "as a replay of the records gives" if not different else f"differ: {', '.join(different[:5])}"
        findings.append(
            Finding(
                subject="lists", found=found, good=not different, remedy="dayzero clinic rebuild" if different else ""
            )
        )
    for finding in findings:
        click.echo(f"{'ok  ' if finding.good else 'BAD '} {finding.subject}: {finding.found}")
        if finding.remedy:
            click.echo(f"     {finding.remedy}")
    if not all(finding.good for finding in findings):
        sys.exit(1)


@clinic.command("rebuild", epilog="\b\nExample:\n  dayzero clinic rebuild\n")
@reading()
def rebuild(clinic: Clinic) -> None:
    """Make the lists anew from the records."""
    count = clinic.store.rebuild(projector(clinic.book)).get("participant", 0)
    click.echo(
        clinic.speaks.say_count("{count} participant was read anew", "{count} participants were read anew", count)
    )


@clinic.command("import", epilog="\b\nExample:\n  dayzero clinic import roster.csv --dry-run\n")
@click.argument("roster", metavar="ROSTER")
@changing
def import_roster(clinic: Clinic, *, roster: str) -> None:
    """Enroll everybody of ROSTER, a CSV file as for dayzero batch: all of them or, where a row is wrong, nobody."""
    from schedule.files.roster import BadRow, Terms, read_rows, survey

    book = clinic.book
    asks = book.protocol(book.newest_version()).asks_about_steroids
    terms = Terms(asks_about_steroids=asks, needs_site=True)
    _check_size(Path(roster))
    found = survey(Path(roster), terms)
    if found.rows > MOST_ENROLLED:
        wrong = words(
            "it has {rows:,} rows, and at most {most:,} are enrolled together", rows=found.rows, most=MOST_ENROLLED
        )
        raise InvalidInput([Problem(file=roster, place="", wrong=wrong, remedy=words("is it the right file?"))])
    known: dict[str, str] = {}
    unknown: dict[str, tuple[str, str]] = {}
    before: list[Batch] = []
    for name in found.sites:
        try:
            known[name], batches = find_or_add_site(book, name, clinic.now)
            before += batches
        except ScheduleError as error:
            unknown[name] = (error.problems[0].wrong, error.problems[0].remedy)
    problems: list[Problem] = []
    drafts: list[Draft] = []
    for row in read_rows(found, terms, {"site": unknown.get}):
        if isinstance(row, BadRow):
            problems += row.problems
            continue
        command = ask.Enroll(
            participant=row.participant, randomized=row.randomized, steroids=row.steroids, lang=row.lang, day0=row.day0
        )
        try:
            drafts.append(draft_enrollment(book, command, known[row.site], clinic.now, speaks=clinic.speaks))
        except Refused as error:
            problems += [
                Problem(
                    file=roster,
                    place=words("row {number}: {place}", number=row.number, place=one.place),
                    wrong=one.wrong,
                    remedy=one.remedy,
                )
                for one in error.problems
            ]
    if problems:
        raise InvalidInput(problems)
    carry_out(clinic, together(book, drafts, before))


def _check_size(roster: Path) -> None:
    if roster.is_file() and (size := roster.stat().st_size) > LARGEST_ROSTER:
        wrong = words(
            "it has {size:,} bytes, and a roster of {rows:,} rows has fewer than {most:,}",
            size=size,
            rows=MOST_ENROLLED,
            most=LARGEST_ROSTER,
        )
        raise InvalidInput([Problem(file=str(roster), place="", wrong=wrong, remedy=words("is it the right file?"))])


@clinic.command("export", epilog="\b\nExample:\n  dayzero clinic export --out everything\n")
@click.option("--out", metavar="DIR", required=True, help="Where the files are written.")
@reading()
def export_all(clinic: Clinic, *, out: str) -> None:
    """Write everything as CSV and JSON lines: records, participants, visits."""
    from clinic.memory.export import export_everything

    for path in export_everything(clinic.store, Path(out)):
        click.echo(clinic.speaks.say("wrote {path}", path=path))


clinic.add_command(print_offline_sheet)


@click.group()
def audit() -> None:
    """Read, check, export and sign the audit: who recorded what, when, and why."""


@audit.command("log", epilog="\b\nExample:\n  dayzero audit log --participant P-001 --format json\n")
@click.option("--participant", metavar="PARTICIPANT", help="One participant only.")
@click.option("--subject", metavar="SUBJECT", help="study, or site/ and its name.")
@click.option("--since", metavar="DATE", help="From this day on (UTC).")
@click.option("--until", metavar="DATE", help="To this day, included (UTC).")
@click.option("--kind", metavar="KIND", help="What was recorded: moved, done, told; --format json has its names.")
@click.option("--by", metavar="WHO", help="Who recorded it.")
@reading("table", "json")
def show_log(
    clinic: Clinic,
    *,
    participant: str | None,
    subject: str | None,
    since: str | None,
    until: str | None,
    kind: str | None,
    by: str | None,
) -> None:
    """List what was recorded, the oldest first."""
    from datetime import timedelta

    from clinic.memory.audit import log

    typed = Typed()
    days = typed.day("--since", since), typed.day("--until", until)
    typed.check()
    first = datetime.combine(days[0], time.min, UTC) if days[0] else None
    last = datetime.combine(days[1] + timedelta(days=1), time.min, UTC) if days[1] else None
    if participant:
        clinic.find(participant)
        subject = f"participant/{participant}"
    found = False
    for one in log(clinic.store, subject=subject, since=first, until=last, kind=kind, actor=by):
        found = True
        click.echo(
            json.dumps(_record(one), ensure_ascii=False) if clinic.shown == "json" else _log_line(one, clinic.speaks)
        )
    if not found and clinic.shown == "table":
        click.echo(clinic.speaks.say("{list}: nothing", list=clinic.speaks.say("Audit")))


def _record(one: Record) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(one), "at": one.at.isoformat(), "body": dict(one.body)}


def _log_line(one: Record, speaks: Language) -> str:
    from clinic.desk.telling import sentence

    return (
        f"{one.seq:>6}  {one.at:%Y-%m-%d %H:%M:%S} UTC  {one.actor} ({one.account})  {one.subject}  "
        f"{sentence(one, speaks)}"
    )


@audit.command("verify", epilog="\b\nExample:\n  dayzero audit verify --checkpoint /media/usb/checkpoints.jsonl\n")
@click.option("--checkpoint", "checkpoints", metavar="FILE", multiple=True,
              help="Signed checkpoints that were kept elsewhere: they show whether the end was cut off.")  # fmt: skip
@reading("table", "json")
def verify_chain(clinic: Clinic, *, checkpoints: tuple[str, ...]) -> None:
    """Look at every record: altered, removed, put elsewhere, or cut off after a checkpoint. Exit code 1 if so."""
    from clinic.memory.audit import pin_beside, read_checkpoints, verify

    signed = [one for file in checkpoints for one in read_checkpoints(Path(file), pin_beside(clinic.store))]
    with _progress(clinic) as tell:
        verdict = verify(clinic.store, signed, tell)
    say = clinic.speaks.say
    if clinic.shown == "json":
        findings = [{"seq": one.seq, "wrong": one.wrong} for one in verdict.findings]
        shown = {"good": verdict.good, "count": verdict.head.count, "head": verdict.head.hash, "findings": findings}
        click.echo(json.dumps(shown | {"checkpoints": verdict.checkpoints, "more": verdict.more}, indent=2))
    else:
        for one in verdict.findings:
            click.echo(say("record {seq}: {wrong}", seq=one.seq, wrong=clinic.speaks.say_again(one.wrong)))
        if verdict.more:
            click.echo(say("... and {count} more", count=verdict.more))
        facts = {"count": verdict.head.count, "hash": verdict.head.hash}
        click.echo(say("good: {count} records, head {hash}", **facts) if verdict.good else
                   say("NOT as it was written: {count} records, head {hash}", **facts))  # fmt: skip
        if verdict.good and not signed:
            click.echo(say("note: without --checkpoint nobody can tell whether the end was cut off"), err=True)
    if not verdict.good:
        sys.exit(1)


@contextmanager
def _progress(clinic: Clinic) -> Iterator[Callable[[int], None]]:
    count = clinic.store.head().count
    with click.progressbar(length=count, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield lambda done: bar.update(done - bar.pos)


@audit.command("export", epilog="\b\nExample:\n  dayzero audit export audit.jsonl\n")
@click.argument("out", metavar="FILE")
@reading()
def export_log(clinic: Clinic, *, out: str) -> None:
    """Write all records to FILE, as JSON lines or CSV, as its name ends: .jsonl or .csv."""
    from clinic.memory.audit import export

    count = export(clinic.store, Path(out))
    click.echo(
        clinic.speaks.say_count("wrote {count} record to {path}", "wrote {count} records to {path}", count, path=out)
    )


@audit.command("checkpoint", epilog="\b\nExample:\n  dayzero audit checkpoint /media/usb/checkpoints.jsonl\n")
@click.argument("out", metavar="FILE")
@click.option("--key", metavar="FILE", help="The signing key; made at first use. Default: beside the store.")
@reading()
def sign_checkpoint(clinic: Clinic, *, out: str, key: str | None) -> None:
    """Sign how many records there are now, and append it to FILE, which is then kept on another machine."""
    from clinic.memory.audit import checkpoint, key_beside

    made = checkpoint(clinic.store, Path(key) if key else key_beside(clinic.store), Path(out), at=clinic.now)
    click.echo(clinic.speaks.say("signed: {count} records, head {hash}", count=made.count, hash=made.head))
    click.echo(clinic.speaks.say("keep {path} on another machine", path=out))
