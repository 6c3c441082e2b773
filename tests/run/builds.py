"""Making the programs and C tests of a build variant."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.paths import REPOSITORY

_JOBS = max(2, os.cpu_count() or 2)
_VARIABLES = {
    "asan": ["SANITIZE=address,undefined", "FAILPOINTS=1", "OPTIMIZE=-O1"],
    "tsan": ["SANITIZE=thread", "FAILPOINTS=1", "OPTIMIZE=-O1"],
    "fuzz": ["SANITIZE=address,undefined,fuzzer-no-link", "OPTIMIZE=-O1"],
    "test": ["FAILPOINTS=1"],
}


@dataclass(frozen=True)
class Variant:
    """A build folder and the make variables that belong to it, by its last name."""

    folder: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return REPOSITORY / self.folder

    @property
    def sanitized(self) -> bool:
        """True for a build that reports by itself what goes wrong."""
        return Path(self.folder).name in ("asan", "tsan")

    @property
    def failpoints(self) -> "Variant":
        """The build beside it whose programs can be told to kill themselves."""
        return self if Path(self.folder).name in _VARIABLES else Variant(f"{self.folder}/test")

    def make(self, *targets: str) -> str:
        """Build the targets; what the compiler said when it failed, else nothing."""
        variables = [f"BUILD={self.folder}", *_VARIABLES.get(Path(self.folder).name, [])]
        done = subprocess.run(
            ["make", "--no-print-directory", f"-j{_JOBS}", *variables, *targets],
            cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        return "" if done.returncode == 0 else "\n".join(done.stdout.splitlines()[-40:]) or "make failed"
