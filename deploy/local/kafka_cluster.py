"""Several Kafka nodes as one cluster: replicated topics, and nodes that may be killed or frozen one by one."""

from collections.abc import Sequence

from deploy.local.condition import wait_until
from deploy.local.errors import LocalError
from deploy.local.kafka import KafkaBroker
from deploy.local.kafka_protocol import KafkaError
from deploy.local.kafka_questions import KafkaQuestions

_SECONDS_TO_AGREE = 60


class KafkaCluster(KafkaQuestions):
    """The nodes of a cluster, each a KafkaBroker that may be started, killed, paused and resumed by itself.
    Questions are answered by whichever of them is up."""

    def __init__(self, brokers: Sequence[KafkaBroker]) -> None:
        super().__init__([broker.port for broker in brokers])
        self.brokers = list(brokers)

    @property
    def address(self) -> str:
        """All nodes' HOST:PORT, for --kafka-brokers."""
        return ",".join(broker.address for broker in self.brokers)

    def start(self) -> None:
        """Start the nodes that are down, and let go on what was paused. Does not wait."""
        for broker in self.brokers:
            broker.process.resume()
            broker.start()

    def wait_ready(self) -> None:
        """Wait until every node is live."""
        for broker in self.brokers:
            broker.wait_ready()

    def leader(self, topic: str, partition: int) -> KafkaBroker:
        """The node that leads the partition now. Raises KafkaError, or LocalError when none does."""
        return self._node(self.metadata([topic]).topics.get(topic, {}).get(partition, -1), f"{topic} {partition}")

    def others(self, broker: KafkaBroker) -> list[KafkaBroker]:
        """The nodes beside that one."""
        return [other for other in self.brokers if other is not broker]

    def wait_moved(self, topic: str, away_from: KafkaBroker, seconds: float = _SECONDS_TO_AGREE) -> None:
        """Wait until every partition of the topic is led, and none by that node. Raises LocalError."""

        def moved() -> bool:
            leaders = set(self._leaders(topic).values())
            return bool(leaders) and not leaders & {-1, away_from.node_id}

        if not wait_until(moved, seconds):
            raise LocalError(f"{topic} is still led by {self._leaders(topic)} after {seconds:.0f} s")

    def wait_in_sync(self, topic: str, seconds: float = _SECONDS_TO_AGREE) -> None:
        """Wait until every partition of the topic has a leader and all its replicas in sync. Raises LocalError."""

        def in_sync() -> bool:
            try:
                partitions = self.metadata([topic]).in_sync.get(topic, {})
            except KafkaError:
                return False
            return bool(partitions) and all(len(nodes) == len(self.brokers) for nodes in partitions.values())

        if not wait_until(in_sync, seconds):
            raise LocalError(f"{topic} is not in sync on all {len(self.brokers)} nodes after {seconds:.0f} s")

    def _leaders(self, topic: str) -> dict[int, int]:
        try:
            return dict(self.metadata([topic]).topics.get(topic, {}))
        except KafkaError:
            return {}

    def _node(self, node_id: int, what: str) -> KafkaBroker:
        for broker in self.brokers:
            if broker.node_id == node_id:
                return broker
        raise LocalError(f"{what} has no leader")
