"""What the scripts that make topics ask Kafka's tool for, found out by running them."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.local.world import DEAD_LETTER_BYTES, DEAD_LETTER_SUFFIX, EVENT_BYTES, EVENTS_TOPIC, REQUEST_BYTES, TOPIC
from tests.deploy.option_table import settings

_TOOL = "/opt/kafka/bin/kafka-topics.sh"
_PAIRS = {"--topic", "--partitions", "--config", "--bootstrap-server", "--replication-factor"}


def topics_made(script: str, environment: Mapping[str, str], folder: Path) -> dict[str, tuple[int, int]]:
    """Topic → its partitions and max.message.bytes. The tool is one that tells what it was asked for."""
    tool = folder / "kafka-topics.sh"
    tool.write_text('#!/bin/sh\necho "$@"\n')
    tool.chmod(0o755)
    assert _TOOL in script
    done = subprocess.run(
        ["/bin/sh", "-euc", script.replace(_TOOL, str(tool))],
        env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = {}
    for line in done.stdout.splitlines():
        words = line.split()
        assert "--create" in words and "--if-not-exists" in words
        given = {word: words[number + 1] for number, word in enumerate(words) if word in _PAIRS}
        name, _, value = given["--config"].partition("=")
        assert name == "max.message.bytes" and given["--topic"] not in found
        found[given["--topic"]] = (int(given["--partitions"]), int(value))
    return found


def topics_wanted(partitions: int) -> dict[str, tuple[int, int]]:
    """The topics that the programs use by their defaults, with sizes as the local system makes them."""
    shop = {setting.flag: setting.default for setting in settings("issue-worker", "shop")}
    sizes = {EVENTS_TOPIC: EVENT_BYTES}
    for topic in (TOPIC, shop["--payment-topic"], shop["--cancel-topic"]):
        sizes |= {topic: REQUEST_BYTES, topic + DEAD_LETTER_SUFFIX: DEAD_LETTER_BYTES}
    return {topic: (partitions, size) for topic, size in sizes.items()}
