"""The model decides as the contract says: one small case for each rule, in the rules' order."""

import json
from dataclasses import replace

from tests.support.coupon_history import Change
from tests.support.model import Coupon, replay
from tests.support.wire import Record

NOON = 1_700_000_000_000


def records(*requests: tuple[str, int, int], at: int = NOON) -> list[Record]:
    """Records (requestId, couponId, userId) one after the other in partition 0."""
    return [
        Record(
            0, offset, at, str(coupon).encode(),
            json.dumps({"requestId": request_id, "couponId": coupon, "userId": user}).encode(),
        )
        for offset, (request_id, coupon, user) in enumerate(requests)
    ]  # fmt: skip


def outcomes(coupon: Coupon, at: int) -> str:
    """How one request at that time ends."""
    return replay(records(("r", coupon.coupon_id, 1), at=at), [coupon]).decisions["r"].outcome


def test_first_come_first_served_until_sold_out() -> None:
    seen = replay(records(("a", 1, 10), ("b", 1, 20), ("c", 1, 30)), [Coupon(1, 2, 1, 0)])
    assert [(d.outcome, d.issue_no) for d in seen.decisions.values()] == [("ISSUED", 1), ("ISSUED", 2), ("SOLD_OUT", None)]
    assert seen.winners(1) == [10, 20]


def test_per_user_limit_comes_before_sold_out() -> None:
    coupon = Coupon(1, 2, 2, 0)
    seen = replay(records(("a", 1, 10), ("b", 1, 10), ("c", 1, 10), ("d", 1, 20)), [coupon])
    assert [d.outcome for d in seen.decisions.values()] == ["ISSUED", "ISSUED", "ALREADY_ISSUED", "SOLD_OUT"]


def test_windows_are_half_open() -> None:
    coupon = Coupon(1, 9, 1, starts_at_ms=NOON, ends_at_ms=NOON + 10)
    assert [outcomes(coupon, NOON + shift) for shift in (-1, 0, 9, 10)] == ["NOT_STARTED", "ISSUED", "ISSUED", "ENDED"]


def test_draft_paused_and_closed() -> None:
    assert outcomes(Coupon(1, 9, 1, 0, status="DRAFT"), NOON) == "NOT_STARTED"
    assert outcomes(Coupon(1, 9, 1, 0, status="PAUSED"), NOON) == "ISSUED"
    closed = Coupon(1, 9, 1, 0, status="CLOSED", closed_at_ms=NOON)
    assert [outcomes(closed, NOON + shift) for shift in (-1, 0)] == ["ISSUED", "CLOSED"]


def test_unknown_coupon_is_a_decision() -> None:
    assert replay(records(("a", 404, 1)), []).decisions["a"].outcome == "UNKNOWN_COUPON"


def test_a_known_request_id_is_decided_once() -> None:
    again = records(("a", 1, 10), ("a", 1, 10), ("a", 1, 11), ("a", 2, 10))
    seen = replay(again, [Coupon(1, 9, 9, 0), Coupon(2, 9, 9, 0)])
    assert (len(seen.decisions), seen.repeats, seen.dead_letters) == (1, 1, again[2:])
    assert seen.winners(1) == [10]


def test_unreadable_records_are_dead_lettered_with_a_result_where_the_id_shows() -> None:
    bad = [Record(0, 0, NOON, b"1", b"{"), Record(0, 1, NOON, b"2", b'{"requestId":"x","couponId":1,"userId":3}')]
    seen = replay(bad, [Coupon(1, 9, 1, 0)])
    assert seen.dead_letters == bad
    assert [(d.request_id, d.outcome, d.coupon_id, d.user_id) for d in seen.decisions.values()] == [
        ("x", "DEAD_LETTERED", 1, 3)
    ]


def test_a_policy_is_the_coupon_whose_window_holds_the_time_else_the_next_else_the_last() -> None:
    windows = [Coupon(1, 1, 1, NOON, NOON + 10, policy_id=7), Coupon(2, 1, 1, NOON + 20, NOON + 30, policy_id=7)]

    def decided(at: int) -> tuple[int | None, str]:
        late = Record(0, 0, at, b"7", b'{"requestId":"a","policyId":7,"userId":3}')
        decision = replay([late], windows).decisions["a"]
        return decision.coupon_id, decision.outcome

    assert decided(NOON - 1) == (1, "NOT_STARTED")
    assert decided(NOON) == (1, "ISSUED")
    assert decided(NOON + 10) == (2, "NOT_STARTED")
    assert decided(NOON + 20) == (2, "ISSUED")
    assert decided(NOON + 30) == (2, "ENDED")
    unknown = replay([Record(0, 0, NOON, b"8", b'{"requestId":"a","policyId":8,"userId":3}')], windows)
    assert (unknown.decisions["a"].coupon_id, unknown.decisions["a"].outcome) == (None, "UNKNOWN_COUPON")


def again(record: Record, offset: int, origin: bytes | None = None) -> Record:
    """The record as an operator produces it once more."""
    headers = (("coupon-replay", b"coupon-issue-request.DLT:0:0"),)
    return replace(record, offset=offset, headers=headers + ((("coupon-origin", origin),) if origin else ()))


