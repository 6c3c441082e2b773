"""Goal: the system with one switch between two queues finds its path, its outcome names and its event. What its documents
have more than others is resultCode; other paths are without."""

import json
import time

import pytest

from tests.support.murmur2 import partition_of
from tests.support.raw_http import talk
from tests.support.rest import Answer
from tests.support.system import System
from tests.support.topic import kcat_produce
from tests.system.older_client import at_once, get, post


def press(system: System, coupon: int, user: int | str) -> Answer:
    """Its call."""
    gateway = user if isinstance(user, int) else 0
    return post(system, f"/api/coupons/{coupon}/issue?userId={user}", gateway=gateway)


def outcome(system: System, answer: Answer) -> str | None:
    """The name of how it ended: in the answer itself, or where that points to."""
    if answer.status != 202:
        return str(answer.json["resultCode"])
    assert answer.json["resultCode"] is None and answer.json["resultUrl"].startswith("/api/coupons/result/")
    separator = "&" if "?" in answer.json["resultUrl"] else "?"
    return str(get(system, f"{answer.json['resultUrl']}{separator}wait=10").json["resultCode"])


def test_success_duplicate_and_out_of_stock(system: System) -> None:
    coupon = system.new_coupon(1)
    assert outcome(system, press(system, coupon, 16)) == "SUCCESS"
    more = system.new_coupon(2)
    assert [outcome(system, press(system, more, 16)) for _ in range(2)] == ["SUCCESS", "DUPLICATE_REQUEST"]
    for user in (17, 18):
        assert outcome(system, press(system, coupon, user)) == "OUT_OF_STOCK", "by the worker or at the gate"


def test_validation_and_business(system: System) -> None:
    coupon = system.new_coupon(1)
    later = system.new_coupon(1, issueStartsAt="2035-01-01T00:00:00Z")
    over = system.new_coupon(1, issueStartsAt="2020-01-01T00:00:00Z", issueEndsAt="2021-01-01T00:00:00Z")
    paused = system.new_coupon(1)
    assert system.admin("POST", f"/coupons/{paused}/pause").status == 200
    seen = [
        outcome(system, answer)
        for answer in (
            post(system, f"/api/coupons/{coupon}/issue"), press(system, coupon, "x"),
            post(system, f"/api/coupons/{coupon}/issue?userId=1", b"{"), press(system, system.unused_id(), 1),
            press(system, later, 1), press(system, over, 1), press(system, paused, 1),
        )
    ]  # fmt: skip
    print(seen)
    assert seen == ["VALIDATION_FAILED"] * 4 + ["BUSINESS_ERROR"] * 3


@pytest.mark.parametrize(
    ("rest", "status", "code"),
    [
        ("issue HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415, "VALIDATION_FAILED"),
        ("issue HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n", 413, "VALIDATION_FAILED"),
        ("issue HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400, "VALIDATION_FAILED"),
        ("other HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404, "VALIDATION_FAILED"),
    ],
)
def test_refused_before_the_call(system: System, rest: str, status: int, code: str) -> None:
    (reply,) = talk(system.gateways[0], f"POST /api/coupons/1/{rest}".encode()).replies
    assert (reply.status, json.loads(reply.body)["resultCode"]) == (status, code)


def test_many_at_once(system: System) -> None:
    coupon = system.new_coupon(7)
    answers = at_once(range(1, 21), lambda user: press(system, coupon, user))
    seen = sorted(str(outcome(system, answer)) for answer in answers)
    assert seen == ["OUT_OF_STOCK"] * 13 + ["SUCCESS"] * 7


def event(coupon: int, user: int, version: int = 1) -> str:
    """Its event."""
    return json.dumps(
        {"eventId": f"event-{coupon}-{user}-{version}", "userId": user, "couponId": coupon, "timestamp": int(time.time() * 1000), "version": version}
    )  # fmt: skip


def result_code(system: System, coupon: int, user: int, version: int = 1) -> str:
    """The name of how an event ended."""
    return str(get(system, f"/api/coupons/result/event-{coupon}-{user}-{version}?wait=10").json["resultCode"])


@pytest.mark.parametrize("same_partition", [True, False])
def test_its_event_with_its_key(system: System, same_partition: bool) -> None:
    """Its key, coupon-1, need not lie in the partition of the key 1. Within each partition order holds, so a coupon
    whose requests all come by one of the two ways is first come, first served; this one's come by its events."""
    while True:
        coupon = system.unused_id()
        places = [partition_of(key.encode(), system.partitions) for key in (str(coupon), f"coupon-{coupon}")]
        if (places[0] == places[1]) == same_partition:
            break
    system.new_coupon(2, couponId=coupon)
    messages = [event(coupon, user) for user in (1, 1, 2, 3)]
    kcat_produce(system.world.kafka.address, system.topic, f"coupon-{coupon}", *messages)
    seen = [result_code(system, coupon, user) for user in (1, 2, 3)]
    assert seen == ["SUCCESS", "SUCCESS", "OUT_OF_STOCK"], "the same event twice is one"


def test_what_its_consumer_can_not_read(system: System) -> None:
    coupon = system.new_coupon(2)
    kcat_produce(system.world.kafka.address, system.topic, f"coupon-{coupon}", event(coupon, 1, version=2))
    assert result_code(system, coupon, 1, version=2) == "SYSTEM_ERROR"


def test_other_paths_are_without(system: System) -> None:
    for path in ("/api/v1/coupons", "/coupons"):
        coupon = system.new_coupon(1)
        accepted = post(system, f"{path}/{coupon}/issue?userId=1")
        result = get(system, f"{path}/result/{accepted.json['requestId']}?wait=10")
        refused = post(system, f"{path}/{coupon}/issue?userId=x")
        missing = get(system, f"{path}/result/made-up")
        assert (refused.status, missing.status) == (400, 404)
        for answer in (accepted, result, refused, missing):
            assert "resultCode" not in answer.json, answer.text
    assert get(system, "/api/coupons/result/made-up").json["resultCode"] == "VALIDATION_FAILED"
