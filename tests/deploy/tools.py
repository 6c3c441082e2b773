"""Programs and schemas that the checks need. One that can't be had is a skip that says why; a failure with CI=true."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.paths import BUILD, REPOSITORY
from tests.support.requirement import missing

_NODE_MODULES = BUILD / "deploy-tools" / "node_modules"


def node_modules() -> Path:
    """Where npm put the tools; node is there too."""
    if not shutil.which("node") or not (_NODE_MODULES / ".bin").is_dir():
        missing("npm's packages", "run make setup where npm is installed and reaches its registry")
    return _NODE_MODULES


def node_tool(name: str) -> Path:
    """A command of one of npm's packages."""
    path = node_modules() / ".bin" / name
    assert path.exists(), f"{path} is gone; remove {_NODE_MODULES.parent} and run make setup"
    return path


def debian_tool(name: str) -> str:
    """A command of a Debian package."""
    path = shutil.which(name)
    if path is None:
        missing(name, "run make setup")
    return path


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None, seconds: float = 120) -> str:
    """Standard output of the command; an AssertionError with all it said when it fails."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=REPOSITORY, timeout=seconds, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout
