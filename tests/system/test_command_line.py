"""Goal: each program explains itself, and refuses to start without what it must be told."""

import subprocess
from pathlib import Path

import pytest

_PROGRAMS = ["api-gateway", "issue-worker"]
_USAGE = 64
# All that a gateway must be told, so that only the mistake is left to complain about.
_COMPLETE = {"COUPON_AUTH": "off", "COUPON_REQUEST_ID_KEY": "0" * 32, "COUPON_ADMIN_TOKEN": "token"}


def run(build: Path, program: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run it to its end."""
    return subprocess.run(
        [build / "bin" / program, *arguments], capture_output=True, text=True, timeout=20, check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )  # fmt: skip


@pytest.mark.parametrize("program", _PROGRAMS)
def test_help(build: Path, program: str) -> None:
    done = run(build, program, "--help")
    print(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    for flag in ("--kafka-brokers", "--mysql-host", "--mysql-password-file", "--redis-host", "--management-listen"):
        assert flag in done.stdout
    assert "COUPON_KAFKA_BROKERS" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 100, "help fits a terminal"


@pytest.mark.parametrize("program", _PROGRAMS)
def test_version(build: Path, program: str) -> None:
    done = run(build, program, "--version")
    assert done.returncode == 0 and done.stdout.startswith(program)


@pytest.mark.parametrize("program", _PROGRAMS)
@pytest.mark.parametrize(
    "arguments, word",
    [
        (["--no-such-flag"], "--no-such-flag"),
        (["--mysql-port", "70000"], "--mysql-port"),
        (["--mysql-password", "secret"], "--mysql-password"),
        (["--mysql-password-file", "/nowhere/at/all"], "/nowhere/at/all"),
        (["--kafka-brokers"], "--kafka-brokers"),
        (["surplus"], "surplus"),
    ],
)
def test_mistakes_are_named(build: Path, program: str, arguments: list[str], word: str) -> None:
    done = run(build, program, *arguments, **_COMPLETE)
    print(f"{program} {arguments}: {done.returncode} {done.stderr}")
    assert done.returncode == _USAGE
    assert word in done.stderr and done.stdout == ""


def test_gateway_without_auth_does_not_start(build: Path) -> None:
    done = run(build, "api-gateway")
    print(done.stderr)
    assert done.returncode == _USAGE
    assert "--auth" in done.stderr
