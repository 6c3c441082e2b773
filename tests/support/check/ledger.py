"""Promises R and L from outside: what clients were told, against the results in MySQL."""

from collections import Counter
from collections.abc import Iterator
from itertools import dropwhile

from tests.support.check.words import shortened
from tests.support.ledger import Account
from tests.support.tables import Result, Tables

_Shown = tuple[str, str | None, int | None]  # status, reason, issueNo


def check_ledger(account: Account, tables: Tables) -> list[str]:
    """Each 202 has exactly one result; each unknown none or one; polls showed what the table holds; nobody was sent
    away for want of stock that is there."""
    results = {result.request_id: result for result in tables.results}
    return shortened("ledger", [
        *_accepted(account, results), *_shown(account, results, tables), *_not_more_than_asked(account, tables),
        *_sent_away_rightly(account, tables),
    ])  # fmt: skip


def _accepted(account: Account, results: dict[str, Result]) -> Iterator[str]:
    for request_id, attempt in account.accepted().items():
        result = results.get(request_id)
        if result is None:
            yield f"{request_id} was answered 202 and has no result"
        elif (result.coupon_id, result.user_id) != (attempt.coupon, attempt.user):
            yield (
                f"{request_id} was asked by user {attempt.user} for coupon {attempt.coupon}, its result is of"
                f" user {result.user_id} and coupon {result.coupon_id}"
            )


def _shown(account: Account, results: dict[str, Result], tables: Tables) -> Iterator[str]:
    for request_id, every_poll in account.results.items():
        polls = _final(request_id, every_poll, tables)
        if len(set(polls)) > 1:
            yield f"{request_id}: polls showed different final results: {sorted(set(polls), key=str)}"
        result = results.get(request_id)
        if not polls:
            continue
        if result is None:
            yield f"{request_id}: a poll showed {polls[0]}, the table has no result"
            continue
        status = {"ISSUED": "ISSUED", "DEAD_LETTERED": "FAILED"}.get(result.outcome, "REJECTED")
        expected = (status, None if status == "ISSUED" else result.outcome, result.issue_no)
        if polls[-1] != expected:
            yield f"{request_id}: a poll showed {polls[-1]}, the table says {expected}"


def _final(request_id: str, polls: list[_Shown], tables: Tables) -> list[_Shown]:
    """FAILED is not the end where an operator produced the dead letter again; a decision is."""
    if request_id not in tables.replayed:
        return polls
    return list(dropwhile(lambda shown: shown[0] == "FAILED", polls))


def _not_more_than_asked(account: Account, tables: Tables) -> Iterator[str]:
    """A retry with its key is the same request, so a user has at most one result for each distinct one."""
    asked: Counter[tuple[int, int]] = Counter()
    refused: Counter[tuple[int, int]] = Counter()
    keys = set()
    for number, attempt in account.attempts.items():
        who = (attempt.coupon, attempt.user)
        if attempt.answer == "refused":
            refused[who] += 1
            continue
        same = (*who, attempt.key if attempt.key is not None else number)
        if same not in keys:
            keys.add(same)
            asked[who] += 1
    coupons = {attempt.coupon for attempt in account.attempts.values()}
    decided = Counter(
        (result.coupon_id or 0, result.user_id or 0) for result in tables.results if result.coupon_id in coupons
    )
    for (coupon_id, user_id), count in decided.items():
        if count > asked[coupon_id, user_id]:
            yield (
                f"coupon {coupon_id}: user {user_id} has {count} results for {asked[coupon_id, user_id]} requests"
                f" that may have been accepted ({refused[coupon_id, user_id]} were refused)"
            )


def _sent_away_rightly(account: Account, tables: Tables) -> Iterator[str]:
    """SOLD_OUT without a requestId is the gateway's own word: there is nothing left then, and never again, unless an
    administrator gives more."""
    sent_away = Counter(a.coupon for a in account.attempts.values() if a.answer == "refused" and a.code == "SOLD_OUT")
    changed = {change.coupon_id for change in tables.changes if "totalStock" in (change.old or {})}
    for coupon in tables.coupons:
        issued = tables.issued_count.get(coupon.coupon_id, 0)
        if sent_away[coupon.coupon_id] and issued < coupon.total_stock and coupon.coupon_id not in changed:
            yield (
                f"coupon {coupon.coupon_id}: {sent_away[coupon.coupon_id]} were sent away with SOLD_OUT, and {issued} of"
                f" {coupon.total_stock} are issued"
            )
