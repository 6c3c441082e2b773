"""Where things are in the repository."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / "build"
BIN = BUILD / "bin"
SCHEMA = REPOSITORY / "deploy" / "schema"
KAFKA_LIBS = Path(os.environ.get("COUPON_KAFKA_LIBS") or BUILD / "kafka" / "libs").resolve()


def data_dir() -> Path:
    """The directory of the local system: COUPON_LOCAL_DIR, or else build/local."""
    return Path(os.environ.get("COUPON_LOCAL_DIR") or BUILD / "local").resolve()
