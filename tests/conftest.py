"""What all tests share: a Hypothesis profile without chance, and golden files."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import gettempdir

import pytest
from hypothesis import settings
from postgresql import Cluster, binaries, cluster
from website import configure_site

GOLDEN = Path(__file__).parent / "golden"

settings.register_profile("dayzero", derandomize=True, print_blob=True, deadline=None, max_examples=60)
settings.load_profile("dayzero")


def pytest_configure(config: pytest.Config) -> None:
    """Set Django up as the web server does: pages and commands are tested in the same process."""
    del config
    configure_site(Path(gettempdir()))


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


def skip_without_postgresql() -> None:
    if not binaries() and "DAYZERO_CI" not in os.environ:
        pytest.skip("needs PostgreSQL: apt install postgresql")


@pytest.fixture
def careful_postgresql() -> Iterator[Cluster]:
    """Return a PostgreSQL that is set as a clinic's, for tests that look at that or stop it."""
    skip_without_postgresql()
    with cluster(careful=True) as made:
        yield made


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """Return a PostgreSQL of the tests' own. In CI it is installed, and nothing may be skipped."""
    skip_without_postgresql()
    with cluster(careful=False) as made:
        yield made
