"""Building a Dockerfile's stages step by step."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.paths import REPOSITORY
from tests.deploy import dockerfile
from tests.deploy.dockerfile import Instruction, Stage
from tests.deploy.images import debian
from tests.deploy.images.tree import build_step

_NOT_COPIED = shutil.ignore_patterns("__pycache__")


@dataclass
class Image:
    """What came out of a stage."""

    root: Path
    directory: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    entry: list[str] = field(default_factory=list)
    probe: list[str] = field(default_factory=list)
    user: str = ""


class Builder:
    """Stages of one Dockerfile on one release of Debian, each built once."""

    def __init__(self, path: Path, suite: str) -> None:
        self._suite = suite
        self._stages = dockerfile.read(path, DEBIAN=suite)
        self._made: dict[str, Image] = {}

    def image(self, name: str) -> Image:
        """The stage's image, built now unless it was."""
        if name not in self._made:
            self._made[name] = self._build(self._stages[name])
        return self._made[name]

    def _build(self, stage: Stage) -> Image:
        image = Image(debian.stage_folder(self._suite, stage.name))
        if stage.base in self._stages:
            parent = self.image(stage.base)
            image.directory, image.user = parent.directory, parent.user
            image.environment = dict(parent.environment)
            tree = parent.root
        else:
            assert stage.base == f"debian:{self._suite}-slim"
            tree = debian.base(self._suite)
        shutil.rmtree(image.root, ignore_errors=True)
        shutil.copytree(tree, image.root, symlinks=True, ignore=lambda folder, names: self._devices(Path(folder), tree))
        for folder in ("dev", "proc", "sys"):
            (image.root / folder).mkdir(exist_ok=True)
        for instruction in stage.instructions:
            self._step(image, instruction)
        return image

    @staticmethod
    def _devices(folder: Path, tree: Path) -> list[str]:
        return ["dev", "proc", "sys"] if folder == tree else []

    def _step(self, image: Image, instruction: Instruction) -> None:
        match instruction.name:
            case "RUN":
                build_step(image.root, instruction.text, image.directory)
            case "COPY":
                self._copy(image, instruction.text.split())
            case "WORKDIR":
                image.directory = instruction.text
                (image.root / image.directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "ENV":
                image.environment.update(pair.split("=", 1) for pair in instruction.text.split())
            case "USER":
                image.user = instruction.text
            case "ENTRYPOINT":
                image.entry = instruction.exec_form()
            case "HEALTHCHECK":
                image.probe = instruction.exec_form()
            case "LABEL" | "EXPOSE":
                pass
            case _:
                raise AssertionError(f"line {instruction.line}: {instruction.name} can't be run here")

    def _copy(self, image: Image, words: list[str]) -> None:
        source = REPOSITORY
        if words[0].startswith("--from="):
            source = self.image(words.pop(0).removeprefix("--from=")).root
        *names, target = words
        place = image.root / (target if target.startswith("/") else f"{image.directory}/{target}").lstrip("/")
        for name in names:
            path = source / name.lstrip("/")
            if path.is_dir():
                shutil.copytree(path, place, dirs_exist_ok=True, symlinks=True, ignore=_NOT_COPIED)
            elif target.endswith("/"):
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place / path.name)
            else:
                shutil.copy2(path, place)
