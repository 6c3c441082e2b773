"""A Kafka broker in KRaft mode (broker and controller in one process), one node or several."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import kafka_protocol, port
from deploy.local.condition import wait_until
from deploy.local.errors import LocalError
from deploy.local.kafka_protocol import KafkaError
from deploy.local.paths import KAFKA_LIBS
from deploy.local.process import Process

CLUSTER_ID = "Y291cG9uLXJ1c2gtbG9jYQ"
TOOL_JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData")
BROKER_JAVA_OPTIONS = ("-Xms128m", "-Xmx512m", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError")
_SECONDS_TO_START = 60


@dataclass(frozen=True)
class Voter:
    """One controller of the quorum."""

    node_id: int
    controller_port: int


def libs_present() -> bool:
    """True if Kafka's jars are there, so a real broker can be started."""
    return any(KAFKA_LIBS.glob("kafka_2.13-*.jar"))


class KafkaBroker:
    """One node. Clients use .address (where it tells them to connect: itself, or the address given as
    advertised, such as a TCP proxy's). Data is under <data_dir>/<name>, and survives a kill -9."""

    def __init__(
        self,
        data_dir: Path,
        port: int,
        controller_port: int,
        node_id: int = 1,
        voters: Sequence[Voter] = (),
        advertised: tuple[str, int] | None = None,
        java_options: Sequence[str] = BROKER_JAVA_OPTIONS,
        properties: Mapping[str, str] | None = None,
        name: str = "kafka",
    ) -> None:
        self.name = name
        self.port = port
        self.controller_port = controller_port
        self.node_id = node_id
        self.voters = tuple(voters) or (Voter(node_id, controller_port),)
        self.advertised = advertised or ("127.0.0.1", port)
        self.java_options = tuple(java_options)
        self.properties = dict(properties or {})
        self.directory = data_dir / name
        self.process = Process(data_dir, name)

    @property
    def address(self) -> str:
        """HOST:PORT for --kafka-brokers."""
        return f"{self.advertised[0]}:{self.advertised[1]}"

    def start(self) -> None:
        """Start it unless it runs; formats its storage the first time. Does not wait."""
        if self.process.alive():
            return
        if not libs_present():
            raise LocalError(f"no Kafka in {KAFKA_LIBS}: run make setup (it needs Maven Central once)")
        for number in (self.port, self.controller_port):
            port.require_free(number, self.name)
        self._write_configuration()
        self._format_once()
        self.process.start(self._java("kafka.Kafka", self._config, options=self.java_options))

    def wait_ready(self, seconds: float = _SECONDS_TO_START) -> None:
        """Wait until the cluster lists this node among its live brokers."""
        self.process.wait_ready(self.ready, seconds)

    def ready(self) -> bool:
        """True if it answers, and the controller counts it as live."""
        try:
            return self.node_id in kafka_protocol.metadata("127.0.0.1", self.port, [], timeout=2).brokers
        except KafkaError:
            return False

    def stop(self) -> None:
        """End it in order; its data stays."""
        self.process.stop()

    def topic_partitions(self, name: str) -> int | None:
        """Number of partitions, None if there is no such topic. Raises KafkaError when it is away."""
        leaders = kafka_protocol.metadata("127.0.0.1", self.port, [name]).topics.get(name)
        return len(leaders) if leaders else None

    def create_topic(self, name: str, partitions: int, config: Mapping[str, str] | None = None) -> bool:
        """Create the topic unless it is there, and wait until every partition has a leader. True if it
        was created. Raises LocalError if it exists with another number of partitions."""
        try:
            created = kafka_protocol.create_topic(
                "127.0.0.1", self.port, name, partitions, min(3, len(self.voters)), config or {}
            )
            wait_until(lambda: self._led(name), 10)
            seen = self.topic_partitions(name)
        except KafkaError as error:
            raise LocalError(str(error)) from error
        if seen != partitions:
            raise LocalError(f"topic {name} has {seen} partitions, not the {partitions} asked for")
        return created

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Partition → offset of the next record. Raises KafkaError."""
        return kafka_protocol.end_offsets("127.0.0.1", self.port, topic)

    def committed_offsets(self, group: str, topic: str) -> dict[int, int]:
        """Partition → offset committed by the group. Raises KafkaError."""
        partitions = range(self.topic_partitions(topic) or 0)
        return kafka_protocol.committed_offsets("127.0.0.1", self.port, group, topic, partitions)

    def consumer_groups_describe(self, group: str) -> str:
        """What Kafka's own consumer-groups tool says about the group (takes about a second)."""
        return self.tool(
            "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
            "--bootstrap-server", f"127.0.0.1:{self.port}", "--describe", "--group", group,
        )  # fmt: skip

    def tool(self, main_class: str, *arguments: str, seconds: float = 60) -> str:
        """Run one of Kafka's Java tools, give back its output. Raises LocalError when it fails."""
        done = subprocess.run(
            self._java(main_class, *arguments, options=TOOL_JAVA_OPTIONS),
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise LocalError(f"{main_class.rpartition('.')[2]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    @property
    def _config(self) -> Path:
        return self.directory / "server.properties"

    @property
    def _storage(self) -> Path:
        return self.directory / "storage"

    def _led(self, topic: str) -> bool:
        leaders = kafka_protocol.metadata("127.0.0.1", self.port, [topic]).topics.get(topic, {})
        return bool(leaders) and min(leaders.values()) >= 0

    def _java(self, main_class: str, *arguments: str | Path, options: Sequence[str]) -> list[str | Path]:
        log4j = Path(__file__).with_name("kafka-log4j2.properties")
        return [
            "java", *options, f"-Dlog4j2.configurationFile={log4j}", "-Djava.net.preferIPv4Stack=true",
            "-cp", f"{KAFKA_LIBS}/*", main_class, *arguments,
        ]  # fmt: skip

    def _format_once(self) -> None:
        done = self._storage / "formatted"
        if done.exists():
            return
        shutil.rmtree(self._storage, ignore_errors=True)
        self.tool("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self._config))
        done.touch()

    def _write_configuration(self) -> None:
        replicas = min(3, len(self.voters))
        in_sync = max(1, replicas - 1)
        settings = {
            "process.roles": "broker,controller",
            "node.id": self.node_id,
            "controller.quorum.voters": ",".join(
                f"{voter.node_id}@127.0.0.1:{voter.controller_port}" for voter in self.voters
            ),
            "listeners": f"CLIENT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"CLIENT://{self.address}",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self._storage,
            "auto.create.topics.enable": "false",
            "default.replication.factor": replicas,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "broker.heartbeat.interval.ms": 500,
            "broker.session.timeout.ms": 3000,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.cleaner.dedupe.buffer.size": 16 << 20,
            **self.properties,
        }
        self.directory.mkdir(parents=True, exist_ok=True)
        self._config.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
