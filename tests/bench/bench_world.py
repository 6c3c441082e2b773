"""The servers that the measures run on, and what a measure needs of them."""

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pymysql
import redis

from deploy.local.errors import LocalError
from deploy.local.mariadb import DATABASE, PASSWORD, USER
from deploy.local.paths import BUILD
from deploy.local.process import Process
from deploy.local.programs import Program
from deploy.local.world import DEAD_LETTER_SUFFIX, World
from tests.support.free_ports import free_ports

DIRECTORY = BUILD / "bench"
ISSUED_VALID_SECONDS = 30 * 86400


class BenchWorld:
    """Kafka, MariaDB and Redis of its own. build is the folder of the binaries that are measured."""

    def __init__(self, build: Path) -> None:
        self.build = build
        self.ports = free_ports()
        self.bare_port = self.ports.gateway + 50
        self.world = World(
            DIRECTORY, self.ports, partitions=1, gateways=0, workers=0, bin_dir=build / "bin", buffer_pool="1G"
        )
        self._topics = 0
        self._connection: pymysql.Connection | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator["BenchWorld"]:
        """Start the servers; end them and remove their data afterwards."""
        self.world.wipe()
        try:
            self._connection = None
            self.world.up()
            yield self
        finally:
            self.world.wipe()

    def tool(self, name: str, *arguments: object) -> str:
        """Run one of the C programs beside this file; what it printed."""
        command = [str(self.build / "tests" / "bench" / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LocalError(f"{name} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def sql(self, statement: str) -> Sequence[Sequence[object]]:
        """Run a statement; its rows."""
        if self._connection is None:
            self._connection = pymysql.connect(
                host="127.0.0.1", port=self.ports.mariadb, user=USER, password=PASSWORD, database=DATABASE,
                autocommit=True,
            )  # fmt: skip
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def start_anew(self) -> None:
        """No coupons, no results, nothing in Redis: every measure begins alike."""
        redis.Redis(port=self.ports.redis).flushall()
        for table in ("user_coupon", "coupon_issue_result", "consumer_fence", "outbox", "coupon"):
            self.sql(f"TRUNCATE TABLE {table}")

    def add_coupon(self, coupon_id: int, stock: int, issued: int) -> None:
        """An open coupon, with that many issued already (to users that no measure uses)."""
        self.sql(
            "INSERT INTO coupon (coupon_id,name,discount_type,discount_value,min_order_amount,total_stock,"
            "issued_count,per_user_limit,issue_starts_at,valid_for_seconds,status,created_at) VALUES "
            f"({coupon_id},'bench','FIXED',1000,0,{stock},{issued},1,'2020-01-01',{ISSUED_VALID_SECONDS},'OPEN',"
            "UTC_TIMESTAMP(3))"
        )
        for first in range(1, issued + 1, 1000):
            rows = ",".join(
                f"({coupon_id},{number},{(1 << 40) + number * 7919},1,UTC_TIMESTAMP(3),'2040-01-01')"
                for number in range(first, min(first + 1000, issued + 1))
            )
            self.sql(f"INSERT INTO user_coupon (coupon_id,issue_no,user_id,user_seq,issued_at,expires_at) VALUES {rows}")

    def pids(self) -> list[int]:
        """The processes that run now."""
        running = (Process(self.world.data_dir, name).pid() for name in self.world.process_names())
        return [pid for pid in running if pid is not None]

    def worker(self, topic: str) -> Program:
        """A worker for that topic in a group of its own, not started."""
        worker = self.world.make_worker(0)
        for flag in ("--kafka-topic", "--kafka-group"):
            worker.flags[worker.flags.index(flag) + 1] = topic
        return worker

    def new_topic(self) -> str:
        """An empty topic of one partition, and its dead-letter topic."""
        self._topics += 1
        name = f"bench-{self._topics}"
        for topic in (name, name + DEAD_LETTER_SUFFIX):
            self.world.kafka.create_topic(topic, 1)
        return name
