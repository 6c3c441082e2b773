"""Goal: what the database refuses is found among its batch, tried by itself and set aside, without deciding a later
record before an earlier one and without leaving the group; what is only locked, slow or away is waited for."""

import json
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from deploy.local.world import DATABASE
from tests.support.long_case import long
from tests.support.rest import call, metric
from tests.support.system import System

_BAD_USER = 666


@pytest.fixture
def lone_worker(system: System) -> Iterator[Program]:
    """The only worker of the group, not started: what is written meanwhile becomes one batch."""
    for worker in system.world.workers:
        worker.stop()
        system.expected_to_restart.add(worker.name)
    worker = system.world.make_worker(3)
    yield worker
    worker.stop()


@contextmanager
def trigger(system: System, table: str, condition: str) -> Iterator[None]:
    """While this lasts the database refuses to insert a row of that kind into the table."""
    system.world.mariadb.root_query(
        f"DELIMITER //\nCREATE TRIGGER {DATABASE}.refusal BEFORE INSERT ON {DATABASE}.{table} FOR EACH ROW IF {condition}"
        " THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF//\n"
    )
    try:
        yield
    finally:
        system.world.mariadb.root_query(f"DROP TRIGGER {DATABASE}.refusal")


def write(system: System, coupon: int, users: list[int]) -> list[str]:
    """One record for each user, in this order; their ids."""
    ids = [f"POLICY-{coupon}-{number}" for number in range(len(users))]
    key = str(coupon).encode()
    bodies = [{"requestId": i, "couponId": coupon, "userId": user} for i, user in zip(ids, users)]
    system.writer.write_many([(key, json.dumps(body).encode()) for body in bodies])
    return ids


def outcomes(system: System, ids: list[str]) -> list[str]:
    """How the requests ended, in order; '' for one without a result."""
    rows = system.database.query("SELECT request_id, outcome FROM coupon_issue_result")
    found = {str(request_id): str(outcome) for request_id, outcome in rows}
    return [found.get(request_id, "") for request_id in ids]


def one_letter(system: System, since: dict[int, int]) -> dict[str, bytes | None]:
    """The headers of the only dead letter since then."""
    letters = system.dead_letters.read(since)
    assert [letter.partition for letter in letters] == [0], "expected one dead letter, of partition 0"
    return dict(letters[0].headers)


@pytest.mark.parametrize(
    ("table", "condition", "coupon_shown"),
    [
        ("user_coupon", f"NEW.user_id = {_BAD_USER}", True),
        ("coupon_issue_result", f"NEW.user_id = {_BAD_USER}", False),
    ],
    ids=["its coupon", "its coupon and its result"],
)
def test_one_record_is_refused(
    system: System, lone_worker: Program, table: str, condition: str, coupon_shown: bool
) -> None:
    coupon, since = system.new_coupon(500, couponId=system.unused_id(0)), system.dead_letters.ends()
    other = system.new_coupon(50, couponId=system.unused_id(1))
    users = [*range(1000, 1300), _BAD_USER, *range(1300, 1600)]
    ids, others = write(system, coupon, users), write(system, other, list(range(1, 101)))
    with trigger(system, table, condition):
        lone_worker.start()
        lone_worker.wait_ready()
        system.wait_drained()
        retries = metric(lone_worker.management_port, "coupon_worker_retries_total", 'class="record"')
    expected = ["ISSUED"] * 300 + ["DEAD_LETTERED"] + ["ISSUED"] * 199 + ["ISSUED"] + ["SOLD_OUT"] * 100
    assert outcomes(system, ids) == expected
    assert outcomes(system, others) == ["ISSUED"] * 50 + ["SOLD_OUT"] * 50, "the other partition's order is lost"
    headers = one_letter(system, since)
    print(f"{retries} refusals; {headers}")
    assert headers["kafka_dlt-exception-fqcn"] == b"REFUSED"
    assert b"1644 ER_SIGNAL_EXCEPTION: not this one" in (headers["kafka_dlt-exception-message"] or b"")
    assert headers["kafka_dlt-retry-count"] == struct.pack(">i", 5)
    poll = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{ids[300]}?wait=5").json
    assert (poll["status"], poll["reason"]) == ("FAILED", "DEAD_LETTERED")
    shown = system.database.query("SELECT coupon_id, user_id FROM coupon_issue_result WHERE request_id = %s", ids[300])
    assert shown == ([(coupon, _BAD_USER)] if coupon_shown else [(None, None)])
    assert 7 <= retries <= 25, "six tries alone, and at least one of the batch that it was in"


def test_not_even_its_result_is_taken(system: System, lone_worker: Program) -> None:
    coupon, since = system.new_coupon(10, couponId=system.unused_id(0)), system.dead_letters.ends()
    with trigger(system, "coupon_issue_result", f"NEW.request_id = 'POLICY-{coupon}-1'"):
        ids = write(system, coupon, [1, 2, 3])
        lone_worker.start()
        lone_worker.wait_ready()
        system.wait_drained()
    assert outcomes(system, ids) == ["ISSUED", "", "ISSUED"]
    headers = one_letter(system, since)
    assert headers["kafka_dlt-exception-fqcn"] == b"REFUSED"
    # What an operator does then by hand.
    offset = struct.unpack(">q", headers["kafka_dlt-original-offset"] or b"")[0]
    system.world.mariadb.query(
        "INSERT INTO coupon_issue_result (request_id, partition_id, record_offset, outcome, accepted_at, decided_at)"
        f" VALUES ('{ids[1]}', 0, {offset}, 'DEAD_LETTERED', NOW(3), NOW(3))"
    )


