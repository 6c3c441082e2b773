"""File trees of other releases: a bare system by debootstrap, packages put into it, and programs of it run from here."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.paths import BUILD
from tests.compat.unavailable import Unavailable
from tests.deploy.images import debian
from tests.deploy.images.tree import build_step

FOLDER = BUILD / "compat"
_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_LOADER = "lib64/ld-linux-x86-64.so.2"
_SERVER_PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb", "mysqld", "mysql", "mysqldump", "mysqlbinlog")
_INSTALLERS_PROGRAMS = ("my_print_defaults", "resolveip")  # mariadb-install-db runs them, and the server
# A mirror may lag behind the dates of a suite that moves; what is tried here is not what is run.
_UPDATE = "apt-get -o Acquire::Check-Valid-Until=false update"
_INSTALL = "apt-get install -y --no-install-recommends"


@dataclass(frozen=True)
class Release:
    """A suite of Debian's archive, or of another one, whose keys a package of Debian 13 has."""

    suite: str
    archive: str = ""  # Debian's, from the mirror that apt here uses
    keyring: str = ""
    components: str = "main"


DEBIAN_13 = Release("trixie")
DEBIAN_SID = Release("sid")
UBUNTU_24_04 = Release(
    "noble", "http://archive.ubuntu.com/ubuntu", "usr/share/keyrings/ubuntu-archive-keyring.gpg", "main,universe"
)


def tree(name: str, release: Release, packages: Sequence[str]) -> Path:
    """The release with these packages, under build/compat; made unless it is there. Raises Unavailable."""
    if os.geteuid() != 0:
        raise Unavailable("needs root for chroot")
    root = FOLDER / name
    if root.exists():
        return root
    fresh = FOLDER / f"{name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", _base(release), fresh], check=True)
    try:
        build_step(fresh, f"{_UPDATE} && {_INSTALL} {' '.join(packages)}", "/")
    except AssertionError as error:
        raise Unavailable(f"{' '.join(packages)} can't be installed in {release.suite}: {_reason(str(error))}") from None
    fresh.rename(root)
    return root


def server_folder(root: Path, folder: Path) -> Path:
    """A folder with the database programs of a tree, each a script that runs it with the tree's own libraries."""
    base = folder / "base"
    shutil.rmtree(folder, ignore_errors=True)
    for made in (folder, base / "bin", base / "sbin"):
        made.mkdir(parents=True, exist_ok=True)
    for shared in ("lib", "share"):
        (base / shared).symlink_to(root / "usr" / shared)
    for name in (*_SERVER_PROGRAMS, *_INSTALLERS_PROGRAMS):
        found = [place for place in (root / "usr/sbin" / name, root / "usr/bin" / name) if place.exists()]
        if found:
            script = folder / name
            script.write_text(_script(root, found[0], base))
            script.chmod(0o755)
            (base / found[0].parent.name / name).symlink_to(script)
    return folder


def _script(root: Path, program: Path, base: Path) -> str:
    # The first argument says where options come from, and must stay the first.
    if program.read_bytes()[:2] == b"#!":
        return f'#!/bin/sh\nfirst=$1\nshift\nexec {program} "$first" --basedir={base} "$@"\n'
    loaded = f"{root}/{_LOADER} --library-path {root}/{_LIBRARIES} {program}"
    if program.name not in ("mariadbd", "mysqld"):
        return f'#!/bin/sh\nexec {loaded} "$@"\n'
    places = f"--basedir={base} --plugin-dir={root}/usr/lib/mysql/plugin"
    return f'#!/bin/sh\nfirst=$1\nshift\nexec {loaded} "$first" {places} "$@"\n'


def _base(release: Release) -> Path:
    if not release.archive:
        return debian.base(release.suite)
    place, fresh = debian.base_folder(release.suite), debian.base_folder(f"{release.suite}.new")
    if place.exists():
        return place
    keyring = tree("keyrings", DEBIAN_13, ["ubuntu-keyring"]) / release.keyring
    shutil.rmtree(fresh, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--keyring={keyring}", f"--components={release.components}",
               release.suite, fresh, release.archive, "gutsy"]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"debootstrap of {release.suite} failed: {_reason(done.stdout)}")
    fresh.rename(place)
    return place


def _reason(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith(("E:", "W:"))]
    return lines[-1] if lines else text.strip()[-200:]
