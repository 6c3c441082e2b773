"""Sanitizer runs: where reports go, and which were written."""

import os
from collections.abc import Mapping
from pathlib import Path

_DIRECTORY = "COUPON_SANITIZER_REPORTS"


def options(directory: Path, suppressions: Path) -> dict[str, str]:
    """Environment under which every report becomes a file in directory and the program goes on or ends."""
    directory.mkdir(parents=True, exist_ok=True)
    log = f"log_path={directory}"
    tsan = suppressions / "tsan.supp"
    lsan = suppressions / "lsan.supp"
    return {
        _DIRECTORY: str(directory),
        "ASAN_OPTIONS": f"{log}/asan:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
        "UBSAN_OPTIONS": f"{log}/ubsan:print_stacktrace=1:halt_on_error=0",
        "TSAN_OPTIONS": f"{log}/tsan:halt_on_error=0:second_deadlock_stack=1"
        + (f":suppressions={tsan}" if tsan.exists() else ""),
        "LSAN_OPTIONS": f"suppressions={lsan}" if lsan.exists() else "",
    }


def sanitized() -> bool:
    """True if the programs were built with a sanitizer."""
    return _DIRECTORY in os.environ


def sizes() -> dict[str, int]:
    """Report file → its size now, to be given to reports() later."""
    directory = os.environ.get(_DIRECTORY)
    files = sorted(Path(directory).glob("*")) if directory else []
    return {str(file): file.stat().st_size for file in files}


def reports(known: Mapping[str, int] | None = None) -> list[str]:
    """The beginnings of all reports, or of those that were written since known was taken."""
    return [
        f"{Path(name).name}: {Path(name).read_text(errors='replace')[(known or {}).get(name, 0) :][:2000]}"
        for name, size in sizes().items()
        if size > (known or {}).get(name, 0)
    ]
