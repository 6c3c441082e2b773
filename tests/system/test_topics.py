"""Goal: what the programs write into Kafka is as AsyncAPI describes it."""

import json
from collections.abc import Mapping
from typing import Any

import jsonschema
import yaml

from deploy.local.condition import wait_until
from deploy.local.paths import REPOSITORY
from tests.support.rest import call
from tests.support.system import System

_TREE = yaml.safe_load((REPOSITORY / "deploy" / "events" / "asyncapi.yaml").read_text())
_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def violations(schema: Mapping[str, Any], value: Any) -> list[str]:
    """What of value is not as described; a member that is not described is wrong too."""
    validator = jsonschema.Draft202012Validator({**schema, "additionalProperties": False})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def test_a_request(system: System) -> None:
    message = _TREE["components"]["messages"]["issueRequest"]
    before, coupon = system.ends(), system.new_coupon(1)
    asked = call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": 1}, {"traceparent": _TRACE})
    assert asked.status == 202
    (record,) = system.records_of(coupon, before)
    assert violations(message["payload"], json.loads(record.value or b"")) == []
    assert violations(message["headers"], {name: (value or b"").decode() for name, value in record.headers}) == []
    assert len(record.headers) == 1


def test_a_dead_letter(system: System) -> None:
    message = _TREE["components"]["messages"]["deadLetter"]
    partition, offset = system.writer.write(b"1", b"this is no JSON", 0)

    def letters() -> list[dict[str, str]]:
        headers = [{name: (value or b"").decode("latin-1") for name, value in letter.headers} for letter in system.dead_letters.read()]
        place = offset.to_bytes(8, "big").decode("latin-1")
        return [h for h in headers if h.get("kafka_dlt-original-offset") == place and h["kafka_dlt-original-partition"] == "\0\0\0\0"]

    assert wait_until(lambda: bool(letters()), 20)
    assert partition == 0 and violations(message["headers"], letters()[0]) == []
