"""``dayzero pharmacy``: keys, sealed envelopes, and what is made from them. Only the unblinded pharmacist's door."""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from schedule.errors import Problem, Refused, ScheduleError
from schedule.render.language import Language, language

if TYPE_CHECKING:
    from schedule.sites import Site
    from schedule.unblinded.log import Head
    from schedule.unblinded.manifest import Manifest

T = TypeVar("T")

PROTOCOL = "res001-dmpm-02"
LIBRARIES = {"nacl": "PyNaCl", "rfc8785": "rfc8785"}
DATABASE = "DAYZERO_DB"
"""Names the clinic's database, whose folder nothing of ours may lie in."""


class _Command(click.Command):
    """A command that tells what is empty, and which library is missing, before it asks for anything."""

    def invoke(self, ctx: click.Context) -> Any:
        empty = [param.get_error_hint(ctx) for param in self.params if ctx.params.get(param.name or "") == ""]
        if empty:
            raise click.UsageError("\n  ".join(f"{name}: is empty; leave it out or write a value" for name in empty))
        missing = [name for module, name in LIBRARIES.items() if find_spec(module) is None]
        if missing:
            wrong = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
            raise Refused([Problem(place="pharmacy", wrong=wrong, remedy="pip install 'dayzero[pharmacy]'")])
        return super().invoke(ctx)


class _Wing(click.Group):
    command_class = _Command


@click.group(cls=_Wing)
def pharmacy() -> None:
    """UNBLINDED PHARMACIST ONLY: seal allocations, open them, and make the preparation sheets."""


_Decorator = Callable[[Callable[..., None]], Callable[..., None]]

lang_option = click.option("--lang", type=click.Choice(["en", "es"]), default="en", show_default=True,
                           help="Language of what is printed and written.")  # fmt: skip
protocol_option = click.option("--protocol", "protocol_name", metavar="NAME|FILE", default=PROTOCOL, show_default=True,
                               help="The trial: one that comes with dayzero, or your own TOML file.")  # fmt: skip
manifest_option = click.option("--manifest", metavar="FILE",
                               help="The sealed envelopes. Default: envelopes.json in --keys.")  # fmt: skip
passphrase_option = click.option("--passphrase-file", metavar="FILE",
                                 help="Read the passphrase from a file of your own (mode 600). Default: it is asked "
                                 "for, and not shown.")  # fmt: skip
who_option = click.option(
    "--who", metavar="ROLE", help="Who asks: a role or initials, for the log. Default: it is asked."
)
why_option = click.option("--why", metavar="REASON", help="Why, without naming a product. Default: it is asked.")


def keys_option(meaning: str) -> _Decorator:
    """Add ``--keys``."""
    return click.option("--keys", metavar="DIR", required=True, help=meaning)


SHEETS = "preparation sheets"
"""What the log says of why, where sheets are made."""
OWN_KEYS = "The pharmacy's private folder, with its keys, envelopes and log."


@pharmacy.command(
    epilog="\b\nExample:\n  dayzero pharmacy keygen --site gainesville --keys /pharmacy --emergency-keys /safe\n"
)
@click.option("--site", metavar="NAME", required=True, help="The site, as the clinic's site file names it.")
@keys_option("Where the pharmacy's keys are written: a private folder of its own.")
@click.option("--emergency-keys", metavar="DIR", required=True,
              help="Where the emergency key is written: the second key holder's folder, apart.")  # fmt: skip
