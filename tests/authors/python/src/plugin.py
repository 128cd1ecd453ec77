"""What the stories of the SDK need: the host's clients, errors of every kind, and what must be contained."""

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal

from octi_plugin import BadInput, Failed, HostError, NeedsUser, Output, Unavailable, http, kv, log, tool
from octi_plugin.fs import workspace


@dataclass
class Forecast:
    celsius: float
    is_remembered: bool


@tool
def forecast(city: Annotated[str, "The city.", {"minLength": 1}]) -> Output[Forecast]:
    """The temperature of a city today; asked for once, remembered afterwards."""
    known = kv.get(f"city/{city}")
    if known is not None:
        return Output(Forecast(known.value, True), f"{city}, as before")
    log.progress(0.5, f"asking for {city}")
    key = "{{secret:weather_key}}"
    answer = http.post("https://api.weather.example/today", headers={"x-api-key": key}, json={"city": city})
    if not answer.ok:
        raise Failed(f"the service answered with {answer.status}")
    celsius = answer.json()["celsius"]
    kv.set(f"city/{city}", celsius, expected=0)
    return Output(Forecast(celsius, False), f"{celsius} °C in {city}")


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


@tool
def diary(line: str, mood: Mood = Mood.GOOD, tags: list[str] | None = None) -> list[str]:
    """Adds a line to the diary and gives all of its lines."""
    files = workspace()
    try:
        before = files.read_text("diary/days.txt", 1 << 16)
    except HostError as error:
        if not error.is_not_found:
            raise
        before = ""
        files.make_dir("diary")
    files.write("diary/days.txt", f"{before}{mood.value}: {' #'.join([line, *(tags or [])])}\n")
    return files.read_text("diary/days.txt", 1 << 16).splitlines()


KINDS = {"bad_input": BadInput, "failed": Failed, "needs_user": NeedsUser, "unavailable": Unavailable}


@dataclass
class Refusal:
    kind: Literal["bad_input", "failed", "needs_user", "unavailable"]


@tool
def refuse(refusal: Refusal) -> None:
    """Fails as it is told."""
    raise KINDS[refusal.kind](f"refused as {refusal.kind}")


def _down() -> int:
    return 1 + _down()


def _hoard() -> None:
    everything = []
    while True:
        everything.append(bytearray(1 << 20))


def _forever() -> None:
    while True:
        pass


@dataclass
class Never:
    never: bool
    inside: list[str] = field(default_factory=list)


WAYS: dict[str, Any] = {
    "bug": lambda: None.of("the author's own"),  # type: ignore[attr-defined]
    "memory": _hoard,
    "cpu": _forever,
    "depth": _down,
    "clock": time.time,
    "file": lambda: open("/etc/passwd"),
    "shape": lambda: {"other": True},
}


@tool
def break_down(by: Literal["bug", "memory", "cpu", "depth", "clock", "file", "shape"]) -> Never:
    """Breaks down in one of the ways that must be contained."""
    return WAYS[by]()
