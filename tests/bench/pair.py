"""What a measure is: a ceiling, our program, and how far apart they may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Figures = Mapping[str, float]  # one round of one side, by the figure's name


@dataclass(frozen=True)
class Limit:
    """One figure of ours over the ceiling's: at_least or at_most, the other is None; both: it is only shown."""

    figure: str
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, ratio: float) -> bool:
        """True if the budget is kept."""
        return (self.at_least is None or ratio >= self.at_least) and (self.at_most is None or ratio <= self.at_most)

    def __str__(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:.2f}"
        return f"≤ {self.at_most:.2f}" if self.at_most is not None else "shown"


class Pair(Protocol):
    """A budget. Each call of a side is one round from the same start."""

    name: str
    title: str
    limits: tuple[Limit, ...]

    def open(self) -> None: ...
    def ceiling(self) -> Figures: ...
    def ours(self) -> Figures: ...
    def close(self) -> None: ...
