"""One world for all tests: real Kafka, MariaDB and Redis on free ports, two gateways and three workers on
three partitions. Each test uses coupons of its own; after each the world is healed, drained and checked."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import paths
from deploy.local.world import World
from tests.support.expiry import ExpiryWorld
from tests.support.free_ports import free_ports
from tests.support.ledger import Ledger
from tests.support.requirement import require_kafka
from tests.support.sanitizer import reports, sizes
from tests.support.system import System

# A killed worker's partition is handed over after this time; the default, 10 s, is for real networks.
_WORKER_FLAGS = ("--kafka-property", "session.timeout.ms=4000", "--kafka-property", "heartbeat.interval.ms=1000")
_LAST_FILE = "test_whole_history.py"


def pytest_configure(config: pytest.Config) -> None:
    """Tests marked long are for make system, not for make test."""
    config.addinivalue_line("markers", "long: left out of make test, which has a time to keep to")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back over the whole run comes last."""
    items.sort(key=lambda item: item.path.name == _LAST_FILE)


@pytest.fixture(scope="session")
def build() -> Path:
    """The build folder whose programs are tried."""
    return paths.REPOSITORY / os.environ.get("COUPON_BUILD", "build")


@pytest.fixture(scope="session")
def failpoint_worker(build: Path) -> Path:
    """An issue-worker that can be told to kill itself at a failpoint."""
    return paths.REPOSITORY / os.environ.get("COUPON_FAILPOINT_BUILD", str(build)) / "bin" / "issue-worker"


@pytest.fixture(scope="session")
def failpoint_gateway(build: Path) -> Path:
    """An api-gateway that can be told to kill itself at a failpoint."""
    return paths.REPOSITORY / os.environ.get("COUPON_FAILPOINT_BUILD", str(build)) / "bin" / "api-gateway"


@pytest.fixture(scope="session")
def expiry_world(failpoint_worker: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExpiryWorld]:
    """A database server for tests of expiry-batch alone. The program is the one with failpoints: without
    COUPON_FAILPOINT it is like the other."""
    world = ExpiryWorld(
        tmp_path_factory.mktemp("expiry"), free_ports().mariadb, failpoint_worker.with_name("expiry-batch")
    )
    world.start()
    yield world
    world.stop()


@pytest.fixture
def expiry(expiry_world: ExpiryWorld) -> ExpiryWorld:
    """Empty tables."""
    expiry_world.clear()
    return expiry_world


@pytest.fixture(scope="session")
def world(build: Path) -> Iterator[World]:
    """The servers and programs, from nothing; stopped at the end, its logs stay."""
    require_kafka()
    data_dir = build / "test-world"
    if data_dir.exists():
        World(data_dir).wipe()
        shutil.rmtree(data_dir, ignore_errors=True)
    world = World(
        data_dir, free_ports(), partitions=3, gateways=2, workers=3, bin_dir=build / "bin", buffer_pool="256M",
        worker_flags=_WORKER_FLAGS,
        progress=lambda line: print(line, file=sys.stderr),
    )  # fmt: skip
    try:
        world.up()
        yield world
    finally:
        world.down()
    exits = {program.name: program.process.exit_code() for program in (*world.gateways, *world.workers)}
    assert set(exits.values()) <= {0, None}, f"programs must end with 0: {exits}"
    assert reports() == [], "sanitizers found something"


@pytest.fixture(scope="session")
def shared_system(world: World) -> System:
    """The system around the world."""
    return System(world)


@pytest.fixture
def system(shared_system: System) -> Iterator[System]:
    """A healthy system, checked after the test: every promise of the SQL and model checkers over the
    records of this test, every program still the same process, no sanitizer report."""
    system = shared_system
    system.heal()
    since, before, known = system.ends(), system.processes(), sizes()
    system.expected_to_restart = set()
    yield system
    system.heal()
    system.wait_drained()
    assert system.violations(since) == []
    after = system.processes()
    ended = {name for name, pid in before.items() if after[name] != pid} - system.expected_to_restart
    assert not ended, f"ended by themselves: {sorted(ended)}, see {system.world.data_dir / 'logs'}"
    assert reports(known) == [], "sanitizers found something"


@pytest.fixture
def ledger(system: System, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A ledger of the test's own."""
    with system.ledger(request.node.name.replace("/", "-")) as ledger:
        yield ledger
