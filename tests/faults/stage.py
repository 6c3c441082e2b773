"""The worlds in which rows are played. A row names the class it needs; rows of one class share one world, which is
up for them only: one world at a time."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import paths
from deploy.local.mariadb import MariaDb
from deploy.local.world import World
from tests.support.free_ports import free_ports
from tests.support.produce_fault import ProduceFaults
from tests.support.sanitizer import reports
from tests.support.system import System
from tests.support.tables import Database
from tests.support.tcp_proxy import TcpProxy

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


class Proxied(Stage):
    """The same with a TCP proxy (tests/support/tcp_proxy.py) between each kind of program and each server. proxies:
    "gateway-kafka", "gateway-mysql", "gateway-redis", "worker-kafka", "worker-mysql", "worker-redis". The broker has
    a listener for each kind of program, and tells its clients the address of their proxy. What tests ask themselves
    goes past the proxies. produce_faults.fault: what happens to the gateways' records and to the answers to them."""

    def make_world(self) -> World:
        ports = free_ports()
        base = ports.kafka + 50
        kafka = {"gateway": base + 6, "worker": base + 7}
        self._second_mysql = base + 8
        self.proxies: dict[str, TcpProxy] = {}
        self.produce_faults = ProduceFaults()
        flags: dict[str, list[str]] = {}
        for kind in ("gateway", "worker"):
            targets = {"kafka": kafka[kind], "mysql": ports.mariadb, "redis": ports.redis}
            for server, port in targets.items():
                name = f"{kind}-{server}"
                self.proxies[name] = TcpProxy(base + len(self.proxies), ("127.0.0.1", port), name)
            at = {server: self.proxies[f"{kind}-{server}"].port for server in targets}
            flags[kind] = ["--kafka-brokers", f"127.0.0.1:{at['kafka']}", "--mysql-port", str(at["mysql"]),
                           "--redis-port", str(at["redis"])]  # fmt: skip
        world = World(
            self.data_dir, ports, partitions=3, gateways=2, workers=3, bin_dir=self.build.folder / "bin",
            buffer_pool="256M", gateway_flags=flags["gateway"], worker_flags=[*WORKER_FLAGS, *flags["worker"]],
            progress=print_progress,
        )  # fmt: skip
        self.proxies["gateway-kafka"].talk = self.produce_faults.talk
        world.kafka.properties.update(self._listeners(world, kafka))
        return world

    def up(self) -> None:
        for proxy in self.proxies.values():
            proxy.start()
        super().up()

    def heal(self) -> None:
        self.produce_faults.fault = None
        for proxy in self.proxies.values():
            proxy.heal()
        super().heal()

    def down(self) -> list[str]:
        for proxy in self.proxies.values():
            proxy.heal()
        try:
            return super().down()
        finally:
            for proxy in self.proxies.values():
                proxy.stop()

    def spare_mysql(self) -> MariaDb:
        """A second server, empty and started, beside the one in use."""
        first = self.world.mariadb
        name, port = next(
            (name, port) for name, port in (("mariadb", self.world.ports.mariadb), ("mariadb-2", self._second_mysql))
            if name != first.name
        )  # fmt: skip
        shutil.rmtree(self.data_dir / name, ignore_errors=True)
        spare = MariaDb(self.data_dir, port, first.buffer_pool, name, first.server_id + 1)
        spare.start()
        spare.wait_ready()
        return spare

    def switch_mysql(self, server: MariaDb) -> None:
        """The address of MySQL leads to that server from now on; connections to the old one stay."""
        self.world.mariadb = server
        self.system.database = Database(server.port)
        for name in ("gateway-mysql", "worker-mysql"):
            self.proxies[name].target = ("127.0.0.1", server.port)

    def _listeners(self, world: World, kafka: Mapping[str, int]) -> dict[str, str]:
        own = {"CLIENT": world.ports.kafka, "CONTROLLER": world.ports.kafka_controller}
        behind = {kind.upper(): port for kind, port in kafka.items()}
        told = {"CLIENT": world.ports.kafka, **{k.upper(): self.proxies[f"{k}-kafka"].port for k in kafka}}
        return {
            "listeners": _addresses({**own, **behind}),
            "advertised.listeners": _addresses(told),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in (*own, *behind)),
        }


def _addresses(ports: Mapping[str, int]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
