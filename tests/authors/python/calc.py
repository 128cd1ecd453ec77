"""A component that knows nothing of octi."""

import math

from componentize_py_types import Err
from wit_world import exports


class Ops(exports.Ops):
    def add(self, a, b):
        return a + b

    def distance(self, a, b):
        return math.hypot(a.x - b.x, a.y - b.y)

    def divide(self, a, b):
        if b == 0:
            raise Err("division by zero")
        return int(a / b)
