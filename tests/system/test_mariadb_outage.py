"""Goal: the database killed and restarted in the middle of a sale. Requests are still accepted meanwhile, polls
say PENDING, nothing is dead-lettered, and afterwards everything is decided."""

import pytest

from deploy.local.condition import wait_until
from tests.support.crowd import Buyer, tally
from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.system import System
from tests.system.test_gateway_crash import check_ends


@pytest.mark.long  # make test has the row of faults
def test_mariadb_killed_in_the_middle_of_a_sale(system: System, ledger: Ledger) -> None:
    server, letters = system.world.mariadb, system.dead_letters.ends()
    coupons, coupon = [system.new_coupon(1_000_000), system.new_coupon(100)], system.new_coupon(10)
    assert [call("GET", f"{gateway}/api/v1/coupons/{coupon}").status for gateway in system.gateways] == [200, 200]
    with Flow(system.crowd(ledger, seconds=150), coupons, lanes=20) as flow:
        flow.wait_for_ended(80)
        server.process.kill9()
        late = [Buyer(coupon, user, gateway=user) for user in range(1, 31)]
        with system.ledger("while-mariadb-was-away") as other:
            system.crowd(other, poll=False).at_once(late)
        poll = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{late[0].request_id}")
        print(f"without MariaDB: {tally(late)}, a poll says {poll.status} {poll.text}")
        assert tally(late) == {"PENDING": 30}
        assert (poll.status, poll.json["status"]) == (200, "PENDING")
        server.start()
        server.wait_ready()
        flow.wait_for_ended(80, 60)
    check_ends(system, ledger, flow)
    assert system.dead_letters.ends() == letters, "nothing is dead-lettered because the database was away"


def test_a_group_that_never_committed_begins_while_mariadb_is_away(system: System, ledger: Ledger) -> None:
    """Nothing says then where to begin: it waits, and finds its fences later."""
    coupon = system.new_coupon(5)
    buyers = [Buyer(coupon, user) for user in range(1, 11)]
    system.crowd(ledger).at_once(buyers)
    worker = system.world.make_worker(3, ["--kafka-group", "a-new-group"])
    system.world.mariadb.process.kill9()
    worker.start()
    try:
        assigned = wait_until(lambda: "partitions_assigned" in worker.process.log_tail(50), 60)
        assert assigned, worker.process.log_tail()
        system.world.mariadb.start()
        system.world.mariadb.wait_ready()
        later = [Buyer(coupon, user) for user in range(11, 21)]
        system.crowd(ledger).at_once(later)
        worker.wait_ready()
        assert tally(later) == {"SOLD_OUT": 10}
        assert worker.process.alive(), worker.process.log_tail()
    finally:
        worker.stop()
    assert worker.process.exit_code() == 0, worker.process.log_tail()
