"""Cases of a test that make test leaves out for its time."""

from typing import Any

import pytest


def long(value: Any) -> Any:
    """A parameter whose case is marked long; make system runs it too."""
    return pytest.param(value, marks=pytest.mark.long)
