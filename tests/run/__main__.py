"""Build and try everything: python3 -m tests.run all|check|unit|system|faults [--build DIR] [pytest's arguments]

  check    format, lint, build with all warnings as errors, hardening marks, unit tests, the fuzz targets on their corpora
  unit     unit and component tests, the fuzz targets on their corpora
  system   the system tests on real servers; further arguments go to pytest, e.g. -k crowd
  images   the images of deploy/images, built and run in Debian systems made here; long
  scaling  workers added and removed by KEDA's formula on a real broker's lag; two minutes
  faults   the short version of every row of the table of faults; further arguments go to pytest
  all      check, component tests, system tests but for the longest, some of the faults, a short demo: a quarter of an hour

DIR is build (the default), build/asan or build/tsan. The last line is always "N passed, N failed"."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local.paths import REPOSITORY
from tests.run.binaries import check_binaries
from tests.run.builds import Variant
from tests.run.ctests import run_c_tests
from tests.run.lint import lint
from tests.run.pytests import PytestRun
from tests.run.tally import Tally
from tests.support import sanitizer

_SUPPRESSIONS = REPOSITORY / "tests" / "run"
_FEW_FAULTS = "test_planted or every_row or operator or in_turn"


class Run:
    """One run of the tests on one build variant."""

    def __init__(self, variant: Variant, arguments: Sequence[str]) -> None:
        self.variant, self.arguments = variant, list(arguments)
        self.tally = Tally()
        self.environment = {"COUPON_BUILD": variant.folder, "COUPON_FAILPOINT_BUILD": variant.failpoints.folder}

    def begin(self) -> None:
        """A sanitized build reports into files, which are gone from the last run."""
        if not self.variant.sanitized:
            return
        reports = self.variant.path / "reports"
        shutil.rmtree(reports, ignore_errors=True)
        os.environ.update(sanitizer.options(reports, _SUPPRESSIONS))

    def lint(self) -> None:
        """The checks that need no build, and so say nothing new about a sanitized one."""
        if not self.variant.sanitized:
            self.tally.heading("format and lint")
            lint(self.tally)

    def build(self, variant: Variant, *targets: str) -> bool:
        """Build, warnings being errors; False when there is nothing to try."""
        began = time.monotonic()
        return self.tally.check(f"make {variant.folder}: {' '.join(targets)}", variant.make(*targets),
                                time.monotonic() - began)  # fmt: skip

    def binaries(self) -> None:
        """How the programs were hardened. Sanitizers and their runtime have marks of their own."""
        if not self.variant.sanitized:
            self.tally.heading("binaries")
            check_binaries(self.tally, self.variant)

    def c_tests(self, *kinds: str) -> None:
        """cmocka tests of these kinds."""
        for kind in kinds:
            self.tally.heading(f"{kind} tests")
            run_c_tests(self.tally, self.variant, kind)

    def python_tests(self) -> None:
        """The tests of the tests' own parts."""
        self.tally.heading("model, checkers and runner")
        folders = ["tests/support", "tests/run", "tests/api", "tests/monitoring"]
        self._pytest("support", ["-q", "--no-header", *folders]).finish(self.tally)

    def deploy_tests(self) -> None:
        """What is in deploy/, by the tools of its users. A sanitized build changes nothing there."""
        if not self.variant.sanitized:
            self.tally.heading("deployment")
            what = ["tests/deploy", "tests/scaling/test_autoscaler.py", "--ignore=tests/deploy/images"]
            self._pytest("deploy", ["-q", "--no-header", *what]).finish(self.tally)

    def image_tests(self) -> None:
        """Images built and run."""
        self.tally.heading("images")
        self._pytest("images", ["tests/deploy/images", *self.arguments]).finish(self.tally)

    def scaling_tests(self) -> None:
        """The whole of tests/scaling."""
        self.tally.heading("scaling")
        self._pytest("scaling", ["tests/scaling", *self.arguments]).finish(self.tally)

    def system_tests(self) -> None:
        """pytest on real servers."""
        self.tally.heading("system tests")
        self._pytest("system", ["tests/system", *self.arguments]).finish(self.tally)

    def most_system_tests(self) -> None:
        """The same without those marked long: programs killed at each point, outages waited for to their end."""
        self.tally.heading("system tests")
        self._pytest("system", ["tests/system", "-m", "not long"]).finish(self.tally)

    def faults(self) -> None:
        """The short version of every row of the table of faults, on worlds of its own."""
        self.tally.heading("faults")
        once = ["--deselect", "tests/faults/test_rows.py::test_rows_in_turn"]  # each is played by itself
        self._pytest("faults", ["tests/faults", *once, *self.arguments]).finish(self.tally)

    def few_faults(self) -> None:
        """Rows of each part, in the time that a run of everything has; all of them: faults."""
        self.tally.heading("faults, some of the rows")
        self._pytest("faults", ["tests/faults", "-k", _FEW_FAULTS]).finish(self.tally)

    def demo(self) -> None:
        """The demo, as a newcomer runs it, with fewer sales."""
        if self.variant.sanitized:
            return
        self.tally.heading("demo")
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "tests.demo", "--short"], cwd=REPOSITORY, check=False)
        problem = f"the demo ended with {done.returncode}" if done.returncode else ""
        self.tally.check("demo --short", problem, time.monotonic() - began)

    def end(self) -> int:
        """The last look at the sanitizers' reports, and the verdict."""
        if self.variant.sanitized:
            self.tally.check("no sanitizer report", "\n".join(sanitizer.reports()))
        return self.tally.finish()

    def _pytest(self, name: str, arguments: list[str], log: Path | None = None) -> PytestRun:
        report = self.variant.path / "test-reports" / f"{name}.xml"
        return PytestRun(name, arguments, report, self.environment, log)


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("all", "check", "unit", "system", "images", "scaling", "faults"))
    parser.add_argument("--build", default="build", metavar="DIR")
    options, arguments = parser.parse_known_args()
    run = Run(Variant(options.build.rstrip("/")), arguments)
    run.begin()
    if options.what in ("all", "check"):
        run.lint()
    run.tally.heading("build")
    targets = {"all": ["all", "tests"], "check": ["all", "tests"], "unit": ["tests"], "system": ["all"],
               "images": ["all"], "scaling": ["all"], "faults": ["all"]}  # fmt: skip
    built = run.build(run.variant, *targets[options.what])
    if built and options.what in ("all", "system", "faults") and run.variant.failpoints != run.variant:
        built = run.build(run.variant.failpoints, "all")
    if built:
        if options.what in ("all", "check"):
            run.binaries()
        if options.what not in ("system", "images", "scaling", "faults"):
            run.c_tests("unit", "fuzz")
        if options.what in ("all", "unit"):
            run.c_tests("component")
        if options.what not in ("system", "images", "scaling", "faults"):
            run.python_tests()
        if options.what in ("all", "check"):
            run.deploy_tests()
        if options.what == "images":
            run.image_tests()
        if options.what == "scaling":
            run.scaling_tests()
        if options.what == "all":
            run.most_system_tests()
            run.few_faults()
        if options.what == "system":
            run.system_tests()
        if options.what == "faults":
            run.faults()
        if options.what == "all":
            run.demo()
    return run.end()


if __name__ == "__main__":
    sys.exit(main())
