"""Programs in the host's process sandbox. Needs ``capabilities.shell`` for each profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._bytes import to_bytes
from ._raw import interface
from .errors import host

_raw = interface("process", "shell")


@dataclass(frozen=True)
class Ending:
    """How a program ended."""

    #: ``exited``, ``signalled``, ``timed-out`` or ``output-limit``.
    kind: str
    #: The exit code or the signal, where there is one.
    number: int | None = None


@dataclass(frozen=True)
class Written:
    """What a program wrote, and how it ended if it did."""

    stdout_bytes: bytes
    stderr_bytes: bytes
    #: Some of the output was dropped.
    is_truncated: bool
    ending: Ending | None

    @property
    def stdout(self) -> str:
        return self.stdout_bytes.decode(errors="replace")

    @property
    def stderr(self) -> str:
        return self.stderr_bytes.decode(errors="replace")


_ENDINGS = {"Exited": "exited", "Signalled": "signalled", "TimedOut": "timed-out", "OutputLimit": "output-limit"}


def _ending(raw: Any) -> Ending | None:
    if raw is None:
        return None
    return Ending(_ENDINGS[type(raw).__name__.removeprefix("Ending_")], getattr(raw, "value", None))


def _written(raw: Any) -> Written:
    return Written(bytes(raw.stdout), bytes(raw.stderr), raw.truncated, _ending(raw.ending))


def _command(
    profile: str, argv: Sequence[str], cwd: str | None, env: Mapping[str, str] | None, timeout_ms: int | None
) -> Any:
    return _raw.Command(profile, list(argv), cwd, list((env or {}).items()), timeout_ms)


def run(
    profile: str,
    argv: Sequence[str],
    *,
    stdin: str | bytes | None = None,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout_ms: int | None = None,
) -> Written:
    """Runs a program of a profile to the end. A program that fails is not an error: see ``ending``."""
    data = None if stdin is None else to_bytes(stdin)
    with host():
        return _written(_raw.run(_command(profile, argv, cwd, env, timeout_ms), data))


class Child:
    """A program that outlives the call."""

    def __init__(self, raw: Any) -> None:
        self._inner = raw

    @property
    def id(self) -> str:
        """Unguessable."""
        return str(self._inner.id())

    @property
    def title(self) -> str:
        """The command line, as it was started."""
        return str(self._inner.title())

    def read(self, bytes_max: int = 65536, wait_ms: int = 0) -> Written:
        """What it wrote since it was last asked, waiting at most ``wait_ms`` for the first byte or the end."""
        with host():
            return _written(self._inner.read(bytes_max, wait_ms))

    def wait(self, wait_ms: int) -> Ending | None:
        """Waits for the end; none if it still runs."""
        with host():
            return _ending(self._inner.wait(wait_ms))

    def write(self, content: str | bytes) -> None:
        """Writes to its standard input."""
        with host():
            self._inner.write_stdin(to_bytes(content))

    def close_stdin(self) -> None:
        """Tells it that no more input comes."""
        self._inner.close_stdin()

    def kill(self) -> None:
        """Ends it and everything it started."""
        self._inner.kill()


def spawn(
    profile: str,
    argv: Sequence[str],
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout_ms: int | None = None,
) -> Child:
    """Starts a program and leaves it running; :func:`attach` finds it again."""
    with host():
        return Child(_raw.spawn(_command(profile, argv, cwd, env, timeout_ms)))


def attach(id: str) -> Child:
    """The running program of that id, if this plugin started it for this person."""
    with host():
        return Child(_raw.attach(id))


def which(profile: str, program: str) -> str | None:
    """Where a program is on the profile's search path."""
    with host():
        found: str | None = _raw.which(profile, program)
        return found
