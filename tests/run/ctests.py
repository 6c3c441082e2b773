"""Running the cmocka tests, each binary for itself, counting each test in it."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from tests.run.builds import Variant
from tests.run.tally import Tally

_SECONDS = 300
# Not anchored to the line's beginning: what a test prints itself may stand before it.
_LINE = re.compile(r"(not ok|ok) \d+(?: - (\S+)|( # SKIP).*)$", re.MULTILINE)
_PLAN = re.compile(r"1\.\.(\d+)$", re.MULTILINE)


def run_c_tests(tally: Tally, variant: Variant, kind: str) -> None:
    """Run the binaries of tests/<kind>; fuzz targets run their corpus, each file of which is a test."""
    for source in sorted(Path("tests", kind).glob("*_fuzz.c" if kind == "fuzz" else "*_test.c")):
        run_binary(tally, variant.path / "tests" / kind / source.stem)


def run_binary(tally: Tally, binary: Path) -> None:
    """Run one and count its tests; one that dies or hangs fails the test it was at."""
    name = f"{binary.parent.name}/{binary.name}"
    began = time.monotonic()
    output, ending = _run(binary)
    passed, skipped, failures = _count(output, ending)
    tally.add(name, passed, failures, skipped, time.monotonic() - began)
    if failures:
        print("    " + output.rstrip()[-6000:].replace("\n", "\n    "), flush=True)


def _run(binary: Path) -> tuple[str, str]:
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    try:
        done = subprocess.run(
            [str(binary)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        return "", "was not built"
    except subprocess.TimeoutExpired as late:
        return (late.output or b"").decode(errors="replace"), f"hung for {_SECONDS} s"
    output = done.stdout.decode(errors="replace")
    if done.returncode < 0:
        return output, f"died of {signal.Signals(-done.returncode).name}"
    return output, f"ended with {done.returncode}" if done.returncode else ""


def _count(output: str, ending: str) -> tuple[int, int, list[str]]:
    passed, skipped, failures = 0, 0, []
    for verdict, test, skip in _LINE.findall(output):
        if skip:
            skipped += 1
        elif verdict == "ok":
            passed += 1
        else:
            failures.append(test)
    planned = sum(int(number) for number in _PLAN.findall(output))
    if passed + skipped + len(failures) < planned:
        failures.append(ending or "fewer tests than planned")
    elif ending and not failures or not planned and not failures:
        failures.append(ending or "no tests in it")
    return passed, skipped, failures
