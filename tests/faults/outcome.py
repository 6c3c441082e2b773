"""How a row went, and the table of all of them."""

import itertools
import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.support.check.counts import Counts
from tests.support.ledger import Account

PASSED, FAILED, LONG_ONLY = "passed", "FAILED", "long only"
_WIDTHS = (3, 34, 8, 9, 8, 30, 13, 9)
_HEADINGS = ("row", "fault", "requests", "l/d/o", "recovery", "clients during the fault", "p50/p99 ms", "verdict")


@dataclass
class Outcome:
    """One line of the table. problems: what was expected and not seen, and what the checkers say. seconds is None
    where there was no fault to recover from."""

    number: int
    name: str
    verdict: str
    requests: int = 0
    counts: Counts | None = None
    recovery: float | None = None
    statuses: dict[str, int] = field(default_factory=dict)
    p50: float | None = None
    p99: float | None = None
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """False only for what was tried and failed."""
        return self.verdict != FAILED


def told_during(account: Account, faults: Sequence[tuple[float, float]]) -> tuple[dict[str, int], list[float]]:
    """What those who asked during the faults were told, by status, and after how many milliseconds, sorted."""
    asked = [a for a in account.attempts.values() if any(begin <= a.at <= end for begin, end in faults)]
    statuses = Counter("none" if a.status is None else str(a.status) for a in asked)
    return dict(sorted(statuses.items())), sorted(a.ms for a in asked if a.ms is not None)


def percentile(ordered: Sequence[float], part: float) -> float | None:
    """The value that this part of them does not exceed; None of nothing."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else None


def print_table(outcomes: Sequence[Outcome]) -> None:
    """The table, problems below their row, and a line of verdict."""
    rule = "─" * (sum(_WIDTHS) + 2 * (len(_WIDTHS) - 1))
    print()
    _print_row(*_HEADINGS)
    print(rule)
    for outcome in outcomes:
        _print_row(*_cells(outcome))
        for problem in outcome.problems:
            print(textwrap.fill(problem, 120, initial_indent="    ! ", subsequent_indent="      "))
        for note in outcome.notes:
            print(textwrap.fill(note, 120, initial_indent="    · ", subsequent_indent="      "))
    print(rule)
    print("l/d/o: requests lost, doubled, oversold. recovery: from healing until all is decided and new ones are served.")
    verdicts = Counter(outcome.verdict.partition(":")[0] for outcome in outcomes)
    print(", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()))


def write_json(outcomes: Iterable[Outcome], seed: int, short: bool, path: Path) -> None:
    """The same for machines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(outcome) for outcome in outcomes]
    path.write_text(json.dumps({"seed": seed, "short": short, "rows": rows}, indent=1) + "\n")


def _cells(outcome: Outcome) -> list[str]:
    tried = outcome.counts is not None
    statuses = " ".join(f"{status}×{count}" for status, count in outcome.statuses.items())
    latency = f"{outcome.p50:.0f} / {outcome.p99:.0f}" if outcome.p50 is not None and outcome.p99 is not None else ""
    recovery = f"{outcome.recovery:.1f} s" if outcome.recovery is not None else ""
    return [
        str(outcome.number), outcome.name, str(outcome.requests) if tried else "", str(outcome.counts) if tried else "",
        recovery, statuses, latency, outcome.verdict,
    ]  # fmt: skip


def _print_row(*cells: str) -> None:
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, _WIDTHS)]
    for line in itertools.zip_longest(*wrapped, fillvalue=""):
        print("  ".join(text.ljust(width) for text, width in zip(line, _WIDTHS)).rstrip())
