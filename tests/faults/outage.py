"""What a client sees while a server is away: python3 -m tests.faults.outage [--seconds 20]

A load on a world of its own; then Redis, MySQL and Kafka, each killed and each frozen for so long. The table (also in
build/faults/outage.json) has status, and p50, p99 and longest time, of POST issue and of polls without and with ?wait=5,
and how many processors others took of this machine meanwhile: where that is much, the times are theirs too.
Exit code 0 when the checkers were content with every one, 1 when not."""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from deploy.local.errors import LocalError
from deploy.local.world import Member, World
from tests.bench.cpu import Disturbance
from tests.faults import interrupt
from tests.faults.outcome import percentile
from tests.faults.registry import LoadPlan, Row
from tests.faults.stage import Build, Plain
from tests.faults.theatre import Theatre
from tests.faults.trial import Trial
from tests.support.ledger import Account, Poll

_SEED = 1
_SERVERS: dict[str, Callable[[World], Member]] = {
    "Redis": lambda world: world.redis, "MySQL": lambda world: world.mariadb, "Kafka": lambda world: world.kafka,
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One kind of question in one outage. states: what was answered how often; others: processors that were taken by
    what does not belong to it."""

    outage: str
    question: str
    states: dict[str, int]
    p50: float | None
    p99: float | None
    longest: float | None
    others: float


def _line(outage: str, question: str, seen: Iterable[tuple[str, float | None]], others: float) -> Line:
    answers = list(seen)
    waits = sorted(wait for _, wait in answers if wait is not None)
    states = dict(Counter(state for state, _ in answers).most_common())
    p50, p99, longest = percentile(waits, 0.5), percentile(waits, 0.99), max(waits, default=None)
    return Line(outage, question, states, p50, p99, longest, round(others, 2))


def lines(outage: str, account: Account, began: float, ended: float, others: float) -> list[Line]:
    """The table's lines for those who asked between these moments."""
    asked = [a for a in account.attempts.values() if began <= a.at <= ended]
    polls = [p for p in account.polls if began <= p.at <= ended]
    told = [(f"409 {a.code}" if a.status == 409 else str(a.status or "no answer"), a.ms) for a in asked]
    return [
        _line(outage, "POST issue", told, others),
        _line(outage, "GET result", [(_shown(poll), poll.ms) for poll in polls if not poll.wait], others),
        _line(outage, "GET result?wait=5", [(_shown(poll), poll.ms) for poll in polls if poll.wait], others),
    ]


def _shown(poll: Poll) -> str:
    return f"{poll.status or 'no answer'} {poll.state or ''}".strip()


def _row(name: str, break_it: Callable[[Trial], None], seconds: float, found: list[Line]) -> Row:
    def play(trial: Trial) -> None:
        began = time.time()
        with trial.fault():
            break_it(trial)
            disturbance = Disturbance(_own_pids(trial))
            trial.hold(began + seconds - time.time())
            others = disturbance.share()
        ended = time.time()
        trial.stage.heal()
        trial.hold(6)  # those who asked at the end are answered, at the latest after the accept timeout or the wait
        found.extend(lines(name, trial.flow().account(), began, ended, others))

    return Row(0, f"outage {name}", play, Plain, LoadPlan(rate=20, stocks=(1_000_000,)), None)


def _own_pids(trial: Trial) -> list[int]:
    """The load's, and those of all that is up."""
    pids = (member.process.pid() for member in trial.world.members())
    return [trial.flow().pid, *(pid for pid in pids if pid is not None)]


def _rows(seconds: float, found: list[Line]) -> list[Row]:
    def killed(of: Callable[[World], Member]) -> Callable[[Trial], None]:
        return lambda trial: trial.kill(of(trial.world))

    def frozen(of: Callable[[World], Member]) -> Callable[[Trial], None]:
        return lambda trial: of(trial.world).process.pause()

    rows = [_row("nothing away", lambda trial: None, seconds, found)]
    for name, of in _SERVERS.items():
        rows.append(_row(f"{name} killed", killed(of), seconds, found))
        rows.append(_row(f"{name} frozen", frozen(of), seconds, found))
    return rows


def _print(found: Sequence[Line]) -> None:
    """As a table of Markdown, ready for the documentation."""
    print("\n| away | question | answers | p50 | p99 | longest | others |\n| --- | --- | --- | --- | --- | --- | --- |")
    for line in found:
        times = " | ".join("–" if wait is None else f"{wait:,.0f} ms" for wait in (line.p50, line.p99, line.longest))
        answers = ", ".join(f"{state} × {count}" for state, count in line.states.items())
        print(f"| {line.outage} | {line.question} | {answers} | {times} | {line.others:.2f} |")


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.faults.outage", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20, metavar="N", help="of each outage, default %(default)s")
    parser.add_argument("--only", default="", metavar="PART", help='only outages whose name has this, such as "Kafka killed"')
    options = parser.parse_args()
    interrupt.raise_once()
    found: list[Line] = []
    problems: list[str] = []
    build = Build.of_environment()
    try:
        with Theatre(build, _SEED, short=False) as theatre:
            for row in (row for row in _rows(options.seconds, found) if options.only in row.name):
                print(f"{row.name}…", flush=True)
                problems += [f"{row.name}: {problem}" for problem in theatre.play(row).problems]
    except LocalError as error:
        print(f"outage: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\noutage: interrupted; everything that was started is ended", file=sys.stderr)
        return 130
    _print(found)
    path = build.folder / "faults" / "outage.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([line.__dict__ for line in found], indent=1) + "\n")
    for problem in problems:
        print(f"! {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
