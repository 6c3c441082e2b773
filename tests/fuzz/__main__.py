"""Search for inputs that break a parser, one target after the other: make fuzz [SECONDS=n] [TARGET=name]

New inputs are kept in build/fuzz/corpus for the next run, crashes in build/fuzz/crashes."""

import argparse
import sys
import time

from deploy.local.paths import REPOSITORY
from tests.fuzz import campaign
from tests.fuzz.campaign import Result

_LINE_EVERY_S = 10.0
_LOG_TAIL = 40


class Progress:
    """A line that is written over on a terminal; in a file, a line now and then."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self._every = 0.5 if sys.stdout.isatty() else _LINE_EVERY_S
        self._last = time.monotonic()

    def show(self, result: Result, elapsed: float) -> None:
        """Say how far a target is."""
        if time.monotonic() - self._last < self._every:
            return
        self._last = time.monotonic()
        text = (f"  {result.target}: {elapsed:.0f} of {self.seconds} s, {result.executions:,} executions, "
                f"coverage {result.coverage}, {result.new_inputs} new inputs")  # fmt: skip
        print(f"\r{text:100}" if sys.stdout.isatty() else text, end="" if sys.stdout.isatty() else "\n", flush=True)


def main() -> int:
    """Build, run, and end with a table."""
    known = campaign.targets()
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", nargs="*", metavar="TARGET", help=f"of {', '.join(known)}; all when none is named")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="for each target, 60 when not given")
    options = parser.parse_args()
    if unknown := sorted(set(options.target) - set(known)):
        parser.error(f"there is no target {', '.join(unknown)}; there are {', '.join(known)}")
    if options.seconds < 1:
        parser.error("--seconds must be at least 1")
    clang = campaign.find_clang()
    if not clang:
        print("fuzz: no clang with libFuzzer here. make setup installs it (libclang-rt-VERSION-dev)", file=sys.stderr)
        return 1
    return _fuzz(clang, options.target or known, options.seconds)


def _fuzz(clang: str, names: list[str], seconds: int) -> int:
    print(f"fuzz: building {len(names)} targets with {clang} in {campaign.VARIANT.folder}…", flush=True)
    if problem := campaign.build(clang, names):
        print(problem, file=sys.stderr)
        return 1
    progress = Progress(seconds)
    results: list[Result] = []
    try:
        for name in names:
            results.append(campaign.run(name, seconds, progress.show))
            _report(results[-1])
    except KeyboardInterrupt:
        print("\nfuzz: interrupted")
    _table(results)
    return 0 if len(results) == len(names) and all(result.good for result in results) else 1


def _report(result: Result) -> None:
    """What broke, and how to see it again."""
    print("\r" if sys.stdout.isatty() else "", end="")
    print(f"{f'  {result.target}: done, {result.executions:,} executions':100}".rstrip(), flush=True)
    if result.good:
        return
    log = REPOSITORY / campaign.log_of(result.target)
    print("    " + "\n    ".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL:]))
    for crash in result.crashes:
        print(f"  again: {campaign.program(result.target)} {crash}")


def _table(results: list[Result]) -> None:
    print(f"\n{'target':18} {'executions':>12} {'exec/s':>8} {'coverage':>9} {'new inputs':>11} {'crashes':>8}")
    for result in results:
        print(f"{result.target:18} {result.executions:12,} {result.rate:8,} {result.coverage:9,} "
              f"{result.new_inputs:11,} {len(result.crashes):8}  {result.problem}".rstrip())  # fmt: skip
    crashes = sum(len(result.crashes) for result in results)
    print(f"\n{len(results)} targets, {sum(result.executions for result in results):,} executions, {crashes} crashes")


if __name__ == "__main__":
    sys.exit(main())
