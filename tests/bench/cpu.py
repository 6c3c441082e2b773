"""What a process has used, and what others have, from /proc."""

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of the process since its start."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def peak_mebibytes(pid: int) -> float:
    """The most memory that was resident at once."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found.group(1)) / 1024 if found else 0.0


class Disturbance:
    """How much of the machine others take from its making on. Own are this process, its children that
    have ended, and the given processes, which live on."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._began = time.monotonic()
        self._busy = _busy_seconds()
        self._own = _own_seconds(pids)

    def share(self) -> float:
        """0: none; 1: one whole processor."""
        busy = _busy_seconds() - self._busy
        own = _own_seconds(self._pids) - self._own
        return max(0.0, busy - own) / (time.monotonic() - self._began)


def _busy_seconds() -> float:
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / _TICKS_PER_SECOND  # all but idle and iowait


def _own_seconds(pids: Sequence[int]) -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system + sum(map(cpu_seconds, pids))
