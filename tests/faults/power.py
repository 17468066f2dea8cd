"""Power loss, simulated from what a writer really asked the system for.

``strace`` writes down every write, truncation, forcing to the disk, creation and deletion of a writer's files. From
that the files are put together as they could stand after the power went at any moment: what was forced to the disk is
there; of what was not, each sector of 512 bytes may be there or not, in any combination; a file's name came or went
only if its folder was forced to the disk after, or by luck, in order. This is stricter than most file systems are.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECTOR = 512
CALLS = "openat,close,pwrite64,write,ftruncate,fsync,fdatasync,unlink,rename"
_LINE = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that a writer asked for."""

    what: str
    """``write``, ``cut``, ``force``, ``name``, ``unname``, ``force folder`` or ``acknowledge``."""
    file: int = 0
    """A number for each file that ever was, also under a name that was used before."""
    name: str = ""
    at: int = 0
    data: bytes = b""


@dataclass(slots=True)
class _Reader:
    folder: str
    files: dict[str, int]
    """The file under each name now."""
    descriptors: dict[int, tuple[str, int]] = field(default_factory=dict)
    made: int = 0

    def read(self, lines: Iterator[str]) -> Iterator[Step]:
        for line in lines:
            found = _LINE.match(line)
            if found and int(found[3]) >= 0:
                yield from self._step(found[1], found[2], int(found[3]))

    def _step(self, call: str, said: str, result: int) -> Iterator[Step]:  # noqa: C901, PLR0912 - one case a call
        texts = [bytes.fromhex(one.replace("\\x", "")) for one in _TEXT.findall(said)]
        descriptor = int(said.split(",", maxsplit=1)[0]) if said[:1].isdigit() else -1
        kind, file = self.descriptors.get(descriptor, ("", 0))
        match call:
            case "openat":
                path = texts[0].decode()
                if path == self.folder:
                    self.descriptors[result] = ("folder", 0)
                elif path.startswith(self.folder + "/"):
                    name = path.removeprefix(self.folder + "/")
                    if name not in self.files:
                        self.made += 1
                        self.files[name] = self.made
                        yield Step(what="name", file=self.made, name=name)
                    self.descriptors[result] = ("acks" if name == "acks" else "file", self.files[name])
                    if "O_TRUNC" in said and kind != "acks":
                        yield Step(what="cut", file=self.files[name], at=0)
            case "close":
                self.descriptors.pop(descriptor, None)
            case "write" if kind == "acks":
                yield Step(what="acknowledge", data=texts[0])
            case "pwrite64" if kind == "file":
                yield Step(what="write", file=file, data=texts[0], at=int(said.rsplit(",", 1)[1]))
            case "write" if kind:
                raise AssertionError(f"a write without a place: {said[:80]}")
            case "ftruncate" if kind == "file":
                yield Step(what="cut", file=file, at=int(said.rsplit(",", 1)[1]))
            case "fsync" | "fdatasync" if kind == "file":
                yield Step(what="force", file=file)
            case "fsync" | "fdatasync" if kind == "folder":
                yield Step(what="force folder")
            case "unlink":
                name = texts[0].decode().removeprefix(self.folder + "/")
                if name in self.files:
                    yield Step(what="unname", file=self.files.pop(name), name=name)
            case "rename":
                raise AssertionError("a store renames no file")


def record(folder: Path, names: Sequence[str], command: Sequence[str], env: Mapping[str, str]) -> list[Step]:
    """Run a writer and return what it asked for of the files in the folder; these are there already."""
    trace = folder.with_suffix(".trace")
    subprocess.run(
        ["strace", "-qq", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", "-o", trace, sys.executable, *command],
        check=True,
        env=os.environ | env,
    )
    reader = _Reader(folder=str(folder), files={name: -number for number, name in enumerate(names, start=1)})
    with trace.open(encoding="ascii") as lines:
        return list(reader.read(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What lies on the disk after the power went."""

    files: Mapping[str, bytes]
    acknowledged: Sequence[bytes]


def lose_power(before: Mapping[str, bytes], steps: Sequence[Step], moment: int, rng: Random) -> Left:
    """Return what could be left when the power goes after so many steps; ``before`` was on the disk safely."""
    past = steps[:moment]
    forced: dict[int, int] = {}
    folder_forced = -1
    for number, step in enumerate(past):
        if step.what == "force":
            forced[step.file] = number
        elif step.what == "force folder":
            folder_forced = number
    names = {name: -number for number, name in enumerate(before, start=1)}
    contents = {-number: bytearray(data) for number, data in enumerate(before.values(), start=1)}
    lucky_names = True
    for number, step in enumerate(past):
        if step.what in ("name", "unname"):
            contents.setdefault(step.file, bytearray())
            lucky_names = lucky_names and (number < folder_forced or rng.random() < 0.5)
            if lucky_names and step.what == "name":
                names[step.name] = step.file
            elif lucky_names:
                names.pop(step.name, None)
        elif step.what in ("write", "cut"):
            _apply(contents.setdefault(step.file, bytearray()), step, rng, safe=number < forced.get(step.file, -1))
    return Left(
        files={name: bytes(contents[file]) for name, file in names.items()},
        acknowledged=[step.data for step in past if step.what == "acknowledge"],
    )


def _apply(content: bytearray, step: Step, rng: Random, *, safe: bool) -> None:
    if step.what == "cut":
        if safe or rng.random() < 0.5:
            del content[step.at :]
            content.extend(bytes(step.at - len(content)))
        return
    for at in range(0, len(step.data), SECTOR):
        if safe or rng.random() < 0.5:
            sector, place = step.data[at : at + SECTOR], step.at + at
            content.extend(bytes(max(0, place - len(content))))
            content[place : place + len(sector)] = sector
