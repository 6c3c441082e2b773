"""Goal: the system with a Redis gate finds its call and its answer, the coupon within 30 s, the gate false when stock is
gone, and its topic by a setting."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from tests.support.murmur2 import partition_of
from tests.support.rest import Answer, call
from tests.support.system import System
from tests.support.topic import kcat_produce
from tests.system.older_client import get, post

_SECONDS = 30.0  # as long as that system's clients poll
_TOPIC, _PARTITIONS = "outside.coupon.publish.requested.v1", 8


def publish(system: System, user: int, coupon: int, gateway: int = 0) -> Answer:
    """Its call."""
    return post(system, f"/api/v1/users/{user}/coupons/publish", {"couponId": coupon}, gateway)


def holds(system: System, user: int, coupon: int) -> bool:
    """As its clients see it."""
    coupons = get(system, f"/api/v1/users/{user}/coupons").json["coupons"]
    return [c["couponId"] for c in coupons] == [coupon]


def gate(system: System, coupon: int) -> str | None:
    """The key that its readers ask for."""
    answer = system.world.redis.ask("GET", f"coupon:available:{coupon}")
    return None if answer is None else str(answer)


def test_publish_answers_as_it_does_and_the_coupon_appears(system: System) -> None:
    coupon, user = system.new_coupon(2), system.unused_id()
    answer = publish(system, user, coupon)
    assert answer.status == 202
    assert {"code": 200, "message": "OK"}.items() <= answer.json.items()
    assert wait_until(lambda: holds(system, user, coupon), _SECONDS)
    assert wait_until(lambda: gate(system, coupon) == "true", _SECONDS)


def test_with_stock_1_the_gate_reads_false_afterwards(system: System) -> None:
    coupon, user = system.new_coupon(1), system.unused_id()
    assert wait_until(lambda: gate(system, coupon) == "true", _SECONDS)
    assert publish(system, user, coupon).json["code"] == 200
    assert wait_until(lambda: holds(system, user, coupon), _SECONDS)
    assert wait_until(lambda: gate(system, coupon) == "false", _SECONDS)
    refused = [publish(system, user + n, coupon, n) for n in (1, 2)]
    assert [(a.status, a.code) for a in refused] == [(409, "SOLD_OUT")] * 2


def test_news_of_a_sell_out_that_comes_after_stock_was_added(system: System) -> None:
    """The worker's word, written by hand: of less stock than there is, and of all."""
    coupon = system.new_coupon(10)
    for index in (0, 1):
        assert get(system, f"/api/v1/coupons/{coupon}", index).status == 200, "it is known there"
    for stock, value in ((5, "true"), (10, "false")):
        system.world.redis.ask("SET", f"coupon:available:{coupon}", "false" if value == "true" else "true")
        system.world.redis.ask("PUBLISH", "coupon:broadcast", f"sold-out {coupon} {stock}")
        assert wait_until(lambda: gate(system, coupon) == value, _SECONDS), value


@contextmanager
def on_its_topic(system: System) -> Iterator[Program]:
    """A gateway and a worker of their own on that system's topic. It has more partitions than the usual one, and the
    coupon lies in one that the other has not, so that results tell the two apart."""
    admin = AdminClient({"bootstrap.servers": system.world.kafka.address})
    for name in (_TOPIC, f"{_TOPIC}.DLT"):
        for made in admin.create_topics([NewTopic(name, _PARTITIONS, 1)]).values():
            made.result(30)
    flags = ("--kafka-topic", _TOPIC)
    programs = [
        system.world.make_worker(7, [*flags, "--kafka-group", "outside-coupon-group"]), system.world.make_gateway(7, flags)
    ]  # fmt: skip
    try:
        for program in programs:
            program.start()
        for program in programs:
            program.wait_ready()
        yield programs[1]
    finally:
        for program in reversed(programs):
            program.stop()


def test_its_topic_is_a_setting(system: System) -> None:
    coupon = system.unused_id()
    while partition_of(str(coupon).encode(), _PARTITIONS) < system.partitions:
        coupon = system.unused_id()
    system.new_coupon(2, couponId=coupon)
    with on_its_topic(system) as gateway:
        base = f"http://127.0.0.1:{gateway.port}"
        by_hand = json.dumps({"couponId": coupon, "userId": 2, "requestId": f"E-{coupon}"})
        kcat_produce(system.world.kafka.address, _TOPIC, str(coupon), by_hand)
        seen = call("GET", f"{base}/api/v1/coupons/result/E-{coupon}?wait=20").json
        assert (seen["status"], seen["issueNo"]) == ("ISSUED", 1)
        accepted = call("POST", f"{base}/api/v1/users/3/coupons/publish", {"couponId": coupon})
        assert accepted.json["code"] == 200
        seen = call("GET", f"{base}{accepted.json['resultUrl']}&wait=20").json
        assert (seen["status"], seen["issueNo"]) == ("ISSUED", 2)
        assert wait_until(lambda: gate(system, coupon) == "false", _SECONDS)