@passphrase_option
@click.option("--emergency-passphrase-file", metavar="FILE", help="The same for the emergency key: another passphrase.")
@lang_option
def keygen(
    *,
    site: str,
    keys: str,
    emergency_keys: str,
    passphrase_file: str | None,
    emergency_passphrase_file: str | None,
    lang: str,
) -> None:
    """Make a site's keys: one to open envelopes, one to sign them, and one for emergencies. Never overwrites any."""
    from schedule.desk.writing import PRIVATE, Output, write_outputs
    from schedule.files.structure import NAME
    from schedule.unblinded.keys import (
        PUBLIC_KEYS,
        KeyKind,
        check_new_folders,
        lock,
        new_secret,
        public_keys,
        write_public_keys,
    )
    from schedule.unblinded.sheets_folder import make_private
    from schedule.unblinded.terminal import ask_new_passphrase

    speaks = language(lang)
    if not NAME.fullmatch(site):
        raise click.UsageError(f"--site: {site!a} is no site's name; use up to 32 of the letters A-Z, digits, - and _")
    folder, apart = Path(keys), Path(emergency_keys)
    _check_ours({"--keys": folder, "--emergency-keys": apart})
    check_new_folders(folder, apart)
    words = ask_new_passphrase(passphrase_file, "--passphrase-file", speaks.say("New passphrase of the pharmacy"))
    others = ask_new_passphrase(
        emergency_passphrase_file, "--emergency-passphrase-file", speaks.say("New passphrase of the emergency key")
    )
    if words == others:
        wrong, remedy = "it is the pharmacy's passphrase", "the second key holder takes another one"
        raise Refused([Problem(place="--emergency-passphrase-file", wrong=wrong, remedy=remedy)])
    secrets = {kind: new_secret() for kind in KeyKind}
    public = write_public_keys(public_keys(site, secrets), secrets[KeyKind.SIGNING])
    files = [(folder / KeyKind.PHARMACY.value, lock(KeyKind.PHARMACY, secrets[KeyKind.PHARMACY], words)),
             (folder / KeyKind.SIGNING.value, lock(KeyKind.SIGNING, secrets[KeyKind.SIGNING], words)),
             (folder / PUBLIC_KEYS, public),
             (apart / KeyKind.EMERGENCY.value, lock(KeyKind.EMERGENCY, secrets[KeyKind.EMERGENCY], others)),
             (apart / PUBLIC_KEYS, public)]  # fmt: skip
    make_private(folder, apart)
    write_outputs([Output(path=path, data=data, mode=PRIVATE) for path, data in files])
    for path, _ in files:
        click.echo(speaks.say("wrote {path}", path=path))


@pharmacy.command(
    epilog="\b\nExamples:\n  dayzero pharmacy seal --keys /pharmacy\n"
    "  dayzero pharmacy seal allocation.csv --keys /pharmacy\n"
)
@click.argument("allocations", metavar="[FILE]", required=False)
@keys_option(OWN_KEYS)
@protocol_option
@passphrase_option
@lang_option
def seal(*, allocations: str | None, keys: str, protocol_name: str, passphrase_file: str | None, lang: str) -> None:
    """Seal allocations into envelopes.json: from FILE, a CSV with the columns participant and cohort, or typed.

    Envelopes from before stay as they are, byte for byte. Without FILE each cohort is asked for twice, and not shown.
    """
    from schedule.desk.writing import PRIVATE, Output, write_outputs
    from schedule.unblinded.allocation_file import SealingList, read_allocations
    from schedule.unblinded.keys import KeyKind
    from schedule.unblinded.log import locked
    from schedule.unblinded.manifest import MANIFEST, seal_all, sign_manifest
    from schedule.unblinded.terminal import ask_allocations
    from schedule.unblinded.vault import read_vault

    speaks, folder = language(lang), Path(keys)
    _check_ours({"--keys": folder, **({"FILE": Path(allocations)} if allocations else {})})
    vault, path = read_vault(folder, protocol_name), folder / MANIFEST
    with locked(folder):
        before = vault.read_envelopes(None).manifest.envelopes if path.exists() else ()
        listed = SealingList(vault.protocol, [one.participant for one in before])
        if allocations:
            read_allocations(Path(allocations), listed)
        else:
            ask_allocations(listed, speaks)
        signing = vault.unlock(KeyKind.SIGNING, passphrase_file, speaks)
        manifest = seal_all(listed.allocations, vault.protocol.study.id, vault.public, before=before)
        write_outputs([Output(path=path, data=sign_manifest(manifest, signing), mode=PRIVATE)])
    click.echo(
        speaks.say_count(
            "{count} envelope was sealed; {path} holds {all}",
            "{count} envelopes were sealed; {path} holds {all}",
            len(listed.allocations),
            path=path,
            all=len(manifest.envelopes),
        )
    )
    if allocations:
        click.echo(speaks.say("now lock {path} away, or destroy it: it tells every cohort", path=allocations), err=True)


