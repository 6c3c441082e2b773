"""The scenarios of the demo that are not plain sales: records by hand, garbage, a worker killed."""

import json
import re
import threading
import time
from functools import partial

from deploy.local import paths
from deploy.local.condition import wait_until
from deploy.local.programs import Program
from tests.support.crowd import Buyer, tally
from tests.support.expiry import begin_expiry, end_of
from tests.support.ledger import Ledger
from tests.support.mock_kafka import MockKafka
from tests.support.rest import call
from tests.support.sales import Sale, held, in_words
from tests.support.system import System
from tests.support.topic import kcat_produce
from tests.support.user_coupons import cancel, end_at, events, issue, read, use


def by_hand(system: System, ledger: Ledger) -> Sale:
    """Records typed into kcat, in the shapes of three systems; then the group's lag."""
    del ledger
    lag = "" if isinstance(system.world.kafka, MockKafka) else ", LAG 0"
    sale = Sale("records by hand with kcat, 3 shapes", f"ISSUED 1, ISSUED 2, SOLD_OUT{lag}")
    since = system.ends()
    sale.coupon = coupon = system.new_coupon(2)
    began = time.monotonic()
    names = [f"REQ-{coupon}", f"event-{coupon}", f"late-{coupon}"]
    for record in (
        {"requestId": names[0], "couponId": coupon, "userId": 1},
        {"eventId": names[1], "couponId": coupon, "userId": 2, "timestamp": 1_900_000_000_000, "version": 1},
        {"requestId": names[2], "couponId": coupon, "userId": 3, "rank": 3},
    ):
        kcat_produce(system.world.kafka.address, system.topic, str(coupon), json.dumps(record))
    seen = []
    for name in names:
        body = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{name}?wait=10").json
        seen.append(body.get("reason") or f"{body.get('status')} {body.get('issueNo')}")
    system.wait_drained()
    sale.seconds = time.monotonic() - began
    sale.seen = ", ".join(seen) + (f", {_lag(system)}" if lag else "")
    sale.violations = system.violations(since)
    return sale


def _lag(system: System) -> str:
    """What Kafka's own consumer-groups tool says."""
    system.wait_lag_zero()
    output = system.world.kafka.consumer_groups_describe(system.group)
    lags = re.findall(rf"^{system.group}\s+{system.topic}\s+\d+\s+\S+\s+\d+\s+(\S+)", output, re.MULTILINE)
    return "LAG " + "+".join(sorted(set(lags) - {"-"}))


def garbage(system: System, ledger: Ledger) -> Sale:
    """Records that nobody can decide, and one behind them that somebody can."""
    del ledger
    sale = Sale("garbage straight into the topic", "5 dead letters, the user behind them ISSUED, a poll says FAILED")
    since, letters = system.ends(), system.dead_letters.ends()
    sale.coupon = coupon = system.new_coupon(2)
    key = str(coupon).encode()
    began = time.monotonic()
    named = json.dumps({"requestId": f"BAD-{coupon}", "couponId": coupon, "userId": "nobody"}).encode()
    for value in (None, b"", b"\xff\xfe", b'{"requestId":"x', named):
        system.writer.write(key, value)
    good = {"requestId": f"GOOD-{coupon}", "couponId": coupon, "userId": 1}
    system.writer.write(key, json.dumps(good).encode())
    base = f"{system.gateways[1]}/api/v1/coupons/result"
    behind = call("GET", f"{base}/GOOD-{coupon}?wait=10").json["status"]
    failed = call("GET", f"{base}/BAD-{coupon}?wait=10").json["status"]
    sale.seconds = time.monotonic() - began
    count = len(system.dead_letters.read(letters))
    sale.seen = f"{count} dead letters, the user behind them {behind}, a poll says {failed}"
    sale.violations = system.violations(since)
    return sale


def coupon_life(system: System, ledger: Ledger) -> Sale:
    """What becomes of a coupon after its sale: an order uses it, gives it back, and then its time is over."""
    del ledger
    sale = Sale(
        "a coupon is used, given back, and over",
        "45000 to pay, ORDER_MISMATCH, ISSUED, EXPIRED; told: issued, used, use-cancelled, expired",
    )
    since = system.ends()
    sale.coupon = coupon = system.new_coupon(1, discountType="FIXED", discountValue=5000, validForSeconds=3600)
    began = time.monotonic()
    (number,) = issue(system, coupon, [16])
    used = use(system, coupon, number, f"O-{coupon}", 50000, 16)
    other = use(system, coupon, number, f"O-{coupon}", 60000, 16)
    back = cancel(system, coupon, number, f"O-{coupon}", 16)
    end_at(system, coupon, number, 0)
    end_of(begin_expiry(paths.BIN / "expiry-batch", system.world.ports.mariadb, system.world.secrets))
    shown = read(system, coupon, number)
    sale.seconds = time.monotonic() - began
    told = ", ".join(kind.removeprefix("coupon.") for kind, _ in events(system, coupon)[number])
    sale.seen = (
        f"{used.json.get('finalAmount')} to pay, {other.code}, {back.json.get('status')}, {shown.json.get('status')}; told: {told}"
    )
    sale.violations = system.violations(since)
    return sale


def worker_killed(system: System, ledger: Ledger, users: int = 120, stock: int = 80) -> Sale:
    """kill -9 of the worker that is deciding, in the middle of its sale."""
    expected = in_words({"ISSUED": stock, "SOLD_OUT": users - stock})
    sale = Sale(f"worker killed mid-sale, {users} users, stock {stock}", f"{expected}; {stock} in the table")
    since = system.ends()
    sale.coupon = system.new_coupon(stock, couponId=system.unused_id(0))
    buyers = [Buyer(sale.coupon, user, gateway=user) for user in range(1, users + 1)]
    crowd = system.crowd(ledger)
    buying = threading.Thread(target=partial(crowd.in_turn, buyers))
    began = time.monotonic()
    buying.start()
    killed = wait_until(lambda: crowd.progress.ended >= users // 4, 30) and _kill_owner(system, 0)
    buying.join()
    sale.seconds = time.monotonic() - began
    sale.seen = f"{in_words(tally(buyers))}; {held(system, sale.coupon)} in the table"
    if not killed:
        sale.seen += "; but no worker was killed"
    system.heal()
    system.wait_drained()
    sale.violations = system.violations(since, ledger.account())
    return sale


def owner(system: System, partition: int) -> Program | None:
    """The worker that has the partition, by its own metrics."""
    for worker in system.world.workers:
        metrics = call("GET", f"http://127.0.0.1:{worker.management_port}/metrics").text
        if re.search(rf'^coupon_worker_lag_records{{.*partition="{partition}".*}}', metrics, re.MULTILINE):
            return worker
    return None


def _kill_owner(system: System, partition: int) -> bool:
    worker = owner(system, partition)
    if worker is None:
        return False
    worker.process.kill9()
    return True
