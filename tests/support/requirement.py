"""What a test needs and a machine may lack: then it is a skip that says why, and a failure with CI=true."""

import os
from typing import NoReturn

import pytest

from deploy.local.kafka import libs_present


def missing(what: str, remedy: str) -> NoReturn:
    """Skip the test that needs it."""
    reason = f"needs {what}: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have all it takes; this {reason}")
    pytest.skip(reason)


def require_kafka() -> None:
    """Go on only where a real broker can be started."""
    if not libs_present():
        missing("a real broker", "no Kafka jars; run make setup where Maven Central can be reached")
