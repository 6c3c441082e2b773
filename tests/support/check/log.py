"""Promise L in Kafka: every request that was answered 202 is in the topic, as it was sent."""

from collections.abc import Iterable, Iterator

from tests.support.check.words import shortened
from tests.support.ledger import Account
from tests.support.murmur2 import partition_of
from tests.support.wire import Record, Request, Unreadable, read_request


_Requests = dict[str, tuple[Record, Request]]


def requests_of(records: Iterable[Record]) -> _Requests:
    """The first record of each requestId, to be read once for many accounts."""
    found: _Requests = {}
    for record in records:
        try:
            request = read_request(record)
        except Unreadable:
            continue
        found.setdefault(request.request_id, (record, request))
    return found


def check_log(account: Account, records: Iterable[Record] | _Requests, partitions: int) -> list[str]:
    """Violations of an account against a dump of the topic."""
    found = records if isinstance(records, dict) else requests_of(records)
    return shortened("log", _violations(account, found, partitions))


def _violations(account: Account, found: _Requests, partitions: int) -> Iterator[str]:
    for request_id, attempt in account.accepted().items():
        if request_id not in found:
            yield f"{request_id} was answered 202 and is not in the topic"
            continue
        record, request = found[request_id]
        if (request.coupon_id, request.user_id) != (attempt.coupon, attempt.user):
            yield f"{request_id} is in the topic with coupon {request.coupon_id} and user {request.user_id}"
        expected = partition_of(str(attempt.coupon).encode(), partitions)
        if record.partition != expected:
            yield f"{request_id} is in partition {record.partition}, its key belongs into {expected}"
