"""Redis killed, frozen, slow, flushed, evicting, failed over, lying. Accepting goes on, results come from MySQL, no
answer waits longer than the time-out, and the programs come back to Redis by themselves."""

import itertools
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from deploy.local.redis import Redis
from deploy.local.redis_group import RedisGroup
from deploy.local.world import World
from tests.faults.registry import row
from tests.faults.stage import Build, Proxied, Stage
from tests.faults.trial import Trial
from tests.support.tcp_proxy import TcpProxy

_TIMEOUT = 0.25  # --redis-timeout
_SECONDS_TO_RETURN = 30
_REPLICA_PORT = 60  # from the beginning of the block


class WithSentinels(Stage):
    """A Redis primary, a replica, three Sentinels; the programs know the Sentinels only."""

    def __init__(self, build: Build) -> None:
        super().__init__(build)
        self.redis = self._group(self.world)

    def make_world(self) -> World:
        world = super().make_world()
        flags = ["--redis-sentinels", self._group(world).flag]
        for program in (*world.gateways, *world.workers):
            program.flags += flags
        return world

    def _group(self, world: World) -> RedisGroup:
        base = world.ports.kafka + _REPLICA_PORT
        return RedisGroup(self.data_dir, world.redis, range(base, base + 4))

    def up(self) -> None:
        self.redis.up()
        super().up()

    def heal(self) -> None:
        self.redis.up()
        super().heal()


def decided(trial: Trial, count: int, gateway: int = 0) -> list[str]:
    """New requests through one gateway, decided: the other one has never heard of them."""
    answers = [trial.ask(trial.coupons[0], trial.random.randrange(1, 1 << 30), gateway) for _ in range(count)]
    trial.expect(all(answer.status == 202 for answer in answers), f"202 as always, seen {[a.status for a in answers]}")
    ids = [answer.json["requestId"] for answer in answers if answer.status == 202]
    trial.wait(lambda: len(outcomes(trial, ids)) == len(ids), 30, f"{len(ids)} requests decided")
    return ids


def outcomes(trial: Trial, ids: Sequence[str]) -> dict[str, str]:
    """What MySQL says."""
    marks = ",".join(["%s"] * len(ids))
    found = trial.query(f"SELECT request_id, outcome FROM coupon_issue_result WHERE request_id IN ({marks})", *ids)
    return {str(request_id): str(outcome) for request_id, outcome in found}


def expect_results(trial: Trial, ids: Sequence[str], gateway: int = 1, late: float = _TIMEOUT) -> None:
    """A poll that does not wait shows each result, as MySQL has it; late: seconds that Redis may cost it."""
    expected, slowest = outcomes(trial, ids), 0.0
    for request_id in ids:
        began = time.monotonic()
        answer = trial.poll(request_id, gateway)
        slowest = max(slowest, time.monotonic() - began)
        seen = answer.json.get("reason") or answer.json.get("status") if answer.status == 200 else answer.text
        trial.expect(seen == expected[request_id], f"{request_id} is {expected[request_id]}, seen {seen}")
    trial.note(f"slowest of {len(ids)} polls: {slowest * 1000:.0f} ms; Redis may cost one {late * 1000:.0f} ms")


def wait_until_back(trial: Trial) -> None:
    """All programs use Redis again, and new results are in it."""
    programs = [*trial.world.gateways, *trial.world.workers]

    def back() -> bool:
        lost = sum(trial.metric(gateway, "coupon_gateway_redis_links_down") for gateway in trial.world.gateways)
        return lost == 0 and all(trial.metric(w, "coupon_worker_redis_down") == 0 for w in trial.world.workers)

    trial.wait(back, _SECONDS_TO_RETURN, f"all {len(programs)} programs have found Redis again")
    before = published(trial)
    trial.flow().wait_for("result", 10)
    trial.wait(lambda: published(trial) > before, 20, "results are written to Redis again")


def published(trial: Trial) -> float:
    """Results that the workers have written."""
    return sum(trial.metric(worker, "coupon_worker_results_published_total") for worker in trial.world.workers)


@row(20, "Redis killed")
def redis_killed(trial: Trial) -> None:
    for _ in range(1 if trial.short else 5):
        with trial.fault():
            trial.kill(trial.world.redis)
            expect_results(trial, decided(trial, 5))
            trial.flow().wait_for("result", 20)
        trial.restart(trial.world.redis)
        wait_until_back(trial)


