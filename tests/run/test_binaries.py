"""Goal: each mark of a hardened program is found where it is, and missed where a flag is left out."""

import os
import platform
import subprocess
from pathlib import Path

import pytest

from tests.run.binaries import MARKS, Binary

_SOURCE = r"""
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(const char *format, ...)
{
    char text[64];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, (size_t)atoi(format), format, arguments);
    va_end(arguments);
    puts(text);
}

#ifdef WRITABLE_CODE
__attribute__((section(".odd,\"awx\",@progbits#"))) int odd(void)
{
    return 1;
}
#endif

int main(int argc, char **argv)
{
    char text[32];
    size_t len = strlen(argv[argc - 1]);

    memcpy(text, argv[0], len);
    snprintf(text + 1, len, "%s", argv[argc - 1]);
    say(text, argc);
    return text[0];
}
"""
_MACHINE = {"x86_64": ["-fcf-protection=full"], "aarch64": ["-mbranch-protection=standard"]}.get(platform.machine(), [])
_COMPILE = [
    "-g", "-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3", "-fPIE", "-fstack-protector-strong", "-fstack-clash-protection",
    "-fno-delete-null-pointer-checks", "-fno-strict-overflow", "-fno-strict-aliasing", "-ftrivial-auto-var-init=zero",
    *_MACHINE,
]  # fmt: skip
_LINK = ["-pie", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"]
_ALL_FLAGS = "every compile unit has all flags"


def missing(folder: Path, without: str = "", more: str = "") -> set[str]:
    """The marks that a small program lacks when one flag is left out or another one comes last."""
    source, program = folder / "small.c", folder / "small"
    source.write_text(_SOURCE)
    flags = [flag for flag in (*_COMPILE, *_LINK) if flag != without]
    # Flags by themselves: a distribution's gcc may have some of them built in.
    subprocess.run(
        [os.environ.get("CC", "gcc"), *flags, *filter(None, [more]), "-w", "-o", program, source], check=True
    )
    binary = Binary.read(program)
    return {name for name, holds in MARKS.items() if not holds(binary)}


def test_all_marks_are_found(tmp_path: Path) -> None:
    assert missing(tmp_path) == set()


@pytest.mark.parametrize(
    "without, more, mark",
    [
        ("-pie", "-no-pie", "position-independent (-fPIE -pie)"),
        ("", "-Wl,-z,execstack", "stack not executable (-z noexecstack)"),
        ("", "-DWRITABLE_CODE", "no segment writable and executable"),
        ("", "-Wl,-z,lazy", "full RELRO (-z relro,-z now)"),
        ("", "-Wl,-z,norelro", "full RELRO (-z relro,-z now)"),
        ("", "-fno-stack-protector", "stack canaries (-fstack-protector-strong)"),
        ("-D_FORTIFY_SOURCE=3", "", "fortified calls (-D_FORTIFY_SOURCE=3)"),
        ("", "-Wl,-rpath,/nowhere", "no RPATH, RUNPATH or TEXTREL"),
        ("-ftrivial-auto-var-init=zero", "", _ALL_FLAGS),
        ("-fno-strict-aliasing", "", _ALL_FLAGS),
        ("", "-fstrict-overflow", _ALL_FLAGS),
        ("-fstack-clash-protection", "-fno-stack-clash-protection", _ALL_FLAGS),
        ("-g", "-g0", _ALL_FLAGS),
        *([(_MACHINE[0], _MACHINE[0].partition("=")[0] + "=none", "landing pads for indirect branches")] if _MACHINE else []),
    ],
)  # fmt: skip
def test_a_flag_left_out_is_missed(tmp_path: Path, without: str, more: str, mark: str) -> None:
    lacking = missing(tmp_path, without, more)
    print(f"without {without or '-'}, with {more or '-'}: {sorted(lacking)}")
    assert mark in lacking
