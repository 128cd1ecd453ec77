"""What Python has elsewhere and a plugin has in another way, or not at all: clocks, randomness, files of the machine, modules that
were not built in.

Each of them would end the call without a word to the author, or, worse, give the same "random" numbers in every call: an instance
is a copy of what was there when the component was built. So clocks and randomness come from the sandbox, in calls only, and the rest
raises, and the error says what to do.
"""

from __future__ import annotations

import builtins
import datetime
import io
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from importlib.machinery import PathFinder
from typing import Any, NoReturn

#: Set in a call. While the component is built, there is no host to ask.
_in_call = False
_SECOND_NS = 1_000_000_000


def _refusing(text: str) -> Any:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(text)

    return refuse


def _only_in_calls(what: str, function: Callable[..., Any]) -> Any:
    def guarded(*arguments: Any, **named: Any) -> Any:
        if not _in_call:
            raise RuntimeError(f"there is no {what} while the component is built: ask for it in a function that is called later")
        return function(*arguments, **named)

    return guarded


def refuse_before_build() -> None:
    """Before the author's module is read: it may take functions out of these modules."""
    from wit_world.imports import monotonic_clock, wall_clock
    from wit_world.imports import random as chance

    def now_ns() -> int:
        now = wall_clock.now()
        return int(now.seconds) * _SECOND_NS + int(now.nanoseconds)

    def random_bytes(count: int) -> bytes:
        words = [chance.get_random_u64().to_bytes(8, "little") for _ in range(-(-count // 8))]
        return b"".join(words)[:count]

    _clocks(now_ns, monotonic_clock.now)
    _dates(now_ns)
    urandom = _only_in_calls("randomness", random_bytes)
    for name in random.__all__:
        function = getattr(random, name)
        if getattr(function, "__self__", None) is random._inst:
            setattr(random, name, _only_in_calls("randomness", function))
    os.urandom = urandom
    random._urandom = urandom  # type: ignore[attr-defined]


def _clocks(now_ns: Callable[[], int], since_ns: Callable[[], int]) -> None:
    gmtime, strftime, asctime = time.gmtime, time.strftime, time.asctime

    def parts(seconds: float | None = None) -> time.struct_time:
        return gmtime(now_ns() // _SECOND_NS if seconds is None else seconds)

    functions = {
        "time": lambda: now_ns() / _SECOND_NS,
        "time_ns": now_ns,
        "monotonic": lambda: since_ns() / _SECOND_NS,
        "monotonic_ns": since_ns,
        "perf_counter": lambda: since_ns() / _SECOND_NS,
        "perf_counter_ns": since_ns,
        # There is no other time zone.
        "gmtime": parts,
        "localtime": parts,
        "strftime": lambda form, when=None: strftime(form, parts() if when is None else when),
        "asctime": lambda when=None: asctime(parts() if when is None else when),
        "ctime": lambda seconds=None: asctime(parts(seconds)),
    }
    for name, function in functions.items():
        setattr(time, name, _only_in_calls("clock", function))
    time.sleep = _refusing("a plugin does not sleep: give back what there is, and be called again")


class _SameAs(type):
    """Makes a class that stands for another one: what is of that one is of this one too, wherever it was made."""

    stands_for: type

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, cls.stands_for) if "stands_for" in vars(cls) else type.__instancecheck__(cls, value)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, cls.stands_for) if "stands_for" in vars(cls) else type.__subclasscheck__(cls, other)


def _dates(now_ns: Callable[[], int]) -> None:
    """C code reads the clock in these, and its clock would end the call."""

    def now(cls: Any, tz: datetime.tzinfo | None = None) -> Any:
        seconds, rest = divmod(now_ns(), _SECOND_NS)
        moment = cls.fromtimestamp(seconds, tz or datetime.UTC).replace(microsecond=rest // 1000)
        return moment.replace(tzinfo=None) if tz is None else moment

    def today(cls: Any) -> Any:
        moment = time.gmtime(now_ns() // _SECOND_NS)
        return cls(moment.tm_year, moment.tm_mon, moment.tm_mday)

    naive = _only_in_calls("clock", lambda cls: now(cls))
    of_datetime = {"now": _only_in_calls("clock", now), "utcnow": naive, "today": naive}
    for name, methods in [("date", {"today": _only_in_calls("clock", today)}), ("datetime", of_datetime)]:
        before = getattr(datetime, name)
        body = {method: classmethod(function) for method, function in methods.items()}
        setattr(datetime, name, _SameAs(name, (before,), {"stands_for": before, "__module__": "datetime", **body}))


class _Late:
    """Finds nothing: what a component does not have when it is built, it never has."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: Any = None) -> None:
        raise ModuleNotFoundError(f"`{name}` is not in the component: import it at the top of the module", name=name)


def refuse_in_calls() -> None:
    """Once the component serves; building it needs the files of its modules, and has no host to ask for the time."""
    global _in_call
    _in_call = True
    # What is kept of the build would be the same "random" numbers in every call.
    random._inst.seed(int.from_bytes(os.urandom(8), "little"))
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not PathFinder and not isinstance(finder, _Late)]
    sys.meta_path.append(_Late())
    no_files = _refusing("a plugin has no files but those of `octi_plugin.fs`")
    builtins.open = io.open = os.stat = os.listdir = no_files
