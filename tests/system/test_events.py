"""Goal: each change of a coupon's life is told in topic coupon-events, in the order of the coupon's changes, whatever
happens to the relays that publish it: each event once, or, after a kill, as a chunk over again with the same ids."""

import json
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from tests.support.check.events import first_of_each
from tests.support.event_schemas import published as published_schemas
from tests.support.event_schemas import schemas, violations
from tests.support.expiry import begin_expiry, end_of
from tests.support.long_case import long
from tests.support.relaying import event_violations, events_of, figure, relaying, wait_active, wait_published, waiting
from tests.support.system import System
from tests.support.user_coupons import cancel, use


def sell(system: System, coupon: int, users: int, first: int = 1) -> None:
    """That many users ask for the coupon, straight into the topic; returns when they have their answers."""
    system.writer.write_many([
        (str(coupon).encode(), json.dumps({"requestId": f"e-{coupon}-{user}", "couponId": coupon, "userId": user}).encode())
        for user in range(first, first + users)
    ])  # fmt: skip
    system.wait_drained()


def expire(system: System, build: Path, coupon: int, up_to: int) -> None:
    """The first numbers of the coupon are over."""
    system.database.query(
        "UPDATE user_coupon SET expires_at = '2020-01-01' WHERE coupon_id = %s AND issue_no <= %s", coupon, up_to
    )
    run = end_of(begin_expiry(build / "bin" / "expiry-batch", system.world.ports.mariadb, system.world.secrets, "--chunk-rows", "7"))
    assert run.code == 0, run


def repeated(records: list) -> int:
    """Records beyond the first of each event."""
    return len(records) - len(first_of_each(records))


def test_events_agree_with_rows(system: System, build: Path) -> None:
    """Two coupons, one sold out, the first numbers expired, some used, given back, revoked; told once each, by one relay
    that stays up, and each as its schema says."""
    small, large = system.new_coupon(30), system.new_coupon(1000)
    with relaying(system) as (relay,):
        sell(system, small, 40)
        sell(system, large, 120)
        expire(system, build, large, 20)
        order = f"order-{large}"
        assert use(system, large, 30, order, 50_000, user=30).status == 200
        assert cancel(system, large, 30, order, user=30).status == 200
        assert use(system, large, 31, f"{order}-2", 50_000, user=31).status == 200
        for number in (30, 40):
            assert system.admin("POST", f"/coupons/{large}/issued/{number}/revoke").status == 200
        wait_published(system)
        published = figure(relay, "coupon_relay_published_total")
        assert wait_until(lambda: figure(relay, "coupon_outbox_backlog_events") == 0, 10)
    records = events_of(system, small, large)
    print(f"{len(records)} events, {published:.0f} published in all")
    assert event_violations(system, small, large) == []
    assert repeated(records) == 0
    types = [json.loads(record.value or b"")["type"] for record in records]
    assert {name: types.count(name) for name in set(types)} == {
        "coupon.issued": 150, "coupon.sold-out": 1, "coupon.expired": 20, "coupon.used": 2, "coupon.use-cancelled": 1,
        "coupon.revoked": 2,
    }  # fmt: skip
    now, first = schemas(), published_schemas()["v1"]
    for record in records:
        event = json.loads(record.value or b"")
        assert violations(event, now) == violations(event, first) == [], event


@pytest.mark.parametrize("failpoint", [long("before_publish"), long("before_commit"), "after_commit", long("after_mark")])
def test_a_relay_that_is_killed(system: System, failpoint_worker: Path, build: Path, failpoint: str) -> None:
    """In the second chunk; another one goes on and tells each change, and again only what was not known to be told."""
    coupon = system.new_coupon(5000)
    with relaying(system):
        wait_published(system)
    sell(system, coupon, 1200)
    expire(system, build, coupon, 300)
    with relaying(system, 2, failpoint_worker, {"COUPON_FAILPOINT": f"relay_{failpoint}:2"}) as (killed, other):
        assert killed.process.wait_exit(60), "the failpoint was not reached"
        wait_published(system)
        assert figure(other, "coupon_relay_takeovers_total") == 1
    records = events_of(system, coupon)
    print(f"{repeated(records)} of {len(records)} records are repetitions")
    assert event_violations(system, coupon) == []
    assert repeated(records) == (500 if failpoint == "after_commit" else 0)


@pytest.mark.parametrize("failpoint", [long("before_publish"), long("before_commit"), long("after_commit")])
def test_a_relay_that_is_frozen_and_wakes_late(
    system: System, failpoint_worker: Path, build: Path, failpoint: str
) -> None:
    """It wakes after the other one has told all: Kafka takes nothing more of it, and it steps back."""
    coupon = system.new_coupon(5000)
    with relaying(system):
        wait_published(system)
    sell(system, coupon, 600)
    expire(system, build, coupon, 300)
    environment = {"COUPON_FAILPOINT": f"relay_{failpoint}:1:stop"}
    with relaying(system, 2, failpoint_worker, environment) as (frozen, other):
        wait_active(other)
        wait_published(system)
        told = len(events_of(system, coupon))
        frozen.process.resume()
        sell(system, coupon, 600, first=601)
        wait_published(system)
        assert wait_until(lambda: figure(frozen, "coupon_relay_active") == 0, 30)
        assert figure(other, "coupon_relay_active") == 1
    records = events_of(system, coupon)
    print(f"{told} records before it woke, {len(records)} in the end, {repeated(records)} repeated")
    assert len(records) == told + 600, "the one that woke must not add anything"
    assert repeated(records) == (500 if failpoint == "after_commit" else 0)
    assert event_violations(system, coupon) == []


def test_events_wait_while_kafka_is_away(system: System) -> None:
    """They are written all the same, and told when it is back."""
    coupon = system.new_coupon(50)
    with relaying(system) as (relay,):
        wait_published(system)
        system.world.kafka.process.pause()
        try:
            system.database.query(
                "INSERT INTO outbox (id, aggregateid, type, subject, payload, created_at)"
                " VALUES (%s, 'x', 'x', 'x', '{}', UTC_TIMESTAMP(3))", f"waits-{coupon}",
            )  # fmt: skip
            assert wait_until(lambda: figure(relay, "coupon_relay_failures_total") >= 1, 30)
            assert waiting(system) == 1 and figure(relay, "coupon_relay_active") == 0
        finally:
            system.world.kafka.process.resume()
        sell(system, coupon, 60)
        wait_published(system)
    assert event_violations(system, coupon) == []
