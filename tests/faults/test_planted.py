"""Every row has a planted bug, and each can still be planted; whether its row or test sees it: make faults-red."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.local.paths import REPOSITORY
from tests.faults.planted import Planted, place_of, read_patches
from tests.faults.registry import LAST_NUMBER, all_rows


@pytest.mark.parametrize("planted", [pytest.param(planted, id=planted.path.stem) for planted in read_patches()])
def test_it_applies_and_names_who_sees_it(planted: Planted) -> None:
    done = subprocess.run(
        ["patch", "-p1", "--dry-run", "-i", planted.path], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    print(done.stdout)
    assert done.returncode == 0, "the source has changed: plant it anew"
    named: list[object]
    if planted.row:
        named = [row for row in all_rows() if row.number == planted.row and planted.name in row.slug]
        assert named, f"no case of row {planted.row} is called {planted.name!r}"
    else:
        kind, name = planted.test
        folder = REPOSITORY / "tests" / kind
        named = [path for path in folder.glob("test_*.py") if f"def {name}(" in path.read_text()]
        assert named or (folder / f"{name}.c").exists(), f"no {kind} test is called {name!r}"
    re.compile(planted.seen_by)


def test_every_row_has_one() -> None:
    bare = set(range(1, LAST_NUMBER + 1)) - {planted.row for planted in read_patches()}
    assert bare == set(), "a row that cannot fail proves nothing: plant the bug that it is there for"


def test_the_readme_lists_them() -> None:
    """Row or test, and bug, in the words of the patch."""
    text = (Path(__file__).parent / "README.md").read_text().partition("## Soak")[0]
    table = re.findall(r"^\| (\d+|`\w+`) \| (.+?) \|", text, re.MULTILINE)
    assert sorted((place.strip("`"), bug) for place, bug in table) == sorted(
        (place_of(planted), planted.bug) for planted in read_patches()
    )
