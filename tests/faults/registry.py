"""The rows: one small function each, registered by number and name in a file rows_FAMILY.py."""

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.stage import Plain, Stage

if TYPE_CHECKING:
    from tests.faults.trial import Trial

LAST_NUMBER = 36


@dataclass(frozen=True)
class LoadPlan:
    """What is on the system while a row runs. stocks: a coupon for each; rate: requests a second, all together; patience:
    seconds for which a user asks again, and then polls."""

    rate: float = 40.0
    stocks: Sequence[int] = (1_000_000, 60)
    keyed: float = 0.7
    polled: float = 0.8
    patience: float = 100.0


@dataclass(frozen=True)
class Row:
    """One row, or one of several cases of a row, of the table of faults. load None: it brings its own."""

    number: int
    name: str
    play: "Callable[[Trial], None]"
    stage: type[Stage]
    load: LoadPlan | None
    long_only: str | None

    @property
    def slug(self) -> str:
        """For file names and test ids: 13-mysql-killed-and-restarted."""
        return f"{self.number:02}-" + re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


_rows: list[Row] = []


def row(
    number: int,
    name: str,
    stage: type[Stage] = Plain,
    load: LoadPlan | None = LoadPlan(),
    long_only: str | None = None,
) -> "Callable[[Callable[[Trial], None]], Callable[[Trial], None]]":
    """Register the function below as row number, or one case of it. It gets a Trial, breaks something, looks,
    and comes back; healing, draining and the checkers follow by themselves. stage: the world it needs, shared with
    the other rows of that class. long_only: why there is no short version."""

    def register(play: "Callable[[Trial], None]") -> "Callable[[Trial], None]":
        added = Row(number, name, play, stage, load, long_only)
        if any(known.slug == added.slug for known in _rows):
            raise ValueError(f"row {added.slug} is there twice")
        _rows.append(added)
        return play

    return register


def all_rows() -> list[Row]:
    """Every row of every rows_*.py, those of one stage together, else by number."""
    for file in sorted(Path(__file__).parent.glob("rows_*.py")):
        importlib.import_module(f"tests.faults.{file.stem}")
    first = {stage: min(r.number for r in _rows if r.stage is stage) for stage in {r.stage for r in _rows}}
    return sorted(_rows, key=lambda r: (r.stage is not Plain, first[r.stage], r.stage.__name__, r.number, r.name))


def missing(rows: Sequence[Row]) -> list[int]:
    """Numbers of the table of faults that have no row here and should have."""
    there = {row.number for row in rows}
    return [number for number in range(1, LAST_NUMBER + 1) if number not in there]
