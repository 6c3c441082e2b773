"""The worker killed inside and behind its transaction, and kept waiting; records that come again or that nobody
can decide; a dead-letter topic that takes nothing."""

import json
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing

from deploy.local.condition import wait_until
from tests.faults.registry import row
from tests.faults.rows_group import write_poison
from tests.faults.trial import Trial
from tests.support.check.dead_letters import original_offset
from tests.support.crowd import Buyer
from tests.support.rest import call
from tests.system.test_dead_letters import dead_letters_refused
from tests.system.test_garbage import kinds

_WAITING = "SELECT trx_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"


@row(1, "worker killed inside the transaction")
def killed_inside(trial: Trial) -> None:
    with trial.instead(trial.world.workers, trial.failpoint_worker()) as victim:
        for turn in range(1 if trial.short else 10):
            fences = trial.system.fences()
            answer = trial.ask(trial.coupons[0], trial.random.randrange(1, 1 << 30))
            with trial.fault():
                victim.start({"COUPON_FAILPOINT": "worker_before_commit"})
                trial.wait(lambda: not victim.process.alive(), 60, "the worker dies inside a transaction")
                code = victim.process.exit_code()
                trial.expect(code == -signal.SIGKILL, f"killed by its failpoint, seen {code}")
                trial.expect(trial.system.fences() == fences, f"turn {turn}: no fence moved without its COMMIT")
                poll = trial.poll(answer.json["requestId"]).json["status"]
                trial.expect(poll == "PENDING", f"turn {turn}: PENDING while nothing is decided, seen {poll}")
                trial.flow().wait_for("accepted", 10)
            # In order between the kills, so that each begins with something to decide.
            _decide_some(trial)


@row(2, "worker killed between COMMIT and offset commit")
def killed_behind(trial: Trial) -> None:
    """What becomes a dead letter has no requestId by which a second decision would be known: only the fence tells."""
    since = trial.system.dead_letters.ends()
    with trial.instead(trial.world.workers, trial.failpoint_worker()) as victim:
        for turn in range(1 if trial.short else 10):
            trial.flow().wait_for("accepted", 10)
            write_poison(trial)
            with trial.fault():
                victim.start({"COUPON_FAILPOINT": f"worker_after_commit:{1 + turn % 3}"})
                trial.wait(lambda: not victim.process.alive(), 60, "the worker dies behind a COMMIT")
                fences = trial.system.fences()
                committed = trial.world.kafka.committed_offsets(trial.system.group, trial.system.topic)
                behind = [p for p, fence in fences.items() if committed.get(p, 0) < fence]
                trial.expect(bool(behind), f"an offset is behind its fence, seen {committed} and {fences}")
                trial.flow().wait_for("accepted", 10)
            last = set(write_poison(trial))
            _decide_some(trial, lambda: last <= _letters(trial, since).keys())
            doubled = {place: count for place, count in _letters(trial, since).items() if count > 1}
            trial.expect(not doubled, f"turn {turn}: nothing decided twice, seen dead letters of (partition, offset) {doubled}")


def _letters(trial: Trial, since: Mapping[int, int]) -> Counter[tuple[int, int]]:
    """Partition and offset of the records that became dead letters since then, and how often."""
    return Counter((letter.partition, original_offset(letter) or 0) for letter in trial.system.dead_letters.read(since))


def _decide_some(trial: Trial, enough: Callable[[], bool] = lambda: True) -> None:
    """A worker that does not die decides what is there."""
    worker = trial.world.make_worker(4)
    trial.may_end.add(worker.name)
    worker.start()
    trial.flow().wait_for("result", 5, 60)
    trial.wait(enough, 60, "what was written last is decided")
    worker.stop()


@row(15, "lock wait time-out")
def lock_wait(trial: Trial) -> None:
    """On the coupon's row, where nothing is written yet, and on the place of a result, where winners are."""
    for number in range(2 if trial.short else 10):
        # Of the second kind the one that waits is the last of its coupon: until its COMMIT the gate is open.
        coupon = trial.system.new_coupon((50, 1)[number % 2])
        known = [call("GET", f"{gateway}/api/v1/coupons/{coupon}").status for gateway in trial.system.gateways]
        trial.expect(set(known) == {200}, f"each gateway knows the coupon, seen {known}")
        held = f"HELD-{coupon}-{number}"
        statement, value = (
            ("SELECT * FROM coupon WHERE coupon_id = %s FOR UPDATE", coupon),
            (
                "INSERT INTO coupon_issue_result (request_id, partition_id, record_offset, outcome, accepted_at,"
                " decided_at) VALUES (%s, 0, 0, 'SOLD_OUT', NOW(3), NOW(3))", held,
            ),
        )[number % 2]  # fmt: skip
        with trial.fault(), closing(trial.system.database.connect()) as holder, holder.cursor() as cursor:
            marks = _log_sizes(trial)
            cursor.execute("START TRANSACTION")
            cursor.execute(statement, (value,))
            body = {"requestId": held, "couponId": coupon, "userId": 1 + number}
            trial.ledger.sent(coupon, 1 + number, None, "by hand")
            trial.system.writer.write(str(coupon).encode(), json.dumps(body).encode())
            first = _waiting(trial, set())
            trial.wait(lambda: "ER_LOCK_WAIT_TIMEOUT" in _logged(trial, marks), 60, "a lock wait that times out")
            # MySQL undid the statement only; what was written before it, and the locks, go with the transaction.
            _waiting(trial, first)
            told = [trial.ask(coupon, 100 + at, at) for at in range(len(trial.system.gateways))]
            trial.expect(
                all(answer.status == 202 for answer in told),
                f"202 while nothing is committed, seen {[(answer.status, answer.code) for answer in told]}",
            )
    trial.flow().wait_for("result", 20)


