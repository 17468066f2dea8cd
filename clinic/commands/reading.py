"""Commands that read the clinic's memory, and make its papers and calendars."""

import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clinic.commands.changing import participant_argument
from clinic.commands.common import Clinic, reading, site_option
from clinic.desk.codec import read_event
from clinic.desk.typed import Typed
from clinic.desk.work import PARTICIPANTS, Known
from schedule.participant.state import Audience
from schedule.saying import words

if TYPE_CHECKING:
    from schedule.record_views import Binder

paper_option = click.option(
    "--paper", type=click.Choice(["letter", "a4"]), default="letter", show_default=True, help="The size of the sheets."
)
KINDS = ("json", "csv", "ics", "html", "pdf")


@click.command(epilog="\b\nExample:\n  dayzero show P-001 --format json\n")
@participant_argument
@reading("table", "json")
def show(clinic: Clinic, *, participant: str) -> None:
    """Show what is recorded of PARTICIPANT: visits, windows, what was done, and what is open."""
    from schedule.render.consequences import say_preference
    from schedule.render.editions import page_editions
    from schedule.render.record import record_table
    from schedule.render.tables import schedule_json

    known, say = clinic.find(participant), clinic.speaks.say
    plan = plan_of(clinic, known)
    if clinic.shown == "json":
        sys.stdout.buffer.write(schedule_json(plan.staff, clinic.speaks, page_editions(plan.participant)))
        sys.stdout.buffer.flush()
        return
    click.echo(record_table(plan.staff, clinic.speaks, width=terminal_width()))
    for one in known.enrolled.away:
        days = say("{first} to {last}", first=one.first, last=one.last)
        click.echo(say("{about}: {said}", about=say("Cannot come"), said=days))
    if wish := say_preference(known.enrolled.preference, clinic.speaks):
        click.echo(wish)


def plan_of(clinic: Clinic, known: Known, wording: str = "") -> Any:
    """Return a participant's record as a plan, valid now."""
    from schedule.desk.record import make_record

    enrolled = known.since or clinic.now
    return make_record(
        known.enrolled, known.rules, as_of=clinic.now.replace(microsecond=0),
        enrolled=enrolled.replace(microsecond=0), wording=wording,
    )  # fmt: skip


def terminal_width() -> int:
    """Return how many columns a table may have."""
    from shutil import get_terminal_size

    return min(get_terminal_size((100, 24)).columns, 200)


@click.command(epilog="\b\nExample:\n  dayzero publish P-001 --out clinic --feed-dir feeds\n")
@participant_argument
@click.option("--out", metavar="DIR", required=True, help="Where the participant's folder is written.")
@click.option("--feed-dir", metavar="DIR", help="Also write the calendar as a feed under a secret name.")
@click.option("--feed-base", metavar="URL", help="The https address that serves --feed-dir, to print the links.")
@click.option("--only", metavar="KINDS", help=f"Write only some of {','.join(KINDS)}, separated by commas.")
@paper_option
@click.option("--large-print", is_flag=True, help="The packet in large letters, 18 pt; no other paper.")
@click.option("--templates", metavar="DIR", help="Your own templates; what is not there is dayzero's.")
@click.option("--lang", type=click.Choice(["en", "es"]), help="Language of the packet. Default: the participant's.")
@reading()
def publish(
    clinic: Clinic,
    *,
    participant: str,
    out: str,
    feed_dir: str | None,
    feed_base: str | None,
    only: str | None,
    paper: str,
    large_print: bool,
    templates: str | None,
    lang: str | None,
) -> None:
    """Write calendars, packet, worksheets and schedule of PARTICIPANT as they are now.

    Beside them a change sheet tells what changed since the last time, and which pages to replace.
    """
    import re
    import secrets

    from schedule.desk import record as desk
    from schedule.render.pages import Paper, Style, read_wording

    typed = Typed()
    kinds = [kind.strip() for kind in (only or ",".join(KINDS)).split(",")]
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        facts = {"unknown": ", ".join(map(ascii, unknown)), "known": ",".join(KINDS)}
        typed.wrong("--only", words("unknown {unknown}; write some of {known}", **facts))
    if feed_base and not feed_dir:
        typed.wrong("--feed-base", words("say --feed-dir too, the folder that this address serves"))
    if feed_base and not re.fullmatch(r"https://[!-~]+", feed_base):
        typed.wrong("--feed-base", words("phones subscribe over https only; write https://... without spaces"))
    typed.check()
    known = clinic.find(participant)
    style = Style(paper=Paper(paper), large=large_print, templates=Path(templates) if templates else None)
    feed = desk.FeedPlace(
        folder=Path(feed_dir), base=feed_base, new_name=f"dz_{secrets.token_urlsafe(32)}.ics"
    ) if feed_dir else None  # fmt: skip
    done = desk.publish(
        plan_of(clinic, known, read_wording(Path(templates)) if templates else ""),
        Path(out),
        kinds,
        lang=lang or known.enrolled.lang,
        staff_lang=clinic.speaks.code,
        style=style,
        feed=feed,
    )
    _tell_published(clinic, done, feed_base)


