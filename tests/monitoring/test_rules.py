"""Goal: rules, dashboard and runbook fit the metrics and each other, and Prometheus' own tools accept them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.paths import REPOSITORY
from tests.monitoring.metrics_table import read_table
from tests.run.lint import sources

MONITORING = REPOSITORY / "deploy" / "monitoring"
RULES = MONITORING / "coupon-rush.rules.yml"
RULE_TESTS = MONITORING / "coupon-rush.tests.yml"
RUNBOOK = REPOSITORY / "deploy" / "runbook.md"
_NAME = re.compile(r"\b(?:coupon|http_server|messaging|process)[_:][\w:]*\b(?!\s*=)")
_LABELS = re.compile(r"\{[^}]*\}|\b(?:by|without|ignoring|on)\s*\([^)]*\)|\"[^\"]*\"")


def rules() -> list[dict[str, Any]]:
    """All rules, records and alerts."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    """The alerts."""
    return [rule for rule in rules() if "alert" in rule]


def dashboard() -> dict[str, Any]:
    """The dashboard's JSON."""
    document: dict[str, Any] = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    return document


def panels() -> Iterator[dict[str, Any]]:
    """The dashboard's panels but its rows."""
    yield from (panel for panel in dashboard()["panels"] if panel["type"] != "row")


def expressions() -> list[str]:
    """Of rules and panels."""
    return [rule["expr"] for rule in rules()] + [t["expr"] for panel in panels() for t in panel["targets"]]


def names_in(expression: str) -> set[str]:
    """The metrics that an expression names."""
    return set(_NAME.findall(_LABELS.sub(" ", expression)))


def promtool(*arguments: str | Path) -> None:
    """Run it; it must be content."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_accepts_the_configuration_and_the_rules() -> None:
    promtool("check", "config", MONITORING / "prometheus.yml")
    promtool("check", "rules", RULES)


def test_amtool_accepts_the_configuration_of_alertmanager() -> None:
    done = subprocess.run(
        ["amtool", "check-config", MONITORING / "alertmanager.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_and_does_not_fire() -> None:
    promtool("test", "rules", RULE_TESTS)
    names = {test["name"] for test in yaml.safe_load(RULE_TESTS.read_text())["tests"]}
    wanted = {f"{alert['alert']} {what}" for alert in alerts() for what in ("fires", "does not fire")}
    assert names == wanted


def test_rule_tests_can_fail(tmp_path: Path) -> None:
    """A threshold that is out of reach is found."""
    shutil.copy(RULE_TESTS, tmp_path)
    text = RULES.read_text()
    assert ":max > 30\n" in text
    (tmp_path / RULES.name).write_text(text.replace(":max > 30\n", ":max > 3000\n"))
    with pytest.raises(AssertionError, match="CouponOldestRecord"):
        promtool("test", "rules", tmp_path / RULE_TESTS.name)


def test_every_metric_that_is_named_exists() -> None:
    known = {series for row in read_table().values() for series in row.series}
    known |= {rule["record"] for rule in rules() if "record" in rule}
    named = {name for expression in expressions() for name in names_in(expression)}
    assert len(named) > 40
    assert sorted(named - known) == []


def test_every_label_that_is_named_exists() -> None:
    labels = {label for row in read_table().values() for label in row.labels}
    labels |= {"job", "instance", "le", "status_class", "alertname", "alertstate"}
    used = {
        label
        for expression in expressions()
        for group in re.findall(r"\b(?:by|without|ignoring|on)\s*\(([^)]*)\)", expression)
        for label in re.split(r",\s*", group)
    }
    used |= {label for e in expressions() for label in re.findall(r"[{,]\s*(\w+)\s*[=!]~?", e)}
    assert sorted(used - labels) == []


def test_every_expression_of_the_dashboard_parses(tmp_path: Path) -> None:
    targets = [target["expr"] for panel in panels() for target in panel["targets"]]
    file = tmp_path / "dashboard.yml"
    recorded = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(targets)]
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))
    promtool("check", "rules", file)


def test_the_dashboard_leaves_the_datasource_open() -> None:
    variables = dashboard()["templating"]["list"]
    assert [(variable["name"], variable["type"]) for variable in variables] == [("datasource", "datasource")]
    for panel in panels():
        used = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert {source["uid"] for source in used} == {"${datasource}"}, panel["title"]


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: dict[tuple[int, int], str] = {}
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(ids) == len(set(ids))
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < 24 and taken.setdefault((x, y), panel["title"]) == panel["title"]


def test_every_alert_has_its_entry_in_the_runbook() -> None:
    entries = re.findall(r"^## (\w+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert sorted(entries) == sorted(alert["alert"] for alert in alerts())
    for alert in alerts():
        assert alert["annotations"]["runbook_url"] == f"deploy/runbook.md#{alert['alert'].lower()}"
        assert alert["labels"]["severity"] in ("warning", "critical")
    for entry in RUNBOOK.read_text().split("\n## ")[1:]:
        for part in ("**Means**", "**Look**", "**Do**"):
            assert part in entry, entry.splitlines()[0]


def test_what_the_runbook_names_exists() -> None:
    text = RUNBOOK.read_text()
    code = "".join((REPOSITORY / file).read_text() for file in sources("*.c"))
    metrics = {series for row in read_table().values() for series in (*row.series, row.name)}
    metrics |= {rule["record"] for rule in rules() if "record" in rule}
    for name in re.findall(r"`([a-z][\w:]*_[\w:]*)", text):
        assert name in metrics or f'"{name}"' in code or f" {name} " in code, f"the runbook names {name}"
