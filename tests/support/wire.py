"""The request topic's records, read independently of the programs: what common/contract promises, in Python."""

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

VALUE_MAX = 16384
VERSION = 1
ID_MAX = 2**63 - 1
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|z|[+-]\d\d:\d\d)?\Z", re.ASCII
)
_PLACE = re.compile(r"(\d{1,10}):(\d{1,19})\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TIME_MAX_MS = 253402300799999


@dataclass(frozen=True)
class Record:
    """A record as an independent consumer read it."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    topic: str = "coupon-issue-request"


@dataclass(frozen=True)
class Request:
    """A readable request; policy_id where the record names a policy and no coupon."""

    request_id: str
    coupon_id: int | None
    policy_id: int | None
    user_id: int
    accepted_at_ms: int


@dataclass(eq=False)
class Unreadable(Exception):
    """Why a record cannot be decided, and what could be read of it."""

    reason: str
    request_id: str | None = None
    known: dict[str, Any] = field(default_factory=dict)


def replayed_from(record: Record) -> tuple[int, int] | None:
    """The place that a record had before it became a dead letter and an operator produced it again; None
    if it is no replay."""
    headers = dict(record.headers)
    if "coupon-replay" not in headers:
        return None
    place = _PLACE.match((headers.get("coupon-origin") or b"").decode("latin-1"))
    return (int(place[1]), int(place[2])) if place else (record.partition, record.offset)


def parse_time(text: str) -> int | None:
    """Milliseconds since 1970 of an RFC 3339 date-time (UTC where it names no offset), None if it is none."""
    match = _TIME.match(text)
    if not match:
        return None
    year, month, day, hour, minute = (int(match[i]) for i in range(1, 6))
    millisecond = int((match[7] or "").ljust(3, "0")[:3] or "0")
    zone = match[8] or "Z"
    shift = timedelta()
    if zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            return None
        shift = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    try:
        local = datetime(year, month, day, hour, minute, int(match[6] or "0"), tzinfo=timezone.utc)
    except ValueError:
        return None
    wall_ms = (local - _EPOCH - shift) // timedelta(milliseconds=1) + millisecond
    return wall_ms if 0 <= wall_ms <= _TIME_MAX_MS else None


def read_request(record: Record) -> Request:
    """Read a record of the request topic. Raises Unreadable."""
    if not record.value:
        raise Unreadable("EMPTY")
    if len(record.value) > VALUE_MAX:
        raise Unreadable("TOO_LONG")
    body = _read_object(record.value)
    known = {name: body[name] for name in ("couponId", "userId") if _is_id(body.get(name))}
    request_id = _first(body, "requestId", "eventId")
    if isinstance(request_id, str) and _REQUEST_ID.match(request_id):
        known["requestId"] = request_id
    request = _read_fields(body, record, known)
    if not record.key:
        raise Unreadable("NO_KEY", known.get("requestId"), known)
    if record.key.decode("latin-1") not in _keys_of(request):
        raise Unreadable("OTHER_KEY", known.get("requestId"), known)
    return request


def _read_fields(body: dict[str, Any], record: Record, known: dict[str, Any]) -> Request:
    request_id, version = known.get("requestId"), _first(body, "schemaVersion", "version")
    if not _is_id(1 if version is None else version):
        raise Unreadable("WRONG_SHAPE", request_id, known)
    if version is not None and version > VERSION:
        raise Unreadable("NEW_VERSION", request_id, known)
    coupon_id, user_id = body.get("couponId"), body.get("userId")
    policy_id = body.get("policyId") if coupon_id is None else None
    accepted_at = _accepted_at(body, record)
    if _first(body, "requestId", "eventId") is None:
        partition, offset = replayed_from(record) or (record.partition, record.offset)
        request_id = f"{record.topic}-{partition}-{offset}"
    target_ok = _is_id(coupon_id) if coupon_id is not None else _is_id(policy_id)
    if request_id is None or not target_ok or not _is_id(user_id) or accepted_at is None:
        raise Unreadable("WRONG_SHAPE", known.get("requestId"), known)
    return Request(request_id, coupon_id, policy_id, int(user_id or 0), accepted_at)


def _keys_of(request: Request) -> set[str]:
    if request.coupon_id is None:
        return {str(request.policy_id)}
    return {str(request.coupon_id), f"coupon-{request.coupon_id}"}


def _read_object(value: bytes) -> dict[str, Any]:
    try:
        body = json.loads(value.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_constant)
        _check_values(body)
    except (ValueError, RecursionError, OverflowError) as error:
        raise Unreadable("NOT_JSON") from error
    if not isinstance(body, dict):
        raise Unreadable("WRONG_SHAPE")
    return body


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key twice")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _check_values(value: Any) -> None:
    if isinstance(value, dict):
        for name, member in value.items():
            _check_values(name)
            _check_values(member)
    elif isinstance(value, list):
        for member in value:
            _check_values(member)
    elif isinstance(value, str):
        if "\0" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise ValueError("NUL or lone surrogate")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number out of range")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("a number out of range")


def _accepted_at(body: dict[str, Any], record: Record) -> int | None:
    time = _first(body, "acceptedAt", "issuedAt", "timestamp")
    if time is None:
        time = record.timestamp_ms
    if isinstance(time, str):
        return parse_time(time)
    if isinstance(time, int) and not isinstance(time, bool) and 0 <= time <= _TIME_MAX_MS:
        return time
    return None


def _first(body: dict[str, Any], *names: str) -> Any:
    return next((body[name] for name in names if body.get(name) is not None), None)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= ID_MAX
