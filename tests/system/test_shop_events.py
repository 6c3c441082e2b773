"""Goal: what the shop pays with a coupon is used, what it cancels is given back, in whatever order that is heard and
however often, each once; what can't be done is a dead letter that says why, and changes nothing."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dead_letter_tool import DeadLetterTool
from tests.support.shop import CANCELS, GROUP, PAYMENTS, Shop
from tests.support.system import System
from tests.support.user_coupons import cancel, end_at, events, issue, read, row, use

_FIXED = {"discountType": "FIXED", "discountValue": 5000, "minOrderAmount": 10000}
_AMOUNTS = {"discountAmount": 5000, "finalAmount": 45000}


@pytest.fixture(scope="module")
def shop(shared_system: System, failpoint_worker: Path) -> Iterator[Shop]:
    """The one with failpoints: without COUPON_FAILPOINT it is like the other."""
    shared_system.heal()
    shop = Shop(shared_system, failpoint_worker, shared_system.world.ports.worker_management + 70)
    shop.worker.start()
    shop.worker.wait_ready()
    yield shop
    shop.worker.stop()
    assert shop.worker.process.exit_code() == 0


def test_a_payment_uses_and_a_cancelled_order_gives_back(shop: Shop) -> None:
    system, user = shop.system, 8001
    coupon = system.new_coupon(2, per_user_limit=2, **_FIXED)
    kept, back = issue(system, coupon, [user, user])
    shop.paid("P-1", user, couponId=coupon, issueNo=kept, copies=3, **_AMOUNTS)
    shop.paid("P-2", user, couponId=coupon, issueNo=back, finalAmount=45000)
    shop.paid("P-3", user, **_AMOUNTS)
    shop.wait_taken()
    assert [row(system, coupon, number) for number in (kept, back)] == [("USED", 2), ("USED", 2)]
    shown = read(system, coupon, kept).json
    assert [shown[key] for key in ("orderId", "orderAmount", "discountAmount", "finalAmount")] == ["P-1", 50000, 5000, 45000]
    assert use(system, coupon, kept, "P-1", 50000).status == 200, "the call and the event are one use"

    shop.cancelled("P-2", user, copies=2, reason="changed their mind")
    shop.cancelled("P-3", user)
    shop.wait_taken()
    assert [row(system, coupon, number) for number in (kept, back)] == [("USED", 2), ("ISSUED", 3)]
    told = events(system, coupon)
    assert [kind for kind, _ in told[back]][1:] == ["coupon.used", "coupon.use-cancelled"]
    assert cancel(system, coupon, back, "P-2").json["status"] == "ISSUED"
    assert use(system, coupon, back, "P-2", 50000).code == "ORDER_CANCELLED"
    assert (shop.count(PAYMENTS, "done"), shop.count(PAYMENTS, "nothing_to_do")) == (2, 2)
    assert shop.count(PAYMENTS, "without_coupon") == 1
    assert (shop.count(CANCELS, "done"), shop.count(CANCELS, "nothing_to_do")) == (1, 2)


def test_a_payment_that_is_heard_after_its_orders_end_uses_nothing(shop: Shop) -> None:
    system, user = shop.system, 8002
    coupon = system.new_coupon(1, **_FIXED)
    (number,) = issue(system, coupon, [user])
    shop.cancelled("P-1", user)
    shop.wait_taken()
    shop.paid("P-1", user, couponId=coupon, issueNo=number, **_AMOUNTS)
    shop.wait_taken()
    assert row(system, coupon, number) == ("ISSUED", 1)


def test_what_was_used_by_a_call_is_given_back_by_the_shop(shop: Shop) -> None:
    system, user = shop.system, 8003
    coupon = system.new_coupon(1, **_FIXED)
    (number,) = issue(system, coupon, [user])
    assert use(system, coupon, number, "P-1", 50000, user).status == 200
    end_at(system, coupon, number, -1)
    shop.cancelled("P-1", user)
    shop.wait_taken()
    assert row(system, coupon, number) == ("EXPIRED", 3)


def test_what_cannot_be_done_is_a_dead_letter_with_its_cause(shop: Shop) -> None:
    system, user = shop.system, 8004
    coupon = system.new_coupon(5, per_user_limit=5, **_FIXED)
    free, used, over = issue(system, coupon, [user] * 3)
    assert use(system, coupon, used, "P-used", 50000, user).status == 200
    end_at(system, coupon, over, -1)
    before = len(shop.letters(PAYMENTS))
    named = {"version": 1, "orderId": "P-1", "userId": user, "couponId": coupon, "issueNo": free, "totalAmount": 50000}
    wrong = [
        (b"\xff", "NOT_JSON"),
        (b"", "EMPTY"),
        ({**named, "version": 2}, "NEW_VERSION"),
        ({**named, "userId": "x"}, "WRONG_SHAPE"),
        ({**named, "issueNo": None}, "WRONG_SHAPE"),
        ({**named, "issueNo": 4_000_000_000}, "UNKNOWN_COUPON"),
        ({**named, "userId": user + 1}, "FORBIDDEN"),
        ({**named, "discountAmount": 5001, "finalAmount": 44999}, "AMOUNT_MISMATCH"),
        ({**named, "discountAmount": 5000, "finalAmount": 45001}, "AMOUNT_MISMATCH"),
        ({**named, "totalAmount": 9999, "discountAmount": 5000}, "BELOW_MIN_ORDER_AMOUNT"),
        ({**named, "issueNo": over}, "EXPIRED"),
        ({**named, "issueNo": used}, "ALREADY_USED"),
        ({**named, "orderId": "P-used"}, "ORDER_MISMATCH"),
        ({**named, "orderId": "P-used", "issueNo": used, "totalAmount": 60000}, "ORDER_MISMATCH"),
    ]
    places = [shop.write(PAYMENTS, f"order-{user}", value) for value, _ in wrong]
    shop.paid("P-1", user, couponId=coupon, issueNo=free, **_AMOUNTS)
    shop.wait_taken()
    letters = shop.letters(PAYMENTS)[before:]
    assert len(letters) == len(wrong), [dict(letter.headers).get("kafka_dlt-exception-fqcn") for letter in letters]
    by_place = {}
    for letter in letters:
        headers = dict(letter.headers)
        offset, partition = headers["kafka_dlt-original-offset"], headers["kafka_dlt-original-partition"]
        assert offset is not None and partition is not None
        by_place[struct.unpack(">i", partition)[0], struct.unpack(">q", offset)[0]] = headers
        assert headers["kafka_dlt-original-topic"] == PAYMENTS.encode()
        assert headers["kafka_dlt-original-consumer-group"] == GROUP.encode()
        assert headers["kafka_dlt-exception-message"]
    assert [by_place[place]["kafka_dlt-exception-fqcn"] for place in places] == [cause.encode() for _, cause in wrong]
    assert [row(system, coupon, number)[0] for number in (free, used, over)] == ["USED", "USED", "ISSUED"]


def test_its_dead_letters_are_replayed_and_discarded(shop: Shop, build: Path) -> None:
    """By the operators' tool of the request topic."""
    system, user = shop.system, 8008
    tool = DeadLetterTool(system, build / "bin" / "issue-worker", PAYMENTS)
    coupon = system.new_coupon(2, **_FIXED)
    amounts = {**_AMOUNTS, "totalAmount": 50000}
    early = shop.write(PAYMENTS, "P-early", {"version": 1, "orderId": "P-early", "userId": user, "couponId": coupon, "issueNo": 1, **amounts})
    shop.paid("P-wrong", user, couponId=coupon, issueNo=None, **_AMOUNTS)
    shop.wait_taken()
    letters = {letter["cause"]: letter for letter in tool.json("list", "--coupon", str(coupon))}
    assert letters.keys() == {"UNKNOWN_COUPON", "WRONG_SHAPE"}
    record = letters["UNKNOWN_COUPON"]["record"]
    assert (record["partition"], record["offset"]) == early
    assert issue(system, coupon, [user]) == [1]
    [done] = tool.json("replay", letters["UNKNOWN_COUPON"]["id"], "--reason", "it is issued now")
    assert (done["action"], done["failure"]) == ("replay", None)
    shop.wait_taken()
    assert row(system, coupon, 1) == ("USED", 2)
    [gone] = tool.json("discard", "--coupon", str(coupon), "--reason", "the shop's fault")
    assert gone["id"] == letters["WRONG_SHAPE"]["id"]
    assert tool.json("list", "--coupon", str(coupon)) == []
    states = {letter["cause"]: letter["state"] for letter in tool.json("list", "--coupon", str(coupon), "--state", "all")}
    assert states == {"UNKNOWN_COUPON": "replayed", "WRONG_SHAPE": "discarded"}


@pytest.mark.parametrize(("user", "place"), [(8005, "worker_before_commit"), (8006, "worker_after_commit"), (8007, "use_before_event:3")])
def test_a_killed_worker_does_everything_once(shop: Shop, user: int, place: str) -> None:
    system = shop.system
    coupon = system.new_coupon(6, per_user_limit=6, **_FIXED)
    numbers = issue(system, coupon, [user] * 6)
    shop.worker.stop()
    for number in numbers:
        shop.paid(f"P-{number}", user, couponId=coupon, issueNo=number, **_AMOUNTS)
    shop.cancelled(f"P-{numbers[0]}", user)
    shop.worker.start({"COUPON_FAILPOINT": place})
    assert shop.worker.process.wait_exit(30), "it was to die"
    shop.worker.start()
    shop.worker.wait_ready()
    shop.wait_taken()
    rows = [row(system, coupon, number) for number in numbers]
    assert rows[0] in (("ISSUED", 1), ("ISSUED", 3)), "the cancelled order's, in whichever order its events came"
    assert rows[1:] == [("USED", 2)] * 5
    assert [len(events(system, coupon)[number]) for number in numbers] == [changes for _, changes in rows]
