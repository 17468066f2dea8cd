"""Where the server listens: looked at before anything is made, because granian shares a port that is taken."""

import socket

from schedule.errors import Problem, StoreUnavailable, Unreadable
from schedule.saying import words


def listening_address(host: str, port: int) -> str:
    """Return the number of this machine's address that ``host`` names, once nobody listens there at ``port``.

    Raises Unreadable where the name has no address, StoreUnavailable where nobody can listen.
    """
    family, address = _address_of(host)
    try:
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((address, port))
    except OSError as error:
        wrong = words("nobody can listen at {host}:{port} ({why})", host=host, port=port, why=error.strerror)
        remedy = words("end the program that listens there, or name another port")
        raise StoreUnavailable([Problem(place="--bind", wrong=wrong, remedy=remedy)]) from error
    return address


def _address_of(host: str) -> tuple[int, str]:
    """Return the kind of address and its number, the older kind first: a proxy is told 127.0.0.1, not ::1."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        wrong = words("{host!a} is no address of this machine", host=host)
        remedy = words("write an address and a port, such as 127.0.0.1:8000")
        raise Unreadable([Problem(place="--bind", wrong=wrong, remedy=remedy)]) from error
    family, _, _, _, place = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, str(place[0])
