"""The table of metrics in deploy/metrics.md."""

import re
from dataclasses import dataclass

from deploy.local.paths import REPOSITORY

TABLE = REPOSITORY / "deploy" / "metrics.md"
EVERY_PROGRAM = "Every program"
_ROW = re.compile(r"\| `(\w+)` \| (\w+) \| ([\w–]+) \| ([\w, –]+) \| (.+) \|\Z")


@dataclass(frozen=True)
class Metric:
    """One row."""

    name: str
    kind: str
    unit: str
    labels: frozenset[str]
    program: str
    meaning: str

    @property
    def with_setting(self) -> bool:
        """It is there with a setting that the tests' world does not have."""
        return self.meaning.startswith("with ")

    @property
    def series(self) -> frozenset[str]:
        """The names that queries use."""
        if self.kind == "histogram":
            return frozenset(self.name + suffix for suffix in ("_bucket", "_sum", "_count"))
        return frozenset({self.name})


def read_table(text: str | None = None) -> dict[str, Metric]:
    """Name → row. A row that can't be read, or stands there twice, is an error."""
    table: dict[str, Metric] = {}
    program = ""
    for line in (TABLE.read_text() if text is None else text).splitlines():
        if line.startswith("## "):
            program = line[3:]
        if not line.startswith("| `"):
            continue
        match = _ROW.match(line)
        assert match, f"not a row of the table: {line}"
        name, kind, unit, labels, meaning = match.groups()
        assert name not in table, f"{name} stands in the table twice"
        named = frozenset() if labels == "–" else frozenset(labels.split(", "))
        table[name] = Metric(name, kind, unit, named, program, meaning)
    return table
