"""Goal: after everything that the other tests did to it, all of it together still adds up: every record of the
topic replayed, every row, every dead letter, every ledger. Runs last."""

from tests.support.check import check_ledger, check_log
from tests.support.check.log import requests_of
from tests.support.ledger import read_account
from tests.support.system import System


def test_whole_history(system: System) -> None:
    system.wait_drained()
    assert system.violations() == []
    records, tables = system.requests.read(), system.database.tables()
    sent = requests_of(records)
    ledgers = sorted(system.ledgers.glob("*.jsonl"))
    requests = 0
    for path in ledgers:
        account = read_account(path)
        requests += len(account.attempts)
        assert check_ledger(account, tables) == [], path.name
        assert check_log(account, sent, system.partitions) == [], path.name
    print(
        f"{len(records)} records, {len(tables.results)} results, {len(tables.holdings)} coupons issued,"
        f" {requests} requests in {len(ledgers)} ledgers: all promises hold"
    )
