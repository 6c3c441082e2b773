"""The schemas of events fit all that were published: old readers read new events, new readers old ones. A change that
breaks that is seen here."""

import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support.event_schemas import DIRECTORY, breaks, published, schemas, violations

_T = "2026-03-01T12:00:00.500Z"
_ISSUED = {
    "schemaVersion": 1, "eventId": "1.2.1", "type": "coupon.issued", "occurredAt": _T, "couponId": 1, "issueNo": 2,
    "changeNo": 1, "userId": 2**63 - 1, "status": "ISSUED", "requestId": "REQ-1", "expiresAt": None,
}  # fmt: skip
# What was published stays as it was: a new version goes into a folder of its own.
_SHA256 = {
    "v1/coupon.expired.schema.json": "cdab9489284a2c5ef01f803c0652c9c67dd1ab94b24aae2802a6f2ca5e09d434",
    "v1/coupon.issued.schema.json": "10ffbf69d946421b83faedcbf5d2bc2b1fb68f6a672ec8b9835ac04877ad0203",
    "v1/coupon.revoked.schema.json": "6aeb7f7ea483f255b2dfd96f06d3d669d498ef849a348fbd6baa6d8c42813192",
    "v1/coupon.sold-out.schema.json": "c3a67422d85909be18ffe0ccd1a9d7ad5e14186053938cf63af6d2d090b18c24",
    "v1/coupon.use-cancelled.schema.json": "922af83ba0dc1308f283c2c6bdb30f8df31feb7efd73fdb92aa882f9b6c95c4d",
    "v1/coupon.used.schema.json": "e6fe8f30d4eaf591f704e31a7396365a06b81d68f12f21a88c84e534992e7101",
}


def test_what_was_published_stays() -> None:
    files = sorted((DIRECTORY / "published").glob("*/*.json"))
    seen = {str(file.relative_to(DIRECTORY / "published")): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    assert seen == _SHA256


def test_schemas_are_schemas_and_fit_what_was_published() -> None:
    now = schemas()
    assert len(now) == 6
    for name, schema in now.items():
        Draft202012Validator.check_schema(schema)
        assert schema["properties"]["type"] == {"const": name} and schema["$id"] == f"urn:coupon-rush:event:{name}"
    for version, old in published().items():
        for name, schema in old.items():
            assert breaks(schema, now[name]) == [], f"{name} of {version}"


def test_an_optional_member_may_be_added() -> None:
    """v2 = a member more: readers of v1 read its events, its readers those of v1."""
    v1, v2 = published()["v1"], copy.deepcopy(schemas())
    v2["coupon.issued"]["properties"]["channel"] = {"enum": ["app", "web"]}  # type: ignore[index]
    assert breaks(v1["coupon.issued"], v2["coupon.issued"]) == []
    newer = {**_ISSUED, "schemaVersion": 2, "channel": "app"}
    for event in (_ISSUED, newer):
        assert violations(event, v1) == violations(event, v2) == []
    assert violations({**newer, "channel": "fax"}, v2) != []
    assert violations({"type": "coupon.gifted"}, v1) == []


def _more_required(schema: Any) -> None:
    schema["properties"]["channel"] = {"type": "string"}
    schema["required"].append("channel")


@pytest.mark.parametrize("change", [
    pytest.param(_more_required, id="another member is required"),
    pytest.param(lambda schema: schema["properties"].pop("userId"), id="a member is gone"),
    pytest.param(lambda schema: schema["required"].remove("userId"), id="a member is not required any more"),
    pytest.param(lambda schema: schema["properties"]["userId"].update(type="string"), id="a member has another type"),
    pytest.param(lambda schema: schema["properties"]["issueNo"].update(maximum=99), id="a member has other bounds"),
    pytest.param(lambda schema: schema.update(additionalProperties=False), id="no member may be added"),
    pytest.param(lambda schema: schema.update({"$id": "urn:other"}), id="it has another name"),
])  # fmt: skip
def test_what_breaks_readers_is_seen(change: Callable[[Any], None]) -> None:
    changed = copy.deepcopy(schemas()["coupon.issued"])
    change(changed)
    assert breaks(published()["v1"]["coupon.issued"], changed) != []


@pytest.mark.parametrize("wrong", [
    {"userId": 2**63}, {"userId": 1.5}, {"userId": "1"}, {"occurredAt": "2026-03-01 12:00:00"}, {"status": "USED"},
    {"eventId": "1.2"}, {"changeNo": 0}, {"requestId": ""}, {"expiresAt": "never"},
])  # fmt: skip
def test_a_schema_refuses_what_is_wrong(wrong: dict[str, Any]) -> None:
    assert violations(_ISSUED, schemas()) == []
    assert violations({**_ISSUED, **wrong}, schemas()) != []


def test_integers_are_exact() -> None:
    assert json.loads(json.dumps(_ISSUED))["userId"] == 2**63 - 1
