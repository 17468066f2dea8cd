"""The keys of a site: private ones in files that a passphrase opens, the public ones in a file beside them."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path
from unicodedata import normalize

from nacl import pwhash, utils
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey
from nacl.secret import SecretBox
from nacl.signing import SigningKey, VerifyKey

from schedule.errors import InvalidInput, Problem, Refused
from schedule.unblinded.records import canonical, read_record, write_record

KEY_SIZE = 32
SIGNATURE_SIZE = 64
PUBLIC_KEYS = "public-keys.json"
"""Lies beside the private keys, and may go to the clinic."""
SHORTEST, FEWEST = 15, 8
"""Characters of a passphrase, and how many different ones."""
FORMAT = "dayzero key 1"
OTHER_COPY = "take the copy that is kept apart"


class KeyKind(Enum):
    """What a private key does. Its value is the name of its file."""

    PHARMACY = "pharmacy.key"
    """Opens envelopes, day by day."""
    SIGNING = "signing.key"
    """Signs the manifest."""
    EMERGENCY = "emergency.key"
    """Opens an envelope when the pharmacist cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What each guess of a passphrase costs: rounds and MiB of argon2id."""

    rounds: int
    memory_mib: int


MODERATE = Cost(rounds=pwhash.argon2id.OPSLIMIT_MODERATE, memory_mib=pwhash.argon2id.MEMLIMIT_MODERATE >> 20)
DEAREST = Cost(rounds=pwhash.argon2id.OPSLIMIT_SENSITIVE, memory_mib=pwhash.argon2id.MEMLIMIT_SENSITIVE >> 20)
"""A file that asks for more is damaged, or wants to fill the machine's memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKeys:
    """What seals envelopes and verifies the manifest, in base64."""

    format: str
    site: str
    pharmacy: str
    emergency: str
    signing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedKeys:
    """The file of the public keys. Nobody without the signing key can slip in one of their own."""

    keys: PublicKeys
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedKey:
    """A private key as its file holds it."""

    format: str
    kind: KeyKind
    public: str
    cost: Cost
    salt: str
    box: str


def to_text(data: bytes) -> str:
    """Return the bytes in base64."""
    return b64encode(data).decode()


def to_bytes(text: str, size: int) -> bytes:
    """Return what :func:`to_text` wrote. Raises ValueError for anything else, or for another number of bytes."""
    data = b64decode(text, validate=True)
    if len(data) != size or to_text(data) != text:
        raise ValueError(f"is not {size} bytes in base64")
    return data


def new_secret() -> bytes:
    """Return a private key that nobody had before."""
    return utils.random(KEY_SIZE)


def public_half(kind: KeyKind, secret: bytes) -> str:
    """Return what others may know of a private key."""
    half = SigningKey(secret).verify_key if kind is KeyKind.SIGNING else PrivateKey(secret).public_key
    return to_text(bytes(half))


def public_keys(site: str, secrets: dict[KeyKind, bytes]) -> PublicKeys:
    """Return the public halves of a site's keys."""
    halves = {kind: public_half(kind, secret) for kind, secret in secrets.items()}
    return PublicKeys(
        format=FORMAT,
        site=site,
        pharmacy=halves[KeyKind.PHARMACY],
        emergency=halves[KeyKind.EMERGENCY],
        signing=halves[KeyKind.SIGNING],
    )


def sign(message: bytes, signing: bytes) -> str:
    """Return the signature of a message, in base64."""
    return to_text(SigningKey(signing).sign(message).signature)


def is_signed(message: bytes, signature: str, keys: PublicKeys) -> bool:
    """Tell whether the site's signing key signed the message."""
    try:
        VerifyKey(to_bytes(keys.signing, KEY_SIZE)).verify(message, to_bytes(signature, SIGNATURE_SIZE))
    except (ValueError, CryptoError):
        return False
    return True


def write_public_keys(keys: PublicKeys, signing: bytes) -> bytes:
    """Return the file of the public keys."""
    return write_record(SignedKeys(keys=keys, signature=sign(_signed(keys), signing)))


def read_public_keys(path: Path) -> PublicKeys:
    """Read the public keys of a site. Raises InvalidInput."""
    read = read_record(path, SignedKeys, what="file of public keys", remedy=OTHER_COPY)
    if read.keys.format != FORMAT:
        raise InvalidInput([_damaged(path, "keys.format", f"it is not {FORMAT!a}")])
    for name in ("pharmacy", "emergency", "signing"):
        try:
            to_bytes(getattr(read.keys, name), KEY_SIZE)
        except ValueError as error:
            raise InvalidInput([_damaged(path, f"keys.{name}", "it is no public key")]) from error
    if not is_signed(_signed(read.keys), read.signature, read.keys):
        raise InvalidInput([_damaged(path, "signature", "it does not fit: the keys were altered")])
    return read.keys


def _signed(keys: PublicKeys) -> bytes:
    return b"dayzero public keys\n" + canonical(asdict(keys))


def lock(kind: KeyKind, secret: bytes, passphrase: str, *, cost: Cost = MODERATE) -> bytes:
    """Return the file of a private key, which the passphrase alone opens."""
    salt = utils.random(pwhash.argon2id.SALTBYTES)
    box = SecretBox(_stretch(passphrase, salt, cost)).encrypt(secret)
    return write_record(
        LockedKey(
            format=FORMAT,
            kind=kind,
            public=public_half(kind, secret),
            cost=cost,
            salt=to_text(salt),
            box=to_text(bytes(box)),
        )
    )


