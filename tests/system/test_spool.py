"""Goal: with --spool=on requests are accepted while Kafka is away: each keeps its place in the order, has one
result, and polls never forget it; when Kafka is back, gateways go straight to it again."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from tests.support.crowd import Buyer, tally
from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.rest import Answer, call
from tests.support.spooling import metrics, spooling, state, wait_direct, wait_empty
from tests.support.system import System

_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def gateways(system: System) -> Iterator[list[Program]]:
    """Gateways with a spool in the place of the usual ones."""
    with spooling(system) as gateways:
        yield gateways


def issue(gateway: Program, coupon: int, user: int, key: str | None = None, **headers: str) -> Answer:
    """Ask for a coupon."""
    headers |= {"Idempotency-Key": f'"{key}"'} if key else {}
    return call("POST", f"http://127.0.0.1:{gateway.port}/api/v1/coupons/{coupon}/issue", {"userId": user}, headers, 60)


def winners(system: System, coupon: int) -> list[int]:
    """Who holds the coupon, in the order of the numbers."""
    rows = system.database.query("SELECT user_id FROM user_coupon WHERE coupon_id = %s ORDER BY issue_no", coupon)
    return [int(user) for (user,) in rows]


def come_back(system: System) -> None:
    """Kafka is started again and answers."""
    system.world.kafka.start()
    system.world.kafka.wait_ready()


def test_a_sale_goes_on_without_kafka(system: System, ledger: Ledger, gateways: list[Program]) -> None:
    coupons = [system.new_coupon(1_000_000), system.new_coupon(150)]
    with Flow(system.crowd(ledger, seconds=180, poll=False), coupons, lanes=12) as flow:
        flow.wait_for_accepted(60)
        system.world.kafka.process.kill9()
        flow.wait_for_accepted(300)
        states = [state(gateway) for gateway in gateways]
        print(f"without Kafka: expected both gateways to be spooling, seen {states}")
        assert states == ["spooling", "spooling"]
        come_back(system)
        wait_direct(gateways)
        flow.wait_for_accepted(60)
    written = sum(metrics(gateway)["coupon_gateway_spool_written_total"] for gateway in gateways)
    moved = sum(metrics(gateway)["coupon_gateway_spool_moved_total"] for gateway in gateways)
    print(f"{written:.0f} requests were kept in MySQL, {moved:.0f} moved to Kafka; expected as many, and at least 300")
    assert written == moved >= 300
    slowest = max(buyer.accept_seconds for buyer in flow.buyers)
    print(f"{tally(flow.buyers)}, nobody unknown; the slowest waited {slowest:.1f} s")
    assert "UNKNOWN" not in tally(flow.buyers)
    system.wait_drained()
    assert system.violations(account=ledger.account()) == []


def test_no_request_overtakes_one_that_was_answered_before(
    system: System, ledger: Ledger, gateways: list[Program]
) -> None:
    """One user after the other at one gateway, while Kafka goes and comes back: the first get the coupon."""
    stock = 60
    coupon = system.new_coupon(stock)
    crowd = system.crowd(ledger, seconds=180)
    crowd.gateways = crowd.gateways[:1]
    asked: list[int] = []

    def ask(users: range) -> None:
        buyers = [Buyer(coupon, user) for user in users]
        for buyer in buyers:
            answer = issue(gateways[0], coupon, buyer.user)
            assert answer.status in (202, 409), answer.text
            if answer.status == 202:
                asked.append(buyer.user)

    ask(range(1, 11))
    system.world.kafka.process.kill9()
    ask(range(11, 31))
    assert state(gateways[0]) == "spooling"
    system.world.kafka.start()
    user = 31
    while state(gateways[0]) != "direct":
        ask(range(user, user + 1))
        user += 1
    ask(range(user, user + stock))
    system.wait_drained()
    seen = winners(system, coupon)
    print(f"{len(asked)} were accepted, {user - 31} of them while Kafka came back; winners {seen}")
    assert seen == asked[:stock]


@pytest.mark.long
def test_the_order_of_the_spool_is_one_for_all_gateways(system: System, gateways: list[Program]) -> None:
    coupon = system.new_coupon(30)
    system.world.kafka.process.kill9()
    for user in range(1, 41):
        answer = issue(gateways[user % 2], coupon, user)
        assert answer.status == 202, answer.text
    print(f"{system.spooled()} requests wait in MySQL; expected 40")
    assert system.spooled() == 40
    come_back(system)
    wait_empty(system)
    system.wait_drained()
    assert winners(system, coupon) == list(range(1, 31))


@pytest.mark.long
def test_polls_and_retries_while_kafka_is_away(system: System, gateways: list[Program]) -> None:
    coupon = system.new_coupon(10)
    before = system.ends()
    system.world.kafka.process.kill9()
    told = issue(gateways[0], coupon, 7, "once", traceparent=_TRACE)
    print(f"expected 202 without a position, seen {told.status} {told.text}")
    assert (told.status, told.json["position"]) == (202, None)
    again = issue(gateways[1], coupon, 7, "once")
    assert (again.status, again.json["requestId"]) == (202, told.json["requestId"])
    for moment in ("before", "after"):
        if moment == "after":
            system.world.redis.process.kill9()
            gateways[0].process.kill9()
            gateways[0].start()
            gateways[0].wait_ready()
        for gateway in gateways:
            poll = call("GET", f"http://127.0.0.1:{gateway.port}{told.json['resultUrl']}?wait=1")
            print(f"{moment} a restart, at {gateway.name}: expected PENDING, seen {poll.status} {poll.text}")
            assert (poll.status, poll.json["status"]) == (200, "PENDING")
    system.world.redis.start()
    come_back(system)
    wait_empty(system)
    poll = call("GET", f"http://127.0.0.1:{gateways[1].port}{told.json['resultUrl']}?wait=30", timeout=60)
    assert (poll.json["status"], poll.json["userId"]) == ("ISSUED", 7), poll.text
    assert winners(system, coupon) == [7]
    traces = [dict(record.headers).get("traceparent") for record in system.records_of(coupon, before)]
    assert sorted(traces, key=str) == sorted([_TRACE.encode(), None], key=str), "each record has its own request's"


@pytest.mark.long
def test_the_window_is_that_of_the_acceptance(system: System, gateways: list[Program]) -> None:
    """The window ends while a request waits: it was accepted in time."""
    ends = datetime.now(timezone.utc) + timedelta(seconds=5)
    coupon = system.new_coupon(10, issueEndsAt=ends.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    system.world.kafka.process.kill9()
    assert issue(gateways[0], coupon, 1).status == 202
    assert wait_until(lambda: issue(gateways[0], coupon, 2).code == "ENDED", 30)
    accepted = system.spooled()
    come_back(system)
    wait_empty(system)
    system.wait_drained()
    decided = system.database.query("SELECT outcome FROM coupon_issue_result WHERE coupon_id = %s", coupon)
    print(f"{accepted} were accepted in time; expected as many ISSUED or ALREADY_ISSUED, seen {decided}")
    assert len(decided) == accepted and {outcome for (outcome,) in decided} <= {"ISSUED", "ALREADY_ISSUED"}
    assert winners(system, coupon)[0] == 1


def test_a_frozen_broker_costs_a_client_a_bounded_wait(system: System, gateways: list[Program]) -> None:
    coupon = system.new_coupon(10)
    assert issue(gateways[0], coupon, 1).status == 202
    system.world.kafka.process.pause()
    try:
        answers = [issue(gateways[0], coupon, user) for user in (2, 3)]
        print(f"with a frozen broker: expected 202 twice, seen {[answer.status for answer in answers]}")
        assert [answer.status for answer in answers] == [202, 202]
        assert state(gateways[0]) == "spooling"
    finally:
        system.world.kafka.process.resume()
    wait_direct(gateways)
    system.wait_drained()
    assert winners(system, coupon) == [1, 2, 3]


@pytest.mark.long
def test_a_crowd_at_once_without_kafka(system: System, ledger: Ledger, gateways: list[Program]) -> None:
    coupon = system.new_coupon(100)
    system.world.kafka.process.kill9()
    crowd = system.crowd(ledger, seconds=120, poll=False)
    buyers = crowd.at_once([Buyer(coupon, user) for user in range(1, 301)])
    print(f"without Kafka: expected 300 accepted, seen {tally(buyers)}")
    assert tally(buyers) == {"PENDING": 300}
    come_back(system)
    wait_empty(system)
    system.wait_drained()
    assert len(winners(system, coupon)) == 100
    assert system.violations(account=ledger.account()) == []
