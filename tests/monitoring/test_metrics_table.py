"""Goal: the table of metrics says what the sources register, no more and no less."""

import re

import pytest

from tests.monitoring.metrics_table import read_table
from tests.run.lint import sources
from deploy.local.paths import REPOSITORY

_KINDS = {"counter": "counter", "gauge": "gauge", "age": "gauge", "histogram": "histogram"}
_CALL = re.compile(r"\bmetric_(counter|gauge|age|histogram)\(\s*(\"\w+\"|\w+)\s*,")
_CONSTANT = re.compile(r"static const char (\w+)\[\]\s*=\s*\"(\w+)\"")
_WRITTEN = re.compile(r"\badd_(?:gauge|head)\(out,\s*\"(\w+)\",\s*(?:\"(counter|gauge)\")?")


def registered() -> dict[str, str]:
    """Name → kind of every metric that a program registers or writes itself."""
    found: dict[str, str] = {}
    for file in sources("api-gateway/*.c", "issue-worker/*.c", "expiry-batch/*.c", "common/*.c"):
        text = (REPOSITORY / file).read_text()
        constants = dict(_CONSTANT.findall(text))
        for kind, name in _CALL.findall(text):
            if file.startswith("common/metrics/"):
                continue
            literal = name.strip('"') if name.startswith('"') else constants.get(name)
            assert literal, f"{file}: metric_{kind}({name}, …): the name is to stand there as a text or a constant"
            found[literal] = _KINDS[kind]
        for name, kind in _WRITTEN.findall(text):
            found[name] = kind or "gauge"
    return found


def test_every_metric_is_in_the_table_and_the_table_has_no_other() -> None:
    table = read_table()
    code = registered()
    assert len(code) > 40
    assert sorted(set(code) - set(table)) == [], "registered in the sources, and not in deploy/metrics.md"
    assert sorted(set(table) - set(code)) == [], "in deploy/metrics.md, and not in the sources"
    assert {name: table[name].kind for name in code} == code


@pytest.mark.parametrize("label", ["id", "user", "request", "coupon_id", "couponId", "request_id"])
def test_no_label_is_an_id(label: str) -> None:
    assert [metric.name for metric in read_table().values() if label in metric.labels] == []


def test_names_say_their_kind_and_unit() -> None:
    for metric in read_table().values():
        if metric.kind == "counter":
            assert metric.name.endswith("_total"), metric.name
        if metric.unit in ("seconds", "bytes"):
            assert f"_{metric.unit}" in metric.name, metric.name