def unlock(path: Path, kind: KeyKind, passphrase: str, public: PublicKeys) -> bytes:
    """Return the private key that the file holds.

    Raises InvalidInput for a damaged file, and Refused for a wrong passphrase or a key that is not this site's.
    """
    locked = read_locked(path, kind, public)
    try:
        salt = to_bytes(locked.salt, pwhash.argon2id.SALTBYTES)
        box = to_bytes(locked.box, SecretBox.NONCE_SIZE + KEY_SIZE + SecretBox.MACBYTES)
    except ValueError as error:
        raise InvalidInput([_damaged(path, "", "it is damaged")]) from error
    try:
        secret = SecretBox(_stretch(passphrase, salt, locked.cost)).decrypt(box)
    except CryptoError as error:
        wrong = "the passphrase does not open it, or the file is damaged"
        problem = Problem(file=str(path), place="", wrong=wrong, remedy=f"type it again; if it is right, {OTHER_COPY}")
        raise Refused([problem]) from error
    if public_half(kind, secret) != locked.public:
        raise InvalidInput([_damaged(path, "public", "it is not the half of the key in the file")])
    return secret


def read_locked(path: Path, kind: KeyKind, public: PublicKeys) -> LockedKey:
    """Read a private key's file without opening it: whether it is this kind of key, and this site's."""
    locked = read_record(path, LockedKey, what="private key", remedy=OTHER_COPY)
    if locked.format != FORMAT:
        raise InvalidInput([_damaged(path, "format", f"it is not {FORMAT!a}")])
    if locked.kind is not kind:
        raise InvalidInput([_damaged(path, "kind", f"it is {locked.kind.value}, not {kind.value}")])
    if not (1 <= locked.cost.rounds <= DEAREST.rounds and 1 <= locked.cost.memory_mib <= DEAREST.memory_mib):
        raise InvalidInput([_damaged(path, "cost", "it is no cost that dayzero writes")])
    expected = {KeyKind.PHARMACY: public.pharmacy, KeyKind.SIGNING: public.signing}.get(kind, public.emergency)
    if locked.public != expected:
        wrong = f"it does not belong to the {PUBLIC_KEYS} beside it"
        raise Refused([_damaged(path, "public", wrong, "name the folder of this site's keys")])
    return locked


def check_new_folders(pharmacy: Path, emergency: Path) -> None:
    """Raise Refused where both holders' keys would lie together, or keys lie there already."""
    problems = []
    ours, theirs = pharmacy.resolve(), emergency.resolve()
    if ours.is_relative_to(theirs) or theirs.is_relative_to(ours):
        wrong, remedy = f"it lies with {pharmacy}", "choose a folder apart: a second person holds this key"
        problems.append(Problem(place="--emergency-keys", wrong=wrong, remedy=remedy))
    for folder in (pharmacy, emergency):
        for name in (*(kind.value for kind in KeyKind), PUBLIC_KEYS):
            if (folder / name).exists():
                wrong, remedy = "it is there already, and keys are never overwritten", "choose an empty folder"
                problems.append(Problem(file=str(folder / name), place="", wrong=wrong, remedy=remedy))
    if problems:
        raise Refused(problems)


def check_passphrase(passphrase: str, *, place: str) -> None:
    """Raise Refused, with all that makes it easy to guess; the passphrase itself is never repeated."""
    text = normalize("NFKC", passphrase)
    problems = [Problem(place=place, wrong=wrong, remedy=_BETTER) for wrong in _weaknesses(text)]
    if problems:
        raise Refused(problems)


_BETTER = "take four or more words that nobody would guess together"
_ROWS = "abcdefghijklmnopqrstuvwxyz01234567890qwertyuiopasdfghjklzxcvbnm"


def _weaknesses(text: str) -> Iterator[str]:
    if not text.strip():
        yield "the passphrase is empty"
        return
    if len(text) < SHORTEST:
        yield f"the passphrase has fewer than {SHORTEST} characters"
    if len(set(text.lower())) < FEWEST:
        yield f"the passphrase has fewer than {FEWEST} different characters"
    if (text + text).find(text, 1) < len(text):
        yield "the passphrase is one text again and again"
    if _steps(text.lower()) > len(text) // 2:
        yield "most of the passphrase are neighbours in the alphabet, in counting or on the keyboard"


def _steps(text: str) -> int:
    """Return how many characters are followed by their neighbour, forwards or backwards."""
    pairs = [f"{one}{other}" for one, other in pairwise(text)]
    return sum(pair in _ROWS or pair[::-1] in _ROWS for pair in pairs)


def _stretch(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    """Return the key that a passphrase gives; a letter with an accent is the same however a keyboard sends it."""
    words = normalize("NFKC", passphrase).encode()
    return pwhash.argon2id.kdf(KEY_SIZE, words, salt, opslimit=cost.rounds, memlimit=cost.memory_mib << 20)


def _damaged(path: Path, place: str, wrong: str, remedy: str = OTHER_COPY) -> Problem:
    return Problem(file=str(path), place=place, wrong=wrong, remedy=remedy)
