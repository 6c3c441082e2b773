"""The world that the demo plays in: made from nothing, stopped at the end whatever happens."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from deploy.local.kafka import libs_present
from deploy.local.paths import BUILD
from deploy.local.world import World
from tests.support.free_ports import free_ports
from tests.support.mock_kafka import CONSUMER_FLAGS, MockKafka
from tests.support.system import System

_DATA = BUILD / "demo"
_PARTITIONS, _GATEWAYS, _WORKERS = 3, 2, 3
# A killed worker's partition is handed over after this time; the default, 10 s, is for real networks.
_WORKER_FLAGS = ("--kafka-property", "session.timeout.ms=3000", "--kafka-property", "heartbeat.interval.ms=500")
_NO_KAFKA = """
  ************************************************************************
  *  NO KAFKA: its jars are not in build/kafka/libs, Maven Central could *
  *  not be reached by make setup. What follows runs on librdkafka's     *
  *  MOCK CLUSTER. It shows the programs at work, and proves nothing     *
  *  about a real broker.                                                *
  ************************************************************************
"""


@contextmanager
def stage(mock: bool) -> Iterator[System]:
    """Start everything, hand it over, stop everything. mock: even where there is a real Kafka."""
    if _DATA.exists():
        World(_DATA, progress=_quiet).wipe()
        shutil.rmtree(_DATA, ignore_errors=True)
    mock = mock or not libs_present()
    world = World(
        _DATA, free_ports(), _PARTITIONS, gateways=0 if mock else _GATEWAYS, workers=0 if mock else _WORKERS,
        worker_flags=[*_WORKER_FLAGS, *(CONSUMER_FLAGS if mock else ())], buffer_pool="256M",
    )  # fmt: skip
    stand_in: Any = MockKafka(world.data_dir, _PARTITIONS)
    try:
        if mock:
            print(_NO_KAFKA)
            stand_in.start()
            stand_in.wait_ready()
            world.kafka = stand_in
            world.gateways = [world.make_gateway(number) for number in range(_GATEWAYS)]
            world.workers = [world.make_worker(number) for number in range(_WORKERS)]
        world.up()
        yield System(world)
    finally:
        print("Stopping everything:")
        world.down()


def _quiet(_: str) -> None:
    """Nothing to say about what is left of an earlier run."""
