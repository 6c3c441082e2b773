"""Goal: with --spool=on, gateways that die while they keep requests in MySQL or move them to Kafka lose and double
nothing: what was answered 202 is moved by whoever is left. And the spool has an end: at its limit, or with MySQL
away too, the answer is 503, soon."""

import re
import time
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from tests.support.crowd import Buyer
from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.spooling import metrics, spooling, state, wait_direct, wait_empty
from tests.support.system import System
from tests.support.wire import read_request
from tests.system.test_spool import come_back, issue, winners

pytestmark = pytest.mark.long


def doubled(system: System, coupon: int, since: dict[int, int]) -> int:
    """Records of the coupon beyond the first of each request."""
    ids = [read_request(record).request_id for record in system.records_of(coupon, since)]
    return len(ids) - len(set(ids))


def test_gateways_killed_while_they_spool(system: System, ledger: Ledger) -> None:
    """Both die under load, one after the other; the other one moves what it left."""
    coupons = [system.new_coupon(1_000_000), system.new_coupon(60)]
    with spooling(system) as gateways:
        with Flow(system.crowd(ledger, seconds=150, poll=False), coupons, lanes=12) as flow:
            flow.wait_for_accepted(40)
            system.world.kafka.process.kill9()
            for gateway in gateways:
                flow.wait_for_accepted(60)
                gateway.process.kill9()
                flow.wait_for_accepted(60)
                gateway.start()
                gateway.wait_ready()
            flow.wait_for_accepted(60)
        gateways[0].process.kill9()
        came_back = system.spooled()
        come_back(system)
        wait_empty(system)
        print(f"{came_back} requests waited, most of gateways that are dead; the one that is left moved them")
    system.wait_drained()
    assert system.violations(account=ledger.account()) == []


def test_a_gateway_killed_between_commit_and_answer(system: System, ledger: Ledger, failpoint_gateway: Path) -> None:
    """The client knows nothing; its row is there, and a retry with its key at another gateway is one request."""
    coupon = system.new_coupon(10)
    with spooling(system, binary=failpoint_gateway) as gateways:
        gateways[0].stop()
        gateways[0].start({"COUPON_FAILPOINT": "spool_after_insert"})
        gateways[0].wait_ready()
        system.world.kafka.process.kill9()
        crowd = system.crowd(ledger, seconds=120, poll=False)
        buyers = crowd.at_once([Buyer(coupon, user, key=f"k{user}") for user in (1, 2, 3)])
        assert gateways[0].process.wait_exit(30), "the failpoint was not reached"
        attempts = [buyer.attempts for buyer in buyers]
        print(f"attempts until 202: {attempts}; {system.spooled()} rows")
        assert max(attempts) > 1 and all(buyer.answer == "accepted" for buyer in buyers)
        come_back(system)
        wait_empty(system)
    system.wait_drained()
    assert sorted(winners(system, coupon)) == [1, 2, 3]
    assert system.violations(account=ledger.account()) == []


def test_a_relay_killed_between_kafka_and_the_removal(
    system: System, ledger: Ledger, failpoint_gateway: Path
) -> None:
    """Its records are in the log and its rows in the table: they are moved once more, and are one request each."""
    coupon, since = system.new_coupon(40), system.ends()
    with spooling(system, binary=failpoint_gateway) as gateways:
        gateways[0].stop()
        gateways[0].start({"COUPON_FAILPOINT": "spool_before_remove"})
        gateways[0].wait_ready()
        gateways[1].stop()
        system.world.kafka.process.kill9()
        crowd = system.crowd(ledger, seconds=120, poll=False)
        crowd.gateways = crowd.gateways[:1]
        crowd.in_turn([Buyer(coupon, user, gateway=0) for user in range(1, 51)])
        assert system.spooled() == 50
        come_back(system)
        assert gateways[0].process.wait_exit(60), "the failpoint was not reached"
        print(f"after the kill: {system.spooled()} rows; expected 50")
        assert system.spooled() == 50
        gateways[1].start()
        gateways[1].wait_ready()
        wait_empty(system)
        seen = metrics(gateways[1])["coupon_gateway_spool_moved_total"]
        print(f"the other gateway moved {seen:.0f}; expected 50")
        assert seen == 50
    system.wait_drained()
    print(f"{doubled(system, coupon, since)} records more than requests; expected 50")
    assert doubled(system, coupon, since) == 50
    assert winners(system, coupon) == list(range(1, 41))
    assert system.violations(account=ledger.account()) == []


