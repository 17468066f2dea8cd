"""``dayzero link`` and ``dayzero feeds``: secret links to calendars, and calendars as files for another server."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from clinic.commands.common import Clinic, Decorator, ask, changing, reading, reason_option, show_json, site_option
from clinic.commands.reading import terminal_width
from clinic.desk.proposing import Proposal, record
from clinic.desk.typed import Typed
from clinic.feeds import links
from clinic.feeds.links import Found, Owner, State, Whose
from clinic.feeds.subscribing import feed_address, is_of_this_machine, page_address
from schedule.errors import Problem, Refused, UnknownName
from schedule.files.values import shorten
from schedule.render.language import N_, Language
from schedule.saying import words

BASE_URL = "DAYZERO_BASE_URL"
LONGEST_LABEL = 40
STATES = {
    State.WORKS: N_("works"),
    State.REPLACED: N_("replaced"),
    State.ENDED: N_("ended"),
    State.EXPIRED: N_("expired"),
}
WHOSE = {
    Whose.PARTICIPANT: N_("participant"),
    Whose.SITE: N_("the whole site"),
    Whose.PHARMACY: N_("the site's pharmacy"),
}

base_option = click.option(
    "--base", metavar="URL", envvar=BASE_URL, show_envvar=True, default="http://127.0.0.1:8000", show_default=True,
    help="The address of the clinic's server.",
)  # fmt: skip


@click.group()
def link() -> None:
    """Secret links by which a phone or a calendar program stays up to date."""


def _whose_options(command: Callable[..., None]) -> Callable[..., None]:
    options: tuple[Decorator, ...] = (
        click.argument("participant", metavar="[PARTICIPANT]", required=False),
        click.option("--site", metavar="SITE", help="All visits of a site, for its coordinators."),
        click.option("--pharmacy", metavar="SITE", help="The days of infusions at a site, for its pharmacy."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@link.command("create", epilog="\b\nExamples:\n  dayzero link create P-001 --label phone\n"
                               "  dayzero link create --site gainesville --label office\n")  # fmt: skip
@_whose_options
@click.option("--label", metavar="WORDS", default="", help="To tell it from others, such as phone. Never a name.")
@click.option("--lang", type=click.Choice(["en", "es"]),
              help="Language of the calendar. Default: the participant's; English for a site.")  # fmt: skip
@click.option("--expires", metavar="DATE",
              help="The last day on which it works. Default: 30 days after the participant's last window; "
              "none for a site.")  # fmt: skip
@base_option
@changing
def create_link(
    clinic: Clinic,
    *,
    participant: str | None,
    site: str | None,
    pharmacy: str | None,
    label: str,
    lang: str | None,
    expires: str | None,
    base: str,
) -> None:
    """Make a secret link to a calendar, and print its address this one time.

    Whoever has the address sees the days of the visits: hand it to the participant only.
    """
    typed = Typed()
    if sum(one is not None for one in (participant, site, pharmacy)) != 1:
        typed.wrong("PARTICIPANT", words("name a participant, or a site with --site or --pharmacy: one of them"))
    label, last_day = read_label(typed, label), typed.day("--expires", expires)
    base = _read_base(typed, base)
    typed.check()
    owner, at_site, own_lang = _owner(clinic, participant, site, pharmacy)
    if last_day and last_day < clinic.today(at_site):
        typed.wrong("--expires", words("{day} is over; write a day to come", day=last_day))
        typed.check()
    drawn = links.create(clinic.book, owner, label=label, lang=lang or own_lang, expires=last_day, at=clinic.now)
    preview = clinic.speaks.say("{owner}: a new link", owner=say_owner(owner, clinic.speaks))
    _carry_out(clinic, preview, drawn.proposal, base=base, drawn=drawn, owner=owner)


def read_label(typed: Typed, label: str) -> str:
    """Read a word by which a link is told from others."""
    if len(label) > LONGEST_LABEL:
        typed.wrong(
            "--label", words("is longer than {most} characters; write a word, such as phone", most=LONGEST_LABEL)
        )
        return ""
    return typed.if_said("--label", label)


def _read_base(typed: Typed, base: str) -> str:
    if not re.fullmatch(r"https?://[!-~]+", base):
        typed.wrong("--base", words("write https:// and the name under which people reach the server"))
    return base.rstrip("/")


def _owner(clinic: Clinic, participant: str | None, site: str | None, pharmacy: str | None) -> tuple[Owner, str, str]:
    """Return whose calendar is meant, the site, and the language of who reads it. Raises UnknownName."""
    if participant is not None:
        state = clinic.find(participant).enrolled
        return Owner(whose=Whose.PARTICIPANT, name=participant), state.site, state.lang
    name = site or pharmacy or ""
    clinic.book.site(name)
    return Owner(whose=Whose.SITE if site else Whose.PHARMACY, name=name), name, "en"


@link.command("list", epilog="\b\nExamples:\n  dayzero link list P-001\n  dayzero link list --format json\n")
@click.argument("participant", metavar="[PARTICIPANT]", required=False)
@site_option
@reading("table", "json")
def list_links(clinic: Clinic, *, participant: str | None, site: str | None) -> None:
    """List links: whose they are, since when, until when, whether they work, and the day they were last used."""
    owner = None
    if participant is not None:
        clinic.find(participant)
        owner = Owner(whose=Whose.PARTICIPANT, name=participant)
    if site is not None:
        clinic.book.site(site)
    found = links.links(clinic.store, owner=owner, site=site)
    if clinic.shown == "json":
        show_json([_record_of(clinic, one) for one in found])
        return
    for line in _table(clinic, found):
        click.echo(line)


def _record_of(clinic: Clinic, found: Found) -> dict[str, Any]:
    link, last_day = found.link, found.last_day
    return {
        "id": found.id,
        "whose": link.kind,
        "owner": link.owner,
        "label": link.label,
        "lang": link.lang,
        "created": _created(clinic, found),
        "expires": str(last_day) if last_day else None,
        "state": _state(clinic, found).value,
        "fetched": str(found.fetched) if found.fetched else None,
    }


def _created(clinic: Clinic, found: Found) -> str:
    """Return the day on which a link was made, at its site."""
    return str(found.link.created.astimezone(links.zone_of(clinic.book, found.site)).date())


def _state(clinic: Clinic, found: Found) -> State:
    return found.state(clinic.today(found.site), links.zone_of(clinic.book, found.site))


def _table(clinic: Clinic, found: Sequence[Found]) -> Iterator[str]:
    from schedule.render.tables import in_columns

    say = clinic.speaks.say
    if not found:
        yield say("Links: none")
        return
    heads = [say("Link"), say("Whose"), say("Label"), say("Language"), say("Made"), say("Until"), say("State"),
             say("Last used")]  # fmt: skip
    rows = [
        [
            one.id,
            say_owner(one.owner, clinic.speaks),
            one.link.label,
            one.link.lang,
            _created(clinic, one),
            str(one.last_day or ""),
            say(STATES[_state(clinic, one)]),
            str(one.fetched or ""),
        ]
        for one in found
    ]
    yield from in_columns(heads, rows, terminal_width()) or ["  ".join(filter(None, row)) for row in rows]


def say_owner(owner: Owner, speaks: Language) -> str:
    """Say whose calendar it is."""
    if owner.whose is Whose.PARTICIPANT:
        return owner.name
    return speaks.say("{site} ({whose})", site=owner.name, whose=speaks.say(WHOSE[owner.whose]))


which_argument = click.argument("which", metavar="LINK|PARTICIPANT")


@link.command("rotate", epilog="\b\nExamples:\n  dayzero link rotate P-001 --reason 'new phone'\n"
                               "  dayzero link rotate 1a2b3c4d --reason 'phone stolen' --compromised\n")  # fmt: skip
@which_argument
@reason_option
@click.option("--compromised", is_flag=True, help="Somebody else may have it: it ends now, and says nothing.")
@base_option
@changing
def rotate_link(clinic: Clinic, *, which: str, reason: str, compromised: bool, base: str) -> None:
    """Put a new link in the place of one: LINK as 'link list' shows it, or a participant who has only one.

    Whoever has the old one sees for 30 days that it was replaced, and whom to call.
    """
    typed = Typed()
    reason, base = typed.text("--reason", reason), _read_base(typed, base)
    typed.check()
    found = _choose(clinic, which)
    drawn = links.rotate(clinic.book, found, reason=reason, compromised=compromised, at=clinic.now)
    owner = say_owner(found.owner, clinic.speaks)
    if compromised:
        preview = clinic.speaks.say("{owner}: link {id} ends now; a new one in its place", owner=owner, id=found.id)
    else:
        preview = clinic.speaks.say(
            "{owner}: link {id} says for 30 days that it was replaced; a new one in its place", owner=owner, id=found.id
        )
    _carry_out(clinic, preview, drawn.proposal, base=base, drawn=drawn, owner=found.owner)


@link.command("revoke", epilog="\b\nExample:\n  dayzero link revoke 1a2b3c4d --reason 'left the study'\n")
@which_argument
@reason_option
@changing
def revoke_link(clinic: Clinic, *, which: str, reason: str) -> None:
    """End a link at once: LINK as 'link list' shows it, or a participant who has only one.

    A phone keeps what it has read last: to take visits back, cancel them, and let the link work.
    """
    typed = Typed()
    reason = typed.text("--reason", reason)
    typed.check()
    found = _choose(clinic, which)
    proposal = links.revoke(clinic.book, found, reason=reason, at=clinic.now)
    owner = say_owner(found.owner, clinic.speaks)
    preview = clinic.speaks.say("{owner}: link {id} ends now", owner=owner, id=found.id)
    _carry_out(clinic, preview, proposal)


def _choose(clinic: Clinic, which: str) -> Found:
    """Return the link that is meant. Raises UnknownName, and Refused where it could be several, or none works."""
    if re.fullmatch(r"[0-9a-f]{8,64}", which) and (named := links.links(clinic.store, id_=which)):
        return _only(clinic, which, named)
    try:
        clinic.find(which)
    except UnknownName as error:
        wrong = words("there is no link and no participant {which}", which=shorten(which))
        remedy = words("dayzero link list shows the links")
        raise UnknownName([Problem(place="LINK", wrong=wrong, remedy=remedy)]) from error
    own = links.links(clinic.store, owner=Owner(whose=Whose.PARTICIPANT, name=which))
    return _only(clinic, which, [one for one in own if one.link.ended is None])


def _only(clinic: Clinic, which: str, found: Sequence[Found]) -> Found:
    if len(found) == 1:
        return found[0]
    if not found:
        remedy = words("make one: dayzero link create {participant}", participant=which)
        raise Refused([Problem(place=which, wrong=words("has no link"), remedy=remedy)])
    names = ", ".join(f"{one.id} ({one.link.label})" if one.link.label else one.id for one in found)
    wrong = words("has {count} links: {names}", count=len(found), names=names)
    raise Refused([Problem(place=which, wrong=wrong, remedy=words("name the one that is meant instead"))])


def _carry_out(
    clinic: Clinic,
    preview: str,
    proposal: Proposal,
    *,
    base: str = "",
    drawn: links.Drawn | None = None,
    owner: Owner | None = None,
) -> None:
    """Show what would follow, ask, record it, and print the new address where there is one."""
    ask(clinic, [preview])
    say = clinic.speaks.say
    if clinic.dry_run:
        click.echo(say("dry run: nothing was recorded"), err=clinic.shown == "json")
        return
    seq = record(clinic.store, proposal, clinic.sign(proposal.protocol_version))[0].group
    told = _addresses(base, drawn.token, owner) if drawn and owner else {}
    id_ = {"id": links.hash_of(drawn.token)[: links.ID_LETTERS]} if drawn else {}
    if clinic.shown == "json":
        show_json({"recorded": True, "seq": seq, **id_, **told})
        return
    click.echo(say("recorded: number {seq} in the audit", seq=seq))
    if told:
        click.echo(say("Link {id}. Its address is shown only now:", **id_))
    for address in told.values():
        click.echo(f"  {address}")
    if told and is_of_this_machine(base):
        click.echo(say("This address works on this machine only: say {name}", name=BASE_URL), err=True)


def _addresses(base: str, token: str, owner: Owner) -> dict[str, str]:
    page = {"page": page_address(base, token)} if owner.whose is Whose.PARTICIPANT else {}
    return {**page, "feed": feed_address(base, token)}


@click.group()
def feeds() -> None:
    """Calendars as files, for a web server that is not the clinic's."""


