"""Keys: what opens a private one, and what does not."""

import json
from pathlib import Path

import pytest
from unblinded import CHEAP, OURS, SECRETS, THEIRS, site_keys, write_keys

from schedule.errors import InvalidInput, Refused
from schedule.unblinded.keys import (
    DEAREST,
    MODERATE,
    Cost,
    KeyKind,
    check_new_folders,
    check_passphrase,
    lock,
    read_public_keys,
    unlock,
)
from schedule.unblinded.records import canonical


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_keys(tmp_path / "keys", tmp_path / "safe")
    return tmp_path / "keys"


def opened(folder: Path, words: str = OURS, kind: KeyKind = KeyKind.PHARMACY) -> bytes:
    return unlock(folder / kind.value, kind, words, site_keys())


def alter(path: Path, **changes: object) -> None:
    path.write_bytes(canonical({**json.loads(path.read_text()), **changes}) + b"\n")


def test_libsodium_s_moderate_limits_are_the_default() -> None:
    assert Cost(rounds=3, memory_mib=256) == MODERATE
    assert json.loads(lock(KeyKind.SIGNING, SECRETS[KeyKind.SIGNING], OURS))["cost"] == {"memory_mib": 256, "rounds": 3}


def test_the_passphrase_opens_the_key_also_when_a_keyboard_sends_accents_apart(folder: Path) -> None:
    assert opened(folder) == b"p" * 32
    (folder / "pharmacy.key").write_bytes(lock(KeyKind.PHARMACY, b"p" * 32, "cuatro árboles y un ñandú", cost=CHEAP))
    assert opened(folder, "cuatro a\u0301rboles y un n\u0303andu\u0301") == b"p" * 32


def test_a_file_tells_nothing_of_the_key_and_is_never_the_same_twice() -> None:
    one, other = (lock(KeyKind.PHARMACY, b"p" * 32, OURS, cost=CHEAP) for _ in range(2))

    assert json.loads(one)["box"] != json.loads(other)["box"]
    assert json.loads(one)["salt"] != json.loads(other)["salt"]
    assert len(one) == len(other)
    assert OURS.encode() not in one


@pytest.mark.parametrize("words", ["", THEIRS, OURS + " ", OURS.upper()])
def test_another_passphrase_is_refused_in_one_line(folder: Path, words: str) -> None:
    with pytest.raises(Refused, match="the passphrase does not open it") as error:
        opened(folder, words)
    assert len(error.value.problems) == 1
    assert "\n" not in str(error.value)


def test_a_key_of_another_kind_or_site_is_refused_before_a_passphrase_is_tried(folder: Path) -> None:
    (folder / "pharmacy.key").write_bytes((folder / "signing.key").read_bytes())
    with pytest.raises(InvalidInput, match=r"it is signing\.key, not pharmacy\.key"):
        opened(folder)
    (folder / "pharmacy.key").write_bytes(lock(KeyKind.PHARMACY, b"q" * 32, OURS, cost=CHEAP))
    with pytest.raises(Refused, match=r"does not belong to the public-keys\.json"):
        opened(folder)


def test_a_public_half_that_was_written_over_is_noticed(folder: Path) -> None:
    (folder / "pharmacy.key").write_bytes(lock(KeyKind.PHARMACY, b"q" * 32, OURS, cost=CHEAP))
    alter(folder / "pharmacy.key", public=site_keys().pharmacy)
    with pytest.raises(InvalidInput, match="not the half of the key"):
        opened(folder)


@pytest.mark.parametrize(
    "cost",
    [
        {"rounds": 0, "memory_mib": 1},
        {"rounds": DEAREST.rounds + 1, "memory_mib": 1},
        {"rounds": 1, "memory_mib": 9999},
    ],
)
def test_a_cost_that_would_fill_the_machine_is_refused(folder: Path, cost: dict[str, int]) -> None:
    alter(folder / "pharmacy.key", cost=cost)
    with pytest.raises(InvalidInput, match="no cost that dayzero writes"):
        opened(folder)


@pytest.mark.parametrize("name", ["pharmacy.key", "public-keys.json"])
def test_every_cut_and_every_altered_byte_of_a_file_is_an_error_for_people(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    damaged = [whole[:size] for size in range(0, len(whole), 7)]
    damaged += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole), 5)]
    for data in damaged:
        (folder / name).write_bytes(data)
        with pytest.raises((InvalidInput, Refused)):
            unlock(folder / "pharmacy.key", KeyKind.PHARMACY, OURS, read_public_keys(folder / "public-keys.json"))


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("short words", "fewer than 15 characters"),
        ("aaaaaaaaaaaaaaaaaaaaaa", "fewer than 8 different"),
        ("placebo1placebo1placebo1", "again and again"),
        ("abcdefghijklmnopqrst", "neighbours"),
        ("qwertyuiop asdfghjkl", "neighbours"),
        ("98765432109876543210x", "neighbours"),
    ],
)
def test_a_weak_passphrase_is_refused_and_not_repeated(words: str, wrong: str) -> None:
    with pytest.raises(Refused) as error:
        check_passphrase(words, place="--passphrase-file")
    assert wrong in str(error.value)
    assert not words.strip() or words not in str(error.value)


@pytest.mark.parametrize("words", [OURS, THEIRS, "cuatro árboles y un ñandú", "tR8#kq!vLz02mWp9"])
def test_a_good_passphrase_is_taken(words: str) -> None:
    check_passphrase(words, place="--passphrase-file")


def test_keys_are_never_overwritten_and_both_holders_lie_apart(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused) as error:
        check_new_folders(folder, folder / "emergency")
    assert [problem.place for problem in error.value.problems] == ["--emergency-keys", "", "", ""]
    check_new_folders(tmp_path / "new", tmp_path / "apart")
