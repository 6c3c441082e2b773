"""Goal: the database killed and restarted in the middle of a sale. Requests are still accepted meanwhile, polls
say PENDING, nothing is dead-lettered, and afterwards everything is decided."""

from tests.support.crowd import Buyer, tally
from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.system import System
from tests.system.test_gateway_crash import check_ends


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
