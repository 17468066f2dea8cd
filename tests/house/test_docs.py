"""The tables in docs/ are those of the types; --update-golden writes them anew."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from builders import REPOSITORY
from reference import protocol_tables, site_tables

from schedule.files.site import read_site

START, END = "<!-- keys: made from the types by make test -->\n", "<!-- end of keys -->\n"


@pytest.mark.parametrize(("page", "tables"), [("protocol-file.md", protocol_tables), ("site-file.md", site_tables)])
def test_the_table_of_keys_is_current(page: str, tables: Callable[[], str], request: pytest.FixtureRequest) -> None:
    path = REPOSITORY / "docs" / page
    before, rest = path.read_text("utf-8").split(START)
    _, after = rest.split(END)
    if request.config.getoption("--update-golden"):
        path.write_text(before + START + tables() + END + after, "utf-8")

    assert path.read_text("utf-8") == before + START + tables() + END + after


def test_the_whole_site_file_that_the_page_shows_is_good(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "site-file.md").read_text("utf-8")
    shown = page.split("A whole file:\n\n")[1].split("\nWith a site")[0]
    file = tmp_path / "north.toml"
    file.write_text(dedent(shown), "utf-8")

    assert read_site(file).id == "north"