@pharmacy.command(
    epilog="\b\nExamples:\n  dayzero pharmacy check envelopes.json --public-keys public-keys.json --export clinic\n"
    "  dayzero pharmacy check /pharmacy/envelopes.json --public-keys /pharmacy/public-keys.json \\\n"
    "      --log /pharmacy/pharmacy-log.jsonl\n"
)
@click.argument("manifest", metavar="MANIFEST")
@click.option("--public-keys", metavar="FILE", required=True, help="The site's public keys, as keygen made them.")
@click.option("--export", "exports", metavar="PATH",
              help="A participant's schedule.json, or the folder with those of all: who has no envelope?")  # fmt: skip
@click.option("--log", "log_file", metavar="FILE", help="Also check that no line of the pharmacy's log was altered.")
@lang_option
def check(*, manifest: str, public_keys: str, exports: str | None, log_file: str | None, lang: str) -> None:
    """Check MANIFEST without opening it: signature, sizes, order, and who has no envelope. Needs no private key."""
    from schedule.unblinded.keys import read_public_keys
    from schedule.unblinded.log import verify_log
    from schedule.unblinded.manifest import check_enrolled, read_manifest
    from schedule.unblinded.sheet_making import read_exports

    errors: list[ScheduleError] = []
    public = read_public_keys(Path(public_keys))
    read = _collect(lambda: read_manifest(Path(manifest), public), errors)
    enrolled = _collect(lambda: read_exports(Path(exports)), errors) if exports else None
    head = _collect(lambda: verify_log(Path(log_file)), errors) if log_file else None
    if read and enrolled:
        _collect(lambda: check_enrolled(read, [(one.file, one.export) for one in enrolled]), errors)
    if errors or read is None:
        raise type(errors[0])(problem for error in errors for problem in error.problems)
    for line in _say_checked(read, len(enrolled or ()), head, language(lang)):
        click.echo(line)


def _say_checked(read: "Manifest", enrolled: int, head: "Head | None", speaks: Language) -> Iterator[str]:
    yield speaks.say_count(
        "{count} envelope of {study}, site {site}: the signature is good",
        "{count} envelopes of {study}, site {site}: the signature is good",
        len(read.envelopes),
        study=read.study,
        site=read.keys.site,
    )
    if enrolled:
        yield speaks.say_count(
            "{count} participant is enrolled and has an envelope",
            "{count} participants are enrolled, and each has an envelope",
            enrolled,
        )
    if head:
        yield speaks.say_count(
            "the log has {count} line, unaltered; its hash is {hash}",
            "the log has {count} lines, unaltered; the last hash is {hash}",
            head.lines,
            hash=head.hash,
        )


@pharmacy.command("open", epilog="\b\nExample:\n  dayzero pharmacy open P-001 --keys /pharmacy\n")
@click.argument("participant", metavar="PARTICIPANT")
@keys_option(OWN_KEYS)
@manifest_option
@protocol_option
@who_option
@why_option
@passphrase_option
@lang_option
def open_one(
    *,
    participant: str,
    keys: str,
    manifest: str | None,
    protocol_name: str,
    who: str | None,
    why: str | None,
    passphrase_file: str | None,
    lang: str,
) -> None:
    """Show the cohort of PARTICIPANT on this terminal, and write into the pharmacy's log who looked and why."""
    from schedule.desk.writing import write_outputs
    from schedule.unblinded.keys import KeyKind
    from schedule.unblinded.log import LOG, Act, add_entries, locked
    from schedule.unblinded.terminal import ask_reason, check_terminal, show_cohort
    from schedule.unblinded.vault import read_vault

    speaks, folder = language(lang), Path(keys)
    check_terminal()
    _check_ours({"--keys": folder})
    vault = read_vault(folder, protocol_name)
    envelopes = vault.read_envelopes(manifest)
    envelopes.check_has(participant)
    reason = ask_reason(who, why, vault.protocol, speaks)
    cohort = envelopes.open(participant, KeyKind.PHARMACY, vault.unlock(KeyKind.PHARMACY, passphrase_file, speaks))
    with locked(folder):
        log, _ = add_entries(folder / LOG, [vault.entry(Act.OPENED, participant, reason, _now())])
        write_outputs([log])
    show_cohort(participant, cohort, speaks)


