"""Bytes that cross the border, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .errors import Failed

#: Bytes one host call moves.
CHUNK_BYTES = 64 * 1024


def to_bytes(content: str | bytes) -> bytes:
    """The bytes of a text; bytes stay as they are."""
    return content.encode() if isinstance(content, str) else content


def to_text(data: bytes, what: str) -> str:
    """The text of bytes in UTF-8. ``what`` begins the error's sentence."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Failed(f"{what} is not text in UTF-8") from None


def chunks(data: bytes) -> Iterator[bytes]:
    """In pieces that the host takes at once."""
    for at in range(0, len(data), CHUNK_BYTES):
        yield data[at : at + CHUNK_BYTES]


def read_all(read: Callable[[int], bytes], bytes_max: int) -> tuple[bytes, bool]:
    """Reads until the end or the bound; says whether there was more."""
    parts: list[bytes] = []
    length = 0
    while length <= bytes_max:
        part = read(CHUNK_BYTES)
        if not part:
            break
        parts.append(part)
        length += len(part)
    return b"".join(parts)[:bytes_max], length > bytes_max
