"""Goal: a worker whose database answers late, or not at all when it gets its partitions, misses nothing of what comes
meanwhile: neither a rebalance, nor telling what it has decided already, nor how far it is."""

import json
import re
from contextlib import closing

import pytest

from deploy.local import port
from deploy.local.condition import wait_until
from deploy.local.programs import Program
from tests.support.rest import metric
from tests.support.system import System
from tests.support.tcp_proxy import TcpProxy
from tests.support.topic import TopicWriter

pytestmark = pytest.mark.long

# Each topic has records in two partitions of its own, which no other one has any in, so that the checkers do not mix
# them up; of two members each gets one.
_PARTITIONS, _FIRST, _SECOND = 32, 10, 26
_SECONDS = 60  # far more than any of it takes, also under a sanitizer on a busy machine


class OwnTopic:
    """A topic with workers of its own."""

    made = 0

    def __init__(self, system: System, name: str) -> None:
        self.system, self.name = system, name
        self.partitions = (_FIRST + OwnTopic.made, _SECOND + OwnTopic.made)
        OwnTopic.made += 1
        assert self.partitions[0] < _PARTITIONS // 2 and self.partitions[1] < _PARTITIONS, "one topic too many"
        system.world.kafka.create_topic(name, _PARTITIONS)
        self._writer = TopicWriter(system.world.kafka.address, name)

    def worker(self, number: int, *flags: str, group: str = "") -> Program:
        """Not started."""
        own = ["--kafka-topic", self.name, "--kafka-group", group or self.name, "--reconcile-interval", "0"]
        return self.system.world.make_worker(number, [*own, *flags])

    def write(self, coupon: int, users: range) -> list[str]:
        """Requests of these users, in both partitions in turn; their ids."""
        ids = [f"{self.name}-{coupon}-{user}" for user in users]
        for request_id, user in zip(ids, users):
            value = {"requestId": request_id, "couponId": coupon, "userId": user}
            self._writer.write(str(coupon).encode(), json.dumps(value).encode(), self.partitions[user % 2])
        return ids

    def decided(self) -> int:
        """How many records are."""
        sql = "SELECT COALESCE(SUM(next_offset), 0) FROM consumer_fence WHERE topic = %s"
        return self.system.database.count(sql, self.name)

    def progress(self) -> list[int | None]:
        """What gateways are told of the two partitions."""
        fields = [f"{self.name}:{partition}" for partition in self.partitions]
        found = [self.system.world.redis.ask("HGET", "coupon:progress", field) for field in fields]
        return [int(value) if value is not None else None for value in found]

    def waits_for_fences(self) -> bool:
        """Some worker of the topic asks for its fences and gets no answer."""
        rows = self.system.world.mariadb.root_query("SELECT info FROM information_schema.processlist")
        return any("consumer_fence" in info and f"'{self.name}'" in info for info, in rows)


@pytest.fixture
def topic(system: System, request: pytest.FixtureRequest) -> OwnTopic:
    return OwnTopic(system, re.sub(r"[^a-z0-9]+", "-", request.node.name))


def paused(worker: Program) -> bool:
    """It stopped fetching for the database's sake."""
    return metric(worker.management_port, "coupon_worker_pauses_total", 'class="outage"') > 0


def log_since(worker: Program, mark: int) -> str:
    """What it has logged behind that place."""
    with worker.process.log_file.open() as log:
        log.seek(mark)
        return log.read()


