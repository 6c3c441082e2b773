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


def run_pytest(
    tally: Tally, name: str, arguments: Sequence[str], report: Path, environment: Mapping[str, str] | None = None
) -> None:
    """Run pytest with these arguments; it prints its own progress."""
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    began = time.monotonic()
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-v", "--tb=short", "-rs", "-p", "no:cacheprovider",
            "-o", f"faulthandler_timeout={_SECONDS_UNTIL_TRACE}", f"--junitxml={report}", *arguments,
        ],
        cwd=REPOSITORY, env={**os.environ, **(environment or {})}, check=False,
    )  # fmt: skip
    seconds = time.monotonic() - began
    if not report.exists():
        tally.add(name, 0, [f"pytest ended with {done.returncode}"], 0, seconds)
        return
    passed, skipped, failures = _count(report)
    if done.returncode not in (0, 1):
        failures.append(f"pytest ended with {done.returncode}")
    tally.add(name, passed, failures, skipped, seconds)


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
