"""Keys, envelopes and exports for the tests of the closed wing: cheap to guess, quick to make."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from builders import a_plan, example_site, registered_protocol, schedule_text

from schedule.participant.state import ParticipantId
from schedule.unblinded.allocation import Allocation, allocate
from schedule.unblinded.keys import PUBLIC_KEYS, Cost, KeyKind, PublicKeys, lock, public_keys, write_public_keys
from schedule.unblinded.manifest import MANIFEST, Manifest, seal_all, sign_manifest

CHEAP = Cost(rounds=1, memory_mib=1)
OURS, THEIRS = "violet otter climbs granite", "seven lanterns under maples"
"""The passphrases of the pharmacy and of the second key holder."""
SECRETS = {KeyKind.PHARMACY: b"p" * 32, KeyKind.SIGNING: b"s" * 32, KeyKind.EMERGENCY: b"e" * 32}
NONCE = b"n" * 32


@lru_cache(maxsize=1)
def site_keys() -> PublicKeys:
    """Return the public halves of SECRETS."""
    return public_keys("gainesville", SECRETS)


def allocations(cohorts: Mapping[str, str]) -> list[Allocation]:
    """Return the allocations of participants by their codes."""
    return [allocate(registered_protocol(), ParticipantId(code), cohort) for code, cohort in cohorts.items()]


def a_manifest(cohorts: Mapping[str, str], **changes: Any) -> Manifest:
    """Seal these cohorts."""
    return seal_all(
        allocations(cohorts), registered_protocol().study.id, site_keys(), **{"nonce": lambda: NONCE, **changes}
    )


def write_manifest(folder: Path, cohorts: Mapping[str, str]) -> Path:
    """Write a signed manifest; return its path."""
    path = folder / MANIFEST
    path.write_bytes(sign_manifest(a_manifest(cohorts), SECRETS[KeyKind.SIGNING]))
    return path


def write_keys(pharmacy: Path, emergency: Path) -> None:
    """Write the key folders of both holders, as keygen does, with passphrases that cost little."""
    for folder, kinds, words in (
        (pharmacy, (KeyKind.PHARMACY, KeyKind.SIGNING), OURS),
        (emergency, (KeyKind.EMERGENCY,), THEIRS),
    ):
        folder.mkdir(mode=0o700, parents=True)
        (folder / PUBLIC_KEYS).write_bytes(write_public_keys(site_keys(), SECRETS[KeyKind.SIGNING]))
        for kind in kinds:
            (folder / kind.value).write_bytes(_locked(kind, words))


@lru_cache(maxsize=8)
def _locked(kind: KeyKind, words: str) -> bytes:
    return lock(kind, SECRETS[kind], words, cost=CHEAP)


def write_passphrases(folder: Path) -> tuple[Path, Path]:
    """Write both passphrases into files that nobody else may read."""
    files = folder / "ours.txt", folder / "theirs.txt"
    for file, words in zip(files, (OURS, THEIRS), strict=True):
        file.write_text(words + "\n", "utf-8")
        file.chmod(0o600)
    return files


def write_export(folder: Path, participant: str, visits: Mapping[str, Mapping[str, Any]] | None = None, /,
                 **changes: Any) -> Path:  # fmt: skip
    """Write the clinic's export of a participant booked at Gainesville; ``visits`` changes keys of single visits."""
    plan = a_plan(site=example_site("gainesville"), booked=True, participant=ParticipantId(participant))
    record = json.loads(schedule_text(plan, **changes))
    for visit in record["visits"]:
        visit.update((visits or {}).get(visit["code"], {}))
    path = folder / participant / "schedule.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return path
