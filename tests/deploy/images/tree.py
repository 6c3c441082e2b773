"""Running commands inside a file tree: as the steps of a build do, and as a container does."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BUILD = """
mount --make-rprivate /
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/tmp"
cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
exec chroot "$ROOT" /usr/bin/env -i PATH="$INNER_PATH" DEBIAN_FRONTEND=noninteractive /bin/sh -c "cd $DIRECTORY; $1"
"""
# Shells are hidden, the root is read-only, the user is nobody, and nothing can be gained.
_CONTAINER = """
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
for device in null urandom; do
    touch "$ROOT/dev/$device"
    mount --bind "/dev/$device" "$ROOT/dev/$device"
done
for folder in $WRITABLE; do
    mount -t tmpfs tmpfs "$ROOT$folder"
done
for volume in $VOLUMES; do
    mkdir -p "$ROOT${volume#*:}"
    mount --bind "${volume%%:*}" "$ROOT${volume#*:}"
done
for shell in dash bash; do
    mount --bind /dev/null "$ROOT/usr/bin/$shell"
done
mount -o remount,bind,ro "$ROOT"
exec chroot "$ROOT" /usr/bin/setpriv --reuid 65532 --regid 65532 --clear-groups \
    --no-new-privs --bounding-set=-all --inh-caps=-all -- /usr/bin/env -i PATH="$INNER_PATH" "$@"
"""
_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL")


def step_command(root: Path, script: str, directory: str) -> list[str]:
    """The command that runs a script by root's shell in the tree, with the network."""
    settings = {"PATH": _PATH, "INNER_PATH": _PATH, "ROOT": str(root), "DIRECTORY": shlex.quote(directory)}
    environment = [f"{name}={value}" for name, value in settings.items()]
    return ["/usr/bin/env", "-i", *environment, *_NAMESPACES, "/bin/sh", "-euc", _BUILD, "step", script]


def build_step(root: Path, script: str, directory: str) -> None:
    """RUN: root's shell in the tree, with the network. An AssertionError with all it said when it fails."""
    done = subprocess.run(
        step_command(root, script, directory),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"RUN {script}\nended with {done.returncode}:\n{done.stdout[-6000:]}"


def container(
    root: Path, environment: Mapping[str, str], writable: Sequence[str] = (), volumes: Mapping[str, Path] | None = None
) -> tuple[list[str], dict[str, str]]:
    """The command that what runs in the container is put behind, and its environment. It shares this
    machine's network. Its first process has pid 1, as in a container. volumes: path inside → folder here."""
    settings = [f"{name}={value}" for name, value in environment.items()]
    command = [*_NAMESPACES, "/bin/sh", "-euc", _CONTAINER, "container", *settings]
    mounts = " ".join(f"{folder}:{path}" for path, folder in (volumes or {}).items())
    return command, {
        "PATH": _PATH, "INNER_PATH": _PATH, "ROOT": str(root), "WRITABLE": " ".join(writable), "VOLUMES": mounts,
    }  # fmt: skip