def _waiting(trial: Trial, before: set[str]) -> set[str]:
    """The transactions that wait for a lock, when there are others than before."""
    seen: set[str] = set()

    def others() -> bool:
        seen.update(str(row[0]) for row in trial.world.mariadb.root_query(_WAITING))
        return bool(seen - before)

    trial.wait(others, 20, "a transaction of its own waits for the lock, nothing of the one before left")
    return seen


def _log_sizes(trial: Trial) -> dict[str, int]:
    return {worker.name: worker.process.log_file.stat().st_size for worker in trial.world.workers}


def _logged(trial: Trial, marks: dict[str, int]) -> str:
    """What the workers have logged since the marks."""
    return "".join(trial.log_since(worker.process, marks[worker.name]) for worker in trial.world.workers)


@row(28, "same bytes produced three times")
def three_times(trial: Trial) -> None:
    """Of one coupon a user may have more: there only the requestId says that a record is no wish for another one."""
    several = trial.system.new_coupon(1000, per_user_limit=3)
    buyers = [Buyer(several, user, key=f"buys-{user}", gateway=user) for user in range(1, 11)]
    trial.system.crowd(trial.ledger, seconds=60).at_once(buyers)
    trial.flow().wait_for("result", 60 if trial.short else 1000)
    repeated = _repeated(trial)
    records = [(r.key or b"", r.value or b"") for r in trial.system.requests.read(trial.since)]
    for _ in range(2):  # and once by the load
        trial.system.writer.write_many(records)
    trial.system.wait_drained()
    seen = wait_until(lambda: _repeated(trial) >= repeated + 2 * len(records), 10)
    trial.expect(seen, f"{2 * len(records)} repeats recognised, seen {_repeated(trial) - repeated:.0f}")
    trial.note(f"{len(records)} records produced again, twice")


def _repeated(trial: Trial) -> float:
    return sum(trial.metric(worker, "coupon_worker_repeated_total") for worker in trial.world.workers)


@row(29, "poison: oversized, malformed, unknown version")
def poison(trial: Trial) -> None:
    written: list[tuple[int, str | None]] = []
    before = trial.dead_letters()
    for _ in range(1 if trial.short else 20):
        for kind in kinds(1):
            # A coupon for each: with one requestId for all, the second one is refused whatever else it says.
            coupon = trial.system.new_coupon(5)
            key, value, request_id = kinds(coupon)[kind]
            trial.system.writer.write(key, value, trial.random.randrange(trial.system.partitions))
            written.append((coupon, request_id))
    trial.system.wait_drained()
    seen = trial.dead_letters() - before
    trial.expect(seen == len(written), f"{len(written)} dead letters, seen {seen}")
    for name in sorted({request_id for _, request_id in written if request_id}):
        poll = trial.poll(name, wait=5).json
        trial.expect((poll["status"], poll["reason"]) == ("FAILED", "DEAD_LETTERED"), f"{name} FAILED, seen {poll}")
    trial.flow().wait_for("result", 20)


@row(30, "dead-letter topic not available")
def letters_away(trial: Trial) -> None:
    coupon = trial.system.new_coupon(5, couponId=trial.system.unused_id(0))
    marks = _log_sizes(trial)
    with trial.fault(), dead_letters_refused(trial.system):
        _, bad = trial.system.writer.write(str(coupon).encode(), b'{"requestId":', 0)
        for times in range(1, 3 if trial.short else 20):
            wanted = times  # attempts
            trial.wait(lambda: _logged(trial, marks).count('"dead_letters_away"') >= wanted, 60, "letters refused")
            fence = trial.system.fences().get(0, 0)
            committed = trial.world.kafka.committed_offsets(trial.system.group, trial.system.topic).get(0, 0)
            trial.expect(fence <= bad and committed <= bad, f"nothing behind {bad} decided, seen {fence}, {committed}")
        trial.flow().wait_for("accepted", 20)
    trial.flow().wait_for("result", 20)
