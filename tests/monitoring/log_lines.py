"""Lines of the programs' logs, and the schema they keep to."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

from deploy.local.paths import REPOSITORY

_BEFORE_THE_LOG = re.compile(r"(api-gateway|issue-worker): warning: (environment variable|option) ")
SCHEMA = REPOSITORY / "deploy" / "logging" / "log-line.schema.json"


def validator() -> "jsonschema.Draft7Validator":
    """Of one line."""
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def read_lines(log: Path) -> Iterator[dict[str, Any]]:
    """Every whole line, each of which must be as the schema says; but for warnings about options, which are for
    whoever types them, and come before the log begins."""
    check = validator()
    for text in log.read_text(errors="strict").split("\n")[:-1]:
        if _BEFORE_THE_LOG.match(text):
            continue
        try:
            line = json.loads(text)
        except ValueError as error:
            raise AssertionError(f"{log.name}: not JSON: {text}") from error
        errors = [error.message for error in check.iter_errors(line)]
        assert not errors, f"{log.name}: {text}: {errors}"
        yield line
