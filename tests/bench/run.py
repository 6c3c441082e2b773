"""Speed against ceilings: python3 -m tests.bench.run [--only NAME] [--rounds N] [--seconds S]

Each budget is a pair, the ceiling and our program, measured in turns, so that both see the same
machine. A measure during which others took much of the machine is made again, whatever it showed, a few
times; then the least disturbed one counts. Exit code 1 when a budget is missed, 2 when something could not be measured."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.paths import BUILD
from tests.bench import report
from tests.bench.bench_world import DIRECTORY, BenchWorld
from tests.bench.cpu import Disturbance
from tests.bench.expiry_pair import ExpiryPair, ExpirySizePair
from tests.bench.gateway_pair import GatewayPair
from tests.bench.metrics_pair import MetricsPair
from tests.bench.pair import Figures, Pair
from tests.bench.worker_pair import WorkerPair

_DISTURBED = 0.15  # of a processor
_ATTEMPTS = 4
_SECONDS_TO_WAIT = 20
_USUAL = (
    "gateway-accept", "gateway-accept-few", "gateway-sold-out", "metrics-accept", "metrics-sold-out", "worker-issued",
    "worker-sold-out", "expiry", "expiry-without-events",
)  # fmt: skip
_LONG = ("expiry-size",)
# One round is exact to some hundredths, which is all that these may differ by.
_TIMES_THE_ROUNDS = {"metrics-accept": 3, "metrics-sold-out": 3}
RESULT = DIRECTORY / "result.json"
_ISSUED_RECORDS, _SOLD_OUT_RECORDS, _EXPIRED_ROWS = 25_000, 50_000, 30_000  # for each second that a measure shall take


def _pairs(bench: BenchWorld, seconds: float, silent_build: Path) -> list[Pair]:
    return [
        GatewayPair(bench, False, seconds),
        GatewayPair(bench, False, seconds, few=True),
        GatewayPair(bench, True, seconds),
        MetricsPair(bench, False, seconds, silent_build),
        MetricsPair(bench, True, seconds, silent_build),
        WorkerPair(bench, False, int(seconds * _ISSUED_RECORDS)),
        WorkerPair(bench, True, int(seconds * _SOLD_OUT_RECORDS)),
        ExpiryPair(bench, True, int(seconds * _EXPIRED_ROWS)),
        ExpiryPair(bench, False, int(seconds * _EXPIRED_ROWS)),
        ExpirySizePair(bench),
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench.run", description="Speed against ceilings.")
    parser.add_argument("--only", action="append", choices=(*_USUAL, *_LONG), metavar="NAME", help=f"of {', '.join(_USUAL)}; when asked for: {', '.join(_LONG)}")
    parser.add_argument("--rounds", type=int, default=3, help="of both sides in turns (default: 3)")
    parser.add_argument("--seconds", type=float, default=4, help="that a measure shall take, about (default: 4)")
    parser.add_argument("--build", type=Path, default=BUILD, help="folder of the binaries (default: build)")
    parser.add_argument("--silent-build", type=Path, default=BUILD / "silent", help="of those that count nothing")
    return parser.parse_args()


def _describe(figures: Figures) -> str:
    return ", ".join(f"{name} {value:,.2f}" for name, value in figures.items())


def _wait_for_quiet(bench: BenchWorld) -> None:
    """Return when others leave the machine alone, or after some time."""
    deadline = time.monotonic() + _SECONDS_TO_WAIT
    while time.monotonic() < deadline:
        disturbance = Disturbance(bench.pids())
        time.sleep(1)
        if disturbance.share() < _DISTURBED:
            return


def _undisturbed(bench: BenchWorld, run: Callable[[], Figures]) -> Figures:
    """The figures of a measure, with "others": how much of a processor others took meanwhile."""
    attempts: list[Figures] = []
    while len(attempts) < _ATTEMPTS:
        _wait_for_quiet(bench)
        disturbance = Disturbance(bench.pids())
        figures = run()
        attempts.append({**figures, "others": disturbance.share()})
        if attempts[-1]["others"] < _DISTURBED:
            break
        print(f"    disturbed {_describe(attempts[-1])}", flush=True)
    return min(attempts, key=lambda attempt: attempt["others"])


def _measure(bench: BenchWorld, pair: Pair, rounds: int) -> report.Measured:
    measured = report.Measured(pair)
    print(f"{pair.title}", flush=True)
    pair.open()
    try:
        for number in range(1, rounds * _TIMES_THE_ROUNDS.get(pair.name, 1) + 1):
            for side, kept, run in (
                ("ceiling", measured.ceiling, pair.ceiling),
                ("ours", measured.ours, pair.ours),
            ):
                kept.append(_undisturbed(bench, run))
                print(f"  round {number} {side:8} {_describe(kept[-1])}", flush=True)
    finally:
        pair.close()
    return measured


def main() -> int:
    """Measure; the exit code."""
    options = _arguments()
    bench = BenchWorld(options.build.resolve())
    all_measured = []
    try:
        print("starting servers", flush=True)
        with bench.running():
            for pair in _pairs(bench, options.seconds, options.silent_build.resolve()):
                if pair.name in (options.only or _USUAL):
                    all_measured.append(_measure(bench, pair, options.rounds))
    except LocalError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    report.write(RESULT, all_measured, options.rounds)
    print(f"\n{report.table(all_measured)}\n\n{RESULT}")
    missed = [line for measured in all_measured for line in measured.missed()]
    for line in missed:
        print(f"MISSED  {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
