"""What the templates' filters do."""

import pytest

from schedule.render.pages import unbroken


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("352 555 0100", "352\u00a0555\u00a00100"),
        ("+1 (555) 555-0101", "+1\u00a0(555)\u00a0555-0101"),
        ("555-0101, ask for the doctor on call", "555-0101, ask for the doctor on call"),
    ],
)
def test_a_number_holds_together_and_the_words_beside_it_do_not(written: str, expected: str) -> None:
    assert unbroken(written) == expected
