"""What can be asked of a Kafka cluster, whichever of its nodes answers."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar
from zipfile import ZipFile

from deploy.local import kafka_protocol
from deploy.local.condition import wait_until
from deploy.local.errors import LocalError
from deploy.local.kafka_protocol import KafkaError, Metadata
from deploy.local.paths import KAFKA_LIBS

TOOL_JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData")
_SECONDS_TO_LEAD = 20
_SECONDS_TO_ANSWER = 2

_Answer = TypeVar("_Answer")


def java_command(main_class: str, *arguments: str | Path, options: Sequence[str]) -> list[str | Path]:
    """The command line of one of Kafka's classes."""
    log4j = Path(__file__).with_name("kafka-log4j2.properties")
    return [
        "java", *options, f"-Dlog4j2.configurationFile={log4j}", "-Djava.net.preferIPv4Stack=true",
        "-cp", f"{KAFKA_LIBS}/*", main_class, *arguments,
    ]  # fmt: skip


@cache
def tool_class(name: str) -> str:
    """The full name of one of Kafka's command line classes: from 3.5 to 4.0 they moved out of the broker's jar one after
    the other. Raises LocalError when no jar has it."""
    for jar in (*KAFKA_LIBS.glob("kafka-tools-*.jar"), *KAFKA_LIBS.glob("kafka_2.13-*.jar")):
        with ZipFile(jar) as entries:
            for entry in entries.namelist():
                if entry.endswith(f"/{name}.class"):
                    return entry.removesuffix(".class").replace("/", ".")
    raise LocalError(f"no {name} in {KAFKA_LIBS}")


def run_tool(main_class: str, *arguments: str, seconds: float = 60, lines: str = "") -> str:
    """Run one of Kafka's Java tools, lines as its input; give back its output. Raises LocalError when it fails."""
    done = subprocess.run(
        java_command(main_class, *arguments, options=TOOL_JAVA_OPTIONS),
        input=lines, capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise LocalError(f"{main_class.rpartition('.')[2]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


class KafkaQuestions:
    """The questions. Each goes to the given ports of 127.0.0.1 in turn until one answers."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = list(ports)

    def metadata(self, topics: Sequence[str] = ()) -> Metadata:
        """The live brokers, and the given topics. Raises KafkaError when no node answers."""
        return self._first(lambda port: kafka_protocol.metadata("127.0.0.1", port, topics, _SECONDS_TO_ANSWER))

    def topic_partitions(self, name: str) -> int | None:
        """Number of partitions, None if there is no such topic. Raises KafkaError when it is away."""
        leaders = self.metadata([name]).topics.get(name)
        return len(leaders) if leaders else None

    def create_topic(
        self, name: str, partitions: int, config: Mapping[str, str] | None = None, replicas: int | None = None
    ) -> bool:
        """Create the topic unless it is there, and wait until every partition has a leader. True if it
        was created. replicas: the cluster's default if not given. Raises LocalError if it exists with
        another number of partitions."""

        def create(port: int) -> bool:
            return kafka_protocol.create_topic("127.0.0.1", port, name, partitions, replicas or -1, config or {})

        try:
            created = self._first(create)
            wait_until(lambda: self._led(name), _SECONDS_TO_LEAD)
            seen = self.topic_partitions(name)
        except KafkaError as error:
            raise LocalError(str(error)) from error
        if seen != partitions:
            raise LocalError(f"topic {name} has {seen} partitions, not the {partitions} asked for")
        return created

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Partition → offset of the next record. Raises KafkaError."""
        return self._first(lambda port: kafka_protocol.end_offsets("127.0.0.1", port, topic))

    def committed_offsets(self, group: str, topic: str) -> dict[int, int]:
        """Partition → offset committed by the group. Raises KafkaError."""
        partitions = range(self.topic_partitions(topic) or 0)
        return self._first(
            lambda port: kafka_protocol.committed_offsets("127.0.0.1", port, group, topic, partitions)
        )

    def consumer_groups_describe(self, group: str) -> str:
        """What Kafka's own consumer-groups tool says about the group (takes about a second)."""
        return self.tool(
            tool_class("ConsumerGroupCommand"), "--bootstrap-server",
            ",".join(f"127.0.0.1:{port}" for port in self._ports), "--describe", "--group", group,
        )  # fmt: skip

    @staticmethod
    def tool(main_class: str, *arguments: str, seconds: float = 60) -> str:
        """Run one of Kafka's Java tools, give back its output. Raises LocalError when it fails."""
        return run_tool(main_class, *arguments, seconds=seconds)

    def _led(self, topic: str) -> bool:
        leaders = self.metadata([topic]).topics.get(topic, {})
        return bool(leaders) and min(leaders.values()) >= 0

    def _first(self, ask: Callable[[int], _Answer]) -> _Answer:
        for port in self._ports[:-1]:
            try:
                return ask(port)
            except KafkaError:
                continue
        return ask(self._ports[-1])
