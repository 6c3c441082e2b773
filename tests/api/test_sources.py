"""Goal: what is described is what the sources serve, in both directions: routes, problem codes, and their table."""

import re

import pytest

from tests.api import sources
from tests.api.document import FOLDER, Document, admin, public


def described_routes(document: Document) -> set[tuple[str, str]]:
    """(method, path)."""
    return {(operation.method, operation.path) for operation in document.operations}


def described_codes() -> set[str]:
    """Every code in one of the documents."""
    return {
        code
        for document in (public(), admin())
        for operation in document.operations
        for _, code in operation.described()
        if code
    }


@pytest.mark.parametrize("name, document", [("public_routes.c", public()), ("management.c", admin())])
def test_routes(name: str, document: Document) -> None:
    served, described = sources.routes(name), described_routes(document)
    assert served - described == set(), f"served, and not described in {document.path.name}"
    assert described - served == set(), f"described in {document.path.name}, and not served"


def test_codes() -> None:
    served, described = sources.codes(), described_codes()
    assert served - described == set(), "answered, and in no response of a document"
    assert described - served == set(), "described, and nowhere answered"


def test_the_table_of_codes() -> None:
    text = (FOLDER / "README.md").read_text()
    rows = re.findall(r"^\| (\d{3}) \| `([A-Z_]+)` \|", text, re.MULTILINE)
    in_documents = {
        (status, code)
        for document in (public(), admin())
        for operation in document.operations
        for status, code in operation.described()
        if code and status != "default"
    }
    assert len(rows) == len(set(rows)), "a row twice"
    assert {code for _, code in rows} == described_codes()
    assert in_documents <= set(rows), "with a status that the table does not have"


def test_operation_ids_are_unique() -> None:
    for document in (public(), admin()):
        ids = [
            item[method]["operationId"]
            for item in document.tree["paths"].values()
            for method in item
            if method in ("get", "post", "patch", "delete")
        ]
        assert len(ids) == len(set(ids)) == len(document.operations)
