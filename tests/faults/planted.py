"""Plant the bug that a row is there for, and see the row red: python3 -m tests.faults.planted [ROW]...

Each tests/faults/planted/NN-name.patch says in its first lines

  Row: 4                        the row that must catch it; or, where no row is about it,
  Test: system test_a_use       a kind of tests and the one that must catch it; unit: a file, such as discount_test
  Name: sigterm                 only cases whose slug contains this (optional)
  Version: long                 the long version, where the row has no short one (optional)
  Bug: answers 202 before the delivery report
  Seen by: ledger:.* has no result|log:.* not in the topic     an expression that one of the row's problems matches

and then comes the patch. For each: a copy of the tree under build/faults-red, the patch, a build, the short row or the test;
it must fail, and for that reason. Exit code 0 when every bug was caught, 1 when one was not, 2 for wrong usage."""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.paths import REPOSITORY
from tests.faults import interrupt
from tests.faults import outcome as verdicts

_PATCHES = Path(__file__).parent / "planted"
_COPIES = REPOSITORY / "build" / "faults-red"
_BUILT = ("bin", "obj", "test")
_SHOWN_PROBLEMS = 2


@dataclass(frozen=True)
class Planted:
    """One patch file."""

    path: Path
    row: int  # 0: a test
    test: tuple[str, str]  # its kind and name; empty: a row
    name: str
    long: bool
    bug: str
    seen_by: str


@dataclass(frozen=True)
class Catch:
    """What came of it: how says why not, or which problems were seen."""

    planted: Planted
    caught: bool
    how: list[str]


def place_of(planted: Planted) -> str:
    """The row's number, or the test's name."""
    return str(planted.row) if planted.row else planted.test[1]


def read_patches(directory: Path = _PATCHES) -> list[Planted]:
    """All of them, by row. Raises ValueError for one without its first lines."""
    found = []
    for path in sorted(directory.glob("*.patch")):
        head = dict(re.findall(r"^(Row|Test|Name|Version|Bug|Seen by): (.+)$", path.read_text().partition("\n---")[0], re.MULTILINE))
        if not {"Bug", "Seen by"} <= head.keys() or ("Row" in head) == ("Test" in head):
            raise ValueError(f"{path.name} lacks a line Row: or Test:, Bug: or Seen by:")
        is_long = head.get("Version") == "long"
        kind, _, test = head.get("Test", "").partition(" ")
        found.append(
            Planted(path, int(head.get("Row", 0)), (kind, test), head.get("Name", ""), is_long, head["Bug"], head["Seen by"])
        )
    return sorted(found, key=lambda planted: (planted.row, planted.path.name))


def _copy_tree(copy: Path) -> None:
    """The sources as they are now, and what is built of them, so that little is compiled again."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in filter(lambda name: (REPOSITORY / name).exists(), listed):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, copy / name)
    (copy / "build").mkdir()
    for name in _BUILT:
        if (REPOSITORY / "build" / name).exists():
            shutil.copytree(REPOSITORY / "build" / name, copy / "build" / name)
    for name in ("kafka", "redis-server"):
        (copy / "build" / name).symlink_to((REPOSITORY / "build" / name).resolve())


def _run(copy: Path, *command: str, log: Path) -> int:
    """The exit code; when this process is ended meanwhile, that one ends too, and with it what it started."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=copy, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        try:
            return process.wait()
        except BaseException:
            process.send_signal(signal.SIGTERM)
            process.wait()
            raise


def plant(planted: Planted, seed: int) -> Catch:
    """Copy, patch, build, play."""
    copy = _COPIES / planted.path.stem
    _copy_tree(copy)
    log = copy / "build" / "faults-red.log"
    if _run(copy, "patch", "-p1", "--no-backup-if-mismatch", "-i", str(planted.path), log=log):
        return Catch(planted, False, [f"the patch does not apply any more: {log}"])
    for variables in ([], ["BUILD=build/test", "FAILPOINTS=1"]):
        if _run(copy, "make", "--no-print-directory", "-j2", *variables, "all", log=log):
            return Catch(planted, False, [f"it does not build: {log}"])
    problems = _play_row(copy, planted, seed, log) if planted.row else _play_test(copy, planted, log)
    if problems is None:
        return Catch(planted, False, [f"it did not come to its end: {log}"])
    seen = [problem for problem in problems if re.search(planted.seen_by, problem)]
    if not seen:
        return Catch(planted, False, problems or ["it passed"])
    shutil.rmtree(copy, ignore_errors=True)
    return Catch(planted, True, seen)


