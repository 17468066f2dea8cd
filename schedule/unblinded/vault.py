"""What a key holder works with: the folder of keys, the protocol, and the envelopes, all of one site and study."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schedule.errors import Problem, Refused
from schedule.files.protocol import find_protocol, read_protocol
from schedule.render.language import Language
from schedule.study.protocol import Cohort, Protocol
from schedule.unblinded.keys import PUBLIC_KEYS, KeyKind, PublicKeys, read_locked, read_public_keys, unlock
from schedule.unblinded.log import Act, Entry
from schedule.unblinded.manifest import MANIFEST, Manifest, check_study, find_envelope, open_envelope, read_manifest
from schedule.unblinded.terminal import Reason, ask_passphrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """A folder of keys, and the protocol whose allocations they guard."""

    folder: Path
    protocol: Protocol
    public: PublicKeys

    def read_envelopes(self, name: str | None) -> "Envelopes":
        """Read and check a manifest, by default the folder's own. Raises InvalidInput and Refused."""
        file = Path(name) if name else self.folder / MANIFEST
        manifest = read_manifest(file, self.public)
        check_study(manifest, self.protocol, file=file)
        return Envelopes(vault=self, manifest=manifest, file=file)

    def unlock(self, kind: KeyKind, passphrase_file: str | None, speaks: Language) -> bytes:
        """Return a private key, with the passphrase from a file or as it is typed. Raises InvalidInput and Refused."""
        path = self.folder / kind.value
        read_locked(path, kind, self.public)
        words = speaks.say("Passphrase of {path}", path=path)
        return unlock(path, kind, ask_passphrase(passphrase_file, "--passphrase-file", words), self.public)

    def entry(self, act: Act, participant: str, reason: Reason, at: datetime) -> Entry:
        """Return what the log is to remember."""
        return Entry(
            act=act,
            study=self.protocol.study.id,
            site=self.public.site,
            participant=participant,
            at=at,
            who=reason.who,
            why=reason.why,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelopes:
    """The envelopes of a vault's site and study, and the file they were read from."""

    vault: Vault
    manifest: Manifest
    file: Path

    def check_has(self, participant: str) -> None:
        """Raise Refused where there is no envelope: before anybody is asked for a passphrase."""
        find_envelope(self.manifest, participant, file=self.file)

    def open(self, participant: str, kind: KeyKind, secret: bytes) -> Cohort:
        """Return the cohort in one envelope. Raises Refused."""
        return open_envelope(self.manifest, participant, kind, secret, protocol=self.vault.protocol, file=self.file)


def read_vault(folder: Path, protocol_name: str) -> Vault:
    """Read the public keys and the protocol. Raises InvalidInput, UnknownName, and Refused without cohorts."""
    protocol = read_protocol(find_protocol(protocol_name))
    if not protocol.cohorts:
        raise Refused([Problem(place="--protocol", wrong="the protocol has no cohorts", remedy="name another one")])
    return Vault(folder=folder, protocol=protocol, public=read_public_keys(folder / PUBLIC_KEYS))
