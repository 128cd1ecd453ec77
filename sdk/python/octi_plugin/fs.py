"""Files under the roots a plugin was granted. Needs ``capabilities.fs``.

Paths are relative to a directory, ``/``-separated, without ``..``; the host refuses those that lead out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._bytes import CHUNK_BYTES, chunks, read_all, to_bytes, to_text
from ._raw import interface
from .errors import Failed, host

_raw = interface("files", "fs")


@dataclass(frozen=True)
class Entry:
    """A file or directory as it is listed."""

    path: str
    #: ``file``, ``directory``, ``symlink`` or ``other``.
    kind: str
    size: int
    #: Milliseconds since 1970, UTC.
    modified_ms: int | None


@dataclass(frozen=True)
class Hit:
    """Where something was found: line numbers from 1, columns in bytes from 0."""

    path: str
    line: int
    column: int
    text: str


def _entry(raw: Any) -> Entry:
    return Entry(raw.path, raw.kind.name.lower(), raw.size, raw.modified)


class Reader:
    """An open file."""

    def __init__(self, raw: Any) -> None:
        self._inner = raw

    @property
    def size(self) -> int:
        return int(self._inner.size())

    def seek(self, offset: int) -> None:
        with host():
            self._inner.seek(offset)

    def read(self, bytes_max: int = CHUNK_BYTES) -> bytes:
        """The next bytes, at most 64 KiB; none at the end."""
        with host():
            return bytes(self._inner.read(bytes_max))


class Dir:
    """A granted directory."""

    def __init__(self, raw: Any) -> None:
        self._inner = raw

    def open(self, path: str) -> Reader:
        """Opens a file for reading."""
        with host():
            return Reader(self._inner.open(path))

    def read_bytes(self, path: str, bytes_max: int) -> bytes:
        """A whole file of at most ``bytes_max`` bytes."""
        reader = self.open(path)
        if reader.size > bytes_max:
            raise Failed(f"`{path}` has {reader.size} bytes, more than the {bytes_max} that can be read at once")
        return read_all(reader.read, bytes_max)[0]

    def read_text(self, path: str, bytes_max: int) -> str:
        """A whole text file of at most ``bytes_max`` bytes."""
        return to_text(self.read_bytes(path, bytes_max), f"`{path}`")

    def write(self, path: str, content: str | bytes, *, keep: bool = False) -> Entry:
        """Writes a whole file; it appears at once or not at all. With ``keep``, one that is there is a conflict."""
        mode = _raw.WriteMode.CREATE_NEW if keep else _raw.WriteMode.REPLACE
        with host():
            writer = self._inner.create(path, mode)
            for chunk in chunks(to_bytes(content)):
                writer.write(chunk)
            return _entry(_raw.Writer.commit(writer))

    def append(self, path: str, content: str | bytes) -> Entry:
        """Adds to the end of a file in one step, at most 64 KiB; the file is created if absent."""
        with host():
            return _entry(self._inner.append(path, to_bytes(content)))

    def stat(self, path: str) -> Entry:
        """What is at a path."""
        with host():
            return _entry(self._inner.stat(path))

    def list(self, path: str = ".", *, start: str | None = None, max: int = 1000) -> list[Entry]:
        """At most ``max`` (1,000 at most) entries of a directory in name order, after ``start``."""
        with host():
            return [_entry(entry) for entry in self._inner.list(path, start, max)]

    def search(self, *, glob: str | None = None, pattern: str | None = None, max: int = 1000) -> tuple[Hit, ...]:
        """Searches names (``glob``) and content (``pattern``, a regular expression) below this directory."""
        with host():
            hits = self._inner.search(_raw.Query(glob, pattern, max))
        return tuple(Hit(hit.path, hit.line, hit.column, hit.text) for hit in hits)

    def make_dir(self, path: str) -> None:
        """Makes a directory."""
        with host():
            self._inner.make_dir(path)

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Removes a file or an empty directory; with ``recursive``, everything in it too."""
        with host():
            self._inner.remove(path, recursive)

    def rename(self, source: str, target: str, *, overwrite: bool = False) -> None:
        """Moves a file or directory. With ``overwrite``, what is there is replaced."""
        with host():
            self._inner.rename(source, target, overwrite)

    def copy(self, source: str, target: str, *, overwrite: bool = False) -> None:
        """Copies a file."""
        with host():
            self._inner.copy(source, target, overwrite)


def root(name: str) -> Dir:
    """A granted root by its manifest name."""
    with host():
        return Dir(_raw.root(name))


def workspace() -> Dir:
    """The person's workspace."""
    return root("workspace")
