"""Try other versions of servers and systems: python3 -m tests.compat [--only NAME]... [pytest's arguments]"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence

from deploy.local.paths import REPOSITORY
from tests.compat.trees import FOLDER
from tests.compat.unavailable import Unavailable
from tests.compat.versions import VERSIONS, Version

_VERDICT = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)


class Line:
    """What became of a version."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.passed = self.failed = self.skipped = 0
        self.reason = ""
        self.seconds = 0.0

    def text(self) -> str:
        """Of the table."""
        if self.reason:
            return f"{self.version.name:18} SKIPPED: {self.reason}"
        words = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return f"{self.version.name:18} {words}  ({self.seconds:.0f} s; {self.version.what})"


def attempt(version: Version, more: Sequence[str]) -> Line:
    """Run it; its output goes into a log and a failure's end on the terminal too."""
    line, began = Line(version), time.monotonic()
    log = FOLDER / "logs" / f"{version.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    print(f"{version.name}: {version.what}; log: {log.relative_to(REPOSITORY)}", flush=True)
    try:
        plan = version.prepare(more)
    except Unavailable as reason:
        line.reason = str(reason)
        return line
    log.write_bytes(b"")
    for command in plan.commands:
        start = log.stat().st_size
        with log.open("ab") as output:
            done = subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **plan.environment}, stdout=output,
                                  stderr=subprocess.STDOUT, check=False)  # fmt: skip
        said = log.read_bytes()[start:].decode(errors="replace")
        verdicts = _VERDICT.findall(said)
        passed, failed, skipped = (int(number or 0) for number in verdicts[-1]) if verdicts else (0, 0, 0)
        line.passed, line.failed, line.skipped = line.passed + passed, line.failed + failed, line.skipped + skipped
        if done.returncode and not failed or not passed:
            line.failed += 1
        if done.returncode:
            print("    " + said.rstrip()[-3000:].replace("\n", "\n    "), flush=True)
    line.seconds = time.monotonic() - began
    return line


def main() -> int:
    """All versions, or those asked for; 1 if anything failed or nothing could be tried."""
    names = [version.name for version in VERSIONS]
    parser = argparse.ArgumentParser(prog="python3 -m tests.compat", description=__doc__,
                                     epilog=f"Versions: {', '.join(names)}")  # fmt: skip
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help="may be given several times")
    options, more = parser.parse_known_args()
    lines = [attempt(version, more) for version in VERSIONS if not options.only or version.name in options.only]
    print()
    for line in lines:
        print(line.text())
    passed, failed = sum(line.passed for line in lines), sum(line.failed for line in lines)
    skipped = sum(bool(line.reason) for line in lines)
    print(f"\n{passed} passed, {failed} failed, {skipped} versions skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
