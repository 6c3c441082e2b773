"""Bare Debian systems as folders, made once by debootstrap from the mirror that this machine's apt uses."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local.paths import BUILD
from tests.deploy.tools import debian_tool
from tests.support.requirement import missing

_FOLDER = BUILD / "images"


def mirror() -> str:
    """Address of the Debian archive that apt is set up with."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for line in listed.stdout.splitlines():
        origin, label, address = line.split("|")
        if (origin, label) == ("Debian", "Debian"):
            return address
    missing("a mirror of Debian", "apt of this machine has none")


def base_folder(suite: str) -> Path:
    """Where a bare system goes."""
    return _FOLDER / f"base-{suite}"


def base(suite: str) -> Path:
    """The file tree that stands for the image debian:SUITE-slim; not to be changed."""
    if os.geteuid() != 0:
        pytest.skip("needs root for chroot")
    debootstrap = debian_tool("debootstrap")
    tree, fresh = base_folder(suite), base_folder(f"{suite}.new")
    if not tree.exists():
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.parent.mkdir(parents=True, exist_ok=True)
        command = [debootstrap, "--variant=minbase", suite, fresh, mirror()]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, f"debootstrap failed:\n{done.stdout[-4000:]}"
        fresh.rename(tree)
    return tree


def stage_folder(suite: str, name: str) -> Path:
    """Where the file tree of a stage goes."""
    return _FOLDER / suite / name
