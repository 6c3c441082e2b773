"""The runner counts every cmocka test, and one that dies is a failure."""

from pathlib import Path

from tests.run.ctests import run_binary
from tests.run.tally import Tally


def counted(tmp_path: Path, script: str) -> Tally:
    """What the runner makes of a binary that behaves so."""
    binary = tmp_path / "some_test"
    binary.write_text("#!/bin/sh\n" + script)
    binary.chmod(0o755)
    tally = Tally()
    run_binary(tally, binary)
    return tally


def numbers(tally: Tally) -> tuple[int, int, int]:
    """Passed, failed, skipped."""
    return tally.passed, tally.failed, tally.skipped


def test_counts(tmp_path: Path) -> None:
    tally = counted(tmp_path, "echo 1..4; echo 'noise ok 1 - a'; echo 'ok 2 - b'; echo 'not ok 3 - c';"
                    " echo 'not ok 4 # SKIP d'; exit 1")  # fmt: skip
    assert numbers(tally) == (2, 1, 1)
    assert tally.failures == ["test_counts0/some_test: c"]


def test_one_that_dies_or_says_nothing_fails(tmp_path: Path) -> None:
    assert numbers(counted(tmp_path, "echo 1..2; echo 'ok 1 - a'; kill -SEGV $$")) == (1, 1, 0)
    assert numbers(counted(tmp_path, "exit 0")) == (0, 1, 0)
    assert numbers(counted(tmp_path, "echo 1..1; echo 'ok 1 - a'; exit 23")) == (1, 1, 0)


def test_last_line_and_exit_code(tmp_path: Path, capsys: object) -> None:
    tally = counted(tmp_path, "echo 1..1; echo 'ok 1 - a'")
    assert tally.finish() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"  # type: ignore[attr-defined]
    tally.add("more", 0, ["x"], 2)
    assert tally.finish() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed, 2 skipped"  # type: ignore[attr-defined]
    assert Tally().finish() == 1
