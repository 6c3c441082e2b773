"""TCP ports on loopback: free or not, and whose."""

import errno
import os
import socket
from pathlib import Path

from deploy.local.condition import wait_until
from deploy.local.errors import LocalError

_SECONDS_TO_LINGER = 1


def is_free(port: int) -> bool:
    """True if a server could listen on 127.0.0.1:port, also one that does not share its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def require_free(port: int, user: str) -> None:
    """Raise LocalError naming the port, the process that has it (if it can be found) and user, the
    server that wants it."""
    if not wait_until(lambda: is_free(port), _SECONDS_TO_LINGER):
        holder = _holder(port) or "another process"
        raise LocalError(
            f"port {port} for {user} is taken by {holder}; it was left alone. End it, or choose other ports."
        )


def _holder(port: int) -> str | None:
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _holds(entry, sockets):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            return f"pid {entry.name} ({b' '.join(words).decode(errors='replace').strip()[:80]})"
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == "0A":
                inodes.add(fields[9])
    return inodes


def _holds(process: Path, sockets: set[str]) -> bool:
    try:
        return any(os.readlink(link) in sockets for link in (process / "fd").iterdir())
    except OSError:
        return False
