"""One target under libFuzzer: starting it, following what it says, keeping what it finds."""

import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.paths import REPOSITORY
from tests.run.builds import Variant

VARIANT = Variant("build/fuzz")
_SOURCES = Path("tests/fuzz")
_INPUT_MAX = 4096
_SECONDS_EACH = 10  # for one input; more is a hang
_MEGABYTES = 2048
_COVERAGE = re.compile(r"\bcov: (\d+)")
_RATE = re.compile(r"\bexec/s: (\d+)")
_STATUS = re.compile(r"#(\d+)\s")
_STATISTIC = re.compile(r"stat::(\w+):\s+(\d+)")


@dataclass
class Result:
    """What came of a target; also while it runs."""

    target: str
    executions: int = 0
    rate: int = 0
    coverage: int = 0
    new_inputs: int = 0
    crashes: list[Path] = field(default_factory=list)
    problem: str = ""

    @property
    def good(self) -> bool:
        """Nothing was found, and something was tried."""
        return not self.crashes and not self.problem and self.executions > 0

    def read(self, line: str) -> None:
        """Take in a line of libFuzzer's."""
        if status := _STATUS.match(line):
            self.executions = int(status.group(1))
        if coverage := _COVERAGE.search(line):
            self.coverage = int(coverage.group(1))
        if rate := _RATE.search(line):
            self.rate = int(rate.group(1))
        self.new_inputs += "\tNEW " in line
        if statistic := _STATISTIC.match(line):
            name, number = statistic.group(1), int(statistic.group(2))
            if name == "number_of_executed_units":
                self.executions = number
            elif name == "average_exec_per_sec":
                self.rate = number


def targets() -> list[str]:
    """The names of all there are."""
    return sorted(path.stem.removesuffix("_fuzz") for path in (REPOSITORY / _SOURCES).glob("*_fuzz.c"))


def find_clang() -> str | None:
    """The newest clang that brings libFuzzer."""
    found = [
        (int(library.parts[3].removeprefix("llvm-")), str(Path(*library.parts[:4], "bin", "clang")))
        for library in Path("/usr/lib").glob("llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer*.a")
        if library.parts[3].removeprefix("llvm-").isdigit()
    ]
    return max(found)[1] if found else None


def build(clang: str, names: list[str]) -> str:
    """Build the targets; what the compiler said when it failed, else nothing."""
    programs = [str(program(name)) for name in names]
    return VARIANT.make(f"CC={clang}", *programs)


def program(name: str) -> Path:
    """Where a target is built, as a path to type."""
    return Path(VARIANT.folder, "tests", "fuzz", f"{name}_fuzz")


def log_of(name: str) -> Path:
    """All that libFuzzer said of the last run."""
    return Path(VARIANT.folder, "logs", f"{name}.log")


def run(name: str, seconds: int, progress: Callable[[Result, float], None]) -> Result:
    """Fuzz one target. What is found on the way is kept for the next run, crashes for whoever looks into them."""
    kept = Path(VARIANT.folder, "corpus", name)
    crashes = Path(VARIANT.folder, "crashes", name)
    dictionary = _SOURCES / "dictionaries" / name
    for folder in (kept, crashes, log_of(name).parent):
        (REPOSITORY / folder).mkdir(parents=True, exist_ok=True)
    before = set((REPOSITORY / crashes).iterdir())
    result = Result(name)
    began = time.monotonic()
    with (REPOSITORY / log_of(name)).open("w") as log, subprocess.Popen(
        [
            str(program(name)), f"-max_total_time={seconds}", f"-max_len={_INPUT_MAX}",
            f"-timeout={_SECONDS_EACH}", f"-rss_limit_mb={_MEGABYTES}", "-print_final_stats=1",
            f"-artifact_prefix={crashes}/", *([f"-dict={dictionary}"] if (REPOSITORY / dictionary).exists() else []),
            str(kept), str(_SOURCES / "corpus" / name),
        ],
        cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
    ) as process:  # fmt: skip
        assert process.stderr
        try:
            for line in process.stderr:
                log.write(line)
                result.read(line)
                progress(result, time.monotonic() - began)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            result.problem = "interrupted"
            raise
    found = sorted(set((REPOSITORY / crashes).iterdir()) - before)
    result.crashes = [path.relative_to(REPOSITORY) for path in found]
    if process.returncode != 0 and not result.crashes:
        result.problem = f"ended with {process.returncode}"
    return result
