"""The manifest: what is signed, what is noticed, and what may be added."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import other_protocol, registered_protocol
from unblinded import SECRETS, a_manifest, allocations, site_keys, write_manifest

from schedule.errors import InvalidInput, Refused
from schedule.unblinded.envelopes import Contents, pack
from schedule.unblinded.keys import KeyKind
from schedule.unblinded.manifest import (
    Manifest,
    check_study,
    open_envelope,
    read_manifest,
    seal_all,
    sign_manifest,
)
from schedule.unblinded.records import canonical

COHORTS = {"P-002": "2", "P-001": "1", "P-003": "1"}


def opened(manifest: Manifest, code: str, kind: KeyKind = KeyKind.PHARMACY) -> str:
    return open_envelope(
        manifest, code, kind, SECRETS[kind], protocol=registered_protocol(), file=Path("envelopes.json")
    ).id


def resigned(manifest: Manifest, folder: Path) -> Path:
    """Write a manifest that the signing key signed, as somebody who holds it could."""
    path = folder / "envelopes.json"
    path.write_bytes(sign_manifest(manifest, SECRETS[KeyKind.SIGNING]))
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(InvalidInput) as error:
        read_manifest(path, site_keys())
    return [f"{one.place}: {one.wrong}" for one in error.value.problems]


def test_either_key_opens_what_was_sealed(tmp_path: Path) -> None:
    manifest = read_manifest(write_manifest(tmp_path, COHORTS), site_keys())

    for kind in (KeyKind.PHARMACY, KeyKind.EMERGENCY):
        assert {code: opened(manifest, code, kind) for code in COHORTS} == COHORTS


def test_envelopes_stand_in_the_order_of_the_codes() -> None:
    assert [one.participant for one in a_manifest(COHORTS).envelopes] == ["P-001", "P-002", "P-003"]


def test_more_participants_leave_the_old_envelopes_as_they_are() -> None:
    before = a_manifest(COHORTS)

    after = a_manifest({"P-000": "2", "P-0025": "1"}, before=before.envelopes)

    assert [one.participant for one in after.envelopes] == ["P-000", "P-001", "P-002", "P-0025", "P-003"]
    assert set(before.envelopes) < set(after.envelopes)
    assert opened(after, "P-0025") == "1"


def test_every_altered_byte_and_every_cut_is_noticed(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, {"P-001": "1"})
    whole = path.read_bytes()
    damaged = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    damaged += [whole[:size] for size in range(len(whole))]
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(InvalidInput):
            read_manifest(path, site_keys())


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + " ",
        lambda text: text.replace('{"manifest"', '{ "manifest"'),
        lambda text: text.replace('{"manifest"', '{"manifest":{},"manifest"'),
        lambda text: "[" * 100_000,
        lambda _: "",
        lambda _: "[]",
        lambda _: '{"manifest":NaN}',
        lambda _: '{"manifest":1' + "0" * 5_000 + "}",
        lambda _: '"\\ud800"',
    ],
)
def test_what_is_not_canonical_is_refused(tmp_path: Path, change: Callable[[str], str]) -> None:
    path = write_manifest(tmp_path, COHORTS)
    path.write_text(change(path.read_text()))

    assert problems(path) == [": it is damaged, or no manifest as dayzero writes it"]


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, COHORTS)
    path.write_bytes(canonical({**json.loads(path.read_text()), "note": "x"}) + b"\n")

    assert problems(path) == ["note: unknown key"]


def test_all_that_is_wrong_in_a_signed_manifest_is_told_at_once(tmp_path: Path) -> None:
    manifest = a_manifest(COHORTS)
    one, two, three = manifest.envelopes
    short = base64.b64encode(b"x" * 111).decode()
    mixed = (two, replace(one, participant="p-002"), replace(three, participant="../x", emergency=short))

    found = problems(resigned(replace(manifest, format="other", envelopes=mixed), tmp_path))

    assert found == [
        "format: it is not 'dayzero envelopes 1'",
        "envelopes: they do not stand in the order of the codes",
        "envelopes[1]: it is a second envelope for one participant",
        "envelopes[2].participant: it is not a participant code",
        "envelopes[2].emergency: it is not a sealed box of 112 bytes",
    ]


def test_keys_and_signature_of_another_site_are_refused(tmp_path: Path) -> None:
    other = replace(site_keys(), site="miami")

    assert problems(resigned(replace(a_manifest(COHORTS), keys=other), tmp_path)) == [
        "keys: it was made with other keys than those of this site"
    ]
    (tmp_path / "envelopes.json").write_bytes(sign_manifest(a_manifest(COHORTS), b"z" * 32))
    assert problems(tmp_path / "envelopes.json") == [
        "signature: it does not fit: the manifest was altered, or is another site's"
    ]


def test_an_envelope_of_another_participant_or_study_is_not_used() -> None:
    manifest = a_manifest(COHORTS)
    one, two, three = manifest.envelopes
    swapped = replace(manifest, envelopes=(replace(two, participant="P-001"), replace(one, participant="P-002"), three))
    elsewhere = seal_all(allocations(COHORTS), "OTHER", site_keys())

    for replayed in (swapped, replace(manifest, envelopes=elsewhere.envelopes)):
        for kind in (KeyKind.PHARMACY, KeyKind.EMERGENCY):
            with pytest.raises(Refused, match="not this participant's in this study: do not use it"):
                opened(replayed, "P-001", kind)


def test_an_envelope_with_an_unknown_cohort_is_not_used() -> None:
    manifest = a_manifest({"P-001": "1"})
    other = other_protocol().cohorts[0]
    (allocation,) = allocations({"P-001": "1"})
    strange = seal_all([replace(allocation, cohort=other)], manifest.study, site_keys())

    with pytest.raises(Refused, match="do not use it"):
        opened(strange, "P-001")


def test_a_code_without_envelope_is_refused() -> None:
    with pytest.raises(Refused, match="P-009: there is no envelope for this code"):
        opened(a_manifest(COHORTS), "P-009")


def test_the_wrong_key_does_not_open() -> None:
    with pytest.raises(Refused, match="the key does not open this envelope"):
        open_envelope(
            a_manifest(COHORTS), "P-001", KeyKind.PHARMACY, b"x" * 32, protocol=registered_protocol(), file=Path("e")
        )


def test_another_study_is_refused() -> None:
    with pytest.raises(Refused, match="its envelopes are those of 'RES001-DMPM-02'"):
        check_study(a_manifest(COHORTS), other_protocol(), file=Path("envelopes.json"))


def test_a_manifest_too_large_to_be_read_is_not_written() -> None:
    manifest = a_manifest({"P-001": "1"})
    many = tuple(replace(manifest.envelopes[0], participant=f"P-{number:05}") for number in range(3_000))

    with pytest.raises(Refused, match="larger than 1,000,000 bytes"):
        sign_manifest(replace(manifest, envelopes=many), SECRETS[KeyKind.SIGNING])


def test_the_manifest_holds_no_arm(tmp_path: Path) -> None:
    text: Any = write_manifest(tmp_path, COHORTS).read_text()

    assert not any(word in text.lower() for word in ("cohort", "placebo", "ulsc"))
    for box in (getattr(one, name) for one in a_manifest(COHORTS).envelopes for name in ("pharmacy", "emergency")):
        plain = pack(Contents(study="RES001-DMPM-02", participant="P-001", cohort="1"), b"n" * 32)
        assert plain[:20] not in base64.b64decode(box)