def _tell_published(clinic: Clinic, done: Any, feed_base: str | None) -> None:
    from schedule.render.tables import feed_lines

    say = clinic.speaks.say
    for problem in done.unread:
        click.echo(f"dayzero: {problem}", err=True)
    if done.missing:
        words = "{name} is left out: {missing} is missing; pip install 'dayzero[pdf]', then dayzero doctor"
        click.echo(say(words, name="PDF", missing=done.missing), err=True)
    for path in done.files:
        click.echo(say("wrote {path}", path=path))
    if done.feed:
        for line in feed_lines(done.feed, feed_base, clinic.speaks):
            click.echo(line)
    if done.left:
        note = say("note: these are from before and may tell other dates: {names}", names=", ".join(done.left))
        click.echo(note, err=True)
    if done.pages and done.comparison is not None:
        pages = " ".join(f"{code} {edition}," for code, edition in done.pages.items()).rstrip(",")
        click.echo(say("pages to hand over, for dayzero told --page: {pages}", pages=pages))


def _show_list(clinic: Clinic, name: str, out: str | None, site: str | None, **said: Any) -> None:
    """Print a list, or write it to a file: spreadsheets need one."""
    from clinic.desk.reports import LISTS, Wanted, rows_of, usual_days
    from schedule.render import reports

    _known_site(clinic, site)
    if clinic.shown == "xlsx" and out is None:
        raise click.UsageError(clinic.speaks.say("--format xlsx: say with --out where the spreadsheet is written"))
    wanted = usual_days(name, Wanted(sites=(site,) if site else None, **said), _today(clinic, site))
    rows, of = rows_of(clinic.book, name, wanted, clinic.now), LISTS[name]
    if clinic.shown == "table":
        data = reports.report_table(tuple(rows), of, clinic.speaks, width=terminal_width()).encode() + b"\n"
    else:
        data = reports.report_file(rows, of, clinic.shown, clinic.speaks)
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    from schedule.desk.writing import Output, write_outputs

    write_outputs([Output(path=Path(out), data=data)])
    click.echo(clinic.speaks.say("wrote {path}", path=out))


out_option = click.option("--out", metavar="FILE", help="Write it there. A spreadsheet needs it.")
listing = reading("table", "json", "csv", "xlsx")


def _days_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--to", "last", metavar="DATE", help="The last day."),
        click.option("--from", "first", metavar="DATE", help="The first day."),
    ):
        command = option(command)
    return command


def _read_days(first: str | None, last: str | None) -> dict[str, date | None]:
    typed = Typed()
    days = typed.day("--from", first), typed.day("--to", last)
    if days[0] and days[1] and days[1] < days[0]:
        typed.wrong("--to", words("{last} is before {first}; swap the two days", last=days[1], first=days[0]))
    typed.check()
    return {"first": days[0], "last": days[1]}


def _known_site(clinic: Clinic, site: str | None) -> None:
    """Raise UnknownName for a site that the clinic does not have."""
    if site is not None:
        clinic.book.site(site)


def _today(clinic: Clinic, site: str | None) -> date:
    sites = [site] if site else clinic.book.site_ids()
    return max((clinic.today(one) for one in sites), default=clinic.now.date())


@click.command("list", epilog="\b\nExample:\n  dayzero list --site gainesville\n")
@site_option
@out_option
@listing
def list_participants(clinic: Clinic, *, site: str | None, out: str | None) -> None:
    """List all participants: where they stand, their next visit, what is overdue and to be told."""
    _show_list(clinic, "list", out, site)


@click.command(epilog="\b\nExample:\n  dayzero due --from 2026-09-01 --to 2026-09-14\n")
@site_option
@_days_options
@out_option
@listing
def due(clinic: Clinic, *, site: str | None, first: str | None, last: str | None, out: str | None) -> None:
    """List visits whose windows are open: in the next 14 days, or in the days that are said."""
    _show_list(clinic, "due", out, site, **_read_days(first, last))


@click.command(epilog="\b\nExample:\n  dayzero overdue --site gainesville\n")
@site_option
@out_option
@listing
def overdue(clinic: Clinic, *, site: str | None, out: str | None) -> None:
    """List visits whose windows have ended and that nobody has closed."""
    _show_list(clinic, "overdue", out, site)


