"""One local system: servers, schema, topics and programs, started in the order they need each other."""

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeVar

from deploy.local import paths
from deploy.local.errors import LocalError
from deploy.local.event_programs import CANCELS_TOPIC, NOTIFICATION, NOTIFICATIONS, PAYMENTS_TOPIC, STATISTICS, EventPrograms
from deploy.local.kafka import THREE_NODES_JAVA_OPTIONS, KafkaBroker, Voter
from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.kafka_protocol import KafkaError
from deploy.local.database import setup_database, user_of
from deploy.local.monitoring import RULES, Alertmanager, NodeExporter, Prometheus
from deploy.local.mariadb import DATABASE, MariaDb
from deploy.local.ports import Ports
from deploy.local.process import Process
from deploy.local.programs import Program, overridden
from deploy.local.redis import Redis
from deploy.local.secret_files import SecretFiles

TOPIC = "coupon-issue-request"
EVENTS_TOPIC = "coupon-events"
DEAD_LETTER_SUFFIX = ".DLT"
GROUP = "coupon-issue-group"
REQUEST_BYTES = 1_310_720
DEAD_LETTER_BYTES = 1_572_864  # a dead letter is the request and some headers
EVENT_BYTES = 1_048_588  # Kafka counts a batch of records as one

_HOW_TO_WIPE = "    make down && /usr/bin/python3 -m deploy.local wipe"

_Item = TypeVar("_Item")
_MONITORS = ("prometheus", "alertmanager", "node-exporter")
_CONTENT = ("mariadb", "redis", *_MONITORS, "secrets", "pids", "logs", "world.json", "lock", NOTIFICATIONS)
_KAFKA = "kafka"  # one node has this name, several have it with -1, -2, …


class Member(Protocol):
    """What servers and programs have in common."""

    name: str
    process: Process

    def start(self) -> None: ...
    def wait_ready(self) -> None: ...
    def stop(self) -> None: ...


def print_progress(line: str) -> None:
    """Print a progress line at once."""
    print(line, flush=True)


