"""The table, the JSON and the verdict."""

import json
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.pair import Figures, Limit, Pair


@dataclass
class Measured:
    """All rounds of a pair."""

    pair: Pair
    ceiling: list[Figures] = field(default_factory=list)
    ours: list[Figures] = field(default_factory=list)

    def ratio(self, limit: Limit) -> float:
        """Ours over the ceiling of the same round, the median of the rounds: the machine's own speed changes from one
        round to the next by more than a budget leaves."""
        ours, ceiling = _values(self.ours, limit.figure), _values(self.ceiling, limit.figure)
        return statistics.median(our / its for our, its in zip(ours, ceiling, strict=True))

    def missed(self) -> list[str]:
        """The budgets that are not kept, one line each."""
        return [
            f"{self.pair.title}: {limit.figure} is {self.ratio(limit):.2f} × the ceiling's, allowed is {limit}"
            for limit in self.pair.limits
            if not limit.holds(self.ratio(limit))
        ]


def _values(rounds: Sequence[Figures], figure: str) -> list[float]:
    return [figures[figure] for figures in rounds]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"


def _spread(rounds: Sequence[Figures], figure: str) -> str:
    values = _values(rounds, figure)
    return " / ".join(_number(value) for value in (min(values), statistics.median(values), max(values)))


def table(all_measured: Sequence[Measured]) -> str:
    """One line for each limit; figures as minimum / median / maximum, which the rounds' ratio need not agree with."""
    lines = [("what", "figure", "ceiling", "ours", "ratio", "budget", "")]
    for measured in all_measured:
        for limit in measured.pair.limits:
            ratio = measured.ratio(limit)
            lines.append((
                measured.pair.title, f"{limit.figure}, {limit.unit}",
                _spread(measured.ceiling, limit.figure), _spread(measured.ours, limit.figure),
                f"{ratio:.2f}", str(limit), "ok" if limit.holds(ratio) else "MISSED",
            ))  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines)


def write(path: Path, all_measured: Sequence[Measured], rounds: int) -> None:
    """Everything that was measured, as JSON."""
    record = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {"cpus": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()},
        "rounds": rounds,
        "pairs": [
            {
                "name": measured.pair.name,
                "title": measured.pair.title,
                "ceiling": measured.ceiling,
                "ours": measured.ours,
                "limits": [
                    {
                        "figure": limit.figure, "unit": limit.unit, "ratio": measured.ratio(limit),
                        "atLeast": limit.at_least, "atMost": limit.at_most, "kept": limit.holds(measured.ratio(limit)),
                    }
                    for limit in measured.pair.limits
                ],
            }
            for measured in all_measured
        ],
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n")
