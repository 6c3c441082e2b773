"""Kafka gone for long, and gateways that keep requests in MySQL meanwhile (--spool=on)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count

from deploy.local.programs import Program
from tests.faults.registry import row
from tests.faults.trial import Trial
from tests.support.flow import Flow
from tests.support.rest import call
from tests.support.spooling import state

_SECONDS_GONE = 600
_STOCK = 60  # of the coupon that is asked for by one after the other
_SHORT_SPOOLED, _LONG_SPOOLED = 300, 2000
# A relay dies before its records go to Kafka, another one behind that, before their rows are removed.
_DEATHS = ("spool_before_send", "spool_before_remove")


class Queue:
    """Users who ask the first gateway for a coupon one after the other, so that their order is known."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._users = count(1)
        self.coupon = trial.system.new_coupon(_STOCK)
        self.accepted: list[int] = []

    def ask(self, more: int) -> None:
        """So many more ask, each when the one before was answered."""
        for _ in range(more):
            user = next(self._users)
            told = self._trial.ask(self.coupon, user)
            if told.status == 202:
                self.accepted.append(user)
            elif told.code != "SOLD_OUT":
                self._trial.expect(False, f"202 for user {user}, seen {told.status} {told.text}")

    def winners(self) -> list[int]:
        """Who has the coupon, in order."""
        rows = self._trial.query("SELECT user_id FROM user_coupon WHERE coupon_id = %s ORDER BY issue_no", self.coupon)
        return [int(user) for (user,) in rows]


@row(36, "Kafka gone, requests go through MySQL, relays die", load=None)
def kafka_gone(trial: Trial) -> None:
    queue = Queue(trial)
    with _fragile_gateways(trial) as gateways:
        queue.ask(10)
        with trial.fault():
            trial.kill(trial.world.kafka)
            _accept_without_kafka(trial, queue)
            spooled = trial.system.spooled()
            trial.note(f"{spooled} requests waited in MySQL")
            _let_relays_die(trial, gateways)
            while state(gateways[0]) != "direct":
                queue.ask(1)
            queue.ask(10)
        trial.wait(lambda: trial.system.spooled() == 0, 90, "all requests are moved to Kafka")
        trial.wait(lambda: all(state(gateway) == "direct" for gateway in gateways), 60, "all go straight to Kafka again")
    trial.wait(trial.system.drained, 100, "all is decided")
    expected, seen = queue.accepted[:_STOCK], queue.winners()
    trial.expect(seen == expected, f"the first who asked get the coupon, {expected}; seen {seen}")


@contextmanager
def _fragile_gateways(trial: Trial) -> Iterator[list[Program]]:
    """Gateways with a spool in the place of the usual ones; each is to die once while it moves requests."""
    with ExitStack() as stack:
        gateways = []
        for number, death in enumerate(_DEATHS):
            gateway = trial.world.make_gateway(number, ["--spool", "on"])
            gateway.binary = trial.stage.build.failpoints / "bin" / "api-gateway"
            stack.enter_context(trial.instead([trial.world.gateways[number]], gateway))
            gateway.start({"COUPON_FAILPOINT": death})
            gateways.append(gateway)
        for gateway in gateways:
            gateway.wait_ready()
        yield gateways


def _accept_without_kafka(trial: Trial, queue: Queue) -> None:
    """Requests go on being accepted at both gateways, for ten minutes in the long version."""
    coupons = [trial.system.new_coupon(1_000_000), trial.system.new_coupon(60)]
    crowd = trial.system.crowd(trial.ledger, poll=False, seconds=_SECONDS_GONE + 60)
    with Flow(crowd, coupons, lanes=8 if trial.short else 1) as flow:
        queue.ask(20)
        flow.wait_for_accepted(_SHORT_SPOOLED if trial.short else _LONG_SPOOLED, 120)
        if not trial.short:
            trial.hold(_SECONDS_GONE)
    told = {buyer.answer for buyer in flow.buyers}
    trial.expect(told == {"accepted"}, f"202 for all while Kafka is away, seen {told}")


def _let_relays_die(trial: Trial, gateways: list[Program]) -> None:
    """Kafka comes back; first one gateway dies over the rows, then the other that takes them over."""
    trial.restart(trial.world.kafka)
    for gateway, death in zip(gateways, _DEATHS):
        trial.wait(lambda: gateway.process.exit_code() is not None, 60, f"{gateway.name} dies at {death}")
    trial.expect(trial.system.spooled() > 0, "rows are left when both are dead")
    for gateway in gateways:
        trial.restart(gateway)
    request = trial.ledger.account().accepted()
    name = next(reversed(request))
    poll = call("GET", f"{trial.system.gateways[0]}/api/v1/coupons/result/{name}")
    trial.expect(poll.status == 200, f"a poll for one that was accepted, seen {poll.status} {poll.text}")
