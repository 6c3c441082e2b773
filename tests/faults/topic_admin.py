"""What an administrator may do to a topic, and should not. brokers: HOST:PORT,..."""

import json
from pathlib import Path

from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions

from deploy.local.kafka_questions import run_tool, tool_class

_SECONDS = 30.0


def delete_topic(brokers: str, topic: str) -> None:
    """Delete it."""
    admin = AdminClient({"bootstrap.servers": brokers})
    admin.delete_topics([topic])[topic].result(_SECONDS)


def add_partitions(brokers: str, topic: str, count: int) -> None:
    """Let it have that many in all."""
    admin = AdminClient({"bootstrap.servers": brokers})
    admin.create_partitions([NewPartitions(topic, count)])[topic].result(_SECONDS)


def setting(brokers: str, topic: str, name: str) -> str | None:
    """What a topic goes by, the broker's default where it has none of its own; None: this Kafka does not know it."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    admin = AdminClient({"bootstrap.servers": brokers})
    found = admin.describe_configs([resource])[resource].result(_SECONDS)
    return str(found[name].value) if name in found else None


def delete_records(brokers: str, topic: str, partition: int, offset: int, directory: Path) -> None:
    """Delete the records below the offset, as retention does."""
    plan = directory / "delete-records.json"
    plan.write_text(json.dumps({
        "version": 1, "partitions": [{"topic": topic, "partition": partition, "offset": offset}],
    }))  # fmt: skip
    run_tool(tool_class("DeleteRecordsCommand"), "--bootstrap-server", brokers, "--offset-json-file", str(plan))
