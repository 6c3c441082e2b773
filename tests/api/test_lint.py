"""Goal: the documents pass the linters that their readers use: Redocly for OpenAPI, the parser of AsyncAPI for its own."""

from pathlib import Path

import pytest

from deploy.local.paths import REPOSITORY
from tests.api import linters
from tests.api.document import FOLDER

_HERE = Path(__file__).parent
_TOPICS = REPOSITORY / "deploy" / "events" / "asyncapi.yaml"


def lint(path: Path) -> tuple[int, str]:
    """Redocly's verdict."""
    done = linters.run(_HERE / "openapi_lint.js", path)
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", ["public.yaml", "admin.yaml"])
def test_openapi(name: str) -> None:
    code, words = lint(FOLDER / name)
    assert code == 0, words


def test_a_broken_document_is_seen(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text((FOLDER / "public.yaml").read_text().replace("operationId: readResult\n", "operationId: issueCoupon\n"))
    code, words = lint(broken)
    assert code == 1 and "operation-operationId-unique" in words


def test_asyncapi() -> None:
    done = linters.run(_HERE / "asyncapi_lint.js", _TOPICS)
    assert done.returncode == 0, done.stdout
