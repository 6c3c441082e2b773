"""What must have happened: a single-threaded model that replays the request topic, slowly and plainly.

It shares no code with the worker. Records are given in the order of each partition; a coupon's records are
all in one partition, so the order between partitions does not matter."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from tests.support.coupon_history import Change, Coupon, CouponHistory
from tests.support.wire import Record, Request, Unreadable, read_request, replayed_from

__all__ = ["Coupon", "Decision", "Replay", "replay"]

DEAD_LETTERED = "DEAD_LETTERED"


@dataclass(frozen=True)
class Decision:
    """How a request must have ended; coupon and user None where a dead letter did not show them."""

    request_id: str
    coupon_id: int | None
    user_id: int | None
    outcome: str
    issue_no: int | None
    partition: int
    offset: int


@dataclass
class Replay:
    """Everything that the table must hold after these records."""

    decisions: dict[str, Decision] = field(default_factory=dict)
    dead_letters: list[Record] = field(default_factory=list)
    repeats: int = 0

    def winners(self, coupon_id: int) -> list[int]:
        """The users in the order of their issue numbers."""
        mine = [d for d in self.decisions.values() if d.coupon_id == coupon_id and d.issue_no is not None]
        return [d.user_id or 0 for d in sorted(mine, key=lambda d: d.issue_no or 0)]

    def count(self, outcome: str, coupon_id: int | None = None) -> int:
        """How many decisions have that outcome, of all coupons or of one."""
        return sum(
            d.outcome == outcome and (coupon_id is None or d.coupon_id == coupon_id) for d in self.decisions.values()
        )


def replay(
    records: Iterable[Record], coupons: Iterable[Coupon], refused: Collection[tuple[int, int]] = (),
    changes: Iterable[Change] = (),
) -> Replay:  # fmt: skip
    """Decide every record in order. coupons: as they are now; changes: the audit, by which each record finds
    the coupon as it was. refused: (partition, offset) of those that the database would not take, which no
    replay can know."""
    history = CouponHistory(coupons, changes)
    seen = Replay()
    issued: dict[int, int] = defaultdict(int)
    held: dict[tuple[int, int], int] = defaultdict(int)
    for record in sorted(records, key=lambda r: (r.topic, r.partition, r.offset)):
        try:
            request = read_request(record)
            if (record.partition, record.offset) in refused:
                known = {"couponId": request.coupon_id, "userId": request.user_id}
                raise Unreadable("refused by the database", request.request_id, known)
        except Unreadable as fault:
            _dead_letter(seen, record, fault)
            continue
        first = seen.decisions.get(request.request_id)
        coupon = _coupon_of(request, history, record)
        coupon_id = coupon.coupon_id if coupon else request.coupon_id
        if first is not None and not (replayed_from(record) and _is_open(first, request)):
            if first.user_id == request.user_id and request.coupon_id in (None, first.coupon_id):
                seen.repeats += 1
            else:
                seen.dead_letters.append(record)
            continue
        outcome = _outcome(request, coupon, issued, held)
        issue_no = None
        if outcome == "ISSUED" and coupon:
            issued[coupon.coupon_id] += 1
            held[coupon.coupon_id, request.user_id] += 1
            issue_no = issued[coupon.coupon_id]
        seen.decisions[request.request_id] = Decision(
            request.request_id, coupon_id, request.user_id, outcome, issue_no, record.partition, record.offset
        )
    return seen


def _is_open(first: Decision, request: Request) -> bool:
    """A dead letter is all that came of it so far, and what that showed of user and coupon is the same."""
    return (
        first.outcome == DEAD_LETTERED
        and first.user_id in (None, request.user_id)
        and (request.coupon_id is None or first.coupon_id in (None, request.coupon_id))
    )


def _outcome(
    request: Request,
    coupon: Coupon | None,
    issued: Mapping[int, int],
    held: Mapping[tuple[int, int], int],
) -> str:
    at = request.accepted_at_ms
    if coupon is None:
        return "UNKNOWN_COUPON"
    if coupon.status == "DRAFT" or at < coupon.starts_at_ms:
        return "NOT_STARTED"
    if coupon.ends_at_ms is not None and at >= coupon.ends_at_ms:
        return "ENDED"
    if coupon.status == "CLOSED" and coupon.closed_at_ms is not None and at >= coupon.closed_at_ms:
        return "CLOSED"
    if held.get((coupon.coupon_id, request.user_id), 0) >= coupon.per_user_limit:
        return "ALREADY_ISSUED"
    if issued.get(coupon.coupon_id, 0) >= coupon.total_stock:
        return "SOLD_OUT"
    return "ISSUED"


def _coupon_of(request: Request, history: CouponHistory, record: Record) -> Coupon | None:
    """The coupon that is named. Where a policy is named: its coupon whose window holds the request's time,
    else the next to start, else the last that started."""
    if request.coupon_id is not None:
        return history.at(request.coupon_id, record.partition, record.offset)
    at = request.accepted_at_ms
    windows = history.windows(request.policy_id or 0, record.partition, record.offset)
    started = [coupon for coupon in windows if coupon.starts_at_ms <= at]
    running = [coupon for coupon in started if coupon.ends_at_ms is None or at < coupon.ends_at_ms]
    coming = [coupon for coupon in windows if coupon.starts_at_ms > at]
    if running or not coming:
        return max(running or started, key=lambda coupon: coupon.starts_at_ms, default=None)
    return min(coming, key=lambda coupon: coupon.starts_at_ms)


def _dead_letter(seen: Replay, record: Record, fault: Unreadable) -> None:
    seen.dead_letters.append(record)
    if fault.request_id is None or fault.request_id in seen.decisions:
        return
    seen.decisions[fault.request_id] = Decision(
        fault.request_id, fault.known.get("couponId"), fault.known.get("userId"),
        DEAD_LETTERED, None, record.partition, record.offset,
    )  # fmt: skip
