"""Goal: a sale that is half decided when its region is lost ends in the other one as deploy/regions/README.md says: the
mirrored topic has the same records in the same order, and nobody is decided twice or another way."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from deploy.local.kafka import KafkaBroker
from deploy.local.kafka_questions import java_command
from deploy.local.paths import BUILD, REPOSITORY
from deploy.local.process import Process
from deploy.local.world import TOPIC, World
from tests.support.free_ports import free_ports
from tests.support.requirement import missing, require_kafka
from tests.support.system import System
from tests.support.topic import TopicReader
from tests.support.wire import Record

_MIRROR_LIBS = BUILD / "kafka-mirror"
_PROPERTIES = REPOSITORY / "deploy" / "regions" / "mirror.properties"
_STOCK, _USERS = 150, 200


@pytest.fixture(scope="module")
def world(build: Path) -> Iterator[World]:
    """The serving region, with the one MySQL that both see: a replica that has everything."""
    require_kafka()
    if not any(_MIRROR_LIBS.glob("connect-mirror-*.jar")):
        missing("MirrorMaker", "run make setup where Maven Central can be reached")
    folder = build / "region-world"
    if folder.exists():
        World(folder).wipe()
        shutil.rmtree(folder, ignore_errors=True)
    world = World(folder, free_ports(), partitions=3, gateways=1, workers=1, bin_dir=build / "bin", buffer_pool="128M")
    try:
        world.up()
        yield world
    finally:
        world.down()


@pytest.fixture
def standby(world: World) -> Iterator[KafkaBroker]:
    """The other region's Kafka, empty."""
    broker = KafkaBroker(world.data_dir, world.ports.kafka + 95, world.ports.kafka + 96, name="kafka-standby")
    broker.start()
    try:
        broker.wait_ready()
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def mirror(world: World, standby: KafkaBroker) -> Iterator[Process]:
    """MirrorMaker 2 with the project's settings, but for addresses and the number of replicas."""
    text = _PROPERTIES.read_text()
    text = text.replace("kafka.serving.example:9092", world.kafka.address).replace("kafka.standby.example:9092", standby.address)
    text = re.sub(r"replication\.factor = 3", "replication.factor = 1", text)
    text = text.replace("refresh.topics.interval.seconds = 30", "refresh.topics.interval.seconds = 1")
    path = world.data_dir / "kafka-mirror.properties"
    path.write_text(text)
    command = java_command("org.apache.kafka.connect.mirror.MirrorMaker", path, options=["-Xmx384m", "-XX:-UsePerfData"])
    command[command.index("-cp") + 1] = f"{command[command.index('-cp') + 1]}:{_MIRROR_LIBS}/*"
    process = Process(world.data_dir, "kafka-mirror")
    process.start(command)
    try:
        yield process
    finally:
        process.stop()


def by_partition(broker: KafkaBroker) -> dict[int, list[tuple[object, ...]]]:
    """What makes a record what it is, by partition and in its order."""
    found: dict[int, list[tuple[object, ...]]] = {}
    for record in TopicReader(broker.address, TOPIC).read():
        found.setdefault(record.partition, []).append(_content(record))
    return found


def _content(record: Record) -> tuple[object, ...]:
    return record.key, record.value, record.timestamp_ms


def test_a_sale_goes_on_in_the_other_region(world: World, standby: KafkaBroker, mirror: Process) -> None:
    system = System(world)
    coupon = system.new_coupon(_STOCK)
    values = [f'{{"requestId":"region-{n}","couponId":{coupon},"userId":{n}}}'.encode() for n in range(1, _USERS + 1)]
    records = [(str(coupon).encode(), value) for value in values]
    system.writer.write_many(records[:100])
    system.wait_drained()
    decided = {holding.issue_no: holding.user_id for holding in system.database.tables().holdings}
    assert len(decided) == 100
    world.workers[0].stop()
    system.writer.write_many(records[100:])

    def mirrored() -> bool:
        assert mirror.alive(), mirror.log_file.read_text()[-3000:]
        return standby.topic_partitions(TOPIC) == 3 and sum(standby.end_offsets(TOPIC).values()) >= _USERS

    assert wait_until(mirrored, 120)
    assert by_partition(standby) == by_partition(world.kafka)
    mirror.stop()
    world.gateways[0].stop()
    world.kafka.stop()  # the region is gone
    world.mariadb.query(f"DELETE FROM consumer_fence WHERE topic = '{TOPIC}'")
    worker = world.make_worker(5, ["--kafka-brokers", standby.address])
    worker.start()
    try:
        worker.wait_ready()
        assert wait_until(lambda: system.database.count("SELECT COUNT(*) FROM coupon_issue_result") >= _USERS, 60)
    finally:
        worker.stop()
    tables = system.database.tables()
    assert len(tables.results) == _USERS
    winners = {holding.issue_no: holding.user_id for holding in tables.holdings}
    assert winners == {number: number for number in range(1, _STOCK + 1)}, "the first to ask, in both regions"
    assert winners.items() >= decided.items()
    assert {result.request_id for result in tables.results if result.outcome == "SOLD_OUT"} == {
        f"region-{number}" for number in range(_STOCK + 1, _USERS + 1)
    }
