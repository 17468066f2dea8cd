"""What may stand in the log: words that name no product and no cohort."""

import pytest
from builders import other_protocol, registered_protocol

from schedule.errors import Refused
from schedule.unblinded.words import check_words


@pytest.mark.parametrize(
    "why",
    [
        "anaphylaxis, treatment depends on it",
        "pain in the left arm since noon",
        "dolor en el brazo",
        "spinal cord compression",
        "the sponsor asked; letter of 3 June",
    ],
)
def test_a_reason_is_taken(why: str) -> None:
    check_words({"--who": "RPh", "--why": why}, registered_protocol())


@pytest.mark.parametrize(
    "why", ["it was placebo", "got ULSC first", "he is in cohort 1", "Cohorte 2", "the umbilical bag", "revestimiento"]
)
def test_a_reason_that_names_a_product_or_cohort_is_refused(why: str) -> None:
    with pytest.raises(Refused, match="it names a product or a cohort") as error:
        check_words({"--why": why}, registered_protocol())
    assert why not in str(error.value)


def test_another_trial_s_products_are_known() -> None:
    product = other_protocol().products[0].id
    with pytest.raises(Refused, match="it names a product"):
        check_words({"--why": f"gave {product} today"}, other_protocol())


def test_all_that_is_wrong_is_told_at_once() -> None:
    typed = {"--who": " ", "--why": "one\nline"}
    with pytest.raises(Refused) as error:
        check_words(typed, registered_protocol())
    assert [f"{one.place} {one.wrong}" for one in error.value.problems] == [
        "--who is empty",
        "--why holds the control character U+000A",
    ]
    with pytest.raises(Refused, match="has 201 characters"):
        check_words({"--why": "x" * 201}, registered_protocol())
