"""Commands that read the clinic's memory, and make its papers and calendars."""

import sys
from pathlib import Path
from typing import Any

import click

from clinic.commands import participant_argument
from clinic.desk import Clinic, Typed, reading
from clinic.work import Known

KINDS = ("json", "csv", "ics", "html", "pdf")


@click.command(epilog="\b\nExample:\n  dayzero show P-001 --format json\n")
@participant_argument
@reading("table", "json")
def show(clinic: Clinic, *, participant: str) -> None:
    """Show what is recorded of PARTICIPANT: visits, windows, what was done, and what is open."""
    from schedule.render.editions import page_editions
    from schedule.render.record import record_table
    from schedule.render.tables import schedule_json

    plan = plan_of(clinic, clinic.find(participant))
    if clinic.shown == "json":
        sys.stdout.buffer.write(schedule_json(plan.staff, clinic.speaks, page_editions(plan.participant)))
        sys.stdout.buffer.flush()
        return
    click.echo(record_table(plan.staff, clinic.speaks, width=terminal_width()))


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
@click.option("--paper", type=click.Choice(["letter", "a4"]), default="letter", show_default=True,
              help="The size of the sheets.")  # fmt: skip
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
        typed.wrong(f"--only: unknown {', '.join(map(ascii, unknown))}; write some of {','.join(KINDS)}")
    if feed_base and not feed_dir:
        typed.wrong("--feed-base: say --feed-dir too, the folder that this address serves")
    if feed_base and not re.fullmatch(r"https://[!-~]+", feed_base):
        typed.wrong("--feed-base: phones subscribe over https only; write https://... without spaces")
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
    if done.pages and done.comparison is not None:
        pages = " ".join(f"{code} {edition}," for code, edition in done.pages.items()).rstrip(",")
        click.echo(say("pages to hand over, for dayzero told --page: {pages}", pages=pages))
