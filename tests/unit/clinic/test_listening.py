"""Where the server listens: a port that is taken is told, never shared, and a name is as good as a number."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic.memory.settings import address_of
from clinic.server.listening import listening_address
from clinic.server.settings import read_web, secret_key
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


@pytest.mark.parametrize("bind", ["::1:8106", "[::1:8106", "::1]:8106", "8106", ":8106", "localhost:0", "a:b:80"])
def test_what_cannot_be_listened_at_is_told_of_the_option_alone(bind: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_web({}, bind)

    (problem,) = caught.value.problems
    assert problem.place == "--bind"
    assert problem.remedy == "write an address and a port, such as 127.0.0.1:8000 or [::1]:8000"


def test_an_address_in_brackets_is_answered_under_its_own_name() -> None:
    web = read_web({}, "[::1]:8106")

    assert (web.base_url, web.port, web.hosts[0]) == ("http://[::1]:8106", 8106, "[::1]")


def test_a_store_in_a_folder_that_is_not_there_is_told_and_not_its_key(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        secret_key(read_web({}), address_of(str(tmp_path / "nowhere" / "x.sqlite3")))

    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "nowhere" / "x.sqlite3")
    assert problem.wrong == "cannot be made (No such file or directory)"
