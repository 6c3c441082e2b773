"""Goal: a dead letter whose cause was mended is replayed and decided once, as what it was when it was accepted; a
replay that was killed in the middle is taken up again; what is discarded stays FAILED; every action is on record."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from deploy.local.programs import Program
from deploy.local.world import DATABASE
from tests.support.dead_letter_tool import DeadLetterTool
from tests.support.murmur2 import partition_of
from tests.support.rest import call
from tests.support.system import System

_REFUSED_USER = 4711
_HOUR_MS = 3_600_000
_ACCEPTED_MS = time.time_ns() // 1_000_000 - 2 * _HOUR_MS  # much older ones fall to the topic's retention


def rfc3339(wall_ms: int) -> str:
    """The time as the admin API takes it."""
    return datetime.fromtimestamp(wall_ms / 1000, timezone.utc).isoformat(timespec="milliseconds")


# It is over: only what was accepted in it can be issued now.
_WINDOW = {
    "issueStartsAt": rfc3339(_ACCEPTED_MS - _HOUR_MS), "issueEndsAt": rfc3339(_ACCEPTED_MS + _HOUR_MS),
    "validUntil": "2099-01-01T00:00:00Z",
}  # fmt: skip


@pytest.fixture
def tool(system: System, build: Path) -> DeadLetterTool:
    """The tool of the build that is tried."""
    return DeadLetterTool(system, build / "bin" / "issue-worker")


@contextmanager
def refusal(system: System) -> Iterator[None]:
    """While this lasts the database refuses coupons for one user."""
    system.world.mariadb.root_query(
        f"USE {DATABASE}\nDELIMITER //\nCREATE TRIGGER refusal BEFORE INSERT ON user_coupon FOR EACH ROW"
        f" IF NEW.user_id = {_REFUSED_USER} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF//\n"
    )
    try:
        yield
    finally:
        system.world.mariadb.root_query(f"DROP TRIGGER {DATABASE}.refusal")


def write(system: System, coupon: int, user: int = _REFUSED_USER, key: bytes | None = None) -> tuple[int, int]:
    """A record without acceptedAt, of two hours ago; where it is."""
    body = {"requestId": f"DLT-{coupon}", "couponId": coupon, "userId": user}
    place = system.writer.write(
        str(coupon).encode() if key is None else key, json.dumps(body).encode(), -1, _ACCEPTED_MS, [("trace", b"\x00\xff")]
    )
    system.wait_drained()
    return place


def polls(system: System, coupon: int) -> set[str]:
    """What each gateway says of the request."""
    answers = [call("GET", f"{base}/api/v1/coupons/result/DLT-{coupon}").json for base in system.gateways]
    return {str(answer["status"]) for answer in answers}


def result(system: System, coupon: int) -> tuple[Any, ...]:
    """Outcome, partition and offset of its one result."""
    rows = system.database.query(
        "SELECT outcome, partition_id, record_offset FROM coupon_issue_result WHERE request_id = %s", f"DLT-{coupon}"
    )
    assert len(rows) == 1
    return rows[0]


def actions(system: System, coupon: int) -> list[tuple[Any, ...]]:
    """The audit's rows, oldest first."""
    return system.database.query(
        "SELECT action, actor, reason, ended_at IS NOT NULL, new_offset FROM dead_letter_action WHERE request_id = %s"
        " ORDER BY action_id", f"DLT-{coupon}",
    )  # fmt: skip


def held(system: System, coupon: int) -> int:
    """How many of the coupon are issued."""
    return system.database.count("SELECT COUNT(*) FROM user_coupon WHERE coupon_id = %s", coupon)


def test_a_mended_cause(system: System, tool: DeadLetterTool) -> None:
    coupon = system.new_coupon(5, **_WINDOW)
    with refusal(system):
        partition, offset = write(system, coupon)
    [letter] = tool.json("list", "--coupon", str(coupon), "--cause", "refused")
    assert (letter["requestId"], letter["userId"], letter["state"]) == (f"DLT-{coupon}", _REFUSED_USER, "open")
    assert (letter["record"]["partition"], letter["record"]["offset"], letter["retries"]) == (partition, offset, 5)
    assert polls(system, coupon) == {"FAILED"}

    before = system.ends()
    [planned] = tool.json("replay", letter["id"], "--dry-run")
    assert (planned["dryRun"], planned["newPlace"], system.ends(), actions(system, coupon)) == (True, None, before, [])

    [done] = tool.json("replay", letter["id"], "--reason", "the trigger is gone")
    system.wait_drained()
    new_offset = int(done["newPlace"].partition(":")[2])
    assert result(system, coupon) == ("ISSUED", partition, new_offset) and new_offset > offset
    assert polls(system, coupon) == {"ISSUED"} and held(system, coupon) == 1
    assert actions(system, coupon) == [("REPLAY", "operator", "the trigger is gone", 1, new_offset)]
    first, second = system.records_of(coupon, {})
    assert (first.key, first.value, first.timestamp_ms) == (second.key, second.value, second.timestamp_ms)
    assert second.headers == (
        ("trace", b"\x00\xff"), ("coupon-replay", f"{system.topic}.DLT:{letter['id']}".encode()),
        ("coupon-origin", f"{partition}:{offset}".encode()),
    )  # fmt: skip

    before = system.ends()
    again = tool("replay", letter["id"])
    assert again.code == 0 and again.out == "" and "0 replayed" in again.err and system.ends() == before
    assert tool.json("list", "--coupon", str(coupon)) == []
    assert [row["state"] for row in tool.json("list", "--coupon", str(coupon), "--state", "all")] == ["replayed"]


