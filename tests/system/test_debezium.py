"""Goal: Debezium with deploy/events/debezium.properties takes the relay's place: each row of the outbox is a record, those
from before it first ran too, in the order of its coupon; after a kill -9 it goes on, and nothing is missing."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from deploy.local.kafka_questions import java_command
from deploy.local.paths import REPOSITORY
from deploy.local.process import Process
from deploy.local.world import EVENTS_TOPIC
from tests.support.check.events import first_of_each
from tests.support.free_ports import free_ports
from tests.support.murmur2 import partition_of
from tests.support.system import System
from tests.support.topic import TopicReader
from tests.support.user_coupons import use
from tests.support.wire import Record

_LIBS = "COUPON_DEBEZIUM_LIBS"  # the folder with its jars; make compat ONLY=debezium sets it
_PROPERTIES = REPOSITORY / "deploy" / "events" / "debezium.properties"
_TOPIC = "events-by-debezium"  # relays of other tests write into the usual one
_USER, _PASSWORD = "debezium", "follower"
_SECONDS = 120


def worker_properties(system: System, folder: Path) -> Path:
    """What Kafka Connect itself is told."""
    path = folder / "worker.properties"
    path.write_text(
        f"bootstrap.servers={system.world.kafka.address}\n"
        f"listeners=http://127.0.0.1:{free_ports().gateway}\n"
        f"offset.storage.file.filename={folder}/offsets\noffset.flush.interval.ms=500\n"
        "key.converter=org.apache.kafka.connect.json.JsonConverter\n"
        "value.converter=org.apache.kafka.connect.json.JsonConverter\n"
        "config.providers=env\n"
        "config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider\n"
    )
    return path


def connector_properties(system: System, folder: Path) -> Path:
    """The project's settings, but for the topic and the kind of server."""
    text = _PROPERTIES.read_text()
    assert f"replacement={EVENTS_TOPIC}\n" in text
    text = text.replace(f"replacement={EVENTS_TOPIC}\n", f"replacement={_TOPIC}\n")
    if not system.world.mariadb.is_mariadb():
        (text_of_mysql,) = re.findall(r"For MySQL: ([\w.]+)\.\n", text)
        text = re.sub(r"connector\.class=.*", f"connector.class={text_of_mysql}", text)
    path = folder / "connector.properties"
    path.write_text(text)
    return path


def sell(system: System, coupon: int, users: int, first: int = 1) -> None:
    """That many users ask for the coupon, straight into the topic; returns when all is decided."""
    values = [
        json.dumps({"requestId": f"dbz-{coupon}-{user}", "couponId": coupon, "userId": user}).encode()
        for user in range(first, first + users)
    ]  # fmt: skip
    system.writer.write_many([(str(coupon).encode(), value) for value in values])
    system.wait_drained()


class Connect:
    """Kafka Connect, standalone, with the connector; not started."""

    def __init__(self, system: System, folder: Path, libs: Path) -> None:
        self.process = Process(folder, "connect")
        words = java_command(
            "org.apache.kafka.connect.cli.ConnectStandalone", worker_properties(system, folder),
            connector_properties(system, folder), options=["-Xmx384m", "-XX:-UsePerfData"],
        )  # fmt: skip
        classes = words.index("-cp") + 1
        words[classes] = f"{words[classes]}:{libs}/*"
        self._command = words
        self._environment = {
            "COUPON_MYSQL_HOST": "127.0.0.1", "COUPON_MYSQL_PORT": str(system.world.ports.mariadb),
            "COUPON_KAFKA_BROKERS": system.world.kafka.address, "DEBEZIUM_USER": _USER, "DEBEZIUM_PASSWORD": _PASSWORD,
        }  # fmt: skip

    def start(self) -> None:
        """Start it; does not wait."""
        self.process.start(self._command, self._environment)


