"""Goal: each program's page shows the metrics of deploy/metrics.md, those alone, and promtool accepts it; what is
missing in MySQL shows as a difference that is not 0."""

from collections.abc import Iterator

import pytest

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from tests.monitoring.exposition import families, lint
from tests.monitoring.metrics_table import EVERY_PROGRAM, Metric, read_table
from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.sales import one_user_sale
from tests.support.system import System

_DIFFERENCE = "coupon_worker_reconciliation_difference_records"


@pytest.fixture
def spooling_gateway(system: System) -> Iterator[Program]:
    """One more gateway, with a spool, so that all metrics are to be seen."""
    gateway = system.world.make_gateway(len(system.world.gateways), ["--spool", "on"])
    gateway.start()
    gateway.wait_ready()
    yield gateway
    gateway.stop()


def page(program: Program) -> str:
    """GET /metrics."""
    answer = call("GET", f"http://127.0.0.1:{program.management_port}/metrics")
    assert answer.status == 200
    return answer.text


def of_program(name: str) -> dict[str, Metric]:
    """The table's rows for one program."""
    return {row.name: row for row in read_table().values() if row.program in (name, EVERY_PROGRAM)}


def compare(name: str, texts: list[str]) -> None:
    """All pages of a program together with its part of the table."""
    table, seen = of_program(name), {}
    for text in texts:
        lint(text)
        for family, (kind, labels) in families(text).items():
            seen.setdefault(family, (kind, set()))[1].update(labels)
    assert sorted(set(seen) - set(table)) == [], "not in deploy/metrics.md"
    needed = {row.name for row in table.values() if not row.with_setting}
    assert sorted(needed - set(seen)) == [], "in deploy/metrics.md, and nowhere on a page"
    for family, (kind, labels) in seen.items():
        assert kind == table[family].kind, family
        assert labels <= table[family].labels, family


def test_pages_are_as_the_table_says(system: System, ledger: Ledger, spooling_gateway: Program) -> None:
    one_user_sale(system, ledger, 10, 1).assert_good()
    gateways = [*system.world.gateways, spooling_gateway]
    assert wait_until(lambda: all("coupon_gateway_queue_lag_records{" in page(one) for one in gateways), 20)
    compare("api-gateway", [page(gateway) for gateway in gateways])
    compare("issue-worker", [page(worker) for worker in system.world.workers])
    if system.world.relays:
        compare("issue-worker relay", [page(relay) for relay in system.world.relays])


def difference(system: System) -> float:
    """Results missing in MySQL, as the workers tell it."""
    return sum(
        float(line.rsplit(" ", 1)[1])
        for worker in system.world.workers
        for line in page(worker).splitlines()
        if line.startswith(_DIFFERENCE + "{") and 'between="decided_stored"' in line
    )


def reconciled(system: System) -> float:
    """Records compared by all workers."""
    return sum(
        float(line.rsplit(" ", 1)[1])
        for worker in system.world.workers
        for line in page(worker).splitlines()
        if line.startswith("coupon_worker_reconciled_records_total ")
    )


def test_a_lost_row_shows(system: System, ledger: Ledger) -> None:
    """A row is taken away as soon as it is there; the comparison is every ten seconds, so one try nearly always does."""
    database = system.database
    coupon = system.new_coupon(100)
    before = difference(system)
    for user in range(1, 6):
        checked = reconciled(system)
        answer = call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": user})
        result = call("GET", f"{system.gateways[0]}{answer.json['resultUrl']}&wait=20")
        assert result.json["status"] == "ISSUED"
        row = database.query("SELECT * FROM coupon_issue_result WHERE request_id=%s", answer.json["requestId"])[0]
        database.query("DELETE FROM coupon_issue_result WHERE request_id=%s", answer.json["requestId"])
        try:
            assert wait_until(lambda: reconciled(system) > checked, 60)
        finally:
            marks = ",".join(["%s"] * len(row))
            database.query(f"INSERT INTO coupon_issue_result VALUES ({marks})", *row)
        if difference(system) > before:
            break
    assert difference(system) == before + 1
    system.expected_to_restart = {worker.name for worker in system.world.workers}
    for worker in system.world.workers:
        worker.stop()
    system.heal()
    one_user_sale(system, ledger, 10, 1).assert_good()
    assert wait_until(lambda: reconciled(system) > 0, 60)
    assert difference(system) == 0
