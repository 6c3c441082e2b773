"""The kinds of faults that a soak chooses from. Each breaks something for a while, and says what; the soak heals."""

import signal
from collections.abc import Callable

import redis

from deploy.local.world import Member
from tests.faults.stage import Proxied
from tests.faults.trial import Trial
from tests.support.tcp_proxy import TcpProxy

_COMMIT = b"\x03COMMIT"
_SPARE_WORKER = 3

Fault = Callable[[Trial], str]


def _seconds(trial: Trial, most: float) -> float:
    return trial.random.uniform(0.1, most)


def _servers(trial: Trial) -> list[Member]:
    return [*trial.world.brokers, trial.world.mariadb, trial.world.redis]


def _programs(trial: Trial) -> list[Member]:
    return [*trial.world.gateways, *trial.world.workers]


def _proxy(trial: Trial) -> TcpProxy:
    assert isinstance(trial.stage, Proxied)
    return trial.random.choice(list(trial.stage.proxies.values()))


def kill_program(trial: Trial) -> str:
    """kill -9 of a gateway or worker, started again after a while."""
    return _kill(trial, trial.random.choice(_programs(trial)), 4)


def kill_server(trial: Trial) -> str:
    """kill -9 of the broker, MariaDB or Redis."""
    return _kill(trial, trial.random.choice(_servers(trial)), 4)


def _kill(trial: Trial, member: Member, most: float) -> str:
    trial.kill(member)
    trial.hold(_seconds(trial, most))
    return f"{member.name} killed"


def freeze(trial: Trial) -> str:
    """SIGSTOP of anything, SIGCONT later; for a worker now and then beyond its session."""
    member = trial.random.choice([*_servers(trial), *_programs(trial)])
    with trial.frozen(member):
        trial.hold(_seconds(trial, 8))
    return f"{member.name} frozen"


def end_in_order(trial: Trial) -> str:
    """SIGTERM of every gateway or every worker, one after the other."""
    kind = trial.random.choice([trial.world.gateways, trial.world.workers])
    for program in kind:
        trial.may_end.add(program.name)
        gentle, code = program.process.stop(60), program.process.exit_code()
        killed = code == -signal.SIGKILL  # by a fault beside this one
        trial.expect(killed or gentle and code in (0, None), f"{program.name} ends by itself with 0, seen {code}")
        trial.restart(program)
    return "gateways restarted one by one" if kind is trial.world.gateways else "workers restarted one by one"


def kill_connections(trial: Trial) -> str:
    """KILL CONNECTION of every connection to MariaDB, some times."""
    for _ in range(trial.random.randint(1, 10)):
        trial.world.mariadb.kill_clients()
        trial.hold(0.1)
    return "MariaDB's connections killed"


def read_only(trial: Trial) -> str:
    """MariaDB refuses to write."""
    trial.world.mariadb.root_query("SET GLOBAL read_only = ON")
    try:
        trial.hold(_seconds(trial, 3))
    finally:
        trial.world.mariadb.root_query("SET GLOBAL read_only = OFF")
    return "MariaDB read-only"


def flush_redis(trial: Trial) -> str:
    """FLUSHALL."""
    with redis.Redis(port=trial.world.ports.redis) as client:
        client.flushall()
    return "Redis flushed"


def cut(trial: Trial) -> str:
    """RST on every connection between a kind of program and a server."""
    proxy = _proxy(trial)
    for _ in range(trial.random.randint(1, 5)):
        proxy.cut()
        trial.hold(0.1)
    return f"{proxy.name} cut"


def part(trial: Trial) -> str:
    """Nothing passes between a kind of program and a server, in one direction or both."""
    proxy = _proxy(trial)
    proxy.part(*trial.random.choice([(proxy.up,), (proxy.down,), ()]))
    trial.hold(_seconds(trial, 6))
    return f"{proxy.name} parted"


def answers_lost(trial: Trial) -> str:
    """Everything that a server says to a kind of program is thrown away."""
    proxy = _proxy(trial)
    proxy.down.lose = True
    trial.hold(_seconds(trial, 4))
    return f"{proxy.name} loses answers"


def unreachable(trial: Trial) -> str:
    """New connections are refused, or accepted and never served."""
    proxy = _proxy(trial)
    if trial.random.random() < 0.5:
        proxy.refuse()
    else:
        proxy.half_opened()
        proxy.cut()
    trial.hold(_seconds(trial, 4))
    return f"{proxy.name} unreachable"


def slow(trial: Trial) -> str:
    """Latency and little bandwidth."""
    proxy = _proxy(trial)
    for way in (proxy.up, proxy.down):
        way.delay, way.rate = trial.random.uniform(0, 0.4), trial.random.choice([None, 20_000])
    trial.hold(_seconds(trial, 5))
    return f"{proxy.name} slow"


def commits_lost(trial: Trial) -> str:
    """The next COMMITs, or their answers, are lost."""
    assert isinstance(trial.stage, Proxied)
    trial.stage.proxies["worker-mysql"].set_trap(_COMMIT, trial.random.randint(1, 5), trial.random.random() < 0.5)
    trial.hold(_seconds(trial, 3))
    return "COMMITs lost"


def rebalance(trial: Trial) -> str:
    """A worker more joins the group and leaves it again, in order or killed."""
    worker = trial.world.make_worker(_SPARE_WORKER)
    trial.restart(worker)
    trial.hold(_seconds(trial, 2))
    if trial.random.random() < 0.5:
        worker.process.kill9()
    worker.stop()
    return "worker joined and left"


KINDS: tuple[Fault, ...] = (
    kill_program, kill_program, kill_server, freeze, freeze, end_in_order, kill_connections, read_only, flush_redis,
    cut, part, part, answers_lost, unreachable, slow, commits_lost, rebalance,
)  # fmt: skip
