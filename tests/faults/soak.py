"""Random faults from a seed, under load, for as long as you like: python3 -m tests.faults.soak --minutes 30

Rounds of two minutes: a load with new coupons, faults one after the other and sometimes two at once, each healed before
the next; then the load ends, all is drained, and every checker looks at the round, whose ledger is deleted when it is
good; a bad one ends the soak. In the end all rounds are looked at together. Exit code 0 when nothing was wrong, 1 when something was, 2 for
wrong usage, 130 when interrupted. The seed gives the same faults in the same order (their moments depend on the machine).
JSON in build/faults/soak.json."""

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.kafka import libs_present
from tests.faults import interrupt
from tests.faults.outcome import Outcome, percentile
from tests.faults.registry import LoadPlan, Row
from tests.faults.soak_faults import KINDS, Fault
from tests.faults.stage import Build, Proxied
from tests.faults.theatre import SECONDS_TO_RECOVER, Theatre
from tests.faults.trial import Trial
from tests.support.check.counts import Counts

_SECONDS_OF_ROUND = 120.0
_TWO_AT_ONCE = 0.2
_MOST_BYTES = 3 << 30  # of a world; then the next round gets a new one
# A program that shall start while another fault keeps it from starting is waited for 90 s, and only then both are healed:
# who was told "accepted" before polls for longer than that.
_LOAD = LoadPlan(rate=50, stocks=(1_000_000, 50, 500, 2000), patience=240)


@dataclass
class Soak:
    """What happened so far."""

    deadline: float
    random: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    resident: dict[str, int] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    outcomes: list[Outcome] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def say(self, words: str) -> None:
        """A line with the time."""
        print(f"  {time.monotonic() - self.began:7.1f} s  {words}", flush=True)

    def round(self, trial: Trial) -> None:
        """Faults until the round's time is over."""
        ends = min(self.deadline, time.monotonic() + _SECONDS_OF_ROUND)
        while time.monotonic() < ends:
            chosen = self.random.sample(range(len(KINDS)), 2 if self.random.random() < _TWO_AT_ONCE else 1)
            began = time.monotonic()
            words = _at_once(trial, [KINDS[number] for number in chosen])
            lasted = time.monotonic() - began
            trial.stage.heal()
            trial.flow().wait_for("result", 3, SECONDS_TO_RECOVER)
            recovery = time.monotonic() - began - lasted
            self.faults.update(words)
            self.recoveries.append(recovery)
            self._measure(trial)
            sent = trial.flow().counts()["sent"]
            self.say(f"{' + '.join(words)}, {lasted:.1f} s; served again after {recovery:.1f} s; {sent} sent")

    def _measure(self, trial: Trial) -> None:
        for program in (*trial.world.gateways, *trial.world.workers):
            pid = program.process.pid()
            if pid is not None:
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                kind = program.name.rpartition("-")[0]
                self.resident[kind] = max(self.resident.get(kind, 0), pages * 4096)


def _at_once(trial: Trial, faults: list[Fault]) -> list[str]:
    """Play them beside each other; what they say."""
    words: list[str] = []
    errors: list[BaseException] = []

    def play(fault: Fault) -> None:
        try:
            words.append(fault(trial))
        except Exception as error:  # two at once get into each other's way, such as a question to what is killed
            errors.append(error)

    threads = [threading.Thread(target=play, args=[fault]) for fault in faults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors and len(faults) == 1:
        raise errors[0]
    if errors:
        words.append("a fault that another got in the way of")
    return sorted(words)


def _bytes_under(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file() and not file.is_symlink())


def _play(soak: Soak, theatre: Theatre) -> None:
    number = 0
    while time.monotonic() < soak.deadline:
        number += 1
        outcome = theatre.play(Row(number, "soak", soak.round, Proxied, _LOAD, None))
        soak.outcomes.append(outcome)
        soak.statuses.update(outcome.statuses)
        verdict = "all promises hold" if outcome.good else "; ".join(outcome.problems)
        soak.say(f"round {number}: {outcome.requests} requests, lost/doubled/oversold {outcome.counts}: {verdict}")
        stage = theatre.stage
        if not outcome.good or stage is None:
            soak.say("this is the end, so that what is there can be looked at")
            break
        for ledger in stage.system.ledgers.glob("*soak*"):
            ledger.unlink()
        if _bytes_under(stage.data_dir) > _MOST_BYTES:
            soak.say("a new world, so that the disk does not fill up")
            _look_back(soak, theatre)
    _look_back(soak, theatre)


def _look_back(soak: Soak, theatre: Theatre) -> None:
    """Everything that the world has seen, together; and how its programs end."""
    problems = theatre.stage.system.violations() if theatre.stage else []
    problems += theatre.close()
    if problems:
        soak.outcomes.append(Outcome(0, "all rounds together", "FAILED", problems=problems))


def _sum_up(soak: Soak, seed: int, path: Path) -> bool:
    """Print the figures and write them as JSON; True if all was well."""
    counts = [outcome.counts for outcome in soak.outcomes if outcome.counts]
    total = Counts(*(sum(getattr(c, name) for c in counts) for name in ("lost", "doubled", "oversold")))
    problems = [problem for outcome in soak.outcomes for problem in outcome.problems]
    recoveries = sorted(soak.recoveries)
    figures = {
        "seed": seed, "seconds": round(time.monotonic() - soak.began), "rounds": len(counts),
        "requests": sum(outcome.requests for outcome in soak.outcomes), "statuses": dict(sorted(soak.statuses.items())),
        "lost": total.lost, "doubled": total.doubled, "oversold": total.oversold,
        "recoverySeconds": {"p50": percentile(recoveries, 0.5), "max": max(recoveries, default=None)},
        "residentBytes": soak.resident, "faults": dict(soak.faults.most_common()), "problems": problems,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\n{sum(soak.faults.values())} faults:")
    for name, times in soak.faults.most_common():
        print(f"  {times:4} {name}")
    if recoveries:
        print(f"served again after {percentile(recoveries, 0.5):.1f} s (median), {recoveries[-1]:.1f} s (longest)")
    print("most memory: " + ", ".join(f"{name} {size >> 20} MiB" for name, size in soak.resident.items()))
    for problem in problems:
        print(f"  ! {problem}")
    print(f"{figures['requests']} requests, lost {total.lost}, doubled {total.doubled}, oversold {total.oversold};"
          f" {figures['seconds']} s, SEED={seed}; " + ("FAILED" if problems or not counts else "all promises hold"))  # fmt: skip
    return not problems and bool(counts)


def main() -> int:
    """Soak, and sum up."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.faults.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5, metavar="N", help="default %(default)s")
    parser.add_argument("--seed", type=int, help="default: a new one, which is printed")
    options = parser.parse_args()
    if not libs_present():
        print("soak: no Kafka jars: run make setup where Maven Central can be reached", file=sys.stderr)
        return 2
    seed = random.SystemRandom().randrange(1 << 30) if options.seed is None else options.seed
    print(f"{options.minutes:g} minutes, SEED={seed}", flush=True)
    interrupt.raise_once()
    build = Build.of_environment()
    soak = Soak(time.monotonic() + options.minutes * 60, random.Random(seed))
    code = 0
    try:
        with Theatre(build, seed, short=False) as theatre:
            _play(soak, theatre)
    except LocalError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nsoak: interrupted; everything that was started is ended", file=sys.stderr)
        code = 130
    good = _sum_up(soak, seed, build.folder / "faults" / "soak.json")
    return code or (0 if good else 1)


if __name__ == "__main__":
    sys.exit(main())
