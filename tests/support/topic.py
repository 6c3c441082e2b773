"""Reading a topic independently of the programs, and writing into it by hand."""

import subprocess
from collections.abc import Mapping, Sequence

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from tests.support.wire import Record

_SECONDS = 30.0


class TopicReader:
    """An independent consumer: no group, no commits, assigned by hand."""

    def __init__(self, brokers: str, topic: str) -> None:
        self.brokers, self.topic = brokers, topic

    def partitions(self) -> int:
        """How many partitions the topic has."""
        consumer = self._consumer()
        try:
            return self._partitions(consumer)
        finally:
            consumer.close()

    def ends(self) -> dict[int, int]:
        """Partition → offset of the next record."""
        consumer = self._consumer()
        try:
            return self._watermarks(consumer)
        finally:
            consumer.close()

    def read(self, start: Mapping[int, int] | None = None) -> list[Record]:
        """All records from the given offsets (or the beginning) to the end as it is now."""
        consumer = self._consumer()
        try:
            ends = self._watermarks(consumer)
            begin = {p: (start or {}).get(p, OFFSET_BEGINNING) for p in ends}
            waiting = {p for p, end in ends.items() if end > max(0, begin[p])}
            consumer.assign([TopicPartition(self.topic, p, begin[p]) for p in waiting])
            records: list[Record] = []
            while waiting:
                message = consumer.poll(_SECONDS)
                if message is None:
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"{self.topic}: no record in {_SECONDS} s"))
                if message.error():
                    if message.error().code() != KafkaError._PARTITION_EOF:
                        raise KafkaException(message.error())
                    waiting.discard(message.partition())
                    continue
                records.append(_record(message))
                if message.offset() + 1 >= ends[message.partition()]:
                    waiting.discard(message.partition())
            return sorted((r for r in records if r.offset < ends[r.partition]), key=lambda r: (r.partition, r.offset))
        finally:
            consumer.close()

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self.brokers, "group.id": "independent-reader", "enable.auto.commit": False,
                "enable.partition.eof": True, "fetch.wait.max.ms": 10, "log_level": 2,
                "fetch.message.max.bytes": 4 << 20,
            }
        )  # fmt: skip

    def _partitions(self, consumer: Consumer) -> int:
        return len(consumer.list_topics(self.topic, _SECONDS).topics[self.topic].partitions)

    def _watermarks(self, consumer: Consumer) -> dict[int, int]:
        return {
            p: consumer.get_watermark_offsets(TopicPartition(self.topic, p), _SECONDS)[1]
            for p in range(self._partitions(consumer))
        }


def _record(message: "object") -> Record:
    kind, wall_ms = message.timestamp()  # type: ignore[attr-defined]
    return Record(
        message.partition(), message.offset(), wall_ms if kind else -1, message.key(), message.value(),  # type: ignore
        tuple(message.headers() or ()), message.topic(),  # type: ignore[attr-defined]
    )  # fmt: skip


class TopicWriter:
    """Writes records by hand, placed as Java's default partitioner places them unless told where."""

    def __init__(self, brokers: str, topic: str) -> None:
        self.topic = topic
        self._producer = Producer(
            {
                "bootstrap.servers": brokers, "partitioner": "murmur2_random", "acks": "all", "linger.ms": 0,
                "enable.idempotence": True, "message.max.bytes": 4 << 20, "log_level": 2,
            }
        )  # fmt: skip

    def write(
        self, key: bytes | None, value: bytes | None, partition: int = -1, timestamp_ms: int = 0,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> tuple[int, int]:  # fmt: skip
        """Write one record; its partition and offset."""
        placed: list[tuple[int, int]] = []
        errors: list[KafkaError] = []

        def delivered(error: KafkaError | None, message: "object") -> None:
            if error:
                errors.append(error)
            else:
                placed.append((message.partition(), message.offset()))  # type: ignore[attr-defined]

        self._producer.produce(
            self.topic, value, key, partition, on_delivery=delivered, timestamp=timestamp_ms, headers=list(headers)
        )
        self._producer.flush(_SECONDS)
        if not placed:
            raise KafkaException(errors[0] if errors else KafkaError(KafkaError._TIMED_OUT))
        return placed[0]

    def write_many(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Write keys and values as fast as it goes, in this order within each partition."""
        errors: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: "object") -> None:
            if error:
                errors.append(error)

        for number, (key, value) in enumerate(records):
            self._producer.produce(self.topic, value, key, on_delivery=delivered)
            if number % 1000 == 0:
                self._producer.poll(0)
        if self._producer.flush(_SECONDS) or errors:
            raise KafkaException(errors[0] if errors else KafkaError(KafkaError._TIMED_OUT))


def kcat(brokers: str, topic: str, *arguments: str, lines: str = "") -> str:
    """Run kcat on the topic, lines as its input; what it printed. Raises CalledProcessError."""
    done = subprocess.run(
        ["kcat", "-b", brokers, "-t", topic, *arguments],
        input=lines, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=True,
    )  # fmt: skip
    return done.stdout


def kcat_produce(brokers: str, topic: str, key: str, *values: str, partitioner: str = "murmur2_random") -> None:
    """Type values, one a line, into kcat as a person would."""
    kcat(
        brokers, topic, "-P", "-k", key, "-X", f"topic.partitioner={partitioner}", lines="".join(v + "\n" for v in values)
    )
