"""Goal: a gateway killed or ended under load loses nothing that it answered 202; what clients don't know about is
safe to ask again with the same key at another gateway."""

import pytest

from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.system import System


def check_ends(system: System, ledger: Ledger, flow: Flow) -> None:
    """Every buyer has one end, and all promises hold."""
    system.wait_drained()
    open_ends = [(b.user, b.end, b.request_id) for b in flow.buyers if b.end in ("PENDING", "UNKNOWN")]
    account = ledger.account()
    unknown = sum(attempt.answer == "unknown" for attempt in account.attempts.values())
    print(f"{len(flow.buyers)} buyers, {unknown} answers lost on the way; expected all to have an end, open: {open_ends}")
    assert open_ends == []
    assert system.violations(account=account) == []


def test_gateway_killed_under_load(system: System, ledger: Ledger) -> None:
    usual = system.world.gateways[0]
    system.expected_to_restart = {usual.name}
    coupons = [system.new_coupon(1_000_000), system.new_coupon(60)]
    # Records rest in this gateway for a while, so that some are not in Kafka yet whenever it is killed.
    victim = system.world.make_gateway(0, ["--kafka-property", "linger.ms=250"])
    usual.stop()
    victim.start()
    victim.wait_ready()
    try:
        with Flow(system.crowd(ledger, seconds=120), coupons, lanes=24) as flow:
            for _ in range(2):
                flow.wait_for_accepted(80)
                victim.process.kill9()
                flow.wait_for_accepted(80)
                victim.start()
                victim.wait_ready()
            flow.wait_for_ended(50)
    finally:
        victim.stop()
        usual.start()
    check_ends(system, ledger, flow)


@pytest.mark.long  # make test has the row of faults
def test_gateway_ended_in_order_under_load(system: System, ledger: Ledger) -> None:
    victim = system.world.gateways[1]
    system.expected_to_restart = {victim.name}
    coupons = [system.new_coupon(1_000_000), system.new_coupon(60)]
    with Flow(system.crowd(ledger, seconds=120), coupons, lanes=24) as flow:
        flow.wait_for_accepted(80)
        gentle = victim.process.stop(20)
        code = victim.process.exit_code()
        flow.wait_for_accepted(80)
        victim.start()
        victim.wait_ready()
        flow.wait_for_accepted(80)
    print(f"expected it to end by itself with 0, seen {'by itself' if gentle else 'only by force'} with {code}")
    assert gentle and code == 0
    check_ends(system, ledger, flow)
