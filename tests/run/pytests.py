"""Running pytest as a process of its own, and counting what it says."""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.paths import REPOSITORY
from tests.run.tally import Tally

_SECONDS_UNTIL_TRACE = 300


class PytestRun:
    """pytest with these arguments, from when it is made. It prints its own progress, or writes it into log."""

    def __init__(
        self, name: str, arguments: Sequence[str], report: Path, environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:  # fmt: skip
        self._name, self._report, self._log, self._began = name, report, log, time.monotonic()
        report.parent.mkdir(parents=True, exist_ok=True)
        report.unlink(missing_ok=True)
        output = log.open("wb") if log else None
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "pytest", "-v", "--tb=short", "-rs", "-p", "no:cacheprovider",
                "-o", f"faulthandler_timeout={_SECONDS_UNTIL_TRACE}", f"--junitxml={report}", *arguments,
            ],
            cwd=REPOSITORY, env={**os.environ, **(environment or {})}, stdout=output, stderr=output,
        )  # fmt: skip

    def finish(self, tally: Tally) -> None:
        """Wait for its end and count what it says; of a log all is shown when something failed."""
        code = self._process.wait()
        seconds = time.monotonic() - self._began
        if self._log and code:
            print(self._log.read_text(errors="replace"), flush=True)
        if not self._report.exists():
            tally.add(self._name, 0, [f"pytest ended with {code}"], 0, seconds)
            return
        passed, skipped, failures = _count(self._report)
        if code not in (0, 1):
            failures.append(f"pytest ended with {code}")
        tally.add(self._name, passed, failures, skipped, seconds)


def _count(report: Path) -> tuple[int, int, list[str]]:
    passed, skipped = 0, 0
    failures: list[str] = []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failures.append(name)
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return passed, skipped, failures
