"""The documents' linters, from npm: installed under build/ as package-lock.json says, or not to be had."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from deploy.local.paths import BUILD
from tests.support.requirement import missing

_HERE = Path(__file__).parent
_FOLDER = BUILD / "api-linters"
_SECONDS = 300


def _install() -> str:
    """Bring them here; why not, or ""."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "no node, or no npm"
    lock = (_HERE / "package-lock.json").read_bytes()
    stamp = _FOLDER / ".lock"
    if stamp.exists() and stamp.read_bytes() == lock:
        return ""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_HERE / name, _FOLDER / name)
    try:
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=_FOLDER, capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"npm did not end within {_SECONDS} s"
    if done.returncode != 0:
        return f"npm could not fetch them: {done.stderr.strip()[-300:]}"
    stamp.write_bytes(lock)
    return ""


@cache
def _missing() -> str:
    return _install()


def run(script: Path, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run a script of node's with the linters' modules. Where they can't be had the test is skipped; with CI=true it
    fails."""
    why = _missing()
    if why:
        missing("the linters of OpenAPI and AsyncAPI", why)
    environment = {**os.environ, "NODE_PATH": str(_FOLDER / "node_modules")}
    return subprocess.run(
        ["node", script, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=_SECONDS, check=False,
    )  # fmt: skip