@pharmacy.command(
    epilog="\b\nExamples:\n  dayzero pharmacy sheet P-001 --export clinic/P-001/schedule.json --keys /pharmacy "
    "--out /pharmacy/sheets\n"
    "  dayzero pharmacy sheet --all --export clinic --keys /pharmacy --out /pharmacy/sheets\n"
)
@click.argument("participant", metavar="[PARTICIPANT]", required=False)
@click.option("--all", "everybody", is_flag=True, help="Make the sheets of every participant in the export.")
@click.option("--export", "exports", metavar="PATH", required=True,
              help="The clinic's schedule.json of the participant, or the folder with those of all.")  # fmt: skip
@keys_option(OWN_KEYS)
@click.option("--out", metavar="DIR", required=True, help="The pharmacist's private folder, for the sheets.")
@click.option("--site", "site_name", metavar="NAME|FILE",
              help="The site's file, to print its name. Default: a blank to fill in.")  # fmt: skip
@manifest_option
@protocol_option
@who_option
@passphrase_option
@click.option("--paper", type=click.Choice(["letter", "a4"]), default="letter", show_default=True,
              help="The size of the sheets.")  # fmt: skip
@lang_option
def sheet(**typed: Any) -> None:
    """Make the sheets and the calendar of PARTICIPANT, or of --all, from the clinic's export and the envelopes.

    They are those of dayzero plan --pharmacy-out. An infusion that is cancelled or on hold gets a page that says so.
    """
    from schedule.desk.writing import write_outputs
    from schedule.render.pages import Paper, Style
    from schedule.unblinded.keys import KeyKind
    from schedule.unblinded.log import LOG, Act, add_entries, locked
    from schedule.unblinded.sheet_making import check_exports, left_from_before, make_sheets, read_exports
    from schedule.unblinded.terminal import ask_reason
    from schedule.unblinded.vault import read_vault

    speaks, folder, out = language(typed["lang"]), Path(typed["keys"]), Path(typed["out"])
    participant, source = typed["participant"], Path(typed["exports"])
    if bool(participant) == typed["everybody"]:
        raise click.UsageError("say one PARTICIPANT, or --all")
    _check_ours({"--keys": folder, "--out": out}, exports=[source])
    vault, site = read_vault(folder, typed["protocol_name"]), _read_site(typed["site_name"])
    envelopes = vault.read_envelopes(typed["manifest"])
    exports = read_exports(source, participant)
    check_exports(exports, participant, vault.protocol, envelopes.manifest, site)
    reason = ask_reason(typed["who"], SHEETS, vault.protocol, speaks)
    secret = vault.unlock(KeyKind.PHARMACY, typed["passphrase_file"], speaks)
    codes = [one.participant for one in exports]
    outputs, missing = make_sheets(
        exports,
        {code: envelopes.open(code, KeyKind.PHARMACY, secret).id for code in codes},
        vault.protocol,
        site,
        out=out,
        site_id=vault.public.site,
        lang=typed["lang"],
        style=Style(paper=Paper(typed["paper"])),
    )
    with locked(folder):
        log, _ = add_entries(folder / LOG, [vault.entry(Act.SHEETS, code, reason, _now()) for code in codes])
        write_outputs([log, *outputs])
    if missing:
        words = speaks.say(
            "{name} is left out: {missing} is missing; pip install 'dayzero[pdf]', then dayzero doctor",
            name="PDF",
            missing=missing,
        )
        click.echo(words, err=True)
    if old := left_from_before(outputs):
        names = ", ".join(map(str, old))
        click.echo(speaks.say("note: these are from before and may tell other dates: {names}", names=names), err=True)
    for output in outputs:
        click.echo(speaks.say("wrote {path}", path=output.path))


