"""What the built programs themselves say about how they were hardened: each mark of it, read with binutils."""

import platform
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.run.builds import Variant
from tests.run.tally import Tally

PROGRAMS = ("api-gateway", "issue-worker", "expiry-batch")
# gcc writes the flags that matter to code into the debug information of each compile unit.
_UNIT_FLAGS = (
    "-fstack-protector-strong", "-fstack-clash-protection", "-fno-delete-null-pointer-checks", "-fno-strict-overflow",
    "-fno-strict-aliasing", "-ftrivial-auto-var-init=zero",
)  # fmt: skip
_BRANCH_FLAG = {"x86_64": "-fcf-protection=full", "aarch64": "-mbranch-protection=standard"}
_LANDING_PAD = {"x86_64": "endbr64", "aarch64": "bti|paciasp"}


def _output(*command: str | Path) -> str:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


@dataclass(frozen=True)
class Binary:
    """What readelf and objdump tell of one program."""

    headers: str
    dynamic: str
    symbols: str
    units: list[str]  # the compiler and its flags, of each compile unit
    main: str  # disassembled

    @classmethod
    def read(cls, path: Path) -> "Binary":
        """Read it from the file."""
        return cls(
            _output("readelf", "-hlW", path),
            _output("readelf", "-dW", path),
            _output("readelf", "--dyn-syms", "-W", path),
            re.findall(
                r"DW_AT_producer.*?: ([^:]*)$",
                _output("readelf", "--debug-dump=info", "--dwarf-depth=1", "-W", path),
                re.MULTILINE,
            ),
            _output("objdump", "-d", "--disassemble=main", path),
        )


def _is_pie(binary: Binary) -> bool:
    return bool(re.search(r"Type:\s+DYN", binary.headers) and re.search(r"FLAGS_1.*\bPIE\b", binary.dynamic))


def _is_stack_data(binary: Binary) -> bool:
    return bool(re.search(r"GNU_STACK\s.*\sRW\s", binary.headers))


def _has_no_writable_code(binary: Binary) -> bool:
    return bool(re.search(r"LOAD\s.*\sR E\s", binary.headers)) and not re.search(r"LOAD\s.*\sRWE\s", binary.headers)


def _is_relocated_at_start(binary: Binary) -> bool:
    return "GNU_RELRO" in binary.headers and bool(re.search(r"FLAGS_1.*\bNOW\b", binary.dynamic))


def _has_canaries(binary: Binary) -> bool:
    return "__stack_chk_fail" in binary.symbols


def _calls_are_fortified(binary: Binary) -> bool:
    return all(f"__{name}_chk" in binary.symbols for name in ("memcpy", "snprintf", "vsnprintf"))


def _searches_no_odd_place(binary: Binary) -> bool:
    return "RPATH" not in binary.dynamic and "RUNPATH" not in binary.dynamic and "TEXTREL" not in binary.dynamic


def _has_landing_pads(binary: Binary) -> bool:
    pad = _LANDING_PAD.get(platform.machine())
    return pad is None or bool(re.search(rf"<main>:\n[^\n]*\t(?:{pad})", binary.main))


def _units_have_all_flags(binary: Binary) -> bool:
    wanted = [*_UNIT_FLAGS, *filter(None, [_BRANCH_FLAG.get(platform.machine())])]
    by_gcc = [unit.split() for unit in binary.units if unit.startswith("GNU C")]
    others = len(binary.units) - len(by_gcc)  # clang does not write its flags down
    return bool(binary.units) and others in (0, len(binary.units)) and all(
        flag in unit for unit in by_gcc for flag in wanted
    )  # fmt: skip


MARKS: dict[str, Callable[[Binary], bool]] = {
    "position-independent (-fPIE -pie)": _is_pie,
    "stack not executable (-z noexecstack)": _is_stack_data,
    "no segment writable and executable": _has_no_writable_code,
    "full RELRO (-z relro,-z now)": _is_relocated_at_start,
    "stack canaries (-fstack-protector-strong)": _has_canaries,
    "fortified calls (-D_FORTIFY_SOURCE=3)": _calls_are_fortified,
    "no RPATH, RUNPATH or TEXTREL": _searches_no_odd_place,
    "landing pads for indirect branches": _has_landing_pads,
    "every compile unit has all flags": _units_have_all_flags,
}


def check_binaries(tally: Tally, variant: Variant) -> None:
    """Every mark on every program of this variant that is built."""
    for path in (variant.path / "bin" / name for name in PROGRAMS):
        if not path.exists():
            continue
        began = time.monotonic()
        binary = Binary.read(path)
        missing = [name for name, holds in MARKS.items() if not holds(binary)]
        problem = "\n".join(f"not so: {name}" for name in missing)
        tally.check(f"hardened: {path.name}", problem, time.monotonic() - began)
