"""A plain client for loads on the loopback: many connections that each ask again and again, for a bounded time."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What many requests got."""

    seconds: float
    took: tuple[float, ...]
    """Of each answer, in seconds, in no order."""
    statuses: frozenset[int]
    bytes: int

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.took) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the time within which this share of the answers came, in seconds."""
        return sorted(self.took)[min(len(self.took) - 1, int(share * len(self.took)))]


def load(port: int, path: str, headers: Mapping[str, str], *, connections: int, seconds: float) -> Load:
    """Ask for a path over so many connections for so long."""
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    asked = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\n{said}\r\n".encode()
    return asyncio.run(_load(port, asked, connections, seconds))


async def _load(port: int, asked: bytes, connections: int, seconds: float) -> Load:
    start = time.perf_counter()
    until = start + seconds
    parts = await asyncio.gather(*(_ask_again(port, asked, until) for _ in range(connections)))
    return Load(
        seconds=time.perf_counter() - start,
        took=tuple(took for part in parts for took, _, _ in part),
        statuses=frozenset(status for part in parts for _, status, _ in part),
        bytes=sum(size for part in parts for _, _, size in part),
    )


async def _ask_again(port: int, asked: bytes, until: float) -> list[tuple[float, int, int]]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    found = []
    while (start := time.perf_counter()) < until:
        writer.write(asked)
        status, size = await _read(reader)
        found.append((time.perf_counter() - start, status, size))
    writer.close()
    return found


async def _read(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Read an answer; return its status and how many bytes it had."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lower = head.lower()
    if status == 304:
        return status, len(head)
    at = lower.find(b"content-length:")
    if at >= 0:
        size = int(lower[at + 15 : lower.index(b"\r\n", at)])
        await reader.readexactly(size)
        return status, len(head) + size
    size = 0
    while count := int((await reader.readuntil(b"\r\n"))[:-2], 16):
        await reader.readexactly(count + 2)
        size += count
    await reader.readexactly(2)
    return status, len(head) + size
