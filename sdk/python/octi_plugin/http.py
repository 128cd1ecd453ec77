"""Requests to the hosts of ``capabilities.http``, through the host's egress policy.

An address is ``https://…`` of a granted host, or ``endpoint://<name>/<path>`` for an address that the operator set under that name and
the plugin never learns. A header may hold ``{{secret:NAME}}``: the value joins on the way out.
"""

from __future__ import annotations

import json as _json
from collections.abc import Mapping
from typing import Any

from ._bytes import CHUNK_BYTES, chunks, read_all, to_bytes, to_text
from ._raw import interface
from .errors import Failed, host

_raw = interface("client", "http")
#: Bytes of a body that ``text`` and ``json`` read when they are not told otherwise.
BODY_BYTES_MAX = 1 << 20


class Response:
    """An answer: its head, and a body that is read in chunks."""

    def __init__(self, raw: Any) -> None:
        self._inner = raw
        self.status: int = raw.status
        #: Where the answer came from, after redirects.
        self.url: str = raw.url

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """The first header of that name, in lower case."""
        return next((value for known, value in self._inner.headers if known == name), None)

    def chunk(self) -> bytes:
        """The next bytes of the body, at most 64 KiB; none at the end."""
        with host():
            return bytes(self._inner.body.read(CHUNK_BYTES))

    def read(self, bytes_max: int = BODY_BYTES_MAX) -> tuple[bytes, bool]:
        """The body up to ``bytes_max``, and whether there was more."""
        return read_all(lambda _: self.chunk(), bytes_max)

    def text(self, bytes_max: int = BODY_BYTES_MAX) -> str:
        """The body as text; a longer one is an error."""
        data, is_cut = self.read(bytes_max)
        if is_cut:
            raise Failed(f"the answer of `{self.url}` has more than {bytes_max} bytes")
        return to_text(data, f"the answer of `{self.url}`")

    def json(self, bytes_max: int = BODY_BYTES_MAX) -> Any:
        """The body, read from JSON."""
        text = self.text(bytes_max)
        try:
            return _json.loads(text)
        except ValueError:
            raise Failed(f"the answer of `{self.url}` is not JSON") from None


def request(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: str | bytes | None = None,
    json: Any = None,
    timeout_ms: int | None = None,
    redirects: bool = True,
) -> Response:
    """Sends a request and waits for the head of the answer. An answer with an error status is an answer."""
    all_headers = list((headers or {}).items())
    if json is not None:
        all_headers.append(("content-type", "application/json"))
        body = _json.dumps(json)
    follow = _raw.Redirects.FOLLOW if redirects else _raw.Redirects.REFUSE
    head = _raw.Head(method, url, all_headers, timeout_ms, follow)
    with host():
        if body is None:
            return Response(_raw.send(head))
        started = _raw.Request.start(head)
        for chunk in chunks(to_bytes(body)):
            started.write(chunk)
        return Response(_raw.Request.send(started))


def get(url: str, **options: Any) -> Response:
    """A ``GET`` request."""
    return request(url, method="GET", **options)


def post(url: str, **options: Any) -> Response:
    """A ``POST`` request."""
    return request(url, method="POST", **options)
