"""Files, memory and connections run out, because of clients that mean harm. The programs stay within bounds, good
clients are served all the while, and what dies of it dies with a word and comes back clean."""

import re
import resource
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.local.programs import Program
from tests.faults.registry import LoadPlan, row
from tests.faults.trial import Trial
from tests.support.attack import Running, attacking
from tests.support.process_figures import cpu_seconds, limit_softly, memory_bytes, open_files
from tests.support.rest import call

_GENTLE = LoadPlan(rate=20)
_MIB = 1 << 20
# The longest that anything in the way of a good client may take; starved ones wait for a deadline of ten seconds or more.
_MOST_MS = 3000.0
# Among many more attackers than places, each of which is thrown out after a second; and what a busy machine takes.
_CROWDED_MS = 8000.0
# The last is glibc's, for an assertion of a library that fails first: there is no memory for its text either.
_LAST_WORDS = r"out of memory|thread|Unexpected error\."


def pid_of(program: Program) -> int:
    """Its pid; it must run."""
    pid = program.process.pid()
    assert pid is not None, f"{program.name} is down"
    return pid


def limited(program: Program, limit: str) -> Program:
    """The same program, started under one more limit, such as --nofile=64:64."""
    program.flags = [limit, str(program.binary), *program.flags]
    program.binary = Path("/usr/bin/prlimit")
    return program


def log_mark(program: Program) -> int:
    """Where its log ends now."""
    return program.process.log_file.stat().st_size if program.process.log_file.exists() else 0


def is_sanitized(trial: Trial) -> bool:
    """True where memory and time are the sanitizer's."""
    return trial.stage.build.folder.name in ("asan", "tsan")


@contextmanager
def sane(trial: Trial, program: Program) -> Iterator[None]:
    """Around an attack: the program stays the same one, takes less than half a core, and does not flood its log."""
    mark, pid, cpu, began = log_mark(program), pid_of(program), cpu_seconds(pid_of(program)), time.monotonic()
    yield
    seconds = time.monotonic() - began
    trial.expect(program.process.pid() == pid, f"{program.name} lives through it")
    if program.process.pid() != pid:
        return
    share = (cpu_seconds(pid) - cpu) / seconds
    lines = trial.log_since(program.process, mark).count("\n")
    trial.expect(share < 0.5 or is_sanitized(trial), f"less than half a core, seen {share:.0%} for {seconds:.0f} s")
    trial.expect(lines <= 30 + 2 * seconds, f"at most {30 + 2 * seconds:.0f} lines logged, seen {lines}")
    trial.note(f"{share:.0%} of a core for {seconds:.0f} s, {lines} lines logged, {memory_bytes(pid) / _MIB:.0f} MiB")


def good_clients(trial: Trial, coupon: int, users: Sequence[int], timeout: float = 60) -> list[float]:
    """Ask for each user at gateway 0, each on a connection of its own; how many milliseconds it took, sorted."""
    waits = []
    for user in users:
        began = time.monotonic()
        answer = trial.ask(coupon, user, key=f"good-{user}", timeout=timeout)
        waits.append((time.monotonic() - began) * 1000)
        trial.expect(answer.status == 202, f"202 for a good client, seen {answer.status} {answer.text}")
    return sorted(waits)


def expect_served(trial: Trial, attacks: Sequence[Running], seconds: float) -> None:
    """For so long, good clients get their answers as before, whatever goes on beside them."""
    coupon, count = trial.system.new_coupon(1_000_000), 40 if trial.short else 400
    quiet = good_clients(trial, coupon, range(1, count + 1))
    made = sum(attack.figures()["made"] for attack in attacks)
    until, user, waits = time.monotonic() + seconds, count, list[float]()
    while time.monotonic() < until or len(waits) < count:
        user += 1
        waits += good_clients(trial, coupon, [user])
    waits.sort()
    worst = waits[int(len(waits) * 0.99)]
    trial.expect(worst < _MOST_MS, f"p99 of good clients below {_MOST_MS:.0f} ms, seen {worst:.0f} ms")
    trial.note(f"good clients: {len(waits)} asked one after the other, p50 {waits[len(waits) // 2]:.0f} ms, p99 {worst:.0f} ms,"
               f" first {count} of them p99 {quiet[int(count * 0.99)]:.0f} ms; {made} connections by attackers")  # fmt: skip


