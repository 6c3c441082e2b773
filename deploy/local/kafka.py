"""A Kafka broker in KRaft mode (broker and controller in one process), one node or several."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import kafka_protocol, port
from deploy.local.errors import LocalError
from deploy.local.kafka_protocol import KafkaError
from deploy.local.kafka_questions import KafkaQuestions, java_command, run_tool
from deploy.local.paths import KAFKA_LIBS
from deploy.local.process import Process

CLUSTER_ID = "Y291cG9uLXJ1c2gtbG9jYQ"
BROKER_JAVA_OPTIONS = ("-Xms128m", "-Xmx512m", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError")
THREE_NODES_JAVA_OPTIONS = ("-Xms64m", "-Xmx384m", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError")
_SECONDS_TO_START = 180


@dataclass(frozen=True)
class Voter:
    """One controller of the quorum."""

    node_id: int
    controller_port: int


def libs_present() -> bool:
    """True if Kafka's jars are there, so a real broker can be started."""
    return any(KAFKA_LIBS.glob("kafka_2.13-*.jar"))


class KafkaBroker(KafkaQuestions):
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
        super().__init__([port])
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
        self.process.start(java_command("kafka.Kafka", self._config, options=self.java_options))

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

    @property
    def _config(self) -> Path:
        return self.directory / "server.properties"

    @property
    def _storage(self) -> Path:
        return self.directory / "storage"

    def _format_once(self) -> None:
        done = self._storage / "formatted"
        if done.exists():
            return
        shutil.rmtree(self._storage, ignore_errors=True)
        run_tool("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self._config))
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
