"""The JSON Schemas of events, and whether one that was changed still fits those that were published."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from deploy.local.paths import REPOSITORY

DIRECTORY = REPOSITORY / "deploy" / "events"
Schema = Mapping[str, Any]


def schemas(directory: Path = DIRECTORY) -> dict[str, Schema]:
    """Type → its schema."""
    return {file.name.removesuffix(".schema.json"): json.loads(file.read_text()) for file in directory.glob("*.schema.json")}


def published() -> dict[str, dict[str, Schema]]:
    """v1, v2, … → type → its schema as it was published."""
    return {path.name: schemas(path) for path in sorted((DIRECTORY / "published").iterdir())}


def violations(event: Mapping[str, Any], of: Mapping[str, Schema]) -> list[str]:
    """What a schema says against an event; an event of an unknown type is passed over, as readers do."""
    schema = of.get(event.get("type", ""))
    if schema is None:
        return [] if "type" in event else ["it has no type"]
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(event)]


def breaks(old: Schema, new: Schema) -> list[str]:
    """Why readers of old could not read events of new, or readers of new events of old."""
    problems = []
    for name, meaning in old["properties"].items():
        if name not in new["properties"]:
            problems.append(f"{name} is gone")
        elif _rules(new["properties"][name]) != _rules(meaning):
            problems.append(f"{name} means something else")
    problems += [f"{name} is not always there any more" for name in old["required"] if name not in new["required"]]
    problems += [f"{name} is asked for, and old events lack it" for name in new["required"] if name not in old["required"]]
    if new.get("additionalProperties", True) is not True or new.get("unevaluatedProperties", True) is not True:
        problems.append("members that are added later would be refused")
    others = ("$id", "type", "allOf", "anyOf", "oneOf", "not", "if", "patternProperties", "dependentRequired")
    return problems + [f"{word} is another" for word in others if old.get(word) != new.get(word)]


def _rules(schema: Any) -> Any:
    """A schema without what is for people alone."""
    if isinstance(schema, dict):
        return {word: _rules(value) for word, value in schema.items() if word not in ("description", "title", "examples")}
    return [_rules(item) for item in schema] if isinstance(schema, list) else schema
