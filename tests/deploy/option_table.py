"""The settings of a program, as its --help tells them: the one list of names that there is."""

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deploy.local.paths import BIN

_FACTS = re.compile(r"\(([^()]*)\)\s*\Z")
_VARIABLE = re.compile(r"COUPON_[A-Z0-9_]+")


@dataclass(frozen=True)
class Setting:
    """One option. variables: its environment variables; a secret has two."""

    flag: str
    variables: tuple[str, ...]
    required: bool
    default: str | None


@cache
def settings(program: str, *command: str, bin_dir: Path = BIN) -> tuple[Setting, ...]:
    """All settings of build/bin/program (of a sub-command of it)."""
    help_text = subprocess.run([bin_dir / program, *command, "--help"], capture_output=True, text=True, check=True).stdout
    found = []
    for entry in re.split(r"^  (?=--)", help_text, flags=re.MULTILINE)[1:]:
        text = " ".join(entry.split("\n\n")[0].split())
        facts = match[1] if (match := _FACTS.search(text)) else ""
        default = re.search(r"\bdefault ([^;]*)(?:;|\Z)", facts)
        found.append(Setting(
            flag=re.match(r"--[a-z0-9-]+", text)[0],
            variables=tuple(_VARIABLE.findall(facts)),
            required=facts.startswith("required"),
            default=default[1] if default else None,
        ))  # fmt: skip
    assert len(found) > 3, f"{program} --help is not as it was:\n{help_text}"
    return tuple(found)


def variables(program: str, *command: str) -> dict[str, Setting]:
    """Environment variable → setting."""
    return {name: setting for setting in settings(program, *command) for name in setting.variables}


def missing_settings(program: str, *command: str, given: set[str]) -> list[str]:
    """Flags of required settings that no given variable sets."""
    return [
        setting.flag for setting in settings(program, *command)
        if setting.required and not given.intersection(setting.variables)
    ]  # fmt: skip
