"""Clocks that are off, and clocks that jump. A window is decided by the time at which a gateway took the request in,
whatever the clock of a worker says; and no timer goes by such a clock."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path

from deploy.local.paths import REPOSITORY
from deploy.local.programs import Program
from tests.faults import topic_admin
from tests.faults.registry import LoadPlan, row
from tests.faults.trial import Trial
from tests.support.rest import call
from tests.support.tables import sql_time

# Every gateway is asked for the same coupon: one whose clock is off may refuse it, the other goes on.
_ONE_COUPON = LoadPlan(rate=10, stocks=(1_000_000,))
_HOUR = 3600
_DAY = 24 * _HOUR
_CLOCK_SECONDS = 30.0
_POLL_SECONDS = 5


class Clock:
    """The clock of some programs: the true one and some seconds, which can be changed while they run."""

    def __init__(self, trial: Trial, name: str, seconds: int) -> None:
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        assert libraries, "no libfaketime: run make setup"
        # libfaketime changes what timespec_get says and not how long C11's cnd_timedwait waits, both of which
        # librdkafka uses: this library waits by pthread_cond_timedwait, which libfaketime knows.
        threads = trial.directory / "c11_threads.so"
        source = REPOSITORY / "tests" / "support" / "c11_threads.c"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", threads, source], check=True)
        self._trial, self._file = trial, trial.directory / name
        self.seconds = seconds
        self._write()
        self.environment = {
            "LD_PRELOAD": f"{libraries[0]} {threads}",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            # Nobody can set the monotonic clock of a kernel.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def now_ms(self) -> int:
        """What it shows."""
        return int((time.time() + self.seconds) * 1000)

    def jump(self, seconds: int, *programs: Program) -> None:
        """Set it, and wait until these programs have seen it."""
        self.seconds = seconds
        self._write()
        for program in programs:
            self.wait_shown(program)

    def wait_shown(self, program: Program) -> None:
        """Wait until the program goes by this clock: it writes it as the Date of its answers."""

        def shown() -> bool:
            date = call("GET", f"http://127.0.0.1:{program.management_port}/livez").headers["date"]
            return abs(parsedate_to_datetime(date).timestamp() - time.time() - self.seconds) < _HOUR / 2

        self._trial.wait(shown, _CLOCK_SECONDS, f"{program.name} with its clock off by {self.seconds} s")

    def _write(self) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{self.seconds:+d}\n")
        fresh.replace(self._file)


def iso(wall_ms: int) -> str:
    """RFC 3339."""
    return sql_time(wall_ms).replace(" ", "T") + "Z"


def window(trial: Trial, middle_ms: int) -> int:
    """A coupon that is open for ten minutes around then."""
    half = 300_000
    return trial.system.new_coupon(1000, issueStartsAt=iso(middle_ms - half), issueEndsAt=iso(middle_ms + half))


def end_of(trial: Trial, coupon: int, user: int, gateway: int) -> str:
    """How a request at that gateway ends: a code or reason, or ISSUED."""
    answer = trial.ask(coupon, user, gateway)
    if answer.status != 202:
        return str(answer.code)
    result = trial.poll(answer.json["requestId"], gateway=1, wait=30).json
    return str(result["reason"] or result["status"])


def off_by(trial: Trial) -> tuple[int, ...]:
    """The shifts to be tried."""
    return (_HOUR, -_DAY) if trial.short else (_HOUR, -_HOUR, _DAY, -_DAY)


def is_preloadable(trial: Trial) -> bool:
    """A sanitizer wants to be the first library itself."""
    if trial.stage.build.folder.name not in ("asan", "tsan"):
        return True
    trial.note("not with sanitizers, which bear no library before them")
    return False


@row(25, "a worker's clock is off", load=_ONE_COUPON)
def worker_clock(trial: Trial) -> None:
    """All of them, while the gateways' is right: the windows are those of the gateways' clock."""
    if not is_preloadable(trial):
        return
    for shift in off_by(trial):
        clock = Clock(trial, "worker", shift)
        other = trial.world.make_worker(3, environment=clock.environment)
        with trial.instead(trial.world.workers, other), trial.fault():
            trial.restart(other)
            clock.wait_shown(other)
            now_ms = int(time.time() * 1000)
            inside, outside = window(trial, now_ms), window(trial, clock.now_ms())
            seen = end_of(trial, inside, 1, gateway=0)
            trial.expect(seen == "ISSUED", f"a window that is open now, worker off by {shift} s: ISSUED, seen {seen}")
            seen = [decided(trial, outside, when) for when in (now_ms, clock.now_ms())]
            wanted = ["NOT_STARTED" if shift > 0 else "ENDED", "ISSUED"]
            trial.expect(seen == wanted, f"a window of the worker's clock only, off by {shift} s: {wanted}, seen {seen}")
            trial.flow().wait_for("result", 20)


def decided(trial: Trial, coupon: int, wall_ms: int) -> str:
    """How a request that some gateway accepted at that time is decided."""
    name = f"AT-{coupon}-{wall_ms}"
    body = {"requestId": name, "couponId": coupon, "userId": wall_ms, "acceptedAt": iso(wall_ms)}
    trial.system.writer.write(str(coupon).encode(), json.dumps(body).encode())
    ends: list[str] = []

    def ended() -> bool:
        answer = trial.poll(name, gateway=1, wait=5)
        ends.append(str(answer.json.get("reason") or answer.json.get("status")))
        return answer.status == 200 and ends[-1] != "PENDING"

    trial.wait(ended, 60, f"the end of {name}")
    return ends[-1]


def is_refused(trial: Trial, shift: int) -> bool:
    """True where Kafka takes no record from so far ahead: from version 4.0 on an hour, unless it was told otherwise."""
    most = topic_admin.setting(trial.world.kafka.address, trial.system.topic, "message.timestamp.after.max.ms")
    return most is not None and shift * 1000 > int(most)


@row(25, "a gateway's clock is off", load=_ONE_COUPON)
def gateway_clock(trial: Trial) -> None:
    """One of two: what it accepts is decided by its clock, as the record says; the other one is not touched."""
    if not is_preloadable(trial):
        return
    usual = trial.world.gateways[0]
    for shift in off_by(trial):
        clock = Clock(trial, "gateway", shift)
        other = trial.world.make_gateway(0, environment=clock.environment)
        with trial.instead([usual], other), trial.fault():
            trial.restart(other)
            clock.wait_shown(other)
            here, there = window(trial, int(time.time() * 1000)), window(trial, clock.now_ms())
            refusal = "ENDED" if shift > 0 else "NOT_STARTED"
            seen = [end_of(trial, coupon, 1, gateway) for gateway in (0, 1) for coupon in (here, there)]
            accepted = "UNAVAILABLE" if is_refused(trial, shift) else "ISSUED"
            wanted = [refusal, accepted, "ISSUED", "NOT_STARTED" if shift > 0 else "ENDED"]
            trial.expect(seen == wanted, f"gateway off by {shift} s: {wanted}, seen {seen}")
            if is_refused(trial, shift):
                advised = "set this machine's clock" in trial.log_since(other.process)
                trial.expect(advised, f"the log of {other.name} says that it is the clock")
            trial.flow().wait_for("result", 20)


@row(25, "clocks jump", load=_ONE_COUPON)
def clocks_jump(trial: Trial) -> None:
    """Under load, of a gateway and of the workers: nobody waits longer for it, or is sent away earlier."""
    if not is_preloadable(trial):
        return
    clock = Clock(trial, "jumps", 0)
    gateway = trial.world.make_gateway(0, environment=clock.environment)
    worker = trial.world.make_worker(3, environment=clock.environment)
    with trial.instead([trial.world.gateways[0]], gateway), trial.instead(trial.world.workers, worker):
        trial.restart(gateway)
        trial.restart(worker)
        for shift in (*off_by(trial), 0):
            with trial.fault():
                with trial.frozen(worker):
                    name = trial.ask(trial.coupons[0], 900_000 + abs(shift), gateway=1).json["requestId"]
                    waited = poll_across_jump(trial, clock, gateway, shift, name)
                    trial.expect(
                        _POLL_SECONDS <= waited < _POLL_SECONDS + _CLOCK_SECONDS,
                        f"a poll of {_POLL_SECONDS} s across a jump to {shift:+d} s lasts so long, seen {waited:.1f} s",
                    )
                clock.wait_shown(worker)
                trial.flow().wait_for("result", 20)


def poll_across_jump(trial: Trial, clock: Clock, gateway: Program, shift: int, name: str) -> float:
    """How many seconds a long-poll lasts, in the middle of which the clock is set."""
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        poll = pool.submit(trial.poll, name, 0, _POLL_SECONDS)
        clock.jump(shift, gateway)
        answer = poll.result()
    trial.expect(answer.json["status"] == "PENDING", f"PENDING while the workers stand still, seen {answer.text}")
    return time.monotonic() - began

