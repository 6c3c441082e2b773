"""Goal: the Dockerfile is one that Docker takes, its images run without root, and it installs what the build needs."""

import fnmatch
import re
from pathlib import Path

import pytest

from deploy.local.paths import REPOSITORY
from tests.deploy import dockerfile
from tests.deploy.dockerfile import Stage
from tests.deploy.option_table import settings, variables
from tests.deploy.tools import node_tool, run

DOCKERFILE = REPOSITORY / "deploy" / "images" / "Dockerfile"
PROGRAMS = ("api-gateway", "issue-worker", "expiry-batch")
_FOR_TESTS_ONLY = {"libcmocka-dev"}


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    """The Dockerfile's."""
    return dockerfile.read(DOCKERFILE)


def lineage(stages: dict[str, Stage], name: str) -> list[Stage]:
    """The stage and those that it is made from, the first one last."""
    found = [stages[name]]
    while found[-1].base in stages:
        found.append(stages[found[-1].base])
    return found


def test_the_linter_has_nothing_to_say(tmp_path: Path) -> None:
    linter = node_tool("dockerfile-utils")
    assert run([linter, "lint", DOCKERFILE]) == ""
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian:bookworm-slim\nRUNN true\n")
    with pytest.raises(AssertionError, match="Unknown instruction"):
        run([linter, "lint", bad])


@pytest.mark.parametrize("program", [*PROGRAMS, "schema"])
def test_an_image_is_not_root_and_needs_no_shell(stages: dict[str, Stage], program: str) -> None:
    family = lineage(stages, program)
    assert family[-1].base == "debian:bookworm-slim"
    users = [instruction.text for stage in family for instruction in reversed(stage.all("USER"))]
    assert users[0] == "65532:65532"
    (entry,) = stages[program].all("ENTRYPOINT")
    assert entry.exec_form()[0].startswith("/")
    assert not [stage.name for stage in family if stage.name == "build"], "a compiler in the image"


@pytest.mark.parametrize("program", PROGRAMS)
def test_settings_of_an_image_exist(stages: dict[str, Stage], program: str) -> None:
    known = variables(program)
    given = dict(pair.split("=", 1) for line in stages[program].all("ENV") for pair in line.text.split())
    assert not given.keys() - known.keys()
    ports = {value.rpartition(":")[2] for name, value in given.items() if name.endswith("LISTEN")}
    exposed = {port for line in stages[program].all("EXPOSE") for port in line.text.split()}
    assert ports == exposed
    listeners = {setting.variables[0] for setting in settings(program) if setting.flag.endswith("listen")}
    assert listeners <= given.keys(), "listens on loopback only, where nobody reaches it"


@pytest.mark.parametrize("program", ["api-gateway", "issue-worker"])
def test_a_probe_is_the_programs_own(stages: dict[str, Stage], program: str) -> None:
    (check,) = stages[program].all("HEALTHCHECK")
    (entry,) = stages[program].all("ENTRYPOINT")
    assert check.exec_form() == [*entry.exec_form(), "probe"]


def test_libraries_of_the_build_are_those_of_setup(stages: dict[str, Stage]) -> None:
    wanted = set(re.findall(r"\blib[a-z0-9+-]+-dev\b|\buthash-dev\b|\bdefault-libmysqlclient-dev\b",
                            (REPOSITORY / "deploy" / "setup.sh").read_text().partition("PACKAGES=(")[2].partition(")")[0]))  # fmt: skip
    (install,) = [line for line in stages["build"].all("RUN") if "apt-get install" in line.text]
    assert wanted - _FOR_TESTS_ONLY <= set(install.text.split())
    assert len(wanted) > 5


def test_the_context_has_all_that_is_copied_and_no_more(stages: dict[str, Stage]) -> None:
    rules = (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text().split()
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = set()
    for stage in stages.values():
        for line in stage.all("COPY"):
            words = line.text.split()
            if not words[0].startswith("--from="):
                copied.update(word.rstrip("/") for word in words[:-1])
    assert copied == let_in
    sources = {part for name in ("Makefile", *(p.parent.name for p in REPOSITORY.glob("*/main.c"))) for part in [name]}
    assert sources | {"common"} <= copied
    assert not [name for name in copied if any(fnmatch.fnmatch(name, rule) for rule in ("build", ".git", "tests"))]