def test_a_refusal_that_ends_costs_nothing(system: System, lone_worker: Program) -> None:
    coupon, since = system.new_coupon(10, couponId=system.unused_id(0)), system.dead_letters.ends()
    with trigger(system, "user_coupon", f"NEW.user_id = {_BAD_USER}"):
        ids = write(system, coupon, [1, _BAD_USER, 2])
        lone_worker.start()
        assert wait_until(lambda: "record_refused" in lone_worker.process.log_file.read_text(), 30)
    system.wait_drained()
    assert outcomes(system, ids) == ["ISSUED"] * 3
    assert system.dead_letters.read(since) == []


@pytest.mark.long
def test_a_frozen_database_costs_no_membership(system: System, lone_worker: Program) -> None:
    """Longer than max.poll.interval.ms: only who polls meanwhile stays."""
    lone_worker.flags += ["--kafka-property", "max.poll.interval.ms=6000", "--mysql-connect-timeout", "2"]
    coupon, since = system.new_coupon(10, couponId=system.unused_id(0)), system.dead_letters.ends()
    lone_worker.start()
    lone_worker.wait_ready()
    first = write(system, coupon, [1])
    system.wait_drained()
    mark = lone_worker.process.log_file.stat().st_size
    system.world.mariadb.process.pause()
    try:
        ids = [f"FROZEN-{coupon}-{user}" for user in range(2, 12)]
        for user, request_id in enumerate(ids, 2):
            body = {"requestId": request_id, "couponId": coupon, "userId": user}
            system.writer.write(str(coupon).encode(), json.dumps(body).encode())
        # 15 s until the answer is given up, then waits and attempts to connect.
        assert wait_until(lambda: retries(lone_worker, "outage") >= 2, 60)
    finally:
        system.world.mariadb.process.resume()
    system.wait_drained()
    log = lone_worker.process.log_file.read_text()[mark:]
    assert "no answer in 15 s" in log, "the wait for an answer must end by itself"
    assert "partitions_revoked" not in log and "MAX_POLL" not in log, "it must stay a member"
    assert outcomes(system, first + ids) == ["ISSUED"] * 10 + ["SOLD_OUT"]
    assert system.dead_letters.read(since) == []


@pytest.mark.parametrize("what", [long("the coupon"), "the place of a result"])
def test_a_lock_is_waited_for(system: System, lone_worker: Program, what: str) -> None:
    """1205 undoes a statement, not the transaction, in which winners may be inserted by then: all of it must be
    rolled back and tried again."""
    coupon, since = system.new_coupon(10, couponId=system.unused_id(0)), system.dead_letters.ends()
    ids = write(system, coupon, [1, 2, 3])
    with closing(system.database.connect()) as holder, holder.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        if what == "the coupon":
            cursor.execute("SELECT * FROM coupon WHERE coupon_id = %s FOR UPDATE", (coupon,))
        else:
            cursor.execute(
                "INSERT INTO coupon_issue_result (request_id, partition_id, record_offset, outcome, accepted_at,"
                " decided_at) VALUES (%s, 0, 0, 'SOLD_OUT', NOW(3), NOW(3))", (ids[2],),
            )  # fmt: skip
        lone_worker.start()
        assert wait_until(lambda: lone_worker.process.alive() and retries(lone_worker, "transient") >= 2, 60)
        assert outcomes(system, ids) == [""] * 3
    system.wait_drained()
    assert "ER_LOCK_WAIT_TIMEOUT" in lone_worker.process.log_file.read_text()
    assert outcomes(system, ids) == ["ISSUED"] * 3
    assert system.dead_letters.read(since) == []


@pytest.mark.long
def test_who_fell_silent_inside_a_transaction_blocks_nobody_for_long(system: System, lone_worker: Program) -> None:
    """A worker frozen while it holds the fence: the server ends its transaction, another worker goes on, and the
    frozen one decides nothing when it comes back."""
    coupon, since = system.new_coupon(100, couponId=system.unused_id(0)), system.dead_letters.ends()
    lone_worker.start()
    lone_worker.wait_ready()
    with closing(system.database.connect()) as holder, holder.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute("SELECT * FROM coupon WHERE coupon_id = %s FOR UPDATE", (coupon,))
        ids = write(system, coupon, list(range(1, 51)))
        # It waits for the coupon now, and has the fence.
        assert wait_until(lambda: _lock_waits(system) == 1, 30)
        lone_worker.process.pause()
    successor = system.world.make_worker(4)
    successor.start()
    try:
        successor.wait_ready(60)
        system.wait_drained()
        assert outcomes(system, ids) == ["ISSUED"] * 50
        lone_worker.process.resume()
        more = write_more(system, coupon)
        system.wait_drained()
        assert outcomes(system, more) == ["ISSUED"] * 10
        assert wait_until(lone_worker.ready, 60)
    finally:
        successor.stop()
    assert system.dead_letters.read(since) == []


def write_more(system: System, coupon: int) -> list[str]:
    """Ten more users of the coupon."""
    ids = [f"MORE-{coupon}-{user}" for user in range(101, 111)]
    for user, request_id in enumerate(ids, 101):
        body = {"requestId": request_id, "couponId": coupon, "userId": user}
        system.writer.write(str(coupon).encode(), json.dumps(body).encode())
    return ids


def retries(worker: Program, kind: str) -> float:
    """How many attempts have failed with a class; 0 while the worker does not answer."""
    try:
        return metric(worker.management_port, "coupon_worker_retries_total", f'class="{kind}"')
    except OSError:
        return 0


def _lock_waits(system: System) -> int:
    rows = system.world.mariadb.root_query("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
    return int(rows[0][0])