def fill(system: System, coupon: int, rows: int) -> None:
    """As many rows in the spool, as if a gateway that is dead had written them."""
    now = "UTC_TIMESTAMP(3)"
    values = (f"(0, 'spooled-{coupon}-{user}', {coupon}, {user}, {now}, {now})" for user in range(1, rows + 1))
    columns = "origin, request_id, coupon_id, user_id, accepted_at, spooled_at"
    system.database.query(f"INSERT INTO issue_spool ({columns}) VALUES {', '.join(values)}")


def test_a_frozen_relay_that_wakes_does_no_harm(system: System) -> None:
    """The one that moves a dead gateway's rows stands still in the middle until another has moved them all."""
    rows, coupon = 20_000, system.new_coupon(15_000)
    with spooling(system) as gateways:
        fill(system, coupon, rows)
        assert wait_until(lambda: 0 < system.spooled() < rows, 60), "nothing was moved, or all at once"
        before = [metrics(gateway) for gateway in gateways]
        frozen = max((0, 1), key=lambda number: before[number]["coupon_gateway_spool_moved_total"])
        gateways[frozen].process.pause()
        left = system.spooled()
        wait_empty(system, 90)
        moved = metrics(gateways[1 - frozen])["coupon_gateway_spool_moved_total"]
        print(f"{left} rows were left as {gateways[frozen].name} froze; the other moved {moved:.0f}")
        assert moved > 0
        gateways[frozen].process.resume()
        wait_direct(gateways)
        assert issue(gateways[frozen], coupon, rows + 1).status in (202, 409)
    system.wait_drained()
    assert winners(system, coupon) == list(range(1, 15_001))


def test_sigterm_while_spooling(system: System) -> None:
    """It ends in time with 0, its rows stay, and the next start moves them."""
    coupon = system.new_coupon(10)
    with spooling(system) as gateways:
        system.world.kafka.process.kill9()
        told = [issue(gateways[0], coupon, user) for user in (1, 2)]
        assert [answer.status for answer in told] == [202, 202]
        began = time.monotonic()
        gentle = gateways[0].process.stop(20)
        print(f"ended {'by itself' if gentle else 'by force'} with {gateways[0].process.exit_code()}"
              f" after {time.monotonic() - began:.1f} s; {system.spooled()} rows stay")  # fmt: skip
        assert gentle and gateways[0].process.exit_code() == 0 and system.spooled() == 2
        gateways[0].start()
        gateways[0].wait_ready()
        poll = call("GET", f"http://127.0.0.1:{gateways[0].port}{told[0].json['resultUrl']}")
        assert (poll.status, poll.json["status"]) == (200, "PENDING")
    system.wait_drained()
    assert winners(system, coupon) == [1, 2]


def test_the_spool_has_a_limit(system: System) -> None:
    coupon = system.new_coupon(100)
    with spooling(system, "--spool-max-rows", "10") as gateways:
        system.world.kafka.process.kill9()
        answers = [issue(gateways[user % 2], coupon, user) for user in range(1, 15)]
        statuses = [answer.status for answer in answers]
        print(f"with a limit of 10: {statuses}, the last says {answers[-1].text}")
        assert statuses == [202] * 10 + [503] * 4
        assert answers[-1].code == "UNAVAILABLE" and "as many requests wait" in answers[-1].text
        assert "requestId" not in answers[-1].json
        log = gateways[0].process.log_file.read_text() + gateways[1].process.log_file.read_text()
        assert re.search(r'"event":"spool_full".*--spool-max-rows', log)
        come_back(system)
        wait_direct(gateways)
        assert issue(gateways[0], coupon, 20).status == 202
    system.wait_drained()
    assert sorted(winners(system, coupon)) == [*range(1, 11), 20]


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_mysql_away_too(system: System, how: str) -> None:
    coupon = system.new_coupon(100)
    mariadb = system.world.mariadb.process
    with spooling(system, "--mysql-answer-timeout", "3") as gateways:
        assert issue(gateways[0], coupon, 1).status == 202
        system.world.kafka.process.kill9()
        mariadb.kill9() if how == "killed" else mariadb.pause()
        try:
            for user in (2, 3, 4):
                answer = issue(gateways[0], coupon, user)
                print(f"without Kafka and MySQL: expected 503, seen {answer.status} {answer.text}")
                assert (answer.status, answer.code) == (503, "UNAVAILABLE")
        finally:
            mariadb.resume() if how == "frozen" else system.world.mariadb.start()
            system.world.mariadb.wait_ready()
        assert wait_until(lambda: issue(gateways[0], coupon, 5).status == 202, 60)
        assert state(gateways[0]) == "spooling"
        come_back(system)
        wait_direct(gateways)
    system.wait_drained()
    seen = winners(system, coupon)
    print(f"winners {seen}; expected 1 and 5, and of the others, whose end was unknown, any once")
    assert seen[0] == 1 and 5 in seen and len(seen) == len(set(seen))
