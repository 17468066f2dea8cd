"""Sealed envelopes: a participant's cohort, so that a private key alone tells it and all look alike from outside."""

from collections.abc import Mapping
from dataclasses import dataclass

from nacl import utils
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from schedule.study.protocol import Protocol

PLAIN_SIZE = 64
NONCE_SIZE = 32
BOX_SIZE = PLAIN_SIZE + 48
"""A sealed box is this much longer than what is in it."""
TEXTS = 3
ROOM = PLAIN_SIZE - NONCE_SIZE - TEXTS
"""Bytes for study, participant and cohort together: each has a byte before it that tells its length."""


class NotOurs(Exception):
    """A box that this key does not open, or that holds no envelope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is in an envelope. It never leaves this wing."""

    study: str
    participant: str
    cohort: str


def room_for_code(protocol: Protocol) -> int:
    """Return how long a participant's code may be: the same whatever the cohort, so that no refusal tells it."""
    longest = max((len(cohort.id.encode()) for cohort in protocol.cohorts), default=0)
    return max(0, ROOM - len(protocol.study.id.encode()) - longest)


def new_nonce() -> bytes:
    """Return the bytes that make two envelopes with the same contents differ."""
    return utils.random(NONCE_SIZE)


def pack(contents: Contents, nonce: bytes) -> bytes:
    """Return the 64 bytes that are sealed. Raises ValueError where the contents do not fit."""
    texts = [text.encode() for text in (contents.study, contents.participant, contents.cohort)]
    told = b"".join(bytes([len(text)]) + text for text in texts)
    if len(nonce) != NONCE_SIZE or len(told) > PLAIN_SIZE - NONCE_SIZE:
        raise ValueError("does not fit into an envelope")
    return told.ljust(PLAIN_SIZE - NONCE_SIZE, b"\0") + nonce


def unpack(plain: bytes) -> Contents:
    """Return what was packed. Raises NotOurs."""
    rest, texts = plain[: PLAIN_SIZE - NONCE_SIZE], []
    for _ in range(TEXTS):
        size, rest = rest[0] if rest else 0, rest[1:]
        texts.append(rest[:size])
        rest = rest[size:]
    try:
        study, participant, cohort = (text.decode() for text in texts)
        contents = Contents(study=study, participant=participant, cohort=cohort)
        is_ours = pack(contents, plain[-NONCE_SIZE:]) == plain
    except ValueError as error:
        raise NotOurs from error
    if not is_ours:
        raise NotOurs
    return contents


def seal(contents: Contents, public: Mapping[str, bytes], nonce: bytes) -> dict[str, bytes]:
    """Return the envelope once for each public key, by the key's name: any one of the private keys opens it."""
    plain = pack(contents, nonce)
    return {name: SealedBox(PublicKey(key)).encrypt(plain) for name, key in public.items()}


def open_box(box: bytes, secret: bytes) -> Contents:
    """Return what is in a box that was sealed for this key. Raises NotOurs, and says nothing of why."""
    try:
        plain = SealedBox(PrivateKey(secret)).decrypt(box)
    except CryptoError as error:
        raise NotOurs from error
    return unpack(plain)
