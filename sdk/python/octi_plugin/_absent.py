"""What Python has elsewhere and a plugin has not: clocks, randomness, files of the machine, modules that were not built in.

Each of them would end the call without a word to the author, or, worse, give the same "random" numbers in every call: an instance
is a copy of what was there when the component was built. So they raise, and the error says what to do.
"""

from __future__ import annotations

import builtins
import io
import os
import random
import sys
import time
from collections.abc import Sequence
from importlib.machinery import PathFinder
from typing import Any, NoReturn

_CLOCKS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "gmtime", "sleep")


def _refusing(text: str) -> Any:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(text)

    return refuse


def refuse_before_build() -> None:
    """Before the author's module is read: it may take functions out of these modules."""
    no_clock = _refusing("a plugin in Python has no clock: take the time as an argument")
    for name in _CLOCKS:
        setattr(time, name, no_clock)
    no_chance = _refusing("a plugin in Python has no randomness: take a seed as an argument and use `random.Random(seed)`")
    for name in random.__all__:
        if getattr(getattr(random, name), "__self__", None) is random._inst:
            setattr(random, name, no_chance)
    os.urandom = no_chance
    random._urandom = no_chance  # type: ignore[attr-defined]


class _Late:
    """Finds nothing: what a component does not have when it is built, it never has."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: Any = None) -> None:
        raise ModuleNotFoundError(f"`{name}` is not in the component: import it at the top of the module", name=name)


def refuse_in_calls() -> None:
    """Once the component serves; building it needs the files of its modules."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not PathFinder and not isinstance(finder, _Late)]
    sys.meta_path.append(_Late())
    no_files = _refusing("a plugin has no files but those of `octi_plugin.fs`")
    builtins.open = io.open = os.stat = os.listdir = no_files
