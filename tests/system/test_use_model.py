"""Goal: whatever is asked in whatever order, alone or at once, users' coupons go the way of the model, and rows, counts,
events and what is shown agree.

USE_MODEL_STEPS and USE_MODEL_SEED make it longer, or the same again:
    USE_MODEL_STEPS=20000 make system ARGS="-k use_model" """

import os
import random
import time
from pathlib import Path

import pytest

from tests.support.system import System
from tests.support.use_world import UseWorld

_STEPS = int(os.environ.get("USE_MODEL_STEPS", "400"))
_SEED = int(os.environ.get("USE_MODEL_SEED", random.randrange(10**9)))


@pytest.mark.parametrize("way", ["alone", "together"])
def test_users_coupons_go_the_way_of_the_model(system: System, build: Path, way: str) -> None:
    print(f"USE_MODEL_SEED={_SEED} USE_MODEL_STEPS={_STEPS}")
    world = UseWorld(system, build / "bin" / "expiry-batch", f"{_SEED}-{way}")
    began = time.monotonic()
    try:
        world.issue(3)
        if way == "alone":
            world.alone(_STEPS)
        else:
            world.together(_STEPS // 4)
    finally:
        world.close()
    print(f"{len(world.trace)} moves in {time.monotonic() - began:.1f} s, {len(world.model.held)} coupons")
