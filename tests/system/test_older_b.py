"""Goal: the system of the main flow finds its paths, its messages and its tools: POST gives a requestId at once, GET polls
it; the first to reach Kafka win; what its console tools write is decided, and they read LAG 0."""

import json

from deploy.local.kafka_questions import run_tool, tool_class
from tests.support.system import System
from tests.support.topic import kcat, kcat_produce
from tests.system.older_client import at_once, ends, get, post

_RESULT = "/coupons/result"


def test_a_request_id_at_once_and_a_result_by_polling(system: System) -> None:
    coupon = system.new_coupon(1)
    first, second = (post(system, f"/coupons/{coupon}/issue", {"userId": user}, user) for user in (1, 2))
    assert (first.status, first.json["status"]) == (202, "PENDING") and first.json["requestId"] != second.json.get("requestId")
    result = get(system, f"{_RESULT}/{first.json['requestId']}?wait=10").json
    assert (result["requestId"], result["status"], result["userId"]) == (first.json["requestId"], "ISSUED", 1)
    assert ends(system, [second], _RESULT) == {"SOLD_OUT": 1}


def test_a_hundred_at_once_on_thirty(system: System) -> None:
    coupon = system.new_coupon(30)
    since = system.ends()
    answers = at_once(range(1, 101), lambda user: post(system, f"/coupons/{coupon}/issue", {"userId": user}, user))
    seen = ends(system, answers, _RESULT)
    print(f"expected 30 ISSUED, 70 SOLD_OUT, seen {dict(seen)}")
    assert seen == {"ISSUED": 30, "SOLD_OUT": 70}
    records = [json.loads(record.value or b"") for record in system.records_of(coupon, since)]
    winners = system.database.query("SELECT user_id FROM user_coupon WHERE coupon_id = %s ORDER BY issue_no", coupon)
    assert [row[0] for row in winners] == [record["userId"] for record in records[:30]], "the first thirty to reach Kafka"


def test_twenty_are_decided_in_the_order_of_their_arrival(system: System) -> None:
    coupon = system.new_coupon(20)
    ids = [post(system, f"/coupons/{coupon}/issue", {"userId": user}, user).json["requestId"] for user in range(1, 21)]
    numbers = [get(system, f"{_RESULT}/{request_id}?wait=10").json["issueNo"] for request_id in ids]
    assert numbers == list(range(1, 21))


def test_the_same_request_five_times_is_one(system: System) -> None:
    coupon = system.new_coupon(5)
    message = json.dumps({"requestId": f"REQ-{coupon}", "couponId": coupon, "userId": 1})
    kcat_produce(system.world.kafka.address, system.topic, str(coupon), *[message] * 5)
    assert get(system, f"{_RESULT}/REQ-{coupon}?wait=10").json["issueNo"] == 1
    system.wait_drained()
    assert system.database.count("SELECT COUNT(*) FROM user_coupon WHERE coupon_id = %s", coupon) == 1


def test_the_console_tools(system: System) -> None:
    """The producer and the consumer-groups tool of Kafka itself, as that system's notes use them."""
    coupon = system.new_coupon(2)
    lines = [
        f"{coupon}|" + json.dumps({"requestId": f"REQ-{coupon}-{user}", "couponId": coupon, "userId": user})
        for user in (1, 2, 3)
    ]
    run_tool(
        tool_class("ConsoleProducer"), "--bootstrap-server", system.world.kafka.address, "--topic", system.topic,
        "--property", "parse.key=true", "--property", "key.separator=|", lines="".join(line + "\n" for line in lines),
    )  # fmt: skip
    seen = [get(system, f"{_RESULT}/REQ-{coupon}-{user}?wait=10").json for user in (1, 2, 3)]
    assert [s["reason"] or s["status"] for s in seen] == ["ISSUED", "ISSUED", "SOLD_OUT"]
    shown = kcat(system.world.kafka.address, system.topic, "-C", "-e", "-q", "-f", "%k %s\\n")
    assert [line.split(" ", 1) for line in shown.split("\n") if line.startswith(f"{coupon} ")] == [
        line.split("|", 1) for line in lines
    ]
    system.wait_drained()
    system.wait_lag_zero()


def test_the_shops_other_events_do_not_disturb(system: System) -> None:
    """order-completed and payment-completed, should they come into the request topic, are set aside, byte for byte."""
    coupon = system.new_coupon(2)
    shop = [
        {"orderId": 1, "products": {"10": 2, "11": 1}},
        {"version": 1, "orderId": 1, "userId": 1, "totalAmount": 50000, "discountAmount": 5000, "finalAmount": 45000, "items": []},
    ]  # fmt: skip
    request = {"requestId": f"AFTER-{coupon}", "couponId": coupon, "userId": 1}
    before = system.dead_letters.ends()
    kcat_produce(system.world.kafka.address, system.topic, str(coupon), *map(json.dumps, [*shop, request]))
    assert get(system, f"{_RESULT}/AFTER-{coupon}?wait=10").json["status"] == "ISSUED"
    letters = [json.loads(letter.value or b"") for letter in system.dead_letters.read(before)]
    assert letters == shop
