"""Goal: a dead letter, its FAILED result and the fence agree, wherever the worker dies; and while the dead-letter topic
takes nothing, nothing is passed over, and it goes on by itself."""

import json
import signal
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from deploy.local.world import DEAD_LETTER_BYTES
from tests.support.rest import call, metric
from tests.support.system import System
from tests.system.test_failure_policy import lone_worker, outcomes

__all__ = ["lone_worker"]


@contextmanager
def dead_letters_refused(system: System) -> Iterator[None]:
    """While this lasts every record is too large for the dead-letter topic."""
    _limit(system, 100)
    try:
        yield
    finally:
        _limit(system, DEAD_LETTER_BYTES)


def _limit(system: System, size: int) -> None:
    wanted = {"max.message.bytes": str(size)}
    topic = ConfigResource(ConfigResource.Type.TOPIC, system.dead_letters.topic, set_config=wanted)
    admin = AdminClient({"bootstrap.servers": system.world.kafka.address})
    for change in admin.alter_configs([topic]).values():
        change.result(30)


def write(system: System, coupon: int, *bodies: dict[str, object]) -> list[str]:
    """Records of the coupon, in this order; their ids."""
    ids = [f"LETTER-{coupon}-{number}" for number in range(len(bodies))]
    key = str(coupon).encode()
    for request_id, body in zip(ids, bodies):
        system.writer.write(key, json.dumps({"requestId": request_id, "couponId": coupon, **body}).encode())
    return ids


@pytest.mark.parametrize(
    ("failpoint", "copies"),
    [
        ("worker_before_dead_letter", 1),
        ("worker_after_dead_letter", 2),
        ("worker_before_commit", 2),
        ("worker_after_commit", 1),
    ],
)
def test_killed_around_a_dead_letter(
    system: System, lone_worker: Program, failpoint_worker: Path, failpoint: str, copies: int
) -> None:
    coupon, since = system.new_coupon(5, couponId=system.unused_id(0)), system.dead_letters.ends()
    before = system.fences().get(0, 0)
    ids = write(system, coupon, {"userId": 1}, {"userId": "not a number"}, {"userId": 2})
    usual, lone_worker.binary = lone_worker.binary, failpoint_worker
    lone_worker.start({"COUPON_FAILPOINT": failpoint})
    assert lone_worker.process.wait_exit(60), f"{failpoint} was not reached"
    assert lone_worker.process.exit_code() == -signal.SIGKILL
    assert (system.fences().get(0, 0) > before) == (failpoint == "worker_after_commit")
    lone_worker.binary = usual
    lone_worker.start()
    lone_worker.wait_ready()
    system.wait_drained()
    assert outcomes(system, ids) == ["ISSUED", "DEAD_LETTERED", "ISSUED"]
    letters = system.dead_letters.read(since)
    places = {dict(letter.headers)["kafka_dlt-original-offset"] for letter in letters}
    print(f"{failpoint}: {len(letters)} letters of {len(places)} record")
    assert (len(letters), len(places)) == (copies, 1), "letters of one record are one by their original place"
    poll = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{ids[1]}?wait=5").json
    assert (poll["status"], poll["reason"]) == ("FAILED", "DEAD_LETTERED")


def test_the_dead_letter_topic_takes_nothing(system: System, lone_worker: Program) -> None:
    coupon, since = system.new_coupon(5, couponId=system.unused_id(0)), system.dead_letters.ends()
    other = system.new_coupon(5, couponId=system.unused_id(1))
    lone_worker.start()
    lone_worker.wait_ready()
    mark, port = lone_worker.process.log_file.stat().st_size, lone_worker.management_port
    with dead_letters_refused(system):
        ids = write(system, coupon, {"userId": "x"}, {"userId": 1})
        bad = system.ends()[0] - 2
        assert wait_until(lambda: metric(port, "coupon_worker_retries_total", 'class="outage"') >= 2, 90)
        write(system, other, {"userId": 1})
        committed = system.world.kafka.committed_offsets(system.group, system.topic).get(0, 0)
        print(f"the bad record is at {bad}, fence {system.fences().get(0, 0)}, committed {committed}")
        assert system.fences().get(0, 0) <= bad and committed <= bad
        assert outcomes(system, ids) == ["", ""]
        assert metric(port, "coupon_worker_pauses_total", 'class="outage"') >= 1
    system.wait_drained()
    assert outcomes(system, ids) == ["DEAD_LETTERED", "ISSUED"]
    places = {(r.partition, dict(r.headers)["kafka_dlt-original-offset"]) for r in system.dead_letters.read(since)}
    assert places == {(0, struct.pack(">q", bad))}
    log = lone_worker.process.log_file.read_text()[mark:]
    assert "dead_letters_away" in log and "raise the topic's max.message.bytes" in log
    assert "partitions_revoked" not in log, "it must stay a member while it waits"
