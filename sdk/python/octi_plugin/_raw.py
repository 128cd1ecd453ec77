"""The bindings of one interface, as far as there are any."""

from __future__ import annotations

import importlib
from typing import Any


class _Absent:
    """Stands for the host in a test on the build machine."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"there is no host here that has `{self._key}`: keep logic in functions that take and return data")


def interface(module: str, key: str) -> Any:
    """The module that componentize-py made of an interface of the contract."""
    try:
        return importlib.import_module(f"wit_world.imports.{module}")
    except ImportError:
        pass
    try:
        importlib.import_module("componentize_py_types")
    except ImportError:
        return _Absent(key)
    # Read by whoever builds the component.
    raise ImportError(
        f"the code uses `octi_plugin.{key}`, but plugin.toml does not ask for `{key}`: add it to `[capabilities]`"
    )
