"""Goal: a coupon's requests are all in one partition, the one that Java's default partitioner picks for its id;
different coupons spread. Written by the gateways and by Java, placed by murmur2, read back by kcat."""

import json
import subprocess

from deploy.local.kafka_questions import TOOL_JAVA_OPTIONS, tool_class
from deploy.local.paths import KAFKA_LIBS
from tests.support.murmur2 import partition_of
from tests.support.rest import call
from tests.support.system import System
from tests.support.topic import kcat


def java_console_producer(brokers: str, topic: str, lines: str) -> None:
    """Write KEY:VALUE lines with Kafka's own console producer."""
    subprocess.run(
        [
            "java", *TOOL_JAVA_OPTIONS, "-cp", f"{KAFKA_LIBS}/*", tool_class("ConsoleProducer"),
            "--bootstrap-server", brokers, "--topic", topic,
            "--property", "parse.key=true", "--property", "key.separator=|",
        ],
        input=lines, text=True, check=True, capture_output=True, timeout=60,
    )  # fmt: skip


def partitions_by_kcat(system: System, since: dict[int, int]) -> dict[str, set[int]]:
    """Key → partitions in which kcat sees it."""
    seen: dict[str, set[int]] = {}
    for partition, offset in since.items():
        lines = kcat(
            system.world.kafka.address, system.topic, "-C", "-e", "-q", "-p", str(partition), "-o", str(offset),
            "-f", "%k %p\n",
        )  # fmt: skip
        for line in lines.splitlines():
            key, place = line.split()
            seen.setdefault(key, set()).add(int(place))
    return seen


def test_partitions_are_javas(system: System) -> None:
    since = system.ends()
    coupons = [system.new_coupon(10, couponId=system.unused_id()) for _ in range(24)]
    for coupon in coupons:
        for user in (1, 2):
            gateway = system.gateways[user % 2]
            assert call("POST", f"{gateway}/api/v1/coupons/{coupon}/issue", {"userId": user}).status == 202
    by_gateway = partitions_by_kcat(system, since)
    between = system.ends()
    lines = [f"{c}|" + json.dumps({"requestId": f"JAVA-{c}", "couponId": c, "userId": 3}) + "\n" for c in coupons]
    java_console_producer(system.world.kafka.address, system.topic, "".join(lines))
    by_java = partitions_by_kcat(system, between)
    expected = {str(c): {partition_of(str(c).encode(), system.partitions)} for c in coupons}
    print(f"expected {expected}\ngateway  {by_gateway}\nJava     {by_java}")
    assert by_java == expected, "the known partitioner is not Java's"
    assert by_gateway == expected
    assert {place for places in by_gateway.values() for place in places} == set(range(system.partitions))