@feeds.command(
    "export", epilog="\b\nExample:\n  dayzero feeds export feeds --feed-base https://calendars.example.org/f\n"
)
@click.argument("folder", metavar="DIR")
@click.option("--feed-base", metavar="URL", help="The https address that serves DIR, to print the links.")
@site_option
@click.option("--staff", is_flag=True, help="Also the calendars of sites and of their pharmacies.")
@reading()
def export_feeds(clinic: Clinic, *, folder: str, feed_base: str | None, site: str | None, staff: bool) -> None:
    """Write all participants' calendars to DIR under secret names, for any https server.

    Each keeps its name: 'publish --feed-dir DIR' has the same. Repeat it every day, and after changes; what is as it
    was is not written again.
    """
    from clinic.feeds.exporting import count, export

    if feed_base and not re.fullmatch(r"https://[!-~]+", feed_base):
        raise click.UsageError("--feed-base: phones subscribe over https only; write https://... without spaces")
    if site is not None:
        clinic.book.site(site)
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=count(clinic.book, site), file=sys.stderr, hidden=hidden, show_pos=True) as bar:
        done = export(
            clinic.book,
            Path(folder),
            site=site,
            staff=clinic.speaks.code if staff else None,
            now=clinic.now,
            new_name=lambda: f"{links.draw()}.ics",
            progress=lambda: bar.update(1),
        )
    say_count = clinic.speaks.say_count
    written = say_count("{count} calendar was written to {folder}", "{count} calendars were written to {folder}",
                        done.written, folder=folder)  # fmt: skip
    same = say_count("{count} is as it was", "{count} are as they were", len(done.paths) - done.written)
    click.echo(f"{written}; {same}")
    for key, path in done.paths.items() if feed_base else ():
        click.echo(f"{key.partition('/')[2]}  {(feed_base or '').rstrip('/')}/{path.name}")
