"""Goal: `issue-worker advice` tells from the real topic and group how many workers help, and changes nothing."""

import json
import subprocess
from typing import Any

from tests.support.system import System


def advice(system: System, *arguments: str) -> dict[str, Any]:
    """What it says of the running system, as JSON."""
    worker = system.world.workers[0].binary
    command = [worker, "advice", "--kafka-brokers", system.world.kafka.address, "--interval", "1", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    print(done)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_nothing_to_do(system: System) -> None:
    system.wait_drained()
    system.wait_lag_zero()
    said = advice(system)
    assert said["consumers"] == len(system.world.workers) and len(said["partitions"]) == system.partitions
    assert said["verdict"] == "fewer" and said["consumersThatHelp"] == 1
    assert said["morePartitions"] == "enough"


def test_one_partition_has_it_all(system: System) -> None:
    coupon = system.unused_id(partition=1)
    workers = [worker.process for worker in system.world.workers]
    system.wait_lag_zero()
    for process in workers:
        process.pause()
    try:
        value = b'{"requestId":"advice-%d-%d","couponId":%d,"userId":%d}'
        system.writer.write_many([(str(coupon).encode(), value % (coupon, n, coupon, n)) for n in range(1, 301)])
        said = advice(system, "--capacity", "10", "--drain", "10")
        text = subprocess.run(
            [system.world.workers[0].binary, "advice", "--kafka-brokers", system.world.kafka.address, "--interval", "1",
             "--capacity", "10", "--drain", "10"], capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    finally:
        for process in workers:
            process.resume()
    system.wait_drained()
    assert [partition["lag"] for partition in said["partitions"]] == [0, 300, 0]
    assert (said["verdict"], said["consumersThatHelp"], said["drainSeconds"]) == ("limit", 1, 30)
    assert said["morePartitions"] == "skew" and said["partitionsNeeded"] is None
    assert "At the limit: partition 1" in text and "More partitions would not help" in text


def test_kafka_is_away(system: System) -> None:
    worker = system.world.workers[0].binary
    done = subprocess.run([worker, "advice", "--kafka-brokers", "127.0.0.1:1", "--kafka-property", "log_level=0"],
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 69 and not done.stdout
    assert "issue-worker advice: " in done.stderr
