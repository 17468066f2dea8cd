"""Every page before the HTML 5 parser that WeasyPrint uses, and what it does not ask: unique ids, scopes of headers."""

import pytest
from pages import PAGES, faults, html


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_valid(name: str) -> None:
    assert faults(html(name)) == []


SOUND = """<!doctype html><html lang="en"><head><title>x</title></head><body>
<p id="a">One</p><p><a href="#a">Two</a></p>
<table><thead><tr><th scope="col">Day</th></tr></thead><tbody><tr><td>Monday</td></tr></tbody></table></body></html>"""


@pytest.mark.parametrize(
    ("sound", "fault", "found"),
    [
        ("<p>", "<div><p>", "expectedName': 'div"),
        ("Two</a>", "Two</a></b>", "unexpected-end-tag"),
        ("Two</a>", "<b>Two</a></b>", "adoption-agency"),
        ("<!doctype html>", "", "expected-doctype-but-got-start-tag"),
        ('<a href="#a">', '<a id="a" href="#a">', "id a stands 2 times"),
        ("#a", "#b", "there is no id b, which a names"),
        (' scope="col"', "", "a header cell has no scope"),
        (' scope="col"', ' scope="down"', "a header cell has no scope"),
        ("<tbody>", "<tbody><p>x</p>", "table"),
    ],
)
def test_a_planted_fault_is_found(sound: str, fault: str, found: str) -> None:
    assert sound in SOUND
    assert faults(SOUND) == []
    assert found in " ".join(faults(SOUND.replace(sound, fault)))
