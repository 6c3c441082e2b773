"""Goal: messages that people and other systems write straight into the topic, in the shapes of all their designs,
are decided and can be polled; Kafka's own consumer-groups tool shows LAG 0 afterwards."""

import json
import re

import pytest

from tests.support.murmur2 import partition_of
from tests.support.rest import call
from tests.support.system import System
from tests.support.topic import kcat_produce


def result(system: System, request_id: str) -> tuple[str, str | None, int, int | None]:
    """Status, reason, userId and issueNo as a poll shows them."""
    answer = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{request_id}?wait=10")
    assert answer.status == 200, answer.text
    body = answer.json
    return body["status"], body["reason"], body["userId"], body["issueNo"]


def place_of_next(system: System, key: str) -> str:
    """The id that a record without one gets: where it will be."""
    partition = partition_of(key.encode(), system.partitions)
    return f"{system.topic}-{partition}-{system.ends()[partition]}"


def test_console_messages_in_order(system: System) -> None:
    coupon = system.new_coupon(2)
    messages = [json.dumps({"requestId": f"REQ-{coupon}-{n}", "couponId": coupon, "userId": n}) for n in (1, 2, 3)]
    kcat_produce(system.world.kafka.address, system.topic, str(coupon), *messages)
    seen = [result(system, f"REQ-{coupon}-{n}") for n in (1, 2, 3)]
    print(f"expected 1 and 2 issued, 3 sold out, seen {seen}")
    assert seen == [("ISSUED", None, 1, 1), ("ISSUED", None, 2, 2), ("REJECTED", "SOLD_OUT", 3, None)]


def test_kcats_own_partitioner_is_decided_too(system: System) -> None:
    coupon = system.new_coupon(2)
    message = json.dumps({"requestId": f"REQ-{coupon}", "couponId": coupon, "userId": 1})
    kcat_produce(system.world.kafka.address, system.topic, str(coupon), message, partitioner="consistent_random")
    assert result(system, f"REQ-{coupon}") == ("ISSUED", None, 1, 1)


def test_time_attack_message_with_policy_and_no_id(system: System) -> None:
    policy = system.unused_id()
    for day, stock in (("25", 5), ("26", 1), ("27", 5)):
        system.new_coupon(
            stock, policyId=policy, issueStartsAt=f"2022-02-{day}T00:00:00Z", issueEndsAt=f"2022-02-{day}T23:00:00Z"
        )
    seen = []
    for user, time in ((1, "2022-02-26T11:31:42"), (2, "2022-02-26T11:31:43"), (3, "2022-02-27T23:00:00")):
        request_id = place_of_next(system, str(policy))
        message = json.dumps({"policyId": policy, "userId": user, "issuedAt": time})
        kcat_produce(system.world.kafka.address, system.topic, str(policy), message)
        seen.append(result(system, request_id))
    print(f"expected ISSUED, SOLD_OUT, ENDED, seen {seen}")
    assert seen == [("ISSUED", None, 1, 1), ("REJECTED", "SOLD_OUT", 2, None), ("REJECTED", "ENDED", 3, None)]


@pytest.mark.parametrize("timestamp", [1_900_000_000_000, "2030-03-17T17:46:40.000Z", None])
def test_switchable_queue_event(system: System, timestamp: int | str | None) -> None:
    coupon = system.new_coupon(2)
    message = json.dumps(
        {"eventId": f"event-{coupon}", "userId": 16, "couponId": coupon, "timestamp": timestamp, "version": 1}
    )
    kcat_produce(system.world.kafka.address, system.topic, f"coupon-{coupon}", message)
    assert result(system, f"event-{coupon}") == ("ISSUED", None, 16, 1)


@pytest.mark.parametrize("more", [{}, {"rank": 7, "score": 1.5, "requestedAt": "whenever", "nested": {"a": [1]}}])
def test_event_without_an_id_and_with_unknown_fields(system: System, more: dict[str, object]) -> None:
    coupon = system.new_coupon(2)
    request_id = place_of_next(system, str(coupon))
    kcat_produce(
        system.world.kafka.address, system.topic, str(coupon), json.dumps({"couponId": coupon, "userId": 9, **more})
    )
    assert result(system, request_id) == ("ISSUED", None, 9, 1)


def test_unknown_coupon_is_told_so(system: System) -> None:
    coupon = system.unused_id()
    message = json.dumps({"requestId": f"REQ-{coupon}", "couponId": coupon, "userId": 1})
    kcat_produce(system.world.kafka.address, system.topic, str(coupon), message)
    assert result(system, f"REQ-{coupon}") == ("REJECTED", "UNKNOWN_COUPON", 1, None)


def test_consumer_groups_tool_shows_lag_0(system: System) -> None:
    coupon = system.new_coupon(50)
    messages = [json.dumps({"requestId": f"LAG-{coupon}-{n}", "couponId": coupon, "userId": n}) for n in range(1, 101)]
    kcat_produce(system.world.kafka.address, system.topic, str(coupon), *messages)
    system.wait_drained()
    system.wait_lag_zero()
    output = system.world.kafka.consumer_groups_describe(system.group)
    rows = re.findall(rf"^{system.group}\s+{system.topic}\s+(\d+)\s+(\S+)\s+(\S+)\s+(\S+)", output, re.MULTILINE)
    print(output)
    assert len(rows) == system.partitions
    assert {lag for *_, lag in rows} <= {"0", "-"}, "a partition lags"
    assert any(lag == "0" for *_, lag in rows)