@row(20, "Redis frozen")
def redis_frozen(trial: Trial) -> None:
    for _ in range(1 if trial.short else 5):
        before = decided(trial, 5)
        with trial.fault(), trial.frozen(trial.world.redis):
            expect_results(trial, before)
            expect_results(trial, decided(trial, 5))
            trial.flow().wait_for("result", 20)
        wait_until_back(trial)


@row(20, "Redis slow", stage=Proxied)
def redis_slow(trial: Trial) -> None:
    assert isinstance(trial.stage, Proxied)
    proxies = [trial.stage.proxies[name] for name in ("gateway-redis", "worker-redis")]
    for delay in (0.1, 0.5):
        before = decided(trial, 5)
        with trial.fault():
            for proxy in proxies:
                proxy.down.delay = delay
            expect_results(trial, before, late=min(delay, _TIMEOUT))
            expect_results(trial, decided(trial, 5), late=min(delay, _TIMEOUT))
            trial.flow().wait_for("result", 20 if trial.short else 1000, 100)
        for proxy in proxies:
            proxy.heal()
    wait_until_back(trial)


@row(21, "Redis flushed")
def redis_flushed(trial: Trial) -> None:
    for _ in range(2 if trial.short else 50):
        ids = decided(trial, 4)
        with trial.fault():
            trial.world.redis.ask("FLUSHALL")
            expect_results(trial, ids)
            trial.flow().wait_for("result", 10)


@row(21, "Redis evicting, then full")
def redis_evicting(trial: Trial) -> None:
    redis = trial.world.redis
    ids = decided(trial, 4)
    redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        with trial.fault():
            redis.ask("CONFIG", "SET", "maxmemory", int(redis.info()["used_memory"]) + 200_000)
            for number in itertools.count():
                redis.ask("SET", f"junk:{number}", "x" * 10_000)
                if int(redis.info()["evicted_keys"]) > 100 or number > 1000:
                    break
            expect_results(trial, ids)
            trial.flow().wait_for("result", 20 if trial.short else 400)
            redis.ask("CONFIG", "SET", "maxmemory", 1)
            expect_results(trial, decided(trial, 4))
            trial.flow().wait_for("result", 20 if trial.short else 400)
        trial.note(f"{redis.info()['evicted_keys']} keys evicted")
    finally:
        redis.ask("CONFIG", "SET", "maxmemory", 0)
    wait_until_back(trial)


@row(22, "Redis fails over by Sentinel", stage=WithSentinels)
def redis_fails_over(trial: Trial) -> None:
    assert isinstance(trial.stage, WithSentinels)
    group = trial.stage.redis
    for number in range(1 if trial.short else 6):
        old = group.primary()
        assert old is not None
        new = group.other(old)
        ids = decided(trial, 4)
        with trial.fault():
            if number % 3 == 2:
                old.process.pause()
            else:
                trial.kill(old)
            began = time.monotonic()
            expect_results(trial, ids)
            trial.wait(lambda: new.role() == "master" and group.primary() is new, 40, f"{new.name} is the primary")
            wait_until_back(trial)
            trial.note(f"{time.monotonic() - began:.1f} s from the loss of {old.name} until {new.name} is used")
            expect_results(trial, decided(trial, 4))
        group.up()


def expect_sold_to_the_last(trial: Trial) -> None:
    """One after the other, each with its end before the next one asks: nobody is told SOLD_OUT while one is left."""
    stock = 4
    coupon = trial.system.new_coupon(stock)
    for user in range(1, stock + 1):
        gateway = user % len(trial.system.gateways)
        answer = trial.ask(coupon, user, gateway)
        trial.expect(answer.status == 202, f"202 while stock remains, number {user} of {stock} told {answer.status} {answer.text}")
        if answer.status == 202:
            end = trial.poll(answer.json["requestId"], gateway, wait=20).json["status"]
            trial.expect(end == "ISSUED", f"number {user} of {stock} is ISSUED, seen {end}")