@click.command(epilog="\b\nExample:\n  dayzero deviations --format xlsx --out deviations.xlsx\n")
@site_option
@_days_options
@out_option
@listing
def deviations(clinic: Clinic, *, site: str | None, first: str | None, last: str | None, out: str | None) -> None:
    """List the protocol deviations, of all days or of those that are said."""
    _show_list(clinic, "deviations", out, site, **_read_days(first, last))


@click.command(epilog="\b\nExample:\n  dayzero agenda --site gainesville --from 2026-09-07 --to 2026-09-11\n")
@site_option
@_days_options
@out_option
@listing
def agenda(clinic: Clinic, *, site: str | None, first: str | None, last: str | None, out: str | None) -> None:
    """List who comes when: this week from today, or the days that are said."""
    _show_list(clinic, "agenda", out, site, **_read_days(first, last))


@click.command(epilog="\b\nExample:\n  dayzero tell --audience pharmacy\n")
@site_option
@click.option("--audience", type=click.Choice([one.value for one in Audience]), help="Whom to tell.")
@out_option
@listing
def tell(clinic: Clinic, *, site: str | None, audience: str | None, out: str | None) -> None:
    """List what participants and the pharmacy must still hear; dayzero told takes it off."""
    _show_list(clinic, "tell", out, site, audience=Audience(audience) if audience else None)


@click.command("offline-sheet", epilog="\b\nExample:\n  dayzero clinic offline-sheet --site gainesville --out paper\n")
@click.option("--site", metavar="SITE", required=True, help="The site.")
@click.option("--out", metavar="DIR", required=True, help="Where offline-sheet.html and .pdf are written.")
@paper_option
@reading()
def print_offline_sheet(clinic: Clinic, *, site: str, out: str, paper: str) -> None:
    """Print the next 14 days of a site, what is overdue and what is to be told, for a day without computers."""
    _write_paper(clinic, "offline-sheet", offline_page(clinic, site, paper), Path(out), ("html", "pdf"))


def offline_page(clinic: Clinic, site: str, paper: str) -> str:
    """Return the page of a site for a day without computers. Raises UnknownName."""
    from clinic.desk.reports import DUE_DAYS, offline_sheet
    from schedule.render.clinic_papers import offline_html
    from schedule.render.pages import Paper, Style

    start = clinic.today(site)
    sheet = offline_sheet(clinic.book, site, clinic.now, [start + timedelta(days=number) for number in range(DUE_DAYS)])
    return offline_html(sheet, clinic.speaks, Style(paper=Paper(paper)))


@click.command(epilog="\b\nExample:\n  dayzero binder P-001 --out monitor\n")
@participant_argument
@click.option("--out", metavar="DIR", required=True, help="Where binder-PARTICIPANT.pdf is written.")
@paper_option
@reading()
def binder(clinic: Clinic, *, participant: str, out: str, paper: str) -> None:
    """Print one participant for the monitor: planned against actual, deviations, corrections, the audit's head."""
    from schedule.render.clinic_papers import binder_html
    from schedule.render.pages import Paper, Style

    known = clinic.find(participant)
    page = binder_html(binder_of(clinic, known), clinic.speaks, Style(paper=Paper(paper)))
    _write_paper(clinic, f"binder-{known.code}", page, Path(out), ("pdf",))


def binder_of(clinic: Clinic, known: Known) -> "Binder":
    """Return what a monitor looks at for a participant."""
    from clinic.desk.telling import audit_line
    from schedule.record_views import Binder, promised_days

    records = tuple(clinic.store.records(f"{PARTICIPANTS}{known.code}"))
    head = clinic.store.head()
    return Binder(
        schedule=plan_of(clinic, known).staff,
        promised=promised_days(read_event(one.kind, one.version, one.body) for one in records),
        lines=tuple(audit_line(one, clinic.speaks) for one in records),
        head=head.hash,
        count=head.count,
    )


def _write_paper(clinic: Clinic, name: str, page: str, folder: Path, kinds: Sequence[str]) -> None:
    """Write a page in its kinds; as HTML where the PDF cannot be made, and say why."""
    from schedule.desk.plan import print_paper
    from schedule.desk.writing import in_folder, write_outputs
    from schedule.render.pdf import PdfUnavailable

    try:
        files = print_paper(name, page, kinds, spell_out=True)
    except PdfUnavailable as error:
        words = "{name} is left out: {missing} is missing; pip install 'dayzero[pdf]', then dayzero doctor"
        click.echo(clinic.speaks.say(words, name="PDF", missing=error), err=True)
        files = print_paper(name, page, ["html"])
    outputs = in_folder(folder, files)
    write_outputs(outputs)
    for output in outputs:
        click.echo(clinic.speaks.say("wrote {path}", path=output.path))
