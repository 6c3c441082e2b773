"""The main job, end to end, on real servers, from nothing: python3 -m tests.demo [--short] [--mock]

Two gateways, three workers, three partitions, real HTTP clients; then a table and a verdict. Exit code 0 when
everything was as expected."""

import argparse
import signal
import sys
import time
from collections.abc import Callable

from deploy.local.errors import LocalError
from tests.demo.scenarios import by_hand, coupon_life, garbage, worker_killed
from tests.demo.stage import stage
from tests.demo.table import print_table
from tests.support.crowd import Progress
from tests.support.ledger import Ledger
from tests.support.sales import Sale, crowd_sale, one_user_sale, ordered_sale, same_key_sale
from tests.support.system import System

Scenario = Callable[[System, Ledger], Sale]


def scenarios(short: bool) -> list[Scenario]:
    """What is played, in order."""
    few: list[Scenario] = [
        lambda system, ledger: crowd_sale(system, ledger, 100, 30),
        lambda system, ledger: ordered_sale(system, ledger, 20, 7),
        same_key_sale,
        lambda system, ledger: one_user_sale(system, ledger, 10, 1),
        by_hand,
        garbage,
    ]
    if short:
        return [*few, coupon_life]
    return [
        few[0],
        lambda system, ledger: crowd_sale(system, ledger, 120, 100),
        lambda system, ledger: crowd_sale(system, ledger, 500, 100),
        lambda system, ledger: crowd_sale(system, ledger, 2000, 1000),
        lambda system, ledger: ordered_sale(system, ledger, 20, 20),
        *few[1:],
        worker_killed,
        coupon_life,
    ]


def show(progress: Progress) -> None:
    """How far the crowd is, on a terminal only."""
    if sys.stdout.isatty():
        print(f"\r    {progress.answered:,} of {progress.total:,} answered, {progress.ended:,} done \033[K", end="")


def play(system: System, short: bool) -> list[Sale]:
    """Run the scenarios one after the other, and say how it goes."""
    system.watch = show
    sales = []
    chosen = scenarios(short)
    for number, scenario in enumerate(chosen, 1):
        with system.ledger(f"demo-{number}") as ledger:
            sale = scenario(system, ledger)
        sales.append(sale)
        clear = "\r\033[K" if sys.stdout.isatty() else ""
        verdict = "as expected" if sale.good else "NOT AS EXPECTED"
        print(f"{clear}  {number:2} of {len(chosen)}  {sale.scenario}: {verdict}, {sale.seconds:.2f} s", flush=True)
    return sales


def end(number: int, frame: object) -> None:
    """SIGTERM ends the demo as Ctrl-C does: everything is stopped."""
    del frame
    raise KeyboardInterrupt(number)


def main() -> int:
    """Play, stop everything, print the table."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.demo", description="The main job, end to end.")
    parser.add_argument("--short", action="store_true", help="fewer sales")
    parser.add_argument("--mock", action="store_true", help="on librdkafka's mock cluster, even if Kafka is there")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, end)
    began = time.monotonic()
    print("Starting Kafka, MariaDB, Redis, two gateways and three workers:")
    try:
        with stage(options.mock) as system:
            on_mock = not hasattr(system.world.kafka, "consumer_groups_describe")
            print("Selling:")
            sales = play(system, options.short)
            logs = system.world.data_dir / "logs"
    except (LocalError, KeyboardInterrupt) as error:
        print(f"\ndemo: {error if isinstance(error, LocalError) else 'interrupted'}", file=sys.stderr)
        return 1
    print_table(sales)
    bad = sum(not sale.good for sale in sales)
    where = " on the MOCK CLUSTER, not on a real Kafka" if on_mock else ""
    if bad:
        print(f"\nNOT AS EXPECTED: {bad} of {len(sales)} scenarios{where}. The logs are in {logs}.")
        return 1
    print(f"\nAll {len(sales)} scenarios as expected{where}, in {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
