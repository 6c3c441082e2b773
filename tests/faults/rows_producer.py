"""What a gateway makes of answers to its records that come late, never, or say that something went wrong. The broker is
a real one; what it answers is changed on its way (tests/support/produce_fault.py)."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping

from deploy.local.condition import wait_until
from tests.faults.registry import row
from tests.faults.stage import Proxied
from tests.faults.trial import Trial
from tests.support.produce_fault import OUT_OF_ORDER_SEQUENCE_NUMBER, REQUEST_TIMED_OUT, ProduceFault, Way
from tests.support.rest import Answer

_SECONDS_BOUND = 20  # --accept-timeout is 3 s, the rest is for a busy machine
_OTHERS = 4


def expect_unknown(trial: Trial, user: int, key: str | None = None) -> str:
    """One request whose record is not confirmed: 503 with its id, never a 202; the id."""
    began = time.monotonic()
    told = trial.ask(trial.coupons[0], user, gateway=user % 2, key=key)
    seconds = time.monotonic() - began
    seen = (told.status, told.code, told.json.get("outcome"))
    trial.expect(
        seen == (503, "UNAVAILABLE", "unknown") and bool(told.json.get("requestId")) and seconds < _SECONDS_BOUND,
        f"never a 202, but 503 UNAVAILABLE, outcome unknown, with an id, within {_SECONDS_BOUND} s; seen"
        f" {told.status} {told.text} after {seconds:.1f} s",
    )
    return str(told.json.get("requestId"))


def expect_none_accepted(trial: Trial, began: float, ended: float) -> None:
    """Nobody of the load who asked and was answered in between was told 202. Of a coupon with stock: where it is sold
    out, a key of a request that is decided already gets its 202 again."""
    asked = [
        a for a in trial.flow().account().attempts.values()
        if a.coupon == trial.coupons[0] and began <= a.at and a.ms and a.at + a.ms / 1000 <= ended
    ]  # fmt: skip
    accepted = [a for a in asked if a.status == 202]
    trial.expect(not accepted, f"never a 202 without a confirmation, seen {len(accepted)} of {len(asked)} answers")


def records_of(trial: Trial, request_ids: Iterable[str]) -> dict[str, int]:
    """How many records in the topic have each of these ids."""
    values = [record.value or b"" for record in trial.system.requests.read(trial.since)]
    return {name: sum(name.encode() in value for value in values) for name in request_ids}


def held_by(trial: Trial, user: int) -> int:
    """How many of the first coupon the user has."""
    sql = "SELECT COUNT(*) FROM user_coupon WHERE coupon_id = %s AND user_id = %s"
    return int(trial.query(sql, trial.coupons[0], user)[0][0])


def end_of(trial: Trial, request_id: str, wait: int = 0) -> str:
    """What a poll says: a result's status, or UNKNOWN_REQUEST."""
    told = trial.poll(request_id, wait=wait)
    return told.code or str(told.json.get("status"))


def expect_decided_once(trial: Trial, user: int, request_id: str) -> None:
    """The id has a result, and the user one coupon."""
    trial.wait(
        lambda: end_of(trial, request_id, wait=5) == "ISSUED", 60,
        lambda: f"{request_id} is ISSUED, seen {end_of(trial, request_id)}",
    )  # fmt: skip
    held = held_by(trial, user)
    trial.expect(held == 1, f"user {user} holds one coupon, seen {held}")


def expect_ends(trial: Trial, names: Mapping[int, str]) -> None:
    """Each user's id comes to an end that agrees with the topic: one coupon if its record was written, however often,
    and UNKNOWN_REQUEST if it never was. A gateway counts from when it was first asked for an id, so all are asked for in
    each round."""
    ends: dict[int, str] = {}

    def ended() -> bool:
        for user in sorted(names.keys() - ends.keys()):
            end = end_of(trial, names[user])
            if end not in ("PENDING", "UNAVAILABLE"):
                ends[user] = end
        return len(ends) == len(names)

    trial.wait(ended, 100, lambda: f"an end of {len(names)} whose outcome was unknown, seen {Counter(ends.values())}")
    records = records_of(trial, names.values())
    for user, name in names.items():
        expected = ("ISSUED", 1) if records[name] else ("UNKNOWN_REQUEST", 0)
        seen = ends[user], held_by(trial, user)
        trial.expect(seen == expected, f"{name}, {records[name]} times in the topic, ends {expected}, seen {seen}")
    trial.expect(any(records.values()), f"records that were written before anybody was told, seen {records}")
    trial.note(f"records with the ids of {len(names)} of them: {list(records.values())}")


def new_users(trial: Trial) -> list[int]:
    """Of this row alone."""
    return [trial.random.randrange(2_000_000, 1 << 40) for _ in range(2 if trial.short else 20)]