@pharmacy.command(
    epilog="\b\nExamples:\n  dayzero pharmacy emergency P-001 --keys /safe --manifest /pharmacy/envelopes.json \\\n"
    "      --out /pharmacy/records\n"
    "  dayzero pharmacy emergency P-001 --accidental --keys /pharmacy --out /pharmacy/records\n"
)
@click.argument("participant", metavar="PARTICIPANT")
@keys_option("The second key holder's folder, with the emergency key; its log is written there.")
@manifest_option
@click.option(
    "--out", metavar="DIR", required=True, help="Where the record for the clinic is written: a private folder."
)
@click.option("--accidental", is_flag=True,
              help="Only record that somebody learned the cohort by accident. Nothing is opened.")  # fmt: skip
@protocol_option
@who_option
@why_option
@passphrase_option
@lang_option
def emergency(**typed: Any) -> None:
    """Open the envelope of PARTICIPANT, and no other, with the emergency key; show the cohort on this terminal.

    It asks who and why, and once more before it opens. The record for the clinic, and the log, do not tell the cohort.
    """
    from schedule.desk.writing import PRIVATE, Output, write_outputs
    from schedule.unblinded.emergency import emergency_record, record_name
    from schedule.unblinded.keys import KeyKind
    from schedule.unblinded.log import LOG, Act, add_entries, locked
    from schedule.unblinded.sheets_folder import make_private
    from schedule.unblinded.terminal import ask_reason, check_terminal, confirm_opening, show_cohort
    from schedule.unblinded.vault import read_vault

    speaks, folder, out = language(typed["lang"]), Path(typed["keys"]), Path(typed["out"])
    accidental, participant = typed["accidental"], _read_code(typed["participant"])
    if not accidental:
        check_terminal()
    _check_ours({"--keys": folder, "--out": out})
    vault = read_vault(folder, typed["protocol_name"])
    envelopes = None if accidental else vault.read_envelopes(typed["manifest"])
    if envelopes:
        envelopes.check_has(participant)
    reason = ask_reason(typed["who"], typed["why"], vault.protocol, speaks)
    cohort = None
    if envelopes:
        confirm_opening(participant, speaks)
        secret = vault.unlock(KeyKind.EMERGENCY, typed["passphrase_file"], speaks)
        cohort = envelopes.open(participant, KeyKind.EMERGENCY, secret)
    entry = vault.entry(Act.EMERGENCY if envelopes else Act.ACCIDENTAL, participant, reason, _now())
    make_private(out)
    with locked(folder):
        log, (line,) = add_entries(folder / LOG, [entry])
        record = Output(path=out / record_name(entry, line), data=emergency_record(entry, line, speaks), mode=PRIVATE)
        write_outputs([record, log])
    click.echo(speaks.say("wrote {path}", path=record.path), err=True)
    if cohort:
        show_cohort(participant, cohort, speaks)


def _check_ours(places: dict[str, Path], exports: Sequence[Path] = ()) -> None:
    """Raise Refused where something of ours would lie in a clinic's folder."""
    from schedule.unblinded.clinic_folders import check_ours

    named = os.environ.get(DATABASE, "")
    check_ours(places, database=Path(named) if named and "://" not in named else None, exports=exports)


def _read_site(name: str | None) -> "Site | None":
    from schedule.files.site import find_site, read_site

    return read_site(find_site(name)) if name else None


def _read_code(typed: str) -> str:
    from schedule.files.values import read_participant

    try:
        return read_participant(typed)
    except ValueError as error:
        raise click.UsageError(f"PARTICIPANT: {typed!r} {error}") from error


def _now() -> datetime:
    return datetime.now(UTC)


def _collect(read: Callable[[], T], errors: list[ScheduleError]) -> T | None:
    try:
        return read()
    except ScheduleError as error:
        errors.append(error)
        return None
