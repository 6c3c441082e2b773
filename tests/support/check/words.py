"""Violations in words, without drowning the reader when there are thousands."""

from collections.abc import Iterable

SHOWN = 10


def shortened(kind: str, violations: Iterable[str]) -> list[str]:
    """The first few, each with the checker's name, and how many more there are."""
    found = list(violations)
    lines = [f"{kind}: {text}" for text in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"{kind}: … and {len(found) - SHOWN} more")
    return lines
