"""Goal: expiry-batch is killed at each of its failpoints, in each chunk of each step: what was committed is whole, and the
next run does the rest, each row once."""

import signal

import pytest

from tests.support.expiry import ExpiryWorld

_LONG_AGO = "2020-02-01"
_DUE = {"couponsClosed": 3, "userCouponsExpired": 5, "resultsPruned": 3, "eventsPruned": 3, "ordersPruned": 3}
_CHUNKS = {"expiry_between_statements": 2 + 3, "expiry_before_commit": 11, "expiry_after_commit": 11}
_EXPIRED_EVENTS = "SELECT id, aggregateid FROM outbox WHERE type = 'coupon.expired' ORDER BY seq"
_LEFT = (
    "SELECT (SELECT COUNT(*) FROM coupon WHERE status <> 'CLOSED'),(SELECT COUNT(*) FROM user_coupon WHERE status = 'ISSUED'),"
    "(SELECT COUNT(*) FROM coupon_issue_result),(SELECT COUNT(*) FROM outbox WHERE published_at IS NOT NULL),"
    "(SELECT COUNT(*) FROM coupon_order)"
)


def load(expiry: ExpiryWorld) -> None:
    """More than one chunk of two rows for each step."""
    for table in ("coupon", "user_coupon", "coupon_issue_result", "coupon_change", "coupon_order", "outbox"):
        expiry.query(f"DELETE FROM {table}")
    expiry.add_many_held(9, 5, _LONG_AGO)
    expiry.query("UPDATE user_coupon SET change_no = 5 WHERE issue_no = 4")
    expiry.query("DELETE FROM status_change")
    for number in (1, 2, 3):
        expiry.add_coupon(number, _LONG_AGO)
        expiry.add_result(f"r-{number}", _LONG_AGO)
        expiry.add_event(number, _LONG_AGO)
        expiry.add_order(number, _LONG_AGO)


def check_whole(expiry: ExpiryWorld) -> None:
    """Each change has what belongs to it."""
    closed = expiry.query("SELECT coupon_id FROM coupon WHERE status = 'CLOSED' AND version = 2 ORDER BY coupon_id")
    assert closed == expiry.query("SELECT coupon_id FROM coupon_change ORDER BY coupon_id")
    expired = expiry.query("SELECT CONCAT('9.',issue_no,'.',change_no),'9' FROM user_coupon WHERE status = 'EXPIRED' ORDER BY issue_no")
    assert expired == expiry.query(_EXPIRED_EVENTS)
    assert expiry.changed_once()


@pytest.mark.parametrize("failpoint", _CHUNKS)
def test_killed_at_each_place_it_leaves_whole_chunks(expiry: ExpiryWorld, failpoint: str) -> None:
    places = 0
    while True:
        load(expiry)
        killed = expiry.run("--chunk-rows", "2", environment={"COUPON_FAILPOINT": f"{failpoint}:{places + 1}"})
        if killed.code == 0:
            break
        assert killed.code == -signal.SIGKILL, killed
        places += 1
        check_whole(expiry)
        expiry.wait_free()
        (left,) = expiry.query(_LEFT)
        run = expiry.run("--chunk-rows", "2")
        assert (run.code, run.summary["outcome"]) == (0, "done"), run
        assert {key: run.summary[key] for key in _DUE} == dict(zip(_DUE, left, strict=True)), "it did what was left"
        check_whole(expiry)
        assert expiry.query(_LEFT) == ((0, 0, 0, 0, 0),)
        assert [row[0] for row in expiry.query(_EXPIRED_EVENTS)] == ["9.1.2", "9.2.2", "9.3.2", "9.4.6", "9.5.2"]
    assert places == _CHUNKS[failpoint]
    assert {key: killed.summary[key] for key in _DUE} == _DUE
