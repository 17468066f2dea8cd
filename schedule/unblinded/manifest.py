"""The manifest: every envelope of a site in the order of the participants' codes, signed. It holds no arm."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from schedule.errors import InvalidInput, Problem, Refused
from schedule.files.text import LARGEST
from schedule.files.values import read_participant
from schedule.planning.changes import KeptSchedule
from schedule.study.protocol import Cohort, Protocol
from schedule.unblinded.allocation import Allocation
from schedule.unblinded.envelopes import BOX_SIZE, Contents, NotOurs, new_nonce, open_box, seal
from schedule.unblinded.keys import KEY_SIZE, KeyKind, PublicKeys, is_signed, sign, to_bytes, to_text
from schedule.unblinded.records import canonical, read_record, write_record

MANIFEST = "envelopes.json"
FORMAT = "dayzero envelopes 1"
FROM_PHARMACY = "take a fresh copy from the pharmacy, and tell the pharmacy"
BOXES = ("pharmacy", "emergency")
"""For whom each envelope is sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A participant's envelope, as the manifest holds it: the same contents in two boxes, in base64."""

    participant: str
    pharmacy: str
    emergency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All envelopes of one site in one study."""

    format: str
    study: str
    keys: PublicKeys
    envelopes: tuple[Envelope, ...]

    def envelope(self, participant: str) -> Envelope | None:
        """Return a participant's envelope, if there is one."""
        return next((one for one in self.envelopes if one.participant == participant), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedManifest:
    """The manifest's file."""

    manifest: Manifest
    signature: str


def seal_all(
    allocations: Iterable[Allocation],
    study: str,
    keys: PublicKeys,
    *,
    before: Sequence[Envelope] = (),
    nonce: Callable[[], bytes] = new_nonce,
) -> Manifest:
    """Return a manifest of the envelopes from before, untouched, and a new one for each allocation."""
    public = {name: to_bytes(getattr(keys, name), KEY_SIZE) for name in BOXES}
    sealed = [*before]
    for one in sorted(allocations, key=lambda one: one.participant):
        contents = Contents(study=study, participant=one.participant, cohort=one.cohort.id)
        boxes = seal(contents, public, nonce())
        sealed.append(Envelope(participant=one.participant, **{name: to_text(box) for name, box in boxes.items()}))
    return Manifest(
        format=FORMAT, study=study, keys=keys, envelopes=tuple(sorted(sealed, key=lambda one: one.participant))
    )


def sign_manifest(manifest: Manifest, signing: bytes) -> bytes:
    """Return the manifest's file. Raises Refused where it would be too large to be read again."""
    data = write_record(SignedManifest(manifest=manifest, signature=sign(_signed(manifest), signing)))
    if len(data) > LARGEST:
        wrong = f"with {len(manifest.envelopes):,} envelopes the manifest is larger than {LARGEST:,} bytes"
        raise Refused([Problem(place="", wrong=wrong, remedy="are these the participants of one site?")])
    return data


def read_manifest(path: Path, keys: PublicKeys) -> Manifest:
    """Read a manifest and check all that can be checked without opening an envelope.

    Raises InvalidInput with everything that is wrong in it: keys of another site, a bad signature, envelopes of
    another size, in another order, or two for one participant.
    """
    read = read_record(path, SignedManifest, what="manifest", remedy=FROM_PHARMACY)
    problems = [
        Problem(file=str(path), place=place, wrong=wrong, remedy=FROM_PHARMACY) for place, wrong in _check(read, keys)
    ]
    if problems:
        raise InvalidInput(problems)
    return read.manifest


def check_study(manifest: Manifest, protocol: Protocol, *, file: Path) -> None:
    """Raise Refused where the envelopes are those of another study."""
    if manifest.study != protocol.study.id:
        wrong = f"its envelopes are those of {manifest.study!a}, and the protocol is {protocol.study.id!a}"
        raise Refused([Problem(file=str(file), place="study", wrong=wrong, remedy="name the study with --protocol")])


def check_enrolled(manifest: Manifest, enrolled: Iterable[tuple[Path, KeptSchedule]]) -> None:
    """Raise Refused, with all problems, for exports of another study or site, and participants without envelope."""
    site = manifest.keys.site
    problems = []
    for file, export in enrolled:
        for place, told, known in (("protocol", export.protocol, manifest.study), ("site", export.site or site, site)):
            if told != known:
                wrong = f"it is {told!a}, but the envelopes are those of {known!a}"
                remedy = "check the export of the envelopes' study and site"
                problems.append(Problem(file=str(file), place=place, wrong=wrong, remedy=remedy))
        if manifest.envelope(export.participant) is None:
            wrong = f"there is no envelope for {export.participant}"
            remedy = "ask the pharmacist to seal one, and take a fresh copy of the manifest"
            problems.append(Problem(file=str(file), place="participant", wrong=wrong, remedy=remedy))
    if problems:
        raise Refused(problems)


def find_envelope(manifest: Manifest, participant: str, *, file: Path) -> Envelope:
    """Return a participant's envelope. Raises Refused where there is none."""
    envelope = manifest.envelope(participant)
    if envelope is None:
        wrong, remedy = "there is no envelope for this code", "check the code; dayzero pharmacy seal adds envelopes"
        raise _refuse(file, participant, wrong, remedy)
    return envelope


def open_envelope(
    manifest: Manifest, participant: str, kind: KeyKind, secret: bytes, *, protocol: Protocol, file: Path
) -> Cohort:
    """Return the cohort in one participant's envelope; no other is opened.

    Raises Refused where there is none, where the key does not open it, and where what is inside is another's.
    """
    envelope = find_envelope(manifest, participant, file=file)
    box = envelope.emergency if kind is KeyKind.EMERGENCY else envelope.pharmacy
    try:
        contents = open_box(to_bytes(box, BOX_SIZE), secret)
    except NotOurs:
        wrong, remedy = "the key does not open this envelope", "is it the key and the manifest of one site?"
        raise _refuse(file, participant, wrong, remedy) from None
    cohort = next((one for one in protocol.cohorts if one.id == contents.cohort), None)
    if (contents.study, contents.participant) != (manifest.study, participant) or cohort is None:
        wrong = "the envelope holds what is not this participant's in this study: do not use it"
        raise _refuse(file, participant, wrong, "tell the sponsor at once")
    return cohort


def _refuse(file: Path, participant: str, wrong: str, remedy: str) -> Refused:
    return Refused([Problem(file=str(file), place=ascii(participant)[1:-1], wrong=wrong, remedy=remedy)])


def _signed(manifest: Manifest) -> bytes:
    return FORMAT.encode() + b"\n" + canonical(asdict(manifest))


def _check(read: SignedManifest, keys: PublicKeys) -> Iterator[tuple[str, str]]:
    manifest = read.manifest
    if manifest.format != FORMAT:
        yield "format", f"it is not {FORMAT!a}"
    if manifest.keys != keys:
        yield "keys", "it was made with other keys than those of this site"
    if not is_signed(_signed(manifest), read.signature, keys):
        yield "signature", "it does not fit: the manifest was altered, or is another site's"
    codes = [one.participant for one in manifest.envelopes]
    if codes != sorted(codes):
        yield "envelopes", "they do not stand in the order of the codes"
    seen: set[str] = set()
    for index, one in enumerate(manifest.envelopes):
        place = f"envelopes[{index}]"
        yield from ((f"{place}.{key}", wrong) for key, wrong in _check_envelope(one))
        if one.participant.lower() in seen:
            yield place, "it is a second envelope for one participant"
        seen.add(one.participant.lower())


def _check_envelope(envelope: Envelope) -> Iterator[tuple[str, str]]:
    try:
        read_participant(envelope.participant)
    except ValueError:
        yield "participant", "it is not a participant code"
    for name in BOXES:
        try:
            to_bytes(getattr(envelope, name), BOX_SIZE)
        except ValueError:
            yield name, f"it is not a sealed box of {BOX_SIZE} bytes"