def _play_row(copy: Path, planted: Planted, seed: int, log: Path) -> list[str] | None:
    """What was wrong; None: it broke off."""
    table = copy / "build" / "faults-red.json"
    name = ["--name", planted.name] if planted.name else []
    version = [] if planted.long else ["--short"]
    _run(copy, sys.executable, "-m", "tests.faults", *version, "--seed", str(seed), "--json", str(table), *name,
         str(planted.row), log=log)  # fmt: skip
    if not table.exists():
        return None
    rows = json.loads(table.read_text())["rows"]
    return [problem for row in rows if row["verdict"] == verdicts.FAILED for problem in row["problems"]]


def _play_test(copy: Path, planted: Planted, log: Path) -> list[str] | None:
    """The lines that a failed test wrote; None: it was not built, not found, or broke off."""
    kind, name = planted.test
    program = f"build/tests/{kind}/{name}"
    if kind != "system" and _run(copy, "make", "--no-print-directory", "-j2", program, log=log):
        return None
    test = [sys.executable, "-m", "tests.run", kind, "-k", name] if kind == "system" else [str(copy / program)]
    played = copy / "build" / "faults-red-test.log"
    code = _run(copy, *test, log=played)
    lines = played.read_text(errors="replace").splitlines()
    if code < 0 or (kind == "system" and not any(name in line for line in lines)):
        return None
    return lines if code else []


def _print_table(catches: Sequence[Catch]) -> None:
    print(f"\n{'row':4} {'planted bug':52} seen by\n{'─' * 120}")
    for catch in catches:
        how = (catch.how if catch.caught else ["NOT CAUGHT", *catch.how])[:_SHOWN_PROBLEMS]
        lines = [line for problem in how for line in textwrap.wrap(problem, 62)[:3]]
        bug = textwrap.wrap(catch.planted.bug, 52)
        for at in range(max(len(bug), len(lines))):
            row = str(catch.planted.row or "") if at == 0 else ""
            print(f"{row:4} {bug[at] if at < len(bug) else '':52} {lines[at] if at < len(lines) else ''}".rstrip())
    print("─" * 120)
    print(f"{sum(catch.caught for catch in catches)} of {len(catches)} planted bugs caught")


def main() -> int:
    """Plant those of the rows that are asked for, or all."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.faults.planted", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", type=int, metavar="ROW", help="numbers of rows; default: all with a patch")
    parser.add_argument("--patch", metavar="PART", help="only patch files whose name contains this")
    parser.add_argument("--list", action="store_true", help="list the bugs and end")
    parser.add_argument("--seed", type=int, default=1, help="of every random choice, default %(default)s")
    options = parser.parse_args()
    chosen = [planted for planted in read_patches() if not options.rows or planted.row in options.rows]
    chosen = [planted for planted in chosen if not options.patch or options.patch in planted.path.name]
    if not chosen:
        print(f"planted: no patch for {options.rows} in {_PATCHES}", file=sys.stderr)
        return 2
    if options.list:
        for planted in chosen:
            print(f"{place_of(planted):3} {planted.bug}\n        {planted.path.name}, seen by {planted.seen_by}")
        return 0
    interrupt.raise_once()
    os.environ.pop("COUPON_BUILD", None)
    os.environ.pop("COUPON_FAILPOINT_BUILD", None)
    catches = []
    try:
        for turn, planted in enumerate(chosen, 1):
            print(f"[{turn}/{len(chosen)}] {place_of(planted)}: {planted.bug}", flush=True)
            catches.append(plant(planted, options.seed))
            print(f"        {'caught' if catches[-1].caught else 'NOT CAUGHT'}: {catches[-1].how[0]}", flush=True)
    except KeyboardInterrupt:
        print("\nplanted: interrupted", file=sys.stderr)
        return 130
    _print_table(catches)
    return 0 if all(catch.caught for catch in catches) else 1


if __name__ == "__main__":
    sys.exit(main())
