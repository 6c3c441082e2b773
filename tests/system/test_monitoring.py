"""Goal: Prometheus with the rules of deploy/monitoring sees workers that are stopped under load, and that they are back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from deploy.local.condition import wait_until
from deploy.local.monitoring import RULES, Alertmanager, NodeExporter, Prometheus
from tests.support.rest import call
from tests.support.system import System

_SECONDS = 90.0
_LAG = {"CouponQueueLag", "CouponOldestRecord"}


def in_a_hurry(rules: Path) -> None:
    """The rules, but alerts fire after seconds, and for a lag that a test can make."""
    document = yaml.safe_load(RULES.read_text())
    for group in document["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                rule["for"] = "2s" if rule["for"] != "1h" else "1h"
            if rule.get("alert") == "CouponQueueLag":
                rule["expr"] = rule["expr"].replace("> 10000", "> 5").replace("[5m]", "[20s]")
            if rule.get("alert") == "CouponOldestRecord":
                rule["expr"] = rule["expr"].replace("> 30", "> 3")
    rules.write_text(yaml.safe_dump(document))


@pytest.fixture
def watched(system: System, tmp_path: Path) -> Iterator[tuple[Prometheus, Alertmanager]]:
    """The three of deploy/local/monitoring.py beside the system's world."""
    world, rules = system.world, tmp_path / "rules.yml"
    in_a_hurry(rules)
    ports = world.ports
    readers = {"issue-worker-relay": world.make_relay(0), "coupon-statistics": world.make_event_reader("statistics")}
    targets = {**world.scrape_targets(), **{job: [program.management_port] for job, program in readers.items()}}
    exporter = NodeExporter(tmp_path, ports.node_exporter)
    alertmanager = Alertmanager(tmp_path, ports.alertmanager)
    prometheus = Prometheus(tmp_path, ports.prometheus, ports.alertmanager, targets, rules)
    members = (*readers.values(), exporter, alertmanager, prometheus)
    try:
        for member in members:
            member.start()
        for member in members:
            member.wait_ready()
        yield prometheus, alertmanager
    finally:
        for member in members:
            member.stop()


def test_the_lag_alert_fires_and_clears(system: System, watched: tuple[Prometheus, Alertmanager]) -> None:
    prometheus, alertmanager = watched
    coupon = system.new_coupon(10_000)
    users = iter(range(1, 1_000_000))
    assert wait_until(lambda: prometheus.firing() == set(), _SECONDS), prometheus.firing()
    system.expected_to_restart = {worker.name for worker in system.world.workers}
    for worker in system.world.workers:
        worker.stop()

    def all_fire() -> bool:
        answer = call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": next(users)})
        assert answer.status == 202
        return _LAG | {"CouponConsumerGroupEmpty", "CouponWorkerAbsent"} <= prometheus.firing()

    assert wait_until(all_fire, _SECONDS), prometheus.firing()

    def sent() -> bool:
        return "CouponConsumerGroupEmpty" in {alert["labels"]["alertname"] for alert in alertmanager.alerts()}

    assert wait_until(sent, _SECONDS), alertmanager.alerts()
    system.heal()
    assert wait_until(lambda: prometheus.firing() == set(), _SECONDS), prometheus.firing()
