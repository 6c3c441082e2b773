"""librdkafka's mock cluster in the place of a broker, where Kafka's jars could not be fetched. See mock_broker.c
for what it cannot do."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.local import kafka_protocol
from deploy.local.errors import LocalError
from deploy.local.paths import BUILD, REPOSITORY
from deploy.local.process import Process
from deploy.local.world import DEAD_LETTER_SUFFIX, TOPIC

# Its fetches do not wake up for new data, and it answers them late otherwise.
CONSUMER_FLAGS = ("--kafka-property", "fetch.wait.max.ms=10")
_PROGRAM = BUILD / "tests" / "support" / "mock_broker"


class MockKafka:
    """Has what a world needs of a KafkaBroker; the topics are there from the start."""

    def __init__(self, data_dir: Path, partitions: int) -> None:
        self.name = "kafka"
        self.process = Process(data_dir, self.name)
        self._topics = {TOPIC: partitions, TOPIC + DEAD_LETTER_SUFFIX: partitions}

    @property
    def address(self) -> str:
        """HOST:PORT, once it is ready."""
        found = re.findall(r"^bootstrap\.servers=(\S+)$", self.process.log_file.read_text(), re.MULTILINE)
        return str(found[-1]) if found else ""

    def start(self) -> None:
        """Build it if need be, and start it unless it runs."""
        if self.process.alive():
            return
        made = subprocess.run(
            ["make", "--no-print-directory", str(_PROGRAM.relative_to(REPOSITORY))],
            cwd=REPOSITORY, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode != 0:
            raise LocalError(f"the mock broker could not be built:\n{made.stdout[-2000:]}{made.stderr[-2000:]}")
        self.process.log_file.unlink(missing_ok=True)
        self.process.start([_PROGRAM, *(f"{name}:{count}" for name, count in self._topics.items())])

    def wait_ready(self, seconds: float = 20) -> None:
        """Wait for its address."""
        self.process.wait_ready(lambda: bool(self.address), seconds)

    def stop(self) -> None:
        """End it; everything in it is gone."""
        self.process.stop()

    def topic_partitions(self, name: str) -> int | None:
        """As many as it was started with."""
        return self._topics.get(name)

    def create_topic(
        self, name: str, partitions: int, config: Mapping[str, str] | None = None, replicas: int | None = None
    ) -> bool:
        """They are there already."""
        if self._topics.get(name) != partitions:
            raise LocalError(f"the mock cluster has no topic {name} with {partitions} partitions")
        return False

    def end_offsets(self, topic: str) -> dict[int, int]:
        """As a KafkaBroker does it."""
        host, _, port = self.address.rpartition(":")
        return kafka_protocol.end_offsets(host, int(port), topic)

    def committed_offsets(self, group: str, topic: str) -> dict[int, int]:
        """As a KafkaBroker does it."""
        host, _, port = self.address.rpartition(":")
        return kafka_protocol.committed_offsets(host, int(port), group, topic, range(self._topics[topic]))
