"""The consumer group: members that join and leave all the time, and one that comes back from the dead."""

import time
from collections.abc import Iterable

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from tests.faults.registry import row
from tests.faults.trial import Trial
from tests.support.crowd import Buyer

_ROUNDS = 100
_SECONDS_A_ROUND = 2
_POISON = b'{"couponId":'  # no requestId can be read: only the dead letter tells that it was decided


@row(26, "rebalance storm")
def rebalance_storm(trial: Trial) -> None:
    guest = trial.world.make_worker(3)
    with trial.instead([], guest), trial.fault():
        for number in range(4 if trial.short else _ROUNDS):
            began = time.monotonic()
            guest.start()
            guest.wait_ready()
            if trial.random.random() < 0.2:
                trial.kill(guest)
            else:
                guest.stop()
            trial.flow().wait_for("result", 5)
            while not trial.short and time.monotonic() - began < _SECONDS_A_ROUND:
                trial.flow().wait_for("result", 1)
        trial.note(f"joined and left {number + 1} times")


@row(26, "partitions taken over while MySQL is read-only, and handed back when that is over", load=None)
def handed_over_in_an_outage(trial: Trial) -> None:
    """Who handed over partitions that it had paused must read them when they come back."""
    stays, guest = trial.world.workers[0], trial.world.make_worker(3)
    coupons = [trial.system.new_coupon(10, couponId=trial.system.unused_id(place)) for place in range(3)]
    mark = stays.process.log_file.stat().st_size
    with trial.instead(trial.world.workers[1:], guest):
        trial.wait(lambda: "3 partitions of" in trial.log_since(stays.process, mark), 60, "one worker has them all")
        pauses = trial.metric(stays, "coupon_worker_pauses_total")
        trial.world.mariadb.root_query("SET GLOBAL read_only = ON")
        try:
            with trial.fault():
                for coupon in coupons:
                    trial.expect(trial.ask(coupon, 1).status == 202, "202 while MySQL is read-only")
                trial.wait(lambda: trial.metric(stays, "coupon_worker_pauses_total") > pauses, 60, "it pauses")
                guest.start()
                trial.wait(lambda: "partitions_assigned" in guest.process.log_tail(50), 60, "the guest takes some over")
        finally:
            trial.world.mariadb.root_query("SET GLOBAL read_only = OFF")
        for coupon in coupons:
            buy(trial, coupon, [2])
        guest.stop()
        for coupon in coupons:
            buy(trial, coupon, range(3, 12))


def stand_still(trial: Trial, zombie: Program, failpoint: str) -> None:
    """Start the worker and wait until it has stopped itself there."""
    zombie.start({"COUPON_FAILPOINT": failpoint})
    trial.wait(lambda: zombie.process.state() == "paused", 60, f"{zombie.name} stands still at {failpoint}")


def write_poison(trial: Trial) -> list[tuple[int, int]]:
    """One record in each partition that only becomes a dead letter; their partitions and offsets."""
    return [trial.system.writer.write(None, _POISON, partition) for partition in range(trial.system.partitions)]


@row(27, "worker stands still before its transaction, and goes on when others have decided its batch", load=None)
def zombie_before_fences(trial: Trial) -> None:
    """Its batch has only records whose second decision no requestId would tell; others buy meanwhile."""
    zombie = trial.failpoint_worker()
    coupon = trial.system.new_coupon(30)
    before = trial.dead_letters()
    with trial.instead(trial.world.workers, zombie):
        expected = before + len(write_poison(trial))
        stand_still(trial, zombie, "worker_before_fences:1:stop")
        mark = zombie.process.log_file.stat().st_size
        with trial.fault():
            trial.restart(trial.world.workers[0])
            buy(trial, coupon, range(1, 21))
            trial.wait(lambda: trial.dead_letters() == expected, 60, f"{expected} dead letters by the other worker")
            zombie.process.resume()
            trial.wait(
                lambda: "partitions_assigned" in trial.log_since(zombie.process, mark), 60,
                "the zombie is done with what it had, and a member again",
            )  # fmt: skip
            buy(trial, coupon, range(21, 41))
        seen = trial.dead_letters()
        trial.expect(seen == expected, f"nothing decided twice: {expected} dead letters, seen {seen}")


def buy(trial: Trial, coupon: int, users: Iterable[int]) -> None:
    """Each of the users asks, and is told an end."""
    buyers = [Buyer(coupon, user, key=f"buys-{user}", gateway=user) for user in users]
    trial.system.crowd(trial.ledger, seconds=60).at_once(buyers)
    ends = {buyer.end for buyer in buyers}
    trial.expect(ends <= {"ISSUED", "SOLD_OUT"}, f"all are told an end, seen {ends}")


@row(27, "worker stands still inside its transaction")
def zombie_in_transaction(trial: Trial) -> None:
    zombie = trial.failpoint_worker()
    before = trial.dead_letters()
    with trial.instead(trial.world.workers, zombie):
        expected = before + len(write_poison(trial))
        stand_still(trial, zombie, "worker_before_commit:2:stop")
        mark = zombie.process.log_file.stat().st_size
        other = trial.world.workers[0].process
        other_mark = other.log_file.stat().st_size
        with trial.fault():
            trial.world.workers[0].start()  # ready when it has the locks
            if trial.short:
                trial.wait(lambda: "partitions_assigned" in trial.log_since(other, other_mark), 60, "the other takes over")
                trial.flow().wait_for("accepted", 40)
            else:
                # It keeps its locks until the database gives up on it; then its partitions go on without it.
                trial.wait(lambda: trial.system.drained() or moved(trial), 90, "the others go on while it stands still")
            zombie.process.resume()
            trial.wait(lambda: "partitions_" in trial.log_since(zombie.process, mark), 60, "the zombie notices")
            trial.flow().wait_for("result", 40)
        trial.wait(lambda: trial.dead_letters() >= expected, 60, f"{expected} dead letters")


def moved(trial: Trial) -> bool:
    """True if every partition's fence moves within a moment."""
    fences = trial.system.fences()
    return wait_until(lambda: all(trial.system.fences()[p] > f for p, f in fences.items()), 5)
