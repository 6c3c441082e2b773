"""Break the running system on purpose, row by row, and see that every promise holds.

  /usr/bin/python3 -m tests.faults                 every row
  /usr/bin/python3 -m tests.faults 13 14           these
  /usr/bin/python3 -m tests.faults --short 13      as in make test
  /usr/bin/python3 -m tests.faults --list          what there is

Worlds of their own under build/faults-world; beside make up and the tests. Ends with a table; the same as JSON in
build/faults/table.json. Exit code 0 when nothing failed, 1 when something did, 2 for wrong usage, 130 when interrupted
(no process is left then either)."""

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.kafka import libs_present
from tests.faults import interrupt
from tests.faults import outcome as verdicts
from tests.faults.outcome import Outcome, print_table, write_json
from tests.faults.registry import Row, all_rows, missing
from tests.faults.stage import Build
from tests.faults.theatre import Theatre


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", type=int, metavar="ROW", help="numbers of rows; default: all")
    parser.add_argument("--name", metavar="PART", help="only cases whose slug contains this (see --list)")
    parser.add_argument("--seed", type=int, help="of every random choice; default: a new one, which is printed")
    parser.add_argument("--short", action="store_true", help="the version that make test runs")
    parser.add_argument("--list", action="store_true", help="list the rows and end")
    parser.add_argument("--json", type=Path, metavar="FILE", help="default: BUILD/faults/table.json")
    return parser.parse_args()


def _chosen(rows: Sequence[Row], numbers: Sequence[int], name: str | None) -> list[Row]:
    return [row for row in rows if (not numbers or row.number in numbers) and (not name or name in row.slug)]


def _play(rows: Sequence[Row], build: Build, seed: int, short: bool, outcomes: list[Outcome]) -> None:
    with Theatre(build, seed, short) as theatre:
        for turn, row in enumerate(rows, 1):
            print(f"[{turn}/{len(rows)}] row {row.number}: {row.name}", flush=True)
            outcome = theatre.play(row)
            outcomes.append(outcome)
            words = f"{outcome.requests} requests, {outcome.seconds:.1f} s" if outcome.counts else ""
            print(f"        {outcome.verdict}  {words}", flush=True)
            for problem in outcome.problems:
                print(f"        ! {problem}", flush=True)
        wrong = theatre.close()
        if wrong:
            outcomes.append(Outcome(0, "programs end with 0 in the end", verdicts.FAILED, problems=wrong))


def main() -> int:
    """Play what is asked for."""
    options = _arguments()
    rows = all_rows()
    if options.list:
        for row in sorted(rows, key=lambda row: row.slug):
            print(f"{row.slug:60} {row.stage.__name__}" + (f"  (long only: {row.long_only})" if row.long_only else ""))
        return 0
    chosen = _chosen(rows, options.rows, options.name)
    absent = [number for number in missing(rows) if not options.rows or number in options.rows]
    if not chosen:
        print(f"faults: no such row: {options.rows} {options.name or ''}; see --list", file=sys.stderr)
        return 2
    if not libs_present():
        print("faults: no Kafka jars: run make setup where Maven Central can be reached", file=sys.stderr)
        return 2
    seed = random.SystemRandom().randrange(1 << 30) if options.seed is None else options.seed
    build, began = Build.of_environment(), time.monotonic()
    print(f"{len(chosen)} rows, SEED={seed}", flush=True)
    interrupt.raise_once()
    outcomes: list[Outcome] = []
    try:
        _play(chosen, build, seed, options.short, outcomes)
    except LocalError as error:
        print(f"faults: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nfaults: interrupted; everything that was started is ended", file=sys.stderr)
        return 130
    if not options.name:
        outcomes += [Outcome(n, "", verdicts.FAILED, problems=["there is no such row"]) for n in absent]
    outcomes.sort(key=lambda outcome: outcome.number)
    print_table(outcomes)
    write_json(outcomes, seed, options.short, options.json or build.folder / "faults" / "table.json")
    print(f"SEED={seed}, {time.monotonic() - began:.0f} s; once more: make faults SEED={seed}")
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