def expect_long_poll(trial: Trial, liar: Redis) -> None:
    """A gateway comes back knowing nothing but what it is told, by a Redis whose progress is far ahead. One who waits
    there while nothing is decided is told the end as soon as there is one."""
    gateway = trial.world.gateways[1]
    with ThreadPoolExecutor(1) as pool:
        with trial.frozen(*trial.world.workers):
            for partition in range(trial.system.partitions):
                liar.ask("HSET", "coupon:progress", f"{trial.system.topic}:{partition}", 1_000_000_000)
            trial.kill(gateway)
            trial.restart(gateway)
            answer = trial.ask(trial.coupons[0], trial.random.randrange(1, 1 << 30), 1)
            trial.expect(answer.status == 202, f"202 while stock remains, seen {answer.status} {answer.text}")
            if answer.status != 202:
                return
            poll = pool.submit(trial.poll, answer.json["requestId"], 1, wait=20)
            trial.hold(1)
        told = poll.result().json
    trial.expect(told.get("status") == "ISSUED", f"a long-poll is told its end, seen {told}")


@row(22, "a lagging replica is promoted, and what it holds is old or wrong", stage=Proxied)
def redis_loses_writes(trial: Trial) -> None:
    assert isinstance(trial.stage, Proxied)
    base = trial.world.ports.kafka + _REPLICA_PORT
    replica, stream = Redis(trial.stage.data_dir, base, "redis-replica"), TcpProxy(
        base + 1, ("127.0.0.1", trial.world.redis.port), "replication"
    )
    proxies = [trial.stage.proxies[name] for name in ("gateway-redis", "worker-redis")]
    early = decided(trial, 4)
    try:
        stream.start()
        trial.restart(replica)
        replica.follow(stream.port)
        trial.wait(lambda: replica.ask("ROLE")[3] == "connected", 20, "the replica is in order")
        trial.wait(lambda: bool(held_results(replica, early)), 20, "older results have reached the replica")
        stream.part()
        lost = decided(trial, 4)
        with trial.fault():
            trial.kill(trial.world.redis)
            replica.promote()
            stream.refuse()
            held = set(held_results(replica, lost))
            trial.expect(not held, f"the promoted replica lacks the newest results, seen {held}")
            lie(trial, replica, early)
            for proxy in proxies:
                proxy.target = ("127.0.0.1", replica.port)
            wait_until_back(trial)
            expect_long_poll(trial, replica)
            expect_results(trial, early + lost)
    finally:
        for proxy in proxies:
            proxy.target = ("127.0.0.1", trial.world.redis.port)
            proxy.cut()
        stream.stop()
        replica.stop()


@row(22, "Redis demoted, its connections kept", stage=Proxied)
def redis_demoted(trial: Trial) -> None:
    assert isinstance(trial.stage, Proxied)
    first, second = trial.world.redis, Redis(trial.stage.data_dir, trial.world.ports.kafka + _REPLICA_PORT, "redis-replica")
    proxies = [trial.stage.proxies[name] for name in ("gateway-redis", "worker-redis")]
    try:
        trial.restart(second)
        second.follow(first.port)
        trial.wait(lambda: second.ask("ROLE")[3] == "connected", 20, "the replica is in order")
        with trial.fault():
            second.promote()
            first.follow(second.port)
            for proxy in proxies:
                proxy.target = ("127.0.0.1", second.port)
            wait_until_back(trial)
            expect_sold_to_the_last(trial)
            expect_results(trial, decided(trial, 4))
            trial.wait(lambda: bool(held_results(second, decided(trial, 1))), 30, "the new primary has new results")
    finally:
        first.promote()
        for proxy in proxies:
            proxy.target = ("127.0.0.1", first.port)
            proxy.cut()
        second.stop()


def held_results(redis: Redis, ids: Sequence[str]) -> dict[str, str]:
    """Of the results of these ids those that a server holds: id → the hash that it is in."""
    found: dict[str, str] = {}
    for key in redis.ask("KEYS", "coupon:result*"):
        if redis.ask("TYPE", key) == "hash":
            held = set(redis.ask("HKEYS", key))
            found.update({request_id: key for request_id in ids if request_id in held})
    return found


def lie(trial: Trial, redis: Redis, ids: Sequence[str]) -> None:
    """What old or lost writes may have left: a gate that is shut, results FAILED that were replayed since."""
    for coupon in trial.coupons:
        redis.ask("SET", f"coupon:available:{coupon}", "false")
    for request_id, key in held_results(redis, ids).items():
        result = json.loads(redis.ask("HGET", key, request_id))
        wrong = {**result, "status": "FAILED", "reason": "DEAD_LETTERED", "issueNo": None}
        redis.ask("HSET", key, request_id, json.dumps(wrong, separators=(",", ":")))