def test_rebalance_while_a_full_batch_waits_for_fences(system: System, topic: OwnTopic) -> None:
    """Full and paused outside of any transaction, the batch is taken away: fetching must go on for the next one."""
    coupon = system.new_coupon(100)
    first, second = topic.worker(3, "--batch-max", "2"), topic.worker(4, "--batch-max", "2")
    try:
        first.start()
        first.wait_ready()
        with closing(system.database.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("LOCK TABLES consumer_fence WRITE")
            assert wait_until(topic.waits_for_fences, _SECONDS), "it asks once a second whether the fences are its own"
            topic.write(coupon, range(1, 11))
            assert wait_until(lambda: paused(first), _SECONDS)
            mark = first.process.log_file.stat().st_size
            second.start()
            assert wait_until(lambda: "partitions_revoked" in log_since(first, mark), _SECONDS)
        assert wait_until(lambda: topic.decided() == 10, _SECONDS), f"10 expected, {topic.decided()} decided"
    finally:
        first.stop()
        second.stop()


def test_what_is_decided_is_told_while_the_next_batch_waits(system: System, topic: OwnTopic) -> None:
    """The batch behind it is full and waits for a coupon that somebody has locked."""
    coupon, locked = system.new_coupon(100), system.new_coupon(100)
    topic.write(coupon, range(1, 2))
    topic.write(locked, range(3, 4))
    worker = topic.worker(3, "--batch-max", "1")

    def told() -> bool:
        """Or tried to: Redis may be too slow for it."""
        names = ("coupon_worker_results_published_total", "coupon_worker_results_unpublished_total")
        return any(metric(worker.management_port, name) > 0 for name in names)

    with closing(system.database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM coupon WHERE coupon_id = %s FOR UPDATE", (locked,))
        worker.start()
        try:
            worker.wait_ready()
            assert wait_until(told, _SECONDS)
            ended = metric(worker.management_port, "coupon_worker_retries_total", 'class="transient"')
            assert ended == 0, "told only when the wait for the lock had ended"
            cursor.execute("ROLLBACK")
            assert wait_until(lambda: topic.decided() == 2, _SECONDS)
        finally:
            worker.stop()


def test_what_is_read_again_in_a_transaction_that_fails(system: System, topic: OwnTopic) -> None:
    """Taken away and given back while its transaction waits: what was collected since is decided next, and does not wait
    for further records."""
    coupon, other = system.new_coupon(100), OwnTopic(system, f"{topic.name}-other")
    worker, joins = topic.worker(3), other.worker(4, group=topic.name)
    worker.start()
    try:
        worker.wait_ready()
        with closing(system.database.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM coupon WHERE coupon_id = %s FOR UPDATE", (coupon,))
            topic.write(coupon, range(1, 2))
            waiting = "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
            assert wait_until(lambda: bool(system.world.mariadb.root_query(waiting)), _SECONDS)
            mark = worker.process.log_file.stat().st_size
            for _ in range(5):
                joins.start()
                if wait_until(lambda: "batch_dropped" in log_since(worker, mark), 10):
                    break
                joins.stop()  # they were taken away between two tries
            assert "batch_dropped" in log_since(worker, mark), log_since(worker, mark)
            assert wait_until(lambda: log_since(worker, mark).count("partitions_assigned") > 0, _SECONDS)
            cursor.execute("ROLLBACK")
        assert wait_until(lambda: topic.decided() == 1, _SECONDS)
    finally:
        worker.stop()
        joins.stop()


@pytest.mark.parametrize("newcomers", [0, 1])
def test_partitions_that_were_assigned_without_a_database(system: System, topic: OwnTopic, newcomers: int) -> None:
    """Those that are idle have nothing to decide, which gateways wait to hear; nor is a log read from its start."""
    coupon, worker = system.new_coupon(100), topic.worker(3)
    number = next(number for number in range(system.world.ports.redis + 1, 65536) if port.is_free(number))
    proxy = TcpProxy(number, ("127.0.0.1", system.world.ports.mariadb), "late mysql")
    topic.write(coupon, range(1, 11))
    worker.start()
    try:
        assert wait_until(lambda: topic.decided() == 10, _SECONDS)
        worker.stop()
        for partition in topic.partitions:
            system.world.redis.ask("HDEL", "coupon:progress", f"{topic.name}:{partition}")
        worker = topic.worker(3, "--mysql-port", str(number))
        mark = worker.process.log_file.stat().st_size
        worker.start()
        assert wait_until(lambda: "partitions_assigned" in log_since(worker, mark), _SECONDS)
        if newcomers:
            topic.write(coupon, range(11, 12))
            assert wait_until(lambda: paused(worker), _SECONDS)
        proxy.start()
        assert wait_until(lambda: topic.decided() == 10 + newcomers, _SECONDS)
        assert wait_until(lambda: topic.progress() == [5, 5 + newcomers], _SECONDS), topic.progress()
        assert metric(worker.management_port, "coupon_worker_repeated_total") == 0
    finally:
        worker.stop()
        proxy.stop()
