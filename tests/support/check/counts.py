"""The violations of one run as three numbers: lost, doubled, oversold."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.ledger import Account
from tests.support.tables import Tables
from tests.support.wire import Record, Unreadable, read_request


@dataclass(frozen=True)
class Counts:
    """lost: answered 202 and without a result, or not in the topic. doubled: numbers, users and requests that have
    more than they may. oversold: coupons given out beyond the stock."""

    lost: int
    doubled: int
    oversold: int

    def __str__(self) -> str:
        return f"{self.lost}/{self.doubled}/{self.oversold}"


def count(account: Account, records: Iterable[Record], tables: Tables) -> Counts:
    """Count over the coupons of the account."""
    written = set()
    for record in records:
        try:
            written.add(read_request(record).request_id)
        except Unreadable:
            continue
    decided = {result.request_id for result in tables.results}
    lost = sum(1 for request_id in account.accepted() if request_id not in decided or request_id not in written)
    mine = tables.only(attempt.coupon for attempt in account.attempts.values())
    holders: dict[int, int] = defaultdict(int)
    numbers: Counter[tuple[int, int]] = Counter()
    users: Counter[tuple[int, int]] = Counter()
    for holding in mine.holdings:
        holders[holding.coupon_id] += 1
        numbers[holding.coupon_id, holding.issue_no] += 1
        users[holding.coupon_id, holding.user_id] += 1
    limits = {coupon.coupon_id: coupon.per_user_limit for coupon in mine.coupons}
    doubled = sum(n - 1 for n in numbers.values()) + sum(max(0, n - limits[who[0]]) for who, n in users.items())
    issued = Counter((r.coupon_id, r.issue_no) for r in mine.results if r.outcome == "ISSUED")
    doubled += sum(n - 1 for n in issued.values())
    oversold = sum(max(0, holders[coupon.coupon_id] - coupon.total_stock) for coupon in mine.coupons)
    return Counts(lost, doubled, oversold)
