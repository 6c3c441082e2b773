"""The worlds in which rows are played. A row names the class it needs; rows of one class share one world, which is
up for them only: one world at a time."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.local import paths
from deploy.local.world import World
from tests.support.free_ports import free_ports
from tests.support.sanitizer import reports
from tests.support.system import System

# A killed worker's partition is handed over after this time; the default, 10 s, is for real networks.
WORKER_FLAGS = ("--kafka-property", "session.timeout.ms=4000", "--kafka-property", "heartbeat.interval.ms=1000")


@dataclass(frozen=True)
class Build:
    """Where the programs to be tried are: those of production, and those with failpoints."""

    folder: Path
    failpoints: Path

    @staticmethod
    def of_environment() -> "Build":
        """As the test runner says, or else build and build/test."""
        folder = paths.REPOSITORY / os.environ.get("COUPON_BUILD", "build")
        failpoints = os.environ.get("COUPON_FAILPOINT_BUILD")
        return Build(folder, paths.REPOSITORY / failpoints if failpoints else folder / "test")


def print_progress(line: str) -> None:
    """A line on standard error, at once."""
    print(line, file=sys.stderr, flush=True)


class Stage:
    """A world with a system around it. Derive from it, and say in make_world() what is different; what else must be
    up (a proxy, a replica, more brokers) is started before or after it in up() and ended in down(), which must not
    mind what was never started. Names of classes become folders, build/faults-world/NAME."""

    def __init__(self, build: Build) -> None:
        self.build = build
        self.data_dir = build.folder / "faults-world" / type(self).__name__.lower()
        if self.data_dir.exists():
            World(self.data_dir).wipe()
            shutil.rmtree(self.data_dir, ignore_errors=True)
        self.world = self.make_world()
        self.system = System(self.world)

    def make_world(self) -> World:
        """The world, not started."""
        return World(
            self.data_dir, free_ports(), partitions=3, gateways=2, workers=3, bin_dir=self.build.folder / "bin",
            buffer_pool="256M", worker_flags=WORKER_FLAGS, progress=print_progress,
        )  # fmt: skip

    def up(self) -> None:
        """Start everything, wait until it is ready."""
        self.world.up()

    def heal(self) -> None:
        """Undo whatever a row did: start what is down, resume what stands still, and wait until all is ready."""
        for member in self.world.members():
            member.process.resume()
        self.system.heal()

    def down(self) -> list[str]:
        """End everything; what is wrong with how the programs ended, and what sanitizers reported."""
        self.world.down()
        programs = (*self.world.gateways, *self.world.workers)
        exits = {program.name: program.process.exit_code() for program in programs}
        wrong = [f"{name} ended with {code}" for name, code in exits.items() if code not in (0, None)]
        return [*wrong, *reports()]


class Plain(Stage):
    """Two gateways, three workers, three partitions, one broker, MariaDB, Redis; nothing in between."""
