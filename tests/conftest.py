"""What all tests share: a Hypothesis profile without chance, and golden files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

GOLDEN = Path(__file__).parent / "golden"

settings.register_profile("dayzero", derandomize=True, print_blob=True, deadline=None, max_examples=60)
settings.load_profile("dayzero")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew; then read the difference")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Compare bytes with a golden file that a person has read; with --update-golden, write it."""

    def compare(name: str, found: bytes) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_bytes(found)
        assert path.read_bytes().decode() == found.decode(), f"{name} differs: read it, then use --update-golden"

    return compare
