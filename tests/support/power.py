"""A disk that can lose its power: of what was written and not synced, each part is kept, dropped or torn, at random.

After SQLite's own crash tests ("How SQLite Is Tested", 3.3): a VFS of its own between the library and the file.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import apsw

SECTOR = 512


class PowerLost(Exception):
    """From here on the disk takes nothing."""


@dataclass
class Platter:
    """A file as it surely is on the disk, and what was written to it since: offset and bytes, or a new length."""

    durable: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.unsynced:
            _apply(self.durable, offset, data)
        self.unsynced.clear()

    def after_power_loss(self, dice: random.Random) -> bytes:
        left = bytearray(self.durable)
        for offset, data in self.unsynced:
            fate = dice.choice(("kept", "dropped", "torn"))
            if fate == "torn" and data is not None:
                data = data[: SECTOR * dice.randrange(len(data) // SECTOR + 1)]
            if fate != "dropped":
                _apply(left, offset, data)
        return bytes(left)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


class Disk(apsw.VFS):
    """Lets so many writes and syncs through, then loses its power in the middle of the next."""

    def __init__(self, *, lasts: int) -> None:
        self.name = f"disk-{uuid4().hex}"
        self.lasts = lasts
        self.platters: dict[str, Platter] = {}
        super().__init__(self.name, base="unix")

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        return _File(self, path, name, flags)

    def xDelete(self, name: str, sync_folder: bool) -> None:
        self.use()
        super().xDelete(name, sync_folder)
        self.platters.pop(name, None)

    def use(self) -> None:
        """One operation nearer to the end."""
        self.lasts -= 1
        if self.lasts < 0:
            raise PowerLost

    def lose_power(self, path: Path, to: Path, dice: random.Random) -> None:
        """What is left of the database at `path`, written to `to`."""
        for suffix in ("", "-wal"):
            if (platter := self.platters.get(f"{path}{suffix}")) is not None:
                Path(f"{to}{suffix}").write_bytes(platter.after_power_loss(dice))


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, path: str, name: object, flags: list[int]) -> None:
        super().__init__("unix", name, flags)  # type: ignore[arg-type]
        self._disk = disk
        self._platter = disk.platters.setdefault(path, Platter())

    def xWrite(self, data: bytes, offset: int) -> None:
        self._platter.unsynced.append((offset, bytes(data)))
        self._disk.use()
        super().xWrite(data, offset)

    def xTruncate(self, length: int) -> None:
        self._platter.unsynced.append((length, None))
        self._disk.use()
        super().xTruncate(length)

    def xSync(self, flags: int) -> None:
        self._disk.use()
        self._platter.sync()  # the real disk below need not hurry


@contextmanager
def disk(*, lasts: int) -> Iterator[Disk]:
    made = Disk(lasts=lasts)
    try:
        yield made
    finally:
        made.unregister()
