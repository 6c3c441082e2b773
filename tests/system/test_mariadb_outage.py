"""Goal: the database killed and restarted in the middle of a sale. Requests are still accepted meanwhile, polls
say PENDING, nothing is dead-lettered, and afterwards everything is decided."""

from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.system import System
from tests.system.test_gateway_crash import check_ends


def test_mariadb_killed_in_the_middle_of_a_sale(system: System, ledger: Ledger) -> None:
    server, letters = system.world.mariadb, system.dead_letters.ends()
    coupons = [system.new_coupon(1_000_000), system.new_coupon(100)]
    with Flow(system.crowd(ledger, seconds=150), coupons, lanes=40) as flow:
        flow.wait_for_ended(80)
        server.process.kill9()
        flow.wait_for_accepted(30)
        waiting = next(buyer for buyer in reversed(flow.buyers) if buyer.answer == "accepted" and not buyer.result)
        poll = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{waiting.request_id}")
        print(f"without MariaDB: requests accepted, a poll says {poll.status} {poll.json.get('status')}")
        assert (poll.status, poll.json["status"]) == (200, "PENDING")
        server.start()
        server.wait_ready()
        flow.wait_for_ended(80, 60)
    check_ends(system, ledger, flow)
    assert system.dead_letters.ends() == letters, "nothing is dead-lettered because the database was away"
