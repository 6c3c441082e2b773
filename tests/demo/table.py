"""The demo's table, wrapped so that it fits a terminal."""

import itertools
import textwrap
from collections.abc import Sequence

from tests.support.sales import Sale

_WIDTHS = (34, 34, 34, 8)


def print_table(sales: Sequence[Sale]) -> None:
    """Scenario, expected, seen, time; what the checkers said below its row."""
    rule = "─" * (sum(_WIDTHS) + 2 * len(_WIDTHS))
    print()
    _print_row("scenario", "expected", "seen", "time")
    print(rule)
    for sale in sales:
        _print_row(sale.scenario, sale.expected, sale.seen, f"{sale.seconds:6.2f} s")
        for violation in sale.violations:
            print(f"    ! {violation}")
    print(rule)


def _print_row(*cells: str) -> None:
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, _WIDTHS)]
    for line in itertools.zip_longest(*wrapped, fillvalue=""):
        print("  ".join(text.ljust(width) for text, width in zip(line, _WIDTHS)).rstrip())
