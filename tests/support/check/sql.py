"""Promises S, U and C inside MySQL: counts agree, nothing oversold, nobody over the limit."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.support.check.words import shortened
from tests.support.tables import Holding, Tables


def check_sql(tables: Tables) -> list[str]:
    """Violations inside a snapshot."""
    return shortened("sql", [*_counts(tables), *_limits(tables), *_results(tables), *_audit(tables)])


def _counts(tables: Tables) -> Iterator[str]:
    numbers: dict[int, list[int]] = defaultdict(list)
    for holding in tables.holdings:
        numbers[holding.coupon_id].append(holding.issue_no)
    for coupon in tables.coupons:
        name, count = f"coupon {coupon.coupon_id}", tables.issued_count[coupon.coupon_id]
        mine = sorted(numbers.pop(coupon.coupon_id, []))
        if count > coupon.total_stock or len(mine) > coupon.total_stock:
            yield f"{name}: oversold, issued_count {count}, {len(mine)} holders, total_stock {coupon.total_stock}"
        if count != len(mine):
            yield f"{name}: issued_count {count}, but {len(mine)} rows in user_coupon"
        if mine != list(range(1, len(mine) + 1)):
            wrong = next(n for n, seen in enumerate(mine, 1) if n != seen)
            yield f"{name}: issue_no is not 1…{len(mine)}: {wrong} is missing or doubled"
    for coupon_id in numbers:
        yield f"coupon {coupon_id}: has holders, but no row in coupon"


def _limits(tables: Tables) -> Iterator[str]:
    limit = {coupon.coupon_id: coupon.per_user_limit for coupon in tables.coupons}
    for change in tables.changes:  # what was given out under a larger limit stays
        if change.old and "perUserLimit" in change.old and change.coupon_id in limit:
            limit[change.coupon_id] = max(limit[change.coupon_id], change.old["perUserLimit"])
    sequences: dict[tuple[int, int], list[int]] = defaultdict(list)
    for holding in tables.holdings:
        sequences[holding.coupon_id, holding.user_id].append(holding.user_seq)
    for (coupon_id, user_id), seen in sequences.items():
        allowed = limit.get(coupon_id, 0)
        if len(seen) > allowed:
            yield f"coupon {coupon_id}: user {user_id} holds {len(seen)}, allowed {allowed}"
        if sorted(seen) != list(range(1, len(seen) + 1)):
            yield f"coupon {coupon_id}: user {user_id} has user_seq {sorted(seen)}"


def _results(tables: Tables) -> Iterator[str]:
    holdings: dict[tuple[int, int], Holding] = {(h.coupon_id, h.issue_no): h for h in tables.holdings}
    places = Counter((result.partition, result.offset) for result in tables.results)
    for result in tables.results:
        name = f"result {result.request_id}"
        if places[result.partition, result.offset] > 1:
            yield f"{name}: another result has the same partition {result.partition} and offset {result.offset}"
        if (result.outcome == "ISSUED") != (result.issue_no is not None):
            yield f"{name}: outcome {result.outcome} with issue_no {result.issue_no}"
        if result.outcome != "ISSUED" or result.issue_no is None or result.coupon_id is None:
            continue
        holding = holdings.pop((result.coupon_id, result.issue_no), None)
        if holding is None:
            yield f"{name}: ISSUED number {result.issue_no} of coupon {result.coupon_id}, which nobody (else) holds"
        elif holding.user_id != result.user_id:
            yield f"{name}: ISSUED to user {result.user_id}, but user {holding.user_id} holds the coupon"
    for holding in holdings.values():
        yield f"coupon {holding.coupon_id}: number {holding.issue_no} has a holder, but no result says ISSUED"


def _audit(tables: Tables) -> Iterator[str]:
    """Each change of a coupon raises its version and is written down."""
    told: dict[int, int] = {}
    for change in tables.changes:
        if change.new and "version" in change.new:
            told[change.coupon_id] = change.new["version"]
    for coupon_id, version in tables.versions.items():
        if told.get(coupon_id, 1) != version:
            yield f"coupon {coupon_id} has version {version}, its audit tells of {told.get(coupon_id, 1)}"
