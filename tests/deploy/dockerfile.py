"""Reading a Dockerfile: stages of instructions. What the project's own does not use is refused, not guessed."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

_KNOWN = {"FROM", "ARG", "ENV", "RUN", "COPY", "WORKDIR", "USER", "LABEL", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT"}


@dataclass(frozen=True)
class Instruction:
    """One, with its continuation lines joined by a blank."""

    name: str
    text: str
    line: int

    def exec_form(self) -> list[str]:
        """The command of ENTRYPOINT or of HEALTHCHECK CMD, which must be in exec form."""
        text = self.text.partition(" CMD ")[2] if self.name == "HEALTHCHECK" else self.text
        command = json.loads(text)
        assert isinstance(command, list) and all(isinstance(word, str) for word in command), self
        return command


@dataclass
class Stage:
    """FROM base AS name, and what follows."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        """Its instructions of this name."""
        return [instruction for instruction in self.instructions if instruction.name == name]


def read(path: Path, **build_arguments: str) -> dict[str, Stage]:
    """The stages by name in their order. build_arguments: as with --build-arg."""
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for instruction in _instructions(path.read_text()):
        assert instruction.name in _KNOWN, f"{path}:{instruction.line}: {instruction.name} is not known here"
        if instruction.name == "FROM":
            match = re.fullmatch(r"(\S+) AS (\S+)", instruction.text)
            assert match, f"{path}:{instruction.line}: a stage without a name"
            base = match[1]
            for name, value in arguments.items():
                base = base.replace("${" + name + "}", value)
            stage = stages[match[2]] = Stage(match[2], base)
        elif stage is None:
            assert instruction.name == "ARG", f"{path}:{instruction.line}: {instruction.name} before FROM"
            name, _, value = instruction.text.partition("=")
            arguments[name] = build_arguments.get(name, value)
        else:
            stage.instructions.append(instruction)
    assert not build_arguments.keys() - arguments.keys()
    return stages


def _instructions(text: str) -> list[Instruction]:
    found = []
    pending, begun = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not pending and (not line.strip() or line.startswith("#")):
            continue
        begun = begun if pending else number
        pending += line
        if pending.endswith("\\"):
            pending = pending[:-1].rstrip() + " "
            continue
        name, _, rest = pending.strip().partition(" ")
        found.append(Instruction(name, re.sub(r"\s{2,}", " ", rest.strip()), begun))
        pending = ""
    return found
