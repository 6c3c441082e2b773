"""Promises O and R: the model's replay of the topic, against the table."""

from collections.abc import Iterable, Iterator

from tests.support.check.dead_letters import refused
from tests.support.check.words import shortened
from tests.support.model import Replay, replay
from tests.support.tables import Tables
from tests.support.wire import Record


def check_model(records: Iterable[Record], tables: Tables, letters: Iterable[Record] = ()) -> list[str]:
    """Replay the records, but those that letters say the database refused; the table's results with offsets in the dump, and the winners of every coupon
    that the dump names, must be the model's, no more and no less."""
    records = list(records)
    expected = replay(records, tables.coupons, refused(letters), tables.changes)
    return shortened("model", [*_results(records, expected, tables), *_winners(expected, tables)])


def _results(records: list[Record], expected: Replay, tables: Tables) -> Iterator[str]:
    places = {(record.partition, record.offset) for record in records}
    seen = {result.request_id: result for result in tables.results}
    for request_id, decision in expected.decisions.items():
        result = seen.get(request_id)
        if result is None:
            yield f"{request_id} has no result, the model says {decision.outcome}"
        elif (result.outcome, result.issue_no) != (decision.outcome, decision.issue_no):
            yield (
                f"{request_id} (partition {decision.partition}, offset {decision.offset}) is {result.outcome}"
                f" {result.issue_no or ''}, the model says {decision.outcome} {decision.issue_no or ''}"
            )
        elif (result.partition, result.offset) != (decision.partition, decision.offset):
            yield (
                f"{request_id} was decided at {result.partition}:{result.offset}, its first record is at"
                f" {decision.partition}:{decision.offset}"
            )
    for result in tables.results:
        if (result.partition, result.offset) in places and result.request_id not in expected.decisions:
            yield f"{result.request_id} has a result, {result.outcome}, for which there is no readable record"


def _winners(expected: Replay, tables: Tables) -> Iterator[str]:
    named = {decision.coupon_id for decision in expected.decisions.values()}
    holders: dict[int, list[tuple[int, int]]] = {}
    for holding in tables.holdings:
        holders.setdefault(holding.coupon_id, []).append((holding.issue_no, holding.user_id))
    for coupon_id in sorted(named - {None}, key=str):
        winners = expected.winners(coupon_id or 0)
        seen = [user for _, user in sorted(holders.get(coupon_id or 0, []))]
        if seen != winners:
            place = next((i for i, (a, b) in enumerate(zip(seen, winners)) if a != b), min(len(seen), len(winners)))
            yield (
                f"coupon {coupon_id}: {len(seen)} holders, the model has {len(winners)} winners; first difference"
                f" at number {place + 1}: user {seen[place:place + 1]}, model {winners[place:place + 1]}"
            )
