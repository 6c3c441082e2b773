"""Lines of the programs' logs, and the schema they keep to."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

from deploy.local.paths import REPOSITORY

SCHEMA = REPOSITORY / "deploy" / "logging" / "log-line.schema.json"


def validator() -> "jsonschema.Draft7Validator":
    """Of one line."""
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def read_lines(log: Path) -> Iterator[dict[str, Any]]:
    """Every whole line, each of which must be as the schema says."""
    check = validator()
    for text in log.read_text(errors="strict").split("\n")[:-1]:
        try:
            line = json.loads(text)
        except ValueError as error:
            raise AssertionError(f"{log.name}: not JSON: {text}") from error
        errors = [error.message for error in check.iter_errors(line)]
        assert not errors, f"{log.name}: {text}: {errors}"
        yield line