@pytest.fixture
def connect(system: System, tmp_path: Path) -> Iterator[Connect]:
    """With an account on the server, which has the rights that the README names, and a topic."""
    libs = os.environ.get(_LIBS)
    if libs is None:
        pytest.skip("no Debezium here; make compat ONLY=debezium fetches and runs it")
    rights = (REPOSITORY / "deploy" / "events" / "README.md").read_text()
    (grants,) = re.findall(r"`GRANT (.+?) ON \*\.\*`", rights)
    system.world.mariadb.root_query(
        f"CREATE USER {_USER}@'127.0.0.1' IDENTIFIED BY '{_PASSWORD}'; GRANT {grants} ON *.* TO {_USER}@'127.0.0.1';"
        f"GRANT SELECT ON coupon.outbox TO {_USER}@'127.0.0.1'"
    )
    system.world.kafka.create_topic(_TOPIC, system.partitions)
    connect = Connect(system, tmp_path, Path(libs))
    try:
        yield connect
    finally:
        print(connect.process.log_tail(30))
        connect.process.stop()
        system.world.mariadb.root_query(f"DROP USER {_USER}@'127.0.0.1'")


def wait_told(system: System, connect: Process, coupons: Sequence[int]) -> list[Record]:
    """Wait until every event of these coupons is a record; the records, repetitions too."""
    keys = {str(coupon).encode() for coupon in coupons}
    wanted = {row["id"] for row in outbox(system, coupons)}
    found: list[Record] = []

    def told() -> bool:
        assert connect.alive(), connect.log_tail(40)
        found[:] = [record for record in TopicReader(system.world.kafka.address, _TOPIC).read() if record.key in keys]
        return wanted <= {text(record, "id") for record in found}

    assert wait_until(told, _SECONDS), f"{len(found)} records of {len(wanted)} events:\n{connect.log_tail(40)}"
    return found


def text(record: Record, header: str) -> str:
    """A header's value."""
    return (dict(record.headers).get(header) or b"").decode()


def outbox(system: System, coupons: Sequence[int]) -> list[dict[str, str]]:
    """The coupons' rows in the order of their places."""
    names = ("id", "aggregateid", "type", "subject", "payload")
    keys = [str(coupon) for coupon in coupons]
    rows = system.database.query(f"SELECT {','.join(names)} FROM outbox WHERE aggregateid IN %s ORDER BY seq", keys)
    return [dict(zip(names, row)) for row in rows]


def as_records(system: System, coupon: int) -> list[tuple[object, ...]]:
    """What the records of a coupon must be, by its rows."""
    key = str(coupon).encode()
    return [
        (partition_of(key, system.partitions), row["payload"].encode(), row["id"], row["id"], row["type"], row["subject"],
         "/coupon-rush", "application/json")
        for row in outbox(system, [coupon])
    ]  # fmt: skip


def as_told(records: Sequence[Record], coupon: int) -> list[tuple[object, ...]]:
    """The same, of the records that there are."""
    headers = ("id", "ce_id", "ce_type", "ce_subject", "ce_source", "content-type")
    mine = [record for record in records if record.key == str(coupon).encode()]
    return [(record.partition, record.value, *(text(record, name) for name in headers)) for record in mine]


@pytest.mark.long
def test_debezium_in_the_relays_place(system: System, connect: Connect) -> None:
    earlier, later, killed = system.new_coupon(5), system.new_coupon(100), system.new_coupon(1_000_000)
    sell(system, earlier, 8)
    connect.start()
    told = wait_told(system, connect.process, [earlier])
    assert as_told(told, earlier) == as_records(system, earlier)
    sell(system, later, 30)
    assert use(system, later, 7, f"debezium-{later}", 50_000, user=7).status == 200
    told = wait_told(system, connect.process, [earlier, later])
    assert as_told(told, later) == as_records(system, later)
    assert len(told) == len(first_of_each(told)), "told once, as long as nothing is killed"
    assert {json.loads(record.value or b"")["type"] for record in told} == {"coupon.issued", "coupon.sold-out", "coupon.used"}

    sell(system, killed, 2000)
    connect.process.kill9()
    sell(system, killed, 300, first=2001)
    connect.start()
    told = wait_told(system, connect.process, [killed])
    print(f"{len(told)} records of {len(first_of_each(told))} events")
    assert as_told(first_of_each(told), killed) == as_records(system, killed)
