"""What the kernel says about a running process."""

import os
import re
import resource
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def memory_bytes(pid: int, name: str = "VmRSS") -> int:
    """A line of /proc/PID/status: VmRSS is what is resident, VmHWM its peak, VmData what it may write to."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def open_files(pid: int) -> int:
    """How many file descriptors it has."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def limit_softly(pid: int, kind: int, value: int) -> int:
    """Set the soft limit of a resource.RLIMIT_ kind of another process; what it was."""
    soft, hard = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (value, hard))
    return soft