def unconfirmed(trial: Trial, fault: ProduceFault) -> None:
    """Some ask while no record is confirmed, though what is sent is written. It may be in the topic twice: a record whose
    time is over ends the client library's sequence, and what it sends again then is new to the broker."""
    assert isinstance(trial.stage, Proxied)
    users = new_users(trial)
    with trial.fault():
        trial.stage.produce_faults.fault = fault
        began = time.time()
        names = {user: expect_unknown(trial, user) for user in users}
        trial.flow().wait_for("unknown", 20 if trial.short else 200)
        expect_none_accepted(trial, began, time.time())
        trial.stage.produce_faults.fault = None
    trial.flow().wait_for("accepted", 20)
    expect_ends(trial, names)
    trial.note(f"{fault.met} produces met: {fault.way.value}")


@row(11, "produce acks late", stage=Proxied)
def acks_late(trial: Trial) -> None:
    """Answers are held up until one was told that its outcome is unknown, again and again. The last time until several
    were: meanwhile the connections are given up, and nothing is sent on a new one, which begins with a question."""
    assert isinstance(trial.stage, Proxied)
    proxy, users = trial.stage.proxies["gateway-kafka"], new_users(trial)
    last = 1 if trial.short else 4
    names: dict[int, str] = {}
    with trial.fault():
        for group in [*([user] for user in users[last:]), users[:last]]:
            proxy.part(proxy.down)
            began = time.time()
            names.update((user, expect_unknown(trial, user)) for user in group)
            expect_none_accepted(trial, began, time.time())
            proxy.heal()
            trial.flow().wait_for("accepted", 5)
    expect_ends(trial, names)


@row(11, "produce acks lost", stage=Proxied)
def acks_lost(trial: Trial) -> None:
    unconfirmed(trial, ProduceFault(Way.LOSE))


@row(11, "produce acks that say an error", stage=Proxied)
def acks_with_errors(trial: Trial) -> None:
    unconfirmed(trial, ProduceFault(Way.SAY, error=REQUEST_TIMED_OUT))


def ask_again(trial: Trial, user: int, key: str) -> Answer:
    """The same request at the other gateway, until it is accepted."""
    told: list[Answer] = []

    def accepted() -> bool:
        told.append(trial.ask(trial.coupons[0], user, gateway=(user + 1) % 2, key=key))
        return told[-1].status == 202

    trial.wait(accepted, 60, f"202 for {key} at the other gateway")
    return told[-1]


def others_ask(trial: Trial, gateway: int) -> Counter[int]:
    """Some at that gateway, which has one thread and so one producer; statuses."""
    users = [trial.random.randrange(2_000_000, 1 << 40) for _ in range(_OTHERS)]
    return Counter(trial.ask(trial.coupons[0], user, gateway).status for user in users)


def turn_fatal(trial: Trial, way: Way) -> None:
    """A record meets the error after which an idempotent producer gives up; the next one is another producer's."""
    assert isinstance(trial.stage, Proxied)
    for turn in range(2 if trial.short else 20):
        user = trial.random.randrange(2_000_000, 1 << 40)
        gateway = trial.world.gateways[user % 2]
        mark = gateway.process.log_file.stat().st_size
        fault = ProduceFault(way, b'"userId":%d,' % user, error=OUT_OF_ORDER_SEQUENCE_NUMBER)
        others_ask(trial, user % 2)  # a broker takes any sequence number from a producer that is new to a partition
        with trial.fault():
            trial.stage.produce_faults.fault = fault
            name = expect_unknown(trial, user, key=f"fatal-{user}")
            trial.expect(fault.met > 0, "the record met its fault")
            trial.stage.produce_faults.fault = None
            told = wait_until(lambda: "producer_fatal" in trial.log_since(gateway.process, mark), 20)
            trial.expect(told, f"{gateway.name} says producer_fatal")
            seen = others_ask(trial, user % 2)
            trial.expect(set(seen) == {202}, f"202 from the gateway's next producer, seen {dict(seen)}")
            trial.flow().wait_for("accepted", 20)
        again = ask_again(trial, user, f"fatal-{user}")
        trial.expect(again.json["requestId"] == name, f"turn {turn}: the same id {name}, seen {again.text}")
        expect_decided_once(trial, user, name)
        trial.note(f"turn {turn}: {records_of(trial, [name])[name]} records with the id of the one that failed")


@row(12, "producer turns fatal: the broker refuses a gap", stage=Proxied)
def fatal_by_a_gap(trial: Trial) -> None:
    turn_fatal(trial, Way.GAP)


@row(12, "producer turns fatal: told so of a record that was written", stage=Proxied)
def fatal_though_written(trial: Trial) -> None:
    turn_fatal(trial, Way.SAY)
