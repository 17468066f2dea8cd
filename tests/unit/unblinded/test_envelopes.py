"""Envelopes: what fits, what is found in them, and what does not open."""

from dataclasses import replace

import pytest
from builders import registered_protocol
from hypothesis import given
from hypothesis import strategies as st
from unblinded import NONCE, SECRETS, site_keys

from schedule.study.protocol import Label
from schedule.unblinded.envelopes import (
    BOX_SIZE,
    ROOM,
    Contents,
    NotOurs,
    new_nonce,
    open_box,
    pack,
    room_for_code,
    seal,
    unpack,
)
from schedule.unblinded.keys import KeyKind, to_bytes

PUBLIC = {"pharmacy": to_bytes(site_keys().pharmacy, 32), "emergency": to_bytes(site_keys().emergency, 32)}
texts = st.text(max_size=12)


@given(study=texts, participant=texts, cohort=texts)
def test_what_fits_is_packed_into_64_bytes_and_found_again(study: str, participant: str, cohort: str) -> None:
    contents = Contents(study=study, participant=participant, cohort=cohort)
    try:
        needed = len((study + participant + cohort).encode())
    except UnicodeEncodeError:
        return
    if needed <= ROOM:
        plain = pack(contents, NONCE)
        assert len(plain) == 64
        assert plain[-32:] == NONCE
        assert unpack(plain) == contents
    else:
        with pytest.raises(ValueError, match="does not fit"):
            pack(contents, NONCE)


def test_texts_do_not_run_into_each_other() -> None:
    one = Contents(study="S", participant="P-1", cohort="1")
    other = Contents(study="S", participant="P-", cohort="11")

    assert pack(one, NONCE) != pack(other, NONCE)


@given(plain=st.one_of(st.binary(max_size=80), st.binary(min_size=64, max_size=64)))
def test_any_other_bytes_are_no_envelope_or_pack_to_themselves(plain: bytes) -> None:
    try:
        contents = unpack(plain)
    except NotOurs:
        return
    assert pack(contents, plain[-32:]) == plain


@pytest.mark.parametrize("cohort", ["1", "2", "a-long-cohort"])
def test_every_box_has_one_size_and_either_key_opens_it(cohort: str) -> None:
    contents = Contents(study="RES001", participant="P-001", cohort=cohort)

    boxes = seal(contents, PUBLIC, NONCE)

    assert [len(box) for box in boxes.values()] == [BOX_SIZE, BOX_SIZE]
    assert open_box(boxes["pharmacy"], SECRETS[KeyKind.PHARMACY]) == contents
    assert open_box(boxes["emergency"], SECRETS[KeyKind.EMERGENCY]) == contents


def test_the_other_key_an_altered_box_and_a_cut_one_do_not_open() -> None:
    box = seal(Contents(study="S", participant="P", cohort="1"), PUBLIC, NONCE)["pharmacy"]

    for bad, key in (
        (box, SECRETS[KeyKind.EMERGENCY]),
        (box[:-1] + bytes([box[-1] ^ 1]), SECRETS[KeyKind.PHARMACY]),
        (box[:50], SECRETS[KeyKind.PHARMACY]),
        (b"", SECRETS[KeyKind.PHARMACY]),
    ):
        with pytest.raises(NotOurs):
            open_box(bad, key)


def test_two_envelopes_with_the_same_contents_differ() -> None:
    contents = Contents(study="S", participant="P", cohort="1")

    assert seal(contents, PUBLIC, new_nonce()) != seal(contents, PUBLIC, new_nonce())


def test_the_room_for_a_code_is_that_of_the_longest_cohort() -> None:
    protocol = registered_protocol()
    first, second = protocol.cohorts
    longer = replace(protocol, cohorts=(first, replace(second, id=Label("sequence-B"))))

    assert room_for_code(protocol) == 29 - len("RES001-DMPM-02") - 1
    assert room_for_code(longer) == 29 - len("RES001-DMPM-02") - len("sequence-B")
