"""Goal: the schema of log lines refuses what no program may write; the examples for log shippers know its members."""

import re
from typing import Any

import pytest
import yaml

from deploy.local.paths import REPOSITORY
from tests.monitoring.log_lines import validator

_GOOD: dict[str, Any] = {
    "time": "2026-03-01T12:00:00.123Z", "level": "info", "program": "api-gateway", "event": "access", "message": "",
}  # fmt: skip


def test_a_good_line_is_accepted() -> None:
    validator().validate(_GOOD)
    validator().validate({**_GOOD, "requestId": "REQ-1", "couponId": 7, "partition": 0, "offset": 0, "suppressed": 3})


@pytest.mark.parametrize(
    "wrong",
    [
        {"time": "2026-03-01 12:00:00"}, {"level": "fatal"}, {"event": "Two words"}, {"userId": 16}, {"partition": 1},
        {"traceparent": "00-0-0-0"}, {"status": 200}, {"requestId": "a b"}, {"couponId": "7"},
    ],
)  # fmt: skip
def test_anything_else_is_refused(wrong: dict[str, Any]) -> None:
    assert not validator().is_valid({**_GOOD, **wrong})


def test_examples_use_members_of_the_schema() -> None:
    members = set(validator().schema["properties"])
    folder = REPOSITORY / "deploy" / "logging"
    yaml.safe_load((folder / "vector.yaml").read_text())
    vector = set(re.findall(r"(?:del|exists)\(\.(\w+)\)", (folder / "vector.yaml").read_text()))
    yaml.safe_load((folder / "filebeat.yml").read_text())
    filebeat = set(re.findall(r"coupon\.(\w+)", (folder / "filebeat.yml").read_text()))
    assert vector and vector <= members
    assert filebeat and filebeat <= members
