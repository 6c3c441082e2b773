"""What the gateway's sources say of routes and problem codes."""

import re
from pathlib import Path

from deploy.local.paths import REPOSITORY

GATEWAY = REPOSITORY / "api-gateway"
_ROUTE = re.compile(r'\{HTTP_METHOD_([A-Z]+),\s*"([^"]+)",')
_STRING = r'"([A-Z][A-Z_]{3,})"'
# Where a code stands in the sources: with its status, in a call that answers one, or in a table of them.
_CODES = (
    re.compile(rf"\b4\d\d,\s*{_STRING}|\b5\d\d,\s*{_STRING}"),
    re.compile(rf"\bconflict\(call,\s*{_STRING}"),
    re.compile(rf"\{{\s*{_STRING},\s*\"[A-Z][^\"]* [^\"]*"),
)


def routes(name: str) -> set[tuple[str, str]]:
    """(method, pattern) of every route that a source file of the gateway registers."""
    return set(_ROUTE.findall((GATEWAY / name).read_text()))


# Told of the shop's events alone: a call tells no discount that could be another.
_OF_EVENTS = {"AMOUNT_MISMATCH"}


def codes() -> set[str]:
    """Every problem code that a gateway can answer."""
    files: list[Path] = [*GATEWAY.rglob("*.[ch]"), *(REPOSITORY / "common/http").glob("*.[ch]")]
    files.append(REPOSITORY / "common/coupon/user_coupon_step.c")
    return {
        code
        for file in files
        for pattern in _CODES
        for groups in pattern.findall(file.read_text())
        for code in ([groups] if isinstance(groups, str) else groups)
        if code and code not in _OF_EVENTS
    }
