"""Goal: a topic is replaced by one with more partitions under load, as deploy/growth.md says: nobody's 202 is lost, nothing
is decided twice, and who asked first is still first, since the new topic is not decided before the old one is drained."""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from deploy.local.world import DEAD_LETTER_BYTES, DEAD_LETTER_SUFFIX, REQUEST_BYTES, TOPIC, World
from tests.faults.load_run import LoadRun
from tests.support.check import check_ledger
from tests.support.free_ports import free_ports
from tests.support.requirement import require_kafka
from tests.support.system import System
from tests.support.topic import TopicReader
from tests.support.wire import Record, read_request

_NEW = "coupon-issue-request.v2"
_NEW_PARTITIONS = 6
_STOCK = 400  # sold out well after the switch


@pytest.fixture(scope="module")
def world(build: Path) -> Iterator[World]:
    """Three partitions, two gateways, two workers."""
    require_kafka()
    folder = build / "growth-world"
    if folder.exists():
        World(folder).wipe()
        shutil.rmtree(folder, ignore_errors=True)
    world = World(folder, free_ports(), partitions=3, gateways=2, workers=2, bin_dir=build / "bin", buffer_pool="128M")
    try:
        world.up()
        yield world
    finally:
        world.down()


def drained(system: System, topic: str) -> bool:
    """True if MySQL says that all there is in the topic is decided."""
    ends = system.world.kafka.end_offsets(topic)
    rows = system.database.query("SELECT partition_id, next_offset FROM consumer_fence WHERE topic = %s", topic)
    fences = {int(partition): int(offset) for partition, offset in rows}
    return all(fences.get(partition, 0) >= end for partition, end in ends.items() if end)


def first_askers(records: list[Record], coupon: int) -> list[int]:
    """Users in the order of their first request for the coupon."""
    users = [request.user_id for record in records if (request := read_request(record)).coupon_id == coupon]
    return list(dict.fromkeys(users))


def test_more_partitions_under_load(world: World) -> None:
    system = System(world)
    coupons = [system.new_coupon(_STOCK) for _ in range(3)]
    load = LoadRun(system.ledgers / "growth.jsonl", system.gateways, coupons, seed=1, rate=60.0)
    try:
        load.wait_for("accepted", 200)
        for name, size in ((_NEW, REQUEST_BYTES), (_NEW + DEAD_LETTER_SUFFIX, DEAD_LETTER_BYTES)):
            world.kafka.create_topic(name, _NEW_PARTITIONS, {"max.message.bytes": str(size)})
        for number, gateway in enumerate(world.gateways):
            gateway.stop()
            world.gateways[number] = world.make_gateway(number, ["--kafka-topic", _NEW])
            world.gateways[number].start()
            world.gateways[number].wait_ready()
        load.wait_for("accepted", 50)
        assert wait_until(lambda: drained(system, TOPIC), 60), "the drain rule: workers of the new topic wait for this"
        for number, worker in enumerate(world.workers):
            worker.stop()
            world.workers[number] = world.make_worker(number, ["--kafka-topic", _NEW])
            world.workers[number].start()
            world.workers[number].wait_ready()
        assert wait_until(lambda: load.counts()["accepted"] > 3 * _STOCK or load.counts()["refused"] > 20, 120)
    finally:
        problem = load.finish(120)
    assert problem is None
    assert wait_until(lambda: drained(system, _NEW), 60)
    tables = system.database.tables()
    assert check_ledger(load.account(), tables) == []
    old, new = (TopicReader(world.kafka.address, topic).read() for topic in (TOPIC, _NEW))
    assert old and new and {record.partition for record in new} - {record.partition for record in old}
    winners: dict[int, dict[int, int]] = defaultdict(dict)
    for holding in tables.holdings:
        winners[holding.coupon_id][holding.issue_no] = holding.user_id
    for coupon in coupons:
        expected = first_askers([*old, *new], coupon)[:_STOCK]
        seen = [user for _, user in sorted(winners[coupon].items())]
        assert seen == expected, f"coupon {coupon}: {len(seen)} winners"
        assert set(first_askers(old, coupon)) < set(seen), "the switch was within the sale"