def test_a_replay_is_decided_once_where_a_dead_letter_is_all_there_is() -> None:
    bad = Record(0, 0, NOON, b"2", b'{"requestId":"x","couponId":1,"userId":3}')
    good = replace(bad, key=b"1")
    coupons = [Coupon(1, 9, 9, 0)]
    assert replay([bad, replace(good, offset=1)], coupons).decisions["x"].outcome == "DEAD_LETTERED", "no replay"
    seen = replay([bad, again(bad, 1), again(good, 2), again(good, 3), again(bad, 4)], coupons)
    assert (seen.decisions["x"].outcome, seen.decisions["x"].offset, seen.winners(1)) == ("ISSUED", 2, [3])
    assert [letter.offset for letter in seen.dead_letters] == [0, 1, 4] and seen.repeats == 1
    thief = replace(good, value=b'{"requestId":"x","couponId":1,"userId":4}')
    seen = replay([bad, again(thief, 1)], coupons)
    assert (seen.decisions["x"].outcome, [r.offset for r in seen.dead_letters]) == ("DEAD_LETTERED", [0, 1])


def test_a_replay_keeps_the_id_that_was_made_of_its_first_place() -> None:
    record = Record(0, 5, NOON, b"1", b'{"couponId":1,"userId":3}')
    for origin, name in ((b"2:7", "2-7"), (b"7", "0-9"), (None, "0-9")):
        assert list(replay([again(record, 9, origin)], []).decisions) == [f"coupon-issue-request-{name}"]


def test_each_record_finds_the_coupon_as_it_was_at_its_place() -> None:
    stock = Change(1, "PATCH", {"totalStock": 1, "version": 1}, {"totalStock": 2, "version": 2}, (2,))
    seen = replay(records(("a", 1, 1), ("b", 1, 2), ("c", 1, 3), ("d", 1, 4)), [Coupon(1, 2, 1, 0)], changes=[stock])
    assert [d.outcome for d in seen.decisions.values()] == ["ISSUED", "SOLD_OUT", "ISSUED", "SOLD_OUT"]


def test_windows_and_limits_and_status_change_too() -> None:
    def seen(change: Change, now: Coupon) -> list[str]:
        decisions = replay(records(("a", 1, 1), ("b", 1, 1)), [now], changes=[change]).decisions
        return [decision.outcome for decision in decisions.values()]

    ends = Change(1, "PATCH", {"issueEndsAt": None}, {"issueEndsAt": "2023-11-14T22:13:20Z"}, (1,))
    assert seen(ends, Coupon(1, 9, 9, 0, ends_at_ms=NOON)) == ["ISSUED", "ENDED"]
    starts = Change(1, "PATCH", {"issueStartsAt": "2023-11-14T22:13:20.001Z"}, {"issueStartsAt": "1970-01-01T00:00:00Z"}, (1,))
    assert seen(starts, Coupon(1, 9, 9, 0)) == ["NOT_STARTED", "ISSUED"]
    limit = Change(1, "PATCH", {"perUserLimit": 1}, {"perUserLimit": 2}, (1,))
    assert seen(limit, Coupon(1, 9, 2, 0)) == ["ISSUED", "ISSUED"]
    assert seen(replace(limit, next_offsets=(2,)), Coupon(1, 9, 2, 0)) == ["ISSUED", "ALREADY_ISSUED"]
    assert seen(replace(limit, next_offsets=None), Coupon(1, 9, 1, 0)) == ["ISSUED", "ALREADY_ISSUED"], "place not known"
    opened = Change(1, "OPEN", {"status": "DRAFT"}, {"status": "OPEN"}, (1,))
    assert seen(opened, Coupon(1, 9, 9, 0)) == ["NOT_STARTED", "ISSUED"]
    closed = Change(1, "CLOSE", {"status": "OPEN"}, {"status": "CLOSED"}, (1,))
    assert seen(closed, Coupon(1, 9, 9, 0, status="CLOSED", closed_at_ms=NOON)) == ["ISSUED", "CLOSED"]


def test_a_coupon_is_made_and_deleted_at_a_place() -> None:
    made = {"couponId": 1, "totalStock": 9, "perUserLimit": 9, "issueStartsAt": "1970-01-01T00:00:00Z", "issueEndsAt": None,
            "status": "OPEN", "policyId": None}  # fmt: skip
    changes = [Change(1, "CREATE", None, made, (1,)), Change(1, "DELETE", made, None, (2,))]
    seen = replay(records(("a", 1, 1), ("b", 1, 2), ("c", 1, 3)), [], changes=changes)
    assert [d.outcome for d in seen.decisions.values()] == ["UNKNOWN_COUPON", "ISSUED", "UNKNOWN_COUPON"]
    policy = Record(0, 1, NOON, b"7", b'{"requestId":"p","policyId":7,"userId":3}')
    changes = [replace(change, old=change.old and {**made, "policyId": 7}) for change in changes]
    assert replay([policy], [], changes=changes).decisions["p"].coupon_id == 1


def test_a_change_counts_for_the_partition_of_the_record() -> None:
    stock = Change(1, "PATCH", {"totalStock": 0}, {"totalStock": 2}, (0, 5))
    late, early = Record(0, 0, NOON, b"1", b'{"requestId":"l","couponId":1,"userId":1}'), Record(
        1, 4, NOON, b"coupon-1", b'{"requestId":"e","couponId":1,"userId":2}'
    )
    seen = replay([late, early], [Coupon(1, 2, 1, 0)], changes=[stock])
    assert (seen.decisions["l"].outcome, seen.decisions["e"].outcome) == ("ISSUED", "SOLD_OUT")
