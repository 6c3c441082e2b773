"""`issue-worker shop` beside a world, and the shop that writes its topics."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.condition import wait_until
from deploy.local.database import user_of
from deploy.local.errors import LocalError
from deploy.local.mariadb import DATABASE
from deploy.local.programs import Program
from tests.support.rest import metric
from tests.support.system import System
from tests.support.topic import TopicReader, TopicWriter
from tests.support.wire import Record

PAYMENTS, CANCELS, GROUP = "payment-completed", "order-cancelled", "coupon-shop-group"
_PARTITIONS = 2
_SECONDS = 30.0


class Shop:
    """The two topics with their dead letters, and a worker for them."""

    def __init__(self, system: System, binary: Path, management_port: int) -> None:
        self.system = system
        world = system.world
        for topic in (PAYMENTS, CANCELS):
            for name in (topic, topic + ".DLT"):
                world.kafka.create_topic(name, _PARTITIONS)
        self.writers = {topic: TopicWriter(world.kafka.address, topic) for topic in (PAYMENTS, CANCELS)}
        self.worker = Program(
            world.data_dir, "issue-worker-shop", binary,
            [
                "shop", "--management-listen", f"127.0.0.1:{management_port}", "--kafka-brokers", world.kafka.address,
                "--kafka-property", "session.timeout.ms=4000", "--kafka-property", "heartbeat.interval.ms=1000",
                "--mysql-host", "127.0.0.1", "--mysql-port", str(world.ports.mariadb), "--mysql-user", user_of("worker"),
                "--mysql-password-file", str(world.secrets.mysql_password_of("worker")), "--mysql-database", DATABASE,
            ], management_port,
        )  # fmt: skip

    def paid(self, order: str, user: int, total: int = 50000, copies: int = 1, **more: Any) -> None:
        """A payment as the shop tells of it; more: couponId and issueNo, amounts, or other things."""
        value = {"version": 1, "orderId": order, "userId": user, "totalAmount": total, "items": [{"productId": 1, "quantity": 2}]}
        self.write(PAYMENTS, order, {**value, **more}, copies)

    def cancelled(self, order: str, user: int, copies: int = 1, **more: Any) -> None:
        """The end of an order."""
        self.write(CANCELS, order, {"version": 1, "orderId": order, "userId": user, **more}, copies)

    def write(self, topic: str, key: str, value: Any, copies: int = 1) -> tuple[int, int]:
        """A record; bytes as they are."""
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        return [self.writers[topic].write(key.encode(), data) for _ in range(copies)][-1]

    def letters(self, topic: str) -> list[Record]:
        """All dead letters of a topic."""
        return TopicReader(self.system.world.kafka.address, topic + ".DLT").read()

    def taken(self) -> bool:
        """True if every record that is in the topics now is behind its fence."""
        for topic in (PAYMENTS, CANCELS):
            ends = self.system.world.kafka.end_offsets(topic)
            rows = self.system.database.query("SELECT partition_id, next_offset FROM consumer_fence WHERE topic = %s", topic)
            fences: Mapping[int, int] = {int(partition): int(offset) for partition, offset in rows}
            if any(fences.get(partition, 0) < end for partition, end in ends.items()):
                return False
        return True

    def wait_taken(self) -> None:
        """Wait for taken(). Raises LocalError."""
        if not wait_until(self.taken, _SECONDS):
            raise LocalError("the shop's events were not taken; see the log of issue-worker-shop")

    def count(self, event: str, outcome: str) -> float:
        """How many events of a kind ended so, since the worker started."""
        return metric(self.worker.management_port, "coupon_worker_shop_events_total", f'event="{event}",outcome="{outcome}"')