class World:
    """A system of its own under data_dir. What runs is known from there alone, so an object made later
    (or after a kill -9 of anything) can go on with it. partitions, gateways, workers, relays and brokers of None
    mean: as at the last up(), or 3, 2, 3, 0 and 1; where there are relays, statistics are kept too. shop and
    notification add those. The flags and environments are added to those of every instance.
    With several brokers .kafka is the cluster and .kafka.brokers its nodes. A topic has as many replicas as
    there are brokers, three at most, and one less must be in sync; min_in_sync says otherwise."""

    def __init__(
        self,
        data_dir: Path,
        ports: Ports | None = None,
        partitions: int | None = None,
        gateways: int | None = None,
        workers: int | None = None,
        relays: int | None = None,
        brokers: int | None = None,
        replicas: int | None = None,
        min_in_sync: int | None = None,
        broker_properties: Mapping[str, str] | None = None,
        bin_dir: Path = paths.BIN,
        gateway_flags: Sequence[str] = (),
        worker_flags: Sequence[str] = (),
        gateway_environment: Mapping[str, str] | None = None,
        worker_environment: Mapping[str, str] | None = None,
        buffer_pool: str = "512M",
        monitoring: bool | None = None,
        shop: bool | None = None,
        notification: bool | None = None,
        rules: Path = RULES,
        progress: Callable[[str], None] = print_progress,
    ) -> None:
        self.data_dir = data_dir.resolve()
        last = self._last_up()
        self.ports = ports or (Ports(**last["ports"]) if "ports" in last else Ports())
        self._partitions_asked = partitions is not None
        self.partitions: int = last.get("partitions", 3) if partitions is None else partitions
        self._gateway_flags, self._worker_flags = list(gateway_flags), list(worker_flags)
        self._gateway_environment, self._worker_environment = gateway_environment, worker_environment
        self._bin_dir = bin_dir
        self._progress = progress
        self.secrets = SecretFiles(self.data_dir)
        self._brokers_made: int | None = last.get("brokers", 1) if last else None
        self._broker_properties = dict(broker_properties or {})
        self._replicas, self._min_in_sync = replicas, min_in_sync
        self.kafka = self._make_kafka(brokers or self._brokers_made or 1)
        self.mariadb = MariaDb(self.data_dir, self.ports.mariadb, buffer_pool)
        self.redis = Redis(self.data_dir, self.ports.redis)
        self._event_programs = EventPrograms(
            self.data_dir, bin_dir / "issue-worker", self.ports, self.kafka.address, EVENTS_TOPIC, self._redis_flags()
        )
        gateways = last.get("gateways", 2) if gateways is None else gateways
        workers = last.get("workers", 3) if workers is None else workers
        self.gateways = [self.make_gateway(number) for number in range(gateways)]
        self.workers = [self.make_worker(number) for number in range(workers)]
        relays = last.get("relays", 0) if relays is None else relays
        self.relays = [self.make_relay(number) for number in range(relays)]
        self.event_readers = [self.make_event_reader(STATISTICS)] if relays else []
        self.notification: bool = last.get("notification", False) if notification is None else notification
        if self.notification:
            self.event_readers.append(self.make_event_reader(NOTIFICATION))
        self.shop: bool = last.get("shop", False) if shop is None else shop
        self.shop_workers = [self._event_programs.shop(self._mysql_flags("worker"))] if self.shop else []

        self.monitoring: bool = last.get("monitoring", False) if monitoring is None else monitoring
        self.node_exporter = NodeExporter(self.data_dir, self.ports.node_exporter)
        self.alertmanager = Alertmanager(self.data_dir, self.ports.alertmanager)
        self.prometheus = Prometheus(self.data_dir, self.ports.prometheus, self.ports.alertmanager, self.scrape_targets(), rules)

    def up(self) -> None:
        """Start what is missing, end gateways and workers beyond the number wanted, and return when all
        is ready. Raises LocalError; what was started by then stays up."""
        with self._exclusive():
            self.up_servers()
            self._stop_surplus()
            self._start_all(self._programs())
            self._start_all(self.monitors())

    def up_servers(self) -> None:
        """The part of up() below the programs: servers, schema and topics. No lock is taken."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self._brokers_made not in (None, len(self.brokers)):
            raise LocalError(
                f"this system was made with {self._brokers_made} Kafka brokers, and {len(self.brokers)} were asked for."
                f" To begin anew without the data:\n{_HOW_TO_WIPE}"
            )
        self.secrets.make()
        self._start_all([*self.brokers, self.mariadb, self.redis])
        self.setup_database()
        self.create_topics()
        self._remember()

    def down(self) -> None:
        """End every process of this world, programs first; data stays. Others' processes are left alone."""
        if not self.data_dir.exists():
            return
        with self._exclusive():
            processes = [Process(self.data_dir, name) for name in self.process_names()]
            servers = [process for process in processes if self._is_server(process.name)]
            self._stop_all([process for process in processes if not self._is_server(process.name)])
            self._stop_all(servers)

    def wipe(self) -> None:
        """down(), and remove all data, logs and secrets; files of others in data_dir stay."""
        self.down()
        shutil.rmtree(self.mariadb.socket.parent, ignore_errors=True)
        for path in (*(self.data_dir / name for name in _CONTENT), *self.data_dir.glob(f"{_KAFKA}*")):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        try:
            self.data_dir.rmdir()
        except OSError:
            pass

    def setup_database(self) -> None:
        """Bring the running database to the newest schema, and the programs' users to their rights. Raises
        LocalError."""
        self.secrets.make()
        setup_database(self.mariadb, self.secrets, self._progress)

    def create_topics(self) -> None:
        """Create the topics of requests, dead letters and events unless they are there. Raises LocalError
        when they have another number of partitions than was asked for."""
        try:
            seen = self.kafka.topic_partitions(TOPIC)
        except KafkaError as error:
            raise LocalError(str(error)) from error
        if seen is not None and not self._partitions_asked:
            self.partitions = seen
        if seen not in (None, self.partitions):
            raise LocalError(
                f"topic {TOPIC} has {seen} partitions, and {self.partitions} were asked for. More or fewer would send"
                f" a coupon's requests to another partition and break their order. To begin anew without the data:\n"
                f"{_HOW_TO_WIPE}"
            )
        config = {} if self._min_in_sync is None else {"min.insync.replicas": str(self._min_in_sync)}
        topics = ((TOPIC, REQUEST_BYTES), (TOPIC + DEAD_LETTER_SUFFIX, DEAD_LETTER_BYTES), (EVENTS_TOPIC, EVENT_BYTES))
        shop = [(name + end, EVENT_BYTES) for name in (PAYMENTS_TOPIC, CANCELS_TOPIC) for end in ("", DEAD_LETTER_SUFFIX)]
        for name, size in (*topics, *(shop if self.shop else ())):
            settings = {**config, "max.message.bytes": str(size)}
            if self.kafka.create_topic(name, self.partitions, settings, self._replicas):
                self._progress(f"  topic {name}, {self.partitions} partitions")

    def make_gateway(
        self, number: int, flags: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> Program:
        """Gateway number (from 0), not started; a flag given here wins over the usual one."""
        listen = self.ports.gateway + 10 * number
        management = self.ports.gateway_management + 10 * number
        return Program(
            self.data_dir,
            f"api-gateway-{number}",
            self._bin_dir / "api-gateway",
            overridden([
                "--listen", f"127.0.0.1:{listen}", "--management-listen", f"127.0.0.1:{management}",
                "--io-threads", "1", "--auth", "off",
                "--request-id-key-file", self.secrets.request_id_key, "--admin-token-file", self.secrets.admin_token,
                "--kafka-brokers", self.kafka.address, "--kafka-topic", TOPIC,
                *self._store_flags("gateway"),
            ], [*self._gateway_flags, *flags]),
            management,
            listen,
            {**(self._gateway_environment or {}), **(environment or {})},
        )  # fmt: skip

    def make_worker(
        self, number: int, flags: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> Program:
        """Worker number (from 0), not started; a flag given here wins over the usual one."""
        management = self.ports.worker_management + 10 * number
        return Program(
            self.data_dir,
            f"issue-worker-{number}",
            self._bin_dir / "issue-worker",
            overridden([
                "--management-listen", f"127.0.0.1:{management}", "--consumers", "1",
                "--kafka-brokers", self.kafka.address, "--kafka-topic", TOPIC, "--kafka-group", GROUP,
                *self._store_flags("worker"),
            ], [*self._worker_flags, *flags]),
            management,
            None,
            {**(self._worker_environment or {}), **(environment or {})},
        )  # fmt: skip

    def make_relay(
        self, number: int, flags: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> Program:
        """Relay number (from 0), not started; a flag given here wins over the usual one."""
        return self._event_programs.relay(number, self._mysql_flags("relay"), flags, environment)

    def make_event_reader(
        self, mode: str, flags: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> Program:
        """statistics or notification, not started; a flag given here wins over the usual one."""
        return self._event_programs.reader(mode, flags, environment)

    def members(self) -> list[KafkaBroker | MariaDb | Redis | Program]:
        """All that should be up."""
        return [*self.brokers, self.mariadb, self.redis, *self._programs()]

    def _programs(self) -> list[Program]:
        return [*self.gateways, *self.workers, *self.relays, *self.event_readers, *self.shop_workers]

    def monitors(self) -> list[NodeExporter | Alertmanager | Prometheus]:
        """What watches the rest, where that was asked for."""
        return [self.node_exporter, self.alertmanager, self.prometheus] if self.monitoring else []

    @property
    def brokers(self) -> list[KafkaBroker]:
        """Kafka's nodes."""
        return self.kafka.brokers if isinstance(self.kafka, KafkaCluster) else [self.kafka]

    def process_names(self) -> list[str]:
        """Names of all that was started here and not ended since, whether or not it still runs."""
        return sorted(file.stem for file in (self.data_dir / "pids").glob("*.json"))

    def _make_kafka(self, count: int) -> KafkaBroker | KafkaCluster:
        kafka, controller = self.ports.kafka, self.ports.kafka_controller
        if count == 1:
            return KafkaBroker(self.data_dir, kafka, controller, properties=self._broker_properties)
        voters = [Voter(number + 1, controller + 2 * number) for number in range(count)]
        return KafkaCluster([
            KafkaBroker(
                self.data_dir, kafka + 2 * number, controller + 2 * number, number + 1, voters,
                java_options=THREE_NODES_JAVA_OPTIONS, properties=self._broker_properties, name=f"{_KAFKA}-{number + 1}",
            )
            for number in range(count)
        ])  # fmt: skip

    def scrape_targets(self) -> dict[str, list[int]]:
        """Job of deploy/monitoring/prometheus.yml → its ports."""
        return {
            "api-gateway": [gateway.management_port for gateway in self.gateways],
            "issue-worker": [worker.management_port for worker in self.workers],
            "issue-worker-relay": [relay.management_port for relay in self.relays],
            "issue-worker-shop": [worker.management_port for worker in self.shop_workers],
            "coupon-statistics": [one.management_port for one in self.event_readers if one.mode == STATISTICS],
            "coupon-notification": [one.management_port for one in self.event_readers if one.mode == NOTIFICATION],
            "expiry-batch": [self.ports.node_exporter],
        }

    def _is_server(self, name: str) -> bool:
        return name in (self.mariadb.name, self.redis.name) or name.startswith(_KAFKA)

    def _store_flags(self, program: str) -> list[str | Path]:
        return [*self._mysql_flags(program), *self._redis_flags()]

    def _mysql_flags(self, program: str) -> list[str | Path]:
        return [
            "--mysql-host", "127.0.0.1", "--mysql-port", str(self.ports.mariadb), "--mysql-user", user_of(program),
            "--mysql-password-file", self.secrets.mysql_password_of(program), "--mysql-database", DATABASE,
        ]  # fmt: skip

    def _redis_flags(self) -> list[str | Path]:
        return ["--redis-host", "127.0.0.1", "--redis-port", str(self.ports.redis)]

    def _start_all(self, members: Sequence[Member]) -> None:
        def start(member: Member) -> None:
            if member.process.alive():
                member.process.resume()
                member.wait_ready()
                return
            began = time.monotonic()
            member.start()
            member.wait_ready()
            seconds = time.monotonic() - began
            self._progress(f"  {member.name:16} up in {seconds:4.1f} s, pid {member.process.pid()}")

        self._in_parallel(start, members)

    def _stop_all(self, processes: Sequence[Process]) -> None:
        def stop(process: Process) -> None:
            was_up = process.alive()
            began = time.monotonic()
            gentle = process.stop(60)
            if was_up:
                how = "ended" if gentle else "did not end, killed"
                self._progress(f"  {process.name:16} {how} after {time.monotonic() - began:.1f} s")

        self._in_parallel(stop, processes)

    def _stop_surplus(self) -> None:
        wanted = {member.name for member in [*self.members(), *self.monitors()]}
        kinds = ("api-gateway-", "issue-worker-", "relay-", STATISTICS, NOTIFICATION, *_MONITORS)
        surplus = [name for name in self.process_names() if name.startswith(kinds) and name not in wanted]
        self._stop_all([Process(self.data_dir, name) for name in surplus])

    @staticmethod
    def _in_parallel(action: Callable[[_Item], None], items: Sequence[_Item]) -> None:
        if not items:
            return
        with ThreadPoolExecutor(len(items)) as pool:
            runs = [pool.submit(action, item) for item in items]
        errors = [str(error) for run in runs if (error := run.exception())]
        if errors:
            raise LocalError("\n".join(errors))

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._progress("  waiting for another up or down to end…")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _last_up(self) -> dict[str, Any]:
        try:
            record: dict[str, Any] = json.loads((self.data_dir / "world.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return record

    def _remember(self) -> None:
        record = {
            "partitions": self.partitions,
            "gateways": len(self.gateways),
            "workers": len(self.workers),
            "relays": len(self.relays),
            "brokers": len(self.brokers),
            "monitoring": self.monitoring,
            "shop": self.shop,
            "notification": self.notification,
            "ports": asdict(self.ports),
        }
        fresh = self.data_dir / "world.json.new"
        fresh.write_text(json.dumps(record))
        fresh.replace(self.data_dir / "world.json")
