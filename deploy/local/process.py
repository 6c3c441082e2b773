"""One background process: started detached, known by its pid file, ended only if it is still the same one."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.condition import wait_until
from deploy.local.errors import LocalError

LOG_BYTES_KEPT = 64 << 20
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ProcessIdentity:
    """A pid together with what tells it from a later process with the same pid."""

    pid: int
    start_ticks: int
    boot_id: str
    command: tuple[str, ...]


def _stat(pid: int) -> tuple[str, int] | None:
    """State letter and start time in ticks since boot; None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[19])


def _is_corpse(pid: int, state: str) -> bool:
    """True for a zombie. A zombie that still has other threads holds its ports and files: not dead yet."""
    if state not in "ZX":
        return False
    try:
        return len(os.listdir(f"/proc/{pid}/task")) <= 1
    except FileNotFoundError:
        return True


class Process:
    """A named process of one world. Its pid file is <data_dir>/pids/<name>.json, its log
    <data_dir>/logs/<name>.log. Objects may be made anew at any time: the pid file is the state."""

    def __init__(self, data_dir: Path, name: str) -> None:
        self.name = name
        self.pid_file = data_dir / "pids" / f"{name}.json"
        self.log_file = data_dir / "logs" / f"{name}.log"
        self._child: subprocess.Popen[bytes] | None = None

    def start(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        """Start command in a session of its own, output appended to the log. environment is added to
        this process's. Raises LocalError when it is already running or cannot be executed."""
        if self.alive():
            raise LocalError(f"{self.name} is already running (pid {self.pid()})")
        arguments = [str(word) for word in command]
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self._rotate_log()
        with self.log_file.open("ab") as log:
            try:
                self._child = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd=directory,
                    env={**os.environ, **(environment or {})},
                )
            except OSError as error:
                raise LocalError(f"cannot start {self.name}: {arguments[0]}: {error.strerror}") from error
        self._remember(self._child.pid, arguments)

    def pid(self) -> int | None:
        """The pid while it runs, else None."""
        identity = self.identity()
        return identity.pid if identity and self._is_running(identity) else None

    def alive(self) -> bool:
        """True while the process that start() made runs; a zombie or a reused pid is not alive."""
        return self.pid() is not None

    def state(self) -> str:
        """'running', 'paused' or 'down'."""
        pid = self.pid()
        stat = _stat(pid) if pid else None
        if stat is None:
            return "down"
        return "paused" if stat[0] in "Tt" else "running"

    def uptime(self) -> float | None:
        """Seconds since its start, None when it is down."""
        identity = self.identity()
        if identity is None or not self._is_running(identity):
            return None
        return time.clock_gettime(time.CLOCK_BOOTTIME) - identity.start_ticks / _TICKS_PER_SECOND

    def exit_code(self) -> int | None:
        """Exit status (negative: signal) of a process this object started and that has ended."""
        return self._child.poll() if self._child else None

    def send(self, number: int) -> bool:
        """Signal it; False when it is not running (any more)."""
        pid = self.pid()
        if pid is None:
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def stop(self, seconds: float = 20) -> bool:
        """SIGTERM, and SIGKILL after the time; the pid file goes too. True if SIGTERM was enough."""
        gentle = True
        if self.send(signal.SIGTERM):
            self.send(signal.SIGCONT)
            gentle = self.wait_exit(seconds)
            if not gentle:
                self.kill9()
        self.pid_file.unlink(missing_ok=True)
        return gentle

    def kill9(self) -> None:
        """SIGKILL and wait until it is gone. The pid file stays, as after a crash."""
        self.send(signal.SIGKILL)
        if not self.wait_exit(10):
            raise LocalError(f"{self.name} (pid {self.pid()}) does not end even by SIGKILL")

    def pause(self) -> None:
        """SIGSTOP it; returns when it stands still."""
        self.send(signal.SIGSTOP)
        wait_until(lambda: self.state() != "running", 5)

    def resume(self) -> None:
        """SIGCONT it."""
        self.send(signal.SIGCONT)

    def wait_exit(self, seconds: float) -> bool:
        """Wait until it is not running; False if it still is after the time."""
        return wait_until(lambda: not self.alive(), seconds)

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until ready() holds. Raises LocalError with the end of the log when the process dies
        before that or the time is over (it is left running then)."""
        # Asked once: a worker is ready, and the next moment its group hands partitions around.
        came = wait_until(lambda: not self.alive() or ready(), seconds)
        if not self.alive():
            code = self.exit_code()
            raise LocalError(
                f"{self.name} ended while starting"
                + (f" (exit status {code})" if code is not None else "")
                + f"; the end of {self.log_file}:\n{self.log_tail()}"
            )
        if not came:
            raise LocalError(
                f"{self.name} is not ready after {seconds:.0f} s; the end of {self.log_file}:\n{self.log_tail()}"
            )

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of its log, indented."""
        try:
            with self.log_file.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 16384))
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            text = "(no log)"
        return "\n".join("    " + line for line in text.splitlines()[-lines:])

    def identity(self) -> ProcessIdentity | None:
        """What the pid file says, whether or not it still runs."""
        try:
            record = json.loads(self.pid_file.read_text())
            return ProcessIdentity(record["pid"], record["startTicks"], record["bootId"], tuple(record["command"]))
        except (FileNotFoundError, ValueError, KeyError):
            return None

    def _is_running(self, identity: ProcessIdentity) -> bool:
        if self._child is not None and self._child.pid == identity.pid:
            return self._child.poll() is None
        stat = _stat(identity.pid)
        return (
            stat is not None
            and not _is_corpse(identity.pid, stat[0])
            and stat[1] == identity.start_ticks
            and _BOOT_ID.read_text().strip() == identity.boot_id
        )

    def _remember(self, pid: int, command: list[str]) -> None:
        stat = _stat(pid)
        record = {
            "pid": pid,
            "startTicks": stat[1] if stat else 0,
            "bootId": _BOOT_ID.read_text().strip(),
            "command": command,
        }
        fresh = self.pid_file.with_suffix(".new")
        fresh.write_text(json.dumps(record))
        fresh.replace(self.pid_file)

    def _rotate_log(self) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_BYTES_KEPT:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
