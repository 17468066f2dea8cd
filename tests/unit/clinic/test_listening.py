"""Where the server listens: a port that is taken is told, never shared, and a name is as good as a number."""

import socket
from collections.abc import Iterator

import pytest

from clinic.server.listening import listening_address
from schedule.errors import StoreUnavailable, Unreadable


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port at which somebody listens who would share it, as granian does."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_port_that_is_taken_is_not_shared(taken: int) -> None:
    with pytest.raises(StoreUnavailable) as told:
        listening_address("127.0.0.1", taken)

    assert str(told.value) == (
        f"--bind: nobody can listen at 127.0.0.1:{taken} (Address already in use); "
        "end the program that listens there, or name another port"
    )


@pytest.mark.parametrize(("host", "number"), [("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")])
def test_name_becomes_the_number_that_granian_wants(host: str, number: str) -> None:
    assert listening_address(host, 0) == number


@pytest.mark.parametrize("host", ["nohost.invalid", "a" * 70 + ".example", "no host"])
def test_name_without_an_address_is_told(host: str) -> None:
    with pytest.raises(Unreadable, match="is no address of this machine"):
        listening_address(host, 8000)
