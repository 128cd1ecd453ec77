"""Reads a file of the workspace, and says what is wrong with it in words that the model can act on."""

import csv
import io
import statistics
from dataclasses import dataclass
from typing import Annotated

from octi_plugin import BadInput, Output, tool
from octi_plugin.fs import workspace

#: Bytes of the largest table that is read.
TABLE_BYTES_MAX = 4 << 20


@dataclass
class Column:
    name: str
    filled: Annotated[int, "Rows that have a value."]
    mean: Annotated[float | None, "Of the numbers; null when there are none."]
    least: float | None
    most: float | None


@dataclass
class Description:
    rows: int
    columns: list[Column]


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def described(text: str, path: str) -> Description:
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        raise BadInput(f"`{path}` is empty; name a file with a line of column names and rows below it")
    head, *body = rows
    for at, row in enumerate(body, start=2):
        if len(row) != len(head):
            raise BadInput(f"line {at} of `{path}` has {len(row)} fields and the first line {len(head)}; mend it first")
    columns = []
    for index, name in enumerate(head):
        values = [row[index] for row in body if row[index] != ""]
        numbers = [value for value in map(number, values) if value is not None]
        mean = round(statistics.fmean(numbers), 6) if numbers else None
        columns.append(Column(name, len(values), mean, min(numbers, default=None), max(numbers, default=None)))
    return Description(len(body), columns)


@tool
def describe(path: Annotated[str, "A file with comma-separated values, relative to the workspace."]) -> Output[Description]:
    """Says how many rows a table has, and of each column how many are filled, their mean, least and most."""
    found = described(workspace().read_text(path, TABLE_BYTES_MAX), path)
    return Output(found, f"{path}: {found.rows} rows, {len(found.columns)} columns")
