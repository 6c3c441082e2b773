"""What a coupon was when a record was decided: its row as it is now, and backwards from there by the audit of
changes, each with the offsets at which it took effect."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.support.wire import parse_time


@dataclass(frozen=True)
class Coupon:
    """The columns of a coupon that a decision depends on; None: no such time."""

    coupon_id: int
    total_stock: int
    per_user_limit: int
    starts_at_ms: int
    ends_at_ms: int | None = None
    status: str = "OPEN"
    closed_at_ms: int | None = None
    policy_id: int | None = None


@dataclass(frozen=True)
class Change:
    """A row of coupon_change. next_offsets: by partition; None: where it took effect is not known, and does
    not matter."""

    coupon_id: int
    action: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    next_offsets: tuple[int, ...] | None = None

    def is_after(self, partition: int, offset: int) -> bool:
        """True if a record at that place was decided before it."""
        offsets = self.next_offsets
        return offsets is not None and partition < len(offsets) and offset < offsets[partition]


class CouponHistory:
    """All coupons, those that were deleted too. changes: in their order."""

    def __init__(self, coupons: Iterable[Coupon], changes: Iterable[Change] = ()) -> None:
        self._now = {coupon.coupon_id: coupon for coupon in coupons}
        self._before: dict[int, list[tuple[Change, Coupon | None]]] = defaultdict(list)
        self._policies: dict[int, set[int]] = defaultdict(set)
        by_coupon: dict[int, list[Change]] = defaultdict(list)
        for change in changes:
            by_coupon[change.coupon_id].append(change)
        for coupon_id, mine in by_coupon.items():
            state = self._now.get(coupon_id)
            for change in reversed(mine):
                state = _undone(state, change)
                self._before[coupon_id].append((change, state))
                self._note_policy(state)
        for coupon in self._now.values():
            self._note_policy(coupon)

    def at(self, coupon_id: int, partition: int, offset: int) -> Coupon | None:
        """The coupon as the record at that place found it; None: there was none."""
        state = self._now.get(coupon_id)
        for change, before in self._before.get(coupon_id, ()):
            if change.is_after(partition, offset):
                state = before
        return state

    def windows(self, policy_id: int, partition: int, offset: int) -> list[Coupon]:
        """The coupons of a policy as that record found them, by their ids."""
        seen = [self.at(coupon_id, partition, offset) for coupon_id in sorted(self._policies[policy_id])]
        return [coupon for coupon in seen if coupon is not None and coupon.policy_id == policy_id]

    def _note_policy(self, coupon: Coupon | None) -> None:
        if coupon is not None and coupon.policy_id is not None:
            self._policies[coupon.policy_id].add(coupon.coupon_id)


def _undone(coupon: Coupon | None, change: Change) -> Coupon | None:
    """The coupon before a change."""
    old = change.old
    if change.action == "REVOKE":
        return coupon
    if old is None:
        return None
    if coupon is None:
        coupon = Coupon(change.coupon_id, 0, 0, 0, policy_id=old.get("policyId"))
        coupon = replace(coupon, closed_at_ms=_time(old.get("closedAt")))
    return replace(
        coupon,
        total_stock=old.get("totalStock", coupon.total_stock),
        per_user_limit=old.get("perUserLimit", coupon.per_user_limit),
        starts_at_ms=_time(old["issueStartsAt"]) or 0 if "issueStartsAt" in old else coupon.starts_at_ms,
        ends_at_ms=_time(old["issueEndsAt"]) if "issueEndsAt" in old else coupon.ends_at_ms,
        status=old.get("status", coupon.status),
    )


def _time(text: str | None) -> int | None:
    return None if text is None else parse_time(text)
