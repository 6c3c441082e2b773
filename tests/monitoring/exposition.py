"""A page of metrics, as a program shows it."""

import re
import subprocess

_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? \S+\Z")
_LABEL = re.compile(r'(\w+)="(?:[^"\\\n]|\\.)*"')


def families(text: str) -> dict[str, tuple[str, set[str]]]:
    """Name → kind and the labels that its series have."""
    kinds = {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE ")}
    found: dict[str, tuple[str, set[str]]] = {name: (kind, set()) for name, kind in kinds.items()}
    for line in text.splitlines():
        match = _SAMPLE.match(line) if not line.startswith("#") else None
        if match is None:
            continue
        plain = re.sub(r"_(bucket|sum|count)$", "", match[1])
        name = plain if kinds.get(plain) == "histogram" else match[1]
        found[name][1].update(set(_LABEL.findall(match[2] or "")) - {"le"})
    return found


def lint(text: str) -> None:
    """What promtool says."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
