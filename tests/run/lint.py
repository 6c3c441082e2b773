"""What can be said about the sources without running them: one function for each tool."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.paths import BUILD, REPOSITORY
from tests.run.tally import Tally

_CPPCHECK = (
    "--enable=warning,performance,portability", "--std=c11", "--error-exitcode=1", "--quiet",
    "--inline-suppr", "--suppressions-list=tests/run/cppcheck.suppressions", "-j2", "-I.", "-D_GNU_SOURCE", "-DLLHTTP_STRICT_MODE=1",
    "--template={file}:{line}: {severity}: {message} [{id}]",
)  # fmt: skip


def sources(*patterns: str) -> list[str]:
    """Files of the project, those not added yet included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.splitlines() if (REPOSITORY / name).exists()]


def lint(tally: Tally) -> None:
    """Run every tool."""
    checks: dict[str, Callable[[], str]] = {
        "clang-format": _clang_format, "cppcheck": _cppcheck, "shellcheck": _shellcheck,
        "python compiles": _python_compiles, "pyflakes": _pyflakes,
    }  # fmt: skip
    for name, check in checks.items():
        began = time.monotonic()
        problem = check()
        tally.check(name, problem, time.monotonic() - began)


def _run(*command: str) -> str:
    done = subprocess.run(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout or f"{command[0]} ended with {done.returncode}"


def _clang_format() -> str:
    return _run("clang-format", "--dry-run", "-Werror", *sources("*.c", "*.h"))


def _cppcheck() -> str:
    cache = BUILD / "cppcheck"
    cache.mkdir(parents=True, exist_ok=True)
    return _run("cppcheck", *_CPPCHECK, *_macros(), f"--cppcheck-build-dir={cache}", *sources("*.c"))


def _macros() -> list[str]:
    """System headers are not read, but the macros of these two are declarations and loops."""
    include = Path("/usr/include")
    queue = [*include.glob("sys/queue.h"), *include.glob("*/sys/queue.h")]
    return [f"--include={path}" for path in (*queue[:1], include / "uthash.h") if path.exists()]


def _shellcheck() -> str:
    scripts = [name for name in sources("*.sh", ".ci/*") if _is_shell(name)]
    return _run("shellcheck", "--external-sources", *scripts) if scripts else ""


def _is_shell(name: str) -> bool:
    first = (REPOSITORY / name).read_text(errors="replace").partition("\n")[0]
    return first.startswith("#!") and first.rpartition("/")[2].split()[-1] in ("sh", "bash")


def _python_compiles() -> str:
    return _run("/usr/bin/python3", "-W", "error", "-m", "compileall", "-q", *sources("*.py"))


def _pyflakes() -> str:
    return _run("/usr/bin/python3", "-m", "pyflakes", *sources("*.py"))