@row(32, "out of file descriptors: all connections held", load=_GENTLE)
def connections_held(trial: Trial) -> None:
    """A gateway that may open 64 files."""
    poor = limited(trial.world.make_gateway(0), "--nofile=64:64")
    held = 20 if trial.short else 60
    mark = log_mark(poor)
    with trial.instead([trial.world.gateways[0]], poor):
        trial.restart(poor)
        started = trial.log_since(poor.process, mark)
        trial.expect("may have 64 files open: 14 connections" in started, f"the limit is told at start, seen {started}")
        most = _CROWDED_MS + 10 * good_clients(trial, trial.coupons[0], (900_001, 900_002))[-1]
        with trial.fault(), sane(trial, poor), ExitStack() as attacks:
            for kind in ("idle", "slow-head"):
                attack = attacks.enter_context(attacking(trial.directory, trial.system.gateways[0], kind, held // 2))
                attack.wait_for(lambda figures: figures["open"] >= held // 2)
            # All of its connections to MySQL are lost, and the new coupon is known there only.
            trial.world.mariadb.kill_clients()
            coupon = trial.system.new_coupon(99)
            waits = good_clients(trial, coupon, range(1, 3 if trial.short else 21))
            trial.note(f"{len(waits)} good clients among {held} attackers for 14 places: {waits[-1]:.0f} ms at most")
            trial.expect(waits[-1] < most, f"a place within {most:.0f} ms, seen {waits[-1]:.0f} ms")
            seen = call("GET", f"{trial.system.gateways[0]}/api/v1/coupons/{coupon}", timeout=60)
            trial.expect(seen.status == 200, f"a coupon read from MySQL, seen {seen.status} {seen.text}")
            ready = call("GET", f"{trial.system.management[0]}/readyz")
            trial.expect(ready.status == 200, f"management answers, seen {ready.status}")
            trial.expect(open_files(pid_of(poor)) <= 64, f"at most 64 files, seen {open_files(pid_of(poor))}")
        trial.flow().wait_for("accepted", 40)


@row(32, "out of file descriptors: the limit falls while it runs", load=_GENTLE)
def descriptors_gone(trial: Trial) -> None:
    """There are fewer than the gateway was told at its start: accepting rests, newcomers are turned away."""
    gateway = trial.world.gateways[0]
    pid = pid_of(gateway)
    before = limit_softly(pid, resource.RLIMIT_NOFILE, open_files(pid) + 2)
    try:
        with trial.fault(), sane(trial, gateway), attacking(trial.directory, trial.system.gateways[0], "idle", 100) as attack:
            attack.wait_for(lambda figures: figures["made"] >= (300 if trial.short else 5000))
            trial.wait(lambda: "http_accept_failed" in trial.log_since(gateway.process), 10, "the shortage in the log")
    finally:
        limit_softly(pid, resource.RLIMIT_NOFILE, before)
    waits = good_clients(trial, trial.coupons[0], range(900_001, 900_006))
    trial.expect(waits[-1] < 10_000, f"it serves again, seen {waits[-1]:.0f} ms")


@row(32, "out of memory", load=_GENTLE)
def memory_gone(trial: Trial) -> None:
    """A gateway under attack that gets no more memory ends with a word, comes back, and nothing is lost. So does a worker,
    unless it needs no more than it has; one that can't even start says so."""
    if is_sanitized(trial):
        trial.note("not with sanitizers, whose memory is not the program's")
        return
    gateway, worker = trial.world.gateways[0], trial.world.workers[0]
    trial.may_end |= {gateway.name, worker.name}
    for _ in range(1 if trial.short else 5):
        mark = log_mark(gateway)
        with trial.fault(), attacking(trial.directory, trial.system.gateways[0], "slow-head", 2000):
            starve(gateway)
            expect_last_word(trial, gateway, mark)
        trial.restart(gateway)
    ended = 0
    for _ in range(1 if trial.short else 5):
        ended += starve_worker(trial, worker)
    trial.note(f"the worker that got no more memory ended {ended} times, and went on without the others")
    too_poor = limited(trial.world.make_worker(3), "--data=40000000")
    mark = log_mark(too_poor)
    trial.may_end.add(too_poor.name)
    too_poor.start()
    expect_last_word(trial, too_poor, mark)


def starve_worker(trial: Trial, worker: Program) -> bool:
    """It gets no more memory while requests are decided, and then what it had before; or it was restarted, because it
    ended: True."""
    mark, pid = log_mark(worker), pid_of(worker)
    with trial.fault():
        usual = starve(worker)
        trial.world.mariadb.kill_clients()  # a new connection takes memory
        try:
            trial.flow().wait_for("result", 40 if trial.short else 80)
        finally:
            if worker.process.alive():
                limit_softly(pid, resource.RLIMIT_DATA, usual)
    if worker.process.alive():
        return False
    expect_last_word(trial, worker, mark)
    trial.restart(worker)
    return True


def starve(program: Program) -> int:
    """Let it have no more memory than now; the limit before."""
    return limit_softly(pid_of(program), resource.RLIMIT_DATA, memory_bytes(pid_of(program), "VmData"))


def expect_last_word(trial: Trial, program: Program, mark: int) -> None:
    """It ends by itself, as when an invariant is broken, and the last that it says is why."""
    trial.wait(lambda: not program.process.alive(), 60, f"{program.name} ends when it gets no memory")
    words = trial.log_since(program.process, mark)
    trial.expect(program.process.exit_code() == -signal.SIGABRT, f"SIGABRT, seen {program.process.exit_code()}")
    trial.expect(bool(re.search(_LAST_WORDS, words[-500:])), f"the log says why, seen {words[-500:]}")


@row(33, "slow clients, 1 byte a second", load=_GENTLE)
def slow_clients(trial: Trial) -> None:
    """Heads and bodies that trickle: cut off by their deadlines, while good clients are served."""
    count = 500 if trial.short else 5000
    gateway, url = trial.world.gateways[0], trial.system.gateways[0]
    with trial.fault(), sane(trial, gateway), attacking(trial.directory, url, "slow-head", count) as heads, attacking(
        trial.directory, url, "slow-body", count
    ) as bodies:
        for attack in (heads, bodies):
            attack.wait_for(lambda figures: figures["open"] >= count)
        expect_served(trial, [heads, bodies], 1 if trial.short else 30)
        for attack in (heads, bodies):
            attack.wait_for(lambda figures: figures["statuses"].get("408", 0) >= count / 2, 40)


@row(33, "garbage", load=_GENTLE)
def garbage_thrown(trial: Trial) -> None:
    """Requests that are none: refused, and nothing of them reaches Kafka."""
    count = 2000 if trial.short else 100_000
    gateway, own = trial.world.gateways[0], trial.random.randrange(1 << 30)
    began, cpu = time.monotonic(), cpu_seconds(pid_of(gateway))
    mark = log_mark(gateway)
    with trial.fault(), attacking(trial.directory, trial.system.gateways[0], "garbage", count, seed=own) as attack:
        expect_served(trial, [attack], 1)
        attack.wait_for(lambda figures: figures["done"] >= count, 300)
    figures, lines = attack.figures(), trial.log_since(gateway.process, mark).count("\n")
    used = (cpu_seconds(pid_of(gateway)) - cpu) * 1e6 / count
    trial.note(f"{count} in {time.monotonic() - began:.0f} s, {used:.0f} µs of CPU each, answers {figures['statuses']}")
    trial.expect(lines <= 60, f"at most 60 lines logged, seen {lines}")
    trial.expect(set(figures["statuses"]) <= {"400", "404", "405", "413", "431"}, f"all refused, seen {figures['statuses']}")
    known = {str(number) for (number,) in trial.query("SELECT coupon_id FROM coupon")}
    asked = {str(attempt.coupon) for attempt in trial.ledger.account().attempts.values()} | {str(c) for c in trial.coupons}
    records = trial.system.requests.read(trial.since)
    strange = [record for record in records if (record.key or b"").decode(errors="replace") not in asked & known]
    trial.expect(not strange, f"nothing of it in Kafka, seen {strange[:3]}")


@row(33, "pipelines without end, answers never read", load=_GENTLE)
def answers_not_read(trial: Trial) -> None:
    """One request is worked on at a time, the rest waits in the client's own kernel; who does not read is cut off."""
    count = 50 if trial.short else 500
    gateway = trial.world.gateways[0]
    before = memory_bytes(pid_of(gateway))
    with trial.fault(), attacking(trial.directory, trial.system.gateways[0], "slow-reader", count) as attack:
        attack.wait_for(lambda figures: figures["open"] >= count)
        expect_served(trial, [attack], 1 if trial.short else 20)
        each = (memory_bytes(pid_of(gateway)) - before) / count / 1024
        answer = len(call("GET", f"{trial.system.gateways[0]}/api/v1/coupons?limit=100").text) / 1024
        most = max(64, answer)  # the one answer that waits, or what the kernel did not take of it
        trial.expect(each < most or is_sanitized(trial), f"{most:.0f} KiB at most for each of them, seen {each:.0f} KiB")
        trial.note(f"{each:.0f} KiB for each of {count}, an answer is {answer:.0f} KiB")
        if not trial.short:
            attack.wait_for(lambda figures: figures["made"] > count * 1.5, 60)


@row(33, "idle long-polls", load=_GENTLE)
def polls_held(trial: Trial) -> None:
    """10,000 of them within 128 MiB, twice in a row."""
    count = 1000 if trial.short else 10_000
    gateway, url = trial.world.gateways[0], trial.system.gateways[0]
    with trial.frozen(*trial.world.workers):
        name = trial.ask(trial.coupons[0], 999_999).json["requestId"]
        before = memory_bytes(pid_of(gateway))
        for turn in range(2):
            with trial.fault(), attacking(trial.directory, url, "polls", count, name) as attack:
                waiting = f"{trial.system.management[0]}/metrics"
                trial.wait(lambda: waiters(waiting) >= count, 60, lambda: f"{count} polls wait, {attack.figures()}")
                seen = memory_bytes(pid_of(gateway))
            trial.note(f"{count} polls, turn {turn + 1}: {seen / _MIB:.0f} MiB resident, {(seen - before) / count / 1024:.1f} KiB each")
            trial.expect(seen <= 128 * _MIB or is_sanitized(trial), f"128 MiB at most, seen {seen / _MIB:.0f} MiB")
            each, most = (seen - before) / count, (128 * _MIB - before) / 10_000
            trial.expect(each <= most or is_sanitized(trial), f"{most:.0f} bytes a poll at most, seen {each:.0f}")
            trial.wait(lambda: waiters(waiting) < count / 10, 30, "those that left are forgotten")


def waiters(url: str) -> int:
    """How many long-polls a gateway's metrics tell of."""
    found = re.findall(r"^coupon_gateway_long_polls\{.*\} (\d+)$", call("GET", url).text, re.MULTILINE)
    return sum(map(int, found))
