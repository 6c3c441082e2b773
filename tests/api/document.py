"""An OpenAPI document, read closely enough to say of one answer whether it is as described."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from deploy.local.paths import REPOSITORY

FOLDER = REPOSITORY / "api-gateway" / "api"
_METHODS = ("get", "post", "put", "patch", "delete")
_PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    document: "Document"
    method: str
    path: str
    responses: Mapping[str, Any]

    @property
    def name(self) -> str:
        """METHOD /path."""
        return f"{self.method} {self.path}"

    def matches(self, method: str, path: str) -> bool:
        """Is a request for path (without query) one for this operation?"""
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(self.path))
        return (self.method == method or (method, self.method) == ("HEAD", "GET")) and bool(re.fullmatch(pattern, path))

    def described(self) -> Iterator[tuple[str, str]]:
        """(status or "default", problem code or "") of every answer that is described."""
        for status, response in self.responses.items():
            for kind, media in self.document.resolve(response).get("content", {"": {}}).items():
                codes = self.document.codes(media.get("schema", {})) if kind == _PROBLEM else [""]
                yield from ((status, code) for code in codes)

    def violations(self, status: int, headers: Mapping[str, str], body: str) -> list[str]:
        """What of this answer is not as described. headers: names in lower case."""
        name = str(status) if str(status) in self.responses else "default"
        response = self.document.resolve(self.responses[name])
        found = [
            f"{field} is missing"
            for field, header in response.get("headers", {}).items()
            if self.document.resolve(header).get("required") and field.lower() not in headers
        ]
        for field, header in response.get("headers", {}).items():
            if field.lower() in headers:
                found += self.document.check(self.document.resolve(header)["schema"], _plain(headers[field.lower()]))
        content = response.get("content", {})
        kind = headers.get("content-type", "").split(";")[0]
        if not content and body:
            found.append("it has a body")
        if content and kind not in content:
            return [*found, f"{kind} is none of {', '.join(content)}"]
        if kind.endswith("json") and "schema" in content.get(kind, {}) and body:
            found += self.document.check(content[kind]["schema"], json.loads(body))
        if kind == _PROBLEM and body and json.loads(body).get("status") != status:
            found.append("the problem's status is another")
        return found


def _plain(value: str) -> Any:
    return int(value) if value.isdigit() else value


class Document:
    """One of the two, by the name of its file."""

    def __init__(self, name: str) -> None:
        self.path: Path = FOLDER / f"{name}.yaml"
        self.tree = yaml.safe_load(self.path.read_text())
        self.operations = [
            Operation(self, method.upper(), path, item[method]["responses"])
            for path, item in self.tree["paths"].items()
            for method in _METHODS
            if method in item
        ]

    @property
    def no_operation(self) -> Operation:
        """What is answered where there is none: `default`, which is the same everywhere."""
        return Operation(self, "any", "any", {"default": self.operations[0].responses["default"]})

    def resolve(self, node: Any) -> Any:
        """The node, or what its $ref means."""
        while "$ref" in node:
            target = self.tree
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def codes(self, schema: Any) -> list[str]:
        """The problem codes that a schema allows."""
        return [code for part in schema.get("allOf", []) for code in part.get("properties", {}).get("code", {}).get("enum", [])]

    def find(self, method: str, path: str) -> Operation | None:
        """The operation of a request; one with fewer variables goes before."""
        found = [operation for operation in self.operations if operation.matches(method, path)]
        return min(found, key=lambda operation: operation.path.count("{"), default=None)

    def check(self, schema: Any, value: Any) -> list[str]:
        """What of value is not as the schema says. Here, other than for clients, a member that is not described is
        wrong too."""
        validator = jsonschema.Draft202012Validator(_closed({**schema, "components": self.tree["components"]}))
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def _closed(node: Any) -> Any:
    """The schema with every object closed that does not say anything about further members."""
    if isinstance(node, list):
        return [_closed(part) for part in node]
    if not isinstance(node, dict):
        return node
    closed = {name: _closed(part) for name, part in node.items()}
    if node.get("type") == "object" and "properties" in node:
        closed.setdefault("additionalProperties", False)
    return closed


@cache
def public() -> Document:
    """The public listener's."""
    return Document("public")


@cache
def admin() -> Document:
    """The management listener's."""
    return Document("admin")
