"""Goal: the system in which Redis decides finds its numbers: 120 users on 100 coupons are exactly 100, whoever comes then
is refused at once and nothing reaches Kafka; an accepted user is told his place; what fails goes to the DLT with headers."""

import json
import struct

from deploy.local.condition import wait_until
from tests.support.system import System
from tests.support.topic import kcat_produce
from tests.system.older_client import at_once, ends, get, post


def test_exactly_a_hundred_of_a_hundred_and_twenty(system: System) -> None:
    coupon = system.new_coupon(100)
    answers = at_once(range(1, 121), lambda user: post(system, f"/api/v1/coupons/{coupon}/issue", {"userId": user}, user))
    seen = ends(system, answers, "/api/v1/coupons/result")
    print(f"expected 100 ISSUED, 20 SOLD_OUT, seen {dict(seen)}")
    assert seen == {"ISSUED": 100, "SOLD_OUT": 20}
    rows = system.database.query(
        "SELECT COUNT(*), COUNT(DISTINCT user_id), MAX(user_seq) FROM user_coupon WHERE coupon_id = %s", coupon
    )
    assert rows[0] == (100, 100, 1)
    accepted = [answer for answer in answers if answer.status == 202]
    assert all(answer.json["position"] is None or answer.json["position"] >= 0 for answer in accepted)
    assert any(answer.json["position"] is not None for answer in accepted), "the place in the queue is told"
    # The 101st.
    assert wait_until(lambda: all(press_again(system, coupon, gateway) for gateway in (0, 1)), 10)
    before = system.ends()
    late = [post(system, f"/api/v1/coupons/{coupon}/issue", {"userId": 500 + n}, n) for n in range(10)]
    assert [(a.status, a.code) for a in late] == [(409, "SOLD_OUT")] * 10
    assert system.ends() == before, "nothing reaches Kafka"


def press_again(system: System, coupon: int, gateway: int) -> bool:
    """True once that gateway knows that it is sold out."""
    return post(system, f"/api/v1/coupons/{coupon}/issue", {"userId": 499}, gateway).code == "SOLD_OUT"


def test_the_window_is_checked_first(system: System) -> None:
    coupon = system.new_coupon(1, issueStartsAt="2035-01-01T00:00:00Z")
    before = system.ends()
    answer = post(system, f"/api/v1/coupons/{coupon}/issue", {"userId": 1})
    assert (answer.status, answer.code) == (409, "NOT_STARTED") and system.ends() == before


def test_its_event_and_a_newer_one(system: System) -> None:
    """A reader of version 1 takes events with fields that it does not know; one of a newer version is set aside."""
    coupon = system.new_coupon(2)
    before = system.dead_letters.ends()
    good = {"couponId": coupon, "userId": 1, "requestId": f"D-{coupon}-1", "rank": 1, "addedInVersion2": "x"}
    newer = {"couponId": coupon, "userId": 2, "requestId": f"D-{coupon}-2", "schemaVersion": 2}
    kcat_produce(system.world.kafka.address, system.topic, str(coupon), json.dumps(good), json.dumps(newer))
    seen = [get(system, f"/api/v1/coupons/result/D-{coupon}-{user}?wait=10").json for user in (1, 2)]
    assert [(s["status"], s["reason"]) for s in seen] == [("ISSUED", None), ("FAILED", "DEAD_LETTERED")]
    letter = system.dead_letters.read(before)[-1]
    headers = dict(letter.headers)
    print(headers)
    assert json.loads(letter.value or b"") == newer
    assert headers["kafka_dlt-original-topic"] == system.topic.encode()
    record = next(r for r in system.requests.read() if r.value == letter.value)
    assert struct.unpack(">i", headers["kafka_dlt-original-partition"] or b"") == (record.partition,)
    assert struct.unpack(">q", headers["kafka_dlt-original-offset"] or b"") == (record.offset,)
    assert headers["kafka_dlt-exception-fqcn"] and headers["kafka_dlt-exception-message"]
