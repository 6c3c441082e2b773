"""Goal: a record that carries the mark of a replay turns its request's FAILED result into a decision, at its new
offset and once; without the mark, or where a decision stands, it changes nothing."""

import json
from typing import Any

from tests.support.rest import call
from tests.support.system import System

_MARK = [("coupon-replay", b"coupon-issue-request.DLT:0:0")]


def write(system: System, coupon: int, user: int, key: int | None = None, mark: bool = True, **more: Any) -> tuple[int, int]:
    """A record of request R-coupon; under another coupon's key it becomes a dead letter."""
    body = {"requestId": f"R-{coupon}", "couponId": coupon, "userId": user, **more}
    place = system.writer.write(str(key or coupon).encode(), json.dumps(body).encode(), 1, headers=_MARK if mark else ())
    system.wait_drained()
    return place


def shown(system: System, coupon: int) -> set[tuple[str, str | None, int | None]]:
    """Status, reason and issueNo as each gateway shows them."""
    answers = [call("GET", f"{base}/api/v1/coupons/result/R-{coupon}") for base in system.gateways]
    return {(answer.json["status"], answer.json["reason"], answer.json["issueNo"]) for answer in answers}


def row(system: System, coupon: int) -> list[tuple[Any, ...]]:
    """The results of the request, of which there is one."""
    return system.database.query(
        "SELECT outcome, partition_id, record_offset FROM coupon_issue_result WHERE request_id = %s", f"R-{coupon}"
    )


def test_failed_becomes_a_decision_once(system: System) -> None:
    coupon = system.new_coupon(5)
    first = write(system, coupon, 7, key=coupon + 1, mark=False)
    assert shown(system, coupon) == {("FAILED", "DEAD_LETTERED", None)}
    write(system, coupon, 7, mark=False)
    assert (shown(system, coupon), row(system, coupon)) == (
        {("FAILED", "DEAD_LETTERED", None)}, [("DEAD_LETTERED", *first)],
    ), "a record without the mark must not decide it"  # fmt: skip
    replayed = write(system, coupon, 7)
    assert (shown(system, coupon), row(system, coupon)) == ({("ISSUED", None, 1)}, [("ISSUED", *replayed)])
    write(system, coupon, 7)
    assert row(system, coupon) == [("ISSUED", *replayed)], "a second replay must change nothing"
    assert system.database.count("SELECT issued_count FROM coupon WHERE coupon_id = %s", coupon) == 1


def test_the_window_goes_by_the_time_at_which_it_was_accepted(system: System) -> None:
    coupon = system.new_coupon(
        5, issueStartsAt="2022-02-26T00:00:00Z", issueEndsAt="2022-02-27T00:00:00Z", validUntil="2099-01-01T00:00:00Z"
    )
    write(system, coupon, 7, key=coupon + 1, mark=False, acceptedAt="2022-02-26T11:31:42Z")
    write(system, coupon, 7, acceptedAt="2022-02-26T11:31:42Z")
    assert shown(system, coupon) == {("ISSUED", None, 1)}


def test_another_user_does_not_take_it_over(system: System) -> None:
    coupon, since = system.new_coupon(5), system.dead_letters.ends()
    first = write(system, coupon, 7, key=coupon + 1, mark=False)
    write(system, coupon, 8)
    assert row(system, coupon) == [("DEAD_LETTERED", *first)]
    assert len(system.dead_letters.read(since)) == 2


def test_one_that_fails_again_is_a_dead_letter_again(system: System) -> None:
    coupon, since = system.new_coupon(5), system.dead_letters.ends()
    first = write(system, coupon, 7, key=coupon + 1, mark=False)
    write(system, coupon, 7, key=coupon + 1)
    letters = system.dead_letters.read(since)
    assert row(system, coupon) == [("DEAD_LETTERED", *first)]
    assert [dict(letter.headers).get("coupon-replay") for letter in letters] == [None, _MARK[0][1]]
    write(system, coupon, 7)
    assert shown(system, coupon) == {("ISSUED", None, 1)}
