"""Remembers something of each person, so that two calls at once lose nothing: what is written is what was read, or read anew."""

import datetime
from dataclasses import dataclass
from typing import Annotated

from octi_plugin import BadInput, HostError, Output, Unavailable, kv, tool

#: A write that somebody else's came before is tried again so often.
TRIES_MAX = 5

Habit = Annotated[str, "What is done, such as `read`.", {"minLength": 1, "maxLength": 40}]
# Whoever calls says which day it is: a person's day is not the machine's.
Day = Annotated[str, "The day, like `2026-11-29`.", {"pattern": "^\\d{4}-\\d{2}-\\d{2}$"}]


@dataclass
class Streak:
    days: Annotated[int, "Days in a row until that day."]
    all: Annotated[int, "Days on which it was done at all."]


def date(day: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(day)
    except ValueError:
        raise BadInput(f"there is no day `{day}`") from None


def in_a_row(days: list[str], until: str) -> Streak:
    done, day, count = set(days), date(until), 0
    while day.isoformat() in done:
        day, count = day - datetime.timedelta(days=1), count + 1
    return Streak(count, len(done))


@tool
def done(habit: Habit, day: Day) -> Output[Streak]:
    """Notes that a habit was followed on a day; doing so twice changes nothing."""
    date(day)
    for _ in range(TRIES_MAX):
        known = kv.get(f"habit/{habit}")
        days = sorted({*(known.value if known else []), day})
        try:
            kv.set(f"habit/{habit}", days, expected=known.version if known else 0)
        except HostError as error:
            if not error.is_conflict:
                raise
            continue
        streak = in_a_row(days, day)
        return Output(streak, f"{habit}: {streak.days} in a row")
    raise Unavailable("too much is written at once; try again")


@tool
def streak(habit: Habit, day: Day) -> Streak:
    """On how many days in a row until a day a habit was followed."""
    known = kv.get(f"habit/{habit}")
    return in_a_row(known.value if known else [], day)
