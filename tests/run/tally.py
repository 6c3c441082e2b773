"""Counting what passed and failed, with progress on the terminal."""

import sys
import time


class Tally:
    """All that was tried in this run. Prints a line for each part when it is done."""

    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0
        self.failures: list[str] = []
        self._began = time.monotonic()

    def heading(self, text: str) -> None:
        """A part begins."""
        print(f"\n== {text}  [{time.monotonic() - self._began:.0f} s]", flush=True)

    def add(self, name: str, passed: int, failures: list[str], skipped: int = 0, seconds: float = 0.0) -> None:
        """Count a group of tests; failures are names with a word on why."""
        self.passed += passed
        self.failed += len(failures)
        self.skipped += skipped
        self.failures += [f"{name}: {failure}" for failure in failures]
        words = [f"{passed} passed"] if passed or not failures else []
        words += [f"{len(failures)} FAILED"] if failures else []
        words += [f"{skipped} skipped"] if skipped else []
        print(f"  {name:44} {', '.join(words)}  ({seconds:.1f} s)", flush=True)

    def check(self, name: str, problem: str, seconds: float = 0.0) -> bool:
        """Count one check; problem is its output, empty when all is well. True if it was."""
        self.add(name, 0 if problem else 1, [problem.strip().splitlines()[-1]] if problem.strip() else [], 0, seconds)
        if problem:
            print("    " + problem.rstrip().replace("\n", "\n    "), flush=True)
        return not problem

    def finish(self) -> int:
        """Print the failures again and the last line; the exit code."""
        if self.failures:
            print("\nFailed:")
            for failure in self.failures:
                print(f"  {failure}")
        sys.stdout.flush()
        print(f"\n{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else ""))
        return 1 if self.failed or not self.passed else 0
