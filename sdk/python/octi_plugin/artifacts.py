"""Files beside the JSON of a result: pictures, sounds, documents. Needs ``capabilities.artifacts``.

The person sees them with the result, a program gets them with it, and the model is told of them by name. They go with the call if it
succeeds; a call that fails gives none.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._bytes import chunks, to_bytes
from ._raw import interface
from .errors import host

_raw = interface("artifacts", "artifacts")


@dataclass(frozen=True)
class Artifact:
    """A file that goes with the result."""

    id: str
    #: Without folders and without what would not be seen.
    name: str
    media_type: str
    #: In bytes.
    size: int


def give(name: str, media_type: str, content: str | bytes) -> Artifact:
    """Gives a file with the result, such as ``give("chart.svg", "image/svg+xml", text)``."""
    with host():
        writer = _raw.create(name, media_type)
        for chunk in chunks(to_bytes(content)):
            writer.write(chunk)
        given = _raw.Writer.finish(writer)
    return Artifact(given.id, given.name, given.media_type, given.size)
