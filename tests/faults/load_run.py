"""A load as a process of its own, and how far it is, read from its ledger."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local.condition import wait_until
from deploy.local.paths import REPOSITORY
from tests.support.ledger import Account, read_account

_SECONDS_TO_KILL = 10
_SECONDS_TO_WAIT = 60
_SLOWEST_RATE = 10  # answers a second of a busy machine


class LoadRun:
    """python3 -m tests.faults.load in the background."""

    def __init__(self, ledger: Path, gateways: Sequence[str], coupons: Sequence[int], seed: int, rate: float,
                 keyed: float = 0.7, polled: float = 0.8, patience: float = 100, seconds: float = 7200) -> None:  # fmt: skip
        self.ledger = ledger
        ledger.parent.mkdir(parents=True, exist_ok=True)
        ledger.unlink(missing_ok=True)
        ledger.touch()
        self._read = ledger.open(encoding="utf-8")
        self._rest = ""
        self._counts = {"sent": 0, "accepted": 0, "refused": 0, "unknown": 0, "result": 0}
        self._log = ledger.with_suffix(".log").open("wb")
        command = [sys.executable, "-m", "tests.faults.load", "--ledger", ledger, "--seed", seed, "--rate", rate]
        command += ["--keyed", keyed, "--polled", polled, "--patience", patience, "--seconds", seconds]
        command += [word for gateway in gateways for word in ("--gateway", gateway)]
        command += [word for coupon in coupons for word in ("--coupon", coupon)]
        self._process = subprocess.Popen(
            [str(word) for word in command], cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def counts(self) -> dict[str, int]:
        """How many lines of each kind the ledger has: sent, accepted, refused, unknown, result (shown by a poll)."""
        lines = (self._rest + self._read.read()).split("\n")
        self._rest = lines.pop()
        for line in map(json.loads, lines):
            kind = "sent" if "sent" in line else line["answer"] if "told" in line else "result" if "result" in line else None
            if kind:
                self._counts[kind] += 1
        return dict(self._counts)

    def wait_for(self, kind: str, more: int, seconds: float | None = None) -> None:
        """Wait until that many more of a kind (see counts) are there: a minute, and longer for very many. Raises
        AssertionError."""
        seconds = max(_SECONDS_TO_WAIT, more / _SLOWEST_RATE) if seconds is None else seconds
        goal = self.counts()[kind] + more
        if not wait_until(lambda: self.counts()[kind] >= goal or not self.running(), seconds):
            seen = self.counts()[kind] - goal + more
            raise AssertionError(f"{more} more {kind} within {seconds:.0f} s, seen {seen}")
        if not self.running():
            raise AssertionError(f"the load ended by itself: {self._log_tail()}")

    def account(self) -> Account:
        """What the ledger says so far."""
        return read_account(self.ledger)

    def running(self) -> bool:
        """True until it has followed everything to its end."""
        return self._process.poll() is None

    def finish(self, seconds: float) -> str | None:
        """Send nothing new, wait until all has its end; None, or what went wrong."""
        if self.running():
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"clients of the load were not served to the end within {seconds:.0f} s"
        finally:
            self.kill()
        return None if code in (0, 1) else f"the load ended with {code}: {self._log_tail()}"

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self.running():
            self._process.kill()
            self._process.wait(_SECONDS_TO_KILL)
        self._log.close()

    def _log_tail(self) -> str:
        return self.ledger.with_suffix(".log").read_text(errors="replace")[-1000:]
