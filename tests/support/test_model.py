"""The model decides as the contract says: one small case for each rule, in the rules' order."""

import json
from dataclasses import replace

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
