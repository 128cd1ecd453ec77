import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: In a process of its own: the walls stay.
PROGRAM = """
import sys
sys.path[:0] = ["tests/stubs"]
from wit_world.imports import monotonic_clock, random as chance, wall_clock
wall_clock.now = lambda: wall_clock.Datetime(1709251199, 250_000_000)
monotonic_clock.now = lambda: 5_500_000_000
words = iter(range(7, 1 << 32))
chance.get_random_u64 = lambda: next(words)

import datetime as before, pickle, re
real = before.datetime, before.date
from octi_plugin import _absent
_absent.refuse_before_build()
import datetime, os, random, time
from datetime import datetime as taken
from random import choice
from time import time as seconds

def refused(work, part):
    try:
        work()
    except (RuntimeError, ModuleNotFoundError) as error:
        assert part in str(error), error
        return
    raise AssertionError("it was not refused")

for work in [datetime.datetime.now, datetime.datetime.utcnow, datetime.date.today, time.time, seconds, taken.today]:
    refused(work, "no clock while the component is built")
for work in [random.random, lambda: choice([1]), lambda: os.urandom(1)]:
    refused(work, "no randomness while the component is built")

_absent.refuse_in_calls()
assert seconds() == time.time() == 1709251199.25 and time.time_ns() == 1709251199_250_000_000
assert time.monotonic() == time.perf_counter() == 5.5
assert time.strftime("%Y-%m-%d") == "2024-02-29" and time.localtime().tm_hour == 23 and time.ctime().startswith("Thu Feb 29")
assert datetime.datetime.now().isoformat() == "2024-02-29T23:59:59.250000" == taken.today().isoformat() == taken.utcnow().isoformat()
zone = datetime.timezone(datetime.timedelta(hours=1))
assert datetime.datetime.now(zone).isoformat() == "2024-03-01T00:59:59.250000+01:00"
assert datetime.date.today().isoformat() == "2024-02-29" and type(datetime.date.today()) is datetime.date
refused(lambda: time.sleep(1), "does not sleep")
refused(lambda: open("x"), "no files but those of")
refused(lambda: __import__("wave"), "import it at the top")
first = random.random()
random._inst.seed(7)
_absent.refuse_in_calls()
assert first != random.random() and 0 <= choice([1, 2, 3]) - 1 < 3
assert os.urandom(3) == bytes([words.__next__() - 1, 0, 0]) and len(os.urandom(17)) == 17 and os.urandom(0) == b""

day = datetime.date(2026, 2, 28) + datetime.timedelta(days=1)
noon = datetime.datetime.fromisoformat("2026-03-01T12:00:00+00:00")
assert day.isoformat() == "2026-03-01" == noon.date().isoformat()
assert (noon - datetime.datetime(2026, 3, 1, 11, tzinfo=datetime.UTC)).seconds == 3600
assert datetime.datetime.combine(day, datetime.time(1)).hour == 1
for value in [noon, real[0](2026, 1, 1)]:
    assert isinstance(value, datetime.datetime) and isinstance(value, datetime.date) and isinstance(value, real[0])
assert isinstance(real[1](2026, 1, 1), datetime.date) and not isinstance(day, datetime.datetime) and not isinstance(1, datetime.date)
assert issubclass(datetime.datetime, datetime.date) and not issubclass(datetime.date, datetime.datetime)

class Mine(datetime.date):
    pass

assert isinstance(Mine(2026, 1, 1), datetime.date) and not isinstance(day, Mine) and Mine.fromisoformat("2026-01-01") == real[1](2026, 1, 1)
assert pickle.loads(pickle.dumps(noon)) == noon
print("well")
"""


class Absent(unittest.TestCase):
    def test_clocks_and_randomness_are_those_of_the_sandbox_and_only_in_calls(self) -> None:
        told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=ROOT)
        self.assertEqual((told.stdout, told.stderr), ("well\n", ""))
