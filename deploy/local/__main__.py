"""The command line of the local system: /usr/bin/python3 -m deploy.local COMMAND"""

import argparse
import os
import sys
import time

from deploy.local import paths
from deploy.local.errors import LocalError
from deploy.local.status import print_status
from deploy.local.world import World


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 64:
        raise argparse.ArgumentTypeError("allowed: 0 to 64")
    return number


def _broker_count(text: str) -> int:
    number = int(text)
    if number not in (1, 3):
        raise argparse.ArgumentTypeError("allowed: 1 and 3")
    return number


def _partition_count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 256:
        raise argparse.ArgumentTypeError("allowed: 1 to 256")
    return number


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m deploy.local",
        description="Kafka, MariaDB, Redis, gateways and workers on loopback, in the background.",
        epilog="Data, logs and pids are in build/local, or where COUPON_LOCAL_DIR says.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start what is missing, wait until all is ready")
    up.add_argument("--workers", type=_count, help="default: as at the last up, or 3")
    up.add_argument("--partitions", type=_partition_count, help="of the request topic; default: as it is, or 3")
    up.add_argument("--gateways", type=_count, help="default: as at the last up, or 2")
    up.add_argument("--brokers", type=_broker_count, help="Kafka nodes, 1 or 3; default: as it is, or 1")
    up.add_argument("--relays", type=_count, default=1, help="of events; default: 1")
    up.add_argument("--monitoring", action=argparse.BooleanOptionalAction, help="Prometheus, Alertmanager and"
                    " node_exporter too; default: as at the last up, or not")  # fmt: skip
    up.add_argument("--shop", action=argparse.BooleanOptionalAction, help="a worker of the shop's events and its topics"
                    " too; default: as at the last up, or not")  # fmt: skip
    up.add_argument("--notification", action=argparse.BooleanOptionalAction, help="a reader that writes each event"
                    " into notifications.jsonl too; default: as at the last up, or not")  # fmt: skip
    commands.add_parser("down", help="end what up started; data stays")
    commands.add_parser("status", help="print how all is doing; exit code 1 if anything is not up")
    commands.add_parser("wipe", help="down, and remove all data")
    commands.add_parser("setup-db", help="bring the running database's tables and users up to date")
    return parser.parse_args()


def main() -> int:
    """The command; gives back its exit code."""
    options = _arguments()
    began = time.monotonic()
    try:
        world = World(
            paths.data_dir(),
            partitions=getattr(options, "partitions", None),
            gateways=getattr(options, "gateways", None),
            workers=getattr(options, "workers", None),
            relays=getattr(options, "relays", None),
            brokers=getattr(options, "brokers", None),
            monitoring=getattr(options, "monitoring", None),
            shop=getattr(options, "shop", None),
            notification=getattr(options, "notification", None),
        )
        if options.command == "status":
            return 0 if print_status(world) else 1
        {"up": world.up, "down": world.down, "wipe": world.wipe, "setup-db": world.setup_database}[options.command]()
    except LocalError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(f"{options.command}: interrupted; what was started goes on: see status, end it by down", file=sys.stderr)
        return 130
    print(f"{options.command}: done in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
