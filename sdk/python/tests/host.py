"""A host that is not there: the stubs of the contract, with a memory, files and a web behind them.

Import it before any client of the SDK.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "stubs"))

from componentize_py_types import Err  # noqa: E402
from wit_world.imports import artifacts, client, common, files, log, model, person, store  # noqa: E402

lines: list[tuple[str, str]] = []
memory: dict[str, store.Item] = {}
content: dict[str, bytes] = {}
sent: list[tuple[Any, bytes | None]] = []
answer = b"{}"
given: list[tuple[str, str, bytes]] = []
asked: list[person.Question] = []
replies: list[Any] = []
prompts: list[model.Request] = []


def _log(level: log.Level, message: str, fields: list[tuple[str, str]]) -> None:
    lines.append((level.name, " ".join([message, *(f"{name}={value}" for name, value in fields)])))


def _set(key: str, value: bytes, expected: int | None) -> int:
    version = memory[key].version if key in memory else 0
    if expected not in (None, version):
        raise Err(common.HostError_Conflict(f"`{key}` has changed"))
    memory[key] = store.Item(key, value, version + 1)
    return version + 1


class _Reader(files.Reader):
    def __init__(self, data: bytes) -> None:
        self.data = data

    def size(self) -> int:
        return len(self.data)

    def read(self, max: int) -> bytes:
        part, self.data = self.data[:max], self.data[max:]
        return part


class _Writer:
    def __init__(self, path: str) -> None:
        self.path, self.parts = path, [b""]

    def write(self, chunk: bytes) -> None:
        assert len(chunk) <= 65536
        self.parts.append(chunk)

    @classmethod
    def commit(cls, this: Any) -> files.Entry:
        content[this.path] = b"".join(this.parts)
        return files.Entry(this.path, files.Kind.FILE, len(content[this.path]), 1000)


class _Dir(files.Dir):
    def open(self, path: str) -> files.Reader:
        if path not in content:
            raise Err(common.HostError_NotFound(f"`{path}` does not exist"))
        return _Reader(content[path])

    def create(self, path: str, mode: files.WriteMode) -> Any:
        if mode is files.WriteMode.CREATE_NEW and path in content:
            raise Err(common.HostError_Conflict(f"`{path}` is there"))
        return _Writer(path)


def _root(name: str) -> files.Dir:
    if name != "workspace":
        raise Err(common.HostError_Denied(f"`{name}` is not granted"))
    return _Dir()


class _Body(client.Body):
    def __init__(self) -> None:
        self.data = answer

    def read(self, max: int) -> bytes:
        part, self.data = self.data[:max], self.data[max:]
        return part


class _Request:
    @classmethod
    def start(cls, head: client.Head) -> Any:
        request = cls()
        request.head, request.parts = head, [b""]
        return request

    def write(self, chunk: bytes) -> None:
        self.parts.append(chunk)

    @classmethod
    def send(cls, this: Any) -> client.Response:
        sent.append((this.head, b"".join(this.parts)))
        return client.Response(200, this.head.url, [("content-type", "application/json")], _Body())


def _send(head: client.Head) -> client.Response:
    sent.append((head, None))
    return client.Response(200, head.url, [("content-type", "application/json")], _Body())


class _Artifact:
    def __init__(self, name: str, media_type: str) -> None:
        self.name, self.media_type, self.parts = name, media_type, [b""]

    def write(self, chunk: bytes) -> None:
        assert len(chunk) <= 65536
        self.parts.append(chunk)

    @classmethod
    def finish(cls, this: Any) -> artifacts.Artifact:
        data = b"".join(this.parts)
        given.append((this.name, this.media_type, data))
        return artifacts.Artifact(str(len(given)), this.name, this.media_type, len(data))


def _ask(question: person.Question) -> Any:
    asked.append(question)
    return replies.pop(0)


def _complete(request: model.Request) -> model.Completion:
    prompts.append(request)
    return model.Completion("short", 3, 1, model.StopReason_Length())


log.log = _log
store.get, store.set = memory.get, _set
store.delete = lambda key: memory.pop(key, None)
store.keys = lambda prefix, start, max: sorted(key for key in memory if key.startswith(prefix) and key > (start or ""))[:max]
files.root, files.Writer = _root, _Writer
client.send, client.Request = _send, _Request
artifacts.create, artifacts.Writer = _Artifact, _Artifact
person.ask, model.complete = _ask, _complete
