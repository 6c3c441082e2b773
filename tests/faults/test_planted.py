"""Every planted bug can still be planted; whether its row sees it: make faults-red."""

import re
import subprocess

import pytest

from deploy.local.paths import REPOSITORY
from tests.faults.planted import Planted, read_patches
from tests.faults.registry import all_rows


@pytest.mark.parametrize("planted", [pytest.param(planted, id=planted.path.stem) for planted in read_patches()])
def test_it_applies_and_names_a_row(planted: Planted) -> None:
    done = subprocess.run(
        ["patch", "-p1", "--dry-run", "-i", planted.path], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    print(done.stdout)
    assert done.returncode == 0, "the source has changed: plant it anew"
    named = [row for row in all_rows() if row.number == planted.row and planted.name in row.slug]
    assert named, f"no case of row {planted.row} is called {planted.name!r}"
    re.compile(planted.seen_by)