def test_one_that_fails_again_is_a_new_dead_letter(system: System, tool: DeadLetterTool) -> None:
    coupon = system.new_coupon(5, **_WINDOW)
    with refusal(system):
        write(system, coupon)
        tool.json("replay", "--coupon", str(coupon))
        system.wait_drained()
    assert polls(system, coupon) == {"FAILED"}
    assert [row["state"] for row in tool.json("list", "--coupon", str(coupon), "--state", "all")] == ["replayed", "open"]
    tool.json("replay", "--coupon", str(coupon))
    system.wait_drained()
    assert result(system, coupon)[0] == "ISSUED" and held(system, coupon) == 1
    origins = {dict(record.headers).get("coupon-origin") for record in system.records_of(coupon, {})[1:]}
    assert len(origins) == 1, "the first place stays what it was"


def test_partitions_that_gateways_do_not_use_are_left_alone(system: System, tool: DeadLetterTool) -> None:
    """Such as the last one, where this key would belong. It is not the coupon's, so the record is dead at once."""
    coupon, settled = system.new_coupon(5), system.partitions - 1
    keys = (b"key %d" % number for number in range(1000))
    key = next(key for key in keys if 0 < partition_of(key, settled) < partition_of(key, system.partitions))
    body = {"requestId": f"DLT-{coupon}", "couponId": coupon, "userId": 1}
    system.writer.write(key, json.dumps(body).encode(), 0, _ACCEPTED_MS)
    system.wait_drained()
    layout = f"UPDATE {DATABASE}.topic_layout SET partitions = %d WHERE topic = '{system.topic}'"
    system.world.mariadb.root_query(layout % settled)
    try:
        [done] = tool.json("replay", "--coupon", str(coupon))
    finally:
        system.world.mariadb.root_query(layout % system.partitions)
    assert int(done["newPlace"].partition(":")[0]) == partition_of(key, settled)


def test_bytes_that_nobody_can_read_fail_again(system: System, tool: DeadLetterTool) -> None:
    coupon, since = system.new_coupon(5), system.dead_letters.ends()
    write(system, coupon, key=b"")
    tool.json("replay", "--coupon", str(coupon))
    system.wait_drained()
    letters = system.dead_letters.read(since)
    assert [(r.key, r.value) for r in letters] == [(letters[0].key, letters[0].value)] * 2
    assert result(system, coupon)[0] == "DEAD_LETTERED"


@pytest.mark.parametrize("failpoint, records", [("dlt_before_produce", 2), ("dlt_after_produce", 3)])
def test_a_replay_that_was_killed_is_taken_up_again(
    system: System, tool: DeadLetterTool, failpoint_worker: Path, failpoint: str, records: int
) -> None:
    coupon = system.new_coupon(5, **_WINDOW)
    with refusal(system):
        write(system, coupon)
    fragile = DeadLetterTool(system, failpoint_worker)
    assert fragile("replay", "--coupon", str(coupon), COUPON_FAILPOINT=failpoint).code == -signal.SIGKILL
    assert [row["state"] for row in tool.json("list", "--coupon", str(coupon))] == ["unfinished"]
    tool.json("replay", "--coupon", str(coupon))
    system.wait_drained()
    assert len(system.records_of(coupon, {})) == records
    assert result(system, coupon)[0] == "ISSUED" and held(system, coupon) == 1
    assert [row[3] for row in actions(system, coupon)] == [0, 1]
    assert tool.json("replay", "--coupon", str(coupon)) == []


def test_letters_about_one_record_are_one(
    system: System, tool: DeadLetterTool, failpoint_worker: Path
) -> None:
    coupon, since = system.new_coupon(5), system.dead_letters.ends()
    for worker in system.world.workers:
        worker.stop()
        system.expected_to_restart.add(worker.name)
    worker: Program = system.world.make_worker(3)
    worker.binary = failpoint_worker
    body = {"requestId": f"DLT-{coupon}", "couponId": coupon, "userId": 1}
    system.writer.write(b"no such key", json.dumps(body).encode(), 0, _ACCEPTED_MS)
    worker.start({"COUPON_FAILPOINT": "worker_before_commit"})
    assert worker.process.wait_exit(30) and worker.process.exit_code() == -signal.SIGKILL
    system.heal()
    system.wait_drained()
    assert len(system.dead_letters.read(since)) == 2, "both workers wrote the dead letter"
    [letter] = tool.json("list", "--coupon", str(coupon))
    second = f"{letter['partition']}:{letter['offset'] + 1}"
    assert tool.json("discard", second, "--reason", "a test") != []
    assert tool.json("list", "--coupon", str(coupon)) == [], "what was done about one is done about both"
    assert "0 replayed" in tool("replay", "--coupon", str(coupon)).err


def test_discarded_is_final(system: System, tool: DeadLetterTool) -> None:
    coupon = system.new_coupon(5)
    write(system, coupon, key=b"")
    missing = tool("discard", "--coupon", str(coupon))
    assert missing.code == 64 and "--reason" in missing.err
    assert tool("discard", "--coupon", str(coupon), "--reason", "typo", "--actor", "kim").code == 0
    assert actions(system, coupon) == [("DISCARD", "kim", "typo", 1, None)]
    before = system.ends()
    assert tool.json("replay", "--coupon", str(coupon)) == [] and system.ends() == before
    assert polls(system, coupon) == {"FAILED"}
    [shown] = tool.json("show", tool.json("list", "--coupon", str(coupon), "--state", "discarded")[0]["id"])
    assert (shown["result"], shown["actions"][0]["reason"]) == ("DEAD_LETTERED", "typo")
